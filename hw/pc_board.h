/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The board of a PC, for the files that build it. */
#ifndef HW_PC_BOARD_H
#define HW_PC_BOARD_H

#include "hw/hpet.h"
#include "hw/i440fx.h"
#include "hw/i82078.h"
#include "hw/mc146818.h"
#include "hw/pc_boot.h"
#include "hw/pc_memory.h"
#include "hw/pc_testdev.h"
#include "hw/piix3.h"
#include "hw/piix3_ide.h"
#include "hw/piix4_pm.h"
#include "net/net.h"
#include "vmm/kvm.h"

#define PC_SERIALS 4

/* The board: what the devices are soldered to. */
struct pc {
	struct machine *m;
	const struct config *conf;
	struct irq_or gsi[KVM_IOAPIC_PINS]; /* into KVM's PIC and I/O APIC */
	unsigned sources[KVM_IOAPIC_PINS]; /* of each that are taken */
	struct i440fx *host;
	struct piix3 *piix3;
	struct piix3_ide *ide;
	struct i8237 *dma;
	struct i82078 *fdc;
	struct piix4_pm *pm;
	struct blk_fronts fronts;
	struct net net;
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

/* Where serial port n is, unless -device says otherwise. */
struct pc_serial_wire {
	uint16_t port;
	int8_t irq;
};

extern const struct pc_serial_wire pc_serial_wires[PC_SERIALS];
/* Where pc-testdev's regions are. */
extern const uint64_t pc_testdev_places[PC_TESTDEV_REGIONS];

/* A new end of the wire to interrupt n, the first 16 of which are ISA's. */
struct irq pc_irq(struct pc *pc, unsigned n);
/* A device of the board by itself, not yet started. */
struct device *pc_new_device(struct pc *pc, const struct device_class *class,
			     const char *name, struct error *err);

/* The serial ports and debug consoles of -serial, -debugcon. */
int pc_build_characters(struct pc *pc, struct error *err);
/* The ways out, and the NICs, of -netdev, -nic and -net. */
int pc_open_network(struct pc *pc, struct error *err);
int pc_build_nics(struct pc *pc, struct error *err);
/* What -device asks for. */
int pc_build_devices(struct pc *pc, struct error *err);
/* The vCPUs that are there from the start, and what the tables say of them. */
int pc_build_vcpus(struct pc *pc, struct error *err);

#endif
