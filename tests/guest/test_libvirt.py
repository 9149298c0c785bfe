# SPDX-License-Identifier: GPL-2.0-or-later
"""libvirt's own daemon and virsh, with pcvm as the emulator of a domain."""
import os
import pty
import re
import signal
import subprocess
import tempfile
import time

from guest.images import copy_of, run_tool, sector_disk
from guest.vm import PCVM, Stream, needs, needs_kvm
from run import Skip

NAME = "pcvm-test"
BOOT = 300  # seconds to the first word of the guest
PLACES = ("/etc/libvirt", "/var/lib/libvirt", "/run/libvirt",
          "/var/cache/libvirt", "/var/log/libvirt")
QEMU_CONF = """\
user = "root"
group = "root"
dynamic_ownership = 0
stdio_handler = "file"
security_driver = "none"
namespaces = []
cgroup_controllers = []
"""
USER = "libvirt-qemu:x:64055:{}"  # the daemon looks for it, whoever it uses

DOMAIN = f"""\
<domain type='kvm'>
  <name>{NAME}</name>
  <memory unit='MiB'>64</memory>
  <vcpu>1</vcpu>
  <os><type arch='x86_64' machine='pc'>hvm</type><boot dev='hd'/></os>
  <features><acpi/></features>
  <devices>
    <emulator>{PCVM}</emulator>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2'/><source file='@DISK@'/>
      <target dev='vda' bus='virtio'/>
    </disk>
    <disk type='file' device='cdrom'>
      <driver name='qemu' type='raw'/><target dev='hdc' bus='ide'/><readonly/>
    </disk>
    <controller type='usb' model='none'/>
    <serial type='pty'><log file='@LOG@'/><target port='0'/></serial>
    <serial type='file'><source path='@SECOND@'/><target port='1'/></serial>
    <console type='pty'/>
    <memballoon model='none'/>
  </devices>
</domain>
"""


def write(path, text):
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


class Daemon:
    """libvirtd with folders of its own, in a mount namespace."""

    def __init__(self, folder):
        needs_kvm()
        needs("libvirtd", "virsh", "unshare", "nsenter", "qemu-img")
        if os.getuid() != 0:
            raise Skip("needs root, to give libvirtd folders of its own")
        self.folder = folder
        self.daemon = None

    def __enter__(self):
        f = self.folder
        write(f"{f}/passwd", read("/etc/passwd") +
              USER.format("64055::/:/bin/false\n"))
        write(f"{f}/group", read("/etc/group") + USER.format("\n"))
        write(f"{f}/qemu.conf", QEMU_CONF)
        write(f"{f}/libvirtd.conf", 'auth_unix_rw = "none"\n')
        mounts = "".join(f"mkdir -p {p}; mount -t tmpfs none {p}\n"
                         for p in PLACES)
        self.holder = subprocess.Popen(
            ["unshare", "-m", "sh", "-ec",
             f"{mounts} cp {f}/*.conf /etc/libvirt\n"
             f"mount --bind {f}/passwd /etc/passwd\n"
             f"mount --bind {f}/group /etc/group\necho made\nexec cat"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE)
        if self.holder.stdout.readline() != b"made\n":
            raise Skip("no mount namespaces: "
                       + self.holder.communicate()[1].decode())
        self.start()
        return self

    def inside(self, *args):
        return ["nsenter", "-t", str(self.holder.pid), "-m", *args]

    def start(self):
        self.daemon = subprocess.Popen(
            self.inside("libvirtd"), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + 60
        while self.run("uri").returncode:
            assert time.monotonic() < end, "libvirtd does not answer"
            time.sleep(0.1)

    def stop(self):
        self.daemon.send_signal(signal.SIGTERM)
        self.daemon.wait(60)

    def __exit__(self, *_):
        self.run("destroy", NAME)
        self.stop()
        self.holder.stdin.close()
        self.holder.wait(20)

    def run(self, *args):
        return subprocess.run(
            self.inside("virsh", "-q", "-c", "qemu:///system", *args),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, timeout=60, check=False)

    def virsh(self, *args):
        done = self.run(*args)
        log = self.inside("tail", "-n", "5", f"/var/log/libvirt/qemu/{NAME}.log")
        assert done.returncode == 0, (args, done.stderr, subprocess.run(
            log, stdout=subprocess.PIPE, check=False).stdout)
        return done.stdout.strip()

    def state(self):
        return self.virsh("domstate", NAME)

    def comes_to(self, state, seconds=30):
        end = time.monotonic() + seconds
        while self.state() != state:
            assert time.monotonic() < end, (state, self.state())
            time.sleep(0.1)


class Console:
    """virsh console, on a terminal of the test's."""

    def __init__(self, libvirt):
        self.master, slave = pty.openpty()
        self.process = subprocess.Popen(
            libvirt.inside("virsh", "-c", "qemu:///system", "console",
                           "--force", NAME),
            stdin=slave, stdout=slave, stderr=slave, start_new_session=True)
        os.close(slave)
        self.stream = Stream(self.master)
        self.stream.expect("Escape character is", 30)

    def __enter__(self):
        return self.stream

    def __exit__(self, *_):
        self.stream.send("\x1d")  # Ctrl-] ends it
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(20)
        os.close(self.master)


def echoes(libvirt, word):
    with Console(libvirt) as console:
        console.send(word)
        console.expect(word, BOOT)


def begins_again(libvirt, *command):
    """The guest's first word comes again after it."""
    with Console(libvirt) as console:
        libvirt.virsh(*command, NAME)
        console.expect("ready", BOOT)
    assert libvirt.state() == "running"


def looks(libvirt, disk):
    assert re.search(rf"{NAME}\s+running", libvirt.virsh("list"))
    info = libvirt.virsh("dominfo", NAME)
    assert re.search(r"^State: +running$", info, re.M), info
    assert re.search(r"^Max memory: +65536 KiB$", info, re.M), info
    assert "<source path='/dev/pts/" in libvirt.virsh("dumpxml", NAME)
    blocks = libvirt.virsh("domblklist", NAME)
    assert re.search(rf"vda\s+{disk}", blocks) and re.search(r"hdc\s+-", blocks)
    assert libvirt.virsh("domiflist", NAME) == ""
    assert re.search(r"vda rd_req [1-9]", libvirt.virsh("domblkstat", NAME,
                                                        "vda"))
    assert "VM status: running" in libvirt.virsh(
        "qemu-monitor-command", NAME, "--hmp", "info status")


def asks_for(libvirt, *words):
    """The command line that libvirt made has them."""
    done = subprocess.run(libvirt.inside(
        "sh", "-c", f"cat /proc/$(cat /run/libvirt/qemu/{NAME}.pid)/cmdline"),
        stdout=subprocess.PIPE, text=True, check=True)
    assert all(word in done.stdout for word in words), done.stdout


def pauses(libvirt):
    libvirt.virsh("suspend", NAME)
    assert libvirt.state() == "paused"
    libvirt.virsh("resume", NAME)
    assert libvirt.state() == "running"
    echoes(libvirt, "again")


def reconnects(libvirt):
    """The daemon ends and comes back, and the machine goes on."""
    libvirt.stop()
    libvirt.start()
    assert libvirt.state() == "running"
    echoes(libvirt, "still there")


def test_a_domains_life():
    with tempfile.TemporaryDirectory() as d, copy_of(sector_disk()) as raw, \
            Daemon(d) as libvirt:
        disk = f"{d}/disk.qcow2"
        run_tool("qemu-img", "convert", "-O", "qcow2", raw, disk)
        write(f"{d}/domain.xml", DOMAIN.replace("@DISK@", disk)
              .replace("@LOG@", f"{d}/log").replace("@SECOND@", f"{d}/second"))
        libvirt.virsh("define", f"{d}/domain.xml")
        libvirt.virsh("autostart", NAME)
        libvirt.virsh("start", NAME, "--paused")
        begins_again(libvirt, "resume")
        looks(libvirt, disk)
        asks_for(libvirt, "-add-fd", "-sandbox\0on")
        assert "ready" in read(f"{d}/log") and os.path.exists(f"{d}/second")
        echoes(libvirt, "hello")
        pauses(libvirt)
        begins_again(libvirt, "reset")
        begins_again(libvirt, "reboot")
        reconnects(libvirt)
        libvirt.virsh("shutdown", NAME)
        libvirt.comes_to("shut off")
        libvirt.virsh("start", NAME)
        libvirt.virsh("destroy", NAME)
        assert libvirt.state() == "shut off"
        libvirt.virsh("undefine", NAME)
        assert NAME not in libvirt.virsh("list", "--all")
        assert os.path.exists(disk)
