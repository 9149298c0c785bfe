# SPDX-License-Identifier: GPL-2.0-or-later
"""Network namespaces for tests, which go with them."""
import os
import re
import subprocess
import tempfile
import time

from run import Skip

from guest.vm import needs, needs_kvm


def needs_namespaces():
    needs_kvm()
    needs("unshare", "ip", "setpriv")
    done = subprocess.run(["unshare", "-n", "ip", "tuntap", "add", "mode", "tap"],
                          capture_output=True, check=False)
    if done.returncode:
        raise Skip("network namespaces with taps are not permitted here")


class Place:
    """A network namespace and a folder with scripts that tell of calls."""

    def __enter__(self):
        needs_namespaces()
        self.folder = tempfile.TemporaryDirectory(prefix="pcvm-net-")
        self.calls_file = os.path.join(self.folder.name, "calls")
        self.holder = subprocess.Popen(["unshare", "-n", "sleep", "3600"])
        here = os.readlink("/proc/self/ns/net")
        end = time.monotonic() + 10
        while os.readlink(f"/proc/{self.holder.pid}/ns/net") == here:
            assert time.monotonic() < end
            time.sleep(0.01)
        return self

    def __exit__(self, *_):
        self.holder.kill()
        self.holder.wait()
        self.folder.cleanup()

    def inside(self, *args):
        return ["nsenter", "-n", "-t", str(self.holder.pid), "--", *args]

    def script(self, name, status=0, more=""):
        path = os.path.join(self.folder.name, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(f"#!/bin/sh\necho {name} $* $(ls /proc/self/fd | wc -l)"
                    f" >>{self.calls_file}\n{more}\nexit {status}\n")
        os.chmod(path, 0o755)
        return path

    def etc(self, **files):
        """A command's beginning that gives it an /etc with other files, too."""
        for name, text in files.items():
            path = os.path.join(self.folder.name, "etc", name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as f:
                f.write(text)
            os.chmod(path, 0o755)
        args = ["unshare", "-m", "sh", "-c", "mount -t overlay none /etc -o lowerdir="
                f'{self.folder.name}/etc:/etc && exec "$@"', "sh"]
        if subprocess.run([*args, "true"], check=False, capture_output=True).returncode:
            raise Skip("no overlay may be mounted here")
        return args

    def calls(self):
        """[(script, argument)], each of which had no files of ours open."""
        with open(self.calls_file, encoding="utf-8") as f:
            lines = [line.split() for line in f]
        assert all(line[2:] == ["4"] for line in lines), lines
        return [tuple(line[:2]) for line in lines]

    def interfaces(self):
        done = subprocess.run(self.inside("ip", "-br", "link"), text=True,
                              capture_output=True, check=True)
        return sorted(set(re.findall(r"^(\w+)", done.stdout, re.M)) - {"lo"})
