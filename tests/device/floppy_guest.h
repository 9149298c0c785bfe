/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a driver of the floppy controller does, for tests of it. */
#ifndef TESTS_DEVICE_FLOPPY_GUEST_H
#define TESTS_DEVICE_FLOPPY_GUEST_H

#include "hw/i82078.h"
#include "tests/device/harness.h"

#define FDC_IRQ	   6
#define FDC_DOR	   0x3f2
#define FDC_MSR	   0x3f4
#define FDC_FIFO   0x3f5
#define FDC_DIR	   0x3f7
#define FDC_RESULT 16

struct floppy_guest {
	struct harness h;
	struct blk_fronts fronts;
	struct i8237 *dma;
	struct i82078 *fdc;
	struct floppy *floppy[I82078_PLACES];
	char path[I82078_PLACES][32];
	uint8_t result[FDC_RESULT];
	unsigned nresult;
};

/* A controller without drives. */
void floppy_start(struct floppy_guest *g);
void floppy_end(struct floppy_guest *g);
/* A drive with a disk of so many bytes, which are as floppy_check has them. */
void floppy_insert(struct floppy_guest *g, unsigned unit, uint64_t bytes,
		   bool readonly);
/* Another disk is put into it; 0: none. */
void floppy_change(struct floppy_guest *g, unsigned unit, uint64_t bytes);
/* Resets the controller and senses that. */
void floppy_reset(struct floppy_guest *g);
/* Programs DMA channel 2. */
void floppy_dma(struct floppy_guest *g, uint32_t addr, uint32_t len,
		bool to_memory);
void floppy_send(struct floppy_guest *g, const uint8_t *bytes, size_t n);
/* Until nothing is in flight. */
void floppy_settle(struct floppy_guest *g);
/* Until the guest is to do something. */
void floppy_wait(struct floppy_guest *g);
/* Waits, and takes all bytes of the result there are. */
void floppy_take_result(struct floppy_guest *g);
/* All of a command; nresult is 0 when it has no result, or not yet. */
void floppy_command(struct floppy_guest *g, const uint8_t *bytes, size_t n);
/* Are these the disk's first bytes from the sector lba on? */
void floppy_check(struct floppy_guest *g, const uint8_t *buf, uint32_t lba,
		  unsigned sectors);
/* Are they on the disk itself? */
void floppy_check_disk(struct floppy_guest *g, unsigned unit, uint32_t lba,
		       unsigned sectors);
void floppy_peek(struct floppy_guest *g, unsigned unit, uint8_t *buf,
		 uint32_t lba, unsigned sectors);
void floppy_poke(struct floppy_guest *g, unsigned unit, const uint8_t *buf,
		 uint32_t lba);

#endif
