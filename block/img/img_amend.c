/* SPDX-License-Identifier: GPL-2.0-or-later */
/* amend: changes options that an image was made with. */
#include <errno.h>
#include <string.h>

#include "block/driver.h"
#include "block/formats.h"
#include "block/img/img.h"

struct conf {
	const char *format, *cache;
	char *options;
	bool image_opts, quiet, progress, force;
};

static const struct img_option options[] = {
	IMG_OPT_OBJECT,
	IMG_OPT_IMAGE_OPTS(struct conf, image_opts),
	IMG_OPT_PROGRESS(struct conf, progress),
	IMG_OPT_QUIET(struct conf, quiet),
	IMG_OPT_FORMAT(struct conf, format),
	IMG_OPT_CACHE(struct conf, cache),
	{.name = "force",
	 .type = IMG_FLAG,
	 .offset = offsetof(struct conf, force),
	 .help = "allow what would lock one out of an encrypted image"},
	{.letter = 'o',
	 .arg = "options",
	 .type = IMG_JOINED,
	 .offset = offsetof(struct conf, options),
	 .help = "what to change; -o help lists what can be"},
	{.name = NULL},
};

static int no_amendment(const char *format, struct error *err)
{
	return error_set(err, ENOTSUP,
			 "Format driver '%s' does not support option amendment",
			 format);
}

static int print_help(const struct blk_driver *driver, struct error *err)
{
	if (!driver->amend_opts)
		return no_amendment(driver->name, err);
	printf("Amend options for '%s':\n", driver->name);
	img_print_options(driver->amend_opts);
	return 0;
}

static int help_of_format(const char *format, struct error *err)
{
	const struct blk_driver *driver =
		format ? blk_driver_find(format) : NULL;

	if (!format)
		return error_set(err, EINVAL,
				 "amend: -o help needs -f fmt or the name of "
				 "an image");
	return driver ? print_help(driver, err) : format_refuse(format, err);
}

static int amend(struct blk_node *node, const struct conf *conf,
		 struct error *err)
{
	struct img_progress progress;
	struct opt_list list;
	int rc;

	if (!node->driver->amend)
		return no_amendment(node->driver->name, err);
	rc = img_parse_options(conf->options, &list, err);
	if (rc < 0)
		return rc;
	img_progress_start(&progress, conf->progress && !conf->quiet);
	rc = blk_amend(node, &list, err);
	if (rc == 0)
		img_progress_set(&progress, 100);
	img_progress_end(&progress);
	opt_list_free(&list);
	return rc;
}

static int amend_run(struct img *img, void *opaque, struct error *err)
{
	const struct conf *conf = opaque;
	struct img_source source = {
		.name = img->args[0],
		.format = conf->format,
		.cache = conf->cache,
		.image_opts = conf->image_opts,
		.flags = BLK_O_RDWR,
	};
	bool help = img_wants_help(conf->options);
	struct blk_node *node;
	int rc;

	if (!conf->options)
		return error_set(err, EINVAL, "Must specify options (-o)");
	if (!img->nargs && help)
		return help_of_format(conf->format, err);
	if (!img->nargs)
		return error_set(err, EINVAL,
				 "amend: the name of the image is missing");
	if (help)
		source.flags = BLK_O_NO_BACKING | BLK_O_NO_IO;
	node = img_open(img, &source, NULL, err);
	if (!node)
		return -EIO;
	rc = help ? print_help(node->driver, err) : amend(node, conf, err);
	blk_node_unref(node);
	return rc;
}

const struct img_command img_amend = {
	.name = "amend",
	.args = "[filename]",
	.help = "Changes options of an image",
	.options = options,
	.conf_size = sizeof(struct conf),
	.max_args = 1,
	.run = amend_run,
};
