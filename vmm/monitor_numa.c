/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Monitor commands about what RAM is made of, and NUMA nodes. */
#include <inttypes.h>
#include <stdio.h>

#include "vmm/config.h"
#include "vmm/machine.h"
#include "vmm/monitor_calls.h"

#define MIB (UINT64_C(1) << 20)

static const struct config *conf(struct monitor_call *call)
{
	return monitor_machine(call)->config;
}

static json_t *list_nodes(const struct opt_bits *bits)
{
	json_t *list = json_array();
	unsigned i;

	for (i = 0; i < OPT_BITS_MAX; i++)
		if (opt_bits_has(bits, i))
			json_array_append_new(list, json_integer(i));
	return list;
}

/* "auto" comes to on where the kernel can do it. */
static bool merges(const struct memory_backend *b)
{
	return b->merge == 1 || (b->merge && !b->share);
}

static json_t *describe(const struct memory_backend *b)
{
	return json_pack("{s:s, s:I, s:b, s:b, s:b, s:b, s:b, s:s, s:o}", "id",
			 b->id, "size", (json_int_t)b->size, "merge", merges(b),
			 "dump", b->dump, "prealloc", b->prealloc, "share",
			 b->share, "reserve", b->reserve, "policy",
			 memory_policy_names[b->policy], "host-nodes",
			 list_nodes(&b->host_nodes));
}

static void query_memdev(struct monitor_call *call)
{
	const struct config *c = conf(call);
	json_t *list = json_array();
	unsigned i;

	for (i = 0; i < c->nbackends; i++)
		json_array_append_new(list, describe(c->backends[i]));
	monitor_done(call, list);
}

/* "0,2-3" */
static void show_nodes(struct monitor_call *call, const json_t *nodes)
{
	size_t i = 0, n = json_array_size(nodes);
	json_int_t first, last;

	while (i < n) {
		first = json_integer_value(json_array_get(nodes, i));
		monitor_printf(call, "%s%" JSON_INTEGER_FORMAT, i ? "," : "",
			       first);
		last = first;
		while (++i < n &&
		       json_integer_value(json_array_get(nodes, i)) == last + 1)
			last++;
		if (last > first)
			monitor_printf(call, "-%" JSON_INTEGER_FORMAT, last);
	}
	monitor_printf(call, "\n");
}

static void show_memdev(struct monitor_call *call, const json_t *r)
{
	static const char *const flags[] = {"merge", "dump", "prealloc",
					    "share", "reserve"};
	const json_t *b;
	size_t i, k;

	json_array_foreach(r, i, b)
	{
		monitor_printf(call,
			       "memory backend: %s\n  size:  %" PRIu64 "\n",
			       json_string_value(json_object_get(b, "id")),
			       (uint64_t)json_integer_value(
				       json_object_get(b, "size")));
		for (k = 0; k < sizeof(flags) / sizeof(*flags); k++)
			monitor_printf(call, "  %s: %s\n", flags[k],
				       json_is_true(
					       json_object_get(b, flags[k]))
					       ? "true"
					       : "false");
		monitor_printf(call, "  policy: %s\n  host nodes: ",
			       json_string_value(json_object_get(b, "policy")));
		show_nodes(call, json_object_get(b, "host-nodes"));
	}
	monitor_printf(call, "\n");
}

static void info_numa(struct monitor_call *call)
{
	const struct config *c = conf(call);
	unsigned node, cpu;

	monitor_printf(call, "%u nodes\n", c->numa.n);
	for (node = 0; node < c->numa.n; node++) {
		monitor_printf(call, "node %u cpus:", node);
		for (cpu = 0; cpu < c->smp.cpus; cpu++)
			if (c->numa.cpu[cpu] == node)
				monitor_printf(call, " %u", cpu);
		monitor_printf(call,
			       "\nnode %u size: %" PRIu64
			       " MB\nnode %u plugged: 0 MB\n",
			       node, c->numa.node[node].mem / MIB, node);
	}
	monitor_done(call, NULL);
}

static void query_memory_size(struct monitor_call *call)
{
	monitor_done(call, json_pack("{s:I, s:i}", "base-memory",
				     (json_int_t)conf(call)->mem.size,
				     "plugged-memory", 0));
}

static void show_memory_size(struct monitor_call *call, const json_t *r)
{
	static const struct {
		const char *name, *key;
	} lines[] = {
		{"base", "base-memory"},
		{"plugged", "plugged-memory"},
	};
	size_t i;

	for (i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		monitor_printf(call, "%s memory: %" JSON_INTEGER_FORMAT "\n",
			       lines[i].name,
			       json_integer_value(
				       json_object_get(r, lines[i].key)));
}

/* clang-format off */
const struct monitor_cmd numa_monitor_cmds[] = {
	{.name = "info memdev", .qmp = "query-memdev",
	 .help = "show what memory of the host RAM is made of",
	 .run = query_memdev, .show = show_memdev},
	{.name = "info memory_size_summary", .qmp = "query-memory-size-summary",
	 .help = "show how much RAM there is",
	 .run = query_memory_size, .show = show_memory_size},
	{.name = "info numa",
	 .help = "show the guest's NUMA nodes",
	 .run = info_numa},
	{.run = NULL},
};
/* clang-format on */
