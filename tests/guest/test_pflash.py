# SPDX-License-Identifier: GPL-2.0-or-later
"""Firmware in flash memory."""
import contextlib
import tempfile

from guest.images import copy_of
from guest.pc_guest import BOOT, guest_disk
from guest.vm import QEMU, Vm, needs, needs_file, run

SEABIOS = "/usr/share/seabios/bios-256k.bin"


@contextlib.contextmanager
def images():
    """SeaBIOS, and empty flash for variables."""
    needs_file(SEABIOS)
    with copy_of(SEABIOS) as code, tempfile.NamedTemporaryFile() as data:
        data.write(b"\xff" * 0x10000)
        data.flush()
        yield code, data.name


def drive(unit, file, more=""):
    return "-drive", f"if=pflash,format=raw,unit={unit},file={file}{more}"


def test_firmware_in_flash_boots():
    with images() as (code, data), copy_of(guest_disk("m")) as disk, Vm(
            "-nodefaults", "-m", "64", *drive(0, code, ",readonly=on"),
            *drive(1, data), "-hda", disk) as vm:
        assert "map " in vm.serial.expect("done\r\n", BOOT)


def test_nodes_are_flash_as_well():
    with images() as (code, data), copy_of(guest_disk("m")) as disk, Vm(
            "-nodefaults", "-m", "64",
            "-blockdev", f"driver=file,filename={code},node-name=c,read-only=on",
            "-blockdev", f"driver=file,filename={data},node-name=d",
            "-machine", "pc,pflash0=c,pflash1=d", "-hda", disk) as vm:
        assert "map " in vm.serial.expect("done\r\n", BOOT)


def shown(program):
    with images() as (code, data), Vm(
            "-nodefaults", "-S", *drive(0, code, ",readonly=on"),
            *drive(1, data), program=program) as vm:
        text = vm.hmp("info block") + vm.hmp("xp /4xw 0xfffffff0") + \
            vm.hmp("xp /4xw 0xffff0") + vm.hmp("xp /2xw 0xfffb0000")
        text = text.replace(code, "CODE").replace(data, "DATA")
    return [line.split(" (#")[0] for line in text.splitlines()]


def test_it_lies_where_qemu_has_it():
    needs(QEMU)
    assert shown(None) == shown(QEMU)


def refused(*options):
    status, _, stderr = run("-display", "none", "-nodefaults", *options)
    assert status == 1
    return stderr


def test_what_is_no_flash_is_refused():
    with images() as (code, data), tempfile.NamedTemporaryFile() as odd:
        odd.write(bytes(100))
        odd.flush()
        assert "multiple of 4 KiB" in refused(*drive(0, odd.name))
        assert "unit=0, which has the firmware" in refused(*drive(1, data))
        assert "unit=0 (index=0) exists" in refused(
            *drive(0, code), *drive(0, data))
        assert "no such place" in refused(*drive(2, data))
        assert "can't find value 'x'" in refused("-machine", "pflash0=x")
        odd.truncate(9 << 20)
        assert "8 MiB is the most" in refused(*drive(0, odd.name))
