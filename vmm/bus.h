/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Address spaces: the I/O ports, and the memory-mapped registers.
 *
 * Regions may overlap; the one with the higher priority is seen, among equals
 * the one mapped last.  Addresses that no region covers read as ones and
 * swallow writes.  Accesses go through a flat view that is rebuilt when the
 * map changes, and through a cache of the caller's for the last hit.
 *
 * Registering a region may fail (it allocates); moving, enabling and disabling
 * one cannot.  Machine lock for all.
 */
#ifndef VMM_BUS_H
#define VMM_BUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/error.h"
#include "vmm/list.h"

struct bus_ops {
	/*
	 * off is from the region's start.  size is 1, 2, 4 or 8 and between
	 * min and max; wider accesses are split and narrower ones are widened
	 * by the bus (a narrower write is passed on as it is unless min is
	 * more than 1, then it reads, merges and writes).
	 */
	uint64_t (*read)(void *dev, uint64_t off, unsigned size);
	void (*write)(void *dev, uint64_t off, uint64_t val, unsigned size);
	/*
	 * Optional: string I/O, count items of size bytes at one port.
	 * Returns how many items were moved; the bus does the rest one by one.
	 */
	size_t (*read_rep)(void *dev, uint64_t off, void *buf, unsigned size,
			   size_t count);
	size_t (*write_rep)(void *dev, uint64_t off, const void *buf,
			    unsigned size, size_t count);
	uint8_t min, max; /* 0 means 1, and 4 for max */
};

/* Lives in the device that answers; all zero before bus_map. */
struct bus_region {
	struct list link;
	struct bus *bus;
	const char *name;
	const struct bus_ops *ops;
	void *dev;
	uint64_t base, len;
	int prio;
	bool enabled;
};

struct bus_segment {
	uint64_t start, last; /* inclusive */
	struct bus_region *region;
};

struct bus {
	const char *name;
	uint64_t last; /* the highest address */
	struct list regions; /* lowest priority first */
	struct bus_segment *view;
	size_t nview, capacity, nregions;
	uint32_t generation; /* of the map */
	bool stale; /* the view is older than the map */
};

/* One for each vCPU and bus; zero-initialised. */
struct bus_cache {
	uint32_t generation;
	size_t index;
};

void bus_init(struct bus *bus, const char *name, uint64_t last);
void bus_fini(struct bus *bus);

/* Maps and enables.  name is kept, not copied.  len is not 0. */
int bus_map(struct bus *bus, struct bus_region *region, const char *name,
	    uint64_t base, uint64_t len, int prio, const struct bus_ops *ops,
	    void *dev, struct error *err);
void bus_unmap(struct bus_region *region);
void bus_move(struct bus_region *region, uint64_t base);
void bus_enable(struct bus_region *region, bool enabled);

/*
 * One access of 1 to 8 bytes, little-endian in data.  cache may be NULL.
 */
void bus_access(struct bus *bus, struct bus_cache *cache, uint64_t addr,
		void *data, unsigned len, bool is_write);
/* count accesses of size bytes at the same address. */
void bus_access_rep(struct bus *bus, struct bus_cache *cache, uint64_t addr,
		    void *data, unsigned size, size_t count, bool is_write);

/* Does a region answer at addr? */
bool bus_has(struct bus *bus, uint64_t addr);
/* The flat view, for `info mtree`; valid until the map changes. */
const struct bus_segment *bus_view(struct bus *bus, size_t *count);

#endif
