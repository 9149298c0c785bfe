/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The registers through which the guest learns of processors that come and
 * asks for their removal.  Machine lock.
 */
#ifndef HW_ACPI_CPU_HOTPLUG_H
#define HW_ACPI_CPU_HOTPLUG_H

#include "vmm/device.h"

#define ACPI_CPU_HOTPLUG_LEN	  32 /* region 0, at ACPI_CPU_HOTPLUG_BASE */
#define ACPI_CPU_HOTPLUG_MAX	  256 /* processors; a bit each in 32 bytes */
#define CPU_HOTPLUG_REGISTERS_LEN 12 /* when it is no bitmap any more */

enum cpu_hotplug_register {
	CPU_HOTPLUG_SELECTOR = 0, /* write; read: high half of the data */
	CPU_HOTPLUG_CONTROL = 4, /* read: status */
	CPU_HOTPLUG_COMMAND = 5, /* write */
	CPU_HOTPLUG_DATA = 8,
};

enum cpu_hotplug_command {
	CPU_HOTPLUG_NEXT_EVENT, /* selects the next processor with news */
	CPU_HOTPLUG_OST_EVENT, /* the data is _OST's first argument */
	CPU_HOTPLUG_OST_STATUS, /* the second */
	CPU_HOTPLUG_APIC_ID, /* reads the selected one's id */
	CPU_HOTPLUG_COMMANDS
};

/* irq[0] pulses for the general-purpose event ACPI_GPE_CPU_HOTPLUG. */
extern const struct device_class acpi_cpu_hotplug_class;

struct cpu_hotplug_ops {
	/*
	 * The guest lets go of a processor.  Called in the midst of a port
	 * write.
	 */
	void (*eject)(void *ctx, unsigned cpu);
	/* What the guest made of an event (_OST).  May be NULL. */
	void (*status)(void *ctx, unsigned cpu, uint32_t event,
		       uint32_t status);
};

/*
 * Before device_start: ncpus of max_cpus (at most ACPI_CPU_HOTPLUG_MAX) are
 * there.  apic_ids (NULL: 0, 1, 2, ...) and ops (NULL: nothing leaves) stay
 * the caller's and are kept.
 */
void acpi_cpu_hotplug_wire(struct device *dev, unsigned ncpus,
			   unsigned max_cpus, const uint32_t *apic_ids,
			   const struct cpu_hotplug_ops *ops, void *ctx);

/* There is a new processor. */
void acpi_cpu_hotplug_plugged(struct device *dev, unsigned cpu);
/* The user wants a processor to leave. */
void acpi_cpu_hotplug_request_unplug(struct device *dev, unsigned cpu);

#endif
