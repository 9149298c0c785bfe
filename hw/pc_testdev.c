/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The device by which kvm-unit-tests try a machine: 32 bits that keep what is
 * written (the same ones again at ports that take bytes only), a port that
 * takes a page of guest memory out of the host's page tables, a port for the
 * level of each interrupt line, and memory that is reached by exits.
 */
#include "hw/pc_testdev.h"

#include <string.h>

#include "vmm/endian.h"
#include "vmm/machine.h"

#define LATCH_SIZE  4
#define MEMORY_SIZE 0x10000

struct pc_testdev {
	struct device dev;
	uint8_t latch[LATCH_SIZE];
	bool level[PC_TESTDEV_IRQS];
	uint8_t memory[MEMORY_SIZE];
};

/* The bus has seen to it that all of size is within the region. */
static uint64_t get(const uint8_t *from, unsigned size)
{
	uint8_t raw[8] = {0};

	memcpy(raw, from, size);
	return load_le64(raw);
}

static void put(uint8_t *to, uint64_t val, unsigned size)
{
	uint8_t raw[8];

	store_le64(raw, val);
	memcpy(to, raw, size);
}

static uint64_t latch_read(void *dev, uint64_t off, unsigned size)
{
	const struct pc_testdev *t = dev;

	return get(t->latch + off, size);
}

static void latch_write(void *dev, uint64_t off, uint64_t val, unsigned size)
{
	struct pc_testdev *t = dev;

	put(t->latch + off, val, size);
}

static uint64_t zero_read(void *dev, uint64_t off, unsigned size)
{
	return 0;
}

static void flush_write(void *dev, uint64_t off, uint64_t val, unsigned size)
{
	struct pc_testdev *t = dev;

	gmem_evict(&t->dev.machine->gmem, val);
}

static void line_write(void *dev, uint64_t off, uint64_t val, unsigned size)
{
	struct pc_testdev *t = dev;

	t->level[off] = val != 0;
	irq_set(&t->dev.irq[off], t->level[off]);
}

static uint64_t memory_read(void *dev, uint64_t off, unsigned size)
{
	const struct pc_testdev *t = dev;

	return get(t->memory + off, size);
}

static void memory_write(void *dev, uint64_t off, uint64_t val, unsigned size)
{
	struct pc_testdev *t = dev;

	put(t->memory + off, val, size);
}

static const struct bus_ops latch_ops = {
	.read = latch_read,
	.write = latch_write,
};

static const struct bus_ops flush_ops = {
	.read = zero_read,
	.write = flush_write,
};

static const struct bus_ops latch_bytes_ops = {
	.read = latch_read,
	.write = latch_write,
	.max = 1,
};

static const struct bus_ops line_ops = {
	.read = zero_read,
	.write = line_write,
	.max = 1,
};

static const struct bus_ops memory_ops = {
	.read = memory_read,
	.write = memory_write,
	.max = 8,
};

static const struct device_region regions[] = {
	[PC_TESTDEV_LATCH] = {"pc-testdev-ioport", &latch_ops, LATCH_SIZE},
	[PC_TESTDEV_FLUSH] = {"pc-testdev-flush-page", &flush_ops, 4},
	[PC_TESTDEV_LATCH_BYTES] = {"pc-testdev-ioport-byte", &latch_bytes_ops,
				    LATCH_SIZE},
	[PC_TESTDEV_LINES] = {"pc-testdev-irq-line", &line_ops,
			      PC_TESTDEV_IRQS},
	[PC_TESTDEV_MEMORY] = {"pc-testdev-iomem", &memory_ops, MEMORY_SIZE},
	[PC_TESTDEV_REGIONS] = {.name = NULL},
};

static void set_lines(struct pc_testdev *t)
{
	unsigned i;

	for (i = 0; i < PC_TESTDEV_IRQS; i++)
		irq_set(&t->dev.irq[i], t->level[i]);
}

/* What was stored stays, as a reset may be part of a test. */
static void reset(struct device *dev)
{
	struct pc_testdev *t = (struct pc_testdev *)dev;

	memset(t->level, 0, sizeof(t->level));
	set_lines(t);
}

static const struct state_field fields[] = {
	{STATE_ARR(STATE_U8, struct pc_testdev, latch)},
	{STATE_ARR(STATE_BOOL, struct pc_testdev, level)},
	{STATE_ARR(STATE_U8, struct pc_testdev, memory)},
	{.kind = STATE_END},
};

static void restored(void *dev)
{
	set_lines(dev);
}

static const struct state_desc state = {.name = "pc-testdev",
					.version = 1,
					.fields = fields,
					.restored = restored};

const struct device_class pc_testdev_class = {
	.name = "pc-testdev",
	.desc = "Ports, memory and interrupts for kvm-unit-tests",
	.bus = DEVICE_ISA,
	.user = true,
	.size = sizeof(struct pc_testdev),
	.state = &state,
	.regions = regions,
	.reset = reset,
};
