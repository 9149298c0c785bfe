# SPDX-License-Identifier: GPL-2.0-or-later
"""A small VNC client, with raw pixels, and the pictures that others take."""
import os
import socket
import struct
import subprocess
import zlib

PASSWORD_KEY = "e84ad660c4721ae0"  # every viewer's, for files of passwords

# Set 1, which is also how the protocol numbers keys; 0x80 is for those with e0.
PLAIN = [*range(0x01, 0x45), 0x45, 0x46, *range(0x47, 0x54), 0x56, 0x57, 0x58]
EXTENDED = [0x1c, 0x1d, 0x35, 0x38, 0x47, 0x48, 0x49, 0x4b, 0x4d, 0x4f, 0x50,
            0x51, 0x52, 0x53, 0x5b, 0x5c, 0x5d]


class Rfb:
    """with Rfb(port) as client: ..., or with a connection."""

    def __init__(self, port, password=None, shared=True):
        self.sock = port if isinstance(port, socket.socket) else \
            socket.create_connection(("127.0.0.1", port), timeout=60)
        self.password, self.shared = password, shared

    def __enter__(self):
        assert self.read(12) == b"RFB 003.008\n"
        self.sock.sendall(b"RFB 003.008\n")
        kind = b"\2" if self.password is not None else b"\1"
        assert self.read(2) == b"\1" + kind
        self.sock.sendall(kind)
        if self.password is not None:
            self.sock.sendall(encrypt(self.read(16), self.password))
        if self.read(4) != bytes(4):
            self.sock.close()
            raise PermissionError("the password is wrong")
        self.sock.sendall(bytes([self.shared]))
        self.width, self.height = struct.unpack(">HH", self.read(4))
        self.read(16)
        self.name = self.read(struct.unpack(">I", self.read(4))[0]).decode()
        return self

    def __exit__(self, *_):
        self.sock.close()

    def read(self, n):
        data = b""
        while len(data) < n:
            more = self.sock.recv(n - len(data))
            assert more, "the server closed"
            data += more
        return data

    def extended_keys(self):
        self.sock.sendall(struct.pack(">BxHi", 2, 1, -258))
        self.sock.sendall(struct.pack(">BBHHHH", 3, 1, 0, 0, 1, 1))
        assert struct.unpack(">BxHHHHHi", self.read(16))[6] == -258

    def key(self, scancode, down):
        self.sock.sendall(struct.pack(">BBHII", 255, 0, down, 0, scancode))

    def keysym(self, symbol, down):
        self.sock.sendall(struct.pack(">BBHI", 4, down, 0, symbol))

    def picture(self):
        """(width, height, rows of RGB): the whole screen."""
        self.sock.sendall(struct.pack(">BxHi", 2, 1, 0))
        self.sock.sendall(struct.pack(">BBHHHH", 3, 0, 0, 0, self.width,
                                      self.height))
        rows = [bytearray(self.width * 3) for _ in range(self.height)]
        for _ in range(struct.unpack(">xxH", self.read(4))[0]):
            x, y, w, h, kind = struct.unpack(">HHHHi", self.read(12))
            assert kind == 0
            for row in range(y, y + h):
                line = self.read(w * 4)
                for i in range(3):
                    rows[row][x * 3 + i:(x + w) * 3:3] = line[2 - i::4]
        return self.width, self.height, rows


def read_ppm(path):
    with open(path, "rb") as f:
        data = f.read()
    kind, width, height, most, pixels = data.split(None, 4)
    assert (kind, most) == (b"P6", b"255")
    width, height = int(width), int(height)
    pixels = data[-width * height * 3:]
    return width, height, [bytearray(pixels[y * width * 3:(y + 1) * width * 3])
                           for y in range(height)]


def _unfilter(kind, line, above, size):
    for i, byte in enumerate(line):
        left = line[i - size] if i >= size else 0
        up = above[i]
        both = above[i - size] if i >= size else 0
        if kind == 1:
            guess = left
        elif kind == 2:
            guess = up
        elif kind == 3:
            guess = (left + up) // 2
        else:
            p = left + up - both
            guess = min((abs(p - left), 0, left), (abs(p - up), 1, up),
                        (abs(p - both), 2, both))[2]
        line[i] = byte + guess & 255


def read_png(path):
    """8 bits, RGB or RGBA, not interlaced."""
    with open(path, "rb") as f:
        data = f.read()
    at, packed = 8, b""
    while at < len(data):
        n, kind = struct.unpack(">I4s", data[at:at + 8])
        body = data[at + 8:at + 8 + n]
        if kind == b"IHDR":
            width, height, depth, colour = struct.unpack(">IIBB", body[:10])
        elif kind == b"IDAT":
            packed += body
        at += n + 12
    size = {2: 3, 6: 4}[colour]
    assert depth == 8
    raw = zlib.decompress(packed)
    above, rows = bytearray(width * size), []
    for y in range(height):
        start = y * (width * size + 1)
        line = bytearray(raw[start + 1:start + 1 + width * size])
        if raw[start]:
            _unfilter(raw[start], line, above, size)
        above = line
        row = bytearray(width * 3)
        for i in range(3):
            row[i::3] = line[i::size]
        rows.append(row)
    return width, height, rows


def des(data, key):
    command = ["openssl", "enc", "-des-ecb", "-nopad", "-K", key,
               "-provider", "legacy", "-provider", "default"]
    return subprocess.run(command, input=data, stdout=subprocess.PIPE,
                          check=True).stdout


def eight(password):
    return password.encode().ljust(8, b"\0")[:8]


def encrypt(challenge, password):
    """The bits of each letter the other way round are the key."""
    key = "".join(f"{int(f'{c:08b}'[::-1], 2):02x}" for c in eight(password))
    return des(challenge, key)


def password_file(folder, password):
    """The form that viewers keep a password in."""
    path = os.path.join(folder, f"password-{password}")
    with open(path, "wb") as f:
        f.write(des(eight(password), PASSWORD_KEY))
    return path
