# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest writes to an image on a file system that is full: what werror says
happens, and the image stays clean.

The file system is a small tmpfs that only the machine under test sees, in a
mount namespace of its own; the test reaches it through /proc.
"""
import os
import subprocess
import tempfile

from run import Skip

from guest.images import cached, run_tool
from guest.vm import Vm, needs

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "pc",
                      "writer.S")
WRITES = 16  # as in writer.S
MIB = 1 << 20
ROOM = "40K"  # for the first writes, of 4 KiB each
NO_SPACE = "No space left on device"


def boot_disk():
    needs("gcc", "objcopy")
    with open(SOURCE) as f:
        recipe = f.read()

    def build(path):
        with tempfile.TemporaryDirectory() as folder:
            elf = f"{folder}/elf"
            run_tool("gcc", "-m32", "-nostdlib", "-static", "-Wl,-Ttext,0x7c00",
                     "-Wl,--build-id=none", "-o", elf, SOURCE)
            run_tool("objcopy", "-O", "binary", "-j", ".text", elf, path)
        with open(path, "r+b") as f:
            f.truncate(MIB)

    return cached("writer.img", recipe, build)


class FullDisk:
    """A machine with d.img on a tmpfs that a file fills but for some pages."""

    def __init__(self, fmt, options):
        needs("unshare", "qemu-img", "qemu-io")
        self.folder = tempfile.mkdtemp(prefix="pcvm-full-")
        self.fmt = fmt
        if subprocess.run(["unshare", "-m", "mount", "-t", "tmpfs", "none",
                           self.folder], stderr=subprocess.DEVNULL,
                          check=False).returncode:
            os.rmdir(self.folder)
            raise Skip("no mount namespace of one's own")
        script = (f"mount -t tmpfs -o size=4M none {self.folder} && "
                  f"qemu-img create -q -f {fmt} {self.folder}/d.img 64M && "
                  f"{{ cat /dev/zero >{self.folder}/filler; "
                  f"truncate -s -{ROOM} {self.folder}/filler; }} "
                  "2>/dev/null && exec \"$@\"")
        self.vm = Vm("-nodefaults", "-m", "32", "-drive",
                     f"file={boot_disk()},format=raw,snapshot=on", "-drive",
                     f"file={self.folder}/d.img,format={fmt},node-name=d"
                     f"{options}", qmp=True)
        self.vm.args = ["unshare", "-m", "sh", "-c", script, "sh",
                        *self.vm.args]

    def __enter__(self):
        self.vm.__enter__()
        self.vm.qmp_read()
        self.vm.qmp_call("qmp_capabilities")
        return self

    def __exit__(self, *args):
        self.vm.__exit__(*args)
        os.rmdir(self.folder)

    def path(self, name):
        return f"/proc/{self.vm.process.pid}/root{self.folder}/{name}"

    def event(self, name, seconds=60):
        while True:
            event = self.vm.qmp_read(seconds)
            if event.get("event") == name:
                return event.get("data")

    def make_room(self):
        with open(self.path("filler"), "wb"):
            pass

    def check(self, written=()):
        """No corruption; the MiB that were written are there."""
        image = self.path("d.img")
        with tempfile.TemporaryDirectory() as folder:
            self.vm.hmp("stop")  # which flushes, if there is room
            copy = f"{folder}/copy"
            run_tool("cp", image, copy)
            if self.fmt == "qcow2":
                done = subprocess.run(["qemu-img", "check", "-q", copy],
                                      check=False)
                assert done.returncode in (0, 3), done
            for i in written:
                run_tool("qemu-io", "-r", "-f", self.fmt, "-c",
                         f"read -P 0x5a {i * MIB} 4k", copy)


def is_error(data, action):
    want = {"device": "ide0-hd1", "node-name": "d", "operation": "write",
            "action": action, "reason": NO_SPACE}
    if action == "stop":
        want["nospace"] = True
    assert data == want, data


def stops_and_goes_on(fmt, options):
    with FullDisk(fmt, options) as disk:
        is_error(disk.event("BLOCK_IO_ERROR"), "stop")
        disk.event("STOP")
        status = disk.vm.qmp_call("query-status")["return"]["status"]
        assert status == "io-error", status
        assert "I/O status:       nospace" in disk.vm.hmp("info block")
        # Still full: it stops again, and the guest has seen nothing.
        disk.vm.qmp.send('{"execute": "cont"}\n')
        is_error(disk.event("BLOCK_IO_ERROR"), "stop")
        disk.event("STOP")
        disk.check()
        disk.make_room()
        disk.vm.qmp.send('{"execute": "cont"}\n')
        assert "e" not in disk.vm.serial.expect(r"w{16}\.", 60)
        disk.check(range(WRITES))


def test_the_machine_waits_for_space():
    stops_and_goes_on("qcow2", "")


def test_the_machine_waits_for_space_in_a_raw_image():
    stops_and_goes_on("raw", ",werror=enospc")


def test_werror_stop_stops_too():
    stops_and_goes_on("qcow2", ",werror=stop,cache=writethrough")


def test_errors_are_reported_to_the_guest():
    with FullDisk("qcow2", ",werror=report") as disk:
        is_error(disk.event("BLOCK_IO_ERROR"), "report")
        said = disk.vm.serial.expect(r"\.", 60)
        assert "w" in said and "e" in said and len(said) == WRITES + 1, said
        status = disk.vm.qmp_call("query-status")["return"]["status"]
        assert status == "running", status
        disk.make_room()
        # Behind an error SeaBIOS says that all is well, whatever happens.
        disk.check(range(said.index("e")))


def test_errors_are_ignored():
    with FullDisk("qcow2", ",werror=ignore") as disk:
        is_error(disk.event("BLOCK_IO_ERROR"), "ignore")
        assert disk.vm.serial.expect(r"\.", 60) == "w" * WRITES + "."
        disk.make_room()
        disk.check(range(1))
