/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What unit and device test programs share: their main. */
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

#define UNIT_MAIN(name, ...) \
	int main(void) \
	{ \
		const TTest *const tests[] = {__VA_ARGS__}; \
		return unit_run(name, tests, sizeof(tests) / sizeof(*tests)); \
	}

#endif
