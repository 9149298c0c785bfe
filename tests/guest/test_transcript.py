# SPDX-License-Identifier: GPL-2.0-or-later
"""
One long talk with each monitor, held with qemu 7.2 and with pcvm, and compared
answer by answer.  What may differ is in the tables ACCEPTED, with the reason.
"""
import json
import os
import re
import tempfile

from guest.images import run_tool
from guest.test_background import until
from guest.vm import QEMU, Vm, needs

ARGS = ("-S", "-m", "64", "-smp", "2,maxcpus=4", "-name", "transcript", "-uuid",
        "5d0b8a3c-7f5e-4a8c-9a57-0123456789ab",
        "-drive", "file=@/d.qcow2,format=qcow2,id=hd,if=none,node-name=n",
        "-device", "virtio-blk-pci,drive=hd,id=vd0",
        "-drive", "media=cdrom,index=2,id=cd", "-netdev", "user,id=n0",
        "-device", "e1000,netdev=n0,id=net0,mac=52:54:00:12:34:99",
        "-chardev", "null,id=c0", "-object", "iothread,id=io0")

HMP = """
info status|info name|info uuid|info kvm|info cpus|info mice|info vnc
info iothreads|info chardev|info memory_size_summary|info memdev|info numa
info network|info usernet|info block|info block-jobs|info pci|info irq
info mem|info tlb|info history|info version|info roms|info bogus
info status extra|info registers bogus|info pci x|bogus|help bogus|   |
help stop|help cont|help quit|help nmi|help x|help xp|help p|help i|help o
help eject|help block_resize|help set_link|help netdev_del|help sendkey
help chardev-remove|help chardev-send-break|help system_reset|help info status
stop|stop extra|cpu 1|cpu 7|cpu -1|cpu|cpu x|info cpus|cpu 0
p 1+2*3|p 1 + 2|p (1+2)*3|p 1/0|p $eip|p $pc|p $cs|p $bogus|p /x 255
p /d 0x10|p /c 65|p /o 8|p /u -1|p 1%0|p ~0|p -5|p 0x|p 1+|p (1|p 1 2|p
p /z 1|p 5&3|8^1|p 'a'|p $rip
x|x /4xb 0xf0000|xp /4xb 0xffff0|xp /4xh 0xffff0|xp /2xw 0xffff0
xp /1xg 0xffff0|xp /3db 0xffff0|xp /2dw 0xffff0|xp /1dg 0xffff0
xp /3ub 0xffff0|xp /3ob 0xffff0|xp /8cb 0xffff0|xp /2i 0xffff0
xp/4xb 0xffff0|xp /0xb 0|xp 0xffff0|xp /q 0|xp /4xw 0x7fffffff0000
o /b 0x70 0x0d|i /b 0x71|i /w 0x3f8|i /b 0x64|i|o 1|o /b 0x80 1|o 0x70 5
gva2gpa 0xffff0|gva2gpa|memsave|memsave 0 16|memsave 0 16 "/nonexistent/x"
pmemsave 0 16 "/nonexistent/x"|pmemsave 0 16 @/saved
sendkey a|sendkey ctrl-alt-f1|sendkey bogus|sendkey|sendkey a 10 x
mouse_move 1 2|mouse_move|mouse_move x y|mouse_button 1|mouse_button
mouse_button 0|mouse_set 2|mouse_set 99
set_link net0 off|info network|set_link net0 on|set_link bogus on
set_link net0 maybe|set_link
netdev_add user,id=n1|info network|netdev_add bogus,id=x|netdev_add user
netdev_add|netdev_del n1|netdev_del n1|netdev_del
hostfwd_add bogus|hostfwd_remove tcp:127.0.0.1:1
eject cd|eject bogus|eject hd|change|change vnc|change bogus x
block_resize hd 2G|info block|block_resize hd|block_resize bogus 1G
block_resize hd 1x|block_set_io_throttle hd 1 0 0 0 0 0|info block
block_set_io_throttle hd|nmi|system_powerdown|system_wakeup|system_reset x
screendump|screendump /nonexistent/x|screendump x -f bogus|set_password
set_password vnc x|expire_password vnc now|change vnc password x
chardev-add|chardev-add null,id=k1|info chardev|chardev-add null
chardev-add bogus,id=q|chardev-change k1 null|chardev-change|chardev-remove
chardev-send-break k1|chardev-remove k1|chardev-remove k1|chardev-send-break zz
info status|cont|info status|stop|info status|quit x
"""

ACCEPTED_HMP = {
    "info version": "two versions",
    "info chardev": "there is no parallel port; sockets show their paths",
    "info memdev": "no swap is reserved for RAM",
    "info usernet": "networks without a hub have no hub's number",
    "info roms": "only what is mapped is shown",
    "info registers bogus": "no vCPU by its number: there is cpu",
    "help i": "formats are shown as they are typed",
    "help o": "formats are shown as they are typed",
    "help sendkey": "its argument has one name, that of QMP",
    "cpu -1": "refused in other words",
    "p /z 1": "a reason is enough",
    "xp /q 0": "a reason is enough",
    "p $rip": "known before the guest is in long mode",
    "i /b 0x64": "the keyboard controller has had no command yet",
    "mouse_move": "numbers are read as numbers",
    "mouse_move x y": "numbers are read as numbers, and no others taken",
    "mouse_set 99": "an error is called one",
    "netdev_add bogus,id=x": "it says which there are",
    "netdev_add user": "a key is shown with its =",
    "netdev_add": "an argument is missing, not one of its keys",
    "hostfwd_add bogus": "it says what the form is",
    "hostfwd_remove tcp:127.0.0.1:1": "refused in other words",
    "change": "refused in other words",
    "change vnc": "the command is \"change vnc password\"",
    "block_resize hd 1x": "it says what a size is",
    "screendump": "refused in other words",
    "screendump x -f bogus": "it says which there are",
    "set_password vnc x": "it says why",
    "expire_password vnc now": "it says why",
    "change vnc password x": "it says why",
}


def line_list():
    """The expression with a | in it is one line."""
    text = HMP.replace("8^1", "\0").replace("\n", "|")
    return [line.replace("\0", "8^1") for line in text.split("|")][1:-1]


def plain(text):
    """Without what is another in each process."""
    text = re.sub(r"thread_id=\d+", "thread_id=N", text)
    text = re.sub(r"#block\d+", "#block", text)
    text = re.sub(r"(Attached to: +)\S+", r"\1PATH", text)
    text = re.sub(r"(?m)^sd0: .*\n( .*\n)*", "", text)
    text = re.sub(r" -- .*", "", text)
    return text.strip("\n")


def arguments(folder):
    run_tool("qemu-img", "create", "-f", "qcow2", f"{folder}/d.qcow2", "1G")
    return [a.replace("@", folder) for a in ARGS]


def human(program, folder, lines):
    answers = []
    with Vm(*arguments(folder), program=program) as vm:
        for line in lines:
            answers.append(plain(vm.hmp(line.replace("@", folder), 60)))
            assert vm.process.poll() is None, line
    return answers


def test_humans_are_answered_alike():
    needs(QEMU)
    lines = line_list()
    assert len(lines) > 180
    with tempfile.TemporaryDirectory() as folder:
        theirs, ours = (human(p, folder, lines) for p in (QEMU, None))
    for line, have, want in zip(lines, ours, theirs):
        if line in ACCEPTED_HMP:
            assert not have.startswith("unknown command"), line
        else:
            assert have == want, (line, have, want)


QMP = """
{"execute": "query-status"}
{"execute": "query-status", "arguments": {"x": 1}}
{"execute": "query-status", "arguments": 5}
{"execute": "query-name", "id": 5}
{"execute": "query-name", "id": {"a": [1, null, "x"]}}
{"execute": "bogus", "id": "q"}
{"execute": 5}
{"arguments": {}}
{"execute": "query-name", "bogus": 1}
[]
5
"x"
{"execute": "qmp_capabilities"}
{"execute": "query-uuid"}
{"execute": "query-kvm"}
{"execute": "query-cpus-fast"}
{"execute": "query-version"}
{"execute": "query-chardev"}
{"execute": "query-chardev-backends"}
{"execute": "query-block"}
{"execute": "query-named-block-nodes"}
{"execute": "query-pci"}
{"execute": "query-mice"}
{"execute": "query-iothreads"}
{"execute": "query-memory-size-summary"}
{"execute": "query-memdev"}
{"execute": "query-vnc"}
{"execute": "query-vnc-servers"}
{"execute": "query-rx-filter"}
{"execute": "query-rx-filter", "arguments": {"name": "bogus"}}
{"execute": "query-target"}
{"execute": "query-jobs"}
{"execute": "query-block-jobs"}
{"execute": "cont"}
{"execute": "query-status"}
{"execute": "stop"}
{"execute": "stop", "arguments": {"x": 1}}
{"execute": "system_powerdown"}
{"execute": "system_wakeup"}
{"execute": "inject-nmi"}
{"execute": "set_link", "arguments": {"name": "net0", "up": false}}
{"execute": "set_link", "arguments": {"name": "net0", "up": true}}
{"execute": "set_link", "arguments": {"name": "x", "up": true}}
{"execute": "set_link", "arguments": {"name": "net0"}}
{"execute": "set_link", "arguments": {"name": 1, "up": true}}
{"execute": "set_link", "arguments": {"name": "net0", "up": "on"}}
{"execute": "set_link", "arguments": {"name": "net0", "up": true, "b": 1}}
{"execute": "netdev_add", "arguments": {"type": "user", "id": "n9"}}
{"execute": "netdev_add", "arguments": {"type": "user", "id": "n9"}}
{"execute": "netdev_add", "arguments": {"type": "bogus", "id": "n8"}}
{"execute": "netdev_add", "arguments": {"type": "user"}}
{"execute": "netdev_add", "arguments": {"id": "x"}}
{"execute": "netdev_del", "arguments": {"id": "n9"}}
{"execute": "netdev_del", "arguments": {"id": "n9"}}
{"execute": "netdev_del"}
{"execute": "send-key", "arguments": {"keys": [{"type": "qcode", "data": "a"}]}}
{"execute": "send-key", "arguments": {"keys": [{"type": "qcode", "data": "b0"}]}}
{"execute": "send-key", "arguments": {"keys": "a"}}
{"execute": "send-key"}
{"execute": "input-send-event", "arguments": {"events": []}}
{"execute": "input-send-event"}
{"execute": "eject", "arguments": {"device": "cd"}}
{"execute": "eject", "arguments": {"device": "x"}}
{"execute": "eject"}
{"execute": "block_resize", "arguments": {"device": "hd", "size": 2147483648}}
{"execute": "block_resize", "arguments": {"device": "hd"}}
{"execute": "block_resize", "arguments": {"device": "hd", "size": "x"}}
{"execute": "block_resize", "arguments": {"device": "hd", "size": -1}}
{"execute": "block_resize", "arguments": {"device": "x", "size": 1}}
{"execute": "block_resize", "arguments": {"size": 1}}
{"execute": "screendump", "arguments": {"filename": "@/screen.ppm"}}
{"execute": "screendump", "arguments": {"filename": "/nonexistent/x"}}
{"execute": "screendump", "arguments": {"filename": "@/x", "format": "b"}}
{"execute": "screendump"}
{"execute": "human-monitor-command", "arguments": {"command-line": "info name"}}
{"execute": "human-monitor-command", "arguments": {"command-line": "bogus"}}
{"execute": "human-monitor-command", "arguments": {"command-line": "stop x"}}
{"execute": "human-monitor-command", "arguments": {"command-line": ""}}
{"execute": "human-monitor-command", "arguments": {"command-line": "eject x"}}
{"execute": "human-monitor-command", "arguments": {"command-line": "info name", "cpu-index": 9}}
{"execute": "human-monitor-command"}
{"execute": "set_password", "arguments": {"protocol": "vnc", "password": "x"}}
{"execute": "set_password"}
{"execute": "change-vnc-password", "arguments": {"password": "x"}}
{"execute": "blockdev-add", "arguments": {"driver": "b", "node-name": "z"}}
{"execute": "blockdev-add", "arguments": {"driver": "file", "node-name": "z", "filename": "/nonexistent"}}
{"execute": "blockdev-add"}
{"execute": "blockdev-del", "arguments": {"node-name": "z"}}
{"execute": "device-list-properties", "arguments": {"typename": "b"}}
{"execute": "query-command-line-options", "arguments": {"option": "b"}}
{"execute": "memsave", "arguments": {"val": 0, "size": 16, "filename": "@/m"}}
{"execute": "memsave", "arguments": {"val": 0, "size": 16, "filename": "/nonexistent/x"}}
{"execute": "memsave", "arguments": {"val": 0, "size": 16, "filename": "@/m", "cpu-index": 7}}
{"execute": "memsave", "arguments": {"val": -4096, "size": 16, "filename": "@/m"}}
{"execute": "memsave", "arguments": {"val": "x", "size": 16, "filename": "@/m"}}
{"execute": "memsave"}
{"execute": "block_set_io_throttle", "arguments": {"device": "hd", "bps": 1, "bps_rd": 0, "bps_wr": 0, "iops": 0, "iops_rd": 0, "iops_wr": 0}}
{"execute": "block_set_io_throttle"}
{"execute": "chardev-add", "arguments": {"id": "k", "backend": {"type": "null", "data": {}}}}
{"execute": "chardev-add", "arguments": {"id": "k", "backend": {"type": "null", "data": {}}}}
{"execute": "chardev-add", "arguments": {"id": "f", "backend": {"type": "file", "data": {}}}}
{"execute": "chardev-add", "arguments": {"id": "f", "backend": {"type": "file", "data": {"out": "@/f"}}}}
{"execute": "chardev-add", "arguments": {"id": "s", "backend": {"type": "socket", "data": {"addr": {"type": "unix", "data": {"path": "@/s"}}}}}}
{"execute": "chardev-add", "arguments": {"id": "b", "backend": {"type": "bogus", "data": {}}}}
{"execute": "chardev-add", "arguments": {"id": "b", "backend": {"type": "null"}}}
{"execute": "chardev-add", "arguments": {"id": "b"}}
{"execute": "chardev-change", "arguments": {"id": "b", "backend": {"type": "null", "data": {}}}}
{"execute": "chardev-change", "arguments": {"id": "serial0", "backend": {"type": "null", "data": {}}}}
{"execute": "chardev-send-break", "arguments": {"id": "k"}}
{"execute": "chardev-send-break", "arguments": {"id": "b"}}
{"execute": "chardev-remove", "arguments": {"id": "k"}}
{"execute": "chardev-remove", "arguments": {"id": "k"}}
{"execute": "chardev-remove", "arguments": {"id": "s"}}
{"execute": "chardev-remove", "arguments": {"id": "serial0"}}
{"execute": "system_reset"}
"""

# What is compared of these is whether it is an error, and of which class.
ACCEPTED_QMP = {
    "query-version": "two versions",
    "query-chardev": "there is no parallel port; sockets show their paths",
    "query-chardev-backends": "each says which it has",
    "query-memdev": "no swap is reserved for RAM",
    "query-block": "compared by test_drives; no drive sd0 here",
    '"query-name", "bogus"': "refused in other words",
    '"netdev_add", "arguments": {"type"': "it says which there are",
    '"type": "user", "id": "n9"': "a duplicate, in other words",
    '"size": -1': "a size of 0 is one",
    '"format": "b"': "it says which there are",
    "set_password": "it says why",
    "change-vnc-password": "it says why",
    "blockdev-add": "it says which there are, and the file's name",
    "device-list-properties": "a class is no device",
    "bogus": "refused in other words",
    "system_reset": "the answer does not wait for the reset",
}


def plain_json(value, key=None):
    if key in ("thread-id", "qom-path", "qdev", "timestamp", "id"):
        return None
    if isinstance(value, dict):
        return {k: plain_json(v, k) for k, v in value.items()}
    if isinstance(value, list):
        return [plain_json(v) for v in value]
    return re.sub(r"#block\d+", "#block", value) if isinstance(value, str) \
        else value


def ask(vm, text):
    """The events before the answer, and the answer."""
    vm.qmp.send(text + "\n")
    events = []
    while True:
        reply = vm.qmp_read(60)
        if "event" not in reply:
            return events, plain_json(reply)
        events.append(plain_json(reply))


def program_talk(program, folder, lines):
    with Vm(*arguments(folder), program=program, qmp=True) as vm:
        hello = vm.qmp_read(60)["QMP"]
        assert sorted(hello) == ["capabilities", "version"]
        early = ask(vm, '{"execute": "query-status"}')
        ask(vm, '{"execute": "qmp_capabilities"}')
        talk = [ask(vm, line.replace("@", folder)) for line in lines]
        if not any(e["event"] == "RESET" for e in talk[-1][0]):
            talk[-1][0].append(plain_json(vm.qmp_read(60)))
        # What is wrong in the middle leaves no mark on what follows.
        vm.qmp.send('{"execute" "nul", }]')
        vm.qmp_read(60)
    return [early, *talk]


def accepted(line):
    return any(words in line for words in ACCEPTED_QMP)


def test_programs_are_answered_alike():
    needs(QEMU)
    lines = QMP.strip().split("\n")
    with tempfile.TemporaryDirectory() as folder:
        theirs, ours = (program_talk(p, folder, lines) for p in (QEMU, None))
        assert os.path.getsize(f"{folder}/screen.ppm") > 1000
    for line, have, want in zip(["", *lines], ours, theirs):
        events = [[e["event"] for e in part[0]] for part in (have, want)]
        assert events[0] == events[1] or "system_" in line, (line, have, want)
        if "error" in want[1]:
            assert have[1]["error"]["class"] == want[1]["error"]["class"], line
        else:
            assert "return" in have[1], (line, have)
        if not accepted(line):
            assert have[1] == want[1], (line, have[1], want[1])


# A reply, a command that changes what it tells of, and what undoes that.
LIVE = (
    ("info status", "cont", "stop"),
    ("info network", "netdev_add user,id=n1", "netdev_del n1"),
    ("info usernet", "hostfwd_add tcp:127.0.0.1:0-:9", None),
    ("info block -v hd", "block_resize hd 2G", None),
    ("info block", "block_set_io_throttle hd 9 0 0 0 0 0",
     "block_set_io_throttle hd 0 0 0 0 0 0"),
    ("info block cd", "change cd @/d.raw raw", "eject cd"),
    ("info chardev", "chardev-add null,id=k", "chardev-remove k"),
    ("info cpus", "cpu 1", "cpu 0"),
    ("p $eip", "cont", "stop"),
    ("i /b 0x70 0x3f", "o /b 0x71 0x5a", None),
    ("info history", "p 1", None),
)


def test_replies_are_of_live_objects():
    with tempfile.TemporaryDirectory() as folder:
        with open(f"{folder}/d.raw", "wb") as f:
            f.truncate(1 << 20)
        with Vm(*arguments(folder)) as vm:
            for reply, change, back in LIVE:
                before = vm.hmp(reply)
                vm.hmp(change.replace("@", folder))
                until(lambda r=reply, b=before: vm.hmp(r) != b, 60)
                if back:
                    vm.hmp(back)


def test_what_the_command_line_says_is_what_is_told():
    lines = ("info name", "info uuid", "info memory_size_summary",
             "info numa", "info cpus", "info pci", "info mtree -f",
             "info memdev", "info iothreads", "info vnc", "info mice")
    seen = []
    for args in (("-m", "16"),
                 ("-m", "32", "-smp", "2", "-name", "x", "-uuid",
                  "5d0b8a3c-7f5e-4a8c-9a57-0123456789ab", "-object",
                  "memory-backend-ram,id=r,size=32M", "-numa",
                  "node,memdev=r", "-object", "iothread,id=io0", "-device",
                  "virtio-scsi-pci", "-vnc", "127.0.0.1:30,to=99")):
        with Vm("-S", *args, "-nodefaults") as vm:
            seen.append([vm.hmp(line) for line in lines])
    for line, one, other in zip(lines, *seen):
        if line != "info mice":
            assert one != other, line
