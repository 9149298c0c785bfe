# SPDX-License-Identifier: GPL-2.0-or-later
"""memtest86+, iPXE and OVMF, which KVM's emulator alone does not run."""
import re

from guest.images import copy_of
from guest.test_firmware import wait_screen
from guest.vm import Vm, needs_file

MEMTEST = "/boot/memtest86+x64.bin"
MEMTEST_ISO = "/usr/lib/memtest86+/memtest86+x64.iso"
IPXE = "/boot/ipxe.lkrn"
IPXE_ISO = "/usr/lib/ipxe/ipxe.iso"
OVMF = "/usr/share/ovmf/OVMF.fd"
OVMF_CODE = "/usr/share/OVMF/OVMF_CODE.fd"
OVMF_VARS = "/usr/share/OVMF/OVMF_VARS.fd"
BOOT = 3600  # seconds, where ring 0 is emulated


def memtest(megabytes):
    needs_file(MEMTEST)
    with Vm("-m", str(megabytes), "-kernel", MEMTEST, "-append",
            "console=ttyS0,115200") as vm:
        # "64M of 63.6M": what is tested now, and all that it found
        text = vm.serial.expect(r"\[[\d.]+[MG]B of ([\d.]+)([MG])B\]", BOOT)
        vm.serial.expect(r"Pass:", BOOT)
    size, unit = re.search(r"of ([\d.]+)([MG])B\]", text).groups()
    return float(size) * (1024 if unit == "G" else 1)


def test_memtest_counts_64_mib():
    assert 63 <= memtest(64) <= 64


def test_memtest_counts_3500_mib():
    assert 3480 <= memtest(3500) <= 3500


def test_memtest_from_its_cd():
    needs_file(MEMTEST_ISO)
    with Vm("-m", "64", "-cdrom", MEMTEST_ISO) as vm:
        wait_screen(vm, "Memtest86+", BOOT)
        wait_screen(vm, "of 63.", BOOT)


def ipxe_prompt(vm):
    """The key is kept until iPXE asks for it."""
    wait_screen(vm, "iPXE initialising devices", BOOT)
    vm.hmp("sendkey ctrl-b")
    wait_screen(vm, "iPXE>", BOOT)


def test_ipxe_from_its_cd():
    needs_file(IPXE_ISO)
    with Vm("-m", "128", "-cdrom", IPXE_ISO) as vm:
        ipxe_prompt(vm)


def test_ipxe_as_a_kernel():
    needs_file(IPXE)
    with Vm("-m", "128", "-kernel", IPXE) as vm:
        ipxe_prompt(vm)


def test_ovmf_comes_to_its_shell():
    needs_file(OVMF)
    # without a screen to draw on: ring 0 takes minutes for each of them
    with Vm("-m", "256", "-vga", "none", "-bios", OVMF) as vm:
        vm.serial.expect(r"Shell> ", BOOT)


def test_ovmf_keeps_variables_in_flash():
    needs_file(OVMF_CODE)
    with copy_of(OVMF_VARS) as data:
        flash = ("-drive", f"if=pflash,format=raw,readonly=on,file={OVMF_CODE}",
                 "-drive", f"if=pflash,format=raw,file={data}")
        with Vm("-m", "256", "-vga", "none", *flash) as vm:
            vm.serial.expect(r"Shell> ", BOOT)
            vm.serial.send("setvar kept -nv =1234\r")
            vm.serial.expect(r"Shell> ", BOOT)
        with Vm("-m", "256", "-vga", "none", *flash) as vm:
            vm.serial.expect(r"Shell> ", BOOT)
            vm.serial.send("setvar kept\r")
            vm.serial.expect(r"12 34", BOOT)
