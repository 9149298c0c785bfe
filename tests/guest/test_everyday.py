# SPDX-License-Identifier: GPL-2.0-or-later
"""
The lines that people type and have in their scripts, as they are typed.

More of them are in tests/slow/test_everyday_lines.py: each boots a guest.
"""
import os
import pty
import re
import signal
import subprocess
import time
from contextlib import contextmanager

from guest.everyday import BLUE, BOOT, NOTE, Host
from guest.test_background import is_alive, until
from guest.vm import PCVM, Stream, needs

MIB = 1 << 20
E1000, RTL8139, VIRTIO = "100e8086", "813910ec", "10001af4"


def note(medium, cpus, logical, cores, mib, nic):
    """What everyday.S writes where it finds this."""
    return f"{medium}{cpus}{logical}{cores}{mib:08x}{nic}"


def ends(host, pids):
    for pid in pids:
        os.kill(pid, signal.SIGTERM)
    for pid in pids:
        until(lambda pid=pid: not is_alive(pid), 60)


@contextmanager
def foreground(host, line):
    """A line that runs until it is told to end, which it does well."""
    args, env = host.shell("exec " + line)
    process = subprocess.Popen(args, env=env, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, text=True,
                               stderr=subprocess.STDOUT)
    try:
        yield process
        assert process.poll() is None, process.communicate()
        process.terminate()
        said = process.communicate(timeout=60)[0]
        assert process.returncode == 0, (line, said)
        assert "terminating on signal 15" in said
    finally:
        process.kill()
        process.wait(20)
        process.stdout.close()


@contextmanager
def background(host, *lines):
    """Lines that come back at once; their machines end well."""
    for line in lines:
        done = host.type(line)
        assert done.returncode == 0, (line, done)
        assert not re.search(r"rror|annot", done.stdout + done.stderr), done
    pids = host.machines()
    try:
        assert len(pids) == len(lines)
        yield
        ends(host, pids)
        until(lambda: host.interfaces() == ["br0"], 60)
    finally:
        for pid in filter(is_alive, pids):
            os.kill(pid, signal.SIGKILL)


def shows(host, display, name):
    """A viewer sees the disk's colour, and whose screen it is."""
    end = time.monotonic() + BOOT
    while True:
        title, size, seen = host.screen(display)
        if seen == {BLUE}:
            break
        assert time.monotonic() < end, (size, seen)
    program = "pcvm" if host.program == PCVM else "QEMU"
    assert (title, size) == (f"{program} ({name})", (720, 400))


def intact(host, image):
    """All that was written has arrived, and nothing leaks."""
    done = host.type(f"qemu-img check {image}")
    assert done.returncode == 0, done
    os.remove(host.path(image))


def runs(host, line, image, notes, vnc=None, name=None):
    with foreground(host, line):
        assert host.notes(image, len(notes)) == notes, line
        if vnc is not None:
            shows(host, vnc, name)
    if ".img" not in image:
        intact(host, image)


def test_a_hard_disk():
    with Host() as host:
        host.disk("disk.img", "raw")
        runs(host, "qemu-kvm -m 128 -smp 2 -name test -hda disk.img",
             "disk.img", [note("D", 2, 2, 2, 128, E1000)], 0, "test")


CENTOS = ("qemu-kvm -name centos7 -m 512 -cpu host -smp 2,cores=2,sockets=1 "
          "-drive file=centos7.img,if=virtio,media=disk,cache=writeback,"
          "format=qcow2")


@contextmanager
def nographic(host):
    """The guest's serial line and the monitor, on a terminal."""
    args, env = host.shell("exec " + CENTOS + " -nographic")
    master, slave = pty.openpty()
    process = subprocess.Popen(args, env=env, stdin=slave, stdout=slave,
                               stderr=slave, start_new_session=True)
    os.close(slave)
    try:
        stream = Stream(master)
        yield stream
        stream.send("\x01x")
        stream.expect("Terminated", 60)
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait(20)
        os.close(master)


def answers(stream):
    """The monitor does, for the machine of the line."""
    stream.send("\x01c")
    stream.expect(r"\(qemu\) ", 60)
    stream.send("info name\r")
    stream.expect("centos7\r", 60)
    stream.send("info cpus\r")
    assert stream.expect(r"CPU #0.*\(qemu\) ", 60).count("CPU #") == 2


def test_on_a_terminal():
    with Host() as host:
        host.disk("centos7.img")
        with nographic(host) as stream:
            assert note("D", 2, 2, 2, 512, E1000) in stream.expect(
                NOTE.decode().replace(r"\n", "\r?\n"), BOOT)
            answers(stream)
        intact(host, "centos7.img")


def bridged(host, *names):
    for name in names:
        words = host.interface(name)
        assert "UP" in words and "master br0" in words, words


def test_in_the_background():
    with Host() as host:
        host.disk("c1.img")
        host.disk("c2.qcow2")
        with background(
                host, "qemu-kvm -name c1 -m 256m -smp 2 -drive file=c1.img,"
                "media=disk,if=virtio,format=qcow2 -net nic,model=virtio,"
                "macaddr=52:54:00:00:aa:11 -net tap,ifname=tap1,"
                "script=/etc/qemu-ifup -daemonize -vnc :0",
                "qemu-kvm -name c2 -smp 2,maxcpus=4,sockets=2,cores=2 -m 128 "
                "-drive file=c2.qcow2,if=virtio -vnc :1 -daemonize -net nic,"
                "model=e1000,macaddr=52:54:00:00:00:11 -net tap,"
                "script=/etc/qemu-ifup"):
            bridged(host, "tap1", "tap0")
            assert host.notes("c1.img", 1) == [note("D", 2, 2, 2, 256, VIRTIO)]
            assert host.notes("c2.qcow2", 1) == [note("D", 2, 2, 2, 128, E1000)]
            shows(host, 0, "c1")
            shows(host, 1, "c2")
        intact(host, "c1.img")
        intact(host, "c2.qcow2")
        host.disk("xp.qcow2")
        host.cd("xp.iso")
        with background(
                host, "qemu-kvm -name winxp -smp 1,maxcpus=2,sockets=1,cores=2 "
                "-m 1024 -drive file=xp.qcow2,media=disk,cache=writeback,"
                "format=qcow2 -drive file=xp.iso,media=cdrom -boot "
                "order=dc,once=d -vnc :1 -net nic,model=rtl8139,"
                "macaddr=52:54:00:00:aa:11 -net tap,ifname=tap1,"
                "script=/etc/qemu-ifup -daemonize"):
            bridged(host, "tap1")
            assert host.notes("xp.qcow2", 3) == [
                note(m, 1, 2, 2, 1024, RTL8139) for m in "CCD"]
            shows(host, 1, "winxp")
        intact(host, "xp.qcow2")


IMAGES = ("qemu-img create -f qcow2 -o preallocation=metadata,size=80G "
          "centos.img", "qemu-img info centos.img",
          "qemu-img create -f qcow2 -b base.qcow2 -F qcow2 over.qcow2",
          "qemu-img info over.qcow2")


def test_images():
    """Word for word as qemu-img says it."""
    needs("/usr/bin/qemu-img")
    with Host() as host:
        host.disk("base.qcow2")
        for line in IMAGES:
            done = host.type(line)
            theirs = host.type(line.replace("qemu-img", "/usr/bin/qemu-img"))
            assert (done.returncode, done.stderr) == (0, ""), done
            assert done.stdout == theirs.stdout, (done, theirs)
