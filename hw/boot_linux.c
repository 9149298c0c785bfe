/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Linux's bzImage: its compressed kernel is decompressed here and entered,
 * or, where that cannot be done, the image's own decompressor is.
 * Documentation/arch/x86/boot.rst and zero-page.rst of the Linux kernel, boot
 * protocol 2.00 and later.
 *
 * Images of other systems use the same header.  One that tells neither where
 * its payload is nor that it has a 64-bit entry has real-mode code to start
 * with, for which there must be firmware.
 */
#include "hw/boot_linux.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "hw/elf.h"
#include "vmm/decompress.h"
#include "vmm/endian.h"

#define HEADER_MAGIC	    0x53726448u /* "HdrS" */
#define HEADER_JUMP	    0x201 /* its second byte: the header's end... */
#define HEADER_JUMP_FROM    0x202 /* ...counted from here */
#define SECTOR		    512u
#define SETUP_SECTS_DEFAULT 4u
#define BOOT_FLAG	    0xaa55

#define VERSION_INITRD_MAX  0x0203
#define VERSION_RELOCATABLE 0x0205
#define VERSION_CMDLINE	    0x0206
#define VERSION_PAYLOAD	    0x0208
#define VERSION_SETUP_DATA  0x0209
#define VERSION_PREFERRED   0x020a
#define VERSION_XLOADFLAGS  0x020c

#define CMDLINE_DEFAULT	    255
#define INITRD_MAX_DEFAULT  0x37ffffff
#define LOADER_UNDEFINED    0xff
#define ENTRY_64	    0x200 /* of the decompressor, from its begin */
#define SEED_LEN	    32

#define TEXT_COLUMNS	    80
#define TEXT_LINES	    25
#define TEXT_POINTS	    16
#define TEXT_MODE	    3
#define TEXT_IS_VGA	    1

/* What is known of the image, from its header. */
struct bzimage {
	const struct boot_image *img;
	const struct setup_header *h;
	uint64_t setup_len; /* of the real-mode part */
};

int linux_header_read(const struct boot_file *f, struct setup_header *h,
		      struct error *err)
{
	size_t len = sizeof(*h), end;
	uint8_t jump;

	*h = (struct setup_header){.header = 0};
	if (f->size <
	    LINUX_HEADER_OFFSET + offsetof(struct setup_header, version))
		return 0;
	if (len > f->size - LINUX_HEADER_OFFSET)
		len = f->size - LINUX_HEADER_OFFSET;
	if (boot_file_read(f, LINUX_HEADER_OFFSET, h, len, err) < 0 ||
	    boot_file_read(f, HEADER_JUMP, &jump, 1, err) < 0)
		return -err->code;
	if (h->header != HEADER_MAGIC || h->boot_flag != BOOT_FLAG)
		return 0;
	end = HEADER_JUMP_FROM + jump - LINUX_HEADER_OFFSET;
	if (end < sizeof(*h))
		memset((uint8_t *)h + end, 0, sizeof(*h) - end);
	return 1;
}

size_t linux_header_len(const uint8_t *image)
{
	return HEADER_JUMP_FROM + image[HEADER_JUMP] - LINUX_HEADER_OFFSET;
}

uint64_t linux_setup_len(const struct setup_header *h)
{
	unsigned sects = h->setup_sects ? h->setup_sects : SETUP_SECTS_DEFAULT;

	return (sects + 1) * SECTOR;
}

static bool has_payload(const struct setup_header *h)
{
	return h->version >= VERSION_PAYLOAD && h->payload_length;
}

static bool has_entry_64(const struct setup_header *h)
{
	return h->version >= VERSION_XLOADFLAGS &&
	       h->xloadflags & XLF_KERNEL_64;
}

uint64_t linux_initrd_end(const struct setup_header *h)
{
	uint64_t max = h->version >= VERSION_INITRD_MAX ? h->initrd_addr_max
							: INITRD_MAX_DEFAULT;

	return max + 1;
}

int linux_check_cmdline(const struct setup_header *h, const char *cmdline,
			struct error *err)
{
	size_t max = h->version >= VERSION_CMDLINE ? h->cmdline_size
						   : CMDLINE_DEFAULT;

	if (strlen(cmdline) <= max)
		return 0;
	return error_set(err, E2BIG,
			 "-append: the kernel takes no more than %zu letters",
			 max);
}

static int probe(struct boot_image *img, struct error *err)
{
	struct setup_header h;
	uint64_t len;
	int rc = linux_header_read(&img->kernel, &h, err);

	if (rc <= 0)
		return rc;
	len = linux_setup_len(&h);
	if (len >= img->kernel.size ||
	    (has_payload(&h) &&
	     !boot_file_has(&img->kernel, len + h.payload_offset,
			    h.payload_length)))
		return error_set(err, EINVAL,
				 "it is a Linux image that is cut short");
	if (!(h.loadflags & LOADED_HIGH))
		return error_set(err, ENOTSUP,
				 "it is a zImage, for the first megabyte; "
				 "kernels have been bzImages since 1996");
	rc = linux_check_cmdline(&h, img->append, err);
	if (rc < 0)
		return rc;
	img->needs_firmware = !has_payload(&h) && !has_entry_64(&h);
	return 1;
}

/* *buf is what has to be freed.  -ENOTSUP: the image must do it itself. */
static int open_payload(const struct bzimage *bz, size_t max,
			struct boot_file *payload, uint8_t **buf,
			struct error *err)
{
	uint32_t len = bz->h->payload_length;
	uint8_t *in =
		boot_file_copy(&bz->img->kernel,
			       bz->setup_len + bz->h->payload_offset, len, err);
	size_t out_len;
	int rc;

	*buf = in;
	if (!in)
		return -err->code;
	boot_file_of(payload, in, len);
	if (elf_is(payload))
		return 0;
	rc = decompress(in, len, max, buf, &out_len, err);
	if (rc < 0)
		return rc;
	free(in);
	boot_file_of(payload, *buf, out_len);
	return elf_is(payload) ? 0 : -ENOTSUP;
}

static int enter_payload(const struct bzimage *bz, struct boot_memory *mem,
			 struct vcpu_entry *entry, struct error *err)
{
	uint64_t max = boot_memory_ram(mem);
	struct boot_file payload;
	struct elf elf;
	uint8_t *buf;
	int rc = open_payload(bz,
			      max < LINUX_KERNEL_MAX ? max : LINUX_KERNEL_MAX,
			      &payload, &buf, err);

	if (rc == 0)
		rc = elf_open(&elf, &payload, err);
	if (rc == 0)
		rc = elf_load(&elf, mem, 0, err);
	if (rc == 0) {
		entry->mode = elf.is64 ? VCPU_LONG : VCPU_FLAT32;
		entry->rip = elf_physical(&elf, elf.entry);
	}
	free(buf);
	return rc;
}

/* Where the image's protected-mode part likes to be. */
static uint64_t preferred(const struct setup_header *h)
{
	uint64_t align = h->kernel_alignment;

	if (h->version < VERSION_PREFERRED || !h->pref_address)
		return h->code32_start ? h->code32_start : BOOT_HIGH;
	if (h->version >= VERSION_RELOCATABLE && h->relocatable_kernel &&
	    align && !(align & (align - 1)) &&
	    h->pref_address <= UINT64_MAX - align)
		return (h->pref_address + align - 1) & ~(align - 1);
	return h->relocatable_kernel ? h->pref_address : BOOT_HIGH;
}

static int enter_stub(const struct bzimage *bz, struct boot_memory *mem,
		      struct vcpu_entry *entry, struct error *err)
{
	const struct boot_file *f = &bz->img->kernel;
	uint64_t base = preferred(bz->h), len = f->size - bz->setup_len, room;
	bool is64 = has_entry_64(bz->h);
	int rc;

	room = bz->h->version >= VERSION_PREFERRED ? bz->h->init_size : 0;
	if (room < len)
		room = len;
	rc = boot_memory_take(mem, base, room, "the kernel", err);
	if (rc == 0)
		rc = boot_memory_read(mem, base, f, bz->setup_len, len, err);
	if (rc < 0)
		return rc;
	boot_memory_zero(mem, base + len, room - len);
	entry->mode = is64 ? VCPU_LONG : VCPU_FLAT32;
	entry->rip = base + (is64 ? ENTRY_64 : 0);
	return 0;
}

static int enter(const struct bzimage *bz, struct boot_memory *mem,
		 struct vcpu_entry *entry, struct error *err)
{
	struct error why = {0};
	int rc = -ENOTSUP;

	if (has_payload(bz->h))
		rc = enter_payload(bz, mem, entry, &why);
	if (rc == -ENOTSUP)
		return enter_stub(bz, mem, entry, err);
	if (rc < 0)
		*err = why;
	return rc;
}

/* Where the header says; anywhere, if need be and the kernel can take that. */
static int put_initrd(const struct bzimage *bz, struct boot_memory *mem,
		      struct boot_params *p, struct error *err)
{
	const struct boot_module *initrd = bz->img->module;
	const gpa_t end[] = {linux_initrd_end(bz->h), BOOT_4G, UINT64_MAX};
	bool anywhere = bz->h->version >= VERSION_XLOADFLAGS &&
			bz->h->xloadflags & XLF_CAN_BE_LOADED_ABOVE_4G;
	unsigned i, tries = anywhere ? sizeof(end) / sizeof(*end) : 1;
	gpa_t gpa = 0;
	int rc = -ENOMEM;

	if (!bz->img->nmodules)
		return 0;
	for (i = 0; i < tries && rc == -ENOMEM; i++)
		rc = boot_put_module(initrd, mem, end[i], &gpa, err);
	p->hdr.ramdisk_image = (uint32_t)gpa;
	p->hdr.ramdisk_size = (uint32_t)initrd->file.size;
	p->ext_ramdisk_image = (uint32_t)(gpa >> 32);
	p->ext_ramdisk_size = (uint32_t)(initrd->file.size >> 32);
	return rc;
}

static void fill_e820(const struct boot_memory *mem, struct boot_params *p)
{
	unsigned i;

	p->e820_entries = (uint8_t)mem->ne820;
	for (i = 0; i < mem->ne820; i++)
		p->e820_table[i] = (struct boot_e820_entry){
			mem->e820[i].base,
			mem->e820[i].len,
			mem->e820[i].type,
		};
}

/* What the VGA BIOS would say. */
static void fill_screen(struct screen_info *s)
{
	*s = (struct screen_info){
		.orig_video_mode = TEXT_MODE,
		.orig_video_cols = TEXT_COLUMNS,
		.orig_video_lines = TEXT_LINES,
		.orig_video_isVGA = TEXT_IS_VGA,
		.orig_video_points = TEXT_POINTS,
	};
}

/* Randomness, so that the guest need not wait for its own. */
static int put_seed(const struct bzimage *bz, struct boot_memory *mem,
		    struct boot_params *p, struct error *err)
{
	struct {
		le64 next;
		le32 type, len;
		uint8_t seed[SEED_LEN];
	} node = {.type = le32_of(SETUP_RNG_SEED), .len = le32_of(SEED_LEN)};
	gpa_t gpa;
	int rc;

	if (bz->h->version < VERSION_SETUP_DATA ||
	    getrandom(node.seed, SEED_LEN, GRND_NONBLOCK) != SEED_LEN)
		return 0;
	rc = boot_put_low(mem, &node, sizeof(node), &gpa, err);
	p->hdr.setup_data = gpa;
	return rc;
}

static int put_params(const struct bzimage *bz, struct boot_memory *mem,
		      const struct boot_firmware *fw, struct vcpu_entry *entry,
		      struct error *err)
{
	const char *cmdline = bz->img->append;
	struct boot_params p = {.hdr = *bz->h};
	gpa_t gpa;
	int rc;

	p.hdr.type_of_loader = LOADER_UNDEFINED;
	p.hdr.ramdisk_image = p.hdr.ramdisk_size = 0;
	p.acpi_rsdp_addr = fw->rsdp;
	if (fw->text_mode)
		fill_screen(&p.screen_info);
	if ((rc = put_initrd(bz, mem, &p, err)) < 0 ||
	    (rc = put_seed(bz, mem, &p, err)) < 0 ||
	    (rc = boot_put_low(mem, cmdline, strlen(cmdline) + 1, &gpa, err)) <
		    0)
		return rc;
	p.hdr.cmd_line_ptr = (uint32_t)gpa;
	fill_e820(mem, &p);
	rc = boot_take_low(mem, sizeof(p), BOOT_MODULE_PAGE, &gpa, err);
	if (rc < 0)
		return rc;
	boot_memory_write(mem, gpa, &p, sizeof(p));
	entry->rsi = gpa;
	return 0;
}

static int load(const struct boot_image *img, struct boot_memory *mem,
		const struct boot_firmware *fw, struct vcpu_entry *entry,
		struct error *err)
{
	struct setup_header h;
	struct bzimage bz = {.img = img, .h = &h};
	int rc = linux_header_read(&img->kernel, &h, err);

	if (rc <= 0)
		return rc < 0 ? rc
			      : error_set(err, EINVAL, "%s is no kernel now",
					  img->kernel_name);
	bz.setup_len = linux_setup_len(&h);
	if (bz.setup_len >= img->kernel.size)
		return error_set(err, EINVAL, "%s is cut short now",
				 img->kernel_name);
	rc = enter(&bz, mem, entry, err);
	if (rc < 0)
		return error_prefix(err, "-kernel %s", img->kernel_name);
	return put_params(&bz, mem, fw, entry, err);
}

const struct boot_loader boot_linux = {
	.name = "Linux",
	.probe = probe,
	.load = load,
};
