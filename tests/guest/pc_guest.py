# SPDX-License-Identifier: GPL-2.0-or-later
"""The test guest of tests/guest/pc: a disk that says what machine it finds."""
import os
import shutil
import tempfile

from guest.images import cached, run_tool
from guest.vm import needs

SOURCES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "pc")
FILES = ("boot.S", "main.c", "chips.c", "fw_cfg.c", "io.h", "ports.h",
         "layout.h", "link.ld")
FLAGS = ("-m32", "-march=i686", "-Os", "-Wall", "-Wextra", "-Werror",
         "-ffreestanding", "-fno-pic", "-fno-stack-protector", "-nostdlib",
         "-fno-asynchronous-unwind-tables", "-static", "-Wl,--build-id=none")
DISK = 1 << 20
SECTOR = 512
BOOT = 240  # seconds until the guest has said all


def _read(path, mode="r"):
    with open(path, mode) as f:
        return f.read()


def guest_disk(command):
    """A disk image whose guest obeys the letters: see main.c."""
    needs("gcc")
    recipe = command + "".join(_read(os.path.join(SOURCES, f)) for f in FILES)

    def build(path):
        folder = tempfile.mkdtemp()
        try:
            flat = os.path.join(folder, "flat")
            run_tool("gcc", *FLAGS, f"-Wl,-T,{SOURCES}/link.ld", "-o", flat,
                     f"{SOURCES}/boot.S", f"{SOURCES}/main.c",
                     f"{SOURCES}/chips.c", f"{SOURCES}/fw_cfg.c")
            image = bytearray(_read(flat, "rb"))
            image[SECTOR:SECTOR + 16] = command.encode().ljust(16, b"\0")
            with open(path, "wb") as f:
                f.write(image.ljust(DISK, b"\0"))
        finally:
            shutil.rmtree(folder)

    return cached(f"guest-{command}.img", recipe, build)
