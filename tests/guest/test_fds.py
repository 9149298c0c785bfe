# SPDX-License-Identifier: GPL-2.0-or-later
"""Files that others open for us: -add-fd, add-fd, getfd, /dev/fdset/N, logfile=."""
import array
import json
import os
import socket
import subprocess
import tempfile
from contextlib import contextmanager

from guest.images import copy_of, sector_disk
from guest.vm import PCVM, needs_kvm
from guest.test_background import until

QUIET = ("-m", "16", "-cpu", "kvm64", "-nodefaults", "-display", "none")


class Client:
    """QMP at a socket that files can be passed by."""

    def __init__(self, *args, files=()):
        needs_kvm()
        self.socket, other = socket.socketpair()
        self.socket.settimeout(60)
        self.process = subprocess.Popen(
            [PCVM, *QUIET, "-chardev", f"socket,id=m,fd={other.fileno()}", "-mon",
             "chardev=m,mode=control", *args],
            pass_fds=(other.fileno(), *files), stdin=subprocess.DEVNULL)
        other.close()
        self.lines = self.socket.makefile("r")
        json.loads(self.lines.readline())
        self.qmp("qmp_capabilities")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait(60)
        self.lines.close()
        self.socket.close()

    def qmp(self, command, files=(), **arguments):
        arguments = {k.replace("_", "-"): v for k, v in arguments.items()}
        data = json.dumps({"execute": command, "arguments": arguments}).encode()
        passed = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", files))]
        self.socket.sendmsg([data], passed if files else [])
        while True:
            reply = json.loads(self.lines.readline())
            if "event" not in reply:
                return reply

    def get(self, command, files=(), **arguments):
        reply = self.qmp(command, files, **arguments)
        assert "return" in reply, reply
        return reply["return"]

    def refused(self, want, command, files=(), **arguments):
        reply = self.qmp(command, files, **arguments)
        assert want in reply["error"]["desc"], reply


@contextmanager
def opened(path, flags):
    fd = os.open(path, flags | os.O_CREAT, 0o600)
    try:
        yield fd
    finally:
        os.close(fd)


def open_files(process):
    return len(os.listdir(f"/proc/{process.pid}/fd"))


def test_files_come_by_the_socket():
    with tempfile.TemporaryDirectory() as d, \
            opened(f"{d}/file", os.O_RDWR) as fd, Client("-S") as vm:
        os.ftruncate(fd, 1 << 20)
        before = open_files(vm.process)
        none = "No file descriptor supplied via SCM_RIGHTS"
        vm.refused(none, "add-fd")
        first = vm.get("add-fd", (fd,))
        assert first["fdset-id"] == 0
        vm.refused(none, "add-fd")
        vm.refused("expects a non-negative value", "add-fd", (fd,), fdset_id=-3)
        vm.refused("a name not starting with a digit", "getfd", (fd,), fdname="1")
        # Only the first counts; and one that nobody took makes room.
        assert vm.get("add-fd", (fd,) * 20, fdset_id=7, opaque="x")["fdset-id"] == 7
        vm.get("query-status", (fd,))
        vm.get("query-status", (fd, fd))
        assert open_files(vm.process) == before + 3
        seventh = vm.get("query-fdsets")[0]["fds"][0]
        assert vm.get("query-fdsets") == [
            {"fdset-id": 7, "fds": [{"fd": seventh["fd"], "opaque": "x"}]},
            {"fdset-id": 0, "fds": [{"fd": first["fd"]}]}]
        vm.get("blockdev-add", driver="file", filename="/dev/fdset/7",
               node_name="n")
        vm.get("remove-fd", fdset_id=7)
        vm.refused("'fdset-id:7' not found", "remove-fd", fdset_id=7)
        vm.refused("'fdset-id:0, fd:77' not found", "remove-fd", fdset_id=0, fd=77)
        vm.get("remove-fd", fdset_id=0, fd=first["fd"])
        assert vm.get("query-fdsets") == []
        vm.get("blockdev-del", node_name="n")
        vm.get("getfd", fdname="mine")  # what query-status left
        vm.get("getfd", (fd,), fdname="mine")
        vm.refused("named 'other' not found", "closefd", fdname="other")
        vm.get("closefd", fdname="mine")
        vm.refused("named 'mine' not found", "closefd", fdname="mine")
        assert open_files(vm.process) == before


def test_disk_and_serial_ports_and_their_logs():
    with tempfile.TemporaryDirectory() as d, copy_of(sector_disk()) as disk, \
            opened(disk, os.O_RDWR) as image, \
            opened(f"{d}/serial", os.O_WRONLY) as serial, \
            opened(f"{d}/log", os.O_WRONLY) as log:
        os.write(log, b"before\n")
        with Client("-add-fd", f"fd={image},set=1,opaque=disk",
                    "-drive", "file=/dev/fdset/1,format=raw",
                    "-add-fd", f"fd={serial},set=2", "-add-fd", f"fd={log},set=3",
                    "-chardev", "file,id=s,path=/dev/fdset/2,append=on,"
                    "logfile=/dev/fdset/3,logappend=on", "-serial", "chardev:s",
                    files=(image, serial, log)):
            until(lambda: b"ready" in read(f"{d}/serial"), 300)
            until(lambda: read(f"{d}/log") == b"before\n" + read(f"{d}/serial"),
                  60)


def read(path):
    with open(path, "rb") as f:
        return f.read()
