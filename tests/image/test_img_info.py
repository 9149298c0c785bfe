# SPDX-License-Identifier: GPL-2.0-or-later
"""pcvm-img info, map, measure, compare: what only looks, beside qemu-img."""
import json
import os

from image.beside import PCVM, Beside, is_one_line, no_times

CHAIN = ("img create -q -f qcow2 base.qcow2 3M",
         "img create -q -f qcow2 -b base.qcow2 -F qcow2 mid.qcow2 1M",
         "img create -q -f qcow2 -b mid.qcow2 -F qcow2 top.qcow2 2M",
         "io write -P 1 64k 200k base.qcow2",
         "io write -z 320k 64k mid.qcow2",
         "io write -c 128k 64k mid.qcow2",
         "io write -P 3 1500k 70k top.qcow2",
         "img snapshot -c one top.qcow2",
         "img snapshot -c another-with-a-long-name top.qcow2")

OPTIONS = ("compat=0.10", "compat=v3", "cluster_size=4k", "refcount_bits=1",
           "lazy_refcounts=on", "extended_l2=on", "compression_type=zstd",
           "data_file=data.raw", "data_file=data.raw,data_file_raw=on",
           "preallocation=metadata", "preallocation=falloc")


def in_all_forms(b, line, clean=lambda text: text):
    for output in ("human", "json"):
        b.both(f"{line} --output={output}", 0, clean)


def test_info_of_a_chain():
    with Beside() as b:
        b.prepare(*CHAIN)
        os.mkdir(b.path("sub"))
        os.mkdir(os.path.join(b.theirs, "sub"))
        b.prepare("img create -q -f qcow2 -b ../top.qcow2 -F qcow2 sub/x.qcow2")
        for name in ("top.qcow2", "./mid.qcow2", "sub/x.qcow2", "file:top.qcow2"):
            in_all_forms(b, f"info {name}", no_times)
            in_all_forms(b, f"info --backing-chain -U {name}", no_times)
        in_all_forms(b, "info --image-opts driver=qcow2,"
                     "file.driver=file,file.filename=top.qcow2", no_times)


def test_info_of_every_option():
    with Beside() as b:
        for options in OPTIONS:
            b.prepare(f"img create -q -f qcow2 -o {options} a.qcow2 1M")
            in_all_forms(b, "info a.qcow2")
            in_all_forms(b, "map a.qcow2")


def test_info_of_raw_images():
    with Beside() as b:
        for size in ("0", "1", "512", "1000K", "1023M", "5G"):
            b.prepare(f"img create -q -f raw a.img {size}")
            in_all_forms(b, "info a.img")
            in_all_forms(b, "info -f raw a.img")
            in_all_forms(b, "info -f file a.img")
            in_all_forms(b, "map -f raw a.img")


def test_info_opens_nothing_that_the_image_names():
    with Beside() as b:
        b.prepare("img create -q -f qcow2 -u -b gone -F raw a.qcow2 1M")
        in_all_forms(b, "info a.qcow2")
        b.both("info --backing-chain a.qcow2", 1)


def test_info_sees_a_chain_that_bites_its_tail():
    with Beside() as b:
        b.prepare("img create -q -f qcow2 -u -b b.qcow2 -F qcow2 a.qcow2 1M",
                  "img create -q -f qcow2 -u -b a.qcow2 -F qcow2 b.qcow2 1M")
        b.both("info --backing-chain a.qcow2", 1)


def test_info_escapes_names_in_json():
    with Beside() as b:
        for name in (b"a\"b\\c\n.img", "ä€😀.img".encode(), b"\xff\xc3.img"):
            for folder in (b.ours, b.theirs):
                with open(os.path.join(os.fsencode(folder), name), "wb"):
                    pass
            b.both(["info", "--output=json", "-f", "raw", name], 0)


def test_info_tells_what_is_dirty():
    with Beside() as b:
        b.prepare("img create -q -f qcow2 -o lazy_refcounts=on a.qcow2 1M")

        def dirty(f):
            f.seek(79)
            f.write(b"\1")
        b.damage("a.qcow2", dirty)
        in_all_forms(b, "info a.qcow2")


def test_map_of_a_chain():
    with Beside() as b:
        b.prepare(*CHAIN)
        b.both("map top.qcow2", 1)  # it has compressed clusters
        b.both("map --output=json top.qcow2", 0)
        in_all_forms(b, "map base.qcow2")
        for part in ("-s 70k -l 100k", "--start-offset=1400k", "-l 0", "-s 1M",
                     "-s 3M", "-s 3T", "-l 1"):
            b.both(f"map --output=json {part} top.qcow2", 0)


def test_map_of_holes_and_subclusters():
    with Beside() as b:
        b.prepare("img create -q -f raw a.img 1M", "io write 64k 64k a.img",
                  "io write 500k 1k a.img",
                  "img create -q -f qcow2 -o extended_l2=on a.qcow2 1M",
                  "io write 70k 3k a.qcow2", "io write -z 140k 20k a.qcow2",
                  "img create -q -f qcow2 -o preallocation=metadata p.qcow2 1M",
                  "io write 64k 64k p.qcow2",
                  "img create -q -f qcow2 -o data_file=d.raw d.qcow2 1M",
                  "io write 64k 64k d.qcow2")
        for name in ("a.img", "a.qcow2", "p.qcow2", "d.qcow2"):
            in_all_forms(b, f"map {name}")


def test_measure_of_a_size():
    with Beside() as b:
        for size in ("0", "1000", "1G", "10T"):
            for options in ("raw", "qcow2", "qcow2 -o cluster_size=512",
                            "qcow2 -o preallocation=full",
                            "qcow2 -o cluster_size=2M,refcount_bits=64",
                            "qcow2 -o extended_l2=on,cluster_size=16k",
                            "qcow2 -o compat=0.10"):
                if size == "10T" and "512" in options:
                    continue
                b.both(f"measure --output=json --size {size} -O {options}", 0)
        in_all_forms(b, "measure --size 1M -O qcow2")


def test_measure_of_images():
    with Beside() as b:
        b.prepare(*CHAIN, "img create -q -f raw a.img 1M",
                  "io write 100k 10k a.img", "io write 30k 1k a.img",
                  "img create -q -f qcow2 -o compat=v2 old.qcow2 1M")
        for name in ("base.qcow2", "top.qcow2", "a.img", "old.qcow2",
                     "-l one top.qcow2", "-l snapshot.name=one top.qcow2",
                     "-l snapshot.id=2 top.qcow2"):
            in_all_forms(b, f"measure {name}")
            in_all_forms(b, f"measure -O qcow2 {name}")
            in_all_forms(b, f"measure -O qcow2 -o cluster_size=4k {name}")
        in_all_forms(b, "measure -O qcow2 -o backing_file=x,backing_fmt=raw top.qcow2")
        for wrong in ("", "--size 1G a.img", "-O nosuch --size 1G", "--size x",
                      "-O qcow2 -o cluster_size=5 --size 1G", "-f raw --size 1",
                      "--size 9E -O qcow2", "-l nosuch top.qcow2", "a.img b.img"):
            b.both(["measure", *wrong.split()], 1)


def test_compare():
    with Beside() as b:
        b.prepare(*CHAIN, "img create -q -f raw a.img 1M",
                  "img create -q -f raw long.img 2M",
                  "img create -q -f qcow2 a.qcow2 1M",
                  "img create -q -f raw byte.img 1M",
                  "io write -P 1 70001 1 byte.img",
                  "img create -q -f raw far.img 2M",
                  "io write -P 1 1500k 512 far.img",
                  "img convert -O raw top.qcow2 flat.img",
                  "img create -q -f raw full.img 3M",
                  "io write -P 5 0 3M full.img",
                  "img convert -O qcow2 full.img odd.qcow2",
                  "io write -P 1 2500001 1 odd.qcow2")
        pairs = ("a.img a.img", "a.img long.img", "a.img a.qcow2",
                 "byte.img a.img", "a.img byte.img", "byte.img a.qcow2",
                 "a.qcow2 byte.img", "a.img far.img", "far.img a.img",
                 "byte.img far.img", "top.qcow2 flat.img", "top.qcow2 top.qcow2",
                 "long.img far.img", "full.img odd.qcow2", "nosuch a.img", "a.img nosuch")
        for pair in pairs:
            b.both(f"compare {pair}")
            b.both(f"compare -s {pair}")
            b.both(f"compare -q {pair}")
        b.both("compare -f raw -F qcow2 a.img a.qcow2", 0)
        b.both("compare -f nosuch a.img a.img", 2)
        b.both("compare -T nosuch a.img a.img", 2)
        b.both("compare a.img", 1)
        b.both("compare --image-opts driver=raw,file.filename=a.img "
               "driver=qcow2,file.filename=a.qcow2", 0)


def test_compare_shows_progress():
    with Beside() as b:
        b.prepare("img create -q -f raw a.img 1M")
        _, out, _ = b.run(b.img, "compare", "-p", "a.img", "a.img")
        assert out.startswith("    (0.00/100%)\r"), out
        assert "(100.00/100%)\rImages are identical.\n\n" in out, out


def test_names_and_options_that_are_slips():
    with Beside() as b:
        for args, hint in ((["inof", "x"], "'info'"),
                           (["nosuch", "x"], "--help"),
                           (["info", "--backing-chian", "x"], "--backing-chain"),
                           (["info", "--o", "json", "x"], "--object or --output"),
                           (["info", "-Z", "x"], "-Z"),
                           (["info", "--output=xml", "x"], "human, json"),
                           (["info", "-f"], "--format"),
                           (["info"], "filename"),
                           (["info", "a", "b"], "'b'"),
                           (["info", "nosuch"], "No such file"),
                           (["info", "-f", "nosuch", PCVM_SELF], "nosuch"),
                           (["info", "--object", "secret,id=a", "x"], "--object"),
                           (["bitmap", "--add", "a", "b"], "not supported"),
                           ([], "command")):
            status, out, err = b.run(b.img, *args)
            assert status == 1 and not out, (args, out)
            is_one_line(err)
            assert hint in err, (args, err)


PCVM_SELF = os.path.abspath(__file__)


def test_help_and_version_by_each_name():
    with Beside() as b:
        status, out, _ = b.run(b.img, "--version")
        assert status == 0 and out.startswith("qemu-img version 7.2.0 (pcvm ")
        for tool in ([os.path.join(b.top, "pcvm-img")], [PCVM, "img"]):
            status, out, _ = b.run(*tool, "--version")
            assert status == 0 and out.startswith("pcvm-img "), out
            _, _, err = b.run(*tool, "nosuch")
            assert err.startswith("pcvm-img: "), err
            status, out, err = b.run(*tool, "--help")
            assert status == 0 and "\n  info [" in out and not err
            assert "Supported formats: " in out
            status, out, err = b.run(*tool, "check", "--help")
            assert status == 0 and "\n  -r, --repair=" in out and not err


def test_output_that_cannot_be_written_is_an_error():
    with Beside() as b:
        b.prepare("img create -q -f raw a.img 1M")
        import subprocess
        with open("/dev/full", "w", encoding="ascii") as full:
            done = subprocess.run([b.img, "info", "--output=json", "a.img"],
                                  cwd=b.ours, stdout=full,
                                  stderr=subprocess.PIPE, timeout=60)
        assert done.returncode == 1 and b"No space left" in done.stderr


def test_json_is_json():
    with Beside() as b:
        b.prepare(*CHAIN)
        for line in ("info", "map", "check", "measure -O qcow2"):
            _, out, _ = b.run(b.img, *line.split(), "--output=json", "top.qcow2")
            json.loads(out)
