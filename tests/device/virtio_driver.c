/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A driver for virtio devices on PCI, for device tests. */
#include "tests/device/virtio_driver.h"

#include <stddef.h>
#include <string.h>

#include "hw/pci_regs.h"
#include "vmm/endian.h"

#define RING_SPACE 0x10000u
#define ALIGN	   4096u
#define MODERN(f)  (unsigned)offsetof(struct virtio_pci_common_cfg, f)
#define TURN_MS	   5

uint64_t driver_get(struct driver *d, unsigned off, unsigned size)
{
	if (!d->legacy)
		return mmio_read(d->h, DRIVER_BAR + off, size);
	if (size == 1)
		return inb(d->h, (uint16_t)(DRIVER_PORTS + off));
	if (size == 2)
		return inw(d->h, (uint16_t)(DRIVER_PORTS + off));
	return inl(d->h, (uint16_t)(DRIVER_PORTS + off));
}

void driver_set(struct driver *d, unsigned off, uint64_t val, unsigned size)
{
	if (!d->legacy)
		mmio_write(d->h, DRIVER_BAR + off, val, size);
	else if (size == 1)
		outb(d->h, (uint16_t)(DRIVER_PORTS + off), (uint8_t)val);
	else if (size == 2)
		outw(d->h, (uint16_t)(DRIVER_PORTS + off), (uint16_t)val);
	else
		outl(d->h, (uint16_t)(DRIVER_PORTS + off), (uint32_t)val);
}

static unsigned config_base(const struct driver *d)
{
	return d->legacy ? VIRTIO_PCI_CONFIG_OFF(0) : VIRTIO_PCI_DEVICE;
}

uint32_t driver_config(struct driver *d, unsigned off, unsigned size)
{
	return (uint32_t)driver_get(d, config_base(d) + off, size);
}

void driver_set_config(struct driver *d, unsigned off, uint32_t val,
		       unsigned size)
{
	driver_set(d, config_base(d) + off, val, size);
}

uint8_t driver_status(struct driver *d)
{
	return (uint8_t)driver_get(d,
				   d->legacy ? VIRTIO_PCI_STATUS
					     : MODERN(device_status),
				   1);
}

void driver_set_status(struct driver *d, uint8_t status)
{
	driver_set(d, d->legacy ? VIRTIO_PCI_STATUS : MODERN(device_status),
		   status, 1);
}

uint64_t driver_offered(struct driver *d)
{
	uint64_t low;

	if (d->legacy)
		return driver_get(d, VIRTIO_PCI_HOST_FEATURES, 4);
	driver_set(d, MODERN(device_feature_select), 0, 4);
	low = driver_get(d, MODERN(device_feature), 4);
	driver_set(d, MODERN(device_feature_select), 1, 4);
	return low | driver_get(d, MODERN(device_feature), 4) << 32;
}

void driver_find(struct driver *d, struct harness *h, struct pci_bus *bus,
		 unsigned devfn, bool legacy)
{
	*d = (struct driver){.h = h,
			     .bus = bus,
			     .devfn = devfn,
			     .legacy = legacy};
	pci_config_write(bus, devfn, PCI_BASE_ADDRESS_0, DRIVER_PORTS, 4);
	pci_config_write(bus, devfn, PCI_BASE_ADDRESS_1, DRIVER_MSIX, 4);
	pci_config_write(bus, devfn, PCI_BASE_ADDRESS_4, DRIVER_BAR, 4);
	pci_config_write(bus, devfn, PCI_COMMAND,
			 PCI_COMMAND_IO | PCI_COMMAND_MEMORY |
				 PCI_COMMAND_MASTER,
			 2);
	driver_set_status(d, 0);
	driver_set_status(d,
			  VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER);
}

bool driver_agree(struct driver *d, uint64_t wanted)
{
	d->features = wanted & driver_offered(d);
	if (d->legacy) {
		d->features &= UINT32_MAX;
		driver_set(d, VIRTIO_PCI_GUEST_FEATURES, d->features, 4);
		return true;
	}
	driver_set(d, MODERN(guest_feature_select), 0, 4);
	driver_set(d, MODERN(guest_feature), (uint32_t)d->features, 4);
	driver_set(d, MODERN(guest_feature_select), 1, 4);
	driver_set(d, MODERN(guest_feature), d->features >> 32, 4);
	driver_set_status(d, driver_status(d) | VIRTIO_CONFIG_S_FEATURES_OK);
	return driver_status(d) & VIRTIO_CONFIG_S_FEATURES_OK;
}

static bool is_packed(const struct driver *d)
{
	return d->features & VIRTIO_BIT(VIRTIO_F_RING_PACKED);
}

gpa_t driver_ring(const struct driver *d, unsigned n, enum virtq_part part)
{
	gpa_t base = DRIVER_RINGS + (gpa_t)n * RING_SPACE;
	gpa_t driver = base + 16 * (gpa_t)d->size;

	if (part == VIRTQ_DESC)
		return base;
	if (part == VIRTQ_DRIVER)
		return driver;
	return (driver + 6 + 2 * (gpa_t)d->size + ALIGN - 1) &
	       ~(gpa_t)(ALIGN - 1);
}

static void place_modern(struct driver *d, unsigned n)
{
	static const unsigned at[] = {MODERN(queue_desc_lo),
				      MODERN(queue_avail_lo),
				      MODERN(queue_used_lo)};
	unsigned i;

	driver_set(d, MODERN(queue_size), d->size, 2);
	for (i = 0; i < 3; i++) {
		gpa_t gpa = driver_ring(d, n, (enum virtq_part)i);

		driver_set(d, at[i], (uint32_t)gpa, 4);
		driver_set(d, at[i] + 4, gpa >> 32, 4);
	}
	driver_set(d, MODERN(queue_enable), 1, 2);
}

void driver_queue(struct driver *d, unsigned n, uint16_t size)
{
	static const uint8_t zeros[RING_SPACE];

	d->next = d->seen = 0;
	memset(d->slots, 0, sizeof(d->slots));
	memset(d->owner, 0, sizeof(d->owner));
	d->wrap = d->seen_wrap = true;
	d->size = size;
	ram_write(d, DRIVER_RINGS + (gpa_t)n * RING_SPACE, zeros, RING_SPACE);
	if (!d->legacy) {
		driver_set(d, MODERN(queue_select), n, 2);
		place_modern(d, n);
		return;
	}
	driver_set(d, VIRTIO_PCI_QUEUE_SEL, n, 2);
	d->size = (uint16_t)driver_get(d, VIRTIO_PCI_QUEUE_NUM, 2);
	driver_set(d, VIRTIO_PCI_QUEUE_PFN,
		   driver_ring(d, n, VIRTQ_DESC) >> VIRTIO_PCI_QUEUE_ADDR_SHIFT,
		   4);
}

void driver_ready(struct driver *d)
{
	driver_set_status(d, driver_status(d) | VIRTIO_CONFIG_S_DRIVER_OK);
}

void ram_write(struct driver *d, gpa_t gpa, const void *data, size_t len)
{
	ck_assert(gmem_write(&d->h->m.gmem, gpa, data, len));
}

void ram_read(struct driver *d, gpa_t gpa, void *data, size_t len)
{
	ck_assert(gmem_read(&d->h->m.gmem, gpa, data, len));
}

static void ram_write16(struct driver *d, gpa_t gpa, uint16_t val)
{
	ram_write(d, gpa, &val, sizeof(val));
}

static uint16_t ram_read16(struct driver *d, gpa_t gpa)
{
	uint16_t val;

	ram_read(d, gpa, &val, sizeof(val));
	return val;
}

/* A descriptor of a split ring, or of a table of a split ring. */
static void put_split(struct driver *d, gpa_t table, uint16_t i,
		      const struct driver_piece *p, uint16_t flags,
		      uint16_t next)
{
	const struct vring_desc desc = {.addr = p->addr,
					.len = p->len,
					.flags = flags |
						 (p->write ? VRING_DESC_F_WRITE
							   : 0),
					.next = next};

	ram_write(d, table + i * sizeof(desc), &desc, sizeof(desc));
}

static uint16_t free_descriptor(const struct driver *d)
{
	uint16_t i = 0;

	while (d->owner[i])
		i++;
	ck_assert(i < d->size);
	return i;
}

/* A chain of free descriptors of the ring; its head. */
static uint16_t chain_split(struct driver *d, gpa_t ring,
			    const struct driver_piece *piece, unsigned count)
{
	uint16_t head = free_descriptor(d), at = head, next;
	unsigned i;

	for (i = 0; i < count; i++, at = next) {
		d->owner[at] = (uint16_t)(head + 1);
		next = i + 1 < count ? free_descriptor(d) : 0;
		put_split(d, ring, at, &piece[i],
			  i + 1 < count ? VRING_DESC_F_NEXT : 0, next);
	}
	return head;
}

static void table_split(struct driver *d, gpa_t table,
			const struct driver_piece *piece, unsigned count)
{
	unsigned i;

	for (i = 0; i < count; i++)
		put_split(d, table, (uint16_t)i, &piece[i],
			  i + 1 < count ? VRING_DESC_F_NEXT : 0,
			  (uint16_t)(i + 1));
}

/* Each buffer has its own. */
static gpa_t table_of(unsigned n, uint16_t slot)
{
	return DRIVER_TABLE + n * UINT64_C(0x100000) + slot * UINT64_C(1024);
}

static uint16_t add_split(struct driver *d, unsigned n,
			  const struct driver_piece *piece, unsigned count,
			  bool table)
{
	gpa_t descs = driver_ring(d, n, VIRTQ_DESC);
	gpa_t avail = driver_ring(d, n, VIRTQ_DRIVER);
	uint16_t idx = ram_read16(d, avail + 2);
	uint16_t head;

	if (table) {
		gpa_t at = table_of(n, free_descriptor(d));
		const struct driver_piece whole = {.addr = at,
						   .len = 16 * count};

		table_split(d, at, piece, count);
		head = free_descriptor(d);
		d->owner[head] = (uint16_t)(head + 1);
		put_split(d, descs, head, &whole, VRING_DESC_F_INDIRECT, 0);
	} else {
		head = chain_split(d, descs, piece, count);
	}
	ram_write16(d, avail + 4 + 2 * (gpa_t)(idx % d->size), head);
	ram_write16(d, avail + 2, (uint16_t)(idx + 1));
	return head;
}

static void put_packed(struct driver *d, gpa_t at, uint64_t addr, uint32_t len,
		       uint16_t id, uint16_t flags)
{
	const struct vring_packed_desc desc = {.addr = addr,
					       .len = len,
					       .id = id,
					       .flags = flags};

	ram_write(d, at, &desc, sizeof(desc));
}

static uint16_t packed_flags(struct driver *d)
{
	return d->wrap ? 1u << VRING_PACKED_DESC_F_AVAIL
		       : 1u << VRING_PACKED_DESC_F_USED;
}

/* Any that no buffer has: used ones come back in any order. */
static uint16_t free_id(const struct driver *d)
{
	uint16_t id = d->next;

	while (d->slots[id])
		id = (uint16_t)((id + 1) % d->size);
	return id;
}

/* The first is made available last. */
static uint16_t add_packed(struct driver *d, unsigned n,
			   const struct driver_piece *piece, unsigned count,
			   bool table)
{
	gpa_t ring = driver_ring(d, n, VIRTQ_DESC);
	gpa_t at = table_of(n, free_id(d));
	struct driver_piece whole = {.addr = at, .len = 16 * count};
	uint16_t head = d->next, id = free_id(d), first = 0, flags;
	unsigned i;

	for (i = 0; table && i < count; i++)
		put_packed(d, at + 16 * (gpa_t)i, piece[i].addr, piece[i].len,
			   0, piece[i].write ? VRING_DESC_F_WRITE : 0);
	if (table) {
		piece = &whole;
		count = 1;
	}
	for (i = 0; i < count; i++) {
		flags = packed_flags(d);
		flags |= table ? VRING_DESC_F_INDIRECT : 0;
		flags |= piece[i].write ? VRING_DESC_F_WRITE : 0;
		flags |= i + 1 < count ? VRING_DESC_F_NEXT : 0;
		first = i ? first : flags;
		put_packed(d, ring + 16 * (gpa_t)d->next, piece[i].addr,
			   piece[i].len, id, i ? flags : flags ^ 0x8080);
		if (++d->next == d->size) {
			d->next = 0;
			d->wrap = !d->wrap;
		}
	}
	d->slots[id] = (uint16_t)count;
	ram_write16(d, ring + 16 * (gpa_t)head + 14, first);
	return id;
}

uint16_t driver_add(struct driver *d, unsigned n,
		    const struct driver_piece *piece, unsigned count,
		    bool table)
{
	return is_packed(d) ? add_packed(d, n, piece, count, table)
			    : add_split(d, n, piece, count, table);
}

void driver_kick(struct driver *d, unsigned n)
{
	if (d->legacy)
		driver_set(d, VIRTIO_PCI_QUEUE_NOTIFY, n, 2);
	else
		driver_set(d, VIRTIO_PCI_NOTIFY + n * VIRTIO_PCI_NOTIFY_STEP, n,
			   2);
}

static bool used_split(struct driver *d, unsigned n, uint16_t *id,
		       uint32_t *len)
{
	gpa_t used = driver_ring(d, n, VIRTQ_DEVICE);
	struct vring_used_elem e;
	unsigned i;

	if (ram_read16(d, used + 2) == d->seen)
		return false;
	ram_read(d, used + 4 + sizeof(e) * (gpa_t)(d->seen % d->size), &e,
		 sizeof(e));
	d->seen++;
	for (i = 0; i < d->size; i++)
		if (d->owner[i] == e.id + 1)
			d->owner[i] = 0;
	*id = (uint16_t)e.id;
	*len = e.len;
	return true;
}

static bool used_packed(struct driver *d, unsigned n, uint16_t *id,
			uint32_t *len)
{
	gpa_t at = driver_ring(d, n, VIRTQ_DESC) + 16 * (gpa_t)d->seen;
	struct vring_packed_desc desc;
	bool avail, used;

	ram_read(d, at, &desc, sizeof(desc));
	avail = desc.flags >> VRING_PACKED_DESC_F_AVAIL & 1;
	used = desc.flags >> VRING_PACKED_DESC_F_USED & 1;
	if (avail != used || used != d->seen_wrap)
		return false;
	*id = desc.id;
	*len = desc.len;
	d->seen = (uint16_t)(d->seen + d->slots[desc.id % d->size]);
	d->slots[desc.id % d->size] = 0;
	if (d->seen >= d->size) {
		d->seen = (uint16_t)(d->seen - d->size);
		d->seen_wrap = !d->seen_wrap;
	}
	return true;
}

bool driver_used(struct driver *d, unsigned n, uint16_t *id, uint32_t *len,
		 unsigned seconds)
{
	unsigned turns = seconds * 1000 / TURN_MS;

	do {
		if (is_packed(d) ? used_packed(d, n, id, len)
				 : used_split(d, n, id, len))
			return true;
		loop_turn(d->h->m.loop, TURN_MS);
	} while (turns--);
	return false;
}
