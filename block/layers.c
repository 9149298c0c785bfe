/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What -drive puts on top of an image: a temporary overlay that takes what is
 * written (snapshot=on), and the filter for copy-on-read=on.
 *
 * The overlay's file loses its name before anything is in it, so that it is
 * gone however the process ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "block/driver.h"
#include "vmm/log.h"

#define TOP_FLAGS    ((unsigned)(BLK_O_SNAPSHOT | BLK_O_COPY_ON_READ))
#define TEMPLATE     "vl.XXXXXX"
#define DEFAULT_TEMP "/var/tmp"

/* A file without a name, whose last one is in *name (the caller's). */
static int nameless_file(char **name, struct error *err)
{
	const char *dir = getenv("TMPDIR");
	int fd;

	if (!dir || !*dir)
		dir = DEFAULT_TEMP;
	if (asprintf(name, "%s/" TEMPLATE, dir) < 0) {
		*name = NULL;
		return error_set(err, ENOMEM, "out of memory");
	}
	fd = mkostemp(*name, O_CLOEXEC);
	if (fd < 0)
		return error_errno(err, errno,
				   "snapshot=on: cannot make a temporary file "
				   "in %s (TMPDIR says where)",
				   dir);
	unlink(*name);
	return fd;
}

json_t *blk_node_options(const struct blk_node *node)
{
	const struct blk_node *file = node->child[BLK_FILE];

	if (!file)
		return json_pack("{s:s, s:s}", "driver", node->driver->name,
				 "filename", node->filename);
	return json_pack("{s:s, s:o}", "driver", node->driver->name, "file",
			 blk_node_options(file));
}

/* As info block shows it: what would open the same again. */
static void set_name(struct blk_node *overlay, const char *file)
{
	json_t *o = json_pack("{s:o, s:s, s:{s:s, s:s}}", "backing",
			      blk_node_options(overlay->child[BLK_BACKING]),
			      "driver", "qcow2", "file", "driver", "file",
			      "filename", file);
	char *text = o ? json_dumps(o, JSON_SORT_KEYS) : NULL, *name;

	if (text && asprintf(&name, "json:%s", text) >= 0) {
		free(overlay->filename);
		overlay->filename = name;
	}
	free(text);
	json_decref(o);
}

static struct blk_node *open_overlay(struct blk_node *base, const char *file,
				     struct error *err)
{
	struct blk_create create = {.filename = file,
				    .format = "qcow2",
				    .size = base->size,
				    .has_size = true};
	struct blk_open how = {.flags = BLK_O_RDWR | BLK_O_NO_FLUSH |
					BLK_O_UNMAP | BLK_O_NO_LOCK};
	struct blk_node *node;

	if (blk_create(base->ctx, &create, err) < 0)
		return NULL;
	how.options = json_pack("{s:s, s:{s:s, s:s}, s:s}", "driver", "qcow2",
				"file", "driver", "file", "filename", file,
				"backing", base->name);
	node = blk_open(base->ctx, &how, err);
	json_decref(how.options);
	return node;
}

/* Takes base over; NULL: it is gone. */
static struct blk_node *put_overlay(struct blk_node *base, struct error *err)
{
	struct blk_node *node = NULL;
	char *name = NULL, path[32];
	int fd = nameless_file(&name, err);

	if (fd >= 0) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		node = open_overlay(base, path, err);
		close(fd);
	}
	if (node) {
		set_name(node, name);
		node->detect = base->detect; /* it is what is written to */
	} else if (fd >= 0) {
		error_prefix(err, "snapshot=on");
	}
	free(name);
	blk_node_unref(base);
	return node;
}

/* The same with the filter. */
static struct blk_node *put_filter(struct blk_node *image, struct error *err)
{
	struct blk_open how = {.flags = image->flags};
	struct blk_node *node;

	if (image->readonly) {
		log_warn("copy-on-read=on: nothing can be kept in '%s', which "
			 "is read-only",
			 image->filename);
		return image;
	}
	how.options = json_pack("{s:s, s:s}", "driver", "copy-on-read", "file",
				image->name);
	node = blk_open(image->ctx, &how, err);
	json_decref(how.options);
	blk_node_unref(image);
	if (node)
		node->implicit = true;
	return node;
}

struct blk_node *blk_open_layers(struct blk_ctx *ctx,
				 const struct blk_open *how, struct error *err)
{
	struct blk_open image = *how;
	bool overlay =
		(how->flags & BLK_O_SNAPSHOT) && (how->flags & BLK_O_RDWR);
	struct blk_node *node;

	image.flags &= ~TOP_FLAGS;
	if (overlay)
		image.flags &= ~(unsigned)BLK_O_RDWR;
	node = blk_open(ctx, &image, err);
	if (node && overlay)
		node = put_overlay(node, err);
	if (node && (how->flags & BLK_O_COPY_ON_READ))
		node = put_filter(node, err);
	return node;
}

struct blk_node *blk_open_alone(const struct blk_open *how, struct error *err)
{
	struct blk_ctx *ctx = blk_ctx_new(err);
	struct blk_node *node;

	if (!ctx)
		return NULL;
	node = blk_open_layers(ctx, how, err);
	blk_ctx_unref(ctx); /* the nodes have it now */
	return node;
}
