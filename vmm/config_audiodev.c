/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -audiodev: where sound goes.  There are no sound devices, so it goes
 * nowhere; programs that start machines say so all the same.
 */
#include <errno.h>
#include <string.h>

#include "vmm/cmdline.h"

static const char *const drivers[] = {"none", NULL};
static const char *const later[] = {"alsa",  "coreaudio", "dbus", "dsound",
				    "jack",  "oss",	  "pa",	  "sdl",
				    "sndio", "spice",	  "wav",  NULL};

struct audiodev_conf {
	char *id;
	int driver;
	uint64_t timer_period;
};

#define KEY(key, kind, field) \
	.name = key, .type = kind, \
	.offset = offsetof(struct audiodev_conf, field)

const struct opt_desc audiodev_opts[] = {
	{KEY("driver", OPT_ENUM, driver), .choices = drivers, .later = later,
	 .help = "none: sound goes nowhere"},
	{KEY("id", OPT_STRING, id), .help = "a name for it"},
	{KEY("timer-period", OPT_U64, timer_period),
	 .help = "microseconds between looks at devices; there are none"},
	{.type = OPT_END},
};

int config_add_audiodev(struct config *c, const struct cmdline_opt *o,
			const char *arg, struct error *err)
{
	struct audiodev_conf conf = {0};
	struct opt_list list;
	int rc;

	if (*arg == '{')
		rc = opt_split_json(arg, &list, err);
	else
		rc = opt_split(arg, o->implied, &list, err);
	if (rc < 0)
		return rc;
	rc = opt_set_all(audiodev_opts, &conf, &list, err);
	if (rc == 0 && !opt_list_get(&list, "driver"))
		rc = error_set(err, EINVAL, "driver= is missing");
	if (rc == 0)
		rc = conf.id ? opt_check_id(conf.id, err)
			     : error_set(err, EINVAL, "id= is missing");
	if (rc == 0)
		rc = str_list_add(&c->audiodevs, conf.id, err);
	opt_free(audiodev_opts, &conf);
	opt_list_free(&list);
	return rc;
}
