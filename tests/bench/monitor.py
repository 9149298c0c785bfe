# SPDX-License-Identifier: GPL-2.0-or-later
"""
What whoever starts machines by script waits for, and what each costs: the
first answer of QMP, the longest of the everyday lines, and fifty idle machines
that are started at once.
"""
import os
import re
import subprocess
import tempfile
import time

from run import Skip

from bench.machine import PCVM, QEMU, listen
from bench.rows import in_turn, show
from bench.start import bios, resident_kb
from guest.everyday import Host
from guest.vm import Stream

RUNS = 15
LONG_RUNS = 3
MACHINES = 50
RAM_MB = 1024  # of the longest line
LONGEST = (
    "qemu-kvm -name winxp -smp 1,maxcpus=2,sockets=1,cores=2 -m 1024 "
    "-drive file=xp.qcow2,media=disk,cache=writeback,format=qcow2 "
    "-drive file=xp.iso,media=cdrom -boot order=dc,once=d -vnc :1 "
    "-net nic,model=rtl8139,macaddr=52:54:00:00:aa:11 "
    "-net tap,ifname=tap1,script=/etc/qemu-ifup -daemonize")
SECONDS = 120


def quiet(args):
    return subprocess.Popen(args, stdin=subprocess.DEVNULL,
                            stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL)


def version(program):
    begin = time.monotonic()
    subprocess.run([*program, "--version"], stdout=subprocess.DEVNULL,
                   check=True)
    return ((time.monotonic() - begin) * 1000,)


def answer(listener):
    """Waits for a machine's first answer; returns the connection."""
    connection, _ = listener.accept()
    listener.close()
    stream = Stream(connection.fileno())
    stream.expect(r"QMP.*\n", SECONDS)
    stream.send('{"execute": "qmp_capabilities"}\n{"execute": "query-status"}\n')
    stream.expect(r"return.*return.*\n", SECONDS)
    return connection


def end(processes, connections):
    for process in processes:
        process.kill()
    for process in processes:
        process.wait(SECONDS)
    for connection in connections:
        connection.close()


def first_answer(program, folder, n):
    path, listener = listen(folder, f"qmp{n}")
    begin = time.monotonic()
    process = quiet([*program, "-m", "128", "-display", "none", "-net", "none",
                     "-qmp", f"unix:{path}"])
    connection = answer(listener)
    seconds = time.monotonic() - begin
    end([process], [connection])
    return (seconds * 1000,)


def pss_kb(pid):
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as f:
        return int(re.search(r"^Pss: +(\d+) kB", f.read(), re.M)[1])


def fifty(program, folder, name):
    """Seconds until the last has answered, and MiB that all have then."""
    places = [listen(folder, f"{name}{n}") for n in range(MACHINES)]
    for _, listener in places:
        listener.settimeout(SECONDS)
    begin = time.monotonic()
    processes = [quiet([*program, "-m", "32", "-nodefaults", "-display", "none",
                        "-bios", os.path.join(folder, "bios"), "-qmp",
                        f"unix:{path}"]) for path, _ in places]
    connections = [answer(listener) for _, listener in places]
    seconds = time.monotonic() - begin
    kb = sum(pss_kb(p.pid) for p in processes)
    end(processes, connections)
    return seconds, kb / 1024


def longest_line(program):
    """MiB beyond guest RAM, of all its processes, when its CD has booted."""
    with Host(program) as host:
        host.disk("xp.qcow2")
        host.cd("xp.iso")
        done = host.type(LONGEST)
        assert done.returncode == 0, done
        pid, = host.machines()
        try:
            host.screen(1)
            host.notes("xp.qcow2", 1)
            beside = sum(pss_kb(p) for p in host.processes() if p != pid)
            return ((resident_kb(pid, RAM_MB) + beside) / 1024,)
        finally:
            os.kill(pid, 9)
            while host.machines():
                time.sleep(0.05)


def bench():
    with tempfile.TemporaryDirectory() as folder:
        bios(os.path.join(folder, "bios"))
        show(in_turn(RUNS, lambda n: version(PCVM), lambda n: version(QEMU[:1])),
             "--version, ms")
        show(in_turn(RUNS, lambda n: first_answer(PCVM, folder, n),
                     lambda n: first_answer(QEMU, folder, n)),
             "exec to QMP's first answer, ms")
        show(in_turn(1, lambda n: fifty(PCVM, folder, "ours"),
                     lambda n: fifty(QEMU, folder, "theirs")),
             "50 idle machines: to the last answer, s",
             "50 idle machines: resident, MiB")
        try:
            show(in_turn(LONG_RUNS, lambda n: longest_line(None),
                         lambda n: longest_line(QEMU[0])),
                 "longest everyday line beyond RAM, MiB")
        except Skip as e:
            print(f"longest everyday line: skipped: {e}")
