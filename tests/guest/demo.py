#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""make demo: GRUB from a CD to its prompt, then Linux to a shell of yours."""
import os
import re
import subprocess
import sys
import types

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))


class Skip(Exception):
    pass


sys.modules["run"] = types.SimpleNamespace(Skip=Skip)

from guest.images import rescue_iso  # noqa: E402
from guest.linux import FAST, Linux, guest_kernel  # noqa: E402
from guest.vm import Vm, needs_kvm  # noqa: E402

MACHINE = ["-m", "256", "-smp", "2"]
BOOT = 600  # seconds


def show(*args):
    print("\n$ pcvm", *(f"'{a}'" if " " in a else a for a in args), flush=True)


def grub():
    iso = os.path.relpath(rescue_iso())
    show(*MACHINE, "-cdrom", iso, "-nographic")
    print("SeaBIOS starts GRUB from a CD that grub-mkrescue made.  Where KVM "
          "emulates ring 0\n(no VT-x or SVM on the host) this takes a minute "
          "or two.", flush=True)
    with Vm(*MACHINE, "-cdrom", iso) as vm:
        text = vm.serial.expect(r"grub> ", BOOT)
    screen = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text.split("\x1b[J")[-1])
    print(screen.replace("\r", "").strip(), flush=True)


def linux():
    files = guest_kernel()
    line = [*MACHINE, "-kernel", files.bzimage, "-initrd", files.initrd,
            "-append", f"console=ttyS0 {FAST}"]
    show(*line, "-nographic")
    if sys.stdin.isatty():
        print("Linux comes up on this terminal, with a shell.  To leave: "
              "'poweroff -f' at the\nguest's prompt, or Ctrl-a x.\n",
              flush=True)
        return subprocess.call(["./pcvm", *line, "-nographic"])
    with Vm(*line) as vm:
        vm.serial.expect(Linux.PROMPT, BOOT)
        vm.serial.send("uname -a\n")
        print("guest#", vm.serial.expect(r"Linux.*?" + Linux.PROMPT, BOOT).strip())
    print("This was Linux's shell; from a terminal it stays to be used.")
    return 0


def main():
    try:
        needs_kvm()
        grub()
        return linux()
    except Skip as reason:
        print("make demo:", reason)
        return 1


sys.exit(main())
