# SPDX-License-Identifier: GPL-2.0-or-later
"""Golden pictures: some of those of tests/slow, as they are computed."""
from guest.screen_guest import ScreenVm
from guest.screen_pictures import PICTURES, difference, take

QUICK = ("text, 80 x 25", "6", "split", "320 x 240", "640 x 480 x 24")


def test_pictures_are_as_computed():
    chosen = [p for p in PICTURES if p.name in QUICK]
    with ScreenVm() as vm:
        seen = take(vm, chosen)
    for p in chosen:
        assert not difference(seen[p.name], p.expect()), p.name
