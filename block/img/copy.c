/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Copying images.  Each slot has one chunk of the source: it is read, searched
 * for zeros, and written in pieces that all are under way at once.  Writes
 * begin in the order of the chunks, so that the target is laid out as the
 * source is, but end as they may.
 */
#include "block/img/copy.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "block/driver.h"
#include "block/img/img.h"
#include "vmm/timer.h"

#define CHUNK	  (UINT64_C(1) << 18) /* is in a cache until it is written */
#define BUF_ALIGN 4096
/* Zeros are cheap: one request may have many. */
#define ZERO_CHUNK (UINT64_C(1) << 30)

struct slot;

/* A write, of data or zeros. */
struct piece {
	struct blk_req req;
	struct iovec iov;
	struct slot *slot;
};

enum slot_state { FREE, READING, READ, WRITING };
enum kind { DATA, ZEROS, BELOW };

struct slot {
	struct list link; /* of the order of chunks, until writes have begun */
	struct job *job;
	enum slot_state state;
	enum kind kind;
	const struct copy_source *source;
	uint64_t src_off, off, len; /* off: in the target */
	uint8_t *buf;
	struct blk_req req;
	struct iovec iov;
	struct piece *pieces;
	unsigned npieces, pending;
};

struct job {
	const struct copy *c;
	struct slot slot[COPY_MAX_REQUESTS];
	struct list order;
	unsigned source; /* the one at pos */
	uint64_t pos; /* of the next chunk, in the source */
	uint64_t out; /* the same, in the target */
	uint64_t total, done;
	uint64_t chunk, granule;
	/* What is known of the source behind pos. */
	uint64_t known;
	enum kind kind;
	unsigned busy;
	int64_t start_ns;
	uint64_t issued; /* bytes, for the rate */
	int rc;
	uint64_t failed_at;
	const char *failed_what;
};

bool copy_is_zero(const uint8_t *buf, size_t len)
{
	static const uint8_t zeros[64];

	if (len < sizeof(zeros))
		return !memcmp(buf, zeros, len);
	/* All are like those before them, and the first are zero. */
	return !memcmp(buf, zeros, sizeof(zeros)) &&
	       !memcmp(buf, buf + sizeof(zeros), len - sizeof(zeros));
}

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * NS_PER_SEC + t.tv_nsec;
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static void fail(struct job *job, int rc, const char *what, uint64_t at)
{
	if (job->rc)
		return;
	job->rc = rc;
	job->failed_what = what;
	job->failed_at = at;
}

static void advance(struct job *job, uint64_t n)
{
	const struct copy *c = job->c;

	job->done += n;
	if (c->progress && job->total)
		img_progress_set(c->progress,
				 (double)job->done * 100 / (double)job->total);
}

static void release(struct slot *slot)
{
	slot->state = FREE;
	slot->job->busy--;
	advance(slot->job, slot->len);
}

static void on_written(struct blk_req *req, int rc)
{
	struct piece *piece = container_of(req, struct piece, req);
	struct slot *slot = piece->slot;

	if (rc < 0)
		fail(slot->job, rc, "writing at byte", req->off);
	if (!--slot->pending)
		release(slot);
}

static bool has_zeros(const struct job *job, uint64_t off)
{
	const struct copy *c = job->c;

	return c->zeroed || (c->zeroed_from && off >= c->zeroed_from);
}

/* at is within the slot. */
static void add_piece(struct slot *slot, uint64_t at, uint64_t len, bool zero)
{
	const struct copy *c = slot->job->c;
	struct piece *p = &slot->pieces[slot->npieces++];

	p->slot = slot;
	p->req = (struct blk_req){.off = slot->off + at, .done = on_written};
	if (zero) {
		p->req.op = BLK_WRITE_ZEROES;
		p->req.len = len;
		p->req.flags = (c->write_flags & BLK_FUA) | BLK_MAY_UNMAP;
		return;
	}
	p->iov = (struct iovec){slot->buf + at, len};
	p->req.op = BLK_WRITE;
	p->req.flags = c->write_flags;
	p->req.iov = &p->iov;
	p->req.niov = 1;
}

/* How much from at on is all zeros or not, by granules of the target. */
static uint64_t run_of(const struct slot *slot, uint64_t at, bool *zero)
{
	uint64_t granule = slot->job->granule, end = at, part;
	bool is;

	do {
		part = granule - (slot->off + end) % granule;
		part = least(part, slot->len - end);
		is = copy_is_zero(slot->buf + end, part);
		if (end == at)
			*zero = is;
		else if (is != *zero)
			break;
		end += part;
	} while (end < slot->len);
	return end - at;
}

static void split_data(struct slot *slot)
{
	const struct copy *c = slot->job->c;
	uint64_t at, n;
	bool zero = false;

	for (at = 0; at < slot->len; at += n) {
		n = c->min_sparse && !c->as_it_is ? run_of(slot, at, &zero)
						  : slot->len;
		if (!zero || !has_zeros(slot->job, slot->off + at))
			add_piece(slot, at, n, zero);
	}
}

static void submit_pieces(struct slot *slot)
{
	unsigned i, n = slot->npieces;

	slot->state = WRITING;
	slot->pending = n + 1;
	for (i = 0; i < n; i++)
		blk_node_submit(slot->job->c->target, &slot->pieces[i].req);
	if (!--slot->pending)
		release(slot);
}

static void write_slot(struct slot *slot)
{
	struct job *job = slot->job;

	list_del(&slot->link);
	slot->npieces = 0;
	if (job->rc == 0) {
		if (slot->kind == DATA)
			split_data(slot);
		else
			add_piece(slot, 0, slot->len, true);
	}
	submit_pieces(slot);
}

/* Those whose turn it is. */
static void write_ready(struct job *job)
{
	struct slot *slot, *tmp;

	list_for_each_safe (slot, tmp, &job->order, struct slot, link) {
		if (slot->state == READ)
			write_slot(slot);
		else if (!job->c->unordered)
			return;
	}
}

/* At once, across the ends of sources. */
static int read_part(const struct slot *slot, uint64_t at, uint64_t len)
{
	const struct copy_source *s = slot->source;
	uint64_t off = slot->src_off - s->from + at, n;
	uint8_t *buf = slot->buf + at;
	int rc = 0;

	for (; len && rc == 0; len -= n, off += n, buf += n) {
		for (; off >= s->len; s++)
			off -= s->len;
		n = least(len, s->len - off);
		rc = blk_pread(s->node, s->from + off, buf, n);
	}
	return rc;
}

/* Sector by sector: what cannot be read becomes zeros. */
static void salvage(struct slot *slot)
{
	uint64_t at, n;
	int rc;

	for (at = 0; at < slot->len; at += n) {
		n = least(BLK_SECTOR, slot->len - at);
		rc = read_part(slot, at, n);
		if (rc == 0)
			continue;
		fprintf(stderr,
			"%s: warning: error while reading offset %llu: %s\n",
			slot->job->c->program,
			(unsigned long long)(slot->off + at), strerror(-rc));
		memset(slot->buf + at, 0, n);
	}
}

static void on_read(struct blk_req *req, int rc)
{
	struct slot *slot = container_of(req, struct slot, req);
	struct job *job = slot->job;

	if (rc < 0 && job->c->salvage)
		salvage(slot);
	else if (rc < 0)
		fail(job, rc, "reading at byte", slot->off);
	slot->state = READ;
}

static void start_read(struct slot *slot)
{
	const struct copy_source *s = slot->source;

	slot->state = READING;
	if (slot->src_off + slot->len > s->from + s->len) {
		on_read(&slot->req, read_part(slot, 0, slot->len));
		return;
	}
	slot->iov = (struct iovec){slot->buf, slot->len};
	slot->req = (struct blk_req){.op = BLK_READ,
				     .off = slot->src_off,
				     .iov = &slot->iov,
				     .niov = 1,
				     .done = on_read};
	blk_node_submit(s->node, &slot->req);
}

static void start_slot(struct slot *slot)
{
	struct job *job = slot->job;

	job->busy++;
	list_add_tail(&job->order, &slot->link);
	slot->state = READ;
	if (slot->kind == ZEROS && !job->c->min_sparse) {
		memset(slot->buf, 0, slot->len);
		slot->kind = DATA;
	} else if (slot->kind == DATA) {
		start_read(slot);
	}
}

static enum kind kind_of(const struct copy_source *s,
			 const struct blk_extent *ext)
{
	if (s->base && !(ext->flags & (BLK_ALLOCATED | BLK_ZERO)))
		return BELOW;
	return ext->flags & BLK_ZERO ? ZEROS : DATA;
}

/* Looks what is at pos. */
static int look(struct job *job)
{
	const struct copy_source *s = &job->c->sources[job->source];
	struct blk_extent ext;
	unsigned depth;
	int rc;

	rc = blk_status_above(s->node, s->base, s->from + job->pos,
			      s->len - job->pos, &ext, &depth);
	if (rc == 0 && !ext.len)
		rc = -EIO;
	if (rc < 0 && job->c->salvage) {
		ext = (struct blk_extent){.len = least(job->chunk,
						       s->len - job->pos),
					  .flags =
						  BLK_ALLOCATED | BLK_HAS_DATA};
		rc = 0;
	}
	if (rc < 0) {
		fail(job, rc, "reading block status at offset", job->out);
		return rc;
	}
	job->known = ext.len;
	job->kind = kind_of(s, &ext);
	return 0;
}

/*
 * How much of what is at pos goes together.  It ends where a granule of the
 * target does: parts of granules count as data.
 */
static uint64_t next_len(struct job *job)
{
	uint64_t left = job->total - job->out, granule = job->granule;
	uint64_t over = (job->out + job->known) % granule;
	uint64_t max = job->kind == DATA || !job->c->min_sparse
			       ? job->chunk - job->out % job->chunk
			       : ZERO_CHUNK;

	if (job->known >= left)
		return least(left, max);
	if (job->kind != DATA && job->known > over)
		return least(job->known - over, max);
	job->kind = DATA;
	max = job->chunk - job->out % job->chunk;
	return least(least(job->known + (over ? granule - over : 0), left),
		     max);
}

static void pass(struct job *job, uint64_t n)
{
	const struct copy_source *s = job->c->sources;

	job->out += n;
	job->pos += n;
	job->known = n < job->known ? job->known - n : 0;
	for (; job->pos > s[job->source].len; job->source++)
		job->pos -= s[job->source].len;
}

static bool is_nothing(const struct job *job)
{
	if (job->kind == BELOW)
		return true;
	return job->kind == ZEROS && job->c->min_sparse &&
	       has_zeros(job, job->out);
}

/* Finds the next thing to do; false: there is none, or an error. */
static bool next(struct job *job, struct slot *slot)
{
	const struct copy *c = job->c;
	uint64_t n;

	while (job->rc == 0) {
		while (job->source < c->nsources &&
		       job->pos == c->sources[job->source].len) {
			job->source++;
			job->pos = job->known = 0;
		}
		if (job->source == c->nsources)
			return false;
		if (!job->known && look(job) < 0)
			return false;
		n = next_len(job);
		if (!is_nothing(job)) {
			slot->kind = job->kind;
			slot->source = &c->sources[job->source];
			slot->src_off = slot->source->from + job->pos;
			slot->off = job->out;
			slot->len = n;
			pass(job, n);
			return true;
		}
		pass(job, n);
		advance(job, n);
	}
	return false;
}

static struct slot *free_slot(struct job *job)
{
	unsigned i;

	for (i = 0; i < job->c->requests; i++)
		if (job->slot[i].state == FREE)
			return &job->slot[i];
	return NULL;
}

/* Nanoseconds until more may be issued. */
static int64_t must_wait(const struct job *job)
{
	int64_t due;

	if (!job->c->rate)
		return 0;
	due = job->start_ns + (int64_t)((double)job->issued * NS_PER_SEC /
					(double)job->c->rate);
	return due - now_ns();
}

static void wait_for_rate(struct job *job, int64_t ns)
{
	struct pollfd pfd = {.fd = blk_ctx_fd(job->c->ctx), .events = POLLIN};
	uint64_t n;

	blk_ctx_poll(job->c->ctx, false);
	if (poll(&pfd, 1, (int)(ns / 1000000) + 1) > 0 &&
	    read(pfd.fd, &n, sizeof(n)) < 0)
		return;
	blk_ctx_poll(job->c->ctx, false);
}

static void work(struct job *job)
{
	struct slot *slot;
	int64_t ns;
	bool more = true;

	while (more || job->busy) {
		slot = more ? free_slot(job) : NULL;
		ns = slot ? must_wait(job) : 0;
		if (slot && ns <= 0) {
			more = next(job, slot);
			if (more) {
				job->issued += slot->len;
				start_slot(slot);
			}
		} else if (slot) {
			wait_for_rate(job, ns);
		} else {
			blk_ctx_poll(job->c->ctx, true);
		}
		write_ready(job);
	}
}

static int make_slots(struct job *job)
{
	size_t pieces = job->chunk / job->granule + 2;
	struct slot *slot;
	unsigned i;
	void *buf;

	for (i = 0; i < job->c->requests; i++) {
		slot = &job->slot[i];
		slot->job = job;
		list_init(&slot->link);
		if (posix_memalign(&buf, BUF_ALIGN, job->chunk))
			return -ENOMEM;
		slot->buf = buf;
		slot->pieces = calloc(pieces, sizeof(*slot->pieces));
		if (!slot->pieces)
			return -ENOMEM;
	}
	return 0;
}

static void free_slots(struct job *job)
{
	unsigned i;

	for (i = 0; i < COPY_MAX_REQUESTS; i++) {
		free(job->slot[i].buf);
		free(job->slot[i].pieces);
	}
}

static void set_sizes(struct job *job)
{
	const struct copy *c = job->c;
	struct blk_info info;
	unsigned i;

	blk_get_info(c->target, &info);
	job->granule = info.cluster_size > c->min_sparse ? info.cluster_size
							 : c->min_sparse;
	blk_info_free(&info);
	if (!job->granule)
		job->granule = BUF_ALIGN;
	job->chunk = CHUNK > job->granule ? CHUNK : job->granule;
	for (i = 0; i < c->nsources; i++)
		job->total += c->sources[i].len;
}

/* More than there are processors would only be in each other's way. */
static void limit_packers(const struct copy *c)
{
	cpu_set_t set;

	if ((c->write_flags & BLK_COMPRESS) &&
	    sched_getaffinity(0, sizeof(set), &set) == 0)
		blk_ctx_set_workers(c->ctx, (unsigned)CPU_COUNT(&set) + 1);
}

int copy_run(const struct copy *c, struct error *err)
{
	struct job *job = calloc(1, sizeof(*job));
	int rc;

	if (!job)
		return error_set(err, ENOMEM, "out of memory");
	limit_packers(c);
	job->c = c;
	list_init(&job->order);
	job->start_ns = now_ns();
	set_sizes(job);
	rc = make_slots(job);
	if (rc == 0) {
		work(job);
		rc = job->rc;
		if (rc < 0)
			error_errno(err, -rc, "error while %s %llu",
				    job->failed_what,
				    (unsigned long long)job->failed_at);
	} else {
		error_set(err, ENOMEM, "out of memory");
	}
	free_slots(job);
	free(job);
	return rc;
}
