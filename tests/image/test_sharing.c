/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Nodes that several devices use: who may do what, and in which thread. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "block/perms.h"
#include "tests/image/image.h"
#include "tests/unit/unit.h"

#define KIB	1024u
#define WRITER	(BLK_PERM_READ | BLK_PERM_WRITE)
#define READERS (BLK_PERM_READ | BLK_PERM_UNCHANGED)

struct world {
	struct blk_fronts all;
	struct loop *loop;
	struct error err;
};

static void begin(struct world *w)
{
	image_start();
	*w = (struct world){.loop = loop_new(NULL, NULL)};
	blk_fronts_init(&w->all);
	image_must("head -c 64K /dev/zero | tr '\\0' b >base.raw");
	image_must("qemu-img create -q -f qcow2 -b base.raw -F raw a.qcow2");
	image_must("qemu-img create -q -f qcow2 -b base.raw -F raw b.qcow2");
}

static void end(struct world *w)
{
	while (!list_empty(&w->all.list))
		blk_front_free(
			container_of(w->all.list.next, struct blk_front, link));
	blk_named_close(&w->all);
	ck_assert(list_empty(&w->all.ctxs));
	loop_free(w->loop);
	image_end();
}

static void make(struct world *w, const char *text)
{
	char *texts[] = {(char *)(uintptr_t)text};

	ck_assert_msg(blk_named_open(&w->all, texts, 1, &w->err) == 0, "%s",
		      w->err.msg);
}

static void cannot_make(struct world *w, const char *text, const char *says)
{
	char *texts[] = {(char *)(uintptr_t)text};

	ck_assert_int_lt(blk_named_open(&w->all, texts, 1, &w->err), 0);
	ck_assert_msg(strstr(w->err.msg, says) != NULL, "%s", w->err.msg);
}

/* As a device has it; NULL with the error if it cannot. */
static struct blk_front *try(struct world *w, const char *name, unsigned need,
			     unsigned share)
{
	struct blk_front *f = blk_front_of_node(&w->all, name, &w->err);

	ck_assert_msg(f != NULL, "%s", w->err.msg);
	if (blk_front_attach(f, name, need, share, &w->err) == 0)
		return f;
	blk_front_free(f);
	return NULL;
}

static struct blk_front *attach(struct world *w, const char *name)
{
	struct blk_front *f = try(w, name, WRITER, READERS);

	ck_assert_msg(f != NULL, "%s: %s", name, w->err.msg);
	return f;
}

static void refused(struct world *w, const char *name, unsigned need,
		    const char *says)
{
	ck_assert(try(w, name, need, READERS) == NULL);
	ck_assert_msg(strstr(w->err.msg, says) != NULL, "%s", w->err.msg);
}

struct job {
	struct blk_req req;
	struct iovec iov;
	unsigned *left;
	uint8_t buf[4 * KIB];
};

static void on_done(struct blk_req *req, int rc)
{
	ck_assert_int_eq(rc, 0);
	--*container_of(req, struct job, req)->left;
}

static void start(struct world *w, struct job *job, struct blk_front *front,
		  enum blk_op op, unsigned i, unsigned *left)
{
	job->left = left;
	job->iov = (struct iovec){job->buf, sizeof(job->buf)};
	job->req = (struct blk_req){.op = op,
				    .off = i * sizeof(job->buf),
				    .iov = &job->iov,
				    .niov = 1,
				    .loop = w->loop,
				    .done = on_done};
	++*left;
	blk_submit(front, &job->req);
}

/* Both write what is theirs in the same places, and read it back. */
static void use_both(struct world *w, struct blk_front *a, struct blk_front *b)
{
	static struct job job[32];
	unsigned i, left = 0;

	for (i = 0; i < 16; i++) {
		memset(job[i].buf, i < 8 ? 'A' : 'B', sizeof(job[i].buf));
		start(w, &job[i], i < 8 ? a : b, BLK_WRITE, i % 8, &left);
	}
	while (left)
		loop_turn(w->loop, -1);
	for (i = 0; i < 32; i++)
		start(w, &job[i], i < 16 ? a : b, BLK_READ, i % 16, &left);
	while (left)
		loop_turn(w->loop, -1);
	for (i = 0; i < 32; i++)
		ck_assert_msg(job[i].buf[i] == (i % 16 > 7 ? 'b'
						: i < 16   ? 'A'
							   : 'B'),
			      "request %u has %c", i, job[i].buf[i]);
}

static const char *const nodes[] = {
	"driver=file,node-name=fb,filename=base.raw,read-only=on",
	"driver=raw,node-name=base,file=fb,read-only=on",
	"driver=file,node-name=fa,filename=a.qcow2",
	"driver=qcow2,node-name=a,file=fa,backing=base",
	"driver=qcow2,node-name=b,file.filename=b.qcow2,backing=base",
};

/* Together as a command line has them, or one after the other. */
START_TEST(shares_a_backing_node)
{
	struct world w;
	struct blk_front *a, *b;
	unsigned i;

	begin(&w);
	if (_i)
		for (i = 0; i < 5; i++)
			make(&w, nodes[i]);
	else
		ck_assert_int_eq(blk_named_open(&w.all,
						(char *const *)(uintptr_t)nodes,
						5, &w.err),
				 0);
	a = attach(&w, "a");
	b = attach(&w, "b");
	ck_assert(a->loop == b->loop);
	use_both(&w, a, b);
	refused(&w, "base", WRITER, "node 'base'");
	/* One can go, and the other goes on. */
	blk_front_free(_i ? a : b);
	if (_i)
		a = attach(&w, "a");
	else
		b = attach(&w, "b");
	use_both(&w, a, b);
	end(&w);
}
END_TEST

/* Each opens the base by its name; or names a node that others have. */
START_TEST(shares_a_backing_file)
{
	struct blk_open how = {.format = "qcow2", .flags = BLK_O_RDWR};
	struct blk_front *f[2];
	struct blk_node *node;
	struct world w;
	unsigned i;

	begin(&w);
	if (_i) {
		make(&w, nodes[0]);
		make(&w, nodes[1]);
		how.options = json_pack("{s:s}", "backing", "base");
	}
	for (i = 0; i < 2; i++) {
		how.filename = i ? "b.qcow2" : "a.qcow2";
		f[i] = blk_front_new(&w.all, how.filename,
				     blk_open_drive(&w.all, &how, &w.err),
				     false, &w.err);
		ck_assert_msg(f[i] != NULL && f[i]->node != NULL, "%s",
			      w.err.msg);
		ck_assert_int_eq(blk_front_attach(f[i], "disk", WRITER, READERS,
						  &w.err),
				 0);
	}
	ck_assert((f[0]->loop == f[1]->loop) == _i);
	use_both(&w, f[0], f[1]);
	how.filename = "base.raw";
	how.format = "raw";
	json_decref(how.options);
	how.options = NULL;
	node = blk_open_drive(&w.all, &how, &w.err);
	ck_assert(blk_front_new(&w.all, "x", node, false, &w.err) == NULL);
	ck_assert_msg(strstr(w.err.msg, "another drive") != NULL, "%s",
		      w.err.msg);
	blk_node_release(node);
	end(&w);
}
END_TEST

START_TEST(refuses_two_writers)
{
	struct world w;

	begin(&w);
	make(&w, "driver=file,node-name=f,filename=base.raw");
	make(&w, "driver=raw,node-name=a,file=f");
	make(&w, "driver=raw,node-name=b,file=f");
	attach(&w, "a");
	refused(&w, "a", WRITER, "'write' is needed by block device 'a'");
	refused(&w, "b", WRITER, "Permission conflict on node 'f'");
	refused(&w, "b", BLK_PERM_READ, "'write' is needed by node 'a'");
	ck_assert(try(&w, "b", BLK_PERM_READ, BLK_PERM_ALL) != NULL);
	/* A format's own tables nobody else may change, used or not. */
	make(&w, "driver=file,node-name=fa,filename=a.qcow2");
	make(&w, "driver=qcow2,node-name=q1,file=fa");
	cannot_make(&w, "driver=qcow2,node-name=q2,file=fa",
		    "'write, resize' is needed by node 'q");
	refused(&w, "fa", WRITER, "node 'q1' (as its 'file')");
	end(&w);
}
END_TEST

START_TEST(shares_writing_when_asked)
{
	struct world w;
	unsigned share = READERS | BLK_PERM_WRITE;

	begin(&w);
	make(&w, "driver=file,node-name=f,filename=base.raw");
	ck_assert(try(&w, "f", WRITER, share) != NULL);
	ck_assert(try(&w, "f", WRITER, share) != NULL);
	refused(&w, "f", WRITER, "not shared by block device 'f'");
	end(&w);
}
END_TEST

static int others_write(void)
{
	return image_sh("qemu-io -f raw -c 'write 0 512' base.raw "
			">/dev/null 2>&1");
}

/* Who does not want it to change meanwhile. */
static int others_read(void)
{
	struct blk_open how = {.filename = "base.raw", .format = "raw"};
	struct blk_node *node = blk_open_alone(&how, NULL);
	int rc = node ? 0 : -1;

	blk_node_unref(node);
	return rc;
}

/* The file is locked as it is used, not as it was opened. */
START_TEST(locks_as_it_is_used)
{
	struct world w;
	struct blk_front *f;

	begin(&w);
	make(&w, "driver=file,node-name=f,filename=base.raw");
	ck_assert_int_eq(others_write(), 0);
	f = try(&w, "f", BLK_PERM_READ, READERS);
	ck_assert_int_ne(others_write(), 0);
	ck_assert_int_eq(others_read(), 0);
	/* That is not shared: nothing changes. */
	refused(&w, "f", WRITER, "needed by block device 'f'");
	ck_assert_int_eq(others_read(), 0);
	blk_front_free(f);
	f = attach(&w, "f");
	ck_assert_int_ne(others_read(), 0);
	blk_front_free(f);
	ck_assert_int_eq(others_write(), 0);
	end(&w);
}
END_TEST

/* Two graphs, each with a thread, cannot become one. */
START_TEST(does_not_join_threads)
{
	struct world w;
	struct blk_front *f;

	begin(&w);
	make(&w, nodes[0]);
	make(&w, nodes[2]);
	f = try(&w, "fa", BLK_PERM_READ, BLK_PERM_ALL);
	try(&w, "fb", BLK_PERM_READ, BLK_PERM_ALL);
	cannot_make(&w, "driver=qcow2,node-name=a,file=fa,backing=fb",
		    "a thread of its own");
	blk_front_free(f);
	make(&w, "driver=qcow2,node-name=a,file=fa,backing=fb");
	attach(&w, "a");
	end(&w);
}
END_TEST

static int add(struct world *w, const char *text)
{
	json_t *o = json_loads(text, 0, NULL);
	int rc = blk_named_add(&w->all, o, &w->err);

	json_decref(o);
	return rc;
}

/* Nodes come and go while others are at work. */
START_TEST(changes_the_graph_at_work)
{
	struct world w;
	struct blk_front *a, *b;

	begin(&w);
	make(&w, nodes[0]);
	make(&w, nodes[1]);
	b = try(&w, "base", BLK_PERM_READ, READERS);
	make(&w, nodes[2]);
	ck_assert_int_eq(add(&w, "{\"driver\": \"qcow2\", \"node-name\": "
				 "\"a\", \"file\": \"fa\", "
				 "\"backing\": \"base\"}"),
			 0);
	ck_assert_int_lt(add(&w, "{\"driver\": \"raw\", \"node-name\": "
				 "\"a\", \"file\": \"fa\"}"),
			 0);
	a = attach(&w, "a");
	ck_assert(a->loop == b->loop);
	blk_front_free(b);
	make(&w, nodes[4]);
	b = attach(&w, "b");
	use_both(&w, a, b);
	/* 8 writes and 16 reads of 4 KiB. */
	ck_assert_uint_eq(a->stats.ops[0], 16);
	ck_assert_uint_eq(a->stats.ops[1], 8);
	ck_assert_uint_eq(a->stats.bytes[0], 64 * KIB);
	ck_assert_uint_eq(a->stats.bytes[1], 32 * KIB);
	ck_assert(a->stats.ns[0] > 0 && a->stats.ns[1] > 0);
	ck_assert_uint_eq(a->stats.failed[0] + a->stats.failed[1], 0);
	ck_assert_uint_eq(a->node->highest, 32 * KIB);
	ck_assert_int_lt(blk_named_del(&w.all, "a", &w.err), 0);
	ck_assert_str_eq(w.err.msg, "Node a is in use");
	ck_assert_int_lt(blk_named_del(&w.all, "base", &w.err), 0);
	blk_front_free(a);
	ck_assert_int_eq(blk_named_del(&w.all, "a", &w.err), 0);
	ck_assert_int_eq(blk_named_del(&w.all, "fa", &w.err), 0);
	ck_assert(blk_graph_find(&w.all, "fa") == NULL);
	image_must("qemu-img check -q a.qcow2");
	end(&w);
}
END_TEST

START_TEST(changes_media)
{
	struct world w;
	struct blk_front *f;
	struct blk_node *old;

	begin(&w);
	make(&w, "driver=file,node-name=f,filename=base.raw");
	make(&w, "driver=file,node-name=g,filename=a.qcow2");
	f = attach(&w, "f");
	ck_assert_int_eq(blk_front_replace(f, NULL, &old, &w.err), 0);
	blk_node_release(old);
	ck_assert_int_eq(others_write(), 0);
	attach(&w, "g");
	ck_assert_int_lt(blk_front_replace(f, blk_named_find(&w.all, "g"), &old,
					   &w.err),
			 0);
	ck_assert_msg(strstr(w.err.msg, "another device") != NULL, "%s",
		      w.err.msg);
	old = blk_node_ref(blk_named_find(&w.all, "f"));
	ck_assert_int_eq(blk_front_replace(f, old, &old, &w.err), 0);
	ck_assert(old == NULL);
	ck_assert_int_ne(others_write(), 0);
	end(&w);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("sharing");

	if (!image_has_qemu()) {
		printf("skip sharing: there is no qemu-img\n");
		return 77;
	}
	tcase_add_loop_test(tc, shares_a_backing_node, 0, 2);
	tcase_add_loop_test(tc, shares_a_backing_file, 0, 2);
	tcase_add_test(tc, refuses_two_writers);
	tcase_add_test(tc, shares_writing_when_asked);
	tcase_add_test(tc, locks_as_it_is_used);
	tcase_add_test(tc, does_not_join_threads);
	tcase_add_test(tc, changes_media);
	tcase_add_test(tc, changes_the_graph_at_work);
	return unit_run_case("sharing", tc);
}
