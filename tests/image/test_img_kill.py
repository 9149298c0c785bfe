# SPDX-License-Identifier: GPL-2.0-or-later
"""Image tools that are killed at any moment: the images stay clean, and what
they show stays the same."""
import os
import random
import shutil
import subprocess
import time

from image.side import Sides, run

ROUNDS = 8  # of each command
SIZE = "24M"


def build(sides, folder):
    img, io = sides.real["qemu-img"], sides.real["qemu-io"]
    for command in (
            [img, "create", "-q", "-f", "raw", "old", SIZE],
            [io, "-f", "raw", "-c", "write -q -P 1 0 20M", "old"],
            [img, "create", "-q", "-f", "raw", "new", SIZE],
            [io, "-f", "raw", "-c", "write -q -P 2 4M 20M", "new"],
            [img, "create", "-q", "-f", "qcow2", "-b", "old", "-F", "raw",
             "-o", "cluster_size=4k", "mid"],
            [io, "-c", "write -q -P 3 1M 6M", "mid"],
            [img, "create", "-q", "-f", "qcow2", "-b", "mid", "-F", "qcow2",
             "-o", "cluster_size=4k", "top"],
            [io, "-c", "write -q -P 4 2M 6M", "-c", "write -q -z 9M 1M",
             "top"],
            [img, "snapshot", "-c", "s", "top"],
            [io, "-c", "write -q -P 5 3M 6M", "top"],
            [img, "create", "-q", "-f", "qcow2", "-o", "cluster_size=4k",
             "target", SIZE]):
        run(command, folder, check=True)


def shown(sides, folder, name="top"):
    run([sides.real["qemu-img"], "convert", "-O", "raw", name, "flat"], folder,
        check=True)
    with open(os.path.join(folder, "flat"), "rb") as f:
        return f.read()


def kill_soon(command, folder, seconds):
    """Its exit status; negative if it was killed."""
    tool = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL)
    time.sleep(seconds)
    tool.kill()
    return tool.wait(30)


def is_clean(sides, folder, name):
    """qemu sees no corruption, once what is marked as dirty is repaired."""
    run([sides.own["qemu-io"], "-c", "read -q 0 512", name], folder,
        check=True)
    out, err, status = run([sides.real["qemu-img"], "check", "-q", name],
                           folder)
    assert status in (0, 3), (name, out[-500:], err[-500:])


def check_killing(command, same="top", clean=("top", "mid"), tool="qemu-img"):
    rng = random.Random(" ".join(command))
    with Sides("qemu-img", "qemu-io") as sides:
        first = os.path.join(sides.top, "first")
        folder = os.path.join(sides.top, "work")
        os.mkdir(first)
        build(sides, first)
        before = shown(sides, first)
        limit, killed = 0.2, 0
        for _ in range(ROUNDS):
            shutil.copytree(first, folder)
            status = kill_soon([sides.own[tool], *command], folder,
                               rng.uniform(0.001, limit))
            killed += status < 0
            if status >= 0:
                assert status == 0, (command, status)
                limit = max(limit / 2, 0.01)
            for name in clean:
                is_clean(sides, folder, name)
            if same:
                assert shown(sides, folder, same)[:len(before)] == before, \
                    (command, status)
            shutil.rmtree(folder)
        assert killed, command


def test_commit():
    check_killing(["commit", "-q", "-f", "qcow2", "top"])


def test_rebase():
    check_killing(["rebase", "-b", "new", "-F", "raw", "top"])


def test_convert_to_an_image_that_is_there():
    check_killing(["convert", "-n", "-O", "qcow2", "top", "target"],
                  clean=("top", "target"))


def test_convert_compressed():
    check_killing(["convert", "-n", "-c", "-O", "qcow2", "top", "target"],
                  clean=("top", "target"))


def test_snapshots():
    check_killing(["snapshot", "-c", "t", "top"])
    check_killing(["snapshot", "-d", "s", "top"])
    check_killing(["snapshot", "-a", "s", "top"], same=None)


def test_resize():
    check_killing(["resize", "-f", "qcow2", "--preallocation=metadata", "top",
                   "+8M"], same=None)
    check_killing(["resize", "-f", "qcow2", "--shrink", "top", "4M"],
                  same=None)


def test_amend():
    check_killing(["amend", "-o", "refcount_bits=64", "top"])
    check_killing(["amend", "-o", "refcount_bits=8,lazy_refcounts=on", "top"])


def test_writers():
    check_killing(["-c", "write -q -P 7 0 8M", "-c", "write -q -z 4M 8M", "-c",
                   "discard -q 2M 4M", "-c", "write -q -c -P 8 12M 64k",
                   "-c", "flush", "-c", "write -q -P 9 13M 10M", "top"],
                  same=None, tool="qemu-io")
