/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The items of fw_cfg that SeaBIOS and OVMF read, besides the tables.
 * Interface: the fw_cfg specification in QEMU's documentation, and SeaBIOS's
 * Runtime_config.
 */
#include "hw/firmware.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hw/acpi.h"
#include "vmm/endian.h"

#define FILE_E820	    "etc/e820"
#define FILE_BOOTORDER	    "bootorder"
#define FILE_GEOMETRY	    "bios-geometry"
#define FILE_FAIL_WAIT	    "etc/boot-fail-wait"
#define FILE_MENU_WAIT	    "etc/boot-menu-wait"
#define FILE_SYSTEM_STATES  "etc/system-states"
#define SYSTEM_STATES	    6 /* S0 to S5 */
#define SYSTEM_STATE_USABLE 0x80
#define SLEEP_TYPE_S3	    1 /* what the PM1 control register takes */
#define SLEEP_TYPE_S4	    2

struct e820_entry {
	le64 base, len;
	le32 type;
};

/* The 32-bit HPET key: how many, then each one's description. */
struct hpet_item {
	uint8_t count;
	le32 block_id;
	le64 base;
	le16 min_tick;
	uint8_t protection;
};

static int add_e820(const struct firmware_conf *conf, struct fw_cfg *fw,
		    struct error *err)
{
	size_t size = conf->ne820 * sizeof(struct e820_entry);
	struct e820_entry *entry = malloc(size + 1);
	unsigned i;
	int rc;

	if (!entry)
		return error_set(err, ENOMEM, "out of memory");
	for (i = 0; i < conf->ne820; i++)
		entry[i] = (struct e820_entry){
			.base = le64_of(conf->e820[i].base),
			.len = le64_of(conf->e820[i].len),
			.type = le32_of(conf->e820[i].type),
		};
	rc = fw_cfg_add_file(fw, FILE_E820, entry, size, err);
	free(entry);
	return rc;
}

static int add_system_states(const struct firmware_conf *conf,
			     struct fw_cfg *fw, struct error *err)
{
	const uint8_t states[SYSTEM_STATES] = {
		[0] = SYSTEM_STATE_USABLE,
		[3] = (conf->s3 ? SYSTEM_STATE_USABLE : 0) | SLEEP_TYPE_S3,
		[4] = (conf->s4 ? SYSTEM_STATE_USABLE : 0) | SLEEP_TYPE_S4,
		[5] = SYSTEM_STATE_USABLE,
	};

	return fw_cfg_add_file(fw, FILE_SYSTEM_STATES, states, sizeof(states),
			       err);
}

/* How many NUMA nodes, the one of each APIC id, and the memory of each. */
static int add_numa(const struct firmware_conf *conf, struct fw_cfg *fw,
		    struct error *err)
{
	unsigned i, nodes = conf->numa ? conf->numa->n : 0;
	size_t count = 1 + conf->apic_id_limit + nodes;
	le64 *item = calloc(count, sizeof(*item)), *memory;
	int rc;

	if (!item)
		return error_set(err, ENOMEM, "out of memory");
	item[0] = le64_of(nodes);
	memory = item + 1 + conf->apic_id_limit;
	for (i = 0; i < conf->max_cpus && nodes; i++)
		item[1 + conf->apic_ids[i]] = le64_of(conf->numa->cpu[i]);
	for (i = 0; i < nodes; i++)
		memory[i] = le64_of(conf->numa->node[i].mem);
	rc = fw_cfg_add_bytes(fw, FW_CFG_NUMA, item, count * sizeof(*item),
			      err);
	free(item);
	return rc;
}

static int add_hpet(const struct firmware_conf *conf, struct fw_cfg *fw,
		    struct error *err)
{
	const struct hpet_item item = {
		.count = conf->hpet,
		.block_id = le32_of(ACPI_HPET_BLOCK_ID),
		.base = le64_of(ACPI_HPET_BASE),
	};

	return fw_cfg_add_bytes(fw, FW_CFG_HPET, &item,
				conf->hpet ? sizeof(item) : sizeof(item.count),
				err);
}

static int add_processors(const struct firmware_conf *conf, struct fw_cfg *fw,
			  struct error *err)
{
	int rc = fw_cfg_add_u16(fw, FW_CFG_NB_CPUS, conf->ncpus, err);

	if (rc == 0)
		rc = fw_cfg_add_u16(fw, FW_CFG_MAX_CPUS, conf->apic_id_limit,
				    err);
	if (rc == 0)
		rc = add_numa(conf, fw, err);
	return rc;
}

static int add_machine(const struct firmware_conf *conf, struct fw_cfg *fw,
		       struct error *err)
{
	int rc = fw_cfg_add_u64(fw, FW_CFG_RAM_SIZE, conf->ram_size, err);

	if (rc == 0)
		rc = fw_cfg_add_bytes(fw, FW_CFG_UUID, conf->uuid,
				      sizeof(conf->uuid), err);
	if (rc == 0)
		rc = fw_cfg_add_u16(fw, FW_CFG_NOGRAPHIC, conf->nographic, err);
	/* The timer is wired to another input of the I/O APIC. */
	if (rc == 0)
		rc = fw_cfg_add_u32(fw, FW_CFG_IRQ0_OVERRIDE, 1, err);
	return rc;
}

static int add_boot_order(const struct firmware_conf *conf, struct fw_cfg *fw,
			  struct error *err)
{
	const char *order = conf->bootorder ? conf->bootorder : "";
	size_t len = *order ? strlen(order) + 1 : 0;

	return fw_cfg_add_file(fw, FILE_BOOTORDER, order, len, err);
}

static int add_boot(const struct firmware_conf *conf, struct fw_cfg *fw,
		    struct error *err)
{
	le32 fail_wait = le32_of((uint32_t)conf->boot_fail_wait);
	le16 menu_wait = le16_of((uint16_t)conf->boot_menu_wait);
	int rc = add_boot_order(conf, fw, err);

	/* No disk's geometry but the one that it tells itself. */
	if (rc == 0)
		rc = fw_cfg_add_file(fw, FILE_GEOMETRY, NULL, 0, err);
	if (rc == 0)
		rc = fw_cfg_add_u16(fw, FW_CFG_BOOT_MENU, conf->boot_menu, err);
	if (rc == 0 && conf->boot_menu_wait >= 0)
		rc = fw_cfg_add_file(fw, FILE_MENU_WAIT, &menu_wait,
				     sizeof(menu_wait), err);
	if (rc == 0)
		rc = fw_cfg_add_file(fw, FILE_FAIL_WAIT, &fail_wait,
				     sizeof(fail_wait), err);
	return rc;
}

int firmware_build(const struct firmware_conf *conf, struct fw_cfg *fw,
		   struct error *err)
{
	static int (*const parts[])(const struct firmware_conf *,
				    struct fw_cfg *, struct error *) = {
		add_machine, add_processors, add_e820,
		add_boot,    add_hpet,	     add_system_states,
	};
	size_t i;
	int rc = 0;

	for (i = 0; i < sizeof(parts) / sizeof(*parts) && rc == 0; i++)
		rc = parts[i](conf, fw, err);
	return rc;
}
