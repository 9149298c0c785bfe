/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -fw_cfg: files for firmware and guest. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/cmdline.h"
#include "vmm/log.h"

#define NAME_MAX_LEN 55 /* the file directory has 56 bytes, with the zero */
#define USERS_PREFIX "opt/"

static bool is_there(const char *value)
{
	return value && *value;
}

static int check(const struct config *c, const struct fw_cfg_conf *f,
		 struct error *err)
{
	const struct fw_cfg_conf *other;

	if (!is_there(f->name) ||
	    is_there(f->file) + is_there(f->string) + is_there(f->generator) !=
		    1)
		return error_set(err, EINVAL,
				 "name, plus exactly one of file, string and "
				 "gen_id, are needed");
	if (is_there(f->generator))
		return error_set(err, ENOENT,
				 "gen_id=%s: there is no object with this id",
				 f->generator);
	if (strlen(f->name) > NAME_MAX_LEN)
		return error_set(err, ENAMETOOLONG,
				 "the name has more than %d letters",
				 NAME_MAX_LEN);
	for (other = c->fw_cfgs; other < f; other++)
		if (!strcmp(other->name, f->name))
			return error_set(
				err, EEXIST,
				"there is a file of this name already");
	if (strncmp(f->name, USERS_PREFIX, strlen(USERS_PREFIX)) != 0)
		log_warn("-fw_cfg name=%s: names of your own should begin with "
			 "\"" USERS_PREFIX "\"",
			 f->name);
	return 0;
}

int config_add_fw_cfg(struct config *c, const struct cmdline_opt *o,
		      const char *arg, struct error *err)
{
	struct fw_cfg_conf *f =
		realloc(c->fw_cfgs, (c->nfw_cfgs + 1) * sizeof(*c->fw_cfgs));
	int rc;

	if (!f)
		return error_set(err, ENOMEM, "out of memory");
	c->fw_cfgs = f;
	f += c->nfw_cfgs++;
	*f = (struct fw_cfg_conf){.option = strdup(arg)};
	if (!f->option)
		return error_set(err, ENOMEM, "out of memory");
	rc = opt_set_text(o->keys, f, arg, o->implied, err);
	return rc < 0 ? rc : check(c, f, err);
}

void config_free_firmware(struct config *c)
{
	unsigned i;

	for (i = 0; i < c->nfw_cfgs; i++) {
		opt_free(fw_cfg_opts, &c->fw_cfgs[i]);
		free(c->fw_cfgs[i].option);
	}
	free(c->fw_cfgs);
	c->fw_cfgs = NULL;
	c->nfw_cfgs = 0;
}
