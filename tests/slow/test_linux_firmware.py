# SPDX-License-Identifier: GPL-2.0-or-later
"""Linux as a bzImage through SeaBIOS, which decompresses itself."""
from guest.linux import Linux

BOOT = 3600  # seconds, where ring 0 is emulated


def test_two_processors_through_firmware_then_no_reboot():
    with Linux("-machine", "firmware-boot=on", "-no-reboot", cpus=2) as guest:
        guest.prompt(BOOT)
        guest.test("cpus", 2)
        guest.begin("reboot")
        assert guest.wait(BOOT) == 0
