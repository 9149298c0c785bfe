/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qcow2 images from hostile hands: opened, read, checked and listed; then
 * written to, snapshotted, resized and repaired.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "block/node.h"
#include "tests/fuzz/fuzz.h"

#define MAX_INPUT (256u << 10)
#define MAX_FILE  (8u << 20)
#define CHUNK	  (64u << 10)

static uint8_t chunk[CHUNK];

static void limit(void)
{
	const struct rlimit max = {MAX_FILE, MAX_FILE};

	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &max);
}

static struct blk_node *open_image(struct blk_ctx *ctx, int fd, unsigned flags)
{
	char name[64];
	struct blk_open how = {.filename = name, .format = "qcow2"};

	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	/* The image must not choose files of the host for us to open. */
	how.flags = flags | BLK_O_NO_BACKING | BLK_O_NO_IO | BLK_O_NO_LOCK |
		    BLK_O_NO_FLUSH;
	return blk_open(ctx, &how, NULL);
}

static uint64_t places(const struct blk_node *node, unsigned i)
{
	const uint64_t at[] = {0, 4096, node->size / 2 & ~UINT64_C(511),
			       node->size > CHUNK ? node->size - CHUNK : 0};

	return at[i] < node->size ? at[i] : 0;
}

static size_t reach(const struct blk_node *node, uint64_t off)
{
	uint64_t left = node->size - off;

	return left < CHUNK ? (size_t)left : CHUNK;
}

static void look(struct blk_node *node)
{
	struct blk_check res = {.say = NULL};
	struct blk_snapshot *list;
	struct blk_extent ext;
	struct blk_info info;
	unsigned i;
	size_t n;

	blk_get_info(node, &info);
	blk_info_free(&info);
	for (i = 0; i < 4; i++) {
		uint64_t off = places(node, i);

		blk_pread(node, off, chunk, reach(node, off));
		blk_status(node, off, reach(node, off), &ext);
	}
	blk_check(node, 0, &res, NULL);
	if (blk_snapshots(node, &list, &n, NULL) == 0) {
		if (n)
			blk_snapshot_load(node, list[0].id, NULL);
		blk_snapshots_free(list, n);
	}
	blk_pread(node, 0, chunk, reach(node, 0));
}

static void change(struct blk_node *node)
{
	struct blk_snapshot snap = {.icount = UINT64_MAX};
	unsigned i;

	for (i = 0; i < 4; i++) {
		uint64_t off = places(node, i);

		blk_pwrite(node, off, chunk, reach(node, off) / 2, 0);
		blk_zero(node, off, reach(node, off) / 4, BLK_MAY_UNMAP);
		blk_discard(node, off, reach(node, off));
	}
	blk_snapshot_create(node, &snap, NULL);
	blk_pwrite(node, 0, chunk, reach(node, 0), BLK_FUA);
	blk_snapshot_apply(node, "1", NULL);
	blk_snapshot_delete(node, "1", NULL);
	if (node->size < (1u << 30))
		blk_truncate(node, node->size + (1 << 20), BLK_PREALLOC_OFF,
			     NULL);
	blk_vmstate_write(node, 0, chunk, 4096);
	blk_flush(node);
}

static void repair(struct blk_node *node)
{
	struct blk_check res = {.say = NULL};

	blk_check(node, BLK_FIX_LEAKS | BLK_FIX_ERRORS, &res, NULL);
}

static void with(int fd, unsigned flags, void (*fn)(struct blk_node *))
{
	struct blk_ctx *ctx = blk_ctx_new(NULL);
	struct blk_node *node = open_image(ctx, fd, flags);

	if (node)
		fn(node);
	blk_node_unref(node);
	blk_ctx_unref(ctx);
}

static int image_of(const uint8_t *data, size_t size)
{
	int fd = memfd_create("image", MFD_CLOEXEC);

	if (write(fd, data, size) != (ssize_t)size)
		abort();
	return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd;

	if (size > MAX_INPUT)
		return 0;
	limit();
	fd = image_of(data, size);
	with(fd, 0, look);
	with(fd, BLK_O_RDWR | BLK_O_UNMAP, change);
	with(fd, BLK_O_RDWR | BLK_O_CHECK, repair);
	close(fd);
	fd = image_of(data, size);
	with(fd, BLK_O_RDWR | BLK_O_CHECK, repair);
	with(fd, BLK_O_RDWR, change);
	close(fd);
	return 0;
}
