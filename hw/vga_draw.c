/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The VGA's picture: its surface, and what of it has to be drawn again. */
#include "hw/vga.h"

#include <stdlib.h>
#include <string.h>

#include "vmm/kvm.h"
#include "vmm/machine.h"

#define PAGE_SHIFT 12

static struct display *display_of(struct vga *vga)
{
	return &vga->pci.dev.machine->display;
}

static void tell_changed(struct vga *vga)
{
	struct vga_draw *d = &vga->draw;

	if (d->right > d->left)
		display_changed(display_of(vga), d->left, d->top,
				d->right - d->left, d->bottom - d->top);
	d->left = d->right = d->top = d->bottom = 0;
}

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

static unsigned most(unsigned a, unsigned b)
{
	return a > b ? a : b;
}

void vga_draw_changed(struct vga *vga, unsigned left, unsigned top,
		      unsigned right, unsigned bottom)
{
	struct vga_draw *d = &vga->draw;

	if (d->resized)
		return;
	if (d->right > d->left && top > d->bottom)
		tell_changed(vga);
	if (d->right == d->left) {
		d->left = left;
		d->top = top;
		d->right = right;
		d->bottom = bottom;
		return;
	}
	d->left = least(d->left, left);
	d->right = most(d->right, right);
	d->top = least(d->top, top);
	d->bottom = most(d->bottom, bottom);
}

bool vga_draw_dirty(const struct vga_draw *d, uint64_t off, size_t len)
{
	uint64_t page = off >> PAGE_SHIFT, last = (off + len - 1) >> PAGE_SHIFT;

	if (!d->watch.pages)
		return true;
	for (; page <= last; page++)
		if (d->watch.pages[page / 64] >> page % 64 & 1)
			return true;
	return false;
}

static bool any_dirty(const struct vga *vga)
{
	return vga_draw_dirty(&vga->draw, 0, vga->vram->size);
}

/* Takes note of what was written, once it has been drawn. */
static void forget_dirty(struct vga *vga)
{
	size_t pages = vga->vram->size >> PAGE_SHIFT;

	if (vga->draw.watch.pages)
		memset(vga->draw.watch.pages, 0, (pages + 63) / 64 * 8);
}

/* Room for a picture of the view's size; false when there is no memory. */
static bool make_room(struct vga *vga, const struct vga_view *view)
{
	struct vga_draw *d = &vga->draw;
	size_t size = (size_t)view->width * view->height * sizeof(*d->pixels);
	uint32_t *pixels;

	if (size <= d->size && size >= d->size / 4)
		return true;
	pixels = realloc(d->pixels, size);
	if (!pixels) {
		log_guest(&vga->pci.dev.log,
			  "no memory for a picture of %u x %u", view->width,
			  view->height);
		return false;
	}
	memset(pixels, 0, size);
	d->pixels = pixels;
	d->size = size;
	return true;
}

static bool same_surface(const struct display_surface *a,
			 const struct display_surface *b)
{
	return a->width == b->width && a->height == b->height &&
	       a->stride == b->stride && a->pixels == b->pixels;
}

/* True when it is another than before: all is to be drawn. */
static bool set_surface(struct vga *vga, const struct vga_view *view)
{
	struct vga_draw *d = &vga->draw;
	struct display_surface surface = {
		.width = view->width,
		.height = view->height,
		.stride = view->width * sizeof(*d->pixels),
		.pixels = (const uint8_t *)d->pixels,
	};

	if (vga_view_direct(vga, view)) {
		surface.stride = view->pitch;
		surface.pixels = vga->vram->host + view->start;
	}
	if (same_surface(&surface, &d->surface) &&
	    same_surface(&surface, &display_of(vga)->surface))
		return false;
	d->surface = surface;
	return true;
}

static void draw_blank(struct vga *vga, bool all)
{
	struct vga_draw *d = &vga->draw;

	if (!all)
		return;
	memset(d->pixels, 0, d->surface.stride * d->surface.height);
	vga_draw_changed(vga, 0, 0, d->surface.width, d->surface.height);
}

static void draw(struct vga *vga, const struct vga_cursor *cursor, bool all)
{
	switch (vga->draw.view.kind) {
	case VGA_BLANK:
		draw_blank(vga, all);
		break;
	case VGA_TEXT:
		vga_draw_text(vga, cursor, all);
		break;
	case VGA_PLANAR:
	case VGA_TWO_BITS:
	case VGA_BYTES:
		vga_draw_planes(vga, all);
		break;
	default:
		vga_draw_linear(vga, all);
	}
}

static void refresh(void *dev)
{
	struct vga *vga = dev;
	struct vga_draw *d = &vga->draw;
	struct vga_cursor cursor;
	struct vga_view view;
	bool all;

	if (vga->pci.dev.machine->kvm)
		kvm_drain_coalesced(vga->pci.dev.machine->kvm);
	vga_view_read(vga, &view);
	vga_cursor_read(vga, &view, &cursor);
	if (!vga_view_direct(vga, &view) && !make_room(vga, &view))
		return;
	gmem_sync(&vga->pci.dev.machine->gmem, vga->vram);
	d->resized = set_surface(vga, &view);
	all = d->resized || d->stale ||
	      memcmp(&view, &d->view, sizeof(view)) != 0;
	d->stale = false;
	d->view = view;
	if (all || any_dirty(vga) ||
	    memcmp(&cursor, &d->cursor, sizeof(cursor)))
		draw(vga, &cursor, all);
	d->cursor = cursor;
	forget_dirty(vga);
	if (d->resized)
		display_resized(display_of(vga), &d->surface);
	d->resized = false;
	tell_changed(vga);
}

static void invalidate(void *dev)
{
	struct vga *vga = dev;

	vga->draw.stale = true;
}

/* Without memory for it, all is drawn each time. */
static void watch(void *dev, bool looked_at)
{
	struct vga *vga = dev;
	struct gmem *gmem = &vga->pci.dev.machine->gmem;

	if (!looked_at)
		gmem_unwatch(gmem, &vga->draw.watch);
	else if (!vga->draw.watch.block)
		gmem_watch(gmem, &vga->draw.watch, vga->vram, NULL);
}

const struct display_adapter_ops vga_display_ops = {
	.refresh = refresh,
	.invalidate = invalidate,
	.watch = watch,
};

/* The first adapter is the one that is seen. */
void vga_draw_init(struct vga *vga)
{
	if (!display_of(vga)->adapter)
		display_set_adapter(display_of(vga), &vga_display_ops, vga);
}

void vga_draw_fini(struct vga *vga)
{
	if (display_of(vga)->dev == vga)
		display_set_adapter(display_of(vga), NULL, NULL);
	watch(vga, false);
	free(vga->draw.pixels);
	free(vga->draw.cells);
}
