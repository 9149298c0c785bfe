/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A machine without vCPUs, and a client at a monitor of it. */
#ifndef TESTS_UNIT_MONITOR_CLIENT_H
#define TESTS_UNIT_MONITOR_CLIENT_H

#include <stdbool.h>

#include "vmm/machine.h"
#include "vmm/monitor_calls.h"

struct client {
	struct machine m;
	int fd;
};

void client_start(struct client *c, bool control);
void client_stop(struct client *c);
/* The monitor that it talks to. */
struct monitor *client_monitor(struct client *c);
void client_send(struct client *c, const char *text, size_t len);
/* All that came back since the last time; "" for nothing. */
const char *client_hear(struct client *c);
/* Sends text, a line, and returns what comes back. */
const char *client_ask(struct client *c, const char *line);

#endif
