/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What unit and device test programs share: their main, their patience. */
#ifndef TESTS_UNIT_UNIT_H
#define TESTS_UNIT_UNIT_H

#include <check.h>
#include <stddef.h>

/*
 * Runs the tests one by one, each in a process of its own.  A suite with kvm
 * in its name is skipped as a whole, test by test, without a usable /dev/kvm.
 */
int unit_run(const char *name, const TTest *const *tests, size_t n);

/* The same for tests that the caller has put into a case; owned from now on. */
int unit_run_case(const char *name, TCase *tc);

/*
 * How often what is random is tried: n times as users' code, a fifth of that
 * under the sanitizers, which are slow and see at the first trial what is wrong
 * with memory.
 */
#ifdef __SANITIZE_ADDRESS__
#define UNIT_ROUNDS(n) ((n) / 5)
#else
#define UNIT_ROUNDS(n) (n)
#endif

#define UNIT_MAIN(name, ...) \
	int main(void) \
	{ \
		const TTest *const tests[] = {__VA_ARGS__}; \
		return unit_run(name, tests, sizeof(tests) / sizeof(*tests)); \
	}

#endif
