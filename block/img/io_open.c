/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pcvm-io: opening, closing and opening again. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "block/driver.h"
#include "block/img/img.h"
#include "block/img/io_tool.h"

void io_how_free(struct io_how *how)
{
	free(how->filename);
	free(how->format);
	json_decref(how->options);
	*how = (struct io_how){.filename = NULL};
}

static int complain(const struct io *io, const char *what, const char *value)
{
	fprintf(stderr, "%s: Invalid %s option: %s\n", io->program, what,
		value);
	return -EINVAL;
}

int io_set_cache(struct io *io, struct io_how *how, const char *mode)
{
	return blk_cache_mode(mode, &how->flags, &how->writethrough) < 0
		       ? complain(io, "cache", mode)
		       : 0;
}

int io_set_discard(struct io *io, struct io_how *how, const char *mode)
{
	static const char *const modes[] = {"ignore", "off", "unmap", "on"};
	unsigned i;

	for (i = 0; i < sizeof(modes) / sizeof(*modes); i++)
		if (!strcmp(modes[i], mode)) {
			how->flags &= ~(unsigned)BLK_O_UNMAP;
			how->flags |= i >= 2 ? BLK_O_UNMAP : 0;
			return 0;
		}
	return complain(io, "discard", mode);
}

int io_set_aio(struct io *io, struct io_how *how, const char *mode)
{
	static const char *const modes[] = {
		[BLK_AIO_THREADS] = "threads",
		[BLK_AIO_NATIVE] = "native",
		[BLK_AIO_URING] = "io_uring",
	};
	unsigned i;

	for (i = 0; i < sizeof(modes) / sizeof(*modes); i++)
		if (!strcmp(modes[i], mode)) {
			how->aio = (enum blk_aio)i;
			return 0;
		}
	return complain(io, "aio", mode);
}

int io_add_options(struct io *io, struct io_how *how, const char *text)
{
	struct error err = {0};
	json_t *more = img_options_json(text, &err);

	if (!more) {
		fprintf(stderr, "%s: %s\n", io->program, err.msg);
		return -EINVAL;
	}
	if (!how->options)
		how->options = json_object();
	json_object_update(how->options, more);
	json_decref(more);
	return 0;
}

static struct blk_node *open_node(struct io *io, const struct io_how *how,
				  struct error *err)
{
	struct blk_open open = {.filename = how->filename,
				.format = how->format,
				.options = how->options,
				.flags = how->flags,
				.aio = how->aio};
	bool write = how->flags & BLK_O_RDWR;

	if ((how->flags & BLK_O_FORCE_SHARE) && write)
		error_set(err, EINVAL,
			  "force-share=on can only be used with read-only "
			  "images");
	else if ((how->flags & BLK_O_COPY_ON_READ) && !write)
		error_set(err, EINVAL,
			  "Can't use copy-on-read on read-only device");
	else
		return blk_open_layers(io->ctx, &open, err);
	return NULL;
}

int io_open(struct io *io, struct io_how *how)
{
	struct error err = {0};

	if (io->node) {
		fprintf(stderr, "%s: file open already, try 'help close'\n",
			io->program);
		io_how_free(how);
		return -EBUSY;
	}
	io->node = open_node(io, how, &err);
	if (!io->node) {
		fprintf(stderr, "%s: can't open%s%s: %s\n", io->program,
			how->filename ? " device " : "",
			how->filename ? how->filename : "", err.msg);
		io_how_free(how);
		return -(err.code ? err.code : EINVAL);
	}
	io->how = *how;
	return 0;
}

struct blk_node *io_image(const struct io *io)
{
	struct blk_node *node = io->node;

	while (node->driver->filter)
		node = node->child[BLK_FILE];
	return node;
}

void io_close(struct io *io)
{
	if (!io->node)
		return;
	while (io->pending)
		blk_ctx_poll(io->ctx, true);
	blk_node_unref(io->node);
	io->node = NULL;
	io_how_free(&io->how);
}

int io_close_run(struct io *io, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	io_close(io);
	return 0;
}

static int take_open(struct io *io, struct io_how *how, int c)
{
	switch (c) {
	case 'C':
		how->flags |= BLK_O_COPY_ON_READ;
		return 0;
	case 'd':
		return io_set_discard(io, how, optarg);
	case 'i':
		return io_set_aio(io, how, optarg);
	case 'k':
		return io_set_aio(io, how, "native");
	case 'n':
		return io_set_cache(io, how, "none");
	case 'o':
		return io_add_options(io, how, optarg);
	case 'r':
		how->flags &= ~(unsigned)BLK_O_RDWR;
		return 0;
	case 's':
		how->flags |= BLK_O_SNAPSHOT;
		return 0;
	case 't':
		return io_set_cache(io, how, optarg);
	case 'U':
		how->flags |= BLK_O_FORCE_SHARE;
		return 0;
	default:
		return io_usage("open");
	}
}

int io_open_run(struct io *io, int argc, char **argv)
{
	struct io_how how = {.flags = BLK_O_RDWR | BLK_O_UNMAP | BLK_O_TOOL};
	int c, rc = 0;

	optind = 0;
	while (rc == 0 && (c = getopt(argc, argv, "snCro:ki:t:d:U")) != -1)
		rc = take_open(io, &how, c);
	if (rc == 0 && (optind < argc - 1 || (optind == argc && !how.options)))
		rc = io_usage(argv[0]);
	if (rc == 0 && optind < argc) {
		how.filename = strdup(argv[optind]);
		rc = how.filename ? 0 : -ENOMEM;
	}
	if (rc == 0)
		return io_open(io, &how);
	io_how_free(&how);
	return rc;
}

static int set_access(struct io *io, struct io_how *how, bool write,
		      unsigned *times)
{
	if (++*times > 1) {
		fprintf(stderr, "%s: Only one -r/-w option may be given\n",
			io->program);
		return -EINVAL;
	}
	how->flags &= ~(unsigned)BLK_O_RDWR;
	how->flags |= write ? BLK_O_RDWR : 0;
	return 0;
}

static int take_reopen(struct io *io, struct io_how *how, int c,
		       unsigned *access)
{
	switch (c) {
	case 'c':
		return io_set_cache(io, how, optarg);
	case 'o':
		return io_add_options(io, how, optarg);
	case 'r':
	case 'w':
		return set_access(io, how, c == 'w', access);
	default:
		return io_usage("reopen");
	}
}

static int copy_how(struct io_how *to, const struct io_how *from)
{
	*to = *from;
	to->filename = from->filename ? strdup(from->filename) : NULL;
	to->format = from->format ? strdup(from->format) : NULL;
	to->options = from->options ? json_deep_copy(from->options) : NULL;
	return 0;
}

/* The old one is locked by itself: it has to go before the new one comes. */
static int reopen(struct io *io, struct io_how *how)
{
	struct io_how old;
	int rc;

	copy_how(&old, &io->how);
	io_close(io);
	rc = io_open(io, how);
	if (rc < 0)
		io_open(io, &old);
	else
		io_how_free(&old);
	return rc;
}

int io_reopen_run(struct io *io, int argc, char **argv)
{
	struct io_how how;
	unsigned access = 0;
	int c, rc = 0;

	copy_how(&how, &io->how);
	optind = 0;
	while (rc == 0 && (c = getopt(argc, argv, "c:o:rw")) != -1)
		rc = take_reopen(io, &how, c, &access);
	if (rc == 0 && optind != argc)
		rc = io_usage(argv[0]);
	if (rc == 0 && (how.flags & BLK_O_SNAPSHOT)) {
		fprintf(stderr, "%s: a temporary overlay cannot be reopened\n",
			io->program);
		rc = -ENOTSUP;
	}
	if (rc == 0)
		return reopen(io, &how);
	io_how_free(&how);
	return rc;
}
