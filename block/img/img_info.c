/* SPDX-License-Identifier: GPL-2.0-or-later */
/* info: what an image is, and its backing chain if asked. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "block/img/img.h"

#define CHAIN_MAX 200

struct conf {
	const char *format;
	int output;
	bool image_opts, share, chain;
};

static const struct img_option options[] = {
	IMG_OPT_OBJECT,
	IMG_OPT_IMAGE_OPTS(struct conf, image_opts),
	IMG_OPT_FORMAT(struct conf, format),
	IMG_OPT_OUTPUT(struct conf, output),
	{.name = "backing-chain",
	 .type = IMG_FLAG,
	 .offset = offsetof(struct conf, chain),
	 .help = "tell of all images of the backing chain"},
	IMG_OPT_SHARE(struct conf, share),
	{.name = NULL},
};

struct told {
	struct blk_node *node;
	struct blk_info info;
	struct blk_snapshot *snapshots;
	size_t nsnapshots;
};

static json_t *snapshot_json(const struct blk_snapshot *s)
{
	const uint64_t second = 1000000000;
	json_t *o = json_object();

	if (s->icount != UINT64_MAX)
		json_object_set_new(o, "icount",
				    json_integer((json_int_t)s->icount));
	json_object_set_new(o, "vm-clock-nsec",
			    json_integer(
				    (json_int_t)(s->vm_clock_ns % second)));
	json_object_set_new(o, "name", img_json_text(s->name));
	json_object_set_new(o, "date-sec", json_integer(s->date_sec));
	json_object_set_new(o, "date-nsec", json_integer(s->date_nsec));
	json_object_set_new(o, "vm-clock-sec",
			    json_integer(
				    (json_int_t)(s->vm_clock_ns / second)));
	json_object_set_new(o, "id", img_json_text(s->id));
	json_object_set_new(o, "vm-state-size",
			    json_integer((json_int_t)s->vm_state_size));
	return o;
}

static json_t *snapshots_json(const struct told *t)
{
	json_t *all = json_array();
	size_t i;

	for (i = 0; i < t->nsnapshots; i++)
		json_array_append_new(all, snapshot_json(&t->snapshots[i]));
	return all;
}

static void add_text(json_t *o, const char *key, const char *text)
{
	if (text)
		json_object_set_new(o, key, img_json_text(text));
}

static void add_size(json_t *o, const char *key, uint64_t n)
{
	json_object_set_new(o, key, json_integer((json_int_t)n));
}

/* In qemu-img's order, for who compares texts. */
static json_t *info_json(const struct told *t)
{
	const struct blk_info *i = &t->info;
	json_t *o = json_object();

	add_text(o, "backing-filename-format", i->backing_format);
	if (t->nsnapshots)
		json_object_set_new(o, "snapshots", snapshots_json(t));
	add_size(o, "virtual-size", i->virtual_size);
	add_text(o, "filename", t->node->filename);
	if (i->cluster_size)
		add_size(o, "cluster-size", i->cluster_size);
	add_text(o, "format", i->format);
	if (i->actual_size >= 0)
		add_size(o, "actual-size", (uint64_t)i->actual_size);
	if (i->encrypted)
		json_object_set_new(o, "encrypted", json_true());
	if (i->specific)
		json_object_set_new(o, "format-specific",
				    json_pack("{s:s,s:O}", "type", i->format,
					      "data", i->specific));
	add_text(o, "full-backing-filename", i->full_backing_file);
	add_text(o, "backing-filename", i->backing_file);
	json_object_set_new(o, "dirty-flag", json_boolean(i->dirty));
	return o;
}

void img_print_specific(const json_t *specific)
{
	const char *key, *c;
	json_t *v;

	printf("Format specific information:\n");
	json_object_foreach((json_t *)(uintptr_t)specific, key, v)
	{
		printf("    ");
		for (c = key; *c; c++)
			putchar(*c == '-' ? ' ' : *c);
		if (json_is_boolean(v))
			printf(": %s\n", json_is_true(v) ? "true" : "false");
		else if (json_is_integer(v))
			printf(": %lld\n", (long long)json_integer_value(v));
		else
			printf(": %s\n", json_string_value(v));
	}
}

static void print_backing(const struct blk_info *i)
{
	if (!i->backing_file)
		return;
	printf("backing file: %s", i->backing_file);
	if (i->full_backing_file &&
	    strcmp(i->backing_file, i->full_backing_file) != 0)
		printf(" (actual path: %s)", i->full_backing_file);
	printf("\n");
	if (i->backing_format)
		printf("backing file format: %s\n", i->backing_format);
}

static void print_human(const struct told *t)
{
	const struct blk_info *i = &t->info;
	char size[BLK_SIZE_TEXT], disk[BLK_SIZE_TEXT] = "unavailable";

	blk_size_text(i->virtual_size, size);
	if (i->actual_size >= 0)
		blk_size_text((uint64_t)i->actual_size, disk);
	printf("image: %s\n"
	       "file format: %s\n"
	       "virtual size: %s (%llu bytes)\n"
	       "disk size: %s\n",
	       t->node->filename, i->format, size,
	       (unsigned long long)i->virtual_size, disk);
	if (i->encrypted)
		printf("encrypted: yes\n");
	if (i->cluster_size)
		printf("cluster_size: %u\n", i->cluster_size);
	if (i->dirty)
		printf("cleanly shut down: no\n");
	print_backing(i);
	if (t->nsnapshots)
		img_print_snapshots(t->snapshots, t->nsnapshots);
	if (i->specific)
		img_print_specific(i->specific);
}

static void forget(struct told *t)
{
	blk_info_free(&t->info);
	blk_snapshots_free(t->snapshots, t->nsnapshots);
	blk_node_unref(t->node);
}

static int tell(struct img *img, const struct img_source *source,
		struct told *t, struct error *err)
{
	struct error none = {0};

	t->node = img_open(img, source, NULL, err);
	if (!t->node)
		return -EIO;
	blk_get_info(t->node, &t->info);
	/* Of a file itself: disks have whole sectors. */
	t->info.virtual_size = (t->info.virtual_size + BLK_SECTOR - 1) /
			       BLK_SECTOR * BLK_SECTOR;
	/* A format without snapshots has none. */
	if (blk_snapshots(t->node, &t->snapshots, &t->nsnapshots, &none) < 0)
		t->nsnapshots = 0;
	return 0;
}

/* By the file itself, whatever the names that lead to it. */
static int check_loop(const struct told *all, unsigned n, struct error *err)
{
	char *one = realpath(all[n].node->filename, NULL), *other;
	bool same = false;
	unsigned i;

	for (i = 0; one && i < n && !same; i++) {
		other = realpath(all[i].node->filename, NULL);
		same = other && !strcmp(one, other);
		free(other);
	}
	free(one);
	return same ? error_set(err, ELOOP,
				"Backing file '%s' creates an infinite loop.",
				all[n].node->filename)
		    : 0;
}

static int tell_chain(struct img *img, const struct conf *conf,
		      struct told *all, unsigned *n, struct error *err)
{
	struct img_source source = {
		.name = img->args[0],
		.format = conf->format,
		.image_opts = conf->image_opts,
		.force_share = conf->share,
		.flags = BLK_O_NO_BACKING | BLK_O_NO_IO,
	};
	int rc;

	for (*n = 0; source.name; ++*n) {
		if (*n == CHAIN_MAX)
			return error_set(err, ELOOP,
					 "the chain of images is longer than "
					 "%u",
					 CHAIN_MAX);
		rc = tell(img, &source, &all[*n], err);
		if (rc == 0)
			rc = check_loop(all, *n, err);
		if (rc < 0)
			return rc;
		source.image_opts = false;
		source.name =
			conf->chain ? all[*n].info.full_backing_file : NULL;
		source.format = all[*n].info.backing_format;
	}
	return 0;
}

static void print_all(const struct conf *conf, const struct told *all,
		      unsigned n)
{
	json_t *list = json_array();
	unsigned i;

	for (i = 0; i < n && conf->output == IMG_JSON; i++)
		json_array_append_new(list, info_json(&all[i]));
	for (i = 0; i < n && conf->output == IMG_HUMAN; i++) {
		if (i)
			printf("\n");
		print_human(&all[i]);
	}
	if (conf->output == IMG_JSON)
		img_print_json(conf->chain ? list : json_array_get(list, 0));
	json_decref(list);
}

static int info_run(struct img *img, void *opaque, struct error *err)
{
	const struct conf *conf = opaque;
	struct told *all = calloc(CHAIN_MAX, sizeof(*all));
	unsigned n = 0, i;
	int rc;

	if (!all)
		return error_set(err, ENOMEM, "out of memory");
	rc = tell_chain(img, conf, all, &n, err);
	if (rc == 0)
		print_all(conf, all, n);
	for (i = 0; i < CHAIN_MAX; i++)
		if (all[i].node)
			forget(&all[i]);
	free(all);
	return rc;
}

const struct img_command img_info = {
	.name = "info",
	.args = "filename",
	.help = "Tells what an image is",
	.options = options,
	.conf_size = sizeof(struct conf),
	.min_args = 1,
	.max_args = 1,
	.run = info_run,
};
