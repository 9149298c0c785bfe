# SPDX-License-Identifier: GPL-2.0-or-later
"""What the guest gets through fw_cfg for -smbios and -fw_cfg, beside qemu."""
import os
import re
import struct
import tempfile

from guest.vm import QEMU, Vm, needs, run

ANCHOR = "etc/smbios/smbios-anchor"
TABLES = "etc/smbios/smbios-tables"
FILE_DIR = 0x19


def read_item(vm, key, size):
    """The first bytes of an item, as a guest reads them from the port."""
    vm.hmp(f"o /h 0x510 {key}")
    data = bytearray()
    while len(data) < size:
        n = min(200, size - len(data))
        vm.monitor.send("i /b 0x511\n" * n)
        for _ in range(n):
            text = vm.monitor.expect(r"portb\[0x0511\] = 0x\w\w.*?\(qemu\) ", 20)
            data.append(int(re.search(r"= 0x(\w\w)", text).group(1), 16))
    return bytes(data)


def read_files(vm, *names):
    count, = struct.unpack(">I", read_item(vm, FILE_DIR, 4))
    entries = read_item(vm, FILE_DIR, 4 + 64 * count)[4:]
    found = {}
    for size, key, name in struct.iter_unpack(">IH2x56s", entries):
        found[name.rstrip(b"\0").decode()] = (key, size)
    return [read_item(vm, *found[name]) for name in names]


def files_of(program, names, args):
    with Vm("-S", "-nodefaults", *args, program=program, serial=False) as vm:
        return read_files(vm, *names)


def same_as_qemus(*args):
    needs(QEMU)
    have = files_of(None, (ANCHOR, TABLES), args)
    want = files_of(QEMU, (ANCHOR, TABLES), args)
    assert have == want, (args, have, want)


def smbios(*args):
    return [word for arg in args for word in ("-smbios", arg)]


def test_the_machines_own_tables():
    same_as_qemus("-m", "6G", "-smp", "4,sockets=2,cores=1,threads=2", "-uuid",
                  "00112233-4455-6677-8899-aabbccddeeff",
                  "-machine", "smbios-entry-point-type=64")
    same_as_qemus("-smp", "1,sockets=1,dies=2,cores=2,maxcpus=4")


def test_tables_with_fields():
    with tempfile.NamedTemporaryFile("w") as f:
        f.write("from\na file")
        f.flush()
        same_as_qemus("-smp", "2,sockets=2", "-device", "VGA,id=v,addr=5", *smbios(
            "type=0,vendor=V,version=1,date=01/02/2003,release=4.5,uefi=on",
            "type=1,manufacturer=M,product=P,,Q,version=W,serial=S,sku=K,family=F,"
            "uuid=00112233-4455-6677-8899-aabbccddeeff",
            "type=2,manufacturer=M,product=P,version=W,serial=S,asset=A,location=L",
            "type=3,manufacturer=M,version=W,serial=S,asset=A,sku=K",
            "type=4,sock_pfx=X,manufacturer=M,version=W,serial=S,asset=A,part=P,"
            "max-speed=3000,current-speed=2500,processor-id=0x123456789abcdef0",
            f"type=11,value=a,value=b,path={f.name}", "type=11,value=c",
            "type=17,loc_pfx=X,bank=B,manufacturer=M,serial=S,asset=A,part=P,speed=1333",
            "type=41,designation=D,kind=video,instance=3,pcidev=v"))


def test_tables_without_fields():
    same_as_qemus(*smbios("type=0", "type=2", "type=41", "type=1,manufacturer=",
                          "type=4,sock_pfx=", "type=17,manufacturer="))


def test_tables_from_files():
    with tempfile.TemporaryDirectory() as d:
        for name, data in (("one", b"\1\6\0\1\1\2ab\0c\0\0"),
                           ("two", b"\xc8\4\0\2\0\0")):
            with open(os.path.join(d, name), "wb") as f:
                f.write(data)
        same_as_qemus(*smbios(f"file={d}/one", f"file={d}/two", "type=3,serial=x"))


def test_files_of_the_user():
    with tempfile.NamedTemporaryFile("w") as f:
        args = ("-fw_cfg", "opt/a/text,string=x,,y", "-fw_cfg",
                f"name=opt/a/file,file={f.name}", "-fw_cfg", "etc/own,string=1")
        f.write("content")
        f.flush()
        names = ("opt/a/text", "opt/a/file", "etc/own")
        with Vm("-S", *args, serial=False) as vm:
            assert read_files(vm, *names) == [b"x,y", b"content", b"1"]
            assert 'etc/own: names of your own should begin with "opt/"' in vm.stderr()
            assert "opt/a" not in vm.stderr()


def refused(words, *args):
    status, _, err = run("-display", "none", "-cpu", "kvm64,-sse3", *args)
    assert status == 1 and err.count("\n") == 1 and words in err, err


def test_a_device_that_is_not_there():
    refused("pcidev=v: there is no device", *smbios("type=41,pcidev=v"))
    refused("pcidev=d: there is no device", "-device", "pc-testdev,id=d",
            *smbios("type=41,pcidev=d"))


def test_files_that_cannot_be():
    refused("-fw_cfg opt/a,file=/nonexistent: cannot open",
            "-fw_cfg", "opt/a,file=/nonexistent")
    refused("-fw_cfg opt/a,file=/: cannot read", "-fw_cfg", "opt/a,file=/")
    status, _, err = run("-display", "none", "-fw_cfg", "bootorder,string=x")
    assert status == 1 and "the machine has a file of this name itself" in err, err
