/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What becomes of requests that the host failed, and who is told. */
#include <errno.h>
#include <string.h>

#include "block/front.h"
#include "vmm/log.h"

enum blk_action blk_error_action(const struct blk_front *front, enum blk_op op,
				 int rc)
{
	enum blk_action action = op == BLK_READ ? front->rerror : front->werror;

	if (rc == -ENOMEDIUM) /* no fault of the host's */
		return BLK_REPORT;
	if (action != BLK_ENOSPC)
		return action;
	return rc == -ENOSPC ? BLK_STOP : BLK_REPORT;
}

bool blk_front_has_status(const struct blk_front *front)
{
	return front->werror >= BLK_STOP || front->rerror == BLK_STOP;
}

void blk_error_tell(struct machine *m, struct blk_front *front, enum blk_op op,
		    enum blk_action action, int rc)
{
	static const char *const actions[] = {
		[BLK_REPORT] = "report",
		[BLK_IGNORE] = "ignore",
		[BLK_STOP] = "stop",
	};
	struct blk_node *image = blk_node_image(front->node);
	const char *what = op == BLK_READ ? "read" : "write";
	json_t *data = json_pack("{s:s, s:s, s:s, s:s}", "device", front->id,
				 "operation", what, "action", actions[action],
				 "reason", strerror(-rc));

	if (blk_front_has_status(front))
		json_object_set_new(data, "nospace",
				    json_boolean(rc == -ENOSPC));
	if (image)
		json_object_set_new(data, "node-name",
				    json_string(image->name));
	monitor_event(m, "BLOCK_IO_ERROR", data);
	if (action != BLK_STOP)
		return;
	front->failed = rc;
	log_warn("%s: the host cannot %s: %s; the machine stops, and tries "
		 "again when the monitor's cont lets it go on",
		 *front->id ? front->id : front->device, what, strerror(-rc));
}
