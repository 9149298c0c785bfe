/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pcvm-io's commands about the image as a whole. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "block/img/img.h"
#include "block/img/io_tool.h"

int io_length_run(struct io *io, int argc, char **argv)
{
	char text[IO_SIZE_LEN];

	(void)argc;
	(void)argv;
	printf("%s\n", io_size((double)io->node->size, text));
	return 0;
}

static int parse_prealloc(const struct io *io, const char *text,
			  enum blk_prealloc *mode)
{
	static const char *const names[] = {
		[BLK_PREALLOC_OFF] = "off",
		[BLK_PREALLOC_METADATA] = "metadata",
		[BLK_PREALLOC_FALLOC] = "falloc",
		[BLK_PREALLOC_FULL] = "full",
	};
	unsigned i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(names[i], text)) {
			*mode = (enum blk_prealloc)i;
			return 0;
		}
	fprintf(stderr, "%s: Invalid preallocation mode '%s'\n", io->program,
		text);
	return -EINVAL;
}

int io_truncate_run(struct io *io, int argc, char **argv)
{
	enum blk_prealloc mode = BLK_PREALLOC_OFF;
	struct error err = {0};
	int64_t size;
	int c, rc = 0;

	optind = 0;
	while (rc == 0 && (c = getopt(argc, argv, "m:")) != -1)
		rc = c == 'm' ? parse_prealloc(io, optarg, &mode)
			      : io_usage(argv[0]);
	if (rc == 0 && optind != argc - 1)
		rc = io_usage(argv[0]);
	rc = rc < 0 ? rc : io_parse_size(argv[optind], &size);
	if (rc < 0)
		return rc;
	rc = blk_truncate(io->node, (uint64_t)size, mode, &err);
	if (rc < 0)
		fprintf(stderr, "%s: %s\n", io->program, err.msg);
	return rc;
}

/* The longest part from off on that is alike, at most len. */
static int find_alike(struct io *io, uint64_t off, uint64_t len,
		      bool *allocated, uint64_t *alike)
{
	struct blk_extent ext;
	int rc = 0;

	for (*alike = 0; *alike < len; *alike += ext.len) {
		rc = blk_status(io->node, off + *alike, len - *alike, &ext);
		if (rc < 0 || !ext.len)
			break;
		if (!*alike)
			*allocated = ext.flags & BLK_ALLOCATED;
		else if (*allocated != !!(ext.flags & BLK_ALLOCATED))
			break;
	}
	return rc;
}

int io_map_run(struct io *io, int argc, char **argv)
{
	char size[IO_SIZE_LEN], where[IO_SIZE_LEN];
	uint64_t off, alike;
	bool allocated = false;
	int rc;

	(void)argc;
	(void)argv;
	for (off = 0; off < io->node->size; off += alike) {
		rc = find_alike(io, off, io->node->size - off, &allocated,
				&alike);
		if (rc < 0 || !alike) {
			fprintf(stderr,
				"%s: Failed to get allocation status: %s\n",
				io->program, strerror(-rc));
			return rc < 0 ? rc : -EIO;
		}
		printf("%s (0x%" PRIx64 ") bytes %s allocated at offset "
		       "%s (0x%" PRIx64 ")\n",
		       io_size((double)alike, size), alike,
		       allocated ? "   " : "not", io_size((double)off, where),
		       off);
	}
	return 0;
}

static int count_allocated(struct io *io, uint64_t off, uint64_t len,
			   uint64_t *sum)
{
	struct blk_extent ext;
	int rc;

	for (*sum = 0; len; off += ext.len, len -= ext.len) {
		rc = blk_status(io->node, off, len, &ext);
		if (rc < 0 || !ext.len)
			return rc < 0 ? rc : -EIO;
		if (ext.flags & BLK_ALLOCATED)
			*sum += ext.len;
	}
	return 0;
}

int io_alloc_run(struct io *io, int argc, char **argv)
{
	int64_t off, len = BLK_SECTOR;
	uint64_t sum, left;
	char text[IO_SIZE_LEN];
	int rc = io_parse_size(argv[1], &off);

	rc = rc < 0 || argc < 3 ? rc : io_parse_size(argv[2], &len);
	if (rc < 0)
		return rc;
	left = (uint64_t)off < io->node->size ? io->node->size - (uint64_t)off
					      : 0;
	if ((uint64_t)len > left)
		len = (int64_t)left;
	rc = count_allocated(io, (uint64_t)off, (uint64_t)len, &sum);
	if (rc < 0) {
		printf("is_allocated failed: %s\n", strerror(-rc));
		return rc;
	}
	printf("%" PRIu64 "/%" PRId64 " bytes allocated at offset %s\n", sum,
	       len, io_size((double)off, text));
	return 0;
}

int io_info_run(struct io *io, int argc, char **argv)
{
	char cluster[IO_SIZE_LEN], state[IO_SIZE_LEN];
	struct blk_info info;

	(void)argc;
	(void)argv;
	blk_get_info(io_image(io), &info);
	printf("format name: %s\ncluster size: %s\nvm state offset: %s\n",
	       info.format, io_size(info.cluster_size, cluster),
	       io_size((double)info.vmstate_offset, state));
	if (info.specific)
		img_print_specific(info.specific);
	blk_info_free(&info);
	return 0;
}
