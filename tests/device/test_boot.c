/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Booting kernels directly: what lies where in memory, what the kernel is
 * told, and images that lie.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hw/boot.h"
#include "hw/elf.h"
#include "tests/device/harness.h"
#include "tests/device/kernel_images.h"
#include "vmm/endian.h"

#define KIB   UINT64_C(1024)
#define MIB   (KIB * KIB)
#define GIB   (KIB * MIB)
#define LOAD  (16 * MIB)
#define RSDP  0xf0040
#define SPARE (128 * KIB) /* of low RAM, for tables */

struct stage {
	struct machine m;
	struct ram_block *block;
	struct gmem_map low, high;
	uint64_t below, above;
	struct boot_memory mem;
	struct boot_image img;
	struct boot_firmware fw;
	struct vcpu_entry entry;
	struct error err;
	char kernel[32], initrd[32];
};

static struct stage s;

/* RAM as a PC has it, with room for tables left out. */
static void set_ram(uint64_t size)
{
	struct error err = {0};

	memset(&s, 0, sizeof(s));
	ck_assert(machine_init(&s.m, &err) == 0);
	s.below = size > 3 * GIB ? 3 * GIB : size;
	s.above = size - s.below;
	s.block = gmem_block_new(&s.m.gmem, "ram", size, &err);
	ck_assert_msg(s.block != NULL, "%s", err.msg);
	ck_assert(gmem_map(&s.m.gmem, &s.low, 0, s.block, 0, s.below, GMEM_RAM,
			   0, &err) == 0);
	if (s.above)
		ck_assert(gmem_map(&s.m.gmem, &s.high, 4 * GIB, s.block,
				   s.below, s.above, GMEM_RAM, 0, &err) == 0);
	s.mem.gmem = &s.m.gmem;
	boot_memory_add(&s.mem, 0, 0x9fc00, E820_RAM);
	boot_memory_add(&s.mem, 0x9fc00, 0x400, E820_RESERVED);
	boot_memory_add(&s.mem, MIB, s.below - MIB - SPARE, E820_RAM);
	boot_memory_add(&s.mem, s.below - SPARE, SPARE, E820_RESERVED);
	boot_memory_add(&s.mem, 4 * GIB, s.above, E820_RAM);
	s.fw.rsdp = RSDP;
}

static void end(void)
{
	boot_image_close(&s.img);
	if (*s.kernel)
		unlink(s.kernel);
	if (*s.initrd)
		unlink(s.initrd);
	machine_fini(&s.m);
}

static int load(struct bytes kernel, const char *initrd, const char *append)
{
	int rc;

	write_temporary(s.kernel, kernel.data, kernel.len);
	free(kernel.data);
	rc = boot_image_open(&s.img, s.kernel, initrd, append, &s.err);
	if (rc == 0)
		rc = boot_image_load(&s.img, &s.mem, &s.fw, &s.entry, &s.err);
	ck_assert(rc == 0 || (rc == -s.err.code && *s.err.msg));
	ck_assert_msg(!strchr(s.err.msg, '\n'), "%s", s.err.msg);
	return rc;
}

static struct test_elf usual_elf(void)
{
	return (struct test_elf){
		.is64 = true,
		.paddr = LOAD,
		.entry = LOAD + 0x40,
		.code_len = 300 * KIB,
		.mem_len = 2 * MIB,
	};
}

static struct bytes usual_kernel(const struct setup_header *hdr)
{
	struct test_elf e = usual_elf();
	struct bytes elf = make_elf(&e), zip = make_gzip(elf), b;

	b = make_bzimage(hdr, zip);
	free(elf.data);
	free(zip.data);
	return b;
}

/* An initrd of len bytes, each MiB of it numbered. */
static const char *make_initrd(uint64_t len)
{
	uint64_t at;
	le64 mark;
	int fd;

	write_temporary(s.initrd, "", 0);
	fd = open(s.initrd, O_WRONLY | O_CLOEXEC);
	ck_assert(fd >= 0 && ftruncate(fd, (off_t)len) == 0);
	for (at = 0; at + sizeof(mark) <= len; at += MIB) {
		mark = le64_of(at + 1);
		ck_assert(pwrite(fd, &mark, sizeof(mark), (off_t)at) > 0);
	}
	close(fd);
	return s.initrd;
}

static struct boot_params params(void)
{
	struct boot_params p;

	ck_assert(gmem_read(&s.m.gmem, s.entry.rsi, &p, sizeof(p)));
	return p;
}

static uint64_t read64(gpa_t gpa)
{
	le64 raw;

	ck_assert(gmem_read(&s.m.gmem, gpa, &raw, sizeof(raw)));
	return le64_get(raw);
}

static void check_kernel(void)
{
	uint8_t code[300 * KIB], want[300 * KIB], bss[4096], zeros[4096] = {0};
	size_t i;

	for (i = 0; i < sizeof(want); i++)
		want[i] = (uint8_t)i;
	ck_assert(gmem_read(&s.m.gmem, LOAD, code, sizeof(code)));
	ck_assert_mem_eq(code, want, sizeof(want));
	ck_assert(gmem_read(&s.m.gmem, LOAD + 2 * MIB - sizeof(bss), bss,
			    sizeof(bss)));
	ck_assert_mem_eq(bss, zeros, sizeof(bss));
}

START_TEST(test_linux_is_told)
{
	struct setup_header hdr = usual_header();
	struct boot_params p;
	char text[8];

	set_ram(64 * MIB);
	memset(s.block->host, 0xcc, s.block->size);
	ck_assert_msg(load(usual_kernel(&hdr), make_initrd(MIB), "a=b") == 0,
		      "%s", s.err.msg);
	ck_assert_int_eq(s.entry.mode, VCPU_LONG);
	ck_assert_uint_eq(s.entry.rip, LOAD + 0x40);
	check_kernel();
	p = params();
	ck_assert_uint_eq(p.hdr.header, 0x53726448);
	ck_assert_uint_eq(p.hdr.boot_flag, 0xaa55);
	ck_assert_uint_eq(p.hdr.type_of_loader, 0xff);
	ck_assert_uint_eq(p.sentinel, 0);
	ck_assert_uint_eq(p.acpi_rsdp_addr, RSDP);
	ck_assert_uint_eq(p.screen_info.orig_video_isVGA, 0);
	ck_assert_uint_eq(p.e820_entries, 4);
	ck_assert_uint_eq(p.e820_table[0].size, 0x9fc00);
	ck_assert_uint_eq(p.e820_table[2].addr, MIB);
	ck_assert_uint_eq(p.e820_table[2].size, 63 * MIB - SPARE);
	ck_assert_uint_eq(p.e820_table[3].type, 2);
	ck_assert(gmem_read(&s.m.gmem, p.hdr.cmd_line_ptr, text, 4));
	ck_assert_str_eq(text, "a=b");
	ck_assert_uint_eq(p.hdr.ramdisk_size, MIB);
	ck_assert_uint_eq(read64(p.hdr.ramdisk_image), 1);
	ck_assert_uint_eq(read64(p.hdr.setup_data + 8),
			  SETUP_RNG_SEED | UINT64_C(32) << 32);
	ck_assert_uint_eq(read64(p.hdr.setup_data), 0);
	end();
}
END_TEST

START_TEST(test_linux_text_mode)
{
	struct setup_header hdr = usual_header();
	struct boot_params p;

	set_ram(64 * MIB);
	s.fw.text_mode = true;
	ck_assert(load(usual_kernel(&hdr), NULL, NULL) == 0);
	p = params();
	ck_assert_uint_eq(p.screen_info.orig_video_isVGA, 1);
	ck_assert_uint_eq(p.screen_info.orig_video_cols, 80);
	ck_assert_uint_eq(p.screen_info.orig_video_lines, 25);
	ck_assert_uint_eq(p.hdr.ramdisk_size, 0);
	end();
}
END_TEST

START_TEST(test_linux_32_bit)
{
	struct setup_header hdr = usual_header();
	struct test_elf e = usual_elf();
	struct bytes elf;

	e.is64 = false;
	elf = make_elf(&e);
	hdr.xloadflags = 0;
	set_ram(64 * MIB);
	/* Not compressed, which is possible too. */
	ck_assert_msg(load(make_bzimage(&hdr, elf), NULL, NULL) == 0, "%s",
		      s.err.msg);
	ck_assert_int_eq(s.entry.mode, VCPU_FLAT32);
	ck_assert_uint_eq(s.entry.rip, LOAD + 0x40);
	check_kernel();
	free(elf.data);
	end();
}
END_TEST

/* What cannot be decompressed here decompresses itself. */
START_TEST(test_linux_by_its_stub)
{
	static uint8_t bzip2[] = "BZh9 and so on";
	struct bytes payload = {bzip2, sizeof(bzip2)};
	struct setup_header hdr = usual_header();

	set_ram(64 * MIB);
	ck_assert_msg(load(make_bzimage(&hdr, payload), NULL, NULL) == 0, "%s",
		      s.err.msg);
	ck_assert_int_eq(s.entry.mode, VCPU_LONG);
	ck_assert_uint_eq(s.entry.rip, LOAD + 0x200);
	end();
	hdr.xloadflags = 0;
	hdr.relocatable_kernel = 0;
	set_ram(64 * MIB);
	ck_assert(load(make_bzimage(&hdr, payload), NULL, NULL) == 0);
	ck_assert_int_eq(s.entry.mode, VCPU_FLAT32);
	ck_assert_uint_eq(s.entry.rip, MIB);
	end();
}
END_TEST

START_TEST(test_linux_needs_firmware)
{
	struct setup_header hdr = usual_header();
	struct bytes none = {NULL, 0};

	set_ram(64 * MIB);
	ck_assert(load(make_bzimage(&hdr, none), NULL, NULL) == 0);
	ck_assert(!s.img.needs_firmware);
	end();
	hdr.xloadflags = 0;
	set_ram(64 * MIB);
	load(make_bzimage(&hdr, none), NULL, NULL);
	ck_assert(s.img.needs_firmware);
	end();
}
END_TEST

static const uint64_t ram_sizes[] = {
	19 * MIB,  20 * MIB,
	32 * MIB,  64 * MIB,
	96 * MIB,  128 * MIB,
	256 * MIB, 512 * MIB + 8 * KIB,
	896 * MIB, GIB,
	2 * GIB,   3 * GIB - MIB,
	3 * GIB,   3 * GIB + 8 * MIB,
	4 * GIB,   6 * GIB,
};

static const uint64_t initrd_sizes[] = {
	1, 4095, 4096, MIB + 1, 14 * MIB, 17 * MIB, 30 * MIB,
};

/* The spaces that an initrd can have: [MIB, LOAD), and after the kernel. */
static bool has_room(uint64_t len, uint64_t limit, bool above)
{
	uint64_t top = s.below - SPARE < limit ? s.below - SPARE : limit;
	uint64_t first = LOAD + 2 * MIB;

	top &= ~(4 * KIB - 1);
	len = (len + 4 * KIB - 1) & ~(4 * KIB - 1);
	return (top > first && len <= top - first) || len <= LOAD - MIB ||
	       (above && len <= s.above);
}

static void check_initrd(const struct boot_params *p, uint64_t len,
			 uint64_t limit, bool anywhere)
{
	uint64_t at = p->hdr.ramdisk_image | (uint64_t)p->ext_ramdisk_image
						     << 32;
	uint64_t low_end = s.below - SPARE, off;

	ck_assert_uint_eq(p->hdr.ramdisk_size | (uint64_t)p->ext_ramdisk_size
							<< 32,
			  len);
	ck_assert_uint_eq(at % 4096, 0);
	ck_assert(at >= MIB);
	ck_assert(at + len <= LOAD || at >= LOAD + 2 * MIB);
	if (at < 4 * GIB)
		ck_assert(at + len <= low_end);
	else
		ck_assert(at + len <= 4 * GIB + s.above);
	if (!anywhere)
		ck_assert(at + len <= limit);
	for (off = 0; off + 8 <= len; off += MIB)
		ck_assert_uint_eq(read64(at + off), off + 1);
}

static void check_placement(uint64_t ram, uint64_t len, uint32_t max,
			    bool anywhere)
{
	struct setup_header hdr = usual_header();
	struct boot_params p;
	int rc;

	hdr.initrd_addr_max = max;
	if (!anywhere)
		hdr.xloadflags = XLF_KERNEL_64;
	set_ram(ram);
	rc = load(usual_kernel(&hdr), make_initrd(len), "x");
	ck_assert_msg((rc == 0) == has_room(len,
					    anywhere ? UINT64_MAX
						     : max + UINT64_C(1),
					    anywhere),
		      "RAM %#lx initrd %#lx max %#x: %d %s", ram, len, max, rc,
		      s.err.msg);
	if (rc == 0) {
		p = params();
		check_initrd(&p, len, max + UINT64_C(1), anywhere);
		check_kernel();
	} else {
		ck_assert_msg(strstr(s.err.msg, "RAM has no room") != NULL,
			      "%s", s.err.msg);
	}
	end();
}

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

START_TEST(test_initrd_placement)
{
	static const uint32_t limits[] = {0x37ffffff, 0x7fffffff};
	size_t i, j;

	for (i = 0; i < 2 * COUNT(ram_sizes); i++)
		for (j = 0; j < 2 * COUNT(initrd_sizes); j++)
			check_placement(ram_sizes[i / 2], initrd_sizes[j / 2],
					limits[i % 2], j % 2);
}
END_TEST

START_TEST(test_large_initrds)
{
	check_placement(512 * MIB, 400 * MIB, 0x7fffffff, false);
	check_placement(512 * MIB, 500 * MIB, 0x7fffffff, false);
	check_placement(2 * GIB, 900 * MIB, 0x37ffffff, false);
	check_placement(2 * GIB, 700 * MIB, 0x37ffffff, false);
	/* Only above 4 GiB is there room for it. */
	check_placement(7 * GIB, 3100 * MIB, 0x7fffffff, false);
	check_placement(6 * GIB, 3100 * MIB, 0x7fffffff, true);
}
END_TEST

START_TEST(test_pvh)
{
	struct test_elf e = usual_elf();
	uint64_t info, list;
	char text[4];
	int is64;

	for (is64 = 0; is64 < 2; is64++) {
		e.is64 = is64;
		e.pvh_entry = LOAD + 0x123;
		set_ram(2 * GIB);
		ck_assert_msg(load(make_elf(&e), make_initrd(MIB), "abc") == 0,
			      "%s", s.err.msg);
		check_kernel();
		ck_assert_int_eq(s.entry.mode, VCPU_FLAT32);
		ck_assert_uint_eq(s.entry.rip, LOAD + 0x123);
		info = s.entry.rbx;
		ck_assert_uint_eq(read64(info), 0x1336ec578);
		ck_assert_uint_eq(read64(info + 8), UINT64_C(1) << 32);
		list = read64(info + 16);
		ck_assert_uint_eq(read64(list + 8), MIB);
		ck_assert_uint_eq(read64(read64(list)), 1);
		ck_assert(is64 || read64(list) + MIB <= 0x38000000);
		ck_assert(gmem_read(&s.m.gmem, read64(info + 24), text, 4));
		ck_assert_str_eq(text, "abc");
		ck_assert_uint_eq(read64(info + 32), RSDP);
		ck_assert_uint_eq(read64(info + 48), 4);
		list = read64(info + 40);
		ck_assert_uint_eq(read64(list + 8), 0x9fc00);
		ck_assert_uint_eq(read64(list + 16), 1);
		ck_assert_uint_eq(read64(list + 3 * 24 + 16), 2);
		end();
	}
}
END_TEST

START_TEST(test_loads_again_over_what_ran)
{
	struct setup_header hdr = usual_header();
	struct boot_memory again;

	set_ram(64 * MIB);
	s.mem.fresh = true;
	again = s.mem;
	again.fresh = false;
	ck_assert(load(usual_kernel(&hdr), make_initrd(MIB), "x") == 0);
	memset(s.block->host, 0x5a, s.block->size);
	ck_assert(boot_image_load(&s.img, &again, &s.fw, &s.entry, &s.err) ==
		  0);
	check_kernel();
	ck_assert_uint_eq(read64(params().hdr.ramdisk_image), 1);
	ck_assert_int_eq(truncate(s.kernel, 100), 0);
	again = s.mem;
	again.ntaken = 0;
	ck_assert(boot_image_load(&s.img, &again, &s.fw, &s.entry, &s.err) < 0);
	end();
}
END_TEST

static void refuse(struct bytes kernel, const char *words)
{
	set_ram(32 * MIB);
	ck_assert_int_lt(load(kernel, NULL, "x"), 0);
	ck_assert_msg(strstr(s.err.msg, words) != NULL, "%s", s.err.msg);
	end();
}

/* Whatever is cut or damaged: an error or a kernel, but nothing worse. */
START_TEST(test_damaged_images)
{
	struct setup_header hdr = usual_header();
	struct bytes whole = usual_kernel(&hdr), part;
	struct test_elf e = usual_elf();
	size_t len, round;

	srand(1);
	for (round = 0; round < 400; round++) {
		if (round == 200) {
			free(whole.data);
			e.pvh_entry = LOAD;
			whole = make_elf(&e);
		}
		len = round % 2 ? whole.len
				: 1 + (size_t)rand() % (whole.len - 1);
		part = (struct bytes){malloc(len), len};
		memcpy(part.data, whole.data, len);
		if (round % 2)
			part.data[rand() % 0x270] = (uint8_t)rand();
		set_ram(32 * MIB);
		load(part, NULL, "x");
		end();
	}
	free(whole.data);
}
END_TEST

START_TEST(test_errors)
{
	struct setup_header hdr = usual_header();
	struct test_elf e = usual_elf();
	struct bytes elf, junk = {calloc(1, 5000), 5000}, b;

	refuse(junk, "it is no kernel");
	refuse(make_elf(&e), "neither a PVH note");
	e.pvh_entry = UINT64_C(1) << 32;
	refuse(make_elf(&e), "above 4 GiB");
	e = usual_elf();
	e.pvh_entry = LOAD;
	e.mem_len = 100 * MIB;
	refuse(make_elf(&e), "not all RAM");
	e.mem_len = UINT64_MAX - MIB;
	refuse(make_elf(&e), "headers are damaged");
	e.mem_len = GIB;
	refuse(make_elf(&e), "not all RAM");
	e.mem_len = 2 * MIB;
	e.paddr = 0x9f000;
	refuse(make_elf(&e), "not all RAM");
	e = usual_elf();
	elf = make_elf(&e);
	b = make_gzip(elf);
	free(elf.data);
	memset(b.data + b.len / 2, 0xff, 64);
	refuse(make_bzimage(&hdr, b), "gzip data is damaged");
	b.len /= 2;
	refuse(make_bzimage(&hdr, b), "gzip data is damaged");
	free(b.data);
	hdr.loadflags = 0;
	refuse(usual_kernel(&hdr), "zImage");
	hdr.loadflags = LOADED_HIGH;
	hdr.cmdline_size = 0;
	refuse(usual_kernel(&hdr), "-append");
	b = usual_kernel(&hdr);
	b.len = 2100;
	refuse(b, "cut short");
}
END_TEST

/* The last address of a 64-bit space is no reason to wrap around. */
START_TEST(test_memory)
{
	struct boot_memory *mem = &s.mem;
	struct error err = {0};

	set_ram(64 * MIB);
	ck_assert(boot_memory_take(mem, 0x1000, 0x1000, "a", &err) == 0);
	ck_assert(boot_memory_take(mem, 0x1fff, 1, "b", &err) == -EINVAL);
	ck_assert(boot_memory_take(mem, 0x2000, 1, "b", &err) == 0);
	ck_assert(boot_memory_take(mem, 0x2000, 0, "b", &err) == 0);
	ck_assert(boot_memory_take(mem, UINT64_MAX, 2, "b", &err) == -ENOMEM);
	ck_assert(boot_memory_take(mem, MIB, UINT64_MAX, "b", &err) == -ENOMEM);
	ck_assert(boot_memory_take(mem, 0x9fbff, 2, "b", &err) == -ENOMEM);
	ck_assert(boot_memory_take_low(mem, 0x1000, 0x1000, 0x1000, MIB) ==
		  0x3000);
	ck_assert(boot_memory_take_low(mem, 0x9d000, 1, 0, MIB) ==
		  BOOT_NOWHERE);
	ck_assert(boot_memory_take_high(mem, UINT64_MAX, 1, 0, UINT64_MAX) ==
		  BOOT_NOWHERE);
	ck_assert(boot_memory_take_high(mem, 1, 4096, 0, UINT64_MAX) ==
		  64 * MIB - SPARE - 4096);
	ck_assert(boot_memory_take_high(mem, 4097, 4096, 0, UINT64_MAX) ==
		  64 * MIB - SPARE - 3 * 4096);
	end();
}
END_TEST

UNIT_MAIN("boot", test_linux_is_told, test_linux_text_mode, test_linux_32_bit,
	  test_linux_by_its_stub, test_linux_needs_firmware,
	  test_initrd_placement, test_large_initrds, test_pvh,
	  test_loads_again_over_what_ran, test_damaged_images, test_errors,
	  test_memory)
