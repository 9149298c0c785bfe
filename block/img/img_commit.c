/* SPDX-License-Identifier: GPL-2.0-or-later */
/* commit: writes what an image has into its backing file. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "block/driver.h"
#include "block/img/copy.h"
#include "block/img/img.h"

#define REQUESTS  8
#define MAX_CHAIN 200

struct conf {
	const char *format, *cache, *base;
	uint64_t rate;
	bool image_opts, quiet, progress, drop;
};

static const struct img_option options[] = {
	IMG_OPT_OBJECT,
	IMG_OPT_IMAGE_OPTS(struct conf, image_opts),
	IMG_OPT_QUIET(struct conf, quiet),
	IMG_OPT_FORMAT(struct conf, format),
	IMG_OPT_CACHE(struct conf, cache),
	{.letter = 'b',
	 .arg = "base",
	 .type = IMG_TEXT,
	 .offset = offsetof(struct conf, base),
	 .help = "write into this file of the backing chain; implies -d"},
	{.letter = 'r',
	 .arg = "rate_limit",
	 .type = IMG_SIZE,
	 .offset = offsetof(struct conf, rate),
	 .help = "at most this many bytes a second"},
	{.letter = 'd',
	 .type = IMG_FLAG,
	 .offset = offsetof(struct conf, drop),
	 .help = "do not empty the image afterwards"},
	IMG_OPT_PROGRESS(struct conf, progress),
	{.name = NULL},
};

struct layer {
	char *name;
	const char *format; /* NULL: guessed */
};

struct commit {
	struct img *img;
	const struct conf *conf;
	/* From the image's backing file down to the one that is written. */
	struct layer layers[MAX_CHAIN];
	unsigned nlayers;
	struct blk_node *top, *base;
	bool through;
};

static bool is_same_file(const char *a, const char *b)
{
	char *real_a, *real_b;
	bool same;

	if (!strcmp(a, b))
		return true;
	real_a = realpath(a, NULL);
	real_b = realpath(b, NULL);
	same = real_a && real_b && !strcmp(real_a, real_b);
	free(real_a);
	free(real_b);
	return same;
}

/* Is it what -b names, from here or from the image's folder? */
static bool is_base(const struct commit *cm, const struct blk_node *top,
		    const struct blk_node *node)
{
	const char *base = cm->conf->base;
	char *path;
	bool is;

	if (!base)
		return true;
	path = blk_path_combine(top->filename, base);
	is = is_same_file(node->filename, base) ||
	     (path && is_same_file(node->filename, path));
	free(path);
	return is;
}

static int list_layers(struct commit *cm, const struct blk_node *top,
		       struct error *err)
{
	const struct blk_node *node = top->child[BLK_BACKING];
	struct layer *layer;

	if (!node)
		return error_set(err, ENOTSUP,
				 "Image does not have a backing file");
	for (; node && cm->nlayers < MAX_CHAIN;
	     node = node->child[BLK_BACKING]) {
		layer = &cm->layers[cm->nlayers++];
		/* What was guessed stays guarded as such. */
		layer->format = node->probed ? NULL : node->driver->name;
		layer->name = strdup(node->filename);
		if (!layer->name)
			return error_set(err, ENOMEM, "out of memory");
		if (is_base(cm, top, node))
			return 0;
	}
	return error_set(err, ENOENT,
			 "Did not find '%s' in the backing chain of '%s'",
			 cm->conf->base, cm->img->args[0]);
}

/* Backing files are opened for reading: first to see which there are. */
static int find_layers(struct commit *cm, struct error *err)
{
	const struct conf *conf = cm->conf;
	struct img_source how = {.name = cm->img->args[0],
				 .format = conf->format,
				 .cache = conf->cache,
				 .image_opts = conf->image_opts};
	struct blk_node *top = img_open(cm->img, &how, NULL, err);
	int rc = top ? list_layers(cm, top, err) : -EIO;

	blk_node_unref(top);
	return rc;
}

static struct blk_node *open_layer(struct commit *cm, const struct layer *layer,
				   const struct blk_node *below, bool write,
				   struct error *err)
{
	struct img_source how = {.name = layer->name,
				 .format = layer->format,
				 .cache = cm->conf->cache,
				 .backing_node = below ? below->name : NULL,
				 .flags = write ? BLK_O_RDWR | BLK_O_UNMAP : 0};

	return img_open(cm->img, &how, &cm->through, err);
}

/* The whole chain again, from below, with the base for writing. */
static int open_chain(struct commit *cm, struct error *err)
{
	const struct conf *conf = cm->conf;
	struct img_source how = {.name = cm->img->args[0],
				 .format = conf->format,
				 .cache = conf->cache,
				 .image_opts = conf->image_opts,
				 .flags = BLK_O_RDWR | BLK_O_UNMAP};
	unsigned i = cm->nlayers - 1;
	struct blk_node *below, *node;

	cm->base = open_layer(cm, &cm->layers[i], NULL, true, err);
	if (!cm->base)
		return -EIO;
	below = blk_node_ref(cm->base);
	while (i--) {
		node = open_layer(cm, &cm->layers[i], below, false, err);
		blk_node_unref(below); /* node has it */
		if (!node)
			return -EIO;
		below = node;
	}
	how.backing_node = below->name;
	cm->top = img_open(cm->img, &how, NULL, err);
	blk_node_unref(below);
	return cm->top ? 0 : -EIO;
}

static int copy_down(struct commit *cm, struct img_progress *progress,
		     struct error *err)
{
	struct copy_source s = {.node = cm->top,
				.base = cm->base,
				.len = cm->top->size};
	struct copy copy = {.ctx = cm->img->ctx,
			    .sources = &s,
			    .nsources = 1,
			    .target = cm->base,
			    .write_flags = cm->through ? BLK_FUA : 0,
			    .requests = REQUESTS,
			    .min_sparse = BLK_SECTOR,
			    .as_it_is = true,
			    .rate = cm->conf->rate,
			    .program = cm->img->program,
			    .progress = progress};
	int rc = 0;

	if (cm->base->size < cm->top->size)
		rc = blk_truncate(cm->base, cm->top->size, BLK_PREALLOC_OFF,
				  err);
	rc = rc < 0 ? rc : copy_run(&copy, err);
	if (rc < 0)
		return rc;
	rc = blk_flush(cm->base);
	return rc < 0 ? error_errno(err, -rc, "cannot write '%s'",
				    cm->base->filename)
		      : 0;
}

static int commit(struct commit *cm, struct error *err)
{
	const struct conf *conf = cm->conf;
	struct img_progress progress;
	int rc = find_layers(cm, err);

	rc = rc < 0 ? rc : open_chain(cm, err);
	if (rc < 0)
		return rc;
	img_progress_start(&progress, conf->progress && !conf->quiet);
	rc = copy_down(cm, &progress, err);
	if (rc == 0 && !conf->drop && !conf->base)
		rc = blk_make_empty(cm->top, err);
	if (rc == 0)
		img_progress_set(&progress, 100);
	img_progress_end(&progress);
	if (rc == 0 && !conf->quiet)
		printf("Image committed.\n");
	return rc;
}

static int commit_run(struct img *img, void *opaque, struct error *err)
{
	struct commit *cm = calloc(1, sizeof(*cm));
	unsigned i;
	int rc;

	if (!cm)
		return error_set(err, ENOMEM, "out of memory");
	cm->img = img;
	cm->conf = opaque;
	rc = commit(cm, err);
	blk_node_unref(cm->top);
	blk_node_unref(cm->base);
	for (i = 0; i < cm->nlayers; i++)
		free(cm->layers[i].name);
	free(cm);
	return rc;
}

const struct img_command img_commit = {
	.name = "commit",
	.args = "filename",
	.help = "Writes what an image has into its backing file, and empties "
		"the image",
	.options = options,
	.conf_size = sizeof(struct conf),
	.min_args = 1,
	.max_args = 1,
	.run = commit_run,
};
