/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pictures: who draws, who looks, and what is seen where nobody draws. */
#include "vmm/display.h"

#include <stdlib.h>
#include <string.h>

#define MESSAGE	       "NO DISPLAY ADAPTER"
#define MESSAGE_WIDTH  640
#define MESSAGE_HEIGHT 480
#define MESSAGE_COLOUR 0x00a8a8a8u
#define LETTER_WIDTH   5
#define LETTER_HEIGHT  7
#define LETTER_STEP    (LETTER_WIDTH + 1)
#define LETTER_SCALE   4

struct letter {
	char name;
	uint8_t row[LETTER_HEIGHT]; /* the leftmost dot is the highest bit */
};

/* The letters that the message needs. */
static const struct letter letters[] = {
	{'A', {0x0e, 0x11, 0x11, 0x1f, 0x11, 0x11, 0x11}},
	{'D', {0x1e, 0x11, 0x11, 0x11, 0x11, 0x11, 0x1e}},
	{'E', {0x1f, 0x10, 0x10, 0x1e, 0x10, 0x10, 0x1f}},
	{'I', {0x0e, 0x04, 0x04, 0x04, 0x04, 0x04, 0x0e}},
	{'L', {0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x1f}},
	{'N', {0x11, 0x19, 0x19, 0x15, 0x13, 0x13, 0x11}},
	{'O', {0x0e, 0x11, 0x11, 0x11, 0x11, 0x11, 0x0e}},
	{'P', {0x1e, 0x11, 0x11, 0x1e, 0x10, 0x10, 0x10}},
	{'R', {0x1e, 0x11, 0x11, 0x1e, 0x14, 0x12, 0x11}},
	{'S', {0x0f, 0x10, 0x10, 0x0e, 0x01, 0x01, 0x1e}},
	{'T', {0x1f, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04}},
	{'Y', {0x11, 0x11, 0x0a, 0x04, 0x04, 0x04, 0x04}},
	{.name = 0},
};

static const struct letter *find_letter(char name)
{
	const struct letter *l = letters;

	while (l->name && l->name != name)
		l++;
	return l;
}

static bool letter_dot(const struct letter *l, unsigned x, unsigned y)
{
	return x < LETTER_WIDTH && l->row[y] >> (LETTER_WIDTH - 1 - x) & 1;
}

static void draw_message(uint32_t *pixels)
{
	const unsigned width =
		(sizeof(MESSAGE) - 1) * LETTER_STEP * LETTER_SCALE;
	const unsigned height = LETTER_HEIGHT * LETTER_SCALE;
	unsigned x, y, dot;

	pixels += (MESSAGE_HEIGHT - height) / 2 * MESSAGE_WIDTH +
		  (MESSAGE_WIDTH - width) / 2;
	for (y = 0; y < height; y++)
		for (x = 0; x < width; x++) {
			dot = x / LETTER_SCALE;
			if (letter_dot(find_letter(MESSAGE[dot / LETTER_STEP]),
				       dot % LETTER_STEP, y / LETTER_SCALE))
				pixels[y * MESSAGE_WIDTH + x] = MESSAGE_COLOUR;
		}
}

/* Without memory for it there is no message, and no picture. */
static void show_message(struct display *d)
{
	struct display_surface surface = {.width = 0};

	if (!d->message) {
		d->message = calloc((size_t)MESSAGE_WIDTH * MESSAGE_HEIGHT,
				    sizeof(*d->message));
		if (d->message)
			draw_message(d->message);
	}
	if (d->message)
		surface = (struct display_surface){
			.width = MESSAGE_WIDTH,
			.height = MESSAGE_HEIGHT,
			.stride = MESSAGE_WIDTH * sizeof(*d->message),
			.pixels = (const uint8_t *)d->message,
		};
	display_resized(d, &surface);
}

void display_init(struct display *d)
{
	memset(d, 0, sizeof(*d));
	list_init(&d->viewers);
}

void display_fini(struct display *d)
{
	free(d->message);
}

static void tell_adapter(struct display *d)
{
	if (d->adapter && d->adapter->watch)
		d->adapter->watch(d->dev, !list_empty(&d->viewers));
}

void display_set_adapter(struct display *d,
			 const struct display_adapter_ops *ops, void *dev)
{
	d->adapter = ops;
	d->dev = dev;
	memset(&d->surface, 0, sizeof(d->surface));
	if (list_empty(&d->viewers))
		return;
	tell_adapter(d);
	display_refresh(d);
}

void display_resized(struct display *d, const struct display_surface *surface)
{
	struct display_viewer *v, *tmp;

	d->surface = *surface;
	list_for_each_safe (v, tmp, &d->viewers, struct display_viewer, link)
		v->ops->resized(v->ctx, &d->surface);
}

void display_changed(struct display *d, unsigned x, unsigned y, unsigned width,
		     unsigned height)
{
	struct display_viewer *v, *tmp;

	list_for_each_safe (v, tmp, &d->viewers, struct display_viewer, link)
		v->ops->changed(v->ctx, x, y, width, height);
}

void display_add_viewer(struct display *d, struct display_viewer *viewer,
			const struct display_viewer_ops *ops, void *ctx)
{
	bool first = list_empty(&d->viewers);

	/* So that there is something to hear of. */
	display_refresh(d);
	viewer->ops = ops;
	viewer->ctx = ctx;
	list_add_tail(&d->viewers, &viewer->link);
	if (first)
		tell_adapter(d);
	ops->resized(ctx, &d->surface);
}

void display_del_viewer(struct display *d, struct display_viewer *viewer)
{
	list_del(&viewer->link);
	if (list_empty(&d->viewers))
		tell_adapter(d);
}

void display_refresh(struct display *d)
{
	if (d->adapter)
		d->adapter->refresh(d->dev);
	else if (!d->surface.pixels)
		show_message(d);
}
