# SPDX-License-Identifier: GPL-2.0-or-later
"""
The guest of the benchmark drives virtio disks and checks what they give back:
requests of random lengths at random places, cut into pieces at random.
"""
import os
import re
import tempfile

from bench.report import facts, guest_image
from guest.vm import PCVM, Vm, needs
from guest.vm import run as run_program

SIZE = 8 << 20
BOOT = 60  # seconds until the guest has done all
VERIFY = "op=verify bs=16K depth=16 seconds=0.3 "


def results(properties, words, drive="", form="raw", meanwhile=None):
    """Of each run that the words ask for; meanwhile(vm) is done in the first."""
    needs("gcc", "ld", "objcopy")
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        disk, tool = f"{folder}/disk", f"{folder}/pcvm-img"
        os.symlink(PCVM, tool)
        status, _, errors = run_program("create", "-f", form, disk, str(SIZE),
                                        program=tool)
        assert status == 0, errors
        with Vm("-nodefaults", "-m", "64", "-no-reboot", "-kernel",
                guest_image(), "-append", words, "-device", "isa-debug-exit",
                "-drive", f"file={disk},format={form},if=none,id=d{drive}",
                "-device", f"virtio-blk-pci,drive=d{properties}") as vm:
            if meanwhile:
                vm.serial.expect("begin ", BOOT)
                meanwhile(vm)
            text = vm.serial.expect(r"done\r?\n|failed.*?\n", BOOT)
            assert vm.wait() == 1, "isa-debug-exit: 0 << 1 | 1"
    assert "failed" not in text, text
    return [facts(line) for line in re.findall(r"^result.*$", text, re.M)]


def check_verified(*args, **kwargs):
    for result in results(*args, **kwargs):
        assert result["errors"] == 0, result
        # All is written, and read in the end; something was done meanwhile.
        assert result["bytes"] > 2 * SIZE, result


def test_data_of_one_queue_and_of_four():
    check_verified(",num-queues=4",
                   VERIFY + "run queues=4 seed=7 run depth=64 bs=2K run")


def test_data_without_indirect_tables_and_event_index():
    check_verified(",num-queues=2,indirect_desc=off,event_idx=off",
                   VERIFY + "queues=2 run")


def test_data_by_direct_native_aio_and_io_uring():
    for aio in "native", "io_uring":
        check_verified(",num-queues=4", VERIFY + "queues=4 run",
                       drive=f",cache=none,aio={aio}")


def test_data_of_qcow2():
    check_verified(",num-queues=4", VERIFY + "queues=4 run", form="qcow2")


def test_data_of_a_machine_that_is_stopped_again_and_again():
    def stop_and_go(vm):
        for _ in range(12):
            vm.hmp("stop")
            vm.hmp("cont")

    for aio in "threads", "native":
        check_verified(",num-queues=4", VERIFY + "queues=4 seconds=1 run",
                       drive=f",cache=none,aio={aio}", meanwhile=stop_and_go)


def test_each_kind_of_work():
    words = "size=4M depth=8 seconds=0.05 " + "".join(
        f"op={op} run " for op in ("randread", "randwrite", "read", "write",
                                   "mixed"))
    found = results(",num-queues=2", words + "queues=2 run")
    assert [r["op"] for r in found] == ["randread", "randwrite", "read",
                                        "write", "mixed", "mixed"]
    for r in found:
        assert r["ios"] and not r["errors"]
        assert r["bytes"] == r["ios"] * r["bs"]
        assert r["min"] <= r["p50"] * 1.1 and r["p50"] <= r["p99"]
        assert r["min"] <= r["avg"] <= r["max"]
