/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libslirp, opened when user networking is used: with the glib that it brings
 * it costs half a millisecond and 1.6 MiB, which others need not pay.
 */
#ifndef NET_SLIRP_LIBRARY_H
#define NET_SLIRP_LIBRARY_H

#include <slirp/libslirp.h>

#include "vmm/error.h"

struct slirp_library {
	void *handle;
	__typeof__(slirp_new) *new;
	__typeof__(slirp_cleanup) *cleanup;
	__typeof__(slirp_input) *input;
	__typeof__(slirp_pollfds_fill) *fill;
	__typeof__(slirp_pollfds_poll) *poll;
	__typeof__(slirp_add_hostfwd) *add_hostfwd;
	__typeof__(slirp_remove_hostfwd) *remove_hostfwd;
	__typeof__(slirp_add_exec) *add_exec;
	__typeof__(slirp_connection_info) *connection_info;
};

/* It stays open to the end. */
int slirp_library_open(struct slirp_library *lib, struct error *err);

#endif
