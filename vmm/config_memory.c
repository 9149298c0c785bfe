/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What RAM is made of: -m, -mem-path, memory-backend=, -numa memdev=. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/cmdline.h"
#include "vmm/log.h"

#define DEFAULT_ID "pc.ram"
#define MIB	   (UINT64_C(1) << 20)
#define PAGE	   UINT64_C(4096)

/*
 * RAM that no -object stands for.  It is private: of such KSM merges pages,
 * most hosts give huge ones to such alone, and a file keeps its content.
 */
static int add_default(struct config *c, struct error *err)
{
	const char *path = c->mem.path;
	struct memory_backend *b;

	if (config_find_backend(c, DEFAULT_ID))
		return error_set(err, EEXIST,
				 "-object id=" DEFAULT_ID
				 ": -m's own RAM is called that; say -machine "
				 "memory-backend=" DEFAULT_ID
				 ", or choose another id");
	b = config_new_backend(c, path ? MEMORY_FILE : MEMORY_RAM, err);
	if (!b)
		return -ENOMEM;
	b->id = strdup(DEFAULT_ID);
	b->path = path ? strdup(path) : NULL;
	if (!b->id || (path && !b->path))
		return error_set(err, ENOMEM, "out of memory");
	b->own = true;
	b->size = c->mem.size;
	b->share = false;
	b->reserve = path || b->prealloc;
	c->ram[c->nram++] = b;
	return 0;
}

static int add_named(struct config *c, const char *id, struct error *err)
{
	const struct memory_backend *b = config_find_backend(c, id);

	if (c->mem.path)
		return error_set(err, EINVAL,
				 "-machine memory-backend=%s and -mem-path "
				 "exclude each other",
				 id);
	if (!b)
		return error_set(err, ENOENT,
				 "-machine memory-backend=%s: there is no "
				 "-object with this id",
				 id);
	if (b->size != c->mem.size)
		return error_set(err, EINVAL,
				 "-machine memory-backend=%s: it has %" PRIu64
				 " MiB, but -m says %" PRIu64 " MiB",
				 id, b->size / MIB, c->mem.size / MIB);
	c->ram[c->nram++] = b;
	return 0;
}

static bool has_memdevs(const struct config *c)
{
	unsigned i;

	for (i = 0; i < c->numa.n; i++)
		if (c->numa.node[i].memdev)
			return true;
	return false;
}

static int check_part(const struct memory_backend *b, unsigned node,
		      const struct config *c, struct error *err)
{
	if (b->size % PAGE)
		return error_set(err, EINVAL,
				 "-numa node,memdev=%s: its size must be a "
				 "multiple of 4 KiB",
				 b->id);
	/* What lies below 1 MiB is shown, hidden and shown again. */
	if (!c->nram && b->size < MIB)
		return error_set(err, EINVAL,
				 "-numa node,nodeid=%u,memdev=%s: the first "
				 "node with RAM needs at least 1 MiB",
				 node, b->id);
	return 0;
}

static int add_memdevs(struct config *c, struct error *err)
{
	unsigned i;
	int rc = 0;

	if (c->machine.memory_backend)
		return error_set(err, EINVAL,
				 "-machine memory-backend= and -numa "
				 "node,memdev= exclude each other");
	if (c->mem.path)
		log_warn("-mem-path %s has no effect: RAM is what -numa "
			 "node,memdev= says",
			 c->mem.path);
	for (i = 0; i < c->numa.n && rc == 0; i++) {
		if (!c->numa.node[i].memdev)
			continue;
		rc = check_part(c->numa.node[i].memdev, i, c, err);
		c->ram[c->nram++] = c->numa.node[i].memdev;
	}
	return rc;
}

int config_complete_memory(struct config *c, struct error *err)
{
	if (has_memdevs(c))
		return add_memdevs(c, err);
	if (c->machine.memory_backend && *c->machine.memory_backend)
		return add_named(c, c->machine.memory_backend, err);
	return add_default(c, err);
}
