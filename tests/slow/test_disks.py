# SPDX-License-Identifier: GPL-2.0-or-later
"""Linux on each kind of disk: ten thousand requests, file systems, reboots."""
import contextlib
import os
import re
import tempfile
import threading
import time
import zlib

from guest.images import run_tool
from guest.linux import Linux
from guest.vm import needs

BOOT = 3600  # seconds, where ring 0 is emulated
REQUESTS = 10000
SIZE = 16 << 20
MODEL = 1 << 20  # bytes that are hammered

# device in Linux: format of the image, and the options with {} for it
KINDS = {
    "vda": ("raw", "file={},format=raw,if=virtio"),
    "vdb": ("qcow2", "file={},format=qcow2,if=none,id=v",
            "virtio-blk-pci,drive=v,packed=on,num-queues=2"),
    "sda": ("raw", "file={},format=raw,if=ide,index=0"),
    "sdb": ("qcow2", "file={},format=qcow2,if=none,id=a",
            "ahci,id=ahci", "ide-hd,drive=a,bus=ahci.0"),
    "sdc": ("qcow2", "file={},format=qcow2,if=none,id=s",
            "virtio-scsi-pci,id=scsi", "scsi-hd,drive=s,bus=scsi.0"),
}


@contextlib.contextmanager
def machine():
    """All kinds at once; the images by their devices."""
    needs("qemu-img")
    with tempfile.TemporaryDirectory() as folder:
        images, options = {}, []
        for device, (kind, drive, *more) in KINDS.items():
            images[device] = os.path.join(folder, device)
            run_tool("qemu-img", "create", "-q", "-f", kind, images[device],
                     str(SIZE))
            options += ["-drive", drive.format(images[device])]
            for d in more:
                options += ["-device", d]
        with Linux(*options, cpus=2, memory=256) as guest:
            guest.prompt(BOOT)
            yield guest, images


def power_off(guest, images):
    guest.begin("poweroff")
    assert guest.wait(BOOT) == 0
    for device, (kind, *_) in KINDS.items():
        if kind == "qcow2":
            run_tool("qemu-img", "check", "-q", images[device])


def crc_of(image, kind):
    with tempfile.NamedTemporaryFile() as raw:
        run_tool("qemu-img", "convert", "-f", kind, "-O", "raw", image,
                 raw.name)
        return f"{zlib.crc32(raw.read(MODEL)):08x}"


def disturb(guest, drives, end):
    """What a user does to a machine at work, again and again."""
    limits = ("500 0", "0 20", "0 0")
    n = 0
    while not end.wait(3):
        n += 1
        drive = drives[n % len(drives)]
        bps, iops = (int(x) for x in limits[n % 3].split())
        guest.hmp(f"block_set_io_throttle {drive} {bps * 1024} 0 0 {iops} 0 0",
                  60)
        if n % 4 == 0:
            guest.hmp("stop", 60)
            time.sleep(0.5)
            guest.hmp("cont", 60)
        if n % 10 == 0:
            guest.hmp(f"block_resize {drive} {SIZE + n * 4096}B", 60)
    for drive in drives:
        guest.hmp(f"block_set_io_throttle {drive} 0 0 0 0 0 0", 60)


def drives_of(guest):
    return re.findall(r"^(\S+) \(#block", guest.hmp("info block", 60), re.M)


def test_random_requests_agree_with_a_model():
    sums = {}
    with machine() as (guest, images):
        end = threading.Event()
        user = threading.Thread(target=disturb,
                                args=(guest, drives_of(guest), end))
        user.start()
        try:
            for seed, device in enumerate(KINDS):
                result = guest.test("hammer", device, REQUESTS, seed, MODEL,
                                    seconds=BOOT)
                sums[device] = result.detail.split()[-1]
        finally:
            end.set()
            user.join(120)
        power_off(guest, images)
        for device, (kind, *_) in KINDS.items():
            assert crc_of(images[device], kind) == sums[device], device


def test_file_systems_are_there_after_a_reboot():
    with machine() as (guest, images):
        sums = {}
        for device in KINDS:
            guest.shell(f"mkdir -p /mnt && mke2fs -F /dev/{device} 4096 && "
                        f"mount -t ext2 /dev/{device} /mnt", BOOT)
            guest.shell("dd if=/dev/urandom of=/mnt/a bs=64k count=20 && "
                        "cp /mnt/a /mnt/b && sync", BOOT)
            sums[device] = guest.shell("md5sum < /mnt/b", BOOT)
            guest.shell("umount /mnt", BOOT)
        guest.begin("reboot")
        guest.prompt(BOOT)
        for device, want in sums.items():
            guest.shell(f"mkdir -p /mnt && mount -t ext2 /dev/{device} /mnt",
                        BOOT)
            assert guest.shell("md5sum < /mnt/a", BOOT) == want, device
            assert guest.shell("md5sum < /mnt/b", BOOT) == want, device
            guest.shell("umount /mnt", BOOT)
        power_off(guest, images)
