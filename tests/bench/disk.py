# SPDX-License-Identifier: GPL-2.0-or-later
"""
A virtio disk, driven by polling from ring 3 by the guest of tests/bench/guest.

Beside qemu with what a user would give it for speed: an iothread, cache=none,
aio=native or io_uring.  "CPU" is of all threads but the virtual processor's,
which always works since it polls; so one processor is left for the rest.
PCVM_BENCH_QUICK=1 takes less than two minutes, and says less.
"""
import mmap
import os
import subprocess
import tempfile

from bench.machine import PCVM, QEMU, end, listen, run
from bench.report import facts, guest_image
from bench.rows import in_turn, show

QUICK = bool(os.environ.get("PCVM_BENCH_QUICK"))
RUNS = 2 if QUICK else 3
SECONDS = 0.3 if QUICK else 0.8
LIMIT = 180  # seconds that the guest may be silent
MIB = 1 << 20
DISK = (128 if QUICK else 512) * MIB

# What is run in one boot: name, its words.
LOADS = [*((f"4k {op} depth {depth}", f"op={op} bs=4K depth={depth}")
           for op in ("randread", "randwrite") for depth in (1, 32, 128)),
         ("1M read depth 4", "op=read bs=1M depth=4"),
         ("1M write depth 4", "op=write bs=1M depth=4")]

CASES = [("raw", "native", 1), ("raw", "native", 4), ("raw", "io_uring", 1),
         ("qcow2", "native", 1), ("qcow2", "native", 4),
         ("qcow2", "io_uring", 1)]


def make_disks(folder):
    """By format: files whose data were written, none of which is a hole."""
    raw = os.path.join(folder, "raw")
    noise = os.urandom(MIB)
    with open(raw, "wb") as f:
        for _ in range(DISK // MIB):
            f.write(noise)
        os.fsync(f.fileno())
    qcow2 = os.path.join(folder, "qcow2")
    subprocess.run(["qemu-img", "convert", "-O", "qcow2", raw, qcow2],
                   check=True, timeout=120)
    with open(qcow2, "rb") as f:
        os.fsync(f.fileno())
    return {"raw": raw, "qcow2": qcow2}


def takes_direct(path):
    try:
        fd = os.open(path, os.O_RDONLY | os.O_DIRECT)
        try:
            return os.preadv(fd, [mmap.mmap(-1, 4096)], 0) == 4096
        finally:
            os.close(fd)
    except OSError:
        return False


def busy_ns(pid):
    """Nanoseconds that threads have run, but for the virtual processors'."""
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        folder = f"/proc/{pid}/task/{task}"
        try:
            with open(f"{folder}/comm", encoding="utf-8") as f:
                if f.read().startswith("CPU "):
                    continue
            with open(f"{folder}/schedstat", encoding="ascii") as f:
                total += int(f.read().split()[0])
        except OSError:
            continue  # it has ended
    return total


def figures(result, ns):
    """How much in a second, microseconds of CPU for each request, latency."""
    assert result["errors"] == 0, result
    done = result["bytes"] if result["bs"] >= MIB else result["ios"] * 1000
    return (done / result["ns"] * 1e3, ns / 1000 / result["ios"],
            result["p99"] / 1000)


def lines(connection):
    text = b""
    while True:
        line, newline, rest = text.partition(b"\n")
        if newline:
            text = rest
            yield line.decode(errors="replace").strip()
            continue
        data = connection.recv(65536)
        assert data, f"the guest ended: {text}"
        text += data


def listen_to(connection, pid):
    """The figures of each load."""
    found, before = [], 0
    for line in lines(connection):
        if line.startswith("begin "):
            before = busy_ns(pid)
        elif line.startswith("result "):
            found += figures(facts(line), busy_ns(pid) - before)
        elif line == "done":
            return tuple(found)
        assert not line.startswith("failed"), line


class Case:
    def __init__(self, folder, disk, form, aio, queues):
        self.folder = folder
        self.drive = (f"file={disk},format={form},if=none,id=d,cache=none,"
                      f"aio={aio}")
        self.queues = queues
        self.loads = [(name, words) for name, words in LOADS
                      if "1M" not in name or queues == 1]
        self.words = f"seconds={SECONDS} queues={queues} " + "".join(
            f"{words} run " for _, words in self.loads)
        self.names = [f"{form} {aio} q{queues}, {name}, {what}"
                      for name, _ in self.loads
                      for what in ("MB/s" if "1M" in name else "1000/s",
                                   "CPU us", "p99 us")]

    def measure(self, program, n, device, *args):
        path, listener = listen(self.folder, f"disk{n}")
        process, connection, _ = run(
            program, listener, "-serial", f"unix:{path}", "-no-reboot",
            "-kernel", guest_image(), "-append", self.words, "-device",
            "isa-debug-exit", "-drive", self.drive, *args, "-device",
            f"virtio-blk-pci,drive=d,num-queues={self.queues}{device}")
        connection.settimeout(LIMIT)
        try:
            return listen_to(connection, process.pid)
        finally:
            end(process, connection)
            os.unlink(path)

    def bench(self):
        rows = in_turn(
            RUNS, lambda n: self.measure(PCVM, n, ""),
            lambda n: self.measure(QEMU, n, ",iothread=t0", "-name",
                                   "bench,debug-threads=on", "-object",
                                   "iothread,id=t0"))
        show(rows, *self.names)


def bench():
    cases = CASES[:2] if QUICK else CASES
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        disks = make_disks(folder)
        if not takes_direct(disks["raw"]):
            print("disk: skipped, no O_DIRECT in /var/tmp", flush=True)
            return
        for form, aio, queues in cases:
            Case(folder, disks[form], form, aio, queues).bench()
