# SPDX-License-Identifier: GPL-2.0-or-later
"""VNC: viewers that people have see the guest, and type to it."""
import os
import re
import shutil
import subprocess
import tempfile

from guest.images import cached, run_tool
from guest.rfb import (EXTENDED, PLAIN, Rfb, password_file, read_png,
                       read_ppm)
from guest.viewer import Display
from guest.vm import QEMU, Vm, needs, run

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "pc", "keys.S")
BOOT = 120
# Two ports each: tests run beside one another.
SERVERS = ["-vnc", "127.0.0.1:20,to=79,id=open",
           "-vnc", "127.0.0.1:100,to=79,id=closed,password=on"]


def keys_disk():
    needs("gcc")
    with open(SOURCE, encoding="utf-8") as f:
        recipe = f.read()

    def build(path):
        run_tool("gcc", "-m32", "-nostdlib", "-static", "-Wl,-Ttext=0x7c00",
                 "-Wl,--build-id=none", "-Wl,--oformat=binary",
                 "-Wl,-e,start", "-o", path, SOURCE)
        with open(path, "ab") as f:
            f.truncate(1 << 20)

    return cached("keys.img", recipe, build)


def port_of(vm, name):
    found = re.search(rf"^{name}:\s+Server: 127.0.0.1:(\d+) ", vm.hmp("info vnc"),
                      re.M)
    return int(found.group(1))


class KeysVm(Vm):
    def __init__(self, *args):
        super().__init__("-m", "16", "-snapshot", "-hda", keys_disk(), *SERVERS,
                         *args)

    def __enter__(self):
        super().__enter__()
        self.serial.expect("R\n", BOOT)
        self.open = port_of(self, "open")
        self.closed = port_of(self, "closed")
        return self


def same(a, b, tolerance=0):
    if a[:2] != b[:2]:
        return False
    if not tolerance:
        return a[2] == b[2]
    off = sum(sum(abs(p - q) for p, q in zip(x, y)) for x, y in zip(a[2], b[2]))
    return off < tolerance * a[0] * a[1] * 3


def snapshots(vm, folder):
    """What each viewer sees, by name."""
    with Rfb(vm.open) as client:
        seen = {"raw": client.picture()}
    path = os.path.join(folder, "picture")
    run_tool("gvnccapture", "-q", f"127.0.0.1:{vm.open - 5900}", path + ".png")
    seen["gvnccapture"] = read_png(path + ".png")
    vm.hmp("change vnc password geheim")
    run_tool("vncsnapshot", "-quiet", "-passwd", password_file(folder, "geheim"),
             "-quality", "100", f"127.0.0.1:{vm.closed - 5900}", path + ".jpg")
    run_tool("djpeg", "-outfile", path + ".ppm", path + ".jpg")
    seen["vncsnapshot"] = read_ppm(path + ".ppm")
    vm.hmp(f"screendump {path}-dump.ppm")
    if os.path.exists(path + "-dump.ppm"):
        seen["screendump"] = read_ppm(path + "-dump.ppm")
    return seen


def pictures(vm, folder):
    vm.hmp("sendkey a")
    vm.serial.expect("1e 9e ", 20)
    seen = snapshots(vm, folder)
    raw = seen.pop("raw")
    assert len({bytes(row) for row in raw[2]}) > 5
    for name, picture in seen.items():
        assert same(raw, picture, 8 if name == "vncsnapshot" else 0), name
    wrong = subprocess.run(
        ["vncsnapshot", "-quiet", "-passwd", password_file(folder, "falsch"),
         f"127.0.0.1:{vm.closed - 5900}", folder + "/no.jpg"],
        stderr=subprocess.PIPE, timeout=30, check=False)
    assert wrong.returncode and not os.path.exists(folder + "/no.jpg")


def typing(vm, folder):
    with Display(vm.open, folder) as display:
        with Rfb(vm.open) as client:
            assert client.name == "pcvm (typed)"
            before = client.picture()
        display.wait_for_window("pcvm")
        assert display.do("mousemove", "300", "200", "click", "1")
        assert display.do("key", "h", "A", "Return", "F5", "Left")
        vm.serial.expect("23 a3 2a 1e (?:aa 9e|9e aa) 1c 9c 3f bf e0 4b e0 cb ",
                         30)
        with Rfb(vm.open) as client:
            assert not same(client.picture(), before)


def every_key(vm):
    with Rfb(vm.open) as client:
        client.extended_keys()
        for code in PLAIN:
            client.key(code, 1)
            client.key(code, 0)
            vm.serial.expect(f"{code:02x} {code | 0x80:02x} ", 20)
        for code in EXTENDED:
            client.key(code | 0x80, 1)
            client.key(code | 0x80, 0)
            vm.serial.expect(f"e0 {code:02x} e0 {code | 0x80:02x} ", 20)


def test_viewers_see_the_guest_and_type_to_it():
    needs("gvnccapture", "vncsnapshot", "djpeg", "openssl", "Xvfb",
          "xtigervncviewer", "xdotool")
    folder = tempfile.mkdtemp(prefix="pcvm-test-")
    try:
        with KeysVm("-name", "typed") as vm:
            pictures(vm, folder)
            every_key(vm)
            typing(vm, folder)
    finally:
        shutil.rmtree(folder)


def test_a_port_that_is_taken_is_named():
    with Vm("-vnc", "127.0.0.1:20,to=79", "-S") as vm:
        port = port_of(vm, "default")
        status, _, err = run("-S", "-vnc", f"127.0.0.1:{port - 5900}")
        assert status == 1
        assert f"TCP port {port} is in use" in err and "to=99" in err


def test_info_vnc_is_qemus():
    args = ("-vnc", "127.0.0.1:20,to=79,password=on", "-S")
    texts = []
    for program in (None, QEMU):
        if program:
            needs(program)
        with Vm(*args, program=program) as vm:
            text = vm.hmp("info vnc")
            texts.append(re.sub(r":59\d\d", ":PORT", text))
    assert texts[0] == texts[1], texts
