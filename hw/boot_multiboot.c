/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Multiboot 1: ELF images, or images whose header has the addresses, entered
 * in protected mode.  Multiboot Specification 0.6.96.
 *
 * Not there: video modes (a kernel that would like one gets text, or nothing),
 * symbol tables, drives, BIOS and APM tables.
 */
#include "hw/boot_multiboot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hw/elf.h"
#include "vmm/endian.h"

#define SEARCH	       8192u /* bytes of the file that may have the header */
#define HEADER_MAGIC   0x1badb002u
#define LOADER_MAGIC   0x2badb002u
#define KIB	       1024u

#define WANT_ADDRESSES (1u << 16)
/* Page-aligned modules, memory, video: known.  The rest of 16 bits is not. */
#define WANT_UNKNOWN 0xfff8u

#define INFO_MEMORY  (1u << 0)
#define INFO_CMDLINE (1u << 2)
#define INFO_MODULES (1u << 3)
#define INFO_MAP     (1u << 6)
#define INFO_LOADER  (1u << 9)
#define INFO_SCREEN  (1u << 12)

struct header {
	le32 magic, flags, checksum;
	le32 header_addr, load_addr, load_end_addr, bss_end_addr, entry_addr;
};

struct info {
	le32 flags, mem_lower, mem_upper, boot_device, cmdline;
	le32 mods_count, mods_addr, syms[4];
	le32 mmap_length, mmap_addr, drives_length, drives_addr;
	le32 config_table, loader_name, apm_table;
	le32 vbe_control, vbe_mode_info;
	le16 vbe_mode, vbe_segment, vbe_off, vbe_len;
	le64 screen_addr;
	le32 screen_pitch, screen_width, screen_height;
	uint8_t screen_bpp, screen_type, colours[6];
};

struct module {
	le32 start, end, text, reserved;
};

struct range {
	le32 size; /* of what follows */
	le64 base, len;
	le32 type;
};

/* 1 when there is one, at *at. */
static int find_header(const struct boot_file *f, struct header *h,
		       uint64_t *at, struct error *err)
{
	size_t len = f->size < SEARCH ? f->size : SEARCH, off;
	uint8_t *data = boot_file_copy(f, 0, len, err);
	int found = 0;

	if (!data)
		return -err->code;
	for (off = 0; off + 3 * sizeof(le32) <= len && !found; off += 4) {
		size_t n = len - off < sizeof(*h) ? len - off : sizeof(*h);

		*h = (struct header){.magic = le32_of(0)};
		memcpy(h, data + off, n);
		found = le32_get(h->magic) == HEADER_MAGIC &&
			le32_get(h->magic) + le32_get(h->flags) +
					le32_get(h->checksum) ==
				0;
		*at = off;
	}
	free(data);
	return found;
}

static int probe(struct boot_image *img, struct error *err)
{
	struct header h;
	struct elf elf;
	int rc = find_header(&img->kernel, &h, &img->header, err);

	if (rc <= 0)
		return rc;
	if (le32_get(h.flags) & WANT_UNKNOWN)
		return error_set(
			err, ENOTSUP,
			"its multiboot header wants what there is not, "
			"flags %#x",
			le32_get(h.flags) & WANT_UNKNOWN);
	if (le32_get(h.flags) & WANT_ADDRESSES)
		return 1;
	rc = elf_open(&elf, &img->kernel, err);
	return rc < 0 ? rc : 1;
}

static int load_kernel(const struct boot_image *img, struct boot_memory *mem,
		       uint64_t *entry, gpa_t *end, struct error *err)
{
	struct multiboot_addresses a;
	struct header h;
	struct elf elf;
	uint64_t at = 0;
	int rc = find_header(&img->kernel, &h, &at, err);

	if (rc <= 0)
		return rc < 0 ? rc
			      : error_set(err, EINVAL,
					  "its multiboot header has gone");
	if (le32_get(h.flags) & WANT_ADDRESSES) {
		a = (struct multiboot_addresses){
			le32_get(h.header_addr),
			le32_get(h.load_addr),
			le32_get(h.load_end_addr),
			le32_get(h.bss_end_addr),
		};
		*entry = le32_get(h.entry_addr);
		return multiboot_load_addresses(img, &a, at, mem, end, err);
	}
	rc = elf_open(&elf, &img->kernel, err);
	if (rc == 0)
		rc = elf_load(&elf, mem, 0, err);
	*entry = elf_physical(&elf, elf.entry);
	*end = elf_end(&elf);
	return rc;
}

static int put_modules(const struct boot_image *img, struct boot_memory *mem,
		       gpa_t end, struct info *info, struct error *err)
{
	struct multiboot_module m[BOOT_MODULES_MAX] = {0};
	struct module list[BOOT_MODULES_MAX] = {0};
	unsigned i, n = img->nmodules;
	gpa_t gpa;
	int rc = multiboot_load_modules(img, mem, end, m, err);

	if (rc < 0 || !n)
		return rc;
	for (i = 0; i < n; i++)
		list[i] = (struct module){
			.start = le32_of((uint32_t)m[i].base),
			.end = le32_of((uint32_t)(m[i].base + m[i].len)),
			.text = le32_of((uint32_t)m[i].text),
		};
	rc = boot_put_low(mem, list, n * sizeof(*list), &gpa, err);
	info->mods_addr = le32_of((uint32_t)gpa);
	info->mods_count = le32_of(n);
	return rc;
}

static int put_map(struct boot_memory *mem, struct info *info,
		   struct error *err)
{
	struct range list[BOOT_RANGES_MAX];
	unsigned i;
	gpa_t gpa;
	int rc;

	for (i = 0; i < mem->ne820; i++)
		list[i] = (struct range){
			.size = le32_of(sizeof(*list) - sizeof(le32)),
			.base = le64_of(mem->e820[i].base),
			.len = le64_of(mem->e820[i].len),
			.type = le32_of(mem->e820[i].type),
		};
	rc = boot_put_low(mem, list, i * sizeof(*list), &gpa, err);
	info->mmap_addr = le32_of((uint32_t)gpa);
	info->mmap_length = le32_of(i * sizeof(*list));
	return rc;
}

static int put_texts(const struct boot_image *img, struct boot_memory *mem,
		     struct info *info, struct error *err)
{
	static const char name[] = MULTIBOOT_LOADER_NAME;
	char *text = multiboot_cmdline(img, err);
	gpa_t gpa;
	int rc;

	if (!text)
		return -err->code;
	rc = boot_put_low(mem, text, strlen(text) + 1, &gpa, err);
	free(text);
	info->cmdline = le32_of((uint32_t)gpa);
	if (rc == 0)
		rc = boot_put_low(mem, name, sizeof(name), &gpa, err);
	info->loader_name = le32_of((uint32_t)gpa);
	return rc;
}

static void tell_screen(struct info *info)
{
	info->flags = le32_of(le32_get(info->flags) | INFO_SCREEN);
	info->screen_addr = le64_of(MULTIBOOT_TEXT_ADDR);
	info->screen_pitch = le32_of(MULTIBOOT_TEXT_PITCH);
	info->screen_width = le32_of(MULTIBOOT_TEXT_WIDTH);
	info->screen_height = le32_of(MULTIBOOT_TEXT_HEIGHT);
	info->screen_bpp = MULTIBOOT_TEXT_BPP;
	info->screen_type = MULTIBOOT_FB_TEXT;
}

static int put_info(const struct boot_image *img, struct boot_memory *mem,
		    gpa_t end, const struct boot_firmware *fw,
		    struct vcpu_entry *entry, struct error *err)
{
	struct info info = {
		.flags = le32_of(INFO_MEMORY | INFO_CMDLINE | INFO_MODULES |
				 INFO_MAP | INFO_LOADER),
		.mem_lower = le32_of(multiboot_lower(mem)),
		.mem_upper = le32_of(multiboot_upper(mem)),
	};
	gpa_t gpa;
	int rc;

	if (fw->text_mode)
		tell_screen(&info);
	if ((rc = put_modules(img, mem, end, &info, err)) < 0 ||
	    (rc = put_map(mem, &info, err)) < 0 ||
	    (rc = put_texts(img, mem, &info, err)) < 0)
		return rc;
	rc = boot_put_low(mem, &info, sizeof(info), &gpa, err);
	entry->rbx = gpa;
	entry->rax = LOADER_MAGIC;
	return rc;
}

static int load(const struct boot_image *img, struct boot_memory *mem,
		const struct boot_firmware *fw, struct vcpu_entry *entry,
		struct error *err)
{
	gpa_t end = 0;
	int rc = load_kernel(img, mem, &entry->rip, &end, err);

	if (rc < 0)
		return error_prefix(err, "-kernel %s", img->kernel_name);
	entry->mode = VCPU_FLAT32;
	return put_info(img, mem, end, fw, entry, err);
}

int multiboot_load_addresses(const struct boot_image *img,
			     const struct multiboot_addresses *a, uint64_t at,
			     struct boot_memory *mem, gpa_t *end,
			     struct error *err)
{
	uint64_t before = (uint64_t)a->header - a->load, off = at - before;
	uint64_t len = (uint64_t)a->load_end - a->load, all;
	int rc;

	if (a->header < a->load || before > at ||
	    (a->load_end && a->load_end < a->load))
		return error_set(err, EINVAL,
				 "the addresses in its multiboot header are "
				 "wrong");
	if (!a->load_end)
		len = img->kernel.size - off;
	all = (uint64_t)a->bss_end - a->load;
	if (a->bss_end < a->load || all < len)
		all = len;
	rc = boot_memory_take(mem, a->load, all, "the kernel", err);
	if (rc == 0)
		rc = boot_memory_read(mem, a->load, &img->kernel, off, len,
				      err);
	if (rc == 0)
		boot_memory_zero(mem, a->load + len, all - len);
	*end = a->load + all;
	return rc;
}

static int load_module(const struct boot_module *module,
		       struct boot_memory *mem, gpa_t end,
		       struct multiboot_module *out, struct error *err)
{
	const struct boot_file *f = &module->file;

	out->len = f->size;
	out->base = boot_memory_take_low(mem, f->size, BOOT_MODULE_PAGE,
					 end > BOOT_HIGH ? end : BOOT_HIGH,
					 BOOT_4G);
	if (out->base == BOOT_NOWHERE)
		return error_set(err, ENOMEM,
				 "-initrd %s: RAM has no room for it after the "
				 "kernel: -m should say more",
				 f->name);
	return boot_memory_read(mem, out->base, f, 0, f->size, err);
}

int multiboot_load_modules(const struct boot_image *img,
			   struct boot_memory *mem, gpa_t end,
			   struct multiboot_module *out, struct error *err)
{
	const struct boot_module *m = img->module;
	unsigned i;
	int rc = 0;

	for (i = 0; i < img->nmodules && rc == 0; i++) {
		rc = load_module(&m[i], mem, end, &out[i], err);
		if (rc == 0)
			rc = boot_put_low(mem, m[i].text, strlen(m[i].text) + 1,
					  &out[i].text, err);
	}
	return rc;
}

char *multiboot_cmdline(const struct boot_image *img, struct error *err)
{
	size_t name = strlen(img->kernel_name), append = strlen(img->append);
	char *text = malloc(name + append + 2);

	if (!text) {
		error_set(err, ENOMEM, "out of memory");
		return NULL;
	}
	memcpy(text, img->kernel_name, name);
	if (append)
		text[name++] = ' ';
	memcpy(text + name, img->append, append + 1);
	return text;
}

static uint32_t ram_from(const struct boot_memory *mem, gpa_t base)
{
	unsigned i;

	for (i = 0; i < mem->ne820; i++)
		if (mem->e820[i].type == E820_RAM && mem->e820[i].base == base)
			return (uint32_t)(mem->e820[i].len / KIB);
	return 0;
}

uint32_t multiboot_lower(const struct boot_memory *mem)
{
	return ram_from(mem, 0);
}

uint32_t multiboot_upper(const struct boot_memory *mem)
{
	return ram_from(mem, BOOT_HIGH);
}

const struct boot_loader boot_multiboot = {
	.name = "multiboot",
	.modules = true,
	.probe = probe,
	.load = load,
};
