/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files and block devices of the host, as the lowest nodes of graphs. */
#ifndef BLOCK_FILE_H
#define BLOCK_FILE_H

#include "block/driver.h"
#include "block/host_file.h"

extern const struct blk_driver blk_file, blk_host_device;

struct file_state;

/* A way to let the kernel do reads and writes. */
struct file_engine {
	/* May take the request, which it then completes; false: it cannot. */
	bool (*submit)(struct file_state *f, struct blk_req *req);
	void (*close)(struct file_state *f);
};

struct file_state {
	struct blk_node *node;
	struct host_file host;
	const struct file_engine *engine; /* NULL: worker threads alone */
	void *engine_state;
	bool no_punch, no_zero; /* the host cannot; do not ask again */
};

/* NULL, with err: this host has none. */
int file_native_open(struct file_state *f, struct error *err);
int file_uring_open(struct file_state *f, struct error *err);

/* The whole request at once, in this thread. */
int file_run(struct file_state *f, const struct blk_req *req);
/* As far as it has not been done: done bytes of it are. */
int file_transfer(struct file_state *f, const struct blk_req *req, size_t done);
/* The file now reaches up to end, at least. */
void file_grown(struct file_state *f, uint64_t end);
/* A request in a worker thread. */
void file_submit_work(struct file_state *f, struct blk_req *req, size_t done);

/* file_host.c: what is neither reading nor writing. */
int file_zero(struct file_state *f, uint64_t off, uint64_t len, bool unmap);
/* By writing. */
int file_write_zeroes(struct file_state *f, uint64_t off, uint64_t len);
int file_discard(struct file_state *f, uint64_t off, uint64_t len);
int file_status(struct blk_node *node, uint64_t off, uint64_t len,
		struct blk_extent *ext);
int64_t file_allocated(struct blk_node *node);
int file_truncate(struct blk_node *node, uint64_t size,
		  enum blk_prealloc prealloc, struct error *err);
/* What the file system is asked to do with a new file. */
struct file_hints {
	bool nocow; /* no copying on write (btrfs) */
	uint64_t extent_size; /* bytes (XFS); 0: none */
	bool asked; /* for the extent size: say if that fails */
};

/* As create's options say; extent_size by default as qemu's. */
struct file_hints file_hints_of(const struct blk_create *how, bool nocow,
				uint64_t extent_size);
/* Makes a file of 0 bytes, or takes a device as it is. */
int file_create_empty(const char *name, const struct file_hints *hints,
		      struct error *err);
/* One that was made in vain; a device stays. */
void file_remove(const char *name);
void file_probe_align(struct blk_node *node, int fd);

#endif
