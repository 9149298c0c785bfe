/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opening the drives of the command line. */
#include "hw/pc_drives.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "vmm/machine.h"

static const struct {
	unsigned flags;
	bool writethrough;
} caches[] = {
	[CACHE_WRITEBACK] = {0, false},
	[CACHE_WRITETHROUGH] = {0, true},
	[CACHE_NONE] = {BLK_O_DIRECT, false},
	[CACHE_OFF] = {BLK_O_DIRECT, false},
	[CACHE_DIRECTSYNC] = {BLK_O_DIRECT, true},
	[CACHE_UNSAFE] = {BLK_O_NO_FLUSH, false},
};

/* What holds for other media of the drive too. */
#define MEDIA_FLAGS (BLK_O_RDWR | BLK_O_DIRECT | BLK_O_NO_FLUSH)

static unsigned open_flags(const struct config *conf,
			   const struct drive_conf *d)
{
	unsigned flags = caches[d->cache].flags | BLK_O_AUTO_READ_ONLY;

	if (!d->readonly && d->media != MEDIA_CDROM)
		flags |= BLK_O_RDWR;
	if (d->snapshot || conf->snapshot)
		flags |= BLK_O_SNAPSHOT;
	if (d->copy_on_read)
		flags |= BLK_O_COPY_ON_READ;
	return flags;
}

/* NULL without error: there is no medium. */
static struct blk_node *open_node(struct machine *m, const struct drive_conf *d,
				  struct error *err)
{
	struct blk_open how = {.format = d->format,
			       .flags = open_flags(m->config, d)};
	struct blk_node *node;

	if (d->file && *d->file)
		how.filename = d->file;
	else if (!d->node.n)
		return NULL;
	how.options = blk_options_of_list(&d->node);
	node = blk_open_drive(m->fronts, &how, err);
	json_decref(how.options);
	if (!node)
		error_prefix(err, "%s", d->option);
	return node;
}

static struct blk_limits limits_of(const struct throttle_conf *t)
{
	struct blk_limits limits = {.iops_size = t->iops_size};
	unsigned i;

	for (i = 0; i < BLK_LIMITS; i++) {
		limits.avg[i] = t->avg[i];
		limits.max[i] = t->max[i];
		limits.length[i] = t->length[i];
	}
	return limits;
}

static int make_groups(struct machine *m, struct error *err)
{
	const struct throttle_conf *t = m->config->throttle_groups;
	struct blk_limits limits;
	unsigned i;

	for (i = 0; i < m->config->nthrottle_groups; i++, t++) {
		limits = limits_of(t);
		if (blk_limit_group_make(m->fronts, t->group, &limits, err) < 0)
			return error_prefix(err, "-object throttle-group,id=%s",
					    t->group);
	}
	return 0;
}

static int make_threads(struct machine *m, struct error *err)
{
	const struct iothread_conf *t = m->config->iothreads;
	unsigned i;
	int rc = 0;

	for (i = 0; i < m->config->niothreads && rc == 0; i++, t++)
		rc = blk_thread_make(
			m->fronts, t->id,
			&(struct loop_spin){.max = (int64_t)t->poll_max,
					    .grow = (unsigned)t->poll_grow,
					    .shrink = (unsigned)t->poll_shrink},
			err);
	return rc;
}

static int set_limits(struct machine *m, struct blk_front *front,
		      const struct drive_conf *d, struct error *err)
{
	const struct throttle_conf *t = &d->throttle;
	struct blk_limits limits = limits_of(t);
	int rc = blk_limits_check(&limits, err);

	if (rc == 0 && blk_limits_any(&limits))
		rc = blk_front_limit(m->fronts, front, &limits, t->group, err);
	return rc < 0 ? error_prefix(err, "%s", d->option) : 0;
}

struct blk_front *pc_drives_open(struct machine *m, const struct drive_conf *d,
				 const char *name, bool removable,
				 struct error *err)
{
	struct error failed = {0};
	struct blk_node *node = NULL;
	struct blk_front *front;

	if (d->id && blk_named_find(m->fronts, d->id)) {
		error_set(err, EEXIST,
			  "%s: id=%s is the name of a node already", d->option,
			  d->id);
		return NULL;
	}
	node = open_node(m, d, &failed);

	if (failed.code) {
		*err = failed;
		return NULL;
	}
	front = blk_front_new(m->fronts, d->id ? d->id : name, node, removable,
			      err);
	if (!front) {
		error_prefix(err, "%s", d->option);
		blk_node_release(node);
		return NULL;
	}
	if (set_limits(m, front, d, err) < 0) {
		blk_front_free(front);
		return NULL;
	}
	front->flags = open_flags(m->config, d) & MEDIA_FLAGS;
	if (d->werror >= 0)
		front->werror = (enum blk_action)d->werror;
	if (d->rerror >= 0)
		front->rerror = (enum blk_action)d->rerror;
	front->writethrough = d->cache_writeback == 2
				      ? caches[d->cache].writethrough
				      : !d->cache_writeback;
	return front;
}

/* if=none: for -device to name. */
static int keep(struct pc_drives *p, const struct drive_conf *d,
		struct error *err)
{
	char name[32];

	snprintf(name, sizeof(name), "none%u", p->nfree++);
	return pc_drives_open(p->m, d, name, true, err) ? 0 : -EINVAL;
}

/* Opened before, with the firmware. */
static int leave(struct pc_drives *p, const struct drive_conf *d,
		 struct error *err)
{
	(void)p;
	(void)d;
	(void)err;
	return 0;
}

static int (*const add[])(struct pc_drives *p, const struct drive_conf *d,
			  struct error *err) = {
	[IF_IDE] = pc_drives_add_ide,	    [IF_NONE] = keep,
	[IF_VIRTIO] = pc_drives_add_virtio, [IF_PFLASH] = leave,
	[IF_FLOPPY] = pc_drives_add_floppy,
};

int pc_drives_prepare(struct machine *m, struct error *err)
{
	const struct config *conf = m->config;
	int rc = make_groups(m, err);

	if (rc == 0)
		rc = make_threads(m, err);
	if (rc == 0)
		rc = blk_named_open(m->fronts, conf->blockdevs.str,
				    conf->blockdevs.n, err);
	return rc;
}

int pc_drives_attach(struct piix3_ide *ide, struct i82078 *fdc,
		     struct machine *m, struct error *err)
{
	struct pc_drives p = {.ide = ide, .fdc = fdc, .m = m};
	const struct config *conf = m->config;
	unsigned i;
	int rc = 0;

	for (i = 0; i < conf->ndrives && rc == 0; i++)
		rc = add[conf->drives[i].interface](&p, &conf->drives[i], err);
	if (rc == 0)
		rc = pc_drives_add_default(&p, err);
	return rc < 0 ? rc : pc_drives_add_default_floppy(&p, err);
}
