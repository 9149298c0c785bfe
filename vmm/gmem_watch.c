/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who has to know which pages were written.  Devices mark them in the block;
 * listeners (KVM) keep a log of the guest's own writes, which is read here
 * alone, for all who watch.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/gmem.h"

#define PAGE_SHIFT 12

static size_t words_of(const struct ram_block *block)
{
	return ((block->size >> PAGE_SHIFT) + 63) / 64;
}

/* Makes the listeners begin or end to note writes, as there are watches. */
static void tell_listeners(struct gmem *gmem, const struct ram_block *block)
{
	struct gmem_listener *l;
	size_t i;

	list_for_each (l, &gmem->listeners, struct gmem_listener, link)
		for (i = 0; l->watch && i < gmem->nview; i++)
			if (gmem->view[i].block == block)
				l->watch(l, &gmem->view[i]);
}

int gmem_watch(struct gmem *gmem, struct gmem_watch *watch,
	       struct ram_block *block, struct error *err)
{
	size_t n = words_of(block);
	bool first = !gmem_watched(block);

	watch->pages = malloc(n * sizeof(*watch->pages));
	if (watch->pages && !atomic_load(&block->dirty))
		atomic_store(&block->dirty, calloc(n, sizeof(uint64_t)));
	if (!watch->pages || !atomic_load(&block->dirty)) {
		free(watch->pages);
		watch->pages = NULL;
		return error_set(err, ENOMEM, "out of memory");
	}
	memset(watch->pages, 0xff, n * sizeof(*watch->pages));
	watch->block = block;
	list_add_tail(&block->watches, &watch->link);
	if (first)
		tell_listeners(gmem, block);
	return 0;
}

void gmem_unwatch(struct gmem *gmem, struct gmem_watch *watch)
{
	struct ram_block *block = watch->block;

	if (!block)
		return;
	list_del(&watch->link);
	free(watch->pages);
	*watch = (struct gmem_watch){.block = NULL};
	if (!gmem_watched(block))
		tell_listeners(gmem, block);
}

void gmem_note(struct ram_block *block, size_t first, const uint64_t *bits,
	       size_t n)
{
	_Atomic uint64_t *dirty = atomic_load(&block->dirty);
	size_t i, page;

	for (i = 0; dirty && i < n; i++) {
		if (!bits[i / 64]) {
			i |= 63;
			continue;
		}
		page = first + i;
		if (bits[i / 64] >> i % 64 & 1)
			atomic_fetch_or(&dirty[page / 64],
					UINT64_C(1) << page % 64);
	}
}

static void collect(struct gmem *gmem, const struct ram_block *block)
{
	struct gmem_listener *l;
	size_t i;

	list_for_each (l, &gmem->listeners, struct gmem_listener, link)
		for (i = 0; l->collect && i < gmem->nview; i++)
			if (gmem->view[i].block == block)
				l->collect(l, &gmem->view[i]);
}

void gmem_sync(struct gmem *gmem, struct ram_block *block)
{
	_Atomic uint64_t *dirty = atomic_load(&block->dirty);
	struct gmem_watch *watch;
	uint64_t bits;
	size_t i;

	collect(gmem, block);
	for (i = 0; dirty && i < words_of(block); i++) {
		if (!atomic_load_explicit(&dirty[i], memory_order_relaxed))
			continue;
		bits = atomic_exchange(&dirty[i], 0);
		list_for_each (watch, &block->watches, struct gmem_watch, link)
			watch->pages[i] |= bits;
	}
}
