/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Monitor commands about the machine as a whole. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "build.h"
#include "vmm/config.h"
#include "vmm/finisher.h"
#include "vmm/insn.h"
#include "vmm/machine.h"
#include "vmm/monitor_calls.h"
#include "vmm/readline.h"
#include "vmm/registers.h"
#include "vmm/vcpu.h"

static const struct config *conf(struct monitor_call *call)
{
	return call->m->config;
}

static void query_status(struct monitor_call *call)
{
	monitor_done(call,
		     json_pack("{s:s, s:b, s:b}", "status",
			       run_state_names[call->m->state], "singlestep", 0,
			       "running", machine_running(call->m)));
}

static const char *text(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

static void show_status(struct monitor_call *call, const json_t *r)
{
	const char *state = text(r, "status");
	bool running = json_is_true(json_object_get(r, "running"));

	monitor_printf(call, "VM status: %s", running ? "running" : "paused");
	if (!running && strcmp(state, "paused") != 0)
		monitor_printf(call, " (%s)", state);
	monitor_printf(call, "\n");
}

static void query_version(struct monitor_call *call)
{
	monitor_done(call, json_pack("{s:{s:i, s:i, s:i}, s:s}", "qemu",
				     "micro", 0, "minor", 2, "major", 7,
				     "package", "pcvm " PCVM_VERSION));
}

static void show_version(struct monitor_call *call, const json_t *r)
{
	monitor_printf(call, "7.2.0 (%s)\n", text(r, "package"));
}

static void query_name(struct monitor_call *call)
{
	const char *name = conf(call)->name.guest;

	monitor_done(call,
		     name ? json_pack("{s:s}", "name", name) : json_object());
}

static void show_name(struct monitor_call *call, const json_t *r)
{
	if (json_object_get(r, "name"))
		monitor_printf(call, "%s\n", text(r, "name"));
}

static void query_uuid(struct monitor_call *call)
{
	const uint8_t *u = conf(call)->uuid;
	char buf[40];
	size_t n = 0, i;

	for (i = 0; i < 16; i++)
		n += (size_t)snprintf(buf + n, sizeof(buf) - n, "%s%02x",
				      i == 4 || i == 6 || i == 8 || i == 10
					      ? "-"
					      : "",
				      u[i]);
	monitor_done(call, json_pack("{s:s}", "UUID", buf));
}

static void show_uuid(struct monitor_call *call, const json_t *r)
{
	monitor_printf(call, "%s\n", text(r, "UUID"));
}

static void query_kvm(struct monitor_call *call)
{
	monitor_done(call, json_pack("{s:b, s:b}", "enabled",
				     call->m->kvm != NULL, "present", 1));
}

/* What KVM's emulator left to us, the most frequent first. */
static void show_finished(struct monitor_call *call)
{
	uint64_t counts[INSN_KINDS], all = 0;
	unsigned kind, best, i;

	for (kind = 0; kind < INSN_KINDS; kind++) {
		counts[kind] = 0;
		for (i = 0; i < call->m->nvcpus; i++)
			counts[kind] +=
				finisher_count(call->m->vcpus[i]->finisher,
					       kind);
		all += counts[kind];
	}
	if (!all)
		return;
	monitor_printf(call,
		       "instructions finished in user space: %" PRIu64 "\n",
		       all);
	for (;;) {
		for (best = 0, kind = 1; kind < INSN_KINDS; kind++)
			if (counts[kind] > counts[best])
				best = kind;
		if (!counts[best])
			break;
		monitor_printf(call, "  %-12s %" PRIu64 "\n", insn_name(best),
			       counts[best]);
		counts[best] = 0;
	}
}

static void show_kvm(struct monitor_call *call, const json_t *r)
{
	monitor_printf(call, "kvm support: %s\n",
		       json_is_true(json_object_get(r, "enabled"))
			       ? "enabled"
			       : "not compiled");
	show_finished(call);
}

void monitor_vcpu_path(char *buf, size_t size, unsigned n)
{
	snprintf(buf, size, "/machine/unattached/device[%u]", n);
}

static void query_cpus(struct monitor_call *call)
{
	const struct cpu_topology *t = &conf(call)->smp;
	json_t *list = json_array();
	unsigned i;

	for (i = 0; i < call->m->nvcpus; i++) {
		const struct vcpu *v = call->m->vcpus[i];
		json_t *props;
		unsigned per_die = t->cores * t->threads;
		char path[64];

		monitor_vcpu_path(path, sizeof(path), i);
		props = json_pack("{s:i, s:i, s:i}", "core-id",
				  (int)(i / t->threads % t->cores), "thread-id",
				  (int)(i % t->threads), "socket-id",
				  (int)(i / (per_die * t->dies)));
		if (t->dies > 1)
			json_object_set_new(props, "die-id",
					    json_integer(i / per_die %
							 t->dies));
		json_array_append_new(list,
				      json_pack("{s:i, s:s, s:i, s:s, s:o}",
						"cpu-index", (int)i, "qom-path",
						path, "thread-id", v->tid,
						"target", "x86_64", "props",
						props));
	}
	monitor_done(call, list);
}

static void show_cpus(struct monitor_call *call, const json_t *r)
{
	const json_t *e;
	size_t i;

	json_array_foreach(r, i, e)
	{
		monitor_printf(call, "%c CPU #%zu: thread_id=%lld\n",
			       i == call->cpu ? '*' : ' ', i,
			       json_integer_value(
				       json_object_get(e, "thread-id")));
	}
}

static void run_cpu(struct monitor_call *call)
{
	long long n = monitor_arg_int(call, "index", 0);

	if (n < 0 || n >= call->m->nvcpus)
		monitor_printf(call, "invalid CPU index\n");
	else
		monitor_set_cpu(call, (unsigned)n);
	monitor_done(call, NULL);
}

static void print_registers(struct monitor_call *call, unsigned n)
{
	char *buf = NULL;
	size_t size;
	FILE *f = open_memstream(&buf, &size);

	if (!f)
		return;
	registers_dump(call->m->vcpus[n], f);
	fclose(f);
	monitor_printf(call, "\nCPU#%u\n%s", n, buf);
	free(buf);
}

static void info_registers(struct monitor_call *call)
{
	bool all = monitor_arg_bool(call, "cpustate_all", false);
	bool ran = vcpus_inspect(call->m);
	unsigned i;

	for (i = 0; i < call->m->nvcpus; i++)
		if (all || i == call->cpu)
			print_registers(call, i);
	vcpus_inspected(call->m, ran);
	monitor_done(call, NULL);
}

static void run_stop(struct monitor_call *call)
{
	if (machine_running(call->m))
		machine_stop(call->m, RUN_STATE_PAUSED);
	monitor_done(call, NULL);
}

static void run_cont(struct monitor_call *call)
{
	struct error err = {0};

	if (machine_cont(call->m, &err) < 0)
		monitor_fail(call, "GenericError", "%s", err.msg);
	else
		monitor_done(call, NULL);
}

static void run_reset(struct monitor_call *call)
{
	machine_request_reset(call->m, CAUSE_HOST_QMP_SYSTEM_RESET);
	machine_serve_requests(call->m);
	monitor_done(call, NULL);
}

static void run_powerdown(struct monitor_call *call)
{
	machine_request_powerdown(call->m);
	machine_serve_requests(call->m);
	monitor_done(call, NULL);
}

static void run_wakeup(struct monitor_call *call)
{
	if (call->m->state != RUN_STATE_SUSPENDED) {
		monitor_fail(call, "GenericError",
			     "Unable to wake up: guest is not in suspended "
			     "state");
		return;
	}
	machine_request_wakeup(call->m);
	machine_serve_requests(call->m);
	monitor_done(call, NULL);
}

static void run_quit(struct monitor_call *call)
{
	machine_request_shutdown(call->m, CAUSE_HOST_QMP_QUIT);
	machine_serve_requests(call->m);
	monitor_done(call, NULL);
}

static void run_nmi(struct monitor_call *call)
{
	struct error err = {0};

	if (vcpus_nmi(call->m, &err) < 0)
		monitor_fail(call, "GenericError", "%s", err.msg);
	else
		monitor_done(call, NULL);
}

static void capabilities(struct monitor_call *call)
{
	monitor_done(call, NULL);
}

static void query_commands(struct monitor_call *call)
{
	const struct monitor_cmd *c;
	json_t *list = json_array();
	size_t i;

	for (i = 0; monitor_tables[i]; i++)
		for (c = monitor_tables[i]; c->run; c++)
			if (c->qmp)
				json_array_append_new(list,
						      json_pack("{s:s}", "name",
								c->qmp));
	monitor_done(call, list);
}

static void human_command(struct monitor_call *call)
{
	const char *line = monitor_arg_string(call, "command-line");
	long long cpu = monitor_arg_int(call, "cpu-index", 0);

	if (cpu && (cpu < 0 || cpu >= call->m->nvcpus)) {
		monitor_fail(call, "GenericError",
			     "Parameter 'cpu-index' expects a CPU number");
		return;
	}
	/* The inner command ends this one, now or later. */
	if (!hmp_run_line(call->m, NULL, line, (unsigned)cpu, call,
			  &call->text))
		monitor_done(call, monitor_json_lines(&call->text));
}

static void help_one(struct monitor_call *call, const struct monitor_cmd *c)
{
	const struct monitor_arg *a;

	monitor_printf(call, "%s%s%s", c->name, c->alias ? "|" : "",
		       c->alias ? c->alias : "");
	for (a = c->args; a && a->type != MONITOR_ARG_END; a++) {
		if (a->type == MONITOR_ARG_FLAG)
			monitor_printf(call, " [-%c]", a->flag);
		else if (a->type == MONITOR_ARG_FLAG_WORD)
			monitor_printf(call, " [-%c %s]", a->flag, a->name);
		else if (a->type == MONITOR_ARG_FORMAT)
			monitor_printf(call, " /fmt");
		else if (a->type == MONITOR_ARG_BOOL)
			monitor_printf(call, " on|off");
		else
			monitor_printf(call, a->optional ? " [%s]" : " %s",
				       a->name);
	}
	monitor_printf(call, "%s -- %s\n", c->args ? "" : " ", c->help);
}

static int by_name(const void *a, const void *b)
{
	const struct monitor_cmd *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

static void help_all(struct monitor_call *call, bool info)
{
	const struct monitor_cmd *c, **all;
	size_t i, n = 0;

	for (i = 0; monitor_tables[i]; i++)
		for (c = monitor_tables[i]; c->run; c++)
			n++;
	all = calloc(n + 1, sizeof(*all));
	if (!all)
		return;
	n = 0;
	for (i = 0; monitor_tables[i]; i++)
		for (c = monitor_tables[i]; c->run; c++)
			if (c->name && !strncmp(c->name, "info ", 5) == info)
				all[n++] = c;
	qsort(all, n, sizeof(*all), by_name);
	for (i = 0; i < n; i++)
		help_one(call, all[i]);
	free(all);
}

static void run_help(struct monitor_call *call)
{
	const char *name = monitor_arg_string(call, "name");
	const struct monitor_cmd *c = name ? monitor_find_hmp(name) : NULL;

	if (!name)
		help_all(call, false);
	else if (!strcmp(name, "info"))
		help_all(call, true);
	else if (c)
		help_one(call, c);
	else
		monitor_printf(call, "unknown command: '%s'\n", name);
	monitor_done(call, NULL);
}

static void run_info(struct monitor_call *call)
{
	help_all(call, true);
	monitor_done(call, NULL);
}

static void info_history(struct monitor_call *call)
{
	const struct readline *rl = call->mon ? call->mon->readline : NULL;
	const char *line;
	unsigned i;

	for (i = 0; rl && (line = readline_history(rl, i)); i++)
		monitor_printf(call, "%u: '%s'\n", i, line);
	monitor_done(call, NULL);
}

static void complete_names(struct machine *m, const char *prefix,
			   void (*add)(void *, const char *), void *ctx)
{
	const struct monitor_cmd *c;
	size_t i;

	for (i = 0; monitor_tables[i]; i++)
		for (c = monitor_tables[i]; c->run; c++)
			if (c->name)
				add(ctx, c->name);
}

static const struct monitor_arg help_args[] = {
	{.name = "name",
	 .type = MONITOR_ARG_REST,
	 .optional = true,
	 .complete = complete_names},
	{.type = MONITOR_ARG_END},
};

static const struct monitor_arg cpu_args[] = {
	{.name = "index", .type = MONITOR_ARG_INT},
	{.type = MONITOR_ARG_END},
};

static const struct monitor_arg register_args[] = {
	{.name = "cpustate_all", .type = MONITOR_ARG_FLAG, .flag = 'a'},
	{.type = MONITOR_ARG_END},
};

static const struct monitor_arg human_args[] = {
	{.name = "command-line", .type = MONITOR_ARG_STRING},
	{.name = "cpu-index", .type = MONITOR_ARG_INT, .optional = true},
	{.type = MONITOR_ARG_END},
};

static const struct monitor_arg capability_args[] = {
	{.name = "enable", .type = MONITOR_ARG_JSON, .optional = true},
	{.type = MONITOR_ARG_END},
};

const struct monitor_cmd machine_monitor_cmds[] = {
	{.name = "help",
	 .alias = "?",
	 .help = "show the help, or that of one command",
	 .args = help_args,
	 .run = run_help},
	{.name = "info",
	 .help = "show various information about the system state",
	 .run = run_info},
	{.name = "info status",
	 .qmp = "query-status",
	 .help = "show whether the machine runs",
	 .run = query_status,
	 .show = show_status},
	{.name = "info version",
	 .qmp = "query-version",
	 .help = "show the version",
	 .run = query_version,
	 .show = show_version},
	{.name = "info name",
	 .qmp = "query-name",
	 .help = "show the name of the guest",
	 .run = query_name,
	 .show = show_name},
	{.name = "info uuid",
	 .qmp = "query-uuid",
	 .help = "show the UUID",
	 .run = query_uuid,
	 .show = show_uuid},
	{.name = "info kvm",
	 .qmp = "query-kvm",
	 .help = "show whether KVM is in use",
	 .run = query_kvm,
	 .show = show_kvm},
	{.name = "info cpus",
	 .qmp = "query-cpus-fast",
	 .help = "show the vCPUs and their threads",
	 .run = query_cpus,
	 .show = show_cpus},
	{.name = "info registers",
	 .help = "show a vCPU's registers (-a: all vCPUs')",
	 .args = register_args,
	 .run = info_registers},
	{.name = "info history",
	 .help = "show the lines that were typed here",
	 .run = info_history},
	{.name = "cpu",
	 .help = "choose the vCPU that commands look at",
	 .args = cpu_args,
	 .run = run_cpu},
	{.name = "stop",
	 .alias = "s",
	 .qmp = "stop",
	 .help = "stop the machine",
	 .run = run_stop},
	{.name = "cont",
	 .alias = "c",
	 .qmp = "cont",
	 .help = "let the machine run",
	 .run = run_cont},
	{.name = "system_reset",
	 .qmp = "system_reset",
	 .help = "press the reset button",
	 .run = run_reset},
	{.name = "system_powerdown",
	 .qmp = "system_powerdown",
	 .help = "press the power button",
	 .run = run_powerdown},
	{.name = "system_wakeup",
	 .qmp = "system_wakeup",
	 .help = "wake the machine up from suspend",
	 .run = run_wakeup},
	{.name = "quit",
	 .alias = "q",
	 .qmp = "quit",
	 .help = "end pcvm",
	 .run = run_quit},
	{.name = "nmi",
	 .qmp = "inject-nmi",
	 .help = "inject an NMI into each vCPU",
	 .run = run_nmi},
	{.qmp = "qmp_capabilities",
	 .args = capability_args,
	 .run = capabilities},
	{.qmp = "query-commands", .run = query_commands},
	{.qmp = "human-monitor-command",
	 .args = human_args,
	 .run = human_command},
	{.run = NULL},
};
