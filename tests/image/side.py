# SPDX-License-Identifier: GPL-2.0-or-later
"""The image tools beside qemu's: the same command lines in two folders."""
import os
import shutil
import subprocess
import tempfile

from run import Skip

PCVM = os.path.abspath(os.environ.get("PCVM", "pcvm"))
LIMIT = 60  # seconds for one command


def real(name):
    path = shutil.which(name)
    if not path:
        raise Skip(f"{name} is not installed")
    return path


class Sides:
    """Two folders with the same files, and both families of tools."""

    def __init__(self, *names):
        self.real = {name: real(name) for name in names}
        self.top = tempfile.mkdtemp(prefix="pcvm-image-")
        self.theirs = os.path.join(self.top, "theirs")
        self.ours = os.path.join(self.top, "ours")
        tools = os.path.join(self.top, "tools")
        for folder in (self.theirs, self.ours, tools):
            os.mkdir(folder)
        self.own = {}
        for name in names:
            self.own[name] = os.path.join(tools, name)
            os.symlink(PCVM, self.own[name])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.top)

    def setup(self, name, *args):
        """With qemu's tool, in both folders."""
        for folder in (self.theirs, self.ours):
            run([self.real[name], *args], folder, check=True)

    def write(self, name, data):
        for folder in (self.theirs, self.ours):
            with open(os.path.join(folder, name), "wb") as f:
                f.write(data)

    def both(self, name, args, text=None):
        """(stdout, stderr, status) of qemu's tool and of ours."""
        return (run([self.real[name], *args], self.theirs, text),
                run([self.own[name], *args], self.ours, text))


def run(command, folder=None, text=None, check=False):
    done = subprocess.run(command, cwd=folder, input=(text or "").encode(),
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=LIMIT, env=dict(os.environ, LC_ALL="C"))
    out, err = (b.decode(errors="replace") for b in (done.stdout, done.stderr))
    if check and done.returncode:
        raise AssertionError(f"{command}: {done.returncode}: {out}{err}")
    return out, err, done.returncode
