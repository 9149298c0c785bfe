/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bytes on their way to a VNC client. */
#include "net/vnc_buf.h"

#include <stdlib.h>
#include <string.h>

#include "vmm/endian.h"

#define BUF_STEP 4096

void vnc_buf_free(struct vnc_buf *buf)
{
	free(buf->data);
	*buf = (struct vnc_buf){0};
}

static bool grow(struct vnc_buf *buf, size_t need)
{
	size_t size = buf->size + buf->size / 2;
	uint8_t *data;

	if (size < need)
		size = need;
	size = (size + BUF_STEP - 1) / BUF_STEP * BUF_STEP;
	data = realloc(buf->data, size);
	if (!data) {
		buf->failed = true;
		return false;
	}
	buf->data = data;
	buf->size = size;
	return true;
}

uint8_t *vnc_buf_room(struct vnc_buf *buf, size_t n)
{
	if (buf->failed)
		return NULL;
	if (buf->size - buf->len < n && !grow(buf, buf->len + n))
		return NULL;
	return buf->data + buf->len;
}

void vnc_buf_add(struct vnc_buf *buf, const void *data, size_t n)
{
	uint8_t *room = vnc_buf_room(buf, n);

	if (!room || !n)
		return;
	memcpy(room, data, n);
	buf->len += n;
}

void vnc_buf_u8(struct vnc_buf *buf, unsigned value)
{
	uint8_t byte = (uint8_t)value;

	vnc_buf_add(buf, &byte, 1);
}

void vnc_buf_u16(struct vnc_buf *buf, unsigned value)
{
	be16 wire = be16_of((uint16_t)value);

	vnc_buf_add(buf, &wire, sizeof(wire));
}

void vnc_buf_u32(struct vnc_buf *buf, uint32_t value)
{
	be32 wire = be32_of(value);

	vnc_buf_add(buf, &wire, sizeof(wire));
}

void vnc_buf_reset(struct vnc_buf *buf, size_t keep)
{
	buf->len = buf->sent = 0;
	if (buf->size <= keep)
		return;
	free(buf->data);
	buf->data = NULL;
	buf->size = 0;
}
