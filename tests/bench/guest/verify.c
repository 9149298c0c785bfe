/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is checked: each sector has a generation, and its data are made of
 * that.  All is written once; then follow reads and writes of random lengths
 * at random places, of which none overlap at a time; in the end all is read.
 */
#include "guest.h"

#define SECTORS_MAX 131072u
#define TRIES	    8 /* to find a place where nothing is under way */
#define WORDS	    (SECTOR / sizeof(uint64_t))

static uint8_t generation[SECTORS_MAX];
static bool busy[SECTORS_MAX];

struct check {
	const struct load *l;
	struct disk *d;
	struct result *res;
	uint64_t random, sectors, under_way;
	uint64_t next; /* of a pass over all of them */
	bool (*submit)(struct check *c, struct queue *q, struct request *r);
	uint64_t end;
};

static uint64_t mark(const struct check *c, uint64_t sector, unsigned gen)
{
	return (c->l->seed ^ sector << 8 ^ gen) * 0x9e3779b97f4a7c15;
}

static void fill(const struct check *c, const struct request *r,
		 uint64_t sector)
{
	uint64_t *at = (uint64_t *)r->data;
	uint64_t word;
	size_t i, j;

	for (i = 0; i < r->len / SECTOR; i++, at += WORDS) {
		word = mark(c, sector + i, generation[sector + i]);
		for (j = 0; j < WORDS; j++)
			at[j] = word + j;
	}
}

static bool is_right(const struct check *c, const struct request *r)
{
	const uint64_t *at = (const uint64_t *)r->data;
	uint64_t sector = r->header.sector, word;
	size_t i, j;

	for (i = 0; i < r->len / SECTOR; i++, at += WORDS) {
		word = mark(c, sector + i, generation[sector + i]);
		for (j = 0; j < WORDS; j++)
			if (at[j] != word + j)
				return false;
	}
	return true;
}

static void send(struct check *c, struct queue *q, struct request *r,
		 uint64_t sector, uint64_t n, bool write)
{
	r->write = write;
	r->len = (uint32_t)(n * SECTOR);
	memset(busy + sector, true, n);
	if (write) {
		memset(r->data, 0, r->len);
		for (uint64_t i = 0; i < n; i++)
			generation[sector + i]++;
		fill(c, r, sector);
	} else {
		memset(r->data, UINT8_MAX, r->len);
	}
	queue_add(q, r, sector, &c->random);
	c->under_way++;
}

static bool send_next(struct check *c, struct queue *q, struct request *r,
		      bool write)
{
	uint64_t n = c->l->bs / SECTOR, at = c->next;

	if (at >= c->sectors)
		return false;
	if (n > c->sectors - at)
		n = c->sectors - at;
	c->next += n;
	send(c, q, r, at, n, write);
	return true;
}

static bool write_next(struct check *c, struct queue *q, struct request *r)
{
	return send_next(c, q, r, true);
}

static bool read_next(struct check *c, struct queue *q, struct request *r)
{
	return send_next(c, q, r, false);
}

static bool is_free(uint64_t sector, uint64_t n)
{
	while (n--)
		if (busy[sector++])
			return false;
	return true;
}

/* Until the time is over. */
static bool send_random(struct check *c, struct queue *q, struct request *r)
{
	uint64_t n, at;
	unsigned tries;

	if (now() >= c->end)
		return false;
	for (tries = 0; tries < TRIES; tries++) {
		n = 1 + random_below(&c->random, c->l->bs / SECTOR);
		at = random_below(&c->random, c->sectors - n + 1);
		if (is_free(at, n)) {
			send(c, q, r, at, n, random_below(&c->random, 2));
			return true;
		}
	}
	return false;
}

static void finish(struct check *c, struct queue *q, struct request *r)
{
	c->under_way--;
	c->res->ios++;
	c->res->bytes += r->len;
	memset(busy + r->header.sector, false, r->len / SECTOR);
	if (r->status || (!r->write && !is_right(c, r)))
		c->res->errors++;
	c->submit(c, q, r);
}

static void pass(struct check *c,
		 bool (*submit)(struct check *c, struct queue *q,
				struct request *r))
{
	struct disk *d = c->d;
	struct request *r;
	unsigned i, j;

	c->next = 0;
	c->submit = submit;
	for (j = 0; j < c->l->depth; j++)
		for (i = 0; i < d->nqueues; i++)
			submit(c, &d->queue[i], &d->queue[i].request[j]);
	while (c->under_way)
		for (i = 0; i < d->nqueues; i++) {
			queue_kick(&d->queue[i]);
			while ((r = queue_take(&d->queue[i])))
				finish(c, &d->queue[i], r);
		}
}

void verify_run(struct disk *d, const struct load *l, struct result *res)
{
	struct check c = {.l = l, .d = d, .res = res, .random = l->seed};
	uint64_t begin = now();

	c.sectors = l->size / SECTOR;
	if (c.sectors > SECTORS_MAX)
		c.sectors = SECTORS_MAX;
	pass(&c, write_next);
	c.end = now() + l->milliseconds * clock_khz();
	pass(&c, send_random);
	pass(&c, read_next);
	res->ticks = now() - begin;
}
