/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest memory: RAM blocks, where the guest sees them, and the only way for
 * devices to reach them.
 *
 * A block is memory of the host (an fd and its mapping).  A map shows a part
 * of a block at a guest-physical address; maps overlap by priority.  The flat
 * view of the maps is what KVM gets as memory slots, through listeners, and
 * what gmem_read and its kin see: RAM, VRAM, and ROM for reads.  Device
 * registers are never reached from here: such addresses read as ones and
 * swallow writes, as addresses with nothing do.
 *
 * Blocks and maps belong to the machine lock.  gmem_read, gmem_write,
 * gmem_cmpxchg, gmem_evict, gmem_pin, gmem_span and their ends: any thread.
 */
#ifndef VMM_GMEM_H
#define VMM_GMEM_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "vmm/error.h"
#include "vmm/list.h"

typedef uint64_t gpa_t;

struct ram_block {
	struct list link;
	char name[32];
	int fd; /* -1: anonymous memory */
	uint8_t *host;
	size_t size; /* bytes, a multiple of the page size */
	size_t mapped; /* at host; more than size if pages are huge */
	bool discard; /* in the end, the content goes too */
	_Atomic unsigned pins;
	struct list watches;
	/* Written pages, a bit for each, until gmem_sync tells the watches;
	 * NULL before the first of these. */
	_Atomic uint64_t *_Atomic dirty;
};

enum gmem_kind {
	GMEM_RAM, /* read and write */
	GMEM_ROM, /* the guest's writes are dropped */
	GMEM_HOLE, /* hides what lies below it: device registers show */
};

/* Lives with whoever maps; all zero before gmem_map. */
struct gmem_map {
	struct list link;
	struct ram_block *block; /* NULL for a hole */
	gpa_t base;
	uint64_t len, off; /* bytes; off within the block */
	enum gmem_kind kind;
	int prio;
	bool enabled;
};

struct gmem_range {
	gpa_t base;
	uint64_t len, off;
	struct ram_block *block;
	bool readonly;
};

/* Told about each change of the flat view: removals first, then additions. */
struct gmem_listener {
	struct list link;
	void (*del)(struct gmem_listener *l, const struct gmem_range *range);
	void (*add)(struct gmem_listener *l, const struct gmem_range *range);
	/*
	 * The guest's writes there are to be noted, if the block has watches,
	 * or need not be any more; collect gives what was noted to gmem_note,
	 * del does so too.  Both may be NULL.
	 */
	void (*watch)(struct gmem_listener *l, const struct gmem_range *range);
	void (*collect)(struct gmem_listener *l,
			const struct gmem_range *range);
};

/* Who has to know which pages of a block were written, by whomever. */
struct gmem_watch {
	struct list link;
	struct ram_block *block; /* NULL: it watches nothing */
	uint64_t *pages; /* a bit for each; the watcher clears them */
};

struct gmem {
	pthread_rwlock_t lock; /* of the view */
	struct gmem_range *view; /* by address */
	size_t nview, capacity, nmaps;
	struct list blocks, maps, listeners;
	int batch; /* gmem_begin's nesting */
	bool stale;
};

int gmem_init(struct gmem *gmem, struct error *err);
void gmem_fini(struct gmem *gmem);

/* Anonymous shared memory of size bytes, zero-filled, owned by gmem. */
struct ram_block *gmem_block_new(struct gmem *gmem, const char *name,
				 size_t size, struct error *err);
/*
 * A block of what is mapped at host, and of fd; -1: of none.  Both are gmem's
 * unless it fails.
 */
struct ram_block *gmem_block_adopt(struct gmem *gmem, const char *name, int fd,
				   void *host, size_t size, size_t mapped,
				   struct error *err);
/* Waits until nothing is pinned; no map may show the block. */
void gmem_block_free(struct gmem *gmem, struct ram_block *block);

/*
 * Registers and shows; everything is in units of 4 KiB pages.  What would lie
 * beyond the end of the address space is not seen.
 */
int gmem_map(struct gmem *gmem, struct gmem_map *map, gpa_t base,
	     struct ram_block *block, uint64_t off, uint64_t len,
	     enum gmem_kind kind, int prio, struct error *err);
void gmem_unmap(struct gmem *gmem, struct gmem_map *map);
/* Changes what a map shows; cannot fail. */
void gmem_move(struct gmem *gmem, struct gmem_map *map, gpa_t base,
	       bool enabled);
void gmem_set_kind(struct gmem *gmem, struct gmem_map *map,
		   enum gmem_kind kind);
/* Between these two, changes are collected and made at once. */
void gmem_begin(struct gmem *gmem);
void gmem_commit(struct gmem *gmem);

/* The listener is told about the view there is; remove says del for all. */
void gmem_listen(struct gmem *gmem, struct gmem_listener *l);
void gmem_unlisten(struct gmem *gmem, struct gmem_listener *l);

/* To begin with, every page counts as written.  Machine lock, as below. */
int gmem_watch(struct gmem *gmem, struct gmem_watch *watch,
	       struct ram_block *block, struct error *err);
void gmem_unwatch(struct gmem *gmem, struct gmem_watch *watch);
/*
 * Tells all who watch the block what was written since the last time.  What
 * was written before is in memory.
 */
void gmem_sync(struct gmem *gmem, struct ram_block *block);
static inline bool gmem_watched(const struct ram_block *block)
{
	return !list_empty(&block->watches);
}
/* Somebody wrote to the block directly.  Any thread. */
void gmem_mark_dirty(struct ram_block *block, uint64_t off, size_t len);
/* Listeners: the bits of n pages of the block, from page first on. */
void gmem_note(struct ram_block *block, size_t first, const uint64_t *bits,
	       size_t n);

/* Bytes that could not be read are 0xff.  False if there were any. */
bool gmem_read(struct gmem *gmem, gpa_t gpa, void *buf, size_t len);
/* False if part of it went nowhere. */
bool gmem_write(struct gmem *gmem, gpa_t gpa, const void *buf, size_t len);
/*
 * Atomic compare and exchange of size 1, 2, 4 or 8 bytes, naturally aligned.
 * Returns 0, -EAGAIN when the memory held something else (which is then in
 * *expected), -EFAULT when there is no RAM or it is misaligned.
 */
int gmem_cmpxchg(struct gmem *gmem, gpa_t gpa, uint64_t *expected,
		 uint64_t desired, unsigned size);

/*
 * Takes the 4 KiB page at gpa out of the guest's page tables, as when the host
 * swaps it out: the content stays, and the next access brings it back.  A
 * page in use by a span stays where it is.
 */
void gmem_evict(struct gmem *gmem, gpa_t gpa);

enum gmem_dir { GMEM_FROM_GUEST, GMEM_TO_GUEST };

/* Memory of a block that stays where it is, for direct access. */
struct gmem_pin {
	gpa_t gpa;
	struct ram_block *block;
	uint8_t *host;
	size_t len; /* bytes */
};

/*
 * Pins what is in one piece at gpa, at most len bytes.  False when that is not
 * RAM (not even ROM, for GMEM_FROM_GUEST).
 */
bool gmem_pin(struct gmem *gmem, gpa_t gpa, size_t len, enum gmem_dir dir,
	      struct gmem_pin *pin);
/* The first written bytes were written, and are marked dirty. */
void gmem_unpin(struct gmem_pin *pin, size_t written);

#define GMEM_SPAN_MAX 16

struct gmem_span {
	struct gmem_pin pin[GMEM_SPAN_MAX];
	unsigned n;
};

/*
 * Pins [gpa, gpa + len) for direct access and adds its pieces to iov (at most
 * max, at most GMEM_SPAN_MAX).  Returns the number of pieces or -EFAULT, when
 * part of it is not RAM (not even ROM, for GMEM_FROM_GUEST) or the pieces do
 * not fit; then nothing is pinned.
 */
int gmem_span(struct gmem *gmem, gpa_t gpa, size_t len, enum gmem_dir dir,
	      struct iovec *iov, int max, struct gmem_span *span);
/* Unpins; the first written bytes were written, and are marked dirty. */
void gmem_done(struct gmem_span *span, size_t written);

#endif
