/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parts of I/O vectors. */
#include <string.h>

#include "block/driver.h"

size_t blk_iov_len(const struct iovec *iov, int niov)
{
	size_t len = 0;
	int i;

	for (i = 0; i < niov; i++)
		len += iov[i].iov_len;
	return len;
}

bool blk_is_zero(const struct iovec *iov, int niov)
{
	const uint8_t *p;
	int i;

	for (i = 0; i < niov; i++) {
		p = iov[i].iov_base;
		if (iov[i].iov_len &&
		    (*p || memcmp(p, p + 1, iov[i].iov_len - 1) != 0))
			return false;
	}
	return true;
}

int blk_iov_slice(const struct iovec *iov, int niov, size_t skip, size_t len,
		  struct iovec *out)
{
	int i, n = 0;
	size_t part;

	for (i = 0; i < niov && len; i++) {
		if (skip >= iov[i].iov_len) {
			skip -= iov[i].iov_len;
			continue;
		}
		part = iov[i].iov_len - skip;
		part = part < len ? part : len;
		out[n].iov_base = (char *)iov[i].iov_base + skip;
		out[n++].iov_len = part;
		skip = 0;
		len -= part;
	}
	return n;
}

enum way { TO_BUF, FROM_BUF, ZERO };

static void copy(const struct iovec *iov, int niov, size_t skip, char *buf,
		 size_t len, enum way way)
{
	size_t part;
	char *at;

	for (; niov && len; iov++, niov--) {
		if (skip >= iov->iov_len) {
			skip -= iov->iov_len;
			continue;
		}
		at = (char *)iov->iov_base + skip;
		part = iov->iov_len - skip;
		part = part < len ? part : len;
		if (way == ZERO)
			memset(at, 0, part);
		else if (way == TO_BUF)
			memcpy(buf, at, part);
		else
			memcpy(at, buf, part);
		buf = way == ZERO ? NULL : buf + part;
		len -= part;
		skip = 0;
	}
}

void blk_iov_to_buf(const struct iovec *iov, int niov, size_t skip, void *buf,
		    size_t len)
{
	copy(iov, niov, skip, buf, len, TO_BUF);
}

void blk_iov_from_buf(const struct iovec *iov, int niov, size_t skip,
		      const void *buf, size_t len)
{
	copy(iov, niov, skip, (char *)(uintptr_t)buf, len, FROM_BUF);
}

void blk_iov_zero(const struct iovec *iov, int niov, size_t skip, size_t len)
{
	copy(iov, niov, skip, NULL, len, ZERO);
}
