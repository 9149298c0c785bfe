/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A port that ends the program: writing v makes the exit status v * 2 + 1.
 * For test guests.
 */
#include "hw/isa_debug_exit.h"

#include "vmm/machine.h"

struct debug_exit {
	struct device dev;
	uint32_t iobase, iosize; /* properties */
};

static uint64_t port_read(void *dev, uint64_t off, unsigned size)
{
	return 0;
}

static void port_write(void *dev, uint64_t off, uint64_t val, unsigned size)
{
	struct debug_exit *d = dev;

	machine_request_exit(d->dev.machine, (int)(val << 1 | 1) & UINT8_MAX);
}

static const struct bus_ops ops = {.read = port_read, .write = port_write};

static const struct device_region regions[] = {
	{"isa-debug-exit", &ops, 4},
	{.name = NULL},
};

static int init(struct device *dev, struct error *err)
{
	struct debug_exit *d = (struct debug_exit *)dev;

	/* The class says four ports; the property may want fewer. */
	dev->region[0].len = d->iosize;
	return 0;
}

static const struct opt_desc opts[] = {
	{.name = "iobase",
	 .type = OPT_U32,
	 .offset = offsetof(struct debug_exit, iobase),
	 .max = UINT16_MAX,
	 .dflt = "0x501",
	 .help = "the I/O port"},
	{.name = "iosize",
	 .type = OPT_U32,
	 .offset = offsetof(struct debug_exit, iosize),
	 .min = 1,
	 .max = 4,
	 .dflt = "2",
	 .help = "how many ports"},
	{.type = OPT_END},
};

const struct device_class isa_debug_exit_class = {
	.name = "isa-debug-exit",
	.desc = "Ends the program at the guest's word",
	.bus = DEVICE_ISA,
	.user = true,
	.size = sizeof(struct debug_exit),
	.opts = opts,
	.state = &stateless,
	.regions = regions,
	.iobase_offset = offsetof(struct debug_exit, iobase),
	.init = init,
};
