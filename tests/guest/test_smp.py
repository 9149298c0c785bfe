# SPDX-License-Identifier: GPL-2.0-or-later
"""SeaBIOS wakes the vCPUs by INIT and SIPI, and counts who answers."""
import tempfile
import time

from guest.vm import Vm


def found(n, smp):
    """What SeaBIOS said until it had counted."""
    with tempfile.NamedTemporaryFile("r", errors="replace") as log, \
            Vm("-m", "64", "-smp", smp, "-chardev",
               f"file,id=d,path={log.name}", "-device",
               "isa-debugcon,iobase=0x402,chardev=d", serial=False) as vm:
        end = time.monotonic() + 60
        text = ""
        while time.monotonic() < end and "max supported" not in text:
            time.sleep(0.2)
            text += log.read()
        assert vm.hmp("info cpus").count("CPU #") == n
        return text


def test_two():
    assert "Found 2 cpu(s) max supported 2 cpu(s)" in found(2, "2")


def test_four_of_one_socket():
    text = found(4, "4,sockets=1,cores=2,threads=2")
    assert "Found 4 cpu(s) max supported 4 cpu(s)" in text


def test_three_cores_leave_a_gap_in_the_apic_ids():
    text = found(6, "6,sockets=2,cores=3,threads=1")
    assert "Found 6 cpu(s)" in text
    assert "apic_id=0x6" in text
