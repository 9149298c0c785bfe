# SPDX-License-Identifier: GPL-2.0-or-later
"""
VNC as monitors see it and set it, beside qemu with the same client; whom the
server calls, lets in and ends.  No guest runs.
"""
import json
import os
import re
import shutil
import socket
import tempfile
import time

from guest.rfb import Rfb
from guest.vm import QEMU, Vm, needs, run

STILL = ("-S", "-nodefaults", "-vga", "std", "-m", "16")
OPEN = ("-vnc", "127.0.0.1:40,to=59")
LOCKED = ("-vnc", "127.0.0.1:40,to=59,password=on")
WAIT = 60


class Still(Vm):
    def __init__(self, *args, program=None):
        super().__init__(*STILL, *args, program=program, qmp=True)

    def __enter__(self):
        super().__enter__()
        self.qmp_read()
        self.qmp_call("qmp_capabilities")
        return self

    def port(self):
        return int(self.qmp_call("query-vnc")["return"]["service"])

    def event(self, name):
        end = time.monotonic() + WAIT
        while time.monotonic() < end:
            message = self.qmp_read(WAIT)
            if message.get("event") == name:
                return message
        raise AssertionError(f"no {name}")


def plain(reply):
    """As text, without what differs from run to run: ports and times."""
    reply = dict(reply)
    reply.pop("timestamp", None)
    if "error" in reply:  # the sentence is our own
        reply["error"] = reply["error"]["class"]
    text = json.dumps(reply, sort_keys=True)
    return re.sub(r'"service": "\d+"', '"service": "PORT"', text)


def each(*args):
    """Ours and qemu's answer to the same questions."""
    needs(QEMU)
    for program in (None, QEMU):
        with Still(*args, program=program) as vm:
            yield vm


def test_queries_and_events_are_qemus():
    seen = []
    for vm in each(*OPEN):
        said = [vm.qmp_call("query-vnc"), vm.qmp_call("query-vnc-servers")]
        client = Rfb(vm.port())
        said.append(vm.event("VNC_CONNECTED"))
        with client:
            said += [vm.event("VNC_INITIALIZED"), vm.qmp_call("query-vnc"),
                     vm.qmp_call("query-vnc-servers")]
        said.append(vm.event("VNC_DISCONNECTED"))
        said.append(vm.qmp_call("query-vnc"))
        seen.append([plain(s) for s in said])
        assert "VNC server running on 127.0.0.1:" in vm.stderr()
    assert seen[0] == seen[1], seen


CALLS = [
    ("set_password", {"protocol": "vnc", "password": "x"}),
    ("set_password", {"protocol": "vnc", "password": "x",
                      "connected": "keep"}),
    ("set_password", {"protocol": "vnc", "password": "x",
                      "display": "default"}),
    ("set_password", {"protocol": "vnc", "password": "x", "display": "no"}),
    ("set_password", {"protocol": "spice", "password": "x"}),
    ("set_password", {"protocol": "vnc"}),
    ("expire_password", {"protocol": "vnc", "time": "now"}),
    ("expire_password", {"protocol": "vnc", "time": "+10"}),
    ("expire_password", {"protocol": "vnc", "time": "1700000000",
                         "display": "default"}),
    ("expire_password", {"protocol": "vnc", "time": "never",
                         "display": "no"}),
    ("change-vnc-password", {"password": "abc"}),
    ("change-vnc-password", {}),
]

LINES = ["set_password vnc abc", "set_password vnc abc keep",
         "set_password vnc abc -d default", "set_password vnc abc -d default keep",
         "set_password vnc", "expire_password vnc +5",
         "expire_password vnc never -d default", "change vnc password abc"]


def test_passwords_are_set_as_with_qemu():
    for args in OPEN, LOCKED, ("-vnc", "none"):
        seen = []
        for vm in each(*args):
            said = [plain(vm.qmp_call(name, **arguments))
                    for name, arguments in CALLS]
            # Did it work?  The sentences are our own.
            said += ["rror" in vm.hmp(line) or "xpected" in vm.hmp(line)
                     for line in LINES]
            seen.append(said)
        assert seen[0] == seen[1], [(c, *both) for c, *both in zip(
            [*CALLS, *LINES], *seen) if both[0] != both[1]]


def test_a_password_is_typed_unseen():
    needs("openssl")
    with Still(*LOCKED) as vm:
        vm.monitor.expect(r"\(qemu\) ", WAIT)
        vm.monitor.send("change vnc password\n")
        vm.monitor.expect("Password: ", WAIT)
        vm.monitor.send("geheim\n")
        heard = vm.monitor.expect(r"\(qemu\) ", WAIT)
        assert "geheim" not in heard, heard
        with Rfb(vm.port(), password="geheim"):
            pass
        for password, time_ in ("falsch", "never"), ("geheim", "now"):
            vm.qmp_call("expire_password", protocol="vnc", time=time_)
            try:
                with Rfb(vm.port(), password=password):
                    raise AssertionError(f"{password} let in")
            except PermissionError:
                pass
        vm.qmp_call("expire_password", protocol="vnc", time="+1000")
        with Rfb(vm.port(), password="geheim"):
            pass


def is_open(client):
    """It still answers."""
    try:
        client.picture()
    except (AssertionError, OSError):
        return False
    return True


def test_who_is_alone():
    """share=: the first client, and a second that wants to be alone."""
    needs(QEMU)
    for share, first, second in (("allow-exclusive", False, True),
                                 ("force-shared", True, False),
                                 ("ignore", True, True)):
        for program in (None, QEMU):
            with Still("-vnc", f"127.0.0.1:40,to=59,share={share}",
                       program=program) as vm, Rfb(vm.port()) as one:
                assert is_open(one)
                try:
                    with Rfb(vm.port(), shared=False) as two:
                        assert is_open(two) == second, (share, program)
                except (AssertionError, OSError):
                    assert not second, (share, program)
                assert is_open(one) == first, (share, program)


def test_a_viewer_is_called():
    for program in (None, QEMU):
        if program:
            needs(program)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            listener.settimeout(WAIT)
            port = listener.getsockname()[1]
            with Still("-vnc", f"127.0.0.1:{port},reverse=on",
                       program=program) as vm:
                with Rfb(listener.accept()[0]) as client:
                    assert client.picture()[:2] == (640, 480)
                servers = vm.qmp_call("query-vnc-servers")["return"]
                assert servers[0]["server"] == [], servers


def test_unix_socket():
    folder = tempfile.mkdtemp(prefix="pcvm-test-")
    path = os.path.join(folder, "vnc")
    try:
        texts = []
        for vm in each("-vnc", f"unix:{path}"):
            connection = socket.socket(socket.AF_UNIX)
            connection.settimeout(WAIT)
            connection.connect(path)
            with Rfb(connection) as client:
                assert client.picture()[:2] == (640, 480)
                texts.append(plain(vm.qmp_call("query-vnc")))
        assert texts[0] == texts[1] and path in texts[0], texts
    finally:
        shutil.rmtree(folder)


def test_hints_and_warnings():
    with Still("-vnc", "[::1]:5900") as vm:
        assert vm.port() == 11800
        assert "say -vnc [::1]:0" in vm.stderr()
        assert "password=on" not in vm.stderr()
    with Still("-vnc", ":40,to=59") as vm:
        assert vm.stderr().count("password=on") == 1, vm.stderr()
    status, _, errors = run("-S", "-vnc", "127.0.0.1:40,to=59", "-k", "xx")
    assert status == 1 and " de " in errors, errors
