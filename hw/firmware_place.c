/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ACPI and SMBIOS tables put into guest memory by the host.
 * Interface: the BIOS linker/loader of QEMU's documentation; ACPI
 * Specification 6.4, 5.2.5.1 (where the RSDP is looked for); SMBIOS
 * Specification 3.0, 5.2.1 and 5.2.2 (entry points).
 */
#include "hw/firmware_place.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hw/acpi_loader.h"
#include "hw/acpi_tables.h"
#include "hw/smbios.h"
#include "vmm/endian.h"

#define FSEG	     UINT64_C(0xf0000)
#define FSEG_END     UINT64_C(0x100000)
#define FACS_LEN     64
#define FILES_MAX    8
#define SMBIOS_ALIGN 16
#define TABLES_ALIGN 64

/* Where what firmware fills in is in the entry points. */
enum anchor_32 {
	ANCHOR_32_SUM = 0x04,
	ANCHOR_32_DMI = 0x10, /* the second part, with a sum of its own */
	ANCHOR_32_DMI_SUM = 0x15,
	ANCHOR_32_TABLES = 0x18,
	ANCHOR_32_LEN = 0x1f,
};

enum anchor_64 {
	ANCHOR_64_SUM = 0x05,
	ANCHOR_64_TABLES = 0x10,
	ANCHOR_64_LEN = 0x18,
};

/* A file on its way into guest memory. */
struct placed {
	const char *name;
	uint8_t *data;
	size_t len;
	gpa_t gpa;
};

struct placer {
	const struct fw_cfg *fw;
	struct gmem *gmem;
	gpa_t high, fseg;
	struct placed file[FILES_MAX];
	unsigned n;
	struct error *err;
};

static int bad_script(struct placer *p)
{
	return error_set(p->err, EINVAL, "the script for ACPI tables is wrong");
}

static struct placed *find(struct placer *p, const char *name)
{
	unsigned i;

	for (i = 0; i < p->n; i++)
		if (!strcmp(p->file[i].name, name))
			return &p->file[i];
	return NULL;
}

static bool choose(struct placer *p, struct placed *f, uint32_t align,
		   enum acpi_loader_zone zone)
{
	if (zone == ACPI_ZONE_FSEG) {
		f->gpa = (p->fseg + align - 1) & ~((gpa_t)align - 1);
		p->fseg = f->gpa + f->len;
		return p->fseg <= FSEG_END;
	}
	if (f->len > p->high)
		return false;
	f->gpa = p->high = (p->high - f->len) & ~((gpa_t)align - 1);
	return f->gpa >= FSEG_END;
}

static int place(struct placer *p, const char *name, uint32_t align,
		 enum acpi_loader_zone zone)
{
	const struct fw_cfg_source *src = fw_cfg_find_file(p->fw, name);
	struct placed *f = &p->file[p->n];

	if (!src || p->n == FILES_MAX || !align || align & (align - 1))
		return bad_script(p);
	if (src->select)
		src->select(src->ctx);
	*f = (struct placed){.name = name, .len = src->len};
	f->data = malloc(src->len + 1);
	if (!f->data)
		return error_set(p->err, ENOMEM, "out of memory");
	memcpy(f->data, src->data, src->len);
	p->n++;
	if (!choose(p, f, align, zone))
		return error_set(p->err, ENOMEM,
				 "RAM has no room for the firmware's tables: "
				 "-m should say more");
	return 0;
}

static bool within(const struct placed *f, uint32_t off, uint32_t len)
{
	return f && off <= f->len && len <= f->len - off;
}

static int add_pointer(struct placer *p, struct placed *f,
		       const struct placed *target, uint32_t off, unsigned size)
{
	le64 raw = le64_of(0);

	if (size > sizeof(raw) || !target || !within(f, off, size))
		return bad_script(p);
	memcpy(&raw, f->data + off, size);
	raw = le64_of(le64_get(raw) + target->gpa);
	memcpy(f->data + off, &raw, size);
	return 0;
}

static void sum_up(struct placed *f, uint32_t off, uint32_t start, uint32_t len)
{
	uint8_t sum = 0;
	uint32_t i;

	f->data[off] = 0;
	for (i = start; i < start + len; i++)
		sum += f->data[i];
	f->data[off] = (uint8_t)-sum;
}

static int run_command(struct placer *p, const struct acpi_loader_entry *e)
{
	struct placed *f = find(p, e->file);

	switch (le32_get(e->command)) {
	case ACPI_LOADER_ALLOCATE:
		return place(p, e->file, le32_get(e->allocate.align),
			     e->allocate.zone);
	case ACPI_LOADER_POINTER:
		return add_pointer(p, f, find(p, e->pointer.target),
				   le32_get(e->pointer.off), e->pointer.size);
	case ACPI_LOADER_CHECKSUM:
		if (!within(f, le32_get(e->checksum.off), 1) ||
		    !within(f, le32_get(e->checksum.start),
			    le32_get(e->checksum.len)))
			return bad_script(p);
		sum_up(f, le32_get(e->checksum.off),
		       le32_get(e->checksum.start), le32_get(e->checksum.len));
		return 0;
	default:
		return 0;
	}
}

static int run_script(struct placer *p)
{
	const struct fw_cfg_source *src =
		fw_cfg_find_file(p->fw, ACPI_FILE_LOADER);
	const struct acpi_loader_entry *e = src ? src->data : NULL;
	size_t i;
	int rc = 0;

	for (i = 0; e && i < src->len / sizeof(*e) && rc == 0; i++)
		rc = run_command(p, &e[i]);
	return rc;
}

/* The anchor's address of the tables, and its sums. */
static void link_anchor(struct placed *anchor, gpa_t tables)
{
	if (anchor->len >= ANCHOR_32_LEN && !memcmp(anchor->data, "_SM_", 4)) {
		store_le32(anchor->data + ANCHOR_32_TABLES, (uint32_t)tables);
		sum_up(anchor, ANCHOR_32_DMI_SUM, ANCHOR_32_DMI,
		       ANCHOR_32_LEN - ANCHOR_32_DMI);
		sum_up(anchor, ANCHOR_32_SUM, 0, ANCHOR_32_LEN);
	} else if (anchor->len >= ANCHOR_64_LEN) {
		store_le64(anchor->data + ANCHOR_64_TABLES, tables);
		sum_up(anchor, ANCHOR_64_SUM, 0, ANCHOR_64_LEN);
	}
}

static int place_smbios(struct placer *p)
{
	int rc;

	if (!fw_cfg_find_file(p->fw, SMBIOS_FILE_ANCHOR))
		return 0;
	rc = place(p, SMBIOS_FILE_TABLES, SMBIOS_ALIGN, ACPI_ZONE_HIGH);
	if (rc == 0)
		rc = place(p, SMBIOS_FILE_ANCHOR, SMBIOS_ALIGN, ACPI_ZONE_FSEG);
	if (rc == 0)
		link_anchor(&p->file[p->n - 1], p->file[p->n - 2].gpa);
	return rc;
}

static void finish(struct placer *p, struct firmware_tables *t)
{
	const struct placed *rsdp = find(p, ACPI_FILE_RSDP);
	const struct placed *tables = find(p, ACPI_FILE_TABLES);
	unsigned i;

	for (i = 0; i < p->n; i++)
		gmem_write(p->gmem, p->file[i].gpa, p->file[i].data,
			   p->file[i].len);
	t->high = p->high;
	t->rsdp = rsdp ? rsdp->gpa : 0;
	t->facs = tables && within(tables, 0, FACS_LEN) &&
				  !memcmp(tables->data, "FACS", 4)
			  ? tables->gpa
			  : 0;
	t->rsdp_len = 0;
	if (rsdp && rsdp->len <= sizeof(t->rsdp_copy)) {
		t->rsdp_len = (unsigned)rsdp->len;
		memcpy(t->rsdp_copy, rsdp->data, rsdp->len);
	}
}

int firmware_place_tables(const struct fw_cfg *fw, struct gmem *gmem,
			  struct firmware_tables *t, struct error *err)
{
	struct placer p = {
		.fw = fw,
		.gmem = gmem,
		.high = t->high & ~(gpa_t)(TABLES_ALIGN - 1),
		.fseg = FSEG,
		.err = err,
	};
	int rc = run_script(&p);

	if (rc == 0)
		rc = place_smbios(&p);
	if (rc == 0)
		finish(&p, t);
	while (p.n)
		free(p.file[--p.n].data);
	return rc;
}
