/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Block devices: what there is, and what stands in a range of one. */
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

enum { CHUNK = 256 * 1024, ALIGN = 4096 };

static int show_disk(const char *name, void *ctx)
{
	char size[24], ro[8], removable[8], sector[16], physical[16];
	char model[64], serial[64], driver[64];

	guest_data("%s sectors %s ro %s removable %s logical %s physical %s "
		   "driver %s serial '%s' model '%s'",
		   name, guest_read(size, 24, "/sys/block/%s/size", name),
		   guest_read(ro, 8, "/sys/block/%s/ro", name),
		   guest_read(removable, 8, "/sys/block/%s/removable", name),
		   guest_read(sector, 16,
			      "/sys/block/%s/queue/logical_block_size", name),
		   guest_read(physical, 16,
			      "/sys/block/%s/queue/physical_block_size", name),
		   guest_link(driver, 64, "/sys/block/%s/device/driver", name),
		   guest_read(serial, 64, "/sys/block/%s/serial", name),
		   guest_read(model, 64, "/sys/block/%s/device/model", name));
	return 0;
}

static int blocks(int argc, char **argv)
{
	guest_detail("%d devices", guest_each("/sys/block", show_disk, NULL));
	return 0;
}

/* Past the page cache where offset and length allow it. */
static int open_disk(const char *name, int flags, uint64_t off, uint64_t len)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/dev/%s", name);
	if ((off | len) % ALIGN == 0) {
		fd = open(path, flags | O_DIRECT);
		if (fd >= 0 || errno != EINVAL)
			return fd;
	}
	return open(path, flags);
}

typedef ssize_t transfer_fn(int fd, uint8_t *buf, size_t len, uint64_t off,
			    struct sum *sum);

static ssize_t read_part(int fd, uint8_t *buf, size_t len, uint64_t off,
			 struct sum *sum)
{
	ssize_t got = pread(fd, buf, len, (off_t)off);

	if (got > 0)
		sum_add(sum, buf, (size_t)got);
	return got;
}

/* The byte at OFF is the low one of OFF / 512 times 31, plus OFF. */
static uint8_t pattern(uint64_t off)
{
	return (uint8_t)(off / 512 * 31 + off);
}

static ssize_t write_part(int fd, uint8_t *buf, size_t len, uint64_t off,
			  struct sum *sum)
{
	for (size_t i = 0; i < len; i++)
		buf[i] = pattern(off + i);
	sum_add(sum, buf, len);
	return pwrite(fd, buf, len, (off_t)off);
}

static int transfer(int argc, char **argv, int flags, transfer_fn *part)
{
	uint64_t off = guest_number(argc, argv, 2, 0);
	uint64_t len = guest_number(argc, argv, 3, 4096), done = 0;
	struct sum sum;
	void *buf;
	int fd;

	if (argc < 2)
		return guest_fail("which device?");
	fd = open_disk(argv[1], flags, off, len);
	if (fd < 0)
		return guest_fail("%s: %s", argv[1], strerror(errno));
	if (posix_memalign(&buf, ALIGN, CHUNK))
		return guest_fail("no memory");
	sum_start(&sum);
	while (done < len) {
		size_t n = len - done < CHUNK ? len - done : CHUNK;
		ssize_t got = part(fd, buf, n, off + done, &sum);

		if (got <= 0)
			return guest_fail("at %llu: %s",
					  (unsigned long long)(off + done),
					  got ? strerror(errno) : "end");
		done += (uint64_t)got;
	}
	free(buf);
	if (flags != O_RDONLY && fsync(fd))
		return guest_fail("fsync: %s", strerror(errno));
	close(fd);
	guest_detail("%s %llu %llu %08x", argv[1], (unsigned long long)off,
		     (unsigned long long)len, sum.crc);
	return 0;
}

static int sum_disk(int argc, char **argv)
{
	return transfer(argc, argv, O_RDONLY, read_part);
}

static int fill_disk(int argc, char **argv)
{
	return transfer(argc, argv, O_RDWR, write_part);
}

static int discard(int argc, char **argv)
{
	uint64_t range[2] = {guest_number(argc, argv, 2, 0),
			     guest_number(argc, argv, 3, 4096)};
	int zero = strcmp(argv[0], "zero") == 0, status, fd;

	if (argc < 2)
		return guest_fail("which device?");
	fd = open_disk(argv[1], O_RDWR, 0, 1);
	if (fd < 0)
		return guest_fail("%s: %s", argv[1], strerror(errno));
	status = ioctl(fd, zero ? BLKZEROOUT : BLKDISCARD, range);
	if (status)
		guest_fail("%s: %s", argv[1], strerror(errno));
	close(fd);
	return status;
}

const struct guest_test block_tests[] = {
	{"blocks", blocks, "block devices"},
	{"sum", sum_disk, "DEVICE [OFFSET [LENGTH]]: CRC-32 of what is read"},
	{"write", fill_disk, "DEVICE [OFFSET [LENGTH]]: writes a pattern"},
	{"discard", discard, "DEVICE [OFFSET [LENGTH]]: discards"},
	{"zero", discard, "DEVICE [OFFSET [LENGTH]]: writes zeros, or unmaps"},
	{NULL},
};
