/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of models and features near to what was typed. */
#include "vmm/cpu_suggest.h"

#include <stdio.h>
#include <string.h>

#include "vmm/cpu_features.h"
#include "vmm/cpu_models.h"
#include "vmm/opt.h"

#define FIRST_VERSION "-v1"

static const char *nearest_model(const char *name, const char *version,
				 char *buf, size_t size)
{
	const struct cpu_model *m;
	const char *p = buf;
	size_t len;

	for (m = cpu_models; m->name; m++) {
		len = strlen(m->name) - strlen(version);
		if (strcmp(m->name + len, version) != 0)
			continue;
		snprintf(buf, size, "%.*s", (int)len, m->name);
		if (opt_nearest(name, &p, 1, sizeof(p)))
			return buf;
	}
	return NULL;
}

const char *cpu_model_suggest(const char *name, char *buf, size_t size)
{
	static const char *const special[] = {"host", "max", "base"};
	const struct cpu_alias *a;
	const char *near = nearest_model(name, FIRST_VERSION, buf, size);
	size_t n = 0;

	for (a = cpu_aliases; a->name; a++)
		n++;
	if (!near)
		near = opt_nearest(name, special, 3, sizeof(*special));
	if (!near)
		near = opt_nearest(name, cpu_aliases, n, sizeof(*cpu_aliases));
	return near ? near : nearest_model(name, "", buf, size);
}

struct names {
	const char *name[FEATURE_WORDS * 32];
	size_t n;
};

static void collect(void *ctx, const char *name)
{
	struct names *names = ctx;

	names->name[names->n++] = name;
}

const char *feature_suggest(const char *name)
{
	struct names names = {.n = 0};

	feature_for_each(collect, &names);
	return opt_nearest(name, names.name, names.n, sizeof(*names.name));
}
