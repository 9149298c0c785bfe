# SPDX-License-Identifier: GPL-2.0-or-later
"""RAM from backends, NUMA nodes: what the host, the guest and monitors see."""
import os
import re
import struct
import tempfile
import time

from guest.kernels import Kernels
from guest.test_kernel import boot
from guest.vm import QEMU, Vm, needs

MIB = 1 << 20

NODES = ("-m", "128", "-smp", "2,maxcpus=4", "-nodefaults",
         "-numa", "node,memdev=a,cpus=0", "-numa", "node,memdev=b,cpus=1-3",
         "-numa", "node", "-numa", "dist,src=0,dst=1,val=15",
         "-numa", "dist,src=0,dst=2,val=30", "-numa", "dist,src=1,dst=2,val=255")


def rams(*sizes):
    """-object for memory a, b, ..."""
    return [word for name, size in zip("abc", sizes)
            for word in ("-object", f"memory-backend-ram,id={name},size={size}")]


def tables_in(memory):
    """{signature: bytes} of the tables about NUMA."""
    found = {}
    for signature in (b"SRAT", b"SLIT"):
        for at in (m.start() for m in re.finditer(signature, memory)):
            size = struct.unpack_from("<I", memory, at + 4)[0]
            table = memory[at:at + size]
            if 36 <= size < 65536 and sum(table) % 256 == 0:
                found[signature] = table
    return found


def tables_of(program, seconds=60):
    """Those that SeaBIOS puts into RAM, which is in files that we can read."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as d:
        files = {name: os.path.join(d, name) for name in "ab"}
        objects = [word for name, path in files.items() for word in
                   ("-object", f"memory-backend-file,id={name},size=64M,"
                    f"share=on,mem-path={path}")]
        with Vm(*NODES, *objects, program=program, serial=False):
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                time.sleep(0.2)
                with open(files["b"], "rb") as f:
                    tables = tables_in(f.read())
                if len(tables) == 2:
                    return tables
    raise AssertionError("no tables in the guest's memory")


def test_the_guest_gets_the_tables_that_qemu_gives():
    ours = tables_of(None)
    assert len(ours[b"SLIT"]) == 44 + 9, ours
    needs(QEMU)
    assert ours == tables_of(QEMU)


def monitor_says(program, *args):
    with Vm(*args, "-S", program=program, serial=False) as vm:
        backends = vm.hmp("info memdev").split("memory backend: ")
        return vm.hmp("info numa"), sorted(b.strip() for b in backends)


def test_the_monitor_says_what_qemus_says():
    args = (*NODES, "-object", "memory-backend-ram,id=a,size=64M,policy=bind,"
            "host-nodes=0,dump=off,prealloc=on", "-object",
            "memory-backend-ram,id=b,size=64M,reserve=off,merge=off")
    ours = monitor_says(None, *args)
    assert "node 1 cpus: 1\nnode 1 size: 64 MB\n" in ours[0], ours
    assert "policy: bind\n  host nodes: 0" in ours[1][1], ours
    needs(QEMU)
    assert ours == monitor_says(QEMU, *args)


def test_qmp():
    with Vm(*NODES, *rams("64M", "64M"), "-S", qmp=True, monitor=False) as vm:
        vm.qmp_read()
        vm.qmp_call("qmp_capabilities")
        size = vm.qmp_call("query-memory-size-summary")["return"]
        assert size == {"base-memory": 128 * MIB, "plugged-memory": 0}, size
        a, b = vm.qmp_call("query-memdev")["return"]
        assert a == {"id": "a", "size": 64 * MIB, "merge": True, "dump": True,
                     "prealloc": False, "share": False, "reserve": True,
                     "policy": "default", "host-nodes": []}, a
        assert b["id"] == "b", b


def proc(vm, name):
    with open(f"/proc/{vm.process.pid}/{name}", encoding="utf-8") as f:
        return f.read()


def smaps_of(vm, mib):
    """{key: text} of the largest mapping, which must have that many MiB."""
    maps = re.split(r"^(?=[0-9a-f]+-[0-9a-f]+ )", proc(vm, "smaps"), flags=re.M)
    fields = [dict(re.findall(r"^(\w+): +(.*?)(?: kB)? *$", m, re.M))
              for m in maps if m]
    largest = max(fields, key=lambda f: int(f["Size"]))
    assert int(largest["Size"]) == mib * 1024, largest
    return largest


def started(*args):
    return Vm("-nodefaults", "-S", "-m", "64", *args, serial=False)


def flags_of(*args):
    with started(*args) as vm:
        return smaps_of(vm, 64)["VmFlags"].split()


def test_ram_is_taken_when_it_is_used_or_at_once():
    with started() as vm:
        assert int(smaps_of(vm, 64)["Rss"]) < 4096
    for extra in ((), ("-machine", "mem-merge=on"), ("-mem-path", "/dev/shm")):
        with started("-mem-prealloc", "-smp", "2", *extra) as vm:
            assert int(smaps_of(vm, 64)["Rss"]) == 64 * 1024, extra


def test_merging_needs_private_memory():
    ksm = os.path.exists("/sys/kernel/mm/ksm")
    flags = flags_of("-machine", "mem-merge=on")
    assert ("mg" in flags) == ksm and "sh" not in flags, flags
    assert "mg" not in flags_of("-machine", "mem-merge=off")
    flags = flags_of("-machine", "mem-merge=off,memory-backend=a,"
                     "dump-guest-core=off", *rams("64M"))
    assert "mg" not in flags and "dd" in flags, flags


def test_locked_memory():
    with started("-overcommit", "mem-lock=on") as vm:
        vm.hmp("info status")
        locked = re.search(r"VmLck:\s+(\d+) kB", proc(vm, "status"))
        assert int(locked.group(1)) >= 64 * 1024, locked.group(0)
        assert "lo" in smaps_of(vm, 64)["VmFlags"].split()


def test_the_guest_runs_that_halts_the_processor_by_itself():
    with Vm("-nodefaults", "-m", "64", "-smp", "2", "-overcommit", "cpu-pm=on",
            serial=False) as vm:
        time.sleep(2)
        vm.hmp("stop")
        assert "paused" in vm.hmp("info status")
        vm.hmp("cont")
        assert "running" in vm.hmp("info status")
        vm.hmp("system_reset")
        vm.monitor.send("quit\n")
        assert vm.wait() == 0


def test_a_file_without_a_name_is_gone_in_the_end():
    with tempfile.TemporaryDirectory() as d:
        with started("-mem-path", d) as vm:
            assert d in proc(vm, "maps") and not os.listdir(d)


def test_a_kernel_in_ram_that_is_not_empty():
    """Its variables are zeros all the same, which boot checks."""
    with Kernels() as kernels:
        path = kernels.path("ram")
        with open(path, "wb") as f:
            f.write(b"\xff" * 64 * MIB)
        boot(kernels.elf("PVH", entry="pvh_entry"), "-mem-path", path)
        with open(path, "rb") as f:
            assert f.read(MIB) == b"\xff" * MIB, "the file was written to"


def test_a_kernel_in_ram_of_two_nodes():
    with Kernels() as kernels:
        report = boot(kernels.elf("PVH", entry="pvh_entry"), *rams("1M", "63M"),
                      "-numa", "node,memdev=a", "-numa", "node,memdev=b")
        assert " SRAT" in "\n".join(report.lines), report.lines
