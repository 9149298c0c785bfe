/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzzes a virtio disk by a hostile driver: bytes are what it writes to rings,
 * registers and configuration space, and its kicks.  No KVM; the disk is in
 * memory.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hw/pci_regs.h"
#include "hw/virtio_blk.h"
#include "tests/fuzz/fuzz.h"
#include "vmm/endian.h"

#define RAM_SIZE  (1u << 20)
#define DISK_SIZE (1u << 20)
#define DEVFN	  PCI_DEVFN(3, 0)
#define PORTS	  0xc000u
#define BAR	  0x30000000u
#define MSIX	  0x20000000u
#define RINGS	  0x10000u /* 4 KiB for each part */
#define DATA	  0x20000u
#define QUEUE	  16
#define OPS_MAX	  300

struct guest {
	struct machine m;
	struct ram_block *ram;
	struct gmem_map map;
	struct pci_bus bus;
	struct blk_fronts fronts;
	struct virtio_blk *blk;
	const uint8_t *in, *end;
};

#define must(fine) ((fine) ? (void)0 : abort())

static uint32_t take(struct guest *g, unsigned n)
{
	uint32_t val = 0;

	while (n-- && g->in < g->end)
		val = val << 8 | *g->in++;
	return val;
}

static void mmio(struct guest *g, uint64_t addr, uint64_t val, unsigned size)
{
	bus_access(&g->m.mem, NULL, addr, &val, size, true);
}

static void port(struct guest *g, uint64_t addr, uint64_t val, unsigned size)
{
	bus_access(&g->m.io, NULL, addr, &val, size, true);
}

#define AT(f) (BAR + offsetof(struct virtio_pci_common_cfg, f))

static void begin_modern(struct guest *g, uint8_t how)
{
	unsigned i;

	mmio(g, AT(device_status), 0, 1);
	mmio(g, AT(guest_feature_select), 0, 4);
	mmio(g, AT(guest_feature), how & 1 ? UINT32_MAX : 0, 4);
	mmio(g, AT(guest_feature_select), 1, 4);
	mmio(g, AT(guest_feature), how & 2 ? 5 : 1, 4); /* packed; 1.0 */
	mmio(g, AT(queue_size), QUEUE, 2);
	for (i = 0; i < 3; i++)
		mmio(g, AT(queue_desc_lo) + 8 * (uint64_t)i, RINGS + i * 4096,
		     4);
	mmio(g, AT(queue_enable), 1, 2);
	mmio(g, AT(device_status), VIRTIO_CONFIG_S_DRIVER_OK, 1);
}

static void begin_legacy(struct guest *g, uint8_t how)
{
	port(g, PORTS + VIRTIO_PCI_STATUS, 0, 1);
	port(g, PORTS + VIRTIO_PCI_GUEST_FEATURES, how & 1 ? UINT32_MAX : 0, 4);
	port(g, PORTS + VIRTIO_PCI_QUEUE_PFN, RINGS >> 12, 4);
	port(g, PORTS + VIRTIO_PCI_STATUS, VIRTIO_CONFIG_S_DRIVER_OK, 1);
}

static void begin(struct guest *g, uint8_t how)
{
	pci_config_write(&g->bus, DEVFN, PCI_BASE_ADDRESS_0, PORTS, 4);
	pci_config_write(&g->bus, DEVFN, PCI_BASE_ADDRESS_1, MSIX, 4);
	pci_config_write(&g->bus, DEVFN, PCI_BASE_ADDRESS_4, BAR, 4);
	pci_config_write(&g->bus, DEVFN, PCI_COMMAND, 7, 2);
	if (how & 4)
		begin_legacy(g, how);
	else
		begin_modern(g, how);
}

/* A descriptor, of either kind; addresses mostly within RAM. */
static void write_descriptor(struct guest *g)
{
	uint64_t at = RINGS + take(g, 1) % (2 * QUEUE) * 16;
	uint8_t raw[16];

	store_le64(raw, (uint64_t)take(g, 1) << 56 | take(g, 3));
	store_le32(raw + 8, take(g, 2));
	store_le16(raw + 12, (uint16_t)take(g, 2));
	store_le16(raw + 14, (uint16_t)take(g, 2));
	gmem_write(&g->m.gmem, at, raw, sizeof(raw));
}

static void write_ram(struct guest *g)
{
	uint64_t at = RINGS + take(g, 3) % (RAM_SIZE / 2);
	uint8_t byte;
	unsigned n = take(g, 1) % 32;

	while (n--) {
		byte = (uint8_t)take(g, 1);
		gmem_write(&g->m.gmem, at++, &byte, 1);
	}
}

static void make_available(struct guest *g)
{
	uint16_t idx = (uint16_t)take(g, 1), head = (uint16_t)take(g, 1);

	gmem_write(&g->m.gmem, RINGS + 4096 + 4 + 2 * (idx % QUEUE), &head, 2);
	idx++;
	gmem_write(&g->m.gmem, RINGS + 4096 + 2, &idx, 2);
}

/* type, sector: where descriptors may find a request. */
static void write_header(struct guest *g)
{
	uint8_t raw[16] = {0};

	store_le32(raw, take(g, 1));
	store_le64(raw + 8, take(g, 2));
	gmem_write(&g->m.gmem, DATA + take(g, 1) * 16, raw, sizeof(raw));
}

static void registers(struct guest *g)
{
	uint64_t off = take(g, 2), val = take(g, 4);
	unsigned size = 1u << take(g, 1) % 3;

	mmio(g, BAR + off % 0x4000, val, size);
	port(g, PORTS + off % 0x80, val, size);
	mmio(g, MSIX + (off % 0x1000 & ~7u), val, 4);
}

static void configuration(struct guest *g)
{
	unsigned off = take(g, 1), size = 1u << take(g, 1) % 3;

	pci_config_write(&g->bus, DEVFN, off, take(g, 4), size);
	pci_config_read(&g->bus, DEVFN, off, size);
}

static void step(struct guest *g)
{
	switch (take(g, 1) % 9) {
	case 0:
		write_ram(g);
		break;
	case 1:
	case 2:
		write_descriptor(g);
		break;
	case 3:
		make_available(g);
		break;
	case 4:
		write_header(g);
		break;
	case 5:
		mmio(g, BAR + VIRTIO_PCI_NOTIFY, 0, 2);
		port(g, PORTS + VIRTIO_PCI_QUEUE_NOTIFY, 0, 2);
		break;
	case 6:
		registers(g);
		break;
	case 7:
		configuration(g);
		break;
	default:
		loop_turn(g->m.loop, 0);
		begin(g, (uint8_t)take(g, 1));
	}
}

static struct blk_front *medium(struct guest *g)
{
	static int fd = -1;
	struct blk_node *node;
	char path[64];
	const struct blk_open how = {.filename = path,
				     .format = "raw",
				     .flags = BLK_O_RDWR};

	if (fd < 0)
		fd = memfd_create("disk", 0);
	must(ftruncate(fd, 0) == 0 && ftruncate(fd, DISK_SIZE) == 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	node = blk_open_alone(&how, NULL);
	must(node != NULL);
	return blk_front_new(&g->fronts, "virtio0", node, false, NULL);
}

static void start(struct guest *g)
{
	struct device *dev;

	must(machine_init(&g->m, NULL) == 0);
	g->m.loop = loop_new(NULL, NULL);
	blk_fronts_init(&g->fronts);
	g->m.fronts = &g->fronts;
	g->ram = gmem_block_new(&g->m.gmem, "ram", RAM_SIZE, NULL);
	must(g->m.loop && g->ram &&
	     gmem_map(&g->m.gmem, &g->map, 0, g->ram, 0, RAM_SIZE, GMEM_RAM, 0,
		      NULL) == 0);
	pci_bus_init(&g->bus, &g->m, "pci.0");
	dev = device_new(&g->m, &virtio_blk_pci_class, NULL, NULL, NULL, NULL);
	must(dev != NULL);
	g->blk = (struct virtio_blk *)dev;
	g->blk->vp.pci.bus = &g->bus;
	g->blk->vp.pci.devfn = DEVFN;
	g->blk->vp.packed = true;
	g->blk->front = medium(g);
	must(g->blk->front && device_start(dev, NULL) == 0);
	dev->class->reset(dev);
}

static void end(struct guest *g)
{
	device_free(&g->blk->vp.pci.dev);
	blk_fronts_fini(&g->fronts);
	loop_free(g->m.loop);
	gmem_unmap(&g->m.gmem, &g->map);
	machine_fini(&g->m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct guest g;
	unsigned n;

	g = (struct guest){.in = data, .end = data + size};
	start(&g);
	begin(&g, (uint8_t)take(&g, 1));
	for (n = 0; g.in < g.end && n < OPS_MAX; n++)
		step(&g);
	end(&g);
	return 0;
}
