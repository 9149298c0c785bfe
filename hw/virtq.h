/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Virtqueues: rings of buffers that driver and device share.
 * Virtual I/O Device 1.1, 2.6 (split rings) and 2.7 (packed rings).
 *
 * While a queue is stopped it belongs to the machine lock: the transport tells
 * it where the rings are.  Between virtq_start and virtq_stop it belongs to
 * one thread of the device's choice, and the rings are pinned.
 *
 * Each descriptor is copied once, checked, and never read again.  A driver
 * that breaks the rules breaks the queue: nothing more comes out of it.
 */
#ifndef HW_VIRTQ_H
#define HW_VIRTQ_H

#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>

#include "vmm/error.h"
#include "vmm/gmem.h"
#include "vmm/list.h"
#include "vmm/state.h"

#define VIRTQ_SIZE_MAX 1024 /* descriptors in a ring */

#define VIRTIO_BIT(n)  (UINT64_C(1) << (n))

/*
 * What the driver gave at once: pieces to read from, then pieces to write to.
 * First in the device's own struct for a request.
 */
struct virtq_buf {
	struct list link; /* the owner's while it has the buffer */
	uint16_t id;
	uint16_t slots; /* that it takes in a packed ring */
	unsigned nout, nin; /* pieces in iov */
	size_t out_len, in_len; /* bytes */
	struct iovec *iov;
	struct gmem_pin *pin;
};

struct virtq {
	/* The transport's. */
	uint16_t size; /* descriptors; the driver may lower it */
	uint16_t vector; /* VIRTIO_MSI_NO_VECTOR: none */
	bool enabled;
	gpa_t desc, driver, device; /* the parts of the ring */
	/* Where driver and device are; saved. */
	uint16_t avail, used, signalled;
	bool avail_wrap, used_wrap, signalled_valid; /* wraps: packed */

	uint16_t size_max;
	unsigned max_pieces; /* of a buffer */
	size_t buf_size; /* of the device's own struct */
	struct gmem *gmem;
	bool running, packed, event_idx, indirect, on_empty;
	const char *broken; /* by what, or NULL */
	struct gmem_pin pin[3];
	struct list free; /* bufs that were used before */
};

/*
 * A queue of up to size_max descriptors, whose buffers have max_pieces pieces
 * at most and are in structs of buf_size bytes.
 */
void virtq_init(struct virtq *vq, struct gmem *gmem, uint16_t size_max,
		unsigned max_pieces, size_t buf_size);
void virtq_fini(struct virtq *vq);
/* As before any driver came. */
void virtq_reset(struct virtq *vq);

/*
 * Pins the rings.  False, with vq->broken, if they are not in memory, or not
 * where the specification allows them.
 */
bool virtq_start(struct virtq *vq, uint64_t features);
/* All buffers have been pushed, or dropped. */
void virtq_stop(struct virtq *vq);

/* The next buffer, pinned; NULL: there is none, or the queue is broken. */
struct virtq_buf *virtq_pop(struct virtq *vq);
/* Gives it back with written bytes for the driver to read. */
void virtq_push(struct virtq *vq, struct virtq_buf *buf, size_t written);
/*
 * Gives back count of them; the driver sees all or none, and no more than
 * written[i] bytes of each.
 */
void virtq_push_all(struct virtq *vq, struct virtq_buf *const *bufs,
		    const uint32_t *written, unsigned count);
/* Undoes the last virtq_pop that has not been undone. */
void virtq_unpop(struct virtq *vq, struct virtq_buf *buf);
/* Is there nothing to pop? */
bool virtq_is_empty(const struct virtq *vq);
/* Copies what the device may read from off on; returns how much there was. */
size_t virtq_buf_read(const struct virtq_buf *buf, size_t off, void *to,
		      size_t len);
/* Forgets it: the device was reset. */
void virtq_drop(struct virtq *vq, struct virtq_buf *buf);
/* Does the driver want an interrupt for what was pushed since the last call? */
bool virtq_wants_interrupt(struct virtq *vq);
/* Asks the driver for kicks, or tells it that none are needed. */
void virtq_want_kicks(struct virtq *vq, bool wanted);

/*
 * A buffer that the device keeps while the machine stands still, as it is
 * saved: its pieces follow those of the buffers before it.
 */
struct virtq_parked {
	uint16_t queue, id, slots;
	uint32_t nout, nin;
};

struct virtq_piece {
	gpa_t addr;
	uint32_t len;
};

extern const struct state_field virtq_parked_fields[], virtq_piece_fields[];

/* Adds it to lists of both; -ENOMEM. */
int virtq_park(const struct virtq_buf *buf, unsigned queue,
	       struct state_list *parked, struct state_list *pieces);
/* Takes it out of the ring again, as it was; NULL: the queue is broken. */
struct virtq_buf *virtq_unpark(struct virtq *vq,
			       const struct virtq_parked *parked,
			       const struct virtq_piece *piece);

/* Saved: what the driver set, and where both are. */
extern const struct state_field virtq_state_fields[];

/* For the kinds of rings.  Part of the ring, as they lie in vq->pin. */
enum virtq_part { VIRTQ_DESC, VIRTQ_DRIVER, VIRTQ_DEVICE };

struct virtq_ring {
	size_t (*part_size)(uint16_t size, enum virtq_part part);
	/* The next chain into buf, false: none (or broken). */
	bool (*pop)(struct virtq *vq, struct virtq_buf *buf);
	void (*push)(struct virtq *vq, struct virtq_buf *const *bufs,
		     const uint32_t *written, unsigned count);
	void (*unpop)(struct virtq *vq, const struct virtq_buf *buf);
	bool (*is_empty)(const struct virtq *vq);
	bool (*wants_interrupt)(struct virtq *vq);
	void (*want_kicks)(struct virtq *vq, bool wanted);
};

extern const struct virtq_ring virtq_split, virtq_packed;

void virtq_break(struct virtq *vq, const char *why);
/* Adds the memory of one descriptor to buf; false: the queue is broken. */
bool virtq_add(struct virtq *vq, struct virtq_buf *buf, gpa_t addr,
	       uint32_t len, bool write);
/* How many descriptors a table of len bytes has; 0: the queue is broken. */
unsigned virtq_table_count(struct virtq *vq, uint32_t len);

#endif
