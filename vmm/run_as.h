/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -runas and -chroot: what a process gives up when the machine is built. */
#ifndef VMM_RUN_AS_H
#define VMM_RUN_AS_H

#include <stdbool.h>
#include <sys/types.h>

#include "vmm/error.h"

/* Who to be. */
struct run_as {
	bool set;
	uid_t uid;
	gid_t gid;
	char *user; /* whose other groups are taken too; NULL: none are */
};

/* "USER", or "UID:GID"; user is the caller's to free. */
int run_as_parse(struct run_as *who, const char *text, struct error *err);
/*
 * Makes folder chroot the root, unless it is NULL, then becomes who, in all
 * threads.
 */
int run_as_apply(const struct run_as *who, const char *chroot,
		 struct error *err);

#endif
