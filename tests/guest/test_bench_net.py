# SPDX-License-Identifier: GPL-2.0-or-later
"""
The guest of the benchmark and a virtio NIC on a real tap: packets of all
lengths, segments still to be cut among them, in both directions.
"""
import os
import subprocess
import tempfile

from bench import net
from guest.vm import PCVM, needs
from run import Skip


def test_packets_of_all_lengths_through_a_tap():
    needs("gcc", "ld", "objcopy", "ip")
    if not net.make_tap():
        raise Skip("no taps may be made here")
    net.SECONDS = 0.1
    try:
        peer = net.Peer()
        with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
            found = net.measure(folder, peer, [os.path.abspath(PCVM)], 0)
    finally:
        subprocess.run(["ip", "netns", "del", net.SPACE], check=False,
                       timeout=20)
    assert len(found) == 2 * len(net.LOADS), found
    # Thousands in a second: tens, where the host has much else to do.
    assert all(rate > 0.05 for rate in found[::2]), found
