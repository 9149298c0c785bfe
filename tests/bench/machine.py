# SPDX-License-Identifier: GPL-2.0-or-later
"""A machine to be measured, and a socket that its guest writes to."""
import os
import socket
import subprocess
import time

RAM_MB = 128
QEMU = ["qemu-system-x86_64", "-accel", "kvm"]
PCVM = ["./pcvm"]


def listen(folder, name):
    path = os.path.join(folder, name)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(1)
    listener.settimeout(20)
    return path, listener


def run(program, listener, *args):
    """A running machine, its connection, and when it was started."""
    begin = time.monotonic()
    process = subprocess.Popen([*program, "-nodefaults", "-display", "none",
                                "-m", str(RAM_MB), *args],
                               stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    connection, _ = listener.accept()
    listener.close()
    return process, connection, begin


def end(process, connection):
    process.kill()
    process.wait(20)
    connection.close()
