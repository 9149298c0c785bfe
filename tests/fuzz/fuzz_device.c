/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzzes the devices of a PC: bytes are port and memory accesses, time that
 * passes, resets, and saving and loading.  No KVM; the disk is in memory.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hw/acpi.h"
#include "hw/fw_cfg.h"
#include "hw/hpet.h"
#include "hw/i440fx.h"
#include "hw/i8042.h"
#include "hw/i8237.h"
#include "hw/mc146818.h"
#include "hw/ns16550a.h"
#include "hw/piix3.h"
#include "hw/piix3_ide.h"
#include "hw/piix4_pm.h"
#include "hw/port92.h"
#include "hw/pvpanic.h"
#include "hw/vga.h"
#include "tests/fuzz/fuzz.h"
#include "vmm/device.h"
#include "vmm/endian.h"
#include "vmm/machine.h"

#define RAM_SIZE   (1u << 20)
#define BIOS_SIZE  0x40000u
#define DISK_SIZE  (1u << 20)
#define BMDMA	   0xc000
#define PM_BASE	   0x600
#define VRAM_BASE  0xe0000000u
#define VREGS_BASE 0xf0000000u
#define PRD_PLACE  0x1000u
#define OPS_MAX	   400
#define DEVICES	   16

enum { SLOT_HOST, SLOT_ISA = 1, SLOT_VGA = 2 };

struct pc {
	struct machine m;
	struct ram_block *ram, *bios;
	struct gmem_map ram_map;
	struct blk_fronts fronts;
	struct device *dev[DEVICES];
	unsigned n;
	struct i440fx *fx;
	const uint8_t *in, *end;
};

static void fail(int line)
{
	fprintf(stderr, "line %d\n", line);
	abort();
}

#define must(fine) ((fine) ? (void)0 : fail(__LINE__))

static bool swallow(void *ctx, unsigned n, bool level)
{
	return true;
}

static struct device *make(struct pc *pc, const struct device_class *class)
{
	struct device *dev =
		device_new(&pc->m, class, NULL, class->name, NULL, NULL);
	unsigned i;

	must(dev && pc->n < DEVICES);
	for (i = 0; i < DEVICE_IRQS; i++)
		dev->irq[i] = (struct irq){.set = swallow};
	pc->dev[pc->n++] = dev;
	return dev;
}

static void map(struct pc *pc, struct device *dev, unsigned n, uint64_t base)
{
	must(device_map(dev, n, &pc->m.io, base, NULL) == 0);
}

static void begin(struct device *dev)
{
	struct error err = {0};

	if (device_start(dev, &err) < 0) {
		fprintf(stderr, "%s: %s\n", dev->class->name, err.msg);
		abort();
	}
}

static void make_pci(struct pc *pc, const struct device_class *class, int devfn)
{
	struct pci_device *pci = (struct pci_device *)make(pc, class);

	pci->bus = &pc->fx->bus;
	pci->devfn = devfn;
}

static void make_bridges(struct pc *pc)
{
	struct device *isa, *pm;
	unsigned i;

	pc->fx = (struct i440fx *)make(pc, &i440fx_class);
	pc->fx->pci.devfn = SLOT_HOST;
	map(pc, &pc->fx->pci.dev, 0, 0xcf8);
	map(pc, &pc->fx->pci.dev, 1, 0xcfc);
	begin(&pc->fx->pci.dev);
	must(i440fx_set_memory(pc->fx, pc->ram, pc->bios, NULL) == 0);
	make_pci(pc, &piix3_class, PCI_DEVFN(SLOT_ISA, 0));
	isa = pc->dev[pc->n - 1];
	map(pc, isa, 0, 0xcf9);
	for (i = 0; i < PIIX3_PINS; i++)
		pc->fx->bus.pin[i] = piix3_pin((struct piix3 *)isa, i);
	begin(isa);
	make_pci(pc, &piix4_pm_class, PCI_DEVFN(SLOT_ISA, 3));
	pm = pc->dev[pc->n - 1];
	map(pc, pm, 0, PIIX4_SMI_PORT);
	map(pc, pm, 1, PIIX4_GPE_BASE);
	begin(pm);
}

/* A disk and a CD-ROM over memory, emptied each time. */
static struct blk_front *medium(struct pc *pc, const char *name, bool cdrom)
{
	static int fd = -1;
	struct blk_node *node;
	char path[64];
	const struct blk_open how = {.filename = path, .format = "raw"};

	if (fd < 0)
		fd = memfd_create("disk", 0);
	must(ftruncate(fd, 0) == 0 && ftruncate(fd, DISK_SIZE) == 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	node = blk_open_alone(&how, NULL);
	must(node != NULL);
	return blk_front_new(&pc->fronts, name, node, cdrom, NULL);
}

static void attach_drive(struct pc *pc, struct ide_drive *d, const char *name,
			 unsigned number)
{
	bool cdrom = !strcmp(name, "cd");

	must(ide_attach(d, &pc->m, medium(pc, name, cdrom), cdrom, number, NULL,
			NULL) == 0);
}

static void make_ide(struct pc *pc)
{
	struct piix3_ide *ide;

	make_pci(pc, &piix3_ide_class, PCI_DEVFN(SLOT_ISA, 1));
	ide = (struct piix3_ide *)pc->dev[pc->n - 1];
	begin(&ide->pci.dev);
	attach_drive(pc, &ide->channel[0].drive[0], "hd", 0);
	attach_drive(pc, &ide->channel[1].drive[0], "cd", 2);
}

static void make_fw_cfg(struct pc *pc)
{
	static const char text[300] = "a file";
	struct device *dev = make(pc, &fw_cfg_class);
	struct fw_cfg *fw = fw_cfg_from(dev);

	map(pc, dev, FW_CFG_REGION_IO, FW_CFG_IO_BASE);
	map(pc, dev, FW_CFG_REGION_DMA, FW_CFG_DMA_BASE);
	begin(dev);
	must(fw_cfg_add_u32(fw, FW_CFG_RAM_SIZE, RAM_SIZE, NULL) == 0);
	must(fw_cfg_add_file(fw, "etc/a", text, sizeof(text), NULL) == 0);
	must(fw_cfg_add_file(fw, "etc/empty", NULL, 0, NULL) == 0);
}

/* Devices on ports alone: each region follows the one before. */
static const struct {
	const struct device_class *class;
	uint16_t base[3];
} simple[] = {
	{&i8042_class, {0x60, 0x64}}, {&i8237_class, {0x00, 0xc0, 0x80}},
	{&mc146818_class, {0x70}},    {&ns16550a_class, {0x3f8}},
	{&port92_class, {0x92}},      {&pvpanic_class, {0x505}},
};

static void make_simple(struct pc *pc)
{
	struct device *dev;
	size_t i;
	unsigned n;

	for (i = 0; i < sizeof(simple) / sizeof(*simple); i++) {
		dev = make(pc, simple[i].class);
		for (n = 0; n < 3 && simple[i].class->regions[n].name; n++)
			map(pc, dev, n, simple[i].base[n]);
		begin(dev);
	}
}

static void make_others(struct pc *pc)
{
	struct device *dev = make(pc, &hpet_class);

	must(device_map(dev, 0, &pc->m.mem, ACPI_HPET_BASE, NULL) == 0);
	begin(dev);
	make_pci(pc, &vga_class, PCI_DEVFN(SLOT_VGA, 0));
	dev = pc->dev[pc->n - 1];
	((struct vga *)dev)->vram_mb = 1;
	begin(dev);
}

static void out(struct pc *pc, uint16_t port, uint32_t val, unsigned size)
{
	uint8_t raw[8];

	store_le64(raw, val);
	bus_access(&pc->m.io, NULL, port, raw, size, true);
}

static void config(struct pc *pc, unsigned devfn, unsigned reg, uint32_t val)
{
	out(pc, 0xcf8, 1u << 31 | devfn << 8 | reg, 4);
	out(pc, 0xcfc, val, 4);
}

/* What a BIOS does, so that the registers are there from the start. */
static void set_up(struct pc *pc)
{
	config(pc, PCI_DEVFN(SLOT_ISA, 1), 0x20, BMDMA);
	config(pc, PCI_DEVFN(SLOT_ISA, 1), 0x04, 5);
	config(pc, PCI_DEVFN(SLOT_ISA, 3), 0x40, PM_BASE);
	config(pc, PCI_DEVFN(SLOT_ISA, 3), 0x80, 1);
	config(pc, PCI_DEVFN(SLOT_VGA, 0), 0x10, VRAM_BASE);
	config(pc, PCI_DEVFN(SLOT_VGA, 0), 0x18, VREGS_BASE);
	config(pc, PCI_DEVFN(SLOT_VGA, 0), 0x04, 3);
	out(pc, BMDMA + 4, PRD_PLACE, 4);
	out(pc, BMDMA + 12, PRD_PLACE, 4);
}

static void reset_all(struct pc *pc)
{
	device_reset_all(&pc->m);
	set_up(pc);
}

static void start(struct pc *pc)
{
	memset(pc, 0, sizeof(*pc));
	must(machine_init(&pc->m, NULL) == 0);
	pc->m.loop = loop_new(NULL, NULL);
	must(pc->m.loop != NULL);
	clock_init_manual(&pc->m.virt, NS_PER_SEC);
	clock_init_manual(&pc->m.host, NS_PER_SEC);
	clock_init_manual(&pc->m.realtime, NS_PER_SEC);
	blk_fronts_init(&pc->fronts);
	pc->ram = gmem_block_new(&pc->m.gmem, "ram", RAM_SIZE, NULL);
	pc->bios = gmem_block_new(&pc->m.gmem, "bios", BIOS_SIZE, NULL);
	must(pc->ram && pc->bios);
	must(gmem_map(&pc->m.gmem, &pc->ram_map, 0, pc->ram, 0, RAM_SIZE,
		      GMEM_RAM, 0, NULL) == 0);
	make_bridges(pc);
	make_ide(pc);
	make_fw_cfg(pc);
	make_simple(pc);
	make_others(pc);
	reset_all(pc);
}

static void stop(struct pc *pc)
{
	unsigned i;

	for (i = 0; i < pc->n; i++)
		if (pc->dev[i]->class->quiesce)
			pc->dev[i]->class->quiesce(pc->dev[i]);
	loop_turn(pc->m.loop, 0);
	while (!list_empty(&pc->m.devices))
		device_free(
			container_of(pc->m.devices.prev, struct device, link));
	blk_fronts_fini(&pc->fronts);
	loop_unpost(pc->m.loop, &pc->m.request_task);
	loop_free(pc->m.loop);
	machine_fini(&pc->m);
}

/* The next n bytes of the input, as a number; zeros after its end. */
static uint64_t take(struct pc *pc, unsigned n)
{
	uint8_t raw[8] = {0};
	size_t have = (size_t)(pc->end - pc->in);

	if (n > have)
		n = (unsigned)have;
	memcpy(raw, pc->in, n);
	pc->in += n;
	return load_le64(raw);
}

/* Where accesses go: the registers of the devices, more often than not. */
static const struct {
	uint32_t base, len;
	bool memory;
} places[] = {
	{0x1f0, 8, false},	    {0x3f6, 1, false},
	{0x170, 8, false},	    {0x376, 1, false},
	{BMDMA, 16, false},	    {0xcf8, 8, false},
	{0x60, 5, false},	    {0x00, 16, false},
	{0xc0, 32, false},	    {0x80, 16, false},
	{0x70, 4, false},	    {0x3f8, 8, false},
	{0x92, 1, false},	    {0x505, 1, false},
	{0xcf9, 1, false},	    {FW_CFG_IO_BASE, 12, false},
	{PM_BASE, 64, false},	    {PIIX4_SMI_PORT, 2, false},
	{PIIX4_GPE_BASE, 4, false}, {0x3b0, 48, false},
	{0x1ce, 4, false},	    {0xa0000, 0x20000, true},
	{VREGS_BASE, 0x1000, true}, {ACPI_HPET_BASE, 0x400, true},
	{0, 0x10000, false},	    {PRD_PLACE, 64, true},
};

#define PLACES (sizeof(places) / sizeof(*places))

static void access_bus(struct pc *pc, bool write)
{
	static const uint8_t sizes[] = {1, 2, 4, 8};
	unsigned at = (unsigned)take(pc, 1) % PLACES;
	bool memory = places[at].memory;
	uint64_t addr = places[at].base +
			take(pc, places[at].len > 256 ? 3 : 1) % places[at].len;
	unsigned size = sizes[take(pc, 1) % (memory ? 4 : 3)];
	uint8_t raw[8];

	store_le64(raw, write ? take(pc, size) : 0);
	/* Registers are where KVM's slots have no memory. */
	if (memory && (write ? gmem_write(&pc->m.gmem, addr, raw, size)
			     : gmem_read(&pc->m.gmem, addr, raw, size)))
		return;
	bus_access(memory ? &pc->m.mem : &pc->m.io, NULL, addr, raw, size,
		   write);
}

static void access_rep(struct pc *pc)
{
	unsigned how = (unsigned)take(pc, 1), size = how & 1 ? 2 : 4;
	uint16_t port = how & 4 ? 0x170 : 0x1f0;
	size_t count = 1 + take(pc, 2) % 300;
	uint8_t buf[1200];

	memset(buf, (int)take(pc, 1), sizeof(buf));
	bus_access_rep(&pc->m.io, NULL, port, buf, size, count, how & 2);
}

/* A command as drivers write it, for the disk or the CD-ROM. */
static void command_block(struct pc *pc)
{
	uint16_t base = take(pc, 1) & 1 ? 0x170 : 0x1f0;
	unsigned i;

	for (i = 1; i < 8; i++)
		out(pc, (uint16_t)(base + i), (uint32_t)take(pc, 1), 1);
}

static void write_ram(struct pc *pc)
{
	uint32_t at = (uint32_t)take(pc, 3) % (RAM_SIZE - 16);
	uint8_t raw[8];

	store_le64(raw, take(pc, 8));
	gmem_write(&pc->m.gmem, at, raw, sizeof(raw));
}

/* Seconds at most: a timer may run a million times in one. */
static void pass_time(struct pc *pc)
{
	int64_t ns = INT64_C(1) << take(pc, 1) % 31;

	clock_advance(&pc->m.virt, ns);
	clock_advance(&pc->m.host, ns);
	clock_advance(&pc->m.realtime, ns);
}

/* Lets the disks come to an end with what they do. */
static void turn(struct pc *pc)
{
	unsigned i;

	for (i = 0; i < 4; i++)
		loop_turn(pc->m.loop, i ? 1 : 0);
}

/* What is saved loads, and is then the same. */
static void save_and_load(struct pc *pc)
{
	struct device *dev = pc->dev[take(pc, 1) % pc->n];
	const struct state_desc *desc = dev->class->state;
	size_t size = 0, again = 0;
	uint8_t *before = state_save(desc, dev, &size), *after;

	must(state_load(desc, dev, before, size, desc->version, NULL) == 0);
	after = state_save(desc, dev, &again);
	must(size == again && !memcmp(before, after, size));
	/* With a bit of it changed it is refused, or taken. */
	if (size) {
		before[take(pc, 2) % size] ^= (uint8_t)take(pc, 1);
		state_load(desc, dev, before, size, desc->version, NULL);
	}
	free(before);
	free(after);
}

static void run_op(struct pc *pc)
{
	unsigned op = (unsigned)take(pc, 1) % 16;

	if (op < 6)
		access_bus(pc, true);
	else if (op < 8)
		access_bus(pc, false);
	else if (op < 9)
		command_block(pc);
	else if (op < 10)
		access_rep(pc);
	else if (op < 11)
		turn(pc);
	else if (op < 13)
		pass_time(pc);
	else if (op < 14)
		write_ram(pc);
	else if (op < 15)
		save_and_load(pc);
	else if (!(take(pc, 1) & 7))
		reset_all(pc);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pc *pc = malloc(sizeof(*pc));
	unsigned n;

	must(pc != NULL);
	start(pc);
	pc->in = data;
	pc->end = data + size;
	for (n = 0; n < OPS_MAX && pc->in < pc->end; n++)
		run_op(pc);
	stop(pc);
	free(pc);
	return 0;
}
