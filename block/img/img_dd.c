/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dd: copies a part of an image, named in blocks as dd(1) has them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "block/driver.h"
#include "block/img/copy.h"
#include "block/img/img.h"

#define REQUESTS 8

struct conf {
	const char *format, *out_format;
	bool image_opts, share;
};

static const struct img_option options[] = {
	IMG_OPT_OBJECT,
	IMG_OPT_IMAGE_OPTS(struct conf, image_opts),
	IMG_OPT_SHARE(struct conf, share),
	IMG_OPT_FORMAT(struct conf, format),
	{.letter = 'O',
	 .arg = "output_fmt",
	 .type = IMG_TEXT,
	 .offset = offsetof(struct conf, out_format),
	 .help = "format of the output; raw without it"},
	{.name = NULL},
};

struct operands {
	uint64_t bs, count, skip; /* count, skip: in blocks */
	char *in, *out;
	bool has_count;
};

static const struct opt_desc operand_desc[] = {
	{.name = "bs",
	 .type = OPT_SIZE,
	 .offset = offsetof(struct operands, bs),
	 .min = 1,
	 .max = INT32_MAX,
	 .dflt = "512"},
	{.name = "count",
	 .type = OPT_SIZE,
	 .offset = offsetof(struct operands, count)},
	{.name = "if",
	 .type = OPT_STRING,
	 .offset = offsetof(struct operands, in)},
	{.name = "of",
	 .type = OPT_STRING,
	 .offset = offsetof(struct operands, out)},
	{.name = "skip",
	 .type = OPT_SIZE,
	 .offset = offsetof(struct operands, skip)},
	{.name = NULL},
};

/* A file's name may have commas, which no operand doubles. */
static int take_operand(struct operands *o, const char *text, struct error *err)
{
	const char *equals = strchr(text, '=');
	char *key = equals ? strndup(text, (size_t)(equals - text)) : NULL;
	int rc;

	if (!key || !opt_find(operand_desc, key)) {
		free(key);
		return error_set(err, EINVAL, "unrecognized operand %s", text);
	}
	rc = opt_set(operand_desc, o, key, equals + 1, err);
	if (!strcmp(key, "count"))
		o->has_count = true;
	free(key);
	return rc;
}

static int get_operands(const struct img *img, struct operands *o,
			struct error *err)
{
	unsigned i;
	int rc = 0;

	opt_defaults(operand_desc, o);
	for (i = 0; i < img->nargs && rc == 0; i++)
		rc = take_operand(o, img->args[i], err);
	if (rc == 0 && (!o->in || !o->out))
		rc = error_set(err, EINVAL,
			       "Must specify both input and output files");
	return rc;
}

/* The part of the source that is asked for, and the target's length. */
static void set_range(const struct img *img, const struct operands *o,
		      struct copy_source *s)
{
	uint64_t bytes;

	if (__builtin_mul_overflow(o->skip, o->bs, &s->from) ||
	    s->from > s->node->size) {
		fprintf(stderr, "%s: %s: cannot skip to specified offset\n",
			img->program, o->in);
		s->from = s->node->size;
	}
	s->len = s->node->size - s->from;
	if (o->has_count && !__builtin_mul_overflow(o->count, o->bs, &bytes) &&
	    bytes < s->len)
		s->len = bytes;
}

static struct blk_node *make_target(struct img *img, const struct conf *conf,
				    const struct operands *o, uint64_t size,
				    struct error *err)
{
	struct opt_list none = {.n = 0};
	struct blk_create create = {.filename = o->out,
				    .format = conf->out_format,
				    .size = size,
				    .has_size = true,
				    .options = &none};
	struct img_source how = {.name = o->out,
				 .format = conf->out_format,
				 .flags = BLK_O_RDWR | BLK_O_UNMAP};

	if (blk_create(img->ctx, &create, err) < 0) {
		error_prefix(err,
			     "%s: error while creating output image of "
			     "type %s",
			     o->out, conf->out_format);
		return NULL;
	}
	return img_open(img, &how, NULL, err);
}

static int copy_part(struct img *img, const struct conf *conf,
		     const struct operands *o, struct blk_node *source,
		     struct error *err)
{
	struct copy_source s = {.node = source};
	struct copy copy = {.ctx = img->ctx,
			    .sources = &s,
			    .nsources = 1,
			    .requests = REQUESTS,
			    .min_sparse = 4096,
			    .zeroed = true,
			    .program = img->program};
	int rc;

	set_range(img, o, &s);
	copy.target = make_target(img, conf, o, s.len, err);
	if (!copy.target)
		return -EIO;
	rc = copy_run(&copy, err);
	blk_node_unref(copy.target);
	return rc;
}

static int dd_run(struct img *img, void *opaque, struct error *err)
{
	struct conf *conf = opaque;
	struct operands o = {.bs = 0};
	struct img_source how = {.format = conf->format,
				 .image_opts = conf->image_opts,
				 .force_share = conf->share};
	struct blk_node *source;
	int rc = get_operands(img, &o, err);

	if (!conf->out_format)
		conf->out_format = "raw";
	if (rc == 0) {
		how.name = o.in;
		source = img_open(img, &how, NULL, err);
		rc = source ? copy_part(img, conf, &o, source, err) : -EIO;
		blk_node_unref(source);
	}
	opt_free(operand_desc, &o);
	return rc;
}

const struct img_command img_dd = {
	.name = "dd",
	.args = "[bs=block_size] [count=blocks] [skip=blocks] if=input "
		"of=output",
	.help = "Copies a part of an image into a new one",
	.options = options,
	.conf_size = sizeof(struct conf),
	.max_args = UINT32_MAX,
	.run = dd_run,
};
