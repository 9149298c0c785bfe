/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pictures, on their way from the display adapter to who looks at them: the
 * VNC server, screendump.
 *
 * Nobody draws unless somebody looks: a viewer asks for the picture to be
 * brought up to date, and hears what changed since.  Machine lock for all.
 */
#ifndef VMM_DISPLAY_H
#define VMM_DISPLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/list.h"

#define DISPLAY_WIDTH_MAX  5120
#define DISPLAY_HEIGHT_MAX 4096

/*
 * Pixels are 0x??RRGGBB, 32 bits in the host's order; the upper byte says
 * nothing.  They are the adapter's: good until it says that the size changed,
 * or the lock is let go.  They may be video memory itself, which the guest
 * writes at any time: what must not change is to be copied first.
 */
struct display_surface {
	unsigned width, height;
	size_t stride; /* bytes from a line to the next */
	const uint8_t *pixels;
};

struct display_adapter_ops {
	/*
	 * Brings the surface up to date, and calls display_resized and
	 * display_changed for what is new since the last time.
	 */
	void (*refresh)(void *dev);
	/* All of it is new at the next refresh. */
	void (*invalidate)(void *dev);
	/*
	 * Somebody looks from now on, or nobody does: then nothing has to be
	 * kept about what changes.  May be NULL.
	 */
	void (*watch)(void *dev, bool looked_at);
};

struct display_viewer_ops {
	void (*resized)(void *ctx, const struct display_surface *surface);
	/* Inside the surface. */
	void (*changed)(void *ctx, unsigned x, unsigned y, unsigned width,
			unsigned height);
};

/* Who looks; lives with its owner. */
struct display_viewer {
	struct list link;
	const struct display_viewer_ops *ops;
	void *ctx;
};

struct display {
	const struct display_adapter_ops *adapter; /* NULL: there is none */
	void *dev;
	struct display_surface surface; /* a message when there is no adapter */
	struct list viewers;
	uint32_t *message; /* its pixels, or NULL */
};

void display_init(struct display *d);
void display_fini(struct display *d);

/* ---- the adapter's side ---- */

/* NULL: there is none any more. */
void display_set_adapter(struct display *d,
			 const struct display_adapter_ops *ops, void *dev);
/* The surface is another from now on; all of it is new. */
void display_resized(struct display *d, const struct display_surface *surface);
void display_changed(struct display *d, unsigned x, unsigned y, unsigned width,
		     unsigned height);

/* ---- the viewer's side ---- */

/* Hears of the surface as it is, and of changes from now on. */
void display_add_viewer(struct display *d, struct display_viewer *viewer,
			const struct display_viewer_ops *ops, void *ctx);
void display_del_viewer(struct display *d, struct display_viewer *viewer);
/* Brings the surface up to date. */
void display_refresh(struct display *d);

/* ---- servers, which show pictures to people elsewhere ---- */

struct clock;
struct error;
struct input;
struct loop;
struct machine;
struct opt_desc;
struct vnc;

/* What a server gets of the machine; all outlive it. */
struct display_host {
	struct machine *m; /* for events of monitors; NULL in tests */
	struct loop *loop; /* the main loop */
	struct clock *clock; /* realtime */
	struct display *display;
	struct input *input;
	const char *guest; /* its name, or NULL */
	const char *layout; /* of keyboards (-k), or NULL */
};

/* The VNC server, to those who may not see net/. */
struct display_server {
	const struct opt_desc *opts; /* of -vnc */
	/* Does -vnc arg make sense? */
	int (*check)(const char *arg, struct error *err);
	/* No machine lock is held for these. */
	struct vnc *(*open)(const struct display_host *host, struct error *err);
	/*
	 * One more place where it listens, as -vnc says; printed if it is one
	 * of several.
	 */
	int (*add)(struct vnc *v, const char *arg, struct error *err);
	void (*close)(struct vnc *v); /* v may be NULL */
};

extern const struct display_server *const display_server; /* vmm/tables.c */

#endif
