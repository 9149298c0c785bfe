/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Blocks of metadata in memory.  Clean ones are given up for others, dirty
 * ones wait for a cycle.  A block that a cycle is writing is copied when it is
 * changed meanwhile, so that the file gets what the cycle began with.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "block/qcow2_image.h"

#define BUCKETS_MIN 16u

int qcow2_cache_init(struct qcow2 *q, struct qcow2_cache *c, size_t block_size,
		     unsigned max)
{
	unsigned n = BUCKETS_MIN;

	while (n < max)
		n *= 2;
	*c = (struct qcow2_cache){.q = q,
				  .block_size = block_size,
				  .max = max,
				  .mask = n - 1};
	list_init(&c->lru);
	c->hash = calloc(n, sizeof(struct qcow2_block *));
	return c->hash ? 0 : -ENOMEM;
}

static struct qcow2_block **bucket(struct qcow2_cache *c, uint64_t off)
{
	uint64_t h = off / c->block_size;

	return &c->hash[(h ^ h >> 16) & c->mask];
}

static struct qcow2_block *find(struct qcow2_cache *c, uint64_t off)
{
	struct qcow2_block *b = *bucket(c, off);

	while (b && b->off != off)
		b = b->next;
	return b;
}

static void unhash(struct qcow2_cache *c, struct qcow2_block *block)
{
	struct qcow2_block **p = bucket(c, block->off);

	while (*p != block)
		p = &(*p)->next;
	*p = block->next;
}

static void enter(struct qcow2_cache *c, struct qcow2_block *block,
		  uint64_t off)
{
	struct qcow2_block **p = bucket(c, off);

	block->off = off;
	block->used = c->era;
	block->next = *p;
	*p = block;
	list_del(&block->lru);
	list_add_tail(&c->lru, &block->lru);
}

static void drop(struct qcow2_cache *c, struct qcow2_block *block)
{
	unhash(c, block);
	list_del(&block->lru);
	free(block->data);
	free(block);
	c->n--;
}

static struct qcow2_block *new_block(struct qcow2_cache *c)
{
	struct qcow2_block *block = calloc(1, sizeof(*block));

	if (!block)
		return NULL;
	block->data = blk_alloc(c->q->file, c->block_size);
	if (!block->data) {
		free(block);
		return NULL;
	}
	block->cache = c;
	list_init(&block->lru);
	list_init(&block->waiters);
	c->n++;
	return block;
}

static bool is_idle(const struct qcow2_block *block)
{
	return !block->dirty && !block->loading && !block->writing;
}

/* The oldest that is in nobody's way, out of the hash; NULL: none. */
static struct qcow2_block *victim(struct qcow2_cache *c)
{
	struct qcow2_block *b;

	list_for_each (b, &c->lru, struct qcow2_block, lru)
		if (is_idle(b)) {
			unhash(c, b);
			return b;
		}
	return NULL;
}

static void trim(struct qcow2_cache *c)
{
	struct qcow2_block *b;

	while (c->n > c->max && (b = victim(c))) {
		list_del(&b->lru);
		free(b->data);
		free(b);
		c->n--;
	}
}

static void loaded(struct blk_req *req, int rc)
{
	struct qcow2_block *block = container_of(req, struct qcow2_block, req);
	struct qcow2_cache *c = block->cache;

	block->loading = false;
	qcow2_wake(c->q, &block->waiters, rc);
	if (rc < 0)
		drop(c, block);
}

static void load(struct qcow2_cache *c, struct qcow2_block *block)
{
	block->loading = true;
	block->iov = (struct iovec){block->data, c->block_size};
	block->req = (struct blk_req){.op = BLK_READ,
				      .off = block->off,
				      .iov = &block->iov,
				      .niov = 1,
				      .done = loaded};
	blk_node_submit(c->q->file, &block->req);
}

int qcow2_cache_get(struct qcow2_cache *c, uint64_t off,
		    struct qcow2_wait *wait, struct qcow2_block **out)
{
	struct qcow2_block *b = find(c, off);

	if (b && !b->loading) {
		b->used = c->era;
		list_del(&b->lru);
		list_add_tail(&c->lru, &b->lru);
		*out = b;
		return 0;
	}
	if (!b) {
		trim(c);
		b = c->n < c->max ? new_block(c) : victim(c);
		if (!b && c->n < c->max)
			return -ENOMEM;
		if (!b) { /* all are dirty */
			qcow2_cycle_start(c->q);
			qcow2_park(wait, &c->q->cycle.waiters);
			return QCOW2_PARKED;
		}
		enter(c, b, off);
		load(c, b);
	}
	qcow2_park(wait, &b->waiters);
	return QCOW2_PARKED;
}

int qcow2_cache_touch(struct qcow2_block *block)
{
	struct qcow2_cache *c = block->cache;
	uint8_t *copy;

	if (block->writing == block->data) {
		copy = blk_alloc(c->q->file, c->block_size);
		if (!copy)
			return -ENOMEM;
		memcpy(copy, block->data, c->block_size);
		block->data = copy;
	}
	if (!block->dirty)
		c->dirty++;
	block->dirty = true;
	return 0;
}

int qcow2_cache_new(struct qcow2_cache *c, uint64_t off,
		    struct qcow2_block **out)
{
	struct qcow2_block *b = find(c, off);
	int rc;

	if (b && b->loading)
		return -EBUSY;
	if (!b) {
		b = new_block(c);
		if (!b)
			return -ENOMEM;
		enter(c, b, off);
	}
	rc = qcow2_cache_touch(b);
	if (rc == 0)
		memset(b->data, 0, c->block_size);
	*out = b;
	return rc;
}

void qcow2_cache_clean(struct qcow2_cache *c)
{
	struct qcow2_block *b, *tmp;

	list_for_each_safe (b, tmp, &c->lru, struct qcow2_block, lru)
		if (is_idle(b) && b->used != c->era)
			drop(c, b);
	c->era++;
}

void qcow2_cache_empty(struct qcow2_cache *c)
{
	struct qcow2_block *b, *tmp;

	list_for_each_safe (b, tmp, &c->lru, struct qcow2_block, lru)
		if (is_idle(b))
			drop(c, b);
}

void qcow2_cache_fini(struct qcow2_cache *c)
{
	struct qcow2_block *b, *tmp;

	if (!c->hash)
		return;
	list_for_each_safe (b, tmp, &c->lru, struct qcow2_block, lru)
		drop(c, b);
	free(c->hash);
	c->hash = NULL;
}
