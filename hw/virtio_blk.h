/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A disk on virtio; Virtual I/O Device 1.1, 5.2.  virtio_blk.c has the device,
 * virtio_blk_io.c its requests.
 */
#ifndef HW_VIRTIO_BLK_H
#define HW_VIRTIO_BLK_H

#include "hw/disk.h"
#include "hw/virtio_pci.h"

struct virtio_blk;

struct virtio_blk_queue {
	struct virtio_blk *blk;
	unsigned n;
	struct loop_fd *kick; /* NULL: not listened to */
	struct loop_poller poller; /* while it is */
	bool armed; /* the driver kicks for what comes next */
	bool unsaid; /* buffers were given back, and the driver not told */
};

struct virtio_blk {
	struct virtio_pci vp;
	/* Properties. */
	struct disk_props disk;
	char *iothread;
	uint64_t block_size, physical_block_size; /* bytes; 0: the default */
	uint64_t min_io_size, opt_io_size;
	uint16_t queue_size;
	uint16_t nqueues; /* QUEUES_AUTO: one for each processor */
	bool discard, write_zeroes, config_wce, seg_max_adjust;
	/* Wires: NULL: by the property drive. */
	struct blk_front *front;
	bool writethrough; /* what the drive had before any driver came */

	/* The I/O thread's. */
	struct virtio_blk_queue queue[VIRTIO_QUEUES];
	struct list failed; /* nobody was told yet */
	struct list kept; /* tried again when the machine goes on */
	/* In the main loop: tells of what failed. */
	struct loop_task failure_task;
};

/* Machine lock; each waits for the I/O thread. */
int virtio_blk_io_start(struct virtio *v, struct error *err);
void virtio_blk_io_stop(struct virtio *v);
void virtio_blk_io_pause(struct virtio *v);
void virtio_blk_io_resume(struct virtio *v);
int virtio_blk_io_park(struct virtio *v);
void virtio_blk_io_unpark(struct virtio *v, struct virtq *vq,
			  struct virtq_buf *buf);

/* Bytes of the device's own struct for a request. */
size_t virtio_blk_request_size(void);

struct virtio_blk *virtio_blk_from(struct virtio *v);

/* The longest discard that a driver may ask for, in sectors. */
#define VIRTIO_BLK_DISCARD_MAX 0x3fffffu

/* By qemu's names; the last two are for drivers old and new, or new alone. */
extern const struct device_class virtio_blk_pci_class,
	virtio_blk_pci_transitional_class,
	virtio_blk_pci_non_transitional_class;

#endif
