/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Split virtqueues; Virtual I/O Device 1.1, 2.6. */
#include "hw/virtq.h"

#include <stdatomic.h>

/* Both rings: flags and index, entries, and the event word after them. */
#define RING_HEADER 4
#define EVENT_SIZE  2

static size_t part_size(uint16_t size, enum virtq_part part)
{
	switch (part) {
	case VIRTQ_DESC:
		return size * sizeof(struct vring_desc);
	case VIRTQ_DRIVER:
		return RING_HEADER + 2 * (size_t)size + EVENT_SIZE;
	default:
		return RING_HEADER + sizeof(struct vring_used_elem) * size +
		       EVENT_SIZE;
	}
}

static struct vring_avail *avail_ring(const struct virtq *vq)
{
	return (struct vring_avail *)vq->pin[VIRTQ_DRIVER].host;
}

static struct vring_used *used_ring(const struct virtq *vq)
{
	return (struct vring_used *)vq->pin[VIRTQ_DEVICE].host;
}

/* The driver writes to it at any time: each word is read once. */
static uint16_t get(const uint16_t *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static void put(uint16_t *word, uint16_t val)
{
	__atomic_store_n(word, val, __ATOMIC_RELEASE);
}

/* used_event lies after the driver's ring, avail_event after the device's. */
static uint16_t *used_event(const struct virtq *vq)
{
	return &avail_ring(vq)->ring[vq->size];
}

static uint16_t *avail_event(const struct virtq *vq)
{
	return (uint16_t *)(void *)&used_ring(vq)->ring[vq->size];
}

/* The driver writes to it at any time: each word is read once. */
static void load_own(const struct virtq *vq, unsigned index,
		     struct vring_desc *desc)
{
	const struct vring_desc *from =
		(const struct vring_desc *)vq->pin[VIRTQ_DESC].host + index;

	desc->addr = __atomic_load_n(&from->addr, __ATOMIC_RELAXED);
	desc->len = __atomic_load_n(&from->len, __ATOMIC_RELAXED);
	desc->flags = __atomic_load_n(&from->flags, __ATOMIC_RELAXED);
	desc->next = __atomic_load_n(&from->next, __ATOMIC_RELAXED);
}

/* What a table in guest memory has at index. */
static bool load(struct virtq *vq, gpa_t table, unsigned index,
		 struct vring_desc *desc)
{
	if (gmem_read(vq->gmem, table + index * sizeof(*desc), desc,
		      sizeof(*desc)))
		return true;
	virtq_break(vq, "a table of descriptors is not in memory");
	return false;
}

/* Follows a chain of at most count descriptors, the last of which may lead on
 * to a table of its own. */
static bool walk(struct virtq *vq, struct virtq_buf *buf, uint16_t head)
{
	unsigned count = vq->size, index = head, left = count;
	gpa_t table = 0;
	bool inside = false;
	struct vring_desc d;

	do {
		if (index >= count || !left--) {
			virtq_break(vq, "a chain of descriptors has no end");
			return false;
		}
		if (!inside)
			load_own(vq, index, &d);
		else if (!load(vq, table, index, &d))
			return false;
		if (d.flags & VRING_DESC_F_INDIRECT) {
			if (inside || d.flags & VRING_DESC_F_NEXT) {
				virtq_break(vq, "an indirect table in a chain");
				return false;
			}
			count = left = virtq_table_count(vq, d.len);
			if (!count)
				return false;
			table = d.addr;
			inside = true;
			d.next = 0;
			d.flags = VRING_DESC_F_NEXT;
		} else if (!virtq_add(vq, buf, d.addr, d.len,
				      d.flags & VRING_DESC_F_WRITE)) {
			return false;
		}
		index = d.next;
	} while (d.flags & VRING_DESC_F_NEXT);
	return true;
}

static bool pop(struct virtq *vq, struct virtq_buf *buf)
{
	uint16_t waiting = (uint16_t)(get(&avail_ring(vq)->idx) - vq->avail);

	if (!waiting)
		return false;
	if (waiting > vq->size) {
		virtq_break(vq, "more is available than the ring holds");
		return false;
	}
	buf->id = get(&avail_ring(vq)->ring[vq->avail & (vq->size - 1u)]);
	vq->avail++;
	if (buf->id < vq->size)
		return walk(vq, buf, buf->id);
	virtq_break(vq, "a head is outside of the ring");
	return false;
}

static void push(struct virtq *vq, struct virtq_buf *const *bufs,
		 const uint32_t *written, unsigned count)
{
	struct vring_used *ring = used_ring(vq);
	struct vring_used_elem *e;
	unsigned i;

	for (i = 0; i < count; i++) {
		e = &ring->ring[vq->used++ & (vq->size - 1u)];
		__atomic_store_n(&e->id, bufs[i]->id, __ATOMIC_RELAXED);
		__atomic_store_n(&e->len, written[i], __ATOMIC_RELAXED);
	}
	put(&ring->idx, vq->used);
}

static void unpop(struct virtq *vq, const struct virtq_buf *buf)
{
	vq->avail--;
}

static bool is_empty(const struct virtq *vq)
{
	return get(&avail_ring(vq)->idx) == vq->avail;
}

/* What drivers of before 1.0 may ask for, whatever they else suppress. */
static bool all_used(const struct virtq *vq)
{
	return vq->used == vq->avail && is_empty(vq);
}

/* 2.6.7.2: was the index that the driver waits for passed since last time? */
static bool wants_interrupt(struct virtq *vq)
{
	uint16_t old = vq->signalled, now = vq->used, event;
	bool valid = vq->signalled_valid;

	atomic_thread_fence(memory_order_seq_cst);
	if (vq->on_empty && all_used(vq)) {
		vq->signalled_valid = false;
		return true;
	}
	if (!vq->event_idx)
		return !(get(&avail_ring(vq)->flags) &
			 VRING_AVAIL_F_NO_INTERRUPT);
	event = get(used_event(vq));
	vq->signalled = now;
	vq->signalled_valid = true;
	return !valid || (uint16_t)(now - event - 1) < (uint16_t)(now - old);
}

static void want_kicks(struct virtq *vq, bool wanted)
{
	if (!vq->event_idx)
		put(&used_ring(vq)->flags, wanted ? 0 : VRING_USED_F_NO_NOTIFY);
	else if (wanted)
		put(avail_event(vq), vq->avail);
	/* What came before the driver saw it is found by the next pop. */
	atomic_thread_fence(memory_order_seq_cst);
}

const struct virtq_ring virtq_split = {
	.part_size = part_size,
	.pop = pop,
	.push = push,
	.unpop = unpop,
	.is_empty = is_empty,
	.wants_interrupt = wants_interrupt,
	.want_kicks = want_kicks,
};
