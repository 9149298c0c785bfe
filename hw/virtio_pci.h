/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Virtio over PCI; Virtual I/O Device 1.1, 4.1, and its legacy interface.
 * virtio_pci.c has the device, virtio_pci_modern.c the registers of 1.0 and
 * later, virtio_pci_legacy.c those of before.  Machine lock.
 */
#ifndef HW_VIRTIO_PCI_H
#define HW_VIRTIO_PCI_H

#include "hw/msix.h"
#include "hw/pci.h"
#include "hw/virtio.h"
#include "vmm/kvm.h"

enum {
	VIRTIO_PCI_BAR_LEGACY = 0,
	VIRTIO_PCI_BAR_MSIX = 1,
	VIRTIO_PCI_BAR_MODERN = 4, /* and 5: it is 64 bits wide */
};

/* What lies where in the modern BAR. */
enum {
	VIRTIO_PCI_COMMON = 0x0000,
	VIRTIO_PCI_ISR_AT = 0x1000,
	VIRTIO_PCI_DEVICE = 0x2000,
	VIRTIO_PCI_NOTIFY = 0x3000,
};

#define VIRTIO_PCI_PAGE	       0x1000u
#define VIRTIO_PCI_NOTIFY_STEP 4u

/* First in the struct of each virtio device on PCI. */
struct virtio_pci {
	struct pci_device pci;
	struct virtio virtio;
	struct msix msix;
	/* Properties. */
	bool modern_off, event_idx, indirect, packed, ioeventfd, page_per_vq;
	int legacy; /* disable-legacy: 0 off, 1 on, 2 auto */
	int64_t vectors; /* -1: one for each queue, and one more */
	/* Registers. */
	uint32_t device_select, driver_select; /* words of the features */
	uint16_t queue_select;
	unsigned cfg_cap; /* the window of configuration space */
	struct loop_task pin_task; /* sets the pin by the ISR */
	struct kvm_doorbell bell[VIRTIO_QUEUES][2]; /* legacy, modern */
	bool hung; /* the bells are with KVM */
	uint64_t hung_at[2]; /* the BARs, when they were hung */
};

/* Properties of all of them; offsets are right since it comes first. */
/* clang-format off */
#define VIRTIO_PCI_PROPERTY(key, kind, field) \
	.name = key, .type = kind, .offset = offsetof(struct virtio_pci, field)

/* Which drivers it is for, where its name does not say so ... */
#define VIRTIO_PCI_OPTS \
	{VIRTIO_PCI_PROPERTY("disable-modern", OPT_BOOL, modern_off), \
	 .dflt = "off", .help = "on: only drivers of before virtio 1.0"}, \
	{VIRTIO_PCI_PROPERTY("disable-legacy", OPT_ONOFFAUTO, legacy), \
	 .dflt = "auto", .help = "on: only drivers of virtio 1.0 and later"}, \
	VIRTIO_PCI_OTHER_OPTS

/* ... and the rest. */
#define VIRTIO_PCI_OTHER_OPTS \
	PCI_OPTS, \
	{VIRTIO_PCI_PROPERTY("event_idx", OPT_BOOL, event_idx), \
	 .dflt = "on", .help = "offer fewer interrupts and kicks"}, \
	{VIRTIO_PCI_PROPERTY("indirect_desc", OPT_BOOL, indirect), \
	 .dflt = "on", .help = "offer tables of descriptors"}, \
	{VIRTIO_PCI_PROPERTY("packed", OPT_BOOL, packed), \
	 .dflt = "off", .help = "offer packed rings"}, \
	{VIRTIO_PCI_PROPERTY("ioeventfd", OPT_BOOL, ioeventfd), \
	 .dflt = "on", .help = "kicks do not stop the processor"}, \
	{VIRTIO_PCI_PROPERTY("page-per-vq", OPT_BOOL, page_per_vq), \
	 .dflt = "off", .help = "a page of doorbells for each queue"}, \
	{VIRTIO_PCI_PROPERTY("vectors", OPT_I64, vectors), \
	 .min = -1, .max = MSIX_VECTORS, .dflt = "-1", \
	 .help = "MSI-X vectors, 0 for none [one for each queue, one more]"}, \
	REFUSED_BUT("acpi-index", "0"), \
	REFUSED_BUT("aer", "off false no n"), \
	REFUSED_BUT("any_layout", "on true yes y"), \
	REFUSED_BUT("ats", "off false no n"), \
	REFUSED_BUT("failover_pair_id", ""), \
	REFUSED_BUT("iommu_platform", "off false no n"), \
	REFUSED_BUT("modern-pio-notify", "off false no n"), \
	REFUSED_BUT("multifunction", "off false no n"), \
	REFUSED_BUT("notify_on_empty", "on true yes y"), \
	REFUSED_BUT("queue_reset", "off false no n"), \
	REFUSED_BUT("rombar", "1")
/* clang-format on */

/*
 * Features that the properties let the device offer beside its own.  After
 * this come virtio_init and virtio_pci_init.
 */
uint64_t virtio_pci_features(const struct virtio_pci *vp);
/* As disable-legacy=on. */
void virtio_pci_modern_only(struct virtio_pci *vp);
/* class: as PCI has it, base << 16 | sub << 8. */
int virtio_pci_init(struct virtio_pci *vp, uint32_t class, struct error *err);
void virtio_pci_fini(struct virtio_pci *vp);
void virtio_pci_reset(struct device *dev);

extern const struct state_field virtio_pci_state_fields[];
int virtio_pci_saving(void *dev);
void virtio_pci_restored(void *dev);

#define VIRTIO_PCI_STATE \
	{ \
		.name = "virtio", .kind = STATE_STRUCT, .count = 1, \
		.sub = virtio_pci_state_fields \
	}

/* For the kinds of registers. */
extern const struct bus_ops virtio_pci_modern_ops, virtio_pci_legacy_ops;
int virtio_pci_add_modern(struct virtio_pci *vp, struct error *err);
void virtio_pci_cfg_reading(struct virtio_pci *vp, unsigned off, unsigned len);
void virtio_pci_cfg_written(struct virtio_pci *vp, unsigned off, unsigned len);
bool virtio_pci_has_legacy(const struct virtio_pci *vp);
/* Bytes before the device's configuration in the legacy registers. */
unsigned virtio_pci_legacy_header(bool msix);
/* Reading the ISR clears it and the pin. */
uint8_t virtio_pci_take_isr(struct virtio_pci *vp);
/* A vector that the driver may choose, or VIRTIO_MSI_NO_VECTOR. */
uint16_t virtio_pci_vector(const struct virtio_pci *vp, uint64_t vector);
void virtio_pci_status(struct virtio_pci *vp, uint8_t status);
/* Bytes from one doorbell to the next in the modern BAR. */
unsigned virtio_pci_notify_step(const struct virtio_pci *vp);

#endif
