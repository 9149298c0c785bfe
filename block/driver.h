/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a driver of the block graph is: a format, or a protocol that reaches
 * the bytes.  All functions run in the thread that owns the node; a driver may
 * leave out those it has nothing for.
 */
#ifndef BLOCK_DRIVER_H
#define BLOCK_DRIVER_H

#include "block/node.h"
#include "vmm/opt.h"

struct blk_driver {
	const char *name;
	bool protocol; /* has no BLK_FILE of its own */
	bool filter; /* shows its BLK_FILE's disk as it is */
	bool plain; /* changes its BLK_FILE only as it is changed itself */
	/* May discards of a whole image be taken as its new content? */
	bool zero_init;
	bool compresses; /* takes BLK_COMPRESS */
	size_t state_size; /* of node->state, zeroed before open */
	const struct opt_desc *create_opts; /* of -o, for its help */
	const char *const *options; /* of open, by name; ended by NULL */
	const struct opt_desc *amend_opts; /* those that can be changed */

	/*
	 * options are the node's own, by flat keys that the driver takes out
	 * (blk_take_*): what is left is an error.  Children that every format
	 * has (BLK_FILE) are open already.
	 */
	int (*open)(struct blk_node *node, json_t *options, struct error *err);
	void (*close)(struct blk_node *node);
	int (*create)(struct blk_ctx *ctx, const struct blk_create *how,
		      struct error *err);
	int (*measure)(struct opt_list *options, uint64_t size, uint64_t data,
		       struct blk_measure *out, struct error *err);
	int (*amend)(struct blk_node *node, struct opt_list *options,
		     struct error *err);

	/* Aligned as the node asks; ends with blk_ctx_complete. */
	void (*submit)(struct blk_node *node, struct blk_req *req);
	/* The same at once, in the calling thread; only protocols. */
	int (*run)(struct blk_node *node, struct blk_req *req);
	/* Locks what it is in against others: what is now granted. */
	int (*grant)(struct blk_node *node, const struct blk_grant *grant,
		     struct error *err);
	/* Filters that hold requests back: hold none, until open is false. */
	void (*open_up)(struct blk_node *node, bool open);
	/* Brings what is still to be done to its end. */
	void (*drain)(struct blk_node *node);

	int (*status)(struct blk_node *node, uint64_t off, uint64_t len,
		      struct blk_extent *ext);
	bool (*has_zero_init)(const struct blk_node *node);
	int64_t (*allocated_size)(struct blk_node *node);
	int (*truncate)(struct blk_node *node, uint64_t size,
			enum blk_prealloc prealloc, struct error *err);
	int (*make_empty)(struct blk_node *node, struct error *err);
	void (*info)(struct blk_node *node, struct blk_info *info);
	int (*change_backing)(struct blk_node *node, const char *file,
			      const char *format, struct error *err);
	int (*check)(struct blk_node *node, unsigned fix,
		     struct blk_check *result, struct error *err);
	int (*snapshot_create)(struct blk_node *node,
			       const struct blk_snapshot *snap,
			       struct error *err);
	int (*snapshot_apply)(struct blk_node *node, const char *id_or_name,
			      struct error *err);
	int (*snapshot_delete)(struct blk_node *node, const char *id_or_name,
			       struct error *err);
	int (*snapshot_load)(struct blk_node *node, const char *id_or_name,
			     struct error *err);
	int (*snapshots)(struct blk_node *node, struct blk_snapshot **list,
			 size_t *n, struct error *err);
	int (*vmstate)(struct blk_node *node, uint64_t off, void *buf,
		       size_t len, bool write);
};

/* By name, or NULL. */
const struct blk_driver *blk_driver_find(const char *name);
/* All, ended by NULL. */
extern const struct blk_driver *const blk_drivers[];

/* Hands req, with at as the child counts, on to a child. */
void blk_pass(struct blk_node *child, struct blk_req *req);
/* As blk_node_submit, but finish stays. */
void blk_node_start(struct blk_node *node, struct blk_req *req);
/* Requests that are not aligned as the node wants them. */
bool blk_is_aligned(const struct blk_node *node, const struct blk_req *req);
void blk_align_submit(struct blk_node *node, struct blk_req *req);
/* Zeroed memory of the driver's alignment, or NULL. */
void *blk_alloc(const struct blk_node *node, size_t len);

/* Options of open: *value stays if the key is not there; it is taken out. */
int blk_take_size(json_t *options, const char *key, uint64_t *value,
		  struct error *err);
int blk_take_bool(json_t *options, const char *key, bool *value,
		  struct error *err);
/* The caller's, or NULL. */
char *blk_take_string(json_t *options, const char *key);

/*
 * Opens a child by options[name]: an object, a node's name, or flat keys that
 * begin with name and a dot.  Without any of these *child stays NULL.
 */
int blk_open_child(struct blk_node *node, enum blk_child which, json_t *options,
		   const char *name, unsigned flags, struct error *err);
/* The backing file, by options["backing"] or by what the image says. */
int blk_open_backing(struct blk_node *node, json_t *options, const char *file,
		     const char *format, struct error *err);

/* For filters, which have what their file has: as drivers' operations. */
int blk_filter_status(struct blk_node *node, uint64_t off, uint64_t len,
		      struct blk_extent *ext);
int blk_filter_truncate(struct blk_node *node, uint64_t size,
			enum blk_prealloc prealloc, struct error *err);

/* Are all its bytes zero? */
bool blk_is_zero(const struct iovec *iov, int niov);

#endif
