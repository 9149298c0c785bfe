/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bytes on their way to a VNC client.  When memory is short the buffer is
 * marked failed and takes nothing more; who owns it looks at that at the end.
 */
#ifndef NET_VNC_BUF_H
#define NET_VNC_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vnc_buf {
	uint8_t *data;
	size_t len, size;
	size_t sent; /* of len */
	bool failed;
};

void vnc_buf_free(struct vnc_buf *buf);
/* Room for n more bytes at its end, or NULL.  They count when added. */
uint8_t *vnc_buf_room(struct vnc_buf *buf, size_t n);
void vnc_buf_add(struct vnc_buf *buf, const void *data, size_t n);
void vnc_buf_u8(struct vnc_buf *buf, unsigned value);
/* Big endian, as all of the protocol. */
void vnc_buf_u16(struct vnc_buf *buf, unsigned value);
void vnc_buf_u32(struct vnc_buf *buf, uint32_t value);
/* All was sent: gives memory back that is more than keep. */
void vnc_buf_reset(struct vnc_buf *buf, size_t keep);

#endif
