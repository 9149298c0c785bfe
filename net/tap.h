/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A tap interface, between the files that make and run it. */
#ifndef NET_TAP_H
#define NET_TAP_H

#include <net/if.h>
#include <stdbool.h>

#include "net/netdev.h"

/* What is run where the keys name nothing. */
#define TAP_SCRIPT     "/etc/qemu-ifup"
#define TAP_DOWNSCRIPT "/etc/qemu-ifdown"

struct tap_conf {
	char *fd, *fds; /* made by others; numbers, with colons between */
	char *ifname, *script, *downscript;
	char *br, *helper; /* a program that makes it, at a bridge */
	bool bridge; /* a -netdev bridge, whose helper has a default */
	uint64_t sndbuf; /* bytes; 0: no limit */
	int vnet_hdr; /* 0 off, 1 on, 2 auto: if the kernel has it */
	uint32_t queues; /* 0: not given */
};

/* What opening gives: files with the interface at their other end. */
struct tap_files {
	int *fd;
	unsigned n;
	char ifname[IFNAMSIZ];
	bool vnet_hdr;
};

/* Is it one?  "" and "no" are for none. */
bool tap_has_script(const char *path);
/*
 * For helper=, and for ifname= and the scripts: makes the interface, and runs
 * the first with it; told and ctx as for net_run_script.  *downscript is for
 * later, or NULL.
 */
int tap_start(const struct tap_conf *conf, struct tap_files *files,
	      char **downscript, bool (*told)(void *ctx), void *ctx,
	      struct error *err);
/* For /dev/net/tun.  Leaves nothing when it fails. */
int tap_make(const struct tap_conf *conf, struct tap_files *files,
	     struct error *err);
/* For fd= and fds=. */
int tap_take(const struct tap_conf *conf, struct tap_files *files,
	     struct error *err);
/* What is at fd, which belongs to it from now on, or is closed. */
int tap_take_one(const struct tap_conf *conf, int fd, const char *name,
		 struct tap_files *files, struct error *err);
/* For helper=. */
int tap_ask_helper(const struct tap_conf *conf, struct tap_files *files,
		   bool (*told)(void *ctx), void *ctx, struct error *err);
void tap_close_files(struct tap_files *files);

int tap_open(struct net *net, const char *id, const void *conf,
	     struct error *err);

#endif
