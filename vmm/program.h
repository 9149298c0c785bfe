/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The other programs in the same binary, which its name asks for: one called
 * NAME is what runs as .../pcvm-NAME, as qemu-NAME, and as "pcvm NAME ...".
 */
#ifndef VMM_PROGRAM_H
#define VMM_PROGRAM_H

struct program {
	const char *name;
	/* Returns the exit status; argv[0] is what it was called. */
	int (*main)(int argc, char **argv);
};

/* vmm/tables.c; the last has no name. */
extern const struct program programs[];

#endif
