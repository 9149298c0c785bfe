# SPDX-License-Identifier: GPL-2.0-or-later
"""SeaBIOS and GRUB, from CD and from hard disk, on the serial console."""
import hashlib
import re

from guest.images import GRUB_CONFIG, PAYLOAD, copy_of, disk, rescue_iso
from guest.vm import Vm

# Ring 0 may be emulated by the host's KVM: about 100 s to GRUB's normal mode.
SLOW = 900

SMALL = ["biosdisk", "part_msdos", "ext2", "serial", "terminal", "lsmmap"]
HASHING = SMALL + ["hashsum", "gcry_md5"]
PROMPT = r"grub(?: rescue)?> "


def test_grub_mkrescue_image_boots_to_its_prompt_and_obeys():
    with Vm("-m", "64", "-cdrom", rescue_iso()) as vm:
        vm.serial.expect(r"grub> ", SLOW)
        vm.serial.send("echo the answer is $prefix\r")
        vm.serial.expect(r"the answer is \(\w+\)/boot/grub", SLOW)


def map_of(text):
    """lsmmap's lines: base, length and type."""
    return [(int(b, 16), int(n, 16), kind) for b, n, kind in re.findall(
        r"base_addr = (0x[0-9a-f]+), length = (0x[0-9a-f]+), ([^\r\n]*)", text)]


def check_map(megabytes, low_end, high_len, use=None):
    """What GRUB says of memory; use(vm) then has it at its prompt."""
    image = disk(HASHING if use else SMALL, GRUB_CONFIG,
                 "hashing.img" if use else "small.img")
    with copy_of(image) as mine, Vm("-nodefaults", "-m", str(megabytes),
                                    "-hda", mine) as vm:
        vm.serial.expect(PROMPT, SLOW)
        vm.serial.send("lsmmap\r")
        entries = map_of(vm.serial.expect(r"base_addr.*" + PROMPT, SLOW))
        if use:
            use(vm)
    ram = [(b, n) for b, n, kind in entries if "available" in kind]
    assert ram[0][0] == 0 and 0x9f000 <= ram[0][1] <= 0xa0000, entries
    low = [(b, n) for b, n in ram if b == 0x100000]
    assert low, entries
    end = low[0][0] + low[0][1]
    # the firmware keeps the tables' memory at the end of RAM below 4 GiB
    assert low_end - 0x40000 <= end <= low_end, (entries, hex(end))
    high = [n for b, n in ram if b == 1 << 32]
    assert high == ([high_len] if high_len else []), entries


def test_grub_reads_a_file_and_the_map_of_6000_mib():
    def use(vm):
        vm.serial.send("md5sum (hd0,msdos1)/payload\r")
        vm.serial.expect(hashlib.md5(PAYLOAD).hexdigest(), SLOW)
    check_map(6000, 3 << 30, (6000 << 20) - (3 << 30), use)
