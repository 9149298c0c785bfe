# SPDX-License-Identifier: GPL-2.0-or-later
"""Firmware boots from disks and CD-ROMs at AHCI ports."""
import re
import struct
import tempfile

from guest.images import copy_of
from guest.pc_guest import BOOT, guest_disk
from guest.vm import QEMU, Vm, needs, run

SCAN = "p"  # the guest lists PCI devices; see pc/main.c
AHCI = "8086:2922 010601"
SAYS = b"a CD boots\r\n"
ISO_SECTOR = 2048


def volume(kind, rest=b""):
    return (bytes([kind]) + b"CD001\1" + rest).ljust(ISO_SECTOR, b"\0")


def boot_code():
    """Says it on the serial port: cld, lodsb and outb until a zero."""
    code = (b"\xfc\x31\xc0\x8e\xd8\xbe\x15\x7c\xba\xf8\x03"
            b"\xac\x84\xc0\x74\x03\xee\xeb\xf8\xf4\xf4")
    return (code + SAYS + b"\0").ljust(ISO_SECTOR, b"\0")


def make_cd(path):
    """El Torito, without emulation: the catalog is at 19, the code at 20."""
    catalog = bytearray(32)
    catalog[0], catalog[30], catalog[31] = 1, 0x55, 0xaa
    total = sum(struct.unpack("<16H", catalog))
    catalog[28:30] = struct.pack("<H", -total & 0xffff)
    catalog += struct.pack("<BBHBBHI", 0x88, 0, 0, 0, 0, 4, 20)
    torito = (b"EL TORITO SPECIFICATION".ljust(64, b"\0") +
              struct.pack("<I", 19))
    with open(path, "wb") as f:
        f.write(bytes(16 * ISO_SECTOR) + volume(1) + volume(0, torito) +
                volume(255) + bytes(catalog).ljust(ISO_SECTOR, b"\0") +
                boot_code() + bytes(10 * ISO_SECTOR))


def test_boots_from_a_disk():
    with copy_of(guest_disk(SCAN)) as disk, Vm(
            "-nodefaults", "-m", "64", "-drive",
            f"file={disk},format=raw,if=none,id=d", "-device",
            "ahci,id=ahci0", "-device", "ide-hd,drive=d,bus=ahci0.0") as vm:
        assert f" {AHCI}" in vm.serial.expect("done\r\n", BOOT)


def test_boots_from_a_cd():
    with tempfile.NamedTemporaryFile(suffix=".iso") as cd:
        make_cd(cd.name)
        with Vm("-nodefaults", "-m", "64", "-drive",
                f"file={cd.name},format=raw,if=none,id=c,media=cdrom",
                "-device", "ich9-ahci,id=sata", "-device",
                "ide-cd,drive=c,bus=sata.3") as vm:
            vm.serial.expect(SAYS.decode(), BOOT)


def test_bootindex_chooses_the_port():
    with copy_of(guest_disk(SCAN)) as disk, \
            tempfile.NamedTemporaryFile(suffix=".iso") as cd:
        make_cd(cd.name)
        with Vm("-nodefaults", "-m", "64", "-device", "ahci,id=a", "-drive",
                f"file={disk},format=raw,if=none,id=d", "-device",
                "ide-hd,drive=d,bus=a.0,bootindex=2", "-drive",
                f"file={cd.name},format=raw,if=none,id=c,media=cdrom",
                "-device", "ide-cd,drive=c,bus=a.1,bootindex=1") as vm:
            vm.serial.expect(SAYS.decode(), BOOT)


LINES = (
    "-device ahci,id=ahci0 -drive if=none,id=d,file={},format=raw "
    "-device ide-hd,drive=d,bus=ahci0.0",
    "-device ahci -device ich9-ahci,id=x -drive if=none,id=d,file={},"
    "format=raw -device ide-hd,drive=d,bus=x.4,id=disk -device ide-cd,bus=x.5",
    "-device ahci,addr=7 -device ahci -drive if=none,id=d,file={},format=raw "
    "-device ide-hd,drive=d,bus=ide.13",
    "-device ahci -drive if=none,id=d,file={},format=raw "
    "-device ide-hd,drive=d",
)


def shown(line, disk, program):
    with Vm("-S", "-nodefaults", *line.format(disk).split(),
            program=program) as vm:
        pci, block = vm.hmp("info pci"), vm.hmp("info block")
    at = pci.index("SATA controller")
    return pci[at:], re.sub(r"#block\d+", "#block", block)


def test_the_monitor_shows_what_qemu_shows():
    needs(QEMU)
    with copy_of(guest_disk(SCAN)) as disk:
        for line in LINES:
            have, want = (shown(line, disk, p) for p in (None, QEMU))
            assert have == want, (line, have, want)


# pcvm refuses it with these words.
REFUSED = {
    "-device ahci,id=a -device ide-cd,bus=a.6": "Bus 'a.6' not found",
    "-device ahci,id=a -device ide-cd,bus=a.0 -device ide-cd,bus=a.0":
        "the port at a.0 is taken",
    "-device ahci,id=a -device ide-cd,bus=a.0,unit=1":
        "Can't create IDE unit 1, bus supports only 1 units",
    "-device ahci,id=a -device ide-hd,bus=a.0": "No drive specified",
}


def test_what_cannot_be_is_refused():
    for line, words in REFUSED.items():
        status, _, said = run("-S", "-nodefaults", *line.split())
        assert status == 1 and words in said, (line, said)
