# SPDX-License-Identifier: GPL-2.0-or-later
"""What SeaBIOS boots from: -boot's order, once and menu."""
import contextlib
import tempfile
import time

from guest.images import copy_of
from guest.pc_guest import guest_disk
from guest.test_firmware import wait_screen
from guest.vm import Vm

BOOT = 240


class Log:
    """What SeaBIOS says on its debug port."""

    def __init__(self, file):
        self.file = file
        self.text = ""

    def expect(self, *words):
        """The first of the words that is said from now on."""
        end = time.monotonic() + BOOT
        while time.monotonic() < end:
            self.text += self.file.read()
            at = {self.text.index(w): w for w in words if w in self.text}
            if at:
                first = min(at)
                word = at[first]
                self.text = self.text[first + len(word):]
                return word
            time.sleep(0.1)
        raise AssertionError(f"none of {words}: {self.text[-500:]}")


@contextlib.contextmanager
def machine(*args):
    """One with a hard disk that boots, and a CD-ROM that does not."""
    with tempfile.NamedTemporaryFile("r", errors="replace") as log, \
            tempfile.NamedTemporaryFile(suffix=".iso") as cd, \
            copy_of(guest_disk("m")) as disk:
        cd.truncate(1 << 20)
        with Vm("-m", "64", "-drive", f"file={disk},format=raw", "-drive",
                f"file={cd.name},format=raw,media=cdrom", "-chardev",
                f"file,id=d,path={log.name}", "-device",
                "isa-debugcon,iobase=0x402,chardev=d", *args) as vm:
            yield vm, Log(log)


FROM = ("Booting from Hard Disk", "Booting from DVD/CD")


def test_order():
    with machine("-boot", "dc") as (_, log):
        assert log.expect(*FROM) == FROM[1]
        log.expect(FROM[0])


def test_once_holds_until_the_first_reset():
    with machine("-boot", "order=cd,once=d") as (vm, log):
        assert log.expect(*FROM) == FROM[1]
        vm.hmp("system_reset")
        log.expect("SeaBIOS (version")
        assert log.expect(*FROM) == FROM[0]


def test_menu_lists_the_disks_and_boots_the_chosen_one():
    with machine("-boot", "order=d,menu=on,splash-time=60000") as (vm, _):
        wait_screen(vm, "Press ESC for boot menu")
        vm.hmp("sendkey esc")
        wait_screen(vm, "Select boot device")
        # Its last line: whole, or the screen is still being drawn.
        shown = wait_screen(vm, "Hard-Disk (1 MiBytes)")
        lines = [shown[i:i + 80] for i in range(0, len(shown), 80)]
        choice = [line for line in lines if "QEMU HARDDISK" in line][0]
        assert "ata0-0" in choice and "Hard-Disk (1 MiBytes)" in choice, choice
        assert any("ata1-0: QEMU DVD-ROM" in line for line in lines), lines
        vm.hmp(f"sendkey {choice.strip()[0]}")
        vm.serial.expect("done", BOOT)
