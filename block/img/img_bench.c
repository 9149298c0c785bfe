/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bench: many equal requests, and how long they take. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "block/img/img.h"
#include "vmm/timer.h"

#define BUF_ALIGN 4096

struct conf {
	const char *format, *aio, *cache;
	uint64_t count, depth, offset, size, step, pattern, flush_interval;
	bool image_opts, share, quiet, native, write, no_drain, has_step;
};

static const struct img_option options[] = {
	{.letter = 'c',
	 .arg = "count",
	 .type = IMG_NUMBER,
	 .offset = offsetof(struct conf, count),
	 .dflt = "75000",
	 .max = INT32_MAX,
	 .help = "how many requests"},
	{.letter = 'd',
	 .arg = "depth",
	 .type = IMG_NUMBER,
	 .offset = offsetof(struct conf, depth),
	 .dflt = "64",
	 .min = 1,
	 .max = 4096,
	 .help = "how many of them at once"},
	IMG_OPT_FORMAT(struct conf, format),
	{.name = "flush-interval",
	 .arg = "flush_interval",
	 .type = IMG_NUMBER,
	 .offset = offsetof(struct conf, flush_interval),
	 .max = INT32_MAX,
	 .help = "with -w: flush after this many requests"},
	{.letter = 'i',
	 .name = "aio",
	 .arg = "aio",
	 .type = IMG_TEXT,
	 .offset = offsetof(struct conf, aio),
	 .help = "asynchronous I/O by threads, native or io_uring"},
	IMG_OPT_IMAGE_OPTS(struct conf, image_opts),
	{.letter = 'n',
	 .type = IMG_FLAG,
	 .offset = offsetof(struct conf, native),
	 .help = "the same as -i native"},
	{.name = "no-drain",
	 .type = IMG_FLAG,
	 .offset = offsetof(struct conf, no_drain),
	 .help = "flush while other requests are under way"},
	IMG_OPT_OBJECT,
	{.letter = 'o',
	 .name = "offset",
	 .arg = "offset",
	 .type = IMG_SIZE,
	 .offset = offsetof(struct conf, offset),
	 .max = INT64_MAX,
	 .help = "where the first request begins"},
	{.name = "pattern",
	 .arg = "pattern",
	 .type = IMG_NUMBER,
	 .offset = offsetof(struct conf, pattern),
	 .max = UINT8_MAX,
	 .help = "the byte that is written"},
	IMG_OPT_QUIET(struct conf, quiet),
	{.letter = 's',
	 .name = "buffer-size",
	 .arg = "buffer_size",
	 .type = IMG_SIZE,
	 .offset = offsetof(struct conf, size),
	 .dflt = "4096",
	 .max = INT32_MAX,
	 .help = "bytes of a request"},
	{.letter = 'S',
	 .name = "step-size",
	 .arg = "step_size",
	 .type = IMG_SIZE,
	 .offset = offsetof(struct conf, step),
	 .max = INT32_MAX,
	 .help = "from the begin of one to that of the next; else they lie "
		 "behind each other"},
	IMG_OPT_CACHE(struct conf, cache),
	IMG_OPT_SHARE(struct conf, share),
	{.letter = 'w',
	 .name = "write",
	 .type = IMG_FLAG,
	 .offset = offsetof(struct conf, write),
	 .help = "write rather than read"},
	{.name = NULL},
};

struct bench;

struct unit {
	struct blk_req req;
	struct iovec iov;
	struct bench *b;
};

struct bench {
	const struct conf *conf;
	struct blk_node *node;
	struct unit *units; /* one for each that may be under way */
	uint8_t *bufs;
	struct blk_req flush;
	uint64_t left, offset, since_flush;
	unsigned busy;
	unsigned nfree;
	struct unit **free;
	bool flushing, through;
	int rc;
};

static void submit_more(struct bench *b);

static void on_done(struct blk_req *req, int rc)
{
	struct unit *u = container_of(req, struct unit, req);
	struct bench *b = u->b;

	b->busy--;
	b->free[b->nfree++] = u;
	if (rc < 0 && !b->rc)
		b->rc = rc;
}

static void on_flushed(struct blk_req *req, int rc)
{
	struct bench *b = container_of(req, struct bench, flush);

	b->busy--;
	b->flushing = false;
	if (rc < 0 && !b->rc)
		b->rc = rc;
}

static void submit_one(struct bench *b)
{
	const struct conf *conf = b->conf;
	struct unit *u = b->free[--b->nfree];

	u->req = (struct blk_req){.op = conf->write ? BLK_WRITE : BLK_READ,
				  .flags = b->through ? BLK_FUA : 0,
				  .off = b->offset,
				  .iov = &u->iov,
				  .niov = 1,
				  .done = on_done};
	b->left--;
	b->since_flush++;
	b->offset += conf->step;
	if (b->node->size)
		b->offset %= b->node->size;
	b->busy++;
	blk_node_submit(b->node, &u->req);
}

/* Is a flush due, and may it begin? */
static bool flush_if_due(struct bench *b)
{
	const struct conf *conf = b->conf;

	if (!conf->flush_interval || b->since_flush < conf->flush_interval)
		return false;
	if (b->busy && !conf->no_drain)
		return true;
	b->since_flush = 0;
	b->flushing = true;
	b->flush = (struct blk_req){.op = BLK_FLUSH, .done = on_flushed};
	b->busy++;
	blk_node_submit(b->node, &b->flush);
	return !conf->no_drain;
}

static void submit_more(struct bench *b)
{
	while (b->left && b->nfree && b->rc == 0) {
		if (b->flushing && !b->conf->no_drain)
			return;
		if (!b->flushing && flush_if_due(b))
			return;
		submit_one(b);
	}
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / (double)NS_PER_SEC;
}

static int run_requests(struct bench *b, struct error *err)
{
	double start = seconds();

	do {
		submit_more(b);
		if (b->busy)
			blk_ctx_poll(b->node->ctx, true);
	} while (b->busy || (b->left && b->rc == 0));
	if (b->rc < 0)
		return error_errno(err, -b->rc, "Failed request");
	printf("Run completed in %3.3f seconds.\n", seconds() - start);
	return 0;
}

static int make_units(struct bench *b, struct error *err)
{
	size_t depth = (size_t)b->conf->depth, i;
	size_t size = (size_t)b->conf->size;
	size_t stride = (size + BUF_ALIGN - 1) / BUF_ALIGN * BUF_ALIGN;
	void *bufs;

	b->units = calloc(depth, sizeof(*b->units));
	b->free = calloc(depth, sizeof(struct unit *));
	if (!b->units || !b->free ||
	    posix_memalign(&bufs, BUF_ALIGN, depth * stride + BUF_ALIGN))
		return error_set(err, ENOMEM, "out of memory");
	memset(bufs, (int)b->conf->pattern, depth * stride);
	b->bufs = bufs;
	for (i = 0; i < depth; i++) {
		b->units[i].b = b;
		b->units[i].iov =
			(struct iovec){b->bufs + (depth - 1 - i) * stride,
				       size};
		b->free[b->nfree++] = &b->units[i];
	}
	return 0;
}

static void tell(const struct conf *conf)
{
	printf("Sending %llu %s requests, %llu bytes each, %llu in parallel "
	       "(starting at offset %llu, step size %llu)\n",
	       (unsigned long long)conf->count, conf->write ? "write" : "read",
	       (unsigned long long)conf->size, (unsigned long long)conf->depth,
	       (unsigned long long)conf->offset,
	       (unsigned long long)conf->step);
	if (conf->flush_interval)
		printf("Sending flush every %llu requests\n",
		       (unsigned long long)conf->flush_interval);
}

static int check(struct conf *conf, struct error *err)
{
	if (!conf->step)
		conf->step = conf->size;
	if (conf->flush_interval && !conf->write)
		return error_set(err, EINVAL,
				 "--flush-interval is only available in write "
				 "tests");
	if (conf->flush_interval && conf->flush_interval < conf->depth)
		return error_set(err, EINVAL,
				 "Flush interval can't be smaller than depth");
	return 0;
}

static int bench_run(struct img *img, void *opaque, struct error *err)
{
	struct conf *conf = opaque;
	struct bench b = {.conf = conf};
	struct img_source how = {.name = img->args[0],
				 .format = conf->format,
				 .cache = conf->cache,
				 .aio = conf->native ? "native" : conf->aio,
				 .image_opts = conf->image_opts,
				 .force_share = conf->share,
				 .flags = conf->write ? BLK_O_RDWR : 0};
	int rc = check(conf, err);

	if (rc < 0)
		return rc;
	b.node = img_open(img, &how, &b.through, err);
	if (!b.node)
		return -EIO;
	b.through = b.through && conf->write;
	b.left = conf->count;
	b.offset = conf->offset;
	rc = make_units(&b, err);
	if (rc == 0) {
		tell(conf);
		rc = run_requests(&b, err);
	}
	blk_node_unref(b.node);
	free(b.units);
	free(b.free);
	free(b.bufs);
	return rc;
}

const struct img_command img_bench = {
	.name = "bench",
	.args = "filename",
	.help = "Makes many equal requests of an image, and tells how long "
		"they take",
	.options = options,
	.conf_size = sizeof(struct conf),
	.min_args = 1,
	.max_args = 1,
	.run = bench_run,
};
