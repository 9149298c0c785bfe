# SPDX-License-Identifier: GPL-2.0-or-later
"""The least ISO image that boots without emulation: El Torito 1.0."""
import struct

SECTOR = 2048
# Sends what follows it to the first serial port, wherever it was loaded to.
SAYS = bytes.fromhex("baf803 e80000 5e 83c60f 2eac 84c0 7403 ee ebf7 faf4")


def says(text):
    """Code that says it on the serial line."""
    return SAYS + text.encode() + b"\0"


def image(code):
    """The catalog is at 19, the code (2048 bytes at most) at 20."""
    head = b"CD001\1"
    catalog = bytearray(32)
    catalog[0] = 1
    catalog[30:] = b"\x55\xaa"
    words = struct.unpack("<16H", catalog)
    struct.pack_into("<H", catalog, 28, -sum(words) & 0xffff)
    entry = struct.pack("<BBHBBHI", 0x88, 0, 0, 0, 0, 4, 20)
    made = bytearray(64 * SECTOR)
    for n, content in (
            (16, b"\1" + head),
            (17, (b"\0" + head + b"EL TORITO SPECIFICATION").ljust(
                0x47, b"\0") + struct.pack("<I", 19)),
            (18, b"\xff" + head), (19, bytes(catalog) + entry), (20, code)):
        made[n * SECTOR:n * SECTOR + len(content)] = content
    return bytes(made)
