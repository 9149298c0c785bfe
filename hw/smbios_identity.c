/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SMBIOS tables of what the machine is called, and of what is on its board
 * (DSP0134 3.0.0, 7.1 to 7.4, 7.9, 7.12, 7.42).  Those of the firmware, the
 * board, ports, onboard devices and OEM strings are only there when -smbios
 * asks for them.
 */
#include <string.h>

#include "hw/smbios_tables.h"

#define UUID_SWAPPED_1ST  4 /* bytes of its little-endian parts */
#define UUID_SWAPPED_2ND  6
#define UUID_SWAPPED_LAST 8

struct bios {
	struct smbios_header header;
	uint8_t vendor, version;
	le16 segment;
	uint8_t date, rom_size;
	le64 characteristics;
	uint8_t extension[2];
	uint8_t major, minor, controller_major, controller_minor;
} __attribute__((packed));

#define BIOS_SEGMENT		0xe800
#define BIOS_CHARS_NOT_TOLD	0x08
#define BIOS_EXT_DISTRIBUTION	0x04 /* of content to this machine */
#define BIOS_EXT_UEFI		0x08
#define BIOS_EXT_VIRTUAL	0x10
#define BIOS_CONTROLLER_UNKNOWN 0xff

struct system {
	struct smbios_header header;
	uint8_t manufacturer, product, version, serial;
	uint8_t uuid[16];
	uint8_t wakeup, sku, family;
};

#define WAKEUP_POWER_SWITCH 6

struct board {
	struct smbios_header header;
	uint8_t manufacturer, product, version, serial, asset, features;
	uint8_t location;
	le16 chassis;
	uint8_t type, objects;
} __attribute__((packed));

#define BOARD_HOSTS	  0x01
#define BOARD_MOTHERBOARD 10

struct chassis {
	struct smbios_header header;
	uint8_t manufacturer, type, version, serial, asset;
	uint8_t bootup_state, power_state, thermal_state, security;
	le32 oem;
	uint8_t height, cords, elements, element_len, sku;
};

#define CHASSIS_OTHER 1
#define STATE_UNKNOWN 2
#define STATE_SAFE    3

struct port {
	struct smbios_header header;
	uint8_t internal, internal_type, external, external_type, kind;
};

struct oem_strings {
	struct smbios_header header;
	uint8_t count;
};

/* Among those of type 14, where qemu has it. */
#define OEM_HANDLE SMBIOS_HANDLE(14 - SMBIOS_OEM_STRINGS)

struct onboard {
	struct smbios_header header;
	uint8_t designation, kind, instance;
	le16 segment;
	uint8_t bus, devfn;
} __attribute__((packed));

#define ONBOARD_ENABLED 0x80

void smbios_add_bios(struct smbios_tables *t)
{
	const struct smbios_bios_fields *f = &t->conf->fields->bios;
	struct smbios_strings s = {.n = 0};
	struct bios bios = {
		.vendor = smbios_string(&s, f->vendor, NULL),
		.version = smbios_string(&s, f->version, NULL),
		.segment = le16_of(BIOS_SEGMENT),
		.date = smbios_string(&s, f->date, NULL),
		.characteristics = le64_of(BIOS_CHARS_NOT_TOLD),
		.extension[1] = BIOS_EXT_DISTRIBUTION | BIOS_EXT_VIRTUAL |
				(f->uefi ? BIOS_EXT_UEFI : 0),
		.major = f->major,
		.minor = f->minor,
		.controller_major = BIOS_CONTROLLER_UNKNOWN,
		.controller_minor = BIOS_CONTROLLER_UNKNOWN,
	};

	if (t->conf->fields->given[SMBIOS_BIOS])
		smbios_add(t, SMBIOS_BIOS, 0, &bios, sizeof(bios), &s);
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

void smbios_add_system(struct smbios_tables *t)
{
	const struct smbios_system_fields *f = &t->conf->fields->system;
	struct smbios_strings s = {.n = 0};
	struct system system = {.wakeup = WAKEUP_POWER_SWITCH};

	system.manufacturer =
		smbios_string(&s, f->manufacturer, SMBIOS_DEFAULT_MANUFACTURER);
	system.product = smbios_string(&s, f->product, SMBIOS_DEFAULT_PRODUCT);
	system.version = smbios_string(&s, f->version, SMBIOS_DEFAULT_VERSION);
	system.serial = smbios_string(&s, f->serial, NULL);
	system.sku = smbios_string(&s, f->sku, NULL);
	system.family = smbios_string(&s, f->family, NULL);
	set_uuid(system.uuid, t->conf->uuid);
	smbios_add(t, SMBIOS_SYSTEM, 0, &system, sizeof(system), &s);
}

void smbios_add_board(struct smbios_tables *t)
{
	const struct smbios_board_fields *f = &t->conf->fields->board;
	struct smbios_strings s = {.n = 0};
	struct board board = {
		.features = BOARD_HOSTS,
		.chassis = le16_of(SMBIOS_HANDLE(SMBIOS_CHASSIS)),
		.type = BOARD_MOTHERBOARD,
	};

	if (!t->conf->fields->given[SMBIOS_BOARD])
		return;
	board.manufacturer =
		smbios_string(&s, f->manufacturer, SMBIOS_DEFAULT_MANUFACTURER);
	board.product = smbios_string(&s, f->product, SMBIOS_DEFAULT_PRODUCT);
	board.version = smbios_string(&s, f->version, SMBIOS_DEFAULT_VERSION);
	board.serial = smbios_string(&s, f->serial, NULL);
	board.asset = smbios_string(&s, f->asset, NULL);
	board.location = smbios_string(&s, f->location, NULL);
	smbios_add(t, SMBIOS_BOARD, 0, &board, sizeof(board), &s);
}

void smbios_add_chassis(struct smbios_tables *t)
{
	const struct smbios_chassis_fields *f = &t->conf->fields->chassis;
	struct smbios_strings s = {.n = 0};
	struct chassis chassis = {
		.type = CHASSIS_OTHER,
		.bootup_state = STATE_SAFE,
		.power_state = STATE_SAFE,
		.thermal_state = STATE_SAFE,
		.security = STATE_UNKNOWN,
	};

	chassis.manufacturer =
		smbios_string(&s, f->manufacturer, SMBIOS_DEFAULT_MANUFACTURER);
	chassis.version = smbios_string(&s, f->version, SMBIOS_DEFAULT_VERSION);
	chassis.serial = smbios_string(&s, f->serial, NULL);
	chassis.asset = smbios_string(&s, f->asset, NULL);
	chassis.sku = smbios_string(&s, f->sku, NULL);
	smbios_add(t, SMBIOS_CHASSIS, 0, &chassis, sizeof(chassis), &s);
}

void smbios_add_ports(struct smbios_tables *t)
{
	unsigned i;

	for (i = 0; i < t->conf->fields->nports; i++) {
		const struct smbios_port_fields *f = &t->conf->fields->ports[i];
		struct smbios_strings s = {.n = 0};
		struct port port = {.external_type = f->connector,
				    .kind = f->kind};

		port.internal = smbios_string(&s, f->internal, NULL);
		port.external = smbios_string(&s, f->external, NULL);
		smbios_add(t, SMBIOS_PORT, i, &port, sizeof(port), &s);
	}
}

void smbios_add_oem_strings(struct smbios_tables *t)
{
	const struct str_list *list = &t->conf->fields->oem_strings;
	struct smbios_strings s = {.n = 0};
	struct oem_strings oem;
	unsigned i;

	for (i = 0; i < list->n; i++)
		smbios_string(&s, list->str[i], NULL);
	oem.count = (uint8_t)s.n;
	if (s.n)
		smbios_add(t, SMBIOS_OEM_STRINGS, OEM_HANDLE, &oem, sizeof(oem),
			   &s);
}

static uint8_t devfn_of(const struct smbios_conf *conf, const char *id)
{
	return id ? (uint8_t)conf->find_devfn(conf->ctx, id) : 0;
}

void smbios_add_onboard(struct smbios_tables *t)
{
	const struct smbios_onboard_fields *f = t->conf->fields->onboard;
	unsigned i;

	for (i = 0; i < t->conf->fields->nonboard; i++, f++) {
		struct smbios_strings s = {.n = 0};
		struct onboard onboard = {
			.designation = smbios_string(&s, f->designation, NULL),
			.kind = (uint8_t)((f->kind + 1) | ONBOARD_ENABLED),
			.instance = f->instance,
			.devfn = devfn_of(t->conf, f->device),
		};

		smbios_add(t, SMBIOS_ONBOARD, i, &onboard, sizeof(onboard), &s);
	}
}
