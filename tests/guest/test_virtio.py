# SPDX-License-Identifier: GPL-2.0-or-later
"""Firmware boots from virtio disks of each kind, and finds their numbers."""
import os

from guest.images import copy_of
from guest.pc_guest import BOOT, guest_disk
from guest.vm import QEMU, Vm, needs, run

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


def test_one_thread_serves_two_disks():
    with copy_of(guest_disk(SCAN)) as disk, copy_of(disk) as other, Vm(
            "-nodefaults", "-m", "64", "-object", "iothread,id=t,poll-max-ns=1000,poll-shrink=4",
            "-drive", f"file={disk},format=raw,if=none,id=a,iops=1000",
            "-device", "virtio-blk-pci,drive=a,iothread=t",
            "-drive", f"file={other},format=raw,if=none,id=b",
            "-device", "virtio-blk-pci,drive=b,iothread=t") as vm:
        assert "1af4:1001" in vm.serial.expect("done\r\n", BOOT)
        name, thread, *rest = vm.hmp("info iothreads").split()
        assert name == "t:"
        assert rest == ["poll-max-ns=1000", "poll-grow=0", "poll-shrink=4",
                        "aio-max-batch=0"]
        tasks = f"/proc/{vm.process.pid}/task"
        names = {}
        for task in os.listdir(tasks):
            with open(f"{tasks}/{task}/comm") as f:
                names[task] = f.read().strip()
        assert names[thread.split("=")[1]] == "IO t"
        assert sum(n.startswith("IO ") for n in names.values()) == 1


def refused(*options):
    status, _, stderr = run("-nodefaults", "-display", "none", *options)
    assert status == 1
    return stderr


def test_a_thread_that_is_not_there():
    assert "iothread=t: there is no -object iothread with this id" in refused(
        "-drive", f"if=none,id=a,readonly=on,file={guest_disk(SCAN)},format=raw",
        "-device", "virtio-blk-pci,drive=a,iothread=t")
    assert "id=a is taken already" in refused(
        "-object", "iothread,id=a", "-object", "iothread,id=a")


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
