/* SPDX-License-Identifier: GPL-2.0-or-later */
/* AHCI, by a driver: what disks and CD-ROMs at its ports do. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "block/driver.h"
#include "hw/pci_regs.h"
#include "tests/device/ahci_driver.h"
#include "tests/device/slow_host.h"
#include "vmm/endian.h"

#define READY	(ATA_DRDY | ATA_DSC)
#define GHC	0x04u
#define IS	0x08u
#define REGIONS 32u /* of the disk, one for each tag */
#define REGION	(SATA_SECTORS / REGIONS) /* sectors */
#define END	((uint64_t)HARNESS_RAM)
#define MSI	0x80u

static uint8_t got[SATA_SIZE];

static void read_data(uint64_t addr, size_t len)
{
	ck_assert(gmem_read(&sata.h.m.gmem, addr, got, len));
}

static void expect_sectors(uint32_t lba, uint32_t n)
{
	read_data(SATA_DATA, n * BLK_SECTOR);
	ck_assert_mem_eq(got, sata.model + lba * BLK_SECTOR, n * BLK_SECTOR);
}

/* The drive still does what it should. */
static void expect_works(void)
{
	const struct sata_command c = {.command = 0x25, .lba = 77, .count = 9};

	ck_assert_uint_eq(sata_run(&c, SATA_DATA, 9 * BLK_SECTOR), READY);
	expect_sectors(77, 9);
}

START_TEST(registers_are_as_qemu_has_them)
{
	sata_set_up(false);
	ck_assert_uint_eq(pci_config_read(&sata.bus, SATA_DEVFN, 0, 4),
			  0x29228086);
	ck_assert_uint_eq(pci_config_read(&sata.bus, SATA_DEVFN, 8, 4),
			  0x01060102);
	ck_assert_uint_eq(pci_config_read(&sata.bus, SATA_DEVFN, 0x34, 1), MSI);
	ck_assert_uint_eq(pci_config_read(&sata.bus, SATA_DEVFN, MSI, 4),
			  0x0080a805);
	ck_assert_uint_eq(pci_config_read(&sata.bus, SATA_DEVFN, 0xa8, 4),
			  0x00100012);
	ck_assert_uint_eq(pci_config_read(&sata.bus, SATA_DEVFN, 0xac, 4),
			  0x48);
	ck_assert_uint_eq(sata_get(0), 0xc0141f05);
	ck_assert_uint_eq(sata_get(GHC), 0x80000000);
	ck_assert_uint_eq(sata_get(0x0c), 0x3f);
	ck_assert_uint_eq(sata_get(0x10), 0x10000);
	ck_assert_uint_eq(sata_port(AHCI_PX_SIG), 0x101);
	ck_assert_uint_eq(sata_port(AHCI_PX_SSTS), 0x113);
	ck_assert_uint_eq(sata_port(AHCI_PX_CMD) & 0xc017, 0xc017);
	ck_assert_uint_eq(sata_get(0x180 + AHCI_PX_SSTS), 0);
	ck_assert_uint_eq(sata_get(0x180 + AHCI_PX_SIG), UINT32_MAX);
	/* The same by index and data. */
	outl(&sata.h, SATA_INDEX + 0x10, 0x100 + AHCI_PX_CLB);
	ck_assert_uint_eq(inl(&sata.h, SATA_INDEX + 0x14), SATA_LIST);
	outl(&sata.h, SATA_INDEX + 0x14, 0x123456);
	ck_assert_uint_eq(sata_port(AHCI_PX_CLB), 0x123400);
	sata_tear_down();
}
END_TEST

START_TEST(identify_by_pio)
{
	const struct sata_command c = {.command = 0xec};
	uint8_t setup[20];

	sata_set_up(false);
	ck_assert_uint_eq(sata_run(&c, SATA_DATA, 512), READY);
	read_data(SATA_DATA, 512);
	ck_assert_uint_eq(load_le64(got + 200), SATA_SECTORS);
	ck_assert_uint_eq(load_le16(got + 150), 31); /* depth of the queue */
	ck_assert_uint_eq(load_le16(got + 152) & 0x100, 0x100);
	ck_assert_uint_eq(load_le16(got + 186), 0); /* no parallel cable */
	ck_assert(!memcmp(got + 20, "MQ0000 5", 8));
	ck_assert(sata_port(AHCI_PX_IS) & AHCI_IS_PSS);
	gmem_read(&sata.h.m.gmem, SATA_FIS + 0x20, setup, sizeof(setup));
	ck_assert_uint_eq(setup[0], 0x5f);
	ck_assert_uint_eq(setup[1], 0x60);
	ck_assert_uint_eq(setup[15], READY);
	ck_assert_uint_eq(load_le16(setup + 16), 512);
	/* The count in the header. */
	gmem_read(&sata.h.m.gmem, SATA_LIST + 4, setup, 4);
	ck_assert_uint_eq(load_le32(setup), 512);
	sata_tear_down();
}
END_TEST

/* Reads, changes, writes, reads again: by each pair of commands. */
static void transfers(uint8_t read, uint8_t write, uint32_t lba, uint32_t n)
{
	const struct sata_command in = {.command = read,
					.lba = lba,
					.count = (uint16_t)n};
	const struct sata_command out = {.command = write,
					 .lba = lba,
					 .count = (uint16_t)n,
					 .write = true};
	uint8_t *part = sata.model + lba * BLK_SECTOR;
	uint32_t i;

	ck_assert_uint_eq(sata_run(&in, SATA_DATA, n * BLK_SECTOR), READY);
	expect_sectors(lba, n);
	for (i = 0; i < n * BLK_SECTOR; i++)
		part[i] = (uint8_t)(part[i] * 5 + write + i / 256);
	gmem_write(&sata.h.m.gmem, SATA_DATA, part, n * BLK_SECTOR);
	ck_assert_uint_eq(sata_run(&out, SATA_DATA, n * BLK_SECTOR), READY);
	memset(got, 0, n * BLK_SECTOR);
	gmem_write(&sata.h.m.gmem, SATA_DATA, got, n * BLK_SECTOR);
	ck_assert_uint_eq(sata_run(&in, SATA_DATA, n * BLK_SECTOR), READY);
	expect_sectors(lba, n);
}

START_TEST(data_goes_in_every_way)
{
	const struct sata_command multiple = {.command = 0xc6, .count = 16};

	sata_set_up(false);
	transfers(0x20, 0x30, 3, 5);
	transfers(0x24, 0x34, 4000, 3);
	transfers(0xc8, 0xca, 100, 200);
	transfers(0x25, 0x35, 1000, 1000);
	ck_assert_uint_eq(sata_run(&multiple, 0, 0), READY);
	transfers(0x29, 0x39, 5000, 37);
	sata_tear_down();
}
END_TEST

START_TEST(pieces_of_any_size)
{
	const struct sata_command c = {.command = 0x25, .count = 4};
	uint32_t at = 0, n = 0, len;

	sata_set_up(false);
	sata_prepare(0, &c, 0, 0);
	for (; at < 2048; at += len, n++) {
		len = 2 * (n % 40) + 2;
		if (len > 2048 - at)
			len = 2048 - at;
		sata_set_prd(0, n, n + 1, SATA_DATA + at, len - 1);
	}
	/* The last one tells that it is done. */
	sata_set_prd(0, n - 1, n, SATA_DATA + at - len,
		     (len - 1) | 0x80000000u);
	sata_issue(1);
	ck_assert_uint_eq(sata_wait(1), READY);
	expect_sectors(0, 4);
	ck_assert(sata_port(AHCI_PX_IS) & AHCI_IS_DPS);
	sata_tear_down();
}
END_TEST

static void queue(unsigned tag, bool write, uint32_t lba, uint32_t n,
		  uint64_t addr)
{
	const struct sata_command c = {.command = write ? 0x61 : 0x60,
				       .feature = (uint16_t)n,
				       .count = (uint16_t)(tag << 3),
				       .lba = lba,
				       .write = write};

	sata_prepare(tag, &c, addr, n * BLK_SECTOR);
	sata_set_port(AHCI_PX_SACT, 1u << tag);
	sata_issue(1u << tag);
}

/* What a tag is at, in its own region of the disk. */
struct job {
	bool busy, write;
	uint32_t lba, n;
};

static uint64_t place(unsigned tag)
{
	return SATA_DATA + (uint64_t)tag * REGION * BLK_SECTOR;
}

static void begin_job(struct job *j, unsigned tag)
{
	uint8_t *part;
	uint32_t i;

	*j = (struct job){.busy = true, .write = rand() % 2};
	j->n = 1 + (uint32_t)rand() % REGION;
	j->lba = tag * REGION + (uint32_t)rand() % (REGION - j->n + 1);
	part = sata.model + j->lba * BLK_SECTOR;
	for (i = 0; j->write && i < j->n * BLK_SECTOR; i++)
		part[i] = (uint8_t)(rand() >> 8);
	if (j->write)
		gmem_write(&sata.h.m.gmem, place(tag), part, j->n * BLK_SECTOR);
	queue(tag, j->write, j->lba, j->n, place(tag));
}

static void end_job(struct job *j, unsigned tag)
{
	j->busy = false;
	if (j->write)
		return;
	read_data(place(tag), j->n * BLK_SECTOR);
	ck_assert_mem_eq(got, sata.model + j->lba * BLK_SECTOR,
			 j->n * BLK_SECTOR);
}

static void agree_with_a_model(bool in_order)
{
	struct job jobs[REGIONS] = {{0}};
	unsigned begun = 0, idle, tag;
	uint32_t active;

	sata_set_up(false);
	if (!in_order)
		host_turn_round(sata.front);
	srand(3);
	do {
		active = sata_port(AHCI_PX_SACT);
		for (tag = idle = 0; tag < REGIONS; tag++) {
			if (jobs[tag].busy && !(active & 1u << tag))
				end_job(&jobs[tag], tag);
			if (!jobs[tag].busy && begun < 600 && ++begun)
				begin_job(&jobs[tag], tag);
			idle += !jobs[tag].busy;
		}
		ck_assert_uint_eq(sata_port(AHCI_PX_TFD), READY);
		ck_assert_uint_eq(sata_port(AHCI_PX_CI), 0);
		sata_turn();
	} while (idle < REGIONS);
	ck_assert(sata_port(AHCI_PX_IS) & AHCI_IS_SDBS);
	sata_tear_down();
}

START_TEST(a_queue_of_commands_against_a_model)
{
	agree_with_a_model(true);
	agree_with_a_model(false);
}
END_TEST

static void read_error_log(void)
{
	const struct sata_command c = {.command = 0x2f,
				       .lba = 0x10,
				       .count = 1};
	uint8_t sum = 0;
	unsigned i;

	sata_recover();
	ck_assert_uint_eq(sata_run(&c, SATA_DATA, 512), READY);
	read_data(SATA_DATA, 512);
	for (i = 0; i < 512; i++)
		sum = (uint8_t)(sum + got[i]);
	ck_assert_uint_eq(sum, 0);
}

START_TEST(the_log_says_which_queued_command_failed)
{
	const struct sata_command identify = {.command = 0xec};

	sata_set_up(false);
	queue(5, false, SATA_SECTORS - 1, 2, SATA_DATA);
	ck_assert_uint_eq(sata_wait(1u << 5), ATA_IDNF << 8 | 0x41);
	ck_assert_uint_eq(sata_port(AHCI_PX_SACT), 1u << 5);
	ck_assert(sata_port(AHCI_PX_IS) & AHCI_IS_TFES);
	/* Nothing runs before the recovery, nor before the log is read. */
	sata_issue(1);
	sata_turn();
	ck_assert_uint_eq(sata_port(AHCI_PX_CI), 1);
	sata_recover();
	ck_assert(sata_run(&identify, SATA_DATA, 512) & ATA_ERR);
	read_error_log();
	ck_assert_uint_eq(got[0], 5);
	ck_assert_uint_eq(got[2], 0x41);
	ck_assert_uint_eq(got[3], ATA_IDNF);
	ck_assert_uint_eq(load_le16(got + 4), SATA_SECTORS - 1);
	expect_works();
	/* One that cannot be queued ends the queue. */
	queue(3, false, 0, 100, SATA_DATA);
	sata_prepare(0, &identify, SATA_DATA, 512);
	sata_issue(1);
	ck_assert(sata_wait(1) & ATA_ERR);
	read_error_log();
	ck_assert_uint_eq(got[0] & 0x80, 0x80);
	expect_works();
	sata_tear_down();
}
END_TEST

/* A host that cannot: every request of the file fails with this, if not 0. */
static int host_error;
static const struct blk_driver *real;

static void submit_or_fail(struct blk_node *node, struct blk_req *req)
{
	if (host_error)
		blk_ctx_complete(node->ctx, req, host_error);
	else
		real->submit(node, req);
}

static void fail_on_host(enum blk_action action)
{
	static struct blk_driver failing;
	struct blk_node *node = sata.front->node->child[BLK_FILE];

	real = node->driver;
	failing = *real;
	failing.submit = submit_or_fail;
	node->driver = &failing;
	sata.front->werror = sata.front->rerror = action;
	host_error = -EIO;
}

static void wait_stopped(void)
{
	unsigned i;

	for (i = 0; i < 2000 && machine_running(&sata.h.m); i++)
		sata_turn();
	ck_assert_int_eq(sata.h.m.state, RUN_STATE_IO_ERROR);
}

START_TEST(host_errors_stop_and_cont_tries_again)
{
	unsigned tag;

	sata_set_up(false);
	fail_on_host(BLK_STOP);
	for (tag = 0; tag < 8; tag++)
		queue(tag, false, tag * 10, 4, place(tag));
	wait_stopped();
	ck_assert_uint_eq(sata_port(AHCI_PX_SACT), 0xff);
	host_error = 0;
	ck_assert_int_eq(machine_cont(&sata.h.m, NULL), 0);
	ck_assert_uint_eq(sata_wait(0xff), READY);
	for (tag = 0; tag < 8; tag++) {
		read_data(place(tag), 4 * BLK_SECTOR);
		ck_assert_mem_eq(got, sata.model + tag * 10 * BLK_SECTOR,
				 4 * BLK_SECTOR);
	}
	/* A reset while they are kept. */
	host_error = -EIO;
	queue(1, false, 0, 1, SATA_DATA);
	wait_stopped();
	sata_set_port(AHCI_PX_SCTL, 1);
	sata_set_port(AHCI_PX_SCTL, 0);
	host_error = 0;
	ck_assert_int_eq(machine_cont(&sata.h.m, NULL), 0);
	sata_recover();
	expect_works();
	sata_tear_down();
}
END_TEST

START_TEST(host_errors_are_reported)
{
	const struct sata_command c = {.command = 0x25, .lba = 9, .count = 1};

	sata_set_up(false);
	fail_on_host(BLK_REPORT);
	queue(7, true, 30, 4, SATA_DATA);
	ck_assert_uint_eq(sata_wait(1u << 7), ATA_UNC << 8 | 0x41);
	read_error_log();
	ck_assert_uint_eq(got[0], 7);
	ck_assert_uint_eq(got[3], ATA_UNC);
	ck_assert(sata_run(&c, SATA_DATA, 512) & ATA_ERR);
	host_error = 0;
	sata_recover();
	expect_works();
	sata_tear_down();
}
END_TEST

static uint32_t send_packet(const uint8_t *packet, bool dma, uint32_t len)
{
	struct sata_command c = {.command = 0xa0,
				 .feature = dma,
				 .lba = 0xfffe00,
				 .packet = packet};

	return sata_run(&c, SATA_DATA, len);
}

START_TEST(packets)
{
	static const uint8_t inquiry[12] = {0x12, 0, 0, 0, 36};
	static const uint8_t read10[12] = {0x28, 0, 0, 0, 0, 3, 0, 0, 40};
	static const uint8_t bad[12] = {0x99};
	static const uint8_t sense[12] = {0x03, 0, 0, 0, 18};
	bool dma;
	unsigned i;

	sata_set_up(true);
	ck_assert_uint_eq(sata_port(AHCI_PX_SIG), 0xeb140101);
	for (i = 0; i < 2; i++) {
		dma = i;
		ck_assert_uint_eq(send_packet(inquiry, dma, 36), READY);
		read_data(SATA_DATA, 36);
		ck_assert(!memcmp(got + 8, "QEMU", 4));
		ck_assert_uint_eq(send_packet(read10, dma, 40 * 2048), READY);
		expect_sectors(12, 160);
		ck_assert(sata_port(AHCI_PX_IS) & AHCI_IS_DHRS);
	}
	ck_assert(send_packet(bad, true, 36) & ATA_ERR);
	ck_assert(sata_port(AHCI_PX_IS) & AHCI_IS_TFES);
	sata_recover();
	ck_assert_uint_eq(send_packet(sense, true, 18), READY);
	read_data(SATA_DATA, 18);
	ck_assert_uint_eq(got[2], 5);
	sata_tear_down();
}
END_TEST

static void send_control(uint8_t control)
{
	const struct sata_command none = {0};
	uint8_t fis[20] = {0x27};

	sata_prepare(0, &none, 0, 0);
	fis[15] = control;
	gmem_write(&sata.h.m.gmem, SATA_TABLE, fis, sizeof(fis));
	sata_issue(1);
	ck_assert_uint_eq(sata_port(AHCI_PX_CI), 0);
}

enum { BY_SOFTWARE, BY_COMRESET, BY_CONTROLLER, BY_STOPPING, BY_MACHINE, WAYS };

static void reset_by(unsigned way)
{
	if (way == BY_SOFTWARE) {
		send_control(4);
		send_control(0);
	} else if (way == BY_COMRESET) {
		sata_set_port(AHCI_PX_CMD, AHCI_CMD_FRE);
		sata_set_port(AHCI_PX_SCTL, 1);
		ck_assert_uint_eq(sata_port(AHCI_PX_SSTS), 0);
		sata_set_port(AHCI_PX_SCTL, 0);
		ck_assert(sata_port(AHCI_PX_SERR) & AHCI_SERR_EXCHANGED);
		ck_assert(sata_port(AHCI_PX_IS) & AHCI_IS_PCS);
	} else if (way == BY_CONTROLLER) {
		sata_set(GHC, 1);
		ck_assert_uint_eq(sata_get(GHC), 0x80000000);
	} else if (way == BY_MACHINE) {
		sata.hba->pci.dev.class->reset(&sata.hba->pci.dev);
		pci_config_write(&sata.bus, SATA_DEVFN, PCI_BASE_ADDRESS_5,
				 SATA_BAR, 4);
		pci_config_write(&sata.bus, SATA_DEVFN, PCI_COMMAND, 7, 2);
	}
	if (way == BY_STOPPING)
		sata_recover();
	else if (way != BY_SOFTWARE)
		sata_start_port();
	ck_assert_uint_eq(sata_port(AHCI_PX_CI), 0);
	/* The controller does not know what the drive has forgotten. */
	if (way != BY_SOFTWARE)
		ck_assert_uint_eq(sata_port(AHCI_PX_SACT), 0);
}

START_TEST(resets_with_commands_in_flight)
{
	unsigned way, round, tag;

	for (way = 0; way < WAYS; way++) {
		sata_set_up(false);
		for (round = 0; round < 30; round++) {
			for (tag = 0; tag < round; tag++)
				queue(tag, false, tag * 200, 150, place(tag));
			if (round % 3)
				sata_turn();
			reset_by(way);
			if (way == BY_SOFTWARE)
				sata_set_port(AHCI_PX_CMD, AHCI_CMD_FRE);
			sata_recover();
			queue(round, false, 300, 20, SATA_DATA);
			ck_assert_uint_eq(sata_wait(1u << round), READY);
			expect_sectors(300, 20);
		}
		expect_works();
		sata_tear_down();
	}
}
END_TEST

START_TEST(resets_of_a_command_in_flight)
{
	const struct sata_command c = {.command = 0x25, .count = 1000};
	unsigned way, round;

	for (way = BY_COMRESET; way < WAYS; way++) {
		if (way == BY_STOPPING)
			continue;
		sata_set_up(false);
		for (round = 0; round < 20; round++) {
			sata_prepare(0, &c, SATA_DATA, 1000 * BLK_SECTOR);
			sata_issue(1);
			ck_assert(sata_port(AHCI_PX_TFD) & ATA_BSY);
			reset_by(way);
			if (round % 2)
				expect_works();
		}
		sata_tear_down();
	}
	/* Stopping alone leaves the drive busy. */
	sata_set_up(false);
	sata_prepare(0, &c, SATA_DATA, 1000 * BLK_SECTOR);
	sata_issue(1);
	sata_recover();
	sata_issue(1);
	sata_turn();
	ck_assert(sata_port(AHCI_PX_TFD) & ATA_BSY);
	reset_by(BY_COMRESET);
	expect_works();
	sata_tear_down();
}
END_TEST

START_TEST(interrupts_by_pin_and_message)
{
	const struct sata_command c = {.command = 0x25, .count = 1};

	sata_set_up(false);
	sata_set_port(AHCI_PX_IE, AHCI_IS_DHRS);
	ck_assert_uint_eq(sata_run(&c, SATA_DATA, 512), READY);
	ck_assert_uint_eq(sata_get(IS), 1);
	ck_assert(!sata.h.level[SATA_IRQ]);
	sata_set(GHC, 2);
	ck_assert(sata.h.level[SATA_IRQ]);
	/* The port's cause first, or it comes again. */
	sata_set(IS, 1);
	ck_assert(sata.h.level[SATA_IRQ]);
	sata_set_port(AHCI_PX_IS, AHCI_IS_DHRS);
	sata_set(IS, 1);
	ck_assert(!sata.h.level[SATA_IRQ]);
	pci_config_write(&sata.bus, SATA_DEVFN, MSI + 4, 0xfee01000, 4);
	pci_config_write(&sata.bus, SATA_DEVFN, MSI + 12, 0x4123, 2);
	pci_config_write(&sata.bus, SATA_DEVFN, MSI + 2, 1, 2);
	ck_assert_uint_eq(sata_run(&c, SATA_DATA, 512), READY);
	ck_assert(!sata.h.level[SATA_IRQ]);
	ck_assert_uint_eq(sata.messages, 1);
	ck_assert_uint_eq(sata.msi_addr, 0xfee01000);
	ck_assert_uint_eq(sata.msi_data, 0x4123);
	sata_set(IS, 1); /* too early: another message */
	ck_assert_uint_eq(sata.messages, 2);
	sata_set_port(AHCI_PX_IS, AHCI_IS_DHRS);
	sata_set(IS, 1);
	ck_assert_uint_eq(sata.messages, 2);
	pci_config_write(&sata.bus, SATA_DEVFN, MSI + 2, 0, 2);
	ck_assert(!sata.h.level[SATA_IRQ]);
	sata_tear_down();
}
END_TEST

/* It must end in a fatal error, and COMRESET must bring the drive back. */
static void expect_fatal(uint32_t cause)
{
	sata_issue(1);
	sata_wait(1);
	ck_assert_uint_eq(sata_port(AHCI_PX_IS) & cause, cause);
	ck_assert_uint_eq(sata_port(AHCI_PX_CI), 1);
	reset_by(BY_COMRESET);
	expect_works();
}

START_TEST(lists_that_are_not_in_memory)
{
	const struct sata_command c = {.command = 0x25, .count = 2};
	uint8_t raw[8];

	sata_set_up(false);
	sata_prepare(0, &c, SATA_DATA, 1024);
	sata_set_port(AHCI_PX_CLB, SATA_BAR); /* its own registers */
	expect_fatal(AHCI_IS_HBFS);
	sata_set_port(AHCI_PX_CLBU, UINT32_MAX);
	sata_prepare(0, &c, SATA_DATA, 1024);
	sata_issue(1);
	ck_assert(sata_port(AHCI_PX_IS) & AHCI_IS_HBFS);
	sata_set_port(AHCI_PX_CLBU, 0);
	reset_by(BY_COMRESET);
	/* The table; at the very end of memory it does fit. */
	sata_prepare(0, &c, SATA_DATA, 1024);
	store_le64(raw, END);
	gmem_write(&sata.h.m.gmem, SATA_LIST + 8, raw, 8);
	expect_fatal(AHCI_IS_HBFS);
	sata_prepare(0, &c, SATA_DATA, 1024);
	gmem_read(&sata.h.m.gmem, SATA_TABLE, got, 144);
	gmem_write(&sata.h.m.gmem, END - 256, got, 144);
	store_le64(raw, END - 256);
	gmem_write(&sata.h.m.gmem, SATA_LIST + 8, raw, 8);
	sata_issue(1);
	ck_assert_uint_eq(sata_wait(1), READY);
	expect_sectors(0, 2);
	/* Where FIS are received. */
	sata_prepare(0, &c, SATA_DATA, 1024);
	sata_set_port(AHCI_PX_FB, SATA_BAR);
	sata_issue(1);
	sata_wait(1);
	ck_assert(sata_port(AHCI_PX_IS) & AHCI_IS_HBFS);
	sata_set_port(AHCI_PX_FB, SATA_FIS);
	reset_by(BY_COMRESET);
	expect_works();
	sata_tear_down();
}
END_TEST

START_TEST(data_that_is_not_in_memory)
{
	const struct sata_command in = {.command = 0x25, .count = 2};
	const struct sata_command out = {.command = 0x35,
					 .count = 2,
					 .write = true};
	const struct sata_command pio = {.command = 0x24, .count = 2};

	sata_set_up(false);
	sata_prepare(0, &in, END - 512, 1024);
	expect_fatal(AHCI_IS_HBFS);
	sata_prepare(0, &in, SATA_BAR, 1024);
	expect_fatal(AHCI_IS_HBFS);
	sata_prepare(0, &out, SATA_BAR, 1024);
	expect_fatal(AHCI_IS_HBFS);
	sata_prepare(0, &pio, UINT64_MAX - 100, 1024);
	expect_fatal(AHCI_IS_HBFS);
	queue(0, true, 0, 2, SATA_BAR);
	expect_fatal(AHCI_IS_HBFS);
	queue(0, false, 0, 2, SATA_BAR);
	sata_wait(1);
	ck_assert(sata_port(AHCI_PX_IS) & AHCI_IS_HBFS);
	reset_by(BY_COMRESET);
	expect_works();
	/* At the very end it fits. */
	ck_assert_uint_eq(sata_run(&in, END - 1024, 1024), READY);
	sata_tear_down();
}
END_TEST

START_TEST(tables_that_make_no_sense)
{
	const struct sata_command in = {.command = 0x25, .count = 2};
	unsigned i;

	sata_set_up(false);
	/* None, or one that is too short. */
	ck_assert(sata_run(&in, 0, 0) & ATA_ERR);
	ck_assert(sata_port(AHCI_PX_IS) & AHCI_IS_OFS);
	sata_recover();
	ck_assert(sata_run(&in, SATA_DATA, 512) & ATA_ERR);
	sata_recover();
	/* The least there is, two bytes each, and too few of them. */
	sata_prepare(0, &in, 0, 0);
	for (i = 0; i < SATA_PRDS; i++)
		sata_set_prd(0, i, SATA_PRDS, SATA_DATA, 0);
	sata_issue(1);
	ck_assert(sata_wait(1) & ATA_ERR);
	sata_recover();
	/* As many as there can be, of what follows in memory. */
	sata_prepare(0, &in, 0, 0);
	sata_set_prd(0, 0, UINT16_MAX, SATA_DATA, 0);
	sata_issue(1);
	sata_wait(1);
	reset_by(BY_COMRESET);
	/* One that the data itself lies on. */
	sata_prepare(0, &in, 0, 0);
	sata_set_prd(0, 0, 4, SATA_TABLE, 255);
	sata_set_prd(0, 1, 4, SATA_LIST, 255);
	sata_set_prd(0, 2, 4, SATA_FIS, 255);
	sata_set_prd(0, 3, 4, SATA_DATA, 255);
	sata_issue(1);
	sata_wait(1);
	reset_by(BY_COMRESET);
	expect_works();
	sata_tear_down();
}
END_TEST

START_TEST(frames_that_are_none)
{
	const struct sata_command c = {.command = 0xec};
	uint8_t raw[1] = {0x34};

	sata_set_up(false);
	sata_prepare(0, &c, SATA_DATA, 512);
	gmem_write(&sata.h.m.gmem, SATA_TABLE, raw, 1);
	expect_fatal(AHCI_IS_IFS);
	sata_prepare(0, &c, SATA_DATA, 512);
	raw[0] = 1; /* dword */
	gmem_write(&sata.h.m.gmem, SATA_LIST, raw, 1);
	expect_fatal(AHCI_IS_IFS);
	/* Without ST nothing is issued, without bus mastering nothing done. */
	sata_set_port(AHCI_PX_CMD, AHCI_CMD_FRE);
	sata_issue(UINT32_MAX);
	ck_assert_uint_eq(sata_port(AHCI_PX_CI), 0);
	sata_recover();
	pci_config_write(&sata.bus, SATA_DEVFN, PCI_COMMAND, 3, 2);
	sata_prepare(0, &c, SATA_DATA, 512);
	sata_issue(1);
	sata_turn();
	ck_assert_uint_eq(sata_port(AHCI_PX_CI), 1);
	sata_tear_down();
}
END_TEST

START_TEST(state_is_saved)
{
	sata_set_up(false);
	queue(5, false, SATA_SECTORS - 1, 2, SATA_DATA);
	sata_wait(1u << 5);
	sata_set_port(AHCI_PX_IE, 0x7f);
	sata_set(GHC, 2);
	harness_roundtrip(&sata.hba->pci.dev);
	ck_assert_uint_eq(sata_port(AHCI_PX_SACT), 1u << 5);
	ck_assert_uint_eq(sata_port(AHCI_PX_CLB), SATA_LIST);
	ck_assert(sata.h.level[SATA_IRQ]);
	sata_tear_down();
}
END_TEST

static void bring_back(void)
{
	sata_set_port(AHCI_PX_CMD, 0);
	sata_set_port(AHCI_PX_CLB, SATA_LIST);
	sata_set_port(AHCI_PX_FB, SATA_FIS);
	sata_set_port(AHCI_PX_SCTL, 1);
	sata_set_port(AHCI_PX_SCTL, 0);
	sata_recover();
}

/* Random words in the lists and tables, half of which make sense. */
static void scribble(void)
{
	uint32_t at = (uint32_t)rand() % 0x12000, val = (uint32_t)rand();
	uint8_t raw[4];

	if (rand() % 2)
		val &= 0xffff8;
	store_le32(raw, val);
	gmem_write(&sata.h.m.gmem, SATA_LIST + at, raw, sizeof(raw));
}

START_TEST(anything_at_all)
{
	static const uint32_t regs[] = {AHCI_PX_CLB,  AHCI_PX_FB,
					AHCI_PX_IS,   AHCI_PX_IE,
					AHCI_PX_CMD,  AHCI_PX_CMD,
					AHCI_PX_SCTL, AHCI_PX_SERR,
					AHCI_PX_SACT, AHCI_PX_CI,
					AHCI_PX_CI};
	static const uint8_t commands[] = {0xec, 0x20, 0x24, 0x25, 0x30, 0x35,
					   0x60, 0x61, 0x2f, 0xa0, 0xa1, 0x06};
	unsigned i, cd;

	srand(5);
	for (cd = 0; cd < 2; cd++) {
		sata_set_up(cd);
		for (i = 0; i < 20000; i++) {
			struct sata_command c = {
				.command = commands[rand() % 12],
				.feature = (uint16_t)(rand() % 300),
				.count = (uint16_t)(rand() % 300),
				.lba = (uint32_t)rand() % 9000};

			if (rand() % 4 == 0)
				sata_prepare((unsigned)rand() % 32, &c,
					     (uint32_t)rand() % (17u << 20),
					     (uint32_t)rand() % 70000);
			if (rand() % 8 == 0)
				scribble();
			if (rand() % 16 == 0)
				bring_back();
			sata_set_port(regs[rand() % 11],
				      (uint32_t)rand() & (uint32_t)rand());
			if (rand() % 50 == 0)
				loop_turn(sata.h.m.loop, 0);
			if (rand() % 300 == 0)
				sata_set(GHC, 1);
		}
		sata_set(GHC, 1);
		bring_back();
		ck_assert_uint_eq(sata_port(AHCI_PX_TFD) & ATA_BSY, 0);
		sata_tear_down();
	}
}
END_TEST

HARNESS_MAIN("ahci", registers_are_as_qemu_has_them, identify_by_pio,
	     data_goes_in_every_way, pieces_of_any_size,
	     a_queue_of_commands_against_a_model,
	     the_log_says_which_queued_command_failed,
	     host_errors_stop_and_cont_tries_again, host_errors_are_reported,
	     packets, resets_with_commands_in_flight,
	     resets_of_a_command_in_flight, interrupts_by_pin_and_message,
	     lists_that_are_not_in_memory, data_that_is_not_in_memory,
	     tables_that_make_no_sense, frames_that_are_none, state_is_saved,
	     anything_at_all)
