/* SPDX-License-Identifier: GPL-2.0-or-later */
/* map: where an image's data is, through its backing chain. */
#include <errno.h>
#include <string.h>

#include "block/img/img.h"

struct conf {
	const char *format;
	uint64_t start, length;
	int output;
	bool image_opts, share;
};

static const struct img_option options[] = {
	IMG_OPT_OBJECT,
	IMG_OPT_IMAGE_OPTS(struct conf, image_opts),
	IMG_OPT_FORMAT(struct conf, format),
	{.letter = 's',
	 .name = "start-offset",
	 .arg = "offset",
	 .type = IMG_SIZE,
	 .offset = offsetof(struct conf, start),
	 .max = INT64_MAX,
	 .help = "where to begin"},
	{.letter = 'l',
	 .name = "max-length",
	 .arg = "len",
	 .type = IMG_SIZE,
	 .offset = offsetof(struct conf, length),
	 .max = INT64_MAX,
	 .dflt = "9223372036854775807",
	 .help = "how many bytes to tell of"},
	IMG_OPT_OUTPUT(struct conf, output),
	IMG_OPT_SHARE(struct conf, share),
	{.name = NULL},
};

struct entry {
	uint64_t start;
	unsigned depth;
	struct blk_extent ext;
};

static const char *truth(bool yes)
{
	return yes ? "true" : "false";
}

static void print_json(const struct entry *e, bool first)
{
	const unsigned flags = e->ext.flags;

	printf("%s{ \"start\": %llu, \"length\": %llu, \"depth\": %u, "
	       "\"present\": %s, \"zero\": %s, \"data\": %s",
	       first ? "" : ",\n", (unsigned long long)e->start,
	       (unsigned long long)e->ext.len, e->depth,
	       truth(flags & BLK_ALLOCATED), truth(flags & BLK_ZERO),
	       truth(flags & BLK_HAS_DATA));
	if (flags & BLK_OFFSET_VALID)
		printf(", \"offset\": %llu", (unsigned long long)e->ext.map);
	printf("}");
}

/* Data that is plainly in a file: what another program could read. */
static int print_human(const struct entry *e, struct error *err)
{
	const unsigned flags = e->ext.flags;

	if (!(flags & BLK_HAS_DATA) || (flags & BLK_ZERO))
		return 0;
	if (!(flags & BLK_OFFSET_VALID) || !e->ext.host_name)
		return error_set(err, ENOTSUP,
				 "File contains external, encrypted or "
				 "compressed clusters; --output=json shows "
				 "them");
	printf("%#-16llx%#-16llx%#-16llx%s\n", (unsigned long long)e->start,
	       (unsigned long long)e->ext.len, (unsigned long long)e->ext.map,
	       e->ext.host_name);
	return 0;
}

static int print_entry(const struct conf *conf, const struct entry *e,
		       bool first, struct error *err)
{
	if (conf->output == IMG_HUMAN)
		return print_human(e, err);
	print_json(e, first);
	return 0;
}

static const char *name_of(const struct blk_extent *ext)
{
	return ext->host_name ? ext->host_name : "";
}

/* Is b nothing but the rest of a? */
static bool goes_on(const struct entry *a, const struct entry *b)
{
	if (a->ext.flags != b->ext.flags || a->depth != b->depth)
		return false;
	return !(a->ext.flags & BLK_OFFSET_VALID) ||
	       (a->ext.map + a->ext.len == b->ext.map &&
		!strcmp(name_of(&a->ext), name_of(&b->ext)));
}

static int get_entry(struct blk_node *node, uint64_t at, uint64_t end,
		     struct entry *e, struct error *err)
{
	int rc;

	*e = (struct entry){.start = at};
	rc = blk_status_above(node, NULL, at, end - at, &e->ext, &e->depth);
	if (rc < 0)
		return error_errno(err, -rc,
				   "Failed to read the image's metadata");
	/* Where no image has it, it counts as the last one's that was asked. */
	if (!(e->ext.flags & BLK_ALLOCATED) && e->depth)
		e->depth--;
	e->ext.flags &=
		BLK_ALLOCATED | BLK_ZERO | BLK_HAS_DATA | BLK_OFFSET_VALID;
	return 0;
}

static int map_range(struct blk_node *node, const struct conf *conf,
		     uint64_t end, struct error *err)
{
	struct entry run = {.start = conf->start}, e;
	uint64_t at;
	bool first = true;
	int rc;

	for (at = conf->start; at < end; at += e.ext.len) {
		rc = get_entry(node, at, end, &e, err);
		if (rc < 0)
			return rc;
		if (run.ext.len && goes_on(&run, &e)) {
			run.ext.len += e.ext.len;
			continue;
		}
		rc = run.ext.len ? print_entry(conf, &run, first, err) : 0;
		if (rc < 0)
			return rc;
		first = first && !run.ext.len;
		run = e;
	}
	/* An empty range is one empty entry to JSON's readers. */
	return print_entry(conf, &run, first, err);
}

static int map_node(struct blk_node *node, const struct conf *conf,
		    struct error *err)
{
	uint64_t end = node->size;
	int rc;

	if (conf->start > end)
		end = conf->start;
	else if (conf->length < end - conf->start)
		end = conf->start + conf->length;
	printf(conf->output == IMG_JSON ? "[" : "%-16s%-16s%-16s%s\n", "Offset",
	       "Length", "Mapped to", "File");
	rc = map_range(node, conf, end, err);
	if (rc == 0 && conf->output == IMG_JSON)
		printf("]\n");
	return rc;
}

static int map_run(struct img *img, void *opaque, struct error *err)
{
	const struct conf *conf = opaque;
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
	rc = map_node(node, conf, err);
	blk_node_unref(node);
	return rc;
}

const struct img_command img_map = {
	.name = "map",
	.args = "filename",
	.help = "Tells where the data of an image is",
	.options = options,
	.conf_size = sizeof(struct conf),
	.min_args = 1,
	.max_args = 1,
	.run = map_run,
};
