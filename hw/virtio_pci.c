/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Virtio over PCI: identity, interrupts, doorbells.  Virtual I/O Device 1.1,
 * 4.1.2 (discovery) and 4.1.5.
 */
#include "hw/virtio_pci.h"

#include <errno.h>
#include <string.h>

#include "hw/pci_regs.h"
#include "vmm/endian.h"

#define LEGACY_OFF	1 /* disable-legacy=on */
#define VENDOR		0x1af4
#define SUBDEVICE	0x1100 /* of modern-only devices */
#define MODERN_BASE	0x1040 /* + the kind's id */
#define REVISION_MODERN 1

/* 4.1.2.1: transitional devices have numbers of their own. */
static const uint16_t transitional[] = {
	[VIRTIO_ID_NET] = 0x1000,     [VIRTIO_ID_BLOCK] = 0x1001,
	[VIRTIO_ID_BALLOON] = 0x1002, [VIRTIO_ID_CONSOLE] = 0x1003,
	[VIRTIO_ID_SCSI] = 0x1004,    [VIRTIO_ID_RNG] = 0x1005,
	[VIRTIO_ID_9P] = 0x1009,
};

static uint16_t transitional_id(const struct virtio_pci *vp)
{
	uint16_t id = vp->virtio.kind->id;

	return id < sizeof(transitional) / sizeof(*transitional)
		       ? transitional[id]
		       : 0;
}

/* A PCI bus of the old kind: "auto" offers both. */
bool virtio_pci_has_legacy(const struct virtio_pci *vp)
{
	return vp->legacy != LEGACY_OFF && transitional_id(vp);
}

void virtio_pci_modern_only(struct virtio_pci *vp)
{
	vp->legacy = LEGACY_OFF;
}

uint64_t virtio_pci_features(const struct virtio_pci *vp)
{
	uint64_t f = VIRTIO_BIT(VIRTIO_F_NOTIFY_ON_EMPTY) |
		     VIRTIO_BIT(VIRTIO_F_ANY_LAYOUT);

	if (vp->event_idx)
		f |= VIRTIO_BIT(VIRTIO_RING_F_EVENT_IDX);
	if (vp->indirect)
		f |= VIRTIO_BIT(VIRTIO_RING_F_INDIRECT_DESC);
	if (!vp->modern_off)
		f |= VIRTIO_BIT(VIRTIO_F_VERSION_1);
	if (!vp->modern_off && vp->packed)
		f |= VIRTIO_BIT(VIRTIO_F_RING_PACKED);
	return f;
}

static struct virtio_pci *of_virtio(struct virtio *v)
{
	return container_of(v, struct virtio_pci, virtio);
}

static void set_pin(void *ctx)
{
	struct virtio_pci *vp = ctx;

	pci_set_intx(&vp->pci, vp->virtio.isr != 0 && !vp->msix.enabled);
}

/* The pin belongs to the machine lock, which queues' threads never take. */
static void interrupt(struct virtio *v, uint16_t vector)
{
	struct virtio_pci *vp = of_virtio(v);

	if (vp->msix.enabled)
		msix_signal(&vp->msix, vector);
	else
		loop_post(v->m->loop, &vp->pin_task);
}

uint8_t virtio_pci_take_isr(struct virtio_pci *vp)
{
	uint8_t isr = atomic_exchange(&vp->virtio.isr, 0);

	set_pin(vp);
	return isr;
}

uint16_t virtio_pci_vector(const struct virtio_pci *vp, uint64_t vector)
{
	return vector < vp->msix.n ? (uint16_t)vector : VIRTIO_MSI_NO_VECTOR;
}

unsigned virtio_pci_notify_step(const struct virtio_pci *vp)
{
	return vp->page_per_vq ? VIRTIO_PCI_PAGE : VIRTIO_PCI_NOTIFY_STEP;
}

static void take_bells(struct virtio_pci *vp)
{
	unsigned i, k;

	for (i = 0; vp->hung && i < vp->virtio.nqueues; i++)
		for (k = 0; k < 2; k++)
			if (vp->bell[i][k].eventfd >= 0)
				kvm_doorbell_del(vp->pci.dev.machine->kvm,
						 &vp->bell[i][k]);
	vp->hung = false;
}

static void hang_bell(struct virtio_pci *vp, unsigned queue, bool modern)
{
	struct kvm_doorbell *bell = &vp->bell[queue][modern];

	*bell = (struct kvm_doorbell){.eventfd = -1};
	if (vp->hung_at[modern] == UINT64_MAX)
		return;
	if (modern) {
		bell->addr = vp->hung_at[1] + VIRTIO_PCI_NOTIFY +
			     (uint64_t)queue * virtio_pci_notify_step(vp);
	} else {
		bell->pio = bell->match = true;
		bell->addr = vp->hung_at[0] + VIRTIO_PCI_QUEUE_NOTIFY;
		bell->len = sizeof(uint16_t);
		bell->val = queue;
	}
	bell->eventfd = vp->virtio.kick[queue];
	if (kvm_doorbell_add(vp->pci.dev.machine->kvm, bell) < 0)
		bell->eventfd = -1;
}

/* Where no bell hangs the vCPU writes to the register, which rings it. */
static void update_bells(struct virtio_pci *vp)
{
	uint64_t legacy = vp->pci.bar[VIRTIO_PCI_BAR_LEGACY].addr;
	uint64_t modern = vp->pci.bar[VIRTIO_PCI_BAR_MODERN].addr;
	bool wanted =
		vp->virtio.running && vp->ioeventfd && vp->pci.dev.machine->kvm;
	unsigned i;

	if (vp->hung && wanted && vp->hung_at[0] == legacy &&
	    vp->hung_at[1] == modern)
		return;
	take_bells(vp);
	if (!wanted)
		return;
	vp->hung_at[0] = legacy;
	vp->hung_at[1] = modern;
	for (i = 0; i < vp->virtio.nqueues; i++) {
		hang_bell(vp, i, false);
		hang_bell(vp, i, true);
	}
	vp->hung = true;
}

void virtio_pci_status(struct virtio_pci *vp, uint8_t status)
{
	if (!status) {
		take_bells(vp);
		vp->device_select = vp->driver_select = vp->queue_select = 0;
	}
	virtio_set_status(&vp->virtio, status);
	set_pin(vp);
	update_bells(vp);
}

static void config_written(struct pci_device *pci, unsigned off, unsigned len)
{
	struct virtio_pci *vp = container_of(pci, struct virtio_pci, pci);

	msix_config_written(&vp->msix, off, len);
	virtio_pci_cfg_written(vp, off, len);
	set_pin(vp);
	update_bells(vp);
}

static void config_reading(struct pci_device *pci, unsigned off, unsigned len)
{
	virtio_pci_cfg_reading(container_of(pci, struct virtio_pci, pci), off,
			       len);
}

static int attach(struct virtio_pci *vp, uint32_t class, struct error *err)
{
	bool legacy = virtio_pci_has_legacy(vp);
	uint16_t kind = vp->virtio.kind->id;
	const struct pci_id id = {
		.vendor = VENDOR,
		.device = legacy ? transitional_id(vp)
				 : (uint16_t)(MODERN_BASE + kind),
		.subvendor = VENDOR,
		.subdevice = legacy ? kind : SUBDEVICE,
		.class = class,
		.revision = legacy ? 0 : REVISION_MODERN,
		.pin = 1,
	};

	return pci_attach(&vp->pci, &id, err);
}

static uint32_t power_of_two(uint32_t n)
{
	uint32_t size = 1;

	while (size < n)
		size *= 2;
	return size;
}

static int add_legacy(struct virtio_pci *vp, struct error *err)
{
	uint32_t size = virtio_pci_legacy_header(vp->msix.n > 0) +
			vp->virtio.kind->config_size;

	return pci_add_bar(&vp->pci, VIRTIO_PCI_BAR_LEGACY, PCI_BAR_IO,
			   "virtio-pci", power_of_two(size),
			   &virtio_pci_legacy_ops, vp, err);
}

/* Interrupts that are on their way are to be saved too. */
static void stopping(struct virtio *v)
{
	set_pin(of_virtio(v));
	msix_stopped(&of_virtio(v)->msix);
}

static int add_parts(struct virtio_pci *vp, struct error *err)
{
	unsigned n = vp->vectors < 0 ? vp->virtio.nqueues + 1
				     : (unsigned)vp->vectors;
	int rc = 0;

	if (!vp->modern_off)
		rc = virtio_pci_add_modern(vp, err);
	if (rc == 0 && n)
		rc = msix_init(&vp->msix, &vp->pci, n, VIRTIO_PCI_BAR_MSIX,
			       "virtio-pci-msix", err);
	if (rc == 0 && virtio_pci_has_legacy(vp))
		rc = add_legacy(vp, err);
	return rc;
}

int virtio_pci_init(struct virtio_pci *vp, uint32_t class, struct error *err)
{
	int rc;

	vp->virtio.interrupt = interrupt;
	vp->virtio.stopping = stopping;
	loop_task_init(&vp->pin_task, set_pin, vp);
	if (vp->modern_off && !virtio_pci_has_legacy(vp))
		return error_set(err, EINVAL,
				 "device cannot work as neither modern nor "
				 "legacy mode is enabled");
	rc = attach(vp, class, err);
	if (rc < 0)
		return rc;
	vp->pci.config_written = config_written;
	vp->pci.config_reading = config_reading;
	rc = add_parts(vp, err);
	if (rc < 0) {
		msix_fini(&vp->msix);
		pci_detach(&vp->pci);
	}
	return rc;
}

void virtio_pci_fini(struct virtio_pci *vp)
{
	take_bells(vp);
	virtio_reset(&vp->virtio);
	loop_unpost(vp->pci.dev.machine->loop, &vp->pin_task);
	msix_fini(&vp->msix);
	pci_detach(&vp->pci);
	virtio_fini(&vp->virtio);
}

void virtio_pci_reset(struct device *dev)
{
	struct virtio_pci *vp = (struct virtio_pci *)dev;

	virtio_pci_status(vp, 0);
	msix_reset(&vp->msix);
	pci_reset(&vp->pci);
}

const struct state_field virtio_pci_state_fields[] = {
	PCI_STATE,
	{STATE_ELEM(STATE_U32, struct virtio_pci, device_select)},
	{STATE_ELEM(STATE_U32, struct virtio_pci, driver_select)},
	{STATE_ELEM(STATE_U16, struct virtio_pci, queue_select)},
	{STATE_ELEM(STATE_STRUCT, struct virtio_pci, msix),
	 .sub = msix_state_fields},
	{STATE_ELEM(STATE_STRUCT, struct virtio_pci, virtio),
	 .sub = virtio_state_fields},
	{.kind = STATE_END},
};

int virtio_pci_saving(void *dev)
{
	return virtio_saving(&((struct virtio_pci *)dev)->virtio);
}

void virtio_pci_restored(void *dev)
{
	struct virtio_pci *vp = dev;

	pci_restored(&vp->pci);
	msix_restored(&vp->msix);
	virtio_restored(&vp->virtio);
	set_pin(vp);
	update_bells(vp);
}
