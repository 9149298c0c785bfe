/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What -cpu help prints. */
#include <stdio.h>
#include <string.h>

#include "vmm/cpu_features.h"
#include "vmm/cpu_models.h"
#include "vmm/cpuid.h"

#define WIDTH 76

static void print_model(FILE *out, const char *name, const char *text)
{
	fprintf(out, "x86 %-20s  %s\n", name, text);
}

static void print_versions(FILE *out, const struct cpu_model *m)
{
	const char *id = CPU_MODEL_GET(m, model_id);
	char text[200];

	snprintf(text, sizeof(text), "%s%s%s%s", id ? id : "",
		 m->note ? " [" : "", m->note ? m->note : "",
		 m->note ? "]" : "");
	print_model(out, m->name, text);
}

/* Before the first version: the name that it goes by without one. */
static void print_family(FILE *out, const struct cpu_model *m)
{
	const struct cpu_alias *a;
	char name[64], text[80];
	size_t n = strlen(m->name) - strlen("-v1");

	snprintf(name, sizeof(name), "%.*s", (int)n, m->name);
	print_model(out, name, "(alias configured by machine type)");
	for (a = cpu_aliases; a->name; a++) {
		if (strncmp(a->model, m->name, n) != 0 ||
		    strncmp(a->model + n, "-v", 2) != 0)
			continue;
		snprintf(text, sizeof(text), "(alias of %s)", a->model);
		print_model(out, a->name, text);
	}
}

struct columns {
	FILE *out;
	int at;
};

static void print_flag(void *ctx, const char *name)
{
	struct columns *c = ctx;
	int len = (int)strlen(name);

	if (c->at && c->at + 1 + len > WIDTH) {
		fprintf(c->out, "\n");
		c->at = 0;
	}
	c->at += fprintf(c->out, "%s%s", c->at ? " " : "  ", name);
}

void cpuid_print_help(FILE *out)
{
	struct columns c = {.out = out};
	const struct cpu_model *m;

	fprintf(out, "Available CPUs:\n");
	for (m = cpu_models; m->name; m++) {
		if (!m->base)
			print_family(out, m);
		print_versions(out, m);
	}
	print_model(out, "base",
		    "base CPU model type with no features enabled");
	print_model(out, "host", "processor with all supported host features");
	print_model(out, "max",
		    "Enables all features supported by the accelerator in the "
		    "current host");
	fprintf(out, "\nRecognized CPUID flags:\n");
	feature_for_each(print_flag, &c);
	fprintf(out, "\n");
}
