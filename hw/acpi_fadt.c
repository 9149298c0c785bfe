/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Fixed ACPI Description Table for the PIIX4's power management.
 * ACPI Specification 6.4, section 5.2.9; revision 3 of the table, which has
 * the reset register and the boot flags, and nothing newer.
 */
#include <string.h>

#include "hw/acpi_tables.h"

#define FADT_REVISION		3

#define INT_MODEL_MULTIPLE_APIC 1
#define CENTURY_INDEX		0x32 /* in the RTC's memory */
#define NO_C_STATE		0x0fff /* a latency that says: not there */

#define PM_EVENT_LEN		4
#define PM_CONTROL_LEN		2
#define PM_TIMER_LEN		4

#define RESET_PORT		0xcf9 /* PIIX3's reset control register */
#define RESET_VALUE		0x06 /* hard reset */

#define BOOT_LEGACY_DEVICES	0x0001
#define BOOT_8042		0x0002

#define FLAG_WBINVD		(UINT32_C(1) << 0)
#define FLAG_PROC_C1		(UINT32_C(1) << 2)
#define FLAG_NO_SLEEP_BUTTON	(UINT32_C(1) << 5)
#define FLAG_RTC_WAKES_S4	(UINT32_C(1) << 7)
#define FLAG_RESET_REGISTER	(UINT32_C(1) << 10)
#define FLAG_PLATFORM_CLOCK	(UINT32_C(1) << 15)
#define FLAG_APIC_CLUSTER_MODEL (UINT32_C(1) << 18)

/* More than these, and logical destinations are in the cluster model. */
#define FLAT_CPUS 8

struct fadt {
	struct acpi_header header;
	le32 facs, dsdt;
	uint8_t int_model, pm_profile;
	le16 sci_irq;
	le32 smi_cmd;
	uint8_t acpi_enable, acpi_disable, s4bios_req, pstate_control;
	le32 pm1a_event, pm1b_event, pm1a_control, pm1b_control, pm2_control;
	le32 pm_timer, gpe0, gpe1;
	uint8_t pm1_event_len, pm1_control_len, pm2_control_len, pm_timer_len;
	uint8_t gpe0_len, gpe1_len, gpe1_base, cst_control;
	le16 c2_latency, c3_latency, flush_size, flush_stride;
	uint8_t duty_offset, duty_width, day_alarm, month_alarm, century;
	le16 boot_flags;
	uint8_t reserved;
	le32 flags;
	struct acpi_address reset;
	uint8_t reset_value, reserved2[3];
	le64 x_facs, x_dsdt;
	struct acpi_address x_pm1a_event, x_pm1b_event;
	struct acpi_address x_pm1a_control, x_pm1b_control, x_pm2_control;
	struct acpi_address x_pm_timer, x_gpe0, x_gpe1;
};

enum { ACCESS_BYTE = 1, ACCESS_WORD = 2, ACCESS_DWORD = 3 };

static struct acpi_address io_address(uint16_t port, unsigned bytes,
				      unsigned access)
{
	return (struct acpi_address){
		.space = AML_SYSTEM_IO,
		.bits = 8 * bytes,
		.access = access,
		.address = le64_of(port),
	};
}

static void fill_registers(struct fadt *f, uint16_t pm_base)
{
	uint16_t event = pm_base + ACPI_PM_EVENT;
	uint16_t control = pm_base + ACPI_PM_CONTROL;
	uint16_t timer = pm_base + ACPI_PM_TIMER;

	f->pm1a_event = le32_of(event);
	f->pm1a_control = le32_of(control);
	f->pm_timer = le32_of(timer);
	f->gpe0 = le32_of(ACPI_GPE_BASE);
	f->pm1_event_len = PM_EVENT_LEN;
	f->pm1_control_len = PM_CONTROL_LEN;
	f->pm_timer_len = PM_TIMER_LEN;
	f->gpe0_len = ACPI_GPE_LEN;
	f->x_pm1a_event = io_address(event, PM_EVENT_LEN, ACCESS_WORD);
	f->x_pm1a_control = io_address(control, PM_CONTROL_LEN, ACCESS_WORD);
	f->x_pm_timer = io_address(timer, PM_TIMER_LEN, ACCESS_DWORD);
	f->x_gpe0 = io_address(ACPI_GPE_BASE, ACPI_GPE_LEN, ACCESS_BYTE);
	f->reset = io_address(RESET_PORT, 1, ACCESS_BYTE);
	f->reset_value = RESET_VALUE;
}

static uint32_t flags(const struct acpi_conf *conf)
{
	uint32_t bits = FLAG_WBINVD | FLAG_PROC_C1 | FLAG_NO_SLEEP_BUTTON |
			FLAG_RTC_WAKES_S4 | FLAG_RESET_REGISTER |
			FLAG_PLATFORM_CLOCK;

	if (conf->max_cpus > FLAT_CPUS)
		bits |= FLAG_APIC_CLUSTER_MODEL;
	return bits;
}

static void fill(struct fadt *f, const struct acpi_conf *conf)
{
	f->int_model = INT_MODEL_MULTIPLE_APIC;
	f->sci_irq = le16_of(ACPI_SCI_IRQ);
	f->smi_cmd = le32_of(ACPI_SMI_CMD_PORT);
	f->acpi_enable = ACPI_SMI_ENABLE;
	f->acpi_disable = ACPI_SMI_DISABLE;
	f->c2_latency = f->c3_latency = le16_of(NO_C_STATE);
	f->century = CENTURY_INDEX;
	f->boot_flags =
		le16_of(BOOT_LEGACY_DEVICES | (conf->i8042 ? BOOT_8042 : 0));
	f->flags = le32_of(flags(conf));
	fill_registers(f, conf->pm_base);
}

size_t acpi_add_fadt(struct acpi_image *image, size_t facs, size_t dsdt)
{
	size_t start = acpi_table_begin(image, "FACP", FADT_REVISION);
	struct fadt *f;

	if (blob_extend(&image->tables, sizeof(*f) - sizeof(f->header))) {
		f = (void *)(image->tables.data + start);
		fill(f, image->conf);
	}
	acpi_table_pointer(image, start + offsetof(struct fadt, facs),
			   sizeof(le32), facs);
	acpi_table_pointer(image, start + offsetof(struct fadt, dsdt),
			   sizeof(le32), dsdt);
	acpi_table_pointer(image, start + offsetof(struct fadt, x_dsdt),
			   sizeof(le64), dsdt);
	acpi_table_end(image, start);
	return start;
}
