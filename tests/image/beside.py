# SPDX-License-Identifier: GPL-2.0-or-later
"""pcvm-img beside the real qemu-img, on the same images."""
import os
import re
import struct

from image.side import PCVM, Sides, run

QEMU = "qemu-img"
TIMES = re.compile(r'\d{4}-\d\d-\d\d \d\d:\d\d:\d\d|"date-n?sec": \d+')
HOST_SIZES = re.compile(r'disk size: .*|"actual-size": \d+')


class Beside(Sides):
    """The same command lines to both, told apart by what they print and do."""

    def __init__(self):
        super().__init__(QEMU, "qemu-io")
        self.img = self.own[QEMU]
        os.symlink(PCVM, os.path.join(self.top, "pcvm-img"))

    def run(self, tool, *args, cwd=None):
        """(exit status, stdout, stderr)"""
        out, err, status = run([tool, *args], cwd or self.ours)
        return status, out, err

    def prepare(self, *commands):
        """Runs qemu's tools in both folders: "img create ...", "io write ..."."""
        for command in commands:
            tool, *args = command.split(" ")
            if tool == "io":
                args = ["-c", " ".join(args[:-1]), args[-1]]
            for cwd in (self.ours, self.theirs):
                status, _, err = self.run("qemu-" + tool, *args, cwd=cwd)
                assert status == 0, (command, err)

    def both(self, line, want=None, clean=lambda text: text):
        """The same command in both folders: the same output, the same status."""
        args = line if isinstance(line, list) else line.split(" ")
        theirs = self.run(QEMU, *args, cwd=self.theirs)
        ours = self.run(self.img, *args, cwd=self.ours)
        assert theirs[0] == ours[0], (line, theirs, ours)
        assert want is None or ours[0] == want, (line, ours)
        assert clean(theirs[1]) == clean(ours[1]), \
            f"{line}\n--- theirs\n{theirs[1]}--- ours\n{ours[1]}{ours[2]}"
        if ours[0] == 1 and theirs[2] and not theirs[1]:
            is_one_line(ours[2])
        return ours

    def damage(self, name, change):
        """Lets change alter the bytes of an image, the same in both folders."""
        for folder in (self.ours, self.theirs):
            with open(os.path.join(folder, name), "r+b") as f:
                change(f)

    def path(self, name):
        return os.path.join(self.ours, name)


def is_one_line(err):
    assert re.fullmatch(r"qemu-img: .{10,}\n", err), err


def no_times(text):
    return TIMES.sub("TIME", text)


def no_host(text):
    return HOST_SIZES.sub("SIZE", no_times(text))


def read_be64(f, at):
    f.seek(at)
    return struct.unpack(">Q", f.read(8))[0]


def set_refcounts(counts):
    """A change: {cluster: refcount} of an image with refcounts of 16 bits."""
    def change(f):
        block = read_be64(f, read_be64(f, 48))
        for cluster, count in counts.items():
            f.seek(block + 2 * cluster)
            f.write(struct.pack(">H", count))
    return change


def set_be64(at, value):
    def change(f):
        f.seek(at)
        f.write(struct.pack(">Q", value))
    return change
