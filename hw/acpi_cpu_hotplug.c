/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Processor hotplug by ACPI, as the DSDT's methods use it.
 * Interface: acpi_cpu_hotplug of QEMU's specifications.
 *
 * At power-on the region is a bitmap of the processors that are there, by APIC
 * id; a zero written to its start turns it into registers.
 *
 * Not modelled: handing an ejection over to the firmware (control bit 4),
 * which is for firmware with a system management mode.
 */
#include "hw/acpi_cpu_hotplug.h"

/* Status when read; what a one does when written to control. */
#define CPU_ENABLED  0x01 /* -- */
#define CPU_INSERTED 0x02 /* the guest has taken notice */
#define CPU_REMOVING 0x04 /* the guest has taken notice */
#define CPU_EJECT    0x08 /* let go */

#define BEYOND	     UINT64_MAX /* what addresses without a register read as */

struct cpu {
	bool enabled, inserted, removing;
	uint32_t ost_event, ost_status;
};

struct cpu_hotplug {
	struct device dev;
	unsigned max_cpus;
	const uint32_t *apic_ids;
	const struct cpu_hotplug_ops *ops;
	void *ctx;
	bool registers; /* not the bitmap */
	uint32_t selected;
	uint8_t command;
	struct cpu cpu[ACPI_CPU_HOTPLUG_MAX];
};

static const struct state_field cpu_fields[] = {
	{STATE_ELEM(STATE_BOOL, struct cpu, enabled)},
	{STATE_ELEM(STATE_BOOL, struct cpu, inserted)},
	{STATE_ELEM(STATE_BOOL, struct cpu, removing)},
	{STATE_ELEM(STATE_U32, struct cpu, ost_event)},
	{STATE_ELEM(STATE_U32, struct cpu, ost_status)},
	{.kind = STATE_END},
};

static const struct state_field cpu_hotplug_fields[] = {
	{STATE_ELEM(STATE_BOOL, struct cpu_hotplug, registers)},
	{STATE_ELEM(STATE_U32, struct cpu_hotplug, selected)},
	{STATE_ELEM(STATE_U8, struct cpu_hotplug, command), .lo = 0,
	 .hi = CPU_HOTPLUG_COMMANDS - 1},
	{STATE_ARR(STATE_STRUCT, struct cpu_hotplug, cpu), .sub = cpu_fields},
	{.kind = STATE_END},
};

static const struct state_desc cpu_hotplug_state = {
	.name = "acpi-cpu-hotplug",
	.version = 1,
	.fields = cpu_hotplug_fields,
};

/* The selected processor, or NULL when there cannot be one. */
static struct cpu *selected(struct cpu_hotplug *hp)
{
	return hp->selected < hp->max_cpus ? &hp->cpu[hp->selected] : NULL;
}

static uint32_t apic_id(const struct cpu_hotplug *hp, unsigned cpu)
{
	return hp->apic_ids ? hp->apic_ids[cpu] : cpu;
}

static uint8_t read_bitmap(const struct cpu_hotplug *hp, unsigned off)
{
	uint8_t bits = 0;
	unsigned i;

	for (i = 0; i < hp->max_cpus; i++)
		if (hp->cpu[i].enabled && apic_id(hp, i) / 8 == off)
			bits |= 1u << apic_id(hp, i) % 8;
	return bits;
}

static uint8_t read_status(const struct cpu *cpu)
{
	return (cpu->enabled ? CPU_ENABLED : 0) |
	       (cpu->inserted ? CPU_INSERTED : 0) |
	       (cpu->removing ? CPU_REMOVING : 0);
}

static uint32_t read_data(const struct cpu_hotplug *hp)
{
	switch (hp->command) {
	case CPU_HOTPLUG_NEXT_EVENT:
		return hp->selected;
	case CPU_HOTPLUG_APIC_ID:
		return apic_id(hp, hp->selected);
	default:
		return 0;
	}
}

static uint64_t hotplug_read(void *dev, uint64_t off, unsigned size)
{
	struct cpu_hotplug *hp = dev;
	struct cpu *cpu = selected(hp);

	if (off >= CPU_HOTPLUG_REGISTERS_LEN)
		return BEYOND;
	if (!cpu)
		return 0;
	switch (off) {
	case CPU_HOTPLUG_CONTROL:
		return read_status(cpu);
	case CPU_HOTPLUG_DATA:
		return read_data(hp);
	default:
		return 0;
	}
}

static void select_next_event(struct cpu_hotplug *hp)
{
	unsigned i, at = hp->selected;

	for (i = 0; i < hp->max_cpus; i++, at = (at + 1) % hp->max_cpus)
		if (hp->cpu[at].inserted || hp->cpu[at].removing) {
			hp->selected = at;
			return;
		}
}

/* The first processor, which boots, stays. */
static void eject(struct cpu_hotplug *hp, struct cpu *cpu)
{
	if (!cpu->enabled || hp->selected == 0 || !hp->ops)
		return;
	*cpu = (struct cpu){.enabled = false};
	hp->ops->eject(hp->ctx, hp->selected);
}

static void write_control(struct cpu_hotplug *hp, struct cpu *cpu, uint8_t val)
{
	if (val & CPU_INSERTED)
		cpu->inserted = false;
	else if (val & CPU_REMOVING)
		cpu->removing = false;
	else if (val & CPU_EJECT)
		eject(hp, cpu);
}

static void write_command(struct cpu_hotplug *hp, uint8_t val)
{
	if (val >= CPU_HOTPLUG_COMMANDS)
		return;
	hp->command = val;
	if (val == CPU_HOTPLUG_NEXT_EVENT)
		select_next_event(hp);
}

static void write_data(struct cpu_hotplug *hp, struct cpu *cpu, uint32_t val)
{
	if (hp->command == CPU_HOTPLUG_OST_EVENT) {
		cpu->ost_event = val;
	} else if (hp->command == CPU_HOTPLUG_OST_STATUS) {
		cpu->ost_status = val;
		if (hp->ops && hp->ops->status)
			hp->ops->status(hp->ctx, hp->selected, cpu->ost_event,
					val);
	}
}

static void register_write(struct cpu_hotplug *hp, uint64_t off, uint32_t val)
{
	struct cpu *cpu = selected(hp);

	if (off == CPU_HOTPLUG_SELECTOR)
		hp->selected = val;
	else if (!cpu)
		return;
	else if (off == CPU_HOTPLUG_CONTROL)
		write_control(hp, cpu, val);
	else if (off == CPU_HOTPLUG_COMMAND)
		write_command(hp, val);
	else if (off == CPU_HOTPLUG_DATA)
		write_data(hp, cpu, val);
}

static uint64_t bitmap_or_register_read(void *dev, uint64_t off, unsigned size)
{
	struct cpu_hotplug *hp = dev;
	uint64_t val = 0;
	unsigned i;

	if (hp->registers)
		return hotplug_read(dev, off, size);
	for (i = 0; i < size; i++)
		val |= (uint64_t)read_bitmap(hp, off + i) << 8 * i;
	return val;
}

static void bitmap_or_register_write(void *dev, uint64_t off, uint64_t val,
				     unsigned size)
{
	struct cpu_hotplug *hp = dev;

	if (hp->registers)
		register_write(hp, off, val);
	else if (off == CPU_HOTPLUG_SELECTOR && val == 0)
		hp->registers = true;
}

void acpi_cpu_hotplug_wire(struct device *dev, unsigned ncpus,
			   unsigned max_cpus, const uint32_t *apic_ids,
			   const struct cpu_hotplug_ops *ops, void *ctx)
{
	struct cpu_hotplug *hp = (struct cpu_hotplug *)dev;
	unsigned i;

	hp->max_cpus = max_cpus;
	hp->apic_ids = apic_ids;
	hp->ops = ops;
	hp->ctx = ctx;
	for (i = 0; i < ncpus; i++)
		hp->cpu[i].enabled = true;
}

void acpi_cpu_hotplug_plugged(struct device *dev, unsigned cpu)
{
	struct cpu_hotplug *hp = (struct cpu_hotplug *)dev;

	hp->cpu[cpu] = (struct cpu){.enabled = true, .inserted = true};
	irq_pulse(&dev->irq[0]);
}

void acpi_cpu_hotplug_request_unplug(struct device *dev, unsigned cpu)
{
	struct cpu_hotplug *hp = (struct cpu_hotplug *)dev;

	hp->cpu[cpu].removing = true;
	irq_pulse(&dev->irq[0]);
}

/* A guest that starts anew finds the processors there are, without news. */
static void hotplug_reset(struct device *dev)
{
	struct cpu_hotplug *hp = (struct cpu_hotplug *)dev;
	unsigned i;

	hp->registers = false;
	hp->selected = 0;
	hp->command = CPU_HOTPLUG_NEXT_EVENT;
	for (i = 0; i < hp->max_cpus; i++)
		hp->cpu[i] = (struct cpu){.enabled = hp->cpu[i].enabled};
}

static const struct bus_ops hotplug_ops = {
	.read = bitmap_or_register_read,
	.write = bitmap_or_register_write,
};

static const struct device_region hotplug_regions[] = {
	{"acpi-cpu-hotplug", &hotplug_ops, ACPI_CPU_HOTPLUG_LEN},
	{.name = NULL},
};

const struct device_class acpi_cpu_hotplug_class = {
	.name = "acpi-cpu-hotplug",
	.desc = "processor hotplug registers",
	.bus = DEVICE_SYSTEM,
	.size = sizeof(struct cpu_hotplug),
	.state = &cpu_hotplug_state,
	.regions = hotplug_regions,
	.reset = hotplug_reset,
};
