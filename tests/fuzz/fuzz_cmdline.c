/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fuzzes whole command lines: an argument a line. */
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "vmm/config.h"

#define ARGS_MAX 64

static void check(const struct config *c)
{
	const struct cpu_topology *t = &c->smp;

	if (!t->cpus || t->cpus > t->maxcpus || t->maxcpus > 255 ||
	    t->sockets * t->dies * t->cores * t->threads != t->maxcpus)
		abort();
	if (!c->mem.size || c->serials.n > 4 || c->vga < 0 || !*c->cpu)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *argv[ARGS_MAX] = {(char *)"pcvm"}, *text, *s;
	struct error err = {0};
	struct config c;
	int argc = 1, rc;

	text = malloc(size + 1);
	memcpy(text, data, size);
	text[size] = 0;
	for (s = text; s && argc < ARGS_MAX - 1;) {
		argv[argc++] = s;
		s = strchr(s, '\n');
		if (s)
			*s++ = 0;
	}
	rc = config_parse(&c, argc, argv, &err);
	if (rc == 0)
		check(&c);
	if (rc < 0 && (err.code != -rc || !*err.msg))
		abort();
	config_free(&c);
	free(text);
	return 0;
}
