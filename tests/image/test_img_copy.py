# SPDX-License-Identifier: GPL-2.0-or-later
"""convert, dd, bench, rebase and commit beside qemu-img's."""
import os
import random
import re
import shlex
import shutil

from image.side import Sides, run

# Each begins with the same images; " ;; " parts commands on the same.
LINES = """
convert -O raw a.qcow2 x
convert -O qcow2 a.qcow2 x.qcow2
convert -O qcow2 top.qcow2 x.qcow2
convert -O qcow2 -c top.qcow2 x.qcow2
convert -O qcow2 -B base.qcow2 -F qcow2 top.qcow2 x.qcow2
convert -O qcow2 -B mid.qcow2 -F qcow2 top.qcow2 x.qcow2
convert -O qcow2 -o backing_file=mid.qcow2,backing_fmt=qcow2 top.qcow2 x.qcow2
convert -O qcow2 -B base.qcow2 top.qcow2 x.qcow2
convert -O raw -B base.qcow2 top.qcow2 x
convert -F raw a.qcow2 x
convert -l s1 -O raw a.qcow2 x
convert -l snapshot.name=s1 -O qcow2 a.qcow2 x.qcow2
convert -l snapshot.id=1 -O qcow2 a.qcow2 x.qcow2
convert -l nosuch -O qcow2 a.qcow2 x.qcow2
convert a.raw o.raw a.raw x
convert -c -O qcow2 a.raw o.raw a.raw x.qcow2
convert -f raw -O qcow2 a.raw o.raw big.raw x.qcow2
convert -S 0 -O qcow2 top.qcow2 x.qcow2
convert -S 0 top.qcow2 x
convert -S 64k top.qcow2 x
convert -S 1000 top.qcow2 x
convert -n -O raw top.qcow2 big.raw
convert -n -O raw top.qcow2 small.raw
convert -n -O qcow2 a.qcow2 big.qcow2
convert -n -O qcow2 top.qcow2 ob.qcow2
convert -n --target-is-zero -O raw top.qcow2 nofile
convert --target-is-zero -O raw top.qcow2 x
convert -n -o size=4M -O raw top.qcow2 x
convert -p -O qcow2 top.qcow2 x.qcow2
convert -W -m 16 -O qcow2 top.qcow2 x.qcow2
convert -m 1 -O qcow2 top.qcow2 x.qcow2
convert -m 0 -O qcow2 top.qcow2 x.qcow2
convert -m 17 -O qcow2 top.qcow2 x.qcow2
convert -t none -T none -O qcow2 top.qcow2 x.qcow2
convert -t writethrough -O qcow2 top.qcow2 x.qcow2
convert -t bogus -O qcow2 top.qcow2 x.qcow2
convert -C -O raw top.qcow2 x
convert -C -c -O qcow2 top.qcow2 x.qcow2
convert -c -O raw top.qcow2 x
convert -O bogus top.qcow2 x
convert -f bogus top.qcow2 x
convert nofile x
convert a.raw
convert
convert -O qcow2 -o cluster_size=4k,compat=0.10 top.qcow2 x.qcow2
convert -c -O qcow2 -o cluster_size=4k top.qcow2 x.qcow2
convert -c -O qcow2 -o cluster_size=2M top.qcow2 x.qcow2
convert -c -O qcow2 -o extended_l2=on top.qcow2 x.qcow2
convert -O qcow2 -o preallocation=full top.qcow2 x.qcow2
convert -O qcow2 -o preallocation=metadata top.qcow2 x.qcow2
convert -O qcow2 -c -o preallocation=metadata top.qcow2 x.qcow2
convert -O qcow2 -o bogus=1 top.qcow2 x.qcow2
convert -O qcow2 top.qcow2 top.qcow2
convert -O qcow2 top.qcow2 base.qcow2
convert --image-opts -O raw driver=qcow2,file.filename=top.qcow2 x
convert -n --target-image-opts top.qcow2 driver=raw,file.filename=big.raw
convert --target-image-opts top.qcow2 driver=raw,file.filename=big.raw
convert --salvage -O raw top.qcow2 x
convert -U -O raw top.qcow2 x
convert -r 100M -O raw top.qcow2 x
convert -q -p -O raw top.qcow2 x
convert -O raw o.raw x
convert -O qcow2 o.raw x.qcow2
convert -c -O qcow2 o.raw x.qcow2
convert -O qcow2 sb.qcow2 x.qcow2
convert -O qcow2 ob.qcow2 x.qcow2
convert -O qcow2 -B big.qcow2 -F qcow2 ob.qcow2 x.qcow2
convert -O qcow2 -B small.qcow2 -F qcow2 top.qcow2 x.qcow2
dd if=a.raw of=b.raw
dd if=a.raw of=b.raw bs=1M count=2
dd if=a.raw of=b.raw bs=1000 count=2
dd if=a.raw of=b.raw bs=1M skip=1 count=10
dd if=a.raw of=b.raw bs=1M skip=10
dd if=top.qcow2 of=b.qcow2 -O qcow2 bs=64k
dd if=a.raw of=b.raw bs=x
dd if=a.raw of=b.raw bs=0
dd if=a.raw of=b.raw count=x
dd if=a.raw of=b.raw foo=1
dd a.raw
dd
dd if=a.raw
dd -U if=a.raw of=b.raw
dd -O bogus if=a.raw of=b.raw
dd if=nofile of=b.raw
dd if=a.raw of=b.raw bs=3G
dd if=a.raw of=b.raw count=0
dd --image-opts if=driver=raw,file.filename=a.raw of=b.raw
bench
bench -c 100 a.qcow2
bench -c 100 -w a.qcow2
bench -c 100 -w --flush-interval 10 a.qcow2
bench -c 100 --flush-interval 10 a.qcow2
bench -c 100 -d 10 --flush-interval 20 -w a.qcow2
bench -c 100 -d 10 --flush-interval 20 -w --no-drain a.qcow2
bench -c 100 -d 1 -s 512 -S 1M -o 4k a.qcow2
bench -c x a.qcow2
bench -c 0 a.qcow2
bench -s x a.qcow2
bench -s 0 -c 10 a.qcow2
bench --pattern=300 -w a.qcow2
bench --pattern=3 -c 10 a.qcow2
bench -w --pattern=3 -c 10 a.qcow2
bench -n -c 10 a.qcow2
bench -n -t none -c 10 a.qcow2
bench -i io_uring -c 10 a.qcow2
bench -i bogus a.qcow2
bench -t bogus a.qcow2
bench -q -c 10 a.qcow2
bench -s 8M -c 10 a.qcow2
bench -o 8M -c 2 a.qcow2
rebase
rebase top.qcow2
rebase -b base2.qcow2 top.qcow2
rebase -b base.qcow2 -F qcow2 top.qcow2
rebase -p -b base.qcow2 -F qcow2 top.qcow2
rebase -b "" top.qcow2
rebase -u -b "" top.qcow2
rebase -u top.qcow2
rebase -u -b base.qcow2 top.qcow2
rebase -b nofile -F qcow2 top.qcow2
rebase -t bogus -b base.qcow2 -F qcow2 top.qcow2
rebase -b base.qcow2 -F bogus top.qcow2
rebase -f raw -b base.qcow2 -F qcow2 a.raw
rebase -b top.qcow2 -F qcow2 top.qcow2
rebase -b big.qcow2 -F qcow2 top.qcow2
rebase -b small.qcow2 -F qcow2 top.qcow2
rebase -b a.raw -F raw top.qcow2
rebase -b mid.qcow2 -F qcow2 top.qcow2
rebase -b base.qcow2 -F qcow2 ob.qcow2
rebase -b base.qcow2 -F qcow2 sb.qcow2
resize -q top.qcow2 6M ;; rebase -b base.qcow2 -F qcow2 top.qcow2
commit
commit base.qcow2
commit top.qcow2
commit -d top.qcow2
commit -b base.qcow2 top.qcow2
commit -q top.qcow2
commit -b bogus top.qcow2
commit -t bogus top.qcow2
commit -b mid.qcow2 top.qcow2
resize -q top.qcow2 6M ;; commit top.qcow2
commit -r 1M top.qcow2
commit -f raw top.qcow2
commit nofile
commit --image-opts driver=qcow2,file.filename=top.qcow2
commit -b top.qcow2 top.qcow2
commit ob.qcow2
commit sb.qcow2
"""

IMAGES = ("top.qcow2", "mid.qcow2", "base.qcow2", "x", "x.qcow2", "b.raw",
          "b.qcow2", "big.raw", "small.raw", "a.qcow2", "ob.qcow2",
          "sb.qcow2")


def prepare(sides):
    """A chain of three, one with a snapshot, longer and shorter ones."""
    img, io = "qemu-img", "qemu-io"
    sides.setup(img, "create", "-q", "-f", "qcow2", "base.qcow2", "4M")
    sides.setup(io, "-c", "write -P 1 0 1M", "base.qcow2")
    sides.setup(img, "create", "-q", "-f", "qcow2", "-b", "base.qcow2", "-F",
                "qcow2", "mid.qcow2")
    sides.setup(io, "-c", "write -P 2 1M 1M", "-c", "write -z 256k 64k",
                "mid.qcow2")
    sides.setup(img, "create", "-q", "-f", "qcow2", "-b", "mid.qcow2", "-F",
                "qcow2", "top.qcow2")
    sides.setup(io, "-c", "write -P 3 2M 512k", "-c", "write -P 4 64k 64k",
                "-c", "write -z 512k 64k", "top.qcow2")
    sides.setup(img, "convert", "-O", "raw", "base.qcow2", "a.raw")
    sides.setup("qemu-img", "create", "-q", "-f", "qcow2", "a.qcow2", "4M")
    sides.setup(io, "-c", "write -P 1 0 1M", "a.qcow2")
    sides.setup(img, "snapshot", "-c", "s1", "a.qcow2")
    sides.setup(io, "-c", "write -P 7 0 2M", "a.qcow2")
    sides.setup(img, "create", "-q", "-f", "qcow2", "big.qcow2", "8M")
    sides.setup(io, "-c", "write -P 9 0 8M", "big.qcow2")
    sides.setup(img, "create", "-q", "-f", "qcow2", "small.qcow2", "1M")
    sides.setup(img, "create", "-q", "-f", "qcow2", "-b", "big.qcow2", "-F",
                "qcow2", "ob.qcow2", "10M")
    sides.setup(img, "create", "-q", "-f", "qcow2", "-b", "big.qcow2", "-F",
                "qcow2", "sb.qcow2", "3M")
    sides.write("o.raw", bytes(1000))
    sides.write("small.raw", bytes(1 << 20))
    sides.write("big.raw", b"\xff" * (8 << 20))
    shutil.copytree(sides.ours, os.path.join(sides.top, "fresh"))


def restore(sides):
    for folder in (sides.theirs, sides.ours):
        shutil.rmtree(folder)
        shutil.copytree(os.path.join(sides.top, "fresh"), folder)


def shown(text):
    return re.sub(r"in [\d.]+ sec", "in T sec", text)


def same_image(sides, line, name):
    theirs, ours = (os.path.join(folder, name)
                    for folder in (sides.theirs, sides.ours))
    assert os.path.exists(theirs) == os.path.exists(ours), (line, name)
    if not os.path.exists(ours):
        return
    with open(theirs, "rb") as a, open(ours, "rb") as b:
        if a.read() == b.read():
            return
    img = sides.real["qemu-img"]
    out, err, status = run([img, "compare", theirs, ours])
    # bench writes whatever its buffers have.
    assert not status or line.startswith("bench"), (line, name, out, err)
    told = [re.sub(r"(image|disk size): .*|\(actual.*", "",
                   run([img, "info", path], check=True)[0])
            for path in (theirs, ours)]
    assert told[0] == told[1], (line, name, told)
    if name.endswith(".qcow2"):
        run([img, "check", "-q", ours], check=True)


def check_line(sides, line):
    restore(sides)
    for command in line.split(" ;; "):
        args = shlex.split(command)
        theirs, ours = sides.both("qemu-img", args)
        assert theirs[2] == ours[2], (command, theirs, ours)
        assert bool(theirs[1]) == bool(ours[1]), (command, theirs, ours)
        # How far it has come in between is up to the program.
        if "-p" not in args:
            assert shown(theirs[0]) == shown(ours[0]), (command, theirs, ours)
    for name in IMAGES:
        same_image(sides, line, name)


def check_part(part, parts):
    with Sides("qemu-img", "qemu-io") as sides:
        prepare(sides)
        for line in LINES.strip().split("\n")[part::parts]:
            check_line(sides, line)


def test_images_are_what_qemu_img_makes_of_them():
    check_part(0, 2)


def test_images_are_what_qemu_img_makes_of_them_too():
    check_part(1, 2)


def test_progress_ends_at_a_hundred():
    with Sides("qemu-img", "qemu-io") as sides:
        prepare(sides)
        for command in ("convert -p -O qcow2 top.qcow2 x.qcow2",
                        "rebase -p -b base.qcow2 -F qcow2 top.qcow2",
                        "commit -p -d top.qcow2"):
            _, ours = sides.both("qemu-img", command.split())
            steps = re.findall(r" {4}\((\d+\.\d\d)/100%\)[\r\n]", ours[0])
            assert steps[0] == "0.00" and steps[-1] == "100.00", ours
            assert "\n" in ours[0]


def fill(rng, size):
    """Data, zeros and holes of all sizes."""
    data = bytearray(size)
    at = 0
    while at < size:
        n = min(rng.choice((100, 512, 4096, 30000, 65536, 200000)), size - at)
        kind = rng.randrange(4)
        if kind == 0:
            data[at:at + n] = rng.randbytes(n)
        elif kind == 1:
            data[at:at + n] = bytes((rng.randrange(1, 256),)) * n
        at += n
    return data


def write_sparse(path, data):
    with open(path, "wb") as f:
        f.truncate(len(data))
        for at in range(0, len(data), 4096):
            piece = data[at:at + 4096]
            if any(piece):
                f.seek(at)
                f.write(piece)


OPTIONS = ("", "-o compat=0.10", "-o cluster_size=512", "-o cluster_size=2M",
           "-o extended_l2=on", "-o refcount_bits=1", "-c", "-c -W",
           "-c -o cluster_size=4k", "-o preallocation=metadata", "-W -m 16",
           "-S 0", "-S 64k", "-t none", "-c -m 1")


def test_random_images_come_back_as_they_were():
    rng = random.Random(1)
    with Sides("qemu-img", "qemu-io") as sides:
        raw, image, back, again = (os.path.join(sides.top, name) for name in
                                   ("in.raw", "a.qcow2", "b.raw", "c.qcow2"))
        for options in OPTIONS:
            data = fill(rng, rng.randrange(1, 6000) * 512)
            write_sparse(raw, data)
            run([sides.own["qemu-img"], "convert", "-f", "raw", "-O", "qcow2",
                 *options.split(), raw, image], check=True)
            run([sides.real["qemu-img"], "check", "-q", image], check=True)
            run([sides.real["qemu-img"], "convert", "-O", "raw", image, back],
                check=True)
            with open(back, "rb") as f:
                assert f.read() == data, f"qemu-img reads {options} otherwise"
            run([sides.real["qemu-img"], "convert", "-O", "qcow2",
                 *options.split(), image, again], check=True)
            run([sides.own["qemu-img"], "convert", "-O", "raw", again, back],
                check=True)
            with open(back, "rb") as f:
                assert f.read() == data, f"{options} is read otherwise"


def test_holes_stay_holes():
    with Sides("qemu-img") as sides:
        raw, image, back = (os.path.join(sides.top, name)
                            for name in ("in.raw", "a.qcow2", "b.raw"))
        with open(raw, "wb") as f:
            f.truncate(1 << 40)
            f.seek(700 << 30)
            f.write(b"x" * 100000)
        run([sides.own["qemu-img"], "convert", "-f", "raw", "-O", "qcow2", raw,
             image], check=True)
        assert os.stat(image).st_blocks * 512 < 4 << 20
        run([sides.own["qemu-img"], "convert", "-O", "raw", image, back],
            check=True)
        assert os.stat(back).st_size == 1 << 40
        assert os.stat(back).st_blocks * 512 < 1 << 20


def test_a_rate_is_kept():
    with Sides("qemu-img") as sides:
        raw = os.path.join(sides.top, "in.raw")
        with open(raw, "wb") as f:
            f.write(os.urandom(8 << 20))
        start = os.times().elapsed
        run([sides.own["qemu-img"], "convert", "-r", "8M", "-f", "raw", raw,
             raw + "2"], check=True)
        assert os.times().elapsed - start > 0.5


FOREIGN = (("vdi", ""), ("vdi", "-o static=on"), ("vpc", ""),
           ("vpc", "-o subformat=fixed"), ("vpc", "-o force_size=on"))


def test_foreign_images_are_read():
    rng = random.Random(2)
    with Sides("qemu-img") as sides:
        raw, image, back, flat = (os.path.join(sides.top, name)
                                  for name in ("in.raw", "a", "b", "c"))
        for kind, options in FOREIGN:
            write_sparse(raw, fill(rng, rng.randrange(1, 16000) * 512))
            run([sides.real["qemu-img"], "convert", "-f", "raw", "-O", kind,
                 *options.split(), raw, image], check=True)
            run([sides.real["qemu-img"], "convert", "-f", kind, "-O", "raw",
                 image, flat], check=True)
            run([sides.own["qemu-img"], "convert", "-f", kind, "-O", "raw",
                 image, back], check=True)
            with open(flat, "rb") as a, open(back, "rb") as b:
                assert a.read() == b.read(), (kind, options)


def test_damaged_foreign_images_do_no_harm():
    rng = random.Random(3)
    with Sides("qemu-img") as sides:
        raw, image, back = (os.path.join(sides.top, name)
                            for name in ("in.raw", "a", "b"))
        write_sparse(raw, fill(rng, 3 << 20))
        for kind, heads in (("vdi", range(64, 1100)), ("vpc", range(2048))):
            run([sides.real["qemu-img"], "convert", "-f", "raw", "-O", kind,
                 raw, image], check=True)
            with open(image, "rb") as f:
                good = f.read()
            for _ in range(60):
                bad = bytearray(good[:rng.choice((len(good), 700, 3000))])
                for _ in range(rng.randrange(1, 4)):
                    at = rng.choice(heads) % len(bad)
                    bad[at] = rng.choice((0, 1, 0x7f, 0xff, rng.randrange(256)))
                with open(image, "wb") as f:
                    f.write(bad)
                _, err, status = run([sides.own["qemu-img"], "map", "-f", kind,
                                      image])
                assert status in (0, 1), (kind, status, err)
                assert bool(status) == bool(err), (kind, status, err)


def test_other_foreign_images_are_refused_by_name():
    with Sides("qemu-img") as sides:
        image = os.path.join(sides.top, "a")
        for kind in ("vmdk", "vhdx"):
            run([sides.real["qemu-img"], "create", "-q", "-f", kind, image,
                 "8M"], check=True)
            _, err, status = run([sides.own["qemu-img"], "convert", image,
                                  image + "2"])
            assert status == 1 and f"the format {kind} is not supported" in err
