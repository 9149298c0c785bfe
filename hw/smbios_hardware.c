/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SMBIOS tables of processors and memory (DSP0134 3.0.0, 7.5 and 7.17 to
 * 7.20).
 */
#include <stdio.h>

#include "hw/smbios_tables.h"

#define KIB	  (UINT64_C(1) << 10)
#define MIB	  (UINT64_C(1) << 20)
#define DIMM_SIZE (UINT64_C(16) << 30) /* of one memory device */
#define DIMMS_MAX \
	((SMBIOS_MEMORY_MAPPED - SMBIOS_MEMORY_DEVICE) << 8) /* handles */
#define MANY_MIB       UINT64_C(0x7fff) /* look at the extended field */
#define ABOVE_4G       (UINT64_C(1) << 32)
#define MANY_KIB       UINT64_C(0x80000000) /* look at the extended field */
#define CPUS_MANY      0xff /* look at the 16-bit field */
#define HANDLE_NONE    0xfffe
#define HANDLE_UNKNOWN 0xffff
#define UNKNOWN_16     0xffff
#define EXTENDED_32    UINT32_MAX
#define NAME_ROOM      (SMBIOS_PREFIX_MAX + 16) /* prefix and number */

struct processor {
	struct smbios_header header;
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
	struct smbios_header header;
	uint8_t location, use, correction;
	le32 max_kib;
	le16 error_handle, devices;
	le64 max_bytes;
};

#define ARRAY_OTHER	    1
#define ARRAY_SYSTEM_MEMORY 3
#define ARRAY_MULTI_BIT_ECC 6

struct memory_device {
	struct smbios_header header;
	le16 array, error_handle, total_width, data_width, mib;
	uint8_t form, set, locator, bank, type;
	le16 detail, speed;
	uint8_t manufacturer, serial, asset, part, attributes;
	le32 extended_mib;
	le16 configured_speed, min_voltage, max_voltage, voltage;
};

#define FORM_DIMM    9
#define TYPE_RAM     7
#define DETAIL_OTHER 2

struct memory_mapped {
	struct smbios_header header;
	le32 first_kib, last_kib;
	le16 array;
	uint8_t width;
	le64 first, last;
};

/* "CPU 0" */
static const char *number_name(char *buf, size_t size, const char *prefix,
			       const char *dflt, unsigned n)
{
	snprintf(buf, size, "%.*s %u", SMBIOS_PREFIX_MAX,
		 prefix ? prefix : dflt, n);
	return buf;
}

static uint8_t few(unsigned n)
{
	return n < CPUS_MANY ? n : CPUS_MANY;
}

static uint16_t speed_or_usual(uint16_t given)
{
	return given ? given : PROCESSOR_MHZ;
}

/* What -smbios says of it, and what CPUID does otherwise. */
static void describe_processor(struct processor *cpu, struct smbios_strings *s,
			       const char *socket,
			       const struct smbios_conf *conf)
{
	const struct smbios_processor_fields *f = &conf->fields->processor;

	cpu->socket = smbios_string(s, socket, NULL);
	cpu->manufacturer =
		smbios_string(s, f->manufacturer, SMBIOS_DEFAULT_MANUFACTURER);
	cpu->version = smbios_string(s, f->version, SMBIOS_DEFAULT_VERSION);
	cpu->serial = smbios_string(s, f->serial, NULL);
	cpu->asset = smbios_string(s, f->asset, NULL);
	cpu->part = smbios_string(s, f->part, NULL);
	cpu->max_speed = le16_of(speed_or_usual(f->max_speed));
	cpu->speed = le16_of(speed_or_usual(f->speed));
	cpu->id_eax = le32_of(f->id ? (uint32_t)f->id : conf->cpuid_eax);
	cpu->id_edx = le32_of(f->id ? f->id >> 32 : conf->cpuid_edx);
}

static void add_processor(struct smbios_tables *t, unsigned socket)
{
	const struct smbios_conf *conf = t->conf;
	unsigned threads = conf->cores * conf->threads;
	struct smbios_strings s = {.n = 0};
	char name[NAME_ROOM];
	struct processor cpu = {
		.type = PROCESSOR_CENTRAL,
		.family = PROCESSOR_OTHER,
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

	number_name(name, sizeof(name), conf->fields->processor.socket, "CPU",
		    socket);
	describe_processor(&cpu, &s, name, conf);
	smbios_add(t, SMBIOS_PROCESSOR, socket, &cpu,
		   conf->v3 ? sizeof(cpu) : PROCESSOR_LEN_28, &s);
}

void smbios_add_processors(struct smbios_tables *t)
{
	unsigned i;

	for (i = 0; i < t->conf->sockets; i++)
		add_processor(t, i);
}

static uint64_t all_ram(const struct smbios_tables *t)
{
	return t->conf->below_4g + t->conf->above_4g;
}

/* Larger ones when the handles would not do for so many. */
static uint64_t dimm_size(uint64_t ram)
{
	uint64_t size = DIMM_SIZE;

	while (ram / size >= DIMMS_MAX)
		size *= 2;
	return size;
}

void smbios_add_memory_array(struct smbios_tables *t)
{
	uint64_t ram = all_ram(t), size = dimm_size(ram);
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

	smbios_add(t, SMBIOS_MEMORY_ARRAY, 0, &array, sizeof(array), NULL);
}

static void describe_memory(struct memory_device *device,
			    struct smbios_strings *s, const char *locator,
			    const struct smbios_memory_fields *f)
{
	device->locator = smbios_string(s, locator, NULL);
	device->bank = smbios_string(s, f->bank, NULL);
	device->manufacturer =
		smbios_string(s, f->manufacturer, SMBIOS_DEFAULT_MANUFACTURER);
	device->serial = smbios_string(s, f->serial, NULL);
	device->asset = smbios_string(s, f->asset, NULL);
	device->part = smbios_string(s, f->part, NULL);
	device->speed = device->configured_speed = le16_of(f->speed);
}

static void add_memory_device(struct smbios_tables *t, unsigned n,
			      uint64_t size)
{
	const struct smbios_memory_fields *f = &t->conf->fields->memory;
	bool many = size / MIB >= MANY_MIB;
	struct smbios_strings s = {.n = 0};
	char name[NAME_ROOM];
	struct memory_device device = {
		.array = le16_of(SMBIOS_HANDLE(SMBIOS_MEMORY_ARRAY)),
		.error_handle = le16_of(HANDLE_NONE),
		.total_width = le16_of(UNKNOWN_16),
		.data_width = le16_of(UNKNOWN_16),
		.mib = le16_of(many ? MANY_MIB : size / MIB),
		.form = FORM_DIMM,
		.type = TYPE_RAM,
		.detail = le16_of(DETAIL_OTHER),
		.extended_mib = le32_of(many ? size / MIB : 0),
	};

	number_name(name, sizeof(name), f->locator, "DIMM", n);
	describe_memory(&device, &s, name, f);
	smbios_add(t, SMBIOS_MEMORY_DEVICE, n, &device, sizeof(device), &s);
}

void smbios_add_memory_devices(struct smbios_tables *t)
{
	uint64_t size = dimm_size(all_ram(t)), left = all_ram(t), n;
	unsigned i;

	for (i = 0; left; i++, left -= n) {
		n = left < size ? left : size;
		add_memory_device(t, i, n);
	}
}

static void add_mapped(struct smbios_tables *t, unsigned n, uint64_t first,
		       uint64_t len)
{
	uint64_t last = first + len - 1;
	bool extended = last / KIB >= EXTENDED_32;
	struct memory_mapped mapped = {
		.first_kib = le32_of(extended ? EXTENDED_32 : first / KIB),
		.last_kib = le32_of(extended ? EXTENDED_32 : last / KIB),
		.array = le16_of(SMBIOS_HANDLE(SMBIOS_MEMORY_ARRAY)),
		.width = 1,
		.first = le64_of(extended ? first : 0),
		.last = le64_of(extended ? last : 0),
	};

	smbios_add(t, SMBIOS_MEMORY_MAPPED, n, &mapped, sizeof(mapped), NULL);
}

void smbios_add_memory_mapped(struct smbios_tables *t)
{
	add_mapped(t, 0, 0, t->conf->below_4g);
	if (t->conf->above_4g)
		add_mapped(t, 1, ABOVE_4G, t->conf->above_4g);
}
