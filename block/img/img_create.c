/* SPDX-License-Identifier: GPL-2.0-or-later */
/* create: makes an image. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "block/driver.h"
#include "block/formats.h"
#include "block/img/img.h"
#include "block/path.h"

#define SHOWN_MAX 16

struct conf {
	const char *format, *backing, *backing_format;
	char *options;
	bool quiet, unsafe;
};

static const struct img_option options[] = {
	IMG_OPT_OBJECT,
	IMG_OPT_QUIET(struct conf, quiet),
	{.letter = 'f',
	 .name = "format",
	 .arg = "fmt",
	 .type = IMG_TEXT,
	 .offset = offsetof(struct conf, format),
	 .dflt = "raw",
	 .help = "format of the image; raw without it"},
	{.letter = 'b',
	 .name = "backing",
	 .arg = "backing_file",
	 .type = IMG_TEXT,
	 .offset = offsetof(struct conf, backing),
	 .help = "image that has what this one has not"},
	{.letter = 'F',
	 .name = "backing-format",
	 .arg = "backing_fmt",
	 .type = IMG_TEXT,
	 .offset = offsetof(struct conf, backing_format),
	 .help = "format of the backing file"},
	{.letter = 'u',
	 .name = "backing-unsafe",
	 .type = IMG_FLAG,
	 .offset = offsetof(struct conf, unsafe),
	 .help = "do not look whether there is a backing file"},
	{.letter = 'o',
	 .arg = "options",
	 .type = IMG_JOINED,
	 .offset = offsetof(struct conf, options),
	 .help = "options of the format; -o help lists them"},
	{.name = NULL},
};

/* What is said of a new image, in the order that scripts know. */
struct shown {
	const char *name;
	const char *dflt; /* NULL: only if it was given */
};

static const struct shown shown_qcow2[SHOWN_MAX] = {
	{.name = "encryption"},
	{.name = "cluster_size", .dflt = "65536"},
	{.name = "extended_l2", .dflt = "off"},
	{.name = "preallocation"},
	{.name = "compression_type", .dflt = "zlib"},
	{.name = "size"},
	{.name = "compat"},
	{.name = "backing_file"},
	{.name = "backing_fmt"},
	{.name = "data_file"},
	{.name = "data_file_raw"},
	{.name = "lazy_refcounts", .dflt = "off"},
	{.name = "refcount_bits", .dflt = "16"},
	{.name = "nocow"},
	{.name = "extent_size_hint"},
};

static const struct shown shown_raw[SHOWN_MAX] = {
	{.name = "size"},
	{.name = "nocow"},
	{.name = "preallocation"},
	{.name = "extent_size_hint"},
};

static const struct {
	const char *format;
	const struct shown *shown;
} formats[] = {
	{"qcow2", shown_qcow2},
	{"raw", shown_raw},
};

#define FORMATS (sizeof(formats) / sizeof(*formats))

struct making {
	struct img *img;
	const struct conf *conf;
	const struct blk_driver *driver;
	const char *filename;
	struct opt_list given; /* of -o, -b, -F */
	struct blk_create how;
};

static const struct shown *shown_of(const char *format)
{
	static const struct shown none[1];
	size_t i;

	for (i = 0; i < FORMATS; i++)
		if (!strcmp(formats[i].format, format))
			return formats[i].shown;
	return none;
}

/* Commas are doubled, as -o wants them. */
static void print_text(const char *text)
{
	for (; *text; text++) {
		putchar(*text);
		if (*text == ',')
			putchar(',');
	}
}

static void print_value(const struct opt_desc *d, const char *text)
{
	uint64_t n;
	bool on;

	if (d->type == OPT_SIZE && opt_parse_size(text, 1, &n, NULL) == 0)
		printf("%llu", (unsigned long long)n);
	else if (d->type == OPT_BOOL && opt_parse_bool(text, &on, NULL) == 0)
		printf("%s", on ? "on" : "off");
	else
		print_text(text);
}

static void print_forming(const struct making *m)
{
	const struct shown *s = shown_of(m->driver->name);
	const struct opt_desc *d;
	const char *value;

	printf("Formatting '%s', fmt=%s", m->filename, m->driver->name);
	for (; s->name; s++) {
		value = opt_list_get(&m->given, s->name);
		value = value ? value : s->dflt;
		d = opt_find(m->driver->create_opts, s->name);
		if (!strcmp(s->name, "size")) {
			printf(" size=%llu", (unsigned long long)m->how.size);
		} else if (value && d) {
			printf(" %s=", s->name);
			print_value(d, value);
		}
	}
	printf("\n");
}

/* Before anything is made or said. */
static int check_options(const struct making *m, struct error *err)
{
	const struct opt_desc *d;
	const struct opt_pair *p;
	uint64_t n;
	bool on;
	int rc = 0;

	for (p = m->given.pair; p < m->given.pair + m->given.n && !rc; p++) {
		d = opt_find(m->driver->create_opts, p->key);
		if (!d)
			rc = opt_set(m->driver->create_opts, NULL, p->key,
				     p->value, err);
		else if (d->type == OPT_SIZE)
			rc = opt_parse_size(p->value, 1, &n, err);
		else if (d->type == OPT_BOOL)
			rc = opt_parse_bool(p->value, &on, err);
		if (rc < 0 && d)
			rc = error_prefix(err, "%s", p->key);
	}
	return rc;
}

static int override(struct making *m, const char *key, const char *value,
		    struct error *err)
{
	if (!value)
		return 0;
	if (!opt_find(m->driver->create_opts, key))
		return error_set(err, ENOTSUP,
				 "Backing file not supported for file format "
				 "'%s'",
				 m->driver->name);
	return opt_list_add(&m->given, key, value, err);
}

static int take_size(struct making *m, struct error *err)
{
	const char *given = opt_list_get(&m->given, "size"), *text = given;

	if (m->img->nargs > 1) {
		if (given)
			return error_set(err, EINVAL,
					 "The image size must be specified "
					 "only once");
		text = m->img->args[1];
	}
	m->how.has_size = text;
	return text ? img_parse_size(text, "the size", &m->how.size, err) : 0;
}

/* Opens it to see that it is there, and how big it is. */
static int try_backing(struct making *m, const char *backing,
		       const char *format, struct error *err)
{
	struct img_source source = {.format = format};
	char *path = blk_path_combine(m->filename, backing);
	struct blk_node *node;

	source.name = path;
	node = path ? img_open(m->img, &source, NULL, err) : NULL;
	free(path);
	if (!node)
		return error_prefix(err, "Could not open backing image");
	if (!format)
		error_set(err, EINVAL,
			  "Backing file specified without backing format: its "
			  "format looks like %s (-F %s)",
			  node->driver->name, node->driver->name);
	if (!m->how.has_size)
		m->how.size = node->size;
	m->how.has_size = true;
	blk_node_unref(node);
	return format ? 0 : -EINVAL;
}

static int check_backing(struct making *m, struct error *err)
{
	const char *backing = opt_list_get(&m->given, "backing_file");
	const char *format = opt_list_get(&m->given, "backing_fmt");

	if (!backing)
		return 0;
	if (!*backing)
		return error_set(err, EINVAL,
				 "Expected backing file name, got empty "
				 "string");
	if (!strcmp(backing, m->filename))
		return error_set(err, EINVAL,
				 "Error: Trying to create an image with the "
				 "same filename as the backing file");
	if (!m->conf->unsafe)
		return try_backing(m, backing, format, err);
	return format ? 0
		      : error_set(err, EINVAL,
				  "Backing file specified without backing "
				  "format (-F)");
}

static int prepare(struct making *m, struct error *err)
{
	int rc = img_parse_options(m->conf->options, &m->given, err);

	rc = rc < 0 ? rc : blk_path_check(m->filename, err);
	rc = rc < 0 ? rc : take_size(m, err);
	rc = rc < 0 ? rc : check_options(m, err);
	rc = rc < 0 ? rc : override(m, "backing_file", m->conf->backing, err);
	rc = rc < 0 ? rc
		    : override(m, "backing_fmt", m->conf->backing_format, err);
	rc = rc < 0 ? rc : check_backing(m, err);
	if (rc == 0 && !m->how.has_size)
		rc = error_set(err, EINVAL,
			       "Image creation needs a size parameter");
	return rc;
}

static int make(struct making *m, struct error *err)
{
	int rc = prepare(m, err);

	if (rc == 0 && !m->conf->quiet)
		print_forming(m);
	if (rc == 0) {
		m->how.filename = m->filename;
		m->how.format = m->driver->name;
		m->how.options = &m->given;
		rc = blk_create(m->img->ctx, &m->how, err);
	}
	opt_list_free(&m->given);
	return rc < 0 ? error_prefix(err, "%s", m->filename) : 0;
}

static int print_help(const struct blk_driver *driver, bool named)
{
	if (named)
		printf("Supported options:\n");
	else
		printf("Supported %s options:\n", driver->name);
	img_print_options(driver->create_opts);
	return 0;
}

static int create_run(struct img *img, void *opaque, struct error *err)
{
	const struct conf *conf = opaque;
	struct making m = {
		.img = img,
		.conf = conf,
		.driver = blk_driver_find(conf->format),
		.filename = img->args[0],
	};

	if (!m.driver)
		return format_refuse(conf->format, err);
	if (!m.driver->create)
		return error_set(err, ENOTSUP,
				 "Format driver '%s' does not support image "
				 "creation",
				 conf->format);
	if (img_wants_help(conf->options))
		return print_help(m.driver, img->nargs);
	if (!img->nargs)
		return error_set(err, EINVAL,
				 "create: the name of the image is missing");
	return make(&m, err);
}

const struct img_command img_create = {
	.name = "create",
	.args = "filename [size]",
	.help = "Makes an image",
	.options = options,
	.conf_size = sizeof(struct conf),
	.max_args = 2,
	.run = create_run,
};
