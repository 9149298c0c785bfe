# SPDX-License-Identifier: GPL-2.0-or-later
"""Typing by VNC: to GRUB with TigerVNC's viewer, and every key to Linux."""
import re
import shutil
import tempfile
import time

from guest.images import copy_of, disk
from guest.linux import Linux
from guest.rfb import EXTENDED, PLAIN, Rfb
from guest.viewer import Display
from guest.vm import Vm, needs

SERVER = ("-vnc", "127.0.0.1:140,to=59")
BOOT = 1800  # where ring 0 is emulated, and the host is busy
MODULES = ["biosdisk", "part_msdos", "ext2", "serial", "terminal", "echo",
           "at_keyboard"]
# The screen is the terminal; what is on it is on the serial line, too.  Keys
# come from the controller: where ring 0 is emulated in long batches, the
# BIOS's interrupts hardly find GRUB with interrupts enabled.
CONFIG = """\
serial --unit=0 --speed=115200
terminal_output console serial
terminal_input at_keyboard
"""
COLUMNS, ROWS = 80, 25


def cells(picture, row, first, count):
    """The pixels of some letters of a text mode's picture."""
    width, height = picture[0] // COLUMNS * 3, picture[1] // ROWS
    return [bytes(line[first * width:(first + count) * width])
            for line in picture[2][row * height:(row + 1) * height]]


def answered(picture, prompt, command, answer):
    """A row with the prompt and the command, and under it the answer."""
    said, size = prompt + len(command) - len(answer), len(answer)
    for row in range(ROWS - 1):
        typed = cells(picture, row, said, size)
        if len(set(typed)) > 4 and typed == cells(picture, row + 1, 0, size):
            return True
    return False


def type_at_the_prompt(vm, folder, prompt):
    port = vm.qmp_call("query-vnc")["return"]["service"]
    command, answer = "echo vncwashere", "vncwashere"
    with Display(port, folder) as display:
        display.wait_for_window("pcvm")
        assert display.do("mousemove", "300", "200", "click", "1")
        for letter in command:  # as fast as GRUB shows them
            assert display.do("type", letter)
            vm.serial.expect(letter, 300)
        assert display.do("key", "Return")
        vm.serial.expect(answer, 300)
        end = time.monotonic() + 300
        while True:
            with Rfb(int(port)) as client:
                if answered(client.picture(), len(prompt), command, answer):
                    return
            assert time.monotonic() < end, "it is not in the picture"
            time.sleep(1)


def test_a_viewer_types_at_grubs_prompt():
    needs("Xvfb", "xtigervncviewer", "xdotool")
    image = disk(MODULES, CONFIG, "screen-grub.img")
    folder = tempfile.mkdtemp(prefix="pcvm-test-")
    try:
        with copy_of(image) as mine, Vm("-m", "64", "-drive",
                                        f"format=raw,file={mine}", *SERVER,
                                        qmp=True) as vm:
            vm.qmp_read()
            vm.qmp_call("qmp_capabilities")
            said = vm.serial.expect(r"grub(?: rescue)?> ", BOOT)
            type_at_the_prompt(vm, folder, said[said.rindex("grub"):])
    finally:
        shutil.rmtree(folder)


# Linux's codes are those of set 1 where there is no prefix; with it:
LINUX = {0x1c: 96, 0x1d: 97, 0x35: 98, 0x38: 100, 0x47: 102, 0x48: 103,
         0x49: 104, 0x4b: 105, 0x4d: 106, 0x4f: 107, 0x50: 108, 0x51: 109,
         0x52: 110, 0x53: 111, 0x5b: 125, 0x5c: 126, 0x5d: 127}
# By what is on the key, for viewers that say no more.
SYMBOLS = {ord("z"): 44, ord("/"): 53, 0xff0d: 28, 0xff08: 14, 0xff1b: 1,
           0xffbe: 59, 0xffc9: 88, 0xff50: 102, 0xff54: 108, 0xffff: 111,
           0xff8d: 96, 0xffb0: 82, 0xffe1: 42, 0xffe4: 97, 0xffea: 100,
           0xffeb: 125, 0xff67: 127, 0xff13: 119}


def typed(guest, keys, press):
    """What Linux hears when these are pressed and let go, one by one."""
    guest.begin("events", "keyboard", 2 * len(keys), 600)
    guest.serial.expect("D: events ready", BOOT)
    said = ""
    for key in keys:  # a keyboard remembers few that nobody fetched
        press(key, 1)
        press(key, 0)
        said += guest.serial.expect(r"value 0\r?\n", BOOT)
    assert guest.result("events", BOOT).ok, said
    guest.prompt(BOOT)
    return [(int(code), int(down)) for code, down in re.findall(
        r"type 1 code (\d+) value (\d)", said) if down != "2"]  # repeated


def both(codes):
    return [(code, down) for code in codes for down in (1, 0)]


def test_every_key_reaches_linux():
    with Linux("-vga", "std", *SERVER) as guest:
        guest.prompt(BOOT)
        port = re.search(r"127.0.0.1:(\d+) ", guest.hmp("info vnc"))[1]
        with Rfb(int(port)) as client:
            heard = typed(guest, list(SYMBOLS), client.keysym)
            assert heard == both(SYMBOLS.values()), heard
            client.extended_keys()
            keys = PLAIN + [code | 0x80 for code in EXTENDED]
            heard = typed(guest, keys, client.key)
            assert heard == both(PLAIN + [LINUX[c] for c in EXTENDED]), heard
