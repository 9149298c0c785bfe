/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What firmware does on other days: tables placed, PCI resources assigned,
 * text mode; and what firmware is told of a kernel that it is to boot.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hw/boot_firmware.h"
#include "hw/firmware_place.h"
#include "hw/pci_assign.h"
#include "hw/pci_regs.h"
#include "hw/smbios.h"
#include "hw/vga.h"
#include "tests/device/acpi_confs.h"
#include "tests/device/fw_client.h"
#include "tests/device/kernel_images.h"
#include "vmm/endian.h"

#define BUFFER	 0x200000
#define IO_FIRST 0xc000
#define MEM_LOW	 UINT64_C(0xe0000000)
#define MEM_HIGH UINT64_C(0xfec00000)
#define DEVICES	 20

static struct harness h;
static struct pci_bus bus;
static struct error err;

static uint8_t sum(gpa_t gpa, size_t len)
{
	uint8_t *bytes = malloc(len), n = 0;
	size_t i;

	ck_assert(gmem_read(&h.m.gmem, gpa, bytes, len));
	for (i = 0; i < len; i++)
		n = (uint8_t)(n + bytes[i]);
	free(bytes);
	return n;
}

static uint32_t read32(gpa_t gpa)
{
	le32 raw;

	ck_assert(gmem_read(&h.m.gmem, gpa, &raw, sizeof(raw)));
	return le32_get(raw);
}

static void check_table(gpa_t gpa, gpa_t low)
{
	ck_assert_uint_ge(gpa, low);
	ck_assert_uint_lt(gpa + read32(gpa + 4), HARNESS_RAM + 1);
	ck_assert_uint_eq(sum(gpa, read32(gpa + 4)), 0);
}

START_TEST(test_tables)
{
	static const struct smbios_fields fields;
	struct smbios_conf smbios = {.fields = &fields,
				     .below_4g = HARNESS_RAM,
				     .sockets = 1,
				     .cores = 1,
				     .threads = 1};
	struct firmware_tables t;
	struct fw_cfg *fw;
	uint32_t xsdt, at;
	unsigned i;

	for (i = 0; i < 2 * acpi_test_nconfs; i++) {
		harness_init(&h, 0);
		fw = fw_client_new(&h);
		smbios.v3 = i % 2;
		ck_assert(acpi_build(&acpi_test_confs[i / 2].conf, fw, &err) ==
			  0);
		ck_assert(smbios_build(&smbios, fw, &err) == 0);
		t = (struct firmware_tables){.high = HARNESS_RAM};
		ck_assert_msg(firmware_place_tables(fw, &h.m.gmem, &t, &err) ==
				      0,
			      "%s", err.msg);
		ck_assert(t.rsdp >= 0xf0000 && t.rsdp < 0x100000);
		ck_assert_uint_eq(t.rsdp_len, 36);
		ck_assert_uint_eq(sum(t.rsdp, 20), 0);
		ck_assert_uint_eq(sum(t.rsdp, 36), 0);
		xsdt = read32(t.rsdp + 24);
		check_table(xsdt, t.high);
		for (at = 36; at < read32(xsdt + 4); at += 8)
			check_table(read32(xsdt + at), t.high);
		/* The anchor comes right after, at the next paragraph. */
		at = smbios.v3 ? 0x18 : 0x1f;
		ck_assert_uint_eq(read32(0xf0030) & 0xffffff, 0x4d535f);
		ck_assert_uint_eq(sum(0xf0030, at), 0);
		if (!smbios.v3)
			ck_assert_uint_eq(sum(0xf0040, 15), 0);
		at = read32(0xf0030 + (smbios.v3 ? 0x10 : 0x18));
		ck_assert_uint_eq(read32(at) & 0xff, 1);
		harness_fini(&h);
	}
}
END_TEST

START_TEST(test_tables_need_room)
{
	struct firmware_tables t = {.high = 0x101000};
	struct fw_cfg *fw;

	harness_init(&h, 0);
	fw = fw_client_new(&h);
	ck_assert(acpi_build(acpi_test_conf("usual"), fw, &err) == 0);
	ck_assert(firmware_place_tables(fw, &h.m.gmem, &t, &err) < 0);
	ck_assert(strstr(err.msg, "no room") != NULL);
	harness_fini(&h);
}
END_TEST

static struct pci_device *plug(const char *class)
{
	struct device *dev = harness_new(&h, device_class_find(class));

	((struct pci_device *)dev)->bus = &bus;
	harness_start(dev);
	return (struct pci_device *)dev;
}

static void check_bars(const struct pci_windows *w)
{
	struct {
		uint64_t base, len;
		bool io;
	} seen[DEVICES * PCI_BARS];
	unsigned devfn, n, i, count = 0;

	for (devfn = 0; devfn < PCI_SLOTS * 8; devfn++)
		for (n = 0; bus.dev[devfn] && n < PCI_ROM_BAR; n++) {
			const struct pci_bar *bar = &bus.dev[devfn]->bar[n];
			bool io = bar->kind == PCI_BAR_IO;

			if (bar->kind == PCI_BAR_NONE)
				continue;
			ck_assert_uint_eq(bar->addr % bar->size, 0);
			ck_assert(bar->addr >=
				  (io ? w->io_first : w->mem_first));
			ck_assert(bar->addr + bar->size <=
				  (io ? w->io_end : w->mem_end));
			for (i = 0; i < count; i++)
				ck_assert(seen[i].io != io ||
					  bar->addr >=
						  seen[i].base + seen[i].len ||
					  bar->addr + bar->size <=
						  seen[i].base);
			seen[count].base = bar->addr;
			seen[count].len = bar->size;
			seen[count++].io = io;
		}
	ck_assert_uint_ge(count, 2 * DEVICES - 2);
}

START_TEST(test_pci)
{
	const struct pci_windows w = {
		.io_first = IO_FIRST,
		.io_end = 0x10000,
		.mem_first = MEM_LOW,
		.mem_end = MEM_HIGH,
		.irq = {11, 10, 10, 11},
	};
	unsigned i;

	harness_init(&h, 0);
	pci_bus_init(&bus, &h.m, "pci.0");
	plug("VGA");
	for (i = 1; i < DEVICES; i++)
		plug("pci-testdev");
	pci_assign(&bus, &w);
	check_bars(&w);
	/* A second time, as after a reset: the same. */
	device_reset_all(&h.m);
	ck_assert_uint_eq(bus.dev[0]->bar[0].addr, UINT64_MAX);
	pci_assign(&bus, &w);
	check_bars(&w);
	ck_assert_uint_eq(bus.dev[0]->bar[0].addr, 0xfd000000);
	harness_fini(&h);
}
END_TEST

/* What does not fit stays unassigned; the rest works. */
START_TEST(test_pci_is_full)
{
	const struct pci_windows w = {
		.io_first = 0xff00,
		.io_end = 0x10000,
		.mem_first = MEM_HIGH - (16u << 20),
		.mem_end = MEM_HIGH,
	};
	struct pci_device *vga;

	harness_init(&h, 0);
	pci_bus_init(&bus, &h.m, "pci.0");
	vga = plug("VGA");
	plug("pci-testdev");
	pci_assign(&bus, &w);
	ck_assert_uint_eq(vga->bar[0].addr, UINT64_MAX);
	ck_assert_uint_ne(vga->bar[2].addr, UINT64_MAX);
	harness_fini(&h);
}
END_TEST

START_TEST(test_text_mode)
{
	struct vga *vga;
	unsigned i;

	harness_init(&h, 0);
	pci_bus_init(&bus, &h.m, "pci.0");
	vga = (struct vga *)plug("VGA");
	store_le16(&vga->pci.config[PCI_COMMAND],
		   PCI_COMMAND_IO | PCI_COMMAND_MEMORY);
	ck_assert_msg(pci_add_rom(&vga->pci, "vgabios-stdvga.bin", &err) == 0,
		      "%s", err.msg);
	vga_set_text_mode(vga);
	for (i = 0; i < 80 * 25 * 2; i++)
		ck_assert_uint_eq(mmio_read(&h, 0xb8000 + i, 1),
				  i % 2 ? 0x07 : 0x20);
	mmio_write(&h, 0xb8000, 'A', 1);
	mmio_write(&h, 0xb8001, 0x1f, 1);
	ck_assert_uint_eq(mmio_read(&h, 0xb8000, 2), 0x1f41);
	/* The letter A, in the font's plane. */
	ck_assert_uint_eq(vga->vram->host[('A' * 32 + 7) * 4 + 2], 0xfe);
	ck_assert_uint_eq(vga->vram->host[(' ' * 32 + 7) * 4 + 2], 0);
	outb(&h, 0x3d4, 1);
	ck_assert_uint_eq(inb(&h, 0x3d5), 79);
	outb(&h, 0x3c7, 0x3f);
	ck_assert_uint_eq(inb(&h, 0x3c9), 63);
	harness_fini(&h);
}
END_TEST

static uint32_t item32(uint16_t key)
{
	le32 raw;

	fw_select(&h, key);
	fw_read(&h, &raw, sizeof(raw));
	return le32_get(raw);
}

static void fetch(uint16_t key, uint32_t len)
{
	ck_assert_uint_eq(fw_dma(&h, (uint32_t)key << 16 | FW_SELECT | FW_READ,
				 len, BUFFER),
			  0);
}

static void open_image(struct boot_image *img, struct bytes kernel, char *path,
		       const char *initrd, const char *append)
{
	write_temporary(path, kernel.data, kernel.len);
	ck_assert_msg(boot_image_open(img, path, initrd, append, &err) == 0,
		      "%s", err.msg);
}

static void check_rom(void)
{
	struct fw_file file;
	uint32_t pnp;

	ck_assert(fw_find(&h, BOOT_ROM_FILE, &file));
	ck_assert_uint_eq(file.size % 512, 0);
	fetch(file.key, file.size);
	ck_assert_uint_eq(read32(BUFFER) & 0xffffff,
			  0xaa55 | file.size / 512 << 16);
	ck_assert_uint_eq(sum(BUFFER, file.size), 0);
	pnp = read32(BUFFER + 0x1a) & 0xffff;
	ck_assert_uint_eq(read32(BUFFER + pnp), 0x506e5024); /* $PnP */
	ck_assert_uint_eq(sum(BUFFER + pnp, 32), 0);
}

START_TEST(test_firmware_is_told_of_linux)
{
	struct setup_header hdr = usual_header(), told;
	struct bytes none = {NULL, 0}, kernel;
	uint8_t initrd[10000];
	char path[32], initrd_path[32];
	struct boot_image img;
	struct fw_cfg *fw;
	uint32_t setup, size;

	hdr.init_size = 0x10000;
	hdr.pref_address = 0x100000;
	kernel = make_bzimage(&hdr, none);
	memset(initrd, 0x42, sizeof(initrd));
	write_temporary(initrd_path, initrd, sizeof(initrd));
	harness_init(&h, 0);
	fw = fw_client_new(&h);
	open_image(&img, kernel, path, initrd_path, "a vga=0x317 b");
	ck_assert_msg(boot_firmware_add(&img, &h.m, fw, HARNESS_RAM, true,
					&err) == 0,
		      "%s", err.msg);
	check_rom();
	setup = item32(FW_CFG_SETUP_SIZE);
	size = item32(FW_CFG_KERNEL_SIZE);
	ck_assert_uint_eq(setup + size, kernel.len);
	ck_assert_uint_eq(item32(FW_CFG_CMDLINE_SIZE), 14);
	fetch(FW_CFG_SETUP_DATA, setup);
	ck_assert(gmem_read(&h.m.gmem, BUFFER + 0x1f1, &told, sizeof(told)));
	ck_assert_uint_eq(told.cmd_line_ptr, item32(FW_CFG_CMDLINE_ADDR));
	ck_assert_uint_eq(told.vid_mode, 0x317);
	ck_assert_uint_eq(told.ramdisk_size, sizeof(initrd));
	ck_assert_uint_eq(told.ramdisk_image, item32(FW_CFG_INITRD_ADDR));
	ck_assert(told.ramdisk_image + sizeof(initrd) < HARNESS_RAM - 0xff000);
	ck_assert(told.loadflags & CAN_USE_HEAP);
	fetch(FW_CFG_INITRD_DATA, sizeof(initrd));
	ck_assert_uint_eq(read32(BUFFER + sizeof(initrd) - 4), 0x42424242);
	fetch(FW_CFG_KERNEL_DATA, size);
	/* Past the end there are zeros; and what has gone is an error. */
	fetch(FW_CFG_KERNEL_DATA, size + 4096);
	ck_assert_int_eq(truncate(initrd_path, 100), 0);
	ck_assert_uint_eq(fw_dma(&h,
				 FW_CFG_INITRD_DATA << 16 | FW_SELECT | FW_READ,
				 sizeof(initrd), BUFFER),
			  FW_ERROR);
	harness_fini(&h);
	boot_image_close(&img);
	free(kernel.data);
	unlink(path);
	unlink(initrd_path);
}
END_TEST

static void write_map(uint32_t count, uint64_t len)
{
	le32 raw = le32_of(count);
	le64 base = le64_of(0), size = le64_of(0x9fc00);
	le32 type = le32_of(1);
	gpa_t at = BUFFER + 4;
	unsigned i;

	gmem_write(&h.m.gmem, BUFFER, &raw, sizeof(raw));
	for (i = 0; i < 64; i++, at += 20) {
		gmem_write(&h.m.gmem, at, &base, sizeof(base));
		gmem_write(&h.m.gmem, at + 8, &size, sizeof(size));
		gmem_write(&h.m.gmem, at + 16, &type, sizeof(type));
		base = le64_of(0x100000);
		size = le64_of(len);
	}
	ck_assert_uint_eq(fw_dma(&h,
				 (uint32_t)FW_CFG_BOOT_MAP << 16 | FW_SELECT |
					 FW_WRITE,
				 4 + 20 * 64, BUFFER),
			  0);
}

START_TEST(test_firmware_hands_over)
{
	struct test_elf e = {.paddr = 0x400000,
			     .code_len = 5000,
			     .mem_len = 0x10000,
			     .pvh_entry = 0x400010};
	struct bytes kernel = make_elf(&e);
	struct boot_image img;
	struct fw_cfg *fw;
	char path[32];

	harness_init(&h, 0);
	fw = fw_client_new(&h);
	open_image(&img, kernel, path, NULL, "a");
	ck_assert(boot_firmware_add(&img, &h.m, fw, HARNESS_RAM, true, &err) ==
		  0);
	check_rom();
	ck_assert_uint_eq(item32(FW_CFG_SETUP_SIZE), 0);
	ck_assert_uint_eq(item32(FW_CFG_BOOT_ENTRY), 0);
	write_map(2, HARNESS_RAM - 0x100000);
	ck_assert_uint_eq(item32(FW_CFG_BOOT_ENTRY), 0x400010);
	ck_assert_uint_eq(read32(0x400000), 0x03020100);
	/* Maps that cannot be: nothing to enter, nothing worse. */
	write_map(0, 0);
	ck_assert_uint_eq(item32(FW_CFG_BOOT_ENTRY), 0);
	write_map(2, 0x1000);
	ck_assert_uint_eq(item32(FW_CFG_BOOT_ENTRY), 0);
	write_map(UINT32_MAX, UINT64_MAX);
	ck_assert_uint_eq(item32(FW_CFG_BOOT_ENTRY), 0);
	write_map(64, HARNESS_RAM - 0x100000);
	ck_assert_uint_eq(item32(FW_CFG_BOOT_ENTRY), 0x400010);
	harness_fini(&h);
	boot_image_close(&img);
	free(kernel.data);
	unlink(path);
}
END_TEST

HARNESS_MAIN("boot_board", test_tables, test_tables_need_room, test_pci,
	     test_pci_is_full, test_text_mode, test_firmware_is_told_of_linux,
	     test_firmware_hands_over)
