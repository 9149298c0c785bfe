/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kinds of -netdev. */
#ifndef NET_NETDEV_H
#define NET_NETDEV_H

#include "net/net.h"
#include "vmm/opt.h"

struct net_driver {
	const char *name; /* type= */
	const struct opt_desc *keys; /* of conf */
	size_t conf_size;
	/* conf lives until it returns. */
	int (*open)(struct net *net, const char *id, const void *conf,
		    struct error *err);
};

extern const struct net_driver net_bridge, net_hubport, net_tap, net_user;
extern const struct opt_desc net_bridge_opts[], net_hubport_opts[],
	net_tap_opts[], net_user_opts[];

/* Warns of hubs that miss NICs, or all but NICs. */
void net_hub_check(struct net *net);

#endif
