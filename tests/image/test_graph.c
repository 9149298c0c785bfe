/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The block graph: options, files, AIO, front ends with their threads. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/image/image.h"
#include "tests/unit/unit.h"

#define MIB (1u << 20)

static struct blk_node *open_json(struct blk_ctx *ctx, const char *text,
				  unsigned flags, struct error *err)
{
	json_t *o = json_loads(text, 0, NULL);
	struct blk_open how = {.options = o, .flags = flags};
	struct blk_node *node;

	ck_assert(o != NULL);
	node = blk_open(ctx, &how, err);
	json_decref(o);
	return node;
}

static void refused(const char *text, const char *says)
{
	struct error err = {0};
	struct blk_ctx *ctx = blk_ctx_new(&err);

	ck_assert(open_json(ctx, text, BLK_O_RDWR, &err) == NULL);
	ck_assert_msg(strstr(err.msg, says) != NULL, "'%s' lacks '%s'", err.msg,
		      says);
	ck_assert(list_empty(blk_ctx_nodes(ctx)));
	blk_ctx_unref(ctx);
}

START_TEST(takes_options)
{
	struct error err = {0};
	struct blk_ctx *ctx = blk_ctx_new(&err);
	struct blk_node *file, *node;
	uint8_t buf[512], want[512];

	image_start();
	image_must("truncate -s 1M a.img");
	file = open_json(ctx,
			 "{\"driver\":\"file\",\"filename\":\"a.img\","
			 "\"node-name\":\"f\"}",
			 BLK_O_RDWR, &err);
	ck_assert_msg(file != NULL, "%s", err.msg);
	node = open_json(ctx,
			 "{\"driver\":\"raw\",\"file\":\"f\",\"offset\":4096,"
			 "\"size\":\"8k\",\"node-name\":\"r\"}",
			 BLK_O_RDWR, &err);
	ck_assert_msg(node != NULL, "%s", err.msg);
	ck_assert(blk_node_find(ctx, "r") == node);
	ck_assert_uint_eq(node->size, 8192);
	memset(want, 0x5a, sizeof(want));
	ck_assert_int_eq(blk_pwrite(node, 512, want, 512, 0), 0);
	ck_assert_int_eq(blk_pwrite(node, 8192, want, 512, 0), -EIO);
	ck_assert_int_eq(blk_pread(file, 4096 + 512, buf, 512), 0);
	ck_assert(!memcmp(buf, want, 512));
	blk_node_unref(file);
	ck_assert_int_eq(blk_pread(node, 512, buf, 512), 0);
	blk_node_unref(node);
	blk_ctx_unref(ctx);
	image_end();
}
END_TEST

START_TEST(refuses_options)
{
	image_start();
	image_must("truncate -s 1M a.img");
	refused("{\"driver\":\"nbd\"}", "Unknown driver 'nbd'");
	refused("{\"driver\":\"vmdk\",\"file.filename\":\"a.img\"}", "vmdk");
	refused("{\"driver\":\"raw\"}", "\"file\"");
	refused("{\"driver\":\"raw\",\"file\":\"nobody\"}", "nobody");
	refused("{\"driver\":\"raw\",\"file.filename\":\"a.img\","
		"\"colour\":\"red\"}",
		"does not support the option 'colour'");
	refused("{\"driver\":\"raw\",\"file.filename\":\"a.img\","
		"\"file.colour\":1}",
		"option 'colour'");
	refused("{\"driver\":\"raw\",\"file.filename\":\"a.img\","
		"\"offset\":\"2M\"}",
		"cannot be greater");
	refused("{\"driver\":\"raw\",\"file.filename\":\"a.img\","
		"\"aio\":\"native\"}",
		"cache.direct=on");
	refused("{\"driver\":\"raw\",\"file.filename\":\"a.img\","
		"\"discard\":\"maybe\"}",
		"maybe");
	refused("{\"driver\":\"qcow2\",\"file.filename\":\"a.img\"}",
		"not in qcow2 format");
	refused("{\"driver\":\"file\",\"filename\":\"none.img\"}",
		"No such file");
	refused("{\"driver\":\"file\",\"filename\":\".\"}", "directory");
	image_end();
}
END_TEST

START_TEST(opens_json_names)
{
	struct blk_node *node;

	image_start();
	image_create("a.qcow2", "qcow2", MIB, NULL);
	node = image_open("json:{\"driver\":\"qcow2\",\"file.filename\":"
			  "\"a.qcow2\"}",
			  NULL, 0);
	ck_assert_uint_eq(node->size, MIB);
	blk_node_unref(node);
	node = image_open("file:a.qcow2", NULL, 0);
	ck_assert_uint_eq(node->size, MIB);
	blk_node_unref(node);
	image_end();
}
END_TEST

START_TEST(locks_out_others)
{
	struct blk_open how = {.filename = "a.qcow2", .flags = BLK_O_RDWR};
	struct error err = {0};
	struct blk_node *node;

	image_start();
	image_create("a.qcow2", "qcow2", MIB, NULL);
	node = image_open("a.qcow2", NULL, BLK_O_RDWR);
	ck_assert(blk_open_alone(&how, &err) == NULL);
	ck_assert_msg(strstr(err.msg, "lock") != NULL, "%s", err.msg);
	ck_assert_int_ne(image_sh("qemu-img info a.qcow2 >/dev/null 2>&1"), 0);
	image_must("qemu-img info -U a.qcow2 >/dev/null");
	how.flags = BLK_O_FORCE_SHARE;
	blk_node_unref(blk_open_alone(&how, &err));
	blk_node_unref(node);
	image_end();
}
END_TEST

/* Each engine, buffered and not. */
static const enum blk_aio engines[] = {BLK_AIO_THREADS, BLK_AIO_THREADS,
				       BLK_AIO_NATIVE, BLK_AIO_URING,
				       BLK_AIO_URING};
static const unsigned engine_flags[] = {0, BLK_O_DIRECT, BLK_O_DIRECT, 0,
					BLK_O_DIRECT};

START_TEST(has_engines)
{
	const char *const format = _i % 2 ? "raw" : "qcow2";
	struct blk_open how = {.filename = "a.img",
			       .format = format,
			       .aio = engines[_i / 2],
			       .flags = BLK_O_RDWR | BLK_O_UNMAP |
					engine_flags[_i / 2]};
	size_t size = 4 * MIB + 1536;
	struct image_load load = {.disk = calloc(1, size),
				  .size = size,
				  .depth = 24,
				  .zeroes = true,
				  .discard = true,
				  .seed = 4,
				  .unit = 512,
				  .max = 100};
	struct error err = {0};

	image_start();
	image_create("a.img", format, size, NULL);
	load.node = blk_open_alone(&how, &err);
	ck_assert_msg(load.node != NULL, "%s", err.msg);
	image_load(&load, 300);
	image_compare(load.node, load.disk, size);
	blk_node_unref(load.node);
	load.node = image_open("a.img", format, 0);
	image_compare(load.node, load.disk, size);
	blk_node_unref(load.node);
	image_end();
	free(load.disk);
}
END_TEST

struct front_req {
	struct blk_req req;
	bool is_done;
};

static void on_front_done(struct blk_req *req, int rc)
{
	(void)rc;
	container_of(req, struct front_req, req)->is_done = true;
}

static int front_io(struct blk_front *front, enum blk_op op, uint64_t off,
		    void *buf, size_t len)
{
	struct iovec iov = {buf, len};
	struct front_req f = {.req = {.op = op,
				      .off = off,
				      .iov = &iov,
				      .niov = 1,
				      .loop = loop_new(NULL, NULL),
				      .done = on_front_done}};

	blk_submit(front, &f.req);
	while (!f.is_done)
		loop_turn(f.req.loop, -1);
	loop_free(f.req.loop);
	return f.req.rc;
}

static int take_snapshot(struct blk_node *node, void *ctx)
{
	struct blk_snapshot snap = {.icount = UINT64_MAX};

	return blk_snapshot_create(node, &snap, ctx);
}

START_TEST(serves_front_ends)
{
	struct blk_open how = {.filename = "a.qcow2", .flags = BLK_O_RDWR};
	struct blk_fronts all;
	struct error err = {0};
	struct blk_front *front;
	struct blk_node *old;
	uint8_t a[4096], b[4096];

	image_start();
	blk_fronts_init(&all);
	image_create("a.qcow2", "qcow2", MIB, NULL);
	image_create("b.qcow2", "qcow2", 2 * MIB, NULL);
	front = blk_front_new(&all, "x", blk_open_alone(&how, &err), true,
			      &err);
	ck_assert_msg(front != NULL, "%s", err.msg);
	memset(a, 7, sizeof(a));
	ck_assert_int_eq(front_io(front, BLK_WRITE, 8192, a, sizeof(a)), 0);
	ck_assert_int_eq(blk_front_call(front, take_snapshot, &err), 0);
	memset(a, 8, sizeof(a));
	ck_assert_int_eq(front_io(front, BLK_WRITE, 8192, a, sizeof(a)), 0);
	ck_assert_int_eq(front_io(front, BLK_READ, 8192, b, sizeof(b)), 0);
	ck_assert(!memcmp(a, b, sizeof(a)));
	ck_assert_int_eq(front_io(front, BLK_READ, MIB, b, sizeof(b)), -EIO);
	how.filename = "b.qcow2";
	ck_assert_int_eq(blk_front_replace(front, blk_open_alone(&how, &err),
					   &old, &err),
			 0);
	blk_node_unref(old);
	ck_assert_uint_eq(blk_size(front), 2 * MIB);
	ck_assert_int_eq(front_io(front, BLK_READ, MIB, b, sizeof(b)), 0);
	ck_assert_int_eq(blk_front_replace(front, NULL, &old, &err), 0);
	blk_node_unref(old);
	ck_assert_int_eq(front_io(front, BLK_READ, 0, b, sizeof(b)),
			 -ENOMEDIUM);
	blk_front_free(front);
	image_must("qemu-img check -q a.qcow2");
	image_must("qemu-io -r -c 'read -P 8 8k 4k' a.qcow2 | grep -q ops");
	image_end();
}
END_TEST

#define FILE_S1 \
	"{\"driver\": \"file\", \"node-name\": \"s1\", " \
	"\"filename\": \"a.qcow2\"}"

static const char *const chain[] = {
	"driver=file,node-name=s0,filename=base.raw,read-only=on",
	"driver=raw,node-name=f0,file=s0,read-only=on",
	FILE_S1,
	"driver=qcow2,node-name=f1,file=s1,backing=f0",
	"driver=raw,node-name=other,file.driver=file,file.filename=b.raw",
};

START_TEST(serves_named_nodes)
{
	struct error err = {0};
	struct blk_fronts all;
	struct blk_front *front, *other;
	uint8_t a[512], b[512];

	image_start();
	image_must("truncate -s 1M base.raw b.raw");
	image_must("printf x | dd of=base.raw conv=notrunc status=none");
	image_create("a.qcow2", "qcow2", MIB, NULL);
	blk_fronts_init(&all);
	ck_assert_msg(blk_named_open(&all, (char *const *)(uintptr_t)chain, 5,
				     &err) == 0,
		      "%s", err.msg);
	ck_assert(blk_named_find(&all, "f0") != NULL);
	ck_assert(blk_named_find(&all, "nobody") == NULL);
	front = blk_front_of_node(&all, "f1", &err);
	ck_assert_msg(front != NULL, "%s", err.msg);
	other = blk_front_of_node(&all, "other", &err);
	ck_assert_msg(other != NULL, "%s", err.msg);
	ck_assert_int_eq(front_io(front, BLK_READ, 0, b, 512), 0);
	ck_assert_uint_eq(b[0], 'x');
	memset(a, 9, sizeof(a));
	ck_assert_int_eq(front_io(front, BLK_WRITE, 512, a, 512), 0);
	ck_assert_int_eq(front_io(other, BLK_WRITE, 512, a, 512), 0);
	blk_front_free(front);
	/* The node is there for the next one. */
	front = blk_front_of_node(&all, "f1", &err);
	ck_assert_msg(front != NULL, "%s", err.msg);
	ck_assert_int_eq(front_io(front, BLK_READ, 512, b, 512), 0);
	ck_assert(!memcmp(a, b, 512));
	blk_front_free(front);
	blk_front_free(other);
	blk_named_close(&all);
	image_must("qemu-img check -q a.qcow2");
	image_end();
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("graph");

	if (!image_has_qemu()) {
		printf("skip graph: there is no qemu-img\n");
		return 77;
	}
	tcase_add_test(tc, takes_options);
	tcase_add_test(tc, refuses_options);
	tcase_add_test(tc, opens_json_names);
	tcase_add_test(tc, locks_out_others);
	tcase_add_loop_test(tc, has_engines, 0, 10);
	tcase_add_test(tc, serves_front_ends);
	tcase_add_test(tc, serves_named_nodes);
	return unit_run_case("graph", tc);
}
