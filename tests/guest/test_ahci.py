# SPDX-License-Identifier: GPL-2.0-or-later
"""Firmware boots from disks and CD-ROMs at AHCI ports."""
import re
import tempfile

from guest import iso
from guest.images import copy_of
from guest.pc_guest import BOOT, guest_disk
from guest.vm import QEMU, Vm, needs, run

SCAN = "p"  # the guest lists PCI devices; see pc/main.c
AHCI = "8086:2922 010601"
SAYS = "a CD boots\r\n"


def test_boots_from_a_disk():
    with copy_of(guest_disk(SCAN)) as disk, Vm(
            "-nodefaults", "-m", "64", "-drive",
            f"file={disk},format=raw,if=none,id=d", "-device",
            "ahci,id=ahci0", "-device", "ide-hd,drive=d,bus=ahci0.0") as vm:
        assert f" {AHCI}" in vm.serial.expect("done\r\n", BOOT)


def test_boots_from_a_cd():
    with tempfile.NamedTemporaryFile(suffix=".iso") as cd:
        cd.write(iso.image(iso.says(SAYS)))
        cd.flush()
        with Vm("-nodefaults", "-m", "64", "-drive",
                f"file={cd.name},format=raw,if=none,id=c,media=cdrom",
                "-device", "ich9-ahci,id=sata", "-device",
                "ide-cd,drive=c,bus=sata.3") as vm:
            vm.serial.expect(SAYS, BOOT)


def test_bootindex_chooses_the_port():
    with copy_of(guest_disk(SCAN)) as disk, \
            tempfile.NamedTemporaryFile(suffix=".iso") as cd:
        cd.write(iso.image(iso.says(SAYS)))
        cd.flush()
        with Vm("-nodefaults", "-m", "64", "-device", "ahci,id=a", "-drive",
                f"file={disk},format=raw,if=none,id=d", "-device",
                "ide-hd,drive=d,bus=a.0,bootindex=2", "-drive",
                f"file={cd.name},format=raw,if=none,id=c,media=cdrom",
                "-device", "ide-cd,drive=c,bus=a.1,bootindex=1") as vm:
            vm.serial.expect(SAYS, BOOT)


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
