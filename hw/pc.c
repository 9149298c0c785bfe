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
#include "hw/cmos.h"
#include "hw/fw_cfg.h"
#include "hw/hpet.h"
#include "hw/i440fx.h"
#include "hw/i8042.h"
#include "hw/i8237.h"
#include "hw/isa_debugcon.h"
#include "hw/mc146818.h"
#include "hw/ns16550a.h"
#include "hw/pc_boot.h"
#include "hw/pc_drives.h"
#include "hw/pc_firmware.h"
#include "hw/pc_memory.h"
#include "hw/pc_testdev.h"
#include "hw/piix3.h"
#include "hw/piix3_ide.h"
#include "hw/piix4_pm.h"
#include "hw/port92.h"
#include "hw/vga.h"
#include "vmm/config.h"
#include "vmm/cpuid.h"
#include "vmm/kvm.h"
#include "vmm/vcpu.h"

enum { ISA_IRQS = 16, SOURCES = 32 };

/* The board: what the devices are soldered to. */
struct pc {
	struct machine *m;
	const struct config *conf;
	struct irq_or gsi[KVM_IOAPIC_PINS]; /* into KVM's PIC and I/O APIC */
	unsigned sources[KVM_IOAPIC_PINS]; /* of each that are taken */
	struct i440fx *host;
	struct piix3 *piix3;
	struct piix3_ide *ide;
	struct piix4_pm *pm;
	struct blk_fronts fronts;
	struct hpet *hpet; /* NULL with hpet=off */
	struct mc146818 *rtc;
	uint32_t apic_ids[256];
	uint32_t cpuid_eax, cpuid_edx; /* leaf 1 */
	unsigned phys_bits; /* of addresses */
	bool serial_present[4];
	unsigned nserials;
	struct pc_memory memory;
	struct pc_boot boot;
	struct machine_notifier notifier;
};

#define NO_PORT		    -1
#define CPUID_SIGNATURE	    0x1
#define CPUID_ADDRESS_SIZES 0x80000008
#define PHYS_BITS_LEAST	    36 /* without that leaf */

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

/* Where serial port n is, unless -device says otherwise. */
static const struct {
	uint16_t port;
	int8_t irq;
} serial_wires[] = {{0x3f8, 4}, {0x2f8, 3}, {0x3e8, 4}, {0x2e8, 3}};

#define SERIALS (sizeof(serial_wires) / sizeof(*serial_wires))

/* The slots of the PCI bus. */
enum {
	SLOT_HOST = PCI_DEVFN(0, 0),
	SLOT_PIIX3 = PCI_DEVFN(1, 0),
	SLOT_IDE = PCI_DEVFN(1, 1),
	SLOT_PM = PCI_DEVFN(1, 3),
	SLOT_VGA = PCI_DEVFN(2, 0),
};

enum { IRQ_RTC = 8, IRQ_SCI = 9, IRQ_IDE = 14 };
enum { VGA_WINDOW = 0xa0000, VGA_WINDOW_SIZE = 0x20000 };
enum {
	PORT_POST = 0x80,
	PORT_RTC = 0x70,
	PORT_RESET = 0xcf9,
	PORT_PCI = 0xcf8
};

/* A new end of the wire to interrupt n, the first 16 of which are ISA's. */
static struct irq isa_irq(struct pc *pc, unsigned n)
{
	return irq_or_input(&pc->gsi[n], pc->sources[n]++ % SOURCES);
}

static struct device *new_device(struct pc *pc,
				 const struct device_class *class,
				 const char *name, struct error *err)
{
	return device_new(pc->m, class, NULL, name, NULL, err);
}

static int wire_isa(struct pc *pc, const struct isa_wire *w, struct error *err)
{
	struct device *dev = new_device(pc, w->class, w->name, err);
	unsigned i;

	if (!dev)
		return -ENOMEM;
	for (i = 0; i < 3; i++)
		if (w->port[i] != NO_PORT &&
		    device_map(dev, i, &pc->m->io, (uint64_t)w->port[i], err) <
			    0)
			return -ENOMEM;
	for (i = 0; i < 2; i++)
		if (w->irq[i] >= 0)
			dev->irq[i] = isa_irq(pc, (unsigned)w->irq[i]);
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

static int build_host(struct pc *pc, struct error *err)
{
	struct device *dev = new_device(pc, &i440fx_class, "i440fx", err);

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
	struct device *dev = new_device(pc, &piix3_class, "piix3", err);
	unsigned i;

	if (!dev || device_map(dev, 0, &pc->m->io, PORT_RESET, err) < 0)
		return -ENOMEM;
	pc->piix3 = (struct piix3 *)dev;
	pc->piix3->pci.bus = &pc->host->bus;
	pc->piix3->pci.devfn = SLOT_PIIX3;
	for (i = 0; i < ISA_IRQS; i++)
		dev->irq[i] = isa_irq(pc, i);
	for (i = 0; i < PIIX3_PINS; i++)
		pc->host->bus.pin[i] = piix3_pin(pc->piix3, PIIX3_PIRQ(i));
	return device_start(dev, err);
}

static int build_pm(struct pc *pc, struct error *err)
{
	struct device *dev = new_device(pc, &piix4_pm_class, "pm", err);

	if (!dev || device_map(dev, 0, &pc->m->io, PIIX4_SMI_PORT, err) < 0 ||
	    device_map(dev, 1, &pc->m->io, PIIX4_GPE_BASE, err) < 0)
		return -ENOMEM;
	pc->pm = (struct piix4_pm *)dev;
	pc->pm->pci.bus = &pc->host->bus;
	pc->pm->pci.devfn = SLOT_PM;
	dev->irq[0] = isa_irq(pc, IRQ_SCI);
	return device_start(dev, err);
}

static int build_ide(struct pc *pc, struct error *err)
{
	struct device *dev = new_device(pc, &piix3_ide_class, "ide", err);
	unsigned i;
	int rc;

	if (!dev)
		return -ENOMEM;
	pc->ide = (struct piix3_ide *)dev;
	pc->ide->pci.bus = &pc->host->bus;
	pc->ide->pci.devfn = SLOT_IDE;
	for (i = 0; i < IDE_CHANNELS; i++)
		dev->irq[i] = isa_irq(pc, IRQ_IDE + i);
	rc = device_start(dev, err);
	if (rc == 0)
		rc = pc_drives_attach(pc->ide, pc->m, err);
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
	dev = new_device(pc, &vga_class, "vga", err);
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
	dev = new_device(pc, &hpet_class, "hpet", err);
	if (!dev || device_map(dev, 0, &pc->m->mem, HPET_BASE, err) < 0)
		return -ENOMEM;
	pc->hpet = (struct hpet *)dev;
	for (i = 0; i < HPET_PINS; i++)
		dev->irq[i] = isa_irq(pc, i);
	pc->hpet->legacy = kvm_pit_gate(pc->m->kvm);
	pc->hpet->rtc_out = isa_irq(pc, IRQ_RTC);
	pc->hpet->send = send_msi;
	pc->hpet->send_ctx = pc->m->kvm;
	return device_start(dev, err);
}

static int build_rtc(struct pc *pc, struct error *err)
{
	struct device *dev = new_device(pc, &mc146818_class, "rtc", err);

	if (!dev || device_map(dev, 0, &pc->m->io, PORT_RTC, err) < 0)
		return -ENOMEM;
	pc->rtc = (struct mc146818 *)dev;
	dev->irq[0] =
		pc->hpet ? hpet_rtc_input(pc->hpet) : isa_irq(pc, IRQ_RTC);
	pc->rtc->wakeup = piix4_pm_alarm(pc->pm);
	cmos_set_clock(pc->rtc, &pc->conf->rtc);
	return device_start(dev, err);
}

/* The chardev that a -serial or -debugcon stands for. */
static void chardev_label(char *buf, size_t size, const char *kind, unsigned n,
			  const char *spec)
{
	if (!strncmp(spec, "chardev:", 8))
		snprintf(buf, size, "%s", spec + 8);
	else
		snprintf(buf, size, "%s%u", kind, n);
}

static uint32_t *property(struct device *dev, size_t offset)
{
	return (uint32_t *)((char *)dev + offset);
}

/* A serial port that does not say where it is gets the next usual place. */
static int place_serial(struct pc *pc, struct device *dev, struct error *err)
{
	uint32_t *port = property(dev, dev->class->iobase_offset);
	uint32_t *irq = property(dev, dev->class->irq_offset);
	unsigned n = pc->nserials++;

	if (n >= SERIALS)
		return error_set(err, ENOSPC,
				 "too many serial ports; the most is %zu",
				 SERIALS);
	if (!*port)
		*port = serial_wires[n].port;
	if (*port == serial_wires[n].port)
		pc->serial_present[n] = true;
	if (!*irq)
		*irq = (uint32_t)serial_wires[n].irq;
	return 0;
}

static const uint64_t testdev_places[PC_TESTDEV_REGIONS] = {
	[PC_TESTDEV_LATCH] = 0xe0,	  [PC_TESTDEV_FLUSH] = 0xe4,
	[PC_TESTDEV_LATCH_BYTES] = 0xe8,  [PC_TESTDEV_LINES] = 0x2000,
	[PC_TESTDEV_MEMORY] = 0xff000000,
};

static int place_testdev(struct pc *pc, struct device *dev, struct error *err)
{
	unsigned i;
	int rc = 0;

	for (i = 0; i < PC_TESTDEV_IRQS; i++)
		dev->irq[i] = isa_irq(pc, i);
	for (i = 0; i < PC_TESTDEV_REGIONS && rc == 0; i++)
		rc = device_map(dev, i,
				i == PC_TESTDEV_MEMORY ? &pc->m->mem
						       : &pc->m->io,
				testdev_places[i], err);
	return rc;
}

/* An ISA device whose properties say its port and interrupt. */
static int plug_isa(struct pc *pc, struct device *dev, struct error *err)
{
	const struct device_class *class = dev->class;
	int rc = 0;

	if (class == &ns16550a_class)
		rc = place_serial(pc, dev, err);
	else if (class == &pc_testdev_class)
		rc = place_testdev(pc, dev, err);
	if (rc == 0 && class->iobase_offset)
		rc = device_map(dev, 0, &pc->m->io,
				*property(dev, class->iobase_offset), err);
	if (rc == 0 && class->irq_offset)
		dev->irq[0] =
			isa_irq(pc, *property(dev, class->irq_offset) % 16);
	return rc < 0 ? rc : device_start(dev, err);
}

static int build_character(struct pc *pc, const struct device_class *class,
			   const char *chardev, struct error *err)
{
	struct device *dev = new_device(pc, class, class->name, err);

	if (!dev || device_set(dev, "chardev", chardev, err) < 0)
		return -ENOMEM;
	return plug_isa(pc, dev, err);
}

static int build_characters(struct pc *pc, struct error *err)
{
	const struct config *conf = pc->conf;
	char label[64];
	unsigned i;
	int rc = 0;

	for (i = 0; i < conf->serials.n && rc == 0; i++) {
		if (!strcmp(conf->serials.str[i], "none")) {
			pc->nserials++;
			continue;
		}
		chardev_label(label, sizeof(label), "serial", i,
			      conf->serials.str[i]);
		rc = build_character(pc, &ns16550a_class, label, err);
	}
	for (i = 0; i < conf->debugcons.n && rc == 0; i++) {
		chardev_label(label, sizeof(label), "debugcon", i,
			      conf->debugcons.str[i]);
		rc = build_character(pc, &isa_debugcon_class, label, err);
	}
	return rc;
}

static int no_such_device(const char *driver, struct error *err)
{
	const char *names[64], *near;
	size_t i, n = 0;

	for (i = 0; device_classes[i] && n < 64; i++)
		if (device_classes[i]->user)
			names[n++] = device_classes[i]->name;
	near = opt_nearest(driver, names, n, sizeof(*names));
	return error_set(err, EINVAL,
			 "'%s' is not a valid device model name%s%s%s", driver,
			 near ? "; did you mean '" : "", near ? near : "",
			 near ? "'?" : "");
}

static int plug_device(struct pc *pc, const struct opt_list *list,
		       struct error *err)
{
	const char *driver = opt_list_get(list, "driver");
	const struct device_class *class = device_class_find(driver);
	struct device *dev;
	int rc;

	if (!class || !class->user)
		return no_such_device(driver, err);
	dev = device_new(pc->m, class, opt_list_get(list, "id"), class->name,
			 NULL, err);
	if (!dev)
		return -EINVAL;
	rc = device_set_all(dev, list, err);
	if (rc < 0)
		return rc;
	if (class->bus == DEVICE_PCI) {
		((struct pci_device *)dev)->bus = &pc->host->bus;
		return device_start(dev, err);
	}
	return plug_isa(pc, dev, err);
}

static int build_devices(struct pc *pc, struct error *err)
{
	unsigned i;

	for (i = 0; i < pc->conf->ndevices; i++) {
		const struct opt_list *list = &pc->conf->devices[i];

		if (plug_device(pc, list, err) < 0)
			return error_prefix(err, "-device %s",
					    opt_list_get(list, "driver"));
	}
	return 0;
}

/* The slots that guests may take for pluggable: all but the fixed ones. */
static uint32_t hotplug_slots(const struct pc *pc)
{
	uint32_t slots = UINT32_MAX;
	unsigned devfn;

	for (devfn = 0; devfn < PCI_SLOTS * 8; devfn++)
		if (pc->host->bus.dev[devfn])
			slots &= ~(UINT32_C(1) << PCI_SLOT(devfn));
	return slots;
}

/* Registers by which processors and PCI devices come and go. */
static int build_hotplug(struct pc *pc, struct error *err)
{
	struct device *pci =
		new_device(pc, &acpi_pci_hotplug_class, "pci-hotplug", err);
	struct device *cpu =
		new_device(pc, &acpi_cpu_hotplug_class, "cpu-hotplug", err);
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
	struct device *dev = new_device(pc, &fw_cfg_class, "fw_cfg", err);
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
	unsigned i;
	int rc;

	if (!dev ||
	    device_map(dev, FW_CFG_REGION_IO, &pc->m->io, FW_CFG_IO_BASE, err) <
		    0 ||
	    device_map(dev, FW_CFG_REGION_DMA, &pc->m->io, FW_CFG_DMA_BASE,
		       err) < 0)
		return -ENOMEM;
	for (i = 0; i < SERIALS; i++)
		fw.serial[i] = pc->serial_present[i];
	pc->boot.fw = fw_cfg_from(dev);
	rc = pc_firmware_fill(fw_cfg_from(dev), &fw, err);
	return rc < 0 ? rc : device_start(dev, err);
}

/* Leaf 1 is in the SMBIOS tables too, address sizes are in leaf 0x80000008. */
static void note_cpuid(struct pc *pc, const struct kvm_cpuid2 *cpuid)
{
	const struct kvm_cpuid_entry2 *entry = cpuid->entries;

	pc->phys_bits = PHYS_BITS_LEAST;
	for (; entry < cpuid->entries + cpuid->nent; entry++)
		if (entry->function == CPUID_SIGNATURE) {
			pc->cpuid_eax = entry->eax;
			pc->cpuid_edx = entry->edx;
		} else if (entry->function == CPUID_ADDRESS_SIZES) {
			pc->phys_bits = entry->eax & UINT8_MAX;
		}
}

static int build_vcpus(struct pc *pc, struct error *err)
{
	const struct cpu_topology *topo = &pc->conf->smp;
	struct kvm_cpuid2 *host = kvm_supported_cpuid(pc->m->kvm, err);
	struct kvm_cpuid2 *cpuid = NULL;
	unsigned i;
	int rc = host ? 0 : -EIO;

	if (host)
		cpuid = cpuid_build(pc->conf->cpu, topo, host, err);
	if (!cpuid)
		rc = -EINVAL;
	else
		note_cpuid(pc, cpuid);
	for (i = 0; i < topo->maxcpus; i++)
		pc->apic_ids[i] = cpu_topology_apic_id(topo, i);
	for (i = 0; i < topo->cpus && rc == 0; i++) {
		struct vcpu_setup setup = {
			.apic_id = cpu_topology_apic_id(topo, i),
			.cpuid = cpuid,
		};

		cpuid_personalise(cpuid, topo, i);
		rc = vcpu_create(pc->m, &setup, err);
	}
	free(cpuid);
	free(host);
	return rc;
}

static void on_event(void *ctx, enum machine_event event)
{
	struct pc *pc = ctx;

	if (event == EVENT_SUSPEND)
		cmos_set_resume(pc->rtc);
	else if (event == EVENT_RESET) {
		cmos_set_boot_order(pc->rtc, pc->conf->boot.order);
		pc_boot_again(&pc->boot);
	} else if (event == EVENT_EXIT) {
		pc_boot_close(&pc->boot);
		pc_drives_close(pc->m);
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
	int rc;

	if (!pc)
		return error_set(err, ENOMEM, "out of memory");
	pc->m = m;
	pc->conf = m->config;
	machine_add_notifier(m, &pc->notifier, on_event, pc);
	list_init(&pc->fronts.list);
	m->fronts = &pc->fronts;
	connect_gsis(pc);
	rc = pc_boot_open(&pc->boot, m->config, err);
	if (rc < 0)
		return rc;
	/* Memory before the interrupt controllers: it is faster in KVM. */
	if ((rc = pc_memory_build(&pc->memory, m, err)) < 0 ||
	    (rc = build_host(pc, err)) < 0 ||
	    (rc = i440fx_set_memory(pc->host, pc->memory.ram, pc->memory.bios,
				    err)) < 0 ||
	    (rc = kvm_create_irqchip(m->kvm, err)) < 0 ||
	    (rc = build_vcpus(pc, err)) < 0 ||
	    (rc = build_piix3(pc, err)) < 0 || (rc = build_pm(pc, err)) < 0 ||
	    (rc = build_ide(pc, err)) < 0 || (rc = build_vga(pc, err)) < 0 ||
	    (rc = build_hpet(pc, err)) < 0 || (rc = build_rtc(pc, err)) < 0 ||
	    (rc = build_isa(pc, err)) < 0 ||
	    (rc = build_characters(pc, err)) < 0 ||
	    (rc = build_devices(pc, err)) < 0 ||
	    (rc = build_hotplug(pc, err)) < 0 ||
	    (rc = build_fw_cfg(pc, err)) < 0)
		return rc;
	cmos_fill(pc->rtc, pc->conf, &pc->memory);
	return start_boot(pc, err);
}
