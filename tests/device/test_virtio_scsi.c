/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A SCSI adapter on virtio, by drivers old and new and by hostile ones. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "block/ctx.h"
#include "block/driver.h"
#include "block/file.h"
#include "block/front.h"
#include "tests/device/scsi_guest.h"
#include "tests/device/slow_host.h"

#define ALL	 (~VIRTIO_BIT(VIRTIO_F_RING_PACKED))
#define READY	 "00 00 00 00 00 00"
#define READ_ONE "28 00 00 00 00 08 00 00 01 00"
#define REQUESTS 400
#define SLOTS	 8
#define RESET	 0x062900
#define IO_ERROR 0x0b0006

static const struct kind {
	const char *name;
	bool legacy;
	uint64_t features;
} kinds[] = {
	{"legacy", true, 0},
	{"legacy, event index", true, ALL},
	{"modern", false, VIRTIO_BIT(VIRTIO_F_VERSION_1)},
	{"modern, event index", false, ALL},
	{"packed", false,
	 VIRTIO_BIT(VIRTIO_F_VERSION_1) | VIRTIO_BIT(VIRTIO_F_RING_PACKED)},
	{"packed, event index", false, UINT64_MAX},
};

#define KINDS ((int)(sizeof(kinds) / sizeof(*kinds)))

static const char *const packed[] = {"packed", "on", "num_queues", "2", NULL};

static struct scsi_unit *begin_kind(const struct kind *k)
{
	struct scsi_unit *u;

	guest_set_up(packed);
	u = guest_add(&scsi_hd_class, 0, 0, NULL, true);
	guest_begin(k->legacy, k->features);
	u->attention = SENSE_NONE;
	return u;
}

static struct scsi_unit *begin(void)
{
	return begin_kind(&kinds[3]);
}

START_TEST(reads)
{
	unsigned i;

	begin_kind(&kinds[_i]);
	guest_expect(READ_ONE, 512, 0);
	for (i = 0; i < 512; i++)
		ck_assert_uint_eq(guest.data[i], guest_byte(4096 + i));
	ck_assert_uint_eq(guest.last.used, 108 + 512);
	guest_tear_down();
}
END_TEST

#define CONFIG(field) offsetof(struct virtio_scsi_config, field)

START_TEST(describes_itself)
{
	begin_kind(&kinds[_i]);
	ck_assert_uint_eq(driver_config(&guest.d, CONFIG(num_queues), 4), 2);
	ck_assert_uint_eq(driver_config(&guest.d, CONFIG(seg_max), 4), 254);
	ck_assert_uint_eq(driver_config(&guest.d, CONFIG(max_sectors), 4),
			  65535);
	ck_assert_uint_eq(driver_config(&guest.d, CONFIG(cmd_per_lun), 4), 128);
	ck_assert_uint_eq(driver_config(&guest.d, CONFIG(event_info_size), 4),
			  16);
	ck_assert_uint_eq(driver_config(&guest.d, CONFIG(sense_size), 4), 96);
	ck_assert_uint_eq(driver_config(&guest.d, CONFIG(cdb_size), 4), 32);
	ck_assert_uint_eq(driver_config(&guest.d, CONFIG(max_channel), 2), 0);
	ck_assert_uint_eq(driver_config(&guest.d, CONFIG(max_target), 2), 255);
	ck_assert_uint_eq(driver_config(&guest.d, CONFIG(max_lun), 4), 16383);
	ck_assert_uint_eq(guest.d.features & 7,
			  kinds[_i].features ? 6 & kinds[_i].features : 0);
	guest_tear_down();
}
END_TEST

START_TEST(knows_who_is_there)
{
	begin();
	guest_add(&scsi_cd_class, 4, 300, NULL, false);
	guest_expect("12 00 00 00 24 00", 36, 0);
	ck_assert_uint_eq(guest.data[0], 5);
	guest.lun = 0;
	guest_expect_data("a0 00 00 00 00 00 00 00 00 40 00 00", 64,
			  "00 00 00 10 00 00 00 00 00 00 00 00 00 00 00 00 41 "
			  "2c 00 00 00 00 00 00");
	guest_expect_data("12 00 00 00 04 00", 4, "3f 00 05 12");
	guest_expect(READY, 0, 0);
	guest_expect(READ_ONE, 512, 0x052000);
	guest_expect_data("12 01 00 00 ff 00", 255, "3f 00 00 01 00");
	guest.lun = 7;
	guest_expect_data("12 00 00 00 01 00", 1, "7f");
	guest_expect(READY, 0, 0x052500);
	guest_expect_data("03 00 00 00 12 00", 18,
			  "70 00 05 00 00 00 00 0a 00 00 00 00 25 00 00 00 00 "
			  "00");
	guest.id = 5;
	ck_assert_uint_eq(guest_ask(READY, 0).response,
			  VIRTIO_SCSI_S_BAD_TARGET);
	guest.id = 0;
	guest.lun = 0;
	guest_expect_data("a0 00 00 00 00 00 00 00 00 10 00 00", 16,
			  "00 00 00 08 00 00 00 00 00 00 00 00 00 00 00 00");
	guest_expect("a0 00 00 00 00 00 00 00 00 08 00 00", 8, 0x052400);
	guest_expect("a0 00 03 00 00 00 00 00 00 10 00 00", 16, 0x052400);
	guest_tear_down();
}
END_TEST

START_TEST(tells_what_is_left_over)
{
	static const uint8_t cdb[] = {0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0};
	struct answer a;

	begin();
	a = guest_ask(READ_ONE, 1024);
	ck_assert_uint_eq(a.resid, 512);
	ck_assert_uint_eq(a.used, 108 + 512);
	ck_assert_uint_eq(guest_ask(READ_ONE, 511).response,
			  VIRTIO_SCSI_S_OVERRUN);
	ck_assert_uint_eq(guest_ask(READ_ONE, 0).response,
			  VIRTIO_SCSI_S_OVERRUN);
	ck_assert_uint_eq(guest_tell(READ_ONE, guest.data, 512).response,
			  VIRTIO_SCSI_S_OVERRUN);
	ck_assert_uint_eq(
		guest_ask("2a 00 00 00 00 00 00 00 01 00", 512).response,
		VIRTIO_SCSI_S_OVERRUN);
	a = guest_tell("2a 00 00 00 00 08 00 00 01 00", guest.data, 2048);
	ck_assert_uint_eq(a.resid, 1536);
	ck_assert_uint_eq(
		guest_command(cdb, sizeof(cdb), guest.data, 512, 512).response,
		VIRTIO_SCSI_S_FAILURE);
	guest_expect(READY, 512, 0);
	guest_tear_down();
}
END_TEST

/* The driver may choose short CDBs and sense data. */
START_TEST(sizes_are_the_drivers)
{
	struct answer a;

	guest_set_up(NULL);
	guest_add(&scsi_hd_class, 0, 0, NULL, true);
	driver_find(&guest.d, &guest.h, &guest.bus, SCSI_DEVFN, false);
	driver_set_config(&guest.d, CONFIG(sense_size), 4, 4);
	driver_set_config(&guest.d, CONFIG(cdb_size), 10, 4);
	driver_set_config(&guest.d, CONFIG(cdb_size), 256, 4);
	driver_set_config(&guest.d, CONFIG(sense_size), 65536, 4);
	ck_assert_uint_eq(guest.hba->sense_size, 4);
	ck_assert_uint_eq(guest.hba->cdb_size, 10);
	ck_assert(driver_agree(&guest.d, ALL));
	driver_queue(&guest.d, guest.queue, 64);
	driver_ready(&guest.d);
	guest_expect("12 00 00 00 24 00", 36, 0);
	a = guest_ask("ff", 0);
	ck_assert_uint_eq(a.status, SCSI_CHECK_CONDITION);
	ck_assert_uint_eq(a.sense_len, 4);
	ck_assert_uint_eq(a.used, 16);
	a = guest_ask(READ_ONE, 512);
	ck_assert_uint_eq(a.used, 16 + 512);
	driver_set_status(&guest.d, 0);
	ck_assert_uint_eq(driver_config(&guest.d, CONFIG(sense_size), 4), 96);
	ck_assert_uint_eq(driver_config(&guest.d, CONFIG(cdb_size), 4), 32);
	guest_tear_down();
}
END_TEST

static void expect_broken(const struct driver_piece *piece, unsigned n,
			  struct driver *d, unsigned queue)
{
	uint32_t used;
	uint16_t id;
	unsigned i;

	driver_add(d, queue, piece, n, false);
	driver_kick(d, queue);
	ck_assert(!driver_used(d, queue, &id, &used, 0));
	for (i = 0; i < 500; i++) {
		if (driver_status(&guest.d) & VIRTIO_CONFIG_S_NEEDS_RESET)
			return;
		loop_turn(guest.h.m.loop, 5);
	}
	ck_abort_msg("the device does not ask for a reset");
}

/* Requests that are too short for their header or their response. */
START_TEST(short_requests_break_the_queue)
{
	static const struct {
		unsigned queue;
		uint32_t out, in;
	} cases[] = {
		{2, 50, 108}, {2, 51, 107}, {2, 1, 1},	{2, 51, 0},
		{2, 0, 108},  {0, 3, 1},    {0, 23, 1}, {0, 24, 0},
	};
	struct driver_piece piece[2];
	unsigned n = 0;

	guest_set_up(NULL);
	guest_add(&scsi_hd_class, 0, 0, NULL, true);
	guest_begin(false, ALL);
	if (cases[_i].out)
		piece[n++] =
			(struct driver_piece){0x400000, cases[_i].out, false};
	if (cases[_i].in)
		piece[n++] =
			(struct driver_piece){0x401000, cases[_i].in, true};
	expect_broken(piece, n, cases[_i].queue ? &guest.d : &guest.control,
		      cases[_i].queue);
	guest_begin(false, ALL);
	guest_expect(READY, 0, RESET);
	guest_tear_down();
}
END_TEST

/* Requests whose end a test decides on. */
static struct {
	bool hold;
	int error;
	struct list held; /* the I/O thread's */
	_Atomic unsigned count;
} host;

static void hold_or_fail(struct blk_node *node, struct blk_req *req)
{
	if (host.hold) {
		list_add_tail(&host.held, &req->link);
		host.count++;
	} else if (host.error) {
		blk_ctx_complete(node->ctx, req, host.error);
	} else {
		blk_file.submit(node, req);
	}
}

static void take_host(struct scsi_unit *u, bool hold, int error)
{
	static struct blk_driver driver;

	driver = blk_file;
	driver.submit = hold_or_fail;
	u->front->node->child[BLK_FILE]->driver = &driver;
	host.hold = hold;
	host.error = error;
	host.count = 0;
	list_init(&host.held);
}

static void release(struct blk_node *node, void *ctx)
{
	struct blk_node *file = node->child[BLK_FILE];
	struct list *e;

	host.hold = false;
	while ((e = list_pop(&host.held))) {
		struct blk_req *req = container_of(e, struct blk_req, link);

		blk_file.submit(file, req);
	}
}

static void release_all(struct scsi_unit *u)
{
	blk_front_look(u->front, release, NULL);
}

static const uint8_t read_8[16] = {0x28, 0, 0, 0, 0, 8, 0, 0, 1, 0};

static void post_held(unsigned n)
{
	unsigned i;

	for (i = 0; i < n; i++)
		guest_post(i, 100 + i, read_8, 0, 512);
	for (i = 0; i < 1000 && host.count < n; i++)
		loop_turn(guest.h.m.loop, 5);
	ck_assert_uint_eq(host.count, n);
}

static void collect(unsigned n)
{
	uint32_t used;
	uint16_t id;

	while (n--)
		ck_assert(driver_used(&guest.d, guest.queue, &id, &used,
				      SCSI_WAIT));
	ck_assert(!driver_used(&guest.d, guest.queue, &id, &used, 0));
}

START_TEST(aborts_a_task_when_the_host_is_done_with_it)
{
	struct scsi_unit *u = begin();
	uint8_t response;

	take_host(u, true, 0);
	post_held(3);
	ck_assert_uint_eq(guest_task(VIRTIO_SCSI_T_TMF_QUERY_TASK, 101),
			  VIRTIO_SCSI_S_FUNCTION_SUCCEEDED);
	ck_assert_uint_eq(guest_task(VIRTIO_SCSI_T_TMF_QUERY_TASK, 7),
			  VIRTIO_SCSI_S_OK);
	ck_assert_uint_eq(guest_task(VIRTIO_SCSI_T_TMF_ABORT_TASK, 7),
			  VIRTIO_SCSI_S_OK);
	guest_post_task(VIRTIO_SCSI_T_TMF_ABORT_TASK, 101);
	ck_assert(!guest_task_done(&response, 0));
	release_all(u);
	ck_assert(guest_task_done(&response, SCSI_WAIT));
	ck_assert_uint_eq(response, VIRTIO_SCSI_S_OK);
	collect(3);
	ck_assert_uint_eq(guest_answer(0, 512).response, VIRTIO_SCSI_S_OK);
	ck_assert_uint_eq(guest_answer(1, 512).response, VIRTIO_SCSI_S_ABORTED);
	ck_assert_uint_eq(guest_answer(2, 512).response, VIRTIO_SCSI_S_OK);
	guest_tear_down();
}
END_TEST

/* Of what is made of several steps no more of them are taken. */
START_TEST(an_aborted_task_goes_no_further)
{
	static const uint8_t same[16] = {0x41, 0, 0, 0, 0, 0, 0, 4, 0, 0};
	struct scsi_unit *u = begin();
	uint8_t data[512];
	unsigned i;

	memset(data, 'x', sizeof(data));
	take_host(u, true, 0);
	ram_write(&guest.d, guest_out_at(0), data, sizeof(data));
	guest_post(0, 9, same, sizeof(data), 0);
	for (i = 0; i < 1000 && !host.count; i++)
		loop_turn(guest.h.m.loop, 5);
	guest_post_task(VIRTIO_SCSI_T_TMF_ABORT_TASK, 9);
	ck_assert(!guest_task_done(data, 0));
	release_all(u);
	ck_assert(guest_task_done(data, SCSI_WAIT));
	collect(1);
	ck_assert_uint_eq(guest_answer(0, 0).response, VIRTIO_SCSI_S_ABORTED);
	guest_expect("28 00 00 00 00 80 00 00 01 00", 512, 0);
	ck_assert_uint_eq(guest.data[0], guest_byte(128 * 512));
	guest_tear_down();
}
END_TEST

START_TEST(resets_end_all_of_a_unit)
{
	static const uint32_t tasks[] = {VIRTIO_SCSI_T_TMF_LOGICAL_UNIT_RESET,
					 VIRTIO_SCSI_T_TMF_I_T_NEXUS_RESET,
					 VIRTIO_SCSI_T_TMF_ABORT_TASK_SET,
					 VIRTIO_SCSI_T_TMF_CLEAR_TASK_SET};
	struct scsi_unit *u = begin();
	uint8_t response,
		want = _i < 2 ? VIRTIO_SCSI_S_RESET : VIRTIO_SCSI_S_ABORTED;
	unsigned i;

	take_host(u, true, 0);
	post_held(4);
	guest_post_task(tasks[_i], 0);
	ck_assert(!guest_task_done(&response, 0));
	release_all(u);
	ck_assert(guest_task_done(&response, SCSI_WAIT));
	ck_assert_uint_eq(response, VIRTIO_SCSI_S_OK);
	collect(4);
	for (i = 0; i < 4; i++)
		ck_assert_uint_eq(guest_answer(i, 512).response, want);
	guest_expect(READY, 0, _i < 2 ? RESET : 0);
	guest_expect(READY, 0, 0);
	guest_tear_down();
}
END_TEST

START_TEST(refuses_other_tasks)
{
	begin();
	ck_assert_uint_eq(guest_task(VIRTIO_SCSI_T_TMF_CLEAR_ACA, 0),
			  VIRTIO_SCSI_S_FUNCTION_REJECTED);
	ck_assert_uint_eq(guest_task(77, 0), VIRTIO_SCSI_S_FUNCTION_REJECTED);
	ck_assert_uint_eq(guest_task(VIRTIO_SCSI_T_TMF_QUERY_TASK_SET, 0),
			  VIRTIO_SCSI_S_OK);
	guest.lun = 3;
	ck_assert_uint_eq(guest_task(VIRTIO_SCSI_T_TMF_LOGICAL_UNIT_RESET, 0),
			  VIRTIO_SCSI_S_INCORRECT_LUN);
	guest.id = 3;
	ck_assert_uint_eq(guest_task(VIRTIO_SCSI_T_TMF_LOGICAL_UNIT_RESET, 0),
			  VIRTIO_SCSI_S_BAD_TARGET);
	guest_tear_down();
}
END_TEST

START_TEST(a_reset_with_requests_in_flight)
{
	unsigned i, k;

	guest_set_up(packed);
	guest_add(&scsi_hd_class, 0, 0, NULL, true);
	for (i = 0; i < 60; i++) {
		guest_begin(kinds[i % KINDS].legacy, kinds[i % KINDS].features);
		for (k = 0; k < 6; k++)
			guest_post(k, k, read_8, 0, 512);
		driver_set_status(&guest.d, 0);
		ck_assert_uint_eq(driver_status(&guest.d), 0);
	}
	guest_begin(false, ALL);
	guest_expect(READY, 0, RESET);
	guest_expect(READ_ONE, 512, 0);
	guest_tear_down();
}
END_TEST

static void wait_stopped(void)
{
	unsigned i;

	for (i = 0; i < 1000 && machine_running(&guest.h.m); i++)
		loop_turn(guest.h.m.loop, 5);
	ck_assert_int_eq(guest.h.m.state, RUN_STATE_IO_ERROR);
}

START_TEST(an_error_stops_the_machine_and_cont_tries_again)
{
	struct scsi_unit *u = begin();
	uint32_t used;
	uint16_t id;

	take_host(u, false, -EIO);
	u->front->werror = u->front->rerror = BLK_STOP;
	guest_post(0, 1, read_8, 0, 512);
	wait_stopped();
	ck_assert_int_eq(u->front->failed, -EIO);
	ck_assert_int_eq(machine_cont(&guest.h.m, NULL), 0);
	wait_stopped();
	host.error = 0;
	ck_assert_int_eq(machine_cont(&guest.h.m, NULL), 0);
	ck_assert(driver_used(&guest.d, guest.queue, &id, &used, SCSI_WAIT));
	ck_assert_uint_eq(guest_answer(0, 512).status, SCSI_GOOD);
	ck_assert_uint_eq(guest.data[0], guest_byte(4096));
	ck_assert_int_eq(u->front->failed, 0);
	guest_tear_down();
}
END_TEST

START_TEST(what_was_kept_ends_with_a_reset)
{
	struct scsi_unit *u = begin();

	take_host(u, false, -EIO);
	u->front->rerror = BLK_STOP;
	guest_post(0, 1, read_8, 0, 512);
	wait_stopped();
	guest.hba->vp.pci.dev.class->reset(&guest.hba->vp.pci.dev);
	ck_assert_int_eq(u->front->failed, 0);
	host.error = 0;
	ck_assert_int_eq(machine_cont(&guest.h.m, NULL), 0);
	guest_begin(false, ALL);
	guest_expect(READY, 0, RESET);
	guest_expect(READ_ONE, 512, 0);
	guest_tear_down();
}
END_TEST

START_TEST(an_error_is_told_or_not)
{
	struct scsi_unit *u = begin();

	take_host(u, false, -EIO);
	u->front->werror = u->front->rerror = BLK_REPORT;
	guest_expect(READ_ONE, 512, IO_ERROR);
	ck_assert_uint_eq(guest_tell("2a 00 00 00 00 00 00 00 01 00",
				     guest.data, 512)
				  .sense,
			  IO_ERROR);
	guest_expect("35 00 00 00 00 00 00 00 00 00", 0, IO_ERROR);
	host.error = -ENOSPC;
	ck_assert_uint_eq(guest_tell("41 00 00 00 00 00 00 00 04 00",
				     guest.data, 512)
				  .sense,
			  0x072707);
	u->front->werror = u->front->rerror = BLK_IGNORE;
	guest_expect(READ_ONE, 512, 0);
	guest_expect("35 00 00 00 00 00 00 00 00 00", 0, 0);
	guest_tear_down();
}
END_TEST

START_TEST(stands_still_with_the_machine)
{
	uint32_t used;
	uint16_t id;

	begin_kind(&kinds[_i]);
	machine_notify(&guest.h.m, EVENT_STOP);
	guest_post(0, 1, read_8, 0, 512);
	ck_assert(!driver_used(&guest.d, guest.queue, &id, &used, 0));
	machine_notify(&guest.h.m, EVENT_RESUME);
	ck_assert(driver_used(&guest.d, guest.queue, &id, &used, SCSI_WAIT));
	guest_tear_down();
}
END_TEST

static void give_event_room(void)
{
	struct driver_piece piece = {0x3e0000, 16, true};

	driver_add(&guest.events, VIRTIO_SCSI_EVENTS, &piece, 1, false);
	driver_kick(&guest.events, VIRTIO_SCSI_EVENTS);
}

static void expect_event(uint32_t event, uint32_t reason)
{
	uint8_t raw[16];
	uint32_t used;
	uint16_t id;

	ck_assert(driver_used(&guest.events, VIRTIO_SCSI_EVENTS, &id, &used,
			      SCSI_WAIT));
	ck_assert_uint_eq(used, 16);
	ram_read(&guest.d, 0x3e0000, raw, sizeof(raw));
	ck_assert_uint_eq(load_le32(raw), event);
	ck_assert_uint_eq(load_le32(raw + 12), reason);
}

START_TEST(a_new_size_is_an_event)
{
	struct scsi_unit *u = begin();

	give_event_room();
	u->front->media->resized(u->front->media_ctx);
	expect_event(VIRTIO_SCSI_T_PARAM_CHANGE, 0x092a);
	/* The driver gave no room for this one: it hears so later. */
	u->front->media->resized(u->front->media_ctx);
	give_event_room();
	expect_event(VIRTIO_SCSI_T_EVENTS_MISSED, 0);
	guest_tear_down();
}
END_TEST

START_TEST(keeps_its_state)
{
	begin_kind(&kinds[_i]);
	guest_expect(READ_ONE, 512, 0);
	machine_notify(&guest.h.m, EVENT_STOP);
	guest.hba->events_missed = true;
	harness_roundtrip(&guest.hba->vp.pci.dev);
	machine_notify(&guest.h.m, EVENT_RESUME);
	ck_assert(guest.hba->events_missed);
	guest_expect(READY, 0, RESET);
	guest_expect(READ_ONE, 512, 0);
	guest_tear_down();
}
END_TEST

/* Random requests to several units, whose threads are their own. */
struct pending {
	bool busy, write;
	unsigned unit;
	uint32_t off, len;
	uint16_t id;
	uint8_t data[8192];
};

static uint8_t model[3][SCSI_IMAGE];

static void issue(struct pending *p, unsigned slot)
{
	uint8_t cdb[16] = {0};
	unsigned i;

	p->busy = true;
	p->write = rand() % 2;
	p->unit = (unsigned)rand() % 3;
	p->len = (1 + (uint32_t)rand() % 16) * 512;
	/* A part of the disk for each slot, so that any order will do. */
	p->off = slot * (SCSI_IMAGE / SLOTS) + (uint32_t)rand() % 400 * 512;
	for (i = 0; i < p->len; i++)
		p->data[i] = (uint8_t)rand();
	cdb[0] = p->write ? 0x2a : 0x28;
	store_be32(cdb + 2, p->off / 512);
	store_be16(cdb + 7, (uint16_t)(p->len / 512));
	if (p->write)
		ram_write(&guest.d, guest_out_at(slot), p->data, p->len);
	guest.id = p->unit;
	p->id = guest_post(slot, slot, cdb, p->write ? p->len : 0,
			   p->write ? 0 : p->len);
}

static void check_done(struct pending *p, unsigned slot)
{
	struct answer a = guest_answer(slot, p->write ? 0 : p->len);

	ck_assert_uint_eq(a.response, VIRTIO_SCSI_S_OK);
	ck_assert_uint_eq(a.status, SCSI_GOOD);
	ck_assert_uint_eq(a.resid, 0);
	if (p->write)
		memcpy(&model[p->unit][p->off], p->data, p->len);
	else
		ck_assert_mem_eq(guest.data, &model[p->unit][p->off], p->len);
	p->busy = false;
}

static unsigned find_pending(const struct pending *p, uint16_t id)
{
	unsigned i;

	for (i = 0; i < SLOTS; i++)
		if (p[i].busy && p[i].id == id)
			return i;
	ck_abort_msg("a buffer came back that was not given: %u", id);
	return 0;
}

START_TEST(agrees_with_a_model)
{
	static struct pending pending[SLOTS];
	const struct kind *k = &kinds[_i % KINDS];
	unsigned i, slot, live = 0;
	uint32_t used;
	uint16_t id;

	srand(77);
	guest_set_up(packed);
	guest.odd = true;
	for (i = 0; i < 3; i++)
		guest_add(&scsi_hd_class, i, 0, NULL, true);
	guest_begin(k->legacy, k->features);
	for (i = 0; i < 3 * SCSI_IMAGE; i++)
		model[i / SCSI_IMAGE][i % SCSI_IMAGE] =
			guest_byte(i % SCSI_IMAGE);
	for (i = 0; i < 3; i++) {
		guest.id = i;
		guest_expect(READY, 0, RESET);
	}
	for (i = 0; i < 3 && _i >= KINDS; i++)
		host_turn_round(scsi_find(&guest.hba->bus, i, 0)->front);
	for (i = 0; i < REQUESTS || live;) {
		slot = (unsigned)rand() % SLOTS;
		if (i < REQUESTS && !pending[slot].busy) {
			issue(&pending[slot], slot);
			live++;
			i++;
		} else if (driver_used(&guest.d, guest.queue, &id, &used,
				       live < SLOTS ? 0 : SCSI_WAIT)) {
			slot = find_pending(pending, id);
			check_done(&pending[slot], slot);
			live--;
		}
	}
	guest_tear_down();
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("virtio-scsi");

	tcase_add_loop_test(tc, reads, 0, KINDS);
	tcase_add_loop_test(tc, describes_itself, 0, KINDS);
	tcase_add_test(tc, knows_who_is_there);
	tcase_add_test(tc, tells_what_is_left_over);
	tcase_add_test(tc, sizes_are_the_drivers);
	tcase_add_loop_test(tc, short_requests_break_the_queue, 0, 8);
	tcase_add_test(tc, aborts_a_task_when_the_host_is_done_with_it);
	tcase_add_test(tc, an_aborted_task_goes_no_further);
	tcase_add_loop_test(tc, resets_end_all_of_a_unit, 0, 4);
	tcase_add_test(tc, refuses_other_tasks);
	tcase_add_test(tc, a_reset_with_requests_in_flight);
	tcase_add_test(tc, an_error_stops_the_machine_and_cont_tries_again);
	tcase_add_test(tc, what_was_kept_ends_with_a_reset);
	tcase_add_test(tc, an_error_is_told_or_not);
	tcase_add_loop_test(tc, stands_still_with_the_machine, 0, KINDS);
	tcase_add_test(tc, a_new_size_is_an_event);
	tcase_add_loop_test(tc, keeps_its_state, 0, KINDS);
	tcase_add_loop_test(tc, agrees_with_a_model, 0, 2 * KINDS);
	return unit_run_case("virtio-scsi", tc);
}
