/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -numa: nodes, their processors and distances, by qemu 7.2's rules. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/cmdline.h"
#include "vmm/log.h"

#define MIB (UINT64_C(1) << 20)

static int give_cpu(struct numa_conf *numa, unsigned cpu, int64_t node,
		    struct error *err)
{
	if (numa->cpu[cpu] != NUMA_NO_NODE && numa->cpu[cpu] != node)
		return error_set(err, EEXIST,
				 "processor %u is in node %u already", cpu,
				 numa->cpu[cpu]);
	numa->cpu[cpu] = (uint8_t)node;
	return 0;
}

static int give_cpus(struct config *c, const struct numa_option *o,
		     int64_t node, struct error *err)
{
	unsigned i;
	int rc = 0;

	for (i = 0; i < NUMA_CPUS_MAX && rc == 0; i++) {
		if (!opt_bits_has(&o->cpus, i))
			continue;
		if (i >= c->smp.maxcpus)
			return error_set(err, ERANGE,
					 "cpus=: there is no processor %u; "
					 "-smp has %u",
					 i, c->smp.maxcpus);
		rc = give_cpu(&c->numa, i, node, err);
	}
	return rc;
}

static int give_memdev(struct config *c, struct numa_node *node, const char *id,
		       struct error *err)
{
	unsigned i;

	node->memdev = config_find_backend(c, id);
	if (!node->memdev)
		return error_set(err, ENOENT,
				 "memdev=%s: there is no -object with this id",
				 id);
	for (i = 0; i < NUMA_NODES_MAX; i++)
		if (&c->numa.node[i] != node &&
		    c->numa.node[i].memdev == node->memdev)
			return error_set(err, EEXIST,
					 "memdev=%s is the memory of node %u "
					 "already",
					 id, i);
	node->mem = node->memdev->size;
	return 0;
}

static int give_memory(struct config *c, struct numa_node *node,
		       const struct numa_option *o, bool has_mem,
		       struct error *err)
{
	unsigned i;

	node->has_mem = has_mem;
	node->mem = o->mem;
	for (i = 0; i < NUMA_NODES_MAX; i++)
		if ((has_mem && (o->memdev || c->numa.node[i].memdev)) ||
		    (o->memdev && c->numa.node[i].has_mem))
			return error_set(err, EINVAL,
					 "the nodes have either mem= or "
					 "memdev=, not both");
	return o->memdev ? give_memdev(c, node, o->memdev, err) : 0;
}

static int add_node(struct config *c, const struct numa_option *o,
		    const struct opt_list *list, struct error *err)
{
	int64_t id = o->node < 0 ? c->numa.n : o->node;
	struct numa_node *node = &c->numa.node[id];
	int rc;

	if (id >= NUMA_NODES_MAX)
		return error_set(err, ERANGE, "the most is %d nodes",
				 NUMA_NODES_MAX);
	if (node->present)
		return error_set(err, EEXIST,
				 "there is a node %" PRId64 " already", id);
	rc = give_memory(c, node, o, opt_list_get(list, "mem") != NULL, err);
	if (rc == 0)
		rc = give_cpus(c, o, id, err);
	node->present = true;
	c->numa.n++;
	return rc;
}

static int need_node(const struct config *c, const char *key, int64_t id,
		     struct error *err)
{
	if (id < 0)
		return error_set(err, EINVAL, "%s= is missing", key);
	if (!c->numa.node[id].present)
		return error_set(err, ENOENT,
				 "%s=%" PRId64 ": there is no such node; -numa "
				 "node comes first",
				 key, id);
	return 0;
}

static int add_dist(struct config *c, const struct numa_option *o,
		    const struct opt_list *list, struct error *err)
{
	int rc = need_node(c, "src", o->src, err);

	if (rc == 0)
		rc = need_node(c, "dst", o->dst, err);
	if (rc < 0)
		return rc;
	if (o->val < 0)
		return error_set(err, EINVAL, "val= is missing");
	if (o->src == o->dst && o->val != NUMA_LOCAL)
		return error_set(err, EINVAL,
				 "val=%" PRId64 ": from a node to itself it is "
				 "10",
				 o->val);
	c->numa.distance[o->src][o->dst] = (uint8_t)o->val;
	c->numa.has_distance = true;
	return 0;
}

static bool is_or_any(int64_t asked, unsigned id)
{
	return asked < 0 || asked == id;
}

/* Is processor n among those that o speaks of? */
static bool matches(const struct cpu_topology *t, const struct numa_option *o,
		    unsigned n)
{
	unsigned core = n / t->threads, die = core / t->cores;

	return is_or_any(o->thread, n % t->threads) &&
	       is_or_any(o->core, core % t->cores) &&
	       is_or_any(o->die, die % t->dies) &&
	       is_or_any(o->socket, die / t->dies);
}

static int add_cpu(struct config *c, const struct numa_option *o,
		   const struct opt_list *list, struct error *err)
{
	int rc = need_node(c, "node-id", o->node, err);
	bool found = false;
	unsigned i;

	for (i = 0; i < c->smp.maxcpus && rc == 0; i++)
		if (matches(&c->smp, o, i)) {
			found = true;
			rc = give_cpu(&c->numa, i, o->node, err);
		}
	if (rc == 0 && !found)
		rc = error_set(err, ENOENT,
			       "-smp gives no processor with these ids");
	return rc;
}

static const struct {
	const char *name;
	const struct opt_desc *keys;
	int (*add)(struct config *c, const struct numa_option *o,
		   const struct opt_list *list, struct error *err);
} kinds[] = {
	{"node", numa_node_opts, add_node}, {"dist", numa_dist_opts, add_dist},
	{"cpu", numa_cpu_opts, add_cpu},    {"hmat-lb", NULL, NULL},
	{"hmat-cache", NULL, NULL},
};

#define KINDS (sizeof(kinds) / sizeof(*kinds))

static int add_kind(struct config *c, unsigned kind,
		    const struct opt_list *list, struct error *err)
{
	struct numa_option o = {
		.node = -1,
		.src = -1,
		.dst = -1,
		.val = -1,
		.socket = -1,
		.die = -1,
		.core = -1,
		.thread = -1,
	};
	size_t i;
	int rc = 0;

	if (!kinds[kind].keys)
		return error_set(
			err, ENOTSUP,
			"it is for -machine hmat=on, which is " OPT_LATER);
	for (i = 0; i < list->n && rc == 0; i++)
		if (strcmp(list->pair[i].key, "type") != 0)
			rc = opt_set(kinds[kind].keys, &o, list->pair[i].key,
				     list->pair[i].value, err);
	if (rc == 0)
		rc = kinds[kind].add(c, &o, list, err);
	opt_free(kinds[kind].keys, &o);
	return rc;
}

static int add_option(struct config *c, const char *text, struct error *err)
{
	struct opt_list list;
	const char *type;
	unsigned i;
	int rc = opt_split(text, "type", &list, err);

	if (rc < 0)
		return rc;
	type = opt_list_get(&list, "type");
	for (i = 0; i < KINDS; i++)
		if (type && !strcmp(type, kinds[i].name))
			break;
	rc = i < KINDS ? add_kind(c, i, &list, err)
		       : error_set(err, EINVAL,
				   "it begins with node, dist or cpu");
	opt_list_free(&list);
	return rc;
}

static int check_nodes(const struct config *c, struct error *err)
{
	uint64_t sum = 0;
	unsigned i;

	for (i = 0; i < c->numa.n; i++) {
		if (!c->numa.node[i].present)
			return error_set(err, EINVAL,
					 "-numa: node %u is missing; nodes "
					 "are numbered from 0 on",
					 i);
		if (__builtin_add_overflow(sum, c->numa.node[i].mem, &sum))
			sum = UINT64_MAX;
	}
	if (sum != c->mem.size)
		return error_set(err, EINVAL,
				 "-numa: the nodes have %" PRIu64
				 " MiB together, but -m says %" PRIu64 " MiB%s",
				 sum / MIB, c->mem.size / MIB,
				 sum ? "" : "; say memdev= or mem=");
	return 0;
}

/*
 * If no processor was given to a node, whole sockets are, in turn; else the
 * ones left over are in node 0.
 */
static void complete_cpus(struct config *c)
{
	unsigned per_socket = c->smp.dies * c->smp.cores * c->smp.threads;
	unsigned i, left = 0;

	for (i = 0; i < c->smp.maxcpus; i++)
		left += c->numa.cpu[i] == NUMA_NO_NODE;
	for (i = 0; i < c->smp.maxcpus; i++) {
		if (c->numa.cpu[i] != NUMA_NO_NODE)
			continue;
		c->numa.cpu[i] =
			left < c->smp.maxcpus
				? 0
				: (uint8_t)(i / per_socket % c->numa.n);
		if (left < c->smp.maxcpus)
			log_warn("-numa: processor %u was given to no node; it "
				 "is in node 0",
				 i);
	}
}

static bool is_one_way(const struct numa_conf *numa, unsigned a, unsigned b)
{
	return numa->distance[a][b] && numa->distance[b][a] &&
	       numa->distance[a][b] != numa->distance[b][a];
}

static bool is_asymmetric(const struct numa_conf *numa)
{
	unsigned a, b;

	for (a = 0; a < numa->n; a++)
		for (b = 0; b < a; b++)
			if (is_one_way(numa, a, b))
				return true;
	return false;
}

static int complete_pair(struct numa_conf *numa, unsigned a, unsigned b,
			 bool asymmetric, struct error *err)
{
	uint8_t *there = &numa->distance[a][b], *back = &numa->distance[b][a];

	if (!*there && !*back)
		return error_set(err, EINVAL,
				 "-numa dist: that between nodes %u and %u is "
				 "missing; with one, all are needed",
				 b, a);
	if (asymmetric && (!*there || !*back))
		return error_set(err, EINVAL,
				 "-numa dist: nodes %u and %u have one "
				 "direction only; since some differ, all "
				 "need both",
				 b, a);
	if (!*there)
		*there = *back;
	*back = *back ? *back : *there;
	return 0;
}

static int complete_distances(struct numa_conf *numa, struct error *err)
{
	bool asymmetric = is_asymmetric(numa);
	unsigned a, b;
	int rc = 0;

	if (!numa->has_distance)
		return 0;
	for (a = 0; a < numa->n && rc == 0; a++) {
		numa->distance[a][a] = NUMA_LOCAL;
		for (b = 0; b < a && rc == 0; b++)
			rc = complete_pair(numa, a, b, asymmetric, err);
	}
	return rc;
}

int config_complete_numa(struct config *c, struct error *err)
{
	unsigned i;
	int rc = 0;

	memset(c->numa.cpu, NUMA_NO_NODE, sizeof(c->numa.cpu));
	for (i = 0; i < c->numas.n; i++) {
		rc = add_option(c, c->numas.str[i], err);
		if (rc < 0) {
			config_name_place(err, "-numa", c->numas.str[i]);
			return rc;
		}
	}
	if (!c->numa.n)
		return 0;
	rc = check_nodes(c, err);
	if (rc < 0)
		return rc;
	complete_cpus(c);
	return complete_distances(&c->numa, err);
}
