# SPDX-License-Identifier: GPL-2.0-or-later
"""HPET, DMA controllers and test devices, as the guest of our own finds them."""
from guest.images import copy_of
from guest.pc_guest import BOOT, guest_disk
from guest.vm import QEMU, Vm, needs

TESTDEVS = ("-device", "pc-testdev", "-device", "pci-testdev,membar=1M")


def says(command, *args, program=None):
    with copy_of(guest_disk(command)) as disk, Vm(
            "-m", "64", "-nodefaults", "-drive", f"file={disk},format=raw",
            *args, program=program) as vm:
        return vm.serial.expect("done\r\n", BOOT).replace("\r", "").splitlines()


def test_hpet_and_dma():
    needs(QEMU)
    lines = says("hd")
    at = lines.index("pit and rtc: irq0 irq8")
    assert lines[at + 1:at + 4] == ["silenced:", "timer 0: irq0", "timer 1: irq8"]
    # qemu 7.2 loses what a timer sends to pin 2 of KVM's I/O APIC
    assert lines[at + 4] == "i/o apic 00000004", lines
    assert 95 <= int(lines[at - 1].removeprefix("hpet mhz "), 16) <= 105, lines
    qemus = says("hd", program=QEMU)
    for n in (at - 1, at + 4):
        lines[n] = qemus[n] = ""
    assert lines == qemus


def test_devices_of_kvm_unit_tests():
    needs(QEMU)
    lines = says("t", *TESTDEVS)
    assert "mmio-no-eventfd 00000010" in lines, lines
    # KVM takes these writes, so that the device does not see them
    assert "portio-wildcard-eventfd 00000000" in lines, lines
    assert "evicted deadbeef" in lines, lines
    assert lines == says("t", *TESTDEVS, program=QEMU)
