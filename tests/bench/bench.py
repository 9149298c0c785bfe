#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""make bench: pcvm beside qemu on this machine, in the same run.

Start-up: a firmware image of ours writes to the debug console with its first
instructions; the time from exec until that byte is seen.  Then it halts, and
resident memory beyond guest RAM is read from smaps.

Linux: the tests' kernel, as bzImage and as vmlinux, from exec to the first
byte on the serial line and to its init, where that is reached.
"""
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.dirname(HERE), os.path.join(HERE, "..", "guest")]
import linux  # noqa: E402

RUNS = 15
BOOTS = 5
BOOT_LIMIT = 300  # seconds
PROMPT = linux.Linux.PROMPT.encode()
RAM_MB = 128
QEMU = ["qemu-system-x86_64", "-accel", "kvm"]
PCVM = ["./pcvm"]


def bios(path):
    """64 KiB that begin at the reset vector: out 0xe9, al; hlt."""
    image = bytearray(b"\xf4" * 0x10000)
    image[0xfff0:0xfff6] = b"\xb0\x21\xe6\xe9\xf4\xf4"
    with open(path, "wb") as f:
        f.write(image)


def listen(folder, name):
    path = os.path.join(folder, name)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(1)
    listener.settimeout(20)
    return path, listener


def run(program, listener, *args):
    """A running machine, its connection, and when it was started."""
    begin = time.monotonic()
    process = subprocess.Popen([*program, "-nodefaults", "-display", "none",
                                "-m", str(RAM_MB), *args],
                               stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    connection, _ = listener.accept()
    listener.close()
    return process, connection, begin


def end(process, connection):
    process.kill()
    process.wait(20)
    connection.close()


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


def boot(program, folder, n, kernel, initrd, text):
    """Milliseconds until text is on the serial line; None if it never is."""
    path, listener = listen(folder, f"boot{n}")
    process, connection, begin = run(
        program, listener, *linux.LEAN, "-kernel", kernel, "-initrd", initrd,
        "-serial", f"unix:{path}", "-append",
        "earlyprintk=ttyS0 console=ttyS0 " + linux.FAST.replace("quiet ", ""))
    seen, end_time = b"", begin + BOOT_LIMIT
    connection.settimeout(1)
    while not (seen and text in seen) and time.monotonic() < end_time:
        try:
            data = connection.recv(65536)
        except TimeoutError:
            if seen and stuck(process):
                break
            continue
        if not data:
            break
        seen += data
    milliseconds = (time.monotonic() - begin) * 1000
    end(process, connection)
    return (milliseconds if seen and text in seen else None,)


def stuck(process):
    """Has the machine stopped for good, as after KVM's internal error?"""
    def ticks():
        with open(f"/proc/{process.pid}/stat", encoding="ascii") as f:
            return sum(map(int, f.read().rsplit(") ", 1)[1].split()[11:13]))
    before = ticks()
    time.sleep(2)
    return ticks() - before < 2


def in_turn(runs, what, *args):
    """Rows of both, taken in turn."""
    rows = {"pcvm": [], "qemu": []}
    for n in range(runs):
        rows["pcvm"].append(what(PCVM, args[0], 2 * n, *args[1:]))
        rows["qemu"].append(what(QEMU, args[0], 2 * n + 1, *args[1:]))
    return rows


def median(rows, i):
    values = [r[i] for r in rows if r[i] is not None]
    return statistics.median(values) if len(values) == len(rows) else None


def show(rows, *names):
    for i, what in enumerate(names):
        a, b = median(rows["pcvm"], i), median(rows["qemu"], i)
        print(f"{what:42} {a or -1:9.2f} " + (
            f"{b:9.2f} {a / b:7.3f}" if a and b else f"{'not seen':>9}"),
            flush=True)


def main():
    print(f"{'':42} {'pcvm':>9} {'qemu':>9} {'ratio':>7}")
    with tempfile.TemporaryDirectory() as folder:
        bios(os.path.join(folder, "bios"))
        show(in_turn(RUNS, start_up, folder), "exec to first instruction, ms",
             "resident beyond guest RAM, MiB")
        files = linux.guest_kernel()
        for kind, kernel in (("bzImage", files.bzimage),
                             ("vmlinux", files.vmlinux)):
            for runs, what, text in ((BOOTS, "first serial byte", b""),
                                     (1, "init's prompt", PROMPT)):
                with tempfile.TemporaryDirectory() as sub:
                    show(in_turn(runs, boot, sub, kernel, files.initrd, text),
                         f"{kind}: exec to {what}, ms")
    return 0


sys.exit(main())
