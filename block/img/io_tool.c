/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pcvm-io: the command line, and the prompt if it has no commands. */
#include "block/img/io_tool.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "block/img/img.h"
#include "block/img/io_main.h"
#include "build.h"

#define LINE_MAX_LEN (64u << 10)

struct conf {
	const char *format, *cache, *discard, *aio;
	struct str_list commands;
	bool image_opts, readonly, snapshot, nocache, copy_on_read, misalign;
	bool native, share, help, version;
};

static const struct img_option options[] = {
	{.letter = 'c',
	 .name = "cmd",
	 .arg = "command",
	 .type = IMG_LIST,
	 .offset = offsetof(struct conf, commands),
	 .help = "run this command; may be given again"},
	{.letter = 'C',
	 .name = "copy-on-read",
	 .type = IMG_FLAG,
	 .offset = offsetof(struct conf, copy_on_read),
	 .help = "copy what is read from backing files into the image"},
	{.letter = 'd',
	 .name = "discard",
	 .arg = "mode",
	 .type = IMG_TEXT,
	 .offset = offsetof(struct conf, discard),
	 .help = "what becomes of discards: ignore or unmap (the default)"},
	IMG_OPT_FORMAT(struct conf, format),
	{.letter = 'h',
	 .name = "help",
	 .type = IMG_FLAG,
	 .offset = offsetof(struct conf, help),
	 .help = "print this help; -c help lists the commands"},
	{.letter = 'i',
	 .name = "aio",
	 .arg = "mode",
	 .type = IMG_TEXT,
	 .offset = offsetof(struct conf, aio),
	 .help = "asynchronous I/O by threads, native or io_uring"},
	IMG_OPT_IMAGE_OPTS(struct conf, image_opts),
	{.letter = 'k',
	 .name = "native-aio",
	 .type = IMG_FLAG,
	 .offset = offsetof(struct conf, native),
	 .help = "the same as -i native"},
	{.letter = 'm',
	 .name = "misalign",
	 .type = IMG_FLAG,
	 .offset = offsetof(struct conf, misalign),
	 .help = "use buffers that are not aligned as O_DIRECT needs them"},
	{.letter = 'n',
	 .name = "nocache",
	 .type = IMG_FLAG,
	 .offset = offsetof(struct conf, nocache),
	 .help = "the same as -t none"},
	IMG_OPT_OBJECT,
	{.letter = 'r',
	 .name = "read-only",
	 .type = IMG_FLAG,
	 .offset = offsetof(struct conf, readonly),
	 .help = "open the image read-only"},
	{.letter = 's',
	 .name = "snapshot",
	 .type = IMG_FLAG,
	 .offset = offsetof(struct conf, snapshot),
	 .help = "write to a temporary overlay, not to the image"},
	IMG_OPT_CACHE(struct conf, cache),
	{.letter = 'T',
	 .name = "trace",
	 .arg = "spec",
	 .type = IMG_REFUSED,
	 .help = "pcvm has no trace events"},
	IMG_OPT_SHARE(struct conf, share),
	{.letter = 'V',
	 .name = "version",
	 .type = IMG_FLAG,
	 .offset = offsetof(struct conf, version),
	 .help = "print the version"},
	{.name = NULL},
};

static void print_help(const struct io *io, FILE *out)
{
	fprintf(out,
		"Usage: %s [OPTIONS]... [-c STRING]... [file]\n"
		"Makes single requests of a disk image.\n\n",
		io->program);
	img_args_help(options, out);
	fprintf(out,
		"\nSee '%s -c help' for information on available "
		"commands.\n",
		io->program);
}

static void print_version(const struct io *io)
{
	if (!strcmp(io->program, "qemu-io"))
		printf("qemu-io version 7.2.0 (pcvm %s)\n", PCVM_VERSION);
	else
		printf("%s %s\n", io->program, PCVM_VERSION);
}

void io_poll(struct io *io)
{
	uint64_t n;

	/* The counter is only what woke us; the lists say what is due. */
	if (read(blk_ctx_fd(io->ctx), &n, sizeof(n)) < 0)
		return;
	blk_ctx_poll(io->ctx, false);
	fflush(stdout);
}

static int set_modes(struct io *io, struct io_how *how, const struct conf *conf)
{
	int rc = 0;

	if (conf->nocache)
		rc = io_set_cache(io, how, "none");
	if (rc == 0 && conf->cache)
		rc = io_set_cache(io, how, conf->cache);
	if (rc == 0 && conf->discard)
		rc = io_set_discard(io, how, conf->discard);
	if (rc == 0 && conf->native)
		rc = io_set_aio(io, how, "native");
	return rc == 0 && conf->aio ? io_set_aio(io, how, conf->aio) : rc;
}

static int set_name(struct io *io, struct io_how *how, const struct conf *conf,
		    const char *name)
{
	if (conf->image_opts && conf->format) {
		fprintf(stderr,
			"%s: --image-opts and -f are mutually exclusive\n",
			io->program);
		return -EINVAL;
	}
	if (!name)
		return 0;
	if (conf->image_opts)
		return io_add_options(io, how, name);
	how->filename = strdup(name);
	how->format = conf->format ? strdup(conf->format) : NULL;
	return how->filename && (how->format || !conf->format) ? 0 : -ENOMEM;
}

static int open_first(struct io *io, const struct conf *conf, const char *name)
{
	struct io_how how = {
		.flags = BLK_O_UNMAP | BLK_O_TOOL |
			 (conf->readonly ? 0 : BLK_O_RDWR) |
			 (conf->share ? BLK_O_FORCE_SHARE : 0) |
			 (conf->snapshot ? BLK_O_SNAPSHOT : 0) |
			 (conf->copy_on_read ? BLK_O_COPY_ON_READ : 0),
	};
	int rc = set_modes(io, &how, conf);

	rc = rc < 0 ? rc : set_name(io, &how, conf, name);
	if (rc == 0 && name)
		return io_open(io, &how);
	io_how_free(&how);
	return rc;
}

static int run_commands(struct io *io, const struct str_list *commands)
{
	bool failed = false;
	unsigned i;

	for (i = 0; i < commands->n && !io->quit; i++)
		if (io_run_line(io, commands->str[i]) < 0)
			failed = true;
	return failed;
}

struct input {
	char *line;
	size_t len;
	bool end;
};

/* Waits for more to read, while requests go on. */
static void read_more(struct io *io, struct input *in)
{
	struct pollfd pfd[] = {
		{.fd = STDIN_FILENO, .events = POLLIN},
		{.fd = blk_ctx_fd(io->ctx), .events = POLLIN},
	};
	ssize_t n;

	blk_ctx_poll(io->ctx, false);
	fflush(stdout);
	if (poll(pfd, 2, -1) < 0)
		return;
	if (pfd[1].revents)
		io_poll(io);
	if (!pfd[0].revents)
		return;
	n = read(STDIN_FILENO, in->line + in->len, LINE_MAX_LEN - in->len);
	in->end = n <= 0;
	in->len += n > 0 ? (size_t)n : 0;
}

/* Takes the next line out of in; a full buffer is a line as well. */
static bool take_line(struct io *io, struct input *in, char *line)
{
	char *newline = memchr(in->line, '\n', in->len);
	size_t n;

	while (!newline && !in->end && in->len < LINE_MAX_LEN) {
		read_more(io, in);
		newline = memchr(in->line, '\n', in->len);
	}
	n = newline ? (size_t)(newline - in->line) : in->len;
	if (!newline && !n)
		return false;
	memcpy(line, in->line, n);
	line[n] = 0;
	n += newline ? 1 : 0;
	in->len -= n;
	memmove(in->line, in->line + n, in->len);
	return true;
}

static void prompt(const struct io *io)
{
	printf("%s> ", io->program);
	fflush(stdout);
}

static int run_prompt(struct io *io)
{
	struct input in = {.line = malloc(LINE_MAX_LEN)};
	char *line = malloc(LINE_MAX_LEN + 1);
	bool failed = !in.line || !line;

	while (in.line && line && !io->quit) {
		prompt(io);
		if (!take_line(io, &in, line))
			break;
		if (io_run_line(io, line) < 0)
			failed = true;
	}
	free(in.line);
	free(line);
	return failed;
}

static int run(struct io *io, const struct conf *conf, const char *name)
{
	int status;

	io->misalign = conf->misalign;
	if (open_first(io, conf, name) < 0)
		return 1;
	status = conf->commands.n ? run_commands(io, &conf->commands)
				  : run_prompt(io);
	io_close(io);
	return status;
}

static int start(struct io *io, int argc, char **argv, struct conf *conf,
		 char **args)
{
	struct error err = {0};
	unsigned n;

	if (img_args_parse(options, conf, argc, argv, args, &n, &err) < 0) {
		fprintf(stderr, "%s: %s\n", io->program, err.msg);
		return 1;
	}
	if (conf->help || conf->version || n > 1) {
		if (conf->version)
			print_version(io);
		else
			print_help(io, conf->help ? stdout : stderr);
		return !conf->help && !conf->version;
	}
	io->ctx = blk_ctx_new(&err);
	if (!io->ctx) {
		fprintf(stderr, "%s: %s\n", io->program, err.msg);
		return 1;
	}
	return run(io, conf, n ? args[0] : NULL);
}

int io_main(int argc, char **argv)
{
	struct conf conf = {.format = NULL};
	const char *slash = strrchr(argv[0], '/');
	struct io io = {.program = slash ? slash + 1 : argv[0]};
	char **args = calloc((size_t)argc + 1, sizeof(*args));
	int status = 1;

	if (!strcmp(io.program, "io"))
		io.program = "pcvm-io";
	if (args)
		status = start(&io, argc, argv, &conf, args);
	blk_ctx_unref(io.ctx);
	img_args_free(options, &conf);
	free(args);
	fflush(stdout);
	return status;
}
