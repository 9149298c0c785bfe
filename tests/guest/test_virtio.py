# SPDX-License-Identifier: GPL-2.0-or-later
"""Firmware boots from virtio disks of each kind, and finds their numbers."""
from guest.images import copy_of
from guest.pc_guest import BOOT, guest_disk
from guest.vm import QEMU, Vm, needs

SCAN = "p"  # the guest lists PCI devices; see pc/main.c


def boots(number, *options):
    """From a disk that is {} in the options, and is found under a number."""
    with copy_of(guest_disk(SCAN)) as disk, Vm(
            "-nodefaults", "-m", "64",
            *[o.replace("{}", disk) for o in options]) as vm:
        assert f" {number} 010000" in vm.serial.expect("done\r\n", BOOT)


def boots_from_device(number, properties):
    boots(number, "-drive", "file={},format=raw,if=none,id=d", "-device",
          f"virtio-blk-pci,drive=d,{properties}")


def test_boots_from_if_virtio():
    boots("1af4:1001", "-drive", "file={},format=raw,if=virtio")


def test_boots_by_a_driver_of_before_1_0():
    boots_from_device("1af4:1001", "disable-modern=on")


def test_boots_without_the_old_interface():
    boots_from_device("1af4:1042", "disable-legacy=on,packed=on,num-queues=2")


def shown(program):
    """What the monitor says of a virtio disk."""
    with copy_of(guest_disk(SCAN)) as disk, Vm(
            "-nodefaults", "-drive", f"file={disk},format=raw,if=virtio",
            program=program) as vm:
        lines = vm.hmp("info block").replace(disk, "FILE").splitlines()
    return [line for line in lines if "#block" not in line]


def test_info_block_is_as_qemu_has_it():
    needs(QEMU)
    assert shown(None) == shown(QEMU)
