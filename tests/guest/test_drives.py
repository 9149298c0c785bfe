# SPDX-License-Identifier: GPL-2.0-or-later
"""What -drive, -blockdev and -device make of images, beside real qemu."""
import glob
import os
import re
import subprocess
import tempfile

from guest.vm import QEMU, Vm, needs, run

RAW = "-drive if=none,id=e,file=r.img,format=raw "
NODE = ("-blockdev driver=file,node-name=f,filename=r.img "
        "-blockdev driver=raw,node-name=a,file=f ")
CHAIN = ("-blockdev driver=file,node-name=s2,filename=q.qcow2,read-only=on "
         "-blockdev driver=qcow2,node-name=f2,file=s2,read-only=on "
         "-blockdev driver=file,node-name=s1,filename=o.qcow2 "
         "-blockdev driver=qcow2,node-name=f1,file=s1,backing=f2 ")

GROUP = ("-object throttle-group,id=tg,x-bps-total=100,x-bps-total-max=500,"
         "x-iops-total=7,x-iops-size=4096 ")
JSON_GROUP = ('-object {"qom-type":"throttle-group","id":"tg","limits":'
              '{"iops-total":10,"bps-read":77,"bps-read-max":99}} ')
THROTTLED = ("-blockdev driver=file,node-name=f,filename=r.img "
             "-blockdev driver=throttle,node-name=t,throttle-group=tg,file=f ")
OVERLAYS = ("-drive if=none,id=a,file=o.qcow2,format=qcow2 "
            "-drive if=none,id=b,file=p.qcow2,format=qcow2 ")

# Both show the same.
SAME = (
    "-drive file=r.img,format=raw",
    "-drive file=q.qcow2,cache=none",
    "-drive file=q.qcow2,cache=off,aio=native,id=x",
    "-drive file=q.qcow2,cache=directsync,aio=io_uring",
    "-drive file=q.qcow2,cache=unsafe",
    "-drive file=r.img,format=raw,cache=none,cache.direct=off,cache.writeback=off",
    "-drive file=o.qcow2,format=qcow2,cache=writethrough,detect-zeroes=on",
    "-drive file=r.img,format=raw,detect-zeroes=unmap,discard=unmap",
    "-drive file=q.qcow2,snapshot=on,node-name=foo",
    "-drive file=o.qcow2,cache=none -snapshot",
    "-drive file=q.qcow2,snapshot=on,detect-zeroes=on,cache=writethrough",
    "-drive file=r.img,format=raw,throttling.group=g",
    "-drive file=o.qcow2,copy-on-read=on",
    "-drive file=q.qcow2,l2-cache-size=1M,lazy-refcounts=on,overlap-check=all",
    "-drive file.driver=file,file.filename=q.qcow2,format=qcow2,file.locking=off",
    "-drive file=r.img,format=raw,media=cdrom",
    "-drive file=r.img,format=raw,bps=100,bps_max=1000,iops=10,iops_size=4096,"
    "throttling.bps-total-max-length=3,group=gg",
    "-drive file=r.img,format=raw,throttling.iops-read=7",
    RAW, "-drive if=none,file=r.img,format=raw -drive if=none",
    RAW + "-device ide-hd,drive=e,bus=ide.1,unit=1,serial=abc",
    RAW + "-device ide-hd,drive=e,write-cache=off,werror=stop,id=dd",
    RAW + "-device ide-cd,drive=e", "-device ide-cd",
    NODE + "-device ide-hd,drive=a,id=dd",
    RAW + "-device ide-hd,drive=e -device isa-debug-exit -device ide-cd",
    NODE + "-device ide-hd,drive=a,share-rw=on -device ide-hd,drive=a,share-rw=on",
    GROUP + THROTTLED + "-device ide-hd,drive=t,id=dd",
    JSON_GROUP + THROTTLED + "-device ide-hd,drive=t",
    GROUP + "-drive file=r.img,format=throttle,throttle-group=tg",
    GROUP + "-drive driver=throttle,throttle-group=tg,file.driver=raw,"
    "file.file.driver=file,file.file.filename=r.img",
    JSON_GROUP + "-drive file=r.img,format=raw,throttling.group=tg,bps=5",
    OVERLAYS + "-device ide-hd,drive=a -device ide-hd,drive=b",
    OVERLAYS + "-drive file=q.qcow2,format=qcow2,read-only=on,media=cdrom",
    '-blockdev {"driver":"raw","node-name":"a","cache":{"direct":true},'
    '"file":{"driver":"file","filename":"r.img"}} -device ide-cd,drive=a',
)

# Both refuse it, pcvm with these words.
REFUSED = {
    "-drive file=q.qcow2,aio=native":
        "aio=native was specified, but it requires cache.direct=on",
    "-drive file=q.qcow2,aio=nativ": "did you mean 'native'?",
    "-drive file=q.qcow2,cache=writback": "cache='writback' is not one of",
    "-drive file=q.qcow2,discard=trim": "but: ignore, unmap, off, on",
    "-drive file=q.qcow2,detect-zeroes=yes": "but: off, on, unmap",
    "-drive file=q.qcow2,overlap-check=some": "did you mean 'none'?",
    "-drive file=q.qcow2,format=raw,l2-cache-size=1M":
        "Block format 'raw' does not support the option 'l2-cache-size'",
    "-drive file=q.qcow2,format=foo":
        "Unknown driver 'foo'; pcvm has copy-on-read, file, host_device, qcow2",
    "-drive file=q.qcow2,force-share=on": "read-only images",
    "-drive file=q.qcow2,node-name=1a": "Invalid node-name: '1a'",
    "-drive file=q.qcow2,node-name=n -drive file=r.img,format=raw,node-name=n":
        "Duplicate nodes with node-name='n'",
    "-drive file=r.img,format=raw,bps=1,bps_rd=2": "at the same time",
    "-drive file=r.img,format=raw,bps_max=1": "require corresponding",
    "-drive file=r.img,format=raw,bps=100,bps_max=1": "cannot be lower",
    "-drive file=r.img,format=raw,iops_size=1": "requires an iops value",
    "-blockdev driver=raw,node-name=a,file=b": "node-name='b'",
    "-blockdev driver=raw,file.driver=file,file.filename=r.img":
        "'node-name' must be specified",
    "-blockdev node-name=a": "Parameter 'driver' is missing",
    "-blockdev driver=raw,node-name=a,cache=none,file.driver=file,"
    "file.filename=r.img": "modes like cache=none are for -drive",
    "-blockdev driver=raw,node-name=a,file.driver=file,file.filename=r.img,"
    "aoi=native": "did you mean 'aio'?",
    "-blockdev driver=raw,node-name=a,flag": "'flag' has no value",
    '-blockdev {"driver":"raw"': "JSON: ",
    NODE + "-drive if=none,id=a": "the name of a node already",
    NODE + "-blockdev driver=raw,node-name=a,file=f": "Duplicate nodes",
    "-device ide-hd": "No drive specified",
    "-device ide-hd,drive=nope": "'ide-hd.drive': can't find value 'nope'",
    "-drive if=none,id=e -device ide-hd,drive=e": "drive is empty",
    RAW + "-device ide-hd,drive=e,bus=ide.2": "Bus 'ide.2' not found",
    RAW + "-device ide-hd,drive=e,unit=2": "unit=2 is not from 0 to 1",
    RAW + "-device ide-hd,drive=e,serail=x": "did you mean 'serial'?",
    RAW + "-device ide-hd,drive=e -device ide-hd,drive=e": "already in use",
    "-drive file=r.img,format=raw -drive file=r.img,format=raw":
        "in use by another drive of this machine",
    THROTTLED[:-1]: "Throttle group 'tg' does not exist",
    "-blockdev driver=throttle,node-name=t,file.driver=file,"
    "file.filename=r.img": "Parameter 'throttle-group' is missing",
    GROUP + GROUP: "id=tg is taken",
    GROUP + "-object memory-backend-ram,size=1M,id=tg": "id=tg is taken",
    "-object throttle-group": "id= is missing",
    "-object throttle-group,id=a,x-bps-total=1,x-bps-read=2":
        "cannot be used at the same time",
    "-object throttle-group,id=a,x-bps-total-max=1": "require corresponding",
    "-object throttle-group,id=a,x-bps-total=-1": "not a number",
    "-object throttle-group,id=a,x-bps-totla=1": "did you mean 'x-bps-total",
    '-object {"qom-type":"throttle-group","id":"a","limits":{"foo":1}}':
        "'limits.foo'",
    OVERLAYS + "-drive file=q.qcow2,format=qcow2": "in use by another drive",
    NODE + "-device ide-hd,drive=a -device ide-hd,drive=a":
        "Permission conflict on node 'a': 'write' is needed by block device "
        "'/machine/peripheral-anon/device[0]' and not shared by block device "
        "'/machine/peripheral-anon/device[1]'",
    NODE + "-device ide-hd,drive=f,share-rw=on -device ide-hd,drive=a":
        "Permission conflict on node 'f'",
    CHAIN + "-blockdev driver=qcow2,node-name=g,file=s1":
        "'write, resize' is needed by node",
    RAW + "-device ide-hd,drive=e,rerror=no": "not one of: report",
    RAW[:-1] + ",media=cdrom -device ide-hd,drive=e": "read-only",
}


IMAGES = re.compile(r"\b([rqop]\.(?:img|qcow2))")


def make_images(folder):
    for args in ("qcow2 q.qcow2 64M", "raw r.img 16M",
                 "qcow2 -b q.qcow2 -F qcow2 o.qcow2",
                 "qcow2 -b q.qcow2 -F qcow2 p.qcow2"):
        subprocess.run(["qemu-img", "create", "-q", "-f", *args.split()],
                       check=True, cwd=folder)


def with_images(check):
    """Calls check with the name of a folder that has images."""
    def test():
        needs(QEMU, "qemu-img")
        with tempfile.TemporaryDirectory(prefix="pcvm-drives-") as folder:
            make_images(folder)
            check(folder)
    test.__name__ = check.__name__
    return test


def arguments(folder, line):
    return IMAGES.sub(rf"{folder}/\1", line).split()


def info_block(folder, line, program=None):
    """Without what is the program's own: numbers of nodes, places, names."""
    with Vm("-S", "-nodefaults", *arguments(folder, line),
            program=program) as vm:
        text = vm.hmp("info block")
    text = re.sub(r"#block\d+", "#block", text)
    text = re.sub(r"/machine/(?!peripheral)[^:\s]*", "/machine", text)
    return re.sub(r"vl\.\w{6}", "vl", text).rstrip("\n").split("\n")


@with_images
def test_info_block_is_as_qemus(folder):
    for line in SAME:
        have = info_block(folder, line)
        assert len(have) > 1, line
        want = info_block(folder, line, QEMU)
        assert have == want, (line, have, want)


@with_images
def test_chains_of_named_nodes(folder):
    have = info_block(folder, CHAIN + "-device ide-hd,drive=f1")
    assert have[0] == f"f1: {folder}/o.qcow2 (qcow2)", have
    assert have[3].endswith(f"{folder}/q.qcow2 (chain depth: 1)"), have
    have = info_block(folder, CHAIN + "-device ide-hd,drive=f1 "
                      "-drive file=p.qcow2,format=qcow2,backing=f2")
    assert have[3] == have[8] and "q.qcow2 (chain" in have[3], have


@with_images
def test_what_qemu_refuses_is_refused(folder):
    for line, words in REFUSED.items():
        args = ("-S", "-display", "none", "-nodefaults",
                *arguments(folder, line))
        status, _, err = run(*args)
        lines = [l for l in err.splitlines() if "warning:" not in l]
        assert status == 1 and len(lines) == 1, (line, err)
        assert words in lines[0], (line, err)
        status, _, _ = run(*args, program=QEMU)
        assert status == 1, line


@with_images
def test_a_snapshot_leaves_nothing_behind(folder):
    image = f"file={folder}/r.img,format=raw"
    with Vm("-S", "-nodefaults", "-drive", image, "-snapshot") as vm:
        name = re.search(r'"(/[^"]*/vl\.\w{6})"', vm.hmp("info block")).group(1)
        assert not os.path.exists(name)
        held = [os.readlink(fd) for fd in
                glob.glob(f"/proc/{vm.process.pid}/fd/*")]
        assert f"{name} (deleted)" in held, held
        # Another can use the image at the same time.
        with Vm("-S", "-nodefaults", "-drive", image + ",snapshot=on") as other:
            assert "vl." in other.hmp("info block")


@with_images
def test_query_block_is_as_qemus(folder):
    line = "-S -nodefaults -drive file=o.qcow2,bps=100,werror=stop,cache=none"
    answers = []
    for program in (None, QEMU):
        with Vm(*arguments(folder, line), program=program, qmp=True) as vm:
            vm.qmp_read()
            vm.qmp_call("qmp_capabilities")
            drive = vm.qmp_call("query-block")["return"][0]
        del drive["qdev"], drive["inserted"]["node-name"]
        answers.append(drive)
    assert answers[0] == answers[1], answers


def wait_event(vm, name, seconds=30):
    while True:
        event = vm.qmp_read(seconds)
        if event.get("event") == name:
            return event.get("data")


# mov ax, 0x201; mov bx, 0x7e00; mov cx, 0x402; mov dx, 0x180; int 0x13; hlt:
# reads a sector at 2 MiB.
BOOT_SECTOR = bytes.fromhex("b80102bb007eb90204ba8001cd13f4ebfd")


def make_bad_image(folder):
    """Boots, and has garbage in a compressed cluster at 2 MiB."""
    with open(f"{folder}/boot", "wb") as f:
        f.write(BOOT_SECTOR.ljust(510, b"\0") + b"\x55\xaa")
    bad = f"{folder}/bad.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", bad, "64M"],
                   check=True)
    subprocess.run(["qemu-io", "-c", f"write -q -s {folder}/boot 0 512", "-c",
                    "write -q -c -P 5 2M 64k", bad], check=True)
    with open(bad, "r+b") as f:
        def entry(at):
            f.seek(at)
            return int.from_bytes(f.read(8), "big") & ((1 << 54) - 1)
        f.seek(entry(entry(entry(40)) + 8 * 32))
        f.write(b"\xff" * 64)
    return bad


@with_images
def test_an_image_that_cannot_be_read_stops_the_machine(folder):
    """The event is what qemu sends; it boots too slowly to be asked here."""
    with Vm("-nodefaults", "-m", "32", "-drive",
            f"file={make_bad_image(folder)},format=qcow2,rerror=stop,"
            "node-name=n", qmp=True) as vm:
        vm.qmp_read()
        vm.qmp_call("qmp_capabilities")
        first = wait_event(vm, "BLOCK_IO_ERROR", 60)
        assert first == {"device": "ide0-hd0", "node-name": "n",
                         "operation": "read", "action": "stop",
                         "nospace": False, "reason": "Input/output error"}
        wait_event(vm, "STOP")
        status = vm.qmp_call("query-status")["return"]["status"]
        assert status == "io-error"
        assert "I/O status:       failed" in vm.hmp("info block")
        vm.qmp.send('{"execute": "cont"}\n')
        assert wait_event(vm, "BLOCK_IO_ERROR") == first
