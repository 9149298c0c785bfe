# SPDX-License-Identifier: GPL-2.0-or-later
"""A host as its users have it: qemu-kvm, images, a bridge, /etc/qemu-ifup."""
import os
import re
import subprocess
import time

from guest import iso
from guest.images import cached, run_tool
from guest.net_place import Place
from guest.rfb import Rfb
from guest.vm import PCVM, needs

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "everyday.S")
PAINT = {"C": 0x4f, "D": 0x1f}  # white on red, white on blue
BLUE = bytes((0, 0, 0xa8))
NOTES = 512  # where they begin on the disk
NOTE = rb"[CD][\x30-\x7f]{3}[0-9a-f]{16}\n"
BOOT = 600
IFUP = """\
#!/bin/sh
switch=br0
if [ -n "$1" ]; then
	ip link set "$1" up
	ip link set "$1" master $switch
	exit 0
else
	echo "Error: no interface specified"
	exit 1
fi
"""


def _program(medium):
    """The code of everyday.S for a medium."""
    needs("gcc")
    flags = ["-m32", "-nostdlib", "-static", "-Wl,-Ttext=0x7c00",
             "-Wl,--build-id=none", "-Wl,--oformat=binary", "-Wl,-e,start",
             f"-DMEDIUM='{medium}'", f"-DPAINT={PAINT[medium]}"]
    with open(SOURCE, encoding="utf-8") as f:
        recipe = " ".join(flags) + f.read()
    path = cached(f"everyday-{medium}", recipe,
                  lambda path: run_tool("gcc", *flags, "-o", path, SOURCE))
    with open(path, "rb") as f:
        return f.read()


class Host(Place):
    """
    Lines run in folder.name, with the images that make() made, in namespaces
    with a bridge br0 and this /etc/qemu-ifup.  With qemu's program they are
    qemu's to run.
    """

    namespaces = ["-n", "-m"]

    def __init__(self, program=None):
        self.program = program or PCVM

    def setup(self):
        d = self.folder.name
        os.mkdir(f"{d}/bin")
        for name in ("qemu-kvm", "qemu-img"):
            os.symlink(PCVM, f"{d}/bin/{name}")
        if self.program != PCVM:
            self.write("bin/new", f'#!/bin/sh\nexec {self.program} '
                       '-accel kvm "$@"\n', 0o755)
            os.rename(f"{d}/bin/new", f"{d}/bin/qemu-kvm")
        self.write("ifup", IFUP, 0o755)
        return (f"cp -a /etc {d}\ncp {d}/ifup {d}/etc/qemu-ifup\n"
                f"mount --bind {d}/etc /etc\nip link set lo up\n"
                "ip link add br0 type bridge\nip link set br0 up\n")

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def write(self, name, text, mode=0o644):
        with open(self.path(name), "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(self.path(name), mode)

    def disk(self, name, form="qcow2"):
        raw = self.path(name + ".raw")
        with open(raw, "wb") as f:
            f.write(_program("D").ljust(NOTES, b"\0") + b"." * 512)
            f.truncate(1 << 20)
        run_tool("qemu-img", "convert", "-O", form, raw, self.path(name))
        os.remove(raw)

    def cd(self, name):
        with open(self.path(name), "wb") as f:
            f.write(iso.image(_program("C")))

    def shell(self, line):
        """What runs a line here as it is typed."""
        args = self.inside("sh", "-c", f"cd {self.folder.name} && {line}")
        return args, dict(os.environ, PATH=f"{self.path('bin')}:"
                          + os.environ["PATH"])

    def type(self, line):
        args, env = self.shell(line)
        return subprocess.run(args, env=env, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, text=True, timeout=60,
                              stderr=subprocess.PIPE, check=False)

    def processes(self):
        """The numbers of machines' processes here, with their parents'."""
        here = os.readlink(f"/proc/{self.holder.pid}/ns/net")
        found = {}
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                if os.readlink(f"/proc/{pid}/ns/net") == here and re.search(
                        "/(pcvm|qemu-system.*)$",
                        os.readlink(f"/proc/{pid}/exe")):
                    with open(f"/proc/{pid}/stat", encoding="utf-8") as f:
                        fields = f.read().rsplit(")", 1)[1].split()
                    found[int(pid)] = int(fields[1])
            except OSError:
                continue
        return found

    def machines(self):
        """Those that run here, without what they have beside them."""
        found = self.processes()
        return [pid for pid, parent in found.items() if parent not in found]

    def notes(self, image, n):
        """What the guest wrote, of which there come to be n."""
        end = time.monotonic() + BOOT
        while True:
            with open(self.path(image), "rb") as f:
                found = re.search(rb"(?:" + NOTE + rb")*\.{32}", f.read())
            notes = re.findall(NOTE, found[0]) if found else []
            if len(notes) == n:
                return [note.decode().strip() for note in notes]
            assert time.monotonic() < end, (image, notes)
            time.sleep(0.2)

    def screen(self, display):
        """The name that a VNC viewer is told, and the screen's colours."""
        with Rfb(self.connect(5900 + display)) as viewer:
            width, height, rows = viewer.picture()
        seen = {bytes(row[i:i + 3]) for row in rows
                for i in range(0, 3 * width, 3)}
        return viewer.name, (width, height), seen

    def interface(self, name):
        """Its words of ip link."""
        done = subprocess.run(self.inside("ip", "link", "show", name),
                              stdout=subprocess.PIPE, text=True, check=True)
        return done.stdout
