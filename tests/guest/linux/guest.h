/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one program of the test guest's initramfs: its /init, and, called as
 * t NAME [ARG]..., its tests.  A test reports on standard output, a line in
 * one write, so that lines of the kernel can only come between:
 *
 *	D: NAME ...		what was found, as many lines as it takes
 *	T: NAME ok ...		the end, and the verdict: always one such line
 *	T: NAME fail ...
 */
#ifndef GUEST_H
#define GUEST_H

#include <stddef.h>
#include <stdint.h>

struct guest_test {
	const char *name;
	/* Reports data; 0, or -1 after guest_fail. */
	int (*run)(int argc, char **argv);
	const char *usage;
};

/* Tests of a file, ended by one without a name. */
extern const struct guest_test block_tests[];
extern const struct guest_test clock_tests[];
extern const struct guest_test cpu_tests[];
extern const struct guest_test hammer_tests[];
extern const struct guest_test input_tests[];
extern const struct guest_test memory_tests[];
extern const struct guest_test net_tests[];
extern const struct guest_test pci_tests[];
extern const struct guest_test power_tests[];

/* Finds and runs a test and ends it with its T: line; 0 when it was ok. */
int guest_run(int argc, char **argv);

/* A line of data of the test that runs. */
__attribute__((format(printf, 1, 2))) void guest_data(const char *fmt, ...);
/* What stands behind ok. */
__attribute__((format(printf, 1, 2))) void guest_detail(const char *fmt, ...);
/* What stands behind fail; gives -1 to be returned. */
__attribute__((format(printf, 1, 2))) int guest_fail(const char *fmt, ...);

/* A file's first line without its newline, "" when there is none. */
char *guest_read(char *text, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The name of what a symbolic link ends in, "-" when there is none. */
char *guest_link(char *text, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Calls for each entry of a folder in the order of names; the number. */
int guest_each(const char *folder, int (*call)(const char *name, void *ctx),
	       void *ctx);
/* An argument as a number in any C notation; dflt when it is not there. */
uint64_t guest_number(int argc, char **argv, int which, uint64_t dflt);

#endif
