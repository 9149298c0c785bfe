/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * I/O threads: each runs a loop of its own, which disks or NICs are served by.
 * Machine lock.
 */
#ifndef VMM_IO_THREAD_H
#define VMM_IO_THREAD_H

#include <pthread.h>
#include <sys/types.h>

#include "vmm/error.h"
#include "vmm/list.h"
#include "vmm/loop.h"

/* Lives as long as anybody has a reference. */
struct io_thread {
	unsigned refs;
	struct list link; /* of those that the user named */
	char *id; /* or NULL */
	struct loop *loop;
	pthread_t thread;
	pid_t tid;
	struct loop_spin spin;
};

struct io_thread *io_thread_new(const char *name, struct error *err);
struct io_thread *io_thread_ref(struct io_thread *t);
/* The last one ends it. */
void io_thread_unref(struct io_thread *t);

#endif
