/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guest memory: RAM blocks, their maps, the flat view, and access to it. */
#include "vmm/gmem.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE_SHIFT 12

int gmem_init(struct gmem *gmem, struct error *err)
{
	int rc;

	memset(gmem, 0, sizeof(*gmem));
	list_init(&gmem->blocks);
	list_init(&gmem->maps);
	list_init(&gmem->listeners);
	rc = pthread_rwlock_init(&gmem->lock, NULL);
	return rc ? error_errno(err, rc, "guest memory") : 0;
}

void gmem_fini(struct gmem *gmem)
{
	struct ram_block *block, *tmp;

	list_for_each_safe (block, tmp, &gmem->blocks, struct ram_block, link)
		gmem_block_free(gmem, block);
	free(gmem->view);
	pthread_rwlock_destroy(&gmem->lock);
}

struct ram_block *gmem_block_adopt(struct gmem *gmem, const char *name, int fd,
				   void *host, size_t size, size_t mapped,
				   struct error *err)
{
	struct ram_block *block = calloc(1, sizeof(*block));

	if (!block) {
		error_set(err, ENOMEM, "out of memory");
		return NULL;
	}
	snprintf(block->name, sizeof(block->name), "%s", name);
	block->fd = fd;
	block->host = host;
	block->size = size;
	block->mapped = mapped;
	list_init(&block->watches);
	list_add_tail(&gmem->blocks, &block->link);
	return block;
}

struct ram_block *gmem_block_new(struct gmem *gmem, const char *name,
				 size_t size, struct error *err)
{
	int fd = memfd_create(name, MFD_CLOEXEC);
	struct ram_block *block;
	void *host = MAP_FAILED;

	if (fd >= 0 && ftruncate(fd, (off_t)size) == 0)
		host = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_NORESERVE, fd, 0);
	if (host == MAP_FAILED) {
		error_errno(err, errno,
			    "cannot allocate %zu bytes of memory for %s", size,
			    name);
		goto fail;
	}
	block = gmem_block_adopt(gmem, name, fd, host, size, size, err);
	if (block)
		return block;
	munmap(host, size);
fail:
	if (fd >= 0)
		close(fd);
	return NULL;
}

void gmem_block_free(struct gmem *gmem, struct ram_block *block)
{
	(void)gmem;
	while (atomic_load(&block->pins))
		sched_yield();
	list_del(&block->link);
	if (block->discard)
		madvise(block->host, block->mapped, MADV_REMOVE);
	munmap(block->host, block->mapped);
	if (block->fd >= 0)
		close(block->fd);
	free(block->dirty);
	free(block);
}

static gpa_t range_last(const struct gmem_range *r)
{
	return r->base + (r->len - 1);
}

/* Takes [base, last] out of the view's range i. */
static size_t cut(struct gmem *gmem, size_t i, gpa_t base, gpa_t last)
{
	struct gmem_range *r = &gmem->view[i];
	gpa_t r_last = range_last(r);

	if (r->base < base && r_last > last) {
		memmove(r + 1, r, (gmem->nview - i) * sizeof(*r));
		gmem->nview++;
		r[0].len = base - r[0].base;
		r[1].off += last + 1 - r[1].base;
		r[1].base = last + 1;
		r[1].len = r_last - last;
		return i + 2;
	}
	if (r->base < base) {
		r->len = base - r->base;
		return i + 1;
	}
	if (r_last > last) {
		r->off += last + 1 - r->base;
		r->base = last + 1;
		r->len = r_last - last;
		return i + 1;
	}
	memmove(r, r + 1, (gmem->nview - i - 1) * sizeof(*r));
	gmem->nview--;
	return i;
}

static void overlay(struct gmem *gmem, const struct gmem_map *map)
{
	gpa_t base = map->base, last = base + (map->len - 1);
	size_t i = 0, at;

	if (last < base)
		last = UINT64_MAX; /* what lies beyond is not seen */
	while (i < gmem->nview) {
		const struct gmem_range *r = &gmem->view[i];

		if (range_last(r) < base || r->base > last)
			i++;
		else
			i = cut(gmem, i, base, last);
	}
	if (map->kind == GMEM_HOLE)
		return;
	for (at = 0; at < gmem->nview && gmem->view[at].base < base; at++)
		;
	memmove(&gmem->view[at + 1], &gmem->view[at],
		(gmem->nview - at) * sizeof(*gmem->view));
	gmem->view[at] = (struct gmem_range){
		.base = base,
		.len = last - base + 1,
		.off = map->off,
		.block = map->block,
		.readonly = map->kind == GMEM_ROM,
	};
	gmem->nview++;
}

static bool joins(const struct gmem_range *a, const struct gmem_range *b)
{
	return a->block == b->block && a->readonly == b->readonly &&
	       a->base + a->len == b->base && a->off + a->len == b->off;
}

static void join_neighbours(struct gmem *gmem)
{
	size_t i, n = 0;

	for (i = 0; i < gmem->nview; i++) {
		if (n && joins(&gmem->view[n - 1], &gmem->view[i]))
			gmem->view[n - 1].len += gmem->view[i].len;
		else
			gmem->view[n++] = gmem->view[i];
	}
	gmem->nview = n;
}

static bool same(const struct gmem_range *a, const struct gmem_range *b)
{
	return a->base == b->base && a->len == b->len && a->off == b->off &&
	       a->block == b->block && a->readonly == b->readonly;
}

static bool contains(const struct gmem_range *view, size_t n,
		     const struct gmem_range *r)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (same(&view[i], r))
			return true;
	return false;
}

/* Tells about ranges of one view that the other does not have. */
static void tell(struct gmem *gmem, const struct gmem_range *view, size_t n,
		 const struct gmem_range *other, size_t nother, bool add)
{
	struct gmem_listener *l;
	size_t i;

	for (i = 0; i < n; i++) {
		if (contains(other, nother, &view[i]))
			continue;
		list_for_each (l, &gmem->listeners, struct gmem_listener, link)
			(add ? l->add : l->del)(l, &view[i]);
	}
}

/* Rebuilds the view.  The array has room for the old and the new one. */
static void update(struct gmem *gmem)
{
	struct gmem_range *old = gmem->view + gmem->capacity;
	size_t nold = gmem->nview;
	const struct gmem_map *map;

	if (gmem->batch) {
		gmem->stale = true;
		return;
	}
	gmem->stale = false;
	pthread_rwlock_wrlock(&gmem->lock);
	memcpy(old, gmem->view, nold * sizeof(*old));
	gmem->nview = 0;
	list_for_each (map, &gmem->maps, struct gmem_map, link)
		if (map->enabled)
			overlay(gmem, map);
	join_neighbours(gmem);
	pthread_rwlock_unlock(&gmem->lock);
	tell(gmem, old, nold, gmem->view, gmem->nview, false);
	tell(gmem, gmem->view, gmem->nview, old, nold, true);
}

static int grow(struct gmem *gmem, struct error *err)
{
	size_t want = 2 * (gmem->nmaps + 1);
	struct gmem_range *view;

	if (want <= gmem->capacity)
		return 0;
	want *= 2;
	pthread_rwlock_wrlock(&gmem->lock);
	view = realloc(gmem->view, 2 * want * sizeof(*view));
	if (view) {
		gmem->view = view;
		gmem->capacity = want;
	}
	pthread_rwlock_unlock(&gmem->lock);
	return view ? 0 : error_set(err, ENOMEM, "out of memory");
}

int gmem_map(struct gmem *gmem, struct gmem_map *map, gpa_t base,
	     struct ram_block *block, uint64_t off, uint64_t len,
	     enum gmem_kind kind, int prio, struct error *err)
{
	struct gmem_map *at;
	int rc = grow(gmem, err);

	if (rc < 0)
		return rc;
	*map = (struct gmem_map){
		.block = block,
		.base = base,
		.len = len,
		.off = off,
		.kind = kind,
		.prio = prio,
		.enabled = true,
	};
	list_for_each (at, &gmem->maps, struct gmem_map, link)
		if (at->prio > prio)
			break;
	list_insert(&at->link, &map->link);
	gmem->nmaps++;
	update(gmem);
	return 0;
}

void gmem_unmap(struct gmem *gmem, struct gmem_map *map)
{
	if (!map->link.next)
		return;
	list_del(&map->link);
	map->link.next = NULL;
	gmem->nmaps--;
	update(gmem);
}

void gmem_move(struct gmem *gmem, struct gmem_map *map, gpa_t base,
	       bool enabled)
{
	if (map->base == base && map->enabled == enabled)
		return;
	map->base = base;
	map->enabled = enabled;
	update(gmem);
}

void gmem_set_kind(struct gmem *gmem, struct gmem_map *map, enum gmem_kind kind)
{
	if (map->kind == kind)
		return;
	map->kind = kind;
	update(gmem);
}

void gmem_begin(struct gmem *gmem)
{
	gmem->batch++;
}

void gmem_commit(struct gmem *gmem)
{
	gmem->batch--;
	if (gmem->stale)
		update(gmem);
}

void gmem_listen(struct gmem *gmem, struct gmem_listener *l)
{
	size_t i;

	list_add_tail(&gmem->listeners, &l->link);
	for (i = 0; i < gmem->nview; i++)
		l->add(l, &gmem->view[i]);
}

void gmem_unlisten(struct gmem *gmem, struct gmem_listener *l)
{
	size_t i;

	for (i = 0; i < gmem->nview; i++)
		l->del(l, &gmem->view[i]);
	list_del(&l->link);
}

/* The range that holds gpa, or NULL.  The view's lock is held. */
static const struct gmem_range *find(const struct gmem *gmem, gpa_t gpa)
{
	size_t lo = 0, hi = gmem->nview, mid;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (range_last(&gmem->view[mid]) < gpa)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo < gmem->nview && gmem->view[lo].base <= gpa)
		return &gmem->view[lo];
	return NULL;
}

/* How much of len from gpa lies in r, or before whatever comes next. */
static size_t extent(const struct gmem *gmem, const struct gmem_range *r,
		     gpa_t gpa, size_t len)
{
	uint64_t n = len;
	size_t i;

	if (r) {
		n = r->base + r->len - gpa;
	} else {
		for (i = 0; i < gmem->nview; i++)
			if (gmem->view[i].base > gpa) {
				n = gmem->view[i].base - gpa;
				break;
			}
	}
	return n < len ? n : len;
}

/* How much of len from gpa lies before the end of the address space. */
static size_t within_space(gpa_t gpa, size_t len)
{
	uint64_t room = UINT64_MAX - gpa;

	return len && len - 1 > room ? room + 1 : len;
}

void gmem_mark_dirty(struct ram_block *block, uint64_t off, size_t len)
{
	_Atomic uint64_t *dirty = atomic_load(&block->dirty);
	uint64_t page;

	if (!dirty || !len)
		return;
	for (page = off >> PAGE_SHIFT; page <= (off + len - 1) >> PAGE_SHIFT;
	     page++)
		atomic_fetch_or(&dirty[page / 64], UINT64_C(1) << page % 64);
}

bool gmem_read(struct gmem *gmem, gpa_t gpa, void *buf, size_t len)
{
	const struct gmem_range *r;
	size_t n, inside = within_space(gpa, len);
	bool whole = inside == len;
	uint8_t *out = buf;

	memset(out + inside, 0xff, len - inside);
	len = inside;
	pthread_rwlock_rdlock(&gmem->lock);
	for (; len; gpa += n, out += n, len -= n) {
		r = find(gmem, gpa);
		n = extent(gmem, r, gpa, len);
		if (r) {
			memcpy(out, r->block->host + r->off + (gpa - r->base),
			       n);
		} else {
			memset(out, 0xff, n);
			whole = false;
		}
	}
	pthread_rwlock_unlock(&gmem->lock);
	return whole;
}

bool gmem_write(struct gmem *gmem, gpa_t gpa, const void *buf, size_t len)
{
	const struct gmem_range *r;
	size_t n, inside = within_space(gpa, len);
	bool whole = inside == len;
	const uint8_t *in = buf;
	uint64_t off;

	len = inside;
	pthread_rwlock_rdlock(&gmem->lock);
	for (; len; gpa += n, in += n, len -= n) {
		r = find(gmem, gpa);
		n = extent(gmem, r, gpa, len);
		if (r && !r->readonly) {
			off = r->off + (gpa - r->base);
			memcpy(r->block->host + off, in, n);
			gmem_mark_dirty(r->block, off, n);
		} else {
			whole = false;
		}
	}
	pthread_rwlock_unlock(&gmem->lock);
	return whole;
}

#define CMPXCHG(bits) \
	do { \
		uint##bits##_t want = (uint##bits##_t) * expected; \
		ok = __atomic_compare_exchange_n((uint##bits##_t *)p, &want, \
						 (uint##bits##_t)desired, \
						 false, __ATOMIC_SEQ_CST, \
						 __ATOMIC_SEQ_CST); \
		*expected = want; \
	} while (0)

int gmem_cmpxchg(struct gmem *gmem, gpa_t gpa, uint64_t *expected,
		 uint64_t desired, unsigned size)
{
	const struct gmem_range *r;
	bool ok = false;
	uint64_t off;
	uint8_t *p;

	if (gpa & (size - 1))
		return -EFAULT;
	pthread_rwlock_rdlock(&gmem->lock);
	r = find(gmem, gpa);
	if (!r || r->readonly) {
		pthread_rwlock_unlock(&gmem->lock);
		return -EFAULT;
	}
	off = r->off + (gpa - r->base);
	p = r->block->host + off;
	switch (size) {
	case 1:
		CMPXCHG(8);
		break;
	case 2:
		CMPXCHG(16);
		break;
	case 4:
		CMPXCHG(32);
		break;
	default:
		CMPXCHG(64);
	}
	if (ok)
		gmem_mark_dirty(r->block, off, size);
	pthread_rwlock_unlock(&gmem->lock);
	return ok ? 0 : -EAGAIN;
}

void gmem_evict(struct gmem *gmem, gpa_t gpa)
{
	const size_t page = 1u << PAGE_SHIFT;
	const struct gmem_range *r;
	void *at;

	gpa &= ~(gpa_t)(page - 1);
	/* For a moment it is read-only here: others must not write. */
	pthread_rwlock_wrlock(&gmem->lock);
	r = find(gmem, gpa);
	if (r && !atomic_load(&r->block->pins)) {
		at = r->block->host + r->off + (gpa - r->base);
		if (mprotect(at, page, PROT_READ) == 0)
			mprotect(at, page, PROT_READ | PROT_WRITE);
	}
	pthread_rwlock_unlock(&gmem->lock);
}

/* The view's lock is held. */
static bool pin_piece(struct gmem *gmem, gpa_t gpa, size_t len,
		      enum gmem_dir dir, struct gmem_pin *pin)
{
	const struct gmem_range *r = find(gmem, gpa);

	if (!r || (r->readonly && dir == GMEM_TO_GUEST))
		return false;
	pin->gpa = gpa;
	pin->block = r->block;
	pin->host = r->block->host + r->off + (gpa - r->base);
	pin->len = extent(gmem, r, gpa, len);
	atomic_fetch_add(&r->block->pins, 1);
	return true;
}

bool gmem_pin(struct gmem *gmem, gpa_t gpa, size_t len, enum gmem_dir dir,
	      struct gmem_pin *pin)
{
	bool pinned;

	pthread_rwlock_rdlock(&gmem->lock);
	pinned = pin_piece(gmem, gpa, len, dir, pin);
	pthread_rwlock_unlock(&gmem->lock);
	return pinned;
}

void gmem_unpin(struct gmem_pin *pin, size_t written)
{
	gmem_mark_dirty(pin->block, (uint64_t)(pin->host - pin->block->host),
			written < pin->len ? written : pin->len);
	atomic_fetch_sub(&pin->block->pins, 1);
}

int gmem_span(struct gmem *gmem, gpa_t gpa, size_t len, enum gmem_dir dir,
	      struct iovec *iov, int max, struct gmem_span *span)
{
	struct gmem_pin *pin;

	span->n = 0;
	if (within_space(gpa, len) != len)
		return -EFAULT;
	pthread_rwlock_rdlock(&gmem->lock);
	for (; len; gpa += pin->len, len -= pin->len) {
		pin = &span->pin[span->n];
		if (span->n == GMEM_SPAN_MAX || (int)span->n >= max ||
		    !pin_piece(gmem, gpa, len, dir, pin)) {
			pthread_rwlock_unlock(&gmem->lock);
			gmem_done(span, 0);
			return -EFAULT;
		}
		iov[span->n].iov_base = pin->host;
		iov[span->n++].iov_len = pin->len;
	}
	pthread_rwlock_unlock(&gmem->lock);
	return (int)span->n;
}

void gmem_done(struct gmem_span *span, size_t written)
{
	size_t len;
	unsigned i;

	for (i = 0; i < span->n; i++) {
		len = span->pin[i].len;
		gmem_unpin(&span->pin[i], written);
		written -= written < len ? written : len;
	}
	span->n = 0;
}
