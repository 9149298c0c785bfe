#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The Linux guest of the tests: built once per machine, booted by the tests.

As a program (make guest-kernel) it builds what is missing and prints paths.

    with Linux("-device", "e1000", cpus=2) as guest:
        guest.prompt()
        found = guest.test("pci")
        assert any("8086:100e" in line for line in found.data)
        guest.shell("ip link set eth0 up")

What a test can ask for is listed by `t` at the guest's prompt; linux/guest.h
says how tests report.
"""
import collections
import fcntl
import gzip
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
if __name__ == "__main__":
    import types

    class _Skip(Exception):
        pass

    sys.path.insert(0, os.path.dirname(HERE))
    sys.modules["run"] = types.SimpleNamespace(Skip=_Skip)

from guest.vm import Vm  # noqa: E402
from run import Skip  # noqa: E402

RECIPE = os.path.join(HERE, "linux")
CACHE = os.path.join(os.environ.get("XDG_CACHE_HOME") or
                     os.path.expanduser("~/.cache"), "pcvm-guest")
LIMIT = 3600  # seconds for the kernel, on a busy machine
# The kernel's image in each of them: gzip, xz, lzma, lz4, zstd...
COMPRESSIONS = os.environ.get("GUEST_COMPRESSION", "gzip").split()
BUSYBOX = "/bin/busybox"
CFLAGS = ["-std=c11", "-D_GNU_SOURCE", "-O2", "-static", "-s", "-Wall",
          "-Wextra", "-Werror", "-Wno-unused-parameter",
          "-Wno-missing-field-initializers"]

Files = collections.namedtuple("Files", "vmlinux bzimage initrd initrd_gz map")
Result = collections.namedtuple("Result", "name ok detail data")


def _version(package):
    done = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", package],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          text=True, check=False)
    if done.returncode or not done.stdout:
        raise Skip(f"{package} is not installed (configure --deps)")
    return done.stdout


def _hash(*parts):
    """Of texts, and of what is in files, which are given by their paths."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode()
        if os.path.isabs(part):
            with open(part, "rb") as f:
                data = f.read()
        digest.update(len(data).to_bytes(8, "little") + data)
    return digest.hexdigest()[:16]


def _cached(name, build):
    """The folder that build(folder) fills, by one process at a time."""
    path = os.path.join(CACHE, name)
    if os.path.isdir(path):
        return path
    os.makedirs(CACHE, exist_ok=True)
    with open(path + ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.isdir(path):
            new = path + ".new"  # what is there was left by one that died
            shutil.rmtree(new, ignore_errors=True)
            os.mkdir(new)
            try:
                build(new)
                os.rename(new, path)
            finally:
                shutil.rmtree(new, ignore_errors=True)
    return path


def _run(args, limit):
    """Runs a command and, when it takes too long, ends all it started."""
    with subprocess.Popen(args, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          start_new_session=True) as process:
        try:
            output, _ = process.communicate(timeout=limit)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    if process.returncode:
        raise AssertionError(f"{args[0]} ended with {process.returncode}: "
                             + output[-3000:].decode(errors="replace"))


def _build_kernel(folder):
    print("building the test guest's Linux: minutes, but once per machine",
          file=sys.stderr, flush=True)
    _run([os.path.join(RECIPE, "kernel.sh"), folder, *COMPRESSIONS], LIMIT)


def _cpio(entries):
    """A "newc" archive (the kernel's buffer-format.rst) of (path, mode, data)."""
    archive = bytearray()
    for inode, (path, mode, data) in enumerate(
            [*entries, ("TRAILER!!!", 0, b"")]):
        name = path.encode() + b"\0"
        fields = (inode, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name), 0)
        archive += b"070701" + b"".join(b"%08x" % f for f in fields) + name
        archive += bytes(-len(archive) % 4) + data
        archive += bytes(-len(archive) % 4)
    return bytes(archive) + bytes(-len(archive) % 512)


def _sources(*ends):
    return sorted(os.path.join(RECIPE, f) for f in os.listdir(RECIPE)
                  if f.endswith(ends))


def _build_initrd(folder):
    program = os.path.join(folder, "t")
    _run(["gcc", *CFLAGS, "-o", program, *_sources(".c")], 300)
    with open(program, "rb") as f, open(BUSYBOX, "rb") as b:
        own, busybox = f.read(), b.read()
    # busybox runs its applets without links to them; sh is for scripts
    archive = _cpio([("dev", 0o40755, b""), ("bin", 0o40755, b""),
                     ("tmp", 0o41777, b""), ("init", 0o100755, own),
                     ("bin/t", 0o120777, b"/init"),
                     ("bin/busybox", 0o100755, busybox),
                     ("bin/sh", 0o120777, b"busybox")])
    with open(os.path.join(folder, "initrd"), "wb") as f:
        f.write(archive)
    with open(os.path.join(folder, "initrd.gz"), "wb") as f:
        f.write(gzip.compress(archive, mtime=0))


def guest_kernel():
    """Paths of the kernel and its initramfs, built where they are missing."""
    recipe, config = (os.path.join(RECIPE, f)
                      for f in ("kernel.sh", "kernel.config"))
    kernel = _cached("kernel-" + _hash(recipe, config, *COMPRESSIONS,
                                       _version("linux-source-6.1")),
                     _build_kernel)
    _version("busybox-static")
    initrd = _cached("initrd-" + _hash(*_sources(".c", ".h"), *CFLAGS, BUSYBOX,
                                       os.path.abspath(__file__)),
                     _build_initrd)
    return Files(f"{kernel}/vmlinux", f"{kernel}/bzImage-{COMPRESSIONS[0]}",
                 f"{initrd}/initrd", f"{initrd}/initrd.gz",
                 f"{kernel}/System.map")


# What a command line says so that the kernel does little, and nothing that
# KVM's emulator cannot do (KVM-HOSTS.md), where that can be chosen.
# Mitigations, KASLR, PTI and patching of locks are off in its configuration.
# Calibration is skipped where KVM says the TSC's frequency.  Each word more
# costs too: the kernel looks for it among all that it knows, nine times.
FAST = ("quiet panic=-1 tsc=reliable no_timer_check rodata=off noxsave "
        "clearcpuid=" + ",".join((
            "popcnt", "rdrand", "rdseed", "serialize", "invpcid", "pcid",
            "fsgsbase", "cx16",  # not in KVM's emulator
            "smap", "smep", "umip", "pku",  # what only costs
            "erms", "fsrm")))  # rep movsb: an iteration a byte


# Each device, and each slot that ACPI tells of, takes the kernel a second or so.
LEAN = ("-nodefaults", "-global", "PIIX4_PM.acpi-root-pci-hotplug=off")


class Linux(Vm):
    """
    The guest booted directly, with devices as args say and no others;
    fast=False leaves out what FAST says.  program: None is pcvm; qemu on KVM or, with "-accel",
    "tcg" among args, by itself.
    """

    PROMPT = r"guest# "

    def __init__(self, *args, append="", memory=64, cpus=1, fast=True,
                 kernel=None, initrd=None, program=None, qmp=False):
        files = guest_kernel()
        line = " ".join(filter(None, ["console=ttyS0", FAST if fast else "",
                                      append]))
        super().__init__(*LEAN, "-m", str(memory), "-smp", str(cpus),
                         "-kernel", kernel or files.bzimage,
                         "-initrd", initrd or files.initrd,
                         "-append", line, *args, program=program, qmp=qmp)

    def prompt(self, seconds=120):
        return self.serial.expect(self.PROMPT, seconds)

    def result(self, name=None, seconds=120):
        """The next test that ends, or the next one of this name."""
        text = self.serial.expect(
            rf"(?:^|\n)T: {name or '[^ ]+'} (?:ok|fail)[^\r\n]*(?=\r?\n)", seconds)
        return self.results(text)[-1]

    @staticmethod
    def results(text):
        """Each test that ended in what the console showed."""
        found, data = [], collections.defaultdict(list)
        for kind, name, rest in re.findall(
                r"^([DT]): ([^ \r\n]+) ?([^\r\n]*)", text, re.M):
            if kind == "D":
                data[name].append(rest)
                continue
            verdict, _, detail = rest.partition(" ")
            found.append(Result(name, verdict == "ok", detail,
                                data.pop(name, [])))
        return found

    def test(self, name, *args, seconds=120):
        """Runs a test at the prompt; one that fails is a failure here."""
        self.begin(name, *args)
        result = self.result(name, seconds)
        self.prompt(seconds)
        assert result.ok, result
        return result

    def begin(self, name, *args):
        """Starts a test that waits for something; result() has its end."""
        self.serial.send(" ".join(["t", name, *map(str, args)]) + "\n")

    def shell(self, command, seconds=120):
        """What a command at the prompt prints, and that it succeeded."""
        # what is echoed, wrapped even, has no numbers where these have them
        self.serial.send(r"printf '\n<%d>\n' 0; " + command +
                         r"; printf '\n[%d]\n' $?" + "\n")
        text = self.serial.expect(r"\n\[\d+\]\r?\n.*?" + self.PROMPT, seconds)
        text = text.replace("\r", "").split("\n<0>\n", 1)[1]
        output, status, _ = re.split(r"\n\[(\d+)\]\n", "\n" + text, maxsplit=1)
        assert status == "0", f"{command}: status {status}: {output}"
        return output[1:]


def main():
    try:
        for name, path in guest_kernel()._asdict().items():
            print(f"{name:10} {path}")
    except Skip as reason:
        print("make guest-kernel:", reason)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
