/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qcow2 images, versions 2 and 3, with all of their features but encryption
 * (refused by name) and the use of bitmaps (kept, and marked as out of date by
 * writing).  The format: docs/interop/qcow2 of QEMU.
 */
#include "block/qcow2.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "block/options.h"
#include "block/path.h"
#include "block/qcow2_create.h"
#include "block/qcow2_image.h"
#include "block/qcow2_ops.h"
#include "block/qcow2_snapshot.h"
#include "vmm/log.h"

#define L2_CACHE_MAX   (32u << 20) /* as qemu documents */
#define L2_CACHE_ENTRY (64u << 10)
#define REF_CACHE_MIN  4u
#define L2_CACHE_MIN   2u
#define CLEAN_INTERVAL 600u /* seconds */

uint64_t qcow2_l1_entries(const struct qcow2 *q, uint64_t size)
{
	unsigned shift = q->cluster_bits + q->l2_bits;

	return (size >> shift) + !!(size & ((UINT64_C(1) << shift) - 1));
}

void qcow2_geometry(struct qcow2 *q)
{
	q->extended = q->incompatible & QCOW2_EXTENDED_L2;
	q->entry_size = q->extended ? 16 : 8;
	q->l2_bits = q->cluster_bits - (q->extended ? 4 : 3);
	q->sub_bits = q->cluster_bits - (q->extended ? 5 : 0);
	q->refs_bits = q->cluster_bits + 3 - q->refcount_order;
	q->refcount_max =
		q->refcount_order == 6
			? INT64_MAX
			: (UINT64_C(1) << (1u << q->refcount_order)) - 1;
	q->raw_data = q->autoclear & QCOW2_RAW_DATA_FILE;
	q->external = q->incompatible & QCOW2_DATA_FILE;
}

/* What the user says of the caches. */
struct cache_conf {
	uint64_t total, l2, entry, ref, clean_interval;
	bool has_total, has_l2, has_ref;
};

static int take_caches(json_t *options, struct cache_conf *c, struct error *err)
{
	int rc;

	c->has_total = json_object_get(options, "cache-size");
	c->has_l2 = json_object_get(options, "l2-cache-size");
	c->has_ref = json_object_get(options, "refcount-cache-size");
	rc = blk_take_size(options, "cache-size", &c->total, err);
	rc = rc < 0 ? rc : blk_take_size(options, "l2-cache-size", &c->l2, err);
	rc = rc < 0 ? rc
		    : blk_take_size(options, "l2-cache-entry-size", &c->entry,
				    err);
	rc = rc < 0 ? rc
		    : blk_take_size(options, "refcount-cache-size", &c->ref,
				    err);
	return rc < 0 ? rc
		      : blk_take_size(options, "cache-clean-interval",
				      &c->clean_interval, err);
}

static int check_caches(const struct qcow2 *q, const struct cache_conf *c,
			struct error *err)
{
	if (c->has_total && c->has_l2 && c->has_ref)
		return error_set(err, EINVAL,
				 "cache-size, l2-cache-size and "
				 "refcount-cache-size may not be set at the "
				 "same time");
	if (c->has_total && c->has_l2 && c->l2 > c->total)
		return error_set(err, EINVAL,
				 "l2-cache-size may not exceed cache-size");
	if (c->has_total && c->has_ref && c->ref > c->total)
		return error_set(err, EINVAL,
				 "refcount-cache-size may not exceed "
				 "cache-size");
	if (c->clean_interval > UINT32_MAX)
		return error_set(err, EINVAL, "Cache clean interval too big");
	if (c->entry < 512 || c->entry > q->cluster_size ||
	    (c->entry & (c->entry - 1)))
		return error_set(err, EINVAL,
				 "L2 cache entry size must be a power of two "
				 "between 512 and the cluster size (%llu)",
				 (unsigned long long)q->cluster_size);
	return 0;
}

/* How much L2 the whole disk has. */
static uint64_t l2_needed(const struct qcow2 *q)
{
	uint64_t n = qcow2_clusters(q, q->node->size);

	return (n * q->entry_size + q->cluster_size - 1) &
	       ~(q->cluster_size - 1);
}

static void share_total(const struct qcow2 *q, struct cache_conf *c)
{
	uint64_t needed = l2_needed(q);

	if (c->has_l2) {
		c->ref = c->total - c->l2;
	} else if (c->has_ref) {
		c->l2 = c->total - c->ref;
	} else {
		c->l2 = needed < c->total ? needed : c->total;
		if (c->total - c->l2 > c->ref)
			c->ref = c->total - c->l2;
		else if (c->total > c->ref)
			c->l2 = c->total - c->ref;
	}
}

static int init_caches(struct qcow2 *q, struct cache_conf *c, struct error *err)
{
	uint64_t l2, ref;
	int rc;

	if (c->has_total)
		share_total(q, c);
	l2 = c->l2 < l2_needed(q) ? c->l2 : l2_needed(q);
	l2 = l2 / c->entry > L2_CACHE_MIN ? l2 / c->entry : L2_CACHE_MIN;
	ref = c->ref >> q->cluster_bits;
	ref = ref > REF_CACHE_MIN ? ref : REF_CACHE_MIN;
	if (l2 > UINT32_MAX / 2 || ref > UINT32_MAX / 2)
		return error_set(err, EINVAL, "L2 cache size too big");
	q->slice_bits = 0;
	while ((c->entry >> q->slice_bits) > q->entry_size)
		q->slice_bits++;
	rc = qcow2_cache_init(q, &q->l2_cache, c->entry, (unsigned)l2);
	if (rc == 0)
		rc = qcow2_cache_init(q, &q->ref_cache, q->cluster_size,
				      (unsigned)ref);
	return rc < 0 ? error_set(err, -rc, "out of memory") : 0;
}

static void on_clean(void *ctx)
{
	struct qcow2 *q = ctx;

	qcow2_cache_clean(&q->l2_cache);
	qcow2_cache_clean(&q->ref_cache);
	timer_set(&q->clean_timer,
		  clock_now(q->clean_timer.clock) + q->clean_interval);
}

static void start_cleaning(struct qcow2 *q, uint64_t seconds)
{
	struct clock *clock = blk_ctx_clock(q->node->ctx);

	q->clean_interval = (int64_t)seconds * NS_PER_SEC;
	timer_init(&q->clean_timer, clock, on_clean, q);
	timer_set(&q->clean_timer, clock_now(clock) + q->clean_interval);
}

static int open_caches(struct qcow2 *q, json_t *options, struct error *err)
{
	struct cache_conf c = {
		.l2 = L2_CACHE_MAX,
		.entry = q->cluster_size < L2_CACHE_ENTRY ? q->cluster_size
							  : L2_CACHE_ENTRY,
		.ref = REF_CACHE_MIN * q->cluster_size,
		.clean_interval = CLEAN_INTERVAL,
	};
	int rc = take_caches(options, &c, err);

	rc = rc < 0 ? rc : check_caches(q, &c, err);
	rc = rc < 0 ? rc : init_caches(q, &c, err);
	if (rc == 0 && c.clean_interval)
		start_cleaning(q, c.clean_interval);
	return rc;
}

/* What of the clusters that become free the host is told. */
static int take_discards(struct qcow2 *q, json_t *options, struct error *err)
{
	static const char *const keys[QCOW2_DISCARDS] = {
		[QCOW2_DISCARD_REQUEST] = "pass-discard-request",
		[QCOW2_DISCARD_SNAPSHOT] = "pass-discard-snapshot",
		[QCOW2_DISCARD_OTHER] = "pass-discard-other",
	};
	unsigned i;
	int rc = 0;

	q->discards[QCOW2_DISCARD_REQUEST] = q->node->flags & BLK_O_UNMAP;
	q->discards[QCOW2_DISCARD_SNAPSHOT] = true;
	for (i = 0; i < QCOW2_DISCARDS && rc == 0; i++)
		rc = blk_take_bool(options, keys[i], &q->discards[i], err);
	return rc;
}

static int take_lazy(struct qcow2 *q, json_t *options, struct error *err)
{
	bool lazy = q->compatible & QCOW2_LAZY_REFCOUNTS;
	int rc = blk_take_bool(options, "lazy-refcounts", &lazy, err);

	if (rc == 0 && lazy && q->version < 3)
		rc = error_set(err, EINVAL,
			       "Lazy refcounts require a qcow2 image with at "
			       "least qemu 1.1 compatibility level");
	q->lazy = lazy;
	return rc;
}

static int take_others(struct qcow2 *q, json_t *options, struct error *err)
{
	int rc = take_lazy(q, options, err);

	rc = rc < 0 ? rc : take_discards(q, options, err);
	return rc < 0 ? rc : qcow2_overlap_options(q, options, err);
}

/* By the name that the image has: never anything but a file or a device. */
static int open_named_data(struct qcow2 *q, unsigned flags, struct error *err)
{
	char *path = blk_path_combine(q->node->filename, q->data_file);
	json_t *own = json_object();
	int rc;

	/* Data would be written over the tables. */
	if (path && blk_same_file(path, q->node->filename)) {
		rc = error_set(err, EINVAL, "it is the image itself");
	} else {
		json_object_set_new(own, "data-file.driver",
				    json_string("file"));
		json_object_set_new(own, "data-file.filename",
				    json_string_nocheck(path ? path : ""));
		rc = blk_open_child(q->node, BLK_DATA, own, "data-file", flags,
				    err);
	}
	free(path);
	json_decref(own);
	return rc;
}

static int open_data_file(struct qcow2 *q, json_t *options, struct error *err)
{
	struct blk_node *node = q->node;
	unsigned flags = node->flags | BLK_O_RESIZE | BLK_O_UNMAP;
	int rc;

	q->data = q->file;
	rc = blk_open_child(node, BLK_DATA, options, "data-file", flags, err);
	if (rc < 0)
		return rc;
	if (!(q->incompatible & QCOW2_DATA_FILE)) {
		if (!node->child[BLK_DATA])
			return 0;
		return error_set(err, EINVAL,
				 "'data-file' can only be set for images with "
				 "an external data file");
	}
	if (!node->child[BLK_DATA] && q->data_file &&
	    !(node->flags & BLK_O_NO_IO)) {
		rc = open_named_data(q, flags, err);
		if (rc < 0)
			return error_prefix(err, "data file '%s'",
					    q->data_file);
	}
	if (node->child[BLK_DATA])
		q->data = node->child[BLK_DATA];
	else if (!(node->flags & BLK_O_NO_IO))
		return error_set(err, EINVAL,
				 "'data-file' is required for this image");
	return 0;
}

static int load_tables(struct qcow2 *q, struct error *err)
{
	uint64_t need = qcow2_l1_entries(q, q->node->size);
	uint32_t l1_n = q->l1.n;
	int rc;

	if (need > l1_n)
		return error_set(err, EINVAL, "L1 table is too small");
	rc = qcow2_table_load(q, &q->l1, q->l1.off, l1_n);
	if (rc < 0)
		return error_errno(err, -rc, "Could not read L1 table");
	rc = qcow2_table_load(q, &q->reftable, q->reftable.off,
			      (q->reftable_clusters << q->cluster_bits) /
				      (uint32_t)sizeof(uint64_t));
	if (rc < 0)
		return error_errno(err, -rc, "Could not read refcount table");
	return qcow2_snapshots_read(q, err);
}

static void init_lists(struct qcow2 *q)
{
	unsigned i;

	list_init(&q->exts);
	list_init(&q->frees);
	list_init(&q->frees_ready);
	list_init(&q->ready);
	list_init(&q->ios);
	list_init(&q->allocs);
	list_init(&q->table_waiters);
	list_init(&q->cycle.waiters);
	list_init(&q->cycle.frees);
	for (i = 0; i < PHASES; i++)
		list_init(&q->cycle.writes[i]);
	qcow2_wait_init(&q->free_wait, NULL);
	q->resume.run = qcow2_resume;
	q->epoch = 1;
}

/* Writing invalidates what older programs do not know to keep up. */
static int clear_auto(struct qcow2 *q)
{
	uint64_t keep = q->autoclear & QCOW2_RAW_DATA_FILE;

	if (q->autoclear == keep)
		return 0;
	q->autoclear = keep;
	return qcow2_header_update(q);
}

static int repair_dirty(struct qcow2 *q, struct error *err)
{
	struct blk_check result = {.check_errors = 0};
	int rc;

	if (!(q->incompatible & QCOW2_DIRTY) || (q->node->flags & BLK_O_CHECK))
		return 0;
	log_info("qcow2: '%s' was not closed properly: repairing its "
		 "refcounts",
		 q->node->filename);
	rc = qcow2_check(q->node, BLK_FIX_LEAKS | BLK_FIX_ERRORS, &result, err);
	if (rc < 0)
		return error_prefix(err, "Could not repair dirty image");
	if (result.corruptions > result.corruptions_fixed ||
	    result.check_errors)
		return error_set(err, EIO, "Could not repair dirty image");
	q->incompatible &= ~(uint64_t)QCOW2_DIRTY;
	rc = qcow2_header_update(q);
	return rc < 0 ? error_errno(err, -rc, "Could not repair dirty image")
		      : 0;
}

static int prepare_writing(struct qcow2 *q, struct error *err)
{
	int rc;

	if (q->node->readonly)
		return 0;
	q->fresh_from = blk_has_zero_init(q->file) ? qcow2_up(q, q->file->size)
						   : UINT64_MAX;
	qcow2_room_init(q);
	rc = qcow2_overlap_init(q);
	if (rc < 0)
		return error_set(err, ENOMEM, "out of memory");
	rc = repair_dirty(q, err);
	if (rc == 0 && !(q->node->flags & BLK_O_CHECK))
		rc = qcow2_overlap_check(q, err);
	if (rc < 0)
		return rc;
	rc = clear_auto(q);
	return rc < 0 ? error_errno(err, -rc, "Could not update header") : 0;
}

static void forget(struct qcow2 *q)
{
	if (q->clean_interval)
		timer_cancel(&q->clean_timer);
	qcow2_cache_fini(&q->l2_cache);
	qcow2_cache_fini(&q->ref_cache);
	qcow2_table_free(&q->l1);
	qcow2_table_free(&q->reftable);
	qcow2_snapshots_forget(q);
	qcow2_header_free(q);
	free(q->meta);
	free(q->unpacked);
}

static int open_all(struct qcow2 *q, json_t *options, struct error *err)
{
	int rc = qcow2_header_read(q, err);

	if (rc < 0)
		return rc;
	qcow2_geometry(q);
	rc = open_caches(q, options, err);
	rc = rc < 0 ? rc : take_others(q, options, err);
	rc = rc < 0 ? rc : open_data_file(q, options, err);
	rc = rc < 0 ? rc
		    : blk_open_backing(q->node, options, q->backing_file,
				       q->backing_format, err);
	rc = rc < 0 ? rc : load_tables(q, err);
	return rc < 0 ? rc : prepare_writing(q, err);
}

static int qcow2_open(struct blk_node *node, json_t *options, struct error *err)
{
	struct qcow2 *q = node->state;
	int rc;

	q->node = node;
	q->file = q->data = node->child[BLK_FILE];
	init_lists(q);
	rc = open_all(q, options, err);
	if (rc < 0)
		forget(q);
	if (rc < 0 && err && !err->code)
		error_errno(err, -rc, "cannot open");
	return rc;
}

static void qcow2_drain(struct blk_node *node)
{
	struct qcow2 *q = node->state;

	while (q->requests || q->cycle.running || q->freeing ||
	       !list_empty(&q->allocs))
		blk_ctx_poll(node->ctx, true);
}

static void drop_frees(struct list *frees)
{
	struct list *e;

	while ((e = list_pop(frees)))
		free(container_of(e, struct qcow2_free, link));
}

/* Nothing is left that only memory knows. */
static int settle(struct qcow2 *q)
{
	int rc = q->unsettled ? qcow2_update_copied(q) : 0;

	if (rc == 0)
		rc = qcow2_flush_all(q);
	if (rc < 0 || !(q->incompatible & QCOW2_DIRTY) ||
	    (q->node->flags & BLK_O_CHECK))
		return rc;
	q->incompatible &= ~(uint64_t)QCOW2_DIRTY;
	return qcow2_header_update(q);
}

static void qcow2_close(struct blk_node *node)
{
	struct qcow2 *q = node->state;
	int rc;

	qcow2_drain(node);
	rc = node->readonly || q->corrupt ? 0 : settle(q);
	if (rc == 0)
		rc = qcow2_room_trim(q);
	if (rc < 0)
		log_warn("qcow2: cannot write all of '%s': %s", node->filename,
			 strerror(-rc));
	drop_frees(&q->frees);
	drop_frees(&q->frees_ready);
	forget(q);
}

static bool qcow2_has_zero_init(const struct blk_node *node)
{
	const struct qcow2 *q = node->state;

	return !q->raw_data || blk_has_zero_init(q->data);
}

static const char *const qcow2_options[] = {
	"backing",
	"cache-clean-interval",
	"cache-size",
	"data-file",
	"l2-cache-entry-size",
	"l2-cache-size",
	"lazy-refcounts",
	"overlap-check",
	"pass-discard-other",
	"pass-discard-request",
	"pass-discard-snapshot",
	"refcount-cache-size",
	NULL,
};

const struct blk_driver blk_qcow2 = {
	.name = "qcow2",
	.compresses = true,
	.state_size = sizeof(struct qcow2),
	.create_opts = qcow2_create_opts,
	.options = qcow2_options,
	.amend_opts = qcow2_amend_opts,
	.open = qcow2_open,
	.close = qcow2_close,
	.create = qcow2_create,
	.measure = qcow2_measure,
	.amend = qcow2_amend,
	.submit = qcow2_submit,
	.drain = qcow2_drain,
	.status = qcow2_status,
	.has_zero_init = qcow2_has_zero_init,
	.truncate = qcow2_truncate,
	.make_empty = qcow2_make_empty,
	.info = qcow2_info,
	.change_backing = qcow2_change_backing,
	.check = qcow2_check,
	.snapshot_create = qcow2_snapshot_create,
	.snapshot_apply = qcow2_snapshot_apply,
	.snapshot_delete = qcow2_snapshot_delete,
	.snapshot_load = qcow2_snapshot_load,
	.snapshots = qcow2_snapshots_list,
	.vmstate = qcow2_vmstate,
};
