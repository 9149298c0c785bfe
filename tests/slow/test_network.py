# SPDX-License-Identifier: GPL-2.0-or-later
"""Linux's own drivers on each NIC, by tap and bridge, and by user networking."""
import subprocess
import time

from guest.linux import Linux
from guest.net_place import Place
from guest.vm import PCVM, needs, needs_kvm

LISTED = subprocess.run([PCVM, "-net", "nic,model=help"], capture_output=True,
                        text=True, check=True).stdout.split()
MODELS = [m for m in ("virtio-net-pci", "e1000", "rtl8139") if m in LISTED]
BYTES = 256 << 10
ECHO = """
import socket, threading
def echo(c):  # all at the end: nc does not read while it writes
    data = b"".join(iter(lambda: c.recv(65536), b""))
    c.sendall(data)
    c.close()
with socket.create_server(("", 9000)) as s:
    print("ready", flush=True)
    while True:
        threading.Thread(target=echo, args=(s.accept()[0],), daemon=True).start()
"""
FORWARD = """
import socket
with socket.create_connection(("127.0.0.1", 9022), 20) as c:
    c.sendall(b"hello there")
"""
CONFIGURE = (r"printf '#!/bin/sh\n[ $1 = bound ] && ip addr add $ip/$mask dev "
             r"$interface\nexit 0\n' >/tmp/s; chmod +x /tmp/s; "
             f"head -c {BYTES} /bin/busybox >/tmp/data")


class Bridges(Place):
    """A bridge for each model, with addresses and an echo at port 9000."""

    def __enter__(self):
        needs_kvm()
        needs("dnsmasq")
        super().__enter__()
        self.helpers = []
        try:
            self._build()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _build(self):
        words = ["ip link set lo up"]
        for i in range(len(MODELS)):
            words += [f"ip link add br{i} type bridge",
                      f"ip addr add 10.9.{i}.1/24 dev br{i}",
                      f"ip link set br{i} up"]
        subprocess.run(self.inside("sh", "-ec", "\n".join(words)), check=True)
        self._help("dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null",
                   "--port=0", "--dhcp-authoritative", "--user=root",
                   f"--dhcp-leasefile={self.folder.name}/leases",
                   f"--pid-file={self.folder.name}/dnsmasq.pid",
                   *(f"--dhcp-range=10.9.{i}.50,10.9.{i}.99,1h"
                     for i in range(len(MODELS))))
        echo = self._help("python3", "-c", ECHO, stdout=subprocess.PIPE)
        assert echo.stdout.readline() == b"ready\n"

    def _help(self, *args, **more):
        process = subprocess.Popen(self.inside(*args), stdin=subprocess.DEVNULL,
                                   **more)
        self.helpers.append(process)
        return process

    def __exit__(self, *_):
        for process in self.helpers:
            process.kill()
            process.communicate()
        super().__exit__()


def _check_interface(guest, name, host):
    """DHCP, ping, and TCP both ways at once, which cmp checks to the byte."""
    guest.shell(f"ip link set {name} up && "
                f"udhcpc -i {name} -n -q -f -s /tmp/s -t 10 -T 2", 240)
    guest.shell(f"ping -c 2 -W 5 {host}", 60)
    guest.shell(f"nc {host} 9000 </tmp/data | cmp - /tmp/data", 240)


def test_each_nic_by_tap_and_user_networking():
    with Bridges() as place:
        up = place.script("up", more="ip link set $1 up; "
                                     "ip link set $1 master br${1#tap}")
        down = place.script("down")
        nets = []
        for i, model in enumerate(MODELS):
            nets += ["-net", f"nic,model={model},vlan={i},macaddr=52:54:00:00:00:{i:02}",
                     "-net", f"tap,vlan={i},ifname=tap{i},script={up},downscript={down}"]
        last = len(MODELS)
        guest = Linux(*nets, "-nic",
                      f"user,model={MODELS[0]},hostfwd=tcp:127.0.0.1:9022-:22")
        guest.args = place.inside(*guest.args)
        with guest:
            guest.prompt(600)
            guest.shell(CONFIGURE)
            # -nic comes before -net
            for i in range(last):
                _check_interface(guest, f"eth{i + 1}", f"10.9.{i}.1")
                assert f"52:54:00:00:00:{i:02}" in guest.shell(f"ip addr show eth{i + 1}")
            _check_interface(guest, "eth0", "10.0.2.2")
            guest.serial.send("nc -l -p 22 >/tmp/forwarded </dev/null\n")
            time.sleep(3)
            subprocess.run(place.inside("python3", "-c", FORWARD), check=True)
            guest.prompt()
            assert "hello there" in guest.shell("cat /tmp/forwarded")
            # At a hub it would be between that and the tap.
            assert guest.hmp("set_link user.0 off") == ""
            assert "NO-CARRIER" in guest.shell("sleep 1; ip link show eth0")
            guest.monitor.send("quit\n")
            assert guest.wait(60) == 0
        assert place.interfaces() == [f"br{i}" for i in range(last)]
        assert sorted(place.calls()) == sorted(
            (what, f"tap{i}") for i in range(last) for what in ("up", "down"))
