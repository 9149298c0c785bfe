/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -object throttle-group: limits by a name, for nodes and drives.  Each key is
 * there as "x-..." and, as JSON has them, inside "limits".
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/cmdline.h"

#define THROTTLE_MAX UINT64_C(1000000000000000)

#define LIMIT(key, field, text) \
	{.name = "x-" key, \
	 .type = OPT_U64, \
	 .offset = offsetof(struct throttle_conf, field), \
	 .max = THROTTLE_MAX, \
	 .help = text}, \
	{ \
		.name = "limits." key, .type = OPT_U64, \
		.offset = offsetof(struct throttle_conf, field), \
		.max = THROTTLE_MAX, .help = "the same" \
	}

#define KIND(key, kind, text) \
	LIMIT(key, avg[kind], text), \
		LIMIT(key "-max", max[kind], "the same in bursts"), \
		LIMIT(key "-max-length", length[kind], \
		      "seconds that a burst may last")

const struct opt_desc throttle_group_opts[] = {
	{.name = "id",
	 .type = OPT_STRING,
	 .offset = offsetof(struct throttle_conf, group),
	 .help = "a name for it"},
	KIND("bps-total", THROTTLE_BPS_TOTAL,
	     "bytes in a second, reading and writing"),
	KIND("bps-read", THROTTLE_BPS_READ, "bytes in a second, reading"),
	KIND("bps-write", THROTTLE_BPS_WRITE, "bytes in a second, writing"),
	KIND("iops-total", THROTTLE_IOPS_TOTAL,
	     "requests in a second, reading and writing"),
	KIND("iops-read", THROTTLE_IOPS_READ, "requests in a second, reading"),
	KIND("iops-write", THROTTLE_IOPS_WRITE,
	     "requests in a second, writing"),
	LIMIT("iops-size", iops_size,
	      "bytes from which on a request counts as several"),
	{.type = OPT_END},
};

int config_add_throttle_group(struct config *c, const struct opt_list *list,
			      struct error *err)
{
	struct throttle_conf *t =
		realloc(c->throttle_groups,
			(c->nthrottle_groups + 1) * sizeof(*t));

	if (!t)
		return error_set(err, ENOMEM, "out of memory");
	c->throttle_groups = t;
	t += c->nthrottle_groups++;
	*t = (struct throttle_conf){.iops_size = 0};
	return config_set_object(throttle_group_opts, t, list, err);
}

bool config_has_throttle_group(const struct config *c, const char *id)
{
	unsigned i;

	for (i = 0; i < c->nthrottle_groups; i++)
		if (!strcmp(c->throttle_groups[i].group, id))
			return true;
	return false;
}

void config_free_throttle_groups(struct config *c)
{
	unsigned i;

	for (i = 0; i < c->nthrottle_groups; i++)
		opt_free(throttle_group_opts, &c->throttle_groups[i]);
	free(c->throttle_groups);
	c->throttle_groups = NULL;
	c->nthrottle_groups = 0;
}
