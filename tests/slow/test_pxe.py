# SPDX-License-Identifier: GPL-2.0-or-later
"""
iPXE from the distribution's ROMs: an address by DHCP and a program by TFTP,
over each NIC.  Unpacking itself and looking through its settings takes it
minutes where KVM emulates ring 0.
"""
import os
import subprocess

from guest.net_place import Place
from guest.vm import Vm, needs, needs_file, needs_kvm

ROMS = "/usr/lib/ipxe/qemu"
MAC = "52:54:00:00:00:11"
LIMIT = 1500  # seconds, for it all
# Prints what follows it on COM1: push cs, pop ds, mov si, TEXT, mov dx, 0x3f8;
# lodsb, or al, al, jz, out dx, al, jmp; hlt, jmp (at 0x7c00)
PROGRAM = bytes.fromhex("0e1fbe137cbaf803ac08c07403eeebf8f4ebfd")
TEXT = b"loaded by PXE\r\n"


class Server(Place):
    """A bridge br0 with DHCP and TFTP, and a folder with what it serves."""

    def __enter__(self):
        needs_kvm()
        needs("dnsmasq")
        super().__enter__()
        self.dnsmasq = None
        self.log = os.path.join(self.folder.name, "log")
        try:
            self.tftp = make_program(self.folder.name)
            self._serve()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _serve(self):
        words = ["ip link set lo up", "ip link add br0 type bridge",
                 "ip addr add 10.9.0.1/24 dev br0", "ip link set br0 up"]
        subprocess.run(self.inside("sh", "-ec", "\n".join(words)), check=True)
        # pylint: disable-next=consider-using-with
        self.dnsmasq = subprocess.Popen(self.inside(
            "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--port=0",
            "--dhcp-authoritative", "--user=root", f"--log-facility={self.log}",
            f"--dhcp-leasefile={self.folder.name}/leases",
            f"--pid-file={self.folder.name}/pid", "--no-ping",
            "--dhcp-range=10.9.0.50,10.9.0.99,1h", "--dhcp-boot=program",
            "--enable-tftp", f"--tftp-root={self.tftp}"), stdin=subprocess.DEVNULL)

    def __exit__(self, *_):
        if self.dnsmasq:
            self.dnsmasq.kill()
            self.dnsmasq.wait()
        super().__exit__()


def make_program(folder):
    tftp = os.path.join(folder, "tftp")
    os.mkdir(tftp)
    with open(os.path.join(tftp, "program"), "wb") as f:
        f.write((PROGRAM + TEXT).ljust(512, b"\0"))
    return tftp


def _boot(vm):
    with vm:
        vm.serial.expect(TEXT.decode(), LIMIT)
        vm.monitor.send("quit\n")
        assert vm.wait(60) == 0


def _by_tap(model, rom):
    needs_file(f"{ROMS}/pxe-{rom}.rom")
    with Server() as place:
        up = place.script("up", more="ip link set $1 up; ip link set $1 master br0")
        vm = Vm("-nodefaults", "-m", "64", "-boot", "n",
                "-net", f"nic,model={model},macaddr={MAC}",
                "-net", f"tap,script={up},downscript=no")
        vm.args = place.inside(*vm.args)
        _boot(vm)
        with open(place.log, encoding="utf-8") as f:
            log = f.read()
        assert "DHCPACK(br0) 10.9.0." in log and MAC in log, log
        assert f"sent {place.tftp}/program to 10.9.0." in log, log
        assert place.interfaces() == ["br0"]


def test_virtio_by_tap():
    _by_tap("virtio", "virtio")


def test_e1000_by_tap():
    _by_tap("e1000", "e1000")


def test_rtl8139_by_tap():
    _by_tap("rtl8139", "rtl8139")


def test_user_networking():
    needs_file(f"{ROMS}/pxe-virtio.rom")
    with Place() as place:
        tftp = make_program(place.folder.name)
        _boot(Vm("-nodefaults", "-m", "64", "-boot", "n", "-nic",
                 f"user,model=virtio,tftp={tftp},bootfile=program"))
