# SPDX-License-Identifier: GPL-2.0-or-later
"""More lines that people type, as they are typed; see test_everyday.py."""
from guest.everyday import Host
from guest.images import GRUB_CONFIG, disk, run_tool
from guest.test_everyday import (CENTOS, E1000, answers, intact, nographic,
                                 note, runs)

SLOW = 900  # seconds for GRUB


def test_hard_disks():
    with Host() as host:
        host.disk("disk.qcow2")
        runs(host, "qemu-kvm -m 128 -name test -smp 2 -drive file=disk.qcow2,"
             "if=virtio,media=disk,cache=writeback,format=qcow2", "disk.qcow2",
             [note("D", 2, 2, 2, 128, E1000)], 0, "test")
        host.disk("xp.qcow2")
        host.cd("ghost.iso")
        runs(host, "qemu-kvm -name winxp -smp 4,sockets=1,cores=2,threads=2 "
             "-m 512 -drive file=xp.qcow2,if=ide,media=disk,cache=writeback,"
             "format=qcow2 -drive file=ghost.iso,media=cdrom", "xp.qcow2",
             [note("D", 4, 4, 2, 512, E1000)], 0, "winxp")


def test_screens():
    on_disk, on_cd = (note(m, 2, 2, 2, 512, E1000) for m in "DC")
    with Host() as host:
        host.disk("centos7.img")
        runs(host, CENTOS + " -vnc :0", "centos7.img", [on_disk], 0, "centos7")
        host.disk("centos7.img")
        host.cd("x.iso")
        runs(host, CENTOS + " -drive file=x.iso,media=cdrom -boot "
             "order=dc,once=d -vnc :0", "centos7.img", [on_cd, on_cd, on_disk],
             0, "centos7")
        host.disk("centos7.img")
        runs(host, CENTOS + " -vnc :::5900", "centos7.img", [on_disk], 5900,
             "centos7")


def test_grub_on_a_terminal():
    image = disk(["biosdisk", "part_msdos", "ext2", "serial", "terminal",
                  "lsmmap"], GRUB_CONFIG, "small.img")
    with Host() as host:
        run_tool("qemu-img", "convert", "-O", "qcow2", image,
                 host.path("centos7.img"))
        with nographic(host) as stream:
            stream.expect(r"grub(?: rescue)?> ", SLOW)
            stream.send("ls\r")
            stream.expect(r"\(hd0,msdos1\)", SLOW)
            answers(stream)
        intact(host, "centos7.img")
