/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vdi and vpc images from hostile hands: opened, looked at and read. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "block/node.h"
#include "tests/fuzz/fuzz.h"
#include "vmm/endian.h"

#define MAX_INPUT (256u << 10)
#define CHUNK	  (64u << 10)

/* Of the footer of vpc images, which is their header as well. */
#define FOOTER	 512u
#define CHECKSUM 64u

static uint8_t chunk[CHUNK];

static void look_at(struct blk_node *node, uint64_t off)
{
	uint64_t len = node->size - off < CHUNK ? node->size - off : CHUNK;
	struct blk_extent ext;

	blk_pread(node, off, chunk, (size_t)len);
	blk_status(node, off,
		   node->size - off < (1u << 30) ? node->size - off : 1u << 30,
		   &ext);
}

static void look(struct blk_node *node)
{
	struct blk_info info;

	blk_get_info(node, &info);
	blk_info_free(&info);
	if (!node->size)
		return;
	look_at(node, 0);
	look_at(node, node->size / 2);
	look_at(node, node->size - (node->size < CHUNK ? node->size : CHUNK));
	/* Neither can be written to. */
	if (blk_pwrite(node, 0, chunk, 512, 0) == 0)
		abort();
}

static void open_as(const char *format, int fd)
{
	struct blk_ctx *ctx = blk_ctx_new(NULL);
	char name[64];
	struct blk_open how = {.filename = name,
			       .format = format,
			       .flags = BLK_O_NO_LOCK};
	struct blk_node *node;

	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	node = blk_open(ctx, &how, NULL);
	if (node)
		look(node);
	blk_node_unref(node);
	blk_ctx_unref(ctx);
}

/* What nobody finds by chance. */
static void sign(uint8_t *footer)
{
	uint32_t sum = 0;
	unsigned i;

	if (memcmp(footer, "conectix", 8) != 0)
		return;
	store_be32(footer + CHECKSUM, 0);
	for (i = 0; i < FOOTER; i++)
		sum += footer[i];
	store_be32(footer + CHECKSUM, ~sum);
}

static int image_of(const uint8_t *data, size_t size)
{
	int fd = memfd_create("image", MFD_CLOEXEC);
	uint8_t *copy = malloc(size + 1);

	memcpy(copy, data, size);
	if (size >= FOOTER) {
		sign(copy);
		sign(copy + size - FOOTER);
	}
	if (write(fd, copy, size) != (ssize_t)size)
		abort();
	free(copy);
	return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd;

	if (size > MAX_INPUT)
		return 0;
	fd = image_of(data, size);
	open_as("vdi", fd);
	open_as("vpc", fd);
	close(fd);
	return 0;
}
