# SPDX-License-Identifier: GPL-2.0-or-later
"""
The tests' Linux, as bzImage and as vmlinux, directly: from exec to the first
byte on the serial line, and to its init's prompt, where that is reached.
"""
import tempfile
import time

from bench.machine import PCVM, QEMU, end, listen, run
from bench.rows import in_turn, show
from guest import linux

BOOTS = 5
FIRST_BYTE_LIMIT = 60  # seconds
PROMPT_LIMIT = 180
PROMPT = linux.Linux.PROMPT.encode()


def boot(program, folder, n, kernel, initrd, text, limit):
    """Milliseconds until text is on the serial line; None if it never is."""
    path, listener = listen(folder, f"boot{n}")
    process, connection, begin = run(
        program, listener, *linux.LEAN, "-kernel", kernel, "-initrd", initrd,
        "-serial", f"unix:{path}", "-append",
        "earlyprintk=ttyS0 console=ttyS0 " + linux.FAST.replace("quiet ", ""))
    seen, end_time = b"", begin + limit
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


def bench():
    files = linux.guest_kernel()
    for kind, kernel in (("bzImage", files.bzimage), ("vmlinux", files.vmlinux)):
        for runs, what, text, limit in (
                (BOOTS, "first serial byte", b"", FIRST_BYTE_LIMIT),
                (1, "init's prompt", PROMPT, PROMPT_LIMIT)):
            with tempfile.TemporaryDirectory() as folder:
                rest = (kernel, files.initrd, text, limit)
                show(in_turn(runs, lambda n: boot(PCVM, folder, n, *rest),
                             lambda n: boot(QEMU, folder, n, *rest)),
                     f"{kind}: exec to {what}, ms")
