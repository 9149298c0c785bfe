/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The boot order for firmware.  A SeaBIOS that reads HALT stops there. */
#include "hw/boot_order.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/device.h"
#include "vmm/machine.h"

#define LAST_LINE "HALT"

struct entry {
	int64_t index;
	char path[160];
};

static int compare(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	return x->index < y->index ? -1 : x->index > y->index;
}

static size_t count_devices(const struct machine *m)
{
	const struct list *e;
	size_t n = 0;

	for (e = m->devices.next; e != &m->devices; e = e->next)
		n++;
	return n;
}

static size_t collect(const struct machine *m, const char *first,
		      struct entry *all)
{
	struct device *dev;
	size_t n = 0;

	if (first) {
		all[n].index = 0;
		strncpy(all[n++].path, first, sizeof(all->path) - 1);
	}
	list_for_each (dev, &m->devices, struct device, link) {
		if (!dev->class->boot_path)
			continue;
		all[n].index = dev->class->boot_path(dev, all[n].path,
						     sizeof(all[n].path));
		n += all[n].index >= 0;
	}
	qsort(all, n, sizeof(*all), compare);
	return n;
}

static int check(const struct entry *all, size_t n, struct error *err)
{
	size_t i;

	for (i = 1; i < n; i++)
		if (all[i].index == all[i - 1].index)
			return error_set(err, EINVAL,
					 "The bootindex %" PRId64
					 " has already been used, for %s",
					 all[i].index, all[i - 1].path);
	return 0;
}

static char *join(const struct entry *all, size_t n, bool strict)
{
	char *text = calloc(n + 1, sizeof(all->path) + 1), *p = text;
	size_t i;

	for (i = 0; i < n && text; i++) {
		p = stpcpy(p, all[i].path);
		if (i + 1 < n || strict)
			*p++ = '\n';
	}
	if (n && strict && text)
		stpcpy(p, LAST_LINE);
	return text;
}

char *boot_order_build(const struct machine *m, const char *first, bool strict,
		       struct error *err)
{
	struct entry *all = calloc(count_devices(m) + 1, sizeof(*all));
	char *text = NULL;
	size_t n;

	if (all) {
		n = collect(m, first, all);
		if (check(all, n, err) == 0)
			text = join(all, n, strict);
	}
	if (!text && !err->code)
		error_set(err, ENOMEM, "out of memory");
	free(all);
	return text;
}
