/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The debug console that Bochs introduced: bytes written to the port go to a
 * chardev; reading gives 0xe9, by which firmware knows that it is there.
 */
#include "hw/isa_debugcon.h"

#include <errno.h>

#include "vmm/chardev.h"
#include "vmm/machine.h"

struct debugcon {
	struct device dev;
	char *chardev; /* properties */
	uint32_t iobase, readback;
	struct chardev_end chr;
};

static uint64_t port_read(void *dev, uint64_t off, unsigned size)
{
	const struct debugcon *d = dev;

	return d->readback;
}

static void port_write(void *dev, uint64_t off, uint64_t val, unsigned size)
{
	struct debugcon *d = dev;
	uint8_t v = (uint8_t)val;

	chardev_write_all(&d->chr, &v, 1);
}

static size_t port_write_rep(void *dev, uint64_t off, const void *buf,
			     unsigned size, size_t count)
{
	struct debugcon *d = dev;

	if (size != 1)
		return 0;
	chardev_write_all(&d->chr, buf, count);
	return count;
}

static const struct bus_ops ops = {
	.read = port_read,
	.write = port_write,
	.write_rep = port_write_rep,
	.max = 1,
};

static const struct device_region regions[] = {
	{"isa-debugcon", &ops, 1},
	{.name = NULL},
};

static size_t can_read(void *ctx)
{
	return 0;
}

static void take_input(void *ctx, const uint8_t *buf, size_t len)
{
}

static const struct chardev_user user = {
	.can_read = can_read,
	.read = take_input,
};

static int init(struct device *dev, struct error *err)
{
	struct debugcon *d = (struct debugcon *)dev;
	struct chardev *chr =
		d->chardev ? chardev_find(dev->machine, d->chardev) : NULL;

	if (!chr)
		return error_set(err, ENOENT,
				 d->chardev ? "Property 'isa-debugcon.chardev' "
					      "can't find value '%s'"
					    : "Can't create isa-debugcon "
					      "device, empty char device%s",
				 d->chardev ? d->chardev : "");
	return chardev_attach(&d->chr, chr, &user, d, err);
}

static void fini(struct device *dev)
{
	chardev_detach(&((struct debugcon *)dev)->chr);
}

static const struct opt_desc opts[] = {
	{.name = "chardev",
	 .type = OPT_STRING,
	 .offset = offsetof(struct debugcon, chardev),
	 .help = "where the output goes"},
	{.name = "iobase",
	 .type = OPT_U32,
	 .offset = offsetof(struct debugcon, iobase),
	 .max = UINT16_MAX,
	 .dflt = "0xe9",
	 .help = "the I/O port"},
	{.name = "readback",
	 .type = OPT_U32,
	 .offset = offsetof(struct debugcon, readback),
	 .max = UINT8_MAX,
	 .dflt = "0xe9",
	 .help = "what reading it gives"},
	{.type = OPT_END},
};

const struct device_class isa_debugcon_class = {
	.name = "isa-debugcon",
	.desc = "Debug console",
	.bus = DEVICE_ISA,
	.user = true,
	.size = sizeof(struct debugcon),
	.opts = opts,
	.state = &stateless,
	.regions = regions,
	.iobase_offset = offsetof(struct debugcon, iobase),
	.init = init,
	.fini = fini,
};
