/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options that nodes of every driver have. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "block/driver.h"
#include "block/options.h"

struct flag {
	const char *key;
	unsigned bit;
	bool inverse;
};

static const struct flag common_flags[] = {
	{.key = "read-only", .bit = BLK_O_RDWR, .inverse = true},
	{.key = "auto-read-only", .bit = BLK_O_AUTO_READ_ONLY},
	{.key = "force-share", .bit = BLK_O_FORCE_SHARE},
	{.key = "cache.direct", .bit = BLK_O_DIRECT},
	{.key = "cache.no-flush", .bit = BLK_O_NO_FLUSH},
};

#define COMMON_FLAGS (sizeof(common_flags) / sizeof(*common_flags))

const char *const blk_common_options[] = {
	"aio",		"auto-read-only", "cache",
	"cache.direct", "cache.no-flush", "detect-zeroes",
	"discard",	"driver",	  "file",
	"force-share",	"node-name",	  "read-only",
	NULL,
};

/* {"cache": {"direct": ...}} to "cache.direct". */
static void flatten_cache(json_t *options)
{
	json_t *cache = json_object_get(options, "cache"), *v;
	const char *key;
	char name[64];

	if (!json_is_object(cache))
		return;
	json_incref(cache);
	json_object_del(options, "cache");
	json_object_foreach(cache, key, v)
	{
		snprintf(name, sizeof(name), "cache.%s", key);
		json_object_set(options, name, v);
	}
	json_decref(cache);
}

static int take_flags(json_t *options, unsigned *flags, struct error *err)
{
	const struct flag *f;
	bool on;
	int rc = 0;

	flatten_cache(options);
	for (f = common_flags; f < common_flags + COMMON_FLAGS && !rc; f++) {
		on = !(*flags & f->bit) == f->inverse;
		rc = blk_take_bool(options, f->key, &on, err);
		*flags = on != f->inverse ? *flags | f->bit : *flags & ~f->bit;
	}
	if (rc == 0 && (*flags & BLK_O_FORCE_SHARE) && (*flags & BLK_O_RDWR))
		rc = error_set(err, EINVAL,
			       "force-share=on can only be used with read-only "
			       "images");
	return rc;
}

static int take_discard(json_t *options, unsigned *flags, struct error *err)
{
	static const char *const choices[] = {"ignore", "unmap", "off", "on",
					      NULL};
	int choice = *flags & BLK_O_UNMAP ? 1 : 0;
	int rc = blk_take_choice(options, "discard", choices, &choice, err);

	*flags = choice & 1 ? *flags | BLK_O_UNMAP : *flags & ~BLK_O_UNMAP;
	return rc;
}

static int take_aio(json_t *options, struct blk_how *how, struct error *err)
{
	static const char *const choices[] = {"threads", "native", "io_uring",
					      NULL};
	int choice = (int)how->aio;
	int rc = blk_take_choice(options, "aio", choices, &choice, err);

	how->aio = (enum blk_aio)choice;
	return rc;
}

static int take_detect(json_t *options, struct blk_how *how, struct error *err)
{
	static const char *const choices[] = {"off", "on", "unmap", NULL};
	int choice = BLK_DETECT_OFF;
	int rc = blk_take_choice(options, "detect-zeroes", choices, &choice,
				 err);

	how->detect = (enum blk_detect)choice;
	return rc;
}

int blk_take_common(json_t *options, struct blk_how *how, struct error *err)
{
	int rc = take_flags(options, &how->flags, err);

	rc = rc < 0 ? rc : take_discard(options, &how->flags, err);
	rc = rc < 0 ? rc : take_detect(options, how, err);
	return rc < 0 ? rc : take_aio(options, how, err);
}
