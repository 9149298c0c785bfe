/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tap interfaces with their scripts. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net/script.h"
#include "net/tap.h"

bool tap_has_script(const char *path)
{
	return *path && strcmp(path, "no") != 0;
}

/* Who named it wants it; the usual one need not be there for going down. */
static int choose_downscript(const struct tap_conf *conf, char **downscript,
			     struct error *err)
{
	const char *path = conf->downscript ? conf->downscript : TAP_DOWNSCRIPT;

	if (!tap_has_script(path) ||
	    (!conf->downscript && access(path, F_OK) < 0))
		return 0;
	if (access(path, X_OK) < 0)
		return error_errno(err, errno, "downscript %s", path);
	*downscript = strdup(path);
	return *downscript ? 0 : error_set(err, ENOMEM, "out of memory");
}

/* Before there is an interface: what is missing is known then. */
static int check_script(const struct tap_conf *conf, struct error *err)
{
	const char *path = conf->script ? conf->script : TAP_SCRIPT;

	if (!tap_has_script(path) || access(path, X_OK) == 0)
		return 0;
	return error_errno(err, errno, "script %s%s", path,
			   conf->script ? "" : " (script=no is for none)");
}

static int run_script(const struct tap_conf *conf,
		      const struct tap_files *files, bool (*told)(void *ctx),
		      void *ctx, struct error *err)
{
	const char *path = conf->script ? conf->script : TAP_SCRIPT;

	if (!tap_has_script(path))
		return 0;
	return net_run_script(path, files->ifname, told, ctx, err);
}

int tap_start(const struct tap_conf *conf, struct tap_files *files,
	      char **downscript, bool (*told)(void *ctx), void *ctx,
	      struct error *err)
{
	int rc;

	*downscript = NULL;
	if (conf->helper || conf->bridge)
		return tap_ask_helper(conf, files, told, ctx, err);
	if ((rc = check_script(conf, err)) < 0 ||
	    (rc = choose_downscript(conf, downscript, err)) < 0 ||
	    (rc = tap_make(conf, files, err)) < 0)
		goto fail;
	rc = run_script(conf, files, told, ctx, err);
	if (rc == 0)
		return 0;
	tap_close_files(files);
fail:
	free(*downscript);
	*downscript = NULL;
	return rc;
}
