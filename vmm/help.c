/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What -help, -version, -device help and -cpu help print. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "build.h"
#include "vmm/cmdline.h"
#include "vmm/cpu_features.h"
#include "vmm/cpu_models.h"
#include "vmm/cpuid.h"
#include "vmm/device.h"

#define WIDTH 76

static const char *const group_names[GROUPS] = {
	[GROUP_MACHINE] = "Machine",
	[GROUP_STORAGE] = "Drives",
	[GROUP_CHARACTER] = "Serial ports, monitors",
	[GROUP_DISPLAY] = "Display",
	[GROUP_RUN] = "Running",
	[GROUP_OTHER] = "Not in this version",
};

void cmdline_version(const char *program)
{
	if (config_is_qemu_name(program))
		printf("QEMU emulator version 7.2.0 (pcvm %s)\n"
		       "A PC virtual machine monitor for KVM\n",
		       PCVM_VERSION);
	else
		printf("pcvm %s\n", PCVM_VERSION);
}

static void help_group(enum cmdline_group group)
{
	const struct cmdline_opt *o;
	int column = 0;

	printf("\n%s:\n", group_names[group]);
	for (o = cmdline_opts; o->name; o++) {
		if (o->group != group)
			continue;
		if (o->refused) {
			if (column + (int)strlen(o->name) + 2 > WIDTH) {
				printf("\n");
				column = 0;
			}
			column += printf("%s-%s", column ? " " : "  ", o->name);
			continue;
		}
		printf("  -%s%s%s\n        %s\n", o->name, o->arg ? " " : "",
		       o->arg ? o->arg : "", o->help);
	}
	if (column)
		printf("\n");
}

void cmdline_help(const char *program)
{
	int group;

	cmdline_version(program);
	printf("usage: %s [option]... [disk image]\n", program);
	for (group = 0; group < GROUPS; group++)
		help_group((enum cmdline_group)group);
	printf("\nOne dash or two.  In key=value lists a comma is written "
	       "\",,\".\n-version prints the version.  The manual: man pcvm, "
	       "man pcvm-monitor.\n");
}

static const char *const bus_names[] = {
	[DEVICE_SYSTEM] = "System",
	[DEVICE_ISA] = "ISA",
	[DEVICE_PCI] = "PCI",
	[DEVICE_IDE] = "IDE",
};

void cmdline_device_help(void)
{
	size_t i;

	for (i = 0; device_classes[i]; i++) {
		const struct device_class *class = device_classes[i];

		if (class->user)
			printf("name \"%s\", bus %s, desc \"%s\"\n",
			       class->name, bus_names[class->bus], class->desc);
	}
}

static const char *const type_names[] = {
	[OPT_BOOL] = "bool",	 [OPT_ONOFFAUTO] = "on/off/auto",
	[OPT_U8] = "uint8",	 [OPT_U16] = "uint16",
	[OPT_U32] = "uint32",	 [OPT_U64] = "uint64",
	[OPT_I64] = "int64",	 [OPT_SIZE] = "size",
	[OPT_SIZE_MIB] = "size", [OPT_STRING] = "str",
	[OPT_ENUM] = "enum",	 [OPT_MAC] = "str",
	[OPT_DEVFN] = "int32",
};

int cmdline_device_properties(const char *name, struct error *err)
{
	const struct device_class *class = device_class_find(name);
	const struct opt_desc *d;

	if (!class || !class->user)
		return error_set(err, EINVAL,
				 "-device %s: '%s' is not a valid device model "
				 "name",
				 name, name);
	printf("%s options:\n", name);
	for (d = class->opts; d && d->type != OPT_END; d++) {
		int n = printf("  %s=<%s>", d->name, type_names[d->type]);

		printf("%*s - %s", n < 24 ? 24 - n : 0, "",
		       d->help ? d->help : "");
		if (d->dflt && *d->dflt)
			printf(" (default: %s)", d->dflt);
		printf("\n");
	}
	return 0;
}

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
