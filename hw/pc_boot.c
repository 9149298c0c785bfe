/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Booting a kernel on a PC without firmware: everything that firmware leaves
 * set and a kernel relies on.  What is nowhere else is here: PAM and the
 * PIIX registers (Intel order numbers 290549, 290550, 290562), the BIOS data
 * area (IBM PC/AT Technical Reference), the memory map.
 *
 * No VGA BIOS has run, so the first VGA is put into text mode by the host, and
 * the kernel is told that it is.  BIOS calls there are none.
 */
#include "hw/pc_boot.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "hw/boot_firmware.h"
#include "hw/firmware_place.h"
#include "hw/i440fx.h"
#include "hw/mtrr.h"
#include "hw/pci_assign.h"
#include "hw/pci_regs.h"
#include "hw/piix3.h"
#include "hw/piix4_pm.h"
#include "hw/vga.h"
#include "vmm/config.h"
#include "vmm/endian.h"
#include "vmm/kvm.h"
#include "vmm/log.h"
#include "vmm/vcpu.h"

#define KIB	 UINT64_C(0x400)
#define GIB	 (UINT64_C(1) << 30)
#define FOUR_GIB (4 * GIB)

/* The first MiB and the top of 4 GiB, as SeaBIOS divides them. */
#define EBDA	     UINT64_C(0x9fc00)
#define VIDEO	     UINT64_C(0xa0000)
#define BIOS	     UINT64_C(0xf0000)
#define EXTENDED     UINT64_C(0x100000)
#define VMX_PAGES    UINT64_C(0xfeffc000)
#define VMX_END	     UINT64_C(0xff000000)
#define FLASH	     UINT64_C(0xfffc0000)
#define TABLES_MIN   (128 * KIB) /* what there must be room for */
#define TABLES_ALIGN (4 * KIB)

#define IO_FIRST     0xc000
#define IO_END	     0x10000
#define HOLE_END     UINT64_C(0xfec00000) /* the I/O APIC */
#define HOLE64_SIZE  (2 * GIB)

/* PAM of the i440FX. */
#define REG_PAM0       0x59
#define PAM_COUNT      7
#define PAM_ALL	       0x33u /* both areas: reads and writes go to RAM */
#define PAM_READ_BOTH  0x11u
#define PAM_READ_FIRST 0x10u /* register 0 has one area */
/* PIIX3: where PCI's interrupts go. */
#define REG_PIRQRC 0x60
#define ELCR	   (1u << 10 | 1u << 11)
/* PIIX4: the power management registers' places. */
#define REG_PMBASE	   0x40
#define REG_PMMISC	   0x80
#define REG_SMBBASE	   0x90
#define REG_SMBCFG	   0xd2
#define PM_BASE		   0x0600
#define SMB_BASE	   0x0700
#define PMIOSE		   1u
#define SMB_ENABLE	   0x09u /* with IRQ 9 */
#define PM_LINE		   9

#define FACS_WAKING_VECTOR 12

/* -machine firmware-boot= */
enum { FIRMWARE_BOOT_OFF, FIRMWARE_BOOT_ON, FIRMWARE_BOOT_AUTO };

static const uint8_t pirq_irq[PIIX3_PINS] = {10, 10, 11, 11};

/* Places in the BIOS data area. */
enum bda {
	BDA = 0x400,
	BDA_SERIAL = BDA,
	BDA_EBDA = BDA + 0x0e, /* a segment */
	BDA_EQUIPMENT = BDA + 0x10,
	BDA_BASE_KIB = BDA + 0x13,
	BDA_END = BDA + 0x100,
};

#define EQUIPMENT_PS2	 (1u << 2)
#define EQUIPMENT_FPU	 (1u << 1)
#define EQUIPMENT_SERIAL 9 /* shift of their number */

static void write_pci(struct pci_device *pci, unsigned reg, uint32_t val,
		      unsigned size)
{
	pci_config_write(pci->bus, (unsigned)pci->devfn, reg, val, size);
}

/* RAM shows there, and tables can be put into it. */
static void open_shadow(struct pc_boot *b)
{
	unsigned i;

	gmem_begin(&b->m->gmem);
	for (i = 0; i < PAM_COUNT; i++)
		write_pci(&b->host->pci, REG_PAM0 + i, PAM_ALL, 1);
	gmem_commit(&b->m->gmem);
}

/* To guests it is ROM. */
static void close_shadow(struct pc_boot *b)
{
	unsigned i;

	gmem_begin(&b->m->gmem);
	write_pci(&b->host->pci, REG_PAM0, PAM_READ_FIRST, 1);
	for (i = 1; i < PAM_COUNT; i++)
		write_pci(&b->host->pci, REG_PAM0 + i, PAM_READ_BOTH, 1);
	gmem_commit(&b->m->gmem);
}

static void set_chipset(struct pc_boot *b)
{
	struct pci_device *pm = &b->pm->pci;
	unsigned i;

	for (i = 0; i < PIIX3_PINS; i++)
		write_pci(&b->piix3->pci, REG_PIRQRC + i, pirq_irq[i], 1);
	write_pci(pm, REG_PMBASE, PM_BASE | PCI_BASE_ADDRESS_IO, 4);
	write_pci(pm, REG_PMMISC, PMIOSE, 1);
	write_pci(pm, REG_SMBBASE, SMB_BASE | PCI_BASE_ADDRESS_IO, 4);
	write_pci(pm, REG_SMBCFG, SMB_ENABLE, 1);
	write_pci(pm, PCI_INTERRUPT_LINE, PM_LINE, 1);
}

/* Where PCI's memory begins: a power of two from 4 GiB, or 3 GiB. */
static uint64_t hole(const struct pc_boot *b)
{
	if (b->memory->below_4g <= 2 * GIB)
		return 2 * GIB;
	return b->memory->below_4g <= 3 * GIB ? 3 * GIB : FOUR_GIB - GIB / 2;
}

static void set_pci(struct pc_boot *b)
{
	uint64_t top = FOUR_GIB + b->memory->above_4g;
	uint64_t first64 = (top + GIB - 1) / GIB * GIB;
	struct pci_windows w = {
		.io_first = IO_FIRST,
		.io_end = IO_END,
		.mem_first = hole(b),
		.mem_end = HOLE_END,
		.mem64_first = first64,
		.mem64_end = first64 + HOLE64_SIZE,
	};
	unsigned i;

	for (i = 0; i < PIIX3_PINS; i++)
		w.irq[i] = pirq_irq[PIIX3_PIRQ(i)];
	pci_assign(&b->host->bus, &w);
}

static void set_cpus(struct pc_boot *b)
{
	unsigned i;

	for (i = 0; i < b->m->nvcpus; i++)
		mtrr_set(b->m->vcpus[i], hole(b), b->phys_bits);
	vcpu_set_virtual_wire(b->m->vcpus[0]);
	kvm_set_pic(b->m->kvm, ELCR);
}

/* What kernels look up there: serial ports, and where base memory ends. */
static void fill_bda(struct pc_boot *b)
{
	static const uint16_t ports[] = {0x3f8, 0x2f8, 0x3e8, 0x2e8};
	uint8_t low[BDA_END] = {0}, ebda_kib = (VIDEO - EBDA) / KIB;
	unsigned i, n = 0;

	for (i = 0; i < sizeof(ports) / sizeof(*ports); i++)
		if (b->serial[i])
			store_le16(&low[BDA_SERIAL + 2 * n++], ports[i]);
	store_le16(&low[BDA_EBDA], EBDA / 16);
	store_le16(&low[BDA_EQUIPMENT],
		   EQUIPMENT_PS2 | EQUIPMENT_FPU | n << EQUIPMENT_SERIAL);
	store_le16(&low[BDA_BASE_KIB], EBDA / KIB);
	gmem_write(&b->m->gmem, 0, low, sizeof(low));
	gmem_write(&b->m->gmem, EBDA, &ebda_kib, 1);
}

/* As fw_cfg and SeaBIOS would have it; tables: where they begin. */
static void fill_e820(const struct pc_boot *b, uint64_t tables,
		      struct boot_memory *mem)
{
	uint64_t low = b->memory->below_4g;

	boot_memory_add(mem, 0, EBDA, E820_RAM);
	boot_memory_add(mem, EBDA, VIDEO - EBDA, E820_RESERVED);
	boot_memory_add(mem, BIOS, EXTENDED - BIOS, E820_RESERVED);
	boot_memory_add(mem, EXTENDED, tables - EXTENDED, E820_RAM);
	boot_memory_add(mem, tables, low - tables, E820_RESERVED);
	boot_memory_add(mem, VMX_PAGES, VMX_END - VMX_PAGES, E820_RESERVED);
	boot_memory_add(mem, FLASH, FOUR_GIB - FLASH, E820_RESERVED);
	boot_memory_add(mem, FOUR_GIB, b->memory->above_4g, E820_RAM);
}

static int place_tables(struct pc_boot *b, struct boot_memory *mem,
			struct boot_firmware *bf, struct error *err)
{
	struct firmware_tables t = {.high = b->memory->below_4g};
	int rc;

	if (t.high < EXTENDED + TABLES_MIN)
		return error_set(err, ENOMEM,
				 "-kernel: less than 2 MiB of RAM is no room "
				 "for any kernel");
	rc = firmware_place_tables(b->fw, &b->m->gmem, &t, err);
	if (rc < 0)
		return rc;
	fill_e820(b, t.high & ~(TABLES_ALIGN - 1), mem);
	b->facs = t.facs;
	bf->rsdp = t.rsdp;
	bf->rsdp_len = t.rsdp_len;
	memcpy(bf->rsdp_copy, t.rsdp_copy, sizeof(bf->rsdp_copy));
	return 0;
}

static bool set_text_mode(struct pc_boot *b)
{
	unsigned devfn;

	for (devfn = 0; devfn < PCI_SLOTS * 8; devfn++) {
		struct pci_device *pci = b->host->bus.dev[devfn];

		if (pci && pci->dev.class == &vga_class) {
			vga_set_text_mode((struct vga *)pci);
			return true;
		}
	}
	return false;
}

static int boot(struct pc_boot *b, bool fresh, struct error *err)
{
	struct boot_memory mem = {.gmem = &b->m->gmem, .fresh = fresh};
	struct boot_firmware bf = {.text_mode = set_text_mode(b)};
	struct vcpu_entry entry;
	int rc;

	open_shadow(b);
	set_pci(b);
	set_chipset(b);
	fill_bda(b);
	rc = place_tables(b, &mem, &bf, err);
	close_shadow(b);
	if (rc == 0)
		rc = boot_image_load(&b->image, &mem, &bf, &entry, err);
	if (rc < 0)
		return rc;
	set_cpus(b);
	return vcpu_set_entry(b->m->vcpus[0], &entry, err);
}

int pc_boot_open(struct pc_boot *b, const struct config *conf,
		 struct error *err)
{
	const struct machine_conf *c = &conf->machine;
	int rc;

	if (!c->kernel)
		return 0;
	rc = boot_image_open(&b->image, c->kernel, c->initrd, c->append, err);
	if (rc < 0)
		return rc;
	b->has_image = true;
	b->direct = c->firmware_boot == FIRMWARE_BOOT_OFF ||
		    (c->firmware_boot == FIRMWARE_BOOT_AUTO && !conf->bios &&
		     !b->image.needs_firmware);
	if (b->direct && b->image.needs_firmware)
		return error_set(err, ENOTSUP,
				 "-kernel %s: it can only be started by "
				 "firmware, not with firmware-boot=off",
				 c->kernel);
	return 0;
}

int pc_boot_tell_firmware(struct pc_boot *b, struct machine *m,
			  struct fw_cfg *fw, const struct pc_memory *memory,
			  bool text_mode, struct error *err)
{
	if (!b->has_image || b->direct)
		return 0;
	return boot_firmware_add(&b->image, m, fw, memory->below_4g, text_mode,
				 err);
}

const char *pc_boot_path(const struct pc_boot *b)
{
	return b->has_image && !b->direct ? BOOT_ROM_PATH : NULL;
}

void pc_boot_close(struct pc_boot *b)
{
	if (b->has_image)
		boot_image_close(&b->image);
	b->has_image = false;
}

int pc_boot_start(struct pc_boot *b, struct error *err)
{
	return b->direct ? boot(b, b->memory->zeroed, err) : 0;
}

/* The files may have changed: then there is nothing to run. */
void pc_boot_again(struct pc_boot *b)
{
	struct error err = {0};

	if (!b->direct || boot(b, false, &err) == 0)
		return;
	log_warn("cannot boot again: %s", err.msg);
	machine_request_stop(b->m, RUN_STATE_INTERNAL_ERROR);
}

/* ACPI Specification 6.4, 16.3.2: what firmware does about waking up. */
void pc_boot_wake(struct pc_boot *b)
{
	struct vcpu_entry entry = {.mode = VCPU_REAL};
	struct error err = {0};
	le32 vector = le32_of(0);
	uint32_t at;

	if (!b->direct)
		return;
	if (b->facs)
		gmem_read(&b->m->gmem, b->facs + FACS_WAKING_VECTOR, &vector,
			  sizeof(vector));
	at = le32_get(vector);
	if (!at || at >= EXTENDED) {
		log_guest(&b->host->pci.dev.log,
			  "the guest woke up without saying where; it boots");
		pc_boot_again(b);
		return;
	}
	close_shadow(b);
	set_chipset(b);
	set_cpus(b);
	entry.rip = (uint64_t)(at >> 4) << 16 | (at & 0xf);
	if (vcpu_set_entry(b->m->vcpus[0], &entry, &err) < 0)
		log_warn("%s", err.msg);
}
