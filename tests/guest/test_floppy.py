# SPDX-License-Identifier: GPL-2.0-or-later
"""The floppy controller beside real qemu: drives, formats, media, registers.

The processor halts in a firmware of ours while monitors drive the chip's
ports; firmware that boots from a floppy needs interrupts while it polls,
which not every host's KVM gives it.
"""
import os
import re
import tempfile
import time

from guest.vm import PCVM, QEMU, Vm, needs, run

SECTOR = 512
FIFO, MSR, DOR, DIR = 0x3f5, 0x3f4, 0x3f2, 0x3f7
BUFFER = 0x10000


def make(folder, name, sectors):
    """An image whose sectors are full of their numbers."""
    path = os.path.join(folder, name)
    with open(path, "wb") as f:
        for n in range(sectors):
            f.write(n.to_bytes(2, "little") * (SECTOR // 2))
    return path


def halting(folder):
    path = os.path.join(folder, "halt.bin")
    with open(path, "wb") as f:
        f.write(b"\xfa\xf4\xeb\xfd".rjust(0xfff4, b"\xf4").ljust(0x10000,
                                                               b"\xf4"))
    return path


class Chip:
    """The controller of a machine, by its monitor."""

    def __init__(self, vm):
        self.vm = vm

    def get(self, port):
        return int(self.vm.hmp(f"i/xb {port:#x}").split("=")[1], 16)

    def put(self, port, *values):
        for value in values:
            self.vm.hmp(f"o/b {port:#x} {value:#x}")

    def cmos(self, index):
        self.put(0x70, index)
        return self.get(0x71)

    def result(self):
        found = []
        while self.get(MSR) & 0xc0 == 0xc0:
            found.append(self.get(FIFO))
        return found

    def command(self, *values):
        self.put(FIFO, *values)
        deadline = time.monotonic() + 60  # a busy disk takes its time
        while not self.get(MSR) & 0x80 and time.monotonic() < deadline:
            pass
        return self.result()

    def dma(self, count, mode):
        self.put(0x0a, 6)
        self.put(0x0c, 0)
        self.put(4, BUFFER & 255, BUFFER >> 8 & 255)
        self.put(0x81, BUFFER >> 16)
        self.put(5, (count - 1) & 255, (count - 1) >> 8)
        self.put(0x0b, mode)
        self.put(0xd6, 0xc0)
        self.put(0xd4, 0)
        self.put(0x0a, 2)

    def reset(self):
        self.put(DOR, 0, 0x1c)
        return [self.command(8) for _ in range(5)]

    def memory(self):
        return [int(x, 16) for x in re.findall(
            r"0x(\w\w)\b", self.vm.hmp(f"xp/4xb {BUFFER:#x}"))]


def with_chip(options, use, program=None):
    with tempfile.TemporaryDirectory(prefix="pcvm-floppy-") as folder:
        images = {str(n): make(folder, f"{n}.img", n)
                  for n in (320, 360, 640, 720, 1440, 2400, 2880, 5760, 100)}
        args = [re.sub(r"\{(\d+)\}", lambda m: images[m.group(1)], o)
                for o in options]
        with Vm("-nodefaults", "-m", "16", "-bios", halting(folder), *args,
                serial=False, program=program) as vm:
            return use(Chip(vm))


def beside_qemu(options, use):
    needs(QEMU)
    have, want = with_chip(options, use), with_chip(options, use, QEMU)
    assert have == want, (have, want)
    return have


def drive(n):
    return ["-drive", f"file={{{n}}},format=raw,if=floppy"]


def test_commands_answer_as_qemus():
    def talk(chip):
        said = [chip.reset(), chip.get(DIR), chip.get(MSR), chip.get(DOR)]
        for command in ((0x10,), (0x18,), (4, 0), (4, 5), (0x0f, 0, 5), (8,),
                        (0xcf, 0, 3), (8,), (0x8f, 0, 200), (8,),
                        (0xcf, 0, 200), (8,), (7, 0), (8,), (8,), (0x94,),
                        (0x14,), (0,), (1,), (0xff,), (0x13, 0, 0x50, 0)):
            said.append((command, chip.command(*command), chip.get(MSR)))
        return said + [chip.get(DIR)]
    beside_qemu(drive(2880), talk)


def test_sectors_are_read_and_written_as_by_qemu():
    def talk(chip):
        chip.reset()
        said = []
        for count, command in (
                (512, (0xe6, 0, 0, 0, 1, 2, 18, 27, 255)),
                (1024, (0xe6, 0, 3, 0, 18, 2, 18, 27, 255)),
                (1024, (0x66, 0, 3, 0, 18, 2, 18, 27, 255)),
                (4096, (0x66, 0, 3, 0, 1, 2, 2, 27, 255)),
                (512, (0xe6, 4, 3, 1, 18, 2, 18, 27, 255)),
                (512, (0x56, 0, 3, 0, 5, 2, 18, 27, 255))):
            chip.dma(count, 0x46)
            said += [chip.command(*command), chip.memory()]
        chip.dma(512, 0x4a)
        said.append(chip.command(0xc5, 0, 7, 0, 9, 2, 18, 27, 255))
        chip.vm.hmp("pmemsave 0 0 /dev/null")
        chip.dma(512, 0x46)
        chip.command(0xe6, 0, 0, 0, 2, 2, 18, 27, 255)
        chip.dma(512, 0x46)
        said += [chip.command(0xe6, 0, 7, 0, 9, 2, 18, 27, 255), chip.memory()]
        chip.put(DIR, 2)
        chip.dma(512, 0x46)
        return said + [chip.command(0xe6, 0, 7, 0, 9, 2, 18, 27, 255)]
    beside_qemu(drive(2880), talk)


def drives(chip):
    chip.reset()
    chip.command(0xcf, 0, 255)
    at = chip.command(8)
    rates = []
    for rate in range(4):
        chip.put(DIR, rate)
        chip.dma(512, 0x46)
        said = chip.command(0xe6, 0, 0, 0, 1, 2, 1, 27, 255)
        rates.append((said[0] & 0xc0, said[1]))
    return chip.cmos(0x10), chip.cmos(0x14), at, rates


def test_sizes_make_drives_as_qemus():
    for n in (320, 360, 640, 720, 1440, 2400, 2880, 5760, 100):
        beside_qemu(drive(n), drives)
    for kind in ("144", "120"):
        beside_qemu(["-drive", "file={1440},format=raw,if=none,id=f",
                     "-device", f"floppy,drive=f,drive-type={kind}"], drives)
    beside_qemu(["-drive", "file={720},format=raw,if=none,id=f",
                 "-device", "floppy,drive=f,drive-type=288"], drives)
    beside_qemu(["-drive", "file={5760},format=raw,if=none,id=f",
                 "-device", "floppy,drive=f,drive-type=144"], drives)


def firmware_sees(chip):
    return chip.cmos(0x10), chip.cmos(0x14)


def test_firmware_is_told_as_by_qemu():
    for options in ([], ["-device", "floppy"], ["-fda", ""],
                    [*drive(2880), *drive(2400)], ["-device", "floppy,unit=1"],
                    ["-device", "floppy", "-global", "isa-fdc.fallback=120"]):
        beside_qemu(options, firmware_sees)
    # which qemu takes, to no effect
    assert with_chip(["-fda", "", "-global", "isa-fdc.fdtypeA=144"],
                     firmware_sees) == (0x40, 7)


def test_media_change_as_in_qemu():
    def talk(chip):
        chip.reset()
        chip.command(0x0f, 0, 5)
        said = [chip.get(DIR)]
        chip.vm.hmp("eject floppy0")
        said += [chip.get(DIR), chip.command(4, 0)]
        image = re.search(r"-drive file=(\S+)/\d+\.img",
                          " ".join(chip.vm.args)).group(1)
        chip.vm.hmp(f"change floppy0 {image}/1440.img raw")
        said.append(chip.get(DIR))
        chip.command(0x0f, 0, 7)
        chip.put(DIR, 2)
        chip.dma(512, 0x46)
        said.append(chip.get(DIR))
        status, *rest = chip.command(0xe6, 0, 7, 0, 1, 2, 9, 27, 255)
        # qemu's head is over another track after a change
        return said + [status & ~0x20, rest, chip.memory()]
    beside_qemu(drive(2880), talk)


def test_a_pc_has_an_empty_drive():
    with Vm("-S", serial=False) as vm:
        text = vm.hmp("info block")
    assert re.search(r"floppy0: \[not inserted\]\r?\n    Attached to: +/machine"
                     r"\S+\r?\n    Removable device: not locked, tray closed",
                     text), text
    for options in (["-nodefaults"], ["-device", "floppy,id=x"]):
        with Vm("-S", *options, serial=False) as vm:
            assert "floppy0" not in vm.hmp("info block"), options


REFUSED = {
    "-global isa-fdc.driveA=x": "driveA",
    "-device floppy,driveA=x": "driveA",
    "-device floppy,unit=2": "unit",
    "-device floppy -device floppy -device floppy":
        "Can't create floppy unit 2, bus supports only 2 units",
    "-device floppy,unit=0 -device floppy,unit=0": "Floppy unit 0 is in use",
    "-device floppy,drive=none": "none",
    "-device floppy,bus=nope": "Bus 'nope' not found",
    "-device floppy,drive-type=99": "drive-type",
    "-drive if=floppy,index=2": "no such place",
    "-drive if=floppy,index=1,unit=1": "index cannot be used",
    "-drive if=floppy -drive if=floppy,index=0": "exists",
    "-fda /nonexistent": "/nonexistent",
}


def test_what_qemu_refuses_is_refused():
    for line, words in REFUSED.items():
        args = ["-display", "none", "-S", "-nodefaults", *line.split()]
        status, _, err = run(*args)
        assert status == 1 and words in err, (line, err)
