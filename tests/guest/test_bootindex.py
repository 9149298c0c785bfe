# SPDX-License-Identifier: GPL-2.0-or-later
"""bootindex: what firmware is told to boot from, and does."""
import contextlib
import tempfile

from guest.images import copy_of
from guest.pc_guest import BOOT, guest_disk
from guest.vm import QEMU, Vm, needs, run

ORDER = "b"  # the guest says what bootorder of fw_cfg has
IDE = "/pci@i0cf8/ide@1,1/drive@%d/disk@%d"
VIRTIO = "/pci@i0cf8/scsi@%d/disk@0,0"


@contextlib.contextmanager
def machine(program, *options):
    """With disks a, which says the order, and b, which does not boot."""
    with copy_of(guest_disk(ORDER)) as disk, \
            tempfile.NamedTemporaryFile() as other:
        other.truncate(1 << 20)
        with Vm("-nodefaults", "-m", "64",
                "-drive", f"if=none,id=a,format=raw,file={disk}",
                "-drive", f"if=none,id=b,format=raw,file={other.name}",
                *options, program=program) as vm:
            yield vm


def order(*options):
    with machine(None, *options) as vm:
        return vm.serial.expect("done\r\n", BOOT).split("\r\n")[:-2]


def test_the_lowest_comes_first():
    assert order("-device", "virtio-blk-pci,drive=a,bootindex=3,addr=7",
                 "-device", "ide-hd,drive=b,bus=ide.0,unit=1,bootindex=20",
                 "-boot", "strict=on") == [
                     VIRTIO % 7, IDE % (0, 1), "HALT"]


def test_it_is_booted_from_before_other_disks():
    assert order("-device", "ide-hd,drive=b",
                 "-device", "virtio-blk-pci,drive=a,bootindex=0",
                 ) == [VIRTIO % 2]


def test_without_it_firmware_is_told_nothing():
    assert order("-device", "ide-hd,drive=a,bootindex=-1") == [""]


def refused(program):
    with tempfile.NamedTemporaryFile() as a, \
            tempfile.NamedTemporaryFile() as b:
        a.truncate(1 << 20)
        b.truncate(1 << 20)
        status, _, stderr = run(
            "-display", "none", "-drive",
            f"if=none,id=a,file={a.name},format=raw", "-drive",
            f"if=none,id=b,file={b.name},format=raw",
            "-device", "ide-hd,drive=a,bootindex=2",
            "-device", "virtio-blk-pci,drive=b,bootindex=2",
            program=program)
    assert status == 1
    assert "The bootindex 2 has already been used" in stderr
    return stderr


def test_two_cannot_have_one():
    needs(QEMU)
    refused(QEMU)
    assert IDE % (1, 0) in refused(None)


def splash_error(file):
    status, _, stderr = run("-boot", f"splash={file}")
    assert status == 1
    return stderr


def test_a_splash_must_be_a_picture():
    with tempfile.NamedTemporaryFile(suffix=".bmp") as f:
        f.write(bytes(64))
        f.flush()
        assert "is neither a JPEG nor a BMP" in splash_error(f.name)
    error = splash_error("/nonexistent")
    assert "-boot splash=/nonexistent: " in error
    assert "No such file" in error
