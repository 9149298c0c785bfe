# SPDX-License-Identifier: GPL-2.0-or-later
"""-nographic on a real terminal: the mux's keys, and modes put back."""
import os
import pty
import signal
import subprocess
import termios
import time

from guest.vm import PCVM, Stream, needs_kvm


class Terminal:
    def __init__(self, *args):
        needs_kvm()
        self.master, self.slave = pty.openpty()
        self.before = termios.tcgetattr(self.slave)
        self.process = subprocess.Popen(
            [PCVM, "-m", "64", *args], stdin=self.slave, stdout=self.slave,
            stderr=self.slave, start_new_session=True)
        self.stream = Stream(self.master)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(20)
        os.close(self.master)
        os.close(self.slave)

    def restored(self):
        return termios.tcgetattr(self.slave) == self.before


def test_keys_of_the_mux():
    with Terminal("-nographic") as t:
        t.stream.expect(r"iPXE|SeaBIOS|bit 0\]|\n", 30)
        t.stream.send("\x01h")
        t.stream.expect(r"C-a x +exit", 20)
        t.stream.send("\x01c")
        t.stream.expect(r"\(qemu\) ", 20)
        t.stream.send("info status\r")
        t.stream.expect(r"VM status: running", 20)
        assert not t.restored()
        t.stream.send("\x01x")
        t.stream.expect(r"Terminated", 20)
        assert t.process.wait(20) == 0
        assert t.restored()


def rest(t):
    """What it says after what was expected, until it has ended."""
    assert t.process.wait(20) is not None
    os.set_blocking(t.master, False)
    seen = t.stream.seen[t.stream.taken:]
    try:
        return seen + os.read(t.master, 65536)
    except BlockingIOError:
        return seen


def test_nothing_after_the_last_command():
    with Terminal("-S", "-display", "none", "-monitor", "stdio") as t:
        t.stream.expect(r"\(qemu\) ", 20)
        t.stream.send("quit\r")
        t.stream.expect(r"quit\r\r?\n", 20)
        assert rest(t) == b""


def test_a_signal_shows_no_monitor():
    with Terminal("-S", "-nographic", "-cpu", "kvm64,-sse3") as t:
        for _ in range(200):
            if not t.restored():
                break
            time.sleep(0.05)
        t.process.send_signal(signal.SIGTERM)
        t.stream.expect(r"terminating on signal 15[^\n]*\n", 20)
        assert rest(t) == b""


def ends_by(sig, status):
    with Terminal("-S", "-nographic") as t:
        t.stream.send("\x01c")
        t.stream.expect(r"\(qemu\) ", 20)
        assert not t.restored()
        t.process.send_signal(sig)
        assert t.process.wait(20) == status
        assert t.restored()


def test_modes_are_restored_after_sigterm():
    ends_by(signal.SIGTERM, 0)


def test_modes_are_restored_after_a_crash():
    ends_by(signal.SIGSEGV, -signal.SIGSEGV)


def test_modes_are_restored_after_an_error():
    with Terminal("-nographic", "-hda", "/nonexistent") as t:
        assert t.process.wait(20) == 1
        assert t.restored()
