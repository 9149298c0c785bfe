/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The block graph: nodes, each an image or a host file opened by a driver, and
 * what can be done with them.
 *
 * A node belongs to one context (block/ctx.h), and so to one thread, whose
 * calls these functions are.  Those that return when the thing is done (all
 * but blk_node_submit) poll the context meanwhile; those from blk_truncate on
 * want the graph drained, with nothing in flight.
 */
#ifndef BLOCK_NODE_H
#define BLOCK_NODE_H

#include <jansson.h>
#include <stddef.h>

#include "block/block.h"
#include "block/ctx.h"

/* The other nodes that a node may have. */
enum blk_child { BLK_FILE, BLK_BACKING, BLK_DATA, BLK_CHILDREN };

enum blk_prealloc {
	BLK_PREALLOC_OFF,
	BLK_PREALLOC_METADATA,
	BLK_PREALLOC_FALLOC,
	BLK_PREALLOC_FULL,
};

/* What becomes of writes that are all zeros. */
enum blk_detect {
	BLK_DETECT_OFF,
	BLK_DETECT_ON, /* writes of zeros */
	BLK_DETECT_UNMAP, /* the same, which may give the blocks back */
};

struct blk_driver;

/* BLK_PERM_* of all parents and users together; block/perms.h. */
struct blk_grant {
	unsigned need, share;
};

struct blk_node {
	struct list link; /* of its context */
	const struct blk_driver *driver;
	struct blk_ctx *ctx;
	void *state; /* the driver's */
	struct blk_node *child[BLK_CHILDREN];
	unsigned refs;
	char name[32]; /* node-name; "#block123" where the user gave none */
	char *filename; /* as messages and info have it */
	unsigned flags; /* BLK_O_* */
	enum blk_aio aio;
	enum blk_detect detect;
	uint64_t size; /* bytes of the disk that it shows */
	bool readonly;
	bool implicit; /* a filter that the user did not ask for by its name */
	bool probed; /* its format was guessed: sector 0 is guarded */
	uint32_t align; /* of offsets and lengths; a power of two, at least 1 */
	uint32_t mem_align; /* of memory; the same */
	uint32_t opt_zeroes; /* write zeroes in multiples of this, if not 0 */
	unsigned in_flight;
	uint64_t highest; /* where what was written ends */
	const struct blk_node *opener; /* whose child this becomes; the same */
	unsigned depth; /* below the graph's root, while opening */
	struct list unaligned; /* writes that change parts of blocks */
	struct list users; /* struct blk_user: those that are no nodes */
	struct blk_grant grant;
};

/*
 * Opens a graph.  filename may be "json:{...}".  options hold "driver",
 * "node-name", "file" (an object, or the name of a node), "backing", "cache":
 * {"direct", "no-flush"}, "read-only", "auto-read-only", "force-share",
 * "discard", "detect-zeroes", "aio" and what the driver has; keys with dots
 * ("file.filename") will do as well.
 */
struct blk_node *blk_open(struct blk_ctx *ctx, const struct blk_open *how,
			  struct error *err);

/* With what BLK_O_SNAPSHOT and BLK_O_COPY_ON_READ put on top. */
struct blk_node *blk_open_layers(struct blk_ctx *ctx,
				 const struct blk_open *how, struct error *err);
/* What would open the node without its backing file; the caller's. */
json_t *blk_node_options(const struct blk_node *node);
/* The image below filters. */
struct blk_node *blk_node_image(struct blk_node *node);

struct blk_node *blk_node_ref(struct blk_node *node);
struct blk_node *blk_node_find(struct blk_ctx *ctx, const char *name);

/* Starts req at the node; done is always called later, by the context. */
void blk_node_submit(struct blk_node *node, struct blk_req *req);
/* Nothing is held back in the node and below it until open is false. */
void blk_node_open_up(struct blk_node *node, bool open);
bool blk_node_holds_back(const struct blk_node *node);
/* Waits until nothing is in flight in the node and below it. */
void blk_node_drain(struct blk_node *node);

/* One request from beginning to end; 0 or -errno. */
int blk_run(struct blk_node *node, const struct blk_req *req);
int blk_pread(struct blk_node *node, uint64_t off, void *buf, size_t len);
int blk_pwrite(struct blk_node *node, uint64_t off, const void *buf, size_t len,
	       unsigned flags);
int blk_zero(struct blk_node *node, uint64_t off, uint64_t len, unsigned flags);
int blk_discard(struct blk_node *node, uint64_t off, uint64_t len);
int blk_flush(struct blk_node *node);

enum {
	BLK_ALLOCATED = 1, /* this node says what is there, not its backing */
	BLK_ZERO = 2, /* reads as zeros */
	BLK_HAS_DATA = 4, /* data that has to be read */
	BLK_OFFSET_VALID = 8, /* map: it is plainly in the host's file */
	BLK_COMPRESSED = 0x10,
	BLK_EOF = 0x20, /* backing: behind its end */
};

/* len bytes from the offset that was asked for have this in common. */
struct blk_extent {
	uint64_t len;
	unsigned flags;
	uint64_t map; /* where, in the file of host_name */
	const char *host_name; /* as long as the node lives */
};

/* Of this node alone. */
int blk_status(struct blk_node *node, uint64_t off, uint64_t len,
	       struct blk_extent *ext);
/*
 * Through the backing chain down to, but without, base (NULL: all); *depth
 * says which layer (0: node) has it.
 */
int blk_status_above(struct blk_node *node, const struct blk_node *base,
		     uint64_t off, uint64_t len, struct blk_extent *ext,
		     unsigned *depth);

/* Has a fresh image of this kind only zeros? */
bool blk_has_zero_init(const struct blk_node *node);
/* Bytes that the host's file takes up; negative if unknown. */
int64_t blk_allocated_size(struct blk_node *node);

int blk_truncate(struct blk_node *node, uint64_t size,
		 enum blk_prealloc prealloc, struct error *err);
/* Makes everything unallocated, as commit wants it afterwards. */
int blk_make_empty(struct blk_node *node, struct error *err);

struct blk_info {
	const char *format;
	uint64_t virtual_size;
	int64_t actual_size; /* negative: unknown */
	uint32_t cluster_size; /* 0: has none */
	uint64_t vmstate_offset; /* where a machine's state begins; or 0 */
	bool dirty, compressed, encrypted;
	const char *backing_file; /* as written in the image, or NULL */
	const char *backing_format;
	char *full_backing_file; /* found from here, or NULL; the caller's */
	json_t *specific; /* "data" of format-specific, or NULL; the caller's */
};

void blk_get_info(struct blk_node *node, struct blk_info *info);
void blk_info_free(struct blk_info *info);

/* Writes another name of the backing file; NULL: none. */
int blk_change_backing(struct blk_node *node, const char *file,
		       const char *format, struct error *err);
/* Puts another node (NULL: none) below node; the old one is let go. */
void blk_set_backing(struct blk_node *node, struct blk_node *backing);

enum { BLK_FIX_LEAKS = 1, BLK_FIX_ERRORS = 2 };

struct blk_check {
	uint64_t check_errors, corruptions, leaks;
	uint64_t corruptions_fixed, leaks_fixed;
	uint64_t image_end_offset;
	uint64_t total_clusters, allocated_clusters;
	uint64_t fragmented_clusters, compressed_clusters;
	/* Each finding, one line without newline; may be NULL. */
	void (*say)(void *ctx, const char *line);
	void *ctx;
};

/* -ENOTSUP: the format has no checks. */
int blk_check(struct blk_node *node, unsigned fix, struct blk_check *result,
	      struct error *err);

struct blk_snapshot {
	char *id, *name;
	uint64_t vm_state_size, vm_clock_ns, disk_size;
	uint32_t date_sec, date_nsec;
	uint64_t icount; /* UINT64_MAX: none */
};

/* snap's strings are the caller's; an id that is NULL is chosen. */
int blk_snapshot_create(struct blk_node *node, const struct blk_snapshot *snap,
			struct error *err);
/* Of an id or, if no snapshot has that, a name. */
int blk_snapshot_apply(struct blk_node *node, const char *id_or_name,
		       struct error *err);
int blk_snapshot_delete(struct blk_node *node, const char *id_or_name,
			struct error *err);
/* For reading only, until the node is closed. */
int blk_snapshot_load(struct blk_node *node, const char *id_or_name,
		      struct error *err);
/* *list has *n, and is the caller's (blk_snapshots_free). */
int blk_snapshots(struct blk_node *node, struct blk_snapshot **list, size_t *n,
		  struct error *err);
void blk_snapshots_free(struct blk_snapshot *list, size_t n);

/* The machine's state that belongs to the next snapshot, or the last loaded. */
int blk_vmstate_write(struct blk_node *node, uint64_t off, const void *buf,
		      size_t len);
int blk_vmstate_read(struct blk_node *node, uint64_t off, void *buf,
		     size_t len);

/* A new image: options as strings, from the driver's create table. */
struct blk_create {
	const char *filename, *format;
	uint64_t size;
	bool has_size; /* else that of the backing file */
	struct opt_list *options; /* of -o; "size" and backing_file too */
	unsigned flags; /* BLK_O_* for what is opened on the way */
};

int blk_create(struct blk_ctx *ctx, const struct blk_create *how,
	       struct error *err);

struct blk_measure {
	uint64_t required, fully_allocated;
};

/* What an image of format would need, for size bytes with data bytes in use. */
int blk_measure(const char *format, struct opt_list *options, uint64_t size,
		uint64_t data, struct blk_measure *out, struct error *err);
/* Changes what create's options say, in an image that is there. */
int blk_amend(struct blk_node *node, struct opt_list *options,
	      struct error *err);

/*
 * The name of a file that is named inside another: relative ones are found
 * from the other's folder.  The caller frees it.
 */
char *blk_path_combine(const char *base, const char *name);

#endif
