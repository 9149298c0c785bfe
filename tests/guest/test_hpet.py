# SPDX-License-Identifier: GPL-2.0-or-later
"""The event timers as guests find them: registers and ACPI, beside qemu's."""
import re

from guest.test_firmware import wait_screen
from guest.vm import QEMU, Vm, needs

BASE = 0xfed00000
REGISTERS = (0, 0x10, 0x20, 0xf0, 0x100, 0x110, 0x120, 0x140, 0x160)
PIECE = 2048


def memory(vm, addr, size):
    data = b""
    while len(data) < size:
        n = min(PIECE, size - len(data))
        dump = vm.hmp(f"xp /{(n + 7) // 8}xg {addr + len(data):#x}")
        words = re.findall(r" 0x([0-9a-f]{16})", dump)
        data += b"".join(int(w, 16).to_bytes(8, "little") for w in words)[:n]
    return data


def number(data, at, size=4):
    return int.from_bytes(data[at:at + size], "little")


def acpi_tables(vm):
    at = next(a for a in range(0xf0000, 0x100000, PIECE)
              if b"RSD PTR " in memory(vm, a, PIECE))
    segment = memory(vm, at, 2 * PIECE)
    rsdt = number(segment, segment.index(b"RSD PTR ") + 16)
    size = number(memory(vm, rsdt + 4, 4), 0)
    addrs = memory(vm, rsdt, size)
    tables = {}
    for at in range(36, size, 4):
        addr = number(addrs, at)
        table = memory(vm, addr, number(memory(vm, addr + 4, 4), 0))
        tables[table[:4]] = table
    return tables


def look(*args, program=None):
    with Vm("-m", "64", "-net" if program else "-vga",
            "none" if program else "std", *args, program=program) as vm:
        wait_screen(vm, "No bootable device")
        return (acpi_tables(vm),
                [vm.hmp(f"xp /2xg {BASE + r:#x}") for r in REGISTERS])


def test_registers_and_table_are_as_qemus():
    needs(QEMU)
    ours, registers = look()
    qemus, qemu_registers = look(program=QEMU)
    assert registers == qemu_registers, (registers, qemu_registers)
    assert ours[b"HPET"] == qemus[b"HPET"], (ours[b"HPET"], qemus[b"HPET"])


def test_without():
    tables, registers = look("-no-hpet")
    assert b"HPET" not in tables and b"APIC" in tables
    assert all("Cannot access memory" in r for r in registers), registers
    with Vm("-m", "64", "-S", "-machine", "hpet=off") as vm:
        assert "Cannot access memory" in vm.hmp(f"xp /2xg {BASE:#x}")
