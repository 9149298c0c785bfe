# SPDX-License-Identifier: GPL-2.0-or-later
"""What programs ask an emulator before they use it, beside qemu."""
from guest.vm import QEMU, Vm, needs

NOTHING = ("-machine", "none", "-nodefaults", "-S")


def probe(*args, program=None):
    return Vm(*NOTHING, *args, program=program, serial=False, monitor=False,
              qmp=True)


def ask(vm, command, **arguments):
    if not getattr(vm, "greeted", False):
        assert "QMP" in vm.qmp_read()
        assert vm.qmp_call("qmp_capabilities") == {"return": {}}
        vm.greeted = True
    return vm.qmp_call(command, **arguments)


def get(vm, command, **arguments):
    reply = ask(vm, command, **arguments)
    assert "return" in reply, (command, reply)
    return reply["return"]


def names(replies):
    return {r["name"] for r in replies}


def test_machines_and_processors_are_qemus():
    needs(QEMU)
    with probe() as ours, probe(program=QEMU) as theirs:
        machines = {m["name"]: m for m in get(theirs, "query-machines")}
        for m in get(ours, "query-machines"):
            want = machines[m["name"]]
            keys = ["alias", "is-default", "cpu-max", "default-cpu-type"]
            if m["name"] != "none":  # to which qemu gives RAM
                keys += ["default-ram-id"]
            for key in keys:
                assert m.get(key) == want.get(key), (m, key)
        cpus = {c["name"]: c for c in get(theirs, "query-cpu-definitions")}
        for c in get(ours, "query-cpu-definitions"):
            want = cpus.pop(c["name"])
            for key in ("typename", "migration-safe"):
                assert c[key] == want[key], (c, want)
        assert not cpus, "it lacks these"
        assert get(ours, "query-target") == get(theirs, "query-target")


def test_types_and_their_properties():
    with probe() as vm:
        devices = names(get(vm, "qom-list-types", implements="device"))
        assert {"VGA", "isa-serial", "virtio-blk-pci"} <= devices
        assert "memory-backend-ram" not in devices
        everything = names(get(vm, "qom-list-types"))
        assert devices < everything and "none-machine" in everything
        drive = [p for p in get(vm, "device-list-properties",
                                typename="virtio-blk-pci")
                 if p["name"] == "drive"]
        assert drive and drive[0]["type"] == "str"
        assert "mem-path" in names(get(vm, "qom-list-properties",
                                       typename="memory-backend-file"))
        assert get(vm, "qom-list-properties", typename="none-machine")
        reply = ask(vm, "device-list-properties", typename="nosuch")
        assert reply["error"]["class"] == "DeviceNotFound"


def test_schema_has_each_command_with_its_arguments():
    with probe() as vm:
        schema = {e["name"]: e for e in get(vm, "query-qmp-schema")}
        for command in names(get(vm, "query-commands")):
            arguments = schema[schema[command]["arg-type"]]
            for member in arguments["members"]:
                assert member["type"] in schema
        resize = schema[schema["block_resize"]["arg-type"]]["members"]
        assert {"name": "size", "type": "int"} in resize


def test_options_have_their_keys():
    with probe() as vm:
        found = {o["option"]: o["parameters"]
                 for o in get(vm, "query-command-line-options")}
        assert {"name": "menu", "type": "boolean"}.items() <= next(
            p for p in found["boot"] if p["name"] == "menu").items()
        assert len(get(vm, "query-command-line-options", option="smp")) == 1
        assert "error" in ask(vm, "query-command-line-options", option="nosuch")


def test_nothing_is_there():
    with probe() as vm:
        for command in ("query-cpus-fast", "query-block", "query-jobs"):
            assert get(vm, command) == [], command
        assert get(vm, "query-pci")[0]["devices"] == []
        assert get(vm, "query-kvm") == {"enabled": True, "present": True}
        for command in ("cont", "stop", "system_reset", "system_powerdown",
                        "inject-nmi"):
            ask(vm, command)
        for line in ("info registers", "info mem", "info tlb", "info lapic",
                     "info irq", "info mtree", "x/4xb 0", "xp/4xb 0", "info qtree",
                     "info roms", "info block", "info chardev", "info numa"):
            assert "return" in ask(vm, "human-monitor-command",
                                   command_line=line), line
        assert vm.process.poll() is None


def test_paths_lead_to_devices():
    with Vm("-S", "-device", "isa-debug-exit,iobase=0x501,id=ende", "-device",
            "virtio-scsi-pci,id=s0,addr=7", serial=False, monitor=False,
            qmp=True) as vm:
        assert {"name": "s0", "type": "child<virtio-scsi-pci>"} in get(
            vm, "qom-list", path="/machine/peripheral")
        assert get(vm, "qom-get", path="/machine/peripheral/ende",
                   property="iobase") == 0x501
        assert get(vm, "qom-get", path="/machine/peripheral/s0",
                   property="addr") == "07.0"
        assert "error" in ask(vm, "qom-get", path="/machine/peripheral/s0",
                              property="nosuch")
        assert "error" in ask(vm, "qom-list", path="/machine/nosuch")
        cpu = get(vm, "query-cpus-fast")[0]["qom-path"]
        assert names(get(vm, "qom-list", path=cpu)) == {"type"}
