/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What backends of chardevs see of each other; for vmm/chardev*.c only. */
#ifndef VMM_CHARDEV_OPS_H
#define VMM_CHARDEV_OPS_H

#include "vmm/chardev.h"
#include "vmm/list.h"
#include "vmm/loop.h"
#include "vmm/opt.h"

struct chardev;

struct chardev_ops {
	const char *name; /* of the backend: "stdio" */
	size_t size; /* of the backend's own struct */
	/* opts is what -chardev said; see chardev_conf. */
	int (*open)(struct chardev *chr, const struct opt_list *opts,
		    struct error *err);
	/* Takes what it can without waiting. */
	size_t (*write)(struct chardev *chr, const uint8_t *buf, size_t len);
	/* The user came, went, or can take input again. */
	void (*update)(struct chardev *chr);
	void (*close)(struct chardev *chr);
	/* Breaks a connection that hangs; NULL: there are none. */
	void (*yank)(struct chardev *chr);
	/* For chardev_take_fd; NULL: files cannot be passed. */
	int (*take_fd)(struct chardev *chr);
};

/* A backend's own struct begins with this. */
struct chardev {
	struct list link; /* of struct chardevs */
	const struct chardev_ops *ops;
	struct machine *m;
	char *label;
	char filename[224]; /* for `info chardev` */
	struct chardev_end *end; /* the user, NULL for none */
	bool open; /* somebody is at the other end */
	int log; /* -1: none */
	uint8_t *backlog; /* people's text that did not go out yet */
	size_t backlog_len, backlog_size;
};

extern const struct chardev_ops chardev_null, chardev_stdio, chardev_file,
	chardev_pty, chardev_socket, chardev_mux;

struct chardev *chardev_make(struct machine *m, const char *label,
			     const struct chardev_ops *ops,
			     const struct opt_list *opts, struct error *err);

/* The names of all backends, ending with NULL. */
extern const char *const chardev_backend_names[];
/* Makes one of what -chardev says. */
struct chardev *chardev_create_opts(struct machine *m,
				    const struct opt_list *opts,
				    struct error *err);
/* The user of one goes to another, which has none. */
void chardev_move_user(struct chardev *from, struct chardev *to);

/*
 * For backends: conf's defaults, and what opts says, but for the keys that
 * all have.  The caller frees conf by opt_free, also after an error.
 */
int chardev_conf(const struct opt_desc *desc, const struct opt_list *opts,
		 void *conf, struct error *err);

/* For backends: towards the user. */
size_t chardev_can_read(struct chardev *chr);
void chardev_push(struct chardev *chr, const uint8_t *buf, size_t len);
void chardev_event(struct chardev *chr, enum chardev_event event);
/* Sends what waits; true if nothing waits any more. */
bool chardev_send_backlog(struct chardev *chr);
/* There is room again: sends the backlog, then tells the user. */
void chardev_drained(struct chardev *chr);

/* The keys logfile and logappend; output that went; the end. */
int chardev_log_open(struct chardev *chr, const struct opt_list *opts,
		     struct error *err);
void chardev_log_write(struct chardev *chr, const uint8_t *buf, size_t len);
void chardev_log_close(struct chardev *chr);

/* Two file descriptors (or one twice) in a loop; several backends are that. */
struct fd_pair {
	struct chardev *chr;
	int in, out; /* -1: none */
	struct loop_fd *in_watch, *out_watch;
	bool blocked; /* a write was cut: wait for room */
	bool takes_files; /* from a unix socket */
	int passed; /* the last of them, or -1 */
	bool ended; /* the other end is gone, its last words not read yet */
	/* The other end is gone and all is read; may be NULL. */
	void (*hung_up)(struct fd_pair *pair);
	/* The other end is gone, but its last words wait; may be NULL. */
	void (*waits)(struct fd_pair *pair);
	/* Filters input in place, returns the new length; may be NULL. */
	size_t (*filter)(struct fd_pair *pair, uint8_t *buf, size_t len);
};

/* The descriptors are set to non-blocking; they stay the caller's. */
int fd_pair_start(struct fd_pair *pair, struct chardev *chr, int in, int out,
		  struct error *err);
void fd_pair_stop(struct fd_pair *pair);
void fd_pair_update(struct fd_pair *pair);
size_t fd_pair_write(struct fd_pair *pair, const uint8_t *buf, size_t len);

/* A mux on top of chr, which is then the mux's. */
struct chardev *chardev_mux_over(struct machine *m, struct chardev *under,
				 struct error *err);
bool chardev_is_mux(const struct chardev *chr);
/* What a mux is on; NULL of another chardev. */
struct chardev *chardev_mux_under(const struct chardev *chr);
int chardev_mux_attach(struct chardev *chr, struct chardev_end *end,
		       struct error *err);
void chardev_mux_detach(struct chardev *chr, struct chardev_end *end);

#endif
