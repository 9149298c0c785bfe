/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An open qcow2 image; private to the qcow2_*.c files, and for the thread that
 * owns the node.
 *
 * Functions that take a struct qcow2_wait are straight-line code that may find
 * something missing: a block of metadata that has to be loaded, a cycle of
 * writing that has to end first.  They then have changed nothing, have queued
 * the wait, and return QCOW2_PARKED; when the wait is woken, the caller calls
 * again from the start.  Sync code does so by qcow2_again.
 *
 * Metadata reaches the file in cycles (qcow2_cycle.c): refcounts before the
 * tables that make use of them, L2 before L1, frees last.  So at every moment
 * the file is consistent but for leaks.
 *
 * The format: docs/interop/qcow2 of QEMU.
 */
#ifndef BLOCK_QCOW2_IMAGE_H
#define BLOCK_QCOW2_IMAGE_H

#include "block/driver.h"
#include "vmm/timer.h"

#define QCOW2_MAGIC	    0x514649fbu /* "QFI\xfb" */

#define QCOW2_V2_HEADER	    72u
#define QCOW2_V3_HEADER	    104u
#define QCOW2_HEADER	    112u /* what we write: with the compression type */

#define QCOW2_MIN_BITS	    9u
#define QCOW2_MAX_BITS	    21u
#define QCOW2_EXT_BITS	    14u /* the least with extended L2 entries */
#define QCOW2_SUBCLUSTERS   32u

#define QCOW2_MAX_L1	    (32u << 20) /* bytes */
#define QCOW2_MAX_REFTABLE  (8u << 20)
#define QCOW2_MAX_SNAPSHOTS 65536u
#define QCOW2_MAX_SNAPTABLE (64u << 20)
#define QCOW2_MAX_NAME	    1023u

enum qcow2_incompatible {
	QCOW2_DIRTY = 1,
	QCOW2_CORRUPT = 2,
	QCOW2_DATA_FILE = 4,
	QCOW2_COMPRESSION = 8,
	QCOW2_EXTENDED_L2 = 16,
	QCOW2_INCOMPATIBLE = 31,
};

enum { QCOW2_LAZY_REFCOUNTS = 1 };
enum { QCOW2_BITMAPS = 1, QCOW2_RAW_DATA_FILE = 2 };

/* Of L1 and L2 entries. */
#define QCOW2_COPIED	 (UINT64_C(1) << 63)
#define QCOW2_COMPRESSED (UINT64_C(1) << 62)
#define QCOW2_ZERO	 UINT64_C(1)
#define QCOW2_OFFSET	 UINT64_C(0x00fffffffffffe00)
#define QCOW2_REF_OFFSET (~UINT64_C(0x1ff))
/* What must be 0, as far as a check looks at it. */
#define QCOW2_L1_RESERVED UINT64_C(0x7f000000000001ff)
#define QCOW2_L2_RESERVED UINT64_C(0x3f000000000001fe)

enum qcow2_type {
	QCOW2_UNALLOCATED, /* what the backing file has */
	QCOW2_UNALLOCATED_HOST, /* the same, but its cluster is there */
	QCOW2_ZERO_PLAIN,
	QCOW2_ZERO_HOST, /* zeros, and a cluster is there */
	QCOW2_NORMAL,
	QCOW2_PACKED, /* compressed */
};

enum { QCOW2_PARKED = 1 };

struct qcow2_wait {
	struct list link;
	/* Called by the context; NULL: somebody polls woken. */
	void (*wake)(struct qcow2_wait *wait);
	bool woken;
	int rc; /* why it is of no use to try again, or 0 */
};

/* A block of metadata: a refcount block, or a slice of an L2 table. */
struct qcow2_block {
	struct list lru;
	struct qcow2_block *next; /* of the same hash */
	struct qcow2_cache *cache;
	uint64_t off;
	uint8_t *data;
	unsigned used; /* the cache's era when it was last asked for */
	uint8_t *writing; /* what the running cycle writes; may be data */
	bool loading, dirty;
	struct list waiters;
	struct blk_req req; /* the load */
	struct iovec iov;
};

struct qcow2_cache {
	struct qcow2 *q;
	size_t block_size;
	unsigned n, max, dirty;
	unsigned era; /* how often it has been cleaned */
	struct list lru; /* the oldest first */
	struct qcow2_block **hash;
	unsigned mask;
};

/* A table of offsets that is in memory as a whole: L1, refcount table. */
struct qcow2_table {
	uint64_t off;
	uint64_t *val;
	uint32_t n;
	uint8_t *dirty; /* one for each QCOW2_TABLE_STEP entries */
	bool any_dirty;
};

#define QCOW2_TABLE_STEP 64u

/* Metadata that must not be overwritten by something else. */
enum qcow2_meta {
	QCOW2_META_HEADER,
	QCOW2_META_L1,
	QCOW2_META_L2,
	QCOW2_META_REFTABLE,
	QCOW2_META_REFBLOCK,
	QCOW2_META_SNAPTABLE,
	QCOW2_META_SNAP_L1,
	QCOW2_META_SNAP_L2,
	QCOW2_META_BITMAPS,
	QCOW2_METAS
};

/* Why clusters become free. */
enum qcow2_discard {
	QCOW2_DISCARD_REQUEST, /* the guest discards them */
	QCOW2_DISCARD_SNAPSHOT, /* with a snapshot */
	QCOW2_DISCARD_OTHER,
	QCOW2_DISCARDS
};

/* Clusters that nothing will refer to once the next cycle has ended. */
struct qcow2_free {
	struct list link;
	uint64_t cluster, n, epoch;
	uint64_t sole; /* so many are known to have this one reference */
	bool discarded; /* the host has them, or is not to have them */
};

/* A header extension that we keep as it is. */
struct qcow2_ext {
	struct list link;
	uint32_t type, len;
	uint8_t data[];
};

struct qcow2_snapshot {
	uint64_t l1_off;
	uint32_t l1_n;
	char *id, *name;
	uint32_t date_sec, date_nsec;
	uint64_t vm_clock_ns, vm_state_size, disk_size, icount;
	bool broken; /* its L1 table cannot be where the entry says */
	uint32_t extra_len; /* all extra data, as it was */
	uint8_t *extra;
};

enum qcow2_phase {
	PHASE_REFBLOCKS,
	PHASE_REFTABLE,
	PHASE_HEADER,
	PHASE_L2,
	PHASE_L1,
	PHASES,
};

struct qcow2_cycle {
	bool running;
	bool keep_refcounts; /* lazily: not in this one */
	unsigned phase;
	unsigned pending;
	bool flushing;
	bool flushed; /* all that was written before it began */
	int rc;
	uint64_t started, ended; /* how many */
	struct list writes[PHASES];
	struct list waiters;
	struct list frees;
	struct blk_req flush, data_flush;
};

/* See qcow2_room.c. */
struct qcow2_room {
	bool wanted, busy;
	uint64_t end; /* the file has room up to here; 0: as it has grown */
	uint64_t step; /* how much to add next */
	struct blk_req req;
	struct list waiters;
};

struct qcow2 {
	struct blk_node *node, *file, *data; /* data: file, or external */

	/* The header. */
	unsigned version, cluster_bits, refcount_order, compression;
	uint32_t header_length;
	uint64_t incompatible, compatible, autoclear;
	uint64_t snapshots_off;
	uint32_t reftable_clusters;
	uint8_t *unknown; /* fields behind those that we know */
	uint32_t unknown_len;
	struct list exts;
	uint64_t backing_off; /* of its name, 0 for none */
	uint32_t backing_len;
	char *backing_file, *backing_format, *data_file;

	/* What follows from it. */
	uint64_t cluster_size;
	unsigned entry_size, l2_bits, slice_bits; /* bits: of entry counts */
	unsigned sub_bits; /* of a subcluster's size */
	unsigned refs_bits; /* of counts in a refcount block */
	uint64_t refcount_max;
	bool extended, lazy, raw_data;
	bool external; /* the data is in another file */
	bool corrupt; /* or in too bad a state to write on */
	bool unsettled; /* COPIED bits may not agree with refcounts */
	bool quiet; /* a check says itself what is wrong */
	bool sparse; /* clusters may be holes of the file: see qcow2_status.c */
	bool sparse_known;

	struct qcow2_table l1, reftable;
	struct qcow2_cache l2_cache, ref_cache;
	bool header_dirty;
	bool needs_flush; /* copied data has to be safe before L2 is written */

	uint64_t free_hint; /* the first cluster that may be free */
	uint64_t fresh_from; /* offset from which on the file is all zeros */
	struct qcow2_room room;
	uint64_t packed_off; /* where compressed data may go on, or 0 */
	bool discards[QCOW2_DISCARDS]; /* does the host get these back? */
	struct list frees, frees_ready;
	struct qcow2_wait free_wait;
	bool freeing;
	struct blk_req discard;
	uint64_t epoch;

	struct qcow2_cycle cycle;
	struct list ready; /* waits that have been woken */
	struct blk_task resume;

	struct list ios; /* in flight, the oldest first */
	struct list
		allocs; /* clusters that are being written for the first time */
	unsigned requests;
	struct qcow2_table_op *table_op;
	struct list table_waiters;

	struct qcow2_snapshot *snapshots;
	uint32_t nsnapshots;
	uint64_t snaptable_len; /* bytes in the file */

	/* Where metadata is: clusters, hashed; see qcow2_overlap.c. */
	struct timer clean_timer;
	int64_t clean_interval; /* ns, 0: never */
	unsigned watched; /* bits of enum qcow2_meta */
	uint64_t *meta;
	size_t meta_size, meta_used;

	/* The last cluster that was decompressed. */
	uint8_t *unpacked;
	uint64_t unpacked_entry, unpacked_epoch;
};

static inline uint64_t qcow2_up(const struct qcow2 *q, uint64_t off)
{
	return (off + q->cluster_size - 1) & ~(q->cluster_size - 1);
}

static inline uint64_t qcow2_in_cluster(const struct qcow2 *q, uint64_t off)
{
	return off & (q->cluster_size - 1);
}

static inline uint64_t qcow2_clusters(const struct qcow2 *q, uint64_t len)
{
	return (len >> q->cluster_bits) + !!qcow2_in_cluster(q, len);
}

/* qcow2_wait.c */
void qcow2_park(struct qcow2_wait *wait, struct list *on);
void qcow2_wake(struct qcow2 *q, struct list *waiters, int rc);
void qcow2_wait_init(struct qcow2_wait *wait,
		     void (*wake)(struct qcow2_wait *));
/* Sync: *rc is QCOW2_PARKED: waits, and says whether to call again. */
bool qcow2_again(struct qcow2 *q, struct qcow2_wait *wait, int *rc);
void qcow2_resume(struct blk_task *task);

/* qcow2_cache.c */
int qcow2_cache_init(struct qcow2 *q, struct qcow2_cache *c, size_t block_size,
		     unsigned max);
void qcow2_cache_fini(struct qcow2_cache *c);
int qcow2_cache_get(struct qcow2_cache *c, uint64_t off,
		    struct qcow2_wait *wait, struct qcow2_block **block);
/* One that is not in the file yet: zeros, and dirty. */
int qcow2_cache_new(struct qcow2_cache *c, uint64_t off,
		    struct qcow2_block **block);
/* Before each change of data. */
int qcow2_cache_touch(struct qcow2_block *block);
/* Forgets what was not asked for since the last time. */
void qcow2_cache_clean(struct qcow2_cache *c);
/* Forgets everything; nothing is dirty or on its way. */
void qcow2_cache_empty(struct qcow2_cache *c);

/* qcow2_table.c */
int qcow2_table_load(struct qcow2 *q, struct qcow2_table *t, uint64_t off,
		     uint32_t n);
int qcow2_table_resize(struct qcow2_table *t, uint32_t n);
void qcow2_table_free(struct qcow2_table *t);
void qcow2_table_set(struct qcow2_table *t, uint32_t i, uint64_t val);
void qcow2_table_dirty(struct qcow2_table *t, uint32_t from, uint32_t n);
/* Writes all of it at once. */
int qcow2_table_store(struct qcow2 *q, const uint64_t *val, uint32_t n,
		      uint64_t off);

/* qcow2_refcount.c */
uint64_t qcow2_refcount_read(const struct qcow2 *q, const uint8_t *block,
			     uint64_t i);
void qcow2_refcount_write(const struct qcow2 *q, uint8_t *block, uint64_t i,
			  uint64_t count);
uint64_t qcow2_in_refblock(const struct qcow2 *q, uint64_t cluster);
/* *block is NULL where all counts are 0. */
int qcow2_refblock(struct qcow2 *q, struct qcow2_wait *wait, uint64_t cluster,
		   struct qcow2_block **block);
int qcow2_refcount(struct qcow2 *q, struct qcow2_wait *wait, uint64_t cluster,
		   uint64_t *count);
int qcow2_refcount_add(struct qcow2 *q, struct qcow2_wait *wait,
		       uint64_t cluster, int delta);
int qcow2_refcount_sync(struct qcow2 *q, uint64_t cluster, uint64_t *count);
int qcow2_refcount_add_sync(struct qcow2 *q, uint64_t off, uint64_t len,
			    int delta);

/* qcow2_alloc.c */
/* One to n clusters, side by side. */
int qcow2_alloc(struct qcow2 *q, struct qcow2_wait *wait, uint64_t n,
		uint64_t *got, uint64_t *off);
/* Sync: exactly n clusters, side by side. */
int qcow2_alloc_table(struct qcow2 *q, uint64_t n, uint64_t *off);
/* Takes off..off+len back after use by who was never written down. */
void qcow2_unalloc(struct qcow2 *q, uint64_t off, uint64_t n);

/* qcow2_room.c */
void qcow2_room_init(struct qcow2 *q);
/* Parks until the file has room for n more clusters, if that is of use. */
int qcow2_room_wait(struct qcow2 *q, struct qcow2_wait *wait, uint64_t n);
/* Takes back what is left; with nothing in flight. */
int qcow2_room_trim(struct qcow2 *q);

/* qcow2_free.c */
void qcow2_free_clusters(struct qcow2 *q, uint64_t off, uint64_t n,
			 enum qcow2_discard why);
void qcow2_free_entry(struct qcow2 *q, uint64_t entry, enum qcow2_discard why);
void qcow2_free_run(struct qcow2 *q);

/* qcow2_cycle.c */
void qcow2_cycle_start(struct qcow2 *q);
bool qcow2_is_dirty(const struct qcow2 *q);
/* Parks until all that was changed before is in the file. */
int qcow2_cycle_flush(struct qcow2 *q, struct qcow2_wait *wait,
		      uint64_t *target);
/* Sync: until nothing is left to do. */
int qcow2_flush_all(struct qcow2 *q);

/* qcow2_map.c */
struct qcow2_map {
	enum qcow2_type type;
	uint64_t host; /* offset in data, or the entry of a packed cluster */
	uint64_t len;
	bool copied; /* may be written in place */
};

int qcow2_map(struct qcow2 *q, struct qcow2_wait *wait, uint64_t off,
	      uint64_t len, struct qcow2_map *map);
/* The slice for changes; makes or copies the L2 table if need be. */
int qcow2_slice(struct qcow2 *q, struct qcow2_wait *wait, uint64_t off,
		struct qcow2_block **slice, unsigned *index);
uint64_t qcow2_entry(const struct qcow2 *q, const struct qcow2_block *slice,
		     unsigned index);
uint64_t qcow2_bitmap(const struct qcow2 *q, const struct qcow2_block *slice,
		      unsigned index);
/* After qcow2_cache_touch. */
void qcow2_set_entry(const struct qcow2 *q, struct qcow2_block *slice,
		     unsigned index, uint64_t entry, uint64_t bitmap);
enum qcow2_type qcow2_entry_type(const struct qcow2 *q, uint64_t entry);
enum qcow2_type qcow2_sub_type(const struct qcow2 *q, uint64_t entry,
			       uint64_t bitmap, unsigned sub);
/* Of a packed cluster: where its bytes are, at most. */
void qcow2_packed_range(const struct qcow2 *q, uint64_t entry, uint64_t *off,
			uint64_t *len);
/* Entries of an L2 slice. */
static inline unsigned qcow2_slice_entries(const struct qcow2 *q)
{
	return 1u << q->slice_bits;
}

/* qcow2_io.c */
struct qcow2_rq {
	struct qcow2 *q;
	struct blk_req *req;
	struct qcow2_wait wait;
	uint64_t pos, end, start;
	unsigned pending; /* of what it has started */
	int rc;
	uint64_t target; /* of a flush */
	bool flushing;
	int (*step)(struct qcow2_rq *rq);
};

void qcow2_submit(struct blk_node *node, struct blk_req *req);
/* One of our own, anywhere in the image; done is called by the context. */
void qcow2_start(struct qcow2 *q, struct blk_req *req);
/* Reads or writes part of rq at a child. */
int qcow2_issue(struct qcow2_rq *rq, struct blk_node *child, enum blk_op op,
		uint64_t child_off, uint64_t pos, uint64_t len);
int qcow2_issue_zeroes(struct qcow2_rq *rq, struct blk_node *child,
		       uint64_t child_off, uint64_t len);
/* Something that rq waits for has begun, or has ended. */
void qcow2_rq_begin(struct qcow2_rq *rq);
void qcow2_rq_end(struct qcow2_rq *rq, int rc);
void qcow2_rq_run(struct qcow2_rq *rq);
/* In flight, for who wants to free what it may be reading. */
struct qcow2_io {
	struct list link;
	struct qcow2_rq *rq;
	void *owner; /* who is called back, where that is not rq */
	uint64_t epoch;
	struct blk_req req;
	struct iovec *iov; /* room for as many as qcow2_io_new was told */
};

struct qcow2_io *qcow2_io_new(size_t niov);

void qcow2_io_start(struct qcow2 *q, struct qcow2_io *io);
void qcow2_io_end(struct qcow2 *q, struct qcow2_io *io);
bool qcow2_reads_zero(const struct qcow2 *q, enum qcow2_type type,
		      uint64_t off);
extern const uint8_t qcow2_zeros[];
#define QCOW2_ZEROS (64u << 10)

/* qcow2_write.c */
int qcow2_write_step(struct qcow2_rq *rq);
/* Does the next piece of rq, at most len bytes; zeros: in place of iov. */
int qcow2_write_some(struct qcow2_rq *rq, uint64_t len, bool zeros);
/* Parks if clusters of the range are being allocated just now. */
int qcow2_wait_alloc(struct qcow2 *q, struct qcow2_wait *wait, uint64_t off,
		     uint64_t *len);
struct qcow2_alloc {
	struct list link;
	struct list waiters;
	uint64_t start, end; /* guest offsets of whole clusters */
};

void qcow2_alloc_begin(struct qcow2 *q, struct qcow2_alloc *a);
void qcow2_alloc_end(struct qcow2 *q, struct qcow2_alloc *a);

/* qcow2_zero.c */
int qcow2_zero_step(struct qcow2_rq *rq);
int qcow2_discard_step(struct qcow2_rq *rq);

/* qcow2_packed.c */
int qcow2_read_packed(struct qcow2_rq *rq, uint64_t entry, uint64_t len);
int qcow2_write_packed_step(struct qcow2_rq *rq);
bool qcow2_compression_is_built(unsigned type);
const char *qcow2_compression_name(unsigned type);

/* qcow2_overlap.c */
int qcow2_overlap_init(struct qcow2 *q);
/* Refuses images that have two tables in one place. */
int qcow2_overlap_check(const struct qcow2 *q, struct error *err);
int qcow2_overlap_options(struct qcow2 *q, json_t *options, struct error *err);
/* If the user wants the kind watched. */
void qcow2_overlap_add(struct qcow2 *q, enum qcow2_meta kind, uint64_t off,
		       uint64_t len);
void qcow2_overlap_del(struct qcow2 *q, uint64_t off, uint64_t len);
bool qcow2_overlaps(const struct qcow2 *q, uint64_t off, uint64_t len);
/* Says what is wrong, sets the corrupt bit; returns -EIO. */
int qcow2_corrupted(struct qcow2 *q, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* qcow2_header.c */
int qcow2_header_read(struct qcow2 *q, struct error *err);
/* All of the first cluster that is ours. */
int qcow2_header_write(struct qcow2 *q);
/* The fixed fields, as they are now, into buf (QCOW2_HEADER bytes). */
size_t qcow2_header_fill(const struct qcow2 *q, uint8_t *buf);
void qcow2_header_free(struct qcow2 *q);
/* The fixed fields alone, at once, and on disk. */
int qcow2_header_update(struct qcow2 *q);

/* qcow2.c */
/* What follows from the header. */
void qcow2_geometry(struct qcow2 *q);
uint64_t qcow2_l1_entries(const struct qcow2 *q, uint64_t size);

/* qcow2_snapshot.c */
int qcow2_snapshots_read(struct qcow2 *q, struct error *err);
void qcow2_snapshots_forget(struct qcow2 *q);

/* qcow2_check.c */
int qcow2_check(struct blk_node *node, unsigned fix, struct blk_check *result,
		struct error *err);

/* qcow2_resize.c */
int qcow2_grow_l1(struct qcow2 *q, uint64_t entries, struct error *err);

#endif
