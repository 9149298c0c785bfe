/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's side of fw_cfg: what firmware does with it, over the bus.
 */
#ifndef TESTS_DEVICE_FW_CLIENT_H
#define TESTS_DEVICE_FW_CLIENT_H

#include "hw/fw_cfg.h"
#include "tests/device/harness.h"

/* Control bits of a DMA request. */
enum { FW_ERROR = 1, FW_READ = 2, FW_SKIP = 4, FW_SELECT = 8, FW_WRITE = 16 };

/* Where the client keeps its DMA request. */
#define FW_REQUEST 0x1000

/* Makes the device, mapped and started. */
struct fw_cfg *fw_client_new(struct harness *h);

void fw_select(struct harness *h, uint16_t key);
/* By the data port, from where it is. */
void fw_read(struct harness *h, void *buf, size_t len);
/* A DMA request; returns the control field afterwards. */
uint32_t fw_dma(struct harness *h, uint32_t control, uint32_t len,
		uint64_t addr);

struct fw_file {
	uint32_t size;
	uint16_t key;
	char name[56];
};

/* Entry n of the directory; false past the end. */
bool fw_dir(struct harness *h, unsigned n, struct fw_file *file);
bool fw_find(struct harness *h, const char *name, struct fw_file *file);
/* The file's content, to be freed, and a zero byte; fails the test if none. */
uint8_t *fw_load(struct harness *h, const char *name, size_t *len);

/*
 * Runs etc/table-loader as firmware does, placing files in guest memory from
 * FW_LOAD_BASE on.  Fails the test on anything malformed.  Returns the address
 * of the file named root.
 */
#define FW_LOAD_BASE 0x200000
uint64_t fw_run_loader(struct harness *h, const char *root);

#endif
