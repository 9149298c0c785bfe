/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pcvm-io's commands, and lines that become calls of them. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "block/img/io_tool.h"
#include "vmm/opt.h"

#define MAX_WORDS 256

int io_parse_size(const char *text, int64_t *bytes)
{
	uint64_t n;
	int rc = opt_parse_size(text, 1, &n, NULL);

	if (rc == -ERANGE || (rc == 0 && n > INT64_MAX))
		printf("Parsing error: argument too large -- %s\n", text);
	else if (rc < 0)
		printf("Parsing error: non-numeric argument, or "
		       "extraneous/unrecognized suffix -- %s\n",
		       text);
	else
		*bytes = (int64_t)n;
	return rc < 0 || n > INT64_MAX ? -EINVAL : 0;
}

int io_parse_byte(const char *text, int *byte)
{
	uint64_t n;

	if (opt_parse_u64(text, &n, NULL) < 0 || n > UINT8_MAX) {
		printf("%s is not a valid pattern byte\n", text);
		return -EINVAL;
	}
	*byte = (int)n;
	return 0;
}

static int quit_run(struct io *io, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	io->quit = true;
	return 0;
}

static int abort_run(struct io *io, int argc, char **argv)
{
	(void)io;
	(void)argc;
	(void)argv;
	abort();
}

static int sigraise_run(struct io *io, int argc, char **argv)
{
	int64_t sig;
	int rc = io_parse_size(argv[1], &sig);

	(void)io;
	(void)argc;
	if (rc < 0)
		return rc;
	if (sig >= NSIG) {
		printf("signal argument '%s' is too large to be a valid "
		       "signal\n",
		       argv[1]);
		return -EINVAL;
	}
	/* What was printed may be all that is left of this process. */
	fflush(stdout);
	raise((int)sig);
	return 0;
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Requests that are under way go on meanwhile. */
static int sleep_run(struct io *io, int argc, char **argv)
{
	struct pollfd pfd = {.fd = blk_ctx_fd(io->ctx), .events = POLLIN};
	int64_t left, end;
	uint64_t ms;

	(void)argc;
	if (opt_parse_u64(argv[1], &ms, NULL) < 0 || ms > INT32_MAX) {
		printf("%s is not a valid number\n", argv[1]);
		return -EINVAL;
	}
	end = now_ms() + (int64_t)ms;
	blk_ctx_poll(io->ctx, false);
	while ((left = end - now_ms()) > 0)
		if (poll(&pfd, 1, (int)left) > 0)
			io_poll(io);
	return 0;
}

static int help_run(struct io *io, int argc, char **argv);

const struct io_command io_commands[] = {
	{.name = "abort",
	 .closed = true,
	 .run = abort_run,
	 .brief = "ends the program as a crash does, by abort(3)"},
	{.name = "aio_flush",
	 .run = io_aio_flush_run,
	 .brief = "waits for all asynchronous requests"},
	{.name = "aio_read",
	 .min = 2,
	 .max = IO_ANY,
	 .run = io_aio_read_run,
	 .args = "[-Ciqv] [-P pattern] off len [len..]",
	 .brief = "starts reading and does not wait for it",
	 .help = " -C, -- statistics for scripts\n"
		 " -i, -- only say that an invalid request would be made\n"
		 " -P, -- compare with this byte\n"
		 " -q, -- no statistics\n"
		 " -v, -- print what was read\n"
		 "\nErrors are printed when they come, and do not count as "
		 "the command's.\n"},
	{.name = "aio_write",
	 .writes = true,
	 .min = 2,
	 .max = IO_ANY,
	 .run = io_aio_write_run,
	 .args = "[-Cfiquz] [-P pattern] off len [len..]",
	 .brief = "starts writing and does not wait for it",
	 .help = " -C, -- statistics for scripts\n"
		 " -f, -- not done before it is on disk (FUA)\n"
		 " -i, -- only say that an invalid request would be made\n"
		 " -P, -- write this byte (0xcd without it)\n"
		 " -q, -- no statistics\n"
		 " -u, -- with -z: the blocks may be given back\n"
		 " -z, -- write zeros, as one request\n"
		 "\nErrors are printed when they come, and do not count as "
		 "the command's.\n"},
	{.name = "alloc",
	 .alias = "a",
	 .min = 1,
	 .max = 2,
	 .run = io_alloc_run,
	 .args = "offset [count]",
	 .brief = "counts the bytes from offset on that the image itself has"},
	{.name = "close",
	 .alias = "c",
	 .run = io_close_run,
	 .brief = "closes the image"},
	{.name = "discard",
	 .alias = "d",
	 .writes = true,
	 .min = 2,
	 .max = IO_ANY,
	 .run = io_discard_run,
	 .args = "[-Cq] off len",
	 .brief = "gives a range of bytes back",
	 .help = " -C, -- statistics for scripts\n"
		 " -q, -- no statistics\n"},
	{.name = "flush",
	 .alias = "f",
	 .run = io_flush_run,
	 .brief = "brings all that was written to the disk"},
	{.name = "help",
	 .alias = "?",
	 .closed = true,
	 .max = 1,
	 .run = help_run,
	 .args = "[command]",
	 .brief = "tells of one command or all"},
	{.name = "info",
	 .alias = "i",
	 .run = io_info_run,
	 .brief = "tells of the image's format"},
	{.name = "length",
	 .alias = "l",
	 .run = io_length_run,
	 .brief = "tells how long the disk is"},
	{.name = "map",
	 .run = io_map_run,
	 .args = "",
	 .brief = "lists which parts the image itself has"},
	{.name = "open",
	 .alias = "o",
	 .closed = true,
	 .min = 1,
	 .max = IO_ANY,
	 .run = io_open_run,
	 .args = "[-rsCnkU] [-t cache] [-d discard] [-o options] [path]",
	 .brief = "opens an image",
	 .help = " -C, -- copy what is read from backing files\n"
		 " -d, -- what becomes of discards: ignore or unmap\n"
		 " -i, -- asynchronous I/O by threads, native or io_uring\n"
		 " -k, -- the same as -i native\n"
		 " -n, -- the same as -t none\n"
		 " -o, -- the block driver's options\n"
		 " -r, -- read-only\n"
		 " -s, -- write to a temporary overlay\n"
		 " -t, -- cache mode\n"
		 " -U, -- even if another process writes to it; with -r\n"},
	{.name = "quit",
	 .alias = "q",
	 .closed = true,
	 .max = IO_ANY,
	 .run = quit_run,
	 .brief = "ends the program"},
	{.name = "read",
	 .alias = "r",
	 .min = 2,
	 .max = IO_ANY,
	 .run = io_read_run,
	 .args = "[-abCqv] [-P pattern [-s off] [-l len]] off len",
	 .brief = "reads a range of bytes",
	 .help = " -b, -- of the machine's state, not of the disk\n"
		 " -C, -- statistics for scripts\n"
		 " -l, -- with -P: compare this many bytes\n"
		 " -p, -- means nothing; old scripts have it\n"
		 " -P, -- compare with this byte\n"
		 " -q, -- no statistics\n"
		 " -s, -- with -P: compare from here on\n"
		 " -v, -- print what was read\n"},
	{.name = "readv",
	 .min = 2,
	 .max = IO_ANY,
	 .run = io_readv_run,
	 .args = "[-Cqv] [-P pattern] off len [len..]",
	 .brief = "reads a range of bytes into several buffers",
	 .help = " -C, -- statistics for scripts\n"
		 " -P, -- compare with this byte\n"
		 " -q, -- no statistics\n"
		 " -v, -- print what was read\n"},
	{.name = "reopen",
	 .max = IO_ANY,
	 .run = io_reopen_run,
	 .args = "[(-r|-w)] [-c cache] [-o options]",
	 .brief = "opens the image anew, with other options",
	 .help = " -c, -- cache mode\n"
		 " -o, -- the block driver's options\n"
		 " -r, -- read-only\n"
		 " -w, -- for writing too\n"},
	{.name = "sigraise",
	 .closed = true,
	 .min = 1,
	 .max = 1,
	 .run = sigraise_run,
	 .args = "signal",
	 .brief = "raises a signal, by its number"},
	{.name = "sleep",
	 .closed = true,
	 .min = 1,
	 .max = 1,
	 .run = sleep_run,
	 .brief = "waits for that many milliseconds"},
	{.name = "truncate",
	 .alias = "t",
	 .writes = true,
	 .min = 1,
	 .max = 3,
	 .run = io_truncate_run,
	 .args = "[-m prealloc_mode] off",
	 .brief = "makes the disk that long"},
	{.name = "write",
	 .alias = "w",
	 .writes = true,
	 .min = 2,
	 .max = IO_ANY,
	 .run = io_write_run,
	 .args = "[-bcCfnquz] [-P pattern | -s source_file] off len",
	 .brief = "writes a range of bytes",
	 .help = " -b, -- to the machine's state, not to the disk\n"
		 " -c, -- compressed\n"
		 " -C, -- statistics for scripts\n"
		 " -f, -- not done before it is on disk (FUA)\n"
		 " -n, -- with -z: fail rather than write the zeros out\n"
		 " -p, -- means nothing; old scripts have it\n"
		 " -P, -- write this byte (0xcd without it)\n"
		 " -q, -- no statistics\n"
		 " -s, -- write what is in this file, over and over\n"
		 " -u, -- with -z: the blocks may be given back\n"
		 " -z, -- write zeros, as one request\n"},
	{.name = "writev",
	 .writes = true,
	 .min = 2,
	 .max = IO_ANY,
	 .run = io_writev_run,
	 .args = "[-Cfq] [-P pattern] off len [len..]",
	 .brief = "writes a range of bytes from several buffers",
	 .help = " -C, -- statistics for scripts\n"
		 " -f, -- not done before it is on disk (FUA)\n"
		 " -P, -- write this byte (0xcd without it)\n"
		 " -q, -- no statistics\n"},
	{.name = NULL},
};

static const struct io_command *find(const char *name)
{
	const struct io_command *c;

	for (c = io_commands; c->name; c++)
		if (!strcmp(c->name, name) ||
		    (c->alias && !strcmp(c->alias, name)))
			return c;
	return NULL;
}

static void print_usage(const struct io_command *c, const char *name)
{
	printf("%s ", name);
	if (c->args)
		printf("%s ", c->args);
	printf("-- %s\n", c->brief);
}

int io_usage(const char *name)
{
	const struct io_command *c = find(name);

	if (c)
		print_usage(c, c->name);
	return -EINVAL;
}

static int help_run(struct io *io, int argc, char **argv)
{
	const struct io_command *c;

	(void)io;
	if (argc == 1) {
		for (c = io_commands; c->name; c++)
			print_usage(c, c->name);
		printf("\nUse 'help commandname' for extended help.\n");
		return 0;
	}
	c = find(argv[1]);
	if (!c) {
		printf("command %s not found\n", argv[1]);
		return -EINVAL;
	}
	print_usage(c, argv[1]);
	if (c->help)
		printf("\n%s\n", c->help);
	return 0;
}

static int check_count(const struct io_command *c, const char *name, int n)
{
	if (n >= c->min && (c->max == IO_ANY || n <= c->max))
		return 0;
	fprintf(stderr, "bad argument count %d to %s, expected ", n, name);
	if (c->max == IO_ANY)
		fprintf(stderr, "at least %d arguments\n", c->min);
	else if (c->max == c->min)
		fprintf(stderr, "%d arguments\n", c->min);
	else
		fprintf(stderr, "between %d and %d arguments\n", c->min,
			c->max);
	return -EINVAL;
}

static int run(struct io *io, const struct io_command *c, int argc, char **argv)
{
	int rc;

	if (!c->closed && !io->node) {
		fprintf(stderr, "no file open, try 'help open'\n");
		return -EINVAL;
	}
	rc = check_count(c, argv[0], argc - 1);
	if (rc < 0)
		return rc;
	if (c->writes && io->node->readonly) {
		fprintf(stderr, "%s: Block node is read-only\n", io->program);
		return -EACCES;
	}
	return c->run(io, argc, argv);
}

/* Stops in the midst of a request are of another driver. */
static int not_found(const char *name)
{
	static const char *const stops[] = {"break", "remove_break", "resume",
					    "wait_break"};
	unsigned i;

	for (i = 0; i < sizeof(stops) / sizeof(*stops); i++)
		if (!strcmp(stops[i], name)) {
			fprintf(stderr,
				"command \"%s\" is not supported: it is for "
				"the blkdebug driver, which pcvm does not "
				"have\n",
				name);
			return -ENOTSUP;
		}
	fprintf(stderr, "command \"%s\" not found\n", name);
	return -EINVAL;
}

int io_run_line(struct io *io, char *line)
{
	const struct io_command *c;
	char *argv[MAX_WORDS + 1], *save = NULL, *word;
	int argc = 0, rc;

	for (word = strtok_r(line, " ", &save); word && argc < MAX_WORDS;
	     word = strtok_r(NULL, " ", &save))
		argv[argc++] = word;
	argv[argc] = NULL;
	if (!argc)
		return 0;
	if (word) {
		fprintf(stderr, "%s: a command has at most %d words\n",
			io->program, MAX_WORDS);
		return -E2BIG;
	}
	c = find(argv[0]);
	rc = c ? run(io, c, argc, argv) : not_found(argv[0]);
	fflush(stdout);
	return rc;
}
