/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pcvm-io's requests of several lengths, and those that run by themselves. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "block/img/io_tool.h"

static int parse_lengths(struct io_vector *v, char **argv)
{
	int64_t len;
	int i, rc;

	for (i = 0; i < v->niov; i++) {
		rc = io_parse_size(argv[i], &len);
		if (rc < 0)
			return rc;
		if (len > IO_MAX_LEN) {
			printf("Argument '%s' exceeds maximum size %lld\n",
			       argv[i], (long long)IO_MAX_LEN);
			return -EINVAL;
		}
		if (len > IO_MAX_LEN - (int64_t)v->len) {
			printf("The total number of bytes exceed the maximum "
			       "size %lld\n",
			       (long long)IO_MAX_LEN);
			return -EINVAL;
		}
		v->iov[i].iov_len = (size_t)len;
		v->len += (size_t)len;
	}
	return 0;
}

int io_vector_make(struct io *io, struct io_vector *v, int argc, char **argv,
		   int fill)
{
	uint8_t *at;
	int i, rc;

	*v = (struct io_vector){.niov = argc};
	v->iov = calloc((size_t)argc, sizeof(*v->iov));
	rc = v->iov ? parse_lengths(v, argv) : -ENOMEM;
	if (rc == 0) {
		v->buf = io_buffer(io, v->len, fill);
		rc = v->buf ? 0 : -ENOMEM;
	}
	if (rc < 0) {
		free(v->iov);
		return rc;
	}
	at = v->buf;
	for (i = 0; i < argc; i++) {
		v->iov[i].iov_base = at;
		at += v->iov[i].iov_len;
	}
	return 0;
}

void io_vector_free(const struct io *io, struct io_vector *v)
{
	io_buffer_free(io, v->buf);
	free(v->iov);
}

/* A request under way. */
struct aio {
	struct blk_req req;
	struct io *io;
	struct io_vector v;
	struct io_report report;
	int pattern;
	bool quiet, dump, zero, invalid, unmap;
	unsigned flags;
};

static void aio_free(struct aio *a)
{
	io_vector_free(a->io, &a->v);
	free(a);
}

static void on_read(struct blk_req *req, int rc)
{
	struct aio *a = container_of(req, struct aio, req);

	a->io->pending--;
	if (rc < 0) {
		printf("readv failed: %s\n", strerror(-rc));
	} else {
		if (a->pattern != IO_NO_PATTERN)
			io_verify(a->v.buf, a->pattern, a->report.off, 0,
				  a->v.len);
		if (!a->quiet && a->dump)
			io_dump(a->v.buf, a->report.off, a->v.len);
		if (!a->quiet)
			io_report_end(&a->report);
	}
	aio_free(a);
}

static void on_written(struct blk_req *req, int rc)
{
	struct aio *a = container_of(req, struct aio, req);

	a->io->pending--;
	if (rc < 0)
		printf("aio_write failed: %s\n", strerror(-rc));
	else if (!a->quiet)
		io_report_end(&a->report);
	aio_free(a);
}

static int take_letter(struct aio *a, const char *name, int c)
{
	switch (c) {
	case 'C':
		a->report.brief = true;
		return 0;
	case 'f':
		a->flags |= BLK_FUA;
		return 0;
	case 'i':
		a->invalid = true;
		return 0;
	case 'P':
		return io_parse_byte(optarg, &a->pattern);
	case 'q':
		a->quiet = true;
		return 0;
	case 'u':
		a->unmap = true;
		return 0;
	case 'v':
		a->dump = true;
		return 0;
	case 'z':
		a->zero = true;
		return 0;
	default:
		return io_usage(name);
	}
}

static int take_letters(struct aio *a, int argc, char **argv,
			const char *letters)
{
	int c, rc = 0;

	a->pattern = IO_NO_PATTERN;
	optind = 0;
	while (rc == 0 && (c = getopt(argc, argv, letters)) != -1)
		rc = take_letter(a, argv[0], c);
	if (rc == 0 && optind > argc - 2)
		rc = io_usage(argv[0]);
	return rc < 0 ? rc : io_parse_size(argv[optind], &a->report.off);
}

static void submit(struct aio *a, enum blk_op op,
		   void (*done)(struct blk_req *req, int rc))
{
	a->report.ops = 1;
	a->report.done = a->report.asked;
	a->req = (struct blk_req){.op = op,
				  .flags = a->flags,
				  .off = (uint64_t)a->report.off,
				  .len = (uint64_t)a->report.asked,
				  .iov = a->v.iov,
				  .niov = a->v.niov,
				  .done = done};
	io_report_start(&a->report);
	a->io->pending++;
	blk_node_submit(a->io->node, &a->req);
}

static struct aio *aio_new(struct io *io)
{
	struct aio *a = calloc(1, sizeof(*a));

	if (a)
		a->io = io;
	return a;
}

int io_aio_read_run(struct io *io, int argc, char **argv)
{
	struct aio *a = aio_new(io);
	int rc;

	if (!a)
		return -ENOMEM;
	rc = take_letters(a, argc, argv, "CP:iqv");
	if (rc == 0 && a->invalid)
		printf("injecting invalid read request\n");
	else if (rc == 0)
		rc = io_vector_make(io, &a->v, argc - optind - 1,
				    argv + optind + 1, IO_FILL_READ);
	if (rc < 0 || a->invalid) {
		free(a);
		return rc;
	}
	a->report.verb = "read";
	a->report.asked = (int64_t)a->v.len;
	submit(a, BLK_READ, on_read);
	return 0;
}

static int check_write(const struct aio *a, int argc)
{
	if (a->zero && optind != argc - 2)
		printf("-z supports only a single length parameter\n");
	else if (a->unmap && !a->zero)
		printf("-u requires -z to be specified\n");
	else
		return 0;
	return -EINVAL;
}

static int prepare_write(struct aio *a, int argc, char **argv)
{
	int rc;

	if (a->zero)
		return io_parse_size(argv[optind + 1], &a->report.asked);
	rc = io_vector_make(a->io, &a->v, argc - optind - 1, argv + optind + 1,
			    a->pattern == IO_NO_PATTERN ? IO_FILL_WRITE
							: a->pattern);
	a->report.asked = (int64_t)a->v.len;
	return rc;
}

int io_aio_write_run(struct io *io, int argc, char **argv)
{
	struct aio *a = aio_new(io);
	int rc;

	if (!a)
		return -ENOMEM;
	a->flags = io->how.writethrough ? BLK_FUA : 0;
	rc = take_letters(a, argc, argv, "CfiP:quz");
	rc = rc < 0 ? rc : check_write(a, argc);
	if (rc == 0 && a->invalid)
		printf("injecting invalid write request\n");
	else if (rc == 0)
		rc = prepare_write(a, argc, argv);
	if (rc < 0 || a->invalid) {
		free(a);
		return rc;
	}
	if (a->unmap)
		a->flags |= BLK_MAY_UNMAP;
	a->report.verb = "wrote";
	submit(a, a->zero ? BLK_WRITE_ZEROES : BLK_WRITE, on_written);
	return 0;
}

int io_aio_flush_run(struct io *io, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	while (io->pending)
		blk_ctx_poll(io->ctx, true);
	return 0;
}
