/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Descriptors that others have opened for us: by sets, of which /dev/fdset/N is
 * the file name, and by names of their own.
 *
 * They are the process's, as all its descriptors are.  Any thread.
 */
#ifndef VMM_FD_SETS_H
#define VMM_FD_SETS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "vmm/error.h"

#define FD_SETS_ANY (-1) /* the lowest number that is free; or all of a set */

/*
 * As open(2), whose errno it leaves; but /dev/fdset/N gives a copy of that
 * set's descriptor which is open for the same access.
 */
int fd_sets_open(const char *path, int flags, mode_t mode);
/* fd belongs to the set from now on; *set is filled if it was FD_SETS_ANY. */
int fd_sets_add(int64_t *set, int fd, const char *opaque, struct error *err);
/* Closes a descriptor of the set, or all; files that were opened stay. */
int fd_sets_remove(int64_t set, int64_t fd, struct error *err);
/* Calls fn for each, the last set first; fd is -1 at the begin of a set. */
void fd_sets_each(void (*fn)(void *ctx, int64_t set, int fd,
			     const char *opaque),
		  void *ctx);

/* getfd: fd has this name from now on; one that had it is closed. */
int fd_names_put(const char *name, int fd, struct error *err);
/* The one of that name, which has it no longer; -1: there is none. */
int fd_names_take(const char *name);

#endif
