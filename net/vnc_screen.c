/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The main loop's side of the picture.  While a client waits for something
 * new the adapter is asked for it, at most thirty times a second and ever less
 * when nothing changes; what changed is copied into the stage and handed to
 * the thread.  While none waits, or none is there, nothing is done.
 */
#include <stdlib.h>
#include <string.h>

#include "net/vnc_impl.h"
#include "vmm/log.h"

#define INTERVAL      (33 * NS_PER_MSEC)
#define INTERVAL_STEP (17 * NS_PER_MSEC)
#define INTERVAL_MAX  (400 * NS_PER_MSEC)

static void on_resized(void *ctx, const struct display_surface *surface)
{
	struct vnc *v = ctx;
	struct vnc_tiles *t = &v->screen.pending;

	if (t->width != surface->width || t->height != surface->height) {
		vnc_tiles_free(t);
		if (!vnc_tiles_init(t, surface->width, surface->height))
			log_warn("VNC: no memory for a picture of %u by %u",
				 surface->width, surface->height);
	}
	vnc_tiles_fill(t);
}

static void on_changed(void *ctx, unsigned x, unsigned y, unsigned width,
		       unsigned height)
{
	struct vnc *v = ctx;

	vnc_tiles_mark(&v->screen.pending, x, y, width, height);
}

static const struct display_viewer_ops viewer_ops = {
	.resized = on_resized,
	.changed = on_changed,
};

static void free_stage(struct vnc_stage *stage)
{
	free(stage->rgb);
	vnc_tiles_free(&stage->dirty);
	*stage = (struct vnc_stage){0};
}

/* False: there is no memory, and the stage is empty. */
static bool fit_stage(struct vnc_stage *stage, unsigned width, unsigned height)
{
	if (stage->width == width && stage->height == height)
		return true;
	free_stage(stage);
	stage->rgb = malloc((size_t)width * height * sizeof(*stage->rgb));
	if (!stage->rgb || !vnc_tiles_init(&stage->dirty, width, height)) {
		free_stage(stage);
		return false;
	}
	stage->width = width;
	stage->height = height;
	return true;
}

static void copy(struct vnc_stage *stage, const struct display_surface *s,
		 const struct vnc_rect *r)
{
	const uint8_t *from = s->pixels + r->y * s->stride + (size_t)r->x * 4;
	uint32_t *to = stage->rgb + (size_t)r->y * stage->width + r->x;
	unsigned y;

	for (y = 0; y < r->h; y++) {
		memcpy(to, from, (size_t)r->w * sizeof(*to));
		from += s->stride;
		to += stage->width;
	}
}

/* The stage is ours.  False: nothing is new. */
static bool capture(struct vnc *v)
{
	const struct display_surface *s = &v->host.display->surface;
	struct vnc_tiles *pending = &v->screen.pending;
	struct vnc_rect r;
	unsigned row = 0;
	bool any = false;

	display_refresh(v->host.display);
	if (!s->pixels || pending->width != s->width ||
	    pending->height != s->height ||
	    !fit_stage(&v->stage, s->width, s->height))
		return false;
	vnc_tiles_merge(&v->stage.dirty, pending);
	while (vnc_tiles_take(pending, &row, UINT32_MAX, s->width + VNC_TILE,
			      &r)) {
		copy(&v->stage, s, &r);
		any = true;
	}
	v->stage.leds = input_leds(v->host.input);
	any |= v->screen.leds != v->stage.leds;
	v->screen.leds = v->stage.leds;
	return any;
}

static void set_timer(struct vnc *v)
{
	timer_set(&v->screen.timer, v->screen.last + v->screen.interval);
}

static void on_timer(void *ctx)
{
	struct vnc *v = ctx;
	struct vnc_screen *s = &v->screen;

	if (!s->wanted || v->stage_out)
		return;
	s->last = clock_now(v->host.clock);
	if (capture(v) || (v->force && v->stage.width)) {
		s->interval = INTERVAL;
		s->wanted = false;
		v->force = false;
		v->stage_out = true;
		loop_post(v->loop, &v->frame_task);
		return;
	}
	if (s->interval < INTERVAL_MAX)
		s->interval += INTERVAL_STEP;
	set_timer(v);
}

static void on_wanted(void *ctx)
{
	struct vnc *v = ctx;
	struct vnc_screen *s = &v->screen;

	if (!s->looking) {
		display_add_viewer(v->host.display, &s->viewer, &viewer_ops, v);
		s->looking = true;
		on_resized(v, &v->host.display->surface);
	}
	s->wanted = true;
	if (v->force)
		s->interval = INTERVAL;
	set_timer(v);
}

void vnc_screen_hurry(struct vnc *v)
{
	struct vnc_screen *s = &v->screen;

	s->interval = INTERVAL;
	if (s->wanted && timer_pending(&s->timer))
		set_timer(v);
}

/* The last client went. */
static void on_left(void *ctx)
{
	struct vnc *v = ctx;
	struct vnc_screen *s = &v->screen;

	if (v->nclients || v->stage_out)
		return;
	timer_cancel(&s->timer);
	if (s->looking)
		display_del_viewer(v->host.display, &s->viewer);
	s->looking = s->wanted = false;
	vnc_tiles_free(&s->pending);
	free_stage(&v->stage);
}

void vnc_screen_init(struct vnc *v)
{
	loop_task_init(&v->want_task, on_wanted, v);
	loop_task_init(&v->leave_task, on_left, v);
	timer_init(&v->screen.timer, v->host.clock, on_timer, v);
	v->screen.interval = INTERVAL;
}

void vnc_screen_fini(struct vnc *v)
{
	loop_unpost(v->host.loop, &v->want_task);
	loop_unpost(v->host.loop, &v->leave_task);
	v->nclients = 0;
	v->stage_out = false;
	on_left(v);
}
