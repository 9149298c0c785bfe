# SPDX-License-Identifier: GPL-2.0-or-later
"""Media that come and go by the monitor, beside real qemu."""
import json

from guest.test_blockdev import in_folder, plain, strip
from guest.test_drives import arguments, make_images, with_images
from guest.vm import QEMU, Vm, needs

LINE = ("-S -nodefaults -drive media=cdrom,index=2,id=cd "
        "-drive file=o.qcow2,format=qcow2,id=d,index=0 "
        "-drive if=none,id=e,file=r.img,format=raw -device ide-cd,id=c0,bus=ide.0")

HUMAN = (
    "info block", "eject cd", "info block cd", "eject cd", "eject -f cd",
    "change cd r.iso", "info block cd", "change cd nonexistent", "info block cd",
    "change cd -f r.iso raw", "change cd r.iso qcow2", "change cd r.iso raw x",
    "change cd r.iso raw read-only", "info block cd", "change cd",
    "eject nope", "eject d", "change d r.iso raw", "eject e", "info block",
    "help eject",
)

# What both answer the same; for the others it is enough that both refuse.
QMP = (
    ("blockdev-open-tray", {"device": "cd"}), ("query-block", {}),
    ("blockdev-open-tray", {"device": "cd"}),
    ("blockdev-close-tray", {"device": "cd"}),
    ("blockdev-close-tray", {"device": "cd"}),
    ("blockdev-remove-medium", {"id": "c0"}),
    ("blockdev-change-medium", {"id": "c0", "filename": "r.iso",
                                "format": "raw"}),
    ("query-block", {}), ("blockdev-remove-medium", {"id": "c0"}),
    ("blockdev-open-tray", {"id": "c0", "force": True}),
    ("blockdev-remove-medium", {"id": "c0"}), ("query-block", {}),
    ("blockdev-remove-medium", {"id": "c0"}),
    ("blockdev-add", {"driver": "file", "node-name": "n", "filename": "r.iso",
                      "read-only": True}),
    ("blockdev-insert-medium", {"id": "c0", "node-name": "n"}),
    ("blockdev-insert-medium", {"id": "c0", "node-name": "n"}),
    ("blockdev-insert-medium", {"id": "c0", "node-name": "nope"}),
    ("blockdev-del", {"node-name": "n"}), ("query-block", {}),
    ("blockdev-close-tray", {"id": "c0"}), ("eject", {"id": "c0"}),
    ("blockdev-del", {"node-name": "n"}), ("query-block", {}),
    ("eject", {}), ("eject", {"id": "nope"}), ("eject", {"device": "d"}),
    ("blockdev-open-tray", {"device": "d"}), ("eject", {"device": "e"}),
    ("blockdev-change-medium", {"device": "cd", "filename": "nope"}),
    ("blockdev-change-medium", {"device": "cd", "filename": "r.iso",
                                "read-only-mode": "often"}),
    ("blockdev-change-medium", {"device": "cd", "filename": "r.iso",
                                "read-only-mode": "read-only"}),
    ("query-block", {}),
)


def make(folder):
    make_images(folder)
    with open(f"{folder}/r.iso", "wb") as f:
        f.truncate(1 << 20)


@with_images
def test_humans_are_answered_as_by_qemu(folder):
    needs(QEMU)
    answers = []
    for program in (None, QEMU):
        make(folder)
        with Vm(*arguments(folder, LINE), program=program) as vm:
            answers.append([
                plain(vm.hmp(line.replace("r.iso", f"{folder}/r.iso")))
                .strip("\n") for line in HUMAN])
    for line, have, want in zip(HUMAN, *answers):
        if want.startswith(("Error", "change:", "eject [")):
            assert have.split(":")[0].split(" -- ")[0] == \
                want.split(":")[0].split(" -- ")[0], (line, have, want)
        else:
            assert have == want, (line, have, want)


def events_and_answer(vm, command, args):
    """Trays that move before the answer, and the answer."""
    vm.qmp.send(json.dumps({"execute": command, "arguments": args}) + "\n")
    moves = []
    while True:
        reply = vm.qmp_read()
        if "event" not in reply:
            return moves, reply
        assert reply["event"] == "DEVICE_TRAY_MOVED"
        moves.append((reply["data"]["device"], reply["data"]["tray-open"]))


@with_images
def test_programs_are_answered_as_by_qemu(folder):
    needs(QEMU)
    answers = []
    for program in (None, QEMU):
        make(folder)
        with Vm(*arguments(folder, LINE), program=program, qmp=True) as vm:
            vm.qmp_read()
            vm.qmp_call("qmp_capabilities")
            answers.append([events_and_answer(vm, c, in_folder(args, folder))
                            for c, args in QMP])
    for command, (moved, have), (moves, want) in zip(QMP, *answers):
        assert moved == moves, (command, moved, moves)
        assert ("error" in have) == ("error" in want), (command, have, want)
        if "error" in want:
            assert have["error"]["class"] == want["error"]["class"], command
        else:
            assert strip(have) == strip(want), (command, have, want)
