/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Virtio devices on PCI; Virtual I/O Device 1.1, 3.1 and 4.1. */
#include "guest.h"

#define PCI_CAPS   0x34
#define VIRTIO	   0x1af4u
#define CAP_VENDOR 9

enum { CAP_COMMON = 1, CAP_NOTIFY, CAP_ISR, CAP_DEVICE, CAPS };

#define F_INDIRECT  (UINT64_C(1) << 28)
#define F_EVENT_IDX (UINT64_C(1) << 29)
#define F_VERSION_1 (UINT64_C(1) << 32)

#define ACKNOWLEDGE 1
#define DRIVER	    2
#define DRIVER_OK   4
#define FEATURES_OK 8

struct common {
	uint32_t device_select, device_features;
	uint32_t driver_select, driver_features;
	uint16_t config_vector, nqueues;
	uint8_t status, generation;
	uint16_t queue_select, queue_size, queue_vector, queue_enable;
	uint16_t notify_off;
	uint32_t desc_lo, desc_hi, avail_lo, avail_hi, used_lo, used_hi;
};

static uint8_t rings[QUEUES_MAX][12288] __attribute__((aligned(4096)));

static void find_regions(unsigned devfn, struct device *d)
{
	unsigned cap = pci_read(devfn, PCI_CAPS) & 0xff, type;
	volatile uint8_t *at[CAPS] = {NULL};
	uint32_t bar;

	for (; cap; cap = pci_read(devfn, cap + 1) & 0xff) {
		type = pci_read(devfn, cap + 3) & 0xff;
		if ((pci_read(devfn, cap) & 0xff) != CAP_VENDOR ||
		    type >= CAPS || at[type])
			continue;
		bar = pci_place(devfn, pci_read(devfn, cap + 4) & 7);
		at[type] = (volatile uint8_t *)(uintptr_t)(bar +
							   pci_read(devfn,
								    cap + 8));
		if (type == CAP_NOTIFY)
			d->notify_step = pci_read(devfn, cap + 16);
	}
	if (!at[CAP_COMMON] || !at[CAP_NOTIFY] || !at[CAP_DEVICE])
		fail("the device has no interface of virtio 1.0");
	d->common = at[CAP_COMMON];
	d->notify = at[CAP_NOTIFY];
	d->config = at[CAP_DEVICE];
}

static void agree(struct device *d, uint64_t wanted)
{
	volatile struct common *c = (volatile struct common *)d->common;

	c->status = 0;
	while (c->status)
		;
	c->status = ACKNOWLEDGE;
	c->status = ACKNOWLEDGE | DRIVER;
	c->device_select = 0;
	d->features = c->device_features;
	c->device_select = 1;
	d->features |= (uint64_t)c->device_features << 32;
	d->features &= wanted;
	c->driver_select = 0;
	c->driver_features = (uint32_t)d->features;
	c->driver_select = 1;
	c->driver_features = (uint32_t)(d->features >> 32);
	c->status = ACKNOWLEDGE | DRIVER | FEATURES_OK;
	if (!(c->status & FEATURES_OK))
		fail("the device does not agree to the features");
}

void device_queue(const struct device *d, struct queue *q, unsigned n)
{
	volatile struct common *c = (volatile struct common *)d->common;
	uint16_t size;

	c->queue_select = (uint16_t)n;
	size = c->queue_size;
	if (size > QUEUE_SIZE)
		c->queue_size = size = QUEUE_SIZE;
	q->indirect = d->features & F_INDIRECT;
	q->event_idx = d->features & F_EVENT_IDX;
	q->number = (uint16_t)n;
	queue_init(q, rings[n], size);
	q->bell = (volatile uint16_t *)(d->notify +
					c->notify_off * d->notify_step);
	c->desc_lo = (uint32_t)(uintptr_t)q->desc;
	c->desc_hi = 0;
	c->avail_lo = (uint32_t)(uintptr_t)queue_avail(q);
	c->avail_hi = 0;
	c->used_lo = (uint32_t)(uintptr_t)queue_used(q);
	c->used_hi = 0;
	c->queue_enable = 1;
}

void device_open(struct device *d, uint16_t old, uint16_t modern, unsigned nth,
		 uint64_t wanted)
{
	const uint32_t ids[] = {VIRTIO | (uint32_t)old << 16,
				VIRTIO | (uint32_t)modern << 16};
	int devfn = pci_find(ids, nth);

	if (devfn < 0)
		fail("there is no such virtio device");
	find_regions((unsigned)devfn, d);
	agree(d, wanted | F_INDIRECT | F_EVENT_IDX | F_VERSION_1);
}

void device_ready(const struct device *d)
{
	volatile struct common *c = (volatile struct common *)d->common;

	c->status = ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK;
}
