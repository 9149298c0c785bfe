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

static int set_aio(const char *mode, enum blk_aio *aio, struct error *err)
{
	static const char *const modes[] = {
		[BLK_AIO_THREADS] = "threads",
		[BLK_AIO_NATIVE] = "native",
		[BLK_AIO_URING] = "io_uring",
	};
	unsigned i;

	if (!mode)
		return 0;
	for (i = 0; i < sizeof(modes) / sizeof(*modes); i++)
		if (!strcmp(modes[i], mode)) {
			*aio = (enum blk_aio)i;
			return 0;
		}
	return error_set(err, EINVAL, "Invalid aio option: %s", mode);
}

static json_t *node_options(const struct img_source *s, struct error *err)
{
	json_t *options;

	if (s->image_opts && s->format) {
		error_set(err, EINVAL,
			  "--image-opts and --format are mutually exclusive");
		return NULL;
	}
	options =
		s->image_opts ? img_options_json(s->name, err) : json_object();
	if (options && s->backing_node)
		json_object_set_new(options, "backing",
				    json_string(s->backing_node));
	return options;
}

static int check_share(const struct img_source *s, struct error *err)
{
	if (s->force_share && (s->flags & BLK_O_RDWR))
		return error_set(err, EINVAL,
				 "Could not open '%s': force-share=on can only "
				 "be used with read-only images",
				 s->name);
	return 0;
}

struct blk_node *img_open(struct img *img, const struct img_source *s,
			  bool *writethrough, struct error *err)
{
	struct blk_open open = {.flags = s->flags | BLK_O_TOOL};
	struct blk_node *node;
	json_t *options;

	if (set_cache(s->cache, &open.flags, writethrough, err) < 0 ||
	    set_aio(s->aio, &open.aio, err) < 0 || check_share(s, err) < 0)
		return NULL;
	if (s->force_share)
		open.flags |= BLK_O_FORCE_SHARE;
	options = node_options(s, err);
	if (!options)
		return NULL;
	open.options = options;
	if (!s->image_opts) {
		open.filename = s->name;
		open.format = s->format;
	}
	node = blk_open(img->ctx, &open, err);
	json_decref(options);
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
