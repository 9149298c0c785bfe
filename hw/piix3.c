/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Intel 82371SB PIIX3, function 0, the PCI-to-ISA bridge (Intel order number
 * 290550): PIRQ routing and the reset control register at port 0xcf9.  The
 * interrupt controllers with their ELCR are KVM's.
 *
 * Not modelled: XBCS decoding, APM timers, SMI sources, USB.
 */
#include "hw/piix3.h"

#include "hw/pci_regs.h"
#include "vmm/endian.h"

#define REG_IORT     0x4c
#define REG_XBCS     0x4e
#define REG_PIRQRC   0x60
#define REG_TOM	     0x69
#define REG_MSTAT    0x6a
#define REG_MBIRQ0   0x70
#define REG_APICBASE 0x80
#define REG_DLC	     0x82
#define REG_SMICNTL  0xa0
#define REG_SMIEN    0xa2
#define REG_SEE	     0xa4
#define REG_FTMR     0xa8
#define REG_SMIREQ   0xaa

#define PIRQ_DISABLE 0x80u
#define PIRQ_IRQ     0x0fu
#define PIRQ_MASK    0x8fu
/* IRQs that the data sheet calls reserved: 0, 1, 2, 8 and 13. */
#define PIRQ_RESERVED 0x2107u

#define RESET_CPU     (1u << 2)
#define RESET_MASK    0x06u

static bool routed_to(const struct piix3 *p, unsigned pin, unsigned isa)
{
	uint8_t reg = p->pci.config[REG_PIRQRC + pin];

	return !(reg & PIRQ_DISABLE) && (reg & PIRQ_IRQ) == isa &&
	       !(PIRQ_RESERVED >> isa & 1);
}

static void update(struct piix3 *p)
{
	unsigned isa, pin;

	for (isa = 0; isa < PIIX3_ISA_IRQS; isa++) {
		bool level = false;

		for (pin = 0; pin < PIIX3_PINS; pin++)
			level |= p->level[pin] && routed_to(p, pin, isa);
		irq_set(&p->pci.dev.irq[isa], level);
	}
}

static bool set_pin(void *ctx, unsigned n, bool level)
{
	struct piix3 *p = ctx;

	if (p->level[n] != level) {
		p->level[n] = level;
		update(p);
	}
	return true;
}

struct irq piix3_pin(struct piix3 *p, unsigned n)
{
	return (struct irq){.set = set_pin, .ctx = p, .n = n};
}

static void config_written(struct pci_device *pci, unsigned off, unsigned len)
{
	if (off < REG_PIRQRC + PIIX3_PINS && off + len > REG_PIRQRC)
		update(container_of(pci, struct piix3, pci));
}

static uint64_t reset_read(void *dev, uint64_t off, unsigned size)
{
	const struct piix3 *p = dev;

	return p->reset_control;
}

static void reset_write(void *dev, uint64_t off, uint64_t val, unsigned size)
{
	struct piix3 *p = dev;

	if (val & RESET_CPU) {
		machine_request_reset(p->pci.dev.machine, CAUSE_GUEST_RESET);
		return;
	}
	p->reset_control = val & RESET_MASK;
}

static const struct bus_ops reset_ops = {
	.read = reset_read,
	.write = reset_write,
	.max = 1,
};

static const struct device_region regions[] = {
	{"piix3-reset-control", &reset_ops, 1},
	{.name = NULL},
};

static const struct pci_id id = {
	.vendor = 0x8086,
	.device = 0x7000,
	.subvendor = 0x1af4,
	.subdevice = 0x1100,
	.class = 0x060100,
	.multifunction = true,
};

struct reg_default {
	uint8_t reg, value, wmask;
};

static const struct reg_default reg_defaults[] = {
	{REG_IORT, 0x4d, 0xff},
	{REG_XBCS, 0x03, 0xff},
	{REG_XBCS + 1, 0x00, 0xff},
	{REG_PIRQRC, PIRQ_DISABLE, PIRQ_MASK},
	{REG_PIRQRC + 1, PIRQ_DISABLE, PIRQ_MASK},
	{REG_PIRQRC + 2, PIRQ_DISABLE, PIRQ_MASK},
	{REG_PIRQRC + 3, PIRQ_DISABLE, PIRQ_MASK},
	{REG_TOM, 0x02, 0xff},
	{REG_MBIRQ0, 0x80, 0xff},
	{REG_MBIRQ0 + 6, 0x0c, 0xff},
	{REG_MBIRQ0 + 7, 0x0c, 0xff},
	{REG_MBIRQ0 + 8, 0x02, 0xff},
	{REG_APICBASE, 0x00, 0x3f},
	{REG_DLC, 0x00, 0x0f},
	{REG_SMICNTL, 0x08, 0x1f},
	{REG_SMIEN, 0x00, 0xff},
	{REG_SMIEN + 1, 0x00, 0xff},
	{REG_SEE, 0x00, 0xff},
	{REG_SEE + 1, 0x00, 0xff},
	{REG_SEE + 2, 0x00, 0xff},
	{REG_SEE + 3, 0x00, 0xff},
	{REG_FTMR, 0x0f, 0xff},
	{REG_SMIREQ, 0x00, 0xff},
	{REG_SMIREQ + 1, 0x00, 0xff},
};

static int init(struct device *dev, struct error *err)
{
	struct piix3 *p = (struct piix3 *)dev;
	int rc = pci_attach(&p->pci, &id, err);
	size_t i;

	if (rc < 0)
		return rc;
	p->pci.config_written = config_written;
	for (i = 0; i < sizeof(reg_defaults) / sizeof(*reg_defaults); i++)
		p->pci.wmask[reg_defaults[i].reg] = reg_defaults[i].wmask;
	return 0;
}

static void reset(struct device *dev)
{
	struct piix3 *p = (struct piix3 *)dev;
	size_t i;

	pci_reset(&p->pci);
	store_le16(&p->pci.config[PCI_COMMAND],
		   PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	for (i = 0; i < sizeof(reg_defaults) / sizeof(*reg_defaults); i++)
		p->pci.config[reg_defaults[i].reg] = reg_defaults[i].value;
	p->reset_control = 0;
	update(p);
}

static void fini(struct device *dev)
{
	pci_detach((struct pci_device *)dev);
}

static const struct state_field fields[] = {
	PCI_STATE,
	{STATE_ARR(STATE_BOOL, struct piix3, level)},
	{STATE_ELEM(STATE_U8, struct piix3, reset_control)},
	{.kind = STATE_END},
};

static void restored(void *dev)
{
	pci_restored(dev);
	update(dev);
}

static const struct state_desc state = {.name = "PIIX3",
					.version = 1,
					.fields = fields,
					.restored = restored};

const struct device_class piix3_class = {
	.name = "PIIX3",
	.desc = "PCI-to-ISA bridge",
	.bus = DEVICE_PCI,
	.size = sizeof(struct piix3),
	.state = &state,
	.regions = regions,
	.init = init,
	.reset = reset,
	.fini = fini,
};
