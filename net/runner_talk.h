/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What goes over the socket between a machine and its runner. */
#ifndef NET_RUNNER_TALK_H
#define NET_RUNNER_TALK_H

#include <limits.h>

#include "net/tap.h"
#include "vmm/runner.h"

enum runner_op {
	RUNNER_START, /* answered by a reply with the files */
	RUNNER_STOP, /* answered by a reply */
	RUNNER_HURRY, /* the script that runs is to be ended; no answer */
	RUNNER_DETACH, /* no answer */
};

/* The texts may be absent. */
struct runner_request {
	enum runner_op op;
	bool has_ifname, has_script, has_downscript, has_br, has_helper;
	bool bridge;
	char ifname[64], script[PATH_MAX], downscript[PATH_MAX];
	char br[64], helper[PATH_MAX];
	uint64_t sndbuf;
	uint32_t queues;
	int vnet_hdr;
};

struct runner_reply {
	struct error err;
	char ifname[IFNAMSIZ];
	bool vnet_hdr;
};

/* Room for the files of a reply among what goes with it. */
union runner_files {
	struct cmsghdr header;
	char room[CMSG_SPACE(NET_QUEUES * sizeof(int))];
};

/* The runner's own life; does not return. */
_Noreturn void runner_serve(int fd, const struct runner_conf *conf);

#endif
