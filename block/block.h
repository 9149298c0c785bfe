/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Block devices of the host, asynchronously: what devices see of them.
 *
 * A device holds a front end, never a node: what is behind a front end can be
 * opened, closed and replaced, under drain, while the device keeps it.
 * Requests run in the I/O thread of the front end and complete in the loop
 * that they name.
 *
 * Opening, closing and draining: main loop, machine lock.  blk_submit: any
 * thread.
 */
#ifndef BLOCK_BLOCK_H
#define BLOCK_BLOCK_H

#include <jansson.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "vmm/error.h"
#include "vmm/list.h"
#include "vmm/loop.h"

#define BLK_SECTOR 512u

enum blk_op {
	BLK_READ,
	BLK_WRITE,
	BLK_FLUSH,
	BLK_WRITE_ZEROES, /* off, len */
	BLK_DISCARD, /* off, len; a hint: success says nothing */
};

enum {
	BLK_FUA = 1, /* writes: on disk when done */
	BLK_MAY_UNMAP = 2, /* zeroes: the blocks may be given back */
	BLK_COMPRESS = 4, /* writes of whole clusters: store them compressed */
	BLK_NO_FALLBACK = 8, /* zeroes: -ENOTSUP rather than writing them out */
};

struct blk_front;
struct blk_node;
struct machine;
struct opt_list;

/*
 * Lives with its owner.  What is above rc is the owner's, but a write of zeros
 * may come back as BLK_WRITE_ZEROES.
 */
struct blk_req {
	enum blk_op op;
	unsigned flags;
	uint64_t off; /* bytes */
	uint64_t len; /* of zeroes and discards; else what iov holds */
	const struct iovec *iov;
	int niov;
	struct loop *loop; /* done is called there; NULL: in the I/O thread */
	void (*done)(struct blk_req *req, int rc); /* 0 or -errno */
	int rc;

	/* From here on the block layer's own. */
	int64_t began; /* ns */
	int64_t due; /* when a limit lets it start */
	void (*finish)(struct blk_req *req); /* instead of done, if set */
	uint64_t at; /* off, as the node that has the request counts */
	struct blk_front *front;
	struct blk_node *node;
	struct list link;
	struct loop_task task;
};

/* What becomes of a request that the host failed. */
enum blk_action {
	BLK_REPORT, /* the guest is told */
	BLK_IGNORE, /* the guest takes it for done */
	BLK_STOP, /* the machine stops, cont tries again */
	BLK_ENOSPC, /* the same if there is no space left, else report */
};

/* Of bytes or requests in a second. */
enum blk_limit {
	BLK_LIMIT_BPS_TOTAL,
	BLK_LIMIT_BPS_READ,
	BLK_LIMIT_BPS_WRITE,
	BLK_LIMIT_IOPS_TOTAL,
	BLK_LIMIT_IOPS_READ,
	BLK_LIMIT_IOPS_WRITE,
	BLK_LIMITS
};

/* 0: none. */
struct blk_limits {
	uint64_t avg[BLK_LIMITS], max[BLK_LIMITS];
	uint64_t length[BLK_LIMITS]; /* seconds that max may last */
	uint64_t iops_size; /* larger requests count as several */
};

struct blk_hold;
struct io_thread;

/* What is done with a node: what its user does, and what others may do. */
enum {
	BLK_PERM_READ = 1,
	BLK_PERM_WRITE = 2,
	BLK_PERM_UNCHANGED = 4, /* write what is there already */
	BLK_PERM_RESIZE = 8,
	BLK_PERM_ALL = 15,
};

/* Of reads, writes, flushes and discards. */
struct blk_stats {
	uint64_t bytes[4], ops[4], failed[4], ns[4];
	uint64_t merged[4]; /* into those before them */
	int64_t last; /* ns: when the last one ended; 0: there was none */
};

struct blk_user {
	struct list link; /* of the node's */
	unsigned need, share; /* BLK_PERM_* */
};

/* What a device wants to know of its medium; machine lock. */
struct blk_media_ops {
	/* Another medium, or none; its tray moved.  Where it is removable. */
	void (*changed)(void *ctx);
	/* The user wants the medium, which the guest locks; NULL: no tray. */
	void (*ask)(void *ctx);
	/* The size is another now; NULL: it looks itself. */
	void (*resized)(void *ctx);
};

struct blk_front {
	struct list link; /* of all front ends, in the order of birth */
	char id[128]; /* "ide0-hd0"; may be "" */
	char device[128]; /* id or path of the device that has it */
	struct blk_node *node; /* NULL: no medium */
	bool removable, readonly;
	_Atomic bool writethrough; /* every write is on disk when done */
	bool locked, tray_open;
	unsigned flags; /* BLK_O_* for other media */
	const struct blk_media_ops *media; /* of the device, or NULL */
	void *media_ctx;
	uint64_t size_told; /* bytes: what the device knows */
	enum blk_action werror, rerror;
	int failed; /* -errno of what stopped the machine, or 0 */
	struct blk_hold *hold; /* its limits, or NULL */
	struct blk_fronts *all;
	struct blk_user user; /* of node, what the device does with it */
	unsigned wants; /* BLK_PERM_*: the same with a writable medium */
	struct io_thread *thread; /* which it may share with others */
	struct loop *loop; /* of that */
	pthread_mutex_t lock; /* guards all below */
	pthread_cond_t idle;
	unsigned in_flight;
	struct blk_stats stats;
	struct list queue; /* submitted, until the I/O thread takes them */
	struct loop_task start;
};

/* All front ends of a machine; machine lock. */
struct blk_fronts {
	struct list list;
	struct list groups; /* that share limits */
	struct list named; /* nodes that the user made by -blockdev */
	struct list ctxs; /* where nodes live */
	struct list threads; /* that the user named */
	unsigned nodes; /* how many were given a number as their name */
};

void blk_fronts_init(struct blk_fronts *all);
/* Ends all there is: front ends, nodes, limits, threads; no device has any. */
void blk_fronts_fini(struct blk_fronts *all);

enum blk_aio { BLK_AIO_THREADS, BLK_AIO_NATIVE, BLK_AIO_URING };

enum {
	BLK_O_RDWR = 1,
	BLK_O_DIRECT = 2, /* cache.direct: O_DIRECT */
	BLK_O_NO_FLUSH = 4, /* cache.no-flush: flushes do nothing */
	BLK_O_NO_BACKING = 8, /* leave the backing chain alone */
	BLK_O_UNMAP = 0x10, /* discard=unmap: discards reach the host */
	BLK_O_CHECK = 0x20, /* to be checked: repair nothing while opening */
	BLK_O_FORCE_SHARE = 0x40, /* read-only, beside others that write */
	BLK_O_NO_IO = 0x80, /* only to be told of: no external data file */
	BLK_O_NO_LOCK = 0x200, /* locking=off */
	BLK_O_AUTO_READ_ONLY = 0x800, /* if it cannot be written to */
	BLK_O_SNAPSHOT = 0x1000, /* blk_open_alone: a temporary overlay */
	BLK_O_COPY_ON_READ = 0x2000, /* the same: keep what is read */
	BLK_O_RESIZE = 0x400, /* protocols: may grow by writing behind it */
	BLK_O_TOOL = 0x10000, /* no guest is to be warned of a guessed format */
};

/* What to open: a file by its name, or options as -blockdev has them. */
struct blk_open {
	const char *filename; /* or NULL */
	const char *format; /* NULL: as options say, or by its content */
	json_t *options; /* borrowed; with filename: of the format's node */
	unsigned flags; /* BLK_O_* */
	enum blk_aio aio;
	const char *node_name; /* or NULL */
};

/* Of "key=value" pairs; for struct blk_open. */
json_t *blk_options_of_list(const struct opt_list *list);
/*
 * cache= by its name (writeback, none, writethrough, directsync, unsafe): sets
 * its bits in *flags, and whether the front end writes through.  -EINVAL: there
 * is no such mode.
 */
int blk_cache_mode(const char *name, unsigned *flags, bool *writethrough);
/*
 * A graph for blk_front_new; it may name nodes that there are.  Let go of by
 * blk_node_release.
 */
struct blk_node *blk_open_drive(struct blk_fronts *all,
				const struct blk_open *how, struct error *err);
/* From the owner's thread or, in the main loop, from another one. */
void blk_node_release(struct blk_node *node);
/* The same in a context of its own, without a machine; see block/node.h. */
struct blk_node *blk_open_alone(const struct blk_open *how, struct error *err);
/* With the last one the node is drained, flushed and closed. */
void blk_node_unref(struct blk_node *node);

/*
 * A front end with its I/O thread, or that of those that have nodes in common
 * with it; node may be NULL and is taken over.
 */
struct blk_front *blk_front_new(struct blk_fronts *all, const char *id,
				struct blk_node *node, bool removable,
				struct error *err);
/* Drains, flushes and closes what is behind it. */
void blk_front_free(struct blk_front *front);
/*
 * A device by this name has it from now on, and does and lets others do
 * BLK_PERM_*.  Fails if others do what it does not share.
 */
int blk_front_attach(struct blk_front *front, const char *device, unsigned need,
		     unsigned share, struct error *err);

/*
 * Of a request that failed with rc: BLK_REPORT, BLK_IGNORE or BLK_STOP, as
 * the front end has it.
 */
enum blk_action blk_error_action(const struct blk_front *front, enum blk_op op,
				 int rc);
/* Can errors stop the machine, so that its user wants to know of them? */
bool blk_front_has_status(const struct blk_front *front);
/* Tells monitors and user.  Main loop, machine lock. */
void blk_error_tell(struct machine *m, struct blk_front *front, enum blk_op op,
		    enum blk_action action, int rc);

/* -object iothread: an I/O thread with a name, which waits awake so long. */
int blk_thread_make(struct blk_fronts *all, const char *id,
		    const struct loop_spin *spin, struct error *err);
/* With all front ends gone. */
void blk_threads_free(struct blk_fronts *all);
/*
 * The named thread serves the front end from now on, which has nodes in
 * common with no other.  Before its device is started.
 */
int blk_front_move(struct blk_front *front, const char *thread,
		   struct error *err);

/* A group that is there before it has members; after the nodes it goes. */
int blk_limit_group_make(struct blk_fronts *all, const char *name,
			 const struct blk_limits *limits, struct error *err);
void blk_limit_groups_free(struct blk_fronts *all);

/* Do the limits make sense together, and are there any? */
int blk_limits_check(const struct blk_limits *limits, struct error *err);
bool blk_limits_any(const struct blk_limits *limits);
/*
 * Limits that the front end shares with others of the group (NULL: it has one
 * of its own).  Once.
 */
int blk_front_limit(struct blk_fronts *all, struct blk_front *front,
		    const struct blk_limits *limits, const char *group,
		    struct error *err);

/*
 * Other limits from now on, none if none are given; group NULL: as it was, or
 * one of its own.
 */
int blk_front_change_limits(struct blk_front *front,
			    const struct blk_limits *limits, const char *group,
			    struct error *err);

/*
 * The nodes of all -blockdev there are, as keys or JSON: they may name each
 * other.  Once, when the machine is built.
 */
int blk_named_open(struct blk_fronts *fronts, char *const *texts, size_t n,
		   struct error *err);
/* One more, of options that are borrowed. */
int blk_named_add(struct blk_fronts *fronts, const json_t *options,
		  struct error *err);
/* Nothing may use it. */
int blk_named_del(struct blk_fronts *fronts, const char *name,
		  struct error *err);
/* With all front ends gone. */
void blk_named_close(struct blk_fronts *fronts);
/* A node by its name, or NULL: of all there are, ... */
struct blk_node *blk_graph_find(const struct blk_fronts *fronts,
				const char *name);
/* ... and of those alone that the user made. */
struct blk_node *blk_named_find(const struct blk_fronts *fronts,
				const char *name);
/* A front end for a node, without an id, for a device to attach. */
struct blk_front *blk_front_of_node(struct blk_fronts *fronts, const char *name,
				    struct error *err);
/* By the id or path of the device that has it, or NULL. */
struct blk_front *blk_front_of_device(const struct blk_fronts *all,
				      const char *device);
/* By id, or NULL. */
struct blk_front *blk_front_find(const struct blk_fronts *all, const char *id);

/* Bytes of the medium, 0 without one. */
uint64_t blk_size(const struct blk_front *front);
/* Starts req; done is always called later, also for errors. */
void blk_submit(struct blk_front *front, struct blk_req *req);
/* Waits until nothing is in flight. */
void blk_drain(struct blk_front *front);
/* Drains all, and brings what was written to the host's disks. */
void blk_flush_all(struct blk_fronts *all);
/*
 * Drains and calls fn in the I/O thread, where it may use the node as
 * block/node.h says: snapshots, resizing.  Returns what fn does.
 */
int blk_front_call(struct blk_front *front,
		   int (*fn)(struct blk_node *node, void *ctx), void *ctx);
/* Reads or writes, drained, and waits for the end; 0 or -errno. */
int blk_front_read(struct blk_front *front, uint64_t off, void *buf,
		   size_t len);
int blk_front_write(struct blk_front *front, uint64_t off, const void *buf,
		    size_t len);
/*
 * Puts another node (NULL: none) behind the front end, under drain, and
 * returns the old one, which now belongs to the caller (blk_node_release).
 */
int blk_front_replace(struct blk_front *front, struct blk_node *node,
		      struct blk_node **old, struct error *err);

/* The guest opens or closes the tray; tells monitors.  Machine lock. */
void blk_front_move_tray(struct machine *m, struct blk_front *front, bool open);
/* Tells devices whose media have another size now.  Machine lock. */
void blk_fronts_resized(struct blk_fronts *all);
/*
 * What the user does with removable media.  Where there is no tray, opening
 * and closing does nothing.  force: although the guest locks it.  A node that
 * is put in is taken over, unless that fails.  Main loop, machine lock.
 */
int blk_media_open_tray(struct machine *m, struct blk_front *front, bool force,
			struct error *err);
int blk_media_close_tray(struct machine *m, struct blk_front *front,
			 struct error *err);
int blk_media_remove(struct blk_front *front, struct error *err);
int blk_media_insert(struct blk_front *front, struct blk_node *node,
		     struct error *err);
/* Opens the tray, puts node in place of what was in it, and closes it. */
int blk_media_change(struct machine *m, struct blk_front *front,
		     struct blk_node *node, bool force, struct error *err);

/* Total length of an I/O vector. */
size_t blk_iov_len(const struct iovec *iov, int niov);
/*
 * The part of iov from skip on, len bytes long: fills out (niov + 1 entries
 * will do) and returns how many there are.
 */
int blk_iov_slice(const struct iovec *iov, int niov, size_t skip, size_t len,
		  struct iovec *out);
void blk_iov_to_buf(const struct iovec *iov, int niov, size_t skip, void *buf,
		    size_t len);
void blk_iov_from_buf(const struct iovec *iov, int niov, size_t skip,
		      const void *buf, size_t len);
void blk_iov_zero(const struct iovec *iov, int niov, size_t skip, size_t len);

#endif
