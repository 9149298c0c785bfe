# SPDX-License-Identifier: GPL-2.0-or-later
"""
Golden pictures: text, each graphics mode of a VGA and the linear modes, pixel
by pixel as they are computed, and as qemu shows them to the same guest.
"""
from guest.screen_guest import ScreenVm
from guest.screen_pictures import PICTURES, difference, take
from guest.vm import QEMU, needs


def seen_by(program=None):
    with ScreenVm(program=program) as vm:
        return take(vm, PICTURES)


def test_pictures_are_as_computed():
    seen = seen_by()
    wrong = {p.name: difference(seen[p.name], p.expect())
             for p in PICTURES if p.expect}
    assert not any(wrong.values()), wrong


def test_pictures_are_qemus():
    needs(QEMU)
    mine, other = seen_by(), seen_by(QEMU)
    wrong = {p.name: difference(mine[p.name], other[p.name]) for p in PICTURES}
    odd = {p.name: wrong[p.name] or "the same, though " + p.qemu
           for p in PICTURES if bool(wrong[p.name]) != bool(p.qemu)}
    assert not odd, odd
