# SPDX-License-Identifier: GPL-2.0-or-later
"""Linux on pcvm: directly and through firmware, all the ways to end."""
import tempfile
import zlib

from guest.linux import Linux

BOOT = 400  # seconds to the prompt, where ring 0 is emulated
CONTENT = bytes(n * 13 & 0xff for n in range(1 << 16)) * 16


def test_two_processors_directly_with_a_disk_then_reboot_and_poweroff():
    with tempfile.NamedTemporaryFile() as disk:
        disk.write(CONTENT)
        disk.flush()
        with Linux("-drive", f"file={disk.name},format=raw", cpus=2,
                   qmp=True) as guest:
            guest.prompt(BOOT)
            guest.test("cpus", 2)
            guest.test("clock")
            memory = guest.shell("grep MemTotal /proc/meminfo").split()
            assert 200 << 10 < int(memory[1]) < 256 << 10, memory
            text = "\n".join(guest.test("pci").data)
            assert "id 0x8086:0x7010" in text and "driver ata_piix" in text
            done = guest.test("sum", "sda", 0, len(CONTENT))
            assert done.detail.endswith(f"{zlib.crc32(CONTENT):08x}"), done
            guest.begin("reboot")
            guest.prompt(BOOT)
            assert "instructions finished" in guest.hmp("info kvm") or \
                guest.hmp("info kvm") == "kvm support: enabled\n"
            guest.begin("poweroff")
            assert guest.wait(BOOT) == 0


def test_one_processor_through_firmware():
    with Linux("-machine", "firmware-boot=on") as guest:
        guest.prompt(BOOT)
        guest.test("cpus", 1)
        guest.begin("poweroff")
        assert guest.wait(BOOT) == 0


def test_no_reboot_and_no_shutdown():
    with Linux("-no-shutdown", "-no-reboot",
               append="test=nothing then=poweroff") as guest:
        guest.result("nothing", BOOT)
        for _ in range(BOOT):
            status = guest.hmp("info status")
            if "running" not in status:
                break
            guest.serial.expect("", 1)
        assert status == "VM status: paused (shutdown)\n"
