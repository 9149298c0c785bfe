/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Split rings whose device is never to interrupt; Virtual I/O Device 1.1,
 * 2.6.  Each request has descriptors of its own: one that points to its table,
 * or all of them.
 */
#include "guest.h"

#define NEXT	      1u
#define DEVICE_WRITES 2u
#define INDIRECT      4u
#define NO_INTERRUPT  1u
#define NO_NOTIFY     1u

#define BLK_IN	      0u
#define BLK_OUT	      1u
#define UNDONE	      0xff

/* In 16-bit words: flags, index, entries, event. */
enum { RING_FLAGS, RING_INDEX, RING_ENTRIES };

#define USED_WORDS  4u /* of an entry: id, length */
#define DESC_BYTES  (QUEUE_SIZE * sizeof(struct descriptor))
#define AVAIL_BYTES 1024u
#define USED_BYTES  4096u

size_t queue_bytes(void)
{
	return DESC_BYTES + AVAIL_BYTES + USED_BYTES;
}

void *queue_avail(const struct queue *q)
{
	return (char *)q->desc + DESC_BYTES;
}

void *queue_used(const struct queue *q)
{
	return (char *)q->desc + DESC_BYTES + AVAIL_BYTES;
}

void queue_init(struct queue *q, void *memory, uint16_t size)
{
	uint16_t i;

	memset(memory, 0, queue_bytes());
	q->size = size;
	q->desc = memory;
	q->driver = queue_avail(q);
	q->device = queue_used(q);
	q->avail = q->published = q->used = 0;
	q->per_request = q->indirect ? 1 : PIECES_MAX + EXTRA;
	q->driver[RING_FLAGS] = NO_INTERRUPT;
	for (i = 0; i < QUEUE_SIZE; i++)
		q->request[i].id = i;
}

unsigned queue_depth(const struct queue *q)
{
	return q->size / q->per_request;
}

static void describe(struct descriptor *d, const volatile void *p, uint32_t len,
		     unsigned flags)
{
	d->addr = (uintptr_t)p;
	d->len = len;
	d->flags = (uint16_t)flags;
}

/* Returns how many descriptors there are. */
static unsigned fill_table(struct request *r, uint64_t *cut)
{
	struct descriptor *d = r->table;
	unsigned pieces = 1, way = r->write ? 0 : DEVICE_WRITES;
	uint32_t at = 0, n;

	describe(d++, &r->header, sizeof(r->header), NEXT);
	for (; at < r->len; at += n, pieces++) {
		n = r->len - at;
		if (cut && pieces < PIECES_MAX && n > 1)
			n = 1 + (uint32_t)random_below(cut, n);
		describe(d++, r->data + at, n, way | NEXT);
	}
	describe(d++, &r->status, 1, DEVICE_WRITES);
	return (unsigned)(d - r->table);
}

/* The table of a request in the ring itself. */
static void copy_table(struct queue *q, const struct request *r, unsigned n)
{
	uint16_t first = (uint16_t)(r->id * q->per_request), i;

	for (i = 0; i < n; i++) {
		q->desc[first + i].addr = r->table[i].addr;
		q->desc[first + i].len = r->table[i].len;
		q->desc[first + i].flags = r->table[i].flags;
		q->desc[first + i].next = (uint16_t)(first + i + 1);
	}
}

void queue_add(struct queue *q, struct request *r, uint64_t sector,
	       uint64_t *cut)
{
	unsigned n, i;

	r->header.type = r->write ? BLK_OUT : BLK_IN;
	r->header.sector = sector;
	r->status = UNDONE;
	n = fill_table(r, cut);
	for (i = 0; i < n; i++)
		r->table[i].next = (uint16_t)(i + 1);
	if (q->indirect) {
		q->desc[r->id].addr = (uintptr_t)r->table;
		q->desc[r->id].len = (uint32_t)(n * sizeof(r->table[0]));
		q->desc[r->id].flags = INDIRECT;
	} else {
		copy_table(q, r, n);
	}
	q->driver[RING_ENTRIES + q->avail++ % q->size] =
		(uint16_t)(r->id * q->per_request);
	r->begin = now();
}

void queue_put(struct queue *q, uint16_t id)
{
	q->driver[RING_ENTRIES + q->avail++ % q->size] = id;
}

/* 2.6.7.2: has the index passed the event since it was old? */
static bool passed(uint16_t event, uint16_t index, uint16_t old)
{
	return (uint16_t)(index - event - 1) < (uint16_t)(index - old);
}

static bool wants_kick(const struct queue *q)
{
	uint16_t event = q->device[RING_ENTRIES + q->size * USED_WORDS];

	if (q->event_idx)
		return passed(event, q->avail, q->published);
	return !(q->device[RING_FLAGS] & NO_NOTIFY);
}

void queue_kick(struct queue *q)
{
	bool kick;

	if (q->avail == q->published)
		return;
	__atomic_thread_fence(__ATOMIC_RELEASE);
	q->driver[RING_INDEX] = q->avail;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	kick = wants_kick(q);
	q->published = q->avail;
	if (!kick)
		return;
	q->kicks++;
	*q->bell = q->number;
}

struct request *queue_take(struct queue *q)
{
	const volatile uint32_t *entry;
	uint32_t id;

	if (q->device[RING_INDEX] == q->used)
		return NULL;
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	entry = (const volatile uint32_t *)&q
			->device[RING_ENTRIES + q->used % q->size * USED_WORDS];
	id = *entry / q->per_request;
	if (id >= queue_depth(q))
		fail("the device returned a buffer that it was not given");
	q->used++;
	/* The event is a whole turn away. */
	q->driver[RING_ENTRIES + q->size] = (uint16_t)(q->used - 1);
	return &q->request[id];
}
