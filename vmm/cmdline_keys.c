/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the arguments of options are made of.  Keys of qemu's that are refused
 * take the values that ask for nothing but what happens anyway.
 */
#include "vmm/cmdline.h"

#define SLOTS_MAX 256

#define KEY(key, kind, type_, field) \
	.name = key, .type = kind, .offset = offsetof(struct type_, field)

#define NOT_X86 "for other machines than PCs"

/* clang-format off */
const struct opt_desc name_opts[] = {
	{KEY("guest", OPT_STRING, name_conf, guest),
	 .help = "the name of the guest"},
	{KEY("process", OPT_STRING, name_conf, process),
	 .help = "the name of the process, as ps shows it"},
	{KEY("debug-threads", OPT_BOOL, name_conf, debug_threads),
	 .help = "name the threads; they always are named"},
	{.type = OPT_END},
};

const struct opt_desc mem_opts[] = {
	{KEY("size", OPT_SIZE_MIB, mem_conf, size),
	 .help = "RAM of the guest; in MiB without a suffix"},
	{KEY("slots", OPT_U64, mem_conf, slots), .max = SLOTS_MAX,
	 .help = "places for RAM that is plugged in later; only 0"},
	{KEY("maxmem", OPT_SIZE, mem_conf, maxmem),
	 .help = "most RAM there can be; only what size says"},
	{.type = OPT_END},
};

const struct opt_desc smp_opts[] = {
	{KEY("cpus", OPT_U64, smp_conf, cpus),
	 .help = "processors at the start"},
	{KEY("maxcpus", OPT_U64, smp_conf, maxcpus),
	 .help = "most processors there can be"},
	{KEY("sockets", OPT_U64, smp_conf, sockets),
	 .help = "sockets on the board"},
	{KEY("dies", OPT_U64, smp_conf, dies),
	 .help = "dies in a socket"},
	{KEY("clusters", OPT_U64, smp_conf, clusters),
	 .help = "clusters in a die; a PC has 1"},
	{KEY("cores", OPT_U64, smp_conf, cores),
	 .help = "cores in a die"},
	{KEY("threads", OPT_U64, smp_conf, threads),
	 .help = "threads in a core"},
	{.type = OPT_END},
};

static const char *const entry_points[] = {"32", "64", NULL};

const struct opt_desc machine_opts[] = {
	{KEY("type", OPT_STRING, machine_conf, type),
	 .help = "the machine; -machine help lists them"},
	{KEY("accel", OPT_STRING, machine_conf, accel),
	 .help = "accelerators to try, with colons between; kvm is there"},
	{KEY("acpi", OPT_ONOFFAUTO, machine_conf, acpi),
	 .help = "ACPI tables"},
	{KEY("hpet", OPT_BOOL, machine_conf, hpet),
	 .help = "a high-precision event timer"},
	{KEY("graphics", OPT_BOOL, machine_conf, graphics),
	 .help = "off: firmware uses the serial port"},
	{KEY("dump-guest-core", OPT_BOOL, machine_conf, dump_guest_core),
	 .help = "guest RAM in core dumps of pcvm"},
	{KEY("mem-merge", OPT_ONOFFAUTO, machine_conf, mem_merge),
	 .help = "on: the host may merge pages of the same content (KSM)"},
	{KEY("memory-backend", OPT_STRING, machine_conf, memory_backend),
	 .help = "the -object memory-backend that is the RAM"},
	{KEY("smbios-entry-point-type", OPT_ENUM, machine_conf,
	     smbios_entry_point),
	 .choices = entry_points,
	 .help = "32 or 64: SMBIOS 2.8 or 3.0"},
	{KEY("kernel", OPT_STRING, machine_conf, kernel),
	 .help = "the same as -kernel"},
	{KEY("initrd", OPT_STRING, machine_conf, initrd),
	 .help = "the same as -initrd"},
	{KEY("append", OPT_STRING, machine_conf, append),
	 .help = "the same as -append"},
	{KEY("firmware-boot", OPT_ONOFFAUTO, machine_conf, firmware_boot),
	 .help = "on: a -kernel is started by the firmware; auto: only if it "
		 "needs that, or with -bios"},
	{KEY("pflash0", OPT_STRING, machine_conf, pflash[0]),
	 .help = "the node of the flash that has the firmware"},
	{KEY("pflash1", OPT_STRING, machine_conf, pflash[1]),
	 .help = "the node of the flash for its variables"},
	REFUSED_BUT("kernel-irqchip", "on"),
	REFUSED_BUT("kernel_irqchip", "on"),
	REFUSED_BUT("usb", "off"),
	REFUSED_BUT("vmport", "off auto"),
	REFUSED_BUT("smm", "off auto"),
	REFUSED_BUT("nvdimm", "off"),
	REFUSED_BUT("hmat", "off"),
	REFUSED_BUT("pic", "on auto"),
	REFUSED_BUT("pit", "on auto"),
	REFUSED_BUT("i8042", "on"),
	REFUSED_BUT("smbus", "on"),
	REFUSED_BUT("suppress-vmdesc", "off"),
	REFUSED_BUT("default-bus-bypass-iommu", "off"),
	REFUSED_BUT("bus-lock-ratelimit", "0"),
	REFUSED("memory-encryption", OPT_LATER),
	REFUSED("confidential-guest-support", OPT_LATER),
	REFUSED("firmware", "say it with -bios"),
	REFUSED("max-ram-below-4g", OPT_LATER),
	REFUSED("max-fw-size", OPT_LATER),
	REFUSED("sata", OPT_LATER),
	REFUSED("sgx-epc", OPT_LATER),
	REFUSED("x-oem-id", OPT_LATER),
	REFUSED("x-oem-table-id", OPT_LATER),
	REFUSED("aes-key-wrap", NOT_X86),
	REFUSED("dea-key-wrap", NOT_X86),
	REFUSED("dtb", NOT_X86),
	REFUSED("dumpdtb", NOT_X86),
	REFUSED("dt-compatible", NOT_X86),
	REFUSED("phandle-start", NOT_X86),
	{.type = OPT_END},
};

#define NOT_KVM "for other accelerators than kvm"

const struct opt_desc accel_opts[] = {
	{KEY("accel", OPT_STRING, machine_conf, accel),
	 .help = "the accelerator; kvm is there"},
	REFUSED_BUT("kernel-irqchip", "on"),
	REFUSED_BUT("kvm-shadow-mem", "0"),
	REFUSED_BUT("dirty-ring-size", "0"),
	REFUSED_BUT("notify-vmexit", "disable"),
	REFUSED("notify-window", OPT_LATER),
	REFUSED("igd-passthru", NOT_KVM),
	REFUSED("split-wx", NOT_KVM),
	REFUSED("tb-size", NOT_KVM),
	REFUSED("thread", NOT_KVM),
	{.type = OPT_END},
};

static const char *const clocks[] = {"host", "rt", "vm", NULL};
static const char *const driftfixes[] = {"none", "slew", NULL};

const struct opt_desc rtc_opts[] = {
	{KEY("base", OPT_STRING, rtc_conf, base),
	 .help = "utc, localtime or a date like 2006-06-17T16:01:21"},
	{KEY("clock", OPT_ENUM, rtc_conf, clock), .choices = clocks,
	 .help = "what drives it: host, rt or vm"},
	{KEY("driftfix", OPT_ENUM, rtc_conf, driftfix),
	 .choices = driftfixes,
	 .help = "slew: make up for ticks that the guest missed"},
	{.type = OPT_END},
};

const struct opt_desc boot_opts[] = {
	{KEY("order", OPT_STRING, boot_conf, order),
	 .help = "a, b floppy, c hard disk, d CD-ROM, n network"},
	{KEY("strict", OPT_BOOL, boot_conf, strict),
	 .help = "boot from nothing else"},
	{KEY("once", OPT_STRING, boot_conf, once),
	 .help = "the order until the first reset"},
	{KEY("menu", OPT_BOOL, boot_conf, menu),
	 .help = "let the firmware offer its boot menu"},
	{KEY("splash", OPT_STRING, boot_conf, splash),
	 .help = "a picture that the firmware shows: JPEG, or BMP of 24 bits"},
	{KEY("splash-time", OPT_I64, boot_conf, splash_time),
	 .min = 0, .max = UINT16_MAX,
	 .help = "milliseconds that the firmware waits for the menu's key"},
	{KEY("reboot-timeout", OPT_I64, boot_conf, reboot_timeout),
	 .min = (uint64_t)-1, .max = UINT16_MAX,
	 .help = "milliseconds until a reboot when nothing boots"},
	{.type = OPT_END},
};

static const char *const modes[] = {"readline", "control", NULL};

const struct opt_desc mon_opts[] = {
	{KEY("chardev", OPT_STRING, mon_conf, chardev),
	 .help = "id of the character device"},
	{KEY("mode", OPT_ENUM, mon_conf, mode), .choices = modes,
	 .help = "readline for people, control for programs (QMP)"},
	{KEY("pretty", OPT_BOOL, mon_conf, pretty),
	 .help = "indent what a control monitor answers"},
	{KEY("id", OPT_STRING, mon_conf, id),
	 .help = "a name for the monitor"},
	{.type = OPT_END},
};

static const char *const sandbox_choices[] = {"allow", "deny", NULL};
static const char *const elevate_choices[] = {"allow", "deny", "children",
					      NULL};

const struct opt_desc sandbox_opts[] = {
	{KEY("enable", OPT_BOOL, sandbox_conf, enable), .dflt = "off",
	 .help = "filter system calls"},
	{KEY("obsolete", OPT_ENUM, sandbox_conf, obsolete),
	 .choices = sandbox_choices, .dflt = "allow",
	 .help = "calls that kernels have had"},
	{KEY("elevateprivileges", OPT_ENUM, sandbox_conf, elevate),
	 .choices = elevate_choices, .dflt = "allow",
	 .help = "becoming other users; children never can"},
	{KEY("spawn", OPT_ENUM, sandbox_conf, spawn),
	 .choices = sandbox_choices, .dflt = "allow",
	 .help = "starting programs"},
	{KEY("resourcecontrol", OPT_ENUM, sandbox_conf, resource),
	 .choices = sandbox_choices, .dflt = "allow",
	 .help = "priorities, and choosing processors"},
	{.type = OPT_END},
};

const struct opt_desc msg_opts[] = {
	{KEY("timestamp", OPT_BOOL, msg_conf, timestamp), .dflt = "off",
	 .help = "the time, in UTC"},
	{KEY("guest-name", OPT_BOOL, msg_conf, guest_name), .dflt = "off",
	 .help = "the name of -name"},
	{.type = OPT_END},
};

static const char *const vgas[] = {"std", "none", NULL};
static const char *const later_vgas[] = {"cirrus", "vmware", "qxl", "virtio",
	"xenfb", "tcx", "cg3", NULL};

const struct opt_desc vga_opts[] = {
	{KEY("type", OPT_ENUM, config, vga), .choices = vgas,
	 .later = later_vgas,
	 .help = "the display adapter"},
	{.type = OPT_END},
};

static const char *const displays[] = {"none", "vnc", NULL};
static const char *const later_displays[] = {"curses", "sdl", "gtk",
	"spice-app", "egl-headless", "dbus", "default", NULL};

const struct opt_desc display_opts[] = {
	{KEY("type", OPT_ENUM, config, display), .choices = displays,
	 .later = later_displays,
	 .help = "where the guest's screen is seen"},
	{.type = OPT_END},
};

const struct opt_desc global_opts[] = {
	{KEY("driver", OPT_STRING, global_conf, driver),
	 .help = "the kind of device"},
	{KEY("property", OPT_STRING, global_conf, property),
	 .help = "its property"},
	{KEY("value", OPT_STRING, global_conf, value),
	 .help = "the value it has unless -device says otherwise"},
	{.type = OPT_END},
};

const struct opt_desc fw_cfg_opts[] = {
	{KEY("name", OPT_STRING, fw_cfg_conf, name),
	 .help = "what it is asked for by; begins with opt/"},
	{KEY("file", OPT_STRING, fw_cfg_conf, file),
	 .help = "the file with its contents"},
	{KEY("string", OPT_STRING, fw_cfg_conf, string),
	 .help = "its contents"},
	{KEY("gen_id", OPT_STRING, fw_cfg_conf, generator),
	 .help = "id of an object that makes them; there is none yet"},
	{.type = OPT_END},
};

const struct opt_desc smbios_opts[] = {
	{KEY("file", OPT_STRING, smbios_choice, file),
	 .help = "structures to take as they are"},
	{KEY("type", OPT_U8, smbios_choice, type),
	 .help = "the type of table whose fields follow"},
	{.type = OPT_END},
};
/* clang-format on */
