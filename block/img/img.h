/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The image tool, pcvm-img: what its subcommands share.
 *
 * A subcommand is one file with one const struct img_command, which img.c
 * lists.  Its command line is read into a conf of its own by its table of
 * options; usage and help come from the same table.  All in one thread, which
 * polls the context of the images that it opens.
 */
#ifndef BLOCK_IMG_IMG_H
#define BLOCK_IMG_IMG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "block/node.h"
#include "block/size_text.h"
#include "vmm/opt.h"

enum img_type {
	IMG_FLAG, /* bool; takes no value */
	IMG_TEXT, /* const char *: the last one given */
	IMG_JOINED, /* char *: all that were given, with commas between */
	IMG_LIST, /* struct str_list: copies of all that were given */
	IMG_SIZE, /* uint64_t, bytes, with a suffix or none */
	IMG_NUMBER, /* uint64_t */
	IMG_CHOICE, /* int: the index in choices */
	IMG_REFUSED, /* an error, with help as the reason */
};

struct img_option {
	char letter; /* 0: has none */
	const char *name; /* the long one; NULL: has none */
	const char *arg; /* what usage calls its value; NULL: takes none */
	enum img_type type;
	size_t offset; /* of the field in the conf */
	uint64_t min, max; /* of numbers and sizes; max 0: any */
	const char *dflt; /* as the user would write it; NULL: zeros */
	const char *const *choices; /* ends with NULL */
	const char *help; /* one line */
};

struct img {
	const char *program; /* "pcvm-img" or "qemu-img" */
	const struct img_command *command;
	struct blk_ctx *ctx;
	char **args; /* the command line without its options */
	unsigned nargs;
};

struct img_command {
	const char *name;
	const char *args; /* behind the options, as usage has it */
	const char *help; /* one line */
	const struct img_option *options; /* the last has no name, no letter */
	size_t conf_size;
	unsigned min_args, max_args; /* how many */
	bool last_is_plain; /* the last word is no option: "-1G" */
	const char *refused; /* not NULL: why there is no such command */
	/*
	 * The exit status; or -errno, with err filled, which is then printed
	 * and makes status 1.  Strings of conf are the framework's.
	 */
	int (*run)(struct img *img, void *conf, struct error *err);
};

/* For the composition root. */
int img_main(int argc, char **argv);

/* --- img_args.c: also for tools with command lines of their own */

/*
 * Reads argv[1..argc-1] into conf, with options mixed among the rest, which
 * goes to args (room for argc) in its order; "--" ends the options.  Long
 * names may be cut short where one option alone begins so.
 */
int img_args_parse(const struct img_option *options, void *conf, int argc,
		   char **argv, char **args, unsigned *nargs,
		   struct error *err);
/* What img_args_parse allocated. */
void img_args_free(const struct img_option *options, void *conf);
/* " [-f fmt] [--output=ofmt]", on one line. */
void img_args_usage(const struct img_option *options, FILE *out);
/* One line for each option. */
void img_args_help(const struct img_option *options, FILE *out);

/* Options that several commands have: c is the conf, f the field. */
#define IMG_OPT_FORMAT(c, f) \
	{ \
		.letter = 'f', .name = "format", .arg = "fmt", \
		.type = IMG_TEXT, .offset = offsetof(c, f), \
		.help = "format of the image; guessed from its content " \
			"without it", \
	}
#define IMG_OPT_IMAGE_OPTS(c, f) \
	{ \
		.name = "image-opts", .type = IMG_FLAG, \
		.offset = offsetof(c, f), \
		.help = "the image is named by options " \
			"(driver=...,file.filename=...)", \
	}
#define IMG_OPT_SHARE(c, f) \
	{ \
		.letter = 'U', .name = "force-share", .type = IMG_FLAG, \
		.offset = offsetof(c, f), \
		.help = "open the image even if another process writes to it", \
	}
#define IMG_OPT_QUIET(c, f) \
	{ \
		.letter = 'q', .name = "quiet", .type = IMG_FLAG, \
		.offset = offsetof(c, f), .help = "print nothing but errors", \
	}
#define IMG_OPT_PROGRESS(c, f) \
	{ \
		.letter = 'p', .name = "progress", .type = IMG_FLAG, \
		.offset = offsetof(c, f), .help = "show how far it has come", \
	}
#define IMG_OPT_SOURCE_CACHE(c, f) \
	{ \
		.letter = 'T', .name = "source-cache", .arg = "cache", \
		.type = IMG_TEXT, .offset = offsetof(c, f), \
		.help = "cache mode for reading", \
	}
#define IMG_OPT_CACHE(c, f) \
	{ \
		.letter = 't', .name = "cache", .arg = "cache", \
		.type = IMG_TEXT, .offset = offsetof(c, f), \
		.help = "cache mode for writing: none, writeback, " \
			"writethrough, directsync, unsafe", \
	}
/* int: enum img_output */
#define IMG_OPT_OUTPUT(c, f) \
	{ \
		.name = "output", .arg = "ofmt", .type = IMG_CHOICE, \
		.offset = offsetof(c, f), .choices = img_outputs, \
		.help = "human or json", \
	}
#define IMG_OPT_OBJECT \
	{ \
		.name = "object", .arg = "objectdef", .type = IMG_REFUSED, \
		.help = "objects hold secrets and the like, for encrypted " \
			"images and network storage, which pcvm does not " \
			"support; leave the option out", \
	}

enum img_output { IMG_HUMAN, IMG_JSON };
extern const char *const img_outputs[];

/* --- img_open.c */

struct img_source {
	const char *name;
	const char *format; /* NULL: by its content */
	const char *cache; /* NULL: writeback */
	const char *aio; /* NULL: threads */
	const char *backing_node; /* this node is its backing file; or NULL */
	bool image_opts; /* name has options */
	bool force_share;
	unsigned flags; /* BLK_O_RDWR, BLK_O_NO_BACKING, ... */
};

/*
 * Opens an image; its error names it.  *writethrough (may be NULL): what is
 * written should be on disk at once.
 */
struct blk_node *img_open(struct img *img, const struct img_source *source,
			  bool *writethrough, struct error *err);
/* "driver=qcow2,file.filename=x" as an object, the caller's; or NULL. */
json_t *img_options_json(const char *text, struct error *err);
/*
 * Reads size bytes for people: a suffix, or none; what it is the size of
 * begins its error.
 */
int img_parse_size(const char *text, const char *what, uint64_t *size,
		   struct error *err);
/* options of -o; NULL will do.  The list is the caller's. */
int img_parse_options(const char *text, struct opt_list *list,
		      struct error *err);
/* Does -o ask for help ("help" or "?" in it)? */
bool img_wants_help(const char *options);

/* --- img_print.c */

/* "pcvm-img: message" on stderr. */
void img_print_error(const struct img *img, const struct error *err);
/* As qemu-img prints values: indented by four, a newline at the end. */
void img_print_json(const json_t *value);
/* A string of bytes; what is not UTF-8 is replaced. */
json_t *img_json_text(const char *text);
/* blk_info's specific, for people: "data-file-raw" is "data file raw". */
void img_print_specific(const json_t *specific);
/* The table of snapshot -l, with its header. */
void img_print_snapshots(const struct blk_snapshot *list, size_t n);
/* What -o takes, as the table has it; without a table, nothing is printed. */
void img_print_options(const struct opt_desc *desc);

/*
 * "    (12.34/100%)\r" on stdout, as far as it is on.  SIGUSR1, which img_main
 * blocks, asks for a line of it on stderr in any case.
 */
struct img_progress {
	bool on;
	double shown;
};

void img_progress_start(struct img_progress *p, bool on);
void img_progress_set(struct img_progress *p, double percent);
/* The last line is ended; it stays as it was where it failed. */
void img_progress_end(struct img_progress *p);

/* img_COMMAND.c */
extern const struct img_command img_amend, img_bench, img_bitmap, img_check,
	img_commit, img_compare, img_convert, img_create, img_dd, img_info,
	img_map, img_measure, img_rebase, img_resize, img_snapshot;

#endif
