# SPDX-License-Identifier: GPL-2.0-or-later
"""Clients of monitors that come and go, that send much, and that never read."""
import json
import os
import socket
import tempfile
import time

from guest.vm import Stream, Vm

CLIENTS = 1000
COMMANDS = 10000
SLACK_KB = 4096
DEADLINE = 120


def resident_kb(vm):
    with open(f"/proc/{vm.process.pid}/smaps_rollup", encoding="ascii") as f:
        return int(next(line for line in f if line.startswith("Pss_Anon")).split()[1])


def descriptors(vm):
    return len(os.listdir(f"/proc/{vm.process.pid}/fd"))


def connect(address):
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    client = socket.socket(family)
    client.connect(address)
    client.settimeout(DEADLINE)
    return client


def greeted(address, words):
    """A client that was heard; who went before it may not be done with yet."""
    client = connect(address)
    stream = Stream(client.fileno())
    stream.expect(words, DEADLINE)
    return client, stream


def alive(vm):
    assert "paused (prelaunch)" in vm.hmp("info status", DEADLINE)


def come_and_go(vm, address, words):
    """
    Some wait for the greeting, some leave at once, some in the middle of a
    command.
    """
    client, _ = greeted(address, words)
    memory, files = resident_kb(vm), descriptors(vm)
    client.close()
    for n in range(CLIENTS):
        client = connect(address)
        if n % 8 == 0:
            Stream(client.fileno()).expect(words, DEADLINE)
        if n % 3 == 1:
            client.sendall(b'{"execute": "qmp_capabilities"}{"exec')
        client.close()
    client, _ = greeted(address, words)
    assert resident_kb(vm) < memory + SLACK_KB
    assert descriptors(vm) == files
    client.close()
    alive(vm)


class Served(Vm):
    """A machine with a monitor of each kind that clients can come to."""

    def __init__(self, folder):
        self.unix = {kind: f"{folder}/{kind}" for kind in ("hmp", "qmp2")}
        super().__init__(
            "-S", "-m", "16", "-nodefaults",
            "-monitor", f"unix:{self.unix['hmp']},server=on,wait=off",
            "-qmp", f"unix:{self.unix['qmp2']},server=on,wait=off",
            "-chardev", "socket,id=t,host=127.0.0.1,port=0,server=on,wait=off",
            "-mon", "t,mode=control")

    def __enter__(self):
        super().__enter__()
        alive(self)  # and so has all of its sockets
        return self

    def tcp(self):
        words = self.hmp("info chardev").split("t: filename=")[1]
        return "127.0.0.1", int(words.split(",")[0].rsplit(":", 1)[1])


def test_a_thousand_clients_of_unix_sockets():
    with tempfile.TemporaryDirectory() as folder, Served(folder) as vm:
        come_and_go(vm, vm.unix["qmp2"], '"QMP"')
        come_and_go(vm, vm.unix["hmp"], r"\(qemu\)")


def test_a_thousand_clients_of_a_tcp_port():
    with tempfile.TemporaryDirectory() as folder, Served(folder) as vm:
        come_and_go(vm, vm.tcp(), '"QMP"')


def send_in_vain(vm, client, commands):
    """Sends until nothing is taken any more; others are served meanwhile."""
    client.setblocking(False)
    data, at, idle = commands, 0, 0
    end = time.monotonic() + DEADLINE
    while at < len(data) and idle < 50:
        assert time.monotonic() < end
        try:
            at += client.send(data[at:at + 65536])
            idle = 0
        except BlockingIOError:
            idle += 1
            alive(vm)
    return at


def never_reads(address, command):
    with tempfile.TemporaryDirectory() as folder, Served(folder) as vm:
        client = connect(vm.unix[address])
        memory = resident_kb(vm)
        send_in_vain(vm, client, command.encode() * COMMANDS)
        assert resident_kb(vm) < memory + SLACK_KB
        alive(vm)
        client.close()
        again, stream = greeted(vm.unix[address],
                                r"\(qemu\)" if address == "hmp" else "QMP")
        again.sendall(command.encode())
        stream.expect(".", DEADLINE)
        again.close()


def test_a_program_that_never_reads():
    first = json.dumps({"execute": "qmp_capabilities"})
    never_reads("qmp2", first + json.dumps({"execute": "query-commands"})
                + "\n")


def test_a_human_that_never_reads():
    never_reads("hmp", "help\ninfo mtree\n")


def test_a_program_that_sends_one_endless_value():
    with tempfile.TemporaryDirectory() as folder, Served(folder) as vm:
        client = connect(vm.unix["qmp2"])
        stream = Stream(client.fileno())
        stream.expect("QMP", DEADLINE)
        memory = resident_kb(vm)
        for start in (b'{"execute": "', b"[" * 4096, b'{"a":' * 4096):
            send_in_vain(vm, client, start + b"x" * (16 << 20))
            assert resident_kb(vm) < memory + SLACK_KB
        client.close()
        greeted(vm.unix["qmp2"], "QMP")[0].close()
        alive(vm)
