/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who may do what with nodes that several share.
 *
 * All edges of the machine's graph are listed, and what is wanted is handed
 * down along them until nothing changes; then come the conflicts, then the
 * locks of files that change.
 */
#include "block/perms.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "block/driver.h"

#define CHANGE (BLK_PERM_WRITE | BLK_PERM_RESIZE)

/* From a node, or from a user, to a node. */
struct edge {
	struct blk_node *child;
	const struct blk_node *parent; /* or */
	const struct blk_user *user;
	unsigned which; /* enum blk_child */
	struct blk_grant wants;
};

struct plan {
	struct blk_ctx *ctx;
	struct edge *edge;
	size_t n, room;
	bool failed;
};

static void add(struct plan *p, struct edge edge)
{
	struct edge *grown;

	if (p->n == p->room) {
		p->room = p->room ? p->room * 2 : 32;
		grown = realloc(p->edge, p->room * sizeof(*grown));
		if (!grown) {
			p->failed = true;
			p->room = p->n;
			return;
		}
		p->edge = grown;
	}
	p->edge[p->n++] = edge;
}

static void add_children(struct plan *p, const struct blk_node *parent)
{
	unsigned i;

	for (i = 0; i < BLK_CHILDREN; i++)
		if (parent->child[i])
			add(p, (struct edge){.child = parent->child[i],
					     .parent = parent,
					     .which = i});
}

static void add_users(struct plan *p, struct blk_node *node)
{
	const struct blk_user *user;

	list_for_each (user, &node->users, struct blk_user, link)
		add(p, (struct edge){.child = node, .user = user});
}

static void list_edges(struct plan *p, const struct blk_node *opening)
{
	struct blk_ctx *c = NULL;
	struct blk_node *node;

	while ((c = blk_ctx_next(p->ctx, c)))
		list_for_each (node, blk_ctx_nodes(c), struct blk_node, link) {
			add_users(p, node);
			add_children(p, node);
		}
	for (; opening; opening = opening->opener)
		add_children(p, opening);
}

/* What an image needs of the file that it is in. */
static struct blk_grant of_file(const struct blk_node *parent, unsigned which)
{
	struct blk_grant g = parent->grant;

	if (parent->driver->filter || parent->driver->plain)
		return g;
	if (which == BLK_FILE)
		g.need |= BLK_PERM_READ;
	if (!parent->readonly)
		g.need |= CHANGE;
	g.share |= BLK_PERM_UNCHANGED;
	g.share &= ~(unsigned)CHANGE;
	return g;
}

static struct blk_grant of_backing(const struct blk_node *parent)
{
	struct blk_grant g = {.need = parent->grant.need & BLK_PERM_READ,
			      .share = BLK_PERM_READ | BLK_PERM_UNCHANGED};

	if (parent->grant.share & BLK_PERM_WRITE)
		g.share |= CHANGE;
	return g;
}

static struct blk_grant wants(const struct edge *e)
{
	struct blk_grant g;

	if (e->user)
		return (struct blk_grant){e->user->need, e->user->share};
	g = e->which == BLK_BACKING ? of_backing(e->parent)
				    : of_file(e->parent, e->which);
	if (e->parent->flags & BLK_O_FORCE_SHARE)
		g.share = BLK_PERM_ALL;
	return g;
}

static bool hand_down(struct edge *e)
{
	struct blk_grant *g = &e->child->grant, old = *g;

	e->wants = wants(e);
	g->need |= e->wants.need;
	g->share &= e->wants.share;
	return g->need != old.need || g->share != old.share;
}

static void who(const struct edge *e, char *buf, size_t size)
{
	static const char *const names[] = {[BLK_FILE] = "file",
					    [BLK_BACKING] = "backing",
					    [BLK_DATA] = "data-file"};
	const struct blk_front *f;

	if (e->parent) {
		snprintf(buf, size, "node '%s' (as its '%s')", e->parent->name,
			 names[e->which]);
		return;
	}
	f = container_of(e->user, struct blk_front, user);
	snprintf(buf, size, "block device '%s'", *f->id ? f->id : f->device);
}

static void perm_names(unsigned perms, char *buf, size_t size)
{
	static const char *const names[] = {"consistent read", "write",
					    "write unchanged", "resize"};
	size_t at = 0;
	unsigned i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		if ((perms & 1u << i) && at < size)
			at += (size_t)snprintf(buf + at, size - at, "%s%s",
					       at ? ", " : "", names[i]);
}

static int conflict(const struct edge *a, const struct edge *b,
		    struct error *err)
{
	unsigned perms = a->wants.need & ~b->wants.share;
	char doing[64] = "", one[200], other[200];

	if (a == b || a->child != b->child || !perms)
		return 0;
	perm_names(perms, doing, sizeof(doing));
	who(a, one, sizeof(one));
	who(b, other, sizeof(other));
	return error_set(err, EPERM,
			 "Permission conflict on node '%s': '%s' is needed by "
			 "%s and not shared by %s",
			 a->child->name, doing, one, other);
}

static int find_conflict(const struct plan *p, struct error *err)
{
	size_t i, k;
	int rc = 0;

	for (i = 0; i < p->n && rc == 0; i++)
		for (k = 0; k < p->n && rc == 0; k++)
			rc = conflict(&p->edge[i], &p->edge[k], err);
	return rc;
}

static int lock_files(const struct plan *p, struct error *err)
{
	struct blk_ctx *c = NULL;
	struct blk_node *node;
	int rc;

	while ((c = blk_ctx_next(p->ctx, c)))
		list_for_each (node, blk_ctx_nodes(c), struct blk_node, link) {
			if (!node->driver->grant)
				continue;
			rc = node->driver->grant(node, &node->grant, err);
			if (rc < 0)
				return rc;
		}
	return 0;
}

static void forget(const struct plan *p)
{
	struct blk_ctx *c = NULL;
	struct blk_node *node;

	while ((c = blk_ctx_next(p->ctx, c)))
		list_for_each (node, blk_ctx_nodes(c), struct blk_node, link)
			node->grant = (struct blk_grant){0, BLK_PERM_ALL};
}

int blk_perms_update(struct blk_ctx *ctx, const struct blk_node *opening,
		     struct error *err)
{
	struct plan p = {.ctx = ctx};
	bool more = true;
	size_t i;
	int rc;

	if (!blk_ctx_is_shared(ctx))
		return 0;
	list_edges(&p, opening);
	if (p.failed) {
		free(p.edge);
		return error_set(err, ENOMEM, "out of memory");
	}
	forget(&p);
	while (more)
		for (more = false, i = 0; i < p.n; i++)
			more |= hand_down(&p.edge[i]);
	rc = find_conflict(&p, err);
	if (rc == 0)
		rc = lock_files(&p, err);
	free(p.edge);
	return rc;
}
