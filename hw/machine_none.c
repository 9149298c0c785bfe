/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -machine none: no processors, memory or devices.  Programs start it to ask
 * what pcvm can do.
 */
#include "hw/machine_none.h"

#include <errno.h>
#include <stdlib.h>

#include "block/block.h"
#include "vmm/machine.h"

struct machine_none {
	struct blk_fronts fronts; /* for -blockdev */
	struct machine_notifier notifier;
};

static void on_event(void *ctx, enum machine_event event)
{
	struct machine_none *none = ctx;

	if (event != EVENT_EXIT)
		return;
	blk_fronts_fini(&none->fronts);
	free(none);
}

int machine_none_build(struct machine *m, struct error *err)
{
	struct machine_none *none = calloc(1, sizeof(*none));

	if (!none)
		return error_set(err, ENOMEM, "out of memory");
	blk_fronts_init(&none->fronts);
	m->fronts = &none->fronts;
	machine_add_notifier(m, &none->notifier, on_event, none);
	return 0;
}
