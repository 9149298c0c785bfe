# SPDX-License-Identifier: GPL-2.0-or-later
"""
Two of the benchmark's guests at one bridge: one sends all it can, to one that
does not take it, for want of buffers or since its machine stands still.
"""
import re
import subprocess
import time

from bench.report import facts, guest_image
from guest.net_place import Place
from guest.vm import Vm, needs

BOOT = 60  # seconds until a guest has begun
GROWTH = 16 << 10  # KiB that a flood may cost
UP = "ip link set $1 up; ip link set $1 master br0"
FLOOD = "op=send bs=1514 depth=256 seconds=120 run"
DEAF = "op=receive bs=64 depth=32 pause=2 seconds=0.2 run pause=0 run"
SENDER, RECEIVER = "52:54:00:12:34:56", "52:54:00:12:34:57"


def _guest(place, up, mac, words):
    vm = Vm("-nodefaults", "-m", "64", "-no-reboot", "-kernel", guest_image(),
            "-append", words, "-device", "isa-debug-exit", "-netdev",
            f"tap,id=n,script={up},downscript=no", "-device",
            f"virtio-net-pci,netdev=n,mac={mac},romfile=")
    vm.args = place.inside(*vm.args)
    return vm


def _memory(vm):
    """KiB; nsenter and setpriv become what they start."""
    with open(f"/proc/{vm.process.pid}/status", encoding="ascii") as f:
        return int(re.search(r"RssAnon:\s+(\d+)", f.read()).group(1))


def _packets(place, name):
    """That its guest has sent."""
    text = subprocess.run(place.inside("cat", "/proc/self/net/dev"), text=True,
                          check=True, capture_output=True).stdout
    return int(re.search(rf"{name}:\s+\d+\s+(\d+)", text).group(1))


def _more_comes(place, name):
    before, end = _packets(place, name), time.monotonic() + BOOT
    while _packets(place, name) < before + 1000:
        assert time.monotonic() < end
        time.sleep(0.05)
    return True


def _results(vm):
    text = vm.serial.expect(r"done\r?\n|failed.*?\n", BOOT)
    assert vm.wait(BOOT) == 1, "isa-debug-exit: 0 << 1 | 1"
    return [facts(line) for line in re.findall(r"^result.*$", text, re.M)]


def test_floods_cost_no_memory_and_no_wakeup():
    needs("gcc", "ld", "objcopy", "ip")
    with Place() as place:
        subprocess.run(place.inside("ip", "link", "add", "br0", "up", "type",
                                    "bridge"), check=True)
        up = place.script("up", more=UP)
        with _guest(place, up, SENDER, FLOOD) as sender:
            sender.serial.expect("begin ", BOOT)
            assert _more_comes(place, "tap0")
            with _guest(place, up, RECEIVER, DEAF) as deaf:
                deaf.serial.expect("begin ", BOOT)
                before = [_memory(vm) for vm in (deaf, sender)]
                for _ in range(3):
                    assert deaf.hmp("stop") == ""
                    time.sleep(0.2)
                    assert deaf.hmp("cont") == ""
                grown = [_memory(vm) - old
                         for vm, old in zip((deaf, sender), before)]
                assert max(grown) < GROWTH, grown
                # It hears, and answers, all that still comes.
                heard = _results(deaf)
                assert len(heard) == 2 and all(r["ios"] > 100 for r in heard), heard
            assert _more_comes(place, "tap0")
