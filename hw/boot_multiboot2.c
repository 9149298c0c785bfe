/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Multiboot 2 for i386: as multiboot 1, with tags.
 * Multiboot2 Specification 2.0.
 *
 * Not there: EFI, network, symbol tables, APM, video modes other than text.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hw/blob.h"
#include "hw/boot_multiboot.h"
#include "hw/elf.h"
#include "vmm/endian.h"

#define SEARCH	     32768u /* bytes of the file that may have the header */
#define HEADER_MAGIC 0xe85250d6u
#define LOADER_MAGIC 0x36d76289u
#define ARCH_I386    0
#define TAG_ALIGN    8
#define TAG_OPTIONAL 1u

enum header_tag {
	HEADER_END = 0,
	HEADER_REQUEST = 1,
	HEADER_ADDRESS = 2,
	HEADER_ENTRY = 3,
	HEADER_CONSOLE = 4,
	HEADER_FRAMEBUFFER = 5,
	HEADER_MODULE_ALIGN = 6,
	HEADER_EFI_SERVICES = 7,
	HEADER_ENTRY_EFI32 = 8,
	HEADER_ENTRY_EFI64 = 9,
	HEADER_RELOCATABLE = 10,
};

enum info_tag {
	INFO_END = 0,
	INFO_CMDLINE = 1,
	INFO_LOADER = 2,
	INFO_MODULE = 3,
	INFO_MEMORY = 4,
	INFO_MAP = 6,
	INFO_FRAMEBUFFER = 8,
	INFO_RSDP_OLD = 14,
	INFO_RSDP_NEW = 15,
	INFO_LOAD_BASE = 21,
};

/* Preferences of a relocatable image. */
enum { PREFER_ANY, PREFER_LOW, PREFER_HIGH };

#define RSDP_OLD_LEN 20

struct tag {
	le16 type, flags;
	le32 size;
};

/* What the header asks for. */
struct wishes {
	bool addresses, entry, relocatable;
	struct multiboot_addresses a;
	uint32_t entry_addr, min, max, align, preference;
	uint64_t at; /* of the header, in the file */
};

struct boot2 {
	const struct boot_image *img;
	const struct boot_firmware *fw;
	struct boot_memory *mem;
	struct wishes w;
	gpa_t base, end; /* of the loaded kernel */
	struct blob info;
};

static bool is_provided(uint32_t info)
{
	static const uint8_t provided[] = {
		INFO_CMDLINE,  INFO_LOADER,   INFO_MODULE,
		INFO_MEMORY,   INFO_MAP,      INFO_FRAMEBUFFER,
		INFO_RSDP_OLD, INFO_RSDP_NEW, INFO_LOAD_BASE,
	};

	return info < UINT8_MAX &&
	       memchr(provided, (int)info, sizeof(provided)) != NULL;
}

static int not_there(const char *what, uint32_t type, struct error *err)
{
	return error_set(err, ENOTSUP,
			 "its multiboot2 header wants %s %u, which there is "
			 "not",
			 what, type);
}

static int check_request(const uint8_t *body, size_t len, struct error *err)
{
	for (; len >= sizeof(le32); body += sizeof(le32), len -= sizeof(le32))
		if (!is_provided(load_le32(body)))
			return not_there("information", load_le32(body), err);
	return 0;
}

/* body has len bytes, and after them zeros enough for any tag. */
static int read_tag(struct wishes *w, uint16_t type, bool optional,
		    const uint8_t *body, size_t len, struct error *err)
{
	switch (type) {
	case HEADER_REQUEST:
		return optional ? 0 : check_request(body, len, err);
	case HEADER_ADDRESS:
		w->addresses = true;
		w->a = (struct multiboot_addresses){
			load_le32(body),
			load_le32(body + 4),
			load_le32(body + 8),
			load_le32(body + 12),
		};
		return 0;
	case HEADER_ENTRY:
		w->entry = true;
		w->entry_addr = load_le32(body);
		return 0;
	case HEADER_RELOCATABLE:
		w->relocatable = true;
		w->min = load_le32(body);
		w->max = load_le32(body + 4);
		w->align = load_le32(body + 8);
		w->preference = load_le32(body + 12);
		return 0;
	case HEADER_CONSOLE:
	case HEADER_FRAMEBUFFER:
	case HEADER_MODULE_ALIGN:
	case HEADER_EFI_SERVICES:
	case HEADER_ENTRY_EFI32:
	case HEADER_ENTRY_EFI64:
		return 0;
	default:
		return optional ? 0 : not_there("tag", type, err);
	}
}

/* header has len bytes, and zeros after them. */
static int read_tags(struct wishes *w, const uint8_t *header, size_t len,
		     struct error *err)
{
	size_t at = 4 * sizeof(le32), size;
	struct tag tag;
	int rc = 0;

	while (rc == 0 && at + sizeof(tag) <= len) {
		memcpy(&tag, header + at, sizeof(tag));
		size = le32_get(tag.size);
		if (le16_get(tag.type) == HEADER_END)
			return 0;
		if (size < sizeof(tag) || size > len - at)
			break;
		rc = read_tag(w, le16_get(tag.type),
			      le16_get(tag.flags) & TAG_OPTIONAL,
			      header + at + sizeof(tag), size - sizeof(tag),
			      err);
		at += (size + TAG_ALIGN - 1) & ~(size_t)(TAG_ALIGN - 1);
	}
	return rc < 0 ? rc
		      : error_set(err, EINVAL,
				  "its multiboot2 header is damaged");
}

static bool is_header(const uint8_t *p)
{
	return load_le32(p) == HEADER_MAGIC && load_le32(p + 4) == ARCH_I386 &&
	       load_le32(p) + load_le32(p + 4) + load_le32(p + 8) +
			       load_le32(p + 12) ==
		       0;
}

/* 1 when there is a header. */
static int read_wishes(const struct boot_file *f, struct wishes *w,
		       struct error *err)
{
	size_t len = f->size < SEARCH ? f->size : SEARCH, header_len;
	uint8_t *data = calloc(2, SEARCH), *p;
	int rc = data ? boot_file_read(f, 0, data, len, err)
		      : error_set(err, ENOMEM, "out of memory");
	bool found = false;

	*w = (struct wishes){.at = 0};
	for (p = data; p && rc == 0 && p + 4 * sizeof(le32) <= data + len;
	     p += TAG_ALIGN) {
		found = is_header(p);
		if (found)
			break;
	}
	if (found) {
		w->at = (uint64_t)(p - data);
		header_len = load_le32(p + 8);
		if (header_len > len - w->at)
			header_len = len - w->at;
		rc = read_tags(w, p, header_len, err);
	}
	free(data);
	return rc < 0 ? rc : found;
}

static int probe(struct boot_image *img, struct error *err)
{
	struct wishes w;
	struct elf elf;
	int rc = read_wishes(&img->kernel, &w, err);

	if (rc <= 0)
		return rc;
	if (w.addresses && !w.entry)
		return error_set(err, EINVAL,
				 "its multiboot2 header has addresses but no "
				 "entry");
	if (w.addresses)
		return 1;
	rc = elf_open(&elf, &img->kernel, err);
	return rc < 0 ? rc : 1;
}

/* Where a relocatable image goes, less where it was linked to. */
static int choose_shift(const struct boot2 *b, const struct elf *elf,
			uint64_t *shift, struct error *err)
{
	const struct wishes *w = &b->w;
	uint64_t first = elf_first(elf), len = elf_end(elf) - first;
	uint64_t align = w->align ? w->align : 1;
	uint64_t end = (uint64_t)w->max + 1;
	/* Only to find the place: loading takes it. */
	struct boot_memory scratch = *b->mem;
	gpa_t at;

	*shift = 0;
	if (!w->relocatable)
		return 0;
	if (align & (align - 1))
		return error_set(err, EINVAL,
				 "its multiboot2 header is damaged");
	if (w->preference == PREFER_HIGH)
		at = boot_memory_take_high(&scratch, len, align, w->min, end);
	else
		at = boot_memory_take_low(&scratch, len, align,
					  w->min < BOOT_HIGH ? BOOT_HIGH
							     : w->min,
					  end);
	if (at == BOOT_NOWHERE)
		return error_set(err, ENOMEM,
				 "RAM has no room for it: -m should say more");
	*shift = at - first;
	return 0;
}

static int load_elf(struct boot2 *b, uint64_t *entry, struct error *err)
{
	struct elf elf;
	uint64_t shift = 0;
	int rc = elf_open(&elf, &b->img->kernel, err);

	if (rc == 0)
		rc = choose_shift(b, &elf, &shift, err);
	if (rc == 0)
		rc = elf_load(&elf, b->mem, shift, err);
	b->base = elf_first(&elf) + shift;
	b->end = elf_end(&elf) + shift;
	*entry =
		(b->w.entry ? b->w.entry_addr : elf_physical(&elf, elf.entry)) +
		shift;
	return rc;
}

static int load_kernel(struct boot2 *b, uint64_t *entry, struct error *err)
{
	int rc = read_wishes(&b->img->kernel, &b->w, err);

	if (rc == 0)
		rc = error_set(err, EINVAL, "its multiboot2 header has gone");
	if (rc < 0)
		return rc;
	if (!b->w.addresses)
		return load_elf(b, entry, err);
	*entry = b->w.entry_addr;
	b->base = b->w.a.load;
	return multiboot_load_addresses(b->img, &b->w.a, b->w.at, b->mem,
					&b->end, err);
}

/* A tag of 32-bit numbers, and bytes after them. */
static void add_tag(struct blob *info, enum info_tag type,
		    const uint32_t *numbers, unsigned n, const void *bytes,
		    size_t len)
{
	unsigned i;

	blob_align(info, TAG_ALIGN);
	blob_add_le(info, type, sizeof(le32));
	blob_add_le(info, sizeof(struct tag) + n * sizeof(le32) + len,
		    sizeof(le32));
	for (i = 0; i < n; i++)
		blob_add_le(info, numbers[i], sizeof(le32));
	blob_add(info, bytes, len);
}

static void add_text(struct blob *info, enum info_tag type, const char *text)
{
	add_tag(info, type, NULL, 0, text, strlen(text) + 1);
}

static void add_map(struct boot2 *b)
{
	const struct e820_range *r = b->mem->e820;
	const uint32_t format[] = {3 * sizeof(le64), 0}; /* entry, version */
	struct blob map;
	unsigned i;

	blob_init(&map, 0);
	for (i = 0; i < b->mem->ne820; i++) {
		blob_add_le(&map, r[i].base, sizeof(le64));
		blob_add_le(&map, r[i].len, sizeof(le64));
		blob_add_le(&map, r[i].type, sizeof(le64));
	}
	add_tag(&b->info, INFO_MAP, format, 2, map.data, map.len);
	b->info.failed |= map.failed;
	blob_fini(&map);
}

static void add_screen(struct boot2 *b)
{
	const uint32_t numbers[] = {
		MULTIBOOT_TEXT_ADDR,
		0,
		MULTIBOOT_TEXT_PITCH,
		MULTIBOOT_TEXT_WIDTH,
		MULTIBOOT_TEXT_HEIGHT,
		MULTIBOOT_TEXT_BPP | MULTIBOOT_FB_TEXT << 8,
	};

	if (b->fw->text_mode)
		add_tag(&b->info, INFO_FRAMEBUFFER, numbers, 6, NULL, 0);
}

static void add_rsdp(struct boot2 *b)
{
	unsigned len = b->fw->rsdp_len;

	if (len >= RSDP_OLD_LEN)
		add_tag(&b->info, INFO_RSDP_OLD, NULL, 0, b->fw->rsdp_copy,
			RSDP_OLD_LEN);
	if (len > RSDP_OLD_LEN)
		add_tag(&b->info, INFO_RSDP_NEW, NULL, 0, b->fw->rsdp_copy,
			len);
}

static int add_modules(struct boot2 *b, struct error *err)
{
	struct multiboot_module m[BOOT_MODULES_MAX];
	unsigned i;
	int rc = multiboot_load_modules(b->img, b->mem, b->end, m, err);

	for (i = 0; i < b->img->nmodules && rc == 0; i++) {
		const uint32_t place[] = {
			(uint32_t)m[i].base,
			(uint32_t)(m[i].base + m[i].len),
		};
		const char *text = b->img->module[i].text;

		add_tag(&b->info, INFO_MODULE, place, 2, text,
			strlen(text) + 1);
	}
	return rc;
}

static int build_info(struct boot2 *b, struct error *err)
{
	char *cmdline = multiboot_cmdline(b->img, err);
	const uint32_t memory[] = {multiboot_lower(b->mem),
				   multiboot_upper(b->mem)};
	const uint32_t base = (uint32_t)b->base;
	int rc;

	if (!cmdline)
		return -err->code;
	blob_extend(&b->info, 2 * sizeof(le32)); /* size, reserved */
	add_text(&b->info, INFO_CMDLINE, cmdline);
	free(cmdline);
	add_text(&b->info, INFO_LOADER, MULTIBOOT_LOADER_NAME);
	rc = add_modules(b, err);
	add_tag(&b->info, INFO_MEMORY, memory, 2, NULL, 0);
	add_map(b);
	add_screen(b);
	add_rsdp(b);
	add_tag(&b->info, INFO_LOAD_BASE, &base, 1, NULL, 0);
	add_tag(&b->info, INFO_END, NULL, 0, NULL, 0);
	if (rc == 0 && b->info.failed)
		rc = error_set(err, ENOMEM, "out of memory");
	return rc;
}

static int put_info(struct boot2 *b, struct vcpu_entry *entry,
		    struct error *err)
{
	gpa_t gpa = 0;
	int rc;

	blob_init(&b->info, 0);
	rc = build_info(b, err);
	if (rc == 0) {
		store_le32(b->info.data, (uint32_t)b->info.len);
		rc = boot_put_low(b->mem, b->info.data, b->info.len, &gpa, err);
	}
	blob_fini(&b->info);
	if (rc < 0)
		return rc;
	entry->rax = LOADER_MAGIC;
	entry->rbx = gpa;
	return 0;
}

static int load(const struct boot_image *img, struct boot_memory *mem,
		const struct boot_firmware *fw, struct vcpu_entry *entry,
		struct error *err)
{
	struct boot2 b = {.img = img, .fw = fw, .mem = mem};
	int rc = load_kernel(&b, &entry->rip, err);

	if (rc < 0)
		return error_prefix(err, "-kernel %s", img->kernel_name);
	entry->mode = VCPU_FLAT32;
	return put_info(&b, entry, err);
}

const struct boot_loader boot_multiboot2 = {
	.name = "multiboot2",
	.modules = true,
	.probe = probe,
	.load = load,
};
