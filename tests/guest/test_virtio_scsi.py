# SPDX-License-Identifier: GPL-2.0-or-later
"""Firmware boots from SCSI disks and CD-ROMs; monitors know them as qemu's."""
from guest import iso
from guest.images import cached, copy_of
from guest.pc_guest import BOOT, guest_disk
from guest.vm import QEMU, Vm, needs, run

SCAN = "p"  # the guest lists PCI devices; see pc/main.c
SAYS = "this CD boots\r\n"


def boot_cd():
    def build(path):
        with open(path, "wb") as f:
            f.write(iso.image(iso.says(SAYS)))

    return cached("boot.iso", "7" + SAYS, build)


def boots_disk(adapter, number, unit):
    with copy_of(guest_disk(SCAN)) as disk, Vm(
            "-nodefaults", "-m", "64", "-device", adapter, "-drive",
            f"file={disk},format=raw,if=none,id=d", "-device",
            f"scsi-hd,drive=d,{unit}") as vm:
        assert f" {number} 010000" in vm.serial.expect("done\r\n", BOOT)


def test_boots_from_a_disk():
    boots_disk("virtio-scsi-pci,id=scsi0", "1af4:1004", "bus=scsi0.0")


def test_boots_from_any_unit_without_the_old_interface():
    boots_disk("virtio-scsi-pci-non-transitional,num_queues=2", "1af4:1048",
               "scsi-id=3,lun=1,bootindex=0")


def test_boots_from_a_cd():
    with Vm("-nodefaults", "-m", "64", "-device", "virtio-scsi-pci", "-drive",
            f"file={boot_cd()},format=raw,media=cdrom,if=none,id=d", "-device",
            "scsi-cd,drive=d") as vm:
        vm.serial.expect("this CD boots", BOOT)


def shown(program, *options):
    with copy_of(guest_disk(SCAN)) as disk, Vm(
            "-nodefaults", "-device", "virtio-scsi-pci,id=scsi0", "-drive",
            f"file={disk},format=raw,if=none,id=d", *options,
            program=program) as vm:
        lines = vm.hmp("info block").replace(disk, "FILE").splitlines()
    return [line for line in lines if "#block" not in line]


def same(*options):
    needs(QEMU)
    assert shown(None, *options) == shown(QEMU, *options)


def test_info_block_is_as_qemu_has_it():
    same("-device", "scsi-hd,drive=d")
    same("-device", "scsi-hd,drive=d,id=x,removable=on", "-device", "scsi-cd")


def refused(why, *options):
    status, _, stderr = run(*options)
    assert status == 1 and why in stderr, (status, stderr)


def test_what_cannot_be_is_refused():
    adapter = ("-device", "virtio-scsi-pci")
    refused("virtio-scsi-pci", "-device", "scsi-cd")
    refused("cannot be passed", *adapter, "-device", "scsi-block")
    refused("cannot be passed", *adapter, "-device", "scsi-generic")
    refused("lun already used", *adapter, "-device", "scsi-cd,scsi-id=1,lun=0",
            "-device", "scsi-cd,scsi-id=1,lun=0")
    refused("bad scsi device id", *adapter, "-device", "scsi-cd,scsi-id=256")
    refused("bad scsi device lun", *adapter, "-device", "scsi-cd,lun=16384")
    refused("bad scsi channel id", *adapter, "-device", "scsi-cd,channel=1")
    refused("Bus 'x.0' not found", *adapter, "-device", "scsi-cd,bus=x.0")
    refused("No drive specified", *adapter, "-device", "scsi-hd")
    refused("-device scsi-hd,drive=d", "-drive", "if=scsi,file=/dev/null")
