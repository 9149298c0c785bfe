# SPDX-License-Identifier: GPL-2.0-or-later
"""GRUB's memory map of machines whose RAM is all below 4 GiB."""
from guest.test_grub import check_map


def test_memory_map_of_64_mib():
    check_map(64, 64 << 20, 0)


def test_memory_map_of_512_mib():
    check_map(512, 512 << 20, 0)


def test_memory_map_of_3500_mib():
    check_map(3500, 3500 << 20, 0)
