/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Drives: -drive, and the short forms: -hda, -cdrom, -fda. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/cmdline.h"

#define DRIVE_ID_MAX 127

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
				 .unit = -1,
				 .cache_writeback = 2,
				 .werror = -1,
				 .rerror = -1};
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
	if (strlen(d->id) > DRIVE_ID_MAX)
		return error_set(err, EINVAL, "id=%.20s...: longer than %d",
				 d->id, DRIVE_ID_MAX);
	return opt_check_id(d->id, err);
}

/* Is the image named by the keys of its node? */
static bool has_node_file(const struct drive_conf *d)
{
	size_t i;

	for (i = 0; i < d->node.n; i++)
		if (!strncmp(d->node.pair[i].key, "file.", strlen("file.")))
			return true;
	return false;
}

static int check_disk(const struct drive_conf *d, struct error *err)
{
	if ((!d->file || !*d->file) && !has_node_file(d))
		return error_set(err, EINVAL,
				 "a disk needs an image: file= is missing or "
				 "empty");
	if (d->readonly && d->interface == IF_IDE)
		return error_set(err, EINVAL,
				 "read-only=on: IDE disks cannot be read-only");
	return 0;
}

static int check_free(const struct drive_conf *d, struct error *err)
{
	if (d->serial)
		return error_set(err, EINVAL,
				 "serial= goes with if=ide and if=virtio; "
				 "with if=none say "
				 "it with -device");
	return 0;
}

static int check_floppy(const struct drive_conf *d, struct error *err)
{
	if (d->serial)
		return error_set(err, EINVAL,
				 "serial=: floppy disks have none");
	return 0;
}

static int check(const struct config *c, const struct drive_conf *d,
		 struct error *err)
{
	int rc = 0;

	if (d->index >= 0 && (d->bus >= 0 || d->unit >= 0))
		return error_set(err, EINVAL,
				 "index cannot be used with bus and unit");
	if (d->interface == IF_SCSI)
		return error_set(err, ENOTSUP,
				 "if=scsi: there is no LSI 53C895A here; say "
				 "-device virtio-scsi-pci "
				 "-drive if=none,id=d,... "
				 "-device %s,drive=d",
				 d->media == MEDIA_CDROM ? "scsi-cd"
							 : "scsi-hd");
	if (d->interface == IF_NONE)
		rc = check_free(d, err);
	else if (d->interface == IF_FLOPPY)
		rc = check_floppy(d, err);
	else if (d->media == MEDIA_DISK || d->interface != IF_IDE)
		rc = check_disk(d, err);
	return rc < 0 ? rc : check_id(c, d, err);
}

static int rename_key(struct opt_pair *pair, const char *name,
		      struct error *err)
{
	char *key = strdup(name);

	if (!key)
		return error_set(err, ENOMEM, "out of memory");
	free(pair->key);
	pair->key = key;
	return 0;
}

static int resolve_aliases(struct opt_list *list, struct error *err)
{
	const struct drive_alias *a;
	size_t i;
	int rc = 0;

	for (a = drive_aliases; a->alias && rc == 0; a++) {
		if (!opt_list_get(list, a->alias))
			continue;
		if (opt_list_get(list, a->key))
			return error_set(err, EINVAL,
					 "'%s' and its alias '%s' cannot be "
					 "used at the same time",
					 a->key, a->alias);
		for (i = 0; i < list->n && rc == 0; i++)
			if (!strcmp(list->pair[i].key, a->alias))
				rc = rename_key(&list->pair[i], a->key, err);
	}
	return rc;
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
	struct opt_list list;
	int rc = d ? opt_split(arg, o->implied, &list, err) : -ENOMEM;

	if (rc < 0)
		return rc;
	rc = resolve_aliases(&list, err);
	if (rc == 0)
		rc = opt_set_all(drive_opts, d, &list, err);
	opt_list_free(&list);
	return rc < 0 ? rc : check(c, d, err);
}

/* The block layer reads it; here is seen only that it is of its form. */
int config_add_blockdev(struct config *c, const struct cmdline_opt *o,
			const char *arg, struct error *err)
{
	struct opt_list list;
	size_t i;
	int rc = *arg == '{' ? 0 : opt_split(arg, NULL, &list, err);

	if (rc < 0 || *arg == '{')
		return rc < 0 ? rc : str_list_add(&c->blockdevs, arg, err);
	for (i = 0; i < list.n && rc == 0; i++)
		if (list.pair[i].bare)
			rc = error_set(err, EINVAL,
				       "'%s' has no value: there is no '='",
				       list.pair[i].key);
	opt_list_free(&list);
	return rc < 0 ? rc : str_list_add(&c->blockdevs, arg, err);
}

void config_free_drives(struct config *c)
{
	unsigned i;

	for (i = 0; i < c->ndrives; i++) {
		free(c->drives[i].option);
		opt_free(drive_opts, &c->drives[i]);
	}
	str_list_free(&c->blockdevs);
	free(c->drives);
	c->drives = NULL;
	c->ndrives = 0;
}
