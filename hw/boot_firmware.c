/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kernels that are booted through firmware.
 *
 * Linux is handed over in the items that QEMU's option ROM and OVMF know:
 * real-mode part, protected-mode part, initrd, command line, each with its
 * place.  The real-mode part begins.
 *
 * For images without real-mode code (PVH, multiboot) the option ROM writes
 * the firmware's memory map into an item; the host then loads the image as it
 * would directly, and another item says what to enter.
 */
#include "hw/boot_firmware.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hw/boot_linux.h"
#include "vmm/endian.h"
#include "vmm/log.h"
#include "vmm/machine.h"

/* Linux's boot protocol: where a boot loader puts things. */
#define SETUP_ADDR	0x10000
#define CMDLINE_ADDR	0x20000
#define CMDLINE_MAX	0x10000
#define KERNEL_ADDR	0x100000
#define HEAP_END	(CMDLINE_ADDR - SETUP_ADDR - 0x200)
#define VERSION_CMDLINE 0x0202
#define LOADER_UNKNOWN	0xff

/* Below the end of RAM, for the firmware's own tables. */
#define FIRMWARE_RAM UINT64_C(0x100000)
#define PAGE	     UINT64_C(0x1000)

/* vga= of the command line, for what the real-mode part does first. */
#define VIDEO_NORMAL   0xffff
#define VIDEO_EXTENDED 0xfffe
#define VIDEO_ASK      0xfffd

/* Memory that the option ROM uses: hw/boot_rom.S. */
#define ROM_RAM	     UINT64_C(0x7000)
#define ROM_RAM_END  UINT64_C(0x9000)
#define ROM_SUM	     7 /* bytes that make sums 0 */
#define ROM_PNP	     0x1a /* where the place of its PnP header is */
#define PNP_LEN	     32
#define PNP_SUM	     9

#define MAP_MAX	     64
#define SCAN_FIRST   UINT64_C(0xe0000)
#define SCAN_LEN     0x20000u
#define RSDP_ALIGN   16
#define RSDP_OLD_LEN 20
#define RSDP_LEN_AT  20 /* of its length, since revision 2 */

extern const uint8_t boot_rom[], boot_rom_end[];

struct map {
	le32 count;
	struct {
		le64 base, len;
		le32 type;
	} entry[MAP_MAX];
};

struct registers {
	le32 eip, eax, ebx, esi;
};

/* Of an image that is loaded when the option ROM asks; lives with fw_cfg. */
struct handover {
	const struct boot_image *img;
	struct machine *m;
	bool text_mode;
	struct map map;
	struct registers entry;
	struct log_limit log;
};

static uint8_t sum(const uint8_t *p, size_t len)
{
	uint8_t n = 0;

	while (len--)
		n += *p++;
	return n;
}

static int add_rom(struct fw_cfg *fw, struct error *err)
{
	size_t len = (size_t)((uintptr_t)boot_rom_end - (uintptr_t)boot_rom),
	       pnp;
	uint8_t *rom = malloc(len);
	int rc;

	if (!rom)
		return error_set(err, ENOMEM, "out of memory");
	memcpy(rom, boot_rom, len);
	pnp = load_le16(rom + ROM_PNP);
	rom[pnp + PNP_SUM] = (uint8_t)-sum(rom + pnp, PNP_LEN);
	rom[ROM_SUM] = (uint8_t)-sum(rom, len);
	rc = fw_cfg_add_file(fw, BOOT_ROM_FILE, rom, len, err);
	free(rom);
	return rc;
}

/* A part in three items: where it goes, its size, its bytes. */
static int add_numbers(struct fw_cfg *fw, unsigned addr_key, uint64_t addr,
		       unsigned size_key, uint64_t size, struct error *err)
{
	int rc = fw_cfg_add_u32(fw, addr_key, (uint32_t)addr, err);

	return rc < 0 ? rc : fw_cfg_add_u32(fw, size_key, (uint32_t)size, err);
}

static bool read_file(void *ctx, size_t off, void *buf, size_t len)
{
	struct error err = {0};

	if (boot_file_read(ctx, off, buf, len, &err) == 0)
		return true;
	log_warn("%s", err.msg);
	return false;
}

static bool read_kernel(void *ctx, size_t off, void *buf, size_t len)
{
	const struct boot_image *img = ctx;
	struct error err = {0};
	struct setup_header h;

	return linux_header_read(&img->kernel, &h, &err) == 1 &&
	       read_file((void *)(uintptr_t)&img->kernel,
			 linux_setup_len(&h) + off, buf, len);
}

static int add_kernel(const struct boot_image *img,
		      const struct setup_header *h, struct fw_cfg *fw,
		      struct error *err)
{
	uint64_t size = img->kernel.size - linux_setup_len(h);
	const struct fw_cfg_source src = {
		.len = size,
		.read = read_kernel,
		.ctx = (void *)(uintptr_t)img,
	};
	int rc = add_numbers(fw, FW_CFG_KERNEL_ADDR, KERNEL_ADDR,
			     FW_CFG_KERNEL_SIZE, size, err);

	return rc < 0 ? rc
		      : fw_cfg_add_source(fw, FW_CFG_KERNEL_DATA, &src, err);
}

static int add_cmdline(const char *text, struct fw_cfg *fw, struct error *err)
{
	size_t len = strlen(text) + 1;
	int rc;

	if (len > CMDLINE_MAX)
		return error_set(err, E2BIG, "-append: it is too long");
	rc = add_numbers(fw, FW_CFG_CMDLINE_ADDR, CMDLINE_ADDR,
			 FW_CFG_CMDLINE_SIZE, len, err);
	return rc < 0 ? rc
		      : fw_cfg_add_bytes(fw, FW_CFG_CMDLINE_DATA, text, len,
					 err);
}

/* As high as header and firmware allow, clear of the kernel's own place. */
static int place_initrd(const struct boot_image *img,
			const struct setup_header *h, uint64_t ram_end,
			gpa_t *gpa, struct error *err)
{
	const struct boot_file *f = &img->module[0].file;
	uint64_t kernel = img->kernel.size > h->init_size ? img->kernel.size
							  : h->init_size;
	uint64_t end = linux_initrd_end(h), first = KERNEL_ADDR + kernel;

	if (h->pref_address + h->init_size > first && h->pref_address < ram_end)
		first = h->pref_address + h->init_size;
	if (end > ram_end - FIRMWARE_RAM)
		end = ram_end - FIRMWARE_RAM;
	if (f->size > end || first > ((end - f->size) & ~(PAGE - 1)))
		return error_set(err, ENOMEM,
				 "-initrd %s: RAM has no room for it above the "
				 "kernel, below %#llx",
				 f->name, (unsigned long long)end);
	*gpa = (end - f->size) & ~(PAGE - 1);
	return 0;
}

static int add_initrd(const struct boot_image *img, struct setup_header *h,
		      struct fw_cfg *fw, uint64_t ram_end, struct error *err)
{
	const struct boot_file *f = &img->module[0].file;
	const struct fw_cfg_source src = {
		.len = f->size,
		.read = read_file,
		.ctx = (void *)(uintptr_t)f,
	};
	gpa_t gpa = 0;
	int rc;

	if (!img->nmodules)
		return 0;
	rc = place_initrd(img, h, ram_end, &gpa, err);
	if (rc == 0)
		rc = add_numbers(fw, FW_CFG_INITRD_ADDR, gpa,
				 FW_CFG_INITRD_SIZE, f->size, err);
	if (rc == 0)
		rc = fw_cfg_add_source(fw, FW_CFG_INITRD_DATA, &src, err);
	h->ramdisk_image = (uint32_t)gpa;
	h->ramdisk_size = (uint32_t)f->size;
	return rc;
}

static uint16_t video_mode(const char *cmdline)
{
	static const struct {
		const char *name;
		uint16_t mode;
	} names[] = {{"normal", VIDEO_NORMAL},
		     {"ext", VIDEO_EXTENDED},
		     {"ask", VIDEO_ASK}};
	const char *vga = strstr(cmdline, "vga=");
	size_t i;

	if (!vga || (vga > cmdline && vga[-1] != ' '))
		return VIDEO_NORMAL;
	vga += strlen("vga=");
	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strncmp(vga, names[i].name, strlen(names[i].name)))
			return names[i].mode;
	return (uint16_t)strtoul(vga, NULL, 0);
}

static int add_setup(const struct boot_image *img, const struct setup_header *h,
		     struct fw_cfg *fw, struct error *err)
{
	size_t len = linux_setup_len(h), known = sizeof(*h);
	uint8_t *setup = boot_file_copy(&img->kernel, 0, len, err);
	int rc;

	if (!setup)
		return -err->code;
	/* Older headers are shorter, and code follows them. */
	if (known > linux_header_len(setup))
		known = linux_header_len(setup);
	memcpy(setup + LINUX_HEADER_OFFSET, h, known);
	rc = add_numbers(fw, FW_CFG_SETUP_ADDR, SETUP_ADDR, FW_CFG_SETUP_SIZE,
			 len, err);
	if (rc == 0)
		rc = fw_cfg_add_bytes(fw, FW_CFG_SETUP_DATA, setup, len, err);
	free(setup);
	return rc;
}

static int add_linux(const struct boot_image *img, struct fw_cfg *fw,
		     uint64_t ram_end, struct error *err)
{
	struct setup_header h;
	int rc = linux_header_read(&img->kernel, &h, err);

	if (rc < 0)
		return rc;
	if (h.version < VERSION_CMDLINE)
		return error_set(err, ENOTSUP,
				 "-kernel %s: its boot protocol is older than "
				 "2.02",
				 img->kernel_name);
	h.type_of_loader = LOADER_UNKNOWN;
	h.loadflags |= CAN_USE_HEAP;
	h.heap_end_ptr = HEAP_END;
	h.cmd_line_ptr = CMDLINE_ADDR;
	h.vid_mode = video_mode(img->append);
	rc = add_kernel(img, &h, fw, err);
	if (rc == 0)
		rc = add_cmdline(img->append, fw, err);
	if (rc == 0)
		rc = add_initrd(img, &h, fw, ram_end, err);
	return rc < 0 ? rc : add_setup(img, &h, fw, err);
}

/* ACPI Specification 6.4, 5.2.5.1: where firmware put it. */
static void find_rsdp(struct machine *m, struct boot_firmware *bf)
{
	uint8_t *bios = malloc(SCAN_LEN), *p;
	uint32_t len;

	if (!bios)
		return;
	gmem_read(&m->gmem, SCAN_FIRST, bios, SCAN_LEN);
	for (p = bios; p + sizeof(bf->rsdp_copy) <= bios + SCAN_LEN;
	     p += RSDP_ALIGN) {
		if (memcmp(p, "RSD PTR ", 8) != 0 || sum(p, RSDP_OLD_LEN))
			continue;
		len = load_le32(p + RSDP_LEN_AT);
		bf->rsdp = SCAN_FIRST + (uint64_t)(p - bios);
		bf->rsdp_len =
			len == sizeof(bf->rsdp_copy) ? len : RSDP_OLD_LEN;
		memcpy(bf->rsdp_copy, p, bf->rsdp_len);
		break;
	}
	free(bios);
}

static void read_map(const struct map *map, struct boot_memory *mem)
{
	uint32_t n = le32_get(map->count), i;

	for (i = 0; i < n && i < MAP_MAX; i++)
		boot_memory_add(mem, le64_get(map->entry[i].base),
				le64_get(map->entry[i].len),
				le32_get(map->entry[i].type));
}

/* The option ROM wrote the map: the image is loaded. */
static void on_map(void *ctx, size_t off, size_t len)
{
	struct handover *h = ctx;
	struct boot_memory mem = {.gmem = &h->m->gmem};
	struct boot_firmware bf = {.text_mode = h->text_mode};
	struct vcpu_entry e = {0};
	struct error err = {0};
	int rc;

	h->entry = (struct registers){.eip = le32_of(0)};
	read_map(&h->map, &mem);
	find_rsdp(h->m, &bf);
	rc = boot_memory_take(&mem, ROM_RAM, ROM_RAM_END - ROM_RAM,
			      "the option ROM", &err);
	if (rc == 0)
		rc = boot_image_load(h->img, &mem, &bf, &e, &err);
	if (rc < 0) {
		log_guest(&h->log, "%s", err.msg);
		return;
	}
	h->entry = (struct registers){
		.eip = le32_of((uint32_t)e.rip),
		.eax = le32_of((uint32_t)e.rax),
		.ebx = le32_of((uint32_t)e.rbx),
		.esi = le32_of((uint32_t)e.rsi),
	};
}

static int add_handover(const struct boot_image *img, struct machine *m,
			struct fw_cfg *fw, bool text_mode, struct error *err)
{
	struct handover *h = calloc(1, sizeof(*h));
	struct fw_cfg_source map = {
		.data = h ? &h->map : NULL,
		.len = sizeof(h->map),
		.writable = h ? &h->map : NULL,
		.written = on_map,
		.release = free,
		.ctx = h,
	};
	struct fw_cfg_source entry = {
		.data = h ? &h->entry : NULL,
		.len = sizeof(h->entry),
	};
	int rc;

	if (!h)
		return error_set(err, ENOMEM, "out of memory");
	h->img = img;
	h->m = m;
	h->text_mode = text_mode;
	rc = fw_cfg_add_source(fw, FW_CFG_BOOT_MAP, &map, err);
	if (rc < 0) {
		free(h);
		return rc;
	}
	return fw_cfg_add_source(fw, FW_CFG_BOOT_ENTRY, &entry, err);
}

int boot_firmware_add(const struct boot_image *img, struct machine *m,
		      struct fw_cfg *fw, uint64_t ram_end, bool text_mode,
		      struct error *err)
{
	int rc = add_rom(fw, err);

	if (rc < 0)
		return rc;
	return img->loader == &boot_linux
		       ? add_linux(img, fw, ram_end, err)
		       : add_handover(img, m, fw, text_mode, err);
}
