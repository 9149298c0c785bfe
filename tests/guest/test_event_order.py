# SPDX-License-Identifier: GPL-2.0-or-later
"""Events come before the answer to the command that caused them, as in qemu."""
from guest.vm import QEMU, Vm, needs

RESET = ("RESET", {"guest": False, "reason": "host-qmp-system-reset"})
NO_MORE = ("SHUTDOWN", {"guest": False, "reason": "host-qmp-system-reset"})
QUIT = ("SHUTDOWN", {"guest": False, "reason": "host-qmp-quit"})

# Options, commands, and what comes before the answer to each.
LIVES = (
    ((), ("cont", "system_reset", "stop", "system_reset", "system_powerdown", "quit"),
     ([("RESUME", None)], [RESET], [("STOP", None)], [RESET],
      [("POWERDOWN", None)], [QUIT])),
    (("-no-shutdown",), ("quit",), ([QUIT],)),
    (("-no-reboot",), ("system_reset",), ([NO_MORE],)),
    (("-no-reboot", "-no-shutdown"), ("cont", "system_reset", "quit"),
     ([("RESUME", None)], [NO_MORE, ("STOP", None)], [QUIT])),
)


def answer(vm, command):
    events = []
    vm.qmp.send(f'{{"execute": "{command}"}}\n')
    while True:
        message = vm.qmp_read(60)
        if "event" not in message:
            assert message == {"return": {}}, message
            return events
        events.append((message["event"], message.get("data")))


def life(options, commands, program=None):
    with Vm("-S", "-m", "16", "-cpu", "kvm64", "-nodefaults", *options, qmp=True,
            serial=False, monitor=False, program=program) as vm:
        vm.qmp_read(60)
        vm.qmp_call("qmp_capabilities")
        answers = tuple(answer(vm, command) for command in commands)
        assert vm.wait(60) == 0
    return answers


def test_events_before_answers():
    for options, commands, events in LIVES:
        assert life(options, commands) == events, options


def test_events_before_answers_in_qemu():
    needs(QEMU)
    for options, commands, events in LIVES:
        assert life(options, commands, QEMU) == events, options
