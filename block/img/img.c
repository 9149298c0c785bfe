/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The image tool: from the command line to a subcommand. */
#include "block/img/img.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "block/driver.h"
#include "build.h"

static const struct img_command *const commands[] = {
	&img_amend,  &img_bench,   &img_bitmap,	  &img_check,
	&img_commit, &img_compare, &img_convert,  &img_create,
	&img_dd,     &img_info,	   &img_map,	  &img_measure,
	&img_rebase, &img_resize,  &img_snapshot, NULL,
};

struct global {
	bool help, version;
};

static const struct img_option global_options[] = {
	{.letter = 'h',
	 .name = "help",
	 .type = IMG_FLAG,
	 .offset = offsetof(struct global, help),
	 .help = "print this help; COMMAND --help tells of one command"},
	{.letter = 'T',
	 .name = "trace",
	 .arg = "spec",
	 .type = IMG_REFUSED,
	 .help = "pcvm has no trace events"},
	{.letter = 'V',
	 .name = "version",
	 .type = IMG_FLAG,
	 .offset = offsetof(struct global, version),
	 .help = "print the version"},
	{.name = NULL},
};

static void print_version(const struct img *img)
{
	if (!strcmp(img->program, "qemu-img"))
		printf("qemu-img version 7.2.0 (pcvm %s)\n", PCVM_VERSION);
	else
		printf("%s %s\n", img->program, PCVM_VERSION);
}

static void print_syntax(const struct img_command *c)
{
	if (c->refused)
		return;
	printf("  %s", c->name);
	img_args_usage(c->options, stdout);
	printf(" %s\n", c->args);
}

static void print_formats(void)
{
	unsigned i;

	printf("\nSupported formats:");
	for (i = 0; blk_drivers[i]; i++)
		printf(" %s", blk_drivers[i]->name);
	printf("\n");
}

static void print_help(const struct img *img)
{
	unsigned i;

	printf("usage: %s [standard options] command [command options]\n"
	       "Makes, examines and changes disk images.\n\n"
	       "Standard options:\n",
	       img->program);
	img_args_help(global_options, stdout);
	printf("\nCommand syntax:\n");
	for (i = 0; commands[i]; i++)
		print_syntax(commands[i]);
	print_formats();
}

static void print_command_help(const struct img *img,
			       const struct img_command *c)
{
	if (c->refused) {
		printf("%s: %s\n", c->name, c->refused);
		return;
	}
	printf("usage: %s %s", img->program, c->name);
	img_args_usage(c->options, stdout);
	printf(" %s\n%s.\n\n", c->args, c->help);
	img_args_help(c->options, stdout);
}

static bool asks_for_help(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
			return true;
	return false;
}

static const struct img_command *find(const char *name, struct error *err)
{
	const char *names[sizeof(commands) / sizeof(*commands)];
	const char *near;
	unsigned n;

	for (n = 0; commands[n]; n++) {
		names[n] = commands[n]->name;
		if (!strcmp(name, names[n]))
			return commands[n];
	}
	near = opt_nearest(name, names, n, sizeof(*names));
	if (near)
		error_set(err, EINVAL,
			  "unknown command '%s'; did you mean '%s'?", name,
			  near);
	else
		error_set(err, EINVAL,
			  "unknown command '%s'; --help lists the commands",
			  name);
	return NULL;
}

static int check_nargs(const struct img *img, struct error *err)
{
	const struct img_command *c = img->command;

	if (img->nargs < c->min_args)
		return error_set(err, EINVAL,
				 "%s: an argument is missing; its syntax is: "
				 "%s [options] %s",
				 c->name, c->name, c->args);
	if (img->nargs > c->max_args)
		return error_set(err, EINVAL,
				 "%s: '%s' is one argument too many; its "
				 "syntax is: %s [options] %s",
				 c->name, img->args[c->max_args], c->name,
				 c->args);
	return 0;
}

static int run_in_context(struct img *img, void *conf, struct error *err)
{
	int rc;

	img->ctx = blk_ctx_new(err);
	if (!img->ctx)
		return -EIO;
	rc = img->command->run(img, conf, err);
	blk_ctx_unref(img->ctx);
	return rc;
}

static int read_args(struct img *img, void *conf, int argc, char **argv,
		     struct error *err)
{
	const struct img_command *c = img->command;
	char *last = NULL;
	int rc;

	img->args = calloc((size_t)argc + 1, sizeof(*img->args));
	if (!conf || !img->args)
		return error_set(err, ENOMEM, "out of memory");
	if (c->last_is_plain && argc > 2)
		last = argv[--argc];
	rc = img_args_parse(c->options, conf, argc, argv, img->args,
			    &img->nargs, err);
	if (rc < 0)
		return error_prefix(err, "%s", c->name);
	if (last)
		img->args[img->nargs++] = last;
	return check_nargs(img, err);
}

static int run_command(struct img *img, int argc, char **argv,
		       struct error *err)
{
	const struct img_command *c = img->command;
	void *conf = calloc(1, c->conf_size + 1);
	int rc = c->refused ? error_set(err, ENOTSUP, "%s: %s", c->name,
					c->refused)
			    : read_args(img, conf, argc, argv, err);

	rc = rc < 0 ? rc : run_in_context(img, conf, err);
	if (conf && !c->refused)
		img_args_free(c->options, conf);
	free(conf);
	free(img->args);
	return rc;
}

static int end(const struct img *img, int rc, const struct error *err)
{
	struct error late = {0};
	int status = rc < 0 ? 1 : rc;

	if (rc < 0)
		img_print_error(img, err);
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	error_errno(&late, errno, "cannot write the output");
	img_print_error(img, &late);
	return status ? status : 1;
}

/* The standard options are those before the command. */
static int take_global(struct img *img, int *argc, char ***argv,
		       struct global *global, struct error *err)
{
	char *none[8];
	unsigned n = 0;
	int own = 1;

	while (own < *argc && own < 8 && (*argv)[own][0] == '-')
		own++;
	if (own == *argc && own == 1)
		return error_set(err, EINVAL,
				 "a command is missing; --help lists them");
	*argc -= own - 1;
	*argv += own - 1;
	(void)img;
	return img_args_parse(global_options, global, own, *argv - own + 1,
			      none, &n, err);
}

/* It asks how far a command is, and must not end one that does not tell. */
static void block_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
}

int img_main(int argc, char **argv)
{
	struct img img = {.program = "pcvm-img"};
	struct global global = {0};
	struct error err = {0};
	size_t len = strlen(argv[0]);
	int rc;

	if (len >= 8 && !strcmp(argv[0] + len - 8, "qemu-img"))
		img.program = "qemu-img";
	block_signals();
	rc = take_global(&img, &argc, &argv, &global, &err);
	if (rc == 0 && !global.help && !global.version) {
		img.command = argc > 1 ? find(argv[1], &err) : NULL;
		rc = img.command ? 0 : -EINVAL;
	}
	if (rc == 0 && global.version)
		print_version(&img);
	else if (rc == 0 && global.help)
		print_help(&img);
	else if (rc == 0 && asks_for_help(argc - 1, argv + 1))
		print_command_help(&img, img.command);
	else if (rc == 0)
		rc = run_command(&img, argc - 1, argv + 1, &err);
	return end(&img, rc, &err);
}
