# SPDX-License-Identifier: GPL-2.0-or-later
"""pcvm-img create, check, snapshot, resize: what changes images."""
import os
import random
import struct
import subprocess
import time

from image.beside import (Beside, QEMU, no_host, no_times, read_be64,
                          set_be64, set_refcounts)

SOME = ("img create -q -f qcow2 a.qcow2 1M", "io write -P 1 100k 100k a.qcow2",
        "io write -z 600k 200k a.qcow2")


def same_images(b, name, size=True):
    """What our tool made, theirs takes for the same, and finds nothing wrong."""
    ours = b.run(QEMU, "info", name)
    theirs = b.run(QEMU, "info", name, cwd=b.theirs)
    assert no_host(ours[1]) == no_host(theirs[1]), (ours, theirs)
    if size:
        assert os.path.getsize(b.path(name)) == \
            os.path.getsize(os.path.join(b.theirs, name))
    status, out, err = b.run(QEMU, "check", name)
    assert status in (0, 63), (out, err)
    status, out, err = b.run(QEMU, "compare", name, os.path.join(b.theirs, name))
    assert status == 0, (out, err)


def test_create_with_every_option():
    with Beside() as b:
        for options in ("-f qcow2 a 1M", "-f qcow2 a 1500", "a 1.5k", "a 0",
                        "-f raw -o preallocation=falloc,size=1M a",
                        "-f raw -o preallocation=full,nocow=off a 1M",
                        "-o extent_size_hint=1M a 1M",
                        "-f qcow2 -o cluster_size=4k -o refcount_bits=1 a 1G",
                        "-f qcow2 -o cluster_size=2M,compat=v2 a 10G",
                        "-f qcow2 -o compat=0.10,size=3M a",
                        "-f qcow2 -o lazy_refcounts=on,refcount_bits=64 a 1M",
                        "-f qcow2 -o extended_l2=on,encryption=off a 1M",
                        "-f qcow2 -o compression_type=zstd,nocow=off a 1M",
                        "-f qcow2 -o preallocation=metadata a 9M",
                        "-f qcow2 -o preallocation=falloc a 3M",
                        "-f qcow2 -o preallocation=full,cluster_size=512 a 1M",
                        "-f qcow2 -o data_file=d a 1M",
                        "-f qcow2 -o data_file=d,data_file_raw=on a 1M"):
            b.both(f"create {options}", 0)
            same_images(b, "a", "512" not in options)
            b.both(f"create -q {options}", 0)


def test_create_above_others():
    with Beside() as b:
        b.prepare("img create -q -f qcow2 base 3M", "img create -q raw,1 1500")
        for options in ("-b base -F qcow2 a", "-b base -F qcow2 a 5M",
                        "-o backing_file=base,backing_fmt=qcow2 a",
                        "-o backing_file=raw,,1,backing_fmt=raw a",
                        "-b ./raw,1 -F raw a", "-u -b gone -F raw a 1M",
                        'json:{"driver":"raw"} -b base -F qcow2 a 1M'):
            if options.startswith("json"):
                continue
            b.both(f"create -f qcow2 {options}", 0)
            status, out, _ = b.run(b.img, "info", "--output=json", "a")
            assert status == 0
            assert out.count("backing-filename") == 3, out
        for folder in (b.ours, b.theirs):
            os.mkdir(os.path.join(folder, "sub"))
        b.both("create -f qcow2 -b ../base -F qcow2 sub/a", 0)
        b.both("info --backing-chain sub/a", 0, no_host)


def test_create_says_why_not():
    with Beside() as b:
        b.prepare("img create -q -f qcow2 base 3M")
        for options in ("", "a", "a 1x", "a 9E", "a 1 2", "-f nosuch a 1",
                        "-f qcow2 a", "-f qcow2 -b base a",
                        "-f qcow2 -b gone -F qcow2 a", "-f qcow2 -b base -F raw2 a",
                        "-f qcow2 -b gone -F qcow2 a 1M",
                        "-f qcow2 -u -b gone a 1M", "-f qcow2 -u -b gone -F raw a",
                        "-f raw -b base -F qcow2 a 1M", "-o nosuch=1 a 1M",
                        "-f qcow2 -o size=1M a 1M", "/nosuch/a 1M",
                        "-f qcow2 -b base -F qcow2 base",
                        "-f qcow2 a:b 1M", "-f qcow2 -o cluster_size=x a 1M"):
            b.both(["create", "-q", *options.split()], 1)
        for options in ("cluster_size=3", "refcount_bits=3", "compat=7",
                        "compat=v2,lazy_refcounts=on", "data_file_raw=on",
                        "preallocation=nosuch", "backing_fmt=raw",
                        "extended_l2=on,cluster_size=4k"):
            b.both(["create", "-q", "-f", "qcow2", "-o", options, "a", "1M"], 1)
        b.both("create -q -f raw -o preallocation=metadata a 1M", 1)
        assert not os.path.exists(b.path("a"))


def test_create_tells_its_options():
    with Beside() as b:
        for args in (("-f", "qcow2", "-o", "help"), ("-o", "?", "a"),
                     ("-f", "qcow2", "-o", "size=1M,help", "a", "1M")):
            status, out, err = b.run(b.img, "create", *args)
            assert status == 0 and not err
            theirs = b.run(QEMU, "create", *args)[1]
            assert out.splitlines()[0] == theirs.splitlines()[0]
            assert "  size=<size>            - " in out
            assert ("cluster_size=<size>" in out) == ("qcow2" in args)
        assert not os.path.exists(b.path("a"))


def check(b, want, *options, name="a.qcow2"):
    for output in ("human", "json"):
        b.both(["check", f"--output={output}", *options, name], want)


def test_check_of_clean_images():
    with Beside() as b:
        b.prepare(*SOME, "img create -q -f qcow2 -b a.qcow2 -F qcow2 b.qcow2",
                  "io write -c 128k 64k b.qcow2", "io write 0 1 b.qcow2",
                  "img create -q -f qcow2 empty.qcow2 0",
                  "img create -q -f raw a.img 1M",
                  "img create -q -f qcow2 -o cluster_size=4k f.qcow2 1M",
                  "io write 500k 10k f.qcow2", "io write 490k 10k f.qcow2")
        for name in ("a.qcow2", "b.qcow2", "empty.qcow2", "f.qcow2"):
            check(b, 0, name=name)
            check(b, 0, "-r", "all", name=name)
        check(b, 63, name="a.img")
        check(b, 1, name="nosuch")
        check(b, 1, "-r", "nosuch")
        b.both("check -q a.qcow2", 0)


def test_check_of_leaks():
    with Beside() as b:
        b.prepare(*SOME)
        b.damage("a.qcow2", set_refcounts({5: 2, 6: 3}))
        check(b, 2)  # the entries say that there is one reference
        b.both("check -q -r leaks a.qcow2", 0)
        check(b, 0)
        b.prepare(*SOME, "img snapshot -c one a.qcow2")
        b.damage("a.qcow2", set_refcounts({3: 2}))
        check(b, 3)
        b.both("check -U a.qcow2", 3)
        b.both("check -r leaks a.qcow2", 0)
        check(b, 0)


def test_check_of_corrupt_images():
    with Beside() as b:
        for repair in ("all", "leaks"):
            for output in ("human", "json"):
                b.prepare(*SOME)
                b.damage("a.qcow2", set_be64(0x40000 + 8 * 2, 0x8000000000050000))
                check(b, 2)
                b.both(f"check --output={output} -r {repair} a.qcow2")
                b.both("check a.qcow2")


def test_check_repairs_refcounts_of_zero():
    with Beside() as b:
        b.prepare(*SOME)
        b.damage("a.qcow2", set_refcounts({5: 0, 6: 2}))
        check(b, 2)
        for output in ("human", "json"):
            b.run(b.img, "check", "-r", "all", f"--output={output}", "a.qcow2")
            status, out, _ = b.run(QEMU, "check", "a.qcow2")
            assert status == 0, out


def damages(b, n):
    """n times one random byte of metadata (a fixed sequence), in both folders."""
    chance = random.Random(4)
    with open(b.path("base"), "rb") as f:
        data = f.read()
        table = read_be64(f, 48)
        # Not the refcount table: qemu-img -r all writes gigabytes then.
        parts = ((read_be64(f, 40), 16), (read_be64(f, table), 200),
                 (read_be64(f, read_be64(f, 40)) & ((1 << 56) - 512), 560),
                 (read_be64(f, 64), 60))
    for _ in range(n):
        start, size = chance.choice(parts)
        at = start + chance.randrange(size)
        value = chance.choice((0, 255, data[at] ^ 1, data[at] ^ 128,
                               chance.randrange(256)))
        for folder in (b.ours, b.theirs):
            with open(os.path.join(folder, "a"), "wb") as f:
                f.write(data[:at] + bytes([value]) + data[at + 1:])
        yield at, value


def test_check_agrees_about_random_damage():
    with Beside() as b:
        b.prepare("img create -q -f qcow2 -o cluster_size=4k base 1M",
                  "io write -P 1 0 200k base", "io write -z 220k 20k base",
                  "io write -c -P 3 400k 16k base", "img snapshot -c s base",
                  "io write -P 2 100k 150k base")
        for damage in damages(b, 20):
            check = ["check", "-f", "qcow2"]
            theirs = b.run(QEMU, *check, "a", cwd=b.theirs)
            ours = b.run(b.img, *check, "a")
            assert ours[0] == theirs[0], (damage, theirs, ours)
            for fix in ("leaks", "all"):
                theirs = b.run(QEMU, *check, "-r", fix, "a", cwd=b.theirs)
                ours = b.run(b.img, *check, "-r", fix, "a")
                assert ours[0] in (0, 2) or ours[0] == theirs[0], (damage, ours)
            if theirs[0] == 0:
                assert ours[0] == 0, (damage, theirs, ours)
            if ours[0] == 0:
                status, out, err = b.run(QEMU, *check, "a")
                assert status == 0, (damage, out, err)


def test_check_of_what_is_no_image():
    with Beside() as b:
        b.prepare(*SOME)

        def spoil(f):
            f.seek(20)
            f.write(struct.pack(">I", 99))  # cluster_bits
        b.damage("a.qcow2", spoil)
        check(b, 1)


def test_snapshots():
    with Beside() as b:
        b.prepare(*SOME)
        for line, want in (("-l", 0), ("-c one", 0), ("-c one", 0), ("-c 1", 0),
                           ("-l", 0), ("-U -l", 0), ("", 0), ("-d nosuch", 1),
                           ("-d 3", 1), ("-a nosuch", 1), ("-a one", 0),
                           ("-q -d one", 0), ("-l", 0), ("-d 1", 0), ("-l", 0),
                           ("-l -c x", 1), ("-U -c x", 1), ("-c two -d one", 1),
                           ("-d one", 0), ("-d one", 1), ("-l", 0)):
            b.both(["snapshot", *line.split(), "a.qcow2"], want, no_times)
        b.prepare("img create -q -f raw a.img 1M")
        b.both("snapshot -l a.img", 0)
        b.both("snapshot -d x a.img", 1)
        b.both("snapshot -c x a.img", 1)


def test_snapshots_bring_back_the_disk():
    with Beside() as b:
        b.prepare(*SOME)
        b.both("snapshot -c one a.qcow2", 0)
        b.prepare("io write -P 9 0 1M a.qcow2")
        b.both("snapshot -a one a.qcow2", 0)
        same_images(b, "a.qcow2", False)
        b.both("snapshot -d one a.qcow2", 0)
        same_images(b, "a.qcow2", False)
        b.both("check a.qcow2", 0, lambda text: text.split("Image end")[0])


def test_snapshots_with_state_are_listed_alike():
    with Beside() as b:
        b.prepare(*SOME, "img snapshot -c one a.qcow2",
                  "img snapshot -c two a.qcow2")

        def give_state(f):
            at = read_be64(f, 64)
            f.seek(at + 24)
            f.write(struct.pack(">QI", 400_000_123_456_789, 3 << 20))
            f.seek(at + 40 + 16)
            f.write(struct.pack(">Q", 12345678901))
        b.damage("a.qcow2", give_state)
        b.both("snapshot -l a.qcow2", 0, no_times)
        b.both("info --output=json a.qcow2", 0, no_host)


def test_resize():
    with Beside() as b:
        b.prepare(*SOME, "img create -q -f raw a.img 1M")
        for name in ("a.qcow2", "-f raw a.img"):
            for line, want in (("{} +1M", 0), ("{} -1M", 1), ("--shrink {} -1M", 0),
                               ("--shrink {} -10M", 1), ("{} 512K", 1),
                               ("--shrink {} 512K", 0), ("-q {} 1M", 0),
                               ("--preallocation=full {} 2M", 0),
                               ("--preallocation=falloc {} +1M", 0),
                               ("--preallocation=full --shrink {} 1M", 1),
                               ("--preallocation=nosuch {} 9M", 1), ("{} +0", 0),
                               ("{}", 1), ("{} x", 1), ("{} +", 1), ("{} 0", 1),
                               ("{} 99999P", 1), ("nosuch {}", 1),
                               ("{} 1048577", 1), ("{} 3M 4M", 1)):
                b.both("resize " + line.format(name), want)
                same_images(b, name.split()[-1], False)
        b.both("resize --preallocation=metadata -f raw a.img +1M", 1)
        b.both("resize --preallocation=metadata a.qcow2 +1M", 0)
        b.both("resize --image-opts driver=qcow2,file.filename=a.qcow2 9M", 0)
        same_images(b, "a.qcow2", False)


def is_locked(path):
    with open("/proc/locks", encoding="ascii") as f:
        return f":{os.stat(path).st_ino} " in f.read()


def test_two_at_once_exclude_one_another():
    with Beside() as b:
        b.prepare(*SOME)
        with subprocess.Popen(["qemu-io", "-c", "sleep 60000", "a.qcow2"],
                              cwd=b.ours) as holder:
            try:
                end = time.monotonic() + 20
                while not is_locked(b.path("a.qcow2")):
                    assert time.monotonic() < end
                    time.sleep(0.02)
                for line in ("resize a.qcow2 +1M", "info a.qcow2",
                             "snapshot -c x a.qcow2", "check -r all a.qcow2",
                             "create -q -f qcow2 a.qcow2 1M"):
                    status, _, err = b.run(b.img, *line.split())
                    assert status == 1 and "lock" in err, (line, err)
                for line in ("info", "map", "check", "measure"):
                    assert b.run(b.img, line, "-U", "a.qcow2")[0] == 0, line
            finally:
                holder.kill()
