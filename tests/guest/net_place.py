# SPDX-License-Identifier: GPL-2.0-or-later
"""Network namespaces for tests, which go with them."""
import ctypes
import os
import re
import socket
import subprocess
import tempfile

from run import Skip

from guest.vm import needs, needs_kvm

CLONE_NEWNET = 0x40000000


def needs_namespaces():
    needs_kvm()
    needs("unshare", "ip", "setpriv")
    done = subprocess.run(["unshare", "-n", "ip", "tuntap", "add", "mode", "tap"],
                          capture_output=True, check=False)
    if done.returncode:
        raise Skip("network namespaces with taps are not permitted here")


class Place:
    """A network namespace and a folder with scripts that tell of calls."""

    namespaces = ["-n"]

    def setup(self):
        """What a shell does first in there."""
        return ""

    def __enter__(self):
        needs_namespaces()
        self.folder = tempfile.TemporaryDirectory(prefix="pcvm-net-")
        self.calls_file = os.path.join(self.folder.name, "calls")
        self.holder = subprocess.Popen(
            ["unshare", *self.namespaces, "sh", "-ec",
             f"{self.setup()}\necho made\nexec cat"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE)
        if self.holder.stdout.readline() != b"made\n":
            raise Skip("namespaces: "
                       + self.holder.communicate()[1].decode())
        return self

    def __exit__(self, *_):
        self.holder.kill()
        self.holder.communicate()
        self.folder.cleanup()

    def inside(self, *args):
        return ["nsenter", *self.namespaces, "-t", str(self.holder.pid), "--",
                *args]

    def connect(self, port):
        """A connection to a port in there, for whoever is outside."""
        libc = ctypes.CDLL(None, use_errno=True)
        with open("/proc/thread-self/ns/net", "rb") as here, \
                open(f"/proc/{self.holder.pid}/ns/net", "rb") as there:
            assert libc.setns(there.fileno(), CLONE_NEWNET) == 0
            try:
                return socket.create_connection(("127.0.0.1", port), 30)
            finally:
                assert libc.setns(here.fileno(), CLONE_NEWNET) == 0

    def script(self, name, status=0, more=""):
        path = os.path.join(self.folder.name, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(f"#!/bin/sh\necho {name} $* $(ls /proc/self/fd | wc -l)"
                    f" >>{self.calls_file}\n{more}\nexit {status}\n")
        os.chmod(path, 0o755)
        return path

    def etc(self, **files):
        """A command's beginning that gives it an /etc with other files, too."""
        for name, text in files.items():
            path = os.path.join(self.folder.name, "etc", name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as f:
                f.write(text)
            os.chmod(path, 0o755)
        args = ["unshare", "-m", "sh", "-c", "mount -t overlay none /etc -o lowerdir="
                f'{self.folder.name}/etc:/etc && exec "$@"', "sh"]
        if subprocess.run([*args, "true"], check=False, capture_output=True).returncode:
            raise Skip("no overlay may be mounted here")
        return args

    def calls(self):
        """[(script, argument)], each of which had no files of ours open."""
        with open(self.calls_file, encoding="utf-8") as f:
            lines = [line.split() for line in f]
        assert all(line[2:] == ["4"] for line in lines), lines
        return [tuple(line[:2]) for line in lines]

    def interfaces(self):
        done = subprocess.run(self.inside("ip", "-br", "link"), text=True,
                              capture_output=True, check=True)
        return sorted(set(re.findall(r"^(\w+)", done.stdout, re.M)) - {"lo"})
