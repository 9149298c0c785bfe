# SPDX-License-Identifier: GPL-2.0-or-later
"""
The pictures of test_screen: how the guest makes each, and what it looks like,
computed from what it wrote, independently of the adapter's registers.
"""
from typing import Callable, NamedTuple

from guest.screen_guest import (ATTR, CRTC, GFX, SEQ, STATUS, colours, filled)

SEED = 0x5eed  # of the palette
TEXT, TEXT_MONO, GRAPHICS = 0xb800, 0xb000, 0xa000
CRTC_MONO = 0x3b4
VBE_XRES, VBE_YRES, VBE_BPP, VBE_ENABLE, VBE_BANK = 1, 2, 3, 4, 5
VBE_WIDTH, VBE_X, VBE_Y = 6, 8, 9
EIGHT_BIT_DAC, ENABLED = 0x20, 0x41
BANK = 0x10000
FILL = 0xfff0  # a bank, as a word can say it
CGA_LINES = 0x2000  # odd lines begin here


# ---- what is expected ----

def picture(height, line, palette, repeat=1):
    """line(y) gives the numbers of a line's colours."""
    out = []
    for y in range(height):
        out.append(bytearray(b"".join(palette[i] * repeat for i in line(y))))
    return len(out[0]) // 3, height, out


def planes_of(seed, count):
    return [filled(seed + plane, count) for plane in range(4)]


def planar_line(planes, offset, columns, pan=0):
    dots = []
    for at in range(offset, offset + columns + 1):
        a, b, c, d = (plane[at & 0xffff] for plane in planes)
        dots += [(a >> i & 1) | (b >> i & 1) << 1 | (c >> i & 1) << 2
                 | (d >> i & 1) << 3 for i in range(7, -1, -1)]
    return dots[pan:pan + columns * 8]


def planar(width, height, repeat=1, lines=1):
    data = planes_of(1, width // 8 * height)
    data = [plane + bytes(BANK - len(plane)) for plane in data]
    columns = width // 8
    return picture(height * lines,
                   lambda y: planar_line(data, y // lines * columns, columns),
                   colours(SEED), repeat)


def text_line(cells, font, columns, y, height, dots, blink=False):
    out = []
    row, line = y // height * columns, y % height
    for at in range(row, row + columns):
        letter, colour = cells[2 * at], cells[2 * at + 1]
        bits = font[letter * 32 + line] << 1
        if letter & 0xe0 == 0xc0:
            bits |= bits >> 1 & 1
        front, back = colour & 15, colour >> 4
        out += [front if bits >> i & 1 else back
                for i in range(8, 8 - dots, -1)]
    return out


def text(columns, lines, height, repeat=1, dots=9):
    cells = filled(1, columns * lines * 2)
    font = filled(2, 8192)
    return picture(lines * height,
                   lambda y: text_line(cells, font, columns, y, height, dots),
                   colours(SEED), repeat)


def bytes_of(seed, width, lines):
    data = filled(seed, width * lines)
    return picture(lines * 2, lambda y: data[y // 2 * width:][:width],
                   colours(SEED), 2)


def cga(bits):
    data = filled(1, 2 * CGA_LINES)
    mask = (1 << bits) - 1

    def line(y):
        y //= 2
        at = y // 2 * 80 + y % 2 * CGA_LINES
        return [byte >> i & mask for byte in data[at:at + 80]
                for i in range(8 - bits, -1, -bits)]

    return picture(400, line, colours(SEED), bits)


def five(v):
    v &= 31
    return v << 3 | v >> 2


def six(v):
    v &= 63
    return v << 2 | v >> 4


def pixel_16(v):
    return bytes((five(v >> 11), six(v >> 5), five(v)))


def pixel_15(v):
    return bytes((five(v >> 10), five(v >> 5), five(v)))


def linear_line(data, at, width, bpp, palette):
    """The bytes of a line as red, green and blue."""
    size = (bpp + 7) // 8
    line = data[at:at + width * size]
    if bpp == 8:
        return bytearray(b"".join(palette[b] for b in line))
    if bpp > 16:
        out = bytearray(width * 3)
        for i in range(3):
            out[i::3] = line[2 - i::size]
        return out
    make = pixel_16 if bpp == 16 else pixel_15
    return bytearray(b"".join(make(line[i] | line[i + 1] << 8)
                              for i in range(0, len(line), 2)))


def linear(width, height, bpp, banks=2, pitch=None, start=0, palette=None):
    """The first banks are noise, one of each seed; the rest is clear."""
    size = (bpp + 7) // 8
    palette = palette or colours(SEED)
    data = b"".join(filled(1 + i, FILL).ljust(BANK, b"\0")
                    for i in range(banks))
    data += bytes(max(0, start + (pitch or width) * size * height - len(data)))
    return width, height, [
        linear_line(data, start + y * (pitch or width) * size, width, bpp,
                    palette)
        for y in range(height)]


def blank(width, height):
    return width, height, [bytearray(width * 3) for _ in range(height)]


# ---- how the guest makes them ----

def set_mode(vm, mode):
    vm.bios(mode)
    vm.palette(SEED)


def all_planes(vm):
    vm.regs(SEQ, (2, 0x0f))


def fill_planes(vm, count):
    for plane in range(4):
        vm.regs(SEQ, (2, 1 << plane))
        vm.fill(GRAPHICS, 0, count, 1 + plane)
    all_planes(vm)


def make_planar(mode, count):
    def make(vm):
        set_mode(vm, mode)
        fill_planes(vm, count)
    return make


def load_noise_font(vm):
    """Plane 2, in order, at 0xa0000; then as text modes have it."""
    vm.regs(SEQ, (2, 4), (4, 7))
    vm.regs(GFX, (5, 0), (6, 4))
    vm.fill(GRAPHICS, 0, 8192, 2)
    vm.regs(SEQ, (2, 3), (4, 2))
    vm.regs(GFX, (5, 0x10), (6, 0x0e))


def no_cursor(vm):
    vm.regs(CRTC, (0x0a, 0x20))


def make_text(mode, count, rows_50=False):
    def make(vm):
        vm.bios(mode)
        if rows_50:
            vm.bios(0x1112, 0)  # letters of 8 lines
        no_cursor(vm)
        vm.bios(0x1003, 0)  # no blinking
        vm.palette(SEED)
        load_noise_font(vm)
        vm.fill(TEXT, 0, count, 1)
    return make


def make_letters(vm):
    """With the BIOS's font: each letter in its colours."""
    vm.bios(3)
    no_cursor(vm)
    cells = bytes(b for i in range(256) for b in (i, i & 0x7f))
    vm.order("b", TEXT, 0, len(cells), data=cells)


def make_mono(vm):
    """Mode 7: underlined, bright and inverse."""
    vm.bios(7)
    vm.regs(CRTC_MONO, (0x0a, 0x20))
    cells = bytes(b for i in range(256) for b in (i, (1, 7, 9, 15, 0x70)[i % 5]))
    vm.order("b", TEXT_MONO, 0, len(cells), data=cells)


def make_cga(mode):
    def make(vm):
        set_mode(vm, mode)
        vm.fill(TEXT, 0, 2 * CGA_LINES, 1)
    return make


def make_13(vm):
    set_mode(vm, 0x13)
    vm.fill(GRAPHICS, 0, 64000, 1)


def make_13_started_later(vm):
    set_mode(vm, 0x13)
    vm.fill(GRAPHICS, 0, FILL, 1)
    vm.regs(CRTC, (0x0c, 1), (0x0d, 0x10))  # groups of four bytes


def expect_13_started_later():
    data = filled(1, FILL) + bytes(BANK - FILL)
    return picture(400, lambda y: data[0x110 * 4 + y // 2 * 320:][:320],
                   colours(SEED), 2)


def make_x(vm):
    """320 x 240 in planes, as game programmers knew it."""
    set_mode(vm, 0x13)
    vm.regs(SEQ, (4, 6))
    vm.out(0x3c2, 0xe3)
    vm.regs(CRTC, (0x11, 0x2c), (6, 0x0d), (7, 0x3e), (9, 0x41), (0x10, 0xea),
            (0x11, 0xac), (0x12, 0xdf), (0x14, 0), (0x15, 0xe7), (0x16, 6),
            (0x17, 0xe3))
    fill_planes(vm, 80 * 240)


def make_x_400(vm):
    """320 x 400: mode 13h's lines, each with its own memory."""
    set_mode(vm, 0x13)
    vm.regs(SEQ, (4, 6))
    vm.regs(CRTC, (9, 0x40), (0x14, 0), (0x17, 0xe3))
    fill_planes(vm, 80 * 400)


def expect_x(height, repeat):
    data = planes_of(1, 80 * height)
    return picture(height * repeat,
                   lambda y: [data[x % 4][y // repeat * 80 + x // 4]
                              for x in range(320)], colours(SEED), 2)


SPLIT = 299  # the last line above
START = 0x4000


def make_split(vm):
    """Mode 12h: 480 lines in two parts, of which the lower is the start."""
    make_planar(0x12, 38400)(vm)
    # The line's bit 8 is set in register 7, its bit 9 is not in 9.
    vm.regs(CRTC, (0x0c, START >> 8), (0x0d, 0), (0x18, SPLIT & 0xff), (9, 0))


def expect_split():
    data = [plane + bytes(BANK) for plane in planes_of(1, 38400)]

    def line(y):
        at = START + y * 80 if y <= SPLIT else (y - SPLIT - 1) * 80
        return planar_line(data, at, 80)

    return picture(480, line, colours(SEED))


def make_panned(vm):
    """Mode 0Dh, of which the CRTC shows part of a wider picture."""
    set_mode(vm, 0x0d)
    vm.regs(CRTC, (0x13, 0x1c), (0x0c, 0), (0x0d, 9))
    fill_planes(vm, 56 * 200)
    vm.attr((0x13, 3))


def expect_panned():
    data = [plane + bytes(BANK) for plane in planes_of(1, 56 * 200)]
    return picture(400, lambda y: planar_line(data, 9 + y // 2 * 56, 40, 3),
                   colours(SEED), 2)


def make_doubled(vm):
    """Mode 12h, each line four times: twice by rows, twice by doubling."""
    make_planar(0x12, 80 * 120)(vm)
    vm.regs(CRTC, (9, 0xc1))


def make_vbe(mode, banks=2):
    def make(vm):
        assert vm.bios(0x4f02, mode) == 0x004f
        vm.palette(SEED)
        for bank in range(banks):
            assert vm.bios(0x4f05, 0, 0, bank) == 0x004f
            vm.fill(GRAPHICS, 0, FILL, 1 + bank)
    return make


def make_dispi(width, height, bpp, banks, *regs, flags=ENABLED):
    """By the registers, without the BIOS."""
    def make(vm):
        vm.bios(0x13)
        vm.vbe((VBE_ENABLE, 0), (VBE_XRES, width), (VBE_YRES, height),
               (VBE_BPP, bpp), (VBE_ENABLE, flags), *regs)
        vm.palette(SEED)
        for bank in range(banks):
            vm.vbe((VBE_BANK, bank))
            vm.fill(GRAPHICS, 0, FILL, 1 + bank)
    return make


def make_planar_vbe(vm):
    """800 x 600 in 16 colours."""
    assert vm.bios(0x4f02, 0x102) == 0x004f
    vm.palette(SEED)
    fill_planes(vm, 60000)


def make_dark(vm):
    """The sequencer's bit that turns the screen off."""
    make_13(vm)
    vm.regs(SEQ, (1, 0x21))


def make_unlit(vm):
    """The attribute controller's palette is the processor's."""
    make_13(vm)
    vm.inw(STATUS)
    vm.out(ATTR, 0)


def make_moved(vm):
    """A wider picture, of which a part is shown."""
    make_dispi(320, 100, 16, 3, (VBE_WIDTH, 640), (VBE_X, 14), (VBE_Y, 7))(vm)


def make_wide_dac(vm):
    make_dispi(640, 100, 8, 1, flags=ENABLED | EIGHT_BIT_DAC)(vm)


def difference(a, b):
    """Where two pictures differ first, or nothing."""
    if a[:2] != b[:2]:
        return f"{a[0]} x {a[1]}, not {b[0]} x {b[1]}"
    for y, (mine, other) in enumerate(zip(a[2], b[2])):
        if mine != other:
            x = next(i for i in range(a[0]) if mine[3 * i:3 * i + 3]
                     != other[3 * i:3 * i + 3])
            return (f"at {x}, {y} {mine[3 * x:3 * x + 3].hex()}, not "
                    f"{other[3 * x:3 * x + 3].hex()}")
    return None


def take(vm, chosen):
    """What is seen of each, by name."""
    taken = {}
    for p in chosen:
        p.make(vm)
        taken[p.name] = vm.picture()
    return taken


class Picture(NamedTuple):
    name: str
    make: Callable
    expect: Callable = None
    qemu: str = ""  # why qemu's is another


NINTH_DOT = "letters b0 to bf go on to the ninth dot, too"

PICTURES = [
    Picture("letters of the BIOS", make_letters, None, NINTH_DOT),
    Picture("mono text", make_mono, None, NINTH_DOT),
    Picture("text, 80 x 25", make_text(3, 4000), lambda: text(80, 25, 16),
            NINTH_DOT),
    Picture("text, 40 x 25", make_text(1, 2000), lambda: text(40, 25, 16, 2),
            "its letters are 8 dots wide then, which are doubled"),
    Picture("text, 80 x 50", make_text(3, 8000, True),
            lambda: text(80, 50, 8), NINTH_DOT),
    Picture("4", make_cga(4), lambda: cga(2)),
    Picture("5", make_cga(5), lambda: cga(2)),
    Picture("6", make_cga(6), lambda: cga(1)),
    Picture("0Dh", make_planar(0x0d, 8000), lambda: planar(320, 200, 2, 2)),
    Picture("0Eh", make_planar(0x0e, 16000), lambda: planar(640, 200, 1, 2)),
    Picture("10h", make_planar(0x10, 28000), lambda: planar(640, 350)),
    Picture("12h", make_planar(0x12, 38400), lambda: planar(640, 480)),
    Picture("lines doubled", make_doubled, lambda: planar(640, 120, 1, 4)),
    Picture("split", make_split, expect_split),
    Picture("panned", make_panned, expect_panned,
            "7.2 does not pan by dots"),
    Picture("13h", make_13, lambda: bytes_of(1, 320, 200)),
    Picture("13h, started later", make_13_started_later,
            expect_13_started_later),
    Picture("320 x 240", make_x, lambda: expect_x(240, 2)),
    Picture("320 x 400", make_x_400, lambda: expect_x(400, 1)),
    Picture("dark", make_dark, lambda: blank(640, 400),
            "it takes no notice of the sequencer's bit"),
    Picture("unlit", make_unlit, lambda: blank(640, 400)),
    Picture("800 x 600 x 4", make_planar_vbe, lambda: planar(800, 600),
            "it takes no notice of the map mask in linear modes"),
    Picture("640 x 480 x 8", make_vbe(0x101), lambda: linear(640, 480, 8)),
    Picture("640 x 480 x 15", make_vbe(0x110), lambda: linear(640, 480, 15),
            "its white is not white: the low bits of five are clear"),
    Picture("640 x 480 x 16", make_vbe(0x111), lambda: linear(640, 480, 16)),
    Picture("640 x 480 x 24", make_vbe(0x112), lambda: linear(640, 480, 24)),
    Picture("640 x 480 x 32", make_vbe(0x142), lambda: linear(640, 480, 32)),
    Picture("1024 x 768 x 8", make_vbe(0x105), lambda: linear(1024, 768, 8)),
    Picture("moved", make_moved,
            lambda: linear(320, 100, 16, 3, 640, (7 * 640 + 14) * 2)),
    Picture("colours of 8 bits", make_wide_dac,
            lambda: linear(640, 100, 8, 1, palette=colours(SEED, True))),
]
