/* SPDX-License-Identifier: GPL-2.0-or-later */
/* blockdev-add, blockdev-del, block_resize, block_set_io_throttle. */
#include "block/blockdev_monitor.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "block/driver.h"
#include "block/front.h"

static void blockdev_add(struct monitor_call *call)
{
	struct error err = {0};
	int rc = blk_named_add(monitor_fronts(call), monitor_args(call), &err);

	monitor_end(call, rc, &err);
}

static void blockdev_del(struct monitor_call *call)
{
	struct error err = {0};
	int rc = blk_named_del(monitor_fronts(call),
			       monitor_arg_string(call, "node-name"), &err);

	monitor_end(call, rc, &err);
}

struct resize {
	struct blk_node *node;
	uint64_t size;
	struct error err;
	int rc;
};

static void resize_in_thread(void *arg)
{
	struct resize *r = arg;

	blk_node_drain(r->node);
	r->rc = blk_truncate(r->node, r->size, BLK_PREALLOC_OFF, &r->err);
}

static int check_resize(const struct resize *r, struct error *err)
{
	if (r->size % BLK_SECTOR)
		return error_set(err, EINVAL,
				 "The new size must be a multiple of %u",
				 BLK_SECTOR);
	if (r->node->readonly)
		return error_set(err, EROFS, "the node '%s' is read-only",
				 r->node->name);
	if (!(r->node->grant.share & BLK_PERM_RESIZE))
		return error_set(err, EPERM,
				 "Permission conflict on node '%s': its users "
				 "do not share 'resize'",
				 r->node->name);
	return 0;
}

/* By the id of a drive, or by the name of a node. */
static struct blk_node *find_node(struct monitor_call *call)
{
	const char *device = monitor_arg_string(call, "device");
	const char *name = monitor_arg_string(call, "node-name");
	struct blk_fronts *all = monitor_fronts(call);
	struct blk_front *front = NULL;
	struct blk_node *node = NULL;

	if (device && *device)
		front = blk_front_find(all, device);
	if (name && *name)
		node = blk_graph_find(all, name);
	if (front && !front->node)
		monitor_fail(call, "GenericError", "Device '%s' has no medium",
			     device);
	else if (!front && !node)
		monitor_fail(call, "GenericError",
			     "Cannot find device='%s' nor node-name='%s'",
			     device ? device : "", name ? name : "");
	return front ? front->node : node;
}

static void block_resize(struct monitor_call *call)
{
	long long size = monitor_arg_int(call, "size", -1);
	struct resize r = {.size = (uint64_t)size};

	if (size < 0) {
		monitor_fail(call, "GenericError",
			     "Parameter 'size' expects a size of 0 or more");
		return;
	}
	r.node = find_node(call);
	if (!r.node)
		return;
	r.rc = check_resize(&r, &r.err);
	if (r.rc == 0)
		blk_ctx_call(r.node->ctx, resize_in_thread, &r);
	blk_fronts_resized(monitor_fronts(call));
	monitor_end(call, r.rc, &r.err);
}

#define KIND(kind, name) \
	{name, offsetof(struct blk_limits, avg[kind])}, \
		{name "_max", offsetof(struct blk_limits, max[kind])}, \
	{ \
		name "_max_length", offsetof(struct blk_limits, length[kind]) \
	}

static const struct {
	const char *key;
	size_t offset;
} limit_keys[] = {
	KIND(BLK_LIMIT_BPS_TOTAL, "bps"),
	KIND(BLK_LIMIT_BPS_READ, "bps_rd"),
	KIND(BLK_LIMIT_BPS_WRITE, "bps_wr"),
	KIND(BLK_LIMIT_IOPS_TOTAL, "iops"),
	KIND(BLK_LIMIT_IOPS_READ, "iops_rd"),
	KIND(BLK_LIMIT_IOPS_WRITE, "iops_wr"),
	{"iops_size", offsetof(struct blk_limits, iops_size)},
};

#define LIMIT_KEYS (sizeof(limit_keys) / sizeof(*limit_keys))

/* Negative ones become too large. */
static void take_limits(struct monitor_call *call, struct blk_limits *limits)
{
	size_t i;

	for (i = 0; i < LIMIT_KEYS; i++)
		*(uint64_t *)((char *)limits + limit_keys[i].offset) =
			(uint64_t)monitor_arg_int(call, limit_keys[i].key, 0);
}

struct blk_front *blk_monitor_front(struct monitor_call *call)
{
	const char *device = monitor_arg_string(call, "device");
	const char *id = monitor_arg_string(call, "id");
	struct blk_fronts *all = monitor_fronts(call);
	struct blk_front *front = NULL;

	if (!device == !id) {
		monitor_fail(call, "GenericError",
			     "Need exactly one of 'device' and 'id'");
		return NULL;
	}
	if (id && *id)
		front = blk_front_of_device(all, id);
	else if (device && *device)
		front = blk_front_find(all, device);
	if (!front)
		monitor_fail(call, "DeviceNotFound", "Device '%s' not found",
			     id ? id : device);
	return front;
}

static void set_io_throttle(struct monitor_call *call)
{
	struct blk_front *front = blk_monitor_front(call);
	struct blk_limits limits = {.iops_size = 0};
	struct error err = {0};
	int rc;

	if (!front)
		return;
	take_limits(call, &limits);
	rc = blk_limits_check(&limits, &err);
	if (rc == 0)
		rc = blk_front_change_limits(front, &limits,
					     monitor_arg_string(call, "group"),
					     &err);
	monitor_end(call, rc, &err);
}

#define NUMBER(key, text) \
	{ \
		.name = key, .type = MONITOR_ARG_INT, .help = text \
	}
#define OPTIONAL_NUMBER(key) \
	{ \
		.name = key, .type = MONITOR_ARG_INT, .optional = true \
	}

static const struct monitor_arg add_args[] = {
	MONITOR_WORD("driver", "the driver"),
	{.type = MONITOR_ARG_END},
};

static const struct monitor_arg del_args[] = {
	MONITOR_WORD("node-name", "the node"),
	{.type = MONITOR_ARG_END},
};

static const struct monitor_arg resize_args[] = {
	MONITOR_WORD("device", "the drive"),
	{.name = "size", .type = MONITOR_ARG_MIB, .help = "its new size"},
	{.type = MONITOR_ARG_END},
};

static const struct monitor_arg qmp_resize_args[] = {
	MONITOR_OPTIONAL_WORD("device", "the drive"),
	MONITOR_OPTIONAL_WORD("node-name", "or the node"),
	{.name = "size", .type = MONITOR_ARG_SIZE, .help = "its new size"},
	{.type = MONITOR_ARG_END},
};

#define THE_LIMITS \
	NUMBER("bps", "bytes in a second"), NUMBER("bps_rd", "bytes read"), \
		NUMBER("bps_wr", "bytes written"), \
		NUMBER("iops", "requests in a second"), \
		NUMBER("iops_rd", "requests that read"), \
		NUMBER("iops_wr", "requests that write")

static const struct monitor_arg throttle_args[] = {
	MONITOR_WORD("device", "the drive"),
	THE_LIMITS,
	{.type = MONITOR_ARG_END},
};

#define BURST(key) \
	OPTIONAL_NUMBER(key "_max"), OPTIONAL_NUMBER(key "_max_length")

static const struct monitor_arg qmp_throttle_args[] = {
	MONITOR_OPTIONAL_WORD("device", "the drive"),
	MONITOR_OPTIONAL_WORD("id", "or the device that has it"),
	THE_LIMITS,
	BURST("bps"),
	BURST("bps_rd"),
	BURST("bps_wr"),
	BURST("iops"),
	BURST("iops_rd"),
	BURST("iops_wr"),
	OPTIONAL_NUMBER("iops_size"),
	MONITOR_OPTIONAL_WORD("group", "that shares the limits"),
	{.type = MONITOR_ARG_END},
};

const struct monitor_cmd blockdev_monitor_cmds[] = {
	{.qmp = "blockdev-add",
	 .help = "add a node to the block graph",
	 .args = add_args,
	 .any_args = true,
	 .run = blockdev_add},
	{.qmp = "blockdev-del",
	 .help = "remove a node that nothing uses",
	 .args = del_args,
	 .run = blockdev_del},
	{.name = "block_resize",
	 .help = "change the size of a drive's image",
	 .args = resize_args,
	 .run = block_resize},
	{.qmp = "block_resize",
	 .help = "change the size of an image",
	 .args = qmp_resize_args,
	 .run = block_resize},
	{.name = "block_set_io_throttle",
	 .help = "change the I/O limits of a drive; 0 is none",
	 .args = throttle_args,
	 .run = set_io_throttle},
	{.qmp = "block_set_io_throttle",
	 .help = "change the I/O limits of a drive",
	 .args = qmp_throttle_args,
	 .run = set_io_throttle},
	{.run = NULL},
};
