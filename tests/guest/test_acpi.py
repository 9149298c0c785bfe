# SPDX-License-Identifier: GPL-2.0-or-later
"""GRUB reads the ACPI tables that SeaBIOS placed; guests power off by them."""
import re
import time

from guest.images import disk, sector_disk
from guest.vm import Vm

SLOW = 900

MODULES = ["biosdisk", "serial", "terminal", "lsacpi", "halt", "echo"]
SCRIPT = """\
serial --unit=0
terminal_output serial
echo BEGIN
lsacpi
echo END
halt
"""


def test_grub_reads_the_tables_and_powers_off():
    with Vm("-m", "128", "-smp", "2,maxcpus=3", "-nodefaults", "-no-reboot",
            "-hda", disk(MODULES, SCRIPT, "acpi.img")) as vm:
        text = vm.serial.expect("BEGIN.*END", SLOW).replace("\r", "")
        # halt comes to its end through the PM1 control register.
        assert vm.wait(SLOW) == 0, vm.stderr()
    assert "RSDPv2 signature:RSD PTR" in text, text
    for table in ("XSDT", "FACP", "APIC", "WAET"):
        assert f"\n{table} " in text, f"no {table}:\n{text}"
    # two checksums of the RSDP, and one of each table
    assert text.count("(valid)") >= 6, text
    enabled = re.findall(r"LAPIC ACPI_ID=\d+ APIC_ID=(\d+) Flags=0000000(\d)", text)
    assert enabled == [("00", "1"), ("01", "1"), ("02", "0")], text


def test_no_shutdown_keeps_a_machine_that_powered_off():
    with Vm("-m", "64", "-nodefaults", "-no-shutdown", "-snapshot", "-hda",
            sector_disk()) as vm:
        vm.serial.expect("ready", SLOW)
        vm.hmp("system_powerdown")
        end = time.monotonic() + SLOW
        while "running" in vm.hmp("info status") and time.monotonic() < end:
            time.sleep(0.1)
        assert vm.hmp("info status") == "VM status: paused (shutdown)\n"
        vm.hmp("system_reset")
        vm.hmp("cont")
        vm.serial.expect("ready", SLOW)
