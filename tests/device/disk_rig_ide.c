/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PIIX3's channels, with a disk at 0.0 or a CD-ROM at 1.0. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hw/piix3_ide.h"
#include "tests/device/disk_rig.h"
#include "vmm/endian.h"

#define SECTORS 4096u
#define DEVFN	PCI_DEVFN(1, 1)
#define BMDMA	0xc000u
#define PRD	0x1000u
#define LAST	0x80000000u
#define LIMIT	0xf800u
#define PER_CD	(ATAPI_SECTOR / BLK_SECTOR)
#define NO_BUSY (ATA_BSY | ATA_DRQ)
#define PRD_MAX 0x10000u

enum { PIO, DMA, CD_PIO, CD_DMA };

static struct {
	struct harness h;
	struct piix3_ide *ide;
	struct pci_bus bus;
	struct blk_fronts fronts;
	struct blk_front *front;
	char path[32];
	unsigned base; /* of the channel's ports */
	bool write;
	uint32_t pos, len;
	unsigned edges;
} g;

static void make_image(void)
{
	uint8_t *data = malloc((size_t)SECTORS * BLK_SECTOR);
	const size_t len = (size_t)SECTORS * BLK_SECTOR;
	size_t i;
	int fd;

	for (i = 0; i < len; i++)
		data[i] = (uint8_t)(i * 7 + i / BLK_SECTOR);
	snprintf(g.path, sizeof(g.path), "/tmp/pcvm-rig-XXXXXX");
	fd = mkstemp(g.path);
	ck_assert(write(fd, data, len) == (ssize_t)len);
	close(fd);
	free(data);
}

static void plug_in(const struct disk_rig *r)
{
	bool cdrom = r->removable;
	const struct blk_open how = {.filename = g.path,
				     .format = "raw",
				     .flags = cdrom ? 0 : BLK_O_RDWR};
	struct error err = {0};
	struct blk_node *node = blk_open_alone(&how, &err);
	struct ide_drive *d = &g.ide->channel[cdrom].drive[0];

	ck_assert_msg(node != NULL, "%s", err.msg);
	g.front = blk_front_new(&g.fronts, "ide", node, cdrom, &err);
	ck_assert_int_eq(ide_attach(d, &g.h.m, g.front, cdrom, 1, NULL, &err),
			 0);
	g.base = cdrom ? 0x170 : 0x1f0;
}

static void place(void)
{
	pci_config_write(&g.bus, DEVFN, 0x20, BMDMA, 4);
	pci_config_write(&g.bus, DEVFN, 4, 5, 2);
}

static void set_up(const struct disk_rig *r)
{
	make_image();
	harness_init(&g.h, 0);
	g.h.m.loop = loop_new(NULL, NULL);
	g.h.m.state = RUN_STATE_RUNNING;
	blk_fronts_init(&g.fronts);
	g.h.m.fronts = &g.fronts;
	pci_bus_init(&g.bus, &g.h.m, "pci.0");
	g.ide = (struct piix3_ide *)harness_new(&g.h, &piix3_ide_class);
	g.ide->pci.bus = &g.bus;
	g.ide->pci.devfn = DEVFN;
	g.ide->pci.dev.irq[0] = harness_irq(&g.h, 14);
	g.ide->pci.dev.irq[1] = harness_irq(&g.h, 15);
	harness_start(&g.ide->pci.dev);
	plug_in(r);
	g.ide->pci.dev.class->reset(&g.ide->pci.dev);
	place();
}

static void tear_down(void)
{
	g.ide->pci.dev.class->quiesce(&g.ide->pci.dev);
	loop_turn(g.h.m.loop, 0);
	while (!list_empty(&g.h.m.devices))
		device_free(
			container_of(g.h.m.devices.prev, struct device, link));
	blk_fronts_fini(&g.fronts);
	loop_free(g.h.m.loop);
	machine_fini(&g.h.m);
	unlink(g.path);
}

static struct blk_front *front(void)
{
	return g.front;
}

static const char *path(void)
{
	return g.path;
}

static void set(unsigned reg, unsigned val)
{
	outb(&g.h, (uint16_t)(g.base + reg), (uint8_t)val);
}

static uint8_t status(void)
{
	return inb(&g.h, (uint16_t)(g.base + 0x206));
}

static unsigned master(void)
{
	return g.base == 0x1f0 ? BMDMA : BMDMA + 8;
}

static void give_table(void)
{
	uint32_t at, n;
	uint8_t prd[8];

	if (g.write)
		gmem_write(&g.h.m.gmem, RIG_AT, rig_data, g.len);
	for (at = 0; at < g.len; at += n) {
		n = g.len - at < PRD_MAX ? g.len - at : PRD_MAX;
		store_le32(prd, RIG_AT + at);
		store_le32(prd + 4,
			   (n & 0xffff) | (at + n == g.len ? LAST : 0));
		gmem_write(&g.h.m.gmem, PRD + at / PRD_MAX * 8, prd, 8);
	}
	outl(&g.h, (uint16_t)(master() + 4), PRD);
}

static void start_master(void)
{
	outb(&g.h, (uint16_t)(master() + 2), 6);
	outb(&g.h, (uint16_t)master(), g.write ? 1 : 9);
}

static void begin_ata(uint32_t lba, unsigned sectors, bool dma)
{
	set(2, sectors);
	set(3, lba);
	set(4, lba >> 8);
	set(5, lba >> 16);
	set(6, 0xe0);
	if (dma)
		set(7, g.write ? 0xca : 0xc8);
	else
		set(7, g.write ? 0x30 : 0x20);
}

static void begin_packet(uint32_t lba, unsigned sectors, bool dma)
{
	uint8_t packet[ATAPI_PACKET] = {0x28};
	unsigned i;

	store_be32(packet + 2, lba / PER_CD);
	store_be16(packet + 7, (uint16_t)(sectors / PER_CD));
	set(1, dma);
	set(4, LIMIT & 0xff);
	set(5, LIMIT >> 8);
	set(6, 0);
	set(7, ATA_CMD_PACKET);
	for (i = 0; i < ATAPI_PACKET; i += 2)
		outw(&g.h, (uint16_t)g.base, load_le16(packet + i));
}

static void begin(const struct disk_rig *r, uint32_t lba, unsigned sectors,
		  bool write)
{
	bool dma = r->way == DMA || r->way == CD_DMA;

	g.write = write;
	g.pos = 0;
	g.len = sectors * BLK_SECTOR;
	if (dma)
		give_table();
	if (r->removable)
		begin_packet(lba, sectors, dma);
	else
		begin_ata(lba, sectors, dma);
	if (dma)
		start_master();
}

/* As many bytes as the drive has for a block. */
static void move_block(const struct disk_rig *r)
{
	uint32_t n = BLK_SECTOR;

	if (r->removable)
		n = inb(&g.h, (uint16_t)(g.base + 4)) |
		    (uint32_t)inb(&g.h, (uint16_t)(g.base + 5)) << 8;
	ck_assert_uint_le(g.pos + n, g.len);
	for (; n; n -= 2, g.pos += 2)
		if (g.write)
			outw(&g.h, (uint16_t)g.base,
			     load_le16(rig_data + g.pos));
		else
			store_le16(rig_data + g.pos,
				   inw(&g.h, (uint16_t)g.base));
}

static enum rig_end end_dma(enum rig_end how)
{
	outb(&g.h, (uint16_t)master(), 0);
	gmem_read(&g.h.m.gmem, RIG_AT, rig_data, g.len);
	return how;
}

static enum rig_end poll(const struct disk_rig *r)
{
	bool dma = r->way == DMA || r->way == CD_DMA;
	uint8_t s = status();

	if (s & ATA_BSY || (dma && s & ATA_DRQ))
		return RIG_BUSY;
	if (s & ATA_DRQ) {
		move_block(r);
		return RIG_BUSY;
	}
	g.edges = g.h.edges[14] + g.h.edges[15];
	inb(&g.h, (uint16_t)(g.base + 7));
	if (dma)
		return end_dma(s & ATA_ERR ? RIG_BAD : RIG_GOOD);
	if (!(s & ATA_ERR) && g.pos < g.len) /* an end too soon */
		return RIG_BAD;
	return s & ATA_ERR ? RIG_BAD : RIG_GOOD;
}

static bool is_quiet(const struct disk_rig *r)
{
	return !(status() & NO_BUSY) &&
	       g.edges == g.h.edges[14] + g.h.edges[15];
}

static void reset(const struct disk_rig *r)
{
	place();
	outb(&g.h, (uint16_t)(g.base + 0x206), 4);
	outb(&g.h, (uint16_t)(g.base + 0x206), 0);
	outb(&g.h, (uint16_t)master(), 0);
	g.edges = g.h.edges[14] + g.h.edges[15];
}

#define RIG(name_, way_, sectors_, cdrom) \
	{ \
		.name = name_, .h = &g.h, .way = way_, .sectors = sectors_, \
		.steps = (way_) == PIO ? 3 : 2, .readonly = cdrom, \
		.removable = cdrom, .set_up = set_up, .tear_down = tear_down, \
		.front = front, .path = path, .begin = begin, .poll = poll, \
		.is_quiet = is_quiet, .reset = reset \
	}

const struct disk_rig rigs_ide[] = {
	RIG("IDE by PIO", PIO, 3, false),
	RIG("IDE by DMA", DMA, 200, false),
	RIG("ATAPI by PIO", CD_PIO, 160, true),
	RIG("ATAPI by DMA", CD_DMA, 160, true),
	{.name = NULL},
};
