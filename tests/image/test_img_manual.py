# SPDX-License-Identifier: GPL-2.0-or-later
"""The manual of pcvm-img has what the tables have, and no more."""
import os
import re
import subprocess

from image.beside import PCVM

SRCDIR = os.environ.get("PCVM_SRCDIR", ".")
ENTRY = re.compile(r"^\.TP\n(\\fB-.*)$", re.M)


def manual():
    with open(os.path.join(SRCDIR, "man/pcvm-img.1"), encoding="utf-8") as f:
        return f.read().replace("\\-", "-")


def helped(*args):
    done = subprocess.run([PCVM, "img", *args], capture_output=True, text=True,
                          timeout=60, check=True)
    return done.stdout


def commands():
    """{command: syntax}"""
    text = helped("--help").split("Command syntax:\n")[1].split("\n\n")[0]
    return {line.split()[0]: line.strip() for line in text.split("\n")}


def entries(text):
    """What the entries of options begin with: "-f, --format=fmt"."""
    return {re.sub(r"\\f[BRI]", "", line) for line in ENTRY.findall(text)}


def sections():
    """(common entries, {command: (syntax, entries)})"""
    text = manual()
    common = text.split(".SH COMMON OPTIONS")[1].split(".SH COMMANDS")[0]
    found = {}
    for part in text.split(".SH COMMANDS")[1].split(".SH ")[0].split(".SS ")[1:]:
        name, bold, syntax = part.split("\n", 3)[:3]
        assert bold == f".B {name}", name
        found[name] = (f"{name} {syntax}", entries(part))
    return entries(common), found


def test_the_manual_has_every_command_and_its_syntax():
    want = commands()
    _, found = sections()
    assert set(want) == set(found)
    for name, syntax in want.items():
        assert found[name][0] == syntax, (found[name][0], syntax)


def test_the_manual_has_every_option_and_no_other():
    common, found = sections()
    used = set()
    for name, (_, own) in found.items():
        text = helped(name, "--help")
        want = {" ".join(line.split("  ")[0].split())
                for line in re.findall(r"^(?:  |      )(-.*)$", text, re.M)}
        assert not own & common, name
        assert own <= want, (name, own - want)
        assert want <= own | common, (name, want - own - common)
        used |= want
    assert common <= used, common - used


def test_the_manual_has_every_option_of_formats():
    text = manual().split(".SH IMAGE OPTIONS")[1].split(".SH ")[0]
    keys = {key for line in re.findall(r"^\\fB\w+=.*$", text, re.M)
            for key in re.findall(r"fB(\w+)=", line)}
    for command in ("create", "amend"):
        own = set(re.findall(r"^  (\w+)=", helped(command, "-f", "qcow2", "-o",
                                                  "help"), re.M))
        assert own == keys if command == "create" else own < keys, own ^ keys
    for key in re.findall(r"^  (\w+)=", helped("create", "-o", "help"), re.M):
        assert key in text, key


def test_the_manual_can_be_shown():
    done = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l",
                           os.path.join(SRCDIR, "man/pcvm-img.1")],
                          capture_output=True, text=True, timeout=60, check=True,
                          env=dict(os.environ, MANWIDTH="80", LC_ALL="C.UTF-8"))
    assert not done.stderr, done.stderr
