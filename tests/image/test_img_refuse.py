# SPDX-License-Identifier: GPL-2.0-or-later
"""What the image tools do not do, or are asked to do in vain: said clearly."""
import os
import signal
import subprocess
import time

from image.beside import Beside

FORMATS = ("vmdk", "vhdx", "qed", "parallels", "qcow", "luks")


def fails(b, *args, tool=None):
    status, out, err = b.run(tool or b.img, *args)
    assert status == 1, (args, status, out, err)
    assert err.endswith("\n") and err.count("\n") == 1, err
    return err


def prepare(b, *args):
    status, _, err = b.run("qemu-img", *args)
    assert status == 0, (args, err)


def test_other_formats_are_refused_by_name():
    with Beside() as b:
        b.prepare("img create -q -f qcow2 a.qcow2 1M")
        for name in FORMATS:
            for args in (["create", "-f", name, "x", "1M"],
                         ["convert", "-O", name, "a.qcow2", "x"],
                         ["measure", "-O", name, "--size", "1M"],
                         ["info", "-f", name, "a.qcow2"]):
                err = fails(b, *args)
                assert name in err and "not supported by pcvm" in err, err
            assert not os.path.exists(b.path("x"))
        assert "Unknown file format 'foo'" in fails(
            b, "create", "-f", "foo", "x", "1M")


def test_images_of_other_formats_are_refused_by_name():
    with Beside() as b:
        for name in FORMATS:
            if name == "luks":
                args = ["--object", "secret,id=s,data=x", "-o",
                        "key-secret=s,iter-time=10"]
            else:
                args = []
            prepare(b, "create", "-q", "-f", name, *args, "x", "4M")
            for args in (["info", "x"], ["convert", "-O", "raw", "x", "y"]):
                err = fails(b, *args)
                assert name in err and "not supported by pcvm" in err, err


def test_encryption_is_refused_by_name():
    with Beside() as b:
        for option in ("encryption=on", "encrypt.format=luks",
                       "encrypt.key-secret=s,encrypt.format=aes"):
            err = fails(b, "create", "-q", "-f", "qcow2", "-o", option, "x",
                        "1M")
            assert "encrypted" in err, err
        prepare(b, "create", "-q", "-f", "qcow2", "--object",
                      "secret,id=s,data=x", "-o",
                      "encrypt.format=luks,encrypt.key-secret=s,"
                "encrypt.iter-time=10", "y", "1M")
        assert "encrypted (LUKS)" in fails(b, "info", "y")


def test_names_too_long_make_no_image():
    with Beside() as b:
        long = "n" * 1024
        for args, says in (
                (["-b", long, "-F", "raw"], "longer than 1023"),
                (["-b", "n" * 500, "-F", "raw", "-o", "cluster_size=512"],
                 "too long"),
                (["-b", "x", "-F", "n" * 2000], "is unknown"),
                (["-o", "data_file=" + long], "Could not create")):
            err = fails(b, "create", "-q", "-u", "-f", "qcow2", *args, "a",
                        "1M")
            assert says in err, err
            assert not os.path.exists(b.path("a")), args
        b.prepare("img create -q -f qcow2 a 1M")
        assert "too long" in fails(b, "rebase", "-u", "-b", long, "-F", "raw",
                                   "a")
        b.both("check a", 0)


def test_io_has_no_breakpoints():
    with Beside() as b:
        b.prepare("img create -q -f qcow2 a 1M")
        for line in ("break write_aio A", "resume A", "wait_break A",
                     "remove_break A"):
            err = fails(b, "-c", line, "a", tool=b.own["qemu-io"])
            assert "blkdebug" in err, err


def test_bitmaps_are_refused():
    with Beside() as b:
        b.prepare("img create -q -f qcow2 a 1M")
        assert "bitmaps" in fails(b, "convert", "--bitmaps", "-O", "qcow2",
                                  "a", "x")
        assert "bitmaps" in fails(b, "bitmap", "--add", "a", "b0")
        assert not os.path.exists(b.path("x"))


def test_a_data_file_is_not_the_image():
    with Beside() as b:
        b.prepare("img create -q -f qcow2 -o data_file=d a 1M")
        os.remove(b.path("d"))
        os.link(b.path("a"), b.path("d"))
        before = open(b.path("a"), "rb").read()
        for args in (["-c", "write 0 4k", "a"], ["-r", "-c", "read 0 4k", "a"]):
            err = fails(b, *args, tool=b.own["qemu-io"])
            assert "the image itself" in err, err
        assert open(b.path("a"), "rb").read() == before


def test_a_signal_asks_for_the_progress():
    with Beside() as b:
        b.prepare("img create -q -f raw big 64M")
        with open(b.path("big"), "wb") as f:
            f.write(b"x" * (64 << 20))
        tool = subprocess.Popen(
            [b.img, "convert", "-r", "20M", "-O", "qcow2", "big", "x"],
            cwd=b.ours, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        time.sleep(0.5)
        tool.send_signal(signal.SIGUSR1)
        out, err = tool.communicate(timeout=30)
        assert tool.returncode == 0 and out == b"", (out, err)
        assert err.endswith(b"/100%)\n"), err
        b.both("compare big big", 0)
