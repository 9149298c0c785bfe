/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Virtqueues: rings in guest memory and the buffers that they carry.  What
 * split and packed rings have in common; Virtual I/O Device 1.1, 2.5.
 */
#include "hw/virtq.h"

#include <errno.h>
#include <linux/virtio_pci.h>
#include <stdlib.h>
#include <string.h>

void virtq_init(struct virtq *vq, struct gmem *gmem, uint16_t size_max,
		unsigned max_pieces, size_t buf_size)
{
	memset(vq, 0, sizeof(*vq));
	vq->gmem = gmem;
	vq->size_max = size_max;
	vq->max_pieces = max_pieces;
	vq->buf_size = buf_size;
	list_init(&vq->free);
	virtq_reset(vq);
}

void virtq_fini(struct virtq *vq)
{
	struct virtq_buf *buf, *next;

	list_for_each_safe (buf, next, &vq->free, struct virtq_buf, link)
		free(buf);
}

void virtq_reset(struct virtq *vq)
{
	vq->size = vq->size_max;
	vq->vector = VIRTIO_MSI_NO_VECTOR;
	vq->enabled = false;
	vq->desc = vq->driver = vq->device = 0;
	vq->avail = vq->used = vq->signalled = 0;
	vq->avail_wrap = vq->used_wrap = true;
	vq->signalled_valid = false;
	vq->broken = NULL;
}

void virtq_break(struct virtq *vq, const char *why)
{
	if (!vq->broken)
		vq->broken = why;
}

static const struct virtq_ring *ring_of(const struct virtq *vq)
{
	return vq->packed ? &virtq_packed : &virtq_split;
}

/* Rings that two blocks of memory share are not known to exist. */
static bool pin_part(struct virtq *vq, enum virtq_part part, gpa_t gpa,
		     uint16_t align)
{
	size_t len = ring_of(vq)->part_size(vq->size, part);
	struct gmem_pin *pin = &vq->pin[part];

	if (gpa % align || !gmem_pin(vq->gmem, gpa, len, GMEM_TO_GUEST, pin)) {
		virtq_break(vq, "a ring is not in memory");
		return false;
	}
	if (pin->len == len)
		return true;
	gmem_unpin(pin, 0);
	virtq_break(vq, "a ring is not in one piece of memory");
	return false;
}

/* VIRTIO 1.1, 2.6 and 2.7.10: alignment of the parts. */
bool virtq_start(struct virtq *vq, uint64_t features)
{
	vq->packed = features & VIRTIO_BIT(VIRTIO_F_RING_PACKED);
	vq->event_idx = features & VIRTIO_BIT(VIRTIO_RING_F_EVENT_IDX);
	vq->indirect = features & VIRTIO_BIT(VIRTIO_RING_F_INDIRECT_DESC);
	vq->on_empty = features & VIRTIO_BIT(VIRTIO_F_NOTIFY_ON_EMPTY);
	vq->broken = NULL;
	if (!vq->size || (!vq->packed && vq->size & (vq->size - 1))) {
		virtq_break(vq, "a split ring's size is no power of two");
		return false;
	}
	if (!pin_part(vq, VIRTQ_DESC, vq->desc, 16))
		return false;
	if (pin_part(vq, VIRTQ_DRIVER, vq->driver, vq->packed ? 4 : 2)) {
		if (pin_part(vq, VIRTQ_DEVICE, vq->device, 4)) {
			vq->running = true;
			return true;
		}
		gmem_unpin(&vq->pin[VIRTQ_DRIVER], 0);
	}
	gmem_unpin(&vq->pin[VIRTQ_DESC], 0);
	return false;
}

void virtq_stop(struct virtq *vq)
{
	unsigned i;

	if (!vq->running)
		return;
	vq->running = false;
	for (i = 0; i < 3; i++)
		gmem_unpin(&vq->pin[i], i == VIRTQ_DRIVER ? 0 : vq->pin[i].len);
}

/* Memory that was never touched costs nothing: pieces are many, used few. */
static struct virtq_buf *new_buf(struct virtq *vq)
{
	size_t pins = (vq->buf_size + 15) & ~(size_t)15;
	size_t iovs = pins + vq->max_pieces * sizeof(struct gmem_pin);
	struct virtq_buf *buf =
		malloc(iovs + vq->max_pieces * sizeof(struct iovec));

	if (!buf)
		return NULL;
	buf->pin = (struct gmem_pin *)((char *)buf + pins);
	buf->iov = (struct iovec *)((char *)buf + iovs);
	return buf;
}

static struct virtq_buf *take_buf(struct virtq *vq)
{
	struct list *first = vq->free.next;
	struct virtq_buf *buf;

	if (list_empty(&vq->free)) {
		buf = new_buf(vq);
	} else {
		list_del(first);
		buf = container_of(first, struct virtq_buf, link);
	}
	if (buf) {
		buf->id = buf->slots = 0;
		buf->nout = buf->nin = 0;
		buf->out_len = buf->in_len = 0;
	}
	return buf;
}

/* Marks the first written bytes of what the device writes to. */
static void release(struct virtq *vq, struct virtq_buf *buf, size_t written)
{
	unsigned i;
	size_t n;

	for (i = 0; i < buf->nout; i++)
		gmem_unpin(&buf->pin[i], 0);
	for (; i < buf->nout + buf->nin; i++) {
		n = written < buf->pin[i].len ? written : buf->pin[i].len;
		gmem_unpin(&buf->pin[i], n);
		written -= n;
	}
	list_insert(vq->free.next, &buf->link);
}

struct virtq_buf *virtq_pop(struct virtq *vq)
{
	struct virtq_buf *buf;

	if (vq->broken || !vq->running)
		return NULL;
	buf = take_buf(vq);
	if (!buf)
		return NULL;
	if (ring_of(vq)->pop(vq, buf) && !vq->broken)
		return buf;
	release(vq, buf, 0);
	return NULL;
}

/* A device that is to read more than it may has a request cut short. */
static bool add_piece(struct virtq *vq, struct virtq_buf *buf, gpa_t addr,
		      size_t len, bool write)
{
	unsigned n = buf->nout + buf->nin;
	struct gmem_pin *pin = &buf->pin[n];

	if (n == vq->max_pieces) {
		virtq_break(vq, "a buffer has too many pieces");
		return false;
	}
	if (!gmem_pin(vq->gmem, addr, len,
		      write ? GMEM_TO_GUEST : GMEM_FROM_GUEST, pin)) {
		virtq_break(vq, "a buffer is not in memory");
		return false;
	}
	buf->iov[n].iov_base = pin->host;
	buf->iov[n].iov_len = pin->len;
	if (write)
		buf->nin++;
	else
		buf->nout++;
	return true;
}

bool virtq_add(struct virtq *vq, struct virtq_buf *buf, gpa_t addr,
	       uint32_t len, bool write)
{
	size_t n;

	if (!len || addr + len < addr) {
		virtq_break(vq, "a descriptor is empty, or ends nowhere");
		return false;
	}
	if (!write && buf->nin) {
		virtq_break(vq, "a buffer to read follows one to write");
		return false;
	}
	if (write)
		buf->in_len += len;
	else
		buf->out_len += len;
	for (; len; addr += n, len -= (uint32_t)n) {
		if (!add_piece(vq, buf, addr, len, write))
			return false;
		n = buf->pin[buf->nout + buf->nin - 1].len;
	}
	return true;
}

unsigned virtq_table_count(struct virtq *vq, uint32_t len)
{
	unsigned n = len / sizeof(struct vring_desc);

	if (!vq->indirect)
		virtq_break(vq, "an indirect table was not agreed on");
	else if (!n || len % sizeof(struct vring_desc))
		virtq_break(vq, "an indirect table has an odd size");
	else
		return n;
	return 0;
}

void virtq_push(struct virtq *vq, struct virtq_buf *buf, size_t written)
{
	const uint32_t len = (uint32_t)written;

	if (!vq->broken && vq->running)
		ring_of(vq)->push(vq, &buf, &len, 1);
	release(vq, buf, written);
}

void virtq_push_all(struct virtq *vq, struct virtq_buf *const *bufs,
		    const uint32_t *written, unsigned count)
{
	unsigned i;

	if (!vq->broken && vq->running)
		ring_of(vq)->push(vq, bufs, written, count);
	for (i = 0; i < count; i++)
		release(vq, bufs[i], written[i]);
}

void virtq_unpop(struct virtq *vq, struct virtq_buf *buf)
{
	ring_of(vq)->unpop(vq, buf);
	release(vq, buf, 0);
}

bool virtq_is_empty(const struct virtq *vq)
{
	return !vq->running || vq->broken || ring_of(vq)->is_empty(vq);
}

size_t virtq_buf_read(const struct virtq_buf *buf, size_t off, void *to,
		      size_t len)
{
	size_t n = 0, part;
	unsigned i;

	for (i = 0; i < buf->nout && n < len; i++) {
		if (off >= buf->iov[i].iov_len) {
			off -= buf->iov[i].iov_len;
			continue;
		}
		part = buf->iov[i].iov_len - off;
		if (part > len - n)
			part = len - n;
		memcpy((char *)to + n, (char *)buf->iov[i].iov_base + off,
		       part);
		n += part;
		off = 0;
	}
	return n;
}

void virtq_drop(struct virtq *vq, struct virtq_buf *buf)
{
	release(vq, buf, buf->in_len);
}

bool virtq_wants_interrupt(struct virtq *vq)
{
	return vq->running && !vq->broken && ring_of(vq)->wants_interrupt(vq);
}

int virtq_park(const struct virtq_buf *buf, unsigned queue,
	       struct state_list *parked, struct state_list *pieces)
{
	unsigned n = buf->nout + buf->nin, i;
	struct virtq_parked *to = state_list_add(parked, 1, sizeof(*to));
	struct virtq_piece *piece = state_list_add(pieces, n, sizeof(*piece));

	if (!to || !piece)
		return -ENOMEM;
	*to = (struct virtq_parked){.queue = (uint16_t)queue,
				    .id = buf->id,
				    .slots = buf->slots,
				    .nout = buf->nout,
				    .nin = buf->nin};
	for (i = 0; i < n; i++)
		piece[i] = (struct virtq_piece){buf->pin[i].gpa,
						(uint32_t)buf->pin[i].len};
	return 0;
}

struct virtq_buf *virtq_unpark(struct virtq *vq,
			       const struct virtq_parked *parked,
			       const struct virtq_piece *piece)
{
	struct virtq_buf *buf = vq->broken ? NULL : take_buf(vq);
	unsigned i;

	if (!buf)
		return NULL;
	buf->id = parked->id;
	buf->slots = parked->slots;
	if (buf->slots > vq->size)
		virtq_break(vq, "a saved buffer is longer than its ring");
	for (i = 0; i < parked->nout + parked->nin && !vq->broken; i++)
		virtq_add(vq, buf, piece[i].addr, piece[i].len,
			  i >= parked->nout);
	if (!vq->broken)
		return buf;
	release(vq, buf, 0);
	return NULL;
}

void virtq_want_kicks(struct virtq *vq, bool wanted)
{
	if (vq->running && !vq->broken)
		ring_of(vq)->want_kicks(vq, wanted);
}

const struct state_field virtq_parked_fields[] = {
	{STATE_ELEM(STATE_U16, struct virtq_parked, queue)},
	{STATE_ELEM(STATE_U16, struct virtq_parked, id)},
	{STATE_ELEM(STATE_U16, struct virtq_parked, slots)},
	{STATE_ELEM(STATE_U32, struct virtq_parked, nout),
	 .hi = VIRTQ_SIZE_MAX},
	{STATE_ELEM(STATE_U32, struct virtq_parked, nin), .hi = VIRTQ_SIZE_MAX},
	{.kind = STATE_END},
};

const struct state_field virtq_piece_fields[] = {
	{STATE_ELEM(STATE_U64, struct virtq_piece, addr)},
	{STATE_ELEM(STATE_U32, struct virtq_piece, len)},
	{.kind = STATE_END},
};

const struct state_field virtq_state_fields[] = {
	{STATE_ELEM(STATE_U16, struct virtq, size), .hi = VIRTQ_SIZE_MAX},
	{STATE_ELEM(STATE_U16, struct virtq, vector)},
	{STATE_ELEM(STATE_BOOL, struct virtq, enabled)},
	{STATE_ELEM(STATE_U64, struct virtq, desc)},
	{STATE_ELEM(STATE_U64, struct virtq, driver)},
	{STATE_ELEM(STATE_U64, struct virtq, device)},
	{STATE_ELEM(STATE_U16, struct virtq, avail)},
	{STATE_ELEM(STATE_U16, struct virtq, used)},
	{STATE_ELEM(STATE_U16, struct virtq, signalled)},
	{STATE_ELEM(STATE_BOOL, struct virtq, avail_wrap)},
	{STATE_ELEM(STATE_BOOL, struct virtq, used_wrap)},
	{STATE_ELEM(STATE_BOOL, struct virtq, signalled_valid)},
	{.kind = STATE_END},
};
