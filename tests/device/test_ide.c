/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IDE over its ports: a disk at 0.0 and a CD-ROM at 1.0, over real files. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "block/file.h"
#include "hw/piix3_ide.h"
#include "tests/device/harness.h"
#include "vmm/endian.h"

#define SECTORS 4096u
#define BMDMA	0xc000
#define PRD	0x1000
#define BUF	0x2000
#define TURNS	2000

static struct harness h;
static struct piix3_ide *ide;
static struct pci_bus bus;
static struct blk_fronts fronts;
static char path[] = "/tmp/pcvm-ide-XXXXXX";

static void fill(uint8_t *buf, uint32_t lba)
{
	unsigned i;

	for (i = 0; i < BLK_SECTOR; i++)
		buf[i] = (uint8_t)(lba * 7 + i);
}

static void make_image(void)
{
	uint8_t buf[BLK_SECTOR];
	int fd = mkstemp(path);
	unsigned i;

	for (i = 0; i < SECTORS; i++) {
		fill(buf, i);
		ck_assert(write(fd, buf, sizeof(buf)) == sizeof(buf));
	}
	close(fd);
}

static struct blk_front *front(const char *name, bool cdrom)
{
	struct error err = {0};
	const struct blk_open how = {.filename = path,
				     .format = "raw",
				     .flags = cdrom ? 0
						    : BLK_O_RDWR | BLK_O_UNMAP};
	struct blk_node *node = blk_open_alone(&how, &err);

	ck_assert_msg(node != NULL, "%s", err.msg);
	return blk_front_new(&fronts, name, node, cdrom, &err);
}

static void attach(struct ide_drive *d, const char *name, unsigned number)
{
	bool cdrom = !strcmp(name, "cd");

	ck_assert_int_eq(ide_attach(d, &h.m, front(name, cdrom), cdrom, number,
				    NULL, NULL),
			 0);
}

static void start(bool cdrom)
{
	snprintf(path, sizeof(path), "/tmp/pcvm-ide-XXXXXX");
	make_image();
	harness_init(&h, 0);
	h.m.loop = loop_new(NULL, NULL);
	blk_fronts_init(&fronts);
	pci_bus_init(&bus, &h.m, "pci.0");
	ide = (struct piix3_ide *)harness_new(&h, &piix3_ide_class);
	ide->pci.bus = &bus;
	ide->pci.devfn = 1 << 3 | 1;
	ide->pci.dev.irq[0] = harness_irq(&h, 14);
	ide->pci.dev.irq[1] = harness_irq(&h, 15);
	harness_start(&ide->pci.dev);
	if (cdrom)
		attach(&ide->channel[1].drive[0], "cd", 3);
	else
		attach(&ide->channel[0].drive[0], "hd", 1);
	ide->pci.dev.class->reset(&ide->pci.dev);
	pci_config_write(&bus, 1 << 3 | 1, 0x20, BMDMA, 4);
	pci_config_write(&bus, 1 << 3 | 1, 4, 5, 2);
}

static void end(void)
{
	ide->pci.dev.class->quiesce(&ide->pci.dev);
	loop_turn(h.m.loop, 0);
	while (!list_empty(&h.m.devices))
		device_free(
			container_of(h.m.devices.prev, struct device, link));
	blk_fronts_fini(&fronts);
	loop_free(h.m.loop);
	machine_fini(&h.m);
	unlink(path);
}

/* Waits until the channel is not busy; its status. */
static uint8_t wait_status(uint16_t port)
{
	unsigned i;
	uint8_t s = 0;

	for (i = 0; i < TURNS; i++) {
		s = inb(&h, (uint16_t)(port + 0x206));
		if (!(s & ATA_BSY))
			break;
		loop_turn(h.m.loop, 10);
	}
	ck_assert_msg(!(s & ATA_BSY), "busy for ever");
	return inb(&h, (uint16_t)(port + 7));
}

static void command(uint32_t lba, uint8_t count, uint8_t cmd)
{
	outb(&h, 0x1f2, count);
	outb(&h, 0x1f3, (uint8_t)lba);
	outb(&h, 0x1f4, (uint8_t)(lba >> 8));
	outb(&h, 0x1f5, (uint8_t)(lba >> 16));
	outb(&h, 0x1f6, (uint8_t)(0xe0 | (lba >> 24 & 0xf)));
	outb(&h, 0x1f7, cmd);
}

static void read_data(uint16_t port, uint8_t *buf, size_t len)
{
	size_t i;

	for (i = 0; i < len; i += 2)
		store_le16(buf + i, inw(&h, port));
}

START_TEST(identify_says_who_it_is)
{
	uint8_t id[512];
	unsigned i;
	char model[41] = "";

	start(false);
	command(0, 0, 0xec);
	ck_assert_uint_eq(wait_status(0x1f0), ATA_DRDY | ATA_DSC | ATA_DRQ);
	read_data(0x1f0, id, sizeof(id));
	for (i = 0; i < 40; i++)
		model[i] = (char)id[54 + (i ^ 1)];
	ck_assert(!strncmp(model, "QEMU HARDDISK ", 14));
	ck_assert_uint_eq(load_le32(id + 120), SECTORS);
	ck_assert_uint_eq(load_le64(id + 200), SECTORS);
	ck_assert_uint_eq(inb(&h, 0x1f7), ATA_DRDY | ATA_DSC);
	end();
}
END_TEST

START_TEST(pio_reads_sector_by_sector)
{
	uint8_t got[BLK_SECTOR], want[BLK_SECTOR];
	unsigned i;

	start(false);
	command(100, 3, 0x20);
	for (i = 0; i < 3; i++) {
		ck_assert(wait_status(0x1f0) & ATA_DRQ);
		read_data(0x1f0, got, sizeof(got));
		fill(want, 100 + i);
		ck_assert_mem_eq(got, want, sizeof(got));
	}
	ck_assert_uint_eq(wait_status(0x1f0), ATA_DRDY | ATA_DSC);
	ck_assert_uint_eq(h.edges[14], 3);
	end();
}
END_TEST

START_TEST(pio_writes_and_reads_back)
{
	uint8_t got[BLK_SECTOR];
	unsigned i;

	start(false);
	command(7, 1, 0x30);
	ck_assert(wait_status(0x1f0) & ATA_DRQ);
	for (i = 0; i < 256; i++)
		outw(&h, 0x1f0, (uint16_t)(i * 3));
	ck_assert_uint_eq(wait_status(0x1f0), ATA_DRDY | ATA_DSC);
	command(0, 0, 0xe7);
	ck_assert_uint_eq(wait_status(0x1f0), ATA_DRDY | ATA_DSC);
	command(7, 1, 0x20);
	ck_assert(wait_status(0x1f0) & ATA_DRQ);
	read_data(0x1f0, got, sizeof(got));
	for (i = 0; i < 256; i++)
		ck_assert_uint_eq(load_le16(got + 2 * i), (uint16_t)(i * 3));
	end();
}
END_TEST

static void set_prd(unsigned n, uint32_t addr, uint32_t count)
{
	uint8_t prd[8];

	store_le32(prd, addr);
	store_le32(prd + 4, count);
	gmem_write(&h.m.gmem, PRD + 8 * n, prd, sizeof(prd));
}

START_TEST(dma_reads_by_scattered_pieces)
{
	uint8_t got[4 * BLK_SECTOR], want[BLK_SECTOR];
	unsigned i;

	start(false);
	set_prd(0, BUF, 700);
	set_prd(1, BUF + 700, 1348 | 0x80000000);
	outl(&h, BMDMA + 4, PRD);
	command(500, 4, 0xc8);
	outb(&h, BMDMA, 9);
	ck_assert_uint_eq(wait_status(0x1f0), ATA_DRDY | ATA_DSC);
	ck_assert_uint_eq(inb(&h, BMDMA + 2) & 7, 4);
	gmem_read(&h.m.gmem, BUF, got, sizeof(got));
	for (i = 0; i < 4; i++) {
		fill(want, 500 + i);
		ck_assert_mem_eq(got + i * BLK_SECTOR, want, BLK_SECTOR);
	}
	end();
}
END_TEST

START_TEST(a_short_table_ends_in_an_error)
{
	start(false);
	set_prd(0, BUF, 512 | 0x80000000);
	outl(&h, BMDMA + 4, PRD);
	command(0, 4, 0xc8);
	outb(&h, BMDMA, 9);
	ck_assert(wait_status(0x1f0) & ATA_ERR);
	ck_assert_uint_eq(inb(&h, BMDMA + 2) & 2, 2);
	end();
}
END_TEST

START_TEST(addresses_past_the_end_are_refused)
{
	start(false);
	command(SECTORS - 1, 2, 0x20);
	ck_assert(wait_status(0x1f0) & ATA_ERR);
	ck_assert_uint_eq(inb(&h, 0x1f1), ATA_IDNF);
	command(0, 0, 0xff);
	ck_assert(wait_status(0x1f0) & ATA_ERR);
	ck_assert_uint_eq(inb(&h, 0x1f1), ATA_ABRT);
	end();
}
END_TEST

START_TEST(a_reset_forgets_the_request_in_flight)
{
	unsigned i;

	start(false);
	for (i = 0; i < 50; i++) {
		command(i, 1, 0x20);
		outb(&h, 0x3f6, 4);
		outb(&h, 0x3f6, 0);
		loop_turn(h.m.loop, 1);
		ck_assert_uint_eq(inb(&h, 0x1f7), ATA_DRDY | ATA_DSC);
		ck_assert_uint_eq(inb(&h, 0x1f4), 0);
	}
	end();
}
END_TEST

START_TEST(a_disk_that_is_busy_knows_no_device_reset)
{
	uint8_t got[BLK_SECTOR], want[BLK_SECTOR];

	start(false);
	command(100, 1, 0x20);
	outb(&h, 0x1f7, ATA_CMD_DEVICE_RESET);
	ck_assert(inb(&h, 0x3f6) & ATA_BSY);
	ck_assert(wait_status(0x1f0) & ATA_DRQ);
	read_data(0x1f0, got, sizeof(got));
	fill(want, 100);
	ck_assert_mem_eq(got, want, sizeof(got));
	ck_assert_uint_eq(wait_status(0x1f0), ATA_DRDY | ATA_DSC);
	end();
}
END_TEST

START_TEST(a_reset_that_lasts_is_saved)
{
	start(false);
	outb(&h, 0x3f6, 4);
	harness_roundtrip(&ide->pci.dev);
	ck_assert_uint_eq(inb(&h, 0x3f6), ATA_BSY);
	outb(&h, 0x3f6, 0);
	ck_assert_uint_eq(inb(&h, 0x3f6), ATA_DRDY | ATA_DSC);
	end();
}
END_TEST

static void packet(const uint8_t *bytes, uint16_t limit)
{
	unsigned i;

	outb(&h, 0x171, 0);
	outb(&h, 0x174, (uint8_t)limit);
	outb(&h, 0x175, (uint8_t)(limit >> 8));
	outb(&h, 0x176, 0);
	outb(&h, 0x177, 0xa0);
	ck_assert(wait_status(0x170) & ATA_DRQ);
	for (i = 0; i < 12; i += 2)
		outw(&h, 0x170, load_le16(bytes + i));
}

START_TEST(atapi_reads_in_blocks_of_the_guests_size)
{
	static const uint8_t read10[12] = {0x28, 0, 0, 0, 0, 3, 0, 0, 1};
	uint8_t got[2048], want[BLK_SECTOR];
	unsigned i;

	start(true);
	packet(read10, 1024);
	for (i = 0; i < 2; i++) {
		ck_assert(wait_status(0x170) & ATA_DRQ);
		ck_assert_uint_eq(inb(&h, 0x174) | inb(&h, 0x175) << 8, 1024);
		read_data(0x170, got + 1024 * i, 1024);
	}
	ck_assert_uint_eq(wait_status(0x170), ATA_DRDY | ATA_DSC);
	for (i = 0; i < 4; i++) {
		fill(want, 12 + i);
		ck_assert_mem_eq(got + i * BLK_SECTOR, want, BLK_SECTOR);
	}
	end();
}
END_TEST

START_TEST(atapi_tells_what_is_wrong)
{
	static const uint8_t bad[12] = {0x99};
	static const uint8_t sense[12] = {0x03, 0, 0, 0, 18};
	static const uint8_t far[12] = {0x28, 0, 0xff, 0, 0, 0, 0, 0, 1};
	uint8_t got[18];

	start(true);
	packet(bad, 2048);
	ck_assert(wait_status(0x170) & ATA_ERR);
	packet(sense, 2048);
	ck_assert(wait_status(0x170) & ATA_DRQ);
	read_data(0x170, got, 18);
	ck_assert_uint_eq(got[2], 5);
	ck_assert_uint_eq(got[12], 0x20);
	packet(far, 2048);
	ck_assert(wait_status(0x170) & ATA_ERR);
	ck_assert_uint_eq(inb(&h, 0x171) >> 4, 5);
	end();
}
END_TEST

/* The key and code of the sense data, or 0 for a command that went well. */
static unsigned sense_of(const uint8_t *bytes)
{
	static const uint8_t sense[12] = {0x03, 0, 0, 0, 18};
	uint8_t got[18];

	packet(bytes, 2048);
	if (!(wait_status(0x170) & ATA_ERR))
		return 0;
	packet(sense, 2048);
	ck_assert(wait_status(0x170) & ATA_DRQ);
	read_data(0x170, got, sizeof(got));
	return got[2] << 8 | got[12];
}

/* GET EVENT STATUS NOTIFICATION: event and state of the medium. */
static unsigned media_event(void)
{
	static const uint8_t poll[12] = {0x4a, 1, 0, 0, 0x10, 0, 0, 0, 8};
	uint8_t got[8];

	packet(poll, 2048);
	ck_assert(wait_status(0x170) & ATA_DRQ);
	read_data(0x170, got, sizeof(got));
	return got[4] << 8 | got[5];
}

static struct blk_node *other_medium(void)
{
	struct blk_open how = {.filename = path, .format = "raw"};
	struct error err = {0};
	struct blk_node *node = blk_open_drive(&fronts, &how, &err);

	ck_assert_msg(node != NULL, "%s", err.msg);
	return node;
}

static const uint8_t test_ready[12],
	lock[12] = {0x1e, 0, 0, 0, 1}, allow[12] = {0x1e},
	eject[12] = {0x1b, 0, 0, 0, 2}, load[12] = {0x1b, 0, 0, 0, 3};

START_TEST(the_guest_is_told_of_another_medium)
{
	struct blk_front *f;
	struct error err = {0};

	start(true);
	f = ide->channel[1].drive[0].blk;
	f->removable = true;
	ck_assert_uint_eq(sense_of(test_ready), 0);
	ck_assert_int_eq(blk_media_change(&h.m, f, other_medium(), false, &err),
			 0);
	ck_assert_uint_eq(sense_of(test_ready), 0x628);
	ck_assert_uint_eq(sense_of(test_ready), 0);
	ck_assert_int_eq(blk_media_open_tray(&h.m, f, false, &err), 0);
	ck_assert_int_eq(blk_media_remove(f, &err), 0);
	ck_assert_uint_eq(media_event(), 0x301);
	ck_assert_uint_eq(sense_of(test_ready), 0x23a);
	ck_assert_int_eq(blk_media_insert(f, other_medium(), &err), 0);
	ck_assert_uint_eq(sense_of(test_ready), 0x23a);
	ck_assert_int_eq(blk_media_close_tray(&h.m, f, &err), 0);
	ck_assert_uint_eq(media_event(), 0x202);
	ck_assert_uint_eq(media_event(), 0x002);
	ck_assert_uint_eq(sense_of(test_ready), 0);
	end();
}
END_TEST

START_TEST(a_locked_medium_is_asked_for)
{
	struct blk_front *f;
	struct error err = {0};

	start(true);
	f = ide->channel[1].drive[0].blk;
	f->removable = true;
	ck_assert_uint_eq(sense_of(lock), 0);
	ck_assert_uint_eq(sense_of(eject), 0x553);
	ck_assert_int_lt(blk_media_open_tray(&h.m, f, false, &err), 0);
	ck_assert_str_eq(err.msg, "Device 'cd' is locked and force was not "
				  "specified, wait for tray to open and try "
				  "again");
	ck_assert_uint_eq(media_event(), 0x102);
	ck_assert_uint_eq(media_event(), 0x002);
	ck_assert_uint_eq(sense_of(allow), 0);
	ck_assert_uint_eq(sense_of(eject), 0);
	ck_assert(f->tray_open);
	ck_assert_uint_eq(sense_of(test_ready), 0x23a);
	ck_assert_int_eq(blk_media_open_tray(&h.m, f, false, &err), 0);
	ck_assert_uint_eq(sense_of(load), 0);
	ck_assert(!f->tray_open);
	ck_assert_uint_eq(sense_of(test_ready), 0);
	ck_assert_uint_eq(sense_of(lock), 0);
	ck_assert_int_eq(blk_media_open_tray(&h.m, f, true, &err), 0);
	ck_assert(f->tray_open);
	/* A machine that is reset locks nothing. */
	ck_assert(f->locked);
	ide->pci.dev.class->reset(&ide->pci.dev);
	ck_assert(!f->locked);
	end();
}
END_TEST

/* A host that cannot: every request of the file fails with this, if not 0. */
static int host_error;

static void submit_or_fail(struct blk_node *node, struct blk_req *req)
{
	if (host_error)
		blk_ctx_complete(node->ctx, req, host_error);
	else
		blk_file.submit(node, req);
}

static struct blk_front *start_failing(enum blk_action action)
{
	static struct blk_driver failing;
	struct blk_front *f;

	start(false);
	failing = blk_file;
	failing.submit = submit_or_fail;
	f = ide->channel[0].drive[0].blk;
	f->node->child[BLK_FILE]->driver = &failing;
	f->werror = f->rerror = action;
	host_error = -EIO;
	h.m.state = RUN_STATE_RUNNING;
	return f;
}

static void wait_stopped(void)
{
	unsigned i;

	for (i = 0; i < TURNS && machine_running(&h.m); i++)
		loop_turn(h.m.loop, 10);
	ck_assert_int_eq(h.m.state, RUN_STATE_IO_ERROR);
	ck_assert(inb(&h, 0x3f6) & ATA_BSY);
}

static void write_sector(uint32_t lba, uint8_t with)
{
	unsigned i;

	command(lba, 1, 0x30);
	ck_assert(wait_status(0x1f0) & ATA_DRQ);
	for (i = 0; i < 256; i++)
		outw(&h, 0x1f0, (uint16_t)(with << 8 | with));
}

static void expect_sector(uint32_t lba, uint8_t with)
{
	uint8_t got[BLK_SECTOR];
	unsigned i;

	command(lba, 1, 0x20);
	ck_assert(wait_status(0x1f0) & ATA_DRQ);
	read_data(0x1f0, got, sizeof(got));
	for (i = 0; i < sizeof(got); i++)
		ck_assert_uint_eq(got[i], with);
}

START_TEST(an_error_stops_the_machine_and_cont_tries_again)
{
	struct blk_front *f = start_failing(BLK_STOP);

	write_sector(9, 0x77);
	wait_stopped();
	ck_assert_int_eq(f->failed, -EIO);
	host_error = -ENOSPC;
	ck_assert_int_eq(machine_cont(&h.m, NULL), 0);
	ck_assert_int_eq(f->failed, 0);
	wait_stopped();
	ck_assert_int_eq(f->failed, -ENOSPC);
	host_error = 0;
	ck_assert_int_eq(machine_cont(&h.m, NULL), 0);
	ck_assert_uint_eq(wait_status(0x1f0), ATA_DRDY | ATA_DSC);
	expect_sector(9, 0x77);
	/* The same for flushes. */
	host_error = -EIO;
	command(0, 0, 0xe7);
	wait_stopped();
	host_error = 0;
	ck_assert_int_eq(machine_cont(&h.m, NULL), 0);
	ck_assert_uint_eq(wait_status(0x1f0), ATA_DRDY | ATA_DSC);
	end();
}
END_TEST

START_TEST(a_dma_read_is_tried_again)
{
	uint8_t got[BLK_SECTOR], want[BLK_SECTOR];

	start_failing(BLK_STOP);
	set_prd(0, BUF, 512 | 0x80000000);
	outl(&h, BMDMA + 4, PRD);
	command(33, 1, 0xc8);
	outb(&h, BMDMA, 9);
	wait_stopped();
	host_error = 0;
	ck_assert_int_eq(machine_cont(&h.m, NULL), 0);
	ck_assert_uint_eq(wait_status(0x1f0), ATA_DRDY | ATA_DSC);
	gmem_read(&h.m.gmem, BUF, got, sizeof(got));
	fill(want, 33);
	ck_assert_mem_eq(got, want, sizeof(got));
	end();
}
END_TEST

START_TEST(a_reset_forgets_what_failed)
{
	struct blk_front *f = start_failing(BLK_STOP);

	write_sector(9, 0x77);
	wait_stopped();
	ide->pci.dev.class->reset(&ide->pci.dev);
	ck_assert_int_eq(f->failed, 0);
	host_error = 0;
	ck_assert_int_eq(machine_cont(&h.m, NULL), 0);
	loop_turn(h.m.loop, 10);
	ck_assert_uint_eq(inb(&h, 0x1f7), ATA_DRDY | ATA_DSC);
	write_sector(10, 0x33);
	ck_assert_uint_eq(wait_status(0x1f0), ATA_DRDY | ATA_DSC);
	expect_sector(10, 0x33);
	/* It is being tried again. */
	host_error = -EIO;
	write_sector(11, 1);
	wait_stopped();
	host_error = 0;
	ck_assert_int_eq(machine_cont(&h.m, NULL), 0);
	ide->pci.dev.class->reset(&ide->pci.dev);
	loop_turn(h.m.loop, 10);
	expect_sector(10, 0x33);
	/* The end comes while one is kept. */
	host_error = -EIO;
	write_sector(11, 1);
	wait_stopped();
	end();
}
END_TEST

START_TEST(errors_are_reported_or_ignored)
{
	struct blk_front *f = start_failing(BLK_REPORT);

	write_sector(9, 0x77);
	ck_assert(wait_status(0x1f0) & ATA_ERR);
	f->werror = f->rerror = BLK_IGNORE;
	write_sector(9, 0x77);
	ck_assert_uint_eq(wait_status(0x1f0), ATA_DRDY | ATA_DSC);
	expect_sector(9, 0);
	f->werror = BLK_ENOSPC;
	write_sector(9, 0x77);
	ck_assert(wait_status(0x1f0) & ATA_ERR);
	ck_assert(machine_running(&h.m));
	host_error = -ENOSPC;
	write_sector(9, 0x78);
	wait_stopped();
	host_error = 0;
	ck_assert_int_eq(machine_cont(&h.m, NULL), 0);
	ck_assert_uint_eq(wait_status(0x1f0), ATA_DRDY | ATA_DSC);
	expect_sector(9, 0x78);
	end();
}
END_TEST

static bool identify_has_cache(void)
{
	uint8_t id[512];

	command(0, 0, 0xec);
	ck_assert(wait_status(0x1f0) & ATA_DRQ);
	read_data(0x1f0, id, sizeof(id));
	return load_le16(id + 170) & 1 << 5;
}

static void trim(uint8_t feature, uint16_t count)
{
	outb(&h, 0x1f1, feature);
	outb(&h, 0x1f2, (uint8_t)(count >> 8));
	command(0, (uint8_t)count, 0x06);
}

static void set_range(unsigned n, uint64_t lba, uint64_t len)
{
	uint8_t entry[8];

	store_le64(entry, lba | len << 48);
	gmem_write(&h.m.gmem, BUF + 8 * n, entry, sizeof(entry));
}

START_TEST(trim_discards)
{
	uint8_t id[512];

	start(false);
	command(0, 0, 0xec);
	ck_assert(wait_status(0x1f0) & ATA_DRQ);
	read_data(0x1f0, id, sizeof(id));
	ck_assert_uint_eq(load_le16(id + 338), 1);
	write_sector(20, 0x11);
	ck_assert_uint_eq(wait_status(0x1f0), ATA_DRDY | ATA_DSC);
	write_sector(24, 0x44);
	ck_assert_uint_eq(wait_status(0x1f0), ATA_DRDY | ATA_DSC);
	set_range(0, 16, 8);
	set_range(5, 800, 8);
	set_prd(0, BUF, 512 | 0x80000000);
	outl(&h, BMDMA + 4, PRD);
	trim(1, 1);
	outb(&h, BMDMA, 1);
	ck_assert_uint_eq(wait_status(0x1f0), ATA_DRDY | ATA_DSC);
	outb(&h, BMDMA, 0);
	expect_sector(20, 0);
	expect_sector(24, 0x44);
	expect_sector(803, 0);
	end();
}
END_TEST

START_TEST(trim_refuses_nonsense)
{
	start(false);
	trim(0, 1);
	ck_assert(wait_status(0x1f0) & ATA_ERR);
	trim(1, 0);
	ck_assert(wait_status(0x1f0) & ATA_ERR);
	trim(1, 129);
	ck_assert(wait_status(0x1f0) & ATA_ERR);
	/* Ranges beyond the end. */
	set_prd(0, BUF, 512 | 0x80000000);
	outl(&h, BMDMA + 4, PRD);
	set_range(63, SECTORS - 1, 2);
	trim(1, 1);
	outb(&h, BMDMA, 1);
	ck_assert(wait_status(0x1f0) & ATA_ERR);
	ck_assert_uint_eq(inb(&h, 0x1f1), ATA_ABRT);
	outb(&h, BMDMA, 0);
	set_range(63, (UINT64_C(1) << 48) - 1, 1);
	trim(1, 1);
	outb(&h, BMDMA, 1);
	ck_assert(wait_status(0x1f0) & ATA_ERR);
	outb(&h, BMDMA, 0);
	/* A list that does not come as a whole. */
	trim(1, 2);
	outb(&h, BMDMA, 1);
	ck_assert(wait_status(0x1f0) & ATA_ERR);
	outb(&h, BMDMA, 0);
	write_sector(1, 1);
	ck_assert_uint_eq(wait_status(0x1f0), ATA_DRDY | ATA_DSC);
	end();
}
END_TEST

/* True: it was done; a page of data is in got. */
static bool smart(uint8_t feature, uint8_t low, uint8_t count, uint8_t *got)
{
	uint8_t status;

	outb(&h, 0x1f1, feature);
	command(0xc24f00u | low, count, 0xb0);
	status = wait_status(0x1f0);
	ck_assert_int_eq(!!(status & ATA_DRQ), got && !(status & ATA_ERR));
	if (status & ATA_DRQ)
		read_data(0x1f0, got, BLK_SECTOR);
	return !(status & ATA_ERR);
}

static void expect_sum(const uint8_t *page)
{
	uint8_t sum = 0;
	unsigned i;

	for (i = 0; i < BLK_SECTOR; i++)
		sum = (uint8_t)(sum + page[i]);
	ck_assert_uint_eq(sum, 0);
}

START_TEST(smart_says_that_all_is_well)
{
	uint8_t page[BLK_SECTOR], limits[BLK_SECTOR];
	unsigned i;

	start(false);
	ck_assert(smart(0xda, 0, 0, NULL));
	ck_assert_uint_eq(inb(&h, 0x1f4), 0x4f);
	ck_assert_uint_eq(inb(&h, 0x1f5), 0xc2);
	ck_assert(smart(0xd0, 0, 1, page) && smart(0xd1, 0, 1, limits));
	expect_sum(page);
	expect_sum(limits);
	for (i = 2; page[i]; i += 12) {
		ck_assert_uint_eq(page[i], limits[i]);
		ck_assert(page[i + 3] > limits[i + 1]);
	}
	ck_assert_uint_gt(i, 2);
	for (i = 0; i < 50; i++) {
		ck_assert(smart(0xd4, 1 + i % 2, 0, NULL));
		ck_assert(smart(0xd5, 6, 1, page));
		expect_sum(page);
		ck_assert_uint_eq(page[508], i % 21 + 1);
		ck_assert_uint_eq(page[2 + i % 21 * 24], 1 + i % 2);
	}
	ck_assert(!smart(0xd4, 0x55, 0, NULL));
	ck_assert(smart(0xd5, 0, 1, page) && smart(0xd5, 1, 1, page));
	ck_assert(!smart(0xd5, 9, 1, page) && !smart(0xdd, 0, 1, NULL));
	ck_assert(smart(0xd9, 0, 0, NULL));
	ck_assert(!smart(0xd0, 0, 1, page));
	harness_roundtrip(&ide->pci.dev);
	ck_assert(!smart(0xda, 0, 0, NULL));
	ck_assert(smart(0xd8, 0, 0, NULL) && smart(0xd0, 0, 1, page));
	command(0, 1, 0xb0); /* without the key */
	ck_assert(wait_status(0x1f0) & ATA_ERR);
	end();
}
END_TEST

START_TEST(the_write_cache_can_be_turned_off)
{
	struct blk_front *f;

	start(false);
	f = ide->channel[0].drive[0].blk;
	ck_assert(identify_has_cache());
	outb(&h, 0x1f1, 0x82);
	command(0, 0, 0xef);
	ck_assert_uint_eq(wait_status(0x1f0), ATA_DRDY | ATA_DSC);
	ck_assert(f->writethrough && !identify_has_cache());
	outb(&h, 0x1f1, 0x02);
	command(0, 0, 0xef);
	ck_assert_uint_eq(wait_status(0x1f0), ATA_DRDY | ATA_DSC);
	ck_assert(!f->writethrough && identify_has_cache());
	end();
}
END_TEST

START_TEST(anything_at_all)
{
	static const uint16_t ports[] = {0x1f0, 0x1f1, 0x1f2,	  0x1f3,
					 0x1f4, 0x1f5, 0x1f6,	  0x1f7,
					 0x3f6, BMDMA, BMDMA + 2, BMDMA + 4,
					 0x170, 0x177};
	unsigned i, seed = 11, cd;

	for (cd = 0; cd < 2; cd++) {
		start(cd);
		for (i = 0; i < 20000; i++) {
			seed = seed * 1103515245 + 12345;
			outw(&h, ports[(seed >> 8) % 14],
			     (uint16_t)(seed >> 16));
			inw(&h, ports[(seed >> 20) % 14]);
			if (i % 50 == 0)
				loop_turn(h.m.loop, 0);
		}
		end();
	}
}
END_TEST

HARNESS_MAIN("ide", identify_says_who_it_is, pio_reads_sector_by_sector,
	     pio_writes_and_reads_back, dma_reads_by_scattered_pieces,
	     a_short_table_ends_in_an_error, addresses_past_the_end_are_refused,
	     a_reset_forgets_the_request_in_flight,
	     a_disk_that_is_busy_knows_no_device_reset,
	     a_reset_that_lasts_is_saved,
	     atapi_reads_in_blocks_of_the_guests_size,
	     atapi_tells_what_is_wrong, the_guest_is_told_of_another_medium,
	     a_locked_medium_is_asked_for,
	     an_error_stops_the_machine_and_cont_tries_again,
	     a_dma_read_is_tried_again, a_reset_forgets_what_failed,
	     errors_are_reported_or_ignored, trim_discards,
	     trim_refuses_nonsense, smart_says_that_all_is_well,
	     the_write_cache_can_be_turned_off, anything_at_all)
