#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""make demo: SeaBIOS boots GRUB from a CD to its prompt, on the terminal."""
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
from guest.vm import Vm  # noqa: E402

LINE = ["-m", "256", "-smp", "2"]


def interactive(iso):
    print("GRUB comes up on this terminal; Ctrl-a x leaves, Ctrl-a c is the "
          "monitor.\n", flush=True)
    return subprocess.call(["./pcvm", *LINE, "-cdrom", iso, "-nographic"])


def shown(iso):
    with Vm(*LINE, "-cdrom", iso) as vm:
        text = vm.serial.expect(r"grub> ", 600)
        screen = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text.split("\x1b[J")[-1])
        print(screen.replace("\r", "").strip())
        print("\n\nThis was GRUB's prompt; from a terminal it stays to be "
              "used.")
    return 0


def main():
    try:
        iso = rescue_iso()
        print("pcvm", *LINE, "-cdrom", os.path.relpath(iso), "-nographic\n"
              "SeaBIOS starts GRUB from a CD that grub-mkrescue made.  Where "
              "KVM emulates\nring 0 (no VT-x or SVM on the host) this takes "
              "a minute or two.", flush=True)
        return interactive(iso) if sys.stdin.isatty() else shown(iso)
    except Skip as reason:
        print("make demo:", reason)
        return 1


sys.exit(main())
