/* SPDX-License-Identifier: GPL-2.0-or-later */
/* compare: do two images show the same disk? */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "block/img/img.h"

#define BUF_SIZE (2u << 20)

enum status {
	STATUS_SAME = 0,
	STATUS_DIFFERENT = 1,
	STATUS_NOT_OPENED = 2,
	STATUS_NO_METADATA = 3,
	STATUS_NOT_READ = 4,
};

struct conf {
	const char *format, *format2, *cache;
	bool image_opts, share, quiet, progress, strict;
};

static const struct img_option options[] = {
	IMG_OPT_OBJECT,
	IMG_OPT_IMAGE_OPTS(struct conf, image_opts),
	IMG_OPT_FORMAT(struct conf, format),
	{.letter = 'F',
	 .arg = "fmt",
	 .type = IMG_TEXT,
	 .offset = offsetof(struct conf, format2),
	 .help = "format of the second image"},
	IMG_OPT_SOURCE_CACHE(struct conf, cache),
	IMG_OPT_PROGRESS(struct conf, progress),
	IMG_OPT_QUIET(struct conf, quiet),
	{.letter = 's',
	 .name = "strict",
	 .type = IMG_FLAG,
	 .offset = offsetof(struct conf, strict),
	 .help = "sizes and allocation have to be the same, too"},
	IMG_OPT_SHARE(struct conf, share),
	{.name = NULL},
};

struct side {
	const char *name;
	struct blk_node *node;
	uint8_t *buf;
	struct blk_extent ext;
};

struct comparison {
	struct img *img;
	const struct conf *conf;
	struct side side[2];
	struct img_progress progress;
	struct error *err;
};

static int say_different(const struct comparison *c, const char *what,
			 uint64_t at, const char *rest)
{
	if (!c->conf->quiet)
		printf("%s%llu%s\n", what, (unsigned long long)at, rest);
	return STATUS_DIFFERENT;
}

static int mismatch(const struct comparison *c, uint64_t at)
{
	return say_different(c, "Content mismatch at offset ", at, "!");
}

/* Prints what err says, for an exit status of its own. */
static int fail(const struct comparison *c, int status)
{
	img_print_error(c->img, c->err);
	return status;
}

static int read_side(const struct comparison *c, const struct side *s,
		     uint64_t at, uint64_t len)
{
	int rc = blk_pread(s->node, at, s->buf, len);

	if (rc == 0)
		return 0;
	error_errno(c->err, -rc, "Error while reading offset %llu of %s",
		    (unsigned long long)at, s->name);
	return fail(c, STATUS_NOT_READ);
}

static int get_status(const struct comparison *c, struct side *s, uint64_t at,
		      uint64_t end)
{
	unsigned depth;
	int rc = blk_status_above(s->node, NULL, at, end - at, &s->ext, &depth);

	/* Strictly, what ends the image is not what goes on. */
	if (rc == 0 && at + s->ext.len == s->node->size)
		s->ext.flags |= BLK_EOF;
	if (rc == 0)
		return 0;
	error_errno(c->err, -rc, "Sector allocation test failed for %s",
		    s->name);
	return fail(c, STATUS_NO_METADATA);
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* The first sector that differs. */
static int compare_data(struct comparison *c, uint64_t at, uint64_t len)
{
	struct side *a = &c->side[0], *b = &c->side[1];
	uint64_t i;
	int rc = read_side(c, a, at, len);

	rc = rc ? rc : read_side(c, b, at, len);
	if (rc || !memcmp(a->buf, b->buf, len))
		return rc;
	for (i = 0; i < len; i += BLK_SECTOR)
		if (memcmp(a->buf + i, b->buf + i,
			   smaller(BLK_SECTOR, len - i)))
			break;
	return mismatch(c, at + i);
}

/* All zeros?  The first sector that is not. */
static int compare_zeros(struct comparison *c, const struct side *s,
			 uint64_t at, uint64_t len)
{
	uint64_t i = 0;
	int rc = read_side(c, s, at, len);

	if (rc)
		return rc;
	if (!s->buf[0] && !memcmp(s->buf, s->buf + 1, len - 1))
		return 0;
	while (!s->buf[i])
		i++;
	return mismatch(c, at + i / BLK_SECTOR * BLK_SECTOR);
}

static bool is_allocated(const struct side *s)
{
	return s->ext.flags & BLK_ALLOCATED;
}

static int compare_piece(struct comparison *c, uint64_t at, uint64_t len)
{
	struct side *a = &c->side[0], *b = &c->side[1];

	if (c->conf->strict && a->ext.flags != b->ext.flags)
		return say_different(c, "Strict mode: Offset ", at,
				     " block status mismatch!");
	if ((a->ext.flags & BLK_ZERO) && (b->ext.flags & BLK_ZERO))
		return 0;
	if (is_allocated(a) != is_allocated(b))
		return compare_zeros(c, is_allocated(a) ? a : b, at, len);
	return is_allocated(a) ? compare_data(c, at, len) : 0;
}

static int compare_common(struct comparison *c, uint64_t end, uint64_t whole)
{
	struct side *a = &c->side[0], *b = &c->side[1];
	uint64_t at, len;
	int rc;

	for (at = 0; at < end; at += len) {
		rc = get_status(c, a, at, end);
		rc = rc ? rc : get_status(c, b, at, end);
		if (rc)
			return rc;
		len = smaller(a->ext.len, b->ext.len);
		/* Only what is read needs to fit. */
		if (!(a->ext.flags & b->ext.flags & BLK_ZERO))
			len = smaller(len, BUF_SIZE);
		rc = compare_piece(c, at, len);
		if (rc)
			return rc;
		img_progress_set(&c->progress,
				 (double)(at + len) * 100.0 / (double)whole);
	}
	return 0;
}

/* What the longer image has more has to be zeros. */
static int compare_rest(struct comparison *c, struct side *s, uint64_t from)
{
	const uint64_t end = s->node->size;
	uint64_t at, len;
	int rc = 0;

	if (!c->conf->quiet)
		printf("Warning: Image size mismatch!\n");
	for (at = from; at < end && !rc; at += len) {
		rc = get_status(c, s, at, end);
		if (rc)
			break;
		len = s->ext.len;
		if (is_allocated(s) && !(s->ext.flags & BLK_ZERO)) {
			len = smaller(len, BUF_SIZE);
			rc = compare_zeros(c, s, at, len);
		}
		img_progress_set(&c->progress,
				 (double)(at + len) * 100.0 / (double)end);
	}
	return rc;
}

static int compare(struct comparison *c)
{
	struct side *a = &c->side[0], *b = &c->side[1];
	struct side *longer = a->node->size > b->node->size ? a : b;
	uint64_t common = smaller(a->node->size, b->node->size);
	int rc;

	if (c->conf->strict && a->node->size != b->node->size) {
		if (!c->conf->quiet)
			printf("Strict mode: Image size mismatch!\n");
		return STATUS_DIFFERENT;
	}
	rc = compare_common(c, common, longer->node->size);
	if (!rc && longer->node->size > common)
		rc = compare_rest(c, longer, common);
	if (rc)
		return rc;
	img_progress_set(&c->progress, 100);
	if (!c->conf->quiet)
		printf("Images are identical.\n");
	return STATUS_SAME;
}

static int open_sides(struct comparison *c)
{
	const struct conf *conf = c->conf;
	struct img_source source = {
		.cache = conf->cache,
		.image_opts = conf->image_opts,
		.force_share = conf->share,
	};
	struct side *s;
	unsigned i;

	for (i = 0; i < 2; i++) {
		s = &c->side[i];
		s->name = source.name = c->img->args[i];
		source.format = i ? conf->format2 : conf->format;
		s->node = img_open(c->img, &source, NULL, c->err);
		if (!s->node)
			return fail(c, STATUS_NOT_OPENED);
		s->buf = aligned_alloc(4096, BUF_SIZE);
		if (!s->buf)
			return error_set(c->err, ENOMEM, "out of memory");
	}
	return 0;
}

static int compare_run(struct img *img, void *opaque, struct error *err)
{
	const struct conf *conf = opaque;
	struct comparison c = {.img = img, .conf = conf, .err = err};
	unsigned i;
	int rc = open_sides(&c);

	if (rc == 0) {
		img_progress_start(&c.progress, conf->progress && !conf->quiet);
		rc = compare(&c);
		img_progress_end(&c.progress);
	}
	for (i = 0; i < 2; i++) {
		free(c.side[i].buf);
		if (c.side[i].node)
			blk_node_unref(c.side[i].node);
	}
	return rc;
}

const struct img_command img_compare = {
	.name = "compare",
	.args = "filename1 filename2",
	.help = "Compares two images; exits with 0 if they are the same, 1 if "
		"not, 2 if one cannot be opened, 3 or 4 if one cannot be read",
	.options = options,
	.conf_size = sizeof(struct conf),
	.min_args = 2,
	.max_args = 2,
	.run = compare_run,
};
