/* SPDX-License-Identifier: GPL-2.0-or-later */
/* check: looks an image over for errors and leaks, and repairs them. */
#include <errno.h>
#include <string.h>

#include "block/driver.h"
#include "block/img/img.h"

enum status {
	STATUS_CLEAN = 0,
	STATUS_FAILED = 1,
	STATUS_CORRUPT = 2,
	STATUS_LEAKS = 3,
	STATUS_NO_CHECKS = 63,
};

enum repair { REPAIR_NONE, REPAIR_LEAKS, REPAIR_ALL };

static const char *const repairs[] = {"none", "leaks", "all", NULL};
static const unsigned fixes[] = {
	[REPAIR_NONE] = 0,
	[REPAIR_LEAKS] = BLK_FIX_LEAKS,
	[REPAIR_ALL] = BLK_FIX_LEAKS | BLK_FIX_ERRORS,
};

struct conf {
	const char *format, *cache;
	int output, repair;
	bool image_opts, share, quiet;
};

static const struct img_option options[] = {
	IMG_OPT_OBJECT,
	IMG_OPT_IMAGE_OPTS(struct conf, image_opts),
	IMG_OPT_QUIET(struct conf, quiet),
	IMG_OPT_FORMAT(struct conf, format),
	IMG_OPT_OUTPUT(struct conf, output),
	{.letter = 'r',
	 .name = "repair",
	 .arg = "leaks|all",
	 .type = IMG_CHOICE,
	 .offset = offsetof(struct conf, repair),
	 .choices = repairs,
	 .help = "repair leaked clusters, or all that is wrong"},
	IMG_OPT_SOURCE_CACHE(struct conf, cache),
	IMG_OPT_SHARE(struct conf, share),
	{.name = NULL},
};

static void say(void *ctx, const char *line)
{
	(void)ctx;
	fprintf(stderr, "%s\n", line);
}

static void add(json_t *o, const char *key, uint64_t n, bool always)
{
	if (n || always)
		json_object_set_new(o, key, json_integer((json_int_t)n));
}

static void print_json(const struct blk_node *node, const struct blk_check *r)
{
	json_t *o = json_object();

	add(o, "image-end-offset", r->image_end_offset, false);
	add(o, "compressed-clusters", r->compressed_clusters, false);
	add(o, "total-clusters", r->total_clusters, false);
	add(o, "corruptions", r->corruptions, false);
	add(o, "corruptions-fixed", r->corruptions_fixed, false);
	add(o, "check-errors", r->check_errors, true);
	add(o, "leaks", r->leaks, false);
	add(o, "leaks-fixed", r->leaks_fixed, false);
	add(o, "allocated-clusters", r->allocated_clusters, false);
	json_object_set_new(o, "filename", img_json_text(node->filename));
	json_object_set_new(o, "format", json_string(node->driver->name));
	add(o, "fragmented-clusters", r->fragmented_clusters, false);
	img_print_json(o);
	json_decref(o);
}

static void print_wrong(const struct blk_check *r)
{
	if (!r->corruptions && !r->leaks && !r->check_errors)
		printf("No errors were found on the image.\n");
	if (r->corruptions)
		printf("\n%llu errors were found on the image.\n"
		       "Data may be corrupted, or further writes to the image "
		       "may corrupt it.\n",
		       (unsigned long long)r->corruptions);
	if (r->leaks)
		printf("\n%llu leaked clusters were found on the image.\n"
		       "This means waste of disk space, but no harm to data.\n",
		       (unsigned long long)r->leaks);
	if (r->check_errors)
		printf("\n%llu internal errors have occurred during the "
		       "check.\n",
		       (unsigned long long)r->check_errors);
}

static double percent(uint64_t part, uint64_t whole)
{
	return whole ? (double)part * 100.0 / (double)whole : 0;
}

static void print_human(const struct blk_check *r)
{
	print_wrong(r);
	if (r->total_clusters && r->allocated_clusters)
		printf("%llu/%llu = %.2f%% allocated, %.2f%% fragmented, "
		       "%.2f%% compressed clusters\n",
		       (unsigned long long)r->allocated_clusters,
		       (unsigned long long)r->total_clusters,
		       percent(r->allocated_clusters, r->total_clusters),
		       percent(r->fragmented_clusters, r->allocated_clusters),
		       percent(r->compressed_clusters, r->allocated_clusters));
	if (r->image_end_offset)
		printf("Image end offset: %llu\n",
		       (unsigned long long)r->image_end_offset);
}

static int check_once(struct blk_node *node, unsigned fix, struct blk_check *r,
		      struct error *err)
{
	*r = (struct blk_check){.say = say};
	return blk_check(node, fix, r, err);
}

/* What was repaired is checked again, and counts as repaired. */
static int check_again(struct blk_node *node, const struct conf *conf,
		       struct blk_check *r, struct error *err)
{
	uint64_t leaks = r->leaks_fixed, corruptions = r->corruptions_fixed;
	int rc;

	if (!leaks && !corruptions)
		return 0;
	if (!conf->quiet && conf->output == IMG_HUMAN)
		printf("The following inconsistencies were found and "
		       "repaired:\n\n"
		       "    %llu leaked clusters\n"
		       "    %llu corruptions\n\n"
		       "Double checking the fixed image now...\n",
		       (unsigned long long)leaks,
		       (unsigned long long)corruptions);
	fflush(stdout);
	rc = check_once(node, 0, r, err);
	r->leaks_fixed = leaks;
	r->corruptions_fixed = corruptions;
	return rc;
}

static int status_of(const struct blk_check *r)
{
	if (r->check_errors)
		return STATUS_FAILED;
	if (r->corruptions)
		return STATUS_CORRUPT;
	return r->leaks ? STATUS_LEAKS : STATUS_CLEAN;
}

static int check_node(struct img *img, struct blk_node *node,
		      const struct conf *conf, struct error *err)
{
	struct blk_check result;
	int rc = check_once(node, fixes[conf->repair], &result, err);

	if (rc == -ENOTSUP) {
		error_set(err, ENOTSUP,
			  "This image format (%s) does not support checks",
			  node->driver->name);
		img_print_error(img, err);
		return STATUS_NO_CHECKS;
	}
	rc = rc < 0 ? rc : check_again(node, conf, &result, err);
	if (rc < 0)
		return rc;
	if (conf->output == IMG_JSON)
		print_json(node, &result);
	else if (!conf->quiet)
		print_human(&result);
	return status_of(&result);
}

static int check_run(struct img *img, void *opaque, struct error *err)
{
	const struct conf *conf = opaque;
	struct img_source source = {
		.name = img->args[0],
		.format = conf->format,
		.cache = conf->cache,
		.image_opts = conf->image_opts,
		.force_share = conf->share,
		.flags = BLK_O_CHECK | (conf->repair ? BLK_O_RDWR : 0),
	};
	struct blk_node *node = img_open(img, &source, NULL, err);
	int rc;

	if (!node)
		return -EIO;
	rc = check_node(img, node, conf, err);
	blk_node_unref(node);
	return rc;
}

const struct img_command img_check = {
	.name = "check",
	.args = "filename",
	.help = "Looks an image over for errors; exits with 0 if there are "
		"none, 1 if it could not check, 2 for errors, 3 for leaks "
		"alone, 63 if the format has no checks",
	.options = options,
	.conf_size = sizeof(struct conf),
	.min_args = 1,
	.max_args = 1,
	.run = check_run,
};
