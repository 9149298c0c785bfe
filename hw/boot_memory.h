/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest memory while something is loaded into it: what is RAM, what of it is
 * taken already.  Machine lock.
 */
#ifndef HW_BOOT_MEMORY_H
#define HW_BOOT_MEMORY_H

#include "hw/boot_file.h"
#include "hw/firmware.h"
#include "vmm/gmem.h"

#define BOOT_RANGES_MAX 128 /* of the memory map: what boot_params hold */
#define BOOT_TAKEN_MAX	256
#define BOOT_NOWHERE	UINT64_MAX

struct boot_span {
	gpa_t base;
	uint64_t len;
};

struct boot_memory {
	struct gmem *gmem;
	bool fresh; /* RAM has zeros where nothing was written */
	struct e820_range e820[BOOT_RANGES_MAX]; /* by address */
	unsigned ne820;
	struct boot_span taken[BOOT_TAKEN_MAX]; /* by address */
	unsigned ntaken;
};

/* Adds a range to the memory map; an empty or endless one is left out. */
void boot_memory_add(struct boot_memory *mem, gpa_t base, uint64_t len,
		     enum e820_type type);

/*
 * Takes [base, base + len) for what; the error says why it cannot be had.
 * An empty one takes nothing.
 */
int boot_memory_take(struct boot_memory *mem, gpa_t base, uint64_t len,
		     const char *what, struct error *err);
/*
 * Takes len bytes of free RAM within [first, end), as low or as high as there
 * are, align (a power of two) bytes aligned; or BOOT_NOWHERE.
 */
gpa_t boot_memory_take_low(struct boot_memory *mem, uint64_t len,
			   uint64_t align, gpa_t first, gpa_t end);
gpa_t boot_memory_take_high(struct boot_memory *mem, uint64_t len,
			    uint64_t align, gpa_t first, gpa_t end);

/* Filling what was taken. */
void boot_memory_write(struct boot_memory *mem, gpa_t gpa, const void *data,
		       size_t len);
void boot_memory_zero(struct boot_memory *mem, gpa_t gpa, uint64_t len);
int boot_memory_read(struct boot_memory *mem, gpa_t gpa,
		     const struct boot_file *f, uint64_t off, uint64_t len,
		     struct error *err);

/* Bytes of RAM in the memory map. */
uint64_t boot_memory_ram(const struct boot_memory *mem);

#endif
