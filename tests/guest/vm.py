# SPDX-License-Identifier: GPL-2.0-or-later
"""A virtual machine under test: started, talked to, and always ended."""
import json
import os
import re
import select
import shutil
import socket
import subprocess
import tempfile
import time

from run import Skip

PCVM = os.path.abspath(os.environ.get("PCVM", "pcvm"))
QEMU = "qemu-system-x86_64"


def needs_kvm():
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        raise Skip("no usable /dev/kvm")


def needs(*programs):
    for program in programs:
        if not shutil.which(program):
            raise Skip(f"{program} is not installed")


def needs_file(path):
    if not os.path.exists(path):
        raise Skip(f"no {path} (configure --deps)")


class Stream:
    """Bytes from a file descriptor, waited for by regular expressions."""

    def __init__(self, fd):
        self.fd = fd
        self.seen = b""
        self.taken = 0

    def expect(self, pattern, seconds):
        end = time.monotonic() + seconds
        regex = re.compile(pattern.encode(), re.S)
        while True:
            found = regex.search(self.seen, self.taken)
            if found:
                text = self.seen[self.taken:found.end()]
                self.taken = found.end()
                return text.decode(errors="replace")
            left = end - time.monotonic()
            if left <= 0:
                raise AssertionError(
                    f"no {pattern!r} within {seconds} s; seen: "
                    f"{self.seen[self.taken:][-2000:].decode(errors='replace')}")
            if select.select([self.fd], [], [], min(left, 1))[0]:
                data = os.read(self.fd, 65536)
                if not data:
                    raise AssertionError(
                        f"ended without {pattern!r}; seen: "
                        f"{self.seen[-2000:].decode(errors='replace')}")
                self.seen += data

    def send(self, text):
        os.write(self.fd, text.encode())


class Vm:
    """with Vm("-m", "64") as vm: ..."""

    def __init__(self, *args, program=None, serial=True, monitor=True, qmp=False):
        needs_kvm()
        self.dir = tempfile.mkdtemp(prefix="pcvm-test-")
        self.args = [program or PCVM, "-display", "none", *args]
        if (program or "").startswith("qemu"):
            self.args += ["-accel", "kvm"]
        if "-nodefaults" not in args:  # the default NIC's firmware takes its time
            self.args += ["-net", "none"]
        self.sockets = {}
        for name, wanted, option in (("serial", serial, "-serial"),
                                     ("monitor", monitor, "-monitor"),
                                     ("qmp", qmp, "-qmp")):
            if wanted:
                path = os.path.join(self.dir, name)
                listener = socket.socket(socket.AF_UNIX)
                listener.bind(path)
                listener.listen(1)
                listener.settimeout(0.5)
                self.sockets[name] = listener
                self.args += [option, f"unix:{path}"]
            elif name != "qmp":
                self.args += [option, "none"]
        self.process = None
        self.streams = []

    def _accept(self, listener, seconds=20):
        end = time.monotonic() + seconds
        while True:
            try:
                return listener.accept()[0]
            except TimeoutError as e:
                if time.monotonic() > end or self.process.poll() is not None:
                    stderr = self.stderr()
                    self.__exit__()
                    raise AssertionError(
                        f"{self.args} does not connect: {stderr}") from e

    def __enter__(self):
        self.log = open(os.path.join(self.dir, "stderr"), "w+b")
        self.process = subprocess.Popen(self.args, stdin=subprocess.DEVNULL,
                                        stdout=self.log, stderr=self.log)
        for name, listener in self.sockets.items():
            connection = self._accept(listener)
            listener.close()
            self.streams.append(connection)
            setattr(self, name, Stream(connection.fileno()))
        return self

    def __exit__(self, *_):
        if self.process and self.process.poll() is None:
            self.process.kill()
        if self.process:
            self.process.wait(20)
        for s in self.streams:
            s.close()
        for s in self.sockets.values():
            s.close()
        self.log.close()
        shutil.rmtree(self.dir, ignore_errors=True)

    def stderr(self):
        self.log.flush()
        self.log.seek(0)
        return self.log.read().decode(errors="replace")

    def hmp(self, command, seconds=20):
        """What the human monitor answers, without echo and prompt."""
        if not getattr(self, "prompted", False):
            self.monitor.expect(r"\(qemu\) ", seconds)
            self.prompted = True
        self.monitor.send(command + "\n")
        text = self.monitor.expect(r"\n.*?\(qemu\) ", seconds)
        text = re.sub(r"\x1b\[\d*[KDC]", "", text).replace("\r", "")
        return text.split("\n", 1)[1].rsplit("(qemu) ", 1)[0]

    def qmp_read(self, seconds=20):
        return json.loads(self.qmp.expect(r"\r\n", seconds))

    def qmp_call(self, execute, seconds=20, **arguments):
        message = {"execute": execute}
        if arguments:
            message["arguments"] = {k.replace("_", "-"): v for k, v in arguments.items()}
        self.qmp.send(json.dumps(message) + "\n")
        while True:
            reply = self.qmp_read(seconds)
            if "event" not in reply:
                return reply

    def wait(self, seconds=20):
        return self.process.wait(seconds)


def run(*args, program=None, seconds=20):
    """Runs a command line to its end: exit status, stdout, stderr."""
    done = subprocess.run([program or PCVM, *args], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, timeout=seconds, errors="replace")
    return done.returncode, done.stdout, done.stderr
