/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pictures as files: PPM (netpbm's P6) and PNG (RFC 2083).  Any thread. */
#ifndef VMM_PICTURE_H
#define VMM_PICTURE_H

#include <stdint.h>
#include <stdio.h>

/* Pixels are 0x??RRGGBB, line after line. */
struct picture {
	unsigned width, height;
	uint32_t *pixels;
};

/* 0, or -errno: of the file, or -ENOMEM. */
int picture_write_ppm(const struct picture *picture, FILE *file);
int picture_write_png(const struct picture *picture, FILE *file);

#endif
