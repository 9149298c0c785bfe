/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tables about interrupt controllers (MADT) and timers (HPET, WAET).
 * ACPI Specification 6.4, section 5.2.12; IA-PC HPET Specification 1.0a,
 * section 3.2.4; Windows ACPI Emulated Devices Table, version 1.
 */
#include <string.h>

#include "hw/acpi_tables.h"

#define MADT_REVISION 1
#define HPET_REVISION 1
#define WAET_REVISION 1

#define LAPIC_BASE    0xfee00000
#define IOAPIC_BASE   0xfec00000
#define PCAT_COMPAT   1 /* there are 8259s too */
#define LAPIC_ID_MAX  254 /* 255 means all */
#define CPU_ENABLED   1
#define LINT_NMI      1
#define ALL_CPUS      0xff
#define ALL_CPUS_X2   UINT32_MAX
#define TRIGGER_BUS   0x0000 /* as the bus has it: ISA, edge and high */
#define TRIGGER_LEVEL 0x000d /* active high, level */

enum {
	ENTRY_LAPIC = 0,
	ENTRY_IOAPIC = 1,
	ENTRY_OVERRIDE = 2,
	ENTRY_LAPIC_NMI = 4,
	ENTRY_X2APIC = 9,
	ENTRY_X2APIC_NMI = 10,
};

struct lapic {
	uint8_t type, len, processor, apic_id;
	le32 flags;
};

struct x2apic {
	uint8_t type, len, reserved[2];
	le32 apic_id, flags, processor;
};

struct ioapic {
	uint8_t type, len, id, reserved;
	le32 address, gsi_base;
};

struct override {
	uint8_t type, len, bus, irq;
	le32 gsi;
	le16 flags;
};

struct lapic_nmi {
	uint8_t type, len, processor;
	le16 flags;
	uint8_t lint;
};

struct x2apic_nmi {
	uint8_t type, len;
	le16 flags;
	le32 processor;
	uint8_t lint, reserved[3];
};

struct hpet {
	le32 block_id;
	struct acpi_address base;
	uint8_t number;
	le16 min_tick;
	uint8_t protection;
};

#define WAET_PM_TIMER_GOOD 2 /* needs to be read once only */

uint32_t acpi_apic_id(const struct acpi_conf *conf, unsigned cpu)
{
	return conf->apic_ids ? conf->apic_ids[cpu] : cpu;
}

bool acpi_cpu_is_small(const struct acpi_conf *conf, unsigned cpu)
{
	return cpu <= LAPIC_ID_MAX && acpi_apic_id(conf, cpu) <= LAPIC_ID_MAX;
}

size_t acpi_madt_cpu(const struct acpi_conf *conf, unsigned cpu, bool enabled,
		     uint8_t out[16])
{
	uint32_t id = acpi_apic_id(conf, cpu);
	le32 flags = le32_of(enabled ? CPU_ENABLED : 0);

	if (acpi_cpu_is_small(conf, cpu)) {
		struct lapic lapic = {
			.type = ENTRY_LAPIC,
			.len = sizeof(lapic),
			.processor = cpu,
			.apic_id = id,
			.flags = flags,
		};

		memcpy(out, &lapic, sizeof(lapic));
		return sizeof(lapic);
	}
	struct x2apic x2apic = {
		.type = ENTRY_X2APIC,
		.len = sizeof(x2apic),
		.apic_id = le32_of(id),
		.flags = flags,
		.processor = le32_of(cpu),
	};

	memcpy(out, &x2apic, sizeof(x2apic));
	return sizeof(x2apic);
}

/* Returns whether there was an x2APIC among them. */
static bool add_cpus(struct blob *b, const struct acpi_conf *conf)
{
	bool x2apic = false;
	uint8_t raw[16];
	unsigned i;
	size_t len;

	for (i = 0; i < conf->max_cpus; i++) {
		len = acpi_madt_cpu(conf, i, i < conf->ncpus, raw);
		blob_add(b, raw, len);
		x2apic |= len == sizeof(struct x2apic);
	}
	return x2apic;
}

/* The timer is at another input; what PCI links can be set to is level. */
static void add_overrides(struct blob *b)
{
	static const struct {
		uint8_t irq, gsi;
		uint16_t flags;
	} overrides[] = {
		{0, 2, TRIGGER_BUS},
		{5, 5, TRIGGER_LEVEL},
		{ACPI_SCI_IRQ, ACPI_SCI_IRQ, TRIGGER_LEVEL},
		{10, 10, TRIGGER_LEVEL},
		{11, 11, TRIGGER_LEVEL},
	};
	size_t i;

	for (i = 0; i < sizeof(overrides) / sizeof(*overrides); i++) {
		struct override entry = {
			.type = ENTRY_OVERRIDE,
			.len = sizeof(entry),
			.irq = overrides[i].irq,
			.gsi = le32_of(overrides[i].gsi),
			.flags = le16_of(overrides[i].flags),
		};

		blob_add(b, &entry, sizeof(entry));
	}
}

static void add_nmi(struct blob *b, bool x2apic)
{
	struct lapic_nmi nmi = {
		.type = ENTRY_LAPIC_NMI,
		.len = sizeof(nmi),
		.processor = ALL_CPUS,
		.lint = LINT_NMI,
	};
	struct x2apic_nmi nmi2 = {
		.type = ENTRY_X2APIC_NMI,
		.len = sizeof(nmi2),
		.processor = le32_of(ALL_CPUS_X2),
		.lint = LINT_NMI,
	};

	blob_add(b, &nmi, sizeof(nmi));
	if (x2apic)
		blob_add(b, &nmi2, sizeof(nmi2));
}

size_t acpi_add_madt(struct acpi_image *image)
{
	size_t start = acpi_table_begin(image, "APIC", MADT_REVISION);
	struct blob *b = &image->tables;
	struct ioapic ioapic = {
		.type = ENTRY_IOAPIC,
		.len = sizeof(ioapic),
		.address = le32_of(IOAPIC_BASE),
	};
	bool x2apic;

	blob_add_le(b, LAPIC_BASE, sizeof(le32));
	blob_add_le(b, PCAT_COMPAT, sizeof(le32));
	x2apic = add_cpus(b, image->conf);
	blob_add(b, &ioapic, sizeof(ioapic));
	add_overrides(b);
	add_nmi(b, x2apic);
	acpi_table_end(image, start);
	return start;
}

size_t acpi_add_hpet(struct acpi_image *image)
{
	size_t start = acpi_table_begin(image, "HPET", HPET_REVISION);
	struct hpet hpet = {
		.block_id = le32_of(ACPI_HPET_BLOCK_ID),
		.base = {.space = AML_SYSTEM_MEMORY,
			 .address = le64_of(ACPI_HPET_BASE)},
	};

	blob_add(&image->tables, &hpet, sizeof(hpet));
	acpi_table_end(image, start);
	return start;
}

size_t acpi_add_waet(struct acpi_image *image)
{
	size_t start = acpi_table_begin(image, "WAET", WAET_REVISION);

	blob_add_le(&image->tables, WAET_PM_TIMER_GOOD, sizeof(le32));
	acpi_table_end(image, start);
	return start;
}
