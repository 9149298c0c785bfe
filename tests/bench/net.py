# SPDX-License-Identifier: GPL-2.0-or-later
"""
A virtio NIC on a tap, driven by polling from ring 3 by the guest of
tests/bench/guest: packets that it sends, which the host drops, and packets
that tests/bench/peer.c sends as fast as the guest answers.

Beside qemu with the same tap.  "CPU" is of all threads but the virtual
processor's, which always works since it polls.  PCVM_BENCH_QUICK=1 takes less
than a minute, and says less.
"""
import os
import subprocess
import tempfile

from bench.disk import busy_ns, lines
from bench.machine import PCVM, QEMU, end, listen, run
from bench.report import facts, guest_image
from bench.rows import in_turn, show

QUICK = bool(os.environ.get("PCVM_BENCH_QUICK"))
RUNS = 2 if QUICK else 5
SECONDS = 0.4 if QUICK else 1
LIMIT = 60  # seconds that the guest may be silent
SPACE = f"pcvm-bench-{os.getpid()}"
TAP = "tap0"

# Name, operation, bytes, packets for an answer (when sent: under way).
LOADS = [("64 B sent", "send", 64, 256), ("1514 B sent", "send", 1514, 256),
         ("64 KiB sent", "send", 65226, 64),
         ("64 B received", "receive", 64, 32),
         ("1514 B received", "receive", 1514, 32),
         ("64 KiB received", "receive", 65226, 2)]


def ip(*args):
    subprocess.run(["ip", *args], check=True, timeout=20,
                   stdin=subprocess.DEVNULL, capture_output=True)


def within(*args):
    return ["ip", "netns", "exec", SPACE, *args]


def make_tap():
    """False: that is not permitted here."""
    try:
        ip("netns", "add", SPACE)
        ip("-n", SPACE, "tuntap", "add", TAP, "mode", "tap", "vnet_hdr")
        subprocess.run(within("sysctl", "-qw",
                              "net.ipv6.conf.all.disable_ipv6=1"),
                       check=False, timeout=20, capture_output=True)
        ip("-n", SPACE, "link", "set", TAP, "up")
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


def peer_program():
    done = subprocess.run(["make", "-s", "bench-peer"], timeout=60,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode == 0, done.stdout
    return os.path.abspath("obj/bench-peer")


class Peer:
    """What sends to the guest while it listens."""

    def __init__(self):
        self.program = peer_program()
        self.process = None

    def begin(self, load):
        if load["op"] == "receive":
            # pylint: disable-next=consider-using-with
            self.process = subprocess.Popen(
                within(self.program, TAP, str(load["bs"]),
                       str(load["depth"])))

    def end(self):
        if self.process:
            self.process.kill()
            self.process.wait(20)
        self.process = None


def listen_to(connection, pid, peer):
    """Thousands of packets in a second, and CPU for each, of all loads."""
    found, before = [], 0
    for line in lines(connection):
        if line.startswith("begin "):
            peer.begin(facts(line))
            before = busy_ns(pid)
        elif line.startswith("result "):
            ns = busy_ns(pid) - before
            peer.end()
            result = facts(line)
            found += (result["ios"] * 1e6 / result["ns"],
                      ns / 1000 / result["ios"])
        elif line == "done":
            return tuple(found)
        assert not line.startswith("failed"), line


def measure(folder, peer, program, n):
    path, listener = listen(folder, f"net{n}")
    words = f"seconds={SECONDS} " + "".join(
        f"op={op} bs={size} depth={depth} run "
        for _, op, size, depth in LOADS)
    process, connection, _ = run(
        within(*program), listener, "-serial", f"unix:{path}", "-no-reboot",
        "-kernel", guest_image(), "-append", words, "-device",
        "isa-debug-exit", "-netdev",
        f"tap,id=n,ifname={TAP},script=no,downscript=no", "-device",
        "virtio-net-pci,netdev=n,romfile=")
    connection.settimeout(LIMIT)
    try:
        return listen_to(connection, process.pid, peer)
    finally:
        peer.end()
        end(process, connection)
        os.unlink(path)


def bench():
    if not make_tap():
        print("net: skipped, no taps may be made here", flush=True)
        return
    try:
        peer = Peer()
        ours = [os.path.abspath(PCVM[0])]
        theirs = [*QEMU, "-name", "bench,debug-threads=on"]
        with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
            rows = in_turn(RUNS, lambda n: measure(folder, peer, ours, n),
                           lambda n: measure(folder, peer, theirs, n))
        show(rows, *(f"{name}, {what}" for name, *_ in LOADS
                     for what in ("1000/s", "CPU us")))
    finally:
        subprocess.run(["ip", "netns", "del", SPACE], check=False, timeout=20)
