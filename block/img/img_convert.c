/* SPDX-License-Identifier: GPL-2.0-or-later */
/* convert: copies images into a new one, of another format perhaps. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "block/driver.h"
#include "block/formats.h"
#include "block/img/copy.h"
#include "block/img/img.h"

#define MAX_SPARSE (UINT64_C(16) << 20)

struct conf {
	const char *format, *out_format, *backing, *backing_format;
	const char *cache, *source_cache, *snapshot;
	char *options;
	uint64_t min_sparse, requests, rate;
	bool image_opts, target_image_opts, share, quiet, progress;
	bool compress, skip_create, unordered, offload, target_is_zero, salvage;
};

static const struct img_option options[] = {
	IMG_OPT_OBJECT,
	IMG_OPT_IMAGE_OPTS(struct conf, image_opts),
	{.name = "target-image-opts",
	 .type = IMG_FLAG,
	 .offset = offsetof(struct conf, target_image_opts),
	 .help = "the output is named by options; with -n"},
	IMG_OPT_SHARE(struct conf, share),
	{.name = "bitmaps",
	 .type = IMG_REFUSED,
	 .help = "pcvm has no dirty bitmaps"},
	{.name = "skip-broken-bitmaps",
	 .type = IMG_REFUSED,
	 .help = "pcvm has no dirty bitmaps"},
	{.name = "salvage",
	 .type = IMG_FLAG,
	 .offset = offsetof(struct conf, salvage),
	 .help = "zeros for what cannot be read, and a warning"},
	{.name = "target-is-zero",
	 .type = IMG_FLAG,
	 .offset = offsetof(struct conf, target_is_zero),
	 .help = "with -n: the output reads as zeros already"},
	{.letter = 'n',
	 .type = IMG_FLAG,
	 .offset = offsetof(struct conf, skip_create),
	 .help = "write to an image that is there; do not make one"},
	{.letter = 'c',
	 .type = IMG_FLAG,
	 .offset = offsetof(struct conf, compress),
	 .help = "compress the output (qcow2)"},
	{.letter = 'C',
	 .type = IMG_FLAG,
	 .offset = offsetof(struct conf, offload),
	 .help = "taken for qemu-img's sake: says how to copy, not what"},
	IMG_OPT_PROGRESS(struct conf, progress),
	IMG_OPT_QUIET(struct conf, quiet),
	IMG_OPT_FORMAT(struct conf, format),
	IMG_OPT_CACHE(struct conf, cache),
	IMG_OPT_SOURCE_CACHE(struct conf, source_cache),
	{.letter = 'O',
	 .arg = "output_fmt",
	 .type = IMG_TEXT,
	 .offset = offsetof(struct conf, out_format),
	 .help = "format of the output; raw without it"},
	{.letter = 'B',
	 .arg = "backing_file",
	 .type = IMG_TEXT,
	 .offset = offsetof(struct conf, backing),
	 .help = "backing file of the output: what the source has from its "
		 "own is left out"},
	{.letter = 'F',
	 .arg = "backing_fmt",
	 .type = IMG_TEXT,
	 .offset = offsetof(struct conf, backing_format),
	 .help = "format of the backing file"},
	{.letter = 'o',
	 .arg = "options",
	 .type = IMG_JOINED,
	 .offset = offsetof(struct conf, options),
	 .help = "options of the output's format; -o help lists them"},
	{.letter = 'l',
	 .arg = "snapshot_param",
	 .type = IMG_TEXT,
	 .offset = offsetof(struct conf, snapshot),
	 .help = "copy this internal snapshot: its id or name, "
		 "snapshot.id=ID or snapshot.name=NAME"},
	{.letter = 'S',
	 .arg = "sparse_size",
	 .type = IMG_SIZE,
	 .offset = offsetof(struct conf, min_sparse),
	 .dflt = "4096",
	 .max = MAX_SPARSE,
	 .help = "how many zeros make a hole; 0: write all zeros out"},
	{.letter = 'r',
	 .arg = "rate_limit",
	 .type = IMG_SIZE,
	 .offset = offsetof(struct conf, rate),
	 .help = "at most this many bytes a second"},
	{.letter = 'm',
	 .arg = "num_coroutines",
	 .type = IMG_NUMBER,
	 .offset = offsetof(struct conf, requests),
	 .dflt = "8",
	 .min = 1,
	 .max = COPY_MAX_REQUESTS,
	 .help = "how many requests to have under way"},
	{.letter = 'W',
	 .type = IMG_FLAG,
	 .offset = offsetof(struct conf, unordered),
	 .help = "write in any order"},
	{.name = NULL},
};

struct convert {
	struct img *img;
	const struct conf *conf;
	struct copy_source *sources;
	unsigned nsources;
	const char *target_name;
	struct blk_node *target;
	struct opt_list options;
	uint64_t size;
	bool writethrough;
	struct img_progress progress;
};

static int check_out_format(const struct convert *cv, struct error *err)
{
	const struct conf *conf = cv->conf;
	const struct blk_driver *driver;

	if (conf->target_image_opts)
		return 0;
	driver = blk_driver_find(conf->out_format);
	if (!driver || driver->protocol)
		return format_refuse(conf->out_format, err);
	if (conf->compress && !driver->compresses)
		return error_set(err, ENOTSUP,
				 "Compression not supported for this file "
				 "format");
	return 0;
}

static int check_conf(const struct convert *cv, struct error *err)
{
	const struct conf *conf = cv->conf;
	const char *wrong = NULL;

	if (conf->target_is_zero && !conf->skip_create)
		wrong = "--target-is-zero requires use of -n flag";
	else if (conf->target_image_opts && !conf->skip_create)
		wrong = "--target-image-opts requires use of -n flag";
	else if (conf->skip_create && conf->options)
		wrong = "-o has no effect when skipping image creation";
	else if (conf->offload && conf->min_sparse != 4096)
		wrong = "Cannot enable copy offloading when -S is used";
	else if (conf->offload && conf->compress)
		wrong = "Cannot enable copy offloading when -c is used";
	else if (conf->offload && conf->salvage)
		wrong = "Cannot use copy offloading in salvaging mode";
	else if (conf->backing && cv->nsources > 1)
		wrong = "Having a backing file for the target makes no sense "
			"when concatenating multiple input images";
	else if (conf->min_sparse % BLK_SECTOR)
		wrong = "Invalid buffer size for sparse output specified. "
			"Valid "
			"sizes are multiples of 512 up to 16777216. Select 0 "
			"to "
			"disable sparse detection (fully allocates output).";
	if (wrong)
		return error_set(err, EINVAL, "%s", wrong);
	return check_out_format(cv, err);
}

/* "snapshot.id=1" and "snapshot.name=x" say no more than "1" and "x". */
static int load_snapshot(const struct convert *cv, struct blk_node *node,
			 struct error *err)
{
	static const char *const keys[] = {"snapshot.id=", "snapshot.name="};
	const char *name = cv->conf->snapshot;
	unsigned i;

	if (!name)
		return 0;
	if (cv->nsources > 1)
		return error_set(err, EINVAL,
				 "No support for concatenating multiple "
				 "snapshot");
	for (i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (!strncmp(name, keys[i], strlen(keys[i]))) {
			name += strlen(keys[i]);
			break;
		}
	return blk_snapshot_load(node, name, err) < 0
		       ? error_prefix(err, "Failed to load snapshot")
		       : 0;
}

static int open_sources(struct convert *cv, struct error *err)
{
	const struct conf *conf = cv->conf;
	struct img_source how = {.format = conf->format,
				 .cache = conf->source_cache,
				 .image_opts = conf->image_opts,
				 .force_share = conf->share};
	struct copy_source *s;
	unsigned i;
	int rc;

	for (i = 0; i < cv->nsources; i++) {
		s = &cv->sources[i];
		how.name = cv->img->args[i];
		s->node = img_open(cv->img, &how, NULL, err);
		if (!s->node)
			return -EIO;
		rc = load_snapshot(cv, s->node, err);
		if (rc < 0)
			return rc;
		s->len = s->node->size;
		if (__builtin_add_overflow(cv->size, s->len, &cv->size))
			return error_set(err, EFBIG,
					 "the images are too big together");
	}
	return 0;
}

/* -B and -F are -o backing_file= and backing_fmt= by another name. */
static int add_backing(struct convert *cv, struct error *err)
{
	const struct conf *conf = cv->conf;
	int rc = 0;

	if (conf->backing)
		rc = opt_list_add(&cv->options, "backing_file", conf->backing,
				  err);
	if (rc == 0 && conf->backing_format)
		rc = opt_list_add(&cv->options, "backing_fmt",
				  conf->backing_format, err);
	return rc;
}

static int check_options(struct convert *cv, struct error *err)
{
	const char *prealloc = opt_list_get(&cv->options, "preallocation");
	const char *backing = opt_list_get(&cv->options, "backing_file");
	const char *format = opt_list_get(&cv->options, "backing_fmt");
	const struct blk_driver *driver = blk_driver_find(cv->conf->out_format);

	if ((backing || format) && !driver->change_backing)
		return error_set(err, ENOTSUP,
				 "Backing file%s not supported for file format "
				 "'%s'",
				 backing ? "" : " format", driver->name);
	if (backing && !format)
		return error_set(err, EINVAL,
				 "Use of backing file requires explicit "
				 "backing format");
	if (backing && cv->nsources > 1)
		return error_set(err, EINVAL,
				 "Having a backing file for the target makes "
				 "no sense when concatenating multiple input "
				 "images");
	if (cv->conf->compress && prealloc && strcmp(prealloc, "off") != 0)
		return error_set(err, EINVAL,
				 "Compression and preallocation not supported "
				 "at the same time");
	return 0;
}

static int make_target(struct convert *cv, struct error *err)
{
	struct blk_create create = {.filename = cv->target_name,
				    .format = cv->conf->out_format,
				    .size = cv->size,
				    .has_size = true,
				    .options = &cv->options};
	int rc = img_parse_options(cv->conf->options, &cv->options, err);

	rc = rc < 0 ? rc : add_backing(cv, err);
	rc = rc < 0 ? rc : check_options(cv, err);
	if (rc < 0)
		return rc;
	rc = blk_create(cv->img->ctx, &create, err);
	return rc < 0 ? error_prefix(err, "%s: error while converting %s",
				     create.filename, create.format)
		      : 0;
}

static int open_target(struct convert *cv, struct error *err)
{
	const struct conf *conf = cv->conf;
	struct img_source how = {.name = cv->target_name,
				 .format = conf->target_image_opts
						   ? NULL
						   : conf->out_format,
				 .cache = conf->cache ? conf->cache : "unsafe",
				 .image_opts = conf->target_image_opts,
				 .flags = BLK_O_RDWR | BLK_O_UNMAP};
	int rc = conf->skip_create ? 0 : make_target(cv, err);

	if (rc < 0)
		return rc;
	cv->target = img_open(cv->img, &how, &cv->writethrough, err);
	if (!cv->target)
		return -EIO;
	if (cv->target->size < cv->size)
		return error_set(err, EINVAL,
				 "output file is smaller than input file");
	if (conf->compress && !cv->target->driver->compresses)
		return error_set(err, ENOTSUP,
				 "Compression not supported for this file "
				 "format");
	return 0;
}

/* Makes the target all zeros where that is quickly done. */
static bool is_zeroed(struct convert *cv)
{
	const struct conf *conf = cv->conf;

	if (!conf->min_sparse)
		return false;
	if (conf->target_is_zero)
		return true;
	if (cv->target->child[BLK_BACKING])
		return false;
	if (!conf->skip_create && blk_has_zero_init(cv->target))
		return true;
	return blk_zero(cv->target, 0, cv->size,
			BLK_MAY_UNMAP | BLK_NO_FALLBACK) == 0;
}

static int copy(struct convert *cv, struct error *err)
{
	const struct conf *conf = cv->conf;
	struct blk_node *backing = cv->target->child[BLK_BACKING];
	struct copy c = {.ctx = cv->img->ctx,
			 .sources = cv->sources,
			 .nsources = cv->nsources,
			 .target = cv->target,
			 .requests = (unsigned)conf->requests,
			 .unordered = conf->unordered,
			 .salvage = conf->salvage,
			 .min_sparse = conf->min_sparse,
			 .rate = conf->rate,
			 .program = cv->img->program};

	if (conf->backing || opt_list_get(&cv->options, "backing_file"))
		cv->sources[0].base = cv->sources[0].node->child[BLK_BACKING];
	if (backing && !conf->skip_create)
		c.zeroed_from = backing->size;
	c.zeroed = is_zeroed(cv);
	c.write_flags = (conf->compress ? BLK_COMPRESS : 0) |
			(cv->writethrough ? BLK_FUA : 0);
	c.progress = &cv->progress;
	img_progress_start(&cv->progress, conf->progress && !conf->quiet);
	return copy_run(&c, err);
}

static int convert(struct convert *cv, struct error *err)
{
	int rc = check_conf(cv, err);

	rc = rc < 0 ? rc : open_sources(cv, err);
	rc = rc < 0 ? rc : open_target(cv, err);
	if (rc < 0)
		return rc;
	rc = copy(cv, err);
	if (rc == 0) {
		rc = blk_flush(cv->target);
		if (rc < 0)
			error_errno(err, -rc, "cannot write '%s'",
				    cv->target_name);
	}
	if (rc == 0)
		img_progress_set(&cv->progress, 100);
	img_progress_end(&cv->progress);
	return rc;
}

static int print_options(const char *format, struct error *err)
{
	const struct blk_driver *driver = blk_driver_find(format);

	if (!driver)
		return format_refuse(format, err);
	img_print_options(driver->create_opts);
	return 0;
}

static int convert_run(struct img *img, void *opaque, struct error *err)
{
	struct conf *conf = opaque;
	struct convert cv = {.img = img,
			     .conf = conf,
			     .nsources = img->nargs ? img->nargs - 1 : 0};
	unsigned i;
	int rc;

	if (!conf->out_format)
		conf->out_format = "raw";
	if (img_wants_help(conf->options))
		return print_options(conf->out_format, err);
	if (img->nargs < 2)
		return error_set(err, EINVAL, "Must specify image file name");
	cv.target_name = img->args[cv.nsources];
	cv.sources = calloc(cv.nsources, sizeof(*cv.sources));
	if (!cv.sources)
		return error_set(err, ENOMEM, "out of memory");
	rc = convert(&cv, err);
	blk_node_unref(cv.target);
	for (i = 0; i < cv.nsources; i++)
		blk_node_unref(cv.sources[i].node);
	opt_list_free(&cv.options);
	free(cv.sources);
	return rc;
}

const struct img_command img_convert = {
	.name = "convert",
	.args = "filename [filename2 [...]] output_filename",
	.help = "Copies images into a new one, one behind the other",
	.options = options,
	.conf_size = sizeof(struct conf),
	.max_args = UINT32_MAX,
	.run = convert_run,
};
