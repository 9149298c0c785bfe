/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Nodes: images opened by a format. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "block/block.h"
#include "block/formats.h"
#include "block/raw.h"
#include "vmm/log.h"

static int refuse_format(const char *name, struct error *err)
{
	if (format_is_known(name))
		return error_set(err, ENOTSUP,
				 "the format %s is not supported by this "
				 "version of pcvm; raw is (qemu-img convert "
				 "-O raw makes one)",
				 name);
	return error_set(err, EINVAL, "Unknown driver '%s'", name);
}

/* Looks at what the image begins with; only raw goes on from here. */
static int guess(struct blk_node *node, struct error *err)
{
	uint8_t head[2 * BLK_SECTOR] = {0};
	const char *format;

	if (pread(node->fd, head, sizeof(head), 0) < 0)
		return error_errno(err, errno, "cannot read");
	format = format_probe(head, sizeof(head));
	if (format)
		return refuse_format(format, err);
	node->probed = true;
	if (!node->readonly)
		log_warn("the format of '%s' was not given and looks like raw: "
			 "the guest may not write another format's header to "
			 "sector 0; say format=raw to allow it",
			 node->file);
	return 0;
}

struct blk_node *blk_node_open(const char *file, const char *format,
			       bool readonly, struct error *err)
{
	struct blk_node *node;

	if (format && strcmp(format, "raw") != 0) {
		refuse_format(format, err);
		return NULL;
	}
	node = calloc(1, sizeof(*node));
	if (!node || !(node->file = strdup(file))) {
		free(node);
		error_set(err, ENOMEM, "out of memory");
		return NULL;
	}
	node->driver = &blk_raw;
	node->format = "raw";
	node->readonly = readonly;
	if (blk_raw.open(node, file, readonly, err) < 0) {
		free(node->file);
		free(node);
		return NULL;
	}
	if (!format && guess(node, err) < 0) {
		blk_node_close(node);
		return NULL;
	}
	return node;
}

void blk_node_close(struct blk_node *node)
{
	node->driver->close(node);
	free(node->file);
	free(node);
}
