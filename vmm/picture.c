/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pictures as files.  PNG (RFC 2083): three samples of eight bits, no
 * interlace; each line is the difference to the one above, which suits
 * screens.
 */
#include "vmm/picture.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "vmm/endian.h"

#define SAMPLES	    3
#define CHUNK	    32768
#define FILTER_UP   2
#define DEPTH	    8
#define COLOUR_TRUE 2
#define HEADER_SIZE 13

static int file_error(void)
{
	return errno ? -errno : -EIO;
}

static void put_line(const struct picture *p, unsigned y, uint8_t *out)
{
	const uint32_t *line = p->pixels + (size_t)y * p->width;
	unsigned x;

	for (x = 0; x < p->width; x++) {
		*out++ = (uint8_t)(line[x] >> 16);
		*out++ = (uint8_t)(line[x] >> 8);
		*out++ = (uint8_t)line[x];
	}
}

int picture_write_ppm(const struct picture *p, FILE *file)
{
	size_t len = (size_t)p->width * SAMPLES;
	uint8_t *line = malloc(len);
	unsigned y;
	int rc = 0;

	if (!line)
		return -ENOMEM;
	errno = 0;
	if (fprintf(file, "P6\n%u %u\n255\n", p->width, p->height) < 0)
		rc = file_error();
	for (y = 0; y < p->height && rc == 0; y++) {
		put_line(p, y, line);
		if (fwrite(line, 1, len, file) != len)
			rc = file_error();
	}
	free(line);
	return rc;
}

static int put_chunk(FILE *file, const char *type, const uint8_t *data,
		     size_t len)
{
	uint8_t head[8], tail[4];
	uLong crc;

	store_be32(head, (uint32_t)len);
	memcpy(head + 4, type, 4);
	crc = crc32(0, head + 4, 4);
	if (len)
		crc = crc32(crc, data, (uInt)len);
	store_be32(tail, (uint32_t)crc);
	if (fwrite(head, 1, sizeof(head), file) != sizeof(head) ||
	    (len && fwrite(data, 1, len, file) != len) ||
	    fwrite(tail, 1, sizeof(tail), file) != sizeof(tail))
		return file_error();
	return 0;
}

static int put_header(const struct picture *p, FILE *file)
{
	static const uint8_t signature[] = {0x89, 'P',	'N',  'G',
					    '\r', '\n', 0x1a, '\n'};
	uint8_t header[HEADER_SIZE] = {[8] = DEPTH, [9] = COLOUR_TRUE};

	store_be32(header, p->width);
	store_be32(header + 4, p->height);
	if (fwrite(signature, 1, sizeof(signature), file) != sizeof(signature))
		return file_error();
	return put_chunk(file, "IHDR", header, sizeof(header));
}

/* A file's lines on their way through deflate. */
struct png {
	FILE *file;
	z_stream z;
	uint8_t *above, *line, *filtered;
	uint8_t out[CHUNK];
};

static int compress_bytes(struct png *png, uint8_t *data, size_t len, bool last)
{
	int rc = 0, state;

	png->z.next_in = data;
	png->z.avail_in = (uInt)len;
	do {
		png->z.next_out = png->out;
		png->z.avail_out = CHUNK;
		state = deflate(&png->z, last ? Z_FINISH : Z_NO_FLUSH);
		if (png->z.avail_out < CHUNK)
			rc = put_chunk(png->file, "IDAT", png->out,
				       CHUNK - png->z.avail_out);
	} while (rc == 0 && (last ? state == Z_OK : png->z.avail_in > 0));
	return rc;
}

static int put_lines(struct png *png, const struct picture *p)
{
	size_t len = (size_t)p->width * SAMPLES, i;
	uint8_t *swap;
	unsigned y;
	int rc = 0;

	for (y = 0; y < p->height && rc == 0; y++) {
		put_line(p, y, png->line);
		png->filtered[0] = FILTER_UP;
		for (i = 0; i < len; i++)
			png->filtered[i + 1] =
				(uint8_t)(png->line[i] - png->above[i]);
		swap = png->above;
		png->above = png->line;
		png->line = swap;
		rc = compress_bytes(png, png->filtered, len + 1, false);
	}
	return rc < 0 ? rc : compress_bytes(png, NULL, 0, true);
}

int picture_write_png(const struct picture *p, FILE *file)
{
	size_t len = (size_t)p->width * SAMPLES;
	struct png *png = calloc(1, sizeof(*png));
	uint8_t *room = calloc(3, len + 1);
	int rc = -ENOMEM;

	if (png && room &&
	    deflateInit(&png->z, Z_DEFAULT_COMPRESSION) == Z_OK) {
		png->file = file;
		png->above = room;
		png->line = room + len;
		png->filtered = room + 2 * len;
		errno = 0;
		rc = put_header(p, file);
		if (rc == 0)
			rc = put_lines(png, p);
		if (rc == 0)
			rc = put_chunk(file, "IEND", NULL, 0);
		deflateEnd(&png->z);
	}
	free(room);
	free(png);
	return rc;
}
