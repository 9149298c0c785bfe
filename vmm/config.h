/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the command line says, typed.  cmdline.c fills it from its tables;
 * devices and the rest never see argv.  Immutable once the machine is built,
 * so any thread may read it.
 */
#ifndef VMM_CONFIG_H
#define VMM_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "vmm/cpu_topology.h"
#include "vmm/error.h"
#include "vmm/memory_backend.h"
#include "vmm/numa.h"
#include "vmm/opt.h"
#include "vmm/run_as.h"
#include "vmm/sandbox.h"
#include "vmm/smbios_fields.h"

#define DRIVE_INDEX_MAX 255

enum drive_if { IF_IDE, IF_NONE, IF_VIRTIO, IF_PFLASH, IF_FLOPPY, IF_SCSI };
enum drive_media { MEDIA_DISK, MEDIA_CDROM };

/* cache= by its name. */
enum drive_cache {
	CACHE_WRITEBACK,
	CACHE_WRITETHROUGH,
	CACHE_NONE,
	CACHE_OFF, /* the same */
	CACHE_DIRECTSYNC,
	CACHE_UNSAFE
};

/* What becomes of a request that the host failed; as enum blk_action. */
enum drive_action { ACTION_REPORT, ACTION_IGNORE, ACTION_STOP, ACTION_ENOSPC };

enum throttle_kind {
	THROTTLE_BPS_TOTAL,
	THROTTLE_BPS_READ,
	THROTTLE_BPS_WRITE,
	THROTTLE_IOPS_TOTAL,
	THROTTLE_IOPS_READ,
	THROTTLE_IOPS_WRITE,
	THROTTLE_KINDS
};

/* How long it looks at rings before it sleeps, and how that changes. */
struct iothread_conf {
	char *id;
	uint64_t poll_max; /* ns; 0: not at all */
	uint64_t poll_grow, poll_shrink; /* factors; 0: 2 */
};

/* -object secret */
struct secret_conf {
	char *id, *data, *file;
	int format;
	uint8_t *bytes; /* the secret; a zero byte follows */
	size_t len;
};

/* A second's worth each; 0: not given. */
struct throttle_conf {
	uint64_t avg[THROTTLE_KINDS], max[THROTTLE_KINDS];
	uint64_t length[THROTTLE_KINDS]; /* seconds that max may last */
	uint64_t iops_size;
	char *group; /* NULL: the drive is alone; or the id of an -object */
};

struct drive_conf {
	char *option; /* as typed, for messages: "-hda disk.img" */
	char *file; /* NULL or "": no medium */
	char *format; /* NULL: probe */
	char *id;
	char *serial;
	int interface; /* enum drive_if */
	int media; /* enum drive_media */
	int64_t index, bus, unit; /* -1: the first free one */
	int cache; /* enum drive_cache */
	int cache_writeback; /* 0 off, 1 on, 2 as cache says */
	int werror, rerror; /* enum drive_action; -1: not given */
	struct throttle_conf throttle;
	struct opt_list node; /* what the block layer is told as it is */
	bool readonly, snapshot, copy_on_read;
};

struct machine_conf {
	char *type;
	char *accel; /* "kvm:tcg": the first that there is */
	int acpi; /* 0 off, 1 on, 2 auto, which is on */
	bool hpet, dump_guest_core, graphics;
	int smbios_entry_point; /* 0: 32-bit, 1: 64-bit */
	char *kernel, *initrd, *append;
	int mem_merge; /* 0 off, 1 on, 2 auto: of memory that is private */
	char *memory_backend; /* id */
	char *pflash[2]; /* names of nodes */
	int firmware_boot; /* 0 off, 1 on, 2 auto: if the kernel needs it */
};

struct name_conf {
	char *guest, *process;
	bool debug_threads;
};

struct mem_conf {
	uint64_t size, maxmem, slots;
	char *path; /* -mem-path */
	bool prealloc;
};

struct overcommit_conf {
	bool mem_lock, cpu_pm;
};

/* -smp as it was given: 0 is for what was not. */
struct smp_conf {
	uint64_t cpus, maxcpus, sockets, dies, clusters, cores, threads;
};

enum rtc_clock { RTC_CLOCK_HOST, RTC_CLOCK_RT, RTC_CLOCK_VM };

struct rtc_conf {
	char *base; /* "utc", "localtime" or a date */
	int clock; /* enum rtc_clock */
	int driftfix; /* 0 none, 1 slew */
	int64_t start; /* seconds since 1970 of a base date */
	bool localtime, dated;
};

struct boot_conf {
	char *order; /* NULL: the machine's own */
	char *once; /* the order until the first reset; NULL: the same */
	char *splash; /* a file; NULL: none */
	bool menu, strict;
	bool no_floppy_check; /* floppies are booted without a signature */
	int64_t splash_time; /* milliseconds; -1: the firmware's own */
	int64_t reboot_timeout; /* milliseconds; -1: never */
};

struct mon_conf {
	char *chardev, *id;
	int mode; /* 0 readline, 1 control */
	bool pretty;
};

/* What goes before each message. */
struct msg_conf {
	bool timestamp, guest_name;
};

/* -global: a default for all devices of a kind. */
struct global_conf {
	char *driver, *property, *value;
};

/* -fw_cfg: a file that the guest reads by that name. */
struct fw_cfg_conf {
	char *option; /* as typed, for messages */
	char *name;
	char *file, *string; /* one of them is there */
	char *generator;
};

/*
 * A -netdev by its "type" and "id", or a NIC as -device has it; -net and -nic
 * are made of both.
 */
struct net_conf {
	char *option; /* as typed, for messages */
	struct opt_list list;
};

struct net_confs {
	struct net_conf *conf;
	unsigned n;
};

enum vga_kind { VGA_STD, VGA_NONE };
enum display_kind { DISPLAY_NONE, DISPLAY_VNC };

struct config {
	const char *program; /* the name we were called by */
	struct name_conf name;
	struct mem_conf mem;
	struct overcommit_conf overcommit;
	struct sandbox_conf sandbox;
	struct str_list objects, numas; /* -object, -numa */
	/* All there are, and those that RAM is made of, in this order. */
	struct memory_backend **backends;
	unsigned nbackends;
	const struct memory_backend *ram[NUMA_NODES_MAX];
	unsigned nram;
	struct numa_conf numa;
	struct smp_conf smp_given;
	struct cpu_topology smp; /* complete */
	char *cpu;
	struct machine_conf machine;
	struct str_list accels; /* -accel */
	struct drive_conf *drives;
	unsigned ndrives;
	struct throttle_conf *throttle_groups; /* -object throttle-group */
	unsigned nthrottle_groups;
	struct iothread_conf *iothreads; /* -object iothread */
	unsigned niothreads;
	struct secret_conf *secrets; /* -object secret */
	unsigned nsecrets;
	struct str_list audiodevs; /* the ids of -audiodev */
	struct str_list blockdevs; /* -blockdev */
	bool snapshot; /* of all drives */
	struct rtc_conf rtc;
	struct boot_conf boot;
	struct str_list firmware_dirs; /* -L */
	char *bios;
	/*
	 * Forms that chardev_open takes, or "none".  With the defaults: a
	 * serial port to nowhere, or what -nographic asks for.
	 */
	struct str_list serials, monitors, debugcons;
	struct str_list qmps, qmps_pretty;
	struct str_list chardevs; /* forms that chardev_create takes */
	struct mon_conf *mons;
	unsigned nmons;
	struct opt_list *devices; /* each has a "driver" */
	unsigned ndevices;
	struct net_confs netdevs, nics;
	struct net_confs net_nics; /* of -net: behind those of -nic */
	bool net_given; /* no network but what was asked for */
	struct global_conf *globals;
	unsigned nglobals;
	struct smbios_fields smbios;
	struct fw_cfg_conf *fw_cfgs;
	unsigned nfw_cfgs;
	int vga; /* enum vga_kind */
	int display; /* enum display_kind; -1: not given */
	struct str_list vncs; /* -vnc */
	bool vnc_default; /* nothing was said: one that is */
	char *keyboard; /* -k */
	uint8_t uuid[16];
	bool uuid_set;
	bool nographic, nodefaults, no_reboot, no_shutdown, stopped;
	bool daemonize;
	char *pidfile, *chroot;
	struct run_as run_as;
	uint8_t echr; /* the mux's escape character */
	struct msg_conf msg;
};

/*
 * Fills conf from the command line.  Returns 0, or a positive number when the
 * user was answered (-help and the like) and there is nothing more to do, or
 * a negative one with the error.  conf is the caller's to config_free in any
 * case; it refers to argv[0].
 */
int config_parse(struct config *conf, int argc, char **argv, struct error *err);
void config_free(struct config *conf);

/* The secret of that id, or NULL. */
const struct secret_conf *config_find_secret(const struct config *c,
					     const char *id);

/* Is name one of qemu's, to be answered as that? */
bool config_is_qemu_name(const char *program);

#endif
