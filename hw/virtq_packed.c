/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packed virtqueues; Virtual I/O Device 1.1, 2.7. */
#include "hw/virtq.h"

#include <stdatomic.h>

#define AVAIL	   (1u << VRING_PACKED_DESC_F_AVAIL)
#define USED	   (1u << VRING_PACKED_DESC_F_USED)
#define EVENT_WRAP (1u << VRING_PACKED_EVENT_F_WRAP_CTR)

static size_t part_size(uint16_t size, enum virtq_part part)
{
	if (part == VIRTQ_DESC)
		return size * sizeof(struct vring_packed_desc);
	return sizeof(struct vring_packed_desc_event);
}

static struct vring_packed_desc *slot(const struct virtq *vq, uint16_t index)
{
	return (struct vring_packed_desc *)vq->pin[VIRTQ_DESC].host + index;
}

static struct vring_packed_desc_event *event_of(const struct virtq *vq,
						enum virtq_part part)
{
	return (struct vring_packed_desc_event *)vq->pin[part].host;
}

static void advance(const struct virtq *vq, uint16_t *index, bool *wrap,
		    uint16_t n)
{
	*index = (uint16_t)(*index + n);
	if (*index >= vq->size) {
		*index = (uint16_t)(*index - vq->size);
		*wrap = !*wrap;
	}
}

/* 2.7.1: a slot is the device's when the flags differ, as the wrap says. */
static bool is_available(uint16_t flags, bool wrap)
{
	return !(flags & AVAIL) == !wrap && !(flags & USED) == wrap;
}

static bool is_empty(const struct virtq *vq)
{
	uint16_t flags =
		__atomic_load_n(&slot(vq, vq->avail)->flags, __ATOMIC_ACQUIRE);

	return !is_available(flags, vq->avail_wrap);
}

static bool add_table(struct virtq *vq, struct virtq_buf *buf, gpa_t table,
		      uint32_t len)
{
	unsigned n = virtq_table_count(vq, len), i;
	struct vring_packed_desc d;

	for (i = 0; i < n; i++) {
		if (!gmem_read(vq->gmem, table + i * sizeof(d), &d,
			       sizeof(d))) {
			virtq_break(vq, "an indirect table is not in memory");
			return false;
		}
		if (!virtq_add(vq, buf, d.addr, d.len,
			       d.flags & VRING_DESC_F_WRITE))
			return false;
	}
	return n > 0;
}

/* The driver writes to it at any time: each field is read once. */
static uint16_t load(const struct vring_packed_desc *from,
		     struct vring_packed_desc *to)
{
	to->flags = __atomic_load_n(&from->flags, __ATOMIC_ACQUIRE);
	to->addr = __atomic_load_n(&from->addr, __ATOMIC_RELAXED);
	to->len = __atomic_load_n(&from->len, __ATOMIC_RELAXED);
	to->id = __atomic_load_n(&from->id, __ATOMIC_RELAXED);
	return to->flags;
}

static bool pop(struct virtq *vq, struct virtq_buf *buf)
{
	struct vring_packed_desc d;
	uint16_t flags;

	if (is_empty(vq))
		return false;
	for (buf->slots = 0;;) {
		if (buf->slots++ == vq->size) {
			virtq_break(vq, "a chain of descriptors has no end");
			return false;
		}
		flags = load(slot(vq, vq->avail), &d);
		advance(vq, &vq->avail, &vq->avail_wrap, 1);
		if (flags & VRING_DESC_F_INDIRECT
			    ? !add_table(vq, buf, d.addr, d.len)
			    : !virtq_add(vq, buf, d.addr, d.len,
					 flags & VRING_DESC_F_WRITE))
			return false;
		if (!(flags & VRING_DESC_F_NEXT))
			break;
	}
	buf->id = d.id;
	return true;
}

static void unpop(struct virtq *vq, const struct virtq_buf *buf)
{
	if (vq->avail < buf->slots) {
		vq->avail = (uint16_t)(vq->avail + vq->size);
		vq->avail_wrap = !vq->avail_wrap;
	}
	vq->avail = (uint16_t)(vq->avail - buf->slots);
}

/* The flags of the first are written last: until then none is the driver's. */
static void push(struct virtq *vq, struct virtq_buf *const *bufs,
		 const uint32_t *written, unsigned count)
{
	struct vring_packed_desc *first = slot(vq, vq->used), *d;
	uint16_t first_flags = 0, flags;
	unsigned i;

	for (i = 0; i < count; i++) {
		d = slot(vq, vq->used);
		flags = bufs[i]->nin ? VRING_DESC_F_WRITE : 0;
		if (vq->used_wrap)
			flags |= AVAIL | USED;
		__atomic_store_n(&d->id, bufs[i]->id, __ATOMIC_RELAXED);
		__atomic_store_n(&d->len, written[i], __ATOMIC_RELAXED);
		if (d == first)
			first_flags = flags;
		else
			__atomic_store_n(&d->flags, flags, __ATOMIC_RELEASE);
		advance(vq, &vq->used, &vq->used_wrap, bufs[i]->slots);
	}
	if (count)
		__atomic_store_n(&first->flags, first_flags, __ATOMIC_RELEASE);
}

/* 2.7.10: was the slot that the driver waits for passed since last time? */
static bool passed(const struct virtq *vq, uint16_t off_wrap, uint16_t old,
		   uint16_t now)
{
	uint16_t event = off_wrap & (uint16_t)~EVENT_WRAP;

	if (!(off_wrap & EVENT_WRAP) != !vq->used_wrap)
		event = (uint16_t)(event - vq->size);
	return (uint16_t)(now - event - 1) < (uint16_t)(now - old);
}

static bool wants_interrupt(struct virtq *vq)
{
	const struct vring_packed_desc_event *event =
		event_of(vq, VIRTQ_DRIVER);
	uint16_t old = vq->signalled, flags, off_wrap;
	bool valid = vq->signalled_valid;

	atomic_thread_fence(memory_order_seq_cst);
	flags = __atomic_load_n(&event->flags, __ATOMIC_ACQUIRE);
	off_wrap = __atomic_load_n(&event->off_wrap, __ATOMIC_RELAXED);
	vq->signalled = vq->used;
	vq->signalled_valid = true;
	if (flags != VRING_PACKED_EVENT_FLAG_DESC || !vq->event_idx)
		return flags != VRING_PACKED_EVENT_FLAG_DISABLE;
	/* Since then the ring may have begun anew. */
	if (old > vq->used)
		old = (uint16_t)(old - vq->size);
	return !valid || passed(vq, off_wrap, old, vq->used);
}

static void want_kicks(struct virtq *vq, bool wanted)
{
	struct vring_packed_desc_event *event = event_of(vq, VIRTQ_DEVICE);
	uint16_t flags = VRING_PACKED_EVENT_FLAG_DISABLE;

	if (wanted && vq->event_idx) {
		uint16_t wrap = vq->avail_wrap ? EVENT_WRAP : 0;

		__atomic_store_n(&event->off_wrap, (uint16_t)(vq->avail | wrap),
				 __ATOMIC_RELEASE);
		flags = VRING_PACKED_EVENT_FLAG_DESC;
	} else if (wanted) {
		flags = VRING_PACKED_EVENT_FLAG_ENABLE;
	}
	__atomic_store_n(&event->flags, flags, __ATOMIC_RELEASE);
	/* What came before the driver saw it is found by the next pop. */
	atomic_thread_fence(memory_order_seq_cst);
}

const struct virtq_ring virtq_packed = {
	.part_size = part_size,
	.pop = pop,
	.push = push,
	.unpop = unpop,
	.is_empty = is_empty,
	.wants_interrupt = wants_interrupt,
	.want_kicks = want_kicks,
};
