/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A port by which a guest tells of its panic (QEMU's documentation,
 * docs/specs/pvpanic): reading it says which events it takes, writing it is
 * one.
 */
#include "hw/pvpanic.h"

#include "vmm/machine.h"

#define PANICKED     0x01u
#define CRASH_LOADED 0x02u

struct pvpanic {
	struct device dev;
	uint32_t ioport; /* properties */
	uint8_t events;
};

static uint64_t port_read(void *dev, uint64_t off, unsigned size)
{
	const struct pvpanic *p = dev;

	return p->events;
}

static void port_write(void *dev, uint64_t off, uint64_t val, unsigned size)
{
	struct pvpanic *p = dev;

	if (val & p->events & PANICKED)
		machine_request_panic(p->dev.machine);
	else if (val & p->events & CRASH_LOADED)
		log_guest(&p->dev.log, "the guest's crash kernel was loaded");
}

static const struct bus_ops ops = {
	.read = port_read,
	.write = port_write,
	.max = 1,
};

static const struct device_region regions[] = {
	{"pvpanic", &ops, 1},
	{.name = NULL},
};

static const struct opt_desc opts[] = {
	{.name = "ioport",
	 .type = OPT_U32,
	 .offset = offsetof(struct pvpanic, ioport),
	 .max = UINT16_MAX,
	 .dflt = "0x505",
	 .help = "the I/O port"},
	{.name = "events",
	 .type = OPT_U8,
	 .offset = offsetof(struct pvpanic, events),
	 .dflt = "3",
	 .help = "1: panics, 2: crash kernels, 3: both"},
	{.type = OPT_END},
};

const struct device_class pvpanic_class = {
	.name = "pvpanic",
	.desc = "Tells of the guest's panic",
	.bus = DEVICE_ISA,
	.user = true,
	.size = sizeof(struct pvpanic),
	.opts = opts,
	.state = &stateless,
	.regions = regions,
	.iobase_offset = offsetof(struct pvpanic, ioport),
};
