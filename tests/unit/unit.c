/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What unit and device test programs share: their main. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* For what never ends; a busy machine is to come to the end of all else. */
#define TIMEOUT_S 250
#define EXIT_SKIP 77

int unit_run_case(const char *name, TCase *tc)
{
	Suite *suite = suite_create(name);
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, TIMEOUT_S);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}

int unit_run(const char *name, const TTest *const *tests, size_t n)
{
	TCase *tc;
	size_t i;

	if (strstr(name, "kvm") && access("/dev/kvm", R_OK | W_OK) < 0) {
		for (i = 0; i < n; i++)
			printf("skip %s: no usable /dev/kvm\n", tests[i]->name);
		return EXIT_SKIP;
	}
	tc = tcase_create(name);
	for (i = 0; i < n; i++)
		tcase_add_test(tc, tests[i]);
	return unit_run_case(name, tc);
}
