/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Address spaces: overlapping regions, their flat view, and access to it. */
#include "vmm/bus.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/endian.h"

void bus_init(struct bus *bus, const char *name, uint64_t last)
{
	*bus = (struct bus){.name = name, .last = last, .generation = 1};
	list_init(&bus->regions);
}

void bus_fini(struct bus *bus)
{
	free(bus->view);
	bus->view = NULL;
}

static void changed(struct bus *bus)
{
	bus->stale = true;
	bus->generation++;
}

int bus_map(struct bus *bus, struct bus_region *region, const char *name,
	    uint64_t base, uint64_t len, int prio, const struct bus_ops *ops,
	    void *dev, struct error *err)
{
	/* n overlapping intervals cut the space into at most 2n pieces. */
	size_t want = 2 * (bus->nregions + 1);
	struct bus_segment *view;
	struct bus_region *at;

	if (want > bus->capacity) {
		view = realloc(bus->view, 2 * want * sizeof(*view));
		if (!view)
			return error_set(err, ENOMEM, "out of memory");
		bus->view = view;
		bus->capacity = 2 * want;
	}
	*region = (struct bus_region){
		.bus = bus,
		.name = name,
		.ops = ops,
		.dev = dev,
		.base = base,
		.len = len,
		.prio = prio,
		.enabled = true,
	};
	list_for_each (at, &bus->regions, struct bus_region, link)
		if (at->prio > prio)
			break;
	list_insert(&at->link, &region->link);
	bus->nregions++;
	changed(bus);
	return 0;
}

void bus_unmap(struct bus_region *region)
{
	if (!region->bus)
		return;
	list_del(&region->link);
	region->bus->nregions--;
	changed(region->bus);
	region->bus = NULL;
}

void bus_move(struct bus_region *region, uint64_t base)
{
	if (region->base == base)
		return;
	region->base = base;
	changed(region->bus);
}

void bus_enable(struct bus_region *region, bool enabled)
{
	if (region->enabled == enabled)
		return;
	region->enabled = enabled;
	changed(region->bus);
}

/* Takes [start, last] out of segment i; it may vanish or fall in two. */
static size_t cut(struct bus *bus, size_t i, uint64_t start, uint64_t last)
{
	struct bus_segment *seg = &bus->view[i], old = *seg;

	if (old.start < start && old.last > last) {
		memmove(seg + 1, seg, (bus->nview - i) * sizeof(*seg));
		bus->nview++;
		seg[0].last = start - 1;
		seg[1].start = last + 1;
		return i + 2;
	}
	if (old.start < start) {
		seg->last = start - 1;
		return i + 1;
	}
	if (old.last > last) {
		seg->start = last + 1;
		return i + 1;
	}
	memmove(seg, seg + 1, (bus->nview - i - 1) * sizeof(*seg));
	bus->nview--;
	return i;
}

/* Lays a region over what is there. */
static void overlay(struct bus *bus, struct bus_region *region)
{
	uint64_t start = region->base, last = start + (region->len - 1);
	size_t i = 0, at;

	if (last < start || last > bus->last)
		last = bus->last;
	if (start > bus->last)
		return;
	while (i < bus->nview) {
		if (bus->view[i].last < start || bus->view[i].start > last)
			i++;
		else
			i = cut(bus, i, start, last);
	}
	for (at = 0; at < bus->nview && bus->view[at].start < start; at++)
		;
	memmove(&bus->view[at + 1], &bus->view[at],
		(bus->nview - at) * sizeof(*bus->view));
	bus->view[at] = (struct bus_segment){start, last, region};
	bus->nview++;
}

const struct bus_segment *bus_view(struct bus *bus, size_t *count)
{
	struct bus_region *region;

	if (bus->stale) {
		bus->nview = 0;
		list_for_each (region, &bus->regions, struct bus_region, link)
			if (region->enabled)
				overlay(bus, region);
		bus->stale = false;
	}
	*count = bus->nview;
	return bus->view;
}

/* The segment that holds addr, or the first one above it, or NULL. */
static const struct bus_segment *find(struct bus *bus, struct bus_cache *cache,
				      uint64_t addr)
{
	size_t n, lo = 0, hi, mid;
	const struct bus_segment *view = bus_view(bus, &n);

	if (cache && cache->generation == bus->generation &&
	    view[cache->index].start <= addr && addr <= view[cache->index].last)
		return &view[cache->index];
	for (hi = n; lo < hi;) {
		mid = lo + (hi - lo) / 2;
		if (view[mid].last < addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == n)
		return NULL;
	if (cache && view[lo].start <= addr) {
		cache->generation = bus->generation;
		cache->index = lo;
	}
	return &view[lo];
}

bool bus_has(struct bus *bus, uint64_t addr)
{
	const struct bus_segment *seg = find(bus, NULL, addr);

	return seg && seg->start <= addr;
}

static unsigned max_size(const struct bus_ops *ops)
{
	return ops->max ? ops->max : 4;
}

static unsigned min_size(const struct bus_ops *ops)
{
	return ops->min ? ops->min : 1;
}

/* Reads a unit of at least the smallest size that the device knows. */
static uint64_t read_unit(const struct bus_region *r, uint64_t off,
			  unsigned size)
{
	unsigned min = min_size(r->ops);
	uint64_t start = off & ~(uint64_t)(min - 1);

	if (!r->ops->read)
		return UINT64_MAX;
	if (size >= min)
		return r->ops->read(r->dev, off, size);
	return r->ops->read(r->dev, start, min) >> 8 * (off - start);
}

static void write_unit(const struct bus_region *r, uint64_t off, uint64_t val,
		       unsigned size)
{
	unsigned min = min_size(r->ops), shift;
	uint64_t start = off & ~(uint64_t)(min - 1), mask;

	if (!r->ops->write)
		return;
	if (size < min) {
		shift = 8 * (off - start);
		mask = ((UINT64_C(1) << 8 * size) - 1) << shift;
		val = (val << shift & mask) |
		      (read_unit(r, start, min) & ~mask);
		off = start;
		size = min;
	}
	r->ops->write(r->dev, off, val, size);
}

/* The largest naturally aligned power of two that fits. */
static unsigned piece(uint64_t addr, unsigned len, unsigned max)
{
	unsigned size = max;

	while (size > len || (addr & (size - 1)))
		size /= 2;
	return size;
}

static void access_region(const struct bus_region *r, uint64_t off,
			  uint8_t *data, unsigned len, bool is_write)
{
	unsigned max = max_size(r->ops), size;
	uint8_t raw[8] = {0};

	for (; len; off += size, data += size, len -= size) {
		/* Unaligned accesses that fit are the device's to judge. */
		size = len;
		if (len > max || (len & (len - 1)))
			size = piece(off, len, max);
		if (is_write) {
			memset(raw, 0, sizeof(raw));
			memcpy(raw, data, size);
			write_unit(r, off, load_le64(raw), size);
		} else {
			store_le64(raw, read_unit(r, off, size));
			memcpy(data, raw, size);
		}
	}
}

void bus_access(struct bus *bus, struct bus_cache *cache, uint64_t addr,
		void *data, unsigned len, bool is_write)
{
	const struct bus_segment *seg;
	uint8_t *bytes = data;
	uint64_t n;

	while (len) {
		seg = addr > bus->last ? NULL : find(bus, cache, addr);
		if (!seg || seg->start > addr) {
			n = seg ? seg->start - addr : len;
			if (n > len)
				n = len;
			if (!is_write)
				memset(bytes, 0xff, n);
		} else {
			/*
			 * The device at the first address gets as much as its
			 * region is long, even where another one lies over
			 * the rest: 0xcf8 is 32 bits wide in spite of 0xcf9.
			 */
			n = seg->region->len - (addr - seg->region->base);
			if (n > len)
				n = len;
			access_region(seg->region, addr - seg->region->base,
				      bytes, n, is_write);
		}
		addr += n;
		bytes += n;
		len -= n;
	}
}

void bus_access_rep(struct bus *bus, struct bus_cache *cache, uint64_t addr,
		    void *data, unsigned size, size_t count, bool is_write)
{
	const struct bus_segment *seg = find(bus, cache, addr);
	uint8_t *bytes = data;
	size_t done = 0;

	if (seg && seg->start <= addr && seg->last - addr >= size - 1) {
		const struct bus_region *r = seg->region;
		uint64_t off = addr - r->base;

		if (is_write && r->ops->write_rep)
			done = r->ops->write_rep(r->dev, off, data, size,
						 count);
		else if (!is_write && r->ops->read_rep)
			done = r->ops->read_rep(r->dev, off, data, size, count);
	}
	for (; done < count; done++)
		bus_access(bus, cache, addr, bytes + done * size, size,
			   is_write);
}
