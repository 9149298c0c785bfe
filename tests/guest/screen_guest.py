# SPDX-License-Identifier: GPL-2.0-or-later
"""The test guest of pc/screen.S, and the pictures that are expected of it."""
import os
import select
import struct
import time

from guest.images import cached, run_tool
from guest.rfb import read_ppm
from guest.vm import Vm, needs

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "pc",
                      "screen.S")
BOOT = 120
BUFFER = 0x2000  # the segment of int 10h's buffer
ATTR, SEQ, DAC_INDEX, DAC, GFX, CRTC, STATUS = (0x3c0, 0x3c4, 0x3c8, 0x3c9,
                                                0x3ce, 0x3d4, 0x3da)
VBE, VBE_DATA = 0x1ce, 0x1cf
PALETTE_ON = 0x20
PERIOD = 4093  # of the noise in memory


def noise(seed, count):
    """What the guest writes: bytes of a linear congruence."""
    out = bytearray(count)
    for i in range(count):
        seed = (seed * 25173 + 13849) & 0xffff
        out[i] = seed >> 8
    return bytes(out)


def sector_image(source, name):
    needs("gcc")
    with open(source, encoding="utf-8") as f:
        recipe = f.read()

    def build(path):
        run_tool("gcc", "-m32", "-nostdlib", "-static", "-Wl,-Ttext=0x7c00",
                 "-Wl,--build-id=none", "-Wl,--oformat=binary",
                 "-Wl,-e,start", "-o", path, source)
        with open(path, "ab") as f:
            f.truncate(1 << 20)

    return cached(name, recipe, build)


def filled(seed, count):
    """What ScreenVm.fill writes."""
    return (noise(seed, PERIOD) * (count // PERIOD + 1))[:count]


class ScreenVm(Vm):
    """A machine whose guest sets modes and writes video memory as told."""

    def __init__(self, *args, program=None):
        super().__init__("-m", "16", "-snapshot", "-drive", "format=raw,file="
                         + sector_image(SOURCE, "screen.img"), *args,
                         program=program)

    def __enter__(self):
        super().__enter__()
        self.answer(0, BOOT)
        return self

    def answer(self, count, seconds=60):
        """So many bytes, and the guest's "k"."""
        data, end = b"", time.monotonic() + seconds
        while len(data) <= count:
            ready = select.select([self.serial.fd], [], [], 1)[0]
            assert ready or time.monotonic() < end, "the guest is silent"
            if ready:
                data += os.read(self.serial.fd, count + 1 - len(data))
        assert data[count:] == b"k", data
        return data[:count]

    def order(self, letter, *words, data=b"", answer=0):
        os.write(self.serial.fd, letter.encode()
                 + struct.pack(f"<{len(words)}H", *words) + data)
        return self.answer(answer)

    def bios(self, ax, bx=0, cx=0, dx=0):
        return struct.unpack("<H", self.order("i", ax, bx, cx, dx,
                                              answer=2))[0]

    def out(self, port, *values):
        self.order("o", port, len(values), data=bytes(values))

    def regs(self, port, *pairs):
        """Indices and values of an index and data port."""
        for index, value in pairs:
            self.out(port, index)
            self.out(port + 1, value)

    def inw(self, port):
        return struct.unpack("<H", self.order("n", port, answer=2))[0]

    def fill(self, segment, offset, count, seed):
        self.order("f", segment, offset, count, seed)

    def read(self, segment, offset, count):
        return self.order("r", segment, offset, count, answer=count)

    def vbe(self, *pairs):
        """Needs 16-bit writes: two bytes to the index, two to the data."""
        for index, value in pairs:
            self.order("w", VBE, index)
            self.order("w", VBE_DATA, value)

    def attr(self, *pairs):
        self.inw(STATUS)
        self.out(ATTR, *(byte for pair in pairs for byte in pair), PALETTE_ON)

    def palette(self, seed):
        """Colours of noise; the attribute controller passes 0 to 15 on."""
        self.attr(*((i, i) for i in range(16)), (0x14, 0))
        self.out(DAC_INDEX, 0)
        self.order("p", DAC, 768, seed)

    def picture(self):
        path = os.path.join(self.dir, "picture.ppm")
        self.hmp(f"screendump {path}", 60)
        end = time.monotonic() + 60
        while not os.path.exists(path) and time.monotonic() < end:
            time.sleep(0.05)
        return read_ppm(path)


def widen(value):
    """A DAC repeats the last bit of six."""
    value &= 0x3f
    return value << 2 | (value & 1) * 3


def colours(seed, wide=False):
    """Of ScreenVm.palette: 256 of three bytes."""
    values = noise(seed, 768)
    if not wide:
        values = bytes(widen(v) for v in values)
    return [values[i:i + 3] for i in range(0, 768, 3)]
