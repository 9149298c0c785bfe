# SPDX-License-Identifier: GPL-2.0-or-later
"""The test guest itself, where all instructions work: in qemu's TCG."""
import os
import re
import subprocess
import tempfile
import zlib

from guest.linux import Linux, guest_kernel
from guest.vm import QEMU, needs

TCG = ("-accel", "tcg")
CONTENT = bytes(n * 7 & 0xff for n in range(1 << 16)) * 16

DRIVERS = {
    "8086:7010": "ata_piix", "8086:2922": "ahci", "8086:100e": "e1000",
    "10ec:8139": "8139cp", "1022:2000": "pcnet32", "1af4:1000": "virtio-pci",
    "1af4:1001": "virtio-pci", "1af4:1003": "virtio-pci",
    "1af4:1004": "virtio-pci", "1af4:1005": "virtio-pci",
}


def _devices(folder):
    def drive(name, interface, **more):
        path = os.path.join(folder, name)
        with open(path, "wb") as f:
            f.write(CONTENT)
        options = "".join(f",{k}={v}" for k, v in more.items())
        return ("-drive", f"file={path},format=raw,if={interface}{options}")

    return (*drive("ide", "ide"), *drive("virtio", "virtio"),
            "-device", "virtio-scsi-pci", *drive("scsi", "none", id="s"),
            "-device", "scsi-hd,drive=s", "-device", "ahci,id=ahci",
            *drive("sata", "none", id="a"),
            "-device", "ide-hd,drive=a,bus=ahci.0",
            "-nic", "user,model=e1000", "-nic", "user,model=rtl8139",
            "-nic", "user,model=pcnet", "-nic", "user,model=virtio-net-pci",
            "-device", "virtio-rng-pci", "-device", "virtio-serial-pci",
            "-object", "memory-backend-ram,id=m0,size=64M",
            "-object", "memory-backend-ram,id=m1,size=64M",
            "-numa", "node,memdev=m0,cpus=0", "-numa", "node,memdev=m1,cpus=1")


def _check_devices(guest):
    text = "\n".join(guest.test("pci").data)
    for device, driver in DRIVERS.items():
        vendor, number = device.split(":")
        assert re.search(f"id 0x{vendor}:0x{number} .* driver {driver}$", text,
                         re.M), (device, text)
    assert len(guest.test("net").data) == 5
    disks = [line.split()[0] for line in guest.test("blocks").data
             if " sectors 2048 " in line]
    assert sorted(disks) == ["sda", "sdb", "sdc", "vda"], disks
    for disk in disks:
        done = guest.test("sum", disk, 4096, 512 * 1000)
        want = zlib.crc32(CONTENT[4096:][:512 * 1000])
        assert done.detail.endswith(f"{want:08x}"), done
    done = guest.test("write", "vda", 512, 3000)
    assert guest.test("sum", "vda", 512, 3000).detail == done.detail


def _check_machine(guest):
    nodes = [line for line in guest.test("memory").data if "node" in line]
    assert len(nodes) == 2 and "cpus 1 " in nodes[1], nodes
    guest.test("cpus", 2)
    guest.test("clock")
    guest.test("rtc")
    guest.begin("events", "keyboard", 2)
    guest.serial.expect("D: events ready", 60)
    guest.hmp("sendkey b")
    keys = guest.result("events").data
    assert keys == ["type 1 code 48 value 1", "type 1 code 48 value 0"], keys
    guest.prompt()


def test_all_drivers_of_the_guest_find_their_devices():
    needs(QEMU)
    with tempfile.TemporaryDirectory() as folder, \
            Linux(*TCG, *_devices(folder), memory=128, cpus=2,
                  program=QEMU) as guest:
        guest.prompt(300)
        _check_devices(guest)
        _check_machine(guest)
        assert guest.shell("echo a; printf b") == "a\nb"
        guest.begin("poweroff")
        assert guest.wait(60) == 0


def test_the_command_line_runs_tests_from_a_compressed_initramfs():
    needs(QEMU)
    files = guest_kernel()
    with Linux(*TCG, "-no-reboot", program=QEMU, kernel=files.vmlinux,
               initrd=files.initrd_gz,
               append="test=cpus,1 test=nothing then=reboot") as guest:
        assert guest.result("cpus", 300).ok
        assert not guest.result().ok
        assert guest.wait(60) == 0


def test_the_kernel_has_a_pvh_entry_and_is_small():
    files = guest_kernel()
    notes = subprocess.run(["readelf", "-n", files.vmlinux], check=True,
                           stdout=subprocess.PIPE, text=True).stdout
    assert "(0x00000012)" in notes, notes  # XEN_ELFNOTE_PHYS32_ENTRY
    assert os.path.getsize(files.vmlinux) < 20 << 20
    assert os.path.getsize(files.bzimage) < 4 << 20
