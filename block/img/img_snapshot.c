/* SPDX-License-Identifier: GPL-2.0-or-later */
/* snapshot: snapshots inside an image, listed, made, applied, deleted. */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "block/img/img.h"

struct conf {
	const char *apply, *create, *del;
	bool list, image_opts, share, quiet;
};

static const struct img_option options[] = {
	IMG_OPT_OBJECT,
	IMG_OPT_IMAGE_OPTS(struct conf, image_opts),
	IMG_OPT_SHARE(struct conf, share),
	IMG_OPT_QUIET(struct conf, quiet),
	{.letter = 'l',
	 .type = IMG_FLAG,
	 .offset = offsetof(struct conf, list),
	 .help = "list all snapshots"},
	{.letter = 'a',
	 .arg = "snapshot",
	 .type = IMG_TEXT,
	 .offset = offsetof(struct conf, apply),
	 .help = "bring the disk back to what the snapshot has"},
	{.letter = 'c',
	 .arg = "snapshot",
	 .type = IMG_TEXT,
	 .offset = offsetof(struct conf, create),
	 .help = "make a snapshot of that name"},
	{.letter = 'd',
	 .arg = "snapshot",
	 .type = IMG_TEXT,
	 .offset = offsetof(struct conf, del),
	 .help = "delete the snapshot of that name"},
	{.name = NULL},
};

static int list(struct blk_node *node, struct error *err)
{
	struct blk_snapshot *all;
	size_t n;
	int rc = blk_snapshots(node, &all, &n, err);

	if (rc < 0)
		return rc == -ENOTSUP ? 0 : rc;
	if (n)
		img_print_snapshots(all, n);
	blk_snapshots_free(all, n);
	return 0;
}

static int create(struct blk_node *node, const struct conf *conf,
		  struct error *err)
{
	char name[256];
	struct blk_snapshot snap = {.name = name};
	struct timespec now;

	/* What fits, as everyone else reads it. */
	snprintf(name, sizeof(name), "%s", conf->create);
	clock_gettime(CLOCK_REALTIME, &now);
	snap.date_sec = (uint32_t)now.tv_sec;
	snap.date_nsec = (uint32_t)now.tv_nsec;
	if (blk_snapshot_create(node, &snap, err) < 0)
		return error_prefix(err, "Could not create snapshot '%s'",
				    conf->create);
	return 0;
}

static int apply(struct blk_node *node, const struct conf *conf,
		 struct error *err)
{
	if (blk_snapshot_apply(node, conf->apply, err) < 0)
		return error_prefix(err, "Could not apply snapshot '%s'",
				    conf->apply);
	return 0;
}

/* By its name alone: ids are given anew, names stay. */
static int delete (struct blk_node *node, const struct conf *conf,
		   struct error *err)
{
	struct blk_snapshot *all;
	size_t n, i;
	int rc = blk_snapshots(node, &all, &n, err);

	for (i = 0; rc == 0 && i < n; i++)
		if (!strcmp(all[i].name, conf->del))
			break;
	if (rc == 0 && i == n)
		rc = error_set(err, ENOENT,
			       "there is no snapshot of that name");
	if (rc == 0)
		rc = blk_snapshot_delete(node, all[i].id, err);
	blk_snapshots_free(all, n);
	return rc < 0 ? error_prefix(err, "Could not delete snapshot '%s'",
				     conf->del)
		      : 0;
}

struct action {
	size_t asked; /* what the user said: a const char * of the conf */
	int (*run)(struct blk_node *node, const struct conf *conf,
		   struct error *err);
};

static const struct action actions[] = {
	{.asked = offsetof(struct conf, apply), .run = apply},
	{.asked = offsetof(struct conf, create), .run = create},
	{.asked = offsetof(struct conf, del), .run = delete},
};

#define ACTIONS (sizeof(actions) / sizeof(*actions))

static int choose(const struct conf *conf, const struct action **chosen,
		  struct error *err)
{
	unsigned n = conf->list, i;

	*chosen = NULL;
	for (i = 0; i < ACTIONS; i++)
		if (*(const char *const *)((const char *)conf +
					   actions[i].asked)) {
			*chosen = &actions[i];
			n++;
		}
	return n > 1 ? error_set(err, EINVAL,
				 "Cannot mix '-l', '-a', '-c', '-d'")
		     : 0;
}

static int snapshot_run(struct img *img, void *opaque, struct error *err)
{
	const struct conf *conf = opaque;
	struct img_source source = {
		.name = img->args[0],
		.image_opts = conf->image_opts,
		.force_share = conf->share,
		.flags = BLK_O_NO_BACKING,
	};
	const struct action *action;
	struct blk_node *node;
	int rc = choose(conf, &action, err);

	if (rc < 0)
		return rc;
	if (action)
		source.flags = BLK_O_RDWR;
	node = img_open(img, &source, NULL, err);
	if (!node)
		return -EIO;
	if (action || conf->list)
		rc = action ? action->run(node, conf, err) : list(node, err);
	blk_node_unref(node);
	return rc;
}

const struct img_command img_snapshot = {
	.name = "snapshot",
	.args = "filename",
	.help = "Lists, makes, applies and deletes snapshots in an image",
	.options = options,
	.conf_size = sizeof(struct conf),
	.min_args = 1,
	.max_args = 1,
	.run = snapshot_run,
};
