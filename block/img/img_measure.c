/* SPDX-License-Identifier: GPL-2.0-or-later */
/* measure: how big the file of an image would be. */
#include <errno.h>
#include <string.h>

#include "block/driver.h"
#include "block/formats.h"
#include "block/img/img.h"

#define CLUSTER_DFLT 65536u

struct conf {
	const char *format, *target, *snapshot, *size;
	char *options;
	int output;
	bool image_opts, share;
};

static const struct img_option options[] = {
	IMG_OPT_OUTPUT(struct conf, output),
	{.letter = 'O',
	 .arg = "output_fmt",
	 .type = IMG_TEXT,
	 .offset = offsetof(struct conf, target),
	 .dflt = "raw",
	 .help = "format of the image to be made; raw without it"},
	{.letter = 'o',
	 .arg = "options",
	 .type = IMG_JOINED,
	 .offset = offsetof(struct conf, options),
	 .help = "its options, as create has them; -o help lists them"},
	{.name = "size",
	 .arg = "N",
	 .type = IMG_TEXT,
	 .offset = offsetof(struct conf, size),
	 .help = "of an empty disk of that size, in place of a file"},
	IMG_OPT_OBJECT,
	IMG_OPT_IMAGE_OPTS(struct conf, image_opts),
	IMG_OPT_FORMAT(struct conf, format),
	{.letter = 'l',
	 .arg = "snapshot",
	 .type = IMG_TEXT,
	 .offset = offsetof(struct conf, snapshot),
	 .help = "measure a snapshot of the image"},
	IMG_OPT_SHARE(struct conf, share),
	{.name = NULL},
};

struct answer {
	struct blk_measure size;
	bool has_bitmaps; /* the image could have some, but none are kept */
};

static void print(const struct conf *conf, const struct answer *a)
{
	json_t *o;

	if (conf->output == IMG_HUMAN) {
		printf("required size: %llu\n"
		       "fully allocated size: %llu\n",
		       (unsigned long long)a->size.required,
		       (unsigned long long)a->size.fully_allocated);
		if (a->has_bitmaps)
			printf("bitmaps size: 0\n");
		return;
	}
	o = json_object();
	if (a->has_bitmaps)
		json_object_set_new(o, "bitmaps", json_integer(0));
	json_object_set_new(o, "required",
			    json_integer((json_int_t)a->size.required));
	json_object_set_new(o, "fully-allocated",
			    json_integer((json_int_t)a->size.fully_allocated));
	img_print_json(o);
	json_decref(o);
}

/* Bytes of the clusters that have any data, whoever in the chain has it. */
static int count_data(struct blk_node *node, uint64_t cluster, uint64_t *data,
		      struct error *err)
{
	struct blk_extent ext;
	uint64_t at = 0, from, to;
	unsigned depth;
	int rc;

	for (*data = 0; at < node->size; at += ext.len) {
		rc = blk_status_above(node, NULL, at, node->size - at, &ext,
				      &depth);
		if (rc < 0)
			return error_errno(err, -rc,
					   "Failed to read the image's "
					   "metadata");
		if ((ext.flags & BLK_ZERO) || !(ext.flags & BLK_ALLOCATED))
			continue;
		from = at / cluster * cluster;
		to = (at + ext.len + cluster - 1) / cluster * cluster;
		*data += to - from;
		ext.len = to - at;
	}
	return 0;
}

static uint64_t cluster_of(const struct opt_list *list)
{
	const char *text = opt_list_get(list, "cluster_size");
	uint64_t n = CLUSTER_DFLT;

	if (text && (opt_parse_size(text, 1, &n, NULL) < 0 || !n))
		return CLUSTER_DFLT;
	return n;
}

/* "name", "snapshot.name=name" or "snapshot.id=1" */
static int load_snapshot(struct blk_node *node, const char *text,
			 struct error *err)
{
	struct opt_list list = {0};
	const char *name = text;
	int rc;

	if (!strncmp(text, "snapshot.", 9)) {
		rc = opt_split(text, NULL, &list, err);
		if (rc < 0)
			return rc;
		name = opt_list_get(&list, "snapshot.id");
		if (!name)
			name = opt_list_get(&list, "snapshot.name");
	}
	rc = name ? blk_snapshot_load(node, name, err)
		  : error_set(err, EINVAL,
			      "-l takes a name, snapshot.name=NAME or "
			      "snapshot.id=ID");
	opt_list_free(&list);
	return rc < 0 ? error_prefix(err, "Failed to load snapshot") : 0;
}

static bool can_have_bitmaps(struct blk_node *node)
{
	struct blk_info info;
	const char *compat;
	bool can;

	blk_get_info(node, &info);
	compat = json_string_value(json_object_get(info.specific, "compat"));
	can = compat && strcmp(compat, "0.10") != 0;
	blk_info_free(&info);
	return can;
}

static int measure_node(struct blk_node *node, const struct conf *conf,
			struct opt_list *list, struct answer *a,
			struct error *err)
{
	uint64_t data = node->size;
	int rc = 0;

	if (conf->snapshot)
		rc = load_snapshot(node, conf->snapshot, err);
	/* How much of the backing chain would be shared is not known. */
	if (rc == 0 && !opt_list_get(list, "backing_file"))
		rc = count_data(node, cluster_of(list), &data, err);
	if (rc == 0)
		rc = blk_measure(conf->target, list, node->size, data, &a->size,
				 err);
	a->has_bitmaps =
		!strcmp(conf->target, "qcow2") && can_have_bitmaps(node);
	return rc;
}

static int measure_file(struct img *img, const struct conf *conf,
			struct opt_list *list, struct answer *a,
			struct error *err)
{
	struct img_source source = {
		.name = img->args[0],
		.format = conf->format,
		.image_opts = conf->image_opts,
		.force_share = conf->share,
	};
	struct blk_node *node = img_open(img, &source, NULL, err);
	int rc;

	if (!node)
		return -EIO;
	rc = measure_node(node, conf, list, a, err);
	blk_node_unref(node);
	return rc;
}

static int measure_size(const struct conf *conf, struct opt_list *list,
			struct answer *a, struct error *err)
{
	uint64_t size;
	int rc = img_parse_size(conf->size, "the size", &size, err);

	if (rc < 0)
		return rc;
	if (size > INT64_MAX - BLK_SECTOR)
		return error_set(err, EFBIG, "the size is too big");
	size = (size + BLK_SECTOR - 1) / BLK_SECTOR * BLK_SECTOR;
	return blk_measure(conf->target, list, size, 0, &a->size, err);
}

static int check_args(const struct img *img, const struct conf *conf,
		      struct error *err)
{
	if (conf->size && img->nargs)
		return error_set(err, EINVAL,
				 "--size N cannot be used together with a "
				 "filename.");
	if (!conf->size && !img->nargs)
		return error_set(err, EINVAL,
				 "Either --size N or one filename must be "
				 "specified.");
	if (!img->nargs && (conf->image_opts || conf->format || conf->snapshot))
		return error_set(err, EINVAL,
				 "--image-opts, -f, and -l require a filename "
				 "argument.");
	return 0;
}

static int print_help(const struct conf *conf, struct error *err)
{
	const struct blk_driver *driver = blk_driver_find(conf->target);

	if (!driver)
		return format_refuse(conf->target, err);
	printf("Supported %s options:\n", conf->target);
	img_print_options(driver->create_opts);
	return 0;
}

static int measure_run(struct img *img, void *opaque, struct error *err)
{
	const struct conf *conf = opaque;
	struct answer answer = {.has_bitmaps = false};
	struct opt_list list;
	int rc;

	if (img_wants_help(conf->options))
		return print_help(conf, err);
	rc = check_args(img, conf, err);
	rc = rc < 0 ? rc : img_parse_options(conf->options, &list, err);
	if (rc < 0)
		return rc;
	rc = conf->size ? measure_size(conf, &list, &answer, err)
			: measure_file(img, conf, &list, &answer, err);
	opt_list_free(&list);
	if (rc == 0)
		print(conf, &answer);
	return rc;
}

const struct img_command img_measure = {
	.name = "measure",
	.args = "[filename]",
	.help = "Tells how big the file of a new image would be",
	.options = options,
	.conf_size = sizeof(struct conf),
	.max_args = 1,
	.run = measure_run,
};
