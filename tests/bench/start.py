# SPDX-License-Identifier: GPL-2.0-or-later
"""
From exec to the guest's first instruction, and what is resident then.

A firmware image of ours writes to the debug console with its first
instructions; the time from exec until that byte is seen is the start-up.  Then
it halts, and resident memory beyond guest RAM is read from smaps.
"""
import os
import re
import tempfile
import time

from bench.machine import PCVM, QEMU, RAM_MB, end, listen, run
from bench.rows import in_turn, show

RUNS = 15


def bios(path):
    """64 KiB that begin at the reset vector: out 0xe9, al; hlt."""
    image = bytearray(b"\xf4" * 0x10000)
    image[0xfff0:0xfff6] = b"\xb0\x21\xe6\xe9\xf4\xf4"
    with open(path, "wb") as f:
        f.write(image)


def resident_kb(pid, ram_mb=RAM_MB):
    """Rss of all mappings but the guest's RAM."""
    total = size = 0
    with open(f"/proc/{pid}/smaps", encoding="ascii") as f:
        for line in f:
            found = re.match(r"([0-9a-f]+)-([0-9a-f]+) ", line)
            if found:
                size = int(found[2], 16) - int(found[1], 16)
            found = re.match(r"Rss: +(\d+) kB", line)
            if found and size != ram_mb << 20:
                total += int(found[1])
    return total


def start_up(program, folder, n):
    """Milliseconds to the first instruction; MiB that are resident then."""
    path, listener = listen(folder, f"start{n}")
    process, connection, begin = run(
        program, listener, "-bios", os.path.join(folder, "bios"),
        "-chardev", f"socket,id=d,path={path}",
        "-device", "isa-debugcon,chardev=d")
    connection.settimeout(20)
    assert connection.recv(1) == b"!", "the guest did not start"
    seconds = time.monotonic() - begin
    time.sleep(0.1)
    kb = resident_kb(process.pid)
    end(process, connection)
    return seconds * 1000, kb / 1024


def bench():
    with tempfile.TemporaryDirectory() as folder:
        bios(os.path.join(folder, "bios"))
        show(in_turn(RUNS, lambda n: start_up(PCVM, folder, n),
                     lambda n: start_up(QEMU, folder, n)),
             "exec to first instruction, ms", "resident beyond guest RAM, MiB")
