/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pcvm-io's requests that end before the next command. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "block/img/io_tool.h"

#define MISALIGNMENT 16

/* What the letters of a command said. */
struct letters {
	bool vm_state, compress, brief, fua, no_fallback, quiet, unmap, zero;
	bool dump, has_start, has_len;
	int pattern;
	const char *source;
	int64_t start, len; /* of what is verified */
};

uint8_t *io_buffer(const struct io *io, size_t len, int fill)
{
	size_t shift = io->misalign ? MISALIGNMENT : 0;
	void *buf;

	if (posix_memalign(&buf, 4096, len + shift + 1)) {
		printf("there is no memory for %zu bytes\n", len);
		return NULL;
	}
	memset(buf, fill, len + shift);
	return (uint8_t *)buf + shift;
}

void io_buffer_free(const struct io *io, uint8_t *buf)
{
	if (buf)
		free(buf - (io->misalign ? MISALIGNMENT : 0));
}

bool io_verify(const uint8_t *buf, int pattern, int64_t off, size_t start,
	       size_t len)
{
	size_t i = start;

	while (i < start + len && buf[i] == pattern)
		i++;
	if (i == start + len)
		return true;
	printf("Pattern verification failed at offset %lld, %zu bytes\n",
	       (long long)off + (long long)start, len);
	return false;
}

static int complain(const char *what)
{
	printf("%s\n", what);
	return -EINVAL;
}

static int take_letter(struct letters *l, const char *name, int c)
{
	switch (c) {
	case 'b':
		l->vm_state = true;
		return 0;
	case 'c':
		l->compress = true;
		return 0;
	case 'C':
		l->brief = true;
		return 0;
	case 'f':
		l->fua = true;
		return 0;
	case 'n':
		l->no_fallback = true;
		return 0;
	case 'p': /* of old scripts, without any meaning */
		return 0;
	case 'P':
		return io_parse_byte(optarg, &l->pattern);
	case 'q':
		l->quiet = true;
		return 0;
	case 'u':
		l->unmap = true;
		return 0;
	case 'v':
		l->dump = true;
		return 0;
	case 'z':
		l->zero = true;
		return 0;
	default:
		return io_usage(name);
	}
}

static int get_letters(struct letters *l, int argc, char **argv,
		       const char *letters)
{
	int c, rc = 0;

	*l = (struct letters){.pattern = IO_NO_PATTERN};
	optind = 0;
	while (rc == 0 && (c = getopt(argc, argv, letters)) != -1)
		rc = take_letter(l, argv[0], c);
	return rc;
}

/* -s and -l mean something else for each of read and write. */
static int get_read_letters(struct letters *l, int argc, char **argv)
{
	int c, rc = 0;

	*l = (struct letters){.pattern = IO_NO_PATTERN};
	optind = 0;
	while (rc == 0 && (c = getopt(argc, argv, "bCl:pP:qs:v")) != -1) {
		if (c == 'l') {
			l->has_len = true;
			rc = io_parse_size(optarg, &l->len);
		} else if (c == 's') {
			l->has_start = true;
			rc = io_parse_size(optarg, &l->start);
		} else {
			rc = take_letter(l, argv[0], c);
		}
	}
	return rc;
}

static int get_write_letters(struct letters *l, int argc, char **argv)
{
	int c, rc = 0;

	*l = (struct letters){.pattern = IO_NO_PATTERN};
	optind = 0;
	while (rc == 0 && (c = getopt(argc, argv, "bcCfnpP:qs:uz")) != -1) {
		if (c == 's')
			l->source = optarg;
		else
			rc = take_letter(l, argv[0], c);
	}
	return rc;
}

static int get_range(int argc, char **argv, int64_t *off, int64_t *len)
{
	int rc;

	if (optind != argc - 2)
		return io_usage(argv[0]);
	rc = io_parse_size(argv[optind], off);
	return rc < 0 ? rc : io_parse_size(argv[optind + 1], len);
}

static int too_long(const char *text, const char *unless)
{
	printf("length cannot exceed %lld%s, given %s\n", (long long)IO_MAX_LEN,
	       unless, text);
	return -EINVAL;
}

static int settle_verify(struct letters *l, const char *name, int64_t len)
{
	if (l->pattern == IO_NO_PATTERN && (l->has_start || l->has_len))
		return io_usage(name);
	if (!l->has_len)
		l->len = len - l->start;
	if (l->len < 0 || l->start > len || l->len > len - l->start)
		return complain("pattern verification range exceeds end of "
				"read data");
	return 0;
}

static int failed(const char *what, int rc)
{
	printf("%s failed: %s\n", what, strerror(-rc));
	return rc;
}

/* What was read, if it is what was asked for. */
static int tell_read(const struct letters *l, const struct io_report *report,
		     const uint8_t *buf)
{
	bool same = l->pattern == IO_NO_PATTERN ||
		    io_verify(buf, l->pattern, report->off, (size_t)l->start,
			      (size_t)l->len);

	if (l->quiet)
		return same ? 0 : -EINVAL;
	if (l->dump)
		io_dump(buf, report->off, (size_t)report->done);
	io_report_end(report);
	return same ? 0 : -EINVAL;
}

int io_read_run(struct io *io, int argc, char **argv)
{
	struct io_report report = {.verb = "read", .ops = 1};
	struct letters l;
	uint8_t *buf;
	int64_t off, len;
	int rc = get_read_letters(&l, argc, argv);

	rc = rc < 0 ? rc : get_range(argc, argv, &off, &len);
	if (rc < 0)
		return rc;
	if (len > IO_MAX_LEN)
		return too_long(argv[optind + 1], "");
	rc = settle_verify(&l, argv[0], len);
	if (rc < 0)
		return rc;
	buf = io_buffer(io, (size_t)len, IO_FILL_READ);
	if (!buf)
		return -ENOMEM;
	report.off = off;
	report.asked = report.done = len;
	report.brief = l.brief;
	io_report_start(&report);
	rc = l.vm_state ? blk_vmstate_read(io_image(io), (uint64_t)off, buf,
					   (size_t)len)
			: blk_pread(io->node, (uint64_t)off, buf, (size_t)len);
	rc = rc < 0 ? failed("read", rc) : tell_read(&l, &report, buf);
	io_buffer_free(io, buf);
	return rc;
}

static int check_write(const struct letters *l, const char *len_text,
		       int64_t len)
{
	if (l->vm_state && l->zero)
		return complain("-b and -z cannot be specified at the same "
				"time");
	if (l->fua && (l->vm_state || l->compress))
		return complain("-f and -b or -c cannot be specified at the "
				"same time");
	if (l->no_fallback && !l->zero)
		return complain("-n requires -z to be specified");
	if (l->unmap && !l->zero)
		return complain("-u requires -z to be specified");
	if (l->zero + (l->pattern != IO_NO_PATTERN) + !!l->source > 1)
		return complain("Only one of -z, -P, and -s can be specified "
				"at the same time");
	if (len > IO_MAX_LEN && !l->no_fallback)
		return too_long(len_text, " without -n");
	return 0;
}

static int fill_from(uint8_t *buf, size_t len, const char *path)
{
	FILE *file = fopen(path, "rb");
	size_t n = 0, i;

	if (!file) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return -EINVAL;
	}
	n = fread(buf, 1, len, file);
	if (!n && len)
		fprintf(stderr,
			ferror(file) ? "%s: cannot read\n"
				     : "%s: file is empty\n",
			path);
	fclose(file);
	for (i = n; n && i < len; i++)
		buf[i] = buf[i - n];
	return n || !len ? 0 : -EINVAL;
}

static unsigned write_flags(const struct io *io, const struct letters *l)
{
	unsigned flags = 0;

	if (l->fua || io->how.writethrough)
		flags |= BLK_FUA;
	if (l->compress && !l->zero)
		flags |= BLK_COMPRESS;
	if (l->zero && l->unmap)
		flags |= BLK_MAY_UNMAP;
	if (l->no_fallback)
		flags |= BLK_NO_FALLBACK;
	return flags;
}

static int write_buffer(struct io *io, const struct letters *l, int64_t off,
			const uint8_t *buf, int64_t len)
{
	if (l->vm_state)
		return blk_vmstate_write(io_image(io), (uint64_t)off, buf,
					 (size_t)len);
	return blk_pwrite(io->node, (uint64_t)off, buf, (size_t)len,
			  write_flags(io, l));
}

int io_write_run(struct io *io, int argc, char **argv)
{
	struct io_report report = {.verb = "wrote", .ops = 1};
	struct letters l;
	uint8_t *buf = NULL;
	int64_t off, len;
	int rc = get_write_letters(&l, argc, argv);

	rc = rc < 0 ? rc : get_range(argc, argv, &off, &len);
	rc = rc < 0 ? rc : check_write(&l, argv[optind + 1], len);
	if (rc < 0)
		return rc;
	if (!l.zero) {
		buf = io_buffer(io, (size_t)len,
				l.pattern == IO_NO_PATTERN ? IO_FILL_WRITE
							   : l.pattern);
		if (!buf)
			return -ENOMEM;
	}
	rc = l.source ? fill_from(buf, (size_t)len, l.source) : 0;
	if (rc < 0)
		goto out;
	report.off = off;
	report.asked = report.done = len;
	report.brief = l.brief;
	io_report_start(&report);
	rc = l.zero ? blk_zero(io->node, (uint64_t)off, (uint64_t)len,
			       write_flags(io, &l))
		    : write_buffer(io, &l, off, buf, len);
	if (rc < 0)
		failed("write", rc);
	else if (!l.quiet)
		io_report_end(&report);
out:
	io_buffer_free(io, buf);
	return rc;
}

/* The offset and the lengths behind the letters. */
static int get_vector(struct io *io, int argc, char **argv, int fill,
		      int64_t *off, struct io_vector *v)
{
	int rc;

	if (optind > argc - 2)
		return io_usage(argv[0]);
	rc = io_parse_size(argv[optind], off);
	return rc < 0 ? rc
		      : io_vector_make(io, v, argc - optind - 1,
				       argv + optind + 1, fill);
}

static int run_vector(struct io *io, enum blk_op op, unsigned flags,
		      int64_t off, const struct io_vector *v)
{
	struct blk_req req = {.op = op,
			      .flags = flags,
			      .off = (uint64_t)off,
			      .iov = v->iov,
			      .niov = v->niov};

	return blk_run(io->node, &req);
}

int io_readv_run(struct io *io, int argc, char **argv)
{
	struct io_report report = {.verb = "read", .ops = 1};
	struct io_vector v;
	struct letters l;
	int rc = get_letters(&l, argc, argv, "CP:qv");

	rc = rc < 0 ? rc
		    : get_vector(io, argc, argv, IO_FILL_READ, &report.off, &v);
	if (rc < 0)
		return rc;
	report.asked = report.done = l.len = (int64_t)v.len;
	report.brief = l.brief;
	io_report_start(&report);
	rc = run_vector(io, BLK_READ, 0, report.off, &v);
	rc = rc < 0 ? failed("readv", rc) : tell_read(&l, &report, v.buf);
	io_vector_free(io, &v);
	return rc;
}

int io_writev_run(struct io *io, int argc, char **argv)
{
	struct io_report report = {.verb = "wrote", .ops = 1};
	struct io_vector v;
	struct letters l;
	int rc = get_letters(&l, argc, argv, "CfqP:");

	rc = rc < 0 ? rc
		    : get_vector(io, argc, argv,
				 l.pattern == IO_NO_PATTERN ? IO_FILL_WRITE
							    : l.pattern,
				 &report.off, &v);
	if (rc < 0)
		return rc;
	report.asked = report.done = (int64_t)v.len;
	report.brief = l.brief;
	io_report_start(&report);
	rc = run_vector(io, BLK_WRITE, write_flags(io, &l), report.off, &v);
	if (rc < 0)
		failed("writev", rc);
	else if (!l.quiet)
		io_report_end(&report);
	io_vector_free(io, &v);
	return rc;
}

int io_discard_run(struct io *io, int argc, char **argv)
{
	struct io_report report = {.verb = "discard", .ops = 1};
	struct letters l;
	int rc = get_letters(&l, argc, argv, "Cq");

	rc = rc < 0 ? rc : get_range(argc, argv, &report.off, &report.asked);
	if (rc < 0)
		return rc;
	if (report.asked > IO_MAX_LEN)
		return too_long(argv[optind + 1], "");
	report.done = report.asked;
	report.brief = l.brief;
	io_report_start(&report);
	rc = blk_discard(io->node, (uint64_t)report.off,
			 (uint64_t)report.asked);
	if (rc < 0)
		return failed("discard", rc);
	if (!l.quiet)
		io_report_end(&report);
	return 0;
}

int io_flush_run(struct io *io, int argc, char **argv)
{
	int rc = blk_flush(io->node);

	(void)argc;
	(void)argv;
	return rc < 0 ? failed("flush", rc) : 0;
}
