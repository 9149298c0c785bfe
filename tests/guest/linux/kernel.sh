#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Builds the test guest's kernel from Debian's package linux-source-6.1:
#
#	kernel.sh FOLDER [COMPRESSION]...
#
# leaves vmlinux (with a PVH note), System.map, config and, for each
# compression, bzImage-COMPRESSION in FOLDER [gzip].
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=$1
shift
[ $# -gt 0 ] || set -- gzip

# What this kernel does not have is not unpacked; Kconfig and Makefile are.
unused='sound samples rust Documentation
drivers/gpu drivers/media drivers/staging drivers/infiniband drivers/usb
drivers/iio drivers/hwmon drivers/mtd drivers/net/wireless drivers/net/dsa
drivers/net/can drivers/net/ethernet/mellanox drivers/net/ethernet/broadcom
drivers/net/ethernet/chelsio drivers/net/ethernet/qlogic drivers/nvme
drivers/video/fbdev drivers/md drivers/platform drivers/pinctrl drivers/soc
fs/xfs fs/btrfs fs/nfs fs/ocfs2 fs/ceph fs/f2fs fs/cifs net/mac80211
net/wireless net/bluetooth net/sctp net/tipc net/batman-adv tools/testing
tools/perf'

unpack()
{
	set -- --wildcards
	for folder in $unused; do
		set -- "$@" --exclude="*/$folder/*.[chS]"
	done
	for arch in alpha arc arm arm64 csky hexagon ia64 loongarch m68k \
		microblaze mips nios2 openrisc parisc powerpc riscv s390 sh \
		sparc um xtensa; do
		set -- "$@" --exclude="*/arch/$arch/*.[chS]"
	done
	set -- "$@" --exclude='*.rst' --exclude='*.dts' --exclude='*.dtsi'
	mkdir -p "$out/src"
	tar -xJf /usr/src/linux-source-6.1.tar.xz -C "$out/src" \
		--strip-components=1 "$@"
}

# change FILE FROM TO: a line that is not there any more is an error.
change()
{
	grep -q "$2" "$out/src/$1" || {
		echo "kernel.sh: $1 has no $2" >&2
		exit 1
	}
	sed -i "s/$2/$3/" "$out/src/$1"
}

# Numbers that no setting changes, each many seconds where ring 0 is emulated:
# 100 ticks a second are the lowest choice (20 is a multiple of 10, as the
# calibration of the local APIC's timer has it, and what the PIT can count);
# 63 virtual consoles have a device each; each built-in driver's parameters are
# made anew in sysfs for each one more.
lighten()
{
	change kernel/Kconfig.hz 'default 100 if HZ_100' 'default 20 if HZ_100'
	change include/uapi/linux/vt.h 'MAX_NR_CONSOLES	63' \
		'MAX_NR_CONSOLES	2'
	change kernel/params.c '^	param_sysfs_builtin();' \
		'	(void)param_sysfs_builtin;'
}

build()
{
	make -s -C "$out/src" ARCH=x86_64 -j"$(nproc)" "$@"
}

# configure COMPRESSION: each wish of the fragment has to come true.
configure()
{
	name=$(echo "$1" | tr a-z A-Z)
	{ cat "$here/kernel.config"; echo "CONFIG_KERNEL_$name=y"; } \
		>"$out/fragment"
	KCONFIG_ALLCONFIG=$out/fragment build allnoconfig >/dev/null
	if grep '^CONFIG' "$out/fragment" | grep -vxFf "$out/src/.config" >&2
	then
		echo "kernel.sh: the kernel has no such settings" >&2
		exit 1
	fi
}

export KBUILD_BUILD_USER=pcvm KBUILD_BUILD_HOST=guest
export KBUILD_BUILD_VERSION=1 KBUILD_BUILD_TIMESTAMP='1 January 2020 UTC'
unpack
lighten
for compression in "$@"; do
	configure "$compression"
	build bzImage
	cp "$out/src/arch/x86/boot/bzImage" "$out/bzImage-$compression"
done
cp "$out/src/vmlinux" "$out/src/System.map" "$out/"
cp "$out/src/.config" "$out/config"
rm -rf "$out/src" "$out/fragment"
