/* SPDX-License-Identifier: GPL-2.0-or-later */
/* User networking, between the files that configure and run it. */
#ifndef NET_USER_H
#define NET_USER_H

#include <netinet/in.h>

#include "net/netdev.h"

struct user_conf {
	char *net, *host, *dns, *dhcpstart; /* IPv4 */
	char *prefix6, *host6, *dns6;
	uint32_t prefixlen6;
	int ipv4, ipv6; /* 0 off, 1 on, 2 auto */
	char *hostname, *domainname, *tftp, *bootfile, *tftp_server;
	bool restricted;
	bool lazy; /* opened at the guest's first packet */
	struct opt_list many; /* hostfwd, guestfwd, dnssearch */
};

struct user_addresses {
	struct in_addr net, mask, host, dns, dhcpstart;
	struct in6_addr prefix6, host6, dns6;
	bool ipv4, ipv6;
};

/* hostfwd= and guestfwd=; no address is all zero. */
struct user_forward {
	bool udp;
	struct in_addr host, guest; /* guestfwd: guest is where it connects */
	uint16_t host_port, guest_port;
	const char *command; /* guestfwd: points into the text */
};

int user_parse_addresses(const struct user_conf *conf,
			 struct user_addresses *addr, struct error *err);
/* "tcp:[ADDRESS]:PORT-[ADDRESS]:PORT" */
int user_parse_hostfwd(const char *text, struct user_forward *fwd,
		       struct error *err);
/* "tcp:ADDRESS:PORT-cmd:COMMAND" */
int user_parse_guestfwd(const char *text, struct user_forward *fwd,
			struct error *err);
/* hostfwd_remove: "tcp:[ADDRESS]:PORT" */
int user_parse_host_side(const char *text, struct user_forward *fwd,
			 struct error *err);

/* For the monitor.  A string to be freed, or NULL: nothing runs yet. */
char *net_user_info(struct net_client *client);
int net_user_add_hostfwd(struct net_client *client, const char *text,
			 struct error *err);
int net_user_remove_hostfwd(struct net_client *client, const char *text,
			    struct error *err);

#endif
