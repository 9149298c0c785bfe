#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs all tests and ends with one line: N passed, N failed, N skipped.

C test programs (libcheck) run as built in obj/ and obj-asan/, fuzz targets as
built in obj-asan/ over their seeds; Python tests are tests/*/test_*.py, whose
functions test_* are the cases.  Guest tests need /dev/kvm; without it they are
counted as skipped, by name.  What takes many minutes is in tests/slow and runs
with --slow, alone.
"""
import argparse
import concurrent.futures
import glob
import importlib.util
import os
import re
import subprocess
import sys
import time
import traceback

LIMIT_C = 600  # seconds for a C test program
SUMMARY = re.compile(r"Checks: (\d+), Failures: (\d+), Errors: (\d+)")
SKIP_STATUS = 77


class Skip(Exception):
    """A case that cannot run here, with the reason."""


class Totals:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def add(self, name, passed, failed, skipped, output, seconds):
        self.passed += passed
        self.failed += failed
        self.skipped += skipped
        word = "FAIL" if failed else "skip" if not passed else "ok"
        print(f"{word:4} {name} ({passed} passed, {failed} failed, "
              f"{skipped} skipped, {seconds:.1f} s)", flush=True)
        if output and (failed or skipped):
            print("     " + output.strip().replace("\n", "\n     "), flush=True)


def run_c(path):
    start = time.monotonic()
    env = dict(os.environ, CK_VERBOSITY="normal", CK_FORK="yes",
               ASAN_OPTIONS="detect_leaks=1", UBSAN_OPTIONS="print_stacktrace=1")
    try:
        done = subprocess.run([path], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                              timeout=LIMIT_C, env=env, errors="replace")
        output, status = done.stdout, done.returncode
    except subprocess.TimeoutExpired as e:
        output, status = f"no end within {LIMIT_C} s\n{e.stdout}", 1
    seconds = time.monotonic() - start
    if status == SKIP_STATUS:
        return 0, 0, len(re.findall(r"^skip ", output, re.M)) or 1, output, seconds
    found = SUMMARY.search(output)
    if not found:
        return 0, 1, 0, output or f"ended with status {status}", seconds
    checks, failures, errors = map(int, found.groups())
    bad = failures + errors
    if status and not bad:  # a leak, or a crash at the end
        bad = 1
    return max(checks - bad, 0), bad, 0, output if bad else "", seconds


def run_seeds(path):
    """A fuzz target over its seeds, once."""
    start = time.monotonic()
    name = os.path.basename(path).split("_", 1)[1]
    seeds = os.path.join(os.environ["PCVM_SRCDIR"], "tests/fuzz/seeds", name)
    try:
        done = subprocess.run([path, seeds], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                              timeout=LIMIT_C, errors="replace")
        output, status = done.stdout, done.returncode
    except subprocess.TimeoutExpired as e:
        output, status = f"no end within {LIMIT_C} s\n{e.stdout}", 1
    found = re.search(r"^(\d+) inputs$", output, re.M)
    n = int(found.group(1)) if found and not status else 0
    seconds = time.monotonic() - start
    return (n, 0, 0, "", seconds) if n else (0, 1, 0, output, seconds)


def load(path):
    name = os.path.splitext(os.path.relpath(path))[0].replace("/", ".")
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run_case(function):
    start = time.monotonic()
    try:
        function()
        result = (1, 0, 0, "")
    except Skip as e:
        result = (0, 0, 1, str(e))
    except Exception:  # an assertion, or anything else
        result = (0, 1, 0, traceback.format_exc())
    return (*result, time.monotonic() - start)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--srcdir", default=".")
    parser.add_argument("--only", help="only tests with this in their names")
    parser.add_argument("--slow", action="store_true",
                        help="what is in tests/slow, and nothing else")
    args = parser.parse_args()
    srcdir = os.path.abspath(args.srcdir)
    sys.path.insert(0, os.path.join(srcdir, "tests"))
    sys.modules["run"] = sys.modules["__main__"]
    os.environ["PCVM_SRCDIR"] = srcdir
    totals = Totals()

    programs = []
    for out in ("obj", "obj-asan"):
        for kind in ("unit", "device", "image"):
            programs += [p for p in sorted(glob.glob(f"{out}/tests/{kind}/test_*"))
                         if not p.endswith((".o", ".d"))
                         and os.path.exists(os.path.join(srcdir, p.split("/", 1)[1] + ".c"))]
    fuzzers = [p for p in sorted(glob.glob("obj-asan/tests/fuzz/fuzz_*"))
               if not p.endswith((".o", ".d"))
               and os.path.exists(os.path.join(srcdir, p.split("/", 1)[1] + ".c"))]
    cases = []
    for path in sorted(glob.glob(os.path.join(srcdir, "tests/*/test_*.py"))):
        kind = os.path.basename(os.path.dirname(path))
        if (kind == "slow") != args.slow:
            continue
        module = load(path)
        for name, value in vars(module).items():
            if name.startswith("test_") and callable(value):
                cases.append((f"{kind}/{os.path.basename(path)[:-3]}:{name}", value))
    if args.slow:
        programs, fuzzers = [], []
    if args.only:
        programs = [p for p in programs if args.only in p]
        fuzzers = [p for p in fuzzers if args.only in p]
        cases = [c for c in cases if args.only in c[0]]

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        jobs = {pool.submit(run_c, p): p for p in programs}
        jobs.update({pool.submit(run_seeds, p): p for p in fuzzers})
        jobs.update({pool.submit(run_case, c[1]): c[0] for c in cases})
        for job in concurrent.futures.as_completed(jobs):
            totals.add(jobs[job], *job.result())

    print(f"{totals.passed} passed, {totals.failed} failed, "
          f"{totals.skipped} skipped")
    return 1 if totals.failed or not totals.passed else 0


if __name__ == "__main__":
    sys.exit(main())
