/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ELF images of kernels: what to load where, and their notes.
 * System V ABI, chapters 4 and 5.  Machine lock.
 */
#ifndef HW_ELF_H
#define HW_ELF_H

#include "hw/boot_memory.h"

#define ELF_SEGMENTS_MAX 64

struct elf_segment {
	uint64_t off, file_len, mem_len;
	uint64_t paddr, vaddr;
};

struct elf {
	const struct boot_file *file;
	bool is64;
	uint64_t entry;
	struct elf_segment load[ELF_SEGMENTS_MAX], note[ELF_SEGMENTS_MAX];
	unsigned nload, nnote;
};

/* Does the file begin as an ELF image does? */
bool elf_is(const struct boot_file *f);

/*
 * Reads the headers of an executable for i386 or x86-64; f must stay.
 * Everything said in it is checked against the file's size.
 */
int elf_open(struct elf *elf, const struct boot_file *f, struct error *err);

/* The lowest and the end of the highest physical address of its segments. */
uint64_t elf_first(const struct elf *elf);
uint64_t elf_end(const struct elf *elf);
/* Physical, for an entry that is virtual or physical. */
uint64_t elf_physical(const struct elf *elf, uint64_t addr);

/* Takes the memory of the segments, moved by shift bytes, and fills it. */
int elf_load(const struct elf *elf, struct boot_memory *mem, uint64_t shift,
	     struct error *err);

/*
 * The number in the note of that name and type: 4 or 8 bytes.  -ENOENT
 * without a message when there is no such note.
 */
int elf_find_note(const struct elf *elf, const char *name, uint32_t type,
		  uint64_t *value, struct error *err);

#endif
