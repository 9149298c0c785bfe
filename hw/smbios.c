/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SMBIOS: what machine this is, its chassis, processors and memory.
 * SMBIOS Reference Specification (DSP0134) 3.0.0, chapters 5 and 6; 2.8 for
 * the 32-bit entry point.  The firmware adds its own type 0 unless there is
 * one, places the tables and completes the entry point.
 *
 * The tables themselves are in smbios_identity.c and smbios_hardware.c.
 */
#include "hw/smbios.h"

#include <errno.h>
#include <string.h>

#include "hw/smbios_tables.h"

#define TABLES_ROOM 1024

struct entry_32 {
	uint8_t anchor[4];
	uint8_t checksum, len, major, minor;
	le16 largest;
	uint8_t revision, formatted[5];
	uint8_t dmi_anchor[5], dmi_checksum;
	le16 tables_len;
	le32 tables;
	le16 count;
	uint8_t bcd_revision;
};

struct entry_64 {
	uint8_t anchor[5];
	uint8_t checksum, len, major, minor, docrev, revision, reserved;
	le32 tables_max;
	le64 tables;
};

struct boot {
	struct smbios_header header;
	uint8_t reserved[6], status;
};

uint8_t smbios_string(struct smbios_strings *s, const char *text,
		      const char *dflt)
{
	if (!text)
		text = dflt;
	if (!text || !*text || s->n >= SMBIOS_STRINGS_MAX)
		return 0;
	s->text[s->n++] = text;
	return (uint8_t)s->n;
}

static void count_structure(struct smbios_tables *t, size_t len)
{
	t->count++;
	if (len > t->largest)
		t->largest = len;
}

void smbios_add(struct smbios_tables *t, enum smbios_type type, unsigned n,
		void *structure, size_t len, const struct smbios_strings *s)
{
	struct smbios_header *h = structure;
	size_t start = t->blob.len;
	unsigned i;

	h->type = (uint8_t)type;
	h->len = (uint8_t)len;
	h->handle = le16_of(SMBIOS_HANDLE(type) + n);
	blob_add(&t->blob, structure, len);
	if (!s || !s->n)
		blob_add_u8(&t->blob, 0);
	for (i = 0; s && i < s->n; i++)
		blob_add(&t->blob, s->text[i], strlen(s->text[i]) + 1);
	blob_add_u8(&t->blob, 0);
	count_structure(t, t->blob.len - start);
}

/* Well formed, as -smbios has seen to. */
static size_t structure_len(const uint8_t *data)
{
	size_t end = data[1];

	while (data[end] || data[end + 1])
		end++;
	return end + 2;
}

static void add_files(struct smbios_tables *t)
{
	const struct smbios_fields *f = t->conf->fields;
	size_t off, len;
	unsigned i;

	for (i = 0; i < f->nfiles; i++) {
		blob_add(&t->blob, f->files[i].data, f->files[i].len);
		for (off = 0; off < f->files[i].len; off += len) {
			len = structure_len(f->files[i].data + off);
			count_structure(t, len);
		}
	}
}

static void add_boot(struct smbios_tables *t)
{
	struct boot boot = {.status = 0}; /* no errors */

	smbios_add(t, SMBIOS_BOOT, 0, &boot, sizeof(boot), NULL);
}

static const struct {
	enum smbios_type type;
	void (*add)(struct smbios_tables *t);
} builders[] = {
	{SMBIOS_BIOS, smbios_add_bios},
	{SMBIOS_SYSTEM, smbios_add_system},
	{SMBIOS_BOARD, smbios_add_board},
	{SMBIOS_CHASSIS, smbios_add_chassis},
	{SMBIOS_PROCESSOR, smbios_add_processors},
	{SMBIOS_PORT, smbios_add_ports},
	{SMBIOS_OEM_STRINGS, smbios_add_oem_strings},
	{SMBIOS_MEMORY_ARRAY, smbios_add_memory_array},
	{SMBIOS_MEMORY_DEVICE, smbios_add_memory_devices},
	{SMBIOS_MEMORY_MAPPED, smbios_add_memory_mapped},
	{SMBIOS_BOOT, add_boot},
	{SMBIOS_ONBOARD, smbios_add_onboard},
};

static void add_all(struct smbios_tables *t)
{
	struct smbios_header end;
	size_t i;

	add_files(t);
	for (i = 0; i < sizeof(builders) / sizeof(*builders); i++)
		if (!t->conf->fields->from_file[builders[i].type])
			builders[i].add(t);
	smbios_add(t, SMBIOS_END, 0, &end, sizeof(end), NULL);
}

/* Addresses and checksums are the firmware's to fill in. */
static int add_anchor_32(const struct smbios_tables *t, struct fw_cfg *fw,
			 struct error *err)
{
	struct entry_32 entry = {
		.anchor = {'_', 'S', 'M', '_'},
		.len = sizeof(entry),
		.major = 2,
		.minor = 8,
		.largest = le16_of(t->largest),
		.dmi_anchor = {'_', 'D', 'M', 'I', '_'},
		.tables_len = le16_of(t->blob.len),
		.count = le16_of(t->count),
		.bcd_revision = 0x28,
	};

	if (t->blob.len > UINT16_MAX)
		return error_set(err, E2BIG,
				 "the SMBIOS tables have %zu bytes, more than "
				 "the %d that a 32-bit entry point can tell; "
				 "-machine smbios-entry-point-type=64 can",
				 t->blob.len, UINT16_MAX);
	return fw_cfg_add_file(fw, SMBIOS_FILE_ANCHOR, &entry, sizeof(entry),
			       err);
}

static int add_anchor_64(const struct smbios_tables *t, struct fw_cfg *fw,
			 struct error *err)
{
	struct entry_64 entry = {
		.anchor = {'_', 'S', 'M', '3', '_'},
		.len = sizeof(entry),
		.major = 3,
		.revision = 1,
		.tables_max = le32_of(t->blob.len),
	};

	return fw_cfg_add_file(fw, SMBIOS_FILE_ANCHOR, &entry, sizeof(entry),
			       err);
}

static int check_onboard(const struct smbios_conf *conf, struct error *err)
{
	const struct smbios_fields *f = conf->fields;
	unsigned i;

	for (i = 0; i < f->nonboard; i++) {
		const char *id = f->onboard[i].device;

		if (id && conf->find_devfn(conf->ctx, id) < 0)
			return error_set(
				err, ENODEV,
				"-smbios type=41,pcidev=%s: there is no "
				"device with this id on the first PCI "
				"bus",
				id);
	}
	return 0;
}

int smbios_build(const struct smbios_conf *conf, struct fw_cfg *fw,
		 struct error *err)
{
	struct smbios_tables t = {.conf = conf};
	int rc = check_onboard(conf, err);

	if (rc < 0)
		return rc;
	blob_init(&t.blob, TABLES_ROOM);
	add_all(&t);
	if (t.blob.failed)
		rc = error_set(err, ENOMEM, "out of memory");
	else if (conf->v3)
		rc = add_anchor_64(&t, fw, err);
	else
		rc = add_anchor_32(&t, fw, err);
	if (rc == 0)
		rc = fw_cfg_add_file(fw, SMBIOS_FILE_TABLES, t.blob.data,
				     t.blob.len, err);
	blob_fini(&t.blob);
	return rc;
}
