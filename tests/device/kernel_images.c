/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kernel images made up in memory. */
#include "tests/device/kernel_images.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#define SETUP_SECTS 3
#define SETUP_LEN   ((SETUP_SECTS + 1) * 512)
#define PAYLOAD_OFF 0x300
#define CODE_OFF    0x1000
#define NOTE_OFF    0x200
#define GZIP_WINDOW (16 + MAX_WBITS)
#define HEADER_JUMP 0x6aeb /* over the header of version 2.15 */

struct note {
	Elf32_Nhdr head;
	char name[4];
	uint64_t entry;
};

static struct bytes new_bytes(size_t len)
{
	struct bytes b = {calloc(1, len), len};

	ck_assert(b.data != NULL);
	return b;
}

static void fill_64(uint8_t *out, const struct test_elf *e)
{
	Elf64_Ehdr h = {
		.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, 1},
		.e_type = ET_EXEC,
		.e_machine = EM_X86_64,
		.e_entry = e->entry,
		.e_phoff = sizeof(h),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = e->pvh_entry ? 2 : 1,
	};
	Elf64_Phdr p[2] = {
		{.p_type = PT_LOAD,
		 .p_offset = CODE_OFF,
		 .p_paddr = e->paddr,
		 .p_vaddr = 0xffffffff80000000u + e->paddr,
		 .p_filesz = e->code_len,
		 .p_memsz = e->mem_len},
		{.p_type = PT_NOTE,
		 .p_offset = NOTE_OFF,
		 .p_filesz = sizeof(struct note),
		 .p_memsz = sizeof(struct note)},
	};

	memcpy(out, &h, sizeof(h));
	memcpy(out + sizeof(h), p, sizeof(p));
}

static void fill_32(uint8_t *out, const struct test_elf *e)
{
	Elf32_Ehdr h = {
		.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS32, ELFDATA2LSB, 1},
		.e_type = ET_EXEC,
		.e_machine = EM_386,
		.e_entry = (uint32_t)e->entry,
		.e_phoff = sizeof(h),
		.e_phentsize = sizeof(Elf32_Phdr),
		.e_phnum = e->pvh_entry ? 2 : 1,
	};
	Elf32_Phdr p[2] = {
		{.p_type = PT_LOAD,
		 .p_offset = CODE_OFF,
		 .p_paddr = (uint32_t)e->paddr,
		 .p_vaddr = (uint32_t)e->paddr + 0xc0000000u,
		 .p_filesz = (uint32_t)e->code_len,
		 .p_memsz = (uint32_t)e->mem_len},
		{.p_type = PT_NOTE,
		 .p_offset = NOTE_OFF,
		 .p_filesz = sizeof(struct note),
		 .p_memsz = sizeof(struct note)},
	};

	memcpy(out, &h, sizeof(h));
	memcpy(out + sizeof(h), p, sizeof(p));
}

struct bytes make_elf(const struct test_elf *e)
{
	struct bytes b = new_bytes(CODE_OFF + e->code_len);
	struct note note = {
		.head = {sizeof(note.name), sizeof(note.entry), 18},
		.name = "Xen",
		.entry = e->pvh_entry,
	};
	size_t i;

	if (e->is64)
		fill_64(b.data, e);
	else
		fill_32(b.data, e);
	memcpy(b.data + NOTE_OFF, &note, sizeof(note));
	for (i = 0; i < e->code_len; i++)
		b.data[CODE_OFF + i] = (uint8_t)i;
	return b;
}

struct setup_header usual_header(void)
{
	return (struct setup_header){
		.version = 0x20f,
		.loadflags = LOADED_HIGH,
		.code32_start = 0x100000,
		.initrd_addr_max = 0x7fffffff,
		.kernel_alignment = 0x200000,
		.relocatable_kernel = 1,
		.xloadflags = XLF_KERNEL_64 | XLF_CAN_BE_LOADED_ABOVE_4G,
		.cmdline_size = 2047,
		.pref_address = 0x1000000,
		.init_size = 0x100000,
	};
}

struct bytes make_bzimage(const struct setup_header *hdr, struct bytes payload)
{
	struct bytes b = new_bytes(SETUP_LEN + PAYLOAD_OFF + payload.len);
	struct setup_header h = *hdr;

	h.setup_sects = SETUP_SECTS;
	h.boot_flag = 0xaa55;
	h.jump = HEADER_JUMP;
	h.header = 0x53726448;
	h.payload_offset = PAYLOAD_OFF;
	h.payload_length = (uint32_t)payload.len;
	memcpy(b.data + offsetof(struct boot_params, hdr), &h, sizeof(h));
	if (payload.len)
		memcpy(b.data + SETUP_LEN + PAYLOAD_OFF, payload.data,
		       payload.len);
	return b;
}

struct bytes make_gzip(struct bytes in)
{
	struct bytes out = new_bytes(in.len + 4096);
	z_stream z = {.next_in = in.data,
		      .avail_in = (uInt)in.len,
		      .next_out = out.data,
		      .avail_out = (uInt)out.len};

	ck_assert(deflateInit2(&z, 9, Z_DEFLATED, GZIP_WINDOW, 8,
			       Z_DEFAULT_STRATEGY) == Z_OK);
	ck_assert(deflate(&z, Z_FINISH) == Z_STREAM_END);
	out.len = z.total_out;
	deflateEnd(&z);
	return out;
}

void write_temporary(char path[32], const void *data, size_t len)
{
	int fd;

	snprintf(path, 32, "/tmp/pcvm-boot-XXXXXX");
	fd = mkstemp(path);
	ck_assert(fd >= 0);
	ck_assert(write(fd, data, len) == (ssize_t)len);
	close(fd);
}
