/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qcow2 images made to harm: tables of absurd size, or outside the file, or one
 * in the other; names, descriptors and data files that are not what they should
 * be.  Each has to be refused in words, at the latest when it is used, and to
 * stay as it is.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "block/qcow2_image.h"
#include "tests/image/image.h"
#include "tests/unit/unit.h"
#include "vmm/endian.h"

#define IMAGE	"a.qcow2"
#define CLUSTER 4096u
#define SIZE	(1u << 20)
#define FAR	UINT64_C(0x40000000000) /* no file of ours reaches it */

/* Of the header. */
enum {
	BACKING = 8,
	BACKING_LEN = 16,
	L1 = 40,
	TABLE = 48,
	SNAPSHOTS_N = 60,
	SNAPSHOTS = 64,
	INCOMPATIBLE = 72,
	EXTENSIONS = 112,
};

/* Of an entry of the snapshot table. */
enum { S_L1_OFF = 0, S_L1_N = 8, S_EXTRA_LEN = 36, S_SIZE = 48 };

static void put32(uint64_t off, uint32_t val)
{
	uint64_t rest = image_get(IMAGE, off) & UINT32_MAX;

	image_put(IMAGE, off, (uint64_t)val << 32 | rest);
}

static uint64_t header(uint64_t field)
{
	return image_get(IMAGE, field);
}

static uint64_t l2(void)
{
	return image_get(IMAGE, header(L1)) & QCOW2_OFFSET;
}

static uint64_t refblock(void)
{
	return image_get(IMAGE, header(TABLE));
}

static uint64_t snapshots(void)
{
	return header(SNAPSHOTS);
}

static void make(void)
{
	image_start();
	image_must("qemu-img create -q -f qcow2 -o cluster_size=%u " IMAGE
		   " %u",
		   CLUSTER, SIZE);
	image_must("qemu-io -c 'write -P 5 0 200k' " IMAGE " >/dev/null");
	image_must("qemu-img snapshot -c s " IMAGE);
	image_must("qemu-io -c 'write -P 6 0 100k' " IMAGE " >/dev/null");
}

static struct blk_node *try_open(unsigned flags, struct error *err)
{
	struct blk_open how = {.filename = IMAGE,
			       .format = "qcow2",
			       .flags = flags};

	return blk_open_alone(&how, err);
}

/* Images that cannot be opened for writing, or cannot be opened at all. */
struct refusal {
	void (*damage)(void);
	const char *says;
	bool can_read;
};

static void snap_l1_huge(void)
{
	put32(snapshots() + S_L1_N, 0x7fffffff);
}

static void snap_l1_unaligned(void)
{
	image_put(IMAGE, snapshots() + S_L1_OFF, 0x12345);
}

static void snap_l1_far(void)
{
	image_put(IMAGE, snapshots() + S_L1_OFF, UINT64_C(0xfffffffffffff000));
}

static void snap_extra_huge(void)
{
	put32(snapshots() + S_EXTRA_LEN, UINT32_MAX);
}

static void snap_disk_huge(void)
{
	image_put(IMAGE, snapshots() + S_SIZE, UINT64_C(1) << 60);
}

static void snap_disk_negative(void)
{
	image_put(IMAGE, snapshots() + S_SIZE, UINT64_MAX);
}

/* Names of 64 KiB each, behind the end of the file. */
static void snap_table_overflows(void)
{
	const uint64_t from = UINT64_C(1) << 30, step = 40 + 2 * 0xffff;
	uint64_t at = from;
	unsigned i;

	for (i = 0; i < 1000; i++) {
		image_put(IMAGE, at + S_L1_N, UINT64_C(0x1ffffffff));
		image_put(IMAGE, at + S_EXTRA_LEN, 0);
		at = (at + step + 7) & ~UINT64_C(7);
	}
	put32(SNAPSHOTS_N, 1000);
	image_put(IMAGE, SNAPSHOTS, from);
}

static void backing_name_long(void)
{
	image_put(IMAGE, BACKING, 1024);
	put32(BACKING_LEN, 1024);
}

static void backing_name_overruns(void)
{
	image_put(IMAGE, BACKING, CLUSTER - 8);
	put32(BACKING_LEN, 9);
}

static void extension_overruns(void)
{
	image_put(IMAGE, EXTENSIONS, UINT64_C(0x12345678fffffff9));
}

static void extension_ends_behind(void)
{
	image_put(IMAGE, EXTENSIONS,
		  UINT64_C(0x1234567800000000) | (CLUSTER - EXTENSIONS - 7));
}

static void format_name_long(void)
{
	image_put(IMAGE, EXTENSIONS, UINT64_C(0xe2792aca00000400));
}

static void header_length_odd(void)
{
	put32(100, 108);
}

static void refblock_twice(void)
{
	image_put(IMAGE, header(TABLE) + 8, refblock());
}

static void refblock_is_l2(void)
{
	image_put(IMAGE, header(TABLE), l2());
}

static void l1_is_reftable(void)
{
	image_put(IMAGE, L1, header(TABLE));
}

static void l1_is_header(void)
{
	image_put(IMAGE, L1, 0);
}

static void l2_is_reftable(void)
{
	image_put(IMAGE, header(L1), header(TABLE) | QCOW2_COPIED);
}

static void l2_is_l1(void)
{
	image_put(IMAGE, header(L1), header(L1) | QCOW2_COPIED);
}

static void l2_twice(void)
{
	image_put(IMAGE, header(L1) + 8, image_get(IMAGE, header(L1)));
	put32(36, 2);
}

static void l2_is_snapshots(void)
{
	image_put(IMAGE, header(L1), snapshots() | QCOW2_COPIED);
}

static const struct refusal refusals[] = {
	{snap_extra_huge, "Too much extra metadata in snapshot", false},
	{snap_table_overflows, "Snapshot table is too big", false},
	{backing_name_long, "Backing file name too long", false},
	{backing_name_overruns, "Backing file name too long", false},
	{extension_overruns, "header extension is too long", false},
	{extension_ends_behind, "header extension is too long", false},
	{format_name_long, "backing file's format is too long", false},
	{header_length_odd, "108 is not a multiple of 8", false},
	{refblock_twice, "a refcount block and a refcount block", true},
	{refblock_is_l2, "an L2 table and a refcount block", true},
	{l1_is_reftable, "the L1 table and the refcount table", true},
	{l1_is_header, "the header and the L1 table", true},
	{l2_is_reftable, "an L2 table and the refcount table", true},
	{l2_is_l1, "the L1 table and an L2 table", true},
	{l2_twice, "an L2 table and an L2 table", true},
	{l2_is_snapshots, "an L2 table and the snapshot table", true},
};

#define REFUSALS ((int)(sizeof(refusals) / sizeof(*refusals)))

START_TEST(is_refused)
{
	const struct refusal *r = &refusals[_i];
	struct error err = {0};
	struct blk_node *node;
	uint8_t *before, *after;
	size_t n, m;

	make();
	r->damage();
	before = image_slurp(IMAGE, &n);
	node = try_open(BLK_O_RDWR, &err);
	ck_assert(node == NULL);
	ck_assert_msg(strstr(err.msg, r->says) != NULL, "'%s' lacks '%s'",
		      err.msg, r->says);
	after = image_slurp(IMAGE, &m);
	ck_assert(n == m && !memcmp(before, after, n));
	free(before);
	free(after);
	node = try_open(0, &err);
	ck_assert(!!node == r->can_read);
	blk_node_unref(node);
	/* Repairs may fail, but must come to an end. */
	node = try_open(BLK_O_RDWR | BLK_O_CHECK, &err);
	if (node) {
		struct blk_check res = {.say = NULL};

		blk_check(node, BLK_FIX_LEAKS | BLK_FIX_ERRORS, &res, &err);
	}
	blk_node_unref(node);
	image_end();
}
END_TEST

/* Images that show what they are when they are used. */
static char buf[CLUSTER];

static int do_read(struct blk_node *node)
{
	return blk_pread(node, 0, buf, sizeof(buf));
}

static int do_write(struct blk_node *node)
{
	return blk_pwrite(node, 0, buf, sizeof(buf), 0);
}

static int do_new(struct blk_node *node)
{
	return blk_pwrite(node, SIZE - sizeof(buf), buf, sizeof(buf), 0);
}

static int do_discard(struct blk_node *node)
{
	int rc = blk_discard(node, 0, sizeof(buf));

	return rc < 0 ? rc : blk_flush(node);
}

static int do_snapshot(struct blk_node *node)
{
	struct blk_snapshot snap = {.icount = UINT64_MAX};

	return blk_snapshot_create(node, &snap, NULL);
}

static int do_delete(struct blk_node *node)
{
	return blk_snapshot_delete(node, "s", NULL);
}

static int do_apply(struct blk_node *node)
{
	return blk_snapshot_apply(node, "s", NULL);
}

static void entry_is(uint64_t val)
{
	image_put(IMAGE, l2(), val | QCOW2_COPIED);
}

static void data_is_l1(void)
{
	entry_is(header(L1));
}

static void data_is_l2(void)
{
	entry_is(l2());
}

static void data_is_reftable(void)
{
	entry_is(header(TABLE));
}

static void data_is_refblock(void)
{
	entry_is(refblock());
}

static void data_is_snapshots(void)
{
	entry_is(snapshots());
}

static void data_is_snapshot_l1(void)
{
	entry_is(image_get(IMAGE, snapshots() + S_L1_OFF));
}

static void data_unaligned(void)
{
	entry_is(0x10200);
}

static void l2_unaligned(void)
{
	image_put(IMAGE, header(L1), (l2() + 512) | QCOW2_COPIED);
}

static void packed_far(void)
{
	image_put(IMAGE, l2(), QCOW2_COMPRESSED | FAR);
}

/* As many sectors as can be said, from the last cluster on. */
static void packed_ends_behind(void)
{
	struct stat st;

	ck_assert_int_eq(stat(IMAGE, &st), 0);
	image_put(IMAGE, l2(),
		  UINT64_C(0x7c00000000000000) |
			  ((uint64_t)st.st_size - CLUSTER));
}

static void all_is_free(void)
{
	unsigned i;

	for (i = 0; i < CLUSTER; i += 8)
		image_put(IMAGE, refblock() + i, 0);
}

static void refblock_unaligned(void)
{
	image_put(IMAGE, header(TABLE), refblock() | 0x200);
}

static void snapshot_l2_unaligned(void)
{
	uint64_t l1 = image_get(IMAGE, snapshots() + S_L1_OFF);

	image_put(IMAGE, l1, image_get(IMAGE, l1) + 512);
}

struct abuse {
	void (*damage)(void);
	int (*act)(struct blk_node *node);
	const char *logs; /* or NULL */
};

static const struct abuse abuses[] = {
	{data_is_l1, do_write, "has its data where metadata is"},
	{data_is_l2, do_write, "has its data where metadata is"},
	{data_is_reftable, do_write, "has its data where metadata is"},
	{data_is_refblock, do_write, "has its data where metadata is"},
	{data_is_snapshots, do_write, "has its data where metadata is"},
	{data_is_snapshot_l1, do_write, "has its data where metadata is"},
	{data_unaligned, do_read, "unaligned offset"},
	{data_unaligned, do_write, "unaligned offset"},
	{data_unaligned, do_snapshot, NULL},
	{l2_unaligned, do_read, "L2 table at the unaligned offset"},
	{l2_unaligned, do_write, "L2 table at an unaligned offset"},
	{l2_unaligned, do_snapshot, NULL},
	{packed_far, do_read, NULL},
	{packed_far, do_snapshot, "is in use but free"},
	{packed_ends_behind, do_read, NULL},
	{all_is_free, do_new, "is counted as free"},
	{all_is_free, do_snapshot, "is counted as free"},
	{refblock_unaligned, do_new, "unaligned offset"},
	{refblock_unaligned, do_snapshot, "unaligned offset"},
	{snapshot_l2_unaligned, do_delete, NULL},
	{snapshot_l2_unaligned, do_apply, NULL},
};

#define ABUSES ((int)(sizeof(abuses) / sizeof(*abuses)))

static int act_logging(const struct abuse *a)
{
	struct error err = {0};
	struct blk_node *node;
	int rc, old = dup(STDERR_FILENO);

	ck_assert(freopen("log", "w", stderr) != NULL);
	node = try_open(BLK_O_RDWR, &err);
	rc = node ? a->act(node) : 0;
	blk_node_unref(node);
	fflush(stderr);
	dup2(old, STDERR_FILENO);
	close(old);
	ck_assert_msg(node != NULL, "%s", err.msg);
	return rc;
}

START_TEST(fails_when_used)
{
	const struct abuse *a = &abuses[_i];
	uint64_t table, l1;
	char *log;
	size_t n;

	make();
	a->damage();
	table = header(TABLE);
	l1 = header(L1);
	ck_assert_int_lt(act_logging(a), 0);
	log = (char *)image_slurp("log", &n);
	log[n] = 0;
	if (a->logs)
		ck_assert_msg(strstr(log, a->logs) != NULL, "'%s' lacks '%s'",
			      log, a->logs);
	free(log);
	ck_assert_uint_eq(header(0) >> 32, QCOW2_MAGIC);
	ck_assert_uint_eq(header(TABLE), table);
	ck_assert_uint_eq(header(L1), l1);
	if (a->logs)
		ck_assert(header(INCOMPATIBLE) & QCOW2_CORRUPT);
	image_end();
}
END_TEST

/* A snapshot that cannot be: the disk and its other snapshots can be used. */
static const struct refusal broken_snapshots[] = {
	{snap_l1_huge, "Snapshot L1 table too large", true},
	{snap_l1_unaligned, "Snapshot L1 table offset invalid", true},
	{snap_l1_far, "Snapshot L1 table offset invalid", true},
	{snap_disk_huge, "too small for its disk size", true},
	{snap_disk_negative, "too small for its disk size", true},
};

#define BROKEN ((int)(sizeof(broken_snapshots) / sizeof(*broken_snapshots)))

START_TEST(refuses_broken_snapshots_alone)
{
	const struct refusal *r = &broken_snapshots[_i];
	int (*const use[])(struct blk_node *, const char *,
			   struct error *) = {blk_snapshot_apply,
					      blk_snapshot_delete};
	struct blk_snapshot *list;
	struct error err = {0};
	struct blk_node *node;
	size_t n, i;

	make();
	r->damage();
	node = try_open(BLK_O_RDWR, &err);
	ck_assert_msg(node != NULL, "%s", err.msg);
	for (i = 0; i < sizeof(use) / sizeof(*use); i++) {
		err = (struct error){0};
		ck_assert_int_lt(use[i](node, "s", &err), 0);
		ck_assert_msg(strstr(err.msg, r->says) != NULL,
			      "'%s' lacks '%s'", err.msg, r->says);
	}
	ck_assert_int_eq(do_write(node), 0);
	ck_assert_int_eq(do_snapshot(node), 0);
	ck_assert_int_eq(blk_snapshot_delete(node, "2", &err), 0);
	ck_assert_int_eq(blk_snapshots(node, &list, &n, &err), 0);
	ck_assert_uint_eq(n, 1);
	blk_snapshots_free(list, n);
	blk_node_unref(node);
	ck_assert_uint_eq(header(INCOMPATIBLE), 0);
	image_end();
}
END_TEST

/* Tables outside the file have nothing in them. */
START_TEST(takes_tables_outside_the_file_for_empty)
{
	struct blk_check res = {.say = NULL};
	struct error err = {0};
	struct blk_node *node;
	struct stat st;

	make();
	image_put(IMAGE, header(L1), FAR | QCOW2_COPIED);
	node = try_open(0, &err);
	ck_assert_int_eq(do_read(node), 0);
	ck_assert(buf[0] == 0 && !memcmp(buf, buf + 1, sizeof(buf) - 1));
	ck_assert_int_eq(blk_check(node, 0, &res, &err), 0);
	ck_assert_uint_gt(res.corruptions, 0);
	blk_node_unref(node);
	/* Those that counted the clusters there would be far away, too. */
	image_put(IMAGE, TABLE, FAR);
	node = try_open(BLK_O_RDWR, &err);
	if (node)
		ck_assert_int_lt(do_snapshot(node), 0);
	blk_node_unref(node);
	ck_assert_int_eq(stat(IMAGE, &st), 0);
	ck_assert_int_lt(st.st_size, 64 << 20);
	image_end();
}
END_TEST

START_TEST(forgets_what_was_discarded_but_free)
{
	struct abuse a = {all_is_free, do_discard, NULL};

	make();
	image_must("qemu-img snapshot -d s " IMAGE);
	a.damage();
	act_logging(&a);
	ck_assert_uint_eq(header(0) >> 32, QCOW2_MAGIC);
	image_end();
}
END_TEST

/* The image must not make us open what is no file, or the image again. */
static const struct {
	const char *name, *says;
} data_files[] = {
	{".", "it is a directory"},
	{"/", "it is a directory"},
	{"fifo", "neither a file nor a block device"},
	{"/dev/zero", "neither a file nor a block device"},
	{"missing", "No such file"},
	{IMAGE, "the image itself"},
	{"link", "the image itself"},
	{"json:{\"driver\":\"file\",\"filename\":\"d\"}", "No such file"},
	{"nbd://127.0.0.1/x", "No such file"},
};

#define DATA_FILES ((int)(sizeof(data_files) / sizeof(*data_files)))

START_TEST(refuses_data_files)
{
	struct blk_open quiet = {.filename = IMAGE,
				 .flags = BLK_O_NO_IO | BLK_O_NO_BACKING};
	struct error err = {0};
	struct blk_node *node;

	image_start();
	image_must("mkfifo fifo");
	image_must("qemu-img create -q -f qcow2 -o data_file=d " IMAGE " 1M");
	image_must("ln " IMAGE " link");
	node = image_open(IMAGE, "qcow2", BLK_O_RDWR);
	free(((struct qcow2 *)node->state)->data_file);
	((struct qcow2 *)node->state)->data_file = strdup(data_files[_i].name);
	ck_assert_int_eq(qcow2_header_write(node->state), 0);
	blk_node_unref(node);
	ck_assert(try_open(BLK_O_RDWR, &err) == NULL);
	ck_assert_msg(strstr(err.msg, data_files[_i].says) != NULL,
		      "'%s' lacks '%s'", err.msg, data_files[_i].says);
	/* Who only asks what it is opens nothing else. */
	node = blk_open_alone(&quiet, &err);
	ck_assert_msg(node != NULL, "%s", err.msg);
	blk_node_unref(node);
	image_end();
}
END_TEST

/* So many L1 tables that a list of their clusters would fill the memory. */
START_TEST(bounds_what_it_keeps_of_metadata)
{
	const uint64_t from = UINT64_C(1) << 30;
	struct error err = {0};
	struct blk_node *node;
	unsigned i;

	image_start();
	image_must("qemu-img create -q -f qcow2 -o cluster_size=512 " IMAGE
		   " 1M");
	for (i = 0; i < 4000; i++) {
		image_put(IMAGE, from + i * 40, (uint64_t)(i + 1) << 40);
		image_put(IMAGE, from + i * 40 + S_L1_N, UINT64_C(4) << 52);
	}
	put32(SNAPSHOTS_N, 4000);
	image_put(IMAGE, SNAPSHOTS, from);
	node = try_open(BLK_O_RDWR, &err);
	ck_assert_msg(node != NULL, "%s", err.msg);
	ck_assert_uint_le(((struct qcow2 *)node->state)->meta_size, 16u << 20);
	blk_node_unref(node);
	image_end();
}
END_TEST

START_TEST(refuses_names_that_no_entry_has_room_for)
{
	static char name[70000];
	struct blk_snapshot snap = {.icount = UINT64_MAX, .name = name};
	struct error err = {0};
	struct blk_node *node;

	memset(name, 'n', sizeof(name) - 1);
	make();
	node = try_open(BLK_O_RDWR, &err);
	ck_assert_int_lt(blk_snapshot_create(node, &snap, &err), 0);
	ck_assert(strstr(err.msg, "longer than 65535") != NULL);
	blk_node_unref(node);
	image_must("qemu-img check -q " IMAGE);
	image_end();
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("hostile");

	if (!image_has_qemu()) {
		printf("skip qcow2_hostile: there is no qemu-img\n");
		return 77;
	}
	tcase_add_loop_test(tc, is_refused, 0, REFUSALS);
	tcase_add_loop_test(tc, fails_when_used, 0, ABUSES);
	tcase_add_loop_test(tc, refuses_broken_snapshots_alone, 0, BROKEN);
	tcase_add_test(tc, takes_tables_outside_the_file_for_empty);
	tcase_add_test(tc, forgets_what_was_discarded_but_free);
	tcase_add_loop_test(tc, refuses_data_files, 0, DATA_FILES);
	tcase_add_test(tc, bounds_what_it_keeps_of_metadata);
	tcase_add_test(tc, refuses_names_that_no_entry_has_room_for);
	return unit_run_case("qcow2_hostile", tc);
}
