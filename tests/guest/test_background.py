# SPDX-License-Identifier: GPL-2.0-or-later
"""-daemonize, -pidfile, -runas, -chroot: life in the background."""
import os
import re
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager

from guest.vm import PCVM, Stream, Vm, needs_kvm, run
from run import Skip

QUIET = ("-m", "16", "-cpu", "kvm64", "-nodefaults", "-display", "none", "-S")


def until(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.02)


def number(path):
    with open(path, encoding="ascii") as f:
        return int(f.read())


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as f:
            return f.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


@contextmanager
def background(*args, folder):
    """A process in the background; yields its number."""
    needs_kvm()
    pidfile = os.path.join(folder, "pid")
    done = subprocess.run([PCVM, *QUIET, "-daemonize", "-pidfile", pidfile,
                           *args], cwd=folder, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=30, check=False)
    assert done.returncode == 0, done.stdout
    pid = number(pidfile)
    try:
        yield pid
    finally:
        if is_alive(pid):
            os.kill(pid, signal.SIGKILL)
            until(lambda: not is_alive(pid))


def status(pid, name):
    with open(f"/proc/{pid}/status", encoding="utf-8") as f:
        return re.search(rf"^{name}:\s*(.*)$", f.read(), re.M).group(1).split()


def is_kernels(thread):
    """io_uring's worker, or the like: PF_IO_WORKER, PF_USER_WORKER."""
    with open(f"/proc/{thread}/stat", encoding="utf-8") as f:
        return int(f.read().rsplit(")", 1)[1].split()[6]) & 0x4010


def says_paused(path):
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(20)
        s.connect(path)
        stream = Stream(s.fileno())
        stream.expect(r"\(qemu\) ", 20)
        stream.send("info status\n")
        stream.expect(r"VM status: paused \(prelaunch\)", 20)


def test_it_ends_when_the_machine_can_be_reached():
    with tempfile.TemporaryDirectory() as d, \
            background("-monitor", "unix:mon,server=on,wait=off", "-name",
                       "x,process=background", folder=d) as pid:
        # Who waits for the end of its output is not kept waiting (libvirt
        # does), which the run above has shown: its pipe was read to the end.
        says_paused(f"{d}/mon")
        assert os.getsid(pid) not in (pid, os.getsid(0))
        assert [os.readlink(f"/proc/{pid}/fd/{n}") for n in range(3)] \
            == ["/dev/null"] * 3
        with open(f"/proc/{pid}/comm", encoding="utf-8") as f:
            assert f.read() == "background\n"


def ends_by(which):
    with tempfile.TemporaryDirectory() as d, \
            background("-qmp", "unix:qmp,server=on,wait=off",
                       folder=d) as pid:
        assert sorted(os.listdir(d)) == ["pid", "qmp"]
        os.kill(pid, which)
        until(lambda: not is_alive(pid))
        assert os.listdir(d) == []


def test_sigterm_leaves_nothing():
    ends_by(signal.SIGTERM)


def test_sigint_leaves_nothing():
    ends_by(signal.SIGINT)


def test_sighup_leaves_nothing():
    ends_by(signal.SIGHUP)


def fails(reason, *args):
    needs_kvm()
    with tempfile.TemporaryDirectory() as d:
        code, _, err = run(*QUIET, "-daemonize", "-pidfile", f"{d}/pid", *args)
        lines = err.strip().split("\n")
        assert code == 1 and reason in lines[-1], err
        assert os.listdir(d) == []


def test_what_fails_in_the_background_is_told():
    fails("-hda /nonexistent: cannot open: No such file", "-hda",
          "/nonexistent")
    fails("cannot use stdio with -daemonize", "-monitor", "stdio")
    fails("-chroot /nonexistent: No such file", "-chroot", "/nonexistent")


def test_options_that_do_not_go_with_it():
    code, _, err = run("-daemonize", "-nographic")
    assert code == 1 and "-nographic cannot be used with -daemonize" in err
    code, _, err = run("-runas", "no such user")
    assert code == 1 and "there is no user of that name" in err


def test_a_pidfile_has_one_process():
    with tempfile.TemporaryDirectory() as d, background(folder=d) as pid:
        code, _, err = run(*QUIET, "-pidfile", f"{d}/pid")
        assert code == 1 and f"process {pid} has it" in err, err
        assert number(f"{d}/pid") == pid


def test_a_pidfile_of_a_process_that_was_killed():
    with tempfile.TemporaryDirectory() as d:
        with background(folder=d) as first:
            pass
        assert number(f"{d}/pid") == first
        with background(folder=d) as pid:
            assert pid != first


def test_a_pidfile_is_a_file():
    needs_kvm()
    code, _, err = run(*QUIET, "-pidfile", "/dev/null")
    assert code == 1 and "it is no regular file" in err
    assert os.path.exists("/dev/null")


def needs_root():
    if os.getuid() != 0:
        raise Skip("needs root, to become somebody else")


def test_runas():
    needs_root()
    with tempfile.TemporaryDirectory() as d, \
            background("-runas", "65534:65533", folder=d) as pid:
        assert status(pid, "Uid") == ["65534"] * 4
        assert status(pid, "Gid") == ["65533"] * 4
        assert status(pid, "Groups") == ["65533"]
        assert status(pid, "CapEff") == ["0" * 16]
        os.kill(pid, signal.SIGTERM)
        until(lambda: not is_alive(pid))
        with open(f"{d}/pid", encoding="ascii") as f:
            assert f.read() == "", "it names a process that is gone"


def test_runas_a_user_by_name():
    needs_root()
    with tempfile.TemporaryDirectory() as d, \
            background("-runas", "daemon", folder=d) as pid:
        assert status(pid, "Uid") == ["1"] * 4


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="utf-8") as f:
        return f.read().split()


def test_no_thread_keeps_privileges():
    needs_root()
    with tempfile.TemporaryDirectory() as d, \
            background("-smp", "2", "-object", "iothread,id=io", "-vnc",
                       f"unix:{d}/vnc", folder=d) as pid:
        threads = os.listdir(f"/proc/{pid}/task")
        assert len(threads) >= 5
        for thread in [f"{pid}/task/{number}" for number in threads]:
            if is_kernels(thread):
                continue  # it runs nothing of ours
            for kind in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
                assert status(thread, kind) == ["0" * 16], (thread, kind)
            assert status(thread, "NoNewPrivs") == ["1"]
        assert children(pid) == [], "nothing needs a process more"


def test_files_of_others_are_had_at_the_start():
    needs_root()
    with tempfile.TemporaryDirectory() as d:
        for name, owner in (("first", 1), ("mine", 0), ("later", 1)):
            with open(f"{d}/{name}", "wb") as f:
                f.truncate(1 << 20)
                os.fchmod(f.fileno(), 0o600)
                os.fchown(f.fileno(), owner, 0)
        with Vm(*QUIET, "-drive", f"file={d}/first,format=raw,if=ide", "-drive",
                "if=ide,media=cdrom,id=cd") as vm:
            assert vm.hmp(f"change cd {d}/mine raw") == ""
            assert "Permission denied" in vm.hmp(f"change cd {d}/later raw")


def test_no_thread_keeps_what_becoming_another_takes():
    needs_root()
    with tempfile.TemporaryDirectory() as d, \
            background("-smp", "2", "-runas", "1:1", folder=d) as pid:
        for number in os.listdir(f"/proc/{pid}/task"):
            for kind in ("CapPrm", "CapEff", "CapAmb"):
                assert status(f"{pid}/task/{number}", kind) == ["0" * 16]
            assert status(f"{pid}/task/{number}", "Uid") == ["1"] * 4


def test_chroot():
    needs_root()
    with tempfile.TemporaryDirectory() as d, \
            background("-chroot", d, folder=d) as pid:
        assert os.readlink(f"/proc/{pid}/root") == d
        assert os.readlink(f"/proc/{pid}/cwd") == d
        os.kill(pid, signal.SIGTERM)
        until(lambda: not is_alive(pid))
        assert os.listdir(d) == []


def test_messages_have_time_and_name():
    code, _, err = run("-msg", "timestamp=on,guest-name=on", "-name", "mine",
                       "-m", "junk")
    assert code == 1
    code, _, err = run("-msg", "timestamp=on,guest-name=on", "-name", "mine",
                       "-daemonize", "-nographic")
    assert code == 1
    assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z mine pcvm: -nog",
                    err), err
