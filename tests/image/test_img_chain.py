# SPDX-License-Identifier: GPL-2.0-or-later
"""rebase and commit on random chains: what a guest sees stays the same."""
import os
import random

from image.side import Sides, run

SIZES = (1 << 20, (1 << 20) + 512, 3 << 19, 2 << 20)


def change(sides, rng, path, size):
    args = []
    for _ in range(rng.randrange(1, 7)):
        unit = rng.choice((512, 4096, 65536))
        off = rng.randrange(size // unit) * unit
        length = min(rng.randint(1, 9) * unit, size - off)
        how = rng.choice((f"-P {rng.randrange(1, 256)}", "-z", "-z -u",
                          f"-P {rng.randrange(1, 256)}", "-P 0"))
        args += ["-c", f"write -q {how} {off} {length}"]
    run([rng.choice((sides.own, sides.real))["qemu-io"], *args, path],
        check=True)


def make_chain(sides, rng, name):
    """Names of files, each the backing file of the next."""
    names = []
    for i in range(rng.randrange(2, 5)):
        fmt = "raw" if not i and rng.randrange(2) else "qcow2"
        size = rng.choice(SIZES)
        path = os.path.join(sides.top, f"{name}{i}.{fmt}")
        backing = []
        if names:
            backing = ["-b", names[-1], "-F", names[-1].rsplit(".", 1)[1]]
        options = []
        if fmt == "qcow2":
            options = ["-o", rng.choice(("cluster_size=512",
                                         "cluster_size=64k", "compat=0.10",
                                         "extended_l2=on"))]
        run([sides.real["qemu-img"], "create", "-q", "-f", fmt, *options,
             *backing, path, str(size)], check=True)
        change(sides, rng, path, size)
        names.append(path)
    return names


def content(sides, path):
    flat = path + ".flat"
    run([sides.real["qemu-img"], "convert", "-O", "raw", path, flat],
        check=True)
    with open(flat, "rb") as f:
        return f.read()


def check_images(sides, names):
    for name in names:
        if name.endswith(".qcow2"):
            run([sides.real["qemu-img"], "check", "-q", name], check=True)


def test_rebase_changes_nothing_that_is_seen():
    for seed in range(12):
        rng = random.Random(seed)
        with Sides("qemu-img", "qemu-io") as sides:
            chain = make_chain(sides, rng, "a")
            others = make_chain(sides, rng, "b")
            top = chain[-1]
            before = content(sides, top)
            target = rng.choice(chain[:-1] + others + [""])
            fmt = ["-F", target.rsplit(".", 1)[1]] if target else []
            run([sides.own["qemu-img"], "rebase", "-b", target, *fmt, top],
                check=True)
            assert content(sides, top) == before, (seed, target)
            check_images(sides, chain + others)


def test_rebase_of_an_image_that_had_no_backing_file():
    for options in ("compat=1.1", "compat=0.10", "extended_l2=on",
                    "cluster_size=512"):
        for below in ([], ["-b", "small", "-F", "raw"]):
            with Sides("qemu-img", "qemu-io") as sides:
                for name, size in (("small", "256k"), ("base", "1M")):
                    sides.setup("qemu-img", "create", "-q", "-f", "raw", name,
                                size)
                    sides.setup("qemu-io", "-f", "raw", "-c",
                                f"write -q -P 9 0 {size}", name)
                sides.setup("qemu-img", "create", "-q", "-f", "qcow2", "-o",
                            options, *below, "a.qcow2", str((1 << 20) - 512))
                sides.setup("qemu-io", "-c", "write -q -P 1 0 70k", "a.qcow2")
                path = os.path.join(sides.ours, "a.qcow2")
                before = content(sides, path)
                run([sides.own["qemu-img"], "rebase", "-b", "base", "-F",
                     "raw", path], check=True)
                assert content(sides, path) == before, (options, below)
                check_images(sides, [path])


def test_commit_brings_everything_down():
    for seed in range(12):
        rng = random.Random(100 + seed)
        with Sides("qemu-img", "qemu-io") as sides:
            chain = make_chain(sides, rng, "a")
            top = chain[-1]
            before = content(sides, top)
            base = rng.choice(chain[:-1])
            how = ["-b", base]
            if base == chain[-2]:
                how = rng.choice((how, [], ["-d"]))
            run([sides.own["qemu-img"], "commit", "-q", *how, top], check=True)
            check_images(sides, chain)
            after = content(sides, base)
            assert after[:len(before)] == before, (seed, base)
            assert content(sides, top) == before, (seed, how)
            if not how:
                out, _, _ = run([sides.real["qemu-io"], "-r", "-c", "map", top])
                assert " allocated at" not in out.replace("not allocated", "")


def test_commit_makes_no_other_format_of_a_guessed_one():
    with Sides("qemu-img", "qemu-io") as sides:
        base, top, head = (os.path.join(sides.top, name)
                           for name in ("base", "top", "head"))
        img = sides.real["qemu-img"]
        with open(base, "wb") as f:
            f.write(bytes(1 << 20))
        run([img, "create", "-q", "-f", "qcow2", "-b", base, "-F", "raw", top],
            check=True)
        # Without the extension that has the format of the backing file.
        with open(top, "r+b") as f:
            data = f.read()
            f.seek(data.index(b"\xe2\x79\x2a\xca"))
            f.write(bytes(8))
        with open(head, "wb") as f:
            f.write(b"QFI\xfb\0\0\0\3" + bytes(504))
        run([sides.own["qemu-io"], "-c", f"write -s {head} 0 512", top],
            check=True)
        _, err, status = run([sides.own["qemu-img"], "commit", top])
        assert status == 1 and "not permitted" in err, err
        with open(base, "rb") as f:
            assert f.read(512) == bytes(512)
