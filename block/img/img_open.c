/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opening images as the image tool's options say, and what -o has. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "block/driver.h"
#include "block/img/img.h"

/* "driver=qcow2,file.filename=x" to an object. */
json_t *img_options_json(const char *text, struct error *err)
{
	struct opt_list list;
	json_t *o;
	size_t i;

	if (opt_split(text, NULL, &list, err) < 0)
		return NULL;
	o = json_object();
	for (i = 0; i < list.n; i++)
		json_object_set_new(o, list.pair[i].key,
				    json_string_nocheck(list.pair[i].value));
	opt_list_free(&list);
	return o;
}

static int set_cache(const char *mode, unsigned *flags, bool *writethrough,
		     struct error *err)
{
	bool through = false;

	if (mode && blk_cache_mode(mode, flags, &through) < 0)
		return error_set(err, EINVAL,
				 "Invalid cache option: '%s' is none of none, "
				 "writeback, writethrough, directsync, unsafe",
				 mode);
	if (writethrough)
		*writethrough = through;
	return 0;
}

static struct blk_node *open_options(struct img *img,
				     const struct img_source *s,
				     struct blk_open *open, struct error *err)
{
	struct blk_node *node;
	json_t *options;

	if (s->format) {
		error_set(err, EINVAL,
			  "--image-opts and --format are mutually exclusive");
		return NULL;
	}
	options = img_options_json(s->name, err);
	if (!options)
		return NULL;
	open->options = options;
	node = blk_open(img->ctx, open, err);
	json_decref(options);
	return node;
}

struct blk_node *img_open(struct img *img, const struct img_source *s,
			  bool *writethrough, struct error *err)
{
	struct blk_open open = {.flags = s->flags | BLK_O_TOOL};
	struct blk_node *node;

	if (set_cache(s->cache, &open.flags, writethrough, err) < 0)
		return NULL;
	if (s->force_share && (s->flags & BLK_O_RDWR)) {
		error_set(err, EINVAL,
			  "Could not open '%s': force-share=on can only be "
			  "used with read-only images",
			  s->name);
		return NULL;
	}
	if (s->force_share)
		open.flags |= BLK_O_FORCE_SHARE;
	if (s->image_opts) {
		node = open_options(img, s, &open, err);
	} else {
		open.filename = s->name;
		open.format = s->format;
		node = blk_open(img->ctx, &open, err);
	}
	if (!node)
		error_prefix(err, "Could not open '%s'", s->name);
	return node;
}

int img_parse_size(const char *text, const char *what, uint64_t *size,
		   struct error *err)
{
	if (opt_parse_size(text, 1, size, err) < 0)
		return error_prefix(err, "%s '%s'", what, text);
	if (*size > INT64_MAX)
		return error_set(err, EFBIG,
				 "%s '%s' is too big: at most 8E - 1 bytes",
				 what, text);
	return 0;
}

int img_parse_options(const char *text, struct opt_list *list,
		      struct error *err)
{
	*list = (struct opt_list){0};
	return text ? opt_split(text, NULL, list, err) : 0;
}

bool img_wants_help(const char *options)
{
	struct opt_list list;
	bool yes = false;
	size_t i;

	if (!options || opt_split(options, NULL, &list, NULL) < 0)
		return false;
	for (i = 0; i < list.n; i++)
		if (!strcmp(list.pair[i].key, "help") ||
		    !strcmp(list.pair[i].key, "?"))
			yes = true;
	opt_list_free(&list);
	return yes;
}
