#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""make bench [T=part]: pcvm beside qemu on this machine, in the same run."""
import os
import sys
import types

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:1] = [os.path.dirname(HERE)]


class Skip(Exception):
    pass


sys.modules["run"] = types.SimpleNamespace(Skip=Skip)

from bench import boot, disk, image, monitor, net, start, vnc  # noqa: E402
from bench.rows import title  # noqa: E402

PARTS = {"start": start, "boot": boot, "image": image, "disk": disk,
         "net": net, "monitor": monitor, "vnc": vnc}


def main(wanted):
    title()
    for name, part in PARTS.items():
        if wanted in name:
            part.bench()
    return 0


sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else ""))
