# SPDX-License-Identifier: GPL-2.0-or-later
"""Kernels of our own, built by gcc, that report how they were booted."""
import gzip
import os
import shutil
import subprocess
import tempfile

from guest.vm import needs

SOURCES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "kernel")
SETUP_SECTS = 15
SETUP_LEN = (SETUP_SECTS + 1) * 512


class Kernels:
    """with Kernels() as kernels: ... paths by name, built when asked for."""

    def __enter__(self):
        needs("gcc", "objcopy", "ld")
        self.dir = tempfile.mkdtemp(prefix="pcvm-kernel-")
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.dir, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.dir, name)

    def _run(self, *args):
        done = subprocess.run(args, capture_output=True, text=True, timeout=60,
                              check=False)
        assert done.returncode == 0, f"{args}: {done.stderr}"

    def elf(self, kind, base=0x100000, entry="multiboot_entry", bits=32):
        """An ELF image; kind is what entry.S knows."""
        name = self.path(f"{kind}-{base:x}-{bits}")
        if os.path.exists(name):
            return name
        objects = []
        for source in ("entry.S", "report.c"):
            objects.append(f"{name}-{source}.o")
            self._run("gcc", "-m32", "-march=i686", "-Os", "-ffreestanding", "-fPIE",
                      "-fvisibility=hidden", "-fno-stack-protector", "-nostdlib",
                      "-fno-asynchronous-unwind-tables", "-fcf-protection=none",
                      "-Wall", "-Wextra", "-Werror", f"-D{kind}", "-c",
                      "-o", objects[-1], os.path.join(SOURCES, source))
        self._run("ld", "-m", "elf_i386", "-static", "--no-warn-rwx-segments",
                  "-z", "noexecstack", "-T", os.path.join(SOURCES, "kernel.ld"),
                  f"--defsym=BASE={base:#x}", "-e", entry, "-o", name, *objects)
        if bits == 64:
            self._run("objcopy", "-O", "elf64-x86-64", name)
        return name

    def flat(self, elf):
        name = elf + "-flat"
        self._run("objcopy", "-O", "binary", elf, name)
        return name

    def bzimage(self, name, payload=b"", xloadflags=1):
        """payload: what the header says is the compressed kernel."""
        with open(self.flat(self.elf("LINUX", entry="linux32_entry")), "rb") as f:
            kernel = f.read()
        setup = self.path(name + "-setup.o")
        self._run("gcc", "-m32", "-c", f"-DSETUP_SECTS={SETUP_SECTS}",
                  f"-DXLOADFLAGS={xloadflags}",
                  f"-DPAYLOAD_OFFSET={len(kernel) if payload else 0}",
                  f"-DPAYLOAD_LENGTH={len(payload)}",
                  "-o", setup, os.path.join(SOURCES, "setup.S"))
        self._run("ld", "-m", "elf_i386", "-Ttext", "0", "-o", setup + ".elf", setup)
        self._run("objcopy", "-O", "binary", "-j", ".text", setup + ".elf", setup)
        with open(setup, "rb") as f:
            head = f.read()
        assert len(head) == SETUP_LEN, len(head)
        with open(self.path(name), "wb") as f:
            f.write(head + kernel + payload)
        return self.path(name)

    def packed(self, bits=64, entry="linux64_entry", pack=gzip.compress):
        """A compressed kernel to be put into a bzImage."""
        with open(self.elf("LINUX", 0x1000000, entry, bits), "rb") as f:
            return pack(f.read())
