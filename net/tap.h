/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A tap interface, between the files that make and run it. */
#ifndef NET_TAP_H
#define NET_TAP_H

#include <net/if.h>

#include "net/netdev.h"

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
		   struct error *err);
void tap_close_files(struct tap_files *files);

int tap_open(struct net *net, const char *id, const void *conf,
	     struct error *err);

#endif
