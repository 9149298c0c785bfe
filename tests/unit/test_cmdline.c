/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Command lines: what they come to, and which are refused with what words. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/unit.h"
#include "vmm/cmdline.h"
#include "vmm/config.h"

#define ARGS_MAX 32
#define MIB	 (UINT64_C(1) << 20)

static struct error err;
static struct config c;

/* args: words with a blank between; one in '' may have blanks. */
static int parse(const char *args)
{
	static char text[1024];
	char *argv[ARGS_MAX] = {(char *)"/usr/bin/pcvm"}, *s = text;
	int argc = 1;

	err = (struct error){0};
	snprintf(text, sizeof(text), "%s", args);
	while (*s && argc < ARGS_MAX - 1) {
		char end = *s == '\'' ? '\'' : ' ';

		s += end == '\'';
		argv[argc++] = s;
		s = strchr(s, end);
		if (!s)
			break;
		*s++ = 0;
		s += end == '\'' && *s == ' ';
	}
	return config_parse(&c, argc, argv, &err);
}

static void accept(const char *args)
{
	int rc = parse(args);

	ck_assert_msg(rc == 0, "%s: %d: %s", args, rc, err.msg);
}

static void refuse(const char *args, const char *words)
{
	int rc = parse(args);

	config_free(&c);
	ck_assert_msg(rc < 0 && err.code == -rc, "%s: %d", args, rc);
	ck_assert_msg(strstr(err.msg, words) != NULL, "%s: %s", args, err.msg);
	ck_assert_msg(!strchr(err.msg, '\n'), "%s", err.msg);
}

static void answer(const char *args)
{
	int rc;

	fflush(stdout);
	ck_assert_ptr_nonnull(freopen("/dev/null", "w", stdout));
	rc = parse(args);
	config_free(&c);
	ck_assert_msg(rc > 0, "%s: %d: %s", args, rc, err.msg);
}

START_TEST(test_no_options)
{
	accept("");
	ck_assert_str_eq(c.program, "pcvm");
	ck_assert_uint_eq(c.mem.size, 128 * MIB);
	ck_assert_uint_eq(c.smp.cpus, 1);
	ck_assert_uint_eq(c.smp.maxcpus, 1);
	ck_assert_str_eq(c.cpu, "qemu64");
	ck_assert(c.machine.acpi && c.machine.hpet && c.machine.graphics);
	ck_assert(c.machine.dump_guest_core);
	ck_assert_uint_eq(c.ndrives, 0);
	ck_assert_int_eq(c.vga, VGA_STD);
	ck_assert_int_eq(c.vncs.n, 0);
	ck_assert(c.vnc_default);
	ck_assert(!c.uuid_set && !c.stopped && !c.nographic);
	ck_assert_ptr_null(c.boot.order);
	config_free(&c);
}
END_TEST

START_TEST(test_flags)
{
	accept("-S --no-reboot -no-shutdown -nodefaults -nographic "
	       "-no-user-config -enable-kvm -no-acpi --no-hpet");
	ck_assert(c.stopped && c.no_reboot && c.no_shutdown && c.nodefaults);
	ck_assert(c.nographic && !c.machine.acpi && !c.machine.hpet);
	ck_assert_int_eq(c.vga, VGA_NONE);
	config_free(&c);
	/* What is asked for is there in spite of -nodefaults. */
	accept("-nodefaults -vga std");
	ck_assert_int_eq(c.vga, VGA_STD);
	config_free(&c);
}
END_TEST

START_TEST(test_strings)
{
	accept("-name a,,b,process=p,debug-threads=on -bios x -bios y -L d1 "
	       "-L d2 -k de -cpu host,-avx "
	       "-uuid 00112233-4455-6677-8899-aabbccddeeff");
	ck_assert_str_eq(c.name.guest, "a,b");
	ck_assert_str_eq(c.name.process, "p");
	ck_assert(c.name.debug_threads);
	ck_assert_str_eq(c.bios, "y");
	ck_assert_uint_eq(c.firmware_dirs.n, 2);
	ck_assert_str_eq(c.firmware_dirs.str[1], "d2");
	ck_assert_str_eq(c.keyboard, "de");
	ck_assert_str_eq(c.cpu, "host,-avx");
	ck_assert(c.uuid_set);
	ck_assert_uint_eq(c.uuid[15], 0xff);
	config_free(&c);
	accept("-name help");
	ck_assert_str_eq(c.name.guest, "help");
	config_free(&c);
}
END_TEST

static const struct {
	const char *args;
	uint64_t mib;
} memories[] = {
	{"-m 512", 512},
	{"-m 1G", 1024},
	{"-m size=64M", 64},
	{"-m 0", 128},
	{"-m ''", 128},
	{"-m 1.5G", 1536},
	{"-m 512,size=1G", 1024},
	{"-m 512 -m 256", 256},
	{"-m 1", 1},
	{"-m 64,slots=0,maxmem=64M", 64},
	{"-m 64 -m maxmem=64M", 64},
	{"-m 4095T", UINT64_C(4095) << 20},
};

START_TEST(test_memory)
{
	size_t i;

	for (i = 0; i < sizeof(memories) / sizeof(*memories); i++) {
		accept(memories[i].args);
		ck_assert_msg(c.mem.size == memories[i].mib * MIB, "%s",
			      memories[i].args);
		config_free(&c);
	}
	accept("-m 1048577B");
	ck_assert_uint_eq(c.mem.size, MIB + 0x2000);
	config_free(&c);
	refuse("-m", "an argument is missing");
	refuse("-m -1", "-m -1: size: '-1' is not a size");
	refuse("-m 1x", "is not a size");
	refuse("-m 1.5", "needs a suffix");
	refuse("-m 16E", "too large");
	refuse("-m 4097T", "more than 4096T");
	refuse("-m 15E", "more than 4096T");
	refuse("-m 512,foo=1", "unknown parameter 'foo'");
	refuse("-m 512,maxmen=1G", "did you mean 'maxmem'?");
	/* Unlike size, maxmem counts in bytes. */
	refuse("-m 512,maxmem=256", "maxmem=256 is less than the 536870912");
	refuse("-m 512,slots=2", "slots= needs maxmem=");
	refuse("-m 512,slots=257,maxmem=1G", "not from 0 to 256");
	refuse("-m 512,slots=2,maxmem=1G", OPT_LATER);
	answer("-m help");
}
END_TEST

static const struct {
	const char *args;
	unsigned cpus, max, sockets, dies, cores, threads;
} topologies[] = {
	{"-smp 4", 4, 4, 1, 1, 4, 1},
	{"-smp cores=2", 2, 2, 1, 1, 2, 1},
	{"-smp cores=2,threads=2", 4, 4, 1, 1, 2, 2},
	{"-smp sockets=2", 2, 2, 2, 1, 1, 1},
	{"-smp dies=2", 2, 2, 1, 2, 1, 1},
	{"-smp maxcpus=8", 8, 8, 1, 1, 8, 1},
	{"-smp 3,maxcpus=8", 3, 8, 1, 1, 8, 1},
	{"-smp 8,cores=2", 8, 8, 4, 1, 2, 1},
	{"-smp 8,cores=2,threads=2", 8, 8, 2, 1, 2, 2},
	{"-smp 8,sockets=2,cores=2", 8, 8, 2, 1, 2, 2},
	{"-smp 8,sockets=2,threads=2", 8, 8, 2, 1, 2, 2},
	{"-smp 8,sockets=2", 8, 8, 2, 1, 4, 1},
	{"-smp 4,dies=2", 4, 4, 1, 2, 2, 1},
	{"-smp 2,sockets=4,maxcpus=8", 2, 8, 4, 1, 2, 1},
	{"-smp 4,clusters=1", 4, 4, 1, 1, 4, 1},
	{"-smp 0", 1, 1, 1, 1, 1, 1},
	{"-smp 4,sockets=0", 4, 4, 1, 1, 4, 1},
	{"-smp 4,maxcpus=0", 4, 4, 1, 1, 4, 1},
	{"-smp 0x4", 4, 4, 1, 1, 4, 1},
	{"-smp cpus=2,cpus=3", 3, 3, 1, 1, 3, 1},
	{"-smp 2 -smp sockets=2", 2, 2, 2, 1, 1, 1},
	{"-smp 4,sockets=2 -smp 6", 6, 6, 2, 1, 3, 1},
	{"-smp 255", 255, 255, 1, 1, 255, 1},
	{"-smp 1,maxcpus=255", 1, 255, 1, 1, 255, 1},
};

START_TEST(test_smp)
{
	size_t i;

	for (i = 0; i < sizeof(topologies) / sizeof(*topologies); i++) {
		accept(topologies[i].args);
		ck_assert_uint_eq(c.smp.cpus, topologies[i].cpus);
		ck_assert_uint_eq(c.smp.maxcpus, topologies[i].max);
		ck_assert_msg(c.smp.sockets == topologies[i].sockets &&
				      c.smp.dies == topologies[i].dies &&
				      c.smp.cores == topologies[i].cores &&
				      c.smp.threads == topologies[i].threads,
			      "%s: %u %u %u %u", topologies[i].args,
			      c.smp.sockets, c.smp.dies, c.smp.cores,
			      c.smp.threads);
		config_free(&c);
	}
}
END_TEST

START_TEST(test_smp_errors)
{
	refuse("-smp 300", "300 processors; a PC has at most 255");
	refuse("-smp 256", "at most 255");
	refuse("-smp 1,maxcpus=300", "at most 255");
	refuse("-smp -1", "'-1' is not a number");
	refuse("-smp x", "'x' is not a number");
	refuse("-smp 4.0", "is not a number");
	refuse("-smp 1k", "is not a number");
	refuse("-smp 99999999999999999999", "too large");
	refuse("-smp 4,cores=3", "product must be maxcpus");
	refuse("-smp 5,sockets=2", "product must be maxcpus");
	refuse("-smp 4,dies=3", "product must be maxcpus");
	refuse("-smp 4,cores=2,threads=2,sockets=2", "product must be");
	refuse("-smp 2,sockets=4,cores=4,threads=2", "product must be");
	refuse("-smp 4,maxcpus=2", "maxcpus is less than cpus");
	refuse("-smp 4,clusters=2", "no clusters");
	refuse("-smp 4,core=2", "did you mean 'cores'?");
	refuse("-smp ,", "-smp ,");
	/* A product that would be 0 in 64 bits. */
	refuse("-smp sockets=4294967296,cores=4294967296", "at most 255");
	refuse("-smp 4,sockets=4294967296,cores=4294967296,threads=2",
	       "product must be");
	refuse("-smp 0,sockets=65536,dies=65536,cores=65536,threads=65536",
	       "at most 255");
	answer("-smp help");
}
END_TEST

START_TEST(test_machine)
{
	accept("-machine pc,hpet=off,usb=off,vmport=off,kernel_irqchip=on");
	ck_assert(!c.machine.hpet);
	config_free(&c);
	accept("-M pc-i440fx-7.2 -machine graphics=off,dump-guest-core=off");
	ck_assert_str_eq(c.machine.type, "pc-i440fx-7.2");
	ck_assert(!c.machine.graphics && !c.machine.dump_guest_core);
	config_free(&c);
	accept("-no-acpi -machine acpi=auto,smbios-entry-point-type=64");
	ck_assert(c.machine.acpi);
	ck_assert_int_eq(c.machine.smbios_entry_point, 1);
	config_free(&c);
	accept("-machine '' -machine hpet=on,hpet=off,");
	ck_assert(!c.machine.hpet);
	config_free(&c);
	refuse("-machine foo", "-machine help lists them");
	refuse("-machine pcc", "did you mean pc?");
	refuse("-machine pc-i440fx-7.3", "did you mean pc-i440fx-7.2?");
	refuse("-machine pc-i440fx-2.10", OPT_LATER);
	refuse("-machine q35", OPT_LATER);
	refuse("-M pc-q35-7.2", OPT_LATER);
	refuse("-M pc -machine microvm", OPT_LATER);
	refuse("-machine pc,foo=1", "unknown parameter 'foo'");
	refuse("-machine pc,hpett=off", "did you mean 'hpet'?");
	refuse("-machine acpi=maybe", "'on', 'off' or 'auto'");
	refuse("-machine kernel_irqchip=split", "kernel_irqchip=split: not");
	refuse("-machine usb=on", "usb=on: " OPT_LATER);
	refuse("-machine smbios-entry-point-type=48", "not one of: 32, 64");
	refuse("-machine pc,=x", "unknown parameter ''");
	answer("-machine help");
	answer("-M ?");
	answer("-machine pc,help");
}
END_TEST

START_TEST(test_kernel)
{
	accept("-kernel a -kernel b -append 'x y' -initrd 'i j,k'");
	ck_assert_str_eq(c.machine.kernel, "b");
	ck_assert_str_eq(c.machine.append, "x y");
	ck_assert_str_eq(c.machine.initrd, "i j,k");
	ck_assert_int_eq(c.machine.firmware_boot, 2);
	config_free(&c);
	accept("-machine pc,kernel=a,initrd=b,append=c -append d");
	ck_assert_str_eq(c.machine.kernel, "a");
	ck_assert_str_eq(c.machine.initrd, "b");
	ck_assert_str_eq(c.machine.append, "d");
	config_free(&c);
	accept("-machine firmware-boot=on");
	ck_assert_int_eq(c.machine.firmware_boot, 1);
	config_free(&c);
	/* The words are qemu's. */
	refuse("-append x", "-append only allowed with -kernel option");
	refuse("-initrd x", "-initrd only allowed with -kernel option");
	refuse("-append x -initrd y", "-append only allowed");
	refuse("-machine append=x", "-append only allowed");
	refuse("-dtb x", "for other machines than PCs");
	refuse("-kernel", "an argument is missing");
	refuse("-machine firmware-boot=maybe", "'on', 'off' or 'auto'");
}
END_TEST

START_TEST(test_accel)
{
	static const char *const good[] = {
		"-accel kvm",
		"-accel accel=kvm,kernel-irqchip=on",
		"-machine accel=kvm",
		"-machine accel=kvm:tcg",
		"-machine accel=tcg:kvm",
		"-accel tcg -accel kvm",
		"-accel kvm -accel tcg",
		"-machine accel=tcg -machine accel=kvm",
		"-machine accel=tcg -enable-kvm",
	};
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(*good); i++) {
		accept(good[i]);
		config_free(&c);
	}
	refuse("-accel tcg", "-accel tcg: pcvm runs guests with kvm");
	refuse("-machine accel=tcg", "kvm and nothing else");
	refuse("-machine accel=kvmm", "kvm and nothing else");
	refuse("-enable-kvm -machine accel=tcg", "kvm and nothing else");
	refuse("-accel kernel-irqchip=on", "accel= is missing");
	refuse("-accel kvm,kernel-irqchip=off", OPT_LATER);
	refuse("-accel kvm,dirty-ring-size=4096", OPT_LATER);
	refuse("-accel kvm,foo=1", "unknown parameter 'foo'");
	answer("-accel help");
	answer("-accel ''");
}
END_TEST

START_TEST(test_cpu)
{
	accept("-cpu kvm64 -cpu max");
	ck_assert_str_eq(c.cpu, "max");
	config_free(&c);
	/* "no" belongs to the name. */
	accept("-cpu max,nodeid-msr,-avx,vme=off");
	config_free(&c);
	refuse("-cpu nosuchcpu", "-cpu nosuchcpu: there is no such model");
	refuse("-cpu hots", "did you mean 'host'?");
	refuse("-cpu Haswel", "did you mean 'Haswell'?");
	refuse("-cpu host,+avxx", "did you mean 'avx'?");
	refuse("-cpu host,nosuchfeature", "property 'nosuchfeature'");
	refuse("-cpu ''", "-cpu: the model is missing");
	answer("-cpu help");
	answer("-cpu ?");
}
END_TEST

START_TEST(test_rtc)
{
	accept("-rtc base=localtime,clock=vm -rtc driftfix=slew");
	ck_assert(c.rtc.localtime && !c.rtc.dated);
	ck_assert_int_eq(c.rtc.clock, RTC_CLOCK_VM);
	ck_assert_int_eq(c.rtc.driftfix, 1);
	config_free(&c);
	accept("-rtc base=localtime -rtc base=utc,clock=rt");
	ck_assert(!c.rtc.localtime && !c.rtc.dated);
	config_free(&c);
	accept("-rtc base=2006-06-17T16:01:21");
	ck_assert(c.rtc.dated);
	ck_assert_int_eq(c.rtc.start, 1150560081);
	config_free(&c);
	accept("-rtc base=2006-06-17");
	ck_assert_int_eq(c.rtc.start, 1150502400);
	config_free(&c);
	accept("-rtc base=1969-12-31T23:59:59");
	ck_assert_int_eq(c.rtc.start, -1);
	config_free(&c);
	accept("-rtc base=2096-02-29");
	config_free(&c);
	refuse("-rtc base=foo", "-rtc base=foo");
	refuse("-rtc base=", "2006-06-17");
	refuse("-rtc base=2006-13-17", "2006-06-17");
	refuse("-rtc base=2006-02-30", "2006-06-17");
	refuse("-rtc base=2006-06-17T25:00:00", "2006-06-17");
	refuse("-rtc base=2006-06-17T16:01", "2006-06-17");
	refuse("-rtc base=2006-06-17x", "2006-06-17");
	refuse("-rtc base=20060617", "2006-06-17");
	refuse("-rtc clock=x", "host, rt, vm");
	refuse("-rtc driftfix=x", "none, slew");
	refuse("-rtc localtime", "unknown parameter 'localtime'");
	answer("-rtc help");
}
END_TEST

START_TEST(test_boot)
{
	accept("-boot dc -boot strict=on");
	ck_assert_str_eq(c.boot.order, "dc");
	ck_assert(c.boot.strict);
	ck_assert_int_eq(c.boot.splash_time, -1);
	ck_assert_int_eq(c.boot.reboot_timeout, -1);
	config_free(&c);
	accept("-boot order=ac,order=n,menu=off");
	ck_assert_str_eq(c.boot.order, "n");
	config_free(&c);
	accept("-boot menu=on,once=d,splash-time=500,reboot-timeout=65535");
	ck_assert(c.boot.menu);
	ck_assert_str_eq(c.boot.once, "d");
	ck_assert_int_eq(c.boot.splash_time, 500);
	ck_assert_int_eq(c.boot.reboot_timeout, 65535);
	config_free(&c);
	accept("-boot ''");
	config_free(&c);
	accept("-boot splash=a.bmp");
	ck_assert_str_eq(c.boot.splash, "a.bmp");
	config_free(&c);
	refuse("-boot x", "-boot order=x");
	refuse("-boot e", "-boot order=e");
	refuse("-boot cc", "'c' is there twice");
	refuse("-boot abcd", "room for 3");
	refuse("-boot strict", "-boot order=strict");
	refuse("-boot strict=maybe", "'on' or 'off'");
	refuse("-boot once=x", "-boot once=x");
	refuse("-boot splash-time=65536", "splash-time=65536");
	refuse("-boot reboot-timeout=-2", "reboot-timeout=-2");
	refuse("-boot ordre=c", "did you mean 'order'?");
	answer("-boot help");
}
END_TEST

START_TEST(test_uuid)
{
	refuse("-uuid 1234", "-uuid 1234");
	refuse("-uuid ''", "-uuid");
	/* Not even after a good one. */
	refuse("-uuid 00112233-4455-6677-8899-aabbccddeeff -uuid x", "'x'");
}
END_TEST

START_TEST(test_disks)
{
	accept("-hda a -hdb b,c -hdc c -hdd d");
	ck_assert_uint_eq(c.ndrives, 4);
	ck_assert_str_eq(c.drives[0].option, "-hda a");
	ck_assert_str_eq(c.drives[1].file, "b,c");
	ck_assert_int_eq(c.drives[3].index, 3);
	ck_assert_int_eq(c.drives[3].bus, -1);
	ck_assert_int_eq(c.drives[3].media, MEDIA_DISK);
	ck_assert_int_eq(c.drives[3].interface, IF_IDE);
	ck_assert_ptr_null(c.drives[3].format);
	config_free(&c);
	accept("-cdrom x.iso disk=1,2.img");
	ck_assert_uint_eq(c.ndrives, 2);
	ck_assert_int_eq(c.drives[0].index, 2);
	ck_assert_int_eq(c.drives[0].media, MEDIA_CDROM);
	ck_assert_str_eq(c.drives[1].file, "disk=1,2.img");
	ck_assert_str_eq(c.drives[1].option, "disk=1,2.img");
	ck_assert_int_eq(c.drives[1].index, 0);
	config_free(&c);
	accept("-cdrom ''");
	ck_assert_str_eq(c.drives[0].file, "");
	config_free(&c);
	refuse("-hda", "an argument is missing");
	refuse("-hda ''", "a disk needs an image");
	refuse("''", "a disk needs an image");
}
END_TEST

START_TEST(test_drives)
{
	accept("-drive file=a,,b,format=raw,index=1,id=d0,serial=S,media=disk "
	       "-drive media=cdrom,id=x -drive media=cdrom,bus=1,unit=0 "
	       "-drive a.img,if=ide,readonly=off,cache=writeback,snapshot=no "
	       "-drive driver=raw,file=b,media=cdrom,read-only=on");
	ck_assert_uint_eq(c.ndrives, 5);
	ck_assert_str_eq(c.drives[0].file, "a,b");
	ck_assert_str_eq(c.drives[0].format, "raw");
	ck_assert_int_eq(c.drives[0].index, 1);
	ck_assert_str_eq(c.drives[0].id, "d0");
	ck_assert_str_eq(c.drives[0].serial, "S");
	ck_assert_int_eq(c.drives[1].media, MEDIA_CDROM);
	ck_assert_ptr_null(c.drives[1].file);
	ck_assert_int_eq(c.drives[2].bus, 1);
	ck_assert_int_eq(c.drives[2].unit, 0);
	ck_assert_int_eq(c.drives[2].index, -1);
	ck_assert_str_eq(c.drives[3].file, "a.img");
	ck_assert_str_eq(c.drives[4].format, "raw");
	ck_assert(c.drives[4].readonly);
	config_free(&c);
	answer("-drive help");
}
END_TEST

START_TEST(test_drive_options)
{
	const struct drive_conf *d;

	accept("-drive file=a,cache=unsafe,werror=stop,rerror=ignore,bps_rd=5,"
	       "throttling.bps-read-max=7,throttling.bps-read-max-length=3,"
	       "iops_size=512,group=g,snapshot,copy-on-read=on,aio=native,"
	       "locking=auto,node-name=n,l2-cache-size=1M "
	       "-drive if=none,id=x -snapshot "
	       "-drive file.driver=file,file.filename=b,cache.writeback=off");
	ck_assert_uint_eq(c.ndrives, 3);
	d = &c.drives[0];
	ck_assert_int_eq(d->cache, CACHE_UNSAFE);
	ck_assert_int_eq(d->cache_writeback, 2);
	ck_assert_int_eq(d->werror, ACTION_STOP);
	ck_assert_int_eq(d->rerror, ACTION_IGNORE);
	ck_assert_uint_eq(d->throttle.avg[THROTTLE_BPS_READ], 5);
	ck_assert_uint_eq(d->throttle.max[THROTTLE_BPS_READ], 7);
	ck_assert_uint_eq(d->throttle.length[THROTTLE_BPS_READ], 3);
	ck_assert_uint_eq(d->throttle.iops_size, 512);
	ck_assert_str_eq(d->throttle.group, "g");
	ck_assert(d->snapshot && d->copy_on_read && c.snapshot);
	ck_assert_uint_eq(d->node.n, 4);
	ck_assert_str_eq(opt_list_get(&d->node, "aio"), "native");
	ck_assert_str_eq(opt_list_get(&d->node, "file.locking"), "auto");
	ck_assert_str_eq(opt_list_get(&d->node, "l2-cache-size"), "1M");
	d = &c.drives[1];
	ck_assert_int_eq(d->interface, IF_NONE);
	ck_assert_int_eq(d->cache, CACHE_WRITEBACK);
	ck_assert_int_eq(d->werror, -1);
	ck_assert_int_eq(d->rerror, -1);
	ck_assert_int_eq(c.drives[2].cache_writeback, 0);
	config_free(&c);
	accept("-blockdev driver=raw,node-name=a -blockdev {\"x\":1}");
	ck_assert_uint_eq(c.blockdevs.n, 2);
	ck_assert_str_eq(c.blockdevs.str[1], "{\"x\":1}");
	config_free(&c);
}
END_TEST

START_TEST(test_drive_errors)
{
	refuse("-blockdev driver=raw,node-name=a,b", "'b' has no value");
	refuse("-drive if=ide", "a disk needs an image");
	refuse("-drive ''", "a disk needs an image");
	refuse("-drive file=,index=1", "a disk needs an image");
	refuse("-drive file=a,index=0,unit=1", "index cannot be used with");
	refuse("-drive file=a,index=0,bus=1", "index cannot be used with");
	refuse("-drive file=a,index=-1", "index=-1 is not from 0");
	refuse("-drive file=a,index=x", "index='x' is not a number");
	refuse("-drive file=a,unit=99999999999", "is not from 0 to 255");
	refuse("-drive file=a,readonly=on", "cannot be read-only");
	refuse("-drive file=a,readonly=x", "'on' or 'off'");
	refuse("-drive file=a,media=foo", "not one of: disk, cdrom");
	refuse("-drive file=a,if=foo", "not one of: ide");
	refuse("-drive file=a,if=scsi", "-device scsi-hd,drive=d");
	refuse("-drive if=scsi,media=cdrom", "-device scsi-cd,drive=d");
	refuse("-drive file=a,if=none,serial=x", "say it with -device");
	refuse("-drive file=a,cache=foo", "not one of: writeback");
	refuse("-drive file=a,snapshot=2", "'on' or 'off'");
	refuse("-drive file=a,rerror=enospc", "not one of: report");
	refuse("-drive file=a,bps=x", "throttling.bps-total: 'x'");
	refuse("-drive file=a,iops=1000000000000001", "is not from 0 to");
	refuse("-drive file=a,iops=1,throttling.iops-total=1",
	       "'throttling.iops-total' and its alias 'iops'");
	refuse("-drive file=a,format=raw,driver=raw", "its alias 'driver'");
	refuse("-drive file=a,throttling.bps-totl=1",
	       "did you mean 'throttling.bps-total'?");
	refuse("-drive file=a,file.=x", "unknown parameter 'file.'");
	refuse("-drive file=a,cyls=2", "say it with -device");
	refuse("-drive file=a,foo=bar", "unknown parameter 'foo'");
	refuse("-drive file=a,fromat=raw", "did you mean 'format'?");
	refuse("-drive file=a,id=1a", "starts with a letter");
	refuse("-drive file=a,id=", "starts with a letter");
	refuse("-drive file=a,id=a -drive file=b,id=a", "already");
}
END_TEST

START_TEST(test_devices)
{
	accept("-device isa-debugcon,iobase=0x402,id=a -device driver=x "
	       "-device '{\"driver\": \"y\", \"n\": 5, \"id\": \"b\"}' "
	       "-global PIIX4_PM.disable_s3=1 "
	       "-global driver=PIIX4_PM,property=disable_s4,value=a=b");
	ck_assert_uint_eq(c.ndevices, 3);
	ck_assert_str_eq(opt_list_get(&c.devices[0], "driver"), "isa-debugcon");
	ck_assert_str_eq(opt_list_get(&c.devices[0], "iobase"), "0x402");
	ck_assert_str_eq(opt_list_get(&c.devices[1], "driver"), "x");
	ck_assert_str_eq(opt_list_get(&c.devices[2], "driver"), "y");
	ck_assert_str_eq(opt_list_get(&c.devices[2], "n"), "5");
	ck_assert_uint_eq(c.nglobals, 2);
	ck_assert_str_eq(c.globals[0].driver, "PIIX4_PM");
	ck_assert_str_eq(c.globals[0].property, "disable_s3");
	ck_assert_str_eq(c.globals[0].value, "1");
	ck_assert_str_eq(c.globals[1].value, "a=b");
	config_free(&c);
	/* As with qemu, a kind that there is not is no error. */
	accept("-global no.such.thing=1");
	ck_assert_str_eq(c.globals[0].driver, "no.such");
	config_free(&c);
	refuse("-device ''", "the driver is missing");
	refuse("-device id=a", "the driver is missing");
	refuse("-device x,id=1", "starts with a letter");
	refuse("-device x,id=a -device y,id=a", "id=a is taken already");
	refuse("-device {", "JSON");
	refuse("-device '{\"driver\": 1.5}'", "'driver' must be");
	refuse("-global foo", "DRIVER.PROPERTY=VALUE");
	refuse("-global foo=1", "DRIVER.PROPERTY=VALUE");
	refuse("-global .x=1", "DRIVER.PROPERTY=VALUE");
	refuse("-global x.=1", "DRIVER.PROPERTY=VALUE");
	refuse("-global driver=x", "property and value are needed");
	refuse("-global PIIX4_PM.nosuch=1", "no such property");
	answer("-device help");
	answer("-device ?");
	answer("-device isa-debugcon,help");
	answer("-device isa-debugcon,iobase=1,?");
}
END_TEST

START_TEST(test_monitors)
{
	accept("-chardev null,id=a -mon a -mon chardev=b,mode=control,pretty="
	       "on,id=m -monitor stdio -qmp null -qmp-pretty null -debugcon "
	       "null -parallel none");
	ck_assert_uint_eq(c.chardevs.n, 1);
	ck_assert_str_eq(c.chardevs.str[0], "null,id=a");
	ck_assert_uint_eq(c.nmons, 2);
	ck_assert_str_eq(c.mons[0].chardev, "a");
	ck_assert_int_eq(c.mons[0].mode, 0);
	ck_assert_int_eq(c.mons[1].mode, 1);
	ck_assert(c.mons[1].pretty);
	ck_assert_str_eq(c.monitors.str[0], "stdio");
	ck_assert_uint_eq(c.qmps.n, 1);
	ck_assert_uint_eq(c.qmps_pretty.n, 1);
	config_free(&c);
	refuse("-mon mode=control", "chardev= is missing");
	refuse("-mon a,mode=x", "readline, control");
	refuse("-mon a,pretty=on", "mode=control only");
	refuse("-mon a,id=q -mon b,id=q", "id=q is taken already");
	refuse("-chardev null", "id= is missing");
	refuse("-chardev id=a", "the backend is missing");
	refuse("-chardev null,id=1", "starts with a letter");
	refuse("-debugcon null -debugcon null", "one debug console");
	refuse("-parallel null", "only none is");
	refuse("-serial null -serial null -serial null -serial null "
	       "-serial null",
	       "at most 4 serial ports");
}
END_TEST

/* serial0 and the first monitor that a command line comes to. */
static void check_defaults(const char *args, const char *serial,
			   const char *monitor)
{
	accept(args);
	ck_assert_msg(c.serials.n ? !strcmp(c.serials.str[0], serial) : !serial,
		      "%s", args);
	ck_assert_msg(c.monitors.n ? !strcmp(c.monitors.str[0], monitor)
				   : !monitor,
		      "%s", args);
	config_free(&c);
}

START_TEST(test_default_characters)
{
	check_defaults("", "null", NULL);
	check_defaults("-display none", "null", NULL);
	check_defaults("-monitor stdio", "null", "stdio");
	check_defaults("-serial none", "none", NULL);
	check_defaults("-nodefaults", NULL, NULL);
	check_defaults("-device isa-serial,chardev=x", NULL, NULL);
	check_defaults("-nographic", "mon:stdio", NULL);
	check_defaults("-nographic -monitor none", "stdio", "none");
	check_defaults("-nographic -qmp null", "stdio", NULL);
	check_defaults("-nographic -qmp-pretty null", "stdio", NULL);
	check_defaults("-nographic -mon x", "stdio", NULL);
	check_defaults("-nographic -serial null", "null", "stdio");
	check_defaults("-nographic -nodefaults", NULL, NULL);
	check_defaults("-nographic -nodefaults -serial pty", "pty", NULL);
}
END_TEST

START_TEST(test_display)
{
	accept("-vga none -display none");
	ck_assert_int_eq(c.vga, VGA_NONE);
	config_free(&c);
	refuse("-vga cirrus", "=cirrus: " OPT_LATER "; what is: std, none");
	refuse("-vga foo", "not one of: std, none");
	refuse("-vga std,foo", "unknown parameter 'foo'");
	refuse("-display gtk,gl=on", OPT_LATER);
	refuse("-display foo", "not one of: none, vnc");
	accept("-nographic");
	ck_assert(!c.vnc_default);
	config_free(&c);
	accept("-vnc :1,id=a -display vnc=:2,id=b -display none");
	ck_assert(!c.vnc_default);
	ck_assert_uint_eq(c.vncs.n, 2);
	ck_assert_str_eq(c.vncs.str[1], ":2,id=b");
	config_free(&c);
	refuse("-display vnc", "vnc=HOST:N");
	refuse("-vnc :0,foo=1", "unknown parameter 'foo'");
	refuse("-vnc :0,websocket=on", OPT_LATER);
	refuse("-vnc :0,tls-creds=x", "no encryption");
	answer("-vnc help");
	answer("-vga help");
	answer("-display help");
}
END_TEST

START_TEST(test_help_and_version)
{
	answer("-h");
	answer("-help");
	answer("--help");
	answer("-?");
	answer("-version");
	answer("--version");
	answer("-L help");
	/* The first that asks is answered; what follows is not looked at. */
	answer("-help -nosuchoption");
	refuse("-nosuchoption -help", "-nosuchoption");
}
END_TEST

START_TEST(test_unknown_options)
{
	refuse("-foo", "-foo: there is no such option; -help lists them");
	refuse("--foo", "--foo: there is no such option");
	refuse("---m 5", "---m: there is no such option");
	refuse("-", "-: there is no such option");
	refuse("--", "--: there is no such option");
	refuse("-nographics", "did you mean -nographic?");
	refuse("-cdorm x", "did you mean -cdrom?");
	refuse("-daemonise", "did you mean -daemonize?");
	refuse("-HDA x", "did you mean -hda?");
}
END_TEST

/* Each is known, says why it is refused, and is not supported besides. */
START_TEST(test_refused_options)
{
	const struct cmdline_refused *r;
	const struct cmdline_opt *o;
	char args[100];

	for (r = cmdline_refused; r->name; r++) {
		snprintf(args, sizeof(args), "-%s%s", r->name,
			 r->has_arg ? " x" : "");
		refuse(args, r->reason);
		ck_assert_int_eq(err.code, ENOTSUP);
		for (o = cmdline_opts; o->name; o++)
			ck_assert_str_ne(o->name, r->name);
	}
	refuse("-preconfig",
	       "-preconfig: not supported yet by this version of pcvm");
}
END_TEST

START_TEST(test_tables)
{
	const struct cmdline_opt *o, *other;
	const struct opt_desc *d;

	for (o = cmdline_opts; o->name; o++) {
		ck_assert_msg(o->apply && o->help, "%s", o->name);
		ck_assert_msg(!o->implied || opt_find(o->keys, o->implied),
			      "%s", o->name);
		for (other = cmdline_opts; other < o; other++)
			ck_assert_str_ne(o->name, other->name);
		for (d = o->keys; d && d->type != OPT_END; d++)
			ck_assert_msg(d->refused || d->help, "%s %s", o->name,
				      d->name);
	}
}
END_TEST

START_TEST(test_long_arguments_leave_room_for_the_reason)
{
	char args[900] = "-smp ";

	memset(args + 5, '9', sizeof(args) - 6);
	args[sizeof(args) - 1] = 0;
	ck_assert_int_lt(parse(args), 0);
	config_free(&c);
	ck_assert_ptr_nonnull(strstr(err.msg, "9...: cpus: '999"));
}
END_TEST

START_TEST(test_programs)
{
	static const char *const qemu[] = {"qemu-kvm", "kvm",
					   "qemu-system-x86_64",
					   "qemu-system-i386"};
	char *argv[] = {(char *)"kvm", NULL};
	char *none[] = {NULL};
	size_t i;

	for (i = 0; i < 4; i++)
		ck_assert(config_is_qemu_name(qemu[i]));
	ck_assert(!config_is_qemu_name("pcvm"));
	ck_assert(!config_is_qemu_name("kvm2"));
	ck_assert_int_eq(config_parse(&c, 1, argv, &err), 0);
	ck_assert_str_eq(c.program, "kvm");
	config_free(&c);
	ck_assert_int_eq(config_parse(&c, 0, none, &err), 0);
	ck_assert_str_eq(c.program, "pcvm");
	config_free(&c);
}
END_TEST

UNIT_MAIN("cmdline", test_no_options, test_flags, test_strings, test_memory,
	  test_smp, test_smp_errors, test_machine, test_kernel, test_accel,
	  test_cpu, test_rtc, test_boot, test_uuid, test_disks, test_drives,
	  test_drive_options, test_drive_errors, test_devices, test_monitors,
	  test_default_characters, test_display, test_help_and_version,
	  test_unknown_options, test_refused_options, test_tables,
	  test_long_arguments_leave_room_for_the_reason, test_programs)
