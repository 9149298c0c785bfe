/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Monitor commands: one table entry serves the human monitor (HMP) and QMP.
 *
 * Each file with something to command or to show has a const table of
 * struct monitor_cmd; vmm/tables.c lists the tables.  A command gets its
 * arguments as a JSON object, whichever way they came, and ends, at once or
 * later, with monitor_done or monitor_fail.  Until then the reply token (the
 * struct monitor_call) stays valid, even when the client has gone.
 *
 * Main loop, machine lock held.
 */
#ifndef VMM_MONITOR_H
#define VMM_MONITOR_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "vmm/error.h"

struct blk_fronts;
struct machine;
struct monitor_call;
struct net;
struct vnc;

enum monitor_arg_type {
	MONITOR_ARG_END,
	MONITOR_ARG_STRING, /* a word, or "quoted"; JSON string */
	MONITOR_ARG_REST, /* the rest of the line; JSON string */
	MONITOR_ARG_INT, /* an expression: 1+2*($eip&0xff); JSON integer */
	MONITOR_ARG_SIZE, /* bytes with suffix; JSON integer */
	MONITOR_ARG_MIB, /* the same, MiB without suffix; JSON in bytes */
	MONITOR_ARG_BOOL, /* on|off; JSON boolean */
	MONITOR_ARG_FLAG, /* -f; JSON boolean */
	MONITOR_ARG_FLAG_WORD, /* -f word; JSON string */
	MONITOR_ARG_FORMAT, /* /fmt of x, xp, print, i: "16xb"; JSON string */
	MONITOR_ARG_JSON, /* QMP only: an array or object */
};

struct monitor_arg {
	const char *name;
	enum monitor_arg_type type;
	bool optional;
	char flag; /* MONITOR_ARG_FLAG and _FLAG_WORD: the letter */
	const char *help;
	/* Completion: calls add with each candidate; may be NULL. */
	void (*complete)(struct machine *m, const char *prefix,
			 void (*add)(void *ctx, const char *word), void *ctx);
};

/* A word that must be given, or may be. */
#define MONITOR_WORD(key, text) \
	{ \
		.name = key, .type = MONITOR_ARG_STRING, .help = text \
	}
#define MONITOR_OPTIONAL_WORD(key, text) \
	{ \
		.name = key, .type = MONITOR_ARG_STRING, .optional = true, \
		.help = text \
	}

struct monitor_cmd {
	const char *name; /* HMP: "stop", "info pci"; NULL: QMP only */
	const char *alias; /* HMP: a second name ("q" for quit), or NULL */
	const char *qmp; /* QMP: "query-status"; NULL: HMP only */
	const char *help; /* one line */
	const struct monitor_arg *args; /* NULL: none */
	/* Ends with monitor_done or monitor_fail, now or later. */
	void (*run)(struct monitor_call *call);
	/*
	 * HMP: prints what QMP would get.  NULL: prints nothing.  A command
	 * for HMP only prints by monitor_printf in run instead.
	 */
	void (*show)(struct monitor_call *call, const json_t *result);
	bool any_args; /* QMP: run looks at those that args has not */
	/* QMP: may overtake others (exec-oob); then run ends it at once. */
	bool oob;
	bool preconfig; /* allowed before the machine is there */
};

extern const struct monitor_cmd chardev_monitor_cmds[];
extern const struct monitor_cmd fds_monitor_cmds[];
extern const struct monitor_cmd input_monitor_cmds[];
extern const struct monitor_cmd interrupt_monitor_cmds[];
extern const struct monitor_cmd irq_monitor_cmds[];
extern const struct monitor_cmd machine_monitor_cmds[];
extern const struct monitor_cmd machines_monitor_cmds[];
extern const struct monitor_cmd memory_monitor_cmds[];
extern const struct monitor_cmd numa_monitor_cmds[];
extern const struct monitor_cmd paging_monitor_cmds[];
extern const struct monitor_cmd save_monitor_cmds[];
extern const struct monitor_cmd schema_monitor_cmds[];
extern const struct monitor_cmd types_monitor_cmds[];
extern const struct monitor_cmd screendump_monitor_cmds[];
extern const struct monitor_cmd yank_monitor_cmds[];

/* Every table there is, each ending with run == NULL (vmm/tables.c). */
extern const struct monitor_cmd *const monitor_tables[];

struct machine *monitor_machine(struct monitor_call *call);
/* The block front ends of the machine. */
struct blk_fronts *monitor_fronts(struct monitor_call *call);
struct net *monitor_net(struct monitor_call *call);
/* NULL: there is none. */
struct vnc *monitor_vnc(struct monitor_call *call);
/* Borrowed; never NULL. */
const json_t *monitor_args(struct monitor_call *call);
/* Conveniences over monitor_args. */
const char *monitor_arg_string(struct monitor_call *call, const char *name);
long long monitor_arg_int(struct monitor_call *call, const char *name,
			  long long dflt);
bool monitor_arg_bool(struct monitor_call *call, const char *name, bool dflt);

/* Text for the human; swallowed for QMP (but human-monitor-command has it). */
void monitor_printf(struct monitor_call *call, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/*
 * Asks the human for a line that is not shown; answer gets it, and ends the
 * call.  False: there is nobody to ask, as with QMP.
 */
bool monitor_ask_secret(struct monitor_call *call, const char *question,
			void (*answer)(struct monitor_call *call,
				       const char *text));
/* The file that the client passed last, which is the caller's now; or -1. */
int monitor_take_fd(struct monitor_call *call);
/* The vCPU that `cpu N` chose. */
unsigned monitor_cpu(const struct monitor_call *call);
void monitor_set_cpu(struct monitor_call *call, unsigned n);

/* result is taken over; NULL means an empty object.  Frees the call. */
void monitor_done(struct monitor_call *call, json_t *result);
/* class as in QMP: "GenericError", "DeviceNotFound".  Frees the call. */
void monitor_fail(struct monitor_call *call, const char *class, const char *fmt,
		  ...) __attribute__((format(printf, 3, 4)));
/* One of the two: with an empty object, or (rc < 0) what err says. */
void monitor_end(struct monitor_call *call, int rc, const struct error *err);

/* The monitors of the command line; with their chardevs. */
int monitors_open(struct machine *m, struct error *err);
void monitors_close(struct machine *m);

/*
 * A QMP event for all clients; data is taken over, NULL for none.  Machine
 * lock.
 */
void monitor_event(struct machine *m, const char *name, json_t *data);

#endif
