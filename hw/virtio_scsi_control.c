/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Task management and events of a SCSI adapter on virtio; Virtual I/O Device
 * 1.1, 5.6.6.2 and 5.6.6.3.  Who asks for a task to be aborted is answered when
 * the host is done with it.
 */
#include <string.h>

#include "hw/virtio_scsi.h"
#include "vmm/endian.h"

#define TASK_SIZE   24u /* type, subtype, LUN, tag */
#define NOTIFY_SIZE 16u /* type, LUN, events */
#define EVENT_SIZE  16u
#define LUN_AT	    8u /* in both */
#define FLAT	    0x40

static void answer(struct virtio_scsi_request *r, const void *data, size_t len)
{
	blk_iov_from_buf(r->buf.iov + r->buf.nout, (int)r->buf.nin, 0, data,
			 len);
	virtq_push(r->vq, &r->buf, len);
	virtio_interrupt(&r->s->vp.virtio, r->vq);
}

static void answer_task(struct virtio_scsi_request *r, uint8_t response)
{
	answer(r, &response, sizeof(response));
}

void virtio_scsi_end_tasks(struct virtio_scsi *s)
{
	struct list *e;

	while (!s->cancelled && (e = list_pop(&s->tasks))) {
		struct virtio_scsi_request *r =
			container_of(e, struct virtio_scsi_request, buf.link);

		answer_task(r, r->answer);
	}
}

struct task {
	uint32_t subtype;
	unsigned id, lun;
	uint64_t tag;
};

static uint64_t tag_of(const struct scsi_request *r)
{
	return container_of(r, struct virtio_scsi_request, scsi)->tag;
}

static bool concerns(const struct task *t, const struct scsi_request *r)
{
	if (t->subtype != VIRTIO_SCSI_T_TMF_ABORT_TASK &&
	    t->subtype != VIRTIO_SCSI_T_TMF_QUERY_TASK)
		return true;
	return tag_of(r) == t->tag;
}

/* How many requests of the unit it is about. */
static unsigned count(const struct scsi_unit *u, const struct task *t)
{
	struct scsi_request *r;
	unsigned n = 0;

	list_for_each (r, &u->requests, struct scsi_request, link)
		n += concerns(t, r) && r->cancelled == SCSI_LIVE;
	return n;
}

static void cancel(struct virtio_scsi *s, struct scsi_unit *u,
		   const struct task *t, enum scsi_cancel why)
{
	struct scsi_request *r;

	s->cancelled += count(u, t);
	list_for_each (r, &u->requests, struct scsi_request, link)
		if (concerns(t, r))
			scsi_cancel(r, why);
}

static void reset_unit(struct virtio_scsi *s, struct scsi_unit *u,
		       const struct task *t)
{
	cancel(s, u, t, SCSI_WAS_RESET);
	scsi_unit_reset(u);
}

static void reset_target(struct virtio_scsi *s, const struct task *t)
{
	struct scsi_unit *u;

	list_for_each (u, &s->bus.units, struct scsi_unit, link)
		if (u->id == t->id)
			reset_unit(s, u, t);
}

static uint8_t run_task(struct virtio_scsi *s, const struct task *t)
{
	struct scsi_unit *u = scsi_find(&s->bus, t->id, t->lun);

	if (t->subtype == VIRTIO_SCSI_T_TMF_CLEAR_ACA ||
	    t->subtype > VIRTIO_SCSI_T_TMF_QUERY_TASK_SET)
		return VIRTIO_SCSI_S_FUNCTION_REJECTED;
	if (t->subtype == VIRTIO_SCSI_T_TMF_I_T_NEXUS_RESET) {
		reset_target(s, t);
		return VIRTIO_SCSI_S_OK;
	}
	if (!u)
		return VIRTIO_SCSI_S_INCORRECT_LUN;
	switch (t->subtype) {
	case VIRTIO_SCSI_T_TMF_QUERY_TASK:
	case VIRTIO_SCSI_T_TMF_QUERY_TASK_SET:
		return count(u, t) ? VIRTIO_SCSI_S_FUNCTION_SUCCEEDED
				   : VIRTIO_SCSI_S_OK;
	case VIRTIO_SCSI_T_TMF_LOGICAL_UNIT_RESET:
		reset_unit(s, u, t);
		break;
	default:
		cancel(s, u, t, SCSI_ABORTED);
	}
	return VIRTIO_SCSI_S_OK;
}

static void manage(struct virtio_scsi_request *r, const uint8_t *raw)
{
	struct virtio_scsi *s = r->s;
	struct task t = {.subtype = load_le32(raw + 4),
			 .tag = load_le64(raw + 16)};

	if (!virtio_scsi_parse_lun(raw + LUN_AT, &t.id, &t.lun) ||
	    !scsi_has_target(&s->bus, t.id)) {
		answer_task(r, VIRTIO_SCSI_S_BAD_TARGET);
		return;
	}
	r->answer = run_task(s, &t);
	list_add_tail(&s->tasks, &r->buf.link);
	virtio_scsi_end_kept(s);
	virtio_scsi_end_tasks(s);
}

static bool has_room(struct virtio_scsi_request *r, size_t out, size_t in)
{
	return r->buf.out_len >= out && r->buf.in_len >= in;
}

/* No asynchronous events of SCSI's own are known here: none is noted. */
void virtio_scsi_control(struct virtio_scsi_request *r)
{
	uint8_t raw[TASK_SIZE] = {0}, none[5] = {0};

	blk_iov_to_buf(r->buf.iov, (int)r->buf.nout, 0, raw,
		       r->buf.out_len < sizeof(raw) ? r->buf.out_len
						    : sizeof(raw));
	switch (load_le32(raw)) {
	case VIRTIO_SCSI_T_TMF:
		if (has_room(r, TASK_SIZE, 1)) {
			manage(r, raw);
			return;
		}
		break;
	case VIRTIO_SCSI_T_AN_QUERY:
	case VIRTIO_SCSI_T_AN_SUBSCRIBE:
		if (has_room(r, NOTIFY_SIZE, sizeof(none))) {
			answer(r, none, sizeof(none));
			return;
		}
		break;
	default:
		if (has_room(r, sizeof(uint32_t), 0)) {
			answer(r, NULL, 0);
			return;
		}
	}
	virtq_break(r->vq, "a control request or its response is too short");
	virtq_drop(r->vq, &r->buf);
}

static void send_event(struct virtio_scsi *s, const uint8_t *lun,
		       uint32_t event, uint32_t reason)
{
	struct virtq *vq = &s->vp.virtio.queue[VIRTIO_SCSI_EVENTS];
	struct virtq_buf *buf = virtq_pop(vq);
	uint8_t raw[EVENT_SIZE] = {0};

	if (!buf) {
		s->events_missed = true;
		return;
	}
	if (buf->in_len < EVENT_SIZE) {
		virtq_break(vq, "a buffer is too short for an event");
		virtq_drop(vq, buf);
		return;
	}
	if (s->events_missed)
		event |= VIRTIO_SCSI_T_EVENTS_MISSED;
	s->events_missed = false;
	store_le32(raw, event);
	if (lun)
		memcpy(raw + 4, lun, 8);
	store_le32(raw + 12, reason);
	blk_iov_from_buf(buf->iov + buf->nout, (int)buf->nin, 0, raw,
			 sizeof(raw));
	virtq_push(vq, buf, sizeof(raw));
	virtio_interrupt(&s->vp.virtio, vq);
}

void virtio_scsi_event_room(struct virtio_scsi *s)
{
	if (s->events_missed)
		send_event(s, NULL, VIRTIO_SCSI_T_NO_EVENT, 0);
}

void virtio_scsi_changed(struct scsi_unit *u, struct scsi_sense what)
{
	struct virtio_scsi *s = container_of(u->bus, struct virtio_scsi, bus);
	const uint8_t lun[8] = {1, (uint8_t)u->id,
				(uint8_t)(FLAT | u->lun >> 8), (uint8_t)u->lun};

	if (!s->vp.virtio.running ||
	    !(s->vp.virtio.features & VIRTIO_BIT(VIRTIO_SCSI_F_CHANGE)))
		return;
	send_event(s, lun, VIRTIO_SCSI_T_PARAM_CHANGE,
		   what.asc | (uint32_t)what.ascq << 8);
}
