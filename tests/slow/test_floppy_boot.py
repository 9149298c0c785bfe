# SPDX-License-Identifier: GPL-2.0-or-later
"""SeaBIOS boots from floppy disks of each size that it knows.

It waits for the controller's interrupt with interrupts off but for two
instructions at a time.  A KVM that emulates ring 0 in batches never sees
them on, so that the firmware of qemu waits there in vain as well.
"""
import os
import tempfile
import time

from guest.vm import QEMU, Vm, needs
from run import Skip

SIZES = (320, 360, 640, 720, 1440, 2400, 2880, 5760)
TEXT = b"booted from a floppy\n"
# cli; xor ax,ax; mov ds,ax; mov si,text; cld; 1: lodsb; test al,al; jz 2f;
# out 0xe9,al; jmp 1b; 2: hlt; jmp 2b
CODE = bytes.fromhex("fa31c08ed8be157cfcac84c07404e6e9ebf7f4ebfd")
TIMEOUT = b"Timeout at floppy_wait_irq"
SECONDS = 60


def read(path):
    if not os.path.exists(path):
        return b""
    with open(path, "rb") as f:
        return f.read()


def boot(folder, sectors, program=None):
    """What the firmware says until it has booted, or has given up."""
    image, said, log = (f"{folder}/{n}" for n in ("fd.img", "said", "log"))
    with open(image, "wb") as f:
        f.write((CODE + TEXT + b"\0").ljust(510, b"\0") + b"\x55\xaa")
        f.truncate(sectors * 512)
    for path in (said, log):
        if os.path.exists(path):
            os.unlink(path)
    end = time.monotonic() + SECONDS
    with Vm("-nodefaults", "-m", "64", "-boot", "a",
            "-drive", f"file={image},format=raw,if=floppy",
            "-chardev", f"file,id=said,path={said}",
            "-device", "isa-debugcon,chardev=said",
            "-chardev", f"file,id=log,path={log}",
            "-device", "isa-debugcon,chardev=log,iobase=0x402",
            serial=False, program=program):
        while time.monotonic() < end:
            if TEXT in read(said) or TIMEOUT in read(log):
                break
            time.sleep(0.1)
    return read(said) + read(log)


def test_seabios_boots_from_each_size():
    with tempfile.TemporaryDirectory(prefix="pcvm-floppy-") as folder:
        for sectors in SIZES:
            have = boot(folder, sectors)
            if TIMEOUT in have:
                needs(QEMU)
                assert TIMEOUT in boot(folder, sectors, QEMU), sectors
                raise Skip("this KVM does not interrupt polling firmware")
            assert TEXT in have, (sectors, have[-300:])
