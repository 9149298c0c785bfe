/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Character devices of the host: what serial ports, the monitor and debug
 * consoles talk to.
 *
 * A chardev has one user (a mux has up to four; the user with the focus gets
 * the input).  Input is pushed to the user, who may refuse it; output goes
 * into the chardev, which takes what it can without blocking.
 *
 * Main loop's thread or any vCPU thread, with the machine lock held.
 */
#ifndef VMM_CHARDEV_H
#define VMM_CHARDEV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/error.h"

struct chardev;
struct machine;

enum chardev_event {
	CHARDEV_OPENED, /* somebody is at the other end */
	CHARDEV_CLOSED,
	CHARDEV_BREAK,
	CHARDEV_MUX_IN, /* a mux user gets the focus */
	CHARDEV_MUX_OUT,
};

struct chardev_user {
	/* How many bytes can be taken now. */
	size_t (*can_read)(void *ctx);
	/* len is at most what can_read said. */
	void (*read)(void *ctx, const uint8_t *buf, size_t len);
	void (*event)(void *ctx, enum chardev_event event); /* may be NULL */
	/* Room for output again, after a write that was cut; may be NULL. */
	void (*writable)(void *ctx);
	/* It stays where it is: commands that change chardevs come from it. */
	bool stays;
};

/* One end of a user at a chardev; lives with the user, zero-initialised. */
struct chardev_end {
	struct chardev *chr;
	const struct chardev_user *user;
	void *ctx;
	unsigned index; /* in a mux */
};

/*
 * Makes a chardev as the -serial and -monitor forms name it: "stdio", "null",
 * "none", "file:PATH", "pty", "unix:PATH,server=on,wait=off", "tcp:...",
 * "telnet:...", "mon:SPEC" (a mux with a monitor at it), "chardev:ID".  label
 * ("serial0") is its name in `info chardev`.  NULL on error.
 */
struct chardev *chardev_open(struct machine *m, const char *label,
			     const char *spec, struct error *err);
/* Makes one from a -chardev argument. */
struct chardev *chardev_create(struct machine *m, const char *arg,
			       struct error *err);
struct chardev *chardev_find(struct machine *m, const char *label);
/* Ends one, with what a mux is on; -EBUSY when somebody uses it. */
int chardev_remove(struct chardev *chr, struct error *err);
/* Ends all; terminal modes are as they were before. */
void chardev_close_all(struct machine *m);

/*
 * -EBUSY when the chardev has a user and is no mux.  chr may be NULL, as for
 * "none": then output is swallowed.
 */
int chardev_attach(struct chardev_end *end, struct chardev *chr,
		   const struct chardev_user *user, void *ctx,
		   struct error *err);
/* Is it a mux, where users come and go by the focus? */
bool chardev_is_shared(const struct chardev_end *end);
void chardev_detach(struct chardev_end *end);

/* Returns how many bytes were taken; the rest waits for writable. */
size_t chardev_write(struct chardev_end *end, const void *buf, size_t len);
/* As chardev_write, but all of it is kept or written: for people's text. */
void chardev_write_all(struct chardev_end *end, const void *buf, size_t len);
/* Does text of chardev_write_all wait?  writable is called when it went. */
bool chardev_is_stalled(const struct chardev_end *end);
/*
 * The file that the other end passed last (unix(7), SCM_RIGHTS), which is the
 * caller's from now on; or -1.
 */
int chardev_take_fd(struct chardev_end *end);
/* The user can take input again. */
void chardev_accept_input(struct chardev_end *end);

#endif
