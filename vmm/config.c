/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From argv to struct config, and what of it has rules of its own. */
#include "vmm/config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "vmm/cmdline.h"
#include "vmm/cpuid.h"
#include "vmm/log.h"

#define MEM_DEFAULT (UINT64_C(128) << 20)
#define CPUS_MAX    255
#define BOOT_DRIVES "abcdefghijklmnop"
#define MIB	    (UINT64_C(1) << 20)

static int no_memory(struct error *err)
{
	return error_set(err, ENOMEM, "out of memory");
}

bool config_is_qemu_name(const char *program)
{
	return !strcmp(program, "qemu-kvm") || !strcmp(program, "kvm") ||
	       !strncmp(program, "qemu-system-", strlen("qemu-system-"));
}

struct smp_conf {
	uint64_t cpus, maxcpus, sockets, dies, cores, threads, clusters;
};

#define SMP_NUM(key) \
	{ \
		.name = #key, .type = OPT_U64, \
		.offset = offsetof(struct smp_conf, key), .max = UINT32_MAX \
	}

static const struct opt_desc smp_opts[] = {
	SMP_NUM(cpus),	SMP_NUM(maxcpus), SMP_NUM(sockets),  SMP_NUM(dies),
	SMP_NUM(cores), SMP_NUM(threads), SMP_NUM(clusters), {.type = OPT_END},
};

/* What is not said follows from the rest; cores rather than sockets. */
static void smp_complete(struct smp_conf *s)
{
	uint64_t known;

	if (!s->dies)
		s->dies = 1;
	if (!s->cpus && !s->maxcpus) {
		s->sockets = s->sockets ? s->sockets : 1;
		s->cores = s->cores ? s->cores : 1;
		s->threads = s->threads ? s->threads : 1;
	} else {
		if (!s->maxcpus)
			s->maxcpus = s->cpus;
		if (!s->cores) {
			s->sockets = s->sockets ? s->sockets : 1;
			s->threads = s->threads ? s->threads : 1;
			known = s->sockets * s->dies * s->threads;
			s->cores = s->maxcpus / known;
		} else if (!s->sockets) {
			s->threads = s->threads ? s->threads : 1;
			known = s->dies * s->cores * s->threads;
			s->sockets = s->maxcpus / known;
		}
		if (!s->threads) {
			known = s->sockets * s->dies * s->cores;
			s->threads = known ? s->maxcpus / known : 0;
		}
	}
	if (!s->maxcpus)
		s->maxcpus = s->sockets * s->dies * s->cores * s->threads;
	if (!s->cpus)
		s->cpus = s->maxcpus;
}

static void smp_describe(const struct smp_conf *s, char *buf, size_t size)
{
	snprintf(buf, size,
		 "sockets (%llu) * dies (%llu) * cores (%llu) * threads (%llu)",
		 (unsigned long long)s->sockets, (unsigned long long)s->dies,
		 (unsigned long long)s->cores, (unsigned long long)s->threads);
}

static int smp_check(const struct smp_conf *s, struct error *err)
{
	uint64_t product = s->sockets * s->dies * s->cores * s->threads;
	char text[160];

	smp_describe(s, text, sizeof(text));
	if (product != s->maxcpus)
		return error_set(err, EINVAL,
				 "Invalid CPU topology: product of the "
				 "hierarchy must match maxcpus: %s != maxcpus "
				 "(%llu)",
				 text, (unsigned long long)s->maxcpus);
	if (s->maxcpus < s->cpus)
		return error_set(err, EINVAL,
				 "Invalid CPU topology: maxcpus must be equal "
				 "to or greater than smp: %s == maxcpus (%llu) "
				 "< smp_cpus (%llu)",
				 text, (unsigned long long)s->maxcpus,
				 (unsigned long long)s->cpus);
	if (s->maxcpus > CPUS_MAX)
		return error_set(err, EINVAL,
				 "Invalid SMP CPUs %llu. The max CPUs "
				 "supported by machine 'pc-i440fx-7.2' is %d",
				 (unsigned long long)s->maxcpus, CPUS_MAX);
	return 0;
}

int config_set_smp(struct config *c, const char *arg, struct error *err)
{
	struct smp_conf s = {0};
	struct opt_list list;
	bool zero = false;
	size_t i;
	int rc = opt_split(arg, "cpus", &list, err);

	if (rc < 0)
		return rc;
	for (i = 0; i < list.n; i++)
		zero |= !strcmp(list.pair[i].value, "0");
	rc = opt_set_all(smp_opts, &s, &list, err);
	opt_list_free(&list);
	if (rc < 0)
		return rc;
	if (s.clusters > 1)
		return error_set(err, EINVAL,
				 "clusters not supported by this machine's "
				 "CPU topology");
	if (zero)
		log_warn("Deprecated CPU topology (considered invalid): CPU "
			 "topology parameters must be greater than zero");
	smp_complete(&s);
	rc = smp_check(&s, err);
	if (rc < 0)
		return rc;
	c->smp = (struct cpu_topology){
		.cpus = (unsigned)s.cpus,
		.maxcpus = (unsigned)s.maxcpus,
		.sockets = (unsigned)s.sockets,
		.dies = (unsigned)s.dies,
		.cores = (unsigned)s.cores,
		.threads = (unsigned)s.threads,
	};
	return 0;
}

static int set_rtc_base(struct config *c, struct error *err)
{
	struct tm tm = {0};
	const char *end, *base = c->rtc.base;

	if (!base || !strcmp(base, "utc"))
		return 0;
	if (!strcmp(base, "localtime")) {
		c->rtc.localtime = true;
		return 0;
	}
	end = strptime(base, "%Y-%m-%dT%H:%M:%S", &tm);
	if (!end || *end) {
		tm = (struct tm){0};
		end = strptime(base, "%Y-%m-%d", &tm);
	}
	if (!end || *end)
		return error_set(
			err, EINVAL,
			"-rtc base=%s: invalid datetime format; valid "
			"are utc, localtime, '2006-06-17T16:01:21' and "
			"'2006-06-17'",
			base);
	c->rtc.start = timegm(&tm);
	c->rtc.dated = true;
	return 0;
}

struct machine_name {
	const char *name, *desc;
};

static const struct machine_name machine_names[] = {
	{"pc", "Standard PC (i440FX + PIIX, 1996) (alias of pc-i440fx-7.2)"},
	{"pc-i440fx-7.2", "Standard PC (i440FX + PIIX, 1996) (default)"},
};

#define MACHINES (sizeof(machine_names) / sizeof(*machine_names))

void cmdline_machine_help(void)
{
	size_t i;

	printf("Supported machines are:\n");
	for (i = 0; i < MACHINES; i++)
		printf("%-20s %s\n", machine_names[i].name,
		       machine_names[i].desc);
}

static int check_machine_type(const char *type, struct error *err)
{
	const char *near;
	size_t i;

	for (i = 0; i < MACHINES; i++)
		if (!strcmp(type, machine_names[i].name))
			return 0;
	near = opt_nearest(type, machine_names, MACHINES,
			   sizeof(*machine_names));
	return error_set(err, EINVAL,
			 "-machine %s: unsupported machine type; %s%s"
			 "-machine help lists them",
			 type, near ? near : "",
			 near ? " is the nearest, and " : "");
}

int config_check_machine(struct config *c, struct error *err)
{
	struct machine_conf *mc = &c->machine;

	if (mc->type && check_machine_type(mc->type, err) < 0)
		return -EINVAL;
	if (mc->accel && strcmp(mc->accel, "kvm") != 0 &&
	    strncmp(mc->accel, "kvm:", 4) != 0)
		return error_set(err, EINVAL,
				 "accelerator '%s': pcvm has none but kvm",
				 mc->accel);
	if (mc->kernel_irqchip != 1)
		return error_set(err, ENOTSUP,
				 "kernel_irqchip=%s: "
				 "not supported by this "
				 "version of pcvm; only on is",
				 mc->kernel_irqchip ? "split" : "off");
	if (mc->usb)
		return error_set(err, ENOTSUP,
				 "usb=on: not supported by this version of "
				 "pcvm");
	return 0;
}

static int check_mem(struct config *c, struct error *err)
{
	struct mem_conf *mem = &c->mem;

	if (!mem->size)
		mem->size = MEM_DEFAULT;
	mem->size = (mem->size + 0x1fff) & ~UINT64_C(0x1fff);
	if (mem->maxmem && mem->maxmem < mem->size)
		return error_set(err, EINVAL,
				 "invalid value of maxmem: maximum memory size "
				 "(0x%llx) must be at least the initial memory "
				 "size (0x%llx)",
				 (unsigned long long)mem->maxmem,
				 (unsigned long long)mem->size);
	if (mem->maxmem > mem->size || mem->slots)
		return error_set(err, ENOTSUP,
				 "-m maxmem, slots: plugging memory is not "
				 "supported by this version of pcvm");
	return 0;
}

static int check_boot(const struct config *c, struct error *err)
{
	const char *s = c->boot.order;
	uint32_t seen = 0;

	for (; s && *s; s++) {
		if (*s < 'a' || *s > 'p')
			return error_set(err, EINVAL,
					 "-boot: Invalid boot device '%c'", *s);
		if (seen >> (*s - 'a') & 1)
			return error_set(err, EINVAL,
					 "-boot: Boot device '%c' was given "
					 "twice",
					 *s);
		seen |= 1u << (*s - 'a');
	}
	return 0;
}

static int check_parallel(const struct config *c, struct error *err)
{
	unsigned i;

	for (i = 0; i < c->parallels.n; i++)
		if (strcmp(c->parallels.str[i], "none") != 0)
			return error_set(err, ENOTSUP,
					 "-parallel %s: not supported by this "
					 "version of pcvm; only none is",
					 c->parallels.str[i]);
	return 0;
}

static int use_terminal(struct str_list *list, const char *spec)
{
	list->str = malloc(sizeof(*list->str));
	if (!list->str || !(list->str[0] = strdup(spec)))
		return -ENOMEM;
	list->n = 1;
	return 0;
}

/*
 * What is at serial port and monitor when nobody says: under -nographic the
 * terminal, otherwise (there is no window to show them in) nothing.
 */
static int default_characters(struct config *c, struct error *err)
{
	bool serial = !c->serials.n && !c->nodefaults;
	bool monitor = !c->monitors.n && !c->nodefaults && !c->nmons;
	int rc = 0;

	if (c->nographic && serial && monitor)
		rc = use_terminal(&c->serials, "mon:stdio");
	else if (c->nographic && serial)
		rc = use_terminal(&c->serials, "stdio");
	else if (c->nographic && monitor)
		rc = use_terminal(&c->monitors, "stdio");
	else if (serial)
		rc = use_terminal(&c->serials, "null");
	return rc < 0 ? no_memory(err) : 0;
}

static int check(struct config *c, struct error *err)
{
	int rc;

	if ((rc = config_check_machine(c, err)) < 0 ||
	    (rc = check_mem(c, err)) < 0 || (rc = set_rtc_base(c, err)) < 0 ||
	    (rc = check_boot(c, err)) < 0 ||
	    (rc = check_parallel(c, err)) < 0 ||
	    (rc = default_characters(c, err)) < 0 ||
	    (rc = cpuid_check_spec(c->cpu, err)) < 0)
		return rc;
	return 0;
}

static int defaults(struct config *c, const char *argv0, struct error *err)
{
	const char *slash = argv0 ? strrchr(argv0, '/') : NULL;

	*c = (struct config){
		.program = slash   ? slash + 1
			   : argv0 ? argv0
				   : "pcvm",
		.smp = {1, 1, 1, 1, 1, 1},
		.machine = {.kernel_irqchip = 1,
			    .acpi = true,
			    .hpet = true,
			    .dump_guest_core = true,
			    .graphics = true},
	};
	c->cpu = strdup("qemu64");
	return c->cpu ? 0 : no_memory(err);
}

static const struct cmdline_opt *find_option(const char *name)
{
	const struct cmdline_opt *o;

	for (o = cmdline_opts; o->name; o++)
		if (!strcmp(o->name, name))
			return o;
	return NULL;
}

static int unknown_option(const char *arg, const char *name, struct error *err)
{
	const char *near;
	size_t n = 0;

	while (cmdline_opts[n].name)
		n++;
	near = opt_nearest(name, cmdline_opts, n, sizeof(*cmdline_opts));
	if (near)
		return error_set(err, EINVAL,
				 "%s: invalid option; did you mean -%s?", arg,
				 near);
	return error_set(err, EINVAL, "%s: invalid option; -help lists them",
			 arg);
}

enum { ANSWERED = 1 };

static bool is_help(const char *arg)
{
	return !strcmp(arg, "help") || !strcmp(arg, "?");
}

/* -version, -machine help and the like: 1 when that was all. */
static int answer(const struct config *c, const char *name, const char *arg,
		  struct error *err)
{
	const char *comma = arg ? strchr(arg, ',') : NULL;

	if (!strcmp(name, "h") || !strcmp(name, "help") || !strcmp(name, "?"))
		cmdline_help(c->program);
	else if (!strcmp(name, "version"))
		cmdline_version(c->program);
	else if (arg && is_help(arg) &&
		 (!strcmp(name, "machine") || !strcmp(name, "M")))
		cmdline_machine_help();
	else if (arg && is_help(arg) && !strcmp(name, "accel"))
		printf("Accelerators supported in pcvm:\nkvm\n");
	else if (arg && is_help(arg) && !strcmp(name, "cpu"))
		cpuid_print_help(stdout);
	else if (arg && is_help(arg) && !strcmp(name, "device"))
		cmdline_device_help();
	else if (comma && is_help(comma + 1) && !strcmp(name, "device")) {
		char driver[64];
		int rc;

		snprintf(driver, sizeof(driver), "%.*s", (int)(comma - arg),
			 arg);
		rc = cmdline_device_properties(driver, err);
		return rc < 0 ? rc : ANSWERED;
	} else
		return 0;
	return ANSWERED;
}

static int parse_option(struct config *c, int argc, char **argv, int *i,
			struct error *err)
{
	const char *text = argv[*i], *name = text + 1, *arg = NULL;
	const struct cmdline_opt *o;
	int rc;

	name += *name == '-';
	o = find_option(name);
	if (o && o->arg) {
		if (*i + 1 >= argc)
			return error_set(err, EINVAL,
					 "%s: requires an argument", text);
		arg = argv[++*i];
	}
	rc = answer(c, name, arg, err);
	if (rc)
		return rc;
	if (!o)
		return unknown_option(text, name, err);
	rc = cmdline_apply(c, o, arg, err);
	if (rc < 0)
		return error_prefix(err, "%s%s%s", text, arg ? " " : "",
				    arg ? arg : "");
	return 0;
}

int config_parse(struct config *c, int argc, char **argv, struct error *err)
{
	int i, rc = defaults(c, argc ? argv[0] : NULL, err);

	for (i = 1; i < argc && rc == 0; i++) {
		if (argv[i][0] == '-' && argv[i][1])
			rc = parse_option(c, argc, argv, &i, err);
		else
			rc = cmdline_apply(c, find_option("hda"), argv[i], err);
	}
	return rc ? rc : check(c, err);
}

static void free_list(struct str_list *list)
{
	unsigned i;

	for (i = 0; i < list->n; i++)
		free(list->str[i]);
	free(list->str);
}

static void free_drives(struct config *c)
{
	unsigned i;

	for (i = 0; i < c->ndrives; i++) {
		free(c->drives[i].option);
		opt_free(drive_opts, &c->drives[i]);
	}
	free(c->drives);
}

void config_free(struct config *c)
{
	struct str_list *const lists[] = {
		&c->firmware_dirs, &c->serials,	  &c->parallels,
		&c->monitors,	   &c->qmps,	  &c->qmps_pretty,
		&c->chardevs,	   &c->debugcons,
	};
	char *const strings[] = {
		c->name.guest,	  c->name.process, c->machine.type,
		c->machine.accel, c->rtc.base,	   c->boot.order,
		c->bios,	  c->keyboard,	   c->cpu,
	};
	size_t i;

	for (i = 0; i < sizeof(lists) / sizeof(*lists); i++)
		free_list(lists[i]);
	for (i = 0; i < sizeof(strings) / sizeof(*strings); i++)
		free(strings[i]);
	free_drives(c);
	for (i = 0; i < c->ndevices; i++)
		opt_list_free(&c->devices[i]);
	free(c->devices);
	for (i = 0; i < c->nmons; i++)
		free(c->mons[i].chardev);
	free(c->mons);
	for (i = 0; i < c->nglobals; i++) {
		free(c->globals[i].driver);
		free(c->globals[i].property);
		free(c->globals[i].value);
	}
	free(c->globals);
	*c = (struct config){0};
}
