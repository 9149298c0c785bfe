/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Options that qemu 7.2 has, or had before, and this version has not: each
 * with the reason, or with what to say instead.
 */
#include "vmm/cmdline.h"

#define FLAG(name_, reason_) \
	{ \
		.name = name_, .reason = reason_ \
	}

#define ARG(name_, reason_) \
	{ \
		.name = name_, .has_arg = true, .reason = reason_ \
	}

#define NOT_X86	 "it is for other machines than PCs"
#define NOT_KVM	 "it is for qemu's emulation of processors; pcvm has KVM only"
#define NOT_XEN	 "it is for Xen; pcvm has KVM only"
#define QEMU_DEV "it serves the development of qemu"
#define GONE	 "qemu has it no longer, and pcvm never had"

/* clang-format off */
const struct cmdline_refused cmdline_refused[] = {
	ARG("acpitable", OPT_LATER),
	ARG("action", OPT_LATER),
	FLAG("async-teardown", OPT_LATER),
	ARG("audio", OPT_LATER),
	FLAG("audio-help", OPT_LATER),
	ARG("compat", OPT_LATER),
	ARG("d", OPT_LATER),
	ARG("D", OPT_LATER),
	ARG("fsdev", OPT_LATER),
	FLAG("full-screen", OPT_LATER),
	ARG("g", OPT_LATER),
	ARG("gdb", OPT_LATER),
	ARG("incoming", OPT_LATER),
	ARG("iscsi", OPT_LATER),
	ARG("loadvm", OPT_LATER),
	FLAG("only-migratable", OPT_LATER),
	ARG("option-rom", OPT_LATER),
	FLAG("preconfig", OPT_LATER),
	ARG("readconfig", OPT_LATER),
	FLAG("s", OPT_LATER),
	ARG("set", OPT_LATER),
	ARG("spice", OPT_LATER),
	ARG("tpmdev", OPT_LATER),
	ARG("trace", OPT_LATER),
	FLAG("usb", OPT_LATER),
	ARG("usbdevice", OPT_LATER),
	ARG("virtfs", OPT_LATER),
	ARG("watchdog-action", OPT_LATER),
	FLAG("win2k-hack", OPT_LATER),

	ARG("dfilter", NOT_KVM),
	ARG("icount", NOT_KVM),
	ARG("plugin", NOT_KVM),
	ARG("seed", NOT_KVM),
	FLAG("singlestep", NOT_KVM),
	ARG("dtb", NOT_X86),
	ARG("mtdblock", NOT_X86),
	FLAG("old-param", NOT_X86),
	FLAG("portrait", NOT_X86),
	ARG("prom-env", NOT_X86),
	ARG("rotate", NOT_X86),
	ARG("sd", NOT_X86),
	FLAG("semihosting", NOT_X86),
	ARG("semihosting-config", NOT_X86),
	FLAG("xen-attach", NOT_XEN),
	ARG("xen-domid", NOT_XEN),
	FLAG("xen-domid-restrict", NOT_XEN),
	ARG("dump-vmstate", QEMU_DEV),
	FLAG("enable-sync-profile", QEMU_DEV),
	ARG("qtest", QEMU_DEV),
	ARG("qtest-log", QEMU_DEV),

	FLAG("alt-grab", GONE),
	ARG("balloon", GONE "; say -device virtio-balloon"),
	ARG("bootp", GONE "; say -netdev user,bootfile="),
	FLAG("ctrl-grab", GONE),
	FLAG("curses", GONE "; say -display curses"),
	FLAG("enable-fips", GONE),
	FLAG("localtime", GONE "; say -rtc base=localtime"),
	FLAG("no-frame", GONE),
	FLAG("no-kvm", GONE),
	FLAG("no-kvm-irqchip", GONE),
	FLAG("no-kvm-pit", GONE),
	FLAG("no-kvm-pit-reinjection", GONE
	     "; say -global kvm-pit.lost_tick_policy=discard"),
	FLAG("no-quit", GONE),
	FLAG("nodefconfig", GONE "; leave it out"),
	ARG("realtime", GONE "; say -overcommit"),
	ARG("redir", GONE "; say -netdev user,hostfwd="),
	FLAG("rtc-td-hack", GONE "; say -rtc driftfix=slew"),
	FLAG("sdl", GONE "; say -display sdl"),
	ARG("smb", GONE "; say -netdev user,smb="),
	ARG("soundhw", GONE "; say -audio"),
	ARG("startdate", GONE "; say -rtc base="),
	FLAG("tdf", GONE "; say -rtc driftfix=slew"),
	ARG("tftp", GONE "; say -netdev user,tftp="),
	ARG("watchdog", GONE "; say -device"),
	ARG("writeconfig", GONE),
	{.name = NULL},
};
/* clang-format on */
