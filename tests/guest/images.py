# SPDX-License-Identifier: GPL-2.0-or-later
"""Images with GRUB, built once into the build folder."""
import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile

from guest.vm import needs

GRUB_CONFIG = """\
serial --unit=0 --speed=115200
terminal_input serial
terminal_output serial
"""
FOLDER = os.path.abspath("images")


def cached(name, recipe, build):
    """The file that build(path) makes; made anew when the recipe changes."""
    key = hashlib.sha256(recipe.encode()).hexdigest()[:16]
    path = os.path.join(FOLDER, f"{key}-{name}")
    os.makedirs(FOLDER, exist_ok=True)
    with open(path + ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(path):
            build(path + ".new")
            os.rename(path + ".new", path)
    return path


def run_tool(*args):
    done = subprocess.run(args, stdout=subprocess.DEVNULL, text=True,
                          stderr=subprocess.PIPE, timeout=120)
    assert done.returncode == 0, (args, done.stderr)


@contextlib.contextmanager
def copy_of(path):
    """A copy of an image for one VM: images are for one writer at a time."""
    with tempfile.NamedTemporaryFile(suffix=".img") as f:
        shutil.copyfile(path, f.name)
        yield f.name


def rescue_iso():
    """What grub-mkrescue makes, with a prompt on the serial line."""
    needs("grub-mkrescue", "xorriso", "mformat")

    def build(path):
        folder = tempfile.mkdtemp()
        try:
            os.makedirs(f"{folder}/boot/grub")
            with open(f"{folder}/boot/grub/grub.cfg", "w") as f:
                f.write(GRUB_CONFIG)
            run_tool("grub-mkrescue", "-o", path, folder, "--locales=",
                 "--themes=", "--fonts=")
        finally:
            shutil.rmtree(folder)

    return cached("rescue.iso", "rescue 1" + GRUB_CONFIG, build)


SECTOR = 512
FIRST = 2048  # sector where the partition begins
PAYLOAD = b"".join(b"%07d\n" % n for n in range(2048))


def _grub_core(folder, modules, config):
    early = os.path.join(folder, "early.cfg")
    core = os.path.join(folder, "core.img")
    with open(early, "w") as f:
        f.write(config)
    run_tool("grub-mkimage", "-O", "i386-pc", "-p", "(hd0,msdos1)/boot/grub",
         "-c", early, "-o", core, *modules)
    with open(core, "rb") as f:
        return f.read()


def _partition_table(disk, sectors):
    entry = bytes([0x80, 0, 2, 0, 0x83, 0, 2, 0])
    entry += FIRST.to_bytes(4, "little") + (sectors - FIRST).to_bytes(4, "little")
    disk[446:462] = entry
    disk[510:512] = b"\x55\xaa"


def disk(modules, config, name):
    """
    A hard disk: GRUB in the gap before the first partition, an ext2 file
    system with the file /payload.  boot.img and core.img are told where the
    rest of GRUB is as grub-setup tells them (include/grub/i386/pc/boot.h).
    """
    needs("grub-mkimage", "mke2fs")
    lib = "/usr/lib/grub/i386-pc"

    def build(path):
        folder = tempfile.mkdtemp()
        try:
            sectors = 32768
            image = bytearray(sectors * SECTOR)
            with open(f"{lib}/boot.img", "rb") as f:
                image[:440] = f.read()[:440]
            # where core.img is, and no jump over the drive check
            image[0x5c:0x64] = (1).to_bytes(8, "little")
            image[0x64] = 0xff
            image[0x66:0x68] = b"\x90\x90"
            _partition_table(image, sectors)
            core = bytearray(_grub_core(folder, modules, config))
            core += bytes(-len(core) % SECTOR)
            rest = len(core) // SECTOR - 1
            # the block list at the end of core.img's first sector
            core[0x1f4:0x1fc] = (2).to_bytes(8, "little")
            core[0x1fc:0x1fe] = rest.to_bytes(2, "little")
            image[SECTOR:SECTOR + len(core)] = core
            files = os.path.join(folder, "files")
            os.mkdir(files)
            with open(os.path.join(files, "payload"), "wb") as f:
                f.write(PAYLOAD)
            part = os.path.join(folder, "part")
            with open(part, "wb") as f:
                f.truncate((sectors - FIRST) * SECTOR)
            run_tool("mke2fs", "-q", "-F", "-t", "ext2", "-d", files, part)
            with open(part, "rb") as f:
                image[FIRST * SECTOR:] = f.read()
            with open(path, "wb") as f:
                f.write(image)
        finally:
            shutil.rmtree(folder)

    return cached(name, "disk 1" + " ".join(modules) + config, build)


def sector_disk():
    """The guest of sector.S, which obeys the power button."""
    needs("gcc", "objcopy")
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "sector.S")
    with open(source, encoding="utf-8") as f:
        recipe = f.read()

    def build(path):
        with tempfile.TemporaryDirectory() as d:
            run_tool("gcc", "-m32", "-c", source, "-o", f"{d}/sector.o")
            run_tool("objcopy", "-O", "binary", "-j", ".text", f"{d}/sector.o",
                     path)
        os.truncate(path, 1 << 20)

    return cached("sector.img", recipe, build)
