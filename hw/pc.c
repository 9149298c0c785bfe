/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The wiring screen of the PC: every port, interrupt and slot is here.
 */
#include "hw/pc.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hw/acpi.h"
#include "hw/acpi_cpu_hotplug.h"
#include "hw/acpi_pci_hotplug.h"
#include "hw/boot_order.h"
#include "hw/cmos.h"
#include "hw/fw_cfg.h"
#include "hw/i8042.h"
#include "hw/i8237.h"
#include "hw/pc_board.h"
#include "hw/pc_drives.h"
#include "hw/pc_firmware.h"
#include "hw/pc_flash.h"
#include "hw/port92.h"
#include "hw/vga.h"
#include "vmm/config.h"

enum { ISA_IRQS = 16, SOURCES = 32 };

#define NO_PORT -1

/* Fixed devices of the ISA side: where their regions and interrupts are. */
struct isa_wire {
	const struct device_class *class;
	const char *name;
	int32_t port[3]; /* of regions 0 to 2 */
	int8_t irq[2]; /* of outputs 0 and 1, -1: none */
};

static const struct isa_wire isa_wires[] = {
	{&i8042_class, "i8042", {0x60, 0x64, NO_PORT}, {1, 12}},
	{&i8237_class, "dma", {0x00, 0xc0, 0x80}, {-1, -1}},
	{&port92_class, "port92", {0x92, NO_PORT, NO_PORT}, {-1, -1}},
};

const struct pc_serial_wire pc_serial_wires[PC_SERIALS] = {
	{0x3f8, 4},
	{0x2f8, 3},
	{0x3e8, 4},
	{0x2e8, 3},
};

const uint64_t pc_testdev_places[PC_TESTDEV_REGIONS] = {
	[PC_TESTDEV_LATCH] = 0xe0,	  [PC_TESTDEV_FLUSH] = 0xe4,
	[PC_TESTDEV_LATCH_BYTES] = 0xe8,  [PC_TESTDEV_LINES] = 0x2000,
	[PC_TESTDEV_MEMORY] = 0xff000000,
};

/* The slots of the PCI bus. */
enum {
	SLOT_HOST = PCI_DEVFN(0, 0),
	SLOT_PIIX3 = PCI_DEVFN(1, 0),
	SLOT_IDE = PCI_DEVFN(1, 1),
	SLOT_PM = PCI_DEVFN(1, 3),
	SLOT_VGA = PCI_DEVFN(2, 0),
};

enum { IRQ_FDC = 6, IRQ_RTC = 8, IRQ_SCI = 9, IRQ_IDE = 14 };
enum { VGA_WINDOW = 0xa0000, VGA_WINDOW_SIZE = 0x20000 };
enum {
	PORT_POST = 0x80,
	PORT_RTC = 0x70,
	PORT_FDC = 0x3f1,
	PORT_FDC_DIR = 0x3f7,
	PORT_RESET = 0xcf9,
	PORT_PCI = 0xcf8
};

/* A new end of the wire to interrupt n, the first 16 of which are ISA's. */
struct irq pc_irq(struct pc *pc, unsigned n)
{
	return irq_or_input(&pc->gsi[n], pc->sources[n]++ % SOURCES);
}

struct device *pc_new_device(struct pc *pc, const struct device_class *class,
			     const char *name, struct error *err)
{
	return device_new(pc->m, class, NULL, name, NULL, err);
}

static int wire_isa(struct pc *pc, const struct isa_wire *w, struct error *err)
{
	struct device *dev = pc_new_device(pc, w->class, w->name, err);
	unsigned i;

	if (!dev)
		return -ENOMEM;
	for (i = 0; i < 3; i++)
		if (w->port[i] != NO_PORT &&
		    device_map(dev, i, &pc->m->io, (uint64_t)w->port[i], err) <
			    0)
			return -ENOMEM;
	if (w->class == &i8237_class)
		pc->dma = (struct i8237 *)dev;
	for (i = 0; i < 2; i++)
		if (w->irq[i] >= 0)
			dev->irq[i] = pc_irq(pc, (unsigned)w->irq[i]);
	return device_start(dev, err);
}

static int build_isa(struct pc *pc, struct error *err)
{
	size_t i;
	int rc = 0;

	/* POST codes, and what guests write there to pass the time. */
	kvm_coalesce(pc->m->kvm, true, PORT_POST, 1);
	for (i = 0; i < sizeof(isa_wires) / sizeof(*isa_wires) && !rc; i++)
		rc = wire_isa(pc, &isa_wires[i], err);
	return rc;
}

static int build_fdc(struct pc *pc, struct error *err)
{
	struct device *dev = pc_new_device(pc, &i82078_class, "fdc", err);

	if (!dev ||
	    device_map(dev, I82078_REGION_PORTS, &pc->m->io, PORT_FDC, err) <
		    0 ||
	    device_map(dev, I82078_REGION_DIR, &pc->m->io, PORT_FDC_DIR, err) <
		    0)
		return -ENOMEM;
	pc->fdc = (struct i82078 *)dev;
	pc->fdc->dma = pc->dma;
	dev->irq[0] = pc_irq(pc, IRQ_FDC);
	return device_start(dev, err);
}

static int build_host(struct pc *pc, struct error *err)
{
	struct device *dev = pc_new_device(pc, &i440fx_class, "i440fx", err);

	if (!dev)
		return -ENOMEM;
	pc->host = (struct i440fx *)dev;
	pc->host->pci.devfn = SLOT_HOST;
	if (device_map(dev, 0, &pc->m->io, PORT_PCI, err) < 0 ||
	    device_map(dev, 1, &pc->m->io, PORT_PCI + 4, err) < 0)
		return -ENOMEM;
	return device_start(dev, err);
}

static int build_piix3(struct pc *pc, struct error *err)
{
	struct device *dev = pc_new_device(pc, &piix3_class, "piix3", err);
	unsigned i;

	if (!dev || device_map(dev, 0, &pc->m->io, PORT_RESET, err) < 0)
		return -ENOMEM;
	pc->piix3 = (struct piix3 *)dev;
	pc->piix3->pci.bus = &pc->host->bus;
	pc->piix3->pci.devfn = SLOT_PIIX3;
	for (i = 0; i < ISA_IRQS; i++)
		dev->irq[i] = pc_irq(pc, i);
	for (i = 0; i < PIIX3_PINS; i++)
		pc->host->bus.pin[i] = piix3_pin(pc->piix3, PIIX3_PIRQ(i));
	return device_start(dev, err);
}

static int build_pm(struct pc *pc, struct error *err)
{
	struct device *dev = pc_new_device(pc, &piix4_pm_class, "pm", err);

	if (!dev || device_map(dev, 0, &pc->m->io, PIIX4_SMI_PORT, err) < 0 ||
	    device_map(dev, 1, &pc->m->io, PIIX4_GPE_BASE, err) < 0)
		return -ENOMEM;
	pc->pm = (struct piix4_pm *)dev;
	pc->pm->pci.bus = &pc->host->bus;
	pc->pm->pci.devfn = SLOT_PM;
	dev->irq[0] = pc_irq(pc, IRQ_SCI);
	return device_start(dev, err);
}

static int build_ide(struct pc *pc, struct error *err)
{
	struct device *dev = pc_new_device(pc, &piix3_ide_class, "ide", err);
	unsigned i;
	int rc;

	if (!dev)
		return -ENOMEM;
	pc->ide = (struct piix3_ide *)dev;
	pc->ide->pci.bus = &pc->host->bus;
	pc->ide->pci.devfn = SLOT_IDE;
	for (i = 0; i < IDE_CHANNELS; i++)
		dev->irq[i] = pc_irq(pc, IRQ_IDE + i);
	rc = device_start(dev, err);
	if (rc == 0)
		rc = pc_drives_attach(pc->ide, pc->fdc, pc->m, err);
	if (rc == 0)
		dev->class->reset(dev); /* with the drives' signatures */
	return rc;
}

static bool named(const struct pc *pc, const struct device_class *class)
{
	unsigned i;

	for (i = 0; i < pc->conf->ndevices; i++)
		if (!strcmp(opt_list_get(&pc->conf->devices[i], "driver"),
			    class->name))
			return true;
	return false;
}

/* One by default, unless -device or -vga none says otherwise. */
static int build_vga(struct pc *pc, struct error *err)
{
	struct device *dev;

	if (pc->conf->vga == VGA_NONE || named(pc, &vga_class))
		return 0;
	dev = pc_new_device(pc, &vga_class, "vga", err);
	if (!dev)
		return -ENOMEM;
	((struct pci_device *)dev)->bus = &pc->host->bus;
	((struct pci_device *)dev)->devfn = SLOT_VGA;
	/* Text is written a byte at a time: not an exit for each. */
	kvm_coalesce(pc->m->kvm, false, VGA_WINDOW, VGA_WINDOW_SIZE);
	return device_start(dev, err);
}

static void send_msi(void *ctx, uint64_t addr, uint32_t data)
{
	kvm_send_msi(ctx, addr, data);
}

static int build_hpet(struct pc *pc, struct error *err)
{
	struct device *dev;
	unsigned i;

	if (!pc->conf->machine.hpet)
		return 0;
	dev = pc_new_device(pc, &hpet_class, "hpet", err);
	if (!dev || device_map(dev, 0, &pc->m->mem, HPET_BASE, err) < 0)
		return -ENOMEM;
	pc->hpet = (struct hpet *)dev;
	for (i = 0; i < HPET_PINS; i++)
		dev->irq[i] = pc_irq(pc, i);
	pc->hpet->legacy = kvm_pit_gate(pc->m->kvm);
	pc->hpet->rtc_out = pc_irq(pc, IRQ_RTC);
	pc->hpet->send = send_msi;
	pc->hpet->send_ctx = pc->m->kvm;
	return device_start(dev, err);
}

static int build_rtc(struct pc *pc, struct error *err)
{
	struct device *dev = pc_new_device(pc, &mc146818_class, "rtc", err);

	if (!dev || device_map(dev, 0, &pc->m->io, PORT_RTC, err) < 0)
		return -ENOMEM;
	pc->rtc = (struct mc146818 *)dev;
	dev->irq[0] = pc->hpet ? hpet_rtc_input(pc->hpet) : pc_irq(pc, IRQ_RTC);
	pc->rtc->wakeup = piix4_pm_alarm(pc->pm);
	cmos_set_clock(pc->rtc, &pc->conf->rtc);
	return device_start(dev, err);
}

/* The slots that guests may take for pluggable: none, or all but the fixed. */
static uint32_t hotplug_slots(const struct pc *pc)
{
	uint32_t slots = UINT32_MAX;
	unsigned devfn;

	if (!pc->pm->root_hotplug)
		return 0;
	for (devfn = 0; devfn < PCI_SLOTS * 8; devfn++)
		if (pc->host->bus.dev[devfn])
			slots &= ~(UINT32_C(1) << PCI_SLOT(devfn));
	return slots;
}

/* Registers by which processors and PCI devices come and go. */
static int build_hotplug(struct pc *pc, struct error *err)
{
	struct device *pci =
		pc_new_device(pc, &acpi_pci_hotplug_class, "pci-hotplug", err);
	struct device *cpu =
		pc_new_device(pc, &acpi_cpu_hotplug_class, "cpu-hotplug", err);
	int rc;

	if (!pci || !cpu ||
	    device_map(pci, 0, &pc->m->io, ACPI_PCI_HOTPLUG_BASE, err) < 0 ||
	    device_map(cpu, 0, &pc->m->io, ACPI_CPU_HOTPLUG_BASE, err) < 0)
		return -ENOMEM;
	pci->irq[0] = piix4_pm_gpe(pc->pm, ACPI_GPE_PCI_HOTPLUG);
	cpu->irq[0] = piix4_pm_gpe(pc->pm, ACPI_GPE_CPU_HOTPLUG);
	acpi_pci_hotplug_wire(pci, hotplug_slots(pc), NULL, NULL);
	acpi_cpu_hotplug_wire(cpu, pc->conf->smp.cpus, pc->conf->smp.maxcpus,
			      pc->apic_ids, NULL, NULL);
	rc = device_start(pci, err);
	return rc < 0 ? rc : device_start(cpu, err);
}

static int build_fw_cfg(struct pc *pc, struct error *err)
{
	struct device *dev = pc_new_device(pc, &fw_cfg_class, "fw_cfg", err);
	struct pc_firmware fw = {
		.conf = pc->conf,
		.memory = &pc->memory,
		.pm = pc->pm,
		.cpuid_eax = pc->cpuid_eax,
		.cpuid_edx = pc->cpuid_edx,
		.apic_ids = pc->apic_ids,
		.hpet = pc->hpet != NULL,
		.hotplug_slots = hotplug_slots(pc),
	};
	char *order;
	unsigned i;
	int rc;

	if (!dev ||
	    device_map(dev, FW_CFG_REGION_IO, &pc->m->io, FW_CFG_IO_BASE, err) <
		    0 ||
	    device_map(dev, FW_CFG_REGION_DMA, &pc->m->io, FW_CFG_DMA_BASE,
		       err) < 0)
		return -ENOMEM;
	for (i = 0; i < PC_SERIALS; i++)
		fw.serial[i] = pc->serial_present[i];
	for (i = 0; i < I82078_PLACES; i++)
		fw.floppy[i] = (uint8_t)i82078_drive_type(pc->fdc, i);
	pc->boot.fw = fw_cfg_from(dev);
	order = boot_order_build(pc->m, pc_boot_path(&pc->boot),
				 pc->conf->boot.strict, err);
	if (!order)
		return -EINVAL;
	fw.bootorder = order;
	rc = pc_firmware_fill(fw_cfg_from(dev), &fw, err);
	free(order);
	if (rc == 0)
		rc = pc_boot_tell_firmware(&pc->boot, pc->m, fw_cfg_from(dev),
					   &pc->memory,
					   pc->conf->vga != VGA_NONE, err);
	return rc < 0 ? rc : device_start(dev, err);
}

static void on_event(void *ctx, enum machine_event event)
{
	struct pc *pc = ctx;

	if (event == EVENT_STOP) {
		/* Who stops the machine may want to copy its images. */
		blk_flush_all(&pc->fronts);
		net_pause(&pc->net);
	} else if (event == EVENT_RESUME) {
		net_resume(&pc->net);
	} else if (event == EVENT_SUSPEND) {
		cmos_set_resume(pc->rtc);
	} else if (event == EVENT_RESET) {
		cmos_set_boot_order(pc->rtc, &pc->conf->boot, true);
		pc_boot_again(&pc->boot);
	} else if (event == EVENT_WAKEUP) {
		pc_boot_wake(&pc->boot);
	} else if (event == EVENT_EXIT) {
		pc_boot_close(&pc->boot);
		net_fini(&pc->net);
		blk_fronts_fini(&pc->fronts);
		free(pc);
	}
}

static void connect_gsis(struct pc *pc)
{
	unsigned i;

	for (i = 0; i < KVM_IOAPIC_PINS; i++)
		pc->gsi[i].out = kvm_gsi(pc->m->kvm, i);
}

static int start_boot(struct pc *pc, struct error *err)
{
	pc->boot.m = pc->m;
	pc->boot.memory = &pc->memory;
	pc->boot.host = pc->host;
	pc->boot.piix3 = pc->piix3;
	pc->boot.pm = pc->pm;
	pc->boot.phys_bits = pc->phys_bits;
	memcpy(pc->boot.serial, pc->serial_present, sizeof(pc->boot.serial));
	return pc_boot_start(&pc->boot, err);
}

int pc_build(struct machine *m, struct error *err)
{
	struct pc *pc = calloc(1, sizeof(*pc));
	struct ram_block *flash = NULL;
	int rc;

	if (!pc)
		return error_set(err, ENOMEM, "out of memory");
	pc->m = m;
	pc->conf = m->config;
	machine_add_notifier(m, &pc->notifier, on_event, pc);
	blk_fronts_init(&pc->fronts);
	m->fronts = &pc->fronts;
	net_init(&pc->net, m->loop, &m->virt);
	pc->net.runner = m->runner;
	m->net = &pc->net;
	connect_gsis(pc);
	rc = pc_boot_open(&pc->boot, m->config, err);
	if (rc < 0)
		return rc;
	/* Memory before the interrupt controllers: it is faster in KVM. */
	if ((rc = pc_drives_prepare(m, err)) < 0 ||
	    (rc = pc_flash_build(pc, &flash, err)) < 0 ||
	    (rc = pc_memory_build(&pc->memory, m, flash, err)) < 0 ||
	    (rc = build_host(pc, err)) < 0 ||
	    (rc = i440fx_set_memory(pc->host, pc->memory.ram, pc->memory.bios,
				    err)) < 0 ||
	    (rc = kvm_create_irqchip(m->kvm, err)) < 0 ||
	    (rc = pc_build_vcpus(pc, err)) < 0 ||
	    (rc = build_piix3(pc, err)) < 0 || (rc = build_pm(pc, err)) < 0 ||
	    (rc = build_isa(pc, err)) < 0 || (rc = build_fdc(pc, err)) < 0 ||
	    (rc = build_ide(pc, err)) < 0 || (rc = build_vga(pc, err)) < 0 ||
	    (rc = build_hpet(pc, err)) < 0 || (rc = build_rtc(pc, err)) < 0 ||
	    (rc = pc_build_characters(pc, err)) < 0 ||
	    (rc = pc_open_network(pc, err)) < 0 ||
	    (rc = pc_build_nics(pc, err)) < 0 ||
	    (rc = pc_build_devices(pc, err)) < 0 ||
	    (rc = pc_drives_start_virtio(m, err)) < 0 ||
	    (rc = build_hotplug(pc, err)) < 0 ||
	    (rc = build_fw_cfg(pc, err)) < 0)
		return rc;
	net_check(&pc->net);
	cmos_fill(pc->rtc, pc->conf, &pc->memory, pc->fdc);
	return start_boot(pc, err);
}
