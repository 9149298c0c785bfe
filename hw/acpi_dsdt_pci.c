/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The PCI bus in the DSDT: the root bridge with its windows, the routing of
 * interrupt pins to the four links of the PIIX3, the links, and slots that
 * devices can be plugged into.
 *
 * Links: PIIX3 data sheet, registers PIRQRC[A:D].  Hotplug: the registers of
 * hw/acpi_pci_hotplug.c.  ACPI Specification 6.4, sections 6.2.13 and 6.3.
 */
#include <stdio.h>

#include "hw/acpi_pci_hotplug.h"
#include "hw/acpi_tables.h"

#define PCI_SLOT_COUNT	32
#define PCI_PINS	4
#define PIIX_SLOT	1
#define ADR_SLOT_SHIFT	16
#define ADR_ANY_FN	0xffff

#define CONFIG_PORT	0xcf8
#define CONFIG_PORT_LEN 8
#define IO_LAST		0xffff
#define VGA_FIRST	0xa0000
#define VGA_LAST	0xbffff
#define BUS_LAST	0xff

#define LINKS		4
#define PIRQ_OFF	0x80 /* PIRQRC: not routed */
#define EXT_IRQ_NUMBER	5 /* offset of the first in the descriptor */

/* What the links can be routed to, and the one that the SCI has for itself. */
static const uint8_t link_irqs[] = {5, 10, 11};
static const uint8_t sci_irqs[] = {ACPI_SCI_IRQ};

/* Gives the resources that a PIRQRC register's value stands for. */
static void add_link_resources(struct aml *a)
{
	static const uint8_t none[] = {0};

	aml_resources(a, "LRES");
	aml_res_interrupts(a, none, sizeof(none));
	aml_resources_end(a);
	aml_text(a,
		 "method LCRS 1 serialized {"
		 "	store LRES Local0"
		 "	dword-field Local0 %u LIRQ"
		 "	if less Arg0 %u { store Arg0 LIRQ }"
		 "	return Local0"
		 "}",
		 EXT_IRQ_NUMBER, PIRQ_OFF);
}

/* The caller closes it. */
static void open_link(struct aml *a, const char *name, unsigned uid,
		      const uint8_t *irqs, uint8_t n)
{
	aml_device(a, name);
	aml_name_eisa_id(a, "_HID", "PNP0C0F");
	aml_name_int(a, "_UID", uid);
	aml_resources(a, "_PRS");
	aml_res_interrupts(a, irqs, n);
	aml_resources_end(a);
}

/* reg: the path of the link's PIRQRC register. */
static void add_link(struct aml *a, const char *name, unsigned uid,
		     const char *reg)
{
	open_link(a, name, uid, link_irqs, sizeof(link_irqs));
	aml_text(a,
		 "method _STA 0 {"
		 "	if and %s %u none { return %u }"
		 "	return %u"
		 "}",
		 reg, PIRQ_OFF, ACPI_STA_DISABLED, ACPI_STA_HIDDEN);
	aml_text(a, "method _DIS 0 { or %s %u %s }", reg, PIRQ_OFF, reg);
	aml_text(a, "method _CRS 0 { return LCRS %s }", reg);
	aml_text(a,
		 "method _SRS 1 serialized {"
		 "	dword-field Arg0 %u SIRQ"
		 "	store SIRQ %s"
		 "}",
		 EXT_IRQ_NUMBER, reg);
	aml_close(a);
}

/* The SCI's input is wired. */
static void add_sci_link(struct aml *a)
{
	open_link(a, "LNKS", LINKS, sci_irqs, sizeof(sci_irqs));
	aml_text(a,
		 "method _STA 0 { return %u }"
		 "method _DIS 0 { }"
		 "method _CRS 0 { return _PRS }"
		 "method _SRS 1 { }",
		 ACPI_STA_HIDDEN);
	aml_close(a);
}

static void add_links(struct aml *a)
{
	char name[] = "LNKA", reg[] = "\\_SB.PCI0.ISA.PIRA";
	unsigned i;

	add_link_resources(a);
	for (i = 0; i < LINKS; i++) {
		name[sizeof(name) - 2] = reg[sizeof(reg) - 2] = 'A' + i;
		add_link(a, name, i, reg);
	}
	add_sci_link(a);
}

/*
 * The i440FX board turns the pins by one from slot to slot.  The PIIX4 power
 * management function drives the SCI instead of its pin.
 */
static const char *link_of(unsigned slot, unsigned pin)
{
	static const char *const links[LINKS] = {"LNKD", "LNKA", "LNKB",
						 "LNKC"};

	if (slot == PIIX_SLOT && pin == 0)
		return "LNKS";
	return links[(slot + pin) % LINKS];
}

static void add_routing(struct aml *a)
{
	unsigned slot, pin;

	aml_name(a, "_PRT");
	aml_package(a, PCI_SLOT_COUNT * PCI_PINS);
	for (slot = 0; slot < PCI_SLOT_COUNT; slot++)
		for (pin = 0; pin < PCI_PINS; pin++) {
			aml_package(a, PCI_PINS);
			aml_int(a, slot << ADR_SLOT_SHIFT | ADR_ANY_FN);
			aml_int(a, pin);
			aml_path(a, link_of(slot, pin));
			aml_int(a, 0);
			aml_close(a);
		}
	aml_close(a);
}

static void add_windows(struct aml *a, const struct acpi_conf *conf)
{
	aml_resources(a, "_CRS");
	aml_res_bus_window(a, 0, BUS_LAST);
	aml_res_io(a, CONFIG_PORT, CONFIG_PORT_LEN);
	aml_res_io_window(a, 0, CONFIG_PORT - 1);
	aml_res_io_window(a, CONFIG_PORT + CONFIG_PORT_LEN, IO_LAST);
	aml_res_memory_window(a, VGA_FIRST, VGA_LAST, true);
	aml_res_memory_window(a, conf->hole_first, conf->hole_last, false);
	if (conf->hole64_last)
		aml_res_memory_window64(a, conf->hole64_first,
					conf->hole64_last);
	aml_resources_end(a);
}

void acpi_dsdt_pci(struct aml *a, const struct acpi_conf *conf)
{
	aml_device(a, "PCI0");
	aml_name_eisa_id(a, "_HID", "PNP0A03");
	aml_name_int(a, "_UID", 0);
	add_windows(a, conf);
	acpi_dsdt_isa(a, conf);
	acpi_dsdt_pci_hotplug(a, conf);
	aml_close(a);
	add_links(a);
	aml_scope(a, "PCI0");
	add_routing(a);
	aml_close(a);
}

static const struct aml_unit hotplug_registers[] = {
	{"HPUP", 32}, {"HPDN", 32}, {"HPEJ", 32},
	{NULL, 32},   {"HPBS", 32}, {NULL, 0},
};

static const char *slot_name(char name[5], unsigned slot)
{
	snprintf(name, 5, "SL%02X", slot & (PCI_SLOT_COUNT - 1));
	return name;
}

static void add_slot(struct aml *a, unsigned slot)
{
	char name[5];

	aml_device(a, slot_name(name, slot));
	aml_name_int(a, "_ADR", slot << ADR_SLOT_SHIFT);
	aml_name_int(a, "_SUN", slot);
	aml_text(a, "method _EJ0 1 { SLEJ _SUN }");
	aml_close(a);
}

/* Sends event Arg1 to each slot of bitmap Arg0. */
static void add_slot_notifier(struct aml *a, uint32_t slots)
{
	unsigned slot;
	char name[5];

	aml_method(a, "SLNT", 2);
	for (slot = 0; slot < PCI_SLOT_COUNT; slot++)
		if (slots >> slot & 1)
			aml_text(a, "if and Arg0 %u none { notify %s Arg1 }",
				 UINT32_C(1) << slot, slot_name(name, slot));
	aml_close(a);
}

static void add_hotplug_methods(struct aml *a)
{
	/* Ejects slot Arg0. */
	aml_text(a, "method SLEJ 1 serialized {"
		    "	acquire HPLK"
		    "	store 0 HPBS"
		    "	shift-left 1 Arg0 HPEJ"
		    "	release HPLK"
		    "}");
	/* Tells of what was plugged in, and of what is to leave. */
	aml_text(a,
		 "method SLSC 0 serialized {"
		 "	acquire HPLK"
		 "	store 0 HPBS"
		 "	store HPUP Local0"
		 "	store HPDN Local1"
		 "	release HPLK"
		 "	SLNT Local0 %u"
		 "	SLNT Local1 %u"
		 "}",
		 ACPI_EVENT_DEVICE_CHECK, ACPI_EVENT_EJECT_REQUEST);
	aml_text(a, "method \\_GPE._E01 0 { \\_SB.PCI0.SLSC }");
}

void acpi_dsdt_pci_hotplug(struct aml *a, const struct acpi_conf *conf)
{
	unsigned slot;

	if (!conf->hotplug_slots)
		return;
	aml_region(a, "HPIO", AML_SYSTEM_IO, ACPI_PCI_HOTPLUG_BASE,
		   ACPI_PCI_HOTPLUG_LEN);
	aml_field(a, "HPIO", AML_DWORD_ACCESS | AML_WRITE_ZEROS,
		  hotplug_registers);
	aml_mutex(a, "HPLK");
	for (slot = 0; slot < PCI_SLOT_COUNT; slot++)
		if (conf->hotplug_slots >> slot & 1)
			add_slot(a, slot);
	add_slot_notifier(a, conf->hotplug_slots);
	add_hotplug_methods(a);
}
