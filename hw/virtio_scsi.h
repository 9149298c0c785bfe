/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A SCSI host adapter on virtio; Virtual I/O Device 1.1, 5.6.  virtio_scsi.c
 * has the device, virtio_scsi_io.c its request queues, virtio_scsi_control.c
 * task management and events.
 *
 * The rings belong to the I/O thread of the first unit (without units: to the
 * main loop), which does the requests of all of them.
 */
#ifndef HW_VIRTIO_SCSI_H
#define HW_VIRTIO_SCSI_H

#include <linux/virtio_scsi.h>

#include "hw/scsi.h"
#include "hw/virtio_pci.h"

enum {
	VIRTIO_SCSI_CONTROL = 0,
	VIRTIO_SCSI_EVENTS = 1,
	VIRTIO_SCSI_REQUESTS = 2, /* the first of them */
};

struct virtio_scsi;

struct virtio_scsi_queue {
	struct virtio_scsi *s;
	unsigned n;
	struct loop_fd *kick; /* NULL: not listened to */
};

/* Of any queue; the part scsi is of the request queues'. */
struct virtio_scsi_request {
	struct virtq_buf buf; /* its link: of one of the adapter's lists */
	struct virtio_scsi *s;
	struct virtq *vq;
	struct scsi_request scsi;
	uint64_t tag;
	uint32_t sense_size; /* of the response, as the driver had set */
	size_t data; /* bytes of room for data that the driver gave */
	struct iovec first, *first_at; /* where data begin, before it was cut */
	uint8_t answer; /* control queue: where all was done */
};

struct virtio_scsi {
	struct virtio_pci vp;
	/* Properties. */
	uint32_t nqueues, cmd_per_lun, max_sectors;
	uint16_t queue_size;
	bool seg_max_adjust, hotplug, param_change;
	char *iothread;
	/* What the driver set. */
	_Atomic uint32_t sense_size, cdb_size;

	struct scsi_bus bus;
	unsigned held; /* times, by the machine once */
	bool stopped; /* the machine is */
	/* The rings' thread's. */
	struct virtio_scsi_queue queue[VIRTIO_QUEUES];
	_Atomic unsigned running; /* requests that are not in a list below */
	unsigned cancelled; /* of all requests, who ends without being done */
	struct list failed; /* nobody was told yet */
	struct list deferred; /* wait for the main loop */
	struct list kept; /* tried again when the machine goes on */
	struct list tasks; /* management: wait for what was cancelled */
	bool events_missed;
	/* In the main loop: tells of what failed, does what was deferred. */
	struct loop_task main_task;
};

struct virtio_scsi *virtio_scsi_from(struct virtio *v);
bool virtio_scsi_is(const struct device *dev);
size_t virtio_scsi_request_size(void);

/* virtio_scsi_io.c.  Machine lock; each waits for the rings' thread. */
void virtio_scsi_io_init(struct virtio_scsi *s);
int virtio_scsi_io_start(struct virtio *v, struct error *err);
void virtio_scsi_io_stop(struct virtio *v);
void virtio_scsi_io_pause(struct virtio *v);
void virtio_scsi_io_resume(struct virtio *v);
int virtio_scsi_io_park(struct virtio *v);
void virtio_scsi_io_unpark(struct virtio *v, struct virtq *vq,
			   struct virtq_buf *buf);

/* For the queues' files; the rings' thread. */

/* False: the LUN's form is wrong (5.6.6.1). */
bool virtio_scsi_parse_lun(const uint8_t *lun, unsigned *id, unsigned *number);
/* Ends what waits in kept and was cancelled. */
void virtio_scsi_end_kept(struct virtio_scsi *s);
/* virtio_scsi_control.c */
void virtio_scsi_control(struct virtio_scsi_request *r);
/* Ends the tasks that wait, if nothing is left that was cancelled. */
void virtio_scsi_end_tasks(struct virtio_scsi *s);
void virtio_scsi_changed(struct scsi_unit *u, struct scsi_sense what);
/* There are buffers for events. */
void virtio_scsi_event_room(struct virtio_scsi *s);

/* By qemu's names; the last two are for drivers old and new, or new alone. */
extern const struct device_class virtio_scsi_pci_class,
	virtio_scsi_pci_transitional_class,
	virtio_scsi_pci_non_transitional_class;

#endif
