# SPDX-License-Identifier: GPL-2.0-or-later
"""-kernel, -initrd, -append: kernels that report how they were booted."""
import os
import re
import time

from guest.kernels import Kernels
from guest.vm import Vm, needs_kvm, run

RAM = 64 << 20
LOADED = 0x600dda7a  # report.c's mark in its data
COMMAND_LINE = "a=1 b='2 3' console=ttyS0"


def checksum(data):
    n = 0
    for byte in data:
        n = (n * 31 + byte) & 0xffffffff
    return n


class Report:
    """What report.c says, one boot of it."""

    def __init__(self, text):
        self.lines = text.replace("\r", "").split("\n")

    def all(self, name):
        """The facts of each line that begins with name."""
        found = []
        for line in self.lines:
            if line.startswith(name + " "):
                facts = {k: int(v, 16) for k, v in
                         re.findall(r" (\w+)=([0-9a-f]+)(?= |$)", line.split(" text=")[0])}
                if " text=" in line:
                    facts["text"] = line.split(" text=", 1)[1]
                found.append(facts)
        return found

    def one(self, name):
        found = self.all(name)
        assert len(found) == 1, (name, found, self.lines)
        return found[0]

    def value(self, name):
        found = [line[len(name) + 1:] for line in self.lines
                 if line.startswith(name + "=")]
        assert len(found) == 1, (name, self.lines)
        return found[0]


def boot_once(kernel, *args, append=COMMAND_LINE, seconds=200):
    """The first boot, which ends in a reset."""
    with Vm("-m", str(RAM >> 20), "-kernel", kernel, "-append", append, "-no-reboot",
            *args, monitor=False) as vm:
        report = Report(vm.serial.expect(r"report.*?\nend\r?\n", seconds))
        assert vm.wait(seconds) == 0
    return report


def boot(kernel, *args, append=COMMAND_LINE, seconds=200, clears=True):
    """
    Both boots: each kernel resets the machine once, then powers it off.
    clears: whoever loads it clears its BSS too; of a bzImage that starts by
    its own code the kernel itself has to do that, and this one does not.
    """
    with Vm("-m", str(RAM >> 20), "-kernel", kernel, "-append", append, *args,
            monitor=False) as vm:
        first = Report(vm.serial.expect(r"report.*?\nend\r?\n", seconds))
        second = Report(vm.serial.expect(r"report.*?\nend\r?\n", seconds))
        assert vm.wait(seconds) == 0
    for n, report in enumerate((first, second), 1):
        facts = report.one("report")
        assert facts["boots"] == n
        assert facts["data"] == LOADED, "the kernel was not loaded again"
        assert facts["bss"] == 0 or not clears, "the BSS was not cleared"
    strip = lambda r: [line for line in r.lines if not line.startswith("report")]
    assert strip(first) == strip(second)
    return first


def check_tables(report, told=True):
    rsdp = report.one("rsdp")
    assert 0xe0000 <= rsdp["found"] < 0x100000
    assert not told or rsdp["told"] == rsdp["found"]
    assert rsdp["sum8"] == rsdp["xsum8"] == 0
    names = [line.split()[1] for line in report.lines if line.startswith("table ")]
    assert names[0] == "XSDT" and {"FACP", "DSDT", "APIC"} <= set(names)
    assert all(table["sum8"] == 0 for table in report.all("table"))
    smbios = report.one("smbios")
    assert smbios["anchor"] < 0x100000 and smbios["sum8"] == 0


def check_e820(report):
    ranges = [(r["base"], r["len"], r["type"]) for r in report.all("e820")]
    assert ranges == sorted(ranges)
    assert ranges[0] == (0, 0x9fc00, 1)
    assert (0xf0000, 0x10000, 2) in ranges
    tables = next(base for base, _, kind in ranges if base > 0x100000 and kind == 2)
    assert RAM - (128 << 10) <= tables < RAM and tables % 4096 == 0
    assert (0x100000, tables - 0x100000, 1) in ranges
    assert (tables, RAM - tables, 2) in ranges
    assert (0xfeffc000, 0x4000, 2) in ranges
    assert (0xfffc0000, 0x40000, 2) in ranges


def check_pci(report):
    by_devfn = {d["devfn"]: d for d in report.all("pci")}
    assert sorted(by_devfn) == [0, 8, 9, 11, 16]
    assert by_devfn[9]["bar4"] == 0xc001
    assert by_devfn[11]["irq"] == 0x109
    assert by_devfn[16]["bar0"] == 0xfd000008
    assert by_devfn[16]["bar2"] & 0xfff == 0
    assert all(d["command"] & 3 == 3 for d in by_devfn.values())
    chipset = report.one("chipset")
    assert chipset["pirq"] == 0x0b0b0a0a
    assert chipset["pmbase"] == 0x601 and chipset["pmregs"] == 1
    assert chipset["elcr"] == 0xc00
    assert chipset["ebda"] == 0x9fc0 and chipset["baseram"] == 639


def make_modules(kernels):
    paths = []
    for n, size in enumerate((1, 5000, 300000)):
        paths.append(kernels.path(f"module{n}"))
        with open(paths[-1], "wb") as f:
            f.write(os.urandom(size))
    return paths


def check_module(facts, path):
    with open(path, "rb") as f:
        data = f.read()
    if len(data) > 65536:
        data = data[::len(data) // 1024 | 1]
    assert facts["len"] == os.path.getsize(path)
    assert facts["sum"] == checksum(data)
    assert facts["base"] % 4096 == 0


def test_linux_images():
    with Kernels() as kernels:
        initrd = make_modules(kernels)[2]
        images = {
            kernels.bzimage("compressed", kernels.packed()): 4,
            kernels.bzimage("compressed32",
                            kernels.packed(32, "linux32_entry"), 0): 3,
            kernels.bzimage("entry64"): 4,
            kernels.bzimage("entry32", b"BZh91AY&SY", 0): 3,
        }
        for image, kind in images.items():
            report = boot(image, "-initrd", initrd)
            assert report.one("report")["kind"] == kind, image
            assert report.one("linux")["loader"] == 0xff
            assert report.value("cmdline") == COMMAND_LINE
            check_module(report.one("module"), initrd)
            check_e820(report)
            check_tables(report)
            check_pci(report)


def test_pvh():
    with Kernels() as kernels:
        initrd = make_modules(kernels)[1]
        for bits in (32, 64):
            image = kernels.elf("PVH", entry="pvh_entry", bits=bits)
            report = boot(image, "-initrd", initrd, "-smp", "2")
            assert report.one("report")["kind"] == 2
            assert report.one("pvh")["version"] == 1
            assert report.value("cmdline") == COMMAND_LINE
            check_module(report.one("module"), initrd)
            check_e820(report)
            check_tables(report)
            check_pci(report)


def check_multiboot(report, image, modules):
    assert report.value("cmdline") == f"{image} {COMMAND_LINE}"
    assert report.value("loader") == "pcvm"
    found = report.all("module")
    assert [m["text"] for m in found] == modules
    for facts, text in zip(found, modules):
        check_module(facts, text.split(" ")[0])
    check_e820(report)
    check_tables(report, told=False)
    check_pci(report)


def test_multiboot():
    with Kernels() as kernels:
        a, b, c = make_modules(kernels)
        modules = [f"{a} x=1 y,z", b, f"{c} last"]
        initrd = f"{a} x=1 y,,z,{b},{c} last"
        for image in (kernels.elf("MULTIBOOT1"),
                      kernels.elf("MULTIBOOT1", bits=64),
                      kernels.flat(kernels.elf("KLUDGE"))):
            report = boot(image, "-initrd", initrd)
            assert report.one("report")["eax"] == 0x2badb002
            info = report.one("multiboot1")
            assert info["flags"] & 0x24d == 0x24d
            assert info["lower"] == 639
            assert RAM - (2 << 20) < info["upper"] << 10 < RAM - (1 << 20)
            check_multiboot(report, image, modules)


def test_multiboot2():
    with Kernels() as kernels:
        a, b, c = make_modules(kernels)
        modules = [f"{a} x=1 y,z", b, f"{c} last"]
        initrd = f"{a} x=1 y,,z,{b},{c} last"
        for kind, base in (("MULTIBOOT2", 0x100000), ("RELOCATABLE", 0x2f00000)):
            image = kernels.elf(kind)
            report = boot(image, "-initrd", initrd)
            assert report.one("report")["eax"] == 0x36d76289
            assert report.one("loaded")["base"] == base
            assert report.one("rsdptag")["sum8"] == 0
            assert report.one("multiboot2")["lower"] == 639
            check_multiboot(report, image, modules)


def same_board(direct, firmware):
    """What a guest relies on is as firmware leaves it."""
    assert direct.one("chipset") == firmware.one("chipset")
    assert direct.all("e820") == firmware.all("e820")
    for ours, theirs in zip(direct.all("pci"), firmware.all("pci")):
        for name in ("devfn", "id", "command", "irq", "bar0", "bar4"):
            assert ours.get(name) == theirs.get(name), (ours, theirs)
        assert ours.keys() == theirs.keys()


def test_suspend_and_wake_without_firmware():
    with Kernels() as kernels:
        image = kernels.elf("PVH", entry="pvh_entry")
        with Vm("-m", "64", "-kernel", image, "-append", "suspend") as vm:
            vm.serial.expect(r"\nend\r?\n", 60)
            for _ in range(200):
                if "suspended" in vm.hmp("info status"):
                    break
                time.sleep(0.1)
            vm.hmp("system_wakeup")
            vm.serial.expect("W", 60)
            assert vm.wait(60) == 0


FIRMWARE = ("-machine", "firmware-boot=on")


def test_linux_through_firmware():
    with Kernels() as kernels:
        initrd = make_modules(kernels)[2]
        image = kernels.bzimage("compressed", kernels.packed())
        report = boot(image, "-initrd", initrd, *FIRMWARE, clears=False)
        assert report.one("report")["kind"] == 3
        assert report.value("cmdline") == COMMAND_LINE
        check_module(report.one("module"), initrd)
        check_tables(report, told=False)
        same_board(boot_once(image, "-initrd", initrd), report)


def test_pvh_through_firmware():
    with Kernels() as kernels:
        initrd = make_modules(kernels)[1]
        image = kernels.elf("PVH", entry="pvh_entry")
        report = boot_once(image, "-initrd", initrd, "-bios", "bios-256k.bin")
        assert report.one("report")["kind"] == 2
        assert report.value("cmdline") == COMMAND_LINE
        check_module(report.one("module"), initrd)
        check_tables(report)
        same_board(boot_once(image, "-initrd", initrd), report)


def test_multiboot_through_firmware():
    with Kernels() as kernels:
        a, b, c = make_modules(kernels)
        image = kernels.elf("MULTIBOOT2")
        report = boot_once(image, "-initrd", f"{a} x,{b},{c} y", *FIRMWARE)
        assert report.one("report")["eax"] == 0x36d76289
        assert report.value("loader") == "pcvm"
        assert [m["text"] for m in report.all("module")] == [f"{a} x", b, f"{c} y"]
        check_module(report.all("module")[2], c)
        check_tables(report, told=False)


def refused(words, *args):
    status, _, stderr = run(*args)
    assert status == 1, (args, stderr)
    lines = [line for line in stderr.splitlines() if ": warning: " not in line]
    assert len(lines) == 1 and lines[0].startswith("pcvm: "), stderr
    assert words in lines[0], stderr


def test_errors():
    needs_kvm()
    with Kernels() as kernels:
        junk = kernels.path("junk")
        with open(junk, "wb") as f:
            f.write(b"junk" * 5000)
        image = kernels.bzimage("image", kernels.packed())
        large = kernels.path("large")
        with open(large, "wb") as f:
            f.truncate(200 << 20)
        refused("it is no kernel", "-kernel", junk)
        refused("No such file or directory", "-kernel", junk + "x")
        refused("it is empty or not a file", "-kernel", "/dev/null")
        refused("neither a PVH note", "-kernel", "/bin/true")
        refused("-append only allowed with -kernel option", "-append", "x")
        refused("-initrd only allowed with -kernel option", "-initrd", "x")
        refused("for other machines than PCs", "-kernel", image, "-dtb", junk)
        refused("No such file or directory", "-kernel", image, "-initrd", junk + "x")
        refused("RAM has no room for its 200 MiB", "-m", "64", "-kernel", image,
                "-initrd", large)
        refused("RAM has no room for it", "-m", "64", "-kernel",
                kernels.elf("MULTIBOOT1"), "-initrd", f"{junk},{large}")
        refused("-m should say more", "-m", "16", "-kernel", image)
        refused("no room for any kernel", "-m", "1", "-kernel", image)
        refused("can only be started by firmware", "-machine", "firmware-boot=off",
                "-kernel", kernels.bzimage("old", xloadflags=0))
        refused("no more than 2047 letters", "-kernel", image, "-append", "x" * 2048)
