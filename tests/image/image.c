/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What tests of images share. */
#include "tests/image/image.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vmm/endian.h"

static char folder[] = "/tmp/pcvm-image-XXXXXX";

void image_start(void)
{
	snprintf(folder, sizeof(folder), "/tmp/pcvm-image-XXXXXX");
	ck_assert(mkdtemp(folder) != NULL);
	ck_assert_int_eq(chdir(folder), 0);
}

static int run(const char *cmd)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		execl("/bin/sh", "sh", "-c", cmd, (char *)NULL);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

void image_end(void)
{
	ck_assert_int_eq(chdir("/"), 0);
	image_must("rm -rf %s", folder);
}

int image_sh(const char *fmt, ...)
{
	char cmd[5000];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(cmd, sizeof(cmd), fmt, ap);
	va_end(ap);
	return run(cmd);
}

void image_must(const char *fmt, ...)
{
	char cmd[5000];
	va_list ap;
	int rc;

	va_start(ap, fmt);
	vsnprintf(cmd, sizeof(cmd), fmt, ap);
	va_end(ap);
	rc = run(cmd);
	ck_assert_msg(rc == 0, "status %d of: %s", rc, cmd);
}

bool image_has_qemu(void)
{
	return image_sh("qemu-img --version >/dev/null 2>&1") == 0;
}

void image_create(const char *file, const char *format, uint64_t size,
		  const char *options)
{
	struct opt_list list = {0};
	struct blk_create how = {.filename = file,
				 .format = format,
				 .size = size,
				 .has_size = size != 0,
				 .options = &list};
	struct error err = {0};
	struct blk_ctx *ctx = blk_ctx_new(&err);

	if (options && *options)
		ck_assert_int_eq(opt_split(options, NULL, &list, &err), 0);
	ck_assert_msg(blk_create(ctx, &how, &err) == 0, "%s: %s", options,
		      err.msg);
	opt_list_free(&list);
	blk_ctx_unref(ctx);
}

struct blk_node *image_open(const char *file, const char *format,
			    unsigned flags)
{
	struct blk_open how = {.filename = file,
			       .format = format,
			       .flags = flags};
	struct error err = {0};
	struct blk_node *node = blk_open_alone(&how, &err);

	ck_assert_msg(node != NULL, "%s: %s", file, err.msg);
	return node;
}

void image_compare(struct blk_node *node, const uint8_t *want, size_t len)
{
	uint8_t *buf = malloc(len + 1);
	size_t i;

	ck_assert_uint_eq(node->size, len);
	memset(buf, 0xee, len);
	ck_assert_int_eq(blk_pread(node, 0, buf, len), 0);
	for (i = 0; i < len && buf[i] == want[i]; i++)
		;
	ck_assert_msg(i == len, "differs at 0x%zx: %02x, not %02x", i,
		      i < len ? buf[i] : 0, i < len ? want[i] : 0);
	free(buf);
}

uint8_t *image_slurp(const char *file, size_t *len)
{
	FILE *f = fopen(file, "rb");
	uint8_t *buf;

	ck_assert(f != NULL);
	fseek(f, 0, SEEK_END);
	*len = (size_t)ftell(f);
	rewind(f);
	buf = malloc(*len + 1);
	ck_assert_uint_eq(fread(buf, 1, *len, f), *len);
	fclose(f);
	return buf;
}

uint64_t image_get(const char *file, uint64_t off)
{
	uint8_t b[8];
	FILE *f = fopen(file, "rb");

	ck_assert(f && !fseek(f, (long)off, SEEK_SET) &&
		  fread(b, 1, 8, f) == 8);
	fclose(f);
	return load_be64(b);
}

void image_put(const char *file, uint64_t off, uint64_t val)
{
	uint8_t b[8];
	FILE *f = fopen(file, "r+b");

	store_be64(b, val);
	ck_assert(f && !fseek(f, (long)off, SEEK_SET) &&
		  fwrite(b, 1, 8, f) == 8);
	fclose(f);
}

uint64_t image_random(uint64_t *seed)
{
	*seed = *seed * UINT64_C(6364136223846793005) +
		UINT64_C(1442695040888963407);
	return *seed >> 33;
}

struct one {
	struct blk_req req;
	struct iovec iov[3];
	uint8_t *buf;
	bool busy;
	uint64_t off, len;
};

static void on_done(struct blk_req *req, int rc)
{
	struct one *o = container_of(req, struct one, req);

	ck_assert_msg(rc == 0, "op %d at 0x%llx+0x%llx: %s", req->op,
		      (unsigned long long)req->off, (unsigned long long)o->len,
		      strerror(-rc));
	o->busy = false;
	free(o->buf);
}

static bool overlaps(const struct one *all, unsigned n, uint64_t off,
		     uint64_t len)
{
	unsigned i;

	for (i = 0; i < n; i++)
		if (all[i].busy && off < all[i].off + all[i].len &&
		    all[i].off < off + len)
			return true;
	return false;
}

static enum blk_op choose(struct image_load *l)
{
	unsigned r = (unsigned)image_random(&l->seed) % 8;

	if (r == 0 && l->zeroes)
		return BLK_WRITE_ZEROES;
	if (r == 1 && l->discard)
		return BLK_DISCARD;
	return r == 2 && !l->compress ? BLK_FLUSH : BLK_WRITE;
}

static void fill(struct image_load *l, struct one *o)
{
	uint64_t i, n = o->len;
	uint8_t step = (uint8_t)image_random(&l->seed);

	o->buf = malloc(n);
	for (i = 0; i < n; i++)
		o->buf[i] = (uint8_t)(i / 512 * step + 1 +
				      (image_random(&l->seed) & 3));
	memcpy(l->disk + o->off, o->buf, n);
	/* In three pieces. */
	o->iov[0] = (struct iovec){o->buf, n / 4};
	o->iov[1] = (struct iovec){o->buf + n / 4, n / 2};
	o->iov[2] = (struct iovec){o->buf + n / 4 + n / 2, n - n / 4 - n / 2};
	o->req.iov = o->iov;
	o->req.niov = 3;
}

static bool choose_range(struct image_load *l, const struct one *all,
			 struct one *o)
{
	uint64_t units = l->size / l->unit;
	unsigned tries = 0;

	do {
		o->off = image_random(&l->seed) % units;
		o->len = image_random(&l->seed) % l->max + 1;
		if (o->len > units - o->off)
			o->len = units - o->off;
		o->off *= l->unit;
		o->len *= l->unit;
	} while (overlaps(all, l->depth, o->off, o->len) && ++tries < 100);
	return tries < 100;
}

static void start(struct image_load *l, const struct one *all, struct one *o)
{
	if (!choose_range(l, all, o))
		return;
	memset(&o->req, 0, sizeof(o->req));
	o->buf = NULL;
	o->req.op = choose(l);
	o->req.off = o->off;
	o->req.len = o->len;
	o->req.done = on_done;
	o->busy = true;
	if (o->req.op == BLK_WRITE) {
		fill(l, o);
		if (l->compress)
			o->req.flags |= BLK_COMPRESS;
		else if (image_random(&l->seed) % 16 == 0)
			o->req.flags |= BLK_FUA;
	} else if (o->req.op == BLK_WRITE_ZEROES) {
		memset(l->disk + o->off, 0, o->len);
		if (image_random(&l->seed) & 1)
			o->req.flags |= BLK_MAY_UNMAP;
	} else if (o->req.op == BLK_FLUSH) {
		o->off = o->len = 0;
	}
	blk_node_submit(l->node, &o->req);
}

/* What a discarded range has now is up to the format. */
static void settle(struct image_load *l, struct one *o)
{
	if (!o->busy || o->req.op != BLK_DISCARD)
		return;
	while (o->busy)
		blk_ctx_poll(l->node->ctx, true);
	ck_assert_int_eq(blk_pread(l->node, o->off, l->disk + o->off, o->len),
			 0);
}

void image_load(struct image_load *l, unsigned n)
{
	struct one *all = calloc(l->depth, sizeof(*all)), *o;
	unsigned i;

	for (i = 0; i < n; i++) {
		o = &all[i % l->depth];
		while (o->busy)
			blk_ctx_poll(l->node->ctx, true);
		start(l, all, o);
		settle(l, o);
	}
	for (i = 0; i < l->depth; i++)
		while (all[i].busy)
			blk_ctx_poll(l->node->ctx, true);
	free(all);
}
