/* SPDX-License-Identifier: GPL-2.0-or-later */
/* eject, change, and the blockdev commands they are made of. */
#include "block/media_monitor.h"

#include <errno.h>
#include <string.h>

#include "block/blockdev_monitor.h"
#include "block/driver.h"
#include "block/front.h"

static void eject(struct monitor_call *call)
{
	struct blk_front *front = blk_monitor_front(call);
	bool force = monitor_arg_bool(call, "force", false);
	struct error err = {0};
	int rc;

	if (!front)
		return;
	rc = blk_media_open_tray(monitor_machine(call), front, force, &err);
	if (rc == 0)
		rc = blk_media_remove(front, &err);
	monitor_end(call, rc, &err);
}

/* read-only-mode: as the drive was, or one of the two. */
static int choose_flags(struct monitor_call *call, unsigned *flags,
			struct error *err)
{
	const char *mode = monitor_arg_string(call, "read-only-mode");

	if (!mode || !strcmp(mode, "retain"))
		return 0;
	if (!strcmp(mode, "read-only"))
		*flags &= ~(unsigned)BLK_O_RDWR;
	else if (!strcmp(mode, "read-write"))
		*flags |= BLK_O_RDWR;
	else
		return error_set(err, EINVAL,
				 "invalid parameter value: %s; read-only-mode "
				 "is retain, read-only or read-write",
				 mode);
	return 0;
}

static int change_to(struct monitor_call *call, struct blk_front *front,
		     struct error *err)
{
	struct blk_open how = {
		.filename = monitor_arg_string(call, "filename"),
		.format = monitor_arg_string(call, "format"),
		.flags = front->flags,
	};
	bool force = monitor_arg_bool(call, "force", false);
	struct blk_node *node;
	int rc = choose_flags(call, &how.flags, err);

	if (rc < 0)
		return rc;
	node = blk_open_drive(monitor_fronts(call), &how, err);
	if (!node)
		return error_prefix(err, "%s", how.filename);
	rc = blk_media_change(monitor_machine(call), front, node, force, err);
	if (rc < 0 && front->node != node)
		blk_node_release(node);
	return rc;
}

static void change(struct monitor_call *call)
{
	struct blk_front *front = blk_monitor_front(call);
	struct error err = {0};

	if (front)
		monitor_end(call, change_to(call, front, &err), &err);
}

static void open_tray(struct monitor_call *call)
{
	struct blk_front *front = blk_monitor_front(call);
	bool force = monitor_arg_bool(call, "force", false);
	struct error err = {0};

	if (front)
		monitor_end(call,
			    blk_media_open_tray(monitor_machine(call), front,
						force, &err),
			    &err);
}

static void close_tray(struct monitor_call *call)
{
	struct blk_front *front = blk_monitor_front(call);
	struct error err = {0};

	if (front)
		monitor_end(call,
			    blk_media_close_tray(monitor_machine(call), front,
						 &err),
			    &err);
}

static void remove_medium(struct monitor_call *call)
{
	struct blk_front *front = blk_monitor_front(call);
	struct error err = {0};

	if (front)
		monitor_end(call, blk_media_remove(front, &err), &err);
}

static void insert_medium(struct monitor_call *call)
{
	const char *name = monitor_arg_string(call, "node-name");
	struct blk_front *front = blk_monitor_front(call);
	struct blk_node *node;
	struct error err = {0};
	int rc;

	if (!front)
		return;
	node = blk_graph_find(monitor_fronts(call), name);
	if (!node)
		rc = error_set(&err, ENOENT, "Node '%s' not found", name);
	else if (!list_empty(&node->users))
		rc = error_set(&err, EBUSY, "Node '%s' is already in use",
			       name);
	else
		rc = blk_media_insert(front, node, &err);
	if (rc == 0)
		blk_node_ref(node);
	monitor_end(call, rc, &err);
}

#define THE_DRIVE \
	MONITOR_OPTIONAL_WORD("device", "the drive"), \
		MONITOR_OPTIONAL_WORD("id", "or the device that has it")
#define FORCE \
	{ \
		.name = "force", .type = MONITOR_ARG_FLAG, .flag = 'f', \
		.optional = true, .help = "although the guest locks it" \
	}
#define QMP_FORCE \
	{ \
		.name = "force", .type = MONITOR_ARG_BOOL, .optional = true, \
		.help = "although the guest locks it" \
	}
#define THE_IMAGE \
	MONITOR_WORD("filename", "the image"), \
		MONITOR_OPTIONAL_WORD("format", "its format"), \
		MONITOR_OPTIONAL_WORD("read-only-mode", \
				      "retain, read-only or read-write")

static const struct monitor_arg eject_args[] = {
	FORCE,
	MONITOR_WORD("device", "the drive"),
	{.type = MONITOR_ARG_END},
};

static const struct monitor_arg change_args[] = {
	MONITOR_WORD("device", "the drive"),
	FORCE,
	THE_IMAGE,
	{.type = MONITOR_ARG_END},
};

static const struct monitor_arg qmp_change_args[] = {
	THE_DRIVE,
	THE_IMAGE,
	QMP_FORCE,
	{.type = MONITOR_ARG_END},
};

static const struct monitor_arg force_args[] = {
	THE_DRIVE,
	QMP_FORCE,
	{.type = MONITOR_ARG_END},
};

static const struct monitor_arg drive_args[] = {
	THE_DRIVE,
	{.type = MONITOR_ARG_END},
};

static const struct monitor_arg id_args[] = {
	MONITOR_WORD("id", "the device"),
	{.type = MONITOR_ARG_END},
};

static const struct monitor_arg insert_args[] = {
	MONITOR_WORD("id", "the device"),
	MONITOR_WORD("node-name", "what is put in"),
	{.type = MONITOR_ARG_END},
};

const struct monitor_cmd media_monitor_cmds[] = {
	{.name = "eject",
	 .help = "take the medium out of a drive",
	 .args = eject_args,
	 .run = eject},
	{.qmp = "eject",
	 .help = "take the medium out of a drive",
	 .args = force_args,
	 .run = eject},
	{.name = "change",
	 .help = "put another image into a drive",
	 .args = change_args,
	 .run = change},
	{.qmp = "blockdev-change-medium",
	 .help = "put another image into a drive",
	 .args = qmp_change_args,
	 .run = change},
	{.qmp = "blockdev-open-tray",
	 .help = "open the tray of a drive",
	 .args = force_args,
	 .run = open_tray},
	{.qmp = "blockdev-close-tray",
	 .help = "close the tray of a drive",
	 .args = drive_args,
	 .run = close_tray},
	{.qmp = "blockdev-remove-medium",
	 .help = "take out what is in an open tray",
	 .args = id_args,
	 .run = remove_medium},
	{.qmp = "blockdev-insert-medium",
	 .help = "put a node into an open tray",
	 .args = insert_args,
	 .run = insert_medium},
	{.run = NULL},
};
