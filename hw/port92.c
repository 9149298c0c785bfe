/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PS/2 system control port A at 0x92: a quick reset, and the A20 gate, which
 * is kept but always open.
 */
#include "hw/port92.h"

#include "vmm/machine.h"

#define FAST_RESET 0x01u
#define A20_GATE   0x02u

struct port92 {
	struct device dev;
	uint8_t value;
};

static uint64_t port_read(void *dev, uint64_t off, unsigned size)
{
	const struct port92 *p = dev;

	return p->value;
}

static void port_write(void *dev, uint64_t off, uint64_t val, unsigned size)
{
	struct port92 *p = dev;

	if ((val & FAST_RESET) && !(p->value & FAST_RESET))
		machine_request_reset(p->dev.machine, CAUSE_GUEST_RESET);
	p->value = (uint8_t)val;
}

static const struct bus_ops ops = {
	.read = port_read,
	.write = port_write,
	.max = 1,
};

static const struct device_region regions[] = {
	{"port92", &ops, 1},
	{.name = NULL},
};

static void reset(struct device *dev)
{
	((struct port92 *)dev)->value = A20_GATE;
}

static const struct state_field fields[] = {
	{STATE_ELEM(STATE_U8, struct port92, value)},
	{.kind = STATE_END},
};

static const struct state_desc state = {.name = "port92",
					.version = 1,
					.fields = fields};

const struct device_class port92_class = {
	.name = "port92",
	.desc = "System control port A",
	.bus = DEVICE_ISA,
	.size = sizeof(struct port92),
	.state = &state,
	.regions = regions,
	.reset = reset,
};
