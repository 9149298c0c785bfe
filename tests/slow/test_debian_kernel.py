# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's own kernel for clouds, unmodified, to a shell."""
import glob
import os
import re
import shutil
import subprocess
import tempfile

from guest.images import cached, run_tool
from guest.linux import FAST, Linux
from guest.vm import needs
from run import Skip

META = "linux-image-cloud-amd64"
BOOT = 7200  # seconds, where ring 0 is emulated
# What it is not needed for, and costs minutes there.
LESS = ("mitigations=off nopti nokaslr nowatchdog audit=0 apparmor=0 psi=0 "
        "cgroup_disable=memory ipv6.disable=1 cryptomgr.notests lsm= "
        "initcall_blacklist=ftrace_check_for_weak_functions,init_kprobe_trace ")
# Vectors in the kernel's random numbers, ciphers and sums; the last
# clearcpuid= counts.
FEWER = FAST.replace("clearcpuid=", "clearcpuid=ssse3,sse4_1,sse4_2,aes,"
                     "pclmulqdq,sha_ni,avx,avx2,")


def package():
    """What the meta package depends on today."""
    done = subprocess.run(["apt-cache", "depends", META], text=True,
                          stdout=subprocess.PIPE, check=False, timeout=60)
    found = re.search(r"Depends: (linux-image-\S+-cloud-amd64)", done.stdout)
    if not found:
        raise Skip(f"the package lists do not have {META}")
    return found.group(1)


def kernel():
    needs("apt-get", "dpkg-deb")
    name = package()

    def build(path):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(["apt-get", "-qq", "download", name], cwd=folder,
                           check=True, timeout=600)
            run_tool("dpkg-deb", "-x", *glob.glob(f"{folder}/*.deb"),
                     f"{folder}/x")
            shutil.copy(glob.glob(f"{folder}/x/boot/vmlinuz-*")[0], path)

    return cached("vmlinuz", name, build)


def test_debian_kernel_comes_to_a_shell():
    with Linux(kernel=os.path.abspath(kernel()), memory=256,
               append=LESS + FEWER) as guest:
        guest.prompt(BOOT)
        assert "cloud-amd64" in guest.shell("uname -r", BOOT)
        print(guest.hmp("info kvm", 60))
        guest.begin("poweroff")
        assert guest.wait(BOOT) == 0
