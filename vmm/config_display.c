/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -vnc, -display, and what is done when neither is given. */
#include <errno.h>
#include <string.h>

#include "vmm/cmdline.h"
#include "vmm/display.h"

#define VNC_PREFIX "vnc="

int config_add_vnc(struct config *c, const struct cmdline_opt *o,
		   const char *arg, struct error *err)
{
	int rc = display_server->check(arg, err);

	if (rc < 0)
		return rc;
	c->display = DISPLAY_VNC;
	return str_list_add(&c->vncs, arg, err);
}

int config_set_display(struct config *c, const struct cmdline_opt *o,
		       const char *arg, struct error *err)
{
	int rc;

	if (!strncmp(arg, VNC_PREFIX, strlen(VNC_PREFIX)))
		return config_add_vnc(c, o, arg + strlen(VNC_PREFIX), err);
	rc = opt_set_text(o->keys, c, arg, o->implied, err);
	if (rc == 0 && c->display == DISPLAY_VNC)
		return error_set(err, EINVAL,
				 "an address is missing: say vnc=HOST:N");
	return rc;
}

int config_complete_display(struct config *c, struct error *err)
{
	c->vnc_default = c->display < 0 && !c->nographic;
	return 0;
}
