/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options that there are. */
#include "vmm/cmdline.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LATER "not supported by this version of pcvm"

static const struct opt_desc name_opts[] = {
	{.name = "guest",
	 .type = OPT_STRING,
	 .offset = offsetof(struct name_conf, guest),
	 .help = "the name of the guest"},
	{.name = "process",
	 .type = OPT_STRING,
	 .offset = offsetof(struct name_conf, process),
	 .help = "the name of the process"},
	{.name = "debug-threads",
	 .type = OPT_BOOL,
	 .offset = offsetof(struct name_conf, debug_threads),
	 .help = "name the threads (they always are)"},
	{.type = OPT_END},
};

static const struct opt_desc mem_opts[] = {
	{.name = "size",
	 .type = OPT_SIZE_MIB,
	 .offset = offsetof(struct mem_conf, size),
	 .help = "guest RAM, in MiB without a suffix"},
	{.name = "slots",
	 .type = OPT_U64,
	 .offset = offsetof(struct mem_conf, slots),
	 .max = 256,
	 .help = "places for memory to be plugged later"},
	{.name = "maxmem",
	 .type = OPT_SIZE_MIB,
	 .offset = offsetof(struct mem_conf, maxmem),
	 .help = "the most there may be (only as much as size)"},
	{.type = OPT_END},
};

static const char *const irqchips[] = {"off", "on", "split", NULL};
static const char *const entry_points[] = {"32", "64", NULL};

#define MACHINE_BOOL(key, field_, text) \
	{ \
		.name = key, .type = OPT_BOOL, \
		.offset = offsetof(struct machine_conf, field_), .help = text \
	}

#define LATER_KEY(key) \
	{ \
		.name = key, .type = OPT_STRING, .refused = LATER \
	}

const struct opt_desc machine_opts[] = {
	{.name = "type",
	 .type = OPT_STRING,
	 .offset = offsetof(struct machine_conf, type),
	 .help = "the machine (-machine help lists them)"},
	{.name = "accel",
	 .type = OPT_STRING,
	 .offset = offsetof(struct machine_conf, accel),
	 .help = "kvm, the only accelerator"},
	{.name = "kernel_irqchip",
	 .type = OPT_ENUM,
	 .offset = offsetof(struct machine_conf, kernel_irqchip),
	 .choices = irqchips,
	 .help = "on: interrupt controllers in the kernel"},
	{.name = "kernel-irqchip",
	 .type = OPT_ENUM,
	 .offset = offsetof(struct machine_conf, kernel_irqchip),
	 .choices = irqchips,
	 .help = "the same"},
	MACHINE_BOOL("usb", usb, "off: no USB controller"),
	MACHINE_BOOL("acpi", acpi, "ACPI tables"),
	MACHINE_BOOL("hpet", hpet, "a high-precision event timer"),
	MACHINE_BOOL("dump-guest-core", dump_guest_core,
		     "guest memory in core dumps"),
	MACHINE_BOOL("graphics", graphics, "off: tell the firmware so"),
	{.name = "smbios-entry-point-type",
	 .type = OPT_ENUM,
	 .offset = offsetof(struct machine_conf, smbios_entry_point),
	 .choices = entry_points,
	 .help = "32 or 64: SMBIOS 2.8 or 3.0"},
	LATER_KEY("mem-merge"),
	LATER_KEY("vmport"),
	LATER_KEY("smm"),
	LATER_KEY("memory-backend"),
	LATER_KEY("nvdimm"),
	LATER_KEY("hmat"),
	LATER_KEY("kernel"),
	LATER_KEY("initrd"),
	LATER_KEY("append"),
	LATER_KEY("dtb"),
	LATER_KEY("firmware"),
	LATER_KEY("phandle-start"),
	LATER_KEY("dumpdtb"),
	LATER_KEY("dt-compatible"),
	LATER_KEY("suppress-vmdesc"),
	LATER_KEY("confidential-guest-support"),
	LATER_KEY("memory-encryption"),
	LATER_KEY("max-ram-below-4g"),
	LATER_KEY("max-fw-size"),
	LATER_KEY("sata"),
	LATER_KEY("pit"),
	LATER_KEY("i8042"),
	LATER_KEY("fd-bootchk"),
	LATER_KEY("x-oem-id"),
	LATER_KEY("x-oem-table-id"),
	{.type = OPT_END},
};

static const char *const clocks[] = {"host", "rt", "vm", NULL};
static const char *const driftfixes[] = {"none", "slew", NULL};

static const struct opt_desc rtc_opts[] = {
	{.name = "base",
	 .type = OPT_STRING,
	 .offset = offsetof(struct rtc_conf, base),
	 .help = "utc, localtime or a date like 2006-06-17T16:01:21"},
	{.name = "clock",
	 .type = OPT_ENUM,
	 .offset = offsetof(struct rtc_conf, clock),
	 .choices = clocks,
	 .help = "what drives it: host time, or the guest's own"},
	{.name = "driftfix",
	 .type = OPT_ENUM,
	 .offset = offsetof(struct rtc_conf, driftfix),
	 .choices = driftfixes,
	 .help = "slew: catch up on ticks that the guest missed"},
	{.type = OPT_END},
};

static const struct opt_desc boot_opts[] = {
	{.name = "order",
	 .type = OPT_STRING,
	 .offset = offsetof(struct boot_conf, order),
	 .help = "a floppy, c hard disk, d CD-ROM, n network"},
	{.name = "strict",
	 .type = OPT_BOOL,
	 .offset = offsetof(struct boot_conf, strict),
	 .help = "boot from nothing else"},
	LATER_KEY("once"),
	LATER_KEY("menu"),
	LATER_KEY("splash"),
	LATER_KEY("splash-time"),
	LATER_KEY("reboot-timeout"),
	{.type = OPT_END},
};

static const char *const interfaces[] = {"ide", "floppy", "none", NULL};
static const char *const medias[] = {"disk", "cdrom", NULL};

#define DRIVE_STR(key, field_, text) \
	{ \
		.name = key, .type = OPT_STRING, \
		.offset = offsetof(struct drive_conf, field_), .help = text \
	}

#define DRIVE_NUM(key, field_, text) \
	{ \
		.name = key, .type = OPT_I64, \
		.offset = offsetof(struct drive_conf, field_), .help = text \
	}

const struct opt_desc drive_opts[] = {
	DRIVE_STR("file", file, "the image, or a block device"),
	DRIVE_STR("format", format, "raw; without it the image is probed"),
	{.name = "if",
	 .type = OPT_ENUM,
	 .offset = offsetof(struct drive_conf, interface),
	 .choices = interfaces,
	 .help = "what it is attached to"},
	{.name = "media",
	 .type = OPT_ENUM,
	 .offset = offsetof(struct drive_conf, media),
	 .choices = medias,
	 .help = "disk or cdrom"},
	DRIVE_NUM("index", index, "its number among those of its interface"),
	DRIVE_NUM("bus", bus, "the bus, with unit"),
	DRIVE_NUM("unit", unit, "the place on the bus"),
	DRIVE_STR("id", id, "a name for it"),
	DRIVE_STR("serial", serial, "its serial number"),
	{.name = "readonly",
	 .type = OPT_BOOL,
	 .offset = offsetof(struct drive_conf, readonly),
	 .help = "refuse the guest's writes"},
	{.name = "read-only",
	 .type = OPT_BOOL,
	 .offset = offsetof(struct drive_conf, readonly),
	 .help = "the same"},
	LATER_KEY("cache"),
	LATER_KEY("aio"),
	LATER_KEY("snapshot"),
	LATER_KEY("discard"),
	LATER_KEY("detect-zeroes"),
	LATER_KEY("copy-on-read"),
	LATER_KEY("werror"),
	LATER_KEY("rerror"),
	LATER_KEY("cache.direct"),
	LATER_KEY("cache.no-flush"),
	LATER_KEY("cache.writeback"),
	LATER_KEY("bps"),
	LATER_KEY("bps_rd"),
	LATER_KEY("bps_wr"),
	LATER_KEY("iops"),
	LATER_KEY("iops_rd"),
	LATER_KEY("iops_wr"),
	LATER_KEY("throttling.bps-total"),
	LATER_KEY("throttling.iops-total"),
	LATER_KEY("group"),
	LATER_KEY("addr"),
	LATER_KEY("cyls"),
	LATER_KEY("heads"),
	LATER_KEY("secs"),
	LATER_KEY("trans"),
	LATER_KEY("node-name"),
	LATER_KEY("locking"),
	LATER_KEY("force-share"),
	LATER_KEY("stats-account-invalid"),
	{.type = OPT_END},
};

static int no_memory(struct error *err)
{
	return error_set(err, ENOMEM, "out of memory");
}

static int list_append(struct str_list *list, const char *text,
		       struct error *err)
{
	char **grown = realloc(list->str, (list->n + 1) * sizeof(*grown));
	char *copy = strdup(text);

	if (grown)
		list->str = grown;
	if (!grown || !copy) {
		free(copy);
		return no_memory(err);
	}
	list->str[list->n++] = copy;
	return 0;
}

static int set_accel(struct config *c, const char *arg, struct error *err)
{
	struct opt_list list;
	size_t i;
	int rc = opt_split(arg, "accel", &list, err);

	for (i = 0; i < list.n && rc == 0; i++)
		rc = opt_set(machine_opts, &c->machine, list.pair[i].key,
			     list.pair[i].value, err);
	opt_list_free(&list);
	return rc;
}

static int set_enable_kvm(struct config *c, const char *arg, struct error *err)
{
	return set_accel(c, "kvm", err);
}

static int add_hd(struct config *c, const char *file, const char *option,
		  int index, enum drive_media media, enum drive_if interface,
		  struct error *err);

#define DRIVE_OPTION(fn, option, index, media, interface) \
	static int fn(struct config *c, const char *arg, struct error *err) \
	{ \
		return add_hd(c, arg, option, index, media, interface, err); \
	}

DRIVE_OPTION(add_hda, "-hda", 0, MEDIA_DISK, IF_IDE)
DRIVE_OPTION(add_hdb, "-hdb", 1, MEDIA_DISK, IF_IDE)
DRIVE_OPTION(add_hdc, "-hdc", 2, MEDIA_DISK, IF_IDE)
DRIVE_OPTION(add_hdd, "-hdd", 3, MEDIA_DISK, IF_IDE)
DRIVE_OPTION(add_cdrom, "-cdrom", 2, MEDIA_CDROM, IF_IDE)

static const struct drive_conf drive_defaults = {.interface = IF_IDE,
						 .index = -1,
						 .bus = -1,
						 .unit = -1};

static struct drive_conf *new_drive(struct config *c, const char *option,
				    const char *arg, struct error *err)
{
	struct drive_conf *d =
		realloc(c->drives, (c->ndrives + 1) * sizeof(*d));

	if (!d) {
		no_memory(err);
		return NULL;
	}
	c->drives = d;
	d += c->ndrives;
	*d = drive_defaults;
	if (asprintf(&d->option, "%s %s", option, arg) < 0) {
		d->option = NULL;
		no_memory(err);
		return NULL;
	}
	c->ndrives++;
	return d;
}

static int add_hd(struct config *c, const char *file, const char *option,
		  int index, enum drive_media media, enum drive_if interface,
		  struct error *err)
{
	struct drive_conf *d = new_drive(c, option, file, err);

	if (!d)
		return -ENOMEM;
	d->index = index;
	d->media = media;
	d->interface = interface;
	d->file = strdup(file);
	return d->file ? 0 : no_memory(err);
}

int config_add_drive(struct config *c, const char *arg, struct error *err)
{
	struct drive_conf *d = new_drive(c, "-drive", arg, err);
	struct opt_list list;
	int rc;

	if (!d)
		return -ENOMEM;
	rc = opt_split(arg, "file", &list, err);
	if (rc < 0)
		return rc;
	rc = opt_set_all(drive_opts, d, &list, err);
	opt_list_free(&list);
	if (rc < 0)
		return rc;
	if (d->index >= 0 && (d->bus >= 0 || d->unit >= 0))
		return error_set(err, EINVAL,
				 "index cannot be used with bus and unit");
	if ((!d->file || !*d->file) && d->media == MEDIA_DISK &&
	    d->interface != IF_FLOPPY)
		return error_set(err, EINVAL,
				 "a disk needs file=; only CD-ROM and floppy "
				 "drives may be empty");
	return 0;
}

int config_add_device(struct config *c, const char *arg, struct error *err)
{
	struct opt_list *grown =
		realloc(c->devices, (c->ndevices + 1) * sizeof(*grown));
	int rc;

	if (!grown)
		return no_memory(err);
	c->devices = grown;
	rc = opt_split(arg, "driver", &grown[c->ndevices], err);
	if (rc < 0)
		return rc;
	if (!opt_list_get(&grown[c->ndevices], "driver")) {
		opt_list_free(&grown[c->ndevices]);
		return error_set(err, EINVAL, "Parameter 'driver' is missing");
	}
	c->ndevices++;
	return 0;
}

static int add_global(struct config *c, const char *arg, struct error *err)
{
	const char *dot = strchr(arg, '.'), *eq = strchr(arg, '=');
	struct global_conf *g;

	if (!dot || !eq || dot > eq)
		return error_set(err, EINVAL,
				 "the form is driver.property=value");
	g = realloc(c->globals, (c->nglobals + 1) * sizeof(*g));
	if (!g)
		return no_memory(err);
	c->globals = g;
	g += c->nglobals++;
	g->driver = strndup(arg, (size_t)(dot - arg));
	g->property = strndup(dot + 1, (size_t)(eq - dot - 1));
	g->value = strdup(eq + 1);
	return g->driver && g->property && g->value ? 0 : no_memory(err);
}

static int add_mon(struct config *c, const char *arg, struct error *err)
{
	static const char *const modes[] = {"readline", "control", NULL};
	static const struct opt_desc mon_opts[] = {
		{.name = "chardev",
		 .type = OPT_STRING,
		 .offset = offsetof(struct mon_conf, chardev)},
		{.name = "mode",
		 .type = OPT_ENUM,
		 .offset = offsetof(struct mon_conf, mode),
		 .choices = modes},
		{.name = "pretty",
		 .type = OPT_BOOL,
		 .offset = offsetof(struct mon_conf, pretty)},
		{.name = "id", .type = OPT_STRING, .refused = LATER},
		{.type = OPT_END},
	};
	struct mon_conf *m = realloc(c->mons, (c->nmons + 1) * sizeof(*m));
	struct opt_list list;
	int rc;

	if (!m)
		return no_memory(err);
	c->mons = m;
	m += c->nmons++;
	*m = (struct mon_conf){0};
	rc = opt_split(arg, "chardev", &list, err);
	if (rc < 0)
		return rc;
	rc = opt_set_all(mon_opts, m, &list, err);
	opt_list_free(&list);
	if (rc == 0 && !m->chardev)
		return error_set(err, EINVAL, "Parameter 'chardev' is missing");
	return rc;
}

static int set_vga(struct config *c, const char *arg, struct error *err)
{
	if (!strcmp(arg, "std"))
		c->vga = VGA_STD;
	else if (!strcmp(arg, "none"))
		c->vga = VGA_NONE;
	else
		return error_set(err, ENOTSUP,
				 "'%s' is " LATER "; std and none are", arg);
	c->vga_set = true;
	return 0;
}

static int set_display(struct config *c, const char *arg, struct error *err)
{
	if (strcmp(arg, "none") != 0)
		return error_set(err, ENOTSUP, "'%s' is " LATER "; none is",
				 arg);
	c->display = DISPLAY_NONE;
	return 0;
}

static int hex_byte(const char *s)
{
	unsigned v;
	int n = 0;

	return sscanf(s, "%2x%n", &v, &n) == 1 && n == 2 ? (int)v : -1;
}

static int set_uuid(struct config *c, const char *arg, struct error *err)
{
	static const uint8_t dashes[] = {8, 13, 18, 23};
	unsigned i, at = 0;
	int v = 0;

	if (strlen(arg) == 36) {
		for (i = 0; i < 16 && v >= 0; i++, at += 2) {
			if (memchr(dashes, (int)at, sizeof(dashes)) &&
			    arg[at++] != '-')
				break;
			v = hex_byte(arg + at);
			c->uuid[i] = (uint8_t)v;
		}
		c->uuid_set = i == 16 && v >= 0;
	}
	if (!c->uuid_set)
		return error_set(err, EINVAL,
				 "failed to parse UUID string: wrong format");
	return 0;
}

static int set_nothing(struct config *c, const char *arg, struct error *err)
{
	return 0;
}

static int set_no_acpi(struct config *c, const char *arg, struct error *err)
{
	c->machine.acpi = false;
	return 0;
}

static int set_no_hpet(struct config *c, const char *arg, struct error *err)
{
	c->machine.hpet = false;
	return 0;
}

#define FIELD(f)       offsetof(struct config, f)
#define KEYS(table, f) .keys = table, .to = TO_KEYS, .offset = FIELD(f)
#define STRING(f)      .to = TO_STRING, .offset = FIELD(f)
#define LIST(f)	       .to = TO_LIST, .offset = FIELD(f)
#define FLAG(f)	       .to = TO_FLAG, .offset = FIELD(f)
#define NOT_YET(name_, arg_) \
	{ \
		.name = name_, .arg = arg_, .group = GROUP_OTHER, \
		.refused = LATER \
	}

/* clang-format off */
const struct cmdline_opt cmdline_opts[] = {
	{.name = "machine", .arg = "[type=]NAME[,PROP=VALUE]...",
	 .help = "the machine; -machine help lists them",
	 .group = GROUP_MACHINE, .implied = "type",
	 KEYS(machine_opts, machine)},
	{.name = "M", .arg = "NAME", .help = "the same as -machine",
	 .group = GROUP_MACHINE, .implied = "type",
	 KEYS(machine_opts, machine)},
	{.name = "accel", .arg = "kvm[,kernel-irqchip=on]",
	 .help = "the accelerator; kvm is the only one",
	 .group = GROUP_MACHINE, .apply = set_accel},
	{.name = "enable-kvm", .help = "the same as -accel kvm",
	 .group = GROUP_MACHINE, .apply = set_enable_kvm},
	{.name = "cpu", .arg = "MODEL[,+FEATURE][,-FEATURE]...",
	 .help = "the CPU; -cpu help lists models and features",
	 .group = GROUP_MACHINE, STRING(cpu)},
	{.name = "smp",
	 .arg = "[cpus=]N[,maxcpus=N][,sockets=N][,dies=N][,cores=N]"
		"[,threads=N]",
	 .help = "the number of vCPUs and how they are arranged [1]",
	 .group = GROUP_MACHINE, .apply = config_set_smp},
	{.name = "m", .arg = "[size=]MEGABYTES[,slots=N,maxmem=SIZE]",
	 .help = "guest RAM, with a suffix also in other units [128]",
	 .group = GROUP_MACHINE, .implied = "size", KEYS(mem_opts, mem)},
	{.name = "name", .arg = "NAME[,process=NAME][,debug-threads=on|off]",
	 .help = "the name of the guest, and of the process",
	 .group = GROUP_MACHINE, .implied = "guest", KEYS(name_opts, name)},
	{.name = "uuid", .arg = "UUID", .help = "the machine's UUID",
	 .group = GROUP_MACHINE, .apply = set_uuid},
	{.name = "rtc",
	 .arg = "[base=utc|localtime|DATE][,clock=host|rt|vm]"
		"[,driftfix=none|slew]",
	 .help = "the real-time clock",
	 .group = GROUP_MACHINE, KEYS(rtc_opts, rtc)},
	{.name = "device", .arg = "DRIVER[,PROP=VALUE]...",
	 .help = "adds a device; -device help lists them, "
		 "-device DRIVER,help the properties",
	 .group = GROUP_MACHINE, .apply = config_add_device},
	{.name = "global", .arg = "DRIVER.PROP=VALUE",
	 .help = "the default of a property for all devices of a kind",
	 .group = GROUP_MACHINE, .apply = add_global},
	{.name = "no-acpi", .help = "no ACPI tables",
	 .group = GROUP_MACHINE, .apply = set_no_acpi},
	{.name = "no-hpet", .help = "no high-precision event timer",
	 .group = GROUP_MACHINE, .apply = set_no_hpet},
	{.name = "bios", .arg = "FILE", .help = "the firmware [bios-256k.bin]",
	 .group = GROUP_MACHINE, STRING(bios)},
	{.name = "L", .arg = "DIR", .help = "look for firmware there first",
	 .group = GROUP_MACHINE, LIST(firmware_dirs)},
	{.name = "boot", .arg = "[order=]DRIVES[,strict=on|off]",
	 .help = "what to boot from: a floppy, c hard disk, d CD-ROM, "
		 "n network [cad]",
	 .group = GROUP_MACHINE, .implied = "order", KEYS(boot_opts, boot)},

	{.name = "hda", .arg = "FILE", .help = "an IDE hard disk",
	 .group = GROUP_STORAGE, .apply = add_hda},
	{.name = "hdb", .arg = "FILE", .help = "the second one",
	 .group = GROUP_STORAGE, .apply = add_hdb},
	{.name = "hdc", .arg = "FILE", .help = "the third, where -cdrom is",
	 .group = GROUP_STORAGE, .apply = add_hdc},
	{.name = "hdd", .arg = "FILE", .help = "the fourth",
	 .group = GROUP_STORAGE, .apply = add_hdd},
	{.name = "cdrom", .arg = "FILE", .help = "a CD-ROM, read-only",
	 .group = GROUP_STORAGE, .apply = add_cdrom},
	{.name = "drive",
	 .arg = "[file=]FILE[,if=ide|none][,media=disk|cdrom][,index=N]"
		"[,format=raw][,readonly=on|off][,id=ID][,serial=S]",
	 .help = "a drive, with all that can be said of it",
	 .group = GROUP_STORAGE, .apply = config_add_drive},

	{.name = "serial", .arg = "CHARDEV",
	 .help = "a serial port: stdio, null, none, pty, file:PATH, "
		 "unix:PATH,server=on, tcp:HOST:PORT, mon:stdio, chardev:ID",
	 .group = GROUP_CHARACTER, LIST(serials)},
	{.name = "parallel", .arg = "none", .help = "no parallel port",
	 .group = GROUP_CHARACTER, LIST(parallels)},
	{.name = "monitor", .arg = "CHARDEV",
	 .help = "the human monitor, at what -serial has or at none",
	 .group = GROUP_CHARACTER, LIST(monitors)},
	{.name = "qmp", .arg = "CHARDEV", .help = "a monitor for programs",
	 .group = GROUP_CHARACTER, LIST(qmps)},
	{.name = "qmp-pretty", .arg = "CHARDEV",
	 .help = "the same, indented", .group = GROUP_CHARACTER,
	 LIST(qmps_pretty)},
	{.name = "mon",
	 .arg = "[chardev=]ID[,mode=readline|control][,pretty=on|off]",
	 .help = "a monitor at a -chardev",
	 .group = GROUP_CHARACTER, .apply = add_mon},
	{.name = "chardev", .arg = "BACKEND,id=ID[,PROP=VALUE]...",
	 .help = "a character device: null, stdio, file, pty, socket",
	 .group = GROUP_CHARACTER, LIST(chardevs)},
	{.name = "debugcon", .arg = "CHARDEV",
	 .help = "a debug console at port 0xe9",
	 .group = GROUP_CHARACTER, LIST(debugcons)},

	{.name = "nographic",
	 .help = "no display: serial port and monitor on the terminal",
	 .group = GROUP_DISPLAY, FLAG(nographic)},
	{.name = "display", .arg = "none", .help = "no display",
	 .group = GROUP_DISPLAY, .apply = set_display},
	{.name = "vga", .arg = "std|none", .help = "the display adapter [std]",
	 .group = GROUP_DISPLAY, .apply = set_vga},
	{.name = "k", .arg = "LANGUAGE", .help = "the keyboard layout",
	 .group = GROUP_DISPLAY, STRING(keyboard)},

	{.name = "S", .help = "do not start the vCPUs; cont does",
	 .group = GROUP_RUN, FLAG(stopped)},
	{.name = "no-reboot", .help = "exit instead of rebooting",
	 .group = GROUP_RUN, FLAG(no_reboot)},
	{.name = "no-shutdown", .help = "stop instead of exiting at power-off",
	 .group = GROUP_RUN, FLAG(no_shutdown)},
	{.name = "nodefaults", .help = "only what the command line names",
	 .group = GROUP_RUN, FLAG(nodefaults)},
	{.name = "no-user-config", .help = "accepted: there is none",
	 .group = GROUP_RUN, .apply = set_nothing},

	NOT_YET("acpitable", "ARG"), NOT_YET("action", "ARG"),
	NOT_YET("add-fd", "ARG"), NOT_YET("append", "ARG"),
	NOT_YET("async-teardown", NULL), NOT_YET("audio", "ARG"),
	NOT_YET("audio-help", NULL), NOT_YET("audiodev", "ARG"),
	NOT_YET("blockdev", "ARG"), NOT_YET("chroot", "ARG"),
	NOT_YET("compat", "ARG"), NOT_YET("D", "ARG"), NOT_YET("d", "ARG"),
	NOT_YET("daemonize", NULL), NOT_YET("dfilter", "ARG"),
	NOT_YET("dtb", "ARG"), NOT_YET("dump-vmstate", "ARG"),
	NOT_YET("echr", "ARG"), NOT_YET("enable-sync-profile", NULL),
	NOT_YET("fda", "ARG"), NOT_YET("fdb", "ARG"), NOT_YET("fsdev", "ARG"),
	NOT_YET("full-screen", NULL), NOT_YET("fw_cfg", "ARG"),
	NOT_YET("g", "ARG"), NOT_YET("gdb", "ARG"), NOT_YET("icount", "ARG"),
	NOT_YET("incoming", "ARG"), NOT_YET("initrd", "ARG"),
	NOT_YET("iscsi", "ARG"), NOT_YET("kernel", "ARG"),
	NOT_YET("loadvm", "ARG"), NOT_YET("mem-path", "ARG"),
	NOT_YET("mem-prealloc", NULL), NOT_YET("msg", "ARG"),
	NOT_YET("mtdblock", "ARG"), NOT_YET("net", "ARG"),
	NOT_YET("netdev", "ARG"), NOT_YET("nic", "ARG"),
	NOT_YET("no-fd-bootchk", NULL), NOT_YET("no-kvm", NULL),
	NOT_YET("nouserconfig", NULL), NOT_YET("numa", "ARG"),
	NOT_YET("object", "ARG"), NOT_YET("only-migratable", NULL),
	NOT_YET("option-rom", "ARG"), NOT_YET("overcommit", "ARG"),
	NOT_YET("pflash", "ARG"), NOT_YET("pidfile", "ARG"),
	NOT_YET("plugin", "ARG"), NOT_YET("portrait", NULL),
	NOT_YET("preconfig", NULL), NOT_YET("readconfig", "ARG"),
	NOT_YET("rotate", "ARG"), NOT_YET("runas", "ARG"),
	NOT_YET("s", NULL), NOT_YET("sandbox", "ARG"), NOT_YET("sd", "ARG"),
	NOT_YET("sdl", NULL), NOT_YET("seed", "ARG"), NOT_YET("set", "ARG"),
	NOT_YET("singlestep", NULL), NOT_YET("smbios", "ARG"),
	NOT_YET("snapshot", NULL), NOT_YET("spice", "ARG"),
	NOT_YET("tpmdev", "ARG"), NOT_YET("trace", "ARG"),
	NOT_YET("usb", NULL), NOT_YET("usbdevice", "ARG"),
	NOT_YET("virtfs", "ARG"), NOT_YET("vnc", "ARG"),
	NOT_YET("watchdog", "ARG"), NOT_YET("watchdog-action", "ARG"),
	NOT_YET("win2k-hack", NULL), NOT_YET("xen-attach", NULL),
	NOT_YET("xen-domid", "ARG"), NOT_YET("xen-domid-restrict", NULL),
	{.name = NULL},
};
/* clang-format on */

static int apply_keys(struct config *c, const struct cmdline_opt *o,
		      const char *arg, struct error *err)
{
	struct opt_list list;
	int rc = opt_split(arg, o->implied, &list, err);

	if (rc < 0)
		return rc;
	rc = opt_set_all(o->keys, (char *)c + o->offset, &list, err);
	opt_list_free(&list);
	return rc;
}

static int apply_string(struct config *c, const struct cmdline_opt *o,
			const char *arg, struct error *err)
{
	char **field = (char **)((char *)c + o->offset);
	char *copy = strdup(arg);

	if (!copy)
		return no_memory(err);
	free(*field);
	*field = copy;
	return 0;
}

int cmdline_apply(struct config *c, const struct cmdline_opt *o,
		  const char *arg, struct error *err)
{
	if (o->refused)
		return error_set(err, ENOTSUP, "%s", o->refused);
	if (o->apply)
		return o->apply(c, arg, err);
	switch (o->to) {
	case TO_KEYS:
		return apply_keys(c, o, arg, err);
	case TO_STRING:
		return apply_string(c, o, arg, err);
	case TO_LIST:
		return list_append((void *)((char *)c + o->offset), arg, err);
	default:
		*(bool *)((char *)c + o->offset) = true;
		return 0;
	}
}
