/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tables about NUMA: which node processors and memory are in (SRAT), and
 * how far nodes are from each other (SLIT).
 * ACPI Specification 6.4, sections 5.2.16 and 5.2.17.
 */
#include "hw/acpi_tables.h"

#define SRAT_REVISION 1
#define SLIT_REVISION 1

#define SRAT_FIRST    1 /* what the specification keeps at 1 */
#define ENABLED	      1
#define FOUR_GIB      (UINT64_C(1) << 32)
#define VIDEO	      UINT64_C(0xa0000) /* no RAM shows from here */
#define EXTENDED      UINT64_C(0x100000) /* to here */

/* Entries of memory: one per node, and one for each gap that may divide it. */
#define MEMORY_ENTRIES(nodes) ((nodes) + 2)

enum { ENTRY_LAPIC = 0, ENTRY_MEMORY = 1, ENTRY_X2APIC = 2 };

struct srat_start {
	le32 first;
	uint8_t reserved[8];
};

struct lapic {
	uint8_t type, len, node, apic_id;
	le32 flags;
	uint8_t sapic, node_high[3];
	le32 clock;
};

struct x2apic {
	uint8_t type, len, reserved[2];
	le32 node, apic_id, flags, clock;
	uint8_t reserved2[4];
};

struct memory {
	uint8_t type, len;
	le32 node;
	uint8_t reserved[2];
	le64 base, size;
	uint8_t reserved2[4];
	le32 flags;
	uint8_t reserved3[8];
};

static void add_cpu(struct blob *b, const struct acpi_conf *conf, unsigned cpu)
{
	uint32_t id = acpi_apic_id(conf, cpu);
	struct lapic lapic = {
		.type = ENTRY_LAPIC,
		.len = sizeof(lapic),
		.node = conf->numa->cpu[cpu],
		.apic_id = (uint8_t)id,
		.flags = le32_of(ENABLED),
	};
	struct x2apic x2apic = {
		.type = ENTRY_X2APIC,
		.len = sizeof(x2apic),
		.node = le32_of(conf->numa->cpu[cpu]),
		.apic_id = le32_of(id),
		.flags = le32_of(ENABLED),
	};

	if (acpi_cpu_is_small(conf, cpu))
		blob_add(b, &lapic, sizeof(lapic));
	else
		blob_add(b, &x2apic, sizeof(x2apic));
}

/* size 0: an entry that says nothing. */
static void add_memory(struct blob *b, unsigned node, uint64_t base,
		       uint64_t size)
{
	struct memory entry = {
		.type = ENTRY_MEMORY,
		.len = sizeof(entry),
		.node = le32_of(node),
		.base = le64_of(base),
		.size = le64_of(size),
		.flags = le32_of(size ? ENABLED : 0),
	};

	blob_add(b, &entry, sizeof(entry));
}

struct piece {
	uint64_t ram, end; /* among all RAM */
	uint64_t gpa; /* where it shows */
};

/* What of [at, end) lies in the piece.  Returns the entries: 0 or 1. */
static unsigned add_part(struct blob *b, unsigned node, const struct piece *p,
			 uint64_t at, uint64_t end)
{
	uint64_t first = at > p->ram ? at : p->ram;
	uint64_t last = end < p->end ? end : p->end;

	if (first >= last)
		return 0;
	add_memory(b, node, p->gpa + (first - p->ram), last - first);
	return 1;
}

static void add_nodes(struct blob *b, const struct acpi_conf *conf)
{
	const struct piece pieces[] = {
		{0, VIDEO, 0},
		{EXTENDED, conf->below_4g, EXTENDED},
		{conf->below_4g, UINT64_MAX, FOUR_GIB},
	};
	unsigned i, node, n = 0;
	uint64_t at = 0, end;

	for (node = 0; node < conf->numa->n; node++) {
		end = at + conf->numa->node[node].mem;
		for (i = 0; i < sizeof(pieces) / sizeof(*pieces); i++)
			n += add_part(b, node, &pieces[i], at, end);
		at = end;
	}
	for (; n < MEMORY_ENTRIES(conf->numa->n); n++)
		add_memory(b, 0, 0, 0);
}

size_t acpi_add_srat(struct acpi_image *image)
{
	size_t table = acpi_table_begin(image, "SRAT", SRAT_REVISION);
	const struct srat_start start = {.first = le32_of(SRAT_FIRST)};
	unsigned i;

	blob_add(&image->tables, &start, sizeof(start));
	for (i = 0; i < image->conf->max_cpus; i++)
		add_cpu(&image->tables, image->conf, i);
	add_nodes(&image->tables, image->conf);
	acpi_table_end(image, table);
	return table;
}

size_t acpi_add_slit(struct acpi_image *image)
{
	const struct numa_conf *numa = image->conf->numa;
	size_t table = acpi_table_begin(image, "SLIT", SLIT_REVISION);
	unsigned i;

	blob_add_le(&image->tables, numa->n, sizeof(le64));
	for (i = 0; i < numa->n; i++)
		blob_add(&image->tables, numa->distance[i], numa->n);
	acpi_table_end(image, table);
	return table;
}
