/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rebase: gives an image another backing file.  What the new one shows
 * otherwise than the old one is written into the image first; with -u it is
 * the user who knows that there is no such thing.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "block/driver.h"
#include "block/img/copy.h"
#include "block/img/img.h"

#define CHUNK	  (UINT64_C(2) << 20)
#define BUF_ALIGN 4096

struct conf {
	const char *format, *cache, *source_cache, *backing, *backing_format;
	bool image_opts, share, quiet, progress, unsafe;
};

static const struct img_option options[] = {
	IMG_OPT_OBJECT,
	IMG_OPT_IMAGE_OPTS(struct conf, image_opts),
	IMG_OPT_SHARE(struct conf, share),
	IMG_OPT_QUIET(struct conf, quiet),
	IMG_OPT_FORMAT(struct conf, format),
	IMG_OPT_CACHE(struct conf, cache),
	IMG_OPT_SOURCE_CACHE(struct conf, source_cache),
	IMG_OPT_PROGRESS(struct conf, progress),
	{.letter = 'u',
	 .type = IMG_FLAG,
	 .offset = offsetof(struct conf, unsafe),
	 .help = "only write the other name; neither file is opened"},
	{.letter = 'b',
	 .arg = "backing_file",
	 .type = IMG_TEXT,
	 .offset = offsetof(struct conf, backing),
	 .help = "the new backing file; \"\" for none"},
	{.letter = 'F',
	 .arg = "backing_fmt",
	 .type = IMG_TEXT,
	 .offset = offsetof(struct conf, backing_format),
	 .help = "format of the new backing file"},
	{.name = NULL},
};

struct rebase {
	struct img *img;
	const struct conf *conf;
	struct blk_node *top, *other; /* other: the new one, or NULL */
	/* What both chains have: what comes from here is the same in both. */
	const struct blk_node *shared;
	uint8_t *old_buf, *new_buf;
	uint64_t granule;
	bool through;
};

/* Both read as zeros behind their ends. */
static int read_of(struct blk_node *node, uint64_t off, uint8_t *buf,
		   uint64_t len)
{
	uint64_t have = node && off < node->size ? node->size - off : 0;
	int rc = 0;

	have = have < len ? have : len;
	if (have)
		rc = blk_pread(node, off, buf, have);
	memset(buf + have, 0, len - have);
	return rc;
}

/*
 * Zeros have to be zeros whatever is below.  An image without a way to say so,
 * as version 2 of qcow2, gets them as data.
 */
static int write_piece(struct rebase *rb, uint64_t off, const uint8_t *buf,
		       uint64_t len)
{
	unsigned flags = rb->through ? BLK_FUA : 0;
	int rc = -ENOTSUP;

	if (copy_is_zero(buf, len))
		rc = blk_zero(rb->top, off, len, flags | BLK_NO_FALLBACK);
	return rc == -ENOTSUP ? blk_pwrite(rb->top, off, buf, len, flags) : rc;
}

/* Writes the clusters that differ, neighbours together. */
static int write_differing(struct rebase *rb, uint64_t off, uint64_t len)
{
	uint64_t at, n, from = 0;
	bool differs, pending = false;
	int rc = 0;

	for (at = 0; at < len && rc == 0; at += n) {
		n = rb->granule - (off + at) % rb->granule;
		n = n < len - at ? n : len - at;
		differs = memcmp(rb->old_buf + at, rb->new_buf + at, n) != 0;
		if (differs && !pending)
			from = at;
		if (!differs && pending)
			rc = write_piece(rb, off + from, rb->old_buf + from,
					 at - from);
		pending = differs;
	}
	if (pending && rc == 0)
		rc = write_piece(rb, off + from, rb->old_buf + from,
				 len - from);
	return rc;
}

/* Does what is there come from below both? */
static int is_shared(const struct rebase *rb, uint64_t off, uint64_t *len,
		     bool *yes)
{
	struct blk_node *old = rb->top->child[BLK_BACKING];
	struct blk_extent ext;
	unsigned depth;
	int rc;

	*yes = old && old == rb->shared;
	if (!old || !rb->shared || *yes)
		return 0;
	rc = blk_status_above(old, rb->shared, off, *len, &ext, &depth);
	if (rc < 0)
		return rc;
	*len = ext.len;
	*yes = !(ext.flags & (BLK_ALLOCATED | BLK_ZERO));
	return 0;
}

/* What top does not have itself, at most a chunk of it. */
static int do_part(struct rebase *rb, uint64_t off, uint64_t *len,
		   struct error *err)
{
	struct blk_node *old = rb->top->child[BLK_BACKING];
	bool shared;
	int rc = is_shared(rb, off, len, &shared);

	if (rc == 0 && shared)
		return 0;
	*len = *len < CHUNK ? *len : CHUNK;
	rc = rc < 0 ? rc : read_of(old, off, rb->old_buf, *len);
	if (rc < 0)
		return error_errno(err, -rc,
				   "error while reading from old backing file");
	rc = read_of(rb->other, off, rb->new_buf, *len);
	if (rc < 0)
		return error_errno(err, -rc,
				   "error while reading from new backing file");
	rc = write_differing(rb, off, *len);
	return rc < 0 ? error_errno(err, -rc,
				    "Error while writing to COW image")
		      : 0;
}

static int do_all(struct rebase *rb, struct img_progress *progress,
		  struct error *err)
{
	uint64_t off, size = rb->top->size, len;
	struct blk_extent ext;
	int rc;

	for (off = 0; off < size; off += len) {
		rc = blk_status(rb->top, off, size - off, &ext);
		if (rc < 0 || !ext.len)
			return error_errno(
				err, rc < 0 ? -rc : EIO,
				"error while reading image metadata");
		len = ext.len;
		if (!(ext.flags & BLK_ALLOCATED)) {
			rc = do_part(rb, off, &len, err);
			if (rc < 0)
				return rc;
		}
		img_progress_set(progress,
				 (double)(off + len) * 100 / (double)size);
	}
	return 0;
}

static const struct blk_node *find_shared(const struct rebase *rb)
{
	const struct blk_node *node = rb->top->child[BLK_BACKING];
	char *wanted = realpath(rb->other->filename, NULL), *path;
	bool same = false;

	for (; wanted && node; node = node->child[BLK_BACKING]) {
		path = realpath(node->filename, NULL);
		same = path && !strcmp(path, wanted) &&
		       node->driver == rb->other->driver;
		free(path);
		if (same)
			break;
	}
	free(wanted);
	return same ? node : NULL;
}

/* Its name is as the image will have it: from the image's folder. */
static int open_other(struct rebase *rb, struct error *err)
{
	const struct conf *conf = rb->conf;
	char *path = blk_path_combine(rb->top->filename, conf->backing);
	struct img_source how = {.name = path,
				 .format = conf->backing_format,
				 .cache = conf->source_cache,
				 .force_share = conf->share};

	if (!path)
		return error_set(err, ENOMEM, "out of memory");
	rb->other = img_open(rb->img, &how, NULL, err);
	free(path);
	if (!rb->other)
		return error_prefix(err, "Could not open new backing file");
	rb->shared = find_shared(rb);
	return 0;
}

static int make_same(struct rebase *rb, struct img_progress *progress,
		     struct error *err)
{
	struct blk_info info;
	void *buf;
	int rc = 0;

	if (rb->conf->backing && *rb->conf->backing)
		rc = open_other(rb, err);
	if (rc < 0)
		return rc;
	if (posix_memalign(&buf, BUF_ALIGN, 2 * CHUNK))
		return error_set(err, ENOMEM, "out of memory");
	rb->old_buf = buf;
	rb->new_buf = rb->old_buf + CHUNK;
	blk_get_info(rb->top, &info);
	rb->granule = info.cluster_size ? info.cluster_size : BUF_ALIGN;
	blk_info_free(&info);
	rc = do_all(rb, progress, err);
	if (rc == 0) {
		rc = blk_flush(rb->top);
		if (rc < 0)
			error_errno(err, -rc, "cannot write '%s'",
				    rb->top->filename);
	}
	return rc;
}

static int check(const struct conf *conf, struct error *err)
{
	if (!conf->backing && !conf->unsafe)
		return error_set(err, EINVAL,
				 "Must specify backing file (-b) or use unsafe "
				 "mode (-u)");
	if (conf->backing_format && !blk_driver_find(conf->backing_format))
		return error_set(err, EINVAL, "Invalid format name: '%s'",
				 conf->backing_format);
	return 0;
}

static int check_change(const struct rebase *rb, struct error *err)
{
	const struct conf *conf = rb->conf;
	const char *name = conf->backing ? conf->backing : "";

	if (!rb->top->driver->change_backing)
		return error_set(err, ENOTSUP,
				 "Could not change the backing file to '%s': "
				 "the format %s has no backing files",
				 name, rb->top->driver->name);
	if (*name && !conf->backing_format)
		return error_set(err, EINVAL,
				 "Could not change the backing file to '%s': "
				 "backing format must be specified",
				 name);
	return 0;
}

static int change(struct rebase *rb, struct error *err)
{
	const struct conf *conf = rb->conf;
	bool any = conf->backing && *conf->backing;

	return blk_change_backing(rb->top, any ? conf->backing : NULL,
				  any ? conf->backing_format : NULL, err);
}

static int rebase(struct rebase *rb, struct error *err)
{
	const struct conf *conf = rb->conf;
	struct img_source how = {.name = rb->img->args[0],
				 .format = conf->format,
				 .cache = conf->cache,
				 .image_opts = conf->image_opts,
				 .flags =
					 BLK_O_RDWR | BLK_O_UNMAP |
					 (conf->unsafe ? BLK_O_NO_BACKING : 0)};
	struct img_progress progress;
	int rc = check(conf, err);

	if (rc < 0)
		return rc;
	rb->top = img_open(rb->img, &how, &rb->through, err);
	if (!rb->top)
		return -EIO;
	rc = check_change(rb, err);
	if (rc < 0)
		return rc;
	img_progress_start(&progress, conf->progress && !conf->quiet);
	if (!conf->unsafe)
		rc = make_same(rb, &progress, err);
	rc = rc < 0 ? rc : change(rb, err);
	if (rc == 0)
		img_progress_set(&progress, 100);
	img_progress_end(&progress);
	return rc;
}

static int rebase_run(struct img *img, void *opaque, struct error *err)
{
	struct rebase rb = {.img = img, .conf = opaque};
	int rc = rebase(&rb, err);

	blk_node_unref(rb.other);
	blk_node_unref(rb.top);
	free(rb.old_buf);
	return rc;
}

const struct img_command img_rebase = {
	.name = "rebase",
	.args = "filename",
	.help = "Gives an image another backing file",
	.options = options,
	.conf_size = sizeof(struct conf),
	.min_args = 1,
	.max_args = 1,
	.run = rebase_run,
};
