/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fw_cfg over the bus, by ports and by DMA, by guests tame and wild. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/device/fw_client.h"
#include "vmm/endian.h"

#define BUF	    0x4000 /* in guest memory */
#define NOWHERE	    (UINT64_C(1) << 40)
#define WRITE_KEY   0x18
#define WRITE_LEN   16
#define SELECT(key) ((uint32_t)(key) << 16 | FW_SELECT)

static struct harness h;
static struct fw_cfg *fw;

static void start(void)
{
	harness_init(&h, 0);
	fw = fw_client_new(&h);
}

static void check_guest(uint64_t addr, const void *want, size_t len)
{
	uint8_t *got = malloc(len);

	gmem_read(&h.m.gmem, addr, got, len);
	ck_assert_mem_eq(got, want, len);
	free(got);
}

START_TEST(signature_and_id)
{
	uint8_t got[8];

	start();
	/* After reset the signature is selected. */
	fw_read(&h, got, sizeof(got));
	ck_assert_mem_eq(got, "QEMU\0\0\0\0", sizeof(got));
	fw_select(&h, FW_CFG_ID);
	fw_read(&h, got, sizeof(got));
	ck_assert_mem_eq(got, "\3\0\0\0\0\0\0\0", sizeof(got));
	/* The DMA register tells of itself, in big-endian order. */
	ck_assert_uint_eq(inl(&h, FW_CFG_DMA_BASE), 0x554d4551);
	ck_assert_uint_eq(inl(&h, FW_CFG_DMA_BASE + 4), 0x47464320);
	ck_assert_uint_eq(inb(&h, FW_CFG_DMA_BASE + 7), 'G');
	ck_assert_uint_eq(inw(&h, FW_CFG_DMA_BASE + 2), 0x554d);
	harness_fini(&h);
}
END_TEST

START_TEST(numbers_are_little_endian)
{
	uint8_t got[14];

	start();
	ck_assert_int_eq(fw_cfg_add_u16(fw, FW_CFG_NB_CPUS, 0x0102, NULL), 0);
	ck_assert_int_eq(fw_cfg_add_u32(fw, FW_CFG_IRQ0_OVERRIDE, 0x01020304,
					NULL),
			 0);
	ck_assert_int_eq(fw_cfg_add_u64(fw, FW_CFG_RAM_SIZE, 0x180000000, NULL),
			 0);
	fw_select(&h, FW_CFG_NB_CPUS);
	fw_read(&h, got, 2);
	fw_select(&h, FW_CFG_IRQ0_OVERRIDE);
	fw_read(&h, got + 2, 4);
	fw_select(&h, FW_CFG_RAM_SIZE);
	fw_read(&h, got + 6, 8);
	ck_assert_mem_eq(got, "\2\1\4\3\2\1\0\0\0\x80\1\0\0\0", sizeof(got));
	harness_fini(&h);
}
END_TEST

START_TEST(unknown_keys_are_empty)
{
	static const uint16_t keys[] = {0x0c,	0x1f,	0x20,	0x3fff, 0x8000,
					0x8007, 0x8008, 0xbfff, 0xffff};
	uint8_t got[4], zeros[4] = {0};
	size_t i;

	start();
	for (i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		fw_select(&h, keys[i]);
		memset(got, 0xaa, sizeof(got));
		fw_read(&h, got, sizeof(got));
		ck_assert_mem_eq(got, zeros, sizeof(got));
		gmem_write(&h.m.gmem, BUF, "abcd", 4);
		ck_assert_uint_eq(fw_dma(&h, SELECT(keys[i]) | FW_READ, 4, BUF),
				  0);
		check_guest(BUF, zeros, sizeof(zeros));
		ck_assert_uint_eq(fw_dma(&h, FW_WRITE, 4, BUF), FW_ERROR);
	}
	/* Bit 14 once meant writing. */
	fw_select(&h, 0x4000);
	fw_read(&h, got, sizeof(got));
	ck_assert_mem_eq(got, "QEMU", sizeof(got));
	harness_fini(&h);
}
END_TEST

START_TEST(directory_is_sorted)
{
	static const char *const names[] = {"etc/e820", "bootorder", "opt/a",
					    "etc/acpi/tables", "etc/acpi"};
	static const char *const sorted[] = {"bootorder", "etc/acpi",
					     "etc/acpi/tables", "etc/e820",
					     "opt/a"};
	struct fw_file file;
	uint8_t *data;
	size_t i, len;

	start();
	for (i = 0; i < 5; i++)
		ck_assert_int_eq(fw_cfg_add_file(fw, names[i], names[i],
						 strlen(names[i]), NULL),
				 0);
	for (i = 0; i < 5; i++) {
		ck_assert(fw_dir(&h, i, &file));
		ck_assert_str_eq(file.name, sorted[i]);
		ck_assert_uint_eq(file.key, 0x20 + i);
		data = fw_load(&h, sorted[i], &len);
		ck_assert_str_eq((char *)data, sorted[i]);
		free(data);
	}
	ck_assert(!fw_dir(&h, 5, &file));
	ck_assert_ptr_null(fw_cfg_find_file(fw, "etc"));
	ck_assert_ptr_nonnull(fw_cfg_find_file(fw, "etc/acpi"));
	harness_fini(&h);
}
END_TEST

START_TEST(many_files)
{
	struct fw_file file;
	char name[16];
	unsigned i;

	start();
	for (i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "opt/%03u", 199 - i);
		ck_assert_int_eq(fw_cfg_add_file(fw, name, name, 4, NULL), 0);
	}
	ck_assert(fw_dir(&h, 199, &file));
	ck_assert_str_eq(file.name, "opt/199");
	ck_assert_uint_eq(file.key, 0x20 + 199);
	ck_assert(!fw_dir(&h, 200, &file));
	harness_fini(&h);
}
END_TEST

START_TEST(replaced_file_keeps_its_place)
{
	struct fw_file file;
	uint8_t *data;
	size_t len;

	start();
	ck_assert_int_eq(fw_cfg_add_file(fw, "a", "1", 1, NULL), 0);
	ck_assert_int_eq(fw_cfg_add_file(fw, "b", "2", 1, NULL), 0);
	ck_assert_int_eq(fw_cfg_add_file(fw, "a", "one", 3, NULL), 0);
	data = fw_load(&h, "a", &len);
	ck_assert_uint_eq(len, 3);
	ck_assert_str_eq((char *)data, "one");
	free(data);
	ck_assert(!fw_dir(&h, 2, &file));
	harness_fini(&h);
}
END_TEST

START_TEST(bad_names_and_keys_are_refused)
{
	char name[FW_CFG_NAME_MAX + 2];
	struct error err = {0};

	start();
	memset(name, 'x', sizeof(name));
	name[FW_CFG_NAME_MAX + 1] = 0;
	ck_assert_int_lt(fw_cfg_add_file(fw, name, "", 0, &err), 0);
	ck_assert_msg(strstr(err.msg, "xxx") != NULL, "%s", err.msg);
	name[FW_CFG_NAME_MAX] = 0;
	ck_assert_int_eq(fw_cfg_add_file(fw, name, "", 0, NULL), 0);
	ck_assert_int_lt(fw_cfg_add_file(fw, "", "", 0, NULL), 0);
	ck_assert_int_lt(fw_cfg_add_u16(fw, 0x20, 1, NULL), 0);
	ck_assert_int_lt(fw_cfg_add_u16(fw, 0x8100, 1, NULL), 0);
	harness_fini(&h);
}
END_TEST

START_TEST(dma_reads)
{
	static const char text[] = "the quick brown fox";
	uint8_t zeros[8] = {0};

	start();
	ck_assert_int_eq(fw_cfg_add_file(fw, "t", text, sizeof(text), NULL), 0);
	ck_assert_uint_eq(fw_dma(&h, SELECT(0x20) | FW_READ, 9, BUF), 0);
	check_guest(BUF, "the quick", 9);
	/* Goes on where it was; ports and DMA share the place. */
	ck_assert_uint_eq(inb(&h, FW_CFG_IO_BASE + 1), ' ');
	ck_assert_uint_eq(fw_dma(&h, FW_SKIP, 6, 0), 0);
	gmem_write(&h.m.gmem, BUF, text, sizeof(text));
	ck_assert_uint_eq(fw_dma(&h, FW_READ, 12, BUF), 0);
	check_guest(BUF, "fox", 4);
	check_guest(BUF + 4, zeros, 8);
	check_guest(BUF + 12, text + 12, 1);
	/* Selecting alone, and nothing at all. */
	ck_assert_uint_eq(fw_dma(&h, SELECT(0), 7, BUF), 0);
	ck_assert_uint_eq(inb(&h, FW_CFG_IO_BASE + 1), 'Q');
	ck_assert_uint_eq(fw_dma(&h, 0, 7, BUF), 0);
	ck_assert_uint_eq(inb(&h, FW_CFG_IO_BASE + 1), 'E');
	harness_fini(&h);
}
END_TEST

START_TEST(dma_read_across_many_pages)
{
	size_t len = 300000, i;
	uint8_t *data = malloc(len);

	start();
	for (i = 0; i < len; i++)
		data[i] = i * 7 + (i >> 8);
	ck_assert_int_eq(fw_cfg_add_file(fw, "t", data, len, NULL), 0);
	ck_assert_uint_eq(fw_dma(&h, SELECT(0x20) | FW_READ, len, BUF + 1), 0);
	check_guest(BUF + 1, data, len);
	free(data);
	harness_fini(&h);
}
END_TEST

struct written {
	uint8_t bytes[WRITE_LEN];
	unsigned calls, selects, released;
	size_t off, len;
};

static void on_written(void *ctx, size_t off, size_t len)
{
	struct written *w = ctx;

	w->calls++;
	w->off = off;
	w->len = len;
}

static void on_select(void *ctx)
{
	((struct written *)ctx)->selects++;
}

static void on_release(void *ctx)
{
	((struct written *)ctx)->released++;
}

static void add_writable(struct written *w)
{
	struct fw_cfg_source src = {
		.data = w->bytes,
		.len = WRITE_LEN,
		.writable = w->bytes,
		.select = on_select,
		.written = on_written,
		.release = on_release,
		.ctx = w,
	};

	memset(w, 0, sizeof(*w));
	ck_assert_int_eq(fw_cfg_add_source(fw, WRITE_KEY, &src, NULL), 0);
}

START_TEST(dma_writes)
{
	struct written w;

	start();
	add_writable(&w);
	gmem_write(&h.m.gmem, BUF, "0123456789abcdef!", 17);
	fw_select(&h, WRITE_KEY);
	ck_assert_uint_eq(w.selects, 1);
	ck_assert_uint_eq(fw_dma(&h, FW_SKIP, 4, 0), 0);
	ck_assert_uint_eq(fw_dma(&h, FW_WRITE, 6, BUF), 0);
	ck_assert_mem_eq(w.bytes,
			 "\0\0\0\0"
			 "012345\0\0\0\0\0\0",
			 WRITE_LEN);
	ck_assert_uint_eq(w.calls, 1);
	ck_assert_uint_eq(w.off, 4);
	ck_assert_uint_eq(w.len, 6);
	/* Seven bytes do not fit into the six that are left. */
	ck_assert_uint_eq(fw_dma(&h, FW_WRITE, 7, BUF), FW_ERROR);
	ck_assert_uint_eq(w.calls, 1);
	ck_assert_uint_eq(fw_dma(&h, FW_WRITE, 6, BUF), 0);
	ck_assert_mem_eq(w.bytes + 10, "012345", 6);
	ck_assert_uint_eq(fw_dma(&h, FW_WRITE, 1, BUF), FW_ERROR);
	ck_assert_uint_eq(fw_dma(&h, SELECT(WRITE_KEY) | FW_WRITE, UINT32_MAX,
				 BUF),
			  FW_ERROR);
	ck_assert_uint_eq(w.calls, 2);
	/* Ports write nothing. */
	fw_select(&h, WRITE_KEY);
	outb(&h, FW_CFG_IO_BASE + 1, 'x');
	ck_assert_uint_eq(w.bytes[0], 0);
	ck_assert_uint_eq(w.released, 0);
	harness_fini(&h);
	ck_assert_uint_eq(w.released, 1);
}
END_TEST

START_TEST(read_only_stays)
{
	uint8_t got[4];

	start();
	gmem_write(&h.m.gmem, BUF, "evil", 4);
	ck_assert_uint_eq(fw_dma(&h, SELECT(FW_CFG_SIGNATURE) | FW_WRITE, 4,
				 BUF),
			  FW_ERROR);
	ck_assert_uint_eq(fw_dma(&h, SELECT(FW_CFG_FILE_DIR) | FW_WRITE, 4,
				 BUF),
			  FW_ERROR);
	fw_select(&h, FW_CFG_SIGNATURE);
	fw_read(&h, got, sizeof(got));
	ck_assert_mem_eq(got, "QEMU", 4);
	harness_fini(&h);
}
END_TEST

/* DMA registers are big-endian. */
static void dma_at(uint64_t addr)
{
	be64 raw = be64_of(addr);

	outl(&h, FW_CFG_DMA_BASE, load_le32(&raw));
	outl(&h, FW_CFG_DMA_BASE + 4, load_le32(raw.byte + 4));
}

START_TEST(dma_to_nowhere)
{
	static const uint64_t targets[] = {NOWHERE,	    HARNESS_RAM,
					   HARNESS_RAM - 2, UINT64_MAX,
					   UINT64_MAX - 1,  0xfee00000};
	size_t i;

	start();
	for (i = 0; i < sizeof(targets) / sizeof(*targets); i++) {
		ck_assert_uint_eq(fw_dma(&h, SELECT(0) | FW_READ, 4,
					 targets[i]),
				  FW_ERROR);
		dma_at(targets[i]);
		dma_at(targets[i] - 8);
	}
	/* It still works. */
	ck_assert_uint_eq(fw_dma(&h, SELECT(0) | FW_READ, 4, BUF), 0);
	check_guest(BUF, "QEMU", 4);
	harness_fini(&h);
}
END_TEST

START_TEST(dma_write_from_nowhere)
{
	struct written w;

	start();
	add_writable(&w);
	ck_assert_uint_eq(fw_dma(&h, SELECT(WRITE_KEY) | FW_WRITE, 4, NOWHERE),
			  FW_ERROR);
	ck_assert_uint_eq(w.calls, 0);
	harness_fini(&h);
}
END_TEST

START_TEST(huge_lengths_are_bounded)
{
	struct written w;

	start();
	add_writable(&w);
	/* Megabytes of nothing are not worth the time under the lock. */
	gmem_write(&h.m.gmem, BUF + (7 << 20), "keep", 4);
	ck_assert_uint_eq(fw_dma(&h, SELECT(0) | FW_READ, 8 << 20, BUF),
			  FW_ERROR);
	check_guest(BUF + (7 << 20), "keep", 4);
	ck_assert_uint_eq(fw_dma(&h, SELECT(0) | FW_READ, UINT32_MAX, 0),
			  FW_ERROR);
	ck_assert_uint_eq(fw_dma(&h, SELECT(0) | FW_READ, UINT32_MAX,
				 UINT64_MAX - 3),
			  FW_ERROR);
	ck_assert_uint_eq(fw_dma(&h, SELECT(0) | FW_SKIP, UINT32_MAX, 0), 0);
	ck_assert_uint_eq(inb(&h, FW_CFG_IO_BASE + 1), 0);
	ck_assert_uint_eq(fw_dma(&h, FW_SKIP, UINT32_MAX, 0), 0);
	ck_assert_uint_eq(fw_dma(&h, FW_WRITE, UINT32_MAX, 0), FW_ERROR);
	harness_fini(&h);
}
END_TEST

/* A request whose own memory is what it reads into. */
START_TEST(request_overwrites_itself)
{
	uint32_t control;

	start();
	control = fw_dma(&h, SELECT(0) | FW_READ, 16, FW_REQUEST);
	ck_assert_uint_eq(control, 0);
	harness_fini(&h);
}
END_TEST

START_TEST(odd_accesses_change_nothing)
{
	start();
	outb(&h, FW_CFG_IO_BASE, 1);
	outw(&h, FW_CFG_IO_BASE + 1, 1);
	outb(&h, FW_CFG_DMA_BASE + 4, 0x10);
	outw(&h, FW_CFG_DMA_BASE + 4, 0x10);
	outl(&h, FW_CFG_DMA_BASE + 2, 0x10);
	ck_assert_uint_eq(inw(&h, FW_CFG_IO_BASE), 0);
	ck_assert_uint_eq(inb(&h, FW_CFG_IO_BASE + 1), 'Q');
	harness_fini(&h);
}
END_TEST

START_TEST(string_reads)
{
	char got[10];

	start();
	memset(got, 'x', sizeof(got));
	bus_access_rep(&h.m.io, NULL, FW_CFG_IO_BASE + 1, got, 1, sizeof(got),
		       false);
	ck_assert_mem_eq(got, "QEMU\0\0\0\0\0\0", sizeof(got));
	harness_fini(&h);
}
END_TEST

START_TEST(state)
{
	struct device *dev;

	start();
	dev = (struct device *)fw;
	ck_assert_int_eq(fw_cfg_add_file(fw, "t", "0123456789", 10, NULL), 0);
	fw_select(&h, 0x20);
	inb(&h, FW_CFG_IO_BASE + 1);
	outl(&h, FW_CFG_DMA_BASE, 0x12345678);
	harness_roundtrip(dev);
	ck_assert_uint_eq(inb(&h, FW_CFG_IO_BASE + 1), '1');
	dev->class->reset(dev);
	ck_assert_uint_eq(inb(&h, FW_CFG_IO_BASE + 1), 'Q');
	harness_fini(&h);
}
END_TEST

HARNESS_MAIN("fw_cfg", signature_and_id, numbers_are_little_endian,
	     unknown_keys_are_empty, directory_is_sorted, many_files,
	     replaced_file_keeps_its_place, bad_names_and_keys_are_refused,
	     dma_reads, dma_read_across_many_pages, dma_writes, read_only_stays,
	     dma_to_nowhere, dma_write_from_nowhere, huge_lengths_are_bounded,
	     request_overwrites_itself, odd_accesses_change_nothing,
	     string_reads, state)
