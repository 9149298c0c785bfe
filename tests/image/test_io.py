# SPDX-License-Identifier: GPL-2.0-or-later
"""pcvm-io beside qemu-io: the same commands print the same."""
import os
import random
import re
import shlex

from image.side import PCVM, Sides, run

SRCDIR = os.environ.get("PCVM_SRCDIR", ".")

# One after the other on the same image.
ON_QCOW2 = """
write -P 0x5a 0 64k
read -v 0 48
read -vP 0x5a 0 512
read -P 0x5b 0 512
read -P 0x5a -l 100 -s 10 0 512
read -l 100 0 512
read 0
read
read x 1
read 0 x
read 0 1000 1
read 1 511
read -q 0 512
read -C 0 512
read -b 0 512
read -p 0 512
read 64M 512
write 64M 512
write -z 0 64k
write -z -u 0 64k
write -u 0 64k
write -zc 0 64k
write -c 0 64k
write -c 0 512
write -zP 1 0 512
write -n 0 512
write -zn 0 512
write -f 0 512
write -s nofile 0 512
writev 0 1k 2k
writev -P 3 0 1k 2k
readv -P 3 0 1k 2k
readv -v 0 16 16
readv 0 1k x
aio_write -P 4 0 1k
aio_read -P 4 0 1k
aio_read -P 5 0 1k
aio_read -v 0 16
aio_read -q 0 16
aio_write -zu 0 64k 1
aio_flush
flush
discard 0 64k
discard -q 0 64k
discard 0
length
info
map
alloc 0
alloc 0 128k
truncate 128M
length
truncate x
truncate
truncate -m off 128M
truncate -m foo 1M
close
sleep 1
sleep
bogus
quit
read -z 0 1
read -Z 0 1
read -P
read -P 300 0 1
read -P -1 0 1
write -P 0x100 0 1
read 0 3G
read -- -1 512
help bogus
read 'a b' 1
read "0" 512
alloc 1
alloc 0 100
alloc 64M
alloc 0 1000M
alloc x
map 1
aio_read -i 0 512
aio_write -i 0 512
aio_write 128M 512
aio_write -z 128M 512
writev 128M 512
readv 128M 512
sleep x
sleep -1
sleep 10ms
sigraise
sigraise 15
sigraise x
sigraise 99
abort
abort 1
truncate -1
truncate 100
truncate 1x
truncate 99E
truncate 64M
read 8E 1
read 0 99999999999999999999
writev 0 2g 2g
readv 0 1g 1500m
write -zs x 0 1
write -bz 0 1
write -bc 0 64k
write -b 0 64k
read -bP 0xcd 0 64k
write -cf 0 64k
discard 0 4G
write -z 0 4G
write 0 4G
read 0 1.5k
read 0 0
write 0 0
read 0x200 512b
read 1e3 1
read 0 512 -q
read -s 1 0 1
length x
quit x
aio_write -P 0xc -s 1 0 1
readv -P
write -s /dev/null 0 512
write -s pat 0 64
read -v 0 20
read -P 99 -s 100 -l 4 0 512
read -P 1 -s 600 0 512
read -P 1 -s 100 -l 500 0 512
read -P 1 -s x 0 512
open -x
open x y
open a.qcow2
reopen -r
reopen -rw
reopen -c bogus
reopen x
r 0 1
w 0 1
l
i
f
d 0 64k
q
read -P 1 -q 0 10
readv -P 1 -q 0 10
write -d 0 1
discard -x 0 1
aio_read 0
aio_read x 1
aio_write -u 0 1
aio_write -zP 1 0 1
write -P 1k 0 1
read -a 0 1
truncate -m metadata 128M
map
truncate -m full 130M
truncate -m falloc 131M
info
truncate 64M
write 64M-1 1
write 67108863 1
read 67108864 0
read 67108865 0
write -z 67108864 0
read -P 9 0 512
"""

# Whole command lines.
LINES = """
-c "read 0 x" -c "read 0 512" -c length a.qcow2
-c length
-c "read 0 1"
-c read
-c close
-f foo -c length a.qcow2
-f raw -c length r.raw
-f raw -c "write 0 512" r.raw
-f raw -c "map" r.raw
-f raw -c "info" r.raw
-f raw -c "alloc 0 1M" r.raw
-f raw -c "write -c 0 64k" r.raw
-f raw -c "write -b 0 64k" r.raw
-f raw -c "discard 1000 2000" r.raw
-f raw -c "discard 1M 512" r.raw
-f raw -c "write 1234567 89" r.raw
-f raw -c "truncate 2M" -c length r.raw
-f raw -c "truncate 1234567" -c length r.raw
-f raw -c "truncate -m full 3M" -c length r.raw
-f raw -c "truncate -m full 1M" -c length r.raw
-f raw -c length -c "read 0 1000" -c "read 1000 24" -c "write 1000 24" -c "map" -c "alloc 0 1024" o.raw
-r -c "write 0 512" a.qcow2
-r -c "discard 0 64k" -c "write -z 0 64k" -c "truncate 1M" -c flush a.qcow2
-s -c "write -P 9 0 512" -c "read -P 9 0 512" -c map a.qcow2
-n -c "write 0 512" a.qcow2
-t bogus -c length a.qcow2
-i bogus a.qcow2
-d bogus a.qcow2
-t none -i native -c "write -P 9 0 512" a.qcow2
-k -c "read -P 9 0 512" a.qcow2
-k -n -c "read -P 9 0 512" a.qcow2
-m -c "read -P 9 0 512" a.qcow2
-m -n -c "read -P 9 0 512" -c "write 0 64k" a.qcow2
--image-opts -c length driver=qcow2,file.filename=a.qcow2
--image-opts -f qcow2 -c length driver=qcow2,file.filename=a.qcow2
-c "write 0 8000000" -c "write 11111 1111111" -c "write -q 100G 128k" -c map -c length b.qcow2
-c "write -zn 0 3g"  b.qcow2
-U -c length a.qcow2
-rU -c length a.qcow2
-rsc "write 0 1" a.qcow2
--cmd length --read-only a.qcow2
-c "open -r a.qcow2" -c "write 0 1" -c "reopen -w" -c "write 0 1" -c "reopen -c none" -c "write 0 1" -c "reopen -o lazy-refcounts=on" -c info -c close -c close
-c "open -o driver=raw,file.filename=r.raw" -c length
-c "open -n -t writethrough c.qcow2" -c "write 0 1"
-C -c "read 1M 64k" -c map -c info -c "truncate 65M" -c length -c map c.qcow2
-C -r -c "read 0 512" c.qcow2
-s -c "write -P 9 0 64k" -c "read -P 9 0 64k" -c "truncate 65M" -c map c.qcow2
-c "open -C c.qcow2" -c "read 2M 64k" -c map
-c "quit" -c length a.qcow2
-c "aio_write -P 1 0 64k" -c "aio_flush" -c "aio_read -P 2 0 64k" -c aio_flush -c "aio_read -v 0 17" -c "aio_flush" a.qcow2
"""


def plain(text):
    """Without times, what commands say of themselves, and pcvm's advice."""
    text = re.sub(r"; pcvm has [^\n]*", "", text)
    text = re.sub(r"; [^\n]* \([^\n]*/sec and [^\n]* ops/sec\)", "; TIMES", text)
    text = re.sub(r"^(\d+,\d+),\d+:.*$", r"\1,TIMES", text, flags=re.M)
    return re.sub(r" -- [^\n]*$", " -- BRIEF", text, flags=re.M)


def prepare(sides):
    sides.setup("qemu-img", "create", "-q", "-f", "qcow2", "a.qcow2", "64M")
    sides.setup("qemu-img", "create", "-q", "-f", "qcow2", "-b", "a.qcow2",
                "-F", "qcow2", "c.qcow2")
    sides.setup("qemu-img", "create", "-q", "-f", "qcow2", "b.qcow2", "200G")
    sides.setup("qemu-io", "-c", "write -P 7 1M 2M", "a.qcow2")
    sides.write("r.raw", bytes(1 << 20))
    sides.write("o.raw", bytes(1000))
    sides.write("pat", b"abc")


def compare(sides, args, text=None):
    theirs, ours = sides.both("qemu-io", args, text)
    theirs = tuple(map(plain, theirs[:2])) + theirs[2:]
    ours = tuple(map(plain, ours[:2])) + ours[2:]
    assert theirs == ours, f"{args}\nqemu: {theirs}\npcvm: {ours}"


def test_commands_print_what_qemu_io_prints():
    with Sides("qemu-io", "qemu-img") as sides:
        prepare(sides)
        for command in ON_QCOW2.strip().split("\n"):
            compare(sides, ["-c", command, "a.qcow2"])
        run([sides.real["qemu-img"], "check", "a.qcow2"], sides.ours,
            check=True)


def test_command_lines_mean_what_qemu_io_takes_them_for():
    with Sides("qemu-io", "qemu-img") as sides:
        prepare(sides)
        for line in LINES.strip().split("\n"):
            compare(sides, shlex.split(line))


def test_prompt_reads_commands():
    with Sides("qemu-io", "qemu-img") as sides:
        prepare(sides)
        compare(sides, ["a.qcow2"], "read 0 512\nlength\nbogus\n\nmap\n")
        compare(sides, ["a.qcow2"], "read 0 512\nquit\nlength\n")
        compare(sides, ["a.qcow2"], "read 0 512\nlength")
        compare(sides, [], "length\nopen a.qcow2\nopen a.qcow2\nlength\n"
                           "close\nclose\nopen -Z\nopen\n")


def test_prompt_has_the_name_of_the_program():
    out, _, status = run([PCVM, "io"], text="quit\n")
    assert (out, status) == ("pcvm-io> ", 0), out


def test_help_tells_of_every_command():
    out, _, _ = run([PCVM, "io", "-c", "help"])
    names = [line.split()[0] for line in out.split("\n\n")[0].split("\n")]
    assert names == sorted(names) and "aio_write" in names
    for name in names:
        text, _, status = run([PCVM, "io", "-c", f"help {name}"])
        assert text.startswith(name) and not status, name


def first_words(text, pattern):
    """Of the lines that pattern begins, after .TP or .TQ."""
    lines = text.split("\n")
    found = [re.match(pattern, line) for before, line in zip(lines, lines[1:])
             if before in (".TP", ".TQ")]
    return {m.group(1).replace("\\-", "-") for m in found if m}


def test_manual_has_every_option_and_command():
    with open(os.path.join(SRCDIR, "man/pcvm-io.1"), encoding="utf-8") as f:
        options, commands = f.read().split("\n.SH COMMANDS\n")
    text, _, _ = run([PCVM, "io", "--help"])
    told = set(re.findall(r"^  (?:-\w, |    )(--[\w-]+)", text, re.M))
    named = first_words(options, r"(?:\\fB\\-\w\\fR, )?\\fB(\\-\\-[\w\\-]+?)(?:=|\\fR)")
    assert told == named and "--cmd" in told, told ^ named
    text, _, _ = run([PCVM, "io", "-c", "help"])
    told = {line.split()[0] for line in text.split("\n\n")[0].split("\n")}
    named = first_words(commands, r"\\fB(\w+)\\fR")
    assert told == named, told ^ named


class Disk:
    """What an image should hold, and random requests that change it."""
    SIZE = 4 << 20

    def __init__(self, rng):
        self.rng = rng
        self.data = bytearray(self.SIZE)

    def range(self, unit):
        units = self.SIZE // unit
        start = self.rng.randrange(units)
        n = self.rng.randint(1, min(units - start, 300000 // unit + 1))
        return start * unit, n * unit

    def command(self, ours):
        # qemu-io writes compressed only where there was nothing before.
        kind = self.rng.choice(("write", "write", "write", "-z", "-zu",
                                "-c" if ours else "write",
                                "discard", "writev", "aio_write"))
        if kind == "-c":
            off = self.rng.randrange(self.SIZE >> 16) << 16
            length = 1 << 16
        else:
            off, length = self.range(self.rng.choice((1, 512, 4096, 65536)))
        byte = self.rng.randrange(256)
        end = off + length
        if kind in ("-z", "-zu"):
            self.data[off:end] = bytes(length)
            return f"write -q {kind} {off} {length}"
        if kind == "discard":
            # Whole clusters alone are sure to read as zeros.
            off, end = off >> 16 << 16, end >> 16 << 16
            if off == end:
                return "flush"
            self.data[off:end] = bytes(end - off)
            return f"discard -q {off} {end - off}"
        self.data[off:end] = bytes((byte,)) * length
        if kind == "writev":
            first = length // 2
            return f"writev -q -P {byte} {off} {first} {length - first}"
        if kind == "aio_write":
            return f"aio_write -q -P {byte} {off} {length}"
        return f"write -q {'-c ' if kind == '-c' else ''}-P {byte} {off} {length}"


def check_disk(sides, disk, path):
    run([sides.real["qemu-img"], "check", "-q", path], check=True)
    flat = path + ".raw"
    run([sides.real["qemu-img"], "convert", "-O", "raw", path, flat],
        check=True)
    with open(flat, "rb") as f:
        assert f.read() == disk.data, "qemu-img reads something else"
    for tool in (sides.real["qemu-io"], sides.own["qemu-io"]):
        off = disk.rng.randrange(disk.SIZE - 70000)
        out, _, _ = run([tool, "-r", "-c", f"read -v {off} 70000", path])
        read = bytes.fromhex("".join(
            line[11:58].replace(" ", "") for line in out.split("\n")
            if re.match(r"[0-9a-f]{8}: ", line)))
        assert read == disk.data[off:off + 70000], tool


def test_what_one_writes_the_other_reads():
    for seed in range(6):
        rng = random.Random(seed)
        disk = Disk(rng)
        options = rng.choice(("compat=1.1", "compat=0.10,cluster_size=65536",
                              "extended_l2=on,cluster_size=65536",
                              "refcount_bits=64", "lazy_refcounts=on"))
        with Sides("qemu-io", "qemu-img") as sides:
            path = os.path.join(sides.top, "disk.qcow2")
            run([sides.real["qemu-img"], "create", "-q", "-f", "qcow2", "-o",
                 options, path, str(disk.SIZE)], check=True)
            for turn in range(6):
                ours = turn % 2 == 0
                commands = [disk.command(ours) for _ in range(12)]
                # Two at once in the same place would have no order.
                commands = [c for one in commands
                            for c in (one, "aio_flush")]
                tool = (sides.own if ours else sides.real)["qemu-io"]
                args = [a for c in commands for a in ("-c", c)]
                out, err, status = run([tool, *args, path])
                assert not status and not out, (seed, turn, out, err)
                check_disk(sides, disk, path)
