# SPDX-License-Identifier: GPL-2.0-or-later
"""What SeaBIOS makes of the machine: screen, PCI, vCPUs; and the monitors."""
import re
import time

from guest.vm import QEMU, Vm, needs

BOOT = 240


def screen(vm):
    """The text on the VGA's screen."""
    dump = vm.hmp("xp /2000hx 0xb8000", 60)
    cells = re.findall(r" 0x([0-9a-f]{4})", dump)
    return "".join(chr(int(c, 16) & 0xff) for c in cells)


def wait_screen(vm, text, seconds=BOOT):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        shown = screen(vm)
        if text in shown:
            return shown
        time.sleep(1)
    raise AssertionError(f"{text!r} is not on the screen: {shown!r}")


def pci(program):
    with Vm("-m", "64", "-net" if program else "-vga",
            "none" if program else "std", program=program) as vm:
        wait_screen(vm, "No bootable device")
        return vm.hmp("info pci")


def test_seabios_shows_on_the_vga_that_nothing_boots():
    with Vm("-m", "64") as vm:
        shown = wait_screen(vm, "No bootable device")
        assert "SeaBIOS (version" in shown
        assert "Booting from Hard Disk" in shown


def test_info_pci_is_as_qemus():
    needs(QEMU)
    assert pci(None) == pci(QEMU)


def test_registers_memory_and_code_at_reset_are_as_qemus():
    needs(QEMU)
    commands = ("info registers", "xp /4xb 0xfffffff0", "x /5xg 0xfffffff0",
                "x /12xh 0xfffffff0", "x /3dw 0xfffffff0", "x /3ob 0xfffffff0",
                "print 1+2*3", "print $eip", "print/x $cs", "info status",
                "info kvm", "info uuid", "foo", "info foo", "x")
    answers = []
    for program in (None, QEMU):
        with Vm("-m", "64", "-S", program=program) as vm:
            answers.append([vm.hmp(c) for c in commands])
    for command, ours, qemus in zip(commands, *answers):
        assert ours == qemus, (command, ours, qemus)


def test_qmp_and_events():
    with Vm("-m", "64", "-S", qmp=True) as vm:
        assert vm.qmp_read()["QMP"]["version"]["qemu"]["major"] == 7
        early = vm.qmp_call("query-status")
        assert early["error"]["class"] == "CommandNotFound", early
        assert vm.qmp_call("qmp_capabilities") == {"return": {}}
        assert vm.qmp_call("query-status")["return"]["status"] == "prelaunch"
        assert vm.qmp_call("cont") == {"return": {}}
        assert vm.qmp_call("query-status")["return"]["running"]
        assert vm.qmp_call("stop") == {"return": {}}
        assert vm.qmp_call("query-status")["return"]["status"] == "paused"
        wrong = vm.qmp_call("nonsense")
        assert wrong["error"]["desc"] == "The command nonsense has not been found"
        vm.qmp.send('{"execute": junk}\n{"execute": "query-name"}\n')
        assert "error" in vm.qmp_read()
        assert vm.qmp_read() == {"return": {}}
        text = vm.qmp_call("human-monitor-command",
                           **{"command-line": "info status"})
        assert text == {"return": "VM status: paused\r\n"} or \
            text == {"return": "VM status: paused\n"}, text
        vm.qmp.send('{"execute": "quit", "id": 7}\n')
        assert vm.qmp_read()["event"] == "SHUTDOWN"
        assert vm.qmp_read() == {"return": {}, "id": 7}
        assert vm.wait() == 0


def test_guest_reset_goes_round():
    with Vm("-m", "64", qmp=True) as vm:
        vm.qmp_read()
        vm.qmp_call("qmp_capabilities")
        wait_screen(vm, "No bootable device")
        vm.hmp("sendkey ctrl-alt-delete")
        vm.hmp("system_reset")
        end = time.monotonic() + 20
        seen = []
        while time.monotonic() < end and "RESET" not in seen:
            seen.append(vm.qmp_read().get("event"))
        assert "RESET" in seen
        wait_screen(vm, "No bootable device")


def test_no_reboot_ends_with_status_0():
    with Vm("-m", "64", "-no-reboot") as vm:
        vm.hmp("info status")
        vm.monitor.send("system_reset\n")
        assert vm.wait() == 0
