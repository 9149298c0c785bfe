/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What may happen to a disk's request at each of its steps, which are the
 * requests to the host that it takes: all of it with each controller.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/device/disk_rig.h"
#include "tests/device/slow_host.h"

#define TURNS	2000
#define LBA	36u /* of the request that things happen to */
#define OTHER	360u /* of one that shows that all is well again */
#define LATE_US 4000
#define TRIES	3 /* until the guest was told of a reset or a new medium */
#define DEVICES 8

static uint8_t want[RIG_BYTES];

struct happening {
	const char *name;
	enum blk_action action; /* of werror and rerror */
	struct host_plan plan; /* at: the step */
	bool writes_only, removable_only;
	bool again; /* the request is made to the host once more */
	enum rig_end end; /* of the request; RIG_BUSY: it has none */
	bool any_end, any_data;
	void (*happen)(const struct disk_rig *r);
};

static size_t bytes(const struct disk_rig *r)
{
	return (size_t)r->sectors * BLK_SECTOR;
}

static void turn(const struct disk_rig *r)
{
	loop_turn(r->h->m.loop, 1);
}

static void look_at_image(const struct disk_rig *r, uint32_t lba, uint8_t *buf)
{
	int fd = open(r->path(), O_RDONLY);

	ck_assert(pread(fd, buf, bytes(r), (off_t)lba * BLK_SECTOR) ==
		  (ssize_t)bytes(r));
	close(fd);
}

static enum rig_end wait_for_end(const struct disk_rig *r)
{
	enum rig_end end;
	unsigned i;

	for (i = 0; i < TURNS; i++) {
		end = r->poll(r);
		if (end != RIG_BUSY)
			return end;
		turn(r);
	}
	ck_abort_msg("busy for ever");
	return RIG_BUSY;
}

static void wait_for_step(const struct disk_rig *r, unsigned step)
{
	unsigned i;

	for (i = 0; i < TURNS && host_begun() <= step; i++) {
		ck_assert_int_eq(r->poll(r), RIG_BUSY);
		turn(r);
	}
	ck_assert_uint_gt(host_begun(), step);
}

static void wait_stopped(const struct disk_rig *r)
{
	unsigned i;

	for (i = 0; i < TURNS && machine_running(&r->h->m); i++)
		turn(r);
	ck_assert_int_eq(r->h->m.state, RUN_STATE_IO_ERROR);
}

static void go_on(const struct disk_rig *r)
{
	ck_assert_int_eq(machine_cont(&r->h->m, NULL), 0);
}

/* A read of somewhere else. */
static void expect_works(const struct disk_rig *r)
{
	static const struct host_plan none = {.at = UINT32_MAX};
	unsigned i;

	host_plan(&none);
	look_at_image(r, OTHER, want);
	for (i = 0; i < TRIES; i++) {
		memset(rig_data, 0xee, bytes(r));
		r->begin(r, OTHER, r->sectors, false);
		if (wait_for_end(r) == RIG_GOOD)
			break;
	}
	ck_assert_uint_lt(i, TRIES);
	ck_assert_mem_eq(rig_data, want, bytes(r));
	ck_assert(r->is_quiet(r));
}

static void begin(const struct disk_rig *r, bool write)
{
	size_t i;

	if (write)
		for (i = 0; i < bytes(r); i++)
			want[i] = (uint8_t)(i * 11 + i / 256 + 1);
	else
		look_at_image(r, LBA, want);
	memset(rig_data, 0xee, sizeof(rig_data));
	if (write)
		memcpy(rig_data, want, bytes(r));
	r->begin(r, LBA, r->sectors, write);
}

static void expect_data(const struct disk_rig *r, bool write)
{
	if (write)
		look_at_image(r, LBA, rig_data);
	ck_assert_mem_eq(rig_data, want, bytes(r));
}

static void reset(const struct disk_rig *r)
{
	r->reset(r);
}

static void change_medium(const struct disk_rig *r)
{
	const struct blk_open how = {.filename = r->path(),
				     .format = "raw",
				     .flags = r->readonly ? 0 : BLK_O_RDWR};
	struct error err = {0};
	struct blk_node *node;

	/* The old one has the file's lock until it is gone. */
	ck_assert_int_eq(blk_media_open_tray(&r->h->m, r->front(), true, &err),
			 0);
	ck_assert_int_eq(blk_media_remove(r->front(), &err), 0);
	node = blk_open_alone(&how, &err);
	ck_assert_msg(node != NULL, "%s", err.msg);
	ck_assert_int_eq(blk_media_insert(r->front(), node, &err), 0);
	ck_assert_int_eq(blk_media_close_tray(&r->h->m, r->front(), &err), 0);
}

/* Nothing is begun while the machine stands still. */
static void stop_and_go_on(const struct disk_rig *r)
{
	unsigned begun, i;

	machine_stop(&r->h->m, RUN_STATE_PAUSED);
	begun = host_begun();
	for (i = 0; i < 4; i++)
		loop_turn(r->h->m.loop, 2);
	ck_assert_uint_eq(host_begun(), begun);
	go_on(r);
}

struct saved {
	void *state[DEVICES];
	size_t len[DEVICES];
	unsigned n;
	uint8_t *ram, *image;
	off_t size;
};

static void save(const struct disk_rig *r, struct saved *s)
{
	struct device *dev;
	int fd = open(r->path(), O_RDONLY);

	s->n = 0;
	list_for_each (dev, &r->h->m.devices, struct device, link) {
		ck_assert_uint_lt(s->n, DEVICES);
		s->state[s->n] =
			state_save(dev->class->state, dev, &s->len[s->n]);
		ck_assert_ptr_nonnull(s->state[s->n++]);
	}
	s->ram = malloc(HARNESS_RAM);
	memcpy(s->ram, r->h->ram->host, HARNESS_RAM);
	s->size = lseek(fd, 0, SEEK_END);
	s->image = malloc((size_t)s->size);
	ck_assert(pread(fd, s->image, (size_t)s->size, 0) == s->size);
	close(fd);
}

static void restore(const struct disk_rig *r, struct saved *s)
{
	struct error err = {0};
	struct device *dev;
	int fd = open(r->path(), O_WRONLY);
	unsigned i = 0;

	memcpy(r->h->ram->host, s->ram, HARNESS_RAM);
	ck_assert(pwrite(fd, s->image, (size_t)s->size, 0) == s->size);
	close(fd);
	list_for_each (dev, &r->h->m.devices, struct device, link) {
		ck_assert_msg(state_load(dev->class->state, dev, s->state[i],
					 s->len[i], dev->class->state->version,
					 &err) == 0,
			      "%s", err.msg);
		free(s->state[i++]);
	}
	ck_assert_uint_eq(i, s->n);
	free(s->ram);
	free(s->image);
}

/* On another board, with what the image and the guest's memory had. */
static void save_and_restore(const struct disk_rig *r)
{
	struct saved s;

	if (machine_running(&r->h->m))
		machine_stop(&r->h->m, RUN_STATE_PAUSED);
	save(r, &s);
	if (r->before_save)
		r->before_save();
	r->tear_down();
	r->set_up(r);
	host_take(r->front());
	machine_stop(&r->h->m, RUN_STATE_PAUSED);
	restore(r, &s);
	if (r->after_restore)
		r->after_restore();
	go_on(r);
}

static void stop_by_error(const struct disk_rig *r)
{
	wait_stopped(r);
	ck_assert_int_ne(r->front()->failed, 0);
	go_on(r);
	ck_assert_int_eq(r->front()->failed, 0);
}

static void save_what_failed(const struct disk_rig *r)
{
	wait_stopped(r);
	save_and_restore(r);
}

static void reset_what_failed(const struct disk_rig *r)
{
	wait_stopped(r);
	device_reset_all(&r->h->m);
	go_on(r);
	r->reset(r);
}

static const struct happening happenings[] = {
	{.name = "late", .plan = {.late_us = LATE_US}, .end = RIG_GOOD},
	{.name = "reset", .plan = {.late_us = LATE_US}, .happen = reset},
	{.name = "another medium",
	 .plan = {.late_us = LATE_US},
	 .removable_only = true,
	 .any_end = true,
	 .happen = change_medium},
	{.name = "stop",
	 .plan = {.late_us = LATE_US},
	 .end = RIG_GOOD,
	 .happen = stop_and_go_on},
	{.name = "save",
	 .plan = {.late_us = LATE_US},
	 .end = RIG_GOOD,
	 .happen = save_and_restore},
	{.name = "EIO, reported",
	 .action = BLK_REPORT,
	 .plan = {.error = -EIO},
	 .end = RIG_BAD},
	{.name = "EIO, ignored",
	 .action = BLK_IGNORE,
	 .plan = {.error = -EIO},
	 .end = RIG_GOOD,
	 .any_data = true},
	{.name = "EIO, stops",
	 .action = BLK_STOP,
	 .plan = {.error = -EIO},
	 .again = true,
	 .end = RIG_GOOD,
	 .happen = stop_by_error},
	{.name = "EIO, stops, save",
	 .action = BLK_STOP,
	 .plan = {.error = -EIO},
	 .again = true,
	 .end = RIG_GOOD,
	 .happen = save_what_failed},
	{.name = "EIO, stops, reset",
	 .action = BLK_STOP,
	 .plan = {.error = -EIO},
	 .happen = reset_what_failed},
	{.name = "ENOSPC, reported",
	 .action = BLK_REPORT,
	 .plan = {.error = -ENOSPC},
	 .writes_only = true,
	 .end = RIG_BAD},
	{.name = "ENOSPC, stops",
	 .action = BLK_ENOSPC,
	 .plan = {.error = -ENOSPC, .late_us = LATE_US},
	 .writes_only = true,
	 .again = true,
	 .end = RIG_GOOD,
	 .happen = stop_by_error},
	{.name = "ENOSPC, stops, save",
	 .action = BLK_ENOSPC,
	 .plan = {.error = -ENOSPC},
	 .writes_only = true,
	 .again = true,
	 .end = RIG_GOOD,
	 .happen = save_what_failed},
};

#define HAPPENINGS (sizeof(happenings) / sizeof(*happenings))

static void settle_end(const struct disk_rig *r, const struct happening *what,
		       bool write)
{
	bool heals = r->tries_again && !write && what->plan.error;
	enum rig_end end = wait_for_end(r);
	unsigned i;

	if (!what->any_end) {
		ck_assert(end == what->end || heals);
		if (end == RIG_GOOD && !heals)
			ck_assert_uint_eq(host_begun(), r->steps + what->again);
		for (i = 0; i < 4; i++)
			turn(r);
		ck_assert(r->is_quiet(r));
	}
	if (end == RIG_GOOD && !what->any_data)
		expect_data(r, write);
	if (end == RIG_BAD)
		r->reset(r);
}

static void run(const struct disk_rig *r, const struct happening *what,
		bool write, unsigned step)
{
	struct host_plan plan = what->plan;

	plan.at = step;
	r->set_up(r);
	expect_works(r); /* what comes after a reset was told */
	host_take(r->front());
	r->front()->werror = what->action;
	r->front()->rerror =
		what->action == BLK_ENOSPC ? BLK_REPORT : what->action;
	host_plan(&plan);
	begin(r, write);
	wait_for_step(r, step);
	if (what->happen)
		what->happen(r);
	if (what->end != RIG_BUSY || what->any_end)
		settle_end(r, what, write);
	expect_works(r);
	r->tear_down();
}

START_TEST(requests_take_so_many_steps)
{
	static const struct host_plan none = {.at = UINT32_MAX};
	const struct disk_rig *r = disk_rig_number(_i);
	unsigned write;

	for (write = 0; write <= !r->readonly; write++) {
		r->set_up(r);
		expect_works(r);
		host_take(r->front());
		host_plan(&none);
		begin(r, write);
		ck_assert_int_eq(wait_for_end(r), RIG_GOOD);
		expect_data(r, write);
		ck_assert_uint_eq(host_begun(), r->steps);
		r->tear_down();
	}
}
END_TEST

START_TEST(whatever_happens_to_a_request)
{
	const struct disk_rig *r = disk_rig_number(_i / (int)HAPPENINGS);
	const struct happening *what = &happenings[_i % (int)HAPPENINGS];
	unsigned write, step;

	if (what->removable_only && !r->removable)
		return;
	for (write = what->writes_only; write <= !r->readonly; write++)
		for (step = 0; step < r->steps; step++) {
			fprintf(stderr, "%s: %s: %s %u\n", r->name, what->name,
				write ? "write" : "read", step);
			run(r, what, write, step);
		}
}
END_TEST

/* Some of its bytes are others, more likely so in the beginning. */
static void spoil(uint8_t *state, size_t len)
{
	unsigned n = 1 + (unsigned)rand() % 4;
	size_t within;

	while (n--) {
		within = len >> rand() % 8;
		state[(size_t)rand() % (within + 1) % len] = (uint8_t)rand();
	}
}

/* Moves bytes by the ports of IDE and floppy disks, which others have not. */
static void poke(const struct disk_rig *r)
{
	static const uint16_t ports[] = {0x1f0, 0x170, 0x3f5};
	unsigned i;

	for (i = 0; i < 600; i++) {
		inb(r->h, ports[i % 3]);
		outb(r->h, ports[(i + 1) % 3], (uint8_t)i);
	}
}

/* Whatever is loaded, nothing worse than an error comes of it. */
static void live_with(const struct disk_rig *r, const struct saved *s)
{
	const struct device *first =
		container_of(r->h->m.devices.next, const struct device, link);
	struct device *dev;
	uint8_t *spoilt;
	unsigned i = 0, n;

	list_for_each (dev, &r->h->m.devices, struct device, link) {
		spoilt = malloc(s->len[i] + 1);
		memcpy(spoilt, s->state[i], s->len[i]);
		if (s->len[i] && (dev == first || rand() % 2))
			spoil(spoilt, s->len[i]);
		state_load(dev->class->state, dev, spoilt, s->len[i],
			   dev->class->state->version, NULL);
		free(spoilt);
		i++;
	}
	go_on(r);
	for (n = 0; n < 3; n++) {
		poke(r);
		turn(r);
	}
	device_reset_all(&r->h->m);
	for (n = 0; n < 3; n++)
		turn(r);
	if (machine_running(&r->h->m))
		machine_stop(&r->h->m, RUN_STATE_PAUSED);
}

START_TEST(any_saved_state)
{
	const struct disk_rig *r = disk_rig_number(_i);
	const struct host_plan plan = {.error = -EIO};
	struct saved s;
	unsigned n;

	srand(5);
	r->set_up(r);
	expect_works(r);
	host_take(r->front());
	r->front()->werror = r->front()->rerror = BLK_STOP;
	host_plan(&plan);
	begin(r, !r->readonly);
	wait_for_step(r, 0);
	wait_stopped(r);
	save(r, &s);
	for (n = 0; n < 100; n++)
		live_with(r, &s);
	for (n = 0; n < s.n; n++)
		free(s.state[n]);
	free(s.ram);
	free(s.image);
	r->tear_down();
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("disk matrix");
	int n = 0;

	while (disk_rig_number(n))
		n++;
	tcase_add_loop_test(tc, requests_take_so_many_steps, 0, n);
	tcase_add_loop_test(tc, whatever_happens_to_a_request, 0,
			    n * (int)HAPPENINGS);
	tcase_add_loop_test(tc, any_saved_state, 0, n);
	return unit_run_case("disk matrix", tc);
}
