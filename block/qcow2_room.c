/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Room for clusters to come.  With O_DIRECT, writes that make the file longer
 * wait for one another in the host's file system; so the file is given room
 * for many clusters at once, ever more of them, and what was not needed is
 * taken back when the image is closed.  After a crash the file is too long,
 * which is no leak: nothing counts what is behind the last cluster.
 */
#include "block/qcow2_image.h"

#define ROOM_MIN (UINT64_C(1) << 20)
#define ROOM_MAX (UINT64_C(32) << 20)

void qcow2_room_init(struct qcow2 *q)
{
	struct qcow2_room *r = &q->room;

	list_init(&r->waiters);
	r->step = ROOM_MIN;
	r->wanted = (q->file->flags & BLK_O_DIRECT) &&
		    q->fresh_from != UINT64_MAX && q->data == q->file;
}

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* A host that cannot do it is not asked again; the writes will do. */
static void on_made(struct blk_req *req, int rc)
{
	struct qcow2_room *r = container_of(req, struct qcow2_room, req);
	struct qcow2 *q = container_of(r, struct qcow2, room);

	r->busy = false;
	if (rc < 0)
		r->wanted = false;
	else
		r->end = req->off + req->len;
	if (r->step < ROOM_MAX)
		r->step *= 2;
	qcow2_wake(q, &r->waiters, 0);
}

static void make(struct qcow2 *q, uint64_t from, uint64_t len)
{
	struct qcow2_room *r = &q->room;

	r->busy = true;
	r->req = (struct blk_req){.op = BLK_WRITE_ZEROES,
				  .flags = BLK_NO_FALLBACK,
				  .off = from,
				  .len = qcow2_up(q, len),
				  .done = on_made};
	blk_node_submit(q->file, &r->req);
}

/*
 * A write that has none to wait for is sooner done where the file ends: in
 * room the host marks blocks as written later, by a thread of its own.
 */
static bool is_alone(const struct qcow2 *q)
{
	return q->requests < 2;
}

int qcow2_room_wait(struct qcow2 *q, struct qcow2_wait *wait, uint64_t n)
{
	struct qcow2_room *r = &q->room;
	uint64_t off = q->free_hint << q->cluster_bits;
	uint64_t len = n << q->cluster_bits;
	uint64_t from = later(q->fresh_from, r->end);

	if (!r->wanted || off + len <= r->end || is_alone(q))
		return 0;
	/* Clusters behind the file's end are in use?  Not for us to fill. */
	if (off > from)
		return 0;
	if (!r->busy)
		make(q, from, later(len, r->step));
	qcow2_park(wait, &r->waiters);
	return QCOW2_PARKED;
}

int qcow2_room_trim(struct qcow2 *q)
{
	struct qcow2_room *r = &q->room;
	uint64_t end = r->end;

	r->end = 0;
	if (end <= q->fresh_from || q->file->size != end)
		return 0;
	return blk_truncate(q->file, q->fresh_from, BLK_PREALLOC_OFF, NULL);
}
