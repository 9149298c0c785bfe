/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The PIIX3's ISA bus in the DSDT, with the devices that no bus can tell of,
 * and the ports that the board has for itself.
 */
#include <string.h>

#include "hw/acpi_cpu_hotplug.h"
#include "hw/acpi_pci_hotplug.h"
#include "hw/acpi_tables.h"

#define PIIX3_ADR	       0x00010000
#define PIIX3_PIRQRC	       0x60
#define PIIX3_PIRQS	       4

#define RES_MAX		       3
#define FLOPPY_DMA	       2
#define FLOPPY_TAPE	       2 /* _FDE's last number: no tape */
#define FLOPPY_KINDS	       6
#define FDI_DRIVE	       5 /* numbers about the drive */

#define PARAMETERS_LAST_SECTOR 4

struct io_range {
	uint16_t base;
	uint8_t len;
};

/* Ports up to a length of 0; irq 0 is none, as it is never a device's. */
struct isa_device {
	const char *name, *id;
	struct io_range io[RES_MAX];
	uint8_t irq;
};

static const struct isa_device rtc = {.name = "RTC",
				      .id = "PNP0B00",
				      .io = {{0x70, 2}},
				      .irq = 8};
static const struct isa_device keyboard = {.name = "KBD",
					   .id = "PNP0303",
					   .io = {{0x60, 1}, {0x64, 1}},
					   .irq = 1};
static const struct isa_device mouse = {.name = "MOU",
					.id = "PNP0F13",
					.irq = 12};
static const struct isa_device floppy = {.name = "FDC0",
					 .id = "PNP0700",
					 .io = {{0x3f2, 4}, {0x3f7, 1}},
					 .irq = 6};

static const struct isa_device serial[ACPI_SERIAL_PORTS] = {
	{"COM1", "PNP0501", {{0x3f8, 8}}, 4},
	{"COM2", "PNP0501", {{0x2f8, 8}}, 3},
	{"COM3", "PNP0501", {{0x3e8, 8}}, 4},
	{"COM4", "PNP0501", {{0x2e8, 8}}, 3},
};

/* Timer, speaker, POST, port 92, SMI, ELCR, hotplug, GPE. */
static const struct io_range board_ports[] = {
	{0x40, 4},
	{0x61, 1},
	{0x80, 1},
	{0x92, 1},
	{ACPI_SMI_CMD_PORT, 2},
	{0x4d0, 2},
	{ACPI_PCI_HOTPLUG_BASE, ACPI_PCI_HOTPLUG_LEN},
	{ACPI_CPU_HOTPLUG_BASE, ACPI_CPU_HOTPLUG_LEN},
	{ACPI_GPE_BASE, ACPI_GPE_LEN},
};

static void add_io(struct aml *a, const struct io_range *io, size_t n)
{
	size_t i;

	for (i = 0; i < n && io[i].len; i++)
		aml_res_io(a, io[i].base, io[i].len);
}

/* The caller closes it. */
static void open_device(struct aml *a, const struct isa_device *dev)
{
	aml_device(a, dev->name);
	aml_name_eisa_id(a, "_HID", dev->id);
	aml_name_int(a, "_STA", ACPI_STA_PRESENT);
	aml_resources(a, "_CRS");
	add_io(a, dev->io, RES_MAX);
	if (dev->irq)
		aml_res_irq(a, dev->irq);
}

static void add_device(struct aml *a, const struct isa_device *dev)
{
	open_device(a, dev);
	aml_resources_end(a);
	aml_close(a);
}

static void add_serial(struct aml *a, unsigned n)
{
	open_device(a, &serial[n]);
	aml_resources_end(a);
	aml_name_int(a, "_UID", n + 1);
	aml_close(a);
}

/*
 * _FDI (ACPI 6.4 section 9.8.3): what INT 13h function 8 says of the drive,
 * then the BIOS's diskette parameter table.
 */
static void add_floppy_drive(struct aml *a, unsigned n, uint8_t type)
{
	static const struct {
		uint8_t cylinder, sector, head;
	} last[FLOPPY_KINDS] = {
		[1] = {39, 9, 1},  [2] = {79, 15, 1}, [3] = {79, 9, 1},
		[4] = {79, 18, 1}, [5] = {79, 36, 1},
	};
	static const uint8_t parameters[] = {0xaf, 0x02, 0x25, 0x02, 0x12, 0x1b,
					     0xff, 0x6c, 0xf6, 0x0f, 0x08};
	unsigned kind = type < FLOPPY_KINDS ? type : FLOPPY_KINDS - 1;
	uint8_t info[FDI_DRIVE + sizeof(parameters)] = {n, type,
							last[kind].cylinder,
							last[kind].sector,
							last[kind].head};
	char name[] = "FLPA";

	memcpy(info + FDI_DRIVE, parameters, sizeof(parameters));
	info[FDI_DRIVE + PARAMETERS_LAST_SECTOR] = last[kind].sector;
	name[sizeof(name) - 2] += n;
	aml_device(a, name);
	aml_name_int(a, "_ADR", n);
	aml_name_bytes(a, "_FDI", info, sizeof(info));
	aml_close(a);
}

static void add_floppy(struct aml *a, const uint8_t type[ACPI_FLOPPIES])
{
	le32 present[5] = {[4] = le32_of(FLOPPY_TAPE)};
	unsigned i;

	open_device(a, &floppy);
	aml_res_dma(a, FLOPPY_DMA);
	aml_resources_end(a);
	for (i = 0; i < ACPI_FLOPPIES; i++)
		if (type[i]) {
			present[i] = le32_of(1);
			add_floppy_drive(a, i, type[i]);
		}
	aml_name_buffer(a, "_FDE", present, sizeof(present));
	aml_close(a);
}

/* Something found by a string for an id. */
static void add_port_device(struct aml *a, const char *name, const char *id,
			    uint16_t base, uint8_t len)
{
	aml_device(a, name);
	aml_name_string(a, "_HID", id);
	aml_name_int(a, "_STA", ACPI_STA_HIDDEN);
	aml_resources(a, "_CRS");
	aml_res_io(a, base, len);
	aml_resources_end(a);
	aml_close(a);
}

static void add_board(struct aml *a)
{
	aml_device(a, "SYSR");
	aml_name_eisa_id(a, "_HID", "PNP0C02");
	aml_name_int(a, "_UID", 1);
	aml_resources(a, "_CRS");
	add_io(a, board_ports, sizeof(board_ports) / sizeof(*board_ports));
	aml_resources_end(a);
	aml_close(a);
}

static void add_pirq_registers(struct aml *a)
{
	static const struct aml_unit registers[] = {
		{"PIRA", 8}, {"PIRB", 8}, {"PIRC", 8}, {"PIRD", 8}, {NULL, 0},
	};

	aml_region(a, "PIRQ", AML_PCI_CONFIG, PIIX3_PIRQRC, PIIX3_PIRQS);
	aml_field(a, "PIRQ", AML_BYTE_ACCESS | AML_PRESERVE, registers);
}

void acpi_dsdt_isa(struct aml *a, const struct acpi_conf *conf)
{
	unsigned i;

	aml_device(a, "ISA");
	aml_name_int(a, "_ADR", PIIX3_ADR);
	add_pirq_registers(a);
	add_board(a);
	add_device(a, &rtc);
	if (conf->i8042) {
		add_device(a, &keyboard);
		add_device(a, &mouse);
	}
	if (conf->fdc)
		add_floppy(a, conf->floppy);
	for (i = 0; i < ACPI_SERIAL_PORTS; i++)
		if (conf->serial[i])
			add_serial(a, i);
	if (conf->pvpanic_port)
		add_port_device(a, "PVPN", "QEMU0001", conf->pvpanic_port, 1);
	aml_close(a);
	if (conf->fw_cfg)
		add_port_device(a, "FWCF", "QEMU0002", FW_CFG_IO_BASE,
				FW_CFG_IO_LEN);
}
