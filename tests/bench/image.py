# SPDX-License-Identifier: GPL-2.0-or-later
"""pcvm-img beside qemu-img: each command's time as a whole process."""
import os
import random
import subprocess
import tempfile
import threading
import time

from bench.rows import in_turn, show

RUNS = 5
LIMIT = 120  # seconds for one command
MIB = 1 << 20
DISK = 256  # MiB
REQUESTS = 8192
NEW = 2048  # requests that allocate
STEP = 9 * MIB + 4096  # so far apart that nothing is merged


def make_disk(path):
    """A third each of zeros, text-like data and noise, in pieces of 1 MiB."""
    noise = random.Random(1)
    words = [noise.randbytes(8) for _ in range(64)]
    with open(path, "wb") as f:
        for n in range(DISK):
            if n % 3 == 1:
                f.write(b"".join(noise.choices(words, k=MIB // 8)))
            elif n % 3 == 2:
                f.write(noise.randbytes(MIB))
            else:
                f.seek(MIB, os.SEEK_CUR)
        f.truncate(DISK * MIB)


class Images:
    def __init__(self, folder):
        self.folder = folder
        self.ours = os.path.join(folder, "pcvm-img")
        os.symlink(os.path.abspath("pcvm"), self.ours)
        make_disk(os.path.join(folder, "raw"))
        self.run("qemu-img", "convert", "-O", "qcow2", "raw", "qcow2")
        self.fragment("parts")

    def run(self, *command):
        # wait() with a timeout would look every 50 ms
        begin = time.monotonic()
        process = subprocess.Popen(command, cwd=self.folder,
                                   stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL)
        timer = threading.Timer(LIMIT, process.kill)
        timer.start()
        status = process.wait()
        milliseconds = (time.monotonic() - begin) * 1000
        timer.cancel()
        assert status == 0, (command, status)
        return (milliseconds,)

    def fragment(self, name):
        """Every other cluster of 1 GiB, in a random order."""
        self.run("qemu-img", "create", "-f", "qcow2", name, "1G")
        places = list(range(0, 1 << 30, 1 << 17))
        random.Random(2).shuffle(places)
        commands = "".join(f"write -q {p} 64k\n" for p in places)
        subprocess.run(["qemu-io", "-t", "unsafe", name], input=commands,
                       text=True, cwd=self.folder, check=True, timeout=LIMIT,
                       stdout=subprocess.DEVNULL)

    def compare(self, what, *args, fresh=False):
        def run(name, n):
            if fresh:
                self.run("qemu-img", "create", "-f", "qcow2", f"o{n}", "1G")
            return self.run(name, *(a.replace("@", f"o{n}") for a in args))

        def program(name):
            return lambda n: run(name, n)
        show(in_turn(RUNS, program(self.ours), program("qemu-img")),
             f"{what}, ms")
        for n in range(2 * RUNS):
            if os.path.exists(os.path.join(self.folder, f"o{n}")):
                os.unlink(os.path.join(self.folder, f"o{n}"))

    def requests(self, form, aio, depth, write):
        self.compare(f"bench {form} {aio} {'write' if write else 'read'} "
                     f"depth {depth}", "bench", "-f", form, "-t", "none", "-i",
                     aio, "-c", str(REQUESTS), "-d", str(depth), "-s", "4096",
                     "-S", str(STEP), *(["-w"] if write else []), form)


    def allocate(self, size, step, depth):
        """Writes that make clusters: 4k to one each, or one after another."""
        self.compare(f"bench allocate {size // 1024}k each {step // 1024}k "
                     f"depth {depth}", "bench", "-w", "-f", "qcow2", "-t",
                     "none", "-i", "native", "-c", str(NEW), "-d", str(depth),
                     "-s", str(size), "-S", str(step), "@", fresh=True)


def bench():
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        images = Images(folder)
        images.compare("start: --version", "--version")
        images.compare("create 100G", "create", "-f", "qcow2", "@", "100G")
        images.compare("info", "info", "qcow2")
        images.compare("map of a fragmented image", "map", "parts")
        images.compare("convert raw to qcow2", "convert", "-O", "qcow2", "raw",
                       "@")
        images.compare("convert qcow2 to raw", "convert", "-O", "raw", "qcow2",
                       "@")
        images.compare("convert -c", "convert", "-c", "-O", "qcow2", "raw", "@")
        for form in ("raw", "qcow2"):
            for aio in ("threads", "native", "io_uring"):
                for depth in (1, 32):
                    images.requests(form, aio, depth, False)
                    images.requests(form, aio, depth, True)
        for size, step in ((4096, 4096), (4096, 65536), (65536, 65536)):
            for depth in (1, 32):
                images.allocate(size, step, depth)
