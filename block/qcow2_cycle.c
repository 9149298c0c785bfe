/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cycles: how changed metadata gets into the file.
 *
 * A cycle takes all that is dirty at its start and writes it in phases, each
 * flushed before the next: refcount blocks, refcount table, header, L2, L1.
 * So no table refers to what is not counted, or not written.  Clusters that
 * had been given up before the start are free after the end.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "block/qcow2_image.h"
#include "vmm/endian.h"

struct meta_write {
	struct list link;
	struct qcow2 *q;
	struct qcow2_block *block; /* or a buffer of its own */
	struct blk_req req;
	struct iovec iov;
};

static struct meta_write *add_write(struct qcow2 *q, enum qcow2_phase phase,
				    uint64_t off, void *buf, size_t len)
{
	struct meta_write *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->q = q;
	w->iov = (struct iovec){buf, len};
	w->req.off = off;
	list_add_tail(&q->cycle.writes[phase], &w->link);
	return w;
}

static int take_cache(struct qcow2_cache *c, enum qcow2_phase phase)
{
	struct qcow2_block *b;
	struct meta_write *w;

	if (!c->dirty)
		return 0;
	list_for_each (b, &c->lru, struct qcow2_block, lru) {
		if (!b->dirty)
			continue;
		w = add_write(c->q, phase, b->off, b->data, c->block_size);
		if (!w)
			return -ENOMEM;
		w->block = b;
		b->writing = b->data;
		b->dirty = false;
		c->dirty--;
	}
	return 0;
}

static int take_step(struct qcow2 *q, struct qcow2_table *t, uint32_t step,
		     enum qcow2_phase phase)
{
	uint32_t from = step * QCOW2_TABLE_STEP, i;
	uint32_t n =
		t->n - from < QCOW2_TABLE_STEP ? t->n - from : QCOW2_TABLE_STEP;
	uint64_t *buf = calloc(n, sizeof(*buf));

	if (!buf || !add_write(q, phase, t->off + from * sizeof(*buf), buf,
			       n * sizeof(*buf))) {
		free(buf);
		return -ENOMEM;
	}
	for (i = 0; i < n; i++)
		store_be64(&buf[i], t->val[from + i]);
	t->dirty[step] = 0;
	return 0;
}

static int take_table(struct qcow2 *q, struct qcow2_table *t,
		      enum qcow2_phase phase)
{
	uint32_t step;
	int rc = 0;

	if (!t->any_dirty)
		return 0;
	for (step = 0; step * QCOW2_TABLE_STEP < t->n && rc == 0; step++)
		if (t->dirty[step])
			rc = take_step(q, t, step, phase);
	if (rc == 0)
		t->any_dirty = false;
	return rc;
}

static int take_header(struct qcow2 *q)
{
	uint8_t *buf = calloc(1, QCOW2_HEADER);
	struct meta_write *w;

	if (!buf)
		return -ENOMEM;
	w = add_write(q, PHASE_HEADER, 0, buf, qcow2_header_fill(q, buf));
	if (!w) {
		free(buf);
		return -ENOMEM;
	}
	q->header_dirty = false;
	return 0;
}

/* Before anything is written that refcounts do not know of yet. */
static bool must_say_dirty(const struct qcow2 *q)
{
	return q->cycle.keep_refcounts && !(q->incompatible & QCOW2_DIRTY) &&
	       (q->ref_cache.dirty || q->reftable.any_dirty);
}

static int take_all(struct qcow2 *q)
{
	int rc = 0;

	if (must_say_dirty(q)) {
		q->incompatible |= QCOW2_DIRTY;
		q->header_dirty = true;
	}
	if (!q->cycle.keep_refcounts) {
		rc = take_cache(&q->ref_cache, PHASE_REFBLOCKS);
		rc = rc < 0 ? rc : take_table(q, &q->reftable, PHASE_REFTABLE);
	}
	if (rc == 0 && q->header_dirty)
		rc = take_header(q);
	rc = rc < 0 ? rc : take_cache(&q->l2_cache, PHASE_L2);
	return rc < 0 ? rc : take_table(q, &q->l1, PHASE_L1);
}

static void move_all(struct list *from, struct list *to)
{
	struct list *e;

	while ((e = list_pop(from)))
		list_add_tail(to, e);
}

static void redirty_table(struct qcow2_table *t, const struct meta_write *w)
{
	uint64_t i = (w->req.off - t->off) / sizeof(uint64_t);

	if (w->req.off >= t->off && i < t->n)
		qcow2_table_dirty(t, (uint32_t)i, 1);
}

static void redirty(struct qcow2 *q, struct meta_write *w,
		    enum qcow2_phase phase)
{
	if (w->block) {
		if (!w->block->dirty)
			w->block->cache->dirty++;
		w->block->dirty = true;
	} else if (phase == PHASE_HEADER) {
		q->header_dirty = true;
	} else {
		redirty_table(phase == PHASE_L1 ? &q->l1 : &q->reftable, w);
	}
}

static void drop_write(struct meta_write *w)
{
	struct qcow2_block *b = w->block;

	if (!b) {
		free(w->iov.iov_base);
	} else {
		if (b->writing != b->data)
			free(b->writing);
		b->writing = NULL;
	}
	list_del(&w->link);
	free(w);
}

static void drop_writes(struct qcow2 *q, int rc)
{
	struct meta_write *w, *tmp;
	unsigned p;

	for (p = 0; p < PHASES; p++)
		list_for_each_safe (w, tmp, &q->cycle.writes[p],
				    struct meta_write, link) {
			if (rc < 0)
				redirty(q, w, (enum qcow2_phase)p);
			drop_write(w);
		}
}

static void end(struct qcow2 *q)
{
	struct qcow2_cycle *c = &q->cycle;

	drop_writes(q, c->rc);
	if (c->rc < 0) {
		move_all(&q->frees, &c->frees);
		move_all(&c->frees, &q->frees);
	} else {
		move_all(&c->frees, &q->frees_ready);
	}
	c->running = false;
	c->ended = c->started;
	qcow2_wake(q, &c->waiters, c->rc);
	qcow2_free_run(q);
}

static void next_phase(struct qcow2 *q);

static void one_ended(struct qcow2 *q, int rc)
{
	struct qcow2_cycle *c = &q->cycle;

	if (rc < 0 && !c->rc)
		c->rc = rc;
	if (--c->pending)
		return;
	if (c->rc < 0)
		end(q);
	else
		next_phase(q);
}

static void on_written(struct blk_req *req, int rc)
{
	one_ended(container_of(req, struct meta_write, req)->q, rc);
}

static void on_flushed(struct blk_req *req, int rc)
{
	struct qcow2_cycle *c = container_of(req, struct qcow2_cycle, flush);

	one_ended(container_of(c, struct qcow2, cycle), rc);
}

static void on_data_flushed(struct blk_req *req, int rc)
{
	struct qcow2_cycle *c =
		container_of(req, struct qcow2_cycle, data_flush);

	one_ended(container_of(c, struct qcow2, cycle), rc);
}

static void submit_flush(struct qcow2 *q)
{
	struct qcow2_cycle *c = &q->cycle;

	c->flushing = c->flushed = true;
	c->pending = 1;
	c->flush = (struct blk_req){.op = BLK_FLUSH, .done = on_flushed};
	blk_node_submit(q->file, &c->flush);
	if (q->data == q->file)
		return;
	c->pending++;
	c->data_flush =
		(struct blk_req){.op = BLK_FLUSH, .done = on_data_flushed};
	blk_node_submit(q->data, &c->data_flush);
}

static void submit_phase(struct qcow2 *q, struct list *writes)
{
	struct meta_write *w;

	list_for_each (w, writes, struct meta_write, link)
		q->cycle.pending++;
	list_for_each (w, writes, struct meta_write, link) {
		w->req.op = BLK_WRITE;
		w->req.iov = &w->iov;
		w->req.niov = 1;
		w->req.done = on_written;
		blk_node_submit(q->file, &w->req);
	}
}

/* From the end of one phase to the beginning of the next that has work. */
static void next_phase(struct qcow2 *q)
{
	struct qcow2_cycle *c = &q->cycle;

	if (!c->flushing) {
		c->phase++;
		submit_flush(q); /* what has just been written */
		return;
	}
	c->flushing = false;
	while (c->phase < PHASES && list_empty(&c->writes[c->phase]))
		c->phase++;
	if (c->phase < PHASES)
		submit_phase(q, &c->writes[c->phase]);
	else
		end(q);
}

bool qcow2_is_dirty(const struct qcow2 *q)
{
	bool refs = q->ref_cache.dirty || q->reftable.any_dirty;

	return q->l2_cache.dirty || q->l1.any_dirty || q->header_dirty ||
	       (refs && !q->lazy);
}

/*
 * When the cache is full of refcounts, laziness has its end, and when their
 * table has moved.
 */
static bool may_keep_refcounts(const struct qcow2 *q)
{
	return q->lazy && !q->header_dirty &&
	       q->ref_cache.dirty < q->ref_cache.max / 2 + 1;
}

static void begin(struct qcow2 *q)
{
	struct qcow2_cycle *c = &q->cycle;

	c->running = true;
	c->started++;
	c->rc = q->corrupt ? -EIO : 0;
	c->phase = 0;
	c->pending = 0;
	c->flushing = c->flushed = false;
	/* Without refcounts there is no phase that flushes new data first. */
	if (c->keep_refcounts && q->l2_cache.dirty)
		q->needs_flush = true;
	if (c->rc == 0)
		c->rc = take_all(q);
	move_all(&q->frees, &c->frees);
	q->epoch++;
	if (c->rc < 0) {
		end(q);
	} else if (q->needs_flush) {
		q->needs_flush = false;
		submit_flush(q);
	} else {
		c->flushing = true; /* as if */
		next_phase(q);
	}
}

void qcow2_cycle_start(struct qcow2 *q)
{
	if (q->cycle.running)
		return;
	q->cycle.keep_refcounts = may_keep_refcounts(q);
	begin(q);
}

int qcow2_cycle_flush(struct qcow2 *q, struct qcow2_wait *wait,
		      uint64_t *target)
{
	struct qcow2_cycle *c = &q->cycle;

	if (!*target) {
		if (!c->running && !qcow2_is_dirty(q))
			return 0;
		/* One that runs may have begun too early for us. */
		*target = c->started + 1;
	}
	if (c->ended >= *target)
		return 0;
	if (!c->running)
		qcow2_cycle_start(q);
	if (c->ended >= *target)
		return c->rc;
	qcow2_park(wait, &c->waiters);
	return QCOW2_PARKED;
}

static int run_cycle(struct qcow2 *q)
{
	while (q->cycle.running)
		blk_ctx_poll(q->node->ctx, true);
	q->cycle.keep_refcounts = false;
	begin(q);
	while (q->cycle.running)
		blk_ctx_poll(q->node->ctx, true);
	return q->cycle.rc;
}

static bool has_work(const struct qcow2 *q)
{
	return qcow2_is_dirty(q) || q->ref_cache.dirty ||
	       q->reftable.any_dirty || !list_empty(&q->frees);
}

int qcow2_flush_all(struct qcow2 *q)
{
	int rc = 0;

	while (rc == 0 && (has_work(q) || !list_empty(&q->frees_ready))) {
		rc = run_cycle(q);
		qcow2_free_run(q);
		while (q->freeing)
			blk_ctx_poll(q->node->ctx, true);
	}
	return rc < 0 ? rc : blk_flush(q->file);
}
