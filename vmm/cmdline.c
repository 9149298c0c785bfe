/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options that there are, and how the simple ones fill the config. */
#include "vmm/cmdline.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int no_memory(struct error *err)
{
	return error_set(err, ENOMEM, "out of memory");
}

static void *field_of(struct config *c, const struct cmdline_opt *o)
{
	return (char *)c + o->offset;
}

static int apply_keys(struct config *c, const struct cmdline_opt *o,
		      const char *arg, struct error *err)
{
	int rc = 0;

	if (o->preset)
		rc = opt_set_text(o->keys, field_of(c, o), o->preset, NULL,
				  err);
	if (rc == 0 && arg)
		rc = opt_set_text(o->keys, field_of(c, o), arg, o->implied,
				  err);
	return rc;
}

static int apply_string(struct config *c, const struct cmdline_opt *o,
			const char *arg, struct error *err)
{
	char **field = field_of(c, o), *copy = strdup(arg);

	if (!copy)
		return no_memory(err);
	free(*field);
	*field = copy;
	return 0;
}

int str_list_add(struct str_list *list, const char *text, struct error *err)
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

static int apply_list(struct config *c, const struct cmdline_opt *o,
		      const char *arg, struct error *err)
{
	return str_list_add(field_of(c, o), arg, err);
}

static int apply_flag(struct config *c, const struct cmdline_opt *o,
		      const char *arg, struct error *err)
{
	*(bool *)field_of(c, o) = true;
	return 0;
}

/* For what needs nothing to be done. */
static int apply_nothing(struct config *c, const struct cmdline_opt *o,
			 const char *arg, struct error *err)
{
	return 0;
}

static int apply_echr(struct config *c, const struct cmdline_opt *o,
		      const char *arg, struct error *err)
{
	uint64_t code;

	if (opt_parse_u64(arg, &code, NULL) < 0 || code > UINT8_MAX)
		return error_set(err, EINVAL,
				 "the code of a character is from 0 to 255; "
				 "that of Ctrl-a is 1");
	c->echr = (uint8_t)code;
	return 0;
}

static int apply_run_as(struct config *c, const struct cmdline_opt *o,
			const char *arg, struct error *err)
{
	return run_as_parse(&c->run_as, arg, err);
}

static int apply_uuid(struct config *c, const struct cmdline_opt *o,
		      const char *arg, struct error *err)
{
	int rc = opt_parse_uuid(arg, c->uuid, err);

	c->uuid_set = rc == 0;
	return rc;
}

/* Every -accel is one more to try. */
static int apply_accel(struct config *c, const struct cmdline_opt *o,
		       const char *arg, struct error *err)
{
	struct machine_conf scratch = {0};
	int rc = opt_set_text(accel_opts, &scratch, arg, o->implied, err);

	if (rc == 0 && !scratch.accel)
		rc = error_set(err, EINVAL, "accel= is missing");
	else if (rc == 0)
		rc = str_list_add(&c->accels, scratch.accel, err);
	opt_free(accel_opts, &scratch);
	return rc;
}

/* For what this version has none of. */
static int apply_none(struct config *c, const struct cmdline_opt *o,
		      const char *arg, struct error *err)
{
	if (!strcmp(arg, "none"))
		return 0;
	return error_set(err, ENOTSUP, OPT_LATER "; only none is");
}

#define FIELD(f) .offset = offsetof(struct config, f)

/* clang-format off */
const struct cmdline_opt cmdline_opts[] = {
	{.name = "machine", .group = GROUP_MACHINE,
	 .arg = "[type=]NAME[,PROPERTY=VALUE]...",
	 .help = "The machine and its properties. -machine help lists the "
		 "machines, -machine NAME,help the properties.",
	 .apply = apply_keys, FIELD(machine), .keys = machine_opts,
	 .implied = "type", .answer = cmdline_answer_machine},
	{.name = "M", .group = GROUP_MACHINE,
	 .arg = "NAME[,PROPERTY=VALUE]...",
	 .help = "The same as -machine.",
	 .apply = apply_keys, FIELD(machine), .keys = machine_opts,
	 .implied = "type", .answer = cmdline_answer_machine},
	{.name = "accel", .group = GROUP_MACHINE,
	 .arg = "[accel=]kvm[,PROPERTY=VALUE]...",
	 .help = "The accelerator, of which there is one.",
	 .apply = apply_accel, .keys = accel_opts, .implied = "accel",
	 .answer = cmdline_answer_accel},
	{.name = "enable-kvm", .group = GROUP_MACHINE,
	 .help = "The same as -machine accel=kvm, which is so anyway.",
	 .apply = apply_keys, FIELD(machine), .keys = machine_opts,
	 .preset = "accel=kvm"},
	{.name = "cpu", .group = GROUP_MACHINE,
	 .arg = "MODEL[,+FEATURE][,-FEATURE][,PROPERTY=VALUE]...",
	 .help = "The processor: host, max, or a model that -cpu help lists "
		 "[qemu64].",
	 .apply = apply_string, FIELD(cpu), .answer = cmdline_answer_cpu},
	{.name = "smp", .group = GROUP_MACHINE,
	 .arg = "[cpus=]N[,maxcpus=N][,sockets=N][,dies=N][,cores=N]"
		"[,threads=N]",
	 .help = "How many processors, and how they are arranged [1].",
	 .apply = config_set_smp, .keys = smp_opts,
	 .implied = "cpus", .answer = cmdline_answer_keys},
	{.name = "m", .group = GROUP_MACHINE,
	 .arg = "[size=]SIZE",
	 .help = "RAM, in MiB or with a suffix (K, M, G, T) [128].",
	 .apply = apply_keys, FIELD(mem), .keys = mem_opts,
	 .implied = "size", .answer = cmdline_answer_keys},
	{.name = "mem-path", .group = GROUP_MACHINE, .arg = "PATH",
	 .help = "Take RAM from this file, or from one made in this folder, "
		 "of huge pages for example.",
	 .apply = apply_string, FIELD(mem.path)},
	{.name = "mem-prealloc", .group = GROUP_MACHINE,
	 .help = "Take all RAM from the host at the start, not when the "
		 "guest uses it.",
	 .apply = apply_flag, FIELD(mem.prealloc)},
	{.name = "object", .group = GROUP_MACHINE,
	 .arg = "TYPE,id=ID[,KEY=VALUE]...",
	 .help = "Something for others to name by its id: memory-backend-ram, "
		 "memory-backend-file, memory-backend-memfd, iothread, "
		 "throttle-group or secret; also as a JSON object. -object TYPE,help lists the keys.",
	 .apply = apply_list, FIELD(objects), .answer = cmdline_answer_object},
	{.name = "numa", .group = GROUP_MACHINE,
	 .arg = "node[,nodeid=N][,memdev=ID][,mem=SIZE][,cpus=N[-N]]...",
	 .help = "A NUMA node, and what it has; with dist,src=N,dst=N,val=N "
		 "the distance between two; with cpu,node-id=N,socket-id=N "
		 "the processors of one.",
	 .apply = apply_list, FIELD(numas)},
	{.name = "overcommit", .group = GROUP_MACHINE,
	 .arg = "[mem-lock=on|off][,cpu-pm=on|off]",
	 .help = "Keep memory out of the host's swap; let the guest halt the "
		 "host's processors by itself.",
	 .apply = apply_keys, FIELD(overcommit), .keys = overcommit_opts,
	 .answer = cmdline_answer_keys},
	{.name = "name", .group = GROUP_MACHINE,
	 .arg = "[guest=]NAME[,process=NAME][,debug-threads=on|off]",
	 .help = "What the guest is called in messages and monitors, and the "
		 "process in lists of them.",
	 .apply = apply_keys, FIELD(name), .keys = name_opts,
	 .implied = "guest"},
	{.name = "uuid", .group = GROUP_MACHINE,
	 .arg = "UUID",
	 .help = "The identity of the machine, which SMBIOS shows the guest.",
	 .apply = apply_uuid},
	{.name = "rtc", .group = GROUP_MACHINE,
	 .arg = "[base=utc|localtime|DATE][,clock=host|rt|vm]"
		"[,driftfix=none|slew]",
	 .help = "What the real-time clock shows at the start, and what "
		 "drives it.",
	 .apply = apply_keys, FIELD(rtc), .keys = rtc_opts,
	 .answer = cmdline_answer_keys},
	{.name = "no-acpi", .group = GROUP_MACHINE,
	 .help = "The same as -machine acpi=off.",
	 .apply = apply_keys, FIELD(machine), .keys = machine_opts,
	 .preset = "acpi=off"},
	{.name = "no-hpet", .group = GROUP_MACHINE,
	 .help = "The same as -machine hpet=off.",
	 .apply = apply_keys, FIELD(machine), .keys = machine_opts,
	 .preset = "hpet=off"},

	{.name = "fda", .group = GROUP_DRIVES, .arg = "FILE",
	 .help = "The image, or block device, that is the disk in the first "
		 "floppy drive; \"\" for none.",
	 .apply = config_add_disk, .preset = "index=0,if=floppy"},
	{.name = "fdb", .group = GROUP_DRIVES, .arg = "FILE",
	 .help = "The disk in the second floppy drive.",
	 .apply = config_add_disk, .preset = "index=1,if=floppy"},
	{.name = "hda", .group = GROUP_DRIVES, .arg = "FILE",
	 .help = "The image, or block device, that is the first IDE disk. A "
		 "last argument without a dash is the same.",
	 .apply = config_add_disk, .preset = "index=0"},
	{.name = "hdb", .group = GROUP_DRIVES, .arg = "FILE",
	 .help = "The second IDE disk.",
	 .apply = config_add_disk, .preset = "index=1"},
	{.name = "hdc", .group = GROUP_DRIVES, .arg = "FILE",
	 .help = "The third IDE disk, in the place of the CD-ROM drive.",
	 .apply = config_add_disk, .preset = "index=2"},
	{.name = "hdd", .group = GROUP_DRIVES, .arg = "FILE",
	 .help = "The fourth IDE disk.",
	 .apply = config_add_disk, .preset = "index=3"},
	{.name = "cdrom", .group = GROUP_DRIVES, .arg = "FILE",
	 .help = "The ISO image in the CD-ROM drive; \"\" for none.",
	 .apply = config_add_disk, .preset = "index=2,media=cdrom"},
	{.name = "pflash", .group = GROUP_DRIVES, .arg = "FILE",
	 .help = "The image of flash memory: the first has the firmware, the "
		 "second its variables.",
	 .apply = config_add_disk, .preset = "if=pflash"},
	{.name = "drive", .group = GROUP_DRIVES,
	 .arg = "[file=]FILE[,if=ide|virtio|floppy|pflash|none][,index=N]"
		"[,media=disk|cdrom][,format=FORMAT][,cache=MODE]"
		"[,aio=ENGINE][,id=ID]"
		"[,KEY=VALUE]...",
	 .help = "A drive and all that can be said of it. -drive help lists "
		 "the keys.",
	 .apply = config_add_drive, .keys = drive_opts, .implied = "file",
	 .answer = cmdline_answer_keys},
	{.name = "blockdev", .group = GROUP_DRIVES,
	 .arg = "driver=DRIVER,node-name=NAME[,KEY=VALUE]...",
	 .help = "A node of the block graph, for others and for -device to "
		 "name; also as a JSON object.",
	 .apply = config_add_blockdev},
	{.name = "snapshot", .group = GROUP_DRIVES,
	 .help = "The same as snapshot=on for all drives: what the guest "
		 "writes is gone at the end.",
	 .apply = apply_flag, FIELD(snapshot)},

	{.name = "device", .group = GROUP_DEVICES,
	 .arg = "DRIVER[,id=ID][,PROPERTY=VALUE]...",
	 .help = "One more device; also as a JSON object. -device help lists "
		 "the drivers, -device DRIVER,help the properties.",
	 .apply = config_add_device, .answer = cmdline_answer_device},
	{.name = "audiodev", .group = GROUP_DEVICES,
	 .arg = "[driver=]none,id=ID",
	 .help = "Where sound goes; there are no sound devices yet.",
	 .apply = config_add_audiodev, .keys = audiodev_opts,
	 .implied = "driver", .answer = cmdline_answer_keys},
	{.name = "global", .group = GROUP_DEVICES,
	 .arg = "DRIVER.PROPERTY=VALUE",
	 .help = "The default of a property, for all devices of a kind.",
	 .apply = config_add_global, .keys = global_opts},
	{.name = "nodefaults", .group = GROUP_DEVICES,
	 .help = "No serial port, CD-ROM drive, display adapter or network but "
		 "what is asked for.",
	 .apply = apply_flag, FIELD(nodefaults)},

	{.name = "netdev", .group = GROUP_NETWORK,
	 .arg = "tap|user|hubport,id=ID[,KEY=VALUE]...",
	 .help = "A way out for a NIC, which names it by netdev=: a tap "
		 "interface, user networking, or a port of a hub; also as a "
		 "JSON object. -netdev TYPE,help lists the keys.",
	 .apply = config_add_netdev, .answer = cmdline_answer_netdev},
	{.name = "nic", .group = GROUP_NETWORK,
	 .arg = "tap|user|hubport|none[,model=MODEL][,mac=ADDRESS]"
		"[,KEY=VALUE]...",
	 .help = "A NIC and its way out at once; with none, no network.",
	 .apply = config_add_nic, .answer = cmdline_answer_net},
	{.name = "net", .group = GROUP_NETWORK,
	 .arg = "nic|tap|user|none[,vlan=N][,KEY=VALUE]...",
	 .help = "A NIC, or a way out, at hub N [0]; with none, no network. "
		 "Without any of these options there are -net nic -net user. "
		 "-net nic,model=help lists the models.",
	 .apply = config_add_net, .answer = cmdline_answer_net},

	{.name = "serial", .group = GROUP_CHARACTER, .arg = "WHERE",
	 .help = "A serial port, the first to fourth in turn. WHERE is stdio, "
		 "null, none, pty, file:PATH, unix:PATH,server=on, "
		 "tcp:HOST:PORT, telnet:HOST:PORT, chardev:ID, or one of "
		 "these with mon: before it, to share it with the monitor.",
	 .apply = apply_list, FIELD(serials)},
	{.name = "parallel", .group = GROUP_CHARACTER, .arg = "none",
	 .help = "No parallel port, which is so anyway.",
	 .apply = apply_none},
	{.name = "monitor", .group = GROUP_CHARACTER, .arg = "WHERE",
	 .help = "A monitor for people; WHERE is as with -serial [none].",
	 .apply = apply_list, FIELD(monitors)},
	{.name = "qmp", .group = GROUP_CHARACTER, .arg = "WHERE",
	 .help = "A monitor for programs, in JSON.",
	 .apply = apply_list, FIELD(qmps)},
	{.name = "qmp-pretty", .group = GROUP_CHARACTER, .arg = "WHERE",
	 .help = "The same with indented answers.",
	 .apply = apply_list, FIELD(qmps_pretty)},
	{.name = "chardev", .group = GROUP_CHARACTER,
	 .arg = "BACKEND,id=ID[,KEY=VALUE]...",
	 .help = "A character device, for others to name by its id: file, "
		 "null, pty, socket or stdio.",
	 .apply = config_add_chardev},
	{.name = "mon", .group = GROUP_CHARACTER,
	 .arg = "[chardev=]ID[,mode=readline|control][,pretty=on|off]"
		"[,id=ID]",
	 .help = "A monitor at a -chardev: for people, or for programs with "
		 "mode=control.",
	 .apply = config_add_mon, .keys = mon_opts, .implied = "chardev"},
	{.name = "add-fd", .group = GROUP_CHARACTER,
	 .arg = "fd=N,set=N[,opaque=TEXT]",
	 .help = "Put an open file descriptor into a set: /dev/fdset/N is a "
		 "file name for what is in set N.",
	 .apply = config_add_fd, .keys = add_fd_opts,
	 .answer = cmdline_answer_keys},
	{.name = "debugcon", .group = GROUP_CHARACTER, .arg = "WHERE",
	 .help = "A debug console at port 0xe9; WHERE is as with -serial.",
	 .apply = apply_list, FIELD(debugcons)},

	{.name = "echr", .group = GROUP_CHARACTER, .arg = "CODE",
	 .help = "The character that Ctrl-a is where monitor and serial port "
		 "share a terminal, by its number [1].",
	 .apply = apply_echr},

	{.name = "nographic", .group = GROUP_DISPLAY,
	 .help = "No display. First serial port and monitor share the "
		 "terminal; Ctrl-a h there shows how.",
	 .apply = apply_flag, FIELD(nographic)},
	{.name = "display", .group = GROUP_DISPLAY,
	 .arg = "none|vnc=WHERE[,KEY=VALUE]...",
	 .help = "Where the guest's screen is seen: nowhere, or as with -vnc. "
		 "Without this, -vnc and -nographic there is a VNC server for "
		 "this host, at the first display that is free.",
	 .apply = config_set_display, .keys = display_opts, .implied = "type",
	 .answer = cmdline_answer_choices},
	{.name = "vnc", .group = GROUP_DISPLAY,
	 .arg = "HOST:N|:N|unix:PATH|none[,password=on][,to=N]"
		"[,share=POLICY][,reverse=on][,KEY=VALUE]...",
	 .help = "A VNC server for the guest's screen, keyboard and mouse, at "
		 "display N, which is TCP port 5900+N. -vnc help lists the "
		 "keys.",
	 .apply = config_add_vnc, .answer = cmdline_answer_vnc},
	{.name = "vga", .group = GROUP_DISPLAY, .arg = "std|none",
	 .help = "The display adapter [std].",
	 .apply = apply_keys, .keys = vga_opts, .implied = "type",
	 .answer = cmdline_answer_choices},
	{.name = "k", .group = GROUP_DISPLAY, .arg = "LANGUAGE",
	 .help = "The layout of the viewer's keyboard [en-us]; viewers that send "
		 "the numbers of keys need none.",
	 .apply = apply_string, FIELD(keyboard)},

	{.name = "bios", .group = GROUP_FIRMWARE, .arg = "FILE",
	 .help = "The firmware [bios-256k.bin].",
	 .apply = apply_string, FIELD(bios)},
	{.name = "L", .group = GROUP_FIRMWARE, .arg = "DIRECTORY",
	 .help = "Look for firmware there first. -L help lists where it is "
		 "looked for.",
	 .apply = apply_list, FIELD(firmware_dirs),
	 .answer = cmdline_answer_firmware_dirs},
	{.name = "boot", .group = GROUP_FIRMWARE,
	 .arg = "[order=]LETTERS[,once=LETTERS][,menu=on|off][,KEY=VALUE]...",
	 .help = "What to boot from, in this order: a, b floppy, c hard disk, "
		 "d CD-ROM, n network [cad]; once: until the first reset.",
	 .apply = apply_keys, FIELD(boot), .keys = boot_opts,
	 .implied = "order", .answer = cmdline_answer_keys},

	{.name = "no-fd-bootchk", .group = GROUP_FIRMWARE,
	 .help = "Boot floppies that lack a boot sector's signature, too.",
	 .apply = apply_flag, FIELD(boot.no_floppy_check)},

	{.name = "kernel", .group = GROUP_FIRMWARE, .arg = "FILE",
	 .help = "Boot this kernel: a Linux bzImage, an ELF image for PVH, or a "
		 "multiboot image. It is entered directly, without firmware, "
		 "unless -bios or -machine firmware-boot=on is given.",
	 .apply = apply_string, FIELD(machine.kernel)},
	{.name = "initrd", .group = GROUP_FIRMWARE, .arg = "FILE",
	 .help = "The kernel's initial RAM disk; for multiboot, modules: "
		 "\"FILE ARGUMENTS,FILE ARGUMENTS\".",
	 .apply = apply_string, FIELD(machine.initrd)},
	{.name = "append", .group = GROUP_FIRMWARE, .arg = "TEXT",
	 .help = "The kernel's command line.",
	 .apply = apply_string, FIELD(machine.append)},

	{.name = "smbios", .group = GROUP_FIRMWARE,
	 .arg = "file=FILE|type=N[,KEY=VALUE]...",
	 .help = "What the SMBIOS tables tell the guest: structures from a "
		 "file, or fields of a type of table. -smbios help lists "
		 "them.",
	 .apply = config_add_smbios, .keys = smbios_opts,
	 .answer = cmdline_answer_smbios},
	{.name = "fw_cfg", .group = GROUP_FIRMWARE,
	 .arg = "[name=]NAME,file=FILE|string=TEXT",
	 .help = "A file that firmware or guest can ask for by NAME, which "
		 "should begin with opt/.",
	 .apply = config_add_fw_cfg, .keys = fw_cfg_opts, .implied = "name",
	 .answer = cmdline_answer_keys},

	{.name = "daemonize", .group = GROUP_RUN,
	 .help = "Go to the background when the machine runs.",
	 .apply = apply_flag, FIELD(daemonize)},
	{.name = "pidfile", .group = GROUP_RUN, .arg = "FILE",
	 .help = "Write the number of the process there, and remove the file "
		 "at the end.",
	 .apply = apply_string, FIELD(pidfile)},
	{.name = "runas", .group = GROUP_RUN, .arg = "USER|UID:GID",
	 .help = "Become that user before the guest runs.",
	 .apply = apply_run_as},
	{.name = "chroot", .group = GROUP_RUN, .arg = "DIRECTORY",
	 .help = "See no files but those in there, from before the guest runs.",
	 .apply = apply_string, FIELD(chroot)},
	{.name = "sandbox", .group = GROUP_RUN,
	 .arg = "on|off[,obsolete=allow|deny]"
		"[,elevateprivileges=allow|deny|children][,spawn=allow|deny]"
		"[,resourcecontrol=allow|deny]",
	 .help = "A filter of system calls from before the guest runs: none "
		 "that change the host, and none of the kinds that are denied.",
	 .apply = apply_keys, FIELD(sandbox), .keys = sandbox_opts,
	 .implied = "enable", .answer = cmdline_answer_keys},
	{.name = "msg", .group = GROUP_RUN,
	 .arg = "[timestamp=on|off][,guest-name=on|off]",
	 .help = "What goes before each message.",
	 .apply = apply_keys, FIELD(msg), .keys = msg_opts,
	 .answer = cmdline_answer_keys},
	{.name = "S", .group = GROUP_RUN,
	 .help = "Wait for the monitor's cont before the guest runs.",
	 .apply = apply_flag, FIELD(stopped)},
	{.name = "no-reboot", .group = GROUP_RUN,
	 .help = "Exit when the guest reboots.",
	 .apply = apply_flag, FIELD(no_reboot)},
	{.name = "no-shutdown", .group = GROUP_RUN,
	 .help = "Stop, but do not exit, when the guest powers off.",
	 .apply = apply_flag, FIELD(no_shutdown)},
	{.name = "no-user-config", .group = GROUP_RUN,
	 .help = "Read no configuration of the user's; none is read anyway.",
	 .apply = apply_nothing},
	{.name = NULL},
};
/* clang-format on */

void str_list_free(struct str_list *list)
{
	unsigned i;

	for (i = 0; i < list->n; i++)
		free(list->str[i]);
	free(list->str);
	*list = (struct str_list){0};
}

void cmdline_free(struct config *c)
{
	const struct cmdline_opt *o;

	for (o = cmdline_opts; o->name; o++) {
		if (o->apply == apply_keys) {
			opt_free(o->keys, field_of(c, o));
		} else if (o->apply == apply_list) {
			str_list_free(field_of(c, o));
		} else if (o->apply == apply_string) {
			free(*(char **)field_of(c, o));
			*(char **)field_of(c, o) = NULL;
		}
	}
	str_list_free(&c->accels);
	str_list_free(&c->chardevs);
	str_list_free(&c->vncs);
}
