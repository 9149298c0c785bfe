/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The registers of virtio before 1.0, in ports; Virtual I/O Device 1.1,
 * 4.1.4.8.  A ring lies in one piece, at a page that its register names.
 */
#include "hw/virtio_pci.h"

#define ISR_BYTES 1

unsigned virtio_pci_legacy_header(bool msix)
{
	return (unsigned)VIRTIO_PCI_CONFIG_OFF(msix);
}

static struct virtq *selected(struct virtio_pci *vp)
{
	return vp->queue_select < vp->virtio.nqueues
		       ? &vp->virtio.queue[vp->queue_select]
		       : NULL;
}

/* 2.6.2: where the parts are in a ring of before 1.0. */
static void place_ring(struct virtio_pci *vp, struct virtq *vq, uint32_t page)
{
	const size_t align = VIRTIO_PCI_VRING_ALIGN;
	gpa_t at = (gpa_t)page << VIRTIO_PCI_QUEUE_ADDR_SHIFT;

	if (vp->virtio.running)
		return;
	vq->size = vq->size_max;
	vq->enabled = page != 0;
	vq->desc = at;
	vq->driver = at + virtq_split.part_size(vq->size, VIRTQ_DESC);
	vq->device =
		(vq->driver + virtq_split.part_size(vq->size, VIRTQ_DRIVER) +
		 align - 1) &
		~(gpa_t)(align - 1);
}

static uint64_t queue_read(struct virtio_pci *vp, uint64_t off)
{
	const struct virtq *vq = selected(vp);

	switch (off) {
	case VIRTIO_PCI_QUEUE_PFN:
		return vq && vq->enabled
			       ? vq->desc >> VIRTIO_PCI_QUEUE_ADDR_SHIFT
			       : 0;
	case VIRTIO_PCI_QUEUE_NUM:
		return vq ? vq->size_max : 0;
	case VIRTIO_MSI_QUEUE_VECTOR:
		return vq ? vq->vector : VIRTIO_MSI_NO_VECTOR;
	default:
		return vp->queue_select;
	}
}

static uint64_t header_read(struct virtio_pci *vp, uint64_t off)
{
	switch (off) {
	case VIRTIO_PCI_HOST_FEATURES:
		return (uint32_t)vp->virtio.offered;
	case VIRTIO_PCI_GUEST_FEATURES:
		return (uint32_t)vp->virtio.features;
	case VIRTIO_PCI_STATUS:
		return virtio_get_status(&vp->virtio);
	case VIRTIO_PCI_ISR:
		return virtio_pci_take_isr(vp);
	case VIRTIO_MSI_CONFIG_VECTOR:
		return vp->virtio.config_vector;
	default:
		return queue_read(vp, off);
	}
}

static uint64_t legacy_read(void *dev, uint64_t off, unsigned size)
{
	struct virtio_pci *vp = dev;
	unsigned header = virtio_pci_legacy_header(vp->msix.enabled);

	if (off >= header)
		return virtio_config_read(&vp->virtio, (unsigned)off - header,
					  size);
	return header_read(vp, off) & UINT64_MAX >> (64 - 8 * size);
}

static void queue_write(struct virtio_pci *vp, uint64_t off, uint64_t val)
{
	struct virtq *vq = selected(vp);

	switch (off) {
	case VIRTIO_PCI_QUEUE_PFN:
		if (!val)
			virtio_pci_status(vp, 0);
		else if (vq)
			place_ring(vp, vq, (uint32_t)val);
		break;
	case VIRTIO_MSI_QUEUE_VECTOR:
		if (vq)
			vq->vector = virtio_pci_vector(vp, val);
		break;
	default:
		break;
	}
}

static void header_write(struct virtio_pci *vp, uint64_t off, uint64_t val)
{
	switch (off) {
	case VIRTIO_PCI_GUEST_FEATURES:
		if (!vp->virtio.running)
			vp->virtio.features =
				(uint32_t)val & (uint32_t)vp->virtio.offered;
		break;
	case VIRTIO_PCI_QUEUE_SEL:
		vp->queue_select = (uint16_t)val;
		break;
	case VIRTIO_PCI_QUEUE_NOTIFY:
		virtio_ring(&vp->virtio, (uint16_t)val);
		break;
	case VIRTIO_PCI_STATUS:
		virtio_pci_status(vp, (uint8_t)val);
		break;
	case VIRTIO_MSI_CONFIG_VECTOR:
		vp->virtio.config_vector = virtio_pci_vector(vp, val);
		break;
	default:
		queue_write(vp, off, val);
	}
}

static void legacy_write(void *dev, uint64_t off, uint64_t val, unsigned size)
{
	struct virtio_pci *vp = dev;
	unsigned header = virtio_pci_legacy_header(vp->msix.enabled);

	if (off >= header)
		virtio_config_write(&vp->virtio, (unsigned)off - header, val,
				    size);
	else
		header_write(vp, off, val);
}

const struct bus_ops virtio_pci_legacy_ops = {
	.read = legacy_read,
	.write = legacy_write,
};
