# SPDX-License-Identifier: GPL-2.0-or-later
"""What a guest of our own finds, and what the monitors make of its state."""
import re
import time

from guest.images import copy_of
from guest.pc_guest import BOOT, guest_disk
from guest.vm import QEMU, Vm, needs
from run import Skip

FOUR_GIB = 1 << 32
RAM = 1
FOUND = [
    "00.0 8086:1237 060000",
    "01.0 8086:7000 060100",
    "01.1 8086:7010 010180",
    "01.3 8086:7113 068000",
]


def found(command, *args):
    """What the guest says of a machine."""
    with copy_of(guest_disk(command)) as disk, Vm(
            "-nodefaults", "-drive", f"file={disk},format=raw", *args) as vm:
        return vm.serial.expect("done\r\n", BOOT)


def check(megabytes, smp, low, high):
    text = found("msp", "-m", str(megabytes), "-smp", str(smp))
    entries = [(int(base, 16), int(size, 16), int(kind)) for base, size, kind
               in re.findall(r"map (\w+) (\w+) (\w)", text)]
    ram = [(base, base + size) for base, size, kind in entries if kind == RAM]
    assert ram[0] == (0, 0x9fc00), entries
    assert ram[1][0] == 1 << 20, entries
    # the firmware keeps some of the end for its tables
    assert low - (256 << 10) <= ram[1][1] < low, entries
    assert ram[2:] == ([(FOUR_GIB, FOUR_GIB + high)] if high else []), entries
    assert all(base + size <= other for (base, size, _), (other, _, _)
               in zip(entries, entries[1:])), entries
    assert re.search(rf"processors {smp:02x}\r", text), text
    assert re.findall(r"pci (.*)\r", text) == FOUND, text


def test_64_mib_and_one_processor():
    check(64, 1, 64 << 20, 0)


def test_512_mib_and_two_processors():
    check(512, 2, 512 << 20, 0)


def test_3500_mib_and_four_processors():
    check(3500, 4, 3500 << 20, 0)


def test_6000_mib_lie_on_both_sides_of_4_gib():
    check(6000, 3, 3 << 30, (6000 << 20) - (3 << 30))


def test_sleep_and_wakeup():
    with copy_of(guest_disk("z")) as disk, Vm(
            "-m", "64", "-drive", f"file={disk},format=raw", qmp=True) as vm:
        vm.qmp_read()
        vm.qmp_call("qmp_capabilities")
        vm.serial.expect("sleeping", BOOT)
        while vm.qmp_read(BOOT).get("event") != "SUSPEND":
            pass
        assert vm.hmp("info status") == "VM status: paused (suspended)\n"
        vm.hmp("system_wakeup")
        vm.serial.expect("resumed", BOOT)
        assert vm.hmp("info status") == "VM status: running\n"


def test_what_cannot_be_run_stops_the_machine_and_the_monitor_lives():
    with copy_of(guest_disk("v")) as disk, Vm(
            "-m", "64", "-drive", f"file={disk},format=raw") as vm:
        vm.serial.expect("vectors", BOOT)
        end = time.monotonic() + BOOT
        while "running" in vm.hmp("info status"):
            if b"done" in vm.serial.seen:
                raise Skip("this host runs ring 0 by itself")
            try:
                vm.serial.expect("done", 1)
            except AssertionError:
                assert time.monotonic() < end
        assert vm.hmp("info status") == "VM status: paused (internal-error)\n"
        told = vm.stderr()
        assert "KVM internal error. Suberror: 1\n" in told, told
        assert re.search(r"\nEAX=\w{8} .*\nCode=0f 58 c8 ", told, re.S), told
        assert re.search(r"\nInstruction=addps +%xmm0, %xmm1\n", told), told
        assert "0f 58 c8" in vm.hmp("x /i $eip")


COMMANDS = ("info mem", "info tlb", "info irq", "info registers",
            "x /12i $eip", "x /8i 0x7c00", "x /40i 0x8010", "xp /32xb 0x7c00",
            "x /4x 0xa00000", "gva2gpa 0x403123", "gva2gpa 0xa00000",
            "print/x $esp")


def answers(program):
    quiet = ("-net", "none") if program else ()
    with copy_of(guest_disk("l")) as disk, Vm(
            "-m", "64", *quiet, "-drive", f"file={disk},format=raw",
            program=program) as vm:
        vm.serial.expect("done\r\n", BOOT)
        # until the last character is through, and the processor sleeps
        while "HLT=1" not in vm.hmp("info registers"):
            pass
        return [vm.hmp(command) for command in COMMANDS]


def test_paging_code_and_registers_are_as_qemus():
    needs(QEMU)
    for command, ours, qemus in zip(COMMANDS, answers(None), answers(QEMU)):
        assert ours == qemus, (command, ours, qemus)
