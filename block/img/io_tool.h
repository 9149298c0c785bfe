/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pcvm-io: an image's requests by hand, one command a line.  One thread owns
 * all of it and polls the context itself.
 */
#ifndef BLOCK_IMG_IO_TOOL_H
#define BLOCK_IMG_IO_TOOL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "block/node.h"

/* How the image was opened, so that it can be opened again. */
struct io_how {
	char *filename, *format;
	json_t *options;
	unsigned flags; /* BLK_O_* */
	enum blk_aio aio;
	bool writethrough;
};

struct io {
	const char *program; /* before messages, and the prompt */
	struct blk_ctx *ctx;
	struct blk_node *node; /* NULL: nothing is open */
	struct io_how how;
	bool misalign; /* buffers that O_DIRECT does not like */
	bool quit;
	unsigned pending; /* asynchronous requests that have not ended */
};

#define IO_ANY (-1)

struct io_command {
	const char *name;
	const char *alias; /* or NULL */
	int min, max; /* arguments; max IO_ANY: any number */
	bool closed; /* can do without an open image */
	bool writes;
	const char *args, *brief;
	const char *help; /* lines for "help NAME", or NULL */
	/* 0 or -errno, once it has said what is wrong. */
	int (*run)(struct io *io, int argc, char **argv);
};

extern const struct io_command io_commands[];

/* A line of the user's, which is changed.  0 or -errno. */
int io_run_line(struct io *io, char *line);
/* Ends what has come to its end, without waiting. */
void io_poll(struct io *io);
/* Tells how argv[0] is used, for an argument that makes no sense. */
int io_usage(const char *name);

int io_open_run(struct io *io, int argc, char **argv);
int io_close_run(struct io *io, int argc, char **argv);
int io_reopen_run(struct io *io, int argc, char **argv);
int io_read_run(struct io *io, int argc, char **argv);
int io_write_run(struct io *io, int argc, char **argv);
int io_readv_run(struct io *io, int argc, char **argv);
int io_writev_run(struct io *io, int argc, char **argv);
int io_aio_read_run(struct io *io, int argc, char **argv);
int io_aio_write_run(struct io *io, int argc, char **argv);
int io_aio_flush_run(struct io *io, int argc, char **argv);
int io_discard_run(struct io *io, int argc, char **argv);
int io_flush_run(struct io *io, int argc, char **argv);
int io_truncate_run(struct io *io, int argc, char **argv);
int io_length_run(struct io *io, int argc, char **argv);
int io_info_run(struct io *io, int argc, char **argv);
int io_map_run(struct io *io, int argc, char **argv);
int io_alloc_run(struct io *io, int argc, char **argv);

/* What the options of the program and of open say; says what is wrong. */
int io_set_cache(struct io *io, struct io_how *how, const char *mode);
int io_set_discard(struct io *io, struct io_how *how, const char *mode);
int io_set_aio(struct io *io, struct io_how *how, const char *mode);
/* "key=value,..." into how->options. */
int io_add_options(struct io *io, struct io_how *how, const char *text);
/* Takes *how over, also if it fails; says what is wrong. */
int io_open(struct io *io, struct io_how *how);
void io_close(struct io *io);
/* The image itself, below what is laid over it for -C. */
struct blk_node *io_image(const struct io *io);
void io_how_free(struct io_how *how);

#define IO_SIZE_LEN 64

/* "1.500 KiB", as the tool writes sizes everywhere. */
const char *io_size(double bytes, char text[IO_SIZE_LEN]);
/* Bytes of text; says what is wrong. */
int io_parse_size(const char *text, int64_t *bytes);
/* A byte, for patterns. */
int io_parse_byte(const char *text, int *byte);

/* What a request did, for the report that follows it. */
struct io_report {
	const char *verb; /* "wrote" */
	int64_t off, asked, done;
	unsigned ops;
	bool brief; /* -C */
	struct timespec start;
};

void io_report_start(struct io_report *report);
/* Says it, with the time from the start until now. */
void io_report_end(const struct io_report *report);
void io_dump(const uint8_t *buf, int64_t off, size_t len);

#define IO_FILL_READ  0xab /* what a read that changes nothing leaves */
#define IO_FILL_WRITE 0xcd
#define IO_NO_PATTERN (-1)

/* Longest request there is, as the tool counts. */
#define IO_MAX_LEN INT64_C(2147483136)

/*
 * len bytes, aligned unless io says otherwise; NULL once it has been said that
 * there are none.
 */
uint8_t *io_buffer(const struct io *io, size_t len, int fill);
void io_buffer_free(const struct io *io, uint8_t *buf);

/* Several lengths, of one buffer. */
struct io_vector {
	uint8_t *buf;
	size_t len;
	struct iovec *iov;
	int niov;
};

/* From argv; says what is wrong. */
int io_vector_make(struct io *io, struct io_vector *v, int argc, char **argv,
		   int fill);
void io_vector_free(const struct io *io, struct io_vector *v);
/* Says it, if a byte of buf differs.  False: one does. */
bool io_verify(const uint8_t *buf, int pattern, int64_t off, size_t start,
	       size_t len);

#endif
