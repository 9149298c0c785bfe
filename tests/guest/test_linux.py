# SPDX-License-Identifier: GPL-2.0-or-later
"""Linux on pcvm: directly and through firmware, all the ways to end."""
import tempfile
import zlib

from guest.linux import Linux, guest_kernel

BOOT = 900  # seconds to the prompt, where ring 0 is emulated on a busy machine
CONTENT = bytes(n * 13 & 0xff for n in range(1 << 16)) * 16
FIRMWARE = ("-machine", "firmware-boot=on")


def test_two_processors_directly_with_a_disk_then_reboot():
    with tempfile.NamedTemporaryFile() as disk, \
            tempfile.NamedTemporaryFile() as other:
        disk.write(CONTENT)
        disk.flush()
        other.truncate(len(CONTENT))
        with Linux("-drive", f"file={disk.name},format=raw", "-drive",
                   f"file={other.name},format=raw,if=virtio", cpus=2,
                   memory=256, append="ignore_loglevel") as guest:
            guest.serial.expect("Linux version", BOOT)
            guest.prompt(BOOT)
            guest.test("cpus", 2)
            guest.test("clock")
            memory = guest.shell("grep MemTotal /proc/meminfo").split()
            assert 200 << 10 < int(memory[1]) < 256 << 10, memory
            text = "\n".join(guest.test("pci").data)
            assert "id 0x8086:0x7010" in text and "driver ata_piix" in text
            done = guest.test("sum", "sda", 0, len(CONTENT))
            assert done.detail.endswith(f"{zlib.crc32(CONTENT):08x}"), done
            for device, image in (("sda", disk), ("vda", other)):
                done = guest.test("hammer", device, 100, 1, len(CONTENT),
                                  seconds=BOOT)
                image.seek(0)
                assert done.detail.endswith(
                    f"{zlib.crc32(image.read()):08x}"), done
            guest.begin("reboot")
            guest.serial.expect("Linux version", BOOT)


def test_through_firmware_then_poweroff_ends_with_status_0():
    # as vmlinux: no decompression in an emulated ring 0
    with Linux(*FIRMWARE, kernel=guest_kernel().vmlinux) as guest:
        guest.prompt(BOOT)
        guest.test("cpus", 1)
        guest.begin("poweroff")
        assert guest.wait(BOOT) == 0
