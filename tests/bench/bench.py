#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""make bench: pcvm beside qemu on this machine, in the same run.

A firmware image of ours writes to the debug console with its first
instructions; the time from exec until that byte is seen is the start-up.
Then it halts, and resident memory beyond guest RAM is read from smaps.
"""
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time

RUNS = 15
RAM_MB = 128
QEMU = ["qemu-system-x86_64", "-accel", "kvm"]
PCVM = ["./pcvm"]


def bios(path):
    """64 KiB that begin at the reset vector: out 0xe9, al; hlt."""
    image = bytearray(b"\xf4" * 0x10000)
    image[0xfff0:0xfff6] = b"\xb0\x21\xe6\xe9\xf4\xf4"
    with open(path, "wb") as f:
        f.write(image)


def start(program, folder, name):
    path = os.path.join(folder, name)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(1)
    listener.settimeout(20)
    args = [*program, "-nodefaults", "-display", "none", "-m", str(RAM_MB),
            "-bios", os.path.join(folder, "bios"),
            "-chardev", f"socket,id=d,path={path}",
            "-device", "isa-debugcon,chardev=d"]
    begin = time.monotonic()
    process = subprocess.Popen(args, stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    connection, _ = listener.accept()
    connection.settimeout(20)
    assert connection.recv(1) == b"!", "the guest did not start"
    seconds = time.monotonic() - begin
    return process, seconds, (listener, connection)


def resident_kb(pid):
    """Rss of all mappings but the guest's RAM."""
    total = size = 0
    with open(f"/proc/{pid}/smaps", encoding="ascii") as f:
        for line in f:
            found = re.match(r"([0-9a-f]+)-([0-9a-f]+) ", line)
            if found:
                size = int(found[2], 16) - int(found[1], 16)
            found = re.match(r"Rss: +(\d+) kB", line)
            if found and size != RAM_MB << 20:
                total += int(found[1])
    return total


def measure(program, folder, n):
    process, seconds, sockets = start(program, folder, f"s{n}")
    time.sleep(0.1)
    kb = resident_kb(process.pid)
    process.kill()
    process.wait(20)
    for s in sockets:
        s.close()
    return seconds * 1000, kb / 1024


def main():
    rows = {"pcvm": [], "qemu": []}
    with tempfile.TemporaryDirectory() as folder:
        bios(os.path.join(folder, "bios"))
        for n in range(RUNS):
            rows["pcvm"].append(measure(PCVM, folder, 2 * n))
            rows["qemu"].append(measure(QEMU, folder, 2 * n + 1))
    print(f"{'':34} {'pcvm':>9} {'qemu':>9} {'ratio':>7}")
    for i, what in enumerate(("exec to first instruction, ms",
                              "resident beyond guest RAM, MiB")):
        a = statistics.median(r[i] for r in rows["pcvm"])
        b = statistics.median(r[i] for r in rows["qemu"])
        print(f"{what:34} {a:9.2f} {b:9.2f} {a / b:7.3f}")
    return 0


sys.exit(main())
