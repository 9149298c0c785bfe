# SPDX-License-Identifier: GPL-2.0-or-later
"""What the guest of tests/bench/guest says, and how it is built."""
import os
import re
import subprocess

IMAGE = os.path.join("obj", "bench-guest")


def guest_image():
    """Its path in the build folder, where we are."""
    done = subprocess.run(["make", "-s", "bench-guest"], timeout=120,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode == 0, done.stdout
    return os.path.abspath(IMAGE)


def facts(line):
    """"result op=read ios=3" as a dictionary; numbers are numbers."""
    return {name: int(value) if value.isdigit() else value
            for name, value in re.findall(r"(\w+)=(\S+)", line)}
