/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Virtio devices: status, features, queues; Virtual I/O Device 1.1, chapter 2.
 * What a kind of device does is in its own file (virtio_blk.c), how the driver
 * reaches it in the transport's (virtio_pci.c).
 *
 * Machine lock, but for virtio_interrupt and virtio_broken.
 */
#ifndef HW_VIRTIO_H
#define HW_VIRTIO_H

#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_pci.h>

#include "hw/virtq.h"
#include "vmm/machine.h"

#define VIRTIO_QUEUES 256 /* the most that a device may have */
#define VIRTIO_CONFIG 256 /* bytes of a kind's own configuration, at most */

struct virtio;

/* A kind of device. */
struct virtio_kind {
	const char *name;
	uint16_t id; /* VIRTIO 1.1, chapter 5 */
	unsigned config_size; /* bytes */
	/* Fills config_size bytes. */
	void (*config)(struct virtio *v, uint8_t *config);
	/* The driver wrote to [off, off + len) of it; may be NULL. */
	void (*config_written)(struct virtio *v, const uint8_t *config,
			       unsigned off, unsigned len);
	/*
	 * The rings are there: takes buffers from now on, on kicks.  Called
	 * without the machine running when its state was put back: then it
	 * takes none until resume.
	 */
	int (*start)(struct virtio *v, struct error *err);
	/* Returns when no memory of the guest is in use any more. */
	void (*stop)(struct virtio *v);
	/* As before any driver came; stopped.  May be NULL. */
	void (*reset)(struct virtio *v);
	/* The machine stops: the same as stop, but what waits is kept. */
	void (*pause)(struct virtio *v);
	void (*resume)(struct virtio *v);
	/*
	 * Paused, to be saved: calls virtio_park for each buffer that it keeps.
	 * Both are NULL if it never keeps any.
	 */
	int (*park)(struct virtio *v);
	/* Such a buffer of the queue is the device's again, until resume. */
	void (*unpark)(struct virtio *v, struct virtq *vq,
		       struct virtq_buf *buf);
};

struct virtio {
	const struct virtio_kind *kind;
	struct machine *m;
	struct device *dev; /* it is part of */
	uint64_t offered, features; /* by the device; agreed on */
	uint8_t status;
	uint8_t generation; /* of the configuration */
	uint16_t config_vector;
	_Atomic uint8_t isr;
	_Atomic bool broken; /* until the driver resets it */
	bool running; /* between start and stop */
	unsigned nqueues;
	struct virtq queue[VIRTIO_QUEUES];
	int kick[VIRTIO_QUEUES]; /* eventfds that the driver rings */
	struct state_list parked, pieces; /* while it is saved */
	/* The transport's: sends vector, or sets the pin by the ISR.  Any
	 * thread. */
	void (*interrupt)(struct virtio *v, uint16_t vector);
	struct machine_notifier notifier;
	/* The transport's: the machine stops; may be NULL. */
	void (*stopping)(struct virtio *v);
};

/*
 * What all devices may offer, by its properties; and the queues, whose size
 * and buffers are as virtq_init wants them.
 */
int virtio_init(struct virtio *v, const struct virtio_kind *kind,
		struct device *dev, uint64_t offered, unsigned nqueues,
		uint16_t queue_size, unsigned max_pieces, size_t buf_size,
		struct error *err);
void virtio_fini(struct virtio *v);
void virtio_reset(struct virtio *v);

/* The driver writes the status; 0 resets the device. */
void virtio_set_status(struct virtio *v, uint8_t status);
uint8_t virtio_get_status(const struct virtio *v);
/* Is the driver one of VIRTIO 1.0 or later? */
bool virtio_is_modern(const struct virtio *v);
/* A driver of before 1.0 may ring before it says that it is ready. */
void virtio_ring(struct virtio *v, unsigned queue);

/* The device's own configuration; bytes beyond its end read as ones. */
uint64_t virtio_config_read(struct virtio *v, unsigned off, unsigned size);
void virtio_config_write(struct virtio *v, unsigned off, uint64_t val,
			 unsigned size);
/* The configuration changed by itself. */
void virtio_config_changed(struct virtio *v);

/* After buffers were pushed.  The queue's thread. */
void virtio_interrupt(struct virtio *v, struct virtq *vq);
/* The queue broke: tells log and driver.  The queue's thread. */
void virtio_broken(struct virtio *v, struct virtq *vq);

extern const struct state_field virtio_state_fields[];
/* For state_desc: -ENOMEM. */
int virtio_saving(struct virtio *v);
int virtio_park(struct virtio *v, const struct virtq *vq,
		const struct virtq_buf *buf);
/* Starts the device as it was. */
void virtio_restored(struct virtio *v);

#endif
