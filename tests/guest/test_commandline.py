# SPDX-License-Identifier: GPL-2.0-or-later
"""Command lines: what is refused and how, help, and the manual."""
import glob
import os
import re
import shutil
import stat
import tempfile

from guest.vm import PCVM, QEMU, Vm, needs, needs_kvm, run
from run import Skip

SRCDIR = os.environ.get("PCVM_SRCDIR", ".")


def refused(words, *args):
    """One line on stderr that says words, exit status 1."""
    status, out, err = run("-display", "none", *args)
    lines = [line for line in err.splitlines() if "warning:" not in line]
    assert status == 1, (status, out, err)
    assert len(lines) == 1 and lines[0].startswith("pcvm: "), err
    assert words in lines[0], err


def test_memory_that_the_host_has_not():
    refused("no -object with this id", "-machine", "memory-backend=a")
    refused("cannot open /nonexistent/x", "-mem-path", "/nonexistent/x")
    refused("neither a file nor a folder", "-mem-path", "/dev/null")
    with open("/proc/meminfo", encoding="ascii") as f:
        kib = int(re.search(r"MemTotal: +(\d+)", f.read()).group(1))
    ram = ("-m", f"{kib // 1024}M", "-nodefaults")
    refused("asked for at once; the host has", *ram, "-mem-prealloc")
    refused("asked for at once; the host has", *ram, "-overcommit", "mem-lock=on")


def test_missing_image():
    refused("No such file or directory", "-hda", "/nonexistent.img")


def test_directory_as_image():
    refused("directory", "-hda", "/")


def test_too_much_memory():
    refused("-m: cannot allocate", "-m", "10T")
    refused("more than 4096T", "-m", "8000000T")


def test_too_many_vcpus():
    refused("255", "-smp", "300")


def test_inconsistent_topology():
    refused("product must be maxcpus", "-smp", "4,cores=3")
    refused("maxcpus is less than cpus", "-smp", "4,maxcpus=2")


def test_missing_bios():
    refused("-bios /nonexistent", "-bios", "/nonexistent")


def test_unknown_machine_names_the_nearest():
    refused("pc-i440fx-7.2", "-machine", "pc-i440fx-7.3")


def test_unknown_option_names_the_nearest():
    refused("did you mean -serial?", "-serail", "null")


def test_unknown_device_and_property():
    refused("'isa-debugcn' is not a valid device model name; did you mean "
            "'isa-debugcon'?", "-device", "isa-debugcn")
    refused("did you mean 'iobase'?", "-device", "isa-debugcon,iobse=1")


def test_disk_drive_without_file():
    refused("a disk needs an image", "-drive", "if=ide")


def as_nobody(mode, group, *args):
    """A run by a user without rights, on a /dev/kvm with these."""
    needs("unshare", "setpriv")
    needs_kvm()
    if os.getuid() != 0:
        raise Skip("needs root, to be somebody else")
    with tempfile.TemporaryDirectory() as d:
        os.chmod(d, 0o755)
        program, device = f"{d}/pcvm", f"{d}/kvm"
        shutil.copy(PCVM, program)
        os.mknod(device, stat.S_IFCHR, os.stat("/dev/kvm").st_rdev)
        os.chown(device, 0, group)
        os.chmod(device, mode)
        return run("-m", "sh", "-c", 'mount --bind "$0" /dev/kvm && exec '
                   'setpriv --reuid=65534 --regid=65534 --clear-groups "$@"',
                   device, program, "-display", "none", *args,
                   program="unshare")


def test_user_without_rights_is_told_the_group_to_join():
    status, _, err = as_nobody(0o660, 4, "-S")  # 4 is adm everywhere
    assert status == 1 and err.count("\n") == 1, err
    assert "join the group adm (adduser USER adm)" in err
    status, _, err = as_nobody(0o600, 0, "-S")
    assert status == 1 and "chgrp kvm /dev/kvm" in err, err


def test_unreadable_image():
    with tempfile.NamedTemporaryFile() as f:
        f.truncate(1 << 20)
        status, _, err = as_nobody(0o666, 0, "-cpu", "kvm64", "-hda", f.name)
        assert status == 1, err
        assert f"-hda {f.name}: cannot open: Permission denied\n" in err


def test_same_image_twice():
    with tempfile.NamedTemporaryFile() as f:
        f.truncate(1 << 20)
        refused("in use by another drive of this machine", "-drive",
                f"file={f.name},format=raw", "-drive",
                f"file={f.name},format=raw")


def test_image_in_use_by_qemu_names_its_pid():
    needs(QEMU)
    with tempfile.NamedTemporaryFile() as f:
        f.truncate(1 << 20)
        with Vm("-S", "-drive", f"file={f.name},format=raw",
                program=QEMU) as qemu:
            qemu.hmp("info status")
            refused(f"process {qemu.process.pid} ", "-drive",
                    f"file={f.name},format=raw")


def test_every_option_of_qemu_is_known():
    needs(QEMU)
    _, text, _ = run("-help", program=QEMU)
    for name in sorted(set(re.findall(r"^--?([a-zA-Z][\w-]*)", text, re.M))):
        status, out, err = run("-" + name, "help", "-machine", "nosuch")
        assert "no such option" not in err, (name, err)


def test_version():
    status, out, err = run("-version")
    assert status == 0 and re.match(r"pcvm \d+\.\d+\n", out), out


def test_version_by_a_qemu_name():
    with tempfile.TemporaryDirectory() as d:
        link = os.path.join(d, "qemu-kvm")
        os.symlink(PCVM, link)
        status, out, err = run("--version", program=link)
    assert status == 0, err
    assert out.startswith("QEMU emulator version 7.2.0 (pcvm "), out


def test_cpu_help_lists_qemus_models_and_flags():
    needs(QEMU)
    _, want, _ = run("-cpu", "help", program=QEMU)
    _, have, _ = run("-cpu", "help")
    models = set(re.findall(r"^x86 (\S+)", want, re.M))
    assert models == set(re.findall(r"^x86 (\S+)", have, re.M))


def read(path):
    with open(os.path.join(SRCDIR, path), encoding="utf-8") as f:
        return f.read()


def options():
    _, text, _ = run("-help")
    supported = text.split("Not supported yet")[0]
    return re.findall(r"^  -(\S+)", supported, re.M)


def keys_of_tables():
    """{table: {key}} of what is not refused."""
    text = "".join(read(p) for p in ("vmm/cmdline_drive.c", "vmm/cmdline_keys.c",
                                       "vmm/cmdline_memory.c",
                                       "vmm/config_audiodev.c",
                                       "vmm/config_fds.c"))
    tables = re.findall(r"const struct opt_desc (\w+)\[\] = \{(.*?)^\};",
                        text, re.M | re.S)
    return {name: set(re.findall(r'\b(?:KEY|LIMIT|PASS|PLACE)\("([^"]+)"', body))
            for name, body in tables}


def keys_of_lists():
    """{option: {key}} of options whose first word says which keys there are."""
    text = read("vmm/cmdline_memory.c")
    nets = "".join(read(f"net/{name}.c") for name in ("tap", "user_conf", "hub"))
    nic = read("vmm/config_net.c").split("nic_opts[]")[1]
    return {"netdev": set(re.findall(r'\b(?:TAP|USER|HUB)_KEY\("([^"]+)"', nets)),
            "net": set(re.findall(r'\bNIC_KEY\("([^"]+)"', nic)) - {"type"},
            "object": set(re.findall(r'\bMEMORY\("([^"]+)"', text)),
            "vnc": set(re.findall(r'\bKEY\("([^"]+)"', read("net/vnc_options.c"))),
            "numa": set(re.findall(r'\b(?:NUMA|NUMBER)\("([^"]+)"', text))}


def manual_entries():
    """[([option], {key})] in the order of the manual."""
    entries = []
    for line in read("man/pcvm.1").split("\n"):
        line = line.replace("\\-", "-")
        option = re.match(r"\\fB-([\w-]+)", line)
        key = re.match(r"\\fB([\w.-]+)=", line)
        if option and previous == ".TQ":
            entries[-1][0].append(option.group(1))
        elif option:
            entries.append(([option.group(1)], set()))
        elif key:
            entries[-1][1].add(key.group(1))
        previous = line
    return entries


def test_the_manual_has_every_option_and_no_other():
    manual = {name for names, _ in manual_entries() for name in names}
    assert manual == set(options()) | {"h"}


def test_the_manual_has_every_key_of_smbios_tables():
    entry = read("man/pcvm.1").split("\\-smbios\\fR")[2].split("\\-fw_cfg")[0]
    types = dict(re.findall(r"^\.IP (\d+).*\n((?:(?!\.IP).*\n)+)", entry, re.M))
    _, text, _ = run("-smbios", "help")
    found = re.findall(r"^smbios type=(\d+) options:\n((?:  .*\n)+)", text, re.M)
    assert [t for t, _ in found] == ["0", "1", "2", "3", "4", "8", "11", "17", "41"]
    for number, keys in found:
        for key in re.findall(r"^  ([\w-]+)=", keys, re.M):
            assert re.search(rf"\b{key}\b", types[number]), (number, key)


def test_the_manual_has_every_key_and_no_other():
    tables = keys_of_tables()
    used = dict(re.findall(r'\{\.name = "([\w-]+)",(?:(?!\{\.name).)*?'
                           r"\.keys = (\w+)", read("vmm/cmdline.c"), re.S))
    assert len(tables) > 10 and set(used.values()) <= set(tables)
    lists = keys_of_lists()
    for names, keys in manual_entries():
        want = lists.get(names[0], set())
        want = tables[used[names[0]]] if names[0] in used else want
        if names[0] in ("enable-kvm", "no-acpi", "no-hpet"):
            want = set()
        assert keys == want, (names, keys ^ want)


def test_the_manual_has_every_monitor_command():
    with open(os.path.join(SRCDIR, "man/pcvm-monitor.7"), encoding="utf-8") as f:
        manual = f.read()
    tables = [table for p in glob.glob(os.path.join(SRCDIR, "*/*.c"))
              for table in re.findall(r"monitor_cmds\[\] = \{.*?\n\};", read(p), re.S)]
    assert len(tables) > 5
    for name in re.findall(r'\.(?:name|qmp) = "([^"]+)"', "".join(tables)):
        assert name in manual, name
