/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From argv to struct config, and what of it depends on several options. */
#include "vmm/config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/cmdline.h"
#include "vmm/cpuid.h"

#define MEM_DEFAULT (UINT64_C(128) << 20)
#define MEM_MAX	    (UINT64_C(1) << 52) /* what x86 can address */
#define MEM_UNIT    UINT64_C(0x2000)
#define SERIALS_MAX 4
#define BOOT_MAX    3 /* that the CMOS has room for */
#define CTRL_A	    1
#define ARG_SHOWN   120 /* letters of an argument in messages */

bool config_is_qemu_name(const char *program)
{
	return !strcmp(program, "qemu-kvm") || !strcmp(program, "kvm") ||
	       !strncmp(program, "qemu-system-", strlen("qemu-system-"));
}

/* RAM is what -m says, or else what -machine memory-backend= is made of. */
static int complete_mem(struct config *c, struct error *err)
{
	struct mem_conf *mem = &c->mem;
	const struct memory_backend *b = NULL;

	if (c->machine.memory_backend)
		b = config_find_backend(c, c->machine.memory_backend);
	if (!mem->size)
		mem->size = b ? b->size : MEM_DEFAULT;
	if (mem->size > MEM_MAX)
		return error_set(err, EINVAL,
				 "-m: no processor can address more than "
				 "4096T of RAM");
	mem->size = (mem->size + MEM_UNIT - 1) & ~(MEM_UNIT - 1);
	if (mem->slots && !mem->maxmem)
		return error_set(err, EINVAL, "-m: slots= needs maxmem=");
	if (mem->maxmem && mem->maxmem < mem->size)
		return error_set(err, EINVAL,
				 "-m: maxmem=%" PRIu64 " is less than the "
				 "%" PRIu64 " bytes of RAM at the start",
				 mem->maxmem, mem->size);
	if (mem->slots || mem->maxmem > mem->size)
		return error_set(
			err, ENOTSUP,
			"-m slots=, maxmem=: plugging RAM is " OPT_LATER);
	return 0;
}

static int check_boot(const char *key, const char *order, struct error *err)
{
	const char *s;

	for (s = order; s && *s; s++) {
		if (!strchr("abcdn", *s))
			return error_set(err, EINVAL,
					 "-boot %s=%s: a PC boots from a, b "
					 "(floppy), c (hard disk), d (CD-ROM) "
					 "or n (network)",
					 key, order);
		if (strchr(s + 1, *s))
			return error_set(err, EINVAL,
					 "-boot %s=%s: '%c' is there twice",
					 key, order, *s);
	}
	if (s - order > BOOT_MAX)
		return error_set(err, EINVAL,
				 "-boot %s=%s: a PC has room for %d", key,
				 order, BOOT_MAX);
	return 0;
}

static int check_cpu(const char *cpu, struct error *err)
{
	if (!*cpu)
		return error_set(err, EINVAL, "-cpu: the model is missing");
	return cpuid_check_spec(cpu, err);
}

static bool has_device(const struct config *c, const char *driver)
{
	unsigned i;

	for (i = 0; i < c->ndevices; i++)
		if (!strcmp(opt_list_get(&c->devices[i], "driver"), driver))
			return true;
	return false;
}

/*
 * Serial port and monitor that were not asked for.  Without -nographic the
 * serial port is there but leads nowhere, and there is no monitor: qemu has
 * both in its window.
 */
static int add_characters(struct config *c, struct error *err)
{
	bool serial = !c->serials.n && !has_device(c, "isa-serial");
	bool monitor =
		!c->monitors.n && !c->qmps.n && !c->qmps_pretty.n && !c->nmons;
	int rc = 0;

	if (c->nodefaults)
		return 0;
	if (!c->nographic)
		return serial ? str_list_add(&c->serials, "null", err) : 0;
	if (serial)
		rc = str_list_add(&c->serials, monitor ? "mon:stdio" : "stdio",
				  err);
	else if (monitor)
		rc = str_list_add(&c->monitors, "stdio", err);
	return rc;
}

static int check_characters(const struct config *c, struct error *err)
{
	if (c->serials.n > SERIALS_MAX)
		return error_set(err, EINVAL,
				 "-serial: a PC has at most %d serial ports",
				 SERIALS_MAX);
	if (c->debugcons.n > 1)
		return error_set(err, EINVAL,
				 "-debugcon: there is one debug console, at "
				 "port 0xe9");
	return 0;
}

static int check_background(const struct config *c, struct error *err)
{
	if (c->daemonize && c->nographic && !c->nodefaults)
		return error_set(err, EINVAL,
				 "-nographic cannot be used with -daemonize: "
				 "say -display none, and -serial or -monitor "
				 "with a file or socket");
	return 0;
}

static int check_kernel(const struct machine_conf *m, struct error *err)
{
	if (!m->kernel && m->append)
		return error_set(err, EINVAL,
				 "-append only allowed with -kernel option");
	if (!m->kernel && m->initrd)
		return error_set(err, EINVAL,
				 "-initrd only allowed with -kernel option");
	return 0;
}

static int complete(struct config *c, struct error *err)
{
	int rc;

	if (c->vga < 0)
		c->vga = c->nodefaults ? VGA_NONE : VGA_STD;
	if ((rc = config_check_machine(c, err)) < 0 ||
	    (rc = check_kernel(&c->machine, err)) < 0 ||
	    (rc = config_complete_smp(&c->smp_given, &c->smp, err)) < 0 ||
	    (rc = config_complete_objects(c, err)) < 0 ||
	    (rc = complete_mem(c, err)) < 0 ||
	    (rc = config_complete_numa(c, err)) < 0 ||
	    (rc = config_complete_memory(c, err)) < 0 ||
	    (rc = config_complete_net(c, err)) < 0 ||
	    (rc = config_complete_rtc(&c->rtc, err)) < 0 ||
	    (rc = check_boot("order", c->boot.order, err)) < 0 ||
	    (rc = check_boot("once", c->boot.once, err)) < 0 ||
	    (rc = check_cpu(c->cpu, err)) < 0 ||
	    (rc = config_check_globals(c, err)) < 0 ||
	    (rc = config_complete_display(c, err)) < 0 ||
	    (rc = check_characters(c, err)) < 0 ||
	    (rc = check_background(c, err)) < 0 ||
	    (rc = add_characters(c, err)) < 0)
		return rc;
	return 0;
}

static int set_defaults(struct config *c, const char *argv0, struct error *err)
{
	const char *slash = argv0 ? strrchr(argv0, '/') : NULL;

	*c = (struct config){
		.program = slash   ? slash + 1
			   : argv0 ? argv0
				   : "pcvm",
		.machine = {.acpi = 1,
			    .hpet = true,
			    .dump_guest_core = true,
			    .graphics = true,
			    .mem_merge = 2,
			    .firmware_boot = 2},
		.vga = -1,
		.echr = CTRL_A,
		.boot = {.splash_time = -1, .reboot_timeout = -1},
		.display = -1,
	};
	c->cpu = strdup("qemu64");
	return c->cpu ? 0 : error_set(err, ENOMEM, "out of memory");
}

static const struct cmdline_opt *find_option(const char *name)
{
	const struct cmdline_opt *o;

	for (o = cmdline_opts; o->name; o++)
		if (!strcmp(o->name, name))
			return o;
	return NULL;
}

static int no_such_option(const char *text, const char *name, struct error *err)
{
	const struct cmdline_refused *r;
	const char *near;
	size_t n = 0;

	for (r = cmdline_refused; r->name; r++)
		if (!strcmp(r->name, name))
			return error_set(err, ENOTSUP, "%s: %s", text,
					 r->reason);
	while (cmdline_opts[n].name)
		n++;
	near = opt_nearest(name, cmdline_opts, n, sizeof(*cmdline_opts));
	if (!near)
		near = opt_nearest(name, cmdline_refused,
				   (size_t)(r - cmdline_refused), sizeof(*r));
	if (near)
		return error_set(err, EINVAL,
				 "%s: there is no such option; did you mean "
				 "-%s?",
				 text, near);
	return error_set(err, EINVAL,
			 "%s: there is no such option; -help lists them", text);
}

void config_name_place(struct error *err, const char *text, const char *arg)
{
	if (!arg)
		error_prefix(err, "%s", text);
	else
		error_prefix(err, "%s %.*s%s", text, ARG_SHOWN, arg,
			     strlen(arg) > ARG_SHOWN ? "..." : "");
}

static bool is_help(const char *name)
{
	return !strcmp(name, "h") || !strcmp(name, "help") ||
	       !strcmp(name, "?");
}

/* Also moves *argv on to the option's argument. */
static int parse_option(struct config *c, char ***argv, struct error *err)
{
	const char *text = **argv, *arg = NULL;
	const char *name = text + 1 + (text[1] == '-');
	const struct cmdline_opt *o = find_option(name);
	int rc = 0;

	if (is_help(name)) {
		cmdline_help(c->program);
		return CMDLINE_ANSWERED;
	}
	if (!strcmp(name, "version")) {
		cmdline_version(c->program);
		return CMDLINE_ANSWERED;
	}
	if (!o)
		return no_such_option(text, name, err);
	if (o->arg) {
		arg = (*argv)[1];
		if (!arg)
			return error_set(err, EINVAL,
					 "%s: an argument is missing: %s", text,
					 o->arg);
		(*argv)++;
		rc = o->answer ? o->answer(o, arg, err) : 0;
	}
	if (rc == 0)
		rc = o->apply(c, o, arg, err);
	if (rc < 0)
		config_name_place(err, text, arg);
	return rc;
}

static int parse_image(struct config *c, const char *file, struct error *err)
{
	static const struct cmdline_opt image = {.preset = "index=0"};
	int rc = config_add_disk(c, &image, file, err);

	if (rc < 0)
		config_name_place(err, file, NULL);
	return rc;
}

int config_parse(struct config *c, int argc, char **argv, struct error *err)
{
	int rc = set_defaults(c, argc ? argv[0] : NULL, err);

	for (argv += argc > 0; *argv && rc == 0; argv++)
		rc = **argv == '-' ? parse_option(c, &argv, err)
				   : parse_image(c, *argv, err);
	return rc ? rc : complete(c, err);
}

void config_free(struct config *c)
{
	cmdline_free(c);
	config_free_drives(c);
	config_free_devices(c);
	config_free_firmware(c);
	config_free_net(c);
	config_free_smbios(c);
	config_free_backends(c);
	config_free_throttle_groups(c);
	config_free_iothreads(c);
	config_free_secrets(c);
	str_list_free(&c->audiodevs);
	free(c->run_as.user);
	*c = (struct config){0};
}
