/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The firmware configuration device: items by key, and named files, which
 * firmware and guest drivers read.  Items are added while the machine is
 * built; afterwards their contents may change, but not which there are.
 * Machine lock.
 */
#ifndef HW_FW_CFG_H
#define HW_FW_CFG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/device.h"

/* The wiring maps them at FW_CFG_IO_BASE and FW_CFG_DMA_BASE. */
enum fw_cfg_region { FW_CFG_REGION_IO, FW_CFG_REGION_DMA };

#define FW_CFG_IO_BASE	0x510
#define FW_CFG_DMA_BASE 0x514
#define FW_CFG_IO_LEN	12 /* of both together */

/* Keys that are not files. */
enum fw_cfg_key {
	FW_CFG_SIGNATURE = 0x00,
	FW_CFG_ID = 0x01,
	FW_CFG_UUID = 0x02,
	FW_CFG_RAM_SIZE = 0x03,
	FW_CFG_NOGRAPHIC = 0x04,
	FW_CFG_NB_CPUS = 0x05,
	FW_CFG_KERNEL_ADDR = 0x07,
	FW_CFG_KERNEL_SIZE = 0x08,
	FW_CFG_KERNEL_CMDLINE = 0x09,
	FW_CFG_INITRD_ADDR = 0x0a,
	FW_CFG_INITRD_SIZE = 0x0b,
	FW_CFG_NUMA = 0x0d,
	FW_CFG_BOOT_MENU = 0x0e,
	FW_CFG_MAX_CPUS = 0x0f,
	FW_CFG_KERNEL_ENTRY = 0x10,
	FW_CFG_KERNEL_DATA = 0x11,
	FW_CFG_INITRD_DATA = 0x12,
	FW_CFG_CMDLINE_ADDR = 0x13,
	FW_CFG_CMDLINE_SIZE = 0x14,
	FW_CFG_CMDLINE_DATA = 0x15,
	FW_CFG_SETUP_ADDR = 0x16,
	FW_CFG_SETUP_SIZE = 0x17,
	FW_CFG_SETUP_DATA = 0x18,
	FW_CFG_FILE_DIR = 0x19,
	FW_CFG_FILE_FIRST = 0x20,
	FW_CFG_ARCH = 0x8000, /* bit: keys of the architecture */
	FW_CFG_IRQ0_OVERRIDE = 0x8002,
	FW_CFG_HPET = 0x8004,
	/* Ours: hw/boot_firmware.c. */
	FW_CFG_BOOT_MAP = 0x8006,
	FW_CFG_BOOT_ENTRY = 0x8007,
};

#define FW_CFG_NAME_MAX 55 /* bytes of a file's name, without the zero */

struct fw_cfg;

/* Where the bytes of an item are.  Any part but data and len may be zero. */
struct fw_cfg_source {
	const void *data; /* at least as long alive as the device */
	size_t len;
	/* Instead of data: copies [off, off + len), or false if it cannot. */
	bool (*read)(void *ctx, size_t off, void *buf, size_t len);
	/* Where the guest's writes go: data itself, or NULL for read-only. */
	void *writable;
	/* The guest selected the item: the last chance to change data. */
	void (*select)(void *ctx);
	/* The guest wrote data[off..off+len). */
	void (*written)(void *ctx, size_t off, size_t len);
	/* The device is freed, and data with it. */
	void (*release)(void *ctx);
	void *ctx;
};

extern const struct device_class fw_cfg_class;

/* dev is of fw_cfg_class. */
struct fw_cfg *fw_cfg_from(struct device *dev);

/*
 * Adding and replacing.  A file or key that is there already gets the new
 * source; the old one is released.  On error nothing is taken over.
 */
int fw_cfg_add_source(struct fw_cfg *fw, unsigned key,
		      const struct fw_cfg_source *src, struct error *err);
int fw_cfg_add_file_source(struct fw_cfg *fw, const char *name,
			   const struct fw_cfg_source *src, struct error *err);
/* These copy data. */
int fw_cfg_add_file(struct fw_cfg *fw, const char *name, const void *data,
		    size_t len, struct error *err);
int fw_cfg_add_bytes(struct fw_cfg *fw, unsigned key, const void *data,
		     size_t len, struct error *err);
/* Little-endian, as all numbers of legacy keys are. */
int fw_cfg_add_u16(struct fw_cfg *fw, unsigned key, uint16_t val,
		   struct error *err);
int fw_cfg_add_u32(struct fw_cfg *fw, unsigned key, uint32_t val,
		   struct error *err);
int fw_cfg_add_u64(struct fw_cfg *fw, unsigned key, uint64_t val,
		   struct error *err);

/* The file's source, or NULL. */
const struct fw_cfg_source *fw_cfg_find_file(const struct fw_cfg *fw,
					     const char *name);

#endif
