/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The registers of virtio 1.0 and later; Virtual I/O Device 1.1, 4.1.4: one
 * BAR with the common configuration, the ISR, the device's own configuration
 * and the doorbells, and a window to it in configuration space.
 */
#include "hw/virtio_pci.h"

#include <stddef.h>
#include <string.h>

#include "hw/pci_regs.h"
#include "vmm/endian.h"

#define COMMON_SIZE    sizeof(struct virtio_pci_common_cfg)
#define FEATURES_WORDS 2

#define AT(field)      offsetof(struct virtio_pci_common_cfg, field)

static struct virtq *selected(struct virtio_pci *vp)
{
	return vp->queue_select < vp->virtio.nqueues
		       ? &vp->virtio.queue[vp->queue_select]
		       : NULL;
}

static uint32_t feature_word(uint64_t features, uint32_t select)
{
	return select < FEATURES_WORDS ? (uint32_t)(features >> 32 * select)
				       : 0;
}

static void fill_queue(const struct virtio_pci *vp, const struct virtq *vq,
		       uint8_t *c)
{
	store_le16(c + AT(queue_size), vq->size);
	store_le16(c + AT(queue_msix_vector), vq->vector);
	store_le16(c + AT(queue_enable), vq->enabled);
	store_le16(c + AT(queue_notify_off), vp->queue_select);
	store_le64(c + AT(queue_desc_lo), vq->desc);
	store_le64(c + AT(queue_avail_lo), vq->driver);
	store_le64(c + AT(queue_used_lo), vq->device);
}

static void fill_common(struct virtio_pci *vp, uint8_t *c)
{
	const struct virtio *v = &vp->virtio;
	const struct virtq *vq = selected(vp);

	memset(c, 0, COMMON_SIZE);
	store_le32(c + AT(device_feature_select), vp->device_select);
	store_le32(c + AT(device_feature),
		   feature_word(v->offered, vp->device_select));
	store_le32(c + AT(guest_feature_select), vp->driver_select);
	store_le32(c + AT(guest_feature),
		   feature_word(v->features, vp->driver_select));
	store_le16(c + AT(msix_config), v->config_vector);
	store_le16(c + AT(num_queues), (uint16_t)v->nqueues);
	c[AT(device_status)] = virtio_get_status(v);
	c[AT(config_generation)] = v->generation;
	store_le16(c + AT(queue_select), vp->queue_select);
	if (vq)
		fill_queue(vp, vq, c);
}

static void set_features(struct virtio_pci *vp, uint32_t val)
{
	struct virtio *v = &vp->virtio;
	unsigned shift = 32 * vp->driver_select;

	if (vp->driver_select >= FEATURES_WORDS || v->running ||
	    v->status & VIRTIO_CONFIG_S_FEATURES_OK)
		return;
	v->features &= ~((uint64_t)UINT32_MAX << shift);
	v->features |= (uint64_t)val << shift;
}

/* Only until the queue is enabled; 4.1.4.3.2. */
static void write_ring(struct virtq *vq, unsigned off, const uint8_t *c)
{
	uint16_t size = load_le16(c + AT(queue_size));

	if (vq->enabled)
		return;
	if (off >= AT(queue_used_lo))
		vq->device = load_le64(c + AT(queue_used_lo));
	else if (off >= AT(queue_avail_lo))
		vq->driver = load_le64(c + AT(queue_avail_lo));
	else if (off >= AT(queue_desc_lo))
		vq->desc = load_le64(c + AT(queue_desc_lo));
	else if (off == AT(queue_enable))
		vq->enabled = load_le16(c + off) == 1;
	else if (off == AT(queue_size) && size && size <= vq->size_max)
		vq->size = size;
}

static void write_queue(struct virtio_pci *vp, unsigned off, const uint8_t *c)
{
	struct virtq *vq = selected(vp);

	if (!vq)
		return;
	if (off == AT(queue_msix_vector))
		vq->vector = virtio_pci_vector(vp, load_le16(c + off));
	else if (!vp->virtio.running)
		write_ring(vq, off, c);
}

/* c: the registers with what was written at off. */
static void write_common(struct virtio_pci *vp, unsigned off, const uint8_t *c)
{
	switch (off) {
	case AT(device_feature_select):
		vp->device_select = load_le32(c + off);
		break;
	case AT(guest_feature_select):
		vp->driver_select = load_le32(c + off);
		break;
	case AT(guest_feature):
		set_features(vp, load_le32(c + off));
		break;
	case AT(msix_config):
		vp->virtio.config_vector =
			virtio_pci_vector(vp, load_le16(c + off));
		break;
	case AT(device_status):
		virtio_pci_status(vp, c[off]);
		break;
	case AT(queue_select):
		vp->queue_select = load_le16(c + off);
		break;
	default:
		write_queue(vp, off, c);
	}
}

static uint64_t common_read(struct virtio_pci *vp, unsigned off, unsigned size)
{
	uint8_t c[COMMON_SIZE + 8] = {0};

	if (off >= COMMON_SIZE)
		return 0;
	fill_common(vp, c);
	return load_le64(c + off) & UINT64_MAX >> (64 - 8 * size);
}

static void common_write(struct virtio_pci *vp, unsigned off, uint64_t val,
			 unsigned size)
{
	uint8_t c[COMMON_SIZE + 8];
	unsigned i;

	if (off >= COMMON_SIZE)
		return;
	fill_common(vp, c);
	for (i = 0; i < size; i++)
		c[off + i] = (uint8_t)(val >> 8 * i);
	write_common(vp, off, c);
}

static uint64_t modern_read(void *dev, uint64_t off, unsigned size)
{
	struct virtio_pci *vp = dev;
	unsigned at = (unsigned)(off % VIRTIO_PCI_PAGE);

	switch (off - at) {
	case VIRTIO_PCI_COMMON:
		return common_read(vp, at, size);
	case VIRTIO_PCI_ISR_AT:
		return at == 0 ? virtio_pci_take_isr(vp) : 0;
	case VIRTIO_PCI_DEVICE:
		return virtio_config_read(&vp->virtio, at, size);
	default:
		return 0;
	}
}

static void modern_write(void *dev, uint64_t off, uint64_t val, unsigned size)
{
	struct virtio_pci *vp = dev;
	unsigned at = (unsigned)(off % VIRTIO_PCI_PAGE);

	if (off >= VIRTIO_PCI_NOTIFY)
		virtio_ring(&vp->virtio, (unsigned)(off - VIRTIO_PCI_NOTIFY) /
						 virtio_pci_notify_step(vp));
	else if (off - at == VIRTIO_PCI_COMMON)
		common_write(vp, at, val, size);
	else if (off - at == VIRTIO_PCI_DEVICE)
		virtio_config_write(&vp->virtio, at, val, size);
}

const struct bus_ops virtio_pci_modern_ops = {
	.read = modern_read,
	.write = modern_write,
};

struct part {
	uint8_t type, len; /* of the capability */
	uint32_t offset;
};

/* As the list has them from its end. */
static const struct part parts[] = {
	{VIRTIO_PCI_CAP_COMMON_CFG, sizeof(struct virtio_pci_cap),
	 VIRTIO_PCI_COMMON},
	{VIRTIO_PCI_CAP_ISR_CFG, sizeof(struct virtio_pci_cap),
	 VIRTIO_PCI_ISR_AT},
	{VIRTIO_PCI_CAP_DEVICE_CFG, sizeof(struct virtio_pci_cap),
	 VIRTIO_PCI_DEVICE},
	{VIRTIO_PCI_CAP_NOTIFY_CFG, sizeof(struct virtio_pci_notify_cap),
	 VIRTIO_PCI_NOTIFY},
	{VIRTIO_PCI_CAP_PCI_CFG, sizeof(struct virtio_pci_cfg_cap), 0},
};

static uint32_t notify_size(const struct virtio_pci *vp)
{
	uint32_t all = VIRTIO_QUEUES * virtio_pci_notify_step(vp);

	return vp->page_per_vq ? all : VIRTIO_PCI_PAGE;
}

static uint32_t part_size(const struct virtio_pci *vp, uint8_t type)
{
	if (type == VIRTIO_PCI_CAP_PCI_CFG)
		return 0;
	return type == VIRTIO_PCI_CAP_NOTIFY_CFG ? notify_size(vp)
						 : VIRTIO_PCI_PAGE;
}

static void add_capability(struct virtio_pci *vp, const struct part *p)
{
	unsigned cap = pci_add_capability(&vp->pci, PCI_CAP_ID_VNDR, p->len);
	uint8_t *c = &vp->pci.config[cap], *w = &vp->pci.wmask[cap];

	c[VIRTIO_PCI_CAP_LEN] = p->len;
	c[VIRTIO_PCI_CAP_CFG_TYPE] = p->type;
	if (p->type == VIRTIO_PCI_CAP_PCI_CFG) {
		vp->cfg_cap = cap;
		w[VIRTIO_PCI_CAP_BAR] = UINT8_MAX;
		memset(w + VIRTIO_PCI_CAP_OFFSET, UINT8_MAX,
		       p->len - VIRTIO_PCI_CAP_OFFSET);
		return;
	}
	c[VIRTIO_PCI_CAP_BAR] = VIRTIO_PCI_BAR_MODERN;
	store_le32(c + VIRTIO_PCI_CAP_OFFSET, p->offset);
	store_le32(c + VIRTIO_PCI_CAP_LENGTH, part_size(vp, p->type));
	if (p->type == VIRTIO_PCI_CAP_NOTIFY_CFG)
		store_le32(c + VIRTIO_PCI_NOTIFY_CAP_MULT,
			   virtio_pci_notify_step(vp));
}

int virtio_pci_add_modern(struct virtio_pci *vp, struct error *err)
{
	uint64_t size = VIRTIO_PCI_NOTIFY + VIRTIO_PCI_PAGE;
	unsigned i;

	for (i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		add_capability(vp, &parts[i]);
	while (size < VIRTIO_PCI_NOTIFY + notify_size(vp))
		size *= 2;
	vp->pci.bar[VIRTIO_PCI_BAR_MODERN].is64 = true;
	return pci_add_bar(&vp->pci, VIRTIO_PCI_BAR_MODERN, PCI_BAR_PREFETCH,
			   "virtio-pci-modern", size, &virtio_pci_modern_ops,
			   vp, err);
}

/* 4.1.4.7: does the access touch the window's data, and what does it show? */
static bool window(const struct virtio_pci *vp, unsigned off, unsigned len,
		   uint32_t *at, uint32_t *size)
{
	const uint8_t *c = &vp->pci.config[vp->cfg_cap];
	unsigned data = vp->cfg_cap + sizeof(struct virtio_pci_cap);

	if (!vp->cfg_cap || off >= data + 4 || off + len <= data ||
	    c[VIRTIO_PCI_CAP_BAR] != VIRTIO_PCI_BAR_MODERN)
		return false;
	*at = load_le32(c + VIRTIO_PCI_CAP_OFFSET);
	*size = load_le32(c + VIRTIO_PCI_CAP_LENGTH);
	return (*size == 1 || *size == 2 || *size == 4) && !(*at % *size) &&
	       *at < vp->pci.bar[VIRTIO_PCI_BAR_MODERN].size;
}

void virtio_pci_cfg_reading(struct virtio_pci *vp, unsigned off, unsigned len)
{
	uint8_t *data =
		&vp->pci.config[vp->cfg_cap + sizeof(struct virtio_pci_cap)];
	uint32_t at, size;

	if (window(vp, off, len, &at, &size))
		store_le32(data, (uint32_t)modern_read(vp, at, size));
}

void virtio_pci_cfg_written(struct virtio_pci *vp, unsigned off, unsigned len)
{
	const uint8_t *data =
		&vp->pci.config[vp->cfg_cap + sizeof(struct virtio_pci_cap)];
	uint32_t at, size;

	if (window(vp, off, len, &at, &size))
		modern_write(vp, at,
			     load_le32(data) & UINT32_MAX >> (32 - 8 * size),
			     size);
}
