/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A VNC viewer that knows all encodings of the server, and trusts none. */
#ifndef TESTS_UNIT_VNC_VIEWER_H
#define TESTS_UNIT_VNC_VIEWER_H

#include <zlib.h>

#include "tests/unit/vnc_bed.h"

struct viewer_format {
	uint8_t bpp, depth;
	bool big, mapped;
	uint16_t max[3];
	uint8_t shift[3];
};

struct viewer {
	struct vnc_bed *bed;
	int fd;
	struct viewer_format format;
	unsigned width, height;
	uint32_t *pixel; /* values as the format has them */
	char name[256];
	z_stream zlib, zrle, tight[4];
	/* Of the last update. */
	unsigned rects, copies, resizes;
	size_t bytes, total;
	/* Since ever. */
	bool keys_ext, relative;
	unsigned leds;
	unsigned filters[3], fills; /* of Tight */
	bool closed; /* by the server */
};

/* What viewer_open does is these, in turn. */
void viewer_call(struct viewer *v, struct vnc_bed *bed);
/* minor: 3, 7 or 8.  False: the server refused. */
bool viewer_login(struct viewer *v, unsigned minor, const char *password);
void viewer_init(struct viewer *v, bool shared);

void viewer_open(struct viewer *v, struct vnc_bed *bed);
void viewer_close(struct viewer *v);
void viewer_format(struct viewer *v, const struct viewer_format *format);
void viewer_encodings(struct viewer *v, unsigned n, const int32_t *list);
void viewer_request(struct viewer *v, bool incremental);
/* Waits for an update. */
void viewer_update(struct viewer *v);
/* Requests and waits, until it sees what the screen shows. */
void viewer_sync(struct viewer *v);
/* Nothing comes for a while. */
void viewer_hears_nothing(struct viewer *v);
/* The server has ended the connection, or does so soon. */
bool viewer_is_ended(struct viewer *v);
void viewer_send(struct viewer *v, const void *data, size_t len);
void viewer_read(struct viewer *v, void *data, size_t len);
void viewer_key(struct viewer *v, uint32_t keysym, bool down);
void viewer_key_ext(struct viewer *v, uint32_t keysym, uint32_t code,
		    bool down);
void viewer_pointer(struct viewer *v, unsigned buttons, unsigned x, unsigned y);

#endif
