/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A user of a chardev that notes all it is told, and a machine with a loop. */
#ifndef TESTS_UNIT_CHARDEV_USER_H
#define TESTS_UNIT_CHARDEV_USER_H

#include "vmm/chardev.h"
#include "vmm/machine.h"

struct chardev_probe {
	struct chardev_end end;
	size_t room; /* what can_read says */
	char got[65536];
	size_t ngot;
	char events[64]; /* a letter each: o c b i u */
	unsigned writables;
};

/* A machine with nothing but a loop and clocks. */
void chardev_machine_init(struct machine *m);
void chardev_machine_fini(struct machine *m);
/* Turns of the loop until nothing happens for 5 ms. */
void chardev_settle(struct machine *m);

/* Opens what -serial would, fails the test if it cannot be. */
struct chardev *chardev_must_open(struct machine *m, const char *spec);
/* Attaches with much room. */
void chardev_probe_attach(struct chardev_probe *p, struct chardev *chr);
/* Compares what came in, and forgets it. */
void chardev_probe_got(struct chardev_probe *p, const char *text);
void chardev_probe_events(struct chardev_probe *p, const char *events);

#endif
