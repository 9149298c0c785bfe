/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options that there are: a table for the parser, -help and the tests. */
#ifndef VMM_CMDLINE_H
#define VMM_CMDLINE_H

#include "vmm/config.h"

enum cmdline_group {
	GROUP_MACHINE,
	GROUP_STORAGE,
	GROUP_CHARACTER,
	GROUP_DISPLAY,
	GROUP_RUN,
	GROUP_OTHER,
	GROUPS
};

/*
 * An option.  Exactly one of apply, keys, string, list, flag and refused says
 * what is done with it.
 */
struct cmdline_opt {
	const char *name;
	const char *arg; /* what help shows as argument; NULL: it has none */
	const char *help;
	enum cmdline_group group;
	int (*apply)(struct config *c, const char *arg, struct error *err);
	const struct opt_desc *keys; /* key=value, into the struct at offset */
	const char *implied; /* the key of a first value without one */
	enum { TO_NOTHING, TO_KEYS, TO_STRING, TO_LIST, TO_FLAG } to;
	size_t offset; /* into struct config */
	const char *refused;
};

extern const struct cmdline_opt cmdline_opts[]; /* ends with a NULL name */

/* Key tables that others show too. */
extern const struct opt_desc drive_opts[];
extern const struct opt_desc machine_opts[];

/* Does what the option says; arg is NULL for one without argument. */
int cmdline_apply(struct config *c, const struct cmdline_opt *o,
		  const char *arg, struct error *err);

int config_add_drive(struct config *c, const char *arg, struct error *err);
int config_add_device(struct config *c, const char *arg, struct error *err);
int config_set_smp(struct config *c, const char *arg, struct error *err);
int config_set_rtc(struct config *c, struct error *err);

/* Machines that -machine knows. */
int config_check_machine(struct config *c, struct error *err);

void cmdline_help(const char *program);
void cmdline_version(const char *program);
void cmdline_machine_help(void);
void cmdline_device_help(void);
int cmdline_device_properties(const char *name, struct error *err);

#endif
