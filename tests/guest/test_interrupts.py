# SPDX-License-Identifier: GPL-2.0-or-later
"""info lapic and info pic: what a guest sets is seen, as in qemu."""
import os
import re
import tempfile
import time

from guest.images import run_tool
from guest.vm import QEMU, Vm, needs

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "interrupts.S")
# What differs from one moment to the next, and what a PC's firmware would set.
VARIES = r"current_count = \d+|^pic\d:.*"


def firmware(folder):
    needs("gcc", "objcopy")
    run_tool("gcc", "-m32", "-c", SOURCE, "-o", f"{folder}/rom.o")
    # Addresses are of the segment that it is in.
    run_tool("ld", "-m", "elf_i386", "-Ttext", "0", "-e", "start", "-o",
             f"{folder}/rom.elf", f"{folder}/rom.o")
    run_tool("objcopy", "-O", "binary", "-j", ".text", f"{folder}/rom.elf",
             f"{folder}/rom")
    return f"{folder}/rom"


def until_set(vm):
    """The last thing that it writes."""
    end = time.monotonic() + 60
    while True:
        text = vm.hmp("info pic")
        if " id=0x02 " in text:
            return text
        assert time.monotonic() < end, text


def reads(rom, program=None):
    with Vm("-m", "16", "-cpu", "qemu64,-x2apic", "-nodefaults", "-bios", rom,
            "-smp", "2", serial=False, program=program) as vm:
        pic = until_set(vm)
        lapic, other = vm.hmp("info lapic"), vm.hmp("info lapic 1")
        assert vm.hmp("info lapic 0") == lapic
        assert vm.hmp("info lapic 7") == "No CPU available\n"
        vm.hmp("cpu 1")
        assert vm.hmp("info lapic") == other
    return pic, lapic, other


def test_as_the_guest_set_them():
    with tempfile.TemporaryDirectory() as d:
        pic, lapic, other = reads(firmware(d))
    assert "IRR\t 48 49 128 \n" in lapic and "cluster 2 mask 0101 (APIC ID)" in lapic, lapic
    assert "LDR 0x24(cluster 2: id 4) PPR 0x20" in lapic
    assert "APIC disabled" in other and "for CPU 1 \n" in other
    assert "pin 1  0x1f00000000008931 dest=1f vec=49  active-hi level" in pic
    assert re.search(r"^pic1: irr=00 .*\npic0: irr=", pic, re.M)


def test_as_qemu_prints_them():
    needs(QEMU)
    with tempfile.TemporaryDirectory() as d:
        rom = firmware(d)
        for have, want in zip(reads(rom), reads(rom, QEMU)):
            assert re.sub(VARIES, "", have, flags=re.M) \
                == re.sub(VARIES, "", want, flags=re.M)
