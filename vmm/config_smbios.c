/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -smbios: structures from files, and fields of the machine's own tables. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/cmdline.h"
#include "vmm/read_file.h"

#define FILE_BYTES_MAX	 (1u << 20) /* far more than guests take */
#define STRING_BYTES_MAX 65535 /* of all tables with a 32-bit entry point */
#define INSTANCE_DEFAULT 1 /* of an onboard device */

#define TEXT(key, type_, field, help_) \
	{ \
		.name = key, .type = OPT_STRING, \
		.offset = offsetof(struct smbios_##type_##_fields, field), \
		.help = help_ \
	}

#define NUMBER(key, kind, type_, field, help_) \
	{ \
		.name = key, .type = kind, \
		.offset = offsetof(struct smbios_##type_##_fields, field), \
		.help = help_ \
	}

/* clang-format off */
static const struct opt_desc bios_keys[] = {
	TEXT("vendor", bios, vendor, "who made the firmware"),
	TEXT("version", bios, version, "its version"),
	TEXT("date", bios, date, "its date, as mm/dd/yyyy"),
	TEXT("release", bios, release, "its release, as MAJOR.MINOR"),
	NUMBER("uefi", OPT_BOOL, bios, uefi, "whether it is UEFI"),
	{.type = OPT_END},
};

static const struct opt_desc system_keys[] = {
	TEXT("manufacturer", system, manufacturer, "who made the machine"),
	TEXT("product", system, product, "what it is called"),
	TEXT("version", system, version, "its version"),
	TEXT("serial", system, serial, "its serial number"),
	TEXT("uuid", system, uuid, "its identity, the same as -uuid"),
	TEXT("sku", system, sku, "its number in the shop"),
	TEXT("family", system, family, "the family that it is of"),
	{.type = OPT_END},
};

static const struct opt_desc board_keys[] = {
	TEXT("manufacturer", board, manufacturer, "who made the board"),
	TEXT("product", board, product, "what it is called"),
	TEXT("version", board, version, "its version"),
	TEXT("serial", board, serial, "its serial number"),
	TEXT("asset", board, asset, "its number in the inventory"),
	TEXT("location", board, location, "where in the chassis it is"),
	{.type = OPT_END},
};

static const struct opt_desc chassis_keys[] = {
	TEXT("manufacturer", chassis, manufacturer, "who made the chassis"),
	TEXT("version", chassis, version, "its version"),
	TEXT("serial", chassis, serial, "its serial number"),
	TEXT("asset", chassis, asset, "its number in the inventory"),
	TEXT("sku", chassis, sku, "its number in the shop"),
	{.type = OPT_END},
};

static const struct opt_desc processor_keys[] = {
	TEXT("sock_pfx", processor, socket, "sockets: before the number"),
	TEXT("manufacturer", processor, manufacturer, "who made it"),
	TEXT("version", processor, version, "its version"),
	TEXT("serial", processor, serial, "its serial number"),
	TEXT("asset", processor, asset, "its number in the inventory"),
	TEXT("part", processor, part, "its part number"),
	NUMBER("max-speed", OPT_U16, processor, max_speed,
	       "most MHz that the socket can do"),
	NUMBER("current-speed", OPT_U16, processor, speed, "MHz"),
	NUMBER("processor-id", OPT_U64, processor, id,
	       "CPUID 1: eax, and edx in the upper half"),
	{.type = OPT_END},
};

static const struct opt_desc port_keys[] = {
	TEXT("internal_reference", port, internal, "what the board says"),
	TEXT("external_reference", port, external, "what the case says"),
	NUMBER("connector_type", OPT_U8, port, connector,
	       "number of the connector's type"),
	NUMBER("port_type", OPT_U8, port, kind, "number of the port's type"),
	{.type = OPT_END},
};

struct oem_fields {
	char *value, *path;
};

static const struct opt_desc oem_keys[] = {
	{.name = "value", .type = OPT_STRING,
	 .offset = offsetof(struct oem_fields, value),
	 .help = "a string; give as many as you like"},
	{.name = "path", .type = OPT_STRING,
	 .offset = offsetof(struct oem_fields, path),
	 .help = "a file with a string"},
	{.type = OPT_END},
};

static const struct opt_desc memory_keys[] = {
	TEXT("loc_pfx", memory, locator, "locators: before the number"),
	TEXT("bank", memory, bank, "bank locator"),
	TEXT("manufacturer", memory, manufacturer, "who made it"),
	TEXT("serial", memory, serial, "its serial number"),
	TEXT("asset", memory, asset, "its number in the inventory"),
	TEXT("part", memory, part, "its part number"),
	NUMBER("speed", OPT_U16, memory, speed, "million transfers a second"),
	{.type = OPT_END},
};

/* In the order of their numbers, which begin with 1. */
static const char *const onboard_kinds[] = {
	"other", "unknown", "video", "scsi", "ethernet", "tokenring", "sound",
	"pata", "sata", "sas", NULL,
};

static const struct opt_desc onboard_keys[] = {
	TEXT("designation", onboard, designation, "what the board says"),
	{.name = "kind", .type = OPT_ENUM, .choices = onboard_kinds,
	 .offset = offsetof(struct smbios_onboard_fields, kind),
	 .help = "what kind of device it is"},
	NUMBER("instance", OPT_U8, onboard, instance,
	       "its number among those of the kind"),
	TEXT("pcidev", onboard, device, "id of the PCI device that it is"),
	{.type = OPT_END},
};

#define TABLE(fields, keys_) {keys_, offsetof(struct smbios_fields, fields)}

static const struct {
	const struct opt_desc *keys;
	size_t offset; /* of what there is one of */
} tables[] = {
	[SMBIOS_BIOS] = TABLE(bios, bios_keys),
	[SMBIOS_SYSTEM] = TABLE(system, system_keys),
	[SMBIOS_BOARD] = TABLE(board, board_keys),
	[SMBIOS_CHASSIS] = TABLE(chassis, chassis_keys),
	[SMBIOS_PROCESSOR] = TABLE(processor, processor_keys),
	[SMBIOS_PORT] = {port_keys, 0},
	[SMBIOS_OEM_STRINGS] = {oem_keys, 0},
	[SMBIOS_MEMORY_DEVICE] = TABLE(memory, memory_keys),
	[SMBIOS_ONBOARD] = {onboard_keys, 0},
};
/* clang-format on */

#define TABLES (sizeof(tables) / sizeof(*tables))

const struct opt_desc *smbios_keys(unsigned type)
{
	return type < TABLES ? tables[type].keys : NULL;
}

static int no_memory(struct error *err)
{
	return error_set(err, ENOMEM, "out of memory");
}

/* One more, all zero, at the end of an array; NULL: the error is set. */
static void *grow(void **array, unsigned *n, size_t size, struct error *err)
{
	void *grown = realloc(*array, (*n + 1) * size);

	if (!grown) {
		no_memory(err);
		return NULL;
	}
	*array = grown;
	return memset((char *)grown + (*n)++ * size, 0, size);
}

/* What the keys of the type fill. */
static void *fields_of(struct smbios_fields *f, unsigned type,
		       struct error *err)
{
	struct smbios_onboard_fields *onboard;

	switch (type) {
	case SMBIOS_PORT:
		return grow((void **)&f->ports, &f->nports, sizeof(*f->ports),
			    err);
	case SMBIOS_ONBOARD:
		onboard = grow((void **)&f->onboard, &f->nonboard,
			       sizeof(*f->onboard), err);
		if (onboard)
			onboard->instance = INSTANCE_DEFAULT;
		return onboard;
	default:
		return (char *)f + tables[type].offset;
	}
}

static int add_oem_string(struct smbios_fields *f, const char *text,
			  struct error *err)
{
	if (!*text)
		return error_set(err, EINVAL,
				 "an empty string cannot be in a table");
	if (strlen(text) > STRING_BYTES_MAX)
		return error_set(err, E2BIG,
				 "a string of %zu bytes is longer than all "
				 "tables can be",
				 strlen(text));
	if (f->oem_strings.n >= SMBIOS_STRINGS_MAX)
		return error_set(err, E2BIG, "a table has room for %d strings",
				 SMBIOS_STRINGS_MAX);
	return str_list_add(&f->oem_strings, text, err);
}

static int add_oem_file(struct smbios_fields *f, const char *path,
			struct error *err)
{
	uint8_t *data;
	size_t len;
	int rc = read_file(path, STRING_BYTES_MAX, &data, &len, err);

	if (rc < 0)
		return rc;
	if (strlen((char *)data) != len)
		rc = error_set(err, EINVAL,
			       "'%s' has a zero byte, which a string cannot",
			       path);
	else
		rc = add_oem_string(f, (char *)data, err);
	free(data);
	return rc;
}

/* Each value is one more string. */
static int set_oem(struct smbios_fields *f, const struct opt_pair *pair,
		   struct error *err)
{
	struct oem_fields scratch = {NULL, NULL};
	int rc = opt_set(oem_keys, &scratch, pair->key, pair->value, err);

	if (rc == 0 && scratch.value)
		rc = add_oem_string(f, scratch.value, err);
	else if (rc == 0)
		rc = add_oem_file(f, scratch.path, err);
	opt_free(oem_keys, &scratch);
	return rc;
}

static int parse_release(struct smbios_bios_fields *bios, struct error *err)
{
	char *dot = bios->release ? strchr(bios->release, '.') : NULL;
	uint64_t major = UINT64_MAX, minor = UINT64_MAX;

	if (!bios->release)
		return 0;
	if (dot) {
		*dot = 0;
		opt_parse_u64(bios->release, &major, NULL);
		opt_parse_u64(dot + 1, &minor, NULL);
		*dot = '.';
	}
	if (major > UINT8_MAX || minor > UINT8_MAX)
		return error_set(err, EINVAL,
				 "release='%s' is not two numbers up to 255 "
				 "with a dot between",
				 bios->release);
	bios->major = (uint8_t)major;
	bios->minor = (uint8_t)minor;
	return 0;
}

static int check_prefix(const char *prefix, struct error *err)
{
	if (!prefix || strlen(prefix) <= SMBIOS_PREFIX_MAX)
		return 0;
	return error_set(err, E2BIG, "a prefix has more than %d letters",
			 SMBIOS_PREFIX_MAX);
}

/* What the tables alone cannot check. */
static int complete(struct config *c, unsigned type, struct error *err)
{
	const char *uuid = c->smbios.system.uuid;
	int rc = 0;

	if (type == SMBIOS_BIOS)
		return parse_release(&c->smbios.bios, err);
	if (type == SMBIOS_PROCESSOR)
		return check_prefix(c->smbios.processor.socket, err);
	if (type == SMBIOS_MEMORY_DEVICE)
		return check_prefix(c->smbios.memory.locator, err);
	if (type == SMBIOS_SYSTEM && uuid) {
		rc = opt_parse_uuid(uuid, c->uuid, err);
		c->uuid_set |= rc == 0;
		/* Or the next -smbios would set it again, over a -uuid. */
		free(c->smbios.system.uuid);
		c->smbios.system.uuid = NULL;
	}
	return rc;
}

static int add_fields(struct config *c, unsigned type,
		      const struct opt_list *list, struct error *err)
{
	struct smbios_fields *f = &c->smbios;
	void *fields;
	size_t i;
	int rc = 0;

	if (!smbios_keys(type))
		return error_set(
			err, EINVAL,
			"tables of type %u have no keys; they can come "
			"from a file; -smbios help lists the others",
			type);
	if (f->from_file[type])
		return error_set(err, EEXIST,
				 "a table of type %u is there from a file "
				 "already",
				 type);
	f->given[type] = true;
	fields = fields_of(f, type, err);
	if (!fields)
		return -ENOMEM;
	for (i = 0; i < list->n && rc == 0; i++) {
		const struct opt_pair *pair = &list->pair[i];

		if (!strcmp(pair->key, "type"))
			continue;
		if (type == SMBIOS_OEM_STRINGS)
			rc = set_oem(f, pair, err);
		else
			rc = opt_set(tables[type].keys, fields, pair->key,
				     pair->value, err);
	}
	return rc < 0 ? rc : complete(c, type, err);
}

/*
 * The length of the structure that data begins with, strings and both zero
 * bytes at their end included; 0: it is not one.
 */
static size_t structure_len(const uint8_t *data, size_t len)
{
	size_t end;

	if (len < SMBIOS_HEADER_LEN || data[1] < SMBIOS_HEADER_LEN)
		return 0;
	for (end = data[1]; end + 2 <= len; end++)
		if (!data[end] && !data[end + 1])
			return end + 2;
	return 0;
}

/* Structures up to the file's end, or to one that says it is the last. */
static int take_structures(struct smbios_fields *f, struct smbios_file *file,
			   struct error *err)
{
	size_t off, n;

	for (off = 0; off < file->len; off += n) {
		uint8_t type = file->data[off];

		n = structure_len(file->data + off, file->len - off);
		if (!n)
			return error_set(err, EINVAL,
					 "there is no SMBIOS structure at byte "
					 "%zu of the file",
					 off);
		if (type == SMBIOS_END) {
			file->len = off;
			break;
		}
		if (f->given[type])
			return error_set(
				err, EEXIST,
				"fields of tables of type %u are given "
				"already",
				type);
		f->from_file[type] = true;
	}
	return 0;
}

static int add_file(struct smbios_fields *f, const char *path,
		    struct error *err)
{
	struct smbios_file *file =
		grow((void **)&f->files, &f->nfiles, sizeof(*f->files), err);
	int rc;

	if (!file)
		return -ENOMEM;
	rc = read_file(path, FILE_BYTES_MAX, &file->data, &file->len, err);
	if (rc == 0 && !file->len)
		rc = error_set(err, EINVAL, "'%s' is empty", path);
	return rc < 0 ? rc : take_structures(f, file, err);
}

static int choose(struct config *c, const struct opt_list *list,
		  struct error *err)
{
	const char *file = opt_list_get(list, "file");
	const char *type = opt_list_get(list, "type");
	struct smbios_choice choice = {.file = NULL};
	int rc;

	if (file && list->n > 1)
		return error_set(err, EINVAL,
				 "nothing else can be said with file=");
	if (file)
		return add_file(&c->smbios, file, err);
	if (!type)
		return error_set(err, EINVAL, "type= or file= is missing");
	rc = opt_set(smbios_opts, &choice, "type", type, err);
	return rc < 0 ? rc : add_fields(c, choice.type, list, err);
}

int config_add_smbios(struct config *c, const struct cmdline_opt *o,
		      const char *arg, struct error *err)
{
	struct opt_list list;
	int rc = opt_split(arg, NULL, &list, err);

	if (rc < 0)
		return rc;
	rc = choose(c, &list, err);
	opt_list_free(&list);
	return rc;
}

void config_free_smbios(struct config *c)
{
	struct smbios_fields *f = &c->smbios;
	unsigned i;

	opt_free(bios_keys, &f->bios);
	opt_free(system_keys, &f->system);
	opt_free(board_keys, &f->board);
	opt_free(chassis_keys, &f->chassis);
	opt_free(processor_keys, &f->processor);
	opt_free(memory_keys, &f->memory);
	for (i = 0; i < f->nports; i++)
		opt_free(port_keys, &f->ports[i]);
	for (i = 0; i < f->nonboard; i++)
		opt_free(onboard_keys, &f->onboard[i]);
	for (i = 0; i < f->nfiles; i++)
		free(f->files[i].data);
	str_list_free(&f->oem_strings);
	free(f->ports);
	free(f->onboard);
	free(f->files);
	*f = (struct smbios_fields){.nports = 0};
}
