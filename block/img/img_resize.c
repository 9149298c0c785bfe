/* SPDX-License-Identifier: GPL-2.0-or-later */
/* resize: another size of the disk. */
#include <errno.h>
#include <string.h>

#include "block/img/img.h"

static const char *const preallocations[] = {"off", "metadata", "falloc",
					     "full", NULL};

struct conf {
	const char *format;
	int preallocation;
	bool image_opts, quiet, shrink;
};

static const struct img_option options[] = {
	IMG_OPT_OBJECT,
	IMG_OPT_IMAGE_OPTS(struct conf, image_opts),
	IMG_OPT_FORMAT(struct conf, format),
	{.name = "preallocation",
	 .arg = "prealloc",
	 .type = IMG_CHOICE,
	 .offset = offsetof(struct conf, preallocation),
	 .choices = preallocations,
	 .help = "allocate the new part: off, metadata, falloc, full"},
	IMG_OPT_QUIET(struct conf, quiet),
	{.name = "shrink",
	 .type = IMG_FLAG,
	 .offset = offsetof(struct conf, shrink),
	 .help = "allow to make it smaller, which loses the data behind its "
		 "new end"},
	{.name = NULL},
};

struct change {
	char sign; /* '+', '-', or 0 for a size of its own */
	uint64_t n;
};

static int parse(const char *text, struct change *c, struct error *err)
{
	c->sign = *text == '+' || *text == '-' ? *text : 0;
	return img_parse_size(text + !!c->sign, "the new size", &c->n, err);
}

static int new_size(const struct change *c, uint64_t size, uint64_t *to,
		    struct error *err)
{
	bool overflow = false;

	*to = c->n;
	if (c->sign == '+')
		overflow = __builtin_add_overflow(size, c->n, to);
	if (overflow || *to > INT64_MAX)
		return error_set(err, EFBIG, "the new size is too big");
	if (c->sign == '-')
		*to = c->n < size ? size - c->n : 0;
	return *to ? 0
		   : error_set(err, EINVAL, "New image size must be positive");
}

static int resize(struct blk_node *node, const struct conf *conf,
		  const struct change *change, struct error *err)
{
	uint64_t to;
	int rc = new_size(change, node->size, &to, err);

	if (rc < 0)
		return rc;
	if (to <= node->size && conf->preallocation != BLK_PREALLOC_OFF)
		return error_set(err, EINVAL,
				 "Preallocation can only be used for growing "
				 "images");
	if (to < node->size && !conf->shrink)
		return error_set(err, EINVAL,
				 "Use the --shrink option to perform a shrink "
				 "operation, which deletes all data beyond the "
				 "new end of the image");
	return blk_truncate(node, to, (enum blk_prealloc)conf->preallocation,
			    err);
}

static int resize_run(struct img *img, void *opaque, struct error *err)
{
	const struct conf *conf = opaque;
	struct img_source source = {
		.name = img->args[0],
		.format = conf->format,
		.image_opts = conf->image_opts,
		.flags = BLK_O_RDWR,
	};
	struct change change;
	struct blk_node *node;
	int rc = parse(img->args[1], &change, err);

	if (rc < 0)
		return rc;
	node = img_open(img, &source, NULL, err);
	if (!node)
		return -EIO;
	rc = resize(node, conf, &change, err);
	blk_node_unref(node);
	if (rc == 0 && !conf->quiet)
		printf("Image resized.\n");
	return rc;
}

const struct img_command img_resize = {
	.name = "resize",
	.args = "filename [+|-]size",
	.help = "Changes the size of the disk",
	.options = options,
	.conf_size = sizeof(struct conf),
	.min_args = 2,
	.max_args = 2,
	.last_is_plain = true,
	.run = resize_run,
};
