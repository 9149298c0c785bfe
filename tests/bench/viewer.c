/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who a VNC server is measured with: viewer PORT SERIAL ENCODING LETTER N
 * has the guest at file descriptor SERIAL do N steps of LETTER, and takes the
 * whole picture after each.  Rectangles are read and thrown away: what they
 * cost the viewer is not measured.  Says how many bytes came, and as which
 * kinds of rectangles.
 */
#include <arpa/inet.h>
#include <endian.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BUFFER	    (1u << 20)
#define PIXEL	    4u
#define TPIXEL	    3u
#define HEX_TILE    16u
#define TIGHT_LEAST 12u /* bytes that are worth compressing */

enum { RAW = 0, COPYRECT = 1, HEXTILE = 5, ZLIB = 6, TIGHT = 7, ZRLE = 16 };
enum {
	HEX_RAW = 1,
	HEX_BACK = 2,
	HEX_FORE = 4,
	HEX_RECTS = 8,
	HEX_COLOURS = 16
};
enum { TIGHT_FILL = 8, TIGHT_FILTER = 4, TIGHT_PALETTE = 1 };

static uint8_t buffer[BUFFER];
static size_t at, have;
static uint64_t came, copies;
static int server, serial;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void put(int fd, const void *data, size_t len)
{
	if (write(fd, data, len) != (ssize_t)len)
		die("write");
}

static void fill(void)
{
	ssize_t n = read(server, buffer, sizeof(buffer));

	if (n <= 0)
		die("the server ended");
	at = 0;
	have = (size_t)n;
	came += have;
}

static void take(void *to, size_t len)
{
	uint8_t *out = to;
	size_t n;

	while (len) {
		if (at == have)
			fill();
		n = have - at < len ? have - at : len;
		if (out) {
			memcpy(out, buffer + at, n);
			out += n;
		}
		at += n;
		len -= n;
	}
}

static unsigned take_8(void)
{
	uint8_t v;

	take(&v, 1);
	return v;
}

static unsigned take_16(void)
{
	uint16_t v;

	take(&v, sizeof(v));
	return be16toh(v);
}

static uint32_t take_32(void)
{
	uint32_t v;

	take(&v, sizeof(v));
	return be32toh(v);
}

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

static void take_tile(unsigned w, unsigned h)
{
	unsigned flags = take_8(), n;

	if (flags & HEX_RAW) {
		take(NULL, (size_t)w * h * PIXEL);
		return;
	}
	if (flags & HEX_BACK)
		take(NULL, PIXEL);
	if (flags & HEX_FORE)
		take(NULL, PIXEL);
	if (!(flags & HEX_RECTS))
		return;
	n = take_8();
	take(NULL, n * (2 + (size_t)(flags & HEX_COLOURS ? PIXEL : 0)));
}

static void take_hextile(unsigned w, unsigned h)
{
	unsigned x, y;

	for (y = 0; y < h; y += HEX_TILE)
		for (x = 0; x < w; x += HEX_TILE)
			take_tile(least(HEX_TILE, w - x),
				  least(HEX_TILE, h - y));
}

/* Seven bits a byte, while the eighth is set; three bytes at most. */
static size_t take_compact(void)
{
	unsigned byte = take_8();
	size_t len = byte & 0x7f;

	if (byte & 0x80) {
		byte = take_8();
		len |= (byte & 0x7f) << 7;
		if (byte & 0x80)
			len |= (size_t)take_8() << 14;
	}
	return len;
}

static void take_tight(unsigned w, unsigned h)
{
	unsigned control = take_8() >> 4, colours;
	size_t len = (size_t)w * h * TPIXEL;

	if (control == TIGHT_FILL) {
		take(NULL, TPIXEL);
		return;
	}
	if (control & TIGHT_FILTER && take_8() == TIGHT_PALETTE) {
		colours = take_8() + 1;
		take(NULL, (size_t)colours * TPIXEL);
		len = colours > 2 ? (size_t)w * h : (size_t)(w + 7) / 8 * h;
	}
	if (len >= TIGHT_LEAST)
		len = take_compact();
	take(NULL, len);
}

static void take_rect(void)
{
	unsigned x = take_16(), y = take_16(), w = take_16(), h = take_16();
	uint32_t kind = take_32();

	(void)x;
	(void)y;
	switch (kind) {
	case RAW:
		take(NULL, (size_t)w * h * PIXEL);
		break;
	case COPYRECT:
		take(NULL, 4);
		copies++;
		break;
	case HEXTILE:
		take_hextile(w, h);
		break;
	case TIGHT:
		take_tight(w, h);
		break;
	case ZLIB:
	case ZRLE:
		take(NULL, take_32());
		break;
	default:
		fprintf(stderr, "a rectangle of kind %u\n", kind);
		exit(1);
	}
}

static void take_update(void)
{
	unsigned n;

	if (take_8()) {
		fprintf(stderr, "no update came\n");
		exit(1);
	}
	take_8();
	for (n = take_16(); n; n--)
		take_rect();
}

static int call_server(unsigned port)
{
	const struct sockaddr_in in = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	if (fd < 0 || connect(fd, (const struct sockaddr *)&in, sizeof(in)) < 0)
		die("connect");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return fd;
}

/* The guest says the letter when it is done. */
static void step(char letter)
{
	char answer = 0;

	put(serial, &letter, 1);
	while (answer != letter)
		if (read(serial, &answer, 1) != 1)
			die("the guest ended");
}

static unsigned width, height;

static void shake_hands(void)
{
	static const char version[] = "RFB 003.008\n";

	take(NULL, sizeof(version) - 1);
	put(server, version, sizeof(version) - 1);
	take(NULL, take_8());
	put(server, "\1", 1);
	if (take_32()) {
		fprintf(stderr, "the server wants a password\n");
		exit(1);
	}
	put(server, "\1", 1);
	width = take_16();
	height = take_16();
	take(NULL, 16);
	take(NULL, take_32());
}

/* As viewers do: what it may be, and copies. */
static void choose(unsigned encoding)
{
	const uint8_t wish[] = {2, 0, 0, 3,	   0, 0, 0, (uint8_t)encoding,
				0, 0, 0, COPYRECT, 0, 0, 0, RAW};

	put(server, wish, sizeof(wish));
}

static void ask(bool changes)
{
	const uint8_t request[] = {3,
				   changes,
				   0,
				   0,
				   0,
				   0,
				   (uint8_t)(width >> 8),
				   (uint8_t)width,
				   (uint8_t)(height >> 8),
				   (uint8_t)height};

	put(server, request, sizeof(request));
	take_update();
}

int main(int argc, char **argv)
{
	long n, i;

	if (argc != 6)
		return 2;
	serial = (int)strtol(argv[2], NULL, 10);
	server = call_server((unsigned)strtoul(argv[1], NULL, 10));
	shake_hands();
	choose((unsigned)strtoul(argv[3], NULL, 10));
	n = strtol(argv[5], NULL, 10);
	if (*argv[4] == 'w')
		step('b');
	ask(false);
	step(*argv[4]);
	ask(true);
	printf("begin\n");
	fflush(stdout);
	if (getchar() != '\n')
		return 1;
	came = copies = 0;
	for (i = 0; i < n; i++) {
		step(*argv[4]);
		ask(true);
	}
	printf("bytes=%llu copies=%llu\n", (unsigned long long)came,
	       (unsigned long long)copies);
	fflush(stdout);
	getchar();
	return 0;
}
