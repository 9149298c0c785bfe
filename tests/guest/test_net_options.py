# SPDX-License-Identifier: GPL-2.0-or-later
"""-netdev, -nic, -net: interfaces, scripts and errors, without a guest."""
import json
import os
import re
import signal
import socket
import subprocess
import time

from guest.net_place import Place
from guest.vm import PCVM, needs_file, needs_kvm

QUIET = ("-display", "none", "-serial", "none", "-S", "-m", "16")


class Options(Place):
    def run(self, *args, as_user=()):
        done = subprocess.run(self.inside(*as_user, PCVM, *QUIET, *args),
                              capture_output=True, text=True, timeout=60,
                              input="", check=False)
        return done.returncode, done.stderr

    def start(self, *args, **more):
        return Running(self.inside(PCVM, *QUIET, "-qmp", "stdio", *args), **more)


class Running:
    def __init__(self, args, **more):
        self.process = subprocess.Popen(args, stdin=subprocess.PIPE, text=True,
                                        stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, **more)
        self.answer()
        self.qmp("qmp_capabilities")

    def answer(self):
        line = self.process.stdout.readline()
        assert line, self.process.stderr.read()
        return json.loads(line)

    def qmp(self, command, **arguments):
        self.process.stdin.write(json.dumps({"execute": command,
                                             "arguments": arguments}) + "\n")
        self.process.stdin.flush()
        while True:
            answer = self.answer()
            if "event" not in answer:
                return answer

    def hmp(self, line):
        return self.qmp("human-monitor-command", **{"command-line": line})["return"]

    def end(self):
        self.process.stdin.close()
        status = self.process.wait(30)
        text = self.process.stderr.read()
        self.process.stdout.close()
        self.process.stderr.close()
        return status, text


def refused(place, want, *args, **more):
    status, text = place.run(*args, **more)
    lines = [line for line in text.splitlines() if "warning: host doesn" not in line]
    assert status == 1 and len(lines) == 1 and re.search(want, lines[0]), text
    assert place.interfaces() == []


def tap(place, up, down, **more):
    keys = "".join(f",{k}={v}" for k, v in more.items())
    return f"tap,script={up},downscript={down}{keys}"


def test_scripts_get_the_name_and_the_interface_goes_with_us():
    with Options() as place:
        up, down = place.script("up", more="ip link set $1 up"), place.script("down")
        vm = place.start("-netdev", tap(place, up, down, id="a"), "-net",
                         tap(place, up, down, ifname="mine", vlan=3))
        assert place.interfaces() == ["mine", "tap0"]
        assert place.calls() == [("up", "tap0"), ("up", "mine")]
        assert "a: index=0,type=tap,ifname=tap0," in vm.hmp("info network")
        vm.qmp("quit")
        assert vm.end()[0] == 0
        assert sorted(place.calls()[2:]) == [("down", "mine"), ("down", "tap0")]
        assert place.interfaces() == []


def test_the_down_script_runs_on_each_way_out():
    with Options() as place:
        up, down = place.script("up"), place.script("down")
        for way in ("SIGTERM", "SIGINT", "SIGHUP", "error", "netdev_del"):
            net = ("-netdev", tap(place, up, down, id="a"))
            if way == "error":
                status, text = place.run(*net, "-device", "no-such-device")
                assert status == 1 and "no-such-device" in text
            else:
                vm = place.start(*net)
                if way == "netdev_del":
                    assert vm.qmp("netdev_del", id="a") == {"return": {}}
                    assert place.calls()[-1] == ("down", "tap0")
                    vm.qmp("quit")
                else:
                    vm.process.send_signal(getattr(signal, way))
                assert vm.end()[0] == 0, way
            assert place.calls() == [("up", "tap0"), ("down", "tap0")], way
            assert place.interfaces() == [], way
            os.remove(place.calls_file)


def wait_for(condition):
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def only_child(process):
    path = f"/proc/{process.pid}/task/{process.pid}/children"
    with open(path, encoding="utf-8") as f:
        child, = f.read().split()
    return child


def test_the_down_script_runs_when_the_machine_is_killed():
    with Options() as place:
        up = place.script("up")
        down = place.script("down", more="ip link show $1 >/dev/null || exit\n"
                            f"touch {place.folder.name}/was-there")
        vm = place.start("-netdev", tap(place, up, down, id="a"))
        runner = only_child(vm.process)
        # To all of a terminal: the machine alone decides what follows.
        for which in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
            os.kill(int(runner), which)
        vm.process.kill()
        vm.process.wait(30)
        wait_for(lambda: not os.path.exists(f"/proc/{runner}"))
        assert place.calls() == [("up", "tap0"), ("down", "tap0")]
        assert os.path.exists(f"{place.folder.name}/was-there")
        assert place.interfaces() == []


def test_a_machine_whose_scripts_process_died():
    with Options() as place:
        up, down = place.script("up"), place.script("down")
        vm = place.start("-netdev", tap(place, up, down, id="a"))
        os.kill(int(only_child(vm.process)), signal.SIGKILL)
        answer = vm.qmp("netdev_add", type="tap", id="b")
        assert "the process that runs scripts has gone" \
            in answer["error"]["desc"]
        vm.qmp("quit")
        status, text = vm.end()
        assert status == 0 and "a: the process that runs" in text


def privileges(process):
    with open(f"/proc/{process.pid}/status", encoding="utf-8") as f:
        return dict(re.findall(r"^(CapPrm|CapEff|NoNewPrivs|Uid):\s*(\w+)",
                               f.read(), re.M))


def test_interfaces_are_made_when_privileges_have_gone():
    with Options() as place:
        # The script does what takes privileges of its own.
        up = place.script("up", more="ip link set $1 up")
        down = place.script("down")
        vm = place.start("-netdev", tap(place, up, "no", id="a"))
        assert privileges(vm.process) == {
            "CapPrm": "0" * 16, "CapEff": "0" * 16, "NoNewPrivs": "1",
            "Uid": "0"}
        assert vm.qmp("netdev_add", type="tap", id="b", script=up, ifname="more",
                      downscript=down, queues=2) == {"return": {}}
        assert place.interfaces() == ["more", "tap0"]
        assert "b: index=0,type=tap,ifname=more," in vm.hmp("info network")
        answer = vm.qmp("netdev_add", type="tap", id="c", script="/no/where")
        assert answer["error"]["desc"] == \
            "script /no/where: No such file or directory"
        assert vm.qmp("netdev_del", id="b") == {"return": {}}
        assert place.calls() == [("up", "tap0"), ("up", "more"), ("down", "more")]
        assert place.interfaces() == ["tap0"]
        vm.qmp("quit")
        assert vm.end()[0] == 0
        assert place.calls()[3:] == []


STRICT = ("-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,"
          "resourcecontrol=deny")


def test_a_sandbox_starts_no_programs():
    with Options() as place:
        up = place.script("up", more="ip link set $1 up")
        vm = place.start("-smp", "2", *STRICT, "-runas", "0:1")
        for number in os.listdir(f"/proc/{vm.process.pid}/task"):
            path = f"/proc/{vm.process.pid}/task/{number}/status"
            with open(path, encoding="utf-8") as f:
                assert re.search(r"^Seccomp:\s*2$", f.read(), re.M), number
        answer = vm.qmp("netdev_add", type="tap", id="a", ifname="x", script=up)
        assert "no permission to make the interface x" in answer["error"]["desc"]
        vm.qmp("quit")
        assert vm.end()[0] == 0
        # The process beside it is not part of it.
        vm = place.start(*STRICT, "-netdev", "tap,id=a,script=no,downscript=no")
        assert vm.qmp("netdev_add", type="tap", id="b", script=up,
                      downscript=up) == {"return": {}}
        vm.qmp("quit")
        assert vm.end()[0] == 0
        assert place.calls() == [("up", "tap1")] * 2


def test_who_became_another_has_the_scripts_of_the_command_line():
    with Options() as place:
        up, down = place.script("up"), place.script("down")
        other = place.script("other")
        os.chmod(place.folder.name, 0o755)
        os.mkdir(f"{place.folder.name}/root")
        vm = place.start("-netdev", tap(place, up, down, id="a"), "-runas", "1:1",
                         "-chroot", f"{place.folder.name}/root")
        assert privileges(vm.process)["Uid"] == "1"
        assert vm.qmp("netdev_add", type="tap", id="b", script=up,
                      downscript=down) == {"return": {}}
        answer = vm.qmp("netdev_add", type="tap", id="c", script=other,
                        downscript="no")
        assert "only those that the command line named" \
            in answer["error"]["desc"]
        vm.qmp("quit")
        assert vm.end()[0] == 0
        assert sorted(place.calls()) == [("down", "tap0"), ("down", "tap1"),
                                         ("up", "tap0"), ("up", "tap1")]
        assert place.interfaces() == []


def test_scripts_hold_no_output_of_who_went_to_the_background():
    with Options() as place:
        up, down = place.script("up", more="echo up"), place.script("down")
        pidfile = f"{place.folder.name}/pid"
        # Returns when all that was given the pipe has closed it.
        done = subprocess.run(
            place.inside(PCVM, *QUIET, "-daemonize", "-pidfile", pidfile,
                         "-netdev", tap(place, up, down, id="a")),
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60,
            check=False, text=True)
        assert done.returncode == 0 and "up\n" in done.stdout, done
        with open(pidfile, encoding="utf-8") as f:
            pid = int(f.read())
        os.kill(pid, signal.SIGTERM)
        wait_for(lambda: not os.path.exists(f"/proc/{pid}"))
        assert place.calls() == [("up", "tap0"), ("down", "tap0")]


def test_scripts_that_do_not_work_end_it():
    with Options() as place:
        down = place.script("down")
        up = place.script("up", status=7)
        refused(place, r"-net tap.*: script \S*/up tap0 failed with status 7$",
                "-net", tap(place, up, down))
        assert place.calls() == [("up", "tap0")]
        refused(place, "script /no/where: No such file",
                "-net", tap(place, "/no/where", down))
        refused(place, "downscript /no/where: No such file",
                "-net", tap(place, "no", "/no/where"))
        killed = place.script("up", more="kill -9 $$")
        refused(place, "was ended by Killed", "-net", tap(place, killed, down))
        text = os.path.join(place.folder.name, "text")
        with open(text, "w", encoding="utf-8") as f:
            f.write("ip link set $1 up\n")
        os.chmod(text, 0o755)
        refused(place, "its first line may lack #!/bin/sh", "-net",
                tap(place, text, "no"))


def test_a_script_that_hangs_does_not_hold_us():
    with Options() as place:
        up = place.script("up", more="exec sleep 60")
        process = subprocess.Popen(
            place.inside(PCVM, *QUIET, "-net", tap(place, up, "no")),
            stderr=subprocess.PIPE, text=True)
        end = time.monotonic() + 30
        while not os.path.exists(place.calls_file):
            assert time.monotonic() < end
            time.sleep(0.05)
        process.terminate()
        text = process.communicate(timeout=30)[1]
        assert process.returncode == 1 and "was ended by Terminated" in text, text
        assert place.interfaces() == []


def test_interfaces_that_cannot_be_had():
    with Options() as place:
        vm = place.start("-netdev", "tap,id=a,ifname=t9,script=no,downscript=no")
        status, text = place.run("-net", "tap,ifname=t9,script=no")
        assert status == 1 and "t9 is in use by another process" in text, text
        vm.qmp("quit")
        vm.end()
        refused(place, "lo is there already and is no tap",
                "-net", "tap,ifname=lo,script=no")
        refused(place, "an interface's name has 1 to 15 letters",
                "-net", "tap,ifname=much-too-long-name,script=no")
        plain = ("setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin")
        status, text = place.run("-net", "tap,script=no", as_user=plain)
        assert status == 1 and "no permission to make the interface tap%d" in text, text
        assert place.interfaces() == []


def test_interfaces_by_file():
    with Options() as place:
        refused(place, "fd=0 is no tap interface", "-netdev", "tap,id=a,fd=0")
        refused(place, "fd=77 is not open", "-netdev", "tap,id=a,fd=77")
        refused(place, "with fd= there can be no ifname=",
                "-netdev", "tap,id=a,fd=0,script=no")
        opener = (
            "import fcntl, os, struct, sys\n"
            "fd = os.open('/dev/net/tun', os.O_RDWR)\n"
            "fcntl.ioctl(fd, 0x400454ca, struct.pack('16sH22x', b'given', 0x5002))\n"
            "os.set_inheritable(fd, True)\n"
            "args = [a.replace('FD', str(fd)) for a in sys.argv[1:]]\n"
            "os.execvp(args[0], args)\n")
        vm = Running(place.inside("python3", "-c", opener, PCVM, *QUIET, "-qmp",
                                  "stdio", "-netdev", "tap,id=a,fd=FD"))
        assert place.interfaces() == ["given"]
        assert "a: index=0,type=tap,fd=" in vm.hmp("info network")
        vm.qmp("quit")
        assert vm.end()[0] == 0
        assert place.interfaces() == []


PASSED = """
import fcntl, json, os, socket, struct, subprocess, sys
ours, theirs = socket.socketpair()
process = subprocess.Popen([*sys.argv[1:], "-chardev",
    f"socket,id=m,fd={theirs.fileno()}", "-mon", "chardev=m,mode=control"],
    pass_fds=(theirs.fileno(),))
theirs.close()
lines = ours.makefile()
lines.readline()

def qmp(command, fds=(), **arguments):
    data = json.dumps({"execute": command, "arguments": arguments}).encode()
    socket.send_fds(ours, [data], fds)
    return json.loads(lines.readline())

qmp("qmp_capabilities")
tap = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(tap, 0x400454ca, struct.pack("16sH22x", b"passed", 0x5002))
print(qmp("getfd", [tap], fdname="tapfd"), qmp("getfd", [0], fdname="file"))
os.close(tap)
for name in ("tapfd", "tapfd", "file"):
    print(qmp("netdev_add", type="tap", id=f"{name}1", fd=name))
print(qmp("netdev_del", id="tapfd1"), os.listdir("/sys/class/net"))
qmp("quit")
process.wait()
"""


def test_interfaces_by_name():
    with Options() as place:
        done = subprocess.run(place.inside("python3", "-c", PASSED, PCVM, *QUIET),
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              text=True, timeout=60, check=True)
        named, made, gone, file, deleted = done.stdout.splitlines()
        assert named == "{'return': {}} {'return': {}}" and made == "{'return': {}}"
        assert "there is a 'tapfd1' already" in gone, gone
        assert "fd=file is no tap interface" in file
        assert deleted.startswith("{'return': {}}")
        assert place.interfaces() == []


HELPER = """
import array, fcntl, os, socket, struct, subprocess, sys
assert sys.argv[1:3] == ["--use-vnet", "--fd=3"], sys.argv
assert sorted(os.listdir("/proc/self/fd")) == list("01234")
fd = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(fd, 0x400454ca, struct.pack("16sH22x", b"helped", 0x5002))
bridge = sys.argv[3].removeprefix("--br=")
subprocess.run(["ip", "link", "set", "helped", "master", bridge], check=True)
socket.send_fds(socket.socket(fileno=3), [b"x"], [fd])
"""


def test_helpers_make_interfaces():
    with Options() as place:
        script = os.path.join(place.folder.name, "helper.py")
        with open(script, "w", encoding="utf-8") as f:
            f.write(HELPER)
        subprocess.run(place.inside("ip", "link", "add", "br7", "type", "bridge"),
                       check=True)
        for text in (f"bridge,id=a,br=br7,helper=python3 {script}",
                     f"tap,id=a,br=br7,helper=python3 {script}",
                     f"tap,id=a,helper=python3 {script} --use-vnet --fd=3 --br=br7 ;:"):
            vm = place.start("-netdev", text)
            assert place.interfaces() == ["br7", "helped"]
            assert "a: index=0,type=tap,helper=python3 " in vm.hmp("info network")
            slave = subprocess.run(place.inside("ip", "link", "show", "master", "br7"),
                                   check=True, text=True, capture_output=True)
            assert "helped" in slave.stdout
            vm.qmp("quit")
            assert vm.end()[0] == 0
            assert place.interfaces() == ["br7"]
        subprocess.run(place.inside("ip", "link", "del", "br7"), check=True)
        refused(place, "bridge helper /bin/false --br=br0 failed with status 1",
                "-netdev", "bridge,id=a,helper=/bin/false")
        refused(place, "bridge helper /no/such: No such file",
                "-net", "bridge,helper=/no/such")
        refused(place, "bridge helper /bin/true gave no interface",
                "-netdev", "tap,id=a,helper=/bin/true")
        refused(place, "with helper= there can be no ifname=",
                "-netdev", "tap,id=a,helper=/bin/true,script=no")
        refused(place, "br= goes with helper=", "-netdev", "tap,id=a,br=br0")
        refused(place, "br=much-too-long-name is no name",
                "-netdev", "bridge,id=a,br=much-too-long-name,helper=/bin/true")


def test_the_helper_of_qemu():
    helper = "/usr/lib/qemu/qemu-bridge-helper"
    needs_file(helper)
    with Options() as place:
        etc = place.etc(**{"qemu/bridge.conf": "allow br7\n"})
        subprocess.run(place.inside("ip", "link", "add", "br7", "type", "bridge"),
                       check=True)
        vm = Running(place.inside(*etc, PCVM, *QUIET, "-qmp", "stdio", "-netdev",
                                  "bridge,id=a,br=br7"))
        assert place.interfaces() == ["br7", "tap0"]
        # Whoever has dropped all privileges still has what the helper has.
        assert vm.qmp("netdev_add", type="bridge", id="b", br="br7") == \
            {"return": {}}
        assert place.interfaces() == ["br7", "tap0", "tap1"]
        vm.qmp("quit")
        assert vm.end()[0] == 0
        assert place.interfaces() == ["br7"]
        status, text = place.run("-netdev", "bridge,id=a,br=br8", as_user=etc)
        assert status == 1 and "access denied by acl" in text, text
        assert f"bridge helper {helper} --br=br8 failed with status 1" in text, text


def test_errors_say_what_is_wrong():
    with Options() as place:
        for want, *args in (
                ("vhost-net is not supported yet", "-netdev", "tap,id=a,vhost=on"),
                ("type=vde: not supported yet", "-netdev", "vde,id=a"),
                ("there is no such network; there are bridge, hubport, tap and user",
                 "-netdev", "foo,id=a"),
                ("unknown parameter 'foo'", "-netdev", "tap,id=a,foo=1"),
                ("id= is missing", "-netdev", "tap"),
                ("id=a is taken already", "-netdev", "user,id=a", "-netdev",
                 "user,id=a"),
                ("model=foo: there is no such NIC; there are ",
                 "-net", "nic,model=foo"),
                ("no -netdev of this id", "-netdev",
                 "hubport,id=h,hubid=1,netdev=zz"),
                ("hubid= is missing", "-netdev", "hubport,id=h")):
            refused(place, want, *args)


def test_hubs_and_links_from_the_monitors():
    with Options() as place:
        vm = place.start("-net", "tap,vlan=2,script=no,downscript=no",
                         "-netdev", "tap,id=b,ifname=b,script=no,downscript=no")
        text = vm.hmp("info network").replace("\r", "")
        assert "hub 2\n \\ hub2port0: tap.0: index=0,type=tap,ifname=tap0," in text, text
        assert vm.qmp("set_link", name="b", up=False) == {"return": {}}
        assert vm.qmp("set_link", name="zz", up=False)["error"]["class"] == \
            "DeviceNotFound"
        assert vm.hmp("set_link b on") == ""
        assert vm.hmp("netdev_add tap,id=c,ifname=c,script=no,downscript=no") == ""
        assert vm.qmp("netdev_add", type="tap", id="d", ifname="d", script="no",
                      downscript="no", queues=2) == {"return": {}}
        assert place.interfaces() == ["b", "c", "d", "tap0"]
        assert "there is a 'c'" in vm.hmp("netdev_add tap,id=c")
        assert vm.hmp("netdev_del d") == ""
        assert vm.qmp("netdev_del", id="d")["error"]["class"] == "DeviceNotFound"
        assert place.interfaces() == ["b", "c", "tap0"]
        vm.qmp("quit")
        status, text = vm.end()
        assert status == 0
        assert "hub 2 has no NIC" in text and "netdev b has no peer" in text, text


def _free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def test_user_networking_without_privilege_or_guest():
    needs_kvm()
    port, more = _free_port(), _free_port()
    vm = Running([PCVM, *QUIET, "-qmp", "stdio", "-netdev",
                  f"user,id=u,hostfwd=tcp:127.0.0.1:{port}-:22,net=192.168.7.0/24"])
    assert "u: index=0,type=user,net=192.168.7.0,restrict=off" in \
        vm.hmp("info network")
    assert re.search(rf"HOST_FORWARD\S* +\d+ +127\.0\.0\.1 +{port} +192\.168\.7\.15 +22",
                     vm.hmp("info usernet"))
    socket.create_connection(("127.0.0.1", port), 10).close()
    assert vm.hmp(f"hostfwd_add u tcp:127.0.0.1:{more}-:80") == ""
    socket.create_connection(("127.0.0.1", more), 10).close()
    assert "Address already in use" in vm.hmp(f"hostfwd_add tcp:127.0.0.1:{more}-:80")
    assert "removed" in vm.hmp(f"hostfwd_remove u tcp:127.0.0.1:{more}")
    assert "the form is" in vm.hmp("hostfwd_add u nonsense")
    assert vm.qmp("netdev_add", type="user", id="v",
                  hostfwd=[{"str": f"tcp:127.0.0.1:{more}-:81"}]) == {"return": {}}
    socket.create_connection(("127.0.0.1", more), 10).close()
    vm.qmp("quit")
    assert vm.end()[0] == 0


def test_user_networking_refuses_what_makes_no_sense():
    needs_kvm()
    for want, keys in (
            ("net=10.0.2.0/31: a network has 8 to 30 bits", "net=10.0.2.0/31"),
            ("net=x: this is no IPv4 address", "net=x"),
            ("dns=10.0.3.3 is not in the guest's network", "dns=10.0.3.3"),
            ("must be three addresses", "dns=10.0.2.2"),
            ("with ipv4=off and ipv6=off nothing is left", "ipv4=off,ipv6=off"),
            ("hostfwd=tcp:1-2: the form is", "hostfwd=tcp:1-2"),
            ("tftp=/no/where: No such file", "tftp=/no/where"),
            ("smb=/x: folders by SMB are not supported", "smb=/x"),
            ("to a character device: not supported yet",
             "guestfwd=tcp:10.0.2.9:1-chardev")):
        done = subprocess.run([PCVM, *QUIET, "-netdev", f"user,id=u,{keys}"],
                              capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 1 and want in done.stderr, done.stderr
