/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is measured: requests of one kind, as many at a time as are asked for.
 */
#include "guest.h"

#define MIXED_READS 70 /* percent */
#define SUB_BITS    5 /* of a power of two in the histogram */
#define SUBS	    (1u << SUB_BITS)
#define BUCKETS	    (64u * SUBS)

#define BUFFERS	    ((uint8_t *)0x1000000)

static uint32_t histogram[BUCKETS];

struct run {
	const struct load *l;
	struct disk *d;
	struct result *res;
	uint64_t random, blocks, next; /* the sequential ones' place */
	uint64_t under_way;
};

void load_prepare(struct disk *d, const struct load *l)
{
	uint8_t *at = BUFFERS;
	unsigned i, j;

	for (i = 0; i < d->nqueues; i++) {
		if (l->depth > queue_depth(&d->queue[i]))
			fail("the queues are not that deep");
		for (j = 0; j < l->depth; j++, at += l->bs) {
			d->queue[i].request[j].data = at;
			d->queue[i].request[j].len = (uint32_t)l->bs;
			memset(at, (int)j, l->bs);
		}
	}
}

static unsigned bucket_of(uint64_t ticks)
{
	unsigned top;

	if (ticks < SUBS)
		return (unsigned)ticks;
	top = 63 - (unsigned)__builtin_clzll(ticks);
	return (top - SUB_BITS + 1) * SUBS +
	       (unsigned)(ticks >> (top - SUB_BITS) & (SUBS - 1));
}

/* The middle of a bucket. */
static uint64_t bucket_value(unsigned bucket)
{
	unsigned shift;

	if (bucket < SUBS)
		return bucket;
	shift = bucket / SUBS - 1;
	return ((uint64_t)(SUBS + bucket % SUBS) << shift) +
	       ((UINT64_C(1) << shift) >> 1);
}

uint64_t load_percentile(const struct result *res, unsigned percent)
{
	uint64_t seen = 0, wanted = (res->ios * percent + 99) / 100;
	unsigned i;

	for (i = 0; i < BUCKETS; i++) {
		seen += histogram[i];
		if (seen >= wanted && seen)
			return bucket_value(i);
	}
	return 0;
}

static void submit(struct run *run, struct queue *q, struct request *r)
{
	const struct load *l = run->l;
	uint64_t block;

	if (l->op == READ || l->op == WRITE) {
		block = run->next++;
		if (run->next == run->blocks)
			run->next = 0;
	} else {
		block = random_below(&run->random, run->blocks);
	}
	r->write = l->op == WRITE || l->op == RANDWRITE;
	if (l->op == MIXED)
		r->write = random_below(&run->random, 100) >= MIXED_READS;
	queue_add(q, r, block * (l->bs / SECTOR), NULL);
	run->under_way++;
}

static void account(struct run *run, const struct request *r, uint64_t ticks)
{
	struct result *res = run->res;

	run->under_way--;
	res->ios++;
	res->bytes += r->len;
	res->errors += r->status != 0;
	res->sum += ticks;
	if (ticks < res->min)
		res->min = ticks;
	if (ticks > res->max)
		res->max = ticks;
	histogram[bucket_of(ticks)]++;
}

static void serve(struct run *run, struct queue *q, uint64_t end)
{
	struct request *r;
	uint64_t t;

	while ((r = queue_take(q))) {
		t = now();
		account(run, r, t - r->begin);
		if (t < end)
			submit(run, q, r);
	}
	queue_kick(q);
}

void load_run(struct disk *d, const struct load *l, struct result *res)
{
	struct run run = {.l = l,
			  .d = d,
			  .res = res,
			  .random = l->seed,
			  .blocks = l->size / l->bs};
	uint64_t begin = now(), end = begin + l->milliseconds * clock_khz();
	unsigned i, j;

	memset(histogram, 0, sizeof(histogram));
	for (i = 0; i < d->nqueues; i++) {
		for (j = 0; j < l->depth; j++)
			submit(&run, &d->queue[i], &d->queue[i].request[j]);
		queue_kick(&d->queue[i]);
	}
	while (run.under_way)
		for (i = 0; i < d->nqueues; i++)
			serve(&run, &d->queue[i], end);
	res->ticks = now() - begin;
}
