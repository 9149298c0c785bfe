/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opening graphs: options become nodes.  Children take over from their parents
 * how they are opened, unless their own options say otherwise.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "block/driver.h"
#include "block/formats.h"
#include "block/options.h"
#include "block/path.h"
#include "block/perms.h"
#include "vmm/log.h"

#define PROBE_LEN     2048
#define MAX_DEPTH     200 /* of a backing chain */
#define JSON_PROTOCOL "json:"

static struct blk_node *open_node(struct blk_ctx *ctx, json_t *options,
				  const struct blk_how *how, struct error *err);

static int refuse_format(const char *name, struct error *err)
{
	char list[128] = "";
	size_t i, at = 0;

	if (format_is_known(name))
		return format_refuse(name, err);
	for (i = 0; blk_drivers[i] && at < sizeof(list); i++)
		at += (size_t)snprintf(list + at, sizeof(list) - at, "%s%s",
				       i ? ", " : "", blk_drivers[i]->name);
	return error_set(err, EINVAL, "Unknown driver '%s'; pcvm has %s", name,
			 list);
}

static int set_name(struct blk_node *node, char *name, struct error *err)
{
	int rc = 0;

	if (!name)
		snprintf(node->name, sizeof(node->name), "#block%03u",
			 blk_ctx_number(node->ctx));
	else if (opt_check_id(name, NULL) < 0 ||
		 strlen(name) >= sizeof(node->name))
		rc = error_set(err, EINVAL, "Invalid node-name: '%s'", name);
	else if (blk_node_find(node->ctx, name))
		rc = error_set(err, EEXIST,
			       "Duplicate nodes with node-name='%s'", name);
	else
		snprintf(node->name, sizeof(node->name), "%s", name);
	free(name);
	return rc;
}

static struct blk_node *new_node(struct blk_ctx *ctx, const struct blk_how *how,
				 struct error *err)
{
	struct blk_node *node = calloc(1, sizeof(*node));

	if (!node) {
		error_set(err, ENOMEM, "out of memory");
		return NULL;
	}
	node->refs = 1;
	node->ctx = blk_ctx_ref(ctx);
	node->flags = how->flags;
	node->aio = how->aio;
	node->readonly = !(how->flags & BLK_O_RDWR);
	node->detect = how->detect;
	node->align = node->mem_align = 1;
	node->grant.share = BLK_PERM_ALL;
	list_init(&node->unaligned);
	list_init(&node->users);
	list_init(&node->link);
	return node;
}

/* One that was not opened, or not wholly. */
static void drop_node(struct blk_node *node)
{
	unsigned i;

	for (i = 0; i < BLK_CHILDREN; i++)
		blk_node_unref(node->child[i]);
	list_del(&node->link);
	free(node->state);
	free(node->filename);
	blk_perms_update(node->ctx, node->opener, NULL);
	blk_ctx_unref(node->ctx);
	free(node);
}

/* What the file begins with tells the format. */
static int guess(struct blk_node *node, struct error *err)
{
	struct blk_node *file = node->child[BLK_FILE];
	uint8_t head[PROBE_LEN] = {0};
	const char *format;
	int rc = blk_pread(file, 0, head, sizeof(head));

	if (rc < 0)
		return error_errno(err, -rc, "cannot read");
	format = format_probe(head, sizeof(head));
	node->driver = blk_driver_find(format ? format : "raw");
	if (!node->driver)
		return refuse_format(format, err);
	node->probed = !format;
	if (!format && !node->readonly && !(node->flags & BLK_O_TOOL))
		log_warn("the format of '%s' was not given and looks like raw: "
			 "the guest may not write another format's header to "
			 "sector 0; say format=raw to allow it",
			 file->filename);
	return 0;
}

static int choose_driver(struct blk_node *node, json_t *options,
			 struct error *err)
{
	char *name = blk_take_string(options, "driver");
	int rc = 0;

	if (name) {
		node->driver = blk_driver_find(name);
		if (!node->driver)
			rc = refuse_format(name, err);
	} else if (json_object_get(options, "filename")) {
		node->driver = blk_driver_find("file");
	}
	free(name);
	return rc;
}

/* A format can be written to as its file can. */
static int check_writable(struct blk_node *node, struct error *err)
{
	if (node->readonly || !node->child[BLK_FILE]->readonly)
		return 0;
	if (!(node->flags & BLK_O_AUTO_READ_ONLY))
		return error_set(err, EACCES, "Block node is read-only");
	node->flags &= ~(unsigned)BLK_O_RDWR;
	node->readonly = true;
	return 0;
}

static int open_file_child(struct blk_node *node, json_t *options,
			   struct error *err)
{
	/* What the format discards the host may have. */
	int rc = blk_open_child(node, BLK_FILE, options, "file",
				node->flags | BLK_O_RESIZE | BLK_O_UNMAP, err);

	if (rc < 0)
		return rc;
	if (!node->child[BLK_FILE])
		return error_set(err, EINVAL,
				 "A block device must be specified for "
				 "\"file\"");
	rc = check_writable(node, err);
	if (rc < 0)
		return rc;
	node->filename = strdup(node->child[BLK_FILE]->filename);
	return node->filename ? 0 : -ENOMEM;
}

static int start_driver(struct blk_node *node, json_t *options,
			struct error *err)
{
	int rc = 0;

	if (!node->driver || !node->driver->protocol)
		rc = open_file_child(node, options, err);
	if (rc == 0 && !node->driver)
		rc = guess(node, err);
	if (rc == 0)
		rc = blk_perms_update(node->ctx, node, err);
	if (rc < 0)
		return rc;
	node->state = calloc(1, node->driver->state_size + 1);
	if (!node->state)
		return error_set(err, ENOMEM, "out of memory");
	rc = node->driver->open(node, options, err);
	if (rc < 0)
		return rc;
	rc = blk_options_done(node->driver, options, err);
	if (rc < 0)
		node->driver->close(node);
	return rc;
}

static int setup(struct blk_node *node, json_t *options, struct error *err)
{
	int rc = set_name(node, blk_take_string(options, "node-name"), err);

	if (rc == 0)
		rc = choose_driver(node, options, err);
	return rc < 0 ? rc : start_driver(node, options, err);
}

/* options is changed. */
static struct blk_node *open_node(struct blk_ctx *ctx, json_t *options,
				  const struct blk_how *parent,
				  struct error *err)
{
	struct blk_how how = *parent;
	struct blk_node *node;

	if (how.depth > MAX_DEPTH) {
		error_set(err, ELOOP, "the chain of images is longer than %u",
			  MAX_DEPTH);
		return NULL;
	}
	if (blk_take_common(options, &how, err) < 0)
		return NULL;
	node = new_node(ctx, &how, err);
	if (!node)
		return NULL;
	node->depth = how.depth;
	node->opener = how.opener;
	if (setup(node, options, err) < 0) {
		if (err && !err->code)
			error_set(err, ENOMEM, "out of memory");
		drop_node(node);
		return NULL;
	}
	node->opener = NULL;
	list_add_tail(blk_ctx_nodes(ctx), &node->link);
	return node;
}

/* {"driver": "file", "filename": name}, or what json:{...} says. */
static json_t *options_of_name(const char *name, bool *is_json,
			       struct error *err)
{
	size_t n;
	const char *p;
	json_t *o;
	json_error_t where;

	*is_json = !strncmp(name, JSON_PROTOCOL, strlen(JSON_PROTOCOL));
	if (*is_json) {
		o = json_loads(name + strlen(JSON_PROTOCOL),
			       JSON_REJECT_DUPLICATES, &where);
		if (!json_is_object(o)) {
			json_decref(o);
			error_set(err, EINVAL,
				  "Could not parse the JSON options: %.200s",
				  where.text);
			return NULL;
		}
		return o;
	}
	p = blk_path_protocol(name, &n);
	if (blk_path_check(name, err) < 0)
		return NULL;
	name = p ? p + n + 1 : name;
	/* Names of files are bytes, whatever JSON says of strings. */
	o = json_object();
	json_object_set_new(o, "driver", json_string("file"));
	json_object_set_new(o, "filename", json_string_nocheck(name));
	return o;
}

static struct blk_node *open_named(struct blk_ctx *ctx, json_t *options,
				   const char *name, const char *format,
				   const struct blk_how *how, struct error *err)
{
	const struct blk_driver *driver;
	struct blk_node *node;
	bool is_json;
	json_t *file = options_of_name(name, &is_json, err);

	if (!file)
		return NULL;
	driver = format ? blk_driver_find(format) : NULL;
	if (is_json || (driver && driver->protocol))
		json_object_update_missing(options, file);
	else
		json_object_set(options, "file", file);
	if (format && !json_object_get(options, "driver"))
		json_object_set_new(options, "driver", json_string(format));
	json_decref(file);
	node = open_node(ctx, options, how, err);
	return node;
}

struct blk_node *blk_open(struct blk_ctx *ctx, const struct blk_open *o,
			  struct error *err)
{
	struct blk_how how = {.flags = o->flags, .aio = o->aio};
	json_t *options =
		o->options ? json_deep_copy(o->options) : json_object();
	struct blk_node *node;

	if (o->node_name)
		json_object_set_new(options, "node-name",
				    json_string(o->node_name));
	if (!o->filename && o->format && !json_object_get(options, "driver"))
		json_object_set_new(options, "driver", json_string(o->format));
	if (o->filename)
		node = open_named(ctx, options, o->filename, o->format, &how,
				  err);
	else
		node = open_node(ctx, options, &how, err);
	json_decref(options);
	return node;
}

static struct blk_node *refer(struct blk_node *node, const char *name,
			      struct error *err)
{
	struct blk_node *other = blk_node_find(node->ctx, name);

	if (other && blk_ctx_link(node->ctx, other->ctx, err) < 0)
		return NULL;
	if (other)
		return blk_node_ref(other);
	error_set(err, ENOENT, "Cannot find device='%s' nor node-name='%s'",
		  name, name);
	return NULL;
}

int blk_open_child(struct blk_node *node, enum blk_child which, json_t *options,
		   const char *name, unsigned flags, struct error *err)
{
	struct blk_how how = {.flags = flags,
			      .aio = node->aio,
			      .opener = node,
			      .depth = node->depth + 1};
	json_t *child = blk_take_child(options, name);

	if (!child)
		return 0;
	if (json_is_string(child))
		node->child[which] = refer(node, json_string_value(child), err);
	else if (json_is_object(child))
		node->child[which] = open_node(node->ctx, child, &how, err);
	else
		error_set(err, EINVAL,
			  "'%s' is neither a node's name nor its "
			  "options",
			  name);
	json_decref(child);
	if (!node->child[which])
		return -(err && err->code ? err->code : EINVAL);
	/* With the first one the node is not all there yet. */
	return which == BLK_FILE ? 0 : blk_perms_update(node->ctx, node, err);
}

/* Is the file one of those that are being opened, by whatever name? */
static bool is_above(const struct blk_node *node, const char *path)
{
	char *its = realpath(path, NULL), *one;
	bool same = false;

	for (; its && node && !same; node = node->opener) {
		one = node->filename ? realpath(node->filename, NULL) : NULL;
		same = one && !strcmp(one, its);
		free(one);
	}
	free(its);
	return same;
}

static int open_backing_file(struct blk_node *node, json_t *options,
			     const char *file, const char *format,
			     struct error *err)
{
	struct blk_how how = {.flags =
				      node->flags & ~(BLK_O_RDWR | BLK_O_UNMAP),
			      .aio = node->aio,
			      .opener = node,
			      .depth = node->depth + 1};
	char *path = blk_path_combine(node->filename, file);

	if (!path)
		return error_set(err, ENOMEM, "out of memory");
	if (is_above(node, path))
		error_set(err, ELOOP,
			  "the chain of backing files comes back to it");
	else
		node->child[BLK_BACKING] =
			open_named(node->ctx, options, path, format, &how, err);
	free(path);
	if (node->child[BLK_BACKING] &&
	    blk_perms_update(node->ctx, node, err) == 0)
		return 0;
	return error_prefix(err, "Could not open backing file '%s'", file);
}

int blk_open_backing(struct blk_node *node, json_t *options, const char *file,
		     const char *format, struct error *err)
{
	json_t *own = json_object_get(options, "backing");
	int rc;

	if (json_is_null(own)) {
		json_object_del(options, "backing");
		return 0;
	}
	own = blk_take_child(options, "backing");
	if (own && (json_is_string(own) || json_object_get(own, "file") ||
		    json_object_get(own, "filename") ||
		    json_object_get(own, "file.filename"))) {
		json_object_set_new(options, "backing", own);
		return blk_open_child(node, BLK_BACKING, options, "backing",
				      node->flags & ~(BLK_O_RDWR | BLK_O_UNMAP),
				      err);
	}
	if (!own)
		own = json_object();
	rc = file && !(node->flags & BLK_O_NO_BACKING)
		     ? open_backing_file(node, own, file, format, err)
		     : 0;
	json_decref(own);
	return rc;
}
