/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Removable media: trays that open and close, what is put in and taken out. */
#include <errno.h>

#include "block/front.h"

static const char *name_of(const struct blk_front *front)
{
	return *front->id ? front->id : front->device;
}

static void tell_device(struct blk_front *front)
{
	front->size_told = blk_size(front);
	if (front->media)
		front->media->changed(front->media_ctx);
}

void blk_front_move_tray(struct machine *m, struct blk_front *front, bool open)
{
	if (front->tray_open == open)
		return;
	front->tray_open = open;
	monitor_event(m, "DEVICE_TRAY_MOVED",
		      json_pack("{s:s, s:s, s:b}", "device", front->id, "id",
				front->device, "tray-open", open));
}

void blk_fronts_resized(struct blk_fronts *all)
{
	struct blk_front *f;

	list_for_each (f, &all->list, struct blk_front, link) {
		if (f->size_told == blk_size(f))
			continue;
		f->size_told = blk_size(f);
		if (f->media && f->media->resized)
			f->media->resized(f->media_ctx);
	}
}

static int check_removable(const struct blk_front *front, struct error *err)
{
	if (front->removable)
		return 0;
	return error_set(err, EINVAL, "Device '%s' is not removable",
			 name_of(front));
}

static bool has_tray(const struct blk_front *front)
{
	return front->media && front->media->ask;
}

int blk_media_open_tray(struct machine *m, struct blk_front *front, bool force,
			struct error *err)
{
	int rc = check_removable(front, err);

	if (rc < 0 || !has_tray(front) || front->tray_open)
		return rc;
	if (front->locked)
		front->media->ask(front->media_ctx);
	if (front->locked && !force)
		return error_set(err, EBUSY,
				 "Device '%s' is locked and force was not "
				 "specified, wait for tray to open and try "
				 "again",
				 name_of(front));
	blk_front_move_tray(m, front, true);
	tell_device(front);
	return 0;
}

int blk_media_close_tray(struct machine *m, struct blk_front *front,
			 struct error *err)
{
	int rc = check_removable(front, err);

	if (rc < 0 || !has_tray(front) || !front->tray_open)
		return rc;
	blk_front_move_tray(m, front, false);
	tell_device(front);
	return 0;
}

static int check_open(const struct blk_front *front, struct error *err)
{
	int rc = check_removable(front, err);

	if (rc == 0 && has_tray(front) && !front->tray_open)
		rc = error_set(err, EBUSY, "Tray of device '%s' is not open",
			       name_of(front));
	return rc;
}

static int replace(struct blk_front *front, struct blk_node *node,
		   struct error *err)
{
	struct blk_node *old = NULL;
	int rc = blk_front_replace(front, node, &old, err);

	if (rc < 0)
		return rc;
	blk_node_release(old);
	if (!has_tray(front))
		tell_device(front);
	return 0;
}

int blk_media_remove(struct blk_front *front, struct error *err)
{
	int rc = check_open(front, err);

	return rc < 0 || !front->node ? rc : replace(front, NULL, err);
}

int blk_media_insert(struct blk_front *front, struct blk_node *node,
		     struct error *err)
{
	int rc = check_open(front, err);

	if (rc == 0 && front->node)
		rc = error_set(err, EBUSY,
			       "There already is a medium in "
			       "device '%s'",
			       name_of(front));
	return rc < 0 ? rc : replace(front, node, err);
}

int blk_media_change(struct machine *m, struct blk_front *front,
		     struct blk_node *node, bool force, struct error *err)
{
	int rc = blk_media_open_tray(m, front, force, err);

	if (rc == 0)
		rc = replace(front, node, err);
	return rc < 0 ? rc : blk_media_close_tray(m, front, err);
}
