/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Damaged qcow2 images: what we say beside qemu-img check, and our repairs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "block/qcow2_image.h"
#include "tests/image/image.h"
#include "tests/unit/unit.h"
#include "vmm/endian.h"

#define CLUSTER	    4096u
#define L1_OFF	    40u /* in the header */
#define TABLE	    48u
#define SIZE	    (1u << 20)
#define DAMAGES	    40
#define CHECK_ERROR 1
#define CORRUPT	    2
#define LEAKS	    3

static uint64_t l2_of(const char *file)
{
	return image_get(file, image_get(file, L1_OFF)) & QCOW2_OFFSET;
}

static uint64_t refblock_of(const char *file)
{
	return image_get(file, image_get(file, TABLE));
}

static void make(const char *file)
{
	image_must("qemu-img create -q -f qcow2 -o cluster_size=%u %s %u",
		   CLUSTER, file, SIZE);
	image_must("qemu-io -c 'write -P 5 0 200k' -c 'write -z 220k 20k' %s "
		   ">/dev/null",
		   file);
	image_must("qemu-img snapshot -c s %s", file);
	image_must("qemu-io -c 'write -P 6 50k 50k' %s >/dev/null", file);
}

static int our_check(const char *file, unsigned fix)
{
	struct blk_check res = {.say = NULL};
	struct blk_open how = {.filename = file,
			       .format = "qcow2",
			       .flags = BLK_O_CHECK | (fix ? BLK_O_RDWR : 0)};
	struct blk_node *node = blk_open_alone(&how, NULL);
	int rc;

	if (!node)
		return CHECK_ERROR;
	rc = blk_check(node, fix, &res, NULL);
	blk_node_unref(node);
	if (rc < 0 || res.check_errors)
		return CHECK_ERROR;
	return res.corruptions ? CORRUPT : res.leaks ? LEAKS : 0;
}

static int its_check(const char *file)
{
	return image_sh("qemu-img check %s >/dev/null 2>&1", file);
}

static void leak(const char *file)
{
	uint64_t block = refblock_of(file);

	image_put(file, block,
		  image_get(file, block) | UINT64_C(0x0002000200020002));
}

static void free_used(const char *file)
{
	image_put(file, refblock_of(file) + 8, 0);
}

static void misaligned_data(const char *file)
{
	image_put(file, l2_of(file) + 16,
		  image_get(file, l2_of(file) + 16) | 0x200);
}

static void data_outside(const char *file)
{
	image_put(file, l2_of(file) + 16, UINT64_C(0x8000010000000000));
}

static void not_copied(const char *file)
{
	uint64_t at = l2_of(file) + 13 * 8; /* written after the snapshot */

	image_put(file, at, image_get(file, at) & ~QCOW2_COPIED);
}

static void twice(const char *file)
{
	image_put(file, l2_of(file) + 16, image_get(file, l2_of(file) + 24));
}

static void no_refblock(const char *file)
{
	image_put(file, image_get(file, TABLE), 0);
}

static void refblock_outside(const char *file)
{
	image_put(file, image_get(file, TABLE), UINT64_C(0x10000000000));
}

static void misaligned_refblock(const char *file)
{
	image_put(file, image_get(file, TABLE),
		  image_get(file, image_get(file, TABLE)) | 0x200);
}

struct damage {
	void (*damage)(const char *file);
	int want, its; /* what qemu says, if not the same */
	bool can_repair;
};

static const struct damage damages[] = {
	{leak, LEAKS, 0, true},
	{free_used, CORRUPT, 0, true},
	{misaligned_data, CORRUPT, 0, false},
	{data_outside, CORRUPT, 0, false},
	{not_copied, CORRUPT, 0, true},
	{twice, CORRUPT, 0, true},
	{no_refblock, CORRUPT, 0, true},
	{refblock_outside, CORRUPT, 0, true},
	{misaligned_refblock, CORRUPT, CHECK_ERROR, true},
};

#define KINDS ((int)(sizeof(damages) / sizeof(*damages)))

START_TEST(finds_and_repairs)
{
	const struct damage *d = &damages[_i];

	image_start();
	make("a.qcow2");
	ck_assert_int_eq(our_check("a.qcow2", 0), 0);
	d->damage("a.qcow2");
	ck_assert_int_eq(our_check("a.qcow2", 0), d->want);
	ck_assert_int_eq(its_check("a.qcow2"), d->its ? d->its : d->want);
	if (d->can_repair) {
		our_check("a.qcow2", BLK_FIX_LEAKS | BLK_FIX_ERRORS);
		image_must("qemu-img check a.qcow2 >log 2>&1 || "
			   "{ head log >&2; false; }");
		ck_assert_int_eq(our_check("a.qcow2", 0), 0);
	}
	image_end();
}
END_TEST

/* Any bytes of the metadata: both say the same, and repairs are repairs. */
START_TEST(agrees_on_random_damage)
{
	uint64_t seed = 11;
	int i, ours, its, differ = 0;

	image_start();
	make("good.qcow2");
	for (i = 0; i < DAMAGES; i++) {
		uint64_t table[] = {image_get("good.qcow2", L1_OFF),
				    l2_of("good.qcow2"),
				    image_get("good.qcow2", TABLE),
				    refblock_of("good.qcow2")};
		unsigned t = (unsigned)image_random(&seed) % 4;
		uint64_t at = table[t] + image_random(&seed) %
						 (t == 1 || t == 3 ? 60 : 1) *
						 8;
		uint64_t bit = image_random(&seed) % 64;

		image_must("cp good.qcow2 a.qcow2");
		image_put("a.qcow2", at,
			  image_get("a.qcow2", at) ^ (UINT64_C(1) << bit));
		ours = our_check("a.qcow2", 0);
		its = its_check("a.qcow2");
		if (ours != its) {
			differ++;
			fprintf(stderr, "table %u bit %u: we %d, qemu %d\n", t,
				(unsigned)bit, ours, its);
		}
		our_check("a.qcow2", BLK_FIX_LEAKS | BLK_FIX_ERRORS);
		ck_assert_int_ne(our_check("a.qcow2", 0), LEAKS);
	}
	ck_assert_int_eq(differ, 0);
	image_end();
}
END_TEST

/* Headers that are refused, each with its own words. */
struct bad {
	uint64_t off, val;
	unsigned width; /* bytes */
	const char *says;
};

static const struct bad bads[] = {
	{0, 0, 4, "not in qcow2 format"},
	{4, 4, 4, "Unsupported qcow2 version 4"},
	{20, 8, 4, "cluster size"},
	{20, 40, 4, "cluster size"},
	{8, 1u << 20, 8, "Invalid backing file offset"},
	{32, 1, 4, "encrypted (AES)"},
	{32, 2, 4, "encrypted (LUKS)"},
	{36, 0x7fffffff, 4, "L1 table too large"},
	{36, 0, 4, "L1 table is too small"},
	{40, 0x200, 8, "L1 table offset"},
	{40, UINT64_C(0x7fffffffffff0000), 8, "L1 table offset"},
	{48, 0x200, 8, "table offset invalid"},
	{56, 0, 4, "does not contain a reference count table"},
	{56, 0x7fffffff, 4, "Reference count table too large"},
	{60, 0x7fffffff, 4, "Too many snapshots"},
	{64, 0x200, 8, "Snapshot table offset"},
	{24, UINT64_C(1) << 62, 8, "L1 table is too small"},
	{72, UINT64_C(1) << 40, 8, "bit 40"},
	{96, 7, 4, "Reference count entry width too large"},
	{100, 16, 4, "header too short"},
	{100, 1u << 30, 4, "header exceeds cluster size"},
	{104, UINT64_C(1) << 56, 8, "compression type"},
};

#define BADS ((int)(sizeof(bads) / sizeof(*bads)))

START_TEST(refuses_bad_headers)
{
	const struct bad *b = &bads[_i];
	struct blk_open how = {.filename = "a.qcow2", .format = "qcow2"};
	struct error err = {0};
	struct blk_node *node;
	uint64_t old;

	image_start();
	make("a.qcow2");
	old = image_get("a.qcow2", b->off);
	image_put("a.qcow2", b->off,
		  b->width == 8 ? b->val : b->val << 32 | (old & UINT32_MAX));
	node = blk_open_alone(&how, &err);
	ck_assert(node == NULL);
	ck_assert_msg(strstr(err.msg, b->says) != NULL, "'%s' lacks '%s'",
		      err.msg, b->says);
	image_end();
}
END_TEST

START_TEST(refuses_backing_loops)
{
	struct blk_open how = {.filename = "a.qcow2"};
	struct error err = {0};

	image_start();
	image_must("qemu-img create -q -f qcow2 a.qcow2 1M");
	image_must("qemu-img create -q -f qcow2 -b a.qcow2 -F qcow2 b.qcow2");
	image_must("qemu-img rebase -u -b b.qcow2 -F qcow2 a.qcow2");
	ck_assert(blk_open_alone(&how, &err) == NULL);
	ck_assert_msg(strstr(err.msg, "comes back") != NULL, "%s", err.msg);
	image_must("qemu-img rebase -u -b a.qcow2 -F qcow2 a.qcow2");
	ck_assert(blk_open_alone(&how, &err) == NULL);
	ck_assert_msg(strstr(err.msg, "comes back") != NULL, "%s", err.msg);
	image_end();
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("damage");

	if (!image_has_qemu()) {
		printf("skip qcow2_check: there is no qemu-img\n");
		return 77;
	}
	tcase_add_loop_test(tc, finds_and_repairs, 0, KINDS);
	tcase_add_test(tc, agrees_on_random_damage);
	tcase_add_loop_test(tc, refuses_bad_headers, 0, BADS);
	tcase_add_test(tc, refuses_backing_loops);
	return unit_run_case("qcow2_check", tc);
}
