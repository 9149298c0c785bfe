# SPDX-License-Identifier: GPL-2.0-or-later
"""Who may include whom (DESIGN: the table of folders), and what no file has."""
import glob
import os
import re
import subprocess

SRCDIR = os.environ.get("PCVM_SRCDIR", ".")
FOLDERS = ("vmm", "hw", "block", "block/img", "net")
BLOCK_FROM_VMM = {"loop", "timer", "error", "opt", "endian", "log", "list",
                  "monitor", "io_thread", "thread", "fd_sets"}
ALLOWED = {
    "vmm": lambda inc: inc.startswith("vmm/") or inc == "build.h",
    "block": lambda inc: inc.startswith("block/") or inc == "build.h"
    or inc[:4] == "vmm/" and inc[4:-2] in BLOCK_FROM_VMM,
    "net": lambda inc: inc.startswith("net/") or inc == "build.h"
    or inc[:4] == "vmm/" and inc[4:-2] in BLOCK_FROM_VMM | {
        "display", "input", "chardev", "runner"},
    "hw": lambda inc: inc.startswith(("hw/", "vmm/"))
    or inc in ("block/block.h", "net/net.h"),
}
COMPOSITION_ROOT = "vmm/tables.c"
BANNED = re.compile(r"\b(strcpy|sprintf|atoi|alloca|gmtime|system)\s*\(")
NAMES = re.compile(r"(^|/)(core|common|util|utils|misc)\.[ch]$")
TESTS = ("tests/unit", "tests/device", "tests/image", "tests/fuzz")
GUEST = "tests/bench/guest"


def sources(*more):
    for folder in FOLDERS + more:
        for path in sorted(glob.glob(os.path.join(SRCDIR, folder, "*.[ch]"))):
            yield os.path.relpath(path, SRCDIR)


def text(path):
    with open(os.path.join(SRCDIR, path), encoding="utf-8") as f:
        return f.read()


def test_includes_stay_within_the_matrix():
    bad = []
    for path in sources():
        if path == COMPOSITION_ROOT:
            continue
        for inc in re.findall(r'^#include "([^"]+)"', text(path), re.M):
            if not ALLOWED[path.split("/")[0]](inc):
                bad.append(f"{path} includes {inc}")
    assert not bad, "\n".join(bad)


def test_no_banned_functions():
    bad = []
    for path in sources(*TESTS, GUEST):
        code = re.sub(r'"(\\.|[^"\\])*"|/\*.*?\*/', "", text(path), flags=re.S)
        for found in BANNED.finditer(code):
            bad.append(f"{path}: {found.group(1)}")
    assert not bad, "\n".join(bad)


def test_every_file_names_its_licence():
    bad = [p for p in sources(*TESTS, GUEST)
           if "SPDX-License-Identifier: GPL-2.0-or-later" not in
           text(p).split("\n", 1)[0]]
    assert not bad, "\n".join(bad)


def test_file_names_say_what_is_in_them():
    bad = [p for p in sources() if NAMES.search(p)]
    assert not bad, "\n".join(bad)


def test_cppcheck_has_nothing_to_say():
    done = subprocess.run(["make", "-s", "cppcheck"], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=300)
    assert done.returncode == 0, done.stdout[:4000]


def test_the_formatter_has_nothing_to_change():
    files = list(sources(*TESTS, GUEST))
    done = subprocess.run(["clang-format", "--dry-run", "-Werror", *files],
                          cwd=SRCDIR, stderr=subprocess.PIPE, text=True,
                          timeout=300)
    assert done.returncode == 0, done.stderr[:2000]


def test_clang_has_no_warnings():
    files = [p for p in sources(*TESTS)
             if p.endswith(".c")]
    done = subprocess.run(
        ["clang", "-fsyntax-only", "-std=c11", "-D_GNU_SOURCE", "-I.",
         "-I" + SRCDIR, "-Wall", "-Wextra", "-Werror", "-Wshadow",
         "-Wno-unused-parameter", *[os.path.join(SRCDIR, f) for f in files]],
        stderr=subprocess.PIPE, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[:4000]
