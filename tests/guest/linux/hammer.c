/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random requests to a block device, compared with a model in memory: of all
 * sizes up to 64 KiB, past the page cache in whole sectors, and through it at
 * any byte; zeros, flushes.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "guest.h"
#include "sum.h"

enum { SECTOR = 512, ALIGN = 4096, LARGEST = 65536 };

struct hammer {
	const char *device;
	int direct, cached; /* fds */
	uint64_t size, seed;
	uint8_t *model, *buf;
};

static uint64_t pick(struct hammer *h, uint64_t below)
{
	h->seed = h->seed * UINT64_C(6364136223846793005) +
		  UINT64_C(1442695040888963407);
	return (h->seed >> 33) % below;
}

static int differs(const struct hammer *h, uint64_t off, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (h->buf[i] != h->model[off + i])
			return guest_fail("%s: %02x at %llu, not %02x",
					  h->device, h->buf[i],
					  (unsigned long long)(off + i),
					  h->model[off + i]);
	return 0;
}

static int read_back(struct hammer *h, int fd, uint64_t off, size_t len)
{
	ssize_t got = pread(fd, h->buf, len, (off_t)off);

	if (got != (ssize_t)len)
		return guest_fail("%s: reading %zu at %llu: %s", h->device, len,
				  (unsigned long long)off,
				  got < 0 ? strerror(errno) : "too little");
	return differs(h, off, len);
}

static int overwrite(struct hammer *h, int fd, uint64_t off, size_t len)
{
	uint64_t word = 0;

	for (size_t i = 0; i < len; i++) {
		if (i % 8 == 0)
			word = pick(h, UINT64_MAX >> 32) *
			       UINT64_C(0x100000001);
		h->buf[i] = (uint8_t)(word >> i % 8 * 8);
	}
	memcpy(h->model + off, h->buf, len);
	if (pwrite(fd, h->buf, len, (off_t)off) == (ssize_t)len)
		return 0;
	return guest_fail("%s: writing %zu at %llu: %s", h->device, len,
			  (unsigned long long)off, strerror(errno));
}

static int zero_out(struct hammer *h, uint64_t off, size_t len)
{
	uint64_t range[2] = {off, len};

	memset(h->model + off, 0, len);
	if (fsync(h->cached) == 0 && ioctl(h->direct, BLKZEROOUT, range) == 0)
		return 0;
	return guest_fail("%s: zeros at %llu: %s", h->device,
			  (unsigned long long)off, strerror(errno));
}

static int flush(struct hammer *h)
{
	if (fsync(h->cached))
		return guest_fail("%s: fsync: %s", h->device, strerror(errno));
	return 0;
}

static int strike(struct hammer *h)
{
	uint64_t unit = pick(h, 4) ? SECTOR : 1, kind = pick(h, 16);
	int fd = unit == SECTOR ? h->direct : h->cached;
	uint64_t len = (1 + pick(h, LARGEST / unit)) * unit, off;

	if (pick(h, 2)) /* most are small */
		len = (1 + pick(h, 8)) * unit;
	off = pick(h, (h->size - len) / unit + 1) * unit;
	if (kind == 0)
		return flush(h);
	if (kind == 1 && unit == SECTOR)
		return zero_out(h, off, len);
	if (kind < 9)
		return overwrite(h, fd, off, len);
	return read_back(h, fd, off, len);
}

static int open_device(struct hammer *h)
{
	char path[64];

	snprintf(path, sizeof(path), "/dev/%s", h->device);
	h->direct = open(path, O_RDWR | O_DIRECT);
	h->cached = open(path, O_RDWR);
	if (h->direct < 0 || h->cached < 0)
		return guest_fail("%s: %s", path, strerror(errno));
	h->model = malloc(h->size);
	if (!h->model || posix_memalign((void **)&h->buf, ALIGN, LARGEST))
		return guest_fail("no memory");
	if (pread(h->cached, h->model, h->size, 0) != (ssize_t)h->size)
		return guest_fail("%s: too small", path);
	return 0;
}

static int hammer(int argc, char **argv)
{
	uint64_t n = guest_number(argc, argv, 2, 100), i;
	struct hammer h = {
		.device = argc > 1 ? argv[1] : "vda",
		.seed = guest_number(argc, argv, 3, 1),
		.size = guest_number(argc, argv, 4, 1 << 20),
	};
	struct sum sum;
	int rc = open_device(&h);

	for (i = 0; i < n && rc == 0; i++)
		rc = strike(&h);
	if (rc == 0)
		rc = flush(&h);
	if (rc)
		return rc;
	sum_start(&sum);
	sum_add(&sum, h.model, h.size);
	guest_detail("%s %llu %08x", h.device, (unsigned long long)n, sum.crc);
	close(h.direct);
	close(h.cached);
	free(h.model);
	free(h.buf);
	return 0;
}

const struct guest_test hammer_tests[] = {
	{"hammer", hammer,
	 "DEVICE [COUNT [SEED [BYTES]]]: random requests against a model"},
	{NULL},
};
