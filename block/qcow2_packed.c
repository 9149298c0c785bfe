/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Compressed clusters: raw deflate streams (RFC 1951) or zstd frames, packed
 * byte by byte into host clusters, which count one reference for each.
 * Workers compress and decompress.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "block/qcow2_image.h"
#include "build.h"

#define WINDOW_WRITE (-12) /* what readers of the format rely on */
#define WINDOW_READ  (-15)
#define MEM_LEVEL    9

enum { ZLIB, ZSTD, TYPES };

static int inflate_cluster(uint8_t *out, size_t size, const uint8_t *in,
			   size_t len)
{
	z_stream z = {.next_in = (Bytef *)(uintptr_t)in,
		      .avail_in = (uInt)len,
		      .next_out = out,
		      .avail_out = (uInt)size};
	int rc;

	if (inflateInit2(&z, WINDOW_READ) != Z_OK)
		return -ENOMEM;
	rc = inflate(&z, Z_FINISH);
	inflateEnd(&z);
	return (rc == Z_STREAM_END || rc == Z_BUF_ERROR) && !z.avail_out ? 0
									 : -EIO;
}

/* Bytes, 0 if it gets no shorter. */
static size_t deflate_cluster(uint8_t *out, size_t size, const uint8_t *in,
			      size_t len)
{
	z_stream z = {.next_in = (Bytef *)(uintptr_t)in,
		      .avail_in = (uInt)len,
		      .next_out = out,
		      .avail_out = (uInt)size};
	int rc;

	if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, WINDOW_WRITE,
			 MEM_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK)
		return 0;
	rc = deflate(&z, Z_FINISH);
	deflateEnd(&z);
	return rc == Z_STREAM_END ? size - z.avail_out : 0;
}

#ifdef HAVE_ZSTD
#include <zstd.h>

static int unzstd_cluster(uint8_t *out, size_t size, const uint8_t *in,
			  size_t len)
{
	ZSTD_inBuffer from = {in, len, 0};
	ZSTD_outBuffer to = {out, size, 0};
	ZSTD_DCtx *d = ZSTD_createDCtx();
	size_t left = 1;

	while (d && to.pos < to.size && left && !ZSTD_isError(left)) {
		size_t was = from.pos + to.pos;

		left = ZSTD_decompressStream(d, &to, &from);
		if (was == from.pos + to.pos)
			break;
	}
	ZSTD_freeDCtx(d);
	return to.pos == to.size && !ZSTD_isError(left) ? 0 : -EIO;
}

static size_t zstd_cluster(uint8_t *out, size_t size, const uint8_t *in,
			   size_t len)
{
	size_t n = ZSTD_compress(out, size, in, len, ZSTD_CLEVEL_DEFAULT);

	return ZSTD_isError(n) ? 0 : n;
}
#else
#define unzstd_cluster NULL
#define zstd_cluster   NULL
#endif

struct codec {
	const char *name;
	int (*unpack)(uint8_t *out, size_t size, const uint8_t *in, size_t len);
	size_t (*pack)(uint8_t *out, size_t size, const uint8_t *in,
		       size_t len);
};

static const struct codec codecs[TYPES] = {
	[ZLIB] = {"zlib", inflate_cluster, deflate_cluster},
	[ZSTD] = {"zstd", unzstd_cluster, zstd_cluster},
};

bool qcow2_compression_is_built(unsigned type)
{
	return type < TYPES && codecs[type].pack;
}

const char *qcow2_compression_name(unsigned type)
{
	return type < TYPES ? codecs[type].name : NULL;
}

/* Reading one. */
struct unpack {
	struct blk_work work;
	struct qcow2_rq *rq;
	struct qcow2_io io;
	struct iovec iov;
	uint64_t pos, len, entry;
	uint8_t *in, *out;
	int rc;
};

static void unpack_free(struct unpack *u, int rc)
{
	struct qcow2_rq *rq = u->rq;

	qcow2_io_end(rq->q, &u->io);
	free(u->in);
	free(u->out);
	free(u);
	qcow2_rq_end(rq, rc);
}

static void give(struct qcow2_rq *rq, uint64_t pos, uint64_t len,
		 const uint8_t *cluster)
{
	blk_iov_from_buf(rq->req->iov, rq->req->niov, pos - rq->start,
			 cluster + qcow2_in_cluster(rq->q, pos), len);
}

static void unpack_run(struct blk_work *work)
{
	struct unpack *u = container_of(work, struct unpack, work);
	const struct qcow2 *q = u->rq->q;

	u->rc = codecs[q->compression].unpack(u->out, q->cluster_size, u->in,
					      u->iov.iov_len);
	if (u->rc == 0)
		give(u->rq, u->pos, u->len, u->out);
}

static void unpack_done(struct blk_work *work)
{
	struct unpack *u = container_of(work, struct unpack, work);
	struct qcow2 *q = u->rq->q;

	if (u->rc == 0 && u->io.epoch == q->epoch) {
		free(q->unpacked); /* keep it: the next piece may come soon */
		q->unpacked = u->out;
		q->unpacked_entry = u->entry;
		q->unpacked_epoch = q->epoch;
		u->out = NULL;
	}
	unpack_free(u, u->rc);
}

static void on_read(struct blk_req *req, int rc)
{
	struct qcow2_io *io = container_of(req, struct qcow2_io, req);
	struct unpack *u = container_of(io, struct unpack, io);

	if (rc < 0) {
		unpack_free(u, rc);
		return;
	}
	u->work.run = unpack_run;
	u->work.done = unpack_done;
	blk_ctx_work(u->rq->q->node->ctx, &u->work);
}

int qcow2_read_packed(struct qcow2_rq *rq, uint64_t entry, uint64_t len)
{
	struct qcow2 *q = rq->q;
	uint64_t off, in_len;
	struct unpack *u;

	if (q->unpacked && q->unpacked_entry == entry &&
	    q->unpacked_epoch == q->epoch) {
		give(rq, rq->pos, len, q->unpacked);
		return 0;
	}
	qcow2_packed_range(q, entry, &off, &in_len);
	u = calloc(1, sizeof(*u));
	if (u) {
		u->in = malloc(in_len);
		u->out = malloc(q->cluster_size);
	}
	if (!u || !u->in || !u->out) {
		if (u) {
			free(u->in);
			free(u->out);
		}
		free(u);
		return -ENOMEM;
	}
	u->rq = rq;
	u->pos = rq->pos;
	u->len = len;
	u->entry = entry;
	u->iov = (struct iovec){u->in, in_len};
	u->io.req = (struct blk_req){.op = BLK_READ,
				     .off = off,
				     .iov = &u->iov,
				     .niov = 1,
				     .done = on_read};
	qcow2_io_start(q, &u->io);
	qcow2_rq_begin(rq);
	blk_node_submit(q->file, &u->io.req);
	return 0;
}

/* Writing one. */
struct pack {
	struct qcow2_alloc alloc;
	struct blk_work work;
	struct qcow2_rq *rq;
	struct qcow2 *q;
	struct qcow2_wait wait;
	struct qcow2_io io;
	struct iovec iov;
	uint8_t *in, *out;
	size_t size; /* packed */
	uint64_t len; /* of the guest's data */
	uint64_t fresh; /* a cluster that was allocated for it, or 0 */
	uint64_t off;
};

static void pack_free(struct pack *p, int rc)
{
	struct qcow2_rq *rq = p->rq;

	free(p->in);
	free(p->out);
	free(p);
	qcow2_rq_end(rq, rc);
}

static void pack_end(struct pack *p, int rc)
{
	uint64_t first = p->off >> p->q->cluster_bits, last;

	if (rc < 0 && p->off) {
		last = (p->off + p->size - 1) >> p->q->cluster_bits;
		qcow2_free_clusters(p->q, first << p->q->cluster_bits,
				    last - first + 1, QCOW2_DISCARD_OTHER);
	}
	qcow2_alloc_end(p->q, &p->alloc);
	pack_free(p, rc);
}

static uint64_t entry_of(const struct qcow2 *q, uint64_t off, size_t size)
{
	unsigned shift = 62 - (q->cluster_bits - 8);
	uint64_t sectors = (off + size - 1) / BLK_SECTOR - off / BLK_SECTOR;

	return off | sectors << shift | QCOW2_COMPRESSED;
}

static int link_packed(struct pack *p)
{
	struct qcow2 *q = p->q;
	struct qcow2_block *slice;
	unsigned index;
	int rc = qcow2_slice(q, &p->wait, p->alloc.start, &slice, &index);

	if (rc)
		return rc;
	rc = qcow2_cache_touch(slice);
	if (rc < 0)
		return rc;
	qcow2_free_entry(q, qcow2_entry(q, slice, index), QCOW2_DISCARD_OTHER);
	qcow2_set_entry(q, slice, index, entry_of(q, p->off, p->size), 0);
	return 0;
}

static void link_or_park(struct pack *p)
{
	int rc = p->wait.rc;

	if (rc == 0)
		rc = link_packed(p);
	if (rc != QCOW2_PARKED)
		pack_end(p, rc);
}

static void link_again(struct qcow2_wait *wait)
{
	link_or_park(container_of(wait, struct pack, wait));
}

static void on_written(struct blk_req *req, int rc)
{
	struct qcow2_io *io = container_of(req, struct qcow2_io, req);
	struct pack *p = container_of(io, struct pack, io);

	qcow2_io_end(p->q, io);
	if (rc < 0) {
		pack_end(p, rc);
		return;
	}
	qcow2_wait_init(&p->wait, link_again);
	link_or_park(p);
}

/* Behind what was packed last, in the same cluster. */
static int share(struct pack *p)
{
	struct qcow2 *q = p->q;
	int rc = qcow2_refcount_add(q, &p->wait,
				    q->packed_off >> q->cluster_bits, 1);

	if (rc == -EOVERFLOW)
		q->packed_off = 0;
	if (rc == 0)
		p->off = q->packed_off;
	return rc;
}

static int take_fresh(struct pack *p)
{
	uint64_t n;

	return p->fresh ? 0 : qcow2_alloc(p->q, &p->wait, 1, &n, &p->fresh);
}

/* Finds p->off; as all of this it may park and be called again. */
static int place(struct pack *p)
{
	struct qcow2 *q = p->q;
	uint64_t room =
		q->packed_off ? qcow2_up(q, q->packed_off) - q->packed_off : 0;
	int rc = -EOVERFLOW;

	if (p->size > room || p->fresh) {
		rc = take_fresh(p);
		if (rc)
			return rc;
		rc = -EOVERFLOW;
		if (q->packed_off && p->size > room &&
		    qcow2_up(q, q->packed_off) == p->fresh)
			rc = share(p);
	} else {
		rc = share(p);
	}
	if (rc == -EOVERFLOW) {
		rc = take_fresh(p);
		if (rc == 0)
			p->off = p->fresh;
	}
	if (rc == 0) {
		q->packed_off = p->off + p->size;
		if (!qcow2_in_cluster(q, q->packed_off))
			q->packed_off = 0;
	}
	return rc;
}

static int check_place(const struct pack *p)
{
	unsigned shift = 62 - (p->q->cluster_bits - 8);

	return p->off >> shift || p->off >> 56 ? -EFBIG : 0;
}

static void place_or_park(struct pack *p)
{
	int rc = p->wait.rc;

	if (rc == 0)
		rc = place(p);
	if (rc == QCOW2_PARKED)
		return;
	if (rc == 0)
		rc = check_place(p);
	if (rc < 0) {
		pack_end(p, rc);
		return;
	}
	p->iov = (struct iovec){p->out, p->size};
	p->io.req = (struct blk_req){.op = BLK_WRITE,
				     .off = p->off,
				     .iov = &p->iov,
				     .niov = 1,
				     .done = on_written};
	qcow2_io_start(p->q, &p->io);
	blk_node_submit(p->q->file, &p->io.req);
}

static void place_again(struct qcow2_wait *wait)
{
	place_or_park(container_of(wait, struct pack, wait));
}

static void on_plain(struct blk_req *req, int rc)
{
	struct qcow2_io *io = container_of(req, struct qcow2_io, req);

	pack_free(container_of(io, struct pack, io), rc);
}

/* What cannot be packed is written as it is. */
static void write_plain(struct pack *p)
{
	qcow2_alloc_end(p->q, &p->alloc);
	p->iov = (struct iovec){p->in, p->len};
	p->io.req = (struct blk_req){.op = BLK_WRITE,
				     .off = p->alloc.start,
				     .len = p->len,
				     .iov = &p->iov,
				     .niov = 1,
				     .done = on_plain};
	qcow2_start(p->q, &p->io.req);
}

static void pack_run(struct blk_work *work)
{
	struct pack *p = container_of(work, struct pack, work);
	size_t size = p->q->cluster_size;

	p->size = codecs[p->q->compression].pack(p->out, size - 1, p->in, size);
}

static void pack_done(struct blk_work *work)
{
	struct pack *p = container_of(work, struct pack, work);

	if (!p->size) {
		write_plain(p);
		return;
	}
	qcow2_wait_init(&p->wait, place_again);
	place_or_park(p);
}

static struct pack *new_pack(struct qcow2_rq *rq)
{
	struct pack *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->in = calloc(1, rq->q->cluster_size);
	p->out = malloc(rq->q->cluster_size);
	if (p->in && p->out)
		return p;
	free(p->in);
	free(p->out);
	free(p);
	return NULL;
}

int qcow2_write_packed_step(struct qcow2_rq *rq)
{
	struct qcow2 *q = rq->q;
	uint64_t len = rq->end - rq->pos;
	struct pack *p;
	int rc;

	len = len < q->cluster_size ? len : q->cluster_size;
	if (q->corrupt)
		return -EIO;
	if (qcow2_in_cluster(q, rq->pos) || q->external ||
	    (len < q->cluster_size && rq->pos + len != q->node->size))
		return -EINVAL;
	rc = qcow2_wait_alloc(q, &rq->wait, rq->pos, &len);
	if (rc)
		return rc;
	p = new_pack(rq);
	if (!p)
		return -ENOMEM;
	p->rq = rq;
	p->q = q;
	p->len = len;
	p->alloc.start = rq->pos;
	p->alloc.end = rq->pos + q->cluster_size;
	blk_iov_to_buf(rq->req->iov, rq->req->niov, rq->pos - rq->start, p->in,
		       len);
	rq->pos += len;
	qcow2_alloc_begin(q, &p->alloc);
	qcow2_rq_begin(rq);
	p->work.run = pack_run;
	p->work.done = pack_done;
	blk_ctx_work(q->node->ctx, &p->work);
	return 0;
}
