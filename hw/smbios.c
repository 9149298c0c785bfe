/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SMBIOS: what machine this is, its chassis, processors and memory.
 * SMBIOS Reference Specification (DSP0134) 3.0.0, chapters 5 to 7; 2.8 for
 * the 32-bit entry point.  The firmware adds its own type 0, places the tables
 * and completes the entry point.
 */
#include "hw/smbios.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "hw/blob.h"
#include "vmm/endian.h"

#define DEFAULT_MANUFACTURER "QEMU"
#define DEFAULT_PRODUCT	     "Standard PC (i440FX + PIIX, 1996)"
#define DEFAULT_VERSION	     "pc-i440fx-7.2"

#define KIB		     (UINT64_C(1) << 10)
#define MIB		     (UINT64_C(1) << 20)
#define DIMM_SIZE	     (UINT64_C(16) << 30) /* of one memory device */
#define DIMMS_MAX	     (HANDLE_MEMORY_MAPPED - HANDLE_MEMORY_DEVICE)
#define MANY_MIB	     UINT64_C(0x7fff) /* look at the extended field */
#define ABOVE_4G	     (UINT64_C(1) << 32)
#define MANY_KIB	     UINT64_C(0x80000000) /* look at the extended field */
#define CPUS_MANY	     0xff /* look at the 16-bit field */
#define HANDLE_NONE	     0xfffe
#define HANDLE_UNKNOWN	     0xffff
#define UNKNOWN_16	     0xffff
#define EXTENDED_32	     UINT32_MAX
#define TABLES_ROOM	     1024
#define UUID_SWAPPED_1ST     4 /* bytes of its little-endian parts */
#define UUID_SWAPPED_2ND     6
#define UUID_SWAPPED_LAST    8

enum {
	TYPE_SYSTEM = 1,
	TYPE_CHASSIS = 3,
	TYPE_PROCESSOR = 4,
	TYPE_MEMORY_ARRAY = 16,
	TYPE_MEMORY_DEVICE = 17,
	TYPE_MEMORY_MAPPED = 19,
	TYPE_BOOT = 32,
	TYPE_END = 127,
};

/* The first handle of each kind: the type in the high byte, if it fits. */
enum {
	HANDLE_SYSTEM = 0x0100,
	HANDLE_CHASSIS = 0x0300,
	HANDLE_PROCESSOR = 0x0400,
	HANDLE_MEMORY_ARRAY = 0x1000,
	HANDLE_MEMORY_DEVICE = 0x1100,
	HANDLE_MEMORY_MAPPED = 0x1300,
	HANDLE_BOOT = 0x2000,
	HANDLE_END = 0x7f00,
};

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

struct header {
	uint8_t type, len;
	le16 handle;
};

/* Strings are numbered from 1; 0 is none. */

struct system {
	struct header header;
	uint8_t manufacturer, product, version, serial;
	uint8_t uuid[16];
	uint8_t wakeup, sku, family;
};

#define WAKEUP_POWER_SWITCH 6

struct chassis {
	struct header header;
	uint8_t manufacturer, type, version, serial, asset;
	uint8_t bootup_state, power_state, thermal_state, security;
	le32 oem;
	uint8_t height, cords, elements, element_len, sku;
};

#define CHASSIS_OTHER 1
#define STATE_UNKNOWN 2
#define STATE_SAFE    3

struct processor {
	struct header header;
	uint8_t socket, type, family, manufacturer;
	le32 id_eax, id_edx;
	uint8_t version, voltage;
	le16 clock, max_speed, speed;
	uint8_t status, upgrade;
	le16 l1, l2, l3;
	uint8_t serial, asset, part, cores, enabled, threads;
	le16 characteristics, family2;
	/* Since 3.0: */
	le16 cores2, enabled2, threads2;
};

#define PROCESSOR_LEN_28	offsetof(struct processor, cores2)
#define PROCESSOR_CENTRAL	3
#define PROCESSOR_OTHER		1 /* family, upgrade */
#define PROCESSOR_MHZ		2000 /* no guest relies on it */
#define PROCESSOR_STATUS	0x41 /* socket populated, enabled */
#define PROCESSOR_CHARS_UNKNOWN 0x0002

struct memory_array {
	struct header header;
	uint8_t location, use, correction;
	le32 max_kib;
	le16 error_handle, devices;
	le64 max_bytes;
};

#define ARRAY_OTHER	    1
#define ARRAY_SYSTEM_MEMORY 3
#define ARRAY_MULTI_BIT_ECC 6

struct memory_device {
	struct header header;
	le16 array, error_handle, total_width, data_width, mib;
	uint8_t form, set, locator, bank, type;
	le16 detail, speed;
	uint8_t manufacturer, serial, asset, part, attributes;
	le32 extended_mib;
	le16 clock, min_voltage, max_voltage, voltage;
};

#define FORM_DIMM    9
#define TYPE_RAM     7
#define DETAIL_OTHER 2

struct memory_mapped {
	struct header header;
	le32 first_kib, last_kib;
	le16 array;
	uint8_t width;
	le64 first, last;
};

struct boot {
	struct header header;
	uint8_t reserved[6], status;
};

struct tables {
	const struct smbios_conf *conf;
	struct blob blob;
	size_t largest;
	unsigned count;
};

/* Adds a structure of len bytes, and its strings up to a NULL. */
static void add(struct tables *t, void *structure, uint8_t type, size_t len,
		unsigned handle, const char *const *strings)
{
	size_t start = t->blob.len;
	struct header *h = structure;

	*h = (struct header){type, len, le16_of(handle)};
	blob_add(&t->blob, structure, len);
	if (!strings)
		blob_add_u8(&t->blob, 0);
	for (; strings && *strings; strings++)
		blob_add(&t->blob, *strings, strlen(*strings) + 1);
	blob_add_u8(&t->blob, 0);
	t->count++;
	if (t->blob.len - start > t->largest)
		t->largest = t->blob.len - start;
}

static const char *or_default(const char *text, const char *dflt)
{
	return text && *text ? text : dflt;
}

static const char *manufacturer(const struct tables *t)
{
	return or_default(t->conf->manufacturer, DEFAULT_MANUFACTURER);
}

static const char *version(const struct tables *t)
{
	return or_default(t->conf->version, DEFAULT_VERSION);
}

static void reverse(uint8_t *out, const uint8_t *in, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		out[i] = in[len - 1 - i];
}

/* Its first three parts are little-endian numbers (7.2.1). */
static void set_uuid(uint8_t out[16], const uint8_t uuid[16])
{
	memcpy(out, uuid, 16);
	reverse(out, uuid, UUID_SWAPPED_1ST);
	reverse(out + UUID_SWAPPED_1ST, uuid + UUID_SWAPPED_1ST,
		UUID_SWAPPED_2ND - UUID_SWAPPED_1ST);
	reverse(out + UUID_SWAPPED_2ND, uuid + UUID_SWAPPED_2ND,
		UUID_SWAPPED_LAST - UUID_SWAPPED_2ND);
}

static void add_system(struct tables *t)
{
	const char *strings[] = {
		manufacturer(t),
		or_default(t->conf->product, DEFAULT_PRODUCT),
		version(t),
		NULL,
	};
	struct system system = {
		.manufacturer = 1,
		.product = 2,
		.version = 3,
		.wakeup = WAKEUP_POWER_SWITCH,
	};

	set_uuid(system.uuid, t->conf->uuid);
	add(t, &system, TYPE_SYSTEM, sizeof(system), HANDLE_SYSTEM, strings);
}

static void add_chassis(struct tables *t)
{
	const char *strings[] = {manufacturer(t), version(t), NULL};
	struct chassis chassis = {
		.manufacturer = 1,
		.type = CHASSIS_OTHER,
		.version = 2,
		.bootup_state = STATE_SAFE,
		.power_state = STATE_SAFE,
		.thermal_state = STATE_SAFE,
		.security = STATE_UNKNOWN,
	};

	add(t, &chassis, TYPE_CHASSIS, sizeof(chassis), HANDLE_CHASSIS,
	    strings);
}

static uint8_t few(unsigned n)
{
	return n < CPUS_MANY ? n : CPUS_MANY;
}

static void add_processor(struct tables *t, unsigned socket)
{
	const struct smbios_conf *conf = t->conf;
	unsigned threads = conf->cores * conf->threads;
	char name[16];
	const char *strings[] = {name, manufacturer(t), version(t), NULL};
	struct processor cpu = {
		.socket = 1,
		.type = PROCESSOR_CENTRAL,
		.family = PROCESSOR_OTHER,
		.manufacturer = 2,
		.id_eax = le32_of(conf->cpuid_eax),
		.id_edx = le32_of(conf->cpuid_edx),
		.version = 3,
		.max_speed = le16_of(PROCESSOR_MHZ),
		.speed = le16_of(PROCESSOR_MHZ),
		.status = PROCESSOR_STATUS,
		.upgrade = PROCESSOR_OTHER,
		.l1 = le16_of(HANDLE_UNKNOWN),
		.l2 = le16_of(HANDLE_UNKNOWN),
		.l3 = le16_of(HANDLE_UNKNOWN),
		.cores = few(conf->cores),
		.enabled = few(conf->cores),
		.threads = few(threads),
		.characteristics = le16_of(PROCESSOR_CHARS_UNKNOWN),
		.family2 = le16_of(PROCESSOR_OTHER),
		.cores2 = le16_of(conf->cores),
		.enabled2 = le16_of(conf->cores),
		.threads2 = le16_of(threads),
	};

	snprintf(name, sizeof(name), "CPU %u", socket);
	add(t, &cpu, TYPE_PROCESSOR, conf->v3 ? sizeof(cpu) : PROCESSOR_LEN_28,
	    HANDLE_PROCESSOR + socket, strings);
}

static void add_processors(struct tables *t)
{
	unsigned per_socket = t->conf->cores * t->conf->threads, first;

	for (first = 0; first < t->conf->ncpus; first += per_socket)
		add_processor(t, first / per_socket);
}

/* Larger ones when the handles would not do for so many. */
static uint64_t dimm_size(uint64_t ram)
{
	uint64_t size = DIMM_SIZE;

	while (ram / size >= DIMMS_MAX)
		size *= 2;
	return size;
}

static void add_memory_array(struct tables *t, uint64_t ram)
{
	uint64_t size = dimm_size(ram);
	bool many = ram / KIB >= MANY_KIB;
	struct memory_array array = {
		.location = ARRAY_OTHER,
		.use = ARRAY_SYSTEM_MEMORY,
		.correction = ARRAY_MULTI_BIT_ECC,
		.max_kib = le32_of(many ? MANY_KIB : ram / KIB),
		.error_handle = le16_of(HANDLE_NONE),
		.devices = le16_of((ram + size - 1) / size),
		.max_bytes = le64_of(many ? ram : 0),
	};

	add(t, &array, TYPE_MEMORY_ARRAY, sizeof(array), HANDLE_MEMORY_ARRAY,
	    NULL);
}

static void add_memory_device(struct tables *t, unsigned n, uint64_t size)
{
	char name[16];
	const char *strings[] = {name, manufacturer(t), NULL};
	bool many = size / MIB >= MANY_MIB;
	struct memory_device device = {
		.array = le16_of(HANDLE_MEMORY_ARRAY),
		.error_handle = le16_of(HANDLE_NONE),
		.total_width = le16_of(UNKNOWN_16),
		.data_width = le16_of(UNKNOWN_16),
		.mib = le16_of(many ? MANY_MIB : size / MIB),
		.form = FORM_DIMM,
		.locator = 1,
		.type = TYPE_RAM,
		.detail = le16_of(DETAIL_OTHER),
		.manufacturer = 2,
		.extended_mib = le32_of(many ? size / MIB : 0),
	};

	snprintf(name, sizeof(name), "DIMM %u", n);
	add(t, &device, TYPE_MEMORY_DEVICE, sizeof(device),
	    HANDLE_MEMORY_DEVICE + n, strings);
}

static void add_memory_mapped(struct tables *t, unsigned n, uint64_t first,
			      uint64_t len)
{
	uint64_t last = first + len - 1;
	bool extended = last / KIB >= EXTENDED_32;
	struct memory_mapped mapped = {
		.first_kib = le32_of(extended ? EXTENDED_32 : first / KIB),
		.last_kib = le32_of(extended ? EXTENDED_32 : last / KIB),
		.array = le16_of(HANDLE_MEMORY_ARRAY),
		.width = 1,
		.first = le64_of(extended ? first : 0),
		.last = le64_of(extended ? last : 0),
	};

	add(t, &mapped, TYPE_MEMORY_MAPPED, sizeof(mapped),
	    HANDLE_MEMORY_MAPPED + n, NULL);
}

static void add_memory(struct tables *t)
{
	uint64_t ram = t->conf->below_4g + t->conf->above_4g, left = ram, n;
	unsigned i;

	add_memory_array(t, ram);
	for (i = 0; left; i++, left -= n) {
		n = left < dimm_size(ram) ? left : dimm_size(ram);
		add_memory_device(t, i, n);
	}
	add_memory_mapped(t, 0, 0, t->conf->below_4g);
	if (t->conf->above_4g)
		add_memory_mapped(t, 1, ABOVE_4G, t->conf->above_4g);
}

static void add_all(struct tables *t)
{
	struct boot boot = {.status = 0}; /* no errors */
	struct header end;

	add_system(t);
	add_chassis(t);
	add_processors(t);
	add_memory(t);
	add(t, &boot, TYPE_BOOT, sizeof(boot), HANDLE_BOOT, NULL);
	add(t, &end, TYPE_END, sizeof(end), HANDLE_END, NULL);
}

/* Addresses and checksums are the firmware's to fill in. */
static int add_anchor_32(const struct tables *t, struct fw_cfg *fw,
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
				 "a 32-bit entry point can tell",
				 t->blob.len);
	return fw_cfg_add_file(fw, SMBIOS_FILE_ANCHOR, &entry, sizeof(entry),
			       err);
}

static int add_anchor_64(const struct tables *t, struct fw_cfg *fw,
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

int smbios_build(const struct smbios_conf *conf, struct fw_cfg *fw,
		 struct error *err)
{
	struct tables t = {.conf = conf};
	int rc;

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
