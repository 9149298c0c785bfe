/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Block devices of the host, asynchronously.
 *
 * A device holds a front end, never a node: what is behind a front end can be
 * opened, closed and replaced while the device keeps it.  Requests run in the
 * I/O thread of the front end and complete in the loop that they name.
 *
 * Opening, closing and draining: main loop, machine lock.  blk_submit: any
 * thread.
 */
#ifndef BLOCK_BLOCK_H
#define BLOCK_BLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "vmm/error.h"
#include "vmm/list.h"
#include "vmm/loop.h"

#define BLK_SECTOR 512u

enum blk_op { BLK_READ, BLK_WRITE, BLK_FLUSH };

enum { BLK_FUA = 1 }; /* flags: on disk when done */

struct blk_front;
struct blk_node;

/* Lives with the device; nothing in it changes until done is called. */
struct blk_req {
	enum blk_op op;
	unsigned flags;
	uint64_t off; /* bytes */
	const struct iovec *iov;
	int niov;
	struct loop *loop; /* done is called there; NULL: in the I/O thread */
	void (*done)(struct blk_req *req, int rc); /* 0 or -errno */
	int rc;
	struct blk_front *front;
	struct loop_task task;
};

struct blk_driver {
	const char *name;
	int (*open)(struct blk_node *node, const char *file, bool readonly,
		    struct error *err);
	/* I/O thread; 0 or -errno when the request is complete. */
	int (*submit)(struct blk_node *node, struct blk_req *req);
	void (*close)(struct blk_node *node);
};

struct blk_node {
	const struct blk_driver *driver;
	const char *format; /* "raw" */
	char *file;
	uint64_t size; /* bytes, a multiple of BLK_SECTOR */
	bool readonly;
	bool probed; /* its format was guessed: sector 0 is guarded */
	int fd;
};

struct blk_front {
	struct list link; /* of all front ends, in the order of birth */
	char id[32]; /* "ide0-hd0" */
	char device[64]; /* path of the device that has it */
	struct blk_node *node; /* NULL: no medium */
	bool removable, readonly;
	bool locked, tray_open;
	struct loop *loop; /* of its I/O thread */
	pthread_t thread;
	_Atomic unsigned in_flight;
};

/* All front ends of a machine; machine lock. */
struct blk_fronts {
	struct list list;
};

/*
 * Opens a node over a host file.  format NULL: by its content, raw with a
 * warning.  The image is locked against other users, whom the error names.
 */
struct blk_node *blk_node_open(const char *file, const char *format,
			       bool readonly, struct error *err);
void blk_node_close(struct blk_node *node);

/* A front end with its I/O thread; node may be NULL and is taken over. */
struct blk_front *blk_front_new(struct blk_fronts *all, const char *id,
				struct blk_node *node, bool removable,
				struct error *err);
void blk_front_free(struct blk_front *front);

/* Bytes of the medium, 0 without one. */
uint64_t blk_size(const struct blk_front *front);
/* Starts req; done is always called later, also for errors. */
void blk_submit(struct blk_front *front, struct blk_req *req);
/* Waits until nothing is in flight in the I/O thread. */
void blk_drain(struct blk_front *front);

#endif
