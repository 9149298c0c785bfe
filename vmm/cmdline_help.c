/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What -help, -version and "help" as an argument print. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "build.h"
#include "vmm/cmdline.h"
#include "vmm/cpuid.h"
#include "vmm/device.h"
#include "vmm/display.h"

#define WIDTH	   78
#define HELP_AT	   20 /* the column of what an option does */
#define VALUES_MAX 60

static const char *const group_names[GROUPS] = {
	[GROUP_MACHINE] = "The machine",
	[GROUP_DRIVES] = "Disks and CD-ROMs",
	[GROUP_DEVICES] = "Devices",
	[GROUP_NETWORK] = "Network",
	[GROUP_CHARACTER] = "Serial ports and monitors",
	[GROUP_DISPLAY] = "Display",
	[GROUP_FIRMWARE] = "Firmware",
	[GROUP_RUN] = "Running",
};

void cmdline_version(const char *program)
{
	if (config_is_qemu_name(program))
		printf("QEMU emulator version 7.2.0 (pcvm %s)\n", PCVM_VERSION);
	else
		printf("pcvm %s\n", PCVM_VERSION);
}

/* Prints words from column at on, the lines after the first from indent on. */
static void print_wrapped(const char *text, int at, int indent)
{
	bool first = true;

	while (*text) {
		int n = (int)strcspn(text, " ");

		if (!first && at + 1 + n > WIDTH) {
			printf("\n%*s", indent, "");
			at = indent;
			first = true;
		}
		at += printf("%s%.*s", first ? "" : " ", n, text);
		first = false;
		text += n + (text[n] == ' ');
	}
	printf("\n");
}

/* Long forms of arguments break before a "[". */
static int print_form(const struct cmdline_opt *o)
{
	int at = printf("  -%s%s", o->name, o->arg ? " " : "");
	const char *s = o->arg ? o->arg : "";

	while (*s) {
		int n = 1 + (int)strcspn(s + 1, "[");

		if (at + n > WIDTH)
			at = printf("\n      ") - 1;
		at += printf("%.*s", n, s);
		s += n;
	}
	return at;
}

static void print_option(const struct cmdline_opt *o)
{
	int at = print_form(o);

	if (at + 2 > HELP_AT)
		printf("\n%*s", HELP_AT, "");
	else
		printf("%*s", HELP_AT - at, "");
	print_wrapped(o->help, HELP_AT, HELP_AT);
}

static void print_later(void)
{
	const struct cmdline_refused *r;
	int at = 0, n;

	printf("\nNot supported yet by this version:\n");
	for (r = cmdline_refused; r->name; r++) {
		if (strcmp(r->reason, OPT_LATER) != 0)
			continue;
		n = (int)strlen(r->name) + 1;
		if (at && at + 1 + n > WIDTH) {
			printf("\n");
			at = 0;
		}
		at += printf("%s-%s", at ? " " : "  ", r->name);
	}
	printf("\n");
}

void cmdline_help(const char *program)
{
	const struct cmdline_opt *o;
	int group;

	cmdline_version(program);
	printf("Usage: %s [OPTION]... [DISK-IMAGE]\n"
	       "Runs a PC on KVM.\n",
	       program);
	for (group = 0; group < GROUPS; group++) {
		printf("\n%s:\n", group_names[group]);
		for (o = cmdline_opts; o->name; o++)
			if ((int)o->group == group)
				print_option(o);
	}
	printf("\nAbout pcvm:\n"
	       "  -help             Print this; -h does, too.\n"
	       "  -version          Print the version.\n");
	print_later();
	printf("\nOptions begin with one dash or two; later ones override "
	       "earlier ones. In lists\nof KEY=VALUE a comma in a value is "
	       "written twice. See pcvm(1).\n");
}

static bool is_help(const char *word, size_t len)
{
	return (len == 4 && !strncmp(word, "help", 4)) ||
	       (len == 1 && *word == '?');
}

/* Is "help" the first word, or any? */
static bool asks_help(const char *arg, bool anywhere)
{
	size_t n;

	for (; *arg; arg += n + (arg[n] == ',')) {
		n = strcspn(arg, ",");
		if (is_help(arg, n))
			return true;
		if (!anywhere)
			return false;
	}
	return false;
}

/* What follows "key=": its choices, or its type. */
static void describe_values(const struct opt_desc *d, char *out, size_t size)
{
	size_t at = 0;
	int i;

	if (d->type != OPT_ENUM) {
		snprintf(out, size, "<%s>", opt_type_name(d));
		return;
	}
	*out = 0;
	for (i = 0; d->choices[i] && at < size; i++)
		at += (size_t)snprintf(out + at, size - at, "%s%s",
				       i ? "|" : "", d->choices[i]);
}

static void print_key(const struct opt_desc *d)
{
	char values[VALUES_MAX];
	int n;

	if (d->refused)
		return;
	describe_values(d, values, sizeof(values));
	n = printf("  %s=%s", d->name, values);
	printf("%*s - %s", n < 24 ? 24 - n : 0, "", d->help ? d->help : "");
	if (d->dflt && *d->dflt)
		printf(" (default: %s)", d->dflt);
	printf("\n");
}

static int print_keys(const char *what, const struct opt_desc *keys)
{
	if (!keys || keys->type == OPT_END)
		printf("There are no options for %s.\n", what);
	else
		printf("%s options:\n", what);
	for (; keys && keys->type != OPT_END; keys++)
		print_key(keys);
	return CMDLINE_ANSWERED;
}

int cmdline_answer_keys(const struct cmdline_opt *o, const char *arg,
			struct error *err)
{
	return asks_help(arg, false) ? print_keys(o->name, o->keys) : 0;
}

int cmdline_answer_vnc(const struct cmdline_opt *o, const char *arg,
		       struct error *err)
{
	return asks_help(arg, false) ? print_keys(o->name, display_server->opts)
				     : 0;
}

int cmdline_answer_smbios(const struct cmdline_opt *o, const char *arg,
			  struct error *err)
{
	char what[32];
	unsigned type;

	if (!asks_help(arg, true))
		return 0;
	print_keys(o->name, o->keys);
	for (type = 0; type < SMBIOS_TYPES; type++) {
		if (!smbios_keys(type))
			continue;
		snprintf(what, sizeof(what), "smbios type=%u", type);
		print_keys(what, smbios_keys(type));
	}
	return CMDLINE_ANSWERED;
}

int cmdline_answer_object(const struct cmdline_opt *o, const char *arg,
			  struct error *err)
{
	const struct object_kind *k;
	size_t n = strcspn(arg, ",");

	if (*arg != '{' && asks_help(arg, false)) {
		printf("Objects:\n");
		for (k = object_kinds; k->name; k++)
			printf("  %s\n", k->name);
		return CMDLINE_ANSWERED;
	}
	for (k = object_kinds; k->name && asks_help(arg, true); k++)
		if (strlen(k->name) == n && !strncmp(arg, k->name, n))
			return print_keys(k->name, k->keys);
	return 0;
}

int cmdline_answer_netdev(const struct cmdline_opt *o, const char *arg,
			  struct error *err)
{
	const struct netdev_kind *k;
	size_t n = strcspn(arg, ",");

	if (*arg != '{' && asks_help(arg, false)) {
		printf("Available netdev backend types:\n");
		for (k = netdev_kinds; k->name; k++)
			printf("%s\n", k->name);
		return CMDLINE_ANSWERED;
	}
	for (k = netdev_kinds; k->name && asks_help(arg, true); k++)
		if (strlen(k->name) == n && !strncmp(arg, k->name, n))
			return print_keys(k->name, k->keys);
	return 0;
}

/* NICs are what can be put to a -netdev. */
static int print_nics(void)
{
	const struct device_class *const *class;

	printf("Supported NIC models:\n");
	for (class = device_classes; *class; class ++)
		if (device_class_is_nic(*class))
			printf("%s\n", (*class)->name);
	return CMDLINE_ANSWERED;
}

int cmdline_answer_net(const struct cmdline_opt *o, const char *arg,
		       struct error *err)
{
	const char *model = strstr(arg, "model=");

	if (model && asks_help(model + strlen("model="), false))
		return print_nics();
	if (!strncmp(arg, "nic,", strlen("nic,")) && asks_help(arg, true))
		return print_keys("nic", net_nic_opts);
	return cmdline_answer_netdev(o, arg, err);
}

int cmdline_answer_machine(const struct cmdline_opt *o, const char *arg,
			   struct error *err)
{
	const struct machine_name *m;

	if (!asks_help(arg, false))
		return asks_help(arg, true) ? print_keys(o->name, o->keys) : 0;
	printf("Supported machines are:\n");
	for (m = machine_names; m->name; m++)
		printf("%-20s %s\n", m->name, m->desc);
	return CMDLINE_ANSWERED;
}

int cmdline_answer_accel(const struct cmdline_opt *o, const char *arg,
			 struct error *err)
{
	if (*arg && !asks_help(arg, false))
		return 0;
	printf("Accelerators supported by pcvm:\nkvm\n");
	return CMDLINE_ANSWERED;
}

int cmdline_answer_cpu(const struct cmdline_opt *o, const char *arg,
		       struct error *err)
{
	if (!asks_help(arg, false))
		return 0;
	cpuid_print_help(stdout);
	return CMDLINE_ANSWERED;
}

int cmdline_answer_choices(const struct cmdline_opt *o, const char *arg,
			   struct error *err)
{
	const char *const *choice;

	if (!asks_help(arg, false))
		return 0;
	for (choice = o->keys->choices; *choice; choice++)
		printf("%s\n", *choice);
	return CMDLINE_ANSWERED;
}

int cmdline_answer_firmware_dirs(const struct cmdline_opt *o, const char *arg,
				 struct error *err)
{
	const char *dir = PCVM_FIRMWAREDIR;
	size_t n;

	if (!asks_help(arg, false))
		return 0;
	for (; *dir; dir += n + (dir[n] == ':')) {
		n = strcspn(dir, ":");
		printf("%.*s\n", (int)n, dir);
	}
	return CMDLINE_ANSWERED;
}

static int print_devices(void)
{
	static const char *const buses[] = {
		[DEVICE_SYSTEM] = "System",	[DEVICE_ISA] = "ISA",
		[DEVICE_PCI] = "PCI",		[DEVICE_IDE] = "IDE",
		[DEVICE_FLOPPY] = "floppy-bus", [DEVICE_SCSI] = "SCSI",
	};
	const struct device_class *const *class;

	for (class = device_classes; *class; class ++)
		if ((*class)->user)
			printf("name \"%s\", bus %s, desc \"%s\"\n",
			       (*class)->name, buses[(*class)->bus],
			       (*class)->desc);
	return CMDLINE_ANSWERED;
}

/* "DRIVER,help"; an unknown driver is for the parser to refuse. */
int cmdline_answer_device(const struct cmdline_opt *o, const char *arg,
			  struct error *err)
{
	const struct device_class *class;
	struct opt_list list;
	const char *driver;
	int rc;

	if (asks_help(arg, false))
		return print_devices();
	if (*arg == '{' || !asks_help(arg, true))
		return 0;
	rc = opt_split(arg, "driver", &list, err);
	if (rc < 0)
		return rc;
	driver = opt_list_get(&list, "driver");
	class = driver ? device_class_find(driver) : NULL;
	if (class)
		rc = print_keys(class->name, class->opts);
	opt_list_free(&list);
	return rc;
}
