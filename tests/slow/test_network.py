# SPDX-License-Identifier: GPL-2.0-or-later
"""
Linux's own drivers on each NIC: two guests at one bridge with /etc/qemu-ifup,
and one of them by user networking.
"""
import re
import subprocess
import time

from guest.linux import Linux
from guest.net_place import Place
from guest.vm import PCVM, needs, needs_kvm

LISTED = subprocess.run([PCVM, "-net", "nic,model=help"], capture_output=True,
                        text=True, check=True).stdout.split()
MODELS = [m for m in ("virtio", "e1000", "rtl8139")
          if m in LISTED or f"{m}-net-pci" in LISTED]
BYTES = 256 << 10
UP = "#!/bin/sh\nip link set $1 up; ip link set $1 master br0\n"
DOWN = "#!/bin/sh\nip link set $1 nomaster\necho $1 >>{calls}\n"
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
# Reads nothing until its standard input ends.
SINK = """
import socket, sys
with socket.socket() as s:
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    s.bind(("", 9002))
    s.listen()
    print("ready", flush=True)
    c = s.accept()[0]
    print("accepted", flush=True)
    sys.stdin.read()
    print(sum(map(len, iter(lambda: c.recv(65536), b""))), flush=True)
"""
FORWARD = """
import socket
with socket.create_connection(("127.0.0.1", 9022), 20) as c:
    c.sendall(b"hello there")
"""
CONFIGURE = (r"printf '#!/bin/sh\n[ $1 = bound ] && ip addr add $ip/$mask dev "
             r"$interface\nexit 0\n' >/tmp/s; chmod +x /tmp/s; "
             f"head -c {BYTES} /bin/busybox >/tmp/data")


class Bridge(Place):
    """A bridge br0 with addresses and names, and an echo at port 9000."""

    def __enter__(self):
        needs_kvm()
        needs("dnsmasq")
        super().__enter__()
        self.helpers = []
        try:
            self.prefix = self.etc(**{
                "qemu-ifup": UP, "qemu-ifdown": DOWN.format(calls=self.calls_file),
                "resolv.conf": "nameserver 10.9.0.1\n"})
            self._build()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _build(self):
        words = ["ip link set lo up", "ip link add br0 type bridge",
                 "ip addr add 10.9.0.1/24 dev br0", "ip link set br0 up"]
        subprocess.run(self.inside("sh", "-ec", "\n".join(words)), check=True)
        self._help("dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null",
                   "--no-resolv", "--address=/name.test/10.9.0.200",
                   "--address=/name.test/fd00::200",  # for who asks for both
                   "--dhcp-authoritative", "--user=root", "--no-ping",
                   f"--dhcp-leasefile={self.folder.name}/leases",
                   f"--pid-file={self.folder.name}/dnsmasq.pid",
                   "--dhcp-range=10.9.0.50,10.9.0.99,1h")
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

    def guest(self, n, *more):
        """Its NICs as one types them, each with a tap; the first tap is tapN."""
        nets = []
        for i, model in enumerate(MODELS):
            vlan = f",vlan={i}" if i else ""
            ifname = "" if i else f",ifname=tap{n}0"
            nets += ["-net", f"nic{vlan},model={model},macaddr={_mac(n, i)}",
                     "-net", f"tap{vlan}{ifname},script=/etc/qemu-ifup"]
        guest = Linux(*nets, *more, qmp=True)
        guest.args = self.inside(*self.prefix, *guest.args)
        return guest


def _mac(n, i):
    return f"52:54:00:00:00:{n}{i}"


def _begin(guest):
    guest.prompt(2400)
    guest.shell(CONFIGURE)
    found = guest.shell("ip -o link")
    guest.names = {mac: line.split()[1].rstrip(":")
                   for line in found.splitlines() if "link/ether" in line
                   for mac in [line.split("link/ether ")[1].split()[0]]}


def _get_address(guest, name):
    guest.shell(f"ip link set {name} up && "
                f"udhcpc -i {name} -n -q -f -s /tmp/s -t 10 -T 2", 240)
    text = guest.shell(f"ip -4 -o addr show {name}")
    return text.split(" inet ")[1].split("/")[0]


def _send(sender, receiver, address):
    """TCP, whose every byte arrives as it was."""
    receiver.serial.send("nc -l -p 9001 >/tmp/got\n")
    sender.shell("for i in 1 2 3 4 5 6 7 8 9; do sleep 1; "
                 f"nc {address} 9001 </tmp/data && break; done", 240)
    receiver.prompt(240)
    receiver.shell("cmp /tmp/data /tmp/got", 60)


def _check_pair(guests, i):
    """Each over its NIC of this model, which has an address meanwhile."""
    names = [g.names[_mac(n, i)] for n, g in enumerate(guests)]
    addresses = [_get_address(g, name) for g, name in zip(guests, names)]
    assert addresses[0] != addresses[1]
    for me, other in ((0, 1), (1, 0)):
        guests[me].shell(f"ping -c 2 -W 5 {addresses[other]}", 60)
        _send(guests[me], guests[other], addresses[other])
    for g, name in zip(guests, names):
        g.shell(f"ip link set {name} down && ip addr flush dev {name}")


def _memory(vm):
    with open(f"/proc/{vm.process.pid}/status", encoding="ascii") as f:
        return int(re.search(r"RssAnon:\s+(\d+)", f.read()).group(1))


def _check_stalled(place, guest):
    """Who does not read stops no other, costs no memory, and gets all."""
    with subprocess.Popen(place.inside("python3", "-c", SINK), text=True,
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as sink:
        assert sink.stdout.readline() == "ready\n"
        before = _memory(guest)
        guest.shell("(for i in 1 2 3 4 5 6 7 8; do cat /tmp/data; done | "
                    "nc 10.0.2.2 9002) >/dev/null 2>&1 & true")
        assert sink.stdout.readline() == "accepted\n"
        for _ in range(2):
            _check_echo(guest)
        assert _memory(guest) - before < 8 << 10
        sink.stdin.close()
        guest.shell("wait", 240)
        assert sink.stdout.readline() == f"{8 * BYTES}\n"


def _check_echo(guest):
    guest.shell("ping -c 2 -W 5 10.0.2.2", 60)
    guest.shell("nc 10.0.2.2 9000 </tmp/data | cmp - /tmp/data", 240)


def _filter(guest, mac):
    for found in guest.qmp_call("query-rx-filter")["return"]:
        if found["main-mac"] == mac:
            return found
    return None


def _check_filter(guest, mac):
    """What Linux asks for can be asked for, and is told of once."""
    name, other = guest.names[mac], "52:54:00:aa:bb:cc"
    guest.shell(f"ip link set {name} up")
    found = _filter(guest, mac)
    assert not found["promiscuous"] and found["multicast"] == "normal", found
    assert "33:33:00:00:00:01" in found["multicast-table"] or \
        "01:00:5e:00:00:01" in found["multicast-table"], found
    seen = len(guest.qmp.seen)
    guest.shell(f"ip link set {name} promisc on && ip link set {name} promisc off "
                f"&& ip link set {name} promisc on")
    assert _filter(guest, mac)["promiscuous"]
    told = guest.qmp.seen[seen:].decode()
    assert told.count("NIC_RX_FILTER_CHANGED") == 1, told
    assert f'"name": "{found["name"]}"' in told or '"path": ' in told, told
    guest.shell(f"ip link set {name} promisc off; ip link set {name} down; "
                f"ip link set {name} address {other}")
    assert not _filter(guest, other)["promiscuous"]
    guest.shell(f"ip link set {name} address {mac}")


def _check_user(place, guest, name):
    assert _get_address(guest, name) == "10.0.2.15"
    _check_echo(guest)
    _check_stalled(place, guest)
    assert "10.9.0.200" in guest.shell("nslookup name.test 10.0.2.3", 60)
    guest.serial.send("nc -l -p 22 >/tmp/forwarded </dev/null\n")
    time.sleep(3)
    subprocess.run(place.inside("python3", "-c", FORWARD), check=True)
    guest.prompt()
    assert "hello there" in guest.shell("cat /tmp/forwarded")
    # At a hub it would be between that and the tap.
    assert guest.hmp("set_link user.0 off") == ""
    assert "NO-CARRIER" in guest.shell(f"sleep 1; ip link show {name}")


def test_guests_at_a_bridge_and_user_networking():
    user = ("-nic", "user,model=virtio,mac=52:54:00:00:00:99,"
            "hostfwd=tcp:127.0.0.1:9022-:22")
    with Bridge() as place:
        with place.guest(0, *user) as first, place.guest(1) as second:
            guests = (first, second)
            for guest in guests:
                _begin(guest)
            second.qmp_read()
            second.qmp_call("qmp_capabilities")
            _check_filter(second, _mac(1, 0))
            for i in range(len(MODELS)):
                _check_pair(guests, i)
            _check_user(place, first, first.names["52:54:00:00:00:99"])
            for guest in guests:
                guest.monitor.send("quit\n")
                assert guest.wait(60) == 0
        assert place.interfaces() == ["br0"]
        with open(place.calls_file, encoding="utf-8") as f:
            assert len(f.readlines()) == len(guests) * len(MODELS)
