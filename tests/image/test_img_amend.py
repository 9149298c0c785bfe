# SPDX-License-Identifier: GPL-2.0-or-later
"""pcvm-img amend beside qemu-img."""
from image.beside import Beside
from image.test_img_change import SOME, same_images


def test_amend():
    with Beside() as b:
        b.prepare("img create -q -f qcow2 -o cluster_size=1k a.qcow2 1M",
                  "img create -q -f raw r 1M",
                  "io write -P 1 100k 100k a.qcow2")
        for line, want in (("-o compat=0.10 a.qcow2", 0), ("-o compat=v2 a.qcow2", 0),
                           ("-o lazy_refcounts=on a.qcow2", 1),
                           ("-o compat=1.1 a.qcow2", 0), ("a.qcow2", 1), ("", 1),
                           ("-o lazy_refcounts=on a.qcow2", 0),
                           ("-o size=3M a.qcow2", 0), ("-o compat=5 a.qcow2", 1),
                           ("-o cluster_size=4k a.qcow2", 1),
                           ("-o nosuch=1 a.qcow2", 1),
                           ("-o backing_file=r,backing_fmt=raw a.qcow2", 1),
                           ("-o data_file=x a.qcow2", 1),
                           ("-o data_file_raw=on a.qcow2", 1),
                           ("-o refcount_bits=64 a.qcow2", 0),
                           ("-o refcount_bits=3 a.qcow2", 1),
                           ("-o compat=v2 a.qcow2", 1),
                           ("-q -o refcount_bits=1 a.qcow2", 0),
                           ("-o refcount_bits=16,compat=v2 a.qcow2", 0),
                           ("-o compat=v3,refcount_bits=8 a.qcow2", 0),
                           ("-t none -o lazy_refcounts=off a.qcow2", 0),
                           ("-t nosuch -o lazy_refcounts=off a.qcow2", 1),
                           ("--force -o size=2M a.qcow2", 0),
                           ("-o help", 1), ("-f raw -o help", 1),
                           ("-f raw -o size=2M r", 1)):
            b.both(["amend", *line.split()], want)
            same_images(b, "a.qcow2", False)


def test_amend_expands_zeros_for_version_2():
    with Beside() as b:
        b.prepare("img create -q -f raw base 1M", "io write -P 7 0 1M base",
                  "img create -q -f qcow2 -b base -F raw a.qcow2",
                  "io write -z 0 100k a.qcow2", "io write -P 3 300k 64k a.qcow2",
                  "io write -z 300k 64k a.qcow2",
                  "img create -q -f qcow2 b.qcow2 1M", "io write -z 0 300k b.qcow2")
        for name in ("a.qcow2", "b.qcow2"):
            b.both(f"amend -o compat=v2 {name}", 0)
            same_images(b, name, False)


def test_amend_of_images_with_snapshots():
    with Beside() as b:
        b.prepare("img create -q -f qcow2 -o cluster_size=1k a.qcow2 1M",
                  "io write -P 1 100k 100k a.qcow2", "img snapshot -c s a.qcow2",
                  "io write -P 2 0 64k a.qcow2")
        b.both("amend -o refcount_bits=1 a.qcow2", 1)
        b.both("amend -o refcount_bits=2 a.qcow2", 0)
        same_images(b, "a.qcow2", False)
        b.both("amend -o refcount_bits=16,compat=v2 a.qcow2", 0)
        same_images(b, "a.qcow2", False)
        b.both("snapshot -a s a.qcow2", 0)
        same_images(b, "a.qcow2", False)


def shown(b, *args):
    """What qemu finds in our image."""
    status, _, err = b.run("qemu-img", "convert", "-O", "raw", *args, "a.qcow2",
                           "flat")
    assert status == 0, err
    with open(b.path("flat"), "rb") as f:
        return f.read()


def test_amend_expands_zeros_of_snapshots():
    """As it should be: qemu 7.2 writes zeros over clusters that are shared."""
    for backing in ("-b base -F raw ", ""):
        with Beside() as b:
            b.prepare("img create -q -f raw base 1M",
                      "io write -P 7 0 1M base",
                      f"img create -q -f qcow2 {backing}a.qcow2 1M",
                      "io write -P 3 0 256k a.qcow2",
                      "io write -z 64k 64k a.qcow2",
                      "io write -z -u 512k 64k a.qcow2",
                      "img snapshot -c one a.qcow2",
                      "img snapshot -c same a.qcow2",
                      "io write -z 128k 64k a.qcow2",
                      "io write -P 4 512k 4k a.qcow2",
                      "img snapshot -c two a.qcow2",
                      "io write -P 5 0 768k a.qcow2")
            names = ("one", "same", "two")
            before = [shown(b, "-l", f"snapshot.name={n}") for n in names]
            now = shown(b)
            b.both("amend -o compat=v2 a.qcow2", 0)
            assert shown(b) == now
            for name, want in zip(names, before):
                assert shown(b, "-l", f"snapshot.name={name}") == want, name
                for change in ("-a", "-d"):
                    b.both("check -q a.qcow2", 0)
                    b.both(f"snapshot {change} {name} a.qcow2", 0)
                    assert shown(b) == want, name


def test_amend_tells_what_can_be_amended():
    with Beside() as b:
        b.prepare(*SOME)
        for args in (("-f", "qcow2", "-o", "help"), ("-o", "?", "a.qcow2")):
            status, out, _ = b.run(b.img, "amend", *args)
            assert status == 0
            assert out.startswith("Amend options for 'qcow2':\n  backing_file=")
            assert "cluster_size" not in out


def test_amend_shows_progress():
    with Beside() as b:
        b.prepare(*SOME)
        b.both("amend -p -o lazy_refcounts=on a.qcow2", 0)


