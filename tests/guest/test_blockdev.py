# SPDX-License-Identifier: GPL-2.0-or-later
"""The block graph by the monitor, beside real qemu."""
import json
import re
import time

from guest.test_drives import arguments, make_images, with_images
from guest.vm import QEMU, Vm

LINE = ("-S -nodefaults -drive file=o.qcow2,format=qcow2,id=d,node-name=top "
        "-drive if=none,id=e -blockdev driver=file,node-name=f,filename=r.img "
        "-device ide-hd,drive=f,id=dd -device ide-cd")

HUMAN = (
    "info block", "info block -v", "info block d", "info block e",
    "info block nope", "info block top", "info block -n f", "info block -v f",
    "info blockstats",
    "block_set_io_throttle d 100 0 0 10 0 0", "info block d",
    "block_set_io_throttle d 0 0 0 0 0 5", "info block d",
    "block_set_io_throttle d 0 0 0 0 0 0", "info block d",
    "block_set_io_throttle d 1 1 0 0 0 0",
    "block_set_io_throttle top 1 0 0 0 0 0",
    "block_resize d 70", "block_resize d 128M", "info block -v d",
    "block_resize f 20M", "block_resize e 1M",
)

LIMITS = {k: 0 for k in ("bps", "bps_rd", "bps_wr", "iops", "iops_rd", "iops_wr")}
INNER = {"driver": "file", "filename": "r.img", "node-name": "inner",
         "read-only": True}

# What both answer the same; for the others it is enough that both refuse.
QMP = (
    ("query-block", {}), ("query-blockstats", {}),
    ("query-blockstats", {"query-nodes": True}),
    ("query-named-block-nodes", {}),
    ("query-named-block-nodes", {"flat": True}),
    ("blockdev-add", {"driver": "file", "filename": "p.qcow2", "node-name": "s"}),
    ("blockdev-add", {"driver": "qcow2", "file": "s", "node-name": "q",
                      "backing": None}),
    ("blockdev-add", {"driver": "qcow2", "file": "s", "node-name": "q"}),
    ("blockdev-add", {"driver": "qcow2", "file": "s", "node-name": "q2"}),
    ("blockdev-add", {"driver": "raw", "file": "nope", "node-name": "r2"}),
    ("blockdev-add", {"driver": "raw", "file": "s"}),
    ("blockdev-add", {"file": "s", "node-name": "z"}),
    ("blockdev-add", {"driver": "foo", "node-name": "z"}),
    ("blockdev-add", {"driver": "raw", "file": "f", "node-name": "z", "x": 1}),
    ("blockdev-add", {"driver": "raw", "file": INNER, "node-name": "z",
                      "read-only": True}),
    ("query-named-block-nodes", {}),
    ("blockdev-del", {"node-name": "s"}), ("blockdev-del", {"node-name": "nope"}),
    ("blockdev-del", {"node-name": "f"}), ("blockdev-del", {"node-name": "inner"}),
    ("blockdev-del", {"node-name": "top"}), ("blockdev-del", {}),
    ("blockdev-add", {}),
    ("block_resize", {"node-name": "q", "size": 1 << 27}),
    ("block_resize", {"node-name": "s", "size": 1 << 27}),
    ("block_resize", {"node-name": "inner", "size": 1 << 27}),
    ("blockdev-del", {"node-name": "q"}), ("blockdev-del", {"node-name": "s"}),
    ("blockdev-del", {"node-name": "z"}),
    ("query-named-block-nodes", {}),
    ("block_set_io_throttle", {**LIMITS, "device": "d", "bps": 100}),
    ("block_set_io_throttle", {**LIMITS, "id": "dd", "iops": 5, "iops_max": 9,
                               "iops_size": 4096, "group": "g"}),
    ("query-block", {}),
    ("block_set_io_throttle", {**LIMITS, "id": "nope"}),
    ("block_set_io_throttle", {**LIMITS, "device": "nope"}),
    ("block_set_io_throttle", LIMITS),
    ("block_set_io_throttle", {**LIMITS, "device": "d", "id": "dd"}),
    ("block_set_io_throttle", {**LIMITS, "device": "d", "bps": -1}),
    ("block_set_io_throttle", {"device": "d"}),
    ("block_set_io_throttle", {**LIMITS, "device": "d"}),
    ("block_resize", {"device": "d", "size": 1 << 27}),
    ("block_resize", {"device": "d", "size": 100}),
    ("block_resize", {"device": "d", "size": -512}),
    ("block_resize", {"device": "e", "size": 512}),
    ("block_resize", {"size": 512}),
    ("block_resize", {"node-name": "d", "size": 512}),
    ("query-block", {}),
)


def plain(text):
    """Without what is the program's own."""
    text = re.sub(r"#block\d+", "#block", text)
    text = re.sub(r"disk size: .*", "", text)
    # qemu says when an image's backing file is another than it has itself.
    text = re.sub(r'json:\{"backing": null.*"filename": "([^"]*)"\}\}',
                  r"\1", text)
    return re.sub(r"/machine/(?!peripheral)[^:\s]*", "/machine", text)


@with_images
def test_humans_are_answered_as_by_qemu(folder):
    answers = []
    for program in (None, QEMU):
        make_images(folder)
        with Vm(*arguments(folder, LINE), program=program) as vm:
            answers.append([plain(vm.hmp(line)).strip("\n")
                            for line in HUMAN])
    for line, have, want in zip(HUMAN, *answers):
        if want.startswith("Error"):
            assert have.startswith("Error"), (line, have, want)
        else:
            assert have == want, (line, have, want)


@with_images
def test_all_nodes_are_shown(folder):
    names = []
    for program in (None, QEMU):
        with Vm(*arguments(folder, LINE), program=program) as vm:
            text = plain(vm.hmp("info block -n"))
        names.append(sorted(re.findall(r"^\S.*", text, re.M)))
    assert len(names[0]) == 5 and names[0] == names[1], names


def strip(value):
    """The same of an answer by QMP, with nodes in the order of their names."""
    if isinstance(value, dict):
        return {k: strip(v) for k, v in value.items()
                if k not in ("actual-size", "driver-specific",
                             "write_threshold", "filename")}
    if isinstance(value, str):
        return plain(value)
    if not isinstance(value, list):
        return value
    value = [strip(v) for v in value]
    return value if any("device" in v for v in value) else \
        sorted(value, key=lambda v: json.dumps(v, sort_keys=True))


def call(vm, command, args):
    """As it is: names with - and with _."""
    vm.qmp.send(json.dumps({"execute": command, "arguments": args}) + "\n")
    while True:
        reply = vm.qmp_read()
        if "event" not in reply:
            return reply


def in_folder(args, folder):
    return {k: in_folder(v, folder) if isinstance(v, dict) else
            f"{folder}/{v}" if k == "filename" else v for k, v in args.items()}


@with_images
def test_programs_are_answered_as_by_qemu(folder):
    answers = []
    for program in (None, QEMU):
        make_images(folder)
        with Vm(*arguments(folder, LINE), program=program, qmp=True) as vm:
            vm.qmp_read()
            vm.qmp_call("qmp_capabilities")
            got = [call(vm, command, in_folder(args, folder))
                   for command, args in QMP]
            answers.append(got)
    for command, have, want in zip(QMP, *answers):
        assert ("error" in have) == ("error" in want), (command, have, want)
        if "error" in want:
            assert have["error"]["class"] == want["error"]["class"], command
        else:
            have, want = (json.dumps(strip(x), sort_keys=True, indent=1)
                          .split("\n") for x in (have, want))
            assert have == want, (command, set(have) ^ set(want))


@with_images
def test_what_the_guest_reads_is_counted(folder):
    with Vm("-nodefaults", "-m", "32", "-drive",
            f"file={folder}/r.img,format=raw,id=d", qmp=True) as vm:
        vm.qmp_read()
        vm.qmp_call("qmp_capabilities")
        end = time.monotonic() + 300
        done = {}
        while not done.get("rd_operations") and time.monotonic() < end:
            time.sleep(0.2)
            done = vm.qmp_call("query-blockstats")["return"][0]["stats"]
        assert done["rd_bytes"] >= 512 and done["rd_total_time_ns"] > 0, done
        assert done["wr_bytes"] == 0 and done["idle_time_ns"] > 0, done
        text = vm.hmp("info blockstats")
        assert re.match(r"d: rd_bytes=[1-9]\d* wr_bytes=0 rd_op", text), text
