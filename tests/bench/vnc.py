# SPDX-License-Identifier: GPL-2.0-or-later
"""
The VNC server, seen by tests/bench/viewer.c: the guest of tests/bench/guest
draws a step, the viewer takes all that changed, and so on.

Beside qemu with the same viewer.  How many updates there are for a second of
CPU, of all threads but the virtual processor's; and what drawing costs while
nobody looks.  PCVM_BENCH_QUICK=1 takes less time, and says less.
"""
import os
import socket
import subprocess
import tempfile

from bench.disk import busy_ns
from bench.machine import PCVM, QEMU, end, listen, run
from bench.report import facts, guest_image
from bench.rows import in_turn, show

QUICK = bool(os.environ.get("PCVM_BENCH_QUICK"))
RUNS = 1 if QUICK else 3
STEPS = 15 if QUICK else 30
LIMIT = 300  # seconds that anything may take

SIZES = [(1024, 768), (1920, 1080)]
PATTERNS = {"text": "s", "window": "w", "noise": "n"}
ENCODINGS = {"raw": 0, "hextile": 5, "zlib": 6, "zrle": 16, "tight": 7}
if QUICK:
    SIZES = SIZES[:1]
WANTED = os.environ.get("PCVM_BENCH_VNC", "").split()  # some encodings only


def viewer_program():
    done = subprocess.run(["make", "-s", "bench-viewer"], timeout=120,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode == 0, done.stdout
    return os.path.abspath("obj/bench-viewer")


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


def expect(connection, word):
    seen = b""
    while not seen.endswith(word):
        data = connection.recv(1)
        assert data, f"the guest ended: {seen}"
        seen += data


def steps(connection, letter, count):
    for _ in range(count):
        connection.sendall(letter)
        expect(connection, letter)


def view(program, port, connection, pid, encoding, letter):
    """Updates for a second of CPU, and KiB of an update."""
    connection.settimeout(None)  # two programs use it in turn
    serial = connection.fileno()
    with subprocess.Popen([program, str(port), str(serial), str(encoding),
                           letter, str(STEPS)], pass_fds=[serial], text=True,
                          stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as viewer:
        try:
            assert viewer.stdout.readline() == "begin\n"
            before = busy_ns(pid)
            viewer.stdin.write("\n")
            viewer.stdin.flush()
            found = facts(viewer.stdout.readline())
            ns = busy_ns(pid) - before
            viewer.communicate("\n", timeout=LIMIT)
        finally:
            viewer.kill()
    return STEPS * 1e9 / ns, found["bytes"] / STEPS / 1024


def chosen():
    return [(name, pattern, number, letter)
            for pattern, letter in PATTERNS.items()
            for name, number in ENCODINGS.items()
            if not WANTED or name in WANTED]


def measure(folder, viewer, size, program, n):
    path, listener = listen(folder, f"vnc{n}")
    port = free_port()
    process, connection, _ = run(
        program, listener, "-serial", f"unix:{path}", "-no-reboot", "-kernel",
        guest_image(), "-append",
        f"op=draw width={size[0]} height={size[1]} run", "-device", "VGA",
        "-vnc", f"127.0.0.1:{port - 5900}")
    found = []
    try:
        connection.settimeout(LIMIT)
        expect(connection, b"ready\n")
        steps(connection, b"n", 1)
        before = busy_ns(process.pid)
        steps(connection, b"n", STEPS)
        found.append((busy_ns(process.pid) - before) / 1000 / STEPS)
        for _, _, encoding, letter in chosen():
            found += view(viewer, port, connection, process.pid, encoding,
                          letter)
        return tuple(found)
    finally:
        end(process, connection)
        os.unlink(path)


def bench():
    viewer = viewer_program()
    theirs = [*QEMU, "-name", "bench,debug-threads=on"]
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        for size in SIZES:
            rows = in_turn(
                RUNS,
                lambda n, size=size: measure(folder, viewer, size, PCVM, n),
                lambda n, size=size: measure(folder, viewer, size, theirs, n))
            name = f"vnc {size[0]} x {size[1]}"
            show(rows, f"{name}, nobody looks, CPU us",
                 *(f"{name}, {pattern}, {encoding}, {what}"
                   for encoding, pattern, _, _ in chosen()
                   for what in ("updates/CPU s", "KiB")))
