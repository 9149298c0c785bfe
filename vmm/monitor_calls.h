/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of the monitor share; for vmm/monitor*.c, hmp.c and qmp.c. */
#ifndef VMM_MONITOR_CALLS_H
#define VMM_MONITOR_CALLS_H

#include "vmm/chardev.h"
#include "vmm/json_stream.h"
#include "vmm/list.h"
#include "vmm/monitor.h"

struct readline;
struct monitor;

/* Text that grows; all zero is an empty one. */
struct text {
	char *buf;
	size_t len, size;
};

void text_append(struct text *text, const char *buf, size_t len);
void text_printf(struct text *text, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void text_free(struct text *text);

/* The reply token. */
struct monitor_call {
	struct machine *m;
	struct monitor *mon; /* NULL: the client has gone */
	const struct monitor_cmd *cmd;
	json_t *args, *id;
	bool human; /* the client reads text */
	struct text text;
	unsigned cpu;
	struct monitor_call *outer; /* human-monitor-command that made it */
};

struct monitors {
	struct list list; /* struct monitor */
};

struct monitor_ops {
	/* Takes input, at most one command; returns how much of it (not 0). */
	size_t (*input)(struct monitor *mon, const char *buf, size_t len);
	/* Starts one that waited; false: none did.  NULL: none ever do. */
	bool (*resume)(struct monitor *mon);
	/* Is there room for more that waits?  NULL: never. */
	bool (*may_wait)(const struct monitor *mon);
	void (*opened)(struct monitor *mon);
	void (*closed)(struct monitor *mon);
	/* The reply of a call: error class NULL, or result and text. */
	void (*reply)(struct monitor *mon, struct monitor_call *call,
		      json_t *result, const char *class, const char *desc);
	void (*event)(struct monitor *mon, const json_t *event);
};

struct monitor {
	struct list link;
	struct machine *m;
	const struct monitor_ops *ops;
	struct chardev_end end;
	struct monitor_call *busy; /* input waits for its end */
	struct text in; /* what waits */
	bool reading; /* in, further up the stack */
	unsigned cpu;
	/* HMP */
	struct readline *readline;
	bool greeted;
	/* Of the busy call: the next line is for it; or NULL. */
	void (*answer)(struct monitor_call *call, const char *text);
	char format; /* of the last x or print, for the next; 0: none */
	unsigned format_size;
	/* QMP */
	struct json_stream json;
	bool pretty, negotiated;
	bool oob; /* commands may overtake others: they are taken while busy */
	json_t *queue; /* those that cannot, and wait; or NULL */
};

extern const struct monitor_ops hmp_ops, qmp_ops;

void monitor_write(struct monitor *mon, const char *buf, size_t len);
/* As json_string, but for text of any bytes. */
json_t *monitor_json_text(const char *text);
/* The same with lines ended as a terminal needs it. */
json_t *monitor_json_lines(const struct text *text);
/* Starts a command; args is taken over. */
void monitor_start(struct machine *m, struct monitor *mon,
		   const struct monitor_cmd *cmd, json_t *args, json_t *id,
		   unsigned cpu, struct monitor_call *outer);

/* Where vCPU n is, for people and programs. */
void monitor_vcpu_path(char *buf, size_t size, unsigned n);

/* Calls fn for each command of all tables until it returns true. */
const struct monitor_cmd *monitor_find_hmp(const char *name);
const struct monitor_cmd *monitor_find_qmp(const char *name);

/*
 * Parses a human's line and starts its command.  What is wrong with it is
 * said in *complaint, and false returned.
 */
bool hmp_run_line(struct machine *m, struct monitor *mon, const char *line,
		  unsigned cpu, struct monitor_call *outer,
		  struct text *complaint);

/* Evaluates 1+2*($eip&0xff) up to a blank; moves *s on. */
int hmp_eval(struct machine *m, unsigned cpu, const char **s, int64_t *value,
	     struct error *err);

#endif
