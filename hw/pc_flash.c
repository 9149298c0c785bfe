/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Flash on the PC: the firmware's own, and below it that of its variables. */
#include "hw/pc_flash.h"

#include <errno.h>
#include <stdio.h>

#include "hw/pc_drives.h"
#include "hw/pflash.h"
#include "vmm/log.h"

#define UNITS	     2
#define SIZE_MAX_ALL (UINT64_C(8) << 20)
#define FOUR_GIB     (UINT64_C(1) << 32)

struct units {
	struct blk_front *front[UNITS];
};

static int take(struct units *u, unsigned n, struct blk_front *front,
		struct error *err)
{
	if (!front)
		return -EINVAL;
	u->front[n] = front;
	if (!front->node)
		return error_set(err, EINVAL, "flash needs an image");
	return 0;
}

static int open_drive(struct pc *pc, struct units *u,
		      const struct drive_conf *d, struct error *err)
{
	int64_t n = d->unit >= 0 ? d->unit : d->index;
	char name[16];

	if (n < 0)
		n = u->front[0] ? 1 : 0;
	if (n >= UNITS || d->bus > 0)
		return error_set(err, EINVAL,
				 "%s: there is no such place; if=pflash has "
				 "units 0 and 1",
				 d->option);
	if (u->front[n])
		return error_set(err, EBUSY,
				 "%s: drive with bus=0, unit=%d (index=%d) "
				 "exists",
				 d->option, (int)n, (int)n);
	snprintf(name, sizeof(name), "pflash%d", (int)n);
	return take(u, (unsigned)n, pc_drives_open(pc->m, d, name, false, err),
		    err);
}

static int open_node(struct pc *pc, struct units *u, unsigned n,
		     struct error *err)
{
	const char *node = pc->conf->machine.pflash[n];
	int rc;

	if (!node)
		return 0;
	if (u->front[n])
		return error_set(err, EBUSY,
				 "-machine pflash%u=%s: -drive if=pflash,"
				 "unit=%u is there already",
				 n, node, n);
	rc = take(u, n, blk_front_of_node(pc->m->fronts, node, err), err);
	return rc < 0 ? error_prefix(err, "-machine pflash%u=%s", n, node) : 0;
}

static int open_all(struct pc *pc, struct units *u, struct error *err)
{
	const struct config *c = pc->conf;
	unsigned i;
	int rc = 0;

	for (i = 0; i < c->ndrives && rc == 0; i++)
		if (c->drives[i].interface == IF_PFLASH)
			rc = open_drive(pc, u, &c->drives[i], err);
	for (i = 0; i < UNITS && rc == 0; i++)
		rc = open_node(pc, u, i, err);
	return rc;
}

static int check(const struct pc *pc, const struct units *u, struct error *err)
{
	uint64_t size = 0;
	unsigned i;

	if (u->front[1] && !u->front[0])
		return error_set(err, EINVAL,
				 "flash with unit=1 needs one with unit=0, "
				 "which has the firmware");
	for (i = 0; i < UNITS; i++)
		size += u->front[i] ? blk_size(u->front[i]) : 0;
	if (size > SIZE_MAX_ALL)
		return error_set(err, EFBIG,
				 "flash: the images have %llu bytes together; "
				 "8 MiB is the most",
				 (unsigned long long)size);
	if (u->front[0] && pc->conf->bios)
		log_warn("-bios %s: the firmware is taken from flash instead",
			 pc->conf->bios);
	return 0;
}

static int start(struct pc *pc, struct units *u, unsigned n, uint64_t *end,
		 struct ram_block **block, struct error *err)
{
	struct pflash *f;
	char name[32];
	int rc;

	snprintf(name, sizeof(name), "system.flash%u", n);
	f = (struct pflash *)pc_new_device(pc, &pflash_class, name, err);
	if (!f)
		return -ENOMEM;
	f->front = u->front[n];
	*end -= blk_size(f->front);
	f->base = *end;
	rc = device_start(&f->dev, err);
	*block = f->block;
	return rc < 0 ? error_prefix(err, "flash with unit=%u", n) : 0;
}

int pc_flash_build(struct pc *pc, struct ram_block **firmware,
		   struct error *err)
{
	struct ram_block *block[UNITS] = {NULL};
	struct units u = {{NULL}};
	uint64_t end = FOUR_GIB;
	unsigned i;
	int rc = open_all(pc, &u, err);

	if (rc == 0)
		rc = check(pc, &u, err);
	for (i = 0; i < UNITS && rc == 0; i++)
		if (u.front[i])
			rc = start(pc, &u, i, &end, &block[i], err);
	*firmware = block[0];
	return rc;
}
