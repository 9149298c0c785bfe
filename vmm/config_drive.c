/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Drives: -drive, and the short forms -hda to -hdd and -cdrom. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/cmdline.h"

/* Without a name: the bare last argument. */
static char *describe(const struct cmdline_opt *o, const char *arg)
{
	char *text;
	int n = o->name ? asprintf(&text, "-%s %s", o->name, arg)
			: asprintf(&text, "%s", arg);

	return n < 0 ? NULL : text;
}

/* The new drive is the config's, whatever becomes of it. */
static struct drive_conf *new_drive(struct config *c,
				    const struct cmdline_opt *o,
				    const char *arg, struct error *err)
{
	struct drive_conf *d =
		realloc(c->drives, (c->ndrives + 1) * sizeof(*d));
	char *option = describe(o, arg);

	if (d)
		c->drives = d;
	if (!d || !option) {
		free(option);
		error_set(err, ENOMEM, "out of memory");
		return NULL;
	}
	d += c->ndrives++;
	*d = (struct drive_conf){.option = option,
				 .index = -1,
				 .bus = -1,
				 .unit = -1};
	return d;
}

static int check_id(const struct config *c, const struct drive_conf *d,
		    struct error *err)
{
	const struct drive_conf *other;

	if (!d->id)
		return 0;
	for (other = c->drives; other < d; other++)
		if (other->id && !strcmp(other->id, d->id))
			return error_set(err, EEXIST,
					 "id=%s: there is such a drive already",
					 d->id);
	return opt_check_id(d->id, err);
}

static int check(const struct config *c, const struct drive_conf *d,
		 struct error *err)
{
	bool has_file = d->file && *d->file;

	if (d->index >= 0 && (d->bus >= 0 || d->unit >= 0))
		return error_set(err, EINVAL,
				 "index cannot be used with bus and unit");
	if (d->interface == IF_IDE && d->media == MEDIA_DISK) {
		if (!has_file)
			return error_set(err, EINVAL,
					 "a disk needs an image: file= is "
					 "missing or empty");
		if (d->readonly)
			return error_set(err, EINVAL,
					 "readonly=on: IDE disks cannot be "
					 "read-only");
	}
	return check_id(c, d, err);
}

int config_add_disk(struct config *c, const struct cmdline_opt *o,
		    const char *arg, struct error *err)
{
	struct drive_conf *d = new_drive(c, o, arg, err);
	int rc = d ? 0 : -ENOMEM;

	if (rc == 0)
		rc = opt_set_text(drive_opts, d, o->preset, NULL, err);
	/* The file's name may have commas. */
	if (rc == 0)
		rc = opt_set(drive_opts, d, "file", arg, err);
	return rc < 0 ? rc : check(c, d, err);
}

int config_add_drive(struct config *c, const struct cmdline_opt *o,
		     const char *arg, struct error *err)
{
	struct drive_conf *d = new_drive(c, o, arg, err);
	int rc = d ? 0 : -ENOMEM;

	if (rc == 0)
		rc = opt_set_text(drive_opts, d, arg, o->implied, err);
	return rc < 0 ? rc : check(c, d, err);
}

void config_free_drives(struct config *c)
{
	unsigned i;

	for (i = 0; i < c->ndrives; i++) {
		free(c->drives[i].option);
		opt_free(drive_opts, &c->drives[i]);
	}
	free(c->drives);
	c->drives = NULL;
	c->ndrives = 0;
}
