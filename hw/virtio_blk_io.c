/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests to a disk on virtio; Virtual I/O Device 1.1, 5.2.6.  They live in
 * the I/O thread of the disk, from the kick to the used ring.
 */
#include <errno.h>
#include <linux/virtio_blk.h>
#include <string.h>
#include <sys/eventfd.h>

#include "hw/virtio_blk.h"
#include "vmm/endian.h"

#define HEADER_SIZE 16u /* type, reserved, sector */
#define RANGE_SIZE  sizeof(struct virtio_blk_discard_write_zeroes)

struct request {
	struct virtq_buf buf;
	struct virtio_blk *blk;
	struct virtq *vq;
	uint32_t type;
	uint64_t sector;
	struct blk_req io;
	size_t written; /* into the driver's memory, with the status */
	uint8_t *status;
};

size_t virtio_blk_request_size(void)
{
	return sizeof(struct request);
}

static struct loop *loop_of(const struct virtio_blk *b)
{
	return b->front->loop;
}

/* Gives the buffer back, with the status as its last byte. */
static void complete(struct request *r, uint8_t status)
{
	struct virtio *v = &r->blk->vp.virtio;
	struct virtq *vq = r->vq;
	struct virtio_blk_queue *q = &r->blk->queue[vq - v->queue];

	*r->status = status;
	virtq_push(vq, &r->buf, r->written);
	if (q->kick)
		q->unsaid = true;
	else
		virtio_interrupt(v, vq);
}

static uint8_t status_of(int rc)
{
	if (rc == -ENOTSUP)
		return VIRTIO_BLK_S_UNSUPP;
	return rc < 0 ? VIRTIO_BLK_S_IOERR : VIRTIO_BLK_S_OK;
}

/* What the host failed is the main loop's first, which tells of it. */
static void io_done(struct blk_req *io, int rc)
{
	struct request *r = container_of(io, struct request, io);
	struct virtio_blk *b = r->blk;

	if (rc < 0 && rc != -ENOTSUP) {
		io->rc = rc;
		list_add_tail(&b->failed, &r->buf.link);
		loop_post(b->vp.pci.dev.machine->loop, &b->failure_task);
		return;
	}
	complete(r, status_of(rc));
}

static bool in_range(const struct virtio_blk *b, uint64_t sector, uint64_t len)
{
	uint64_t size = blk_size(b->front);

	return sector <= size / BLK_SECTOR &&
	       len <= size - sector * BLK_SECTOR &&
	       !(sector * BLK_SECTOR % b->block_size) && !(len % b->block_size);
}

static void submit(struct request *r, enum blk_op op, uint64_t sector,
		   uint64_t len)
{
	r->io.op = op;
	r->io.off = sector * BLK_SECTOR;
	r->io.len = len;
	r->io.done = io_done;
	blk_submit(r->blk->front, &r->io);
}

/* The data lie between header and status; the pieces are cut accordingly. */
static void cut_front(struct iovec **iov, unsigned *n, size_t len)
{
	while (len && *n) {
		size_t part = (*iov)->iov_len < len ? (*iov)->iov_len : len;

		(*iov)->iov_base = (char *)(*iov)->iov_base + part;
		(*iov)->iov_len -= part;
		len -= part;
		if (!(*iov)->iov_len) {
			(*iov)++;
			(*n)--;
		}
	}
}

static void transfer(struct request *r, bool write)
{
	struct virtq_buf *buf = &r->buf;
	struct iovec *iov = write ? buf->iov : buf->iov + buf->nout;
	unsigned n = write ? buf->nout : buf->nin;
	size_t len = write ? buf->out_len - HEADER_SIZE : buf->in_len - 1;

	if (!in_range(r->blk, r->sector, len) || !len ||
	    (write && r->blk->front->readonly)) {
		complete(r, VIRTIO_BLK_S_IOERR);
		return;
	}
	if (write)
		cut_front(&iov, &n, HEADER_SIZE);
	else if (!--iov[n - 1].iov_len) /* the status */
		n--;
	r->io.iov = iov;
	r->io.niov = (int)n;
	if (!write)
		r->written += len;
	submit(r, write ? BLK_WRITE : BLK_READ, r->sector, len);
}

static void identify(struct request *r)
{
	const char *serial = r->blk->disk.serial;
	char id[VIRTIO_BLK_ID_BYTES] = "";
	size_t room = r->buf.in_len - 1;

	if (serial)
		memcpy(id, serial, strnlen(serial, sizeof(id)));
	if (room > sizeof(id))
		room = sizeof(id);
	blk_iov_from_buf(r->buf.iov + r->buf.nout, (int)r->buf.nin, 0, id,
			 room);
	r->written += room;
	complete(r, VIRTIO_BLK_S_OK);
}

/* 5.2.6.2: one range in a request, as max_discard_seg says. */
static void clear_range(struct request *r, bool discard)
{
	struct virtio_blk *b = r->blk;
	uint8_t range[RANGE_SIZE];
	uint64_t sector, len;
	uint32_t flags,
		known = discard ? 0 : VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP;

	if (r->buf.out_len != HEADER_SIZE + RANGE_SIZE || b->front->readonly) {
		complete(r, VIRTIO_BLK_S_IOERR);
		return;
	}
	blk_iov_to_buf(r->buf.iov, (int)r->buf.nout, HEADER_SIZE, range,
		       sizeof(range));
	sector = load_le64(range);
	len = (uint64_t)load_le32(range + 8) * BLK_SECTOR;
	flags = load_le32(range + 12);
	if (flags & ~known) {
		complete(r, VIRTIO_BLK_S_UNSUPP);
		return;
	}
	if (!in_range(b, sector, len) || !len ||
	    len / BLK_SECTOR > VIRTIO_BLK_DISCARD_MAX) {
		complete(r, VIRTIO_BLK_S_IOERR);
		return;
	}
	r->io.flags = flags ? BLK_MAY_UNMAP : 0;
	submit(r, discard ? BLK_DISCARD : BLK_WRITE_ZEROES, sector, len);
}

static void run(struct request *r)
{
	const struct virtio_blk *b = r->blk;

	switch (r->type) {
	case VIRTIO_BLK_T_IN:
		transfer(r, false);
		return;
	case VIRTIO_BLK_T_OUT:
		transfer(r, true);
		return;
	case VIRTIO_BLK_T_FLUSH:
		submit(r, BLK_FLUSH, 0, 0);
		return;
	case VIRTIO_BLK_T_GET_ID:
		identify(r);
		return;
	case VIRTIO_BLK_T_DISCARD:
	case VIRTIO_BLK_T_WRITE_ZEROES:
		if (r->type == VIRTIO_BLK_T_DISCARD ? b->discard
						    : b->write_zeroes) {
			clear_range(r, r->type == VIRTIO_BLK_T_DISCARD);
			return;
		}
	}
	complete(r, VIRTIO_BLK_S_UNSUPP);
}

/* 5.2.6.4: header and status may lie in any pieces. */
static bool parse(struct request *r)
{
	struct virtq_buf *buf = &r->buf;
	uint8_t header[HEADER_SIZE];
	const struct iovec *last;

	if (buf->out_len < HEADER_SIZE || !buf->in_len)
		return false;
	blk_iov_to_buf(buf->iov, (int)buf->nout, 0, header, sizeof(header));
	r->type = load_le32(header) & ~VIRTIO_BLK_T_BARRIER;
	r->sector = load_le64(header + 8);
	last = &buf->iov[buf->nout + buf->nin - 1];
	r->status = (uint8_t *)last->iov_base + last->iov_len - 1;
	r->written = 1;
	memset(&r->io, 0, sizeof(r->io));
	return true;
}

static struct request *take_buf(struct virtio_blk *b, struct virtq *vq,
				struct virtq_buf *buf)
{
	struct request *r = container_of(buf, struct request, buf);

	r->blk = b;
	r->vq = vq;
	return r;
}

/* False: the queue is broken. */
static bool begin(struct request *r)
{
	if (parse(r)) {
		run(r);
		return true;
	}
	virtq_break(r->vq, "a request has no header or no status");
	virtq_drop(r->vq, &r->buf);
	return false;
}

/* False: there is none, or the queue is broken. */
static bool take_one(struct virtio_blk *b, struct virtq *vq)
{
	struct virtq_buf *buf = virtq_pop(vq);

	if (!buf)
		return false;
	return begin(take_buf(b, vq, buf));
}

static struct virtq *ring_of(const struct virtio_blk_queue *q)
{
	return &q->blk->vp.virtio.queue[q->n];
}

/* One interrupt for all that was given back together. */
static void tell_driver(struct virtio_blk_queue *q)
{
	if (q->unsaid)
		virtio_interrupt(&q->blk->vp.virtio, ring_of(q));
	q->unsaid = false;
}

static void unhook(struct virtio_blk_queue *q)
{
	if (!q->kick)
		return;
	tell_driver(q);
	loop_del_fd(q->kick);
	loop_del_poller(&q->poller);
	q->kick = NULL;
}

/* As many as the ring holds: a driver may bring more all the time. */
static bool take_all(struct virtio_blk_queue *q)
{
	struct virtq *vq = ring_of(q);
	unsigned n = 0;

	while (n < vq->size && take_one(q->blk, vq)) {
		if (!n++ && q->armed)
			virtq_want_kicks(vq, false);
		q->armed = false;
	}
	if (vq->broken) {
		unhook(q);
		virtio_broken(&q->blk->vp.virtio, vq);
	}
	return n > 0;
}

static bool poll_queue(void *ctx)
{
	struct virtio_blk_queue *q = ctx;

	tell_driver(q);
	return take_all(q);
}

/* Kicks are for what comes after the ring was found empty. */
static bool settle_queue(void *ctx)
{
	struct virtio_blk_queue *q = ctx;

	tell_driver(q);
	if (q->armed)
		return false;
	virtq_want_kicks(ring_of(q), true);
	q->armed = true;
	return take_all(q);
}

/* The poller does the rest. */
static void on_kick(void *ctx, uint32_t events)
{
	struct virtio_blk_queue *q = ctx;
	eventfd_t count;

	eventfd_read(q->blk->vp.virtio.kick[q->n], &count);
}

/* Something may be in the rings already. */
static void hook_all(void *ctx)
{
	struct virtio_blk *b = ctx;
	struct virtio *v = &b->vp.virtio;
	struct error err = {0};
	unsigned i;

	for (i = 0; i < v->nqueues; i++) {
		struct virtio_blk_queue *q = &b->queue[i];

		if (!v->queue[i].running || v->queue[i].broken || q->kick)
			continue;
		*q = (struct virtio_blk_queue){.blk = b, .n = i};
		q->kick = loop_add_fd(loop_of(b), v->kick[i], EPOLLIN, on_kick,
				      q, &err);
		if (!q->kick) {
			log_warn("%s: %s", b->vp.pci.dev.path, err.msg);
			continue;
		}
		q->poller = (struct loop_poller){.poll = poll_queue,
						 .settle = settle_queue,
						 .ctx = q};
		loop_add_poller(loop_of(b), &q->poller);
	}
}

static void unhook_all(void *ctx)
{
	struct virtio_blk *b = ctx;
	unsigned i;

	for (i = 0; i < b->vp.virtio.nqueues; i++)
		unhook(&b->queue[i]);
}

struct failures {
	struct virtio_blk *blk;
	struct list list;
};

static void take_failures(void *ctx)
{
	struct failures *f = ctx;
	struct list *e;

	while ((e = list_pop(&f->blk->failed)))
		list_add_tail(&f->list, e);
}

/* They were told of: each waits, or is done. */
static void settle_failures(void *ctx)
{
	struct failures *f = ctx;
	struct virtio_blk *b = f->blk;
	struct list *e;

	while ((e = list_pop(&f->list))) {
		struct request *r = container_of(e, struct request, buf.link);
		enum blk_action action =
			blk_error_action(b->front, r->io.op, r->io.rc);

		if (action == BLK_STOP)
			list_add_tail(&b->kept, e);
		else
			complete(r, action == BLK_IGNORE ? VIRTIO_BLK_S_OK
							 : VIRTIO_BLK_S_IOERR);
	}
}

/* Main loop. */
static void tell_failures(void *ctx)
{
	struct virtio_blk *b = ctx;
	struct machine *m = b->vp.pci.dev.machine;
	struct failures f = {.blk = b};
	struct request *r;

	list_init(&f.list);
	loop_call(loop_of(b), take_failures, &f);
	list_for_each (r, &f.list, struct request, buf.link) {
		enum blk_action action =
			blk_error_action(b->front, r->io.op, r->io.rc);

		blk_error_tell(m, b->front, r->io.op, action, r->io.rc);
		if (action == BLK_STOP)
			machine_request_stop(m, RUN_STATE_IO_ERROR);
	}
	loop_call(loop_of(b), settle_failures, &f);
}

int virtio_blk_io_start(struct virtio *v, struct error *err)
{
	struct virtio_blk *b = virtio_blk_from(v);

	if (!(v->features & VIRTIO_BIT(VIRTIO_BLK_F_CONFIG_WCE)))
		b->front->writethrough =
			b->writethrough ||
			!(v->features & VIRTIO_BIT(VIRTIO_BLK_F_FLUSH));
	list_init(&b->failed);
	list_init(&b->kept);
	loop_task_init(&b->failure_task, tell_failures, b);
	if (machine_running(v->m))
		loop_call(loop_of(b), hook_all, b);
	return 0;
}

static void drop_all(void *ctx)
{
	struct virtio_blk *b = ctx;
	struct list *e;

	while ((e = list_pop(&b->failed)) || (e = list_pop(&b->kept))) {
		struct request *r = container_of(e, struct request, buf.link);

		virtq_drop(r->vq, &r->buf);
	}
}

void virtio_blk_io_stop(struct virtio *v)
{
	struct virtio_blk *b = virtio_blk_from(v);

	loop_call(loop_of(b), unhook_all, b);
	blk_drain(b->front);
	loop_call(loop_of(b), drop_all, b);
	loop_unpost(v->m->loop, &b->failure_task);
	b->front->failed = 0;
	b->front->writethrough = b->writethrough;
}

void virtio_blk_io_pause(struct virtio *v)
{
	struct virtio_blk *b = virtio_blk_from(v);

	loop_call(loop_of(b), unhook_all, b);
	blk_drain(b->front);
	loop_unpost(v->m->loop, &b->failure_task);
	tell_failures(b);
}

static void go_on(void *ctx)
{
	struct virtio_blk *b = ctx;
	struct list *e;

	while ((e = list_pop(&b->kept))) {
		struct request *r = container_of(e, struct request, buf.link);

		if (r->io.done)
			blk_submit(b->front, &r->io);
		else if (!begin(r)) /* it was restored */
			virtio_broken(&b->vp.virtio, r->vq);
	}
	hook_all(b);
}

void virtio_blk_io_resume(struct virtio *v)
{
	struct virtio_blk *b = virtio_blk_from(v);

	b->front->failed = 0;
	loop_call(loop_of(b), go_on, b);
}

/* What the machine stood still with; the I/O thread has nothing to do. */
int virtio_blk_io_park(struct virtio *v)
{
	struct virtio_blk *b = virtio_blk_from(v);
	struct request *r;
	int rc = 0;

	list_for_each (r, &b->kept, struct request, buf.link)
		if (rc == 0)
			rc = virtio_park(v, r->vq, &r->buf);
	return rc;
}

/* It is begun anew when the machine goes on. */
void virtio_blk_io_unpark(struct virtio *v, struct virtq *vq,
			  struct virtq_buf *buf)
{
	struct virtio_blk *b = virtio_blk_from(v);
	struct request *r = take_buf(b, vq, buf);

	memset(&r->io, 0, sizeof(r->io));
	list_add_tail(&b->kept, &r->buf.link);
}
