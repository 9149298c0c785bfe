/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Request queues of a SCSI adapter on virtio; Virtual I/O Device 1.1, 5.6.6.1.
 * Requests live in the rings' thread, from the kick to the used ring.
 */
#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>

#include "hw/virtio_scsi.h"
#include "vmm/endian.h"

#define REQUEST_HEAD  19u /* LUN, tag, attributes; then the CDB */
#define RESPONSE_HEAD 12u /* then the sense data */
#define RESPONSE_MAX  (RESPONSE_HEAD + SCSI_SENSE_SIZE)
#define FLAT	      0x40
#define LUN_MASK      0x3fff

size_t virtio_scsi_request_size(void)
{
	return sizeof(struct virtio_scsi_request);
}

/* Runs fn in the rings' thread. */
static void run_in(struct virtio_scsi *s, void (*fn)(void *ctx), void *ctx)
{
	if (!s->vp.virtio.running || s->bus.loop == s->vp.virtio.m->loop)
		fn(ctx);
	else
		loop_call(s->bus.loop, fn, ctx);
}

bool virtio_scsi_parse_lun(const uint8_t *lun, unsigned *id, unsigned *number)
{
	if (lun[0] != 1 || (lun[2] && (lun[2] & 0xc0) != FLAT))
		return false;
	*id = lun[1];
	*number = load_be16(lun + 2) & LUN_MASK;
	return true;
}

static void put_response(struct virtio_scsi_request *r, uint8_t response,
			 size_t room)
{
	struct iovec *in = r->buf.iov + r->buf.nout;
	const struct scsi_request *scsi = &r->scsi;
	size_t sense = 0, len = RESPONSE_HEAD;
	uint8_t raw[RESPONSE_MAX] = {0};

	if (response == VIRTIO_SCSI_S_OK &&
	    scsi->status == SCSI_CHECK_CONDITION) {
		sense = room - RESPONSE_HEAD;
		if (sense > SCSI_SENSE_SIZE)
			sense = SCSI_SENSE_SIZE;
		scsi_put_sense(raw + RESPONSE_HEAD, scsi->sense);
	}
	store_le32(raw, (uint32_t)sense);
	if (response == VIRTIO_SCSI_S_OK && scsi->status == SCSI_GOOD)
		store_le32(raw + 4, (uint32_t)(r->data - scsi->moved));
	raw[10] = (uint8_t)scsi->status;
	raw[11] = response;
	len += sense;
	blk_iov_from_buf(in, (int)r->buf.nin, 0, raw, len);
	blk_iov_zero(in, (int)r->buf.nin, len, room - len);
}

static void respond(struct virtio_scsi_request *r, uint8_t response)
{
	size_t room = RESPONSE_HEAD + r->sense_size;

	if (r->first_at)
		*r->first_at = r->first;
	put_response(r, response, room);
	r->s->running--;
	virtq_push(r->vq, &r->buf, room + (r->scsi.in_len ? r->scsi.moved : 0));
	virtio_interrupt(&r->s->vp.virtio, r->vq);
}

static uint8_t response_of(const struct scsi_request *scsi)
{
	if (scsi->cancelled == SCSI_ABORTED)
		return VIRTIO_SCSI_S_ABORTED;
	if (scsi->cancelled)
		return VIRTIO_SCSI_S_RESET;
	return scsi->overrun ? VIRTIO_SCSI_S_OVERRUN : VIRTIO_SCSI_S_OK;
}

static struct virtio_scsi_request *from_scsi(struct scsi_request *scsi)
{
	return container_of(scsi, struct virtio_scsi_request, scsi);
}

static struct virtio_scsi *from_bus(struct scsi_bus *bus)
{
	return container_of(bus, struct virtio_scsi, bus);
}

static void complete(struct scsi_request *scsi)
{
	struct virtio_scsi_request *r = from_scsi(scsi);
	struct virtio_scsi *s = r->s;

	respond(r, response_of(scsi));
	if (!scsi->cancelled)
		return;
	s->cancelled--;
	virtio_scsi_end_tasks(s);
}

/* Until the main loop was there it is in a list. */
static void wait_for_main(struct virtio_scsi_request *r, struct list *list)
{
	struct virtio_scsi *s = r->s;

	s->running--;
	list_add_tail(list, &r->buf.link);
	loop_post(s->vp.virtio.m->loop, &s->main_task);
}

static void failed(struct scsi_request *scsi)
{
	struct virtio_scsi_request *r = from_scsi(scsi);

	wait_for_main(r, &r->s->failed);
}

static void defer(struct scsi_request *scsi)
{
	struct virtio_scsi_request *r = from_scsi(scsi);

	wait_for_main(r, &r->s->deferred);
}

static struct virtio_scsi_request *first_of(struct list *list)
{
	struct list *e = list_pop(list);

	return e ? container_of(e, struct virtio_scsi_request, buf.link) : NULL;
}

struct waiting {
	struct virtio_scsi *s;
	struct list failed, deferred;
};

static void move(struct list *to, struct list *from)
{
	struct list *e;

	while ((e = list_pop(from)))
		list_add_tail(to, e);
}

static void take_waiting(void *ctx)
{
	struct waiting *w = ctx;

	move(&w->failed, &w->s->failed);
	move(&w->deferred, &w->s->deferred);
}

static enum blk_action action_of(const struct scsi_request *scsi)
{
	return blk_error_action(scsi->unit->front, scsi->io.op, scsi->io.rc);
}

/* They were told of, or done: each waits, or ends. */
static void settle(void *ctx)
{
	struct waiting *w = ctx;
	struct virtio_scsi *s = w->s;
	struct virtio_scsi_request *r;

	while ((r = first_of(&w->deferred))) {
		s->running++;
		scsi_look(r->scsi.unit);
		scsi_complete(&r->scsi);
	}
	while ((r = first_of(&w->failed))) {
		enum blk_action action = action_of(&r->scsi);

		if (action == BLK_STOP && !r->scsi.cancelled) {
			list_add_tail(&s->kept, &r->buf.link);
			continue;
		}
		s->running++;
		scsi_settle(&r->scsi, action);
	}
}

static void tell_failure(struct machine *m, const struct scsi_request *scsi)
{
	enum blk_action action = action_of(scsi);

	blk_error_tell(m, scsi->unit->front, scsi->io.op, action, scsi->io.rc);
	if (action == BLK_STOP)
		machine_request_stop(m, RUN_STATE_IO_ERROR);
}

/* Main loop. */
static void serve_waiting(void *ctx)
{
	struct virtio_scsi *s = ctx;
	struct waiting w = {.s = s};
	struct virtio_scsi_request *r;

	list_init(&w.failed);
	list_init(&w.deferred);
	run_in(s, take_waiting, &w);
	list_for_each (r, &w.deferred, struct virtio_scsi_request, buf.link)
		r->scsi.in_main(&r->scsi);
	list_for_each (r, &w.failed, struct virtio_scsi_request, buf.link)
		tell_failure(s->vp.virtio.m, &r->scsi);
	run_in(s, settle, &w);
}

void virtio_scsi_end_kept(struct virtio_scsi *s)
{
	struct virtio_scsi_request *r, *next;

	list_for_each_safe (r, next, &s->kept, struct virtio_scsi_request,
			    buf.link) {
		if (!r->scsi.cancelled)
			continue;
		list_del(&r->buf.link);
		s->running++;
		scsi_complete(&r->scsi);
	}
}

/* The pieces from skip bytes on; the one in which they begin is cut. */
static unsigned skip_pieces(struct iovec *iov, unsigned n, size_t skip,
			    struct iovec **rest)
{
	while (n && skip >= iov->iov_len) {
		skip -= iov->iov_len;
		iov++;
		n--;
	}
	if (skip) {
		iov->iov_base = (char *)iov->iov_base + skip;
		iov->iov_len -= skip;
	}
	*rest = iov;
	return n;
}

static void find_data(struct virtio_scsi_request *r, size_t head, size_t answer)
{
	struct iovec *in = r->buf.iov + r->buf.nout, *at = in;
	struct scsi_request *scsi = &r->scsi;
	size_t skip = answer;

	for (; skip && skip >= at->iov_len; at++)
		skip -= at->iov_len;
	r->first_at = skip ? at : NULL;
	if (skip)
		r->first = *at;
	scsi->nout = skip_pieces(r->buf.iov, r->buf.nout, head, &scsi->out);
	scsi->nin = skip_pieces(in, r->buf.nin, answer, &scsi->in);
	scsi->out_len = r->buf.out_len - head;
	scsi->in_len = r->buf.in_len - answer;
	r->data = scsi->out_len + scsi->in_len;
}

/* Header and response may lie in any pieces. */
static bool parse(struct virtio_scsi_request *r, uint8_t *head)
{
	struct virtio_scsi *s = r->s;
	size_t cdb = s->cdb_size, len = REQUEST_HEAD + cdb;

	r->sense_size = s->sense_size;
	if (r->buf.out_len < len ||
	    r->buf.in_len < RESPONSE_HEAD + r->sense_size)
		return false;
	if (cdb > SCSI_CDB)
		cdb = SCSI_CDB;
	memset(head, 0, REQUEST_HEAD + SCSI_CDB);
	blk_iov_to_buf(r->buf.iov, (int)r->buf.nout, 0, head,
		       REQUEST_HEAD + cdb);
	memcpy(r->scsi.cdb, head + REQUEST_HEAD, SCSI_CDB);
	r->tag = load_le64(head + 8);
	find_data(r, len, RESPONSE_HEAD + r->sense_size);
	return true;
}

static void run(struct virtio_scsi_request *r, const uint8_t *lun)
{
	struct scsi_request *scsi = &r->scsi;
	struct scsi_bus *bus = &r->s->bus;

	scsi->bus = bus;
	scsi->unit = NULL;
	scsi->status = SCSI_GOOD;
	scsi->moved = 0;
	if (!virtio_scsi_parse_lun(lun, &scsi->id, &scsi->lun) ||
	    !scsi_has_target(bus, scsi->id)) {
		respond(r, VIRTIO_SCSI_S_BAD_TARGET);
		return;
	}
	if (scsi->out_len && scsi->in_len) {
		respond(r, VIRTIO_SCSI_S_FAILURE);
		return;
	}
	scsi->unit = scsi_find(bus, scsi->id, scsi->lun);
	scsi_start(scsi);
}

static void start_request(struct virtio_scsi_request *r)
{
	uint8_t head[REQUEST_HEAD + SCSI_CDB];

	if (parse(r, head)) {
		r->s->running++;
		run(r, head);
		return;
	}
	virtq_break(r->vq, "a request or its response is too short");
	virtq_drop(r->vq, &r->buf);
}

/* False: there is none, or the queue is broken. */
static bool take_one(struct virtio_scsi *s, struct virtq *vq, unsigned n)
{
	struct virtq_buf *buf = virtq_pop(vq);
	struct virtio_scsi_request *r;

	if (!buf)
		return false;
	r = container_of(buf, struct virtio_scsi_request, buf);
	r->s = s;
	r->vq = vq;
	if (n == VIRTIO_SCSI_CONTROL)
		virtio_scsi_control(r);
	else
		start_request(r);
	return true;
}

static void unhook(struct virtio_scsi_queue *q)
{
	if (q->kick)
		loop_del_fd(q->kick);
	q->kick = NULL;
}

/* Kicks are for what comes after the ring was found empty. */
static void on_kick(void *ctx, uint32_t events)
{
	struct virtio_scsi_queue *q = ctx;
	struct virtio *v = &q->s->vp.virtio;
	struct virtq *vq = &v->queue[q->n];
	eventfd_t count;

	eventfd_read(v->kick[q->n], &count);
	if (q->n == VIRTIO_SCSI_EVENTS) {
		virtio_scsi_event_room(q->s);
	} else {
		do {
			virtq_want_kicks(vq, false);
			while (take_one(q->s, vq, q->n))
				;
			virtq_want_kicks(vq, true);
		} while (take_one(q->s, vq, q->n));
	}
	if (!vq->broken)
		return;
	unhook(q);
	virtio_broken(v, vq);
}

/* Something may be in the rings already. */
static void hook_all(void *ctx)
{
	struct virtio_scsi *s = ctx;
	struct virtio *v = &s->vp.virtio;
	struct error err = {0};
	unsigned i;

	for (i = 0; i < v->nqueues; i++) {
		struct virtio_scsi_queue *q = &s->queue[i];

		if (!v->queue[i].running || v->queue[i].broken || q->kick)
			continue;
		*q = (struct virtio_scsi_queue){.s = s, .n = i};
		q->kick = loop_add_fd(s->bus.loop, v->kick[i], EPOLLIN, on_kick,
				      q, &err);
		if (q->kick)
			eventfd_write(v->kick[i], 1);
		else
			log_warn("%s: %s", s->vp.pci.dev.path, err.msg);
	}
}

static void unhook_all(void *ctx)
{
	struct virtio_scsi *s = ctx;
	unsigned i;

	for (i = 0; i < s->vp.virtio.nqueues; i++)
		unhook(&s->queue[i]);
}

static void choose_loop(struct virtio_scsi *s)
{
	s->bus.loop = scsi_bus_loop(&s->bus);
	if (!s->bus.loop)
		s->bus.loop = s->vp.virtio.m->loop;
}

static void nothing(void *ctx)
{
}

/* Until nothing is in flight; requests may be of several steps. */
static void drain(struct virtio_scsi *s)
{
	struct scsi_unit *u;

	run_in(s, nothing, NULL);
	while (s->running) {
		list_for_each (u, &s->bus.units, struct scsi_unit, link)
			blk_drain(u->front);
		run_in(s, nothing, NULL); /* their ends were posted before */
	}
}

int virtio_scsi_io_start(struct virtio *v, struct error *err)
{
	struct virtio_scsi *s = virtio_scsi_from(v);

	s->stopped = !machine_running(v->m);
	s->held = s->stopped;
	choose_loop(s);
	if (!s->stopped)
		run_in(s, hook_all, s);
	return 0;
}

static void cancel_all(void *ctx)
{
	struct virtio_scsi *s = ctx;
	struct scsi_request *r;
	struct scsi_unit *u;

	list_for_each (u, &s->bus.units, struct scsi_unit, link)
		list_for_each (r, &u->requests, struct scsi_request, link) {
			s->cancelled += r->cancelled == SCSI_LIVE;
			scsi_cancel(r, SCSI_WAS_RESET);
		}
}

static void end_all(void *ctx)
{
	struct virtio_scsi *s = ctx;
	struct virtio_scsi_request *r;

	move(&s->kept, &s->failed);
	move(&s->kept, &s->deferred);
	virtio_scsi_end_kept(s);
	/* Those that were restored, and are not begun. */
	while ((r = first_of(&s->kept)))
		virtq_drop(r->vq, &r->buf);
}

static void forget_failures(struct virtio_scsi *s)
{
	struct scsi_unit *u;

	list_for_each (u, &s->bus.units, struct scsi_unit, link)
		u->front->failed = 0;
}

void virtio_scsi_io_stop(struct virtio *v)
{
	struct virtio_scsi *s = virtio_scsi_from(v);

	run_in(s, unhook_all, s);
	run_in(s, cancel_all, s);
	drain(s);
	run_in(s, end_all, s);
	loop_unpost(v->m->loop, &s->main_task);
	forget_failures(s);
}

static void hold_queues(struct virtio_scsi *s)
{
	if (s->held++)
		return;
	run_in(s, unhook_all, s);
	drain(s);
	loop_unpost(s->vp.virtio.m->loop, &s->main_task);
	serve_waiting(s);
	drain(s); /* what goes on although it failed */
}

void virtio_scsi_io_pause(struct virtio *v)
{
	struct virtio_scsi *s = virtio_scsi_from(v);

	if (!s->stopped)
		hold_queues(s);
	s->stopped = true;
}

static void go_on(void *ctx)
{
	struct virtio_scsi *s = ctx;
	struct virtio_scsi_request *r;
	struct list again;

	list_init(&again);
	move(&again, &s->kept);
	while ((r = first_of(&again))) {
		if (r->scsi.bus) {
			s->running++;
			scsi_retry(&r->scsi);
			continue;
		}
		start_request(r); /* it was restored */
		if (r->vq->broken)
			virtio_broken(&s->vp.virtio, r->vq);
	}
	hook_all(s);
}

static void let_queues_go(struct virtio_scsi *s)
{
	if (--s->held)
		return;
	forget_failures(s);
	choose_loop(s);
	run_in(s, go_on, s);
}

void virtio_scsi_io_resume(struct virtio *v)
{
	struct virtio_scsi *s = virtio_scsi_from(v);

	if (s->stopped)
		let_queues_go(s);
	s->stopped = false;
}

/* What the machine stood still with; the rings' thread has nothing to do. */
int virtio_scsi_io_park(struct virtio *v)
{
	struct virtio_scsi *s = virtio_scsi_from(v);
	struct virtio_scsi_request *r;
	int rc = 0;

	list_for_each (r, &s->kept, struct virtio_scsi_request, buf.link)
		if (rc == 0)
			rc = virtio_park(v, r->vq, &r->buf);
	return rc;
}

/* It is begun anew when the machine goes on. */
void virtio_scsi_io_unpark(struct virtio *v, struct virtq *vq,
			   struct virtq_buf *buf)
{
	struct virtio_scsi *s = virtio_scsi_from(v);
	struct virtio_scsi_request *r =
		container_of(buf, struct virtio_scsi_request, buf);

	r->s = s;
	r->vq = vq;
	memset(&r->scsi, 0, sizeof(r->scsi));
	list_add_tail(&s->kept, &r->buf.link);
}

static void call(struct scsi_bus *bus, void (*fn)(void *ctx), void *ctx)
{
	run_in(from_bus(bus), fn, ctx);
}

static void hold(struct scsi_bus *bus)
{
	struct virtio *v = &from_bus(bus)->vp.virtio;

	if (v->running)
		hold_queues(from_bus(bus));
}

static void end_kept(void *ctx)
{
	virtio_scsi_end_kept(ctx);
}

static void let_go(struct scsi_bus *bus)
{
	struct virtio_scsi *s = from_bus(bus);

	if (!s->vp.virtio.running)
		return;
	run_in(s, end_kept, s);
	let_queues_go(s);
}

static const struct scsi_hba hba = {
	.ids = 256,
	.luns = LUN_MASK + 1,
	.complete = complete,
	.failed = failed,
	.defer = defer,
	.call = call,
	.hold = hold,
	.let_go = let_go,
	.changed = virtio_scsi_changed,
};

void virtio_scsi_io_init(struct virtio_scsi *s)
{
	list_init(&s->failed);
	list_init(&s->deferred);
	list_init(&s->kept);
	list_init(&s->tasks);
	loop_task_init(&s->main_task, serve_waiting, s);
	scsi_bus_init(&s->bus, &hba, &s->vp.pci.dev);
}
