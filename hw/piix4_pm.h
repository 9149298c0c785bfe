/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Power management of a PIIX4, with its SMBus and a GPE block. */
#ifndef HW_PIIX4_PM_H
#define HW_PIIX4_PM_H

#include "hw/pci.h"

/* Where the firmware and the FADT expect it. */
#define PIIX4_PM_BASE	   0xb000
#define PIIX4_GPE_BASE	   0xafe0
#define PIIX4_GPE_LEN	   4
#define PIIX4_SMBUS_BASE   0xb100
#define PIIX4_SMI_PORT	   0xb2
#define PIIX4_ACPI_ENABLE  0xf1
#define PIIX4_ACPI_DISABLE 0xf0

struct piix4_pm {
	struct pci_device pci; /* dev.irq[0]: SCI */
	struct bus_region pm_io, smbus_io;
	struct timer overflow; /* of the power management timer */
	uint16_t pm1_status, pm1_enable, pm1_control;
	uint16_t gpe_status, gpe_enable;
	bool gpe_level[16];
	uint8_t apm_control, apm_status;
	uint8_t smb_status, smb_control, smb_command, smb_address;
	uint8_t smb_data[2];
	bool root_hotplug; /* properties */
	uint8_t disable_s3, disable_s4;
	uint8_t s4_val;
	bool alarm_woke; /* the wake-up under way is the clock's */
	struct machine_notifier notifier;
};

extern const struct device_class piix4_pm_class;

/* The end of the wire that sets bit n of GPE0_STS. */
struct irq piix4_pm_gpe(struct piix4_pm *pm, unsigned n);
/* The wire by which the real-time clock's alarm wakes a sleeping machine. */
struct irq piix4_pm_alarm(struct piix4_pm *pm);

#endif
