/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Intel 82801IR (ICH9R), SATA controller in AHCI mode (Intel order number
 * 316972; Serial ATA AHCI 1.3.1): six ports with a drive each or none.
 *
 * Not modelled, as the capabilities say: port multipliers, hot plug, command
 * completion coalescing, enclosure management, power management, staggered
 * spin-up, 3 Gb/s.
 */
#include "hw/ahci.h"

#include <string.h>

#include "hw/pci_regs.h"
#include "vmm/endian.h"

enum { BAR_INDEX = 4, BAR_REGISTERS = 5 };

#define REGISTERS_SIZE 0x1000u
#define INDEX_SIZE     0x20u
#define INDEX_PORT     0x10u /* in the BAR with ports */
#define DATA_PORT      0x14u
#define INDEX_MASK     0xffcu
#define MSI_OFFSET     0x80u
#define SATA_OFFSET    0xa8u
#define MAP	       0x90u /* which of its ways the controller works */
#define MAP_AHCI       0x40u

/* Serial ATA revision 1.0 of its capability, and where index and data are. */
#define SATA_SIZE     8u
#define SATA_REVISION 0x10u
#define SATA_PLACE    ((BAR_INDEX + 4u) | (INDEX_PORT / 4) << 4)

/* 3.1: the registers of the controller. */
enum reg {
	REG_CAP = 0x00,
	REG_GHC = 0x04,
	REG_IS = 0x08,
	REG_PI = 0x0c,
	REG_VS = 0x10
};

#define CAP_64	   (1u << 31)
#define CAP_NCQ	   (1u << 30)
#define CAP_GEN1   (1u << 20)
#define CAP_AHCI   (1u << 18) /* and nothing else */
#define CAP_SLOTS  ((AHCI_SLOTS - 1) << 8)
#define GHC_RESET  (1u << 0)
#define GHC_IE	   (1u << 1)
#define GHC_AE	   (1u << 31)
#define VERSION_10 0x10000u
#define ALL_PORTS  ((1u << AHCI_PORTS) - 1)

/* again: what is left of what the guest cleared is told as if it were new. */
void ahci_update_irq(struct ahci *hba, bool again)
{
	uint32_t was = hba->is;
	bool level;
	unsigned i;

	for (i = 0; i < AHCI_PORTS; i++)
		if (ahci_port_status(&hba->port[i]) & hba->port[i].ie)
			hba->is |= 1u << i;
	level = hba->ghc & GHC_IE && hba->is;
	pci_set_intx(&hba->pci, level && !msi_is_enabled(&hba->msi));
	if (level && (again || hba->is & ~was))
		msi_signal(&hba->msi);
}

static void reset_ports(struct ahci *hba)
{
	unsigned i;

	for (i = 0; i < AHCI_PORTS; i++)
		ahci_port_reset(&hba->port[i]);
	hba->ghc = GHC_AE;
	hba->is = 0;
	ahci_update_irq(hba, false);
}

static uint32_t read_reg(const struct ahci *hba, uint32_t reg)
{
	switch (reg) {
	case REG_CAP:
		return CAP_64 | CAP_NCQ | CAP_GEN1 | CAP_AHCI | CAP_SLOTS |
		       (AHCI_PORTS - 1);
	case REG_GHC:
		return hba->ghc;
	case REG_IS:
		return hba->is;
	case REG_PI:
		return ALL_PORTS;
	case REG_VS:
		return VERSION_10;
	default:
		return 0;
	}
}

static void write_reg(struct ahci *hba, uint32_t reg, uint32_t val)
{
	switch (reg) {
	case REG_GHC:
		if (val & GHC_RESET) {
			reset_ports(hba);
			break;
		}
		hba->ghc = GHC_AE | (val & GHC_IE);
		ahci_update_irq(hba, true);
		break;
	case REG_IS:
		hba->is &= ~val;
		ahci_update_irq(hba, true);
		break;
	default:
		break;
	}
}

static bool is_port(uint64_t off)
{
	return off >= AHCI_PORT_BASE &&
	       off < AHCI_PORT_BASE + AHCI_PORTS * AHCI_PORT_SIZE;
}

static uint64_t registers_read(void *dev, uint64_t off, unsigned size)
{
	struct ahci *hba = dev;
	uint32_t at = (uint32_t)(off - AHCI_PORT_BASE);

	if (!is_port(off))
		return read_reg(hba, (uint32_t)off);
	return ahci_port_read(&hba->port[at / AHCI_PORT_SIZE],
			      at % AHCI_PORT_SIZE);
}

static void registers_write(void *dev, uint64_t off, uint64_t val,
			    unsigned size)
{
	struct ahci *hba = dev;
	uint32_t at = (uint32_t)(off - AHCI_PORT_BASE);

	if (!is_port(off))
		write_reg(hba, (uint32_t)off, (uint32_t)val);
	else
		ahci_port_write(&hba->port[at / AHCI_PORT_SIZE],
				at % AHCI_PORT_SIZE, (uint32_t)val);
}

static const struct bus_ops registers_ops = {
	.read = registers_read,
	.write = registers_write,
	.min = 4,
	.max = 4,
};

static uint64_t index_read(void *dev, uint64_t off, unsigned size)
{
	const struct ahci *hba = dev;

	if (off == INDEX_PORT)
		return hba->index;
	return off == DATA_PORT ? registers_read(dev, hba->index, size) : 0;
}

static void index_write(void *dev, uint64_t off, uint64_t val, unsigned size)
{
	struct ahci *hba = dev;

	if (off == INDEX_PORT)
		hba->index = (uint32_t)val & INDEX_MASK;
	else if (off == DATA_PORT)
		registers_write(dev, hba->index, val, size);
}

static const struct bus_ops index_ops = {
	.read = index_read,
	.write = index_write,
	.min = 4,
	.max = 4,
};

static const struct pci_id id = {
	.vendor = 0x8086,
	.device = 0x2922,
	.subvendor = 0x1af4,
	.subdevice = 0x1100,
	.class = 0x010601,
	.revision = 2,
	.pin = 1,
};

static void add_capabilities(struct ahci *hba)
{
	struct pci_device *pci = &hba->pci;
	unsigned sata;

	pci->config[MAP] = MAP_AHCI;
	pci->capabilities_end = SATA_OFFSET;
	sata = pci_add_capability(pci, PCI_CAP_ID_SATA, SATA_SIZE);
	pci->config[sata + 2] = SATA_REVISION;
	store_le32(&pci->config[sata + 4], SATA_PLACE);
	pci->capabilities_end = MSI_OFFSET;
	msi_init(&hba->msi, pci);
}

/* Messages take the place of the pin, or not any more. */
static void config_written(struct pci_device *pci, unsigned off, unsigned len)
{
	ahci_update_irq(container_of(pci, struct ahci, pci), false);
}

static void on_event(void *ctx, enum machine_event event)
{
	struct ahci *hba = ctx;
	unsigned i;

	for (i = 0; i < AHCI_PORTS; i++)
		if (event == EVENT_STOP)
			ide_settle(&hba->port[i].drive);
		else if (event == EVENT_RESUME)
			ide_retry(&hba->port[i].drive);
}

static void fini(struct device *dev)
{
	struct ahci *hba = (struct ahci *)dev;
	unsigned i;

	list_del(&hba->notifier.link);
	for (i = 0; i < AHCI_PORTS; i++)
		ide_detach(&hba->port[i].drive);
	pci_detach(&hba->pci);
}

static void init_ports(struct ahci *hba)
{
	unsigned i;

	for (i = 0; i < AHCI_PORTS; i++) {
		struct ahci_port *p = &hba->port[i];

		p->hba = hba;
		p->drive.transport = &ahci_transport;
		p->drive.carrier = p;
	}
}

static int init(struct device *dev, struct error *err)
{
	struct ahci *hba = (struct ahci *)dev;
	int rc = pci_attach(&hba->pci, &id, err);

	if (rc < 0)
		return rc;
	init_ports(hba);
	add_capabilities(hba);
	machine_add_notifier(dev->machine, &hba->notifier, on_event, hba);
	rc = pci_add_bar(&hba->pci, BAR_INDEX, PCI_BAR_IO, "ahci-idp",
			 INDEX_SIZE, &index_ops, hba, err);
	if (rc == 0)
		rc = pci_add_bar(&hba->pci, BAR_REGISTERS, PCI_BAR_MEM, "ahci",
				 REGISTERS_SIZE, &registers_ops, hba, err);
	if (rc < 0)
		fini(dev);
	else
		hba->pci.config_written = config_written;
	return rc;
}

static void reset(struct device *dev)
{
	struct ahci *hba = (struct ahci *)dev;
	unsigned i;

	pci_reset(&hba->pci);
	msi_reset(&hba->msi);
	hba->index = 0;
	reset_ports(hba);
	for (i = 0; i < AHCI_PORTS; i++) {
		memset(hba->port[i].clb, 0, sizeof(hba->port[i].clb));
		memset(hba->port[i].fb, 0, sizeof(hba->port[i].fb));
	}
}

static void quiesce(struct device *dev)
{
	struct ahci *hba = (struct ahci *)dev;
	unsigned i;

	for (i = 0; i < AHCI_PORTS; i++) {
		ahci_port_abort(&hba->port[i]);
		ide_drive_quiesce(&hba->port[i].drive);
	}
}

static const struct opt_desc opts[] = {
	PCI_OPTS,
	{.type = OPT_END},
};

static const struct state_field prdt_fields[] = {
	{STATE_ELEM(STATE_U64, struct ahci_prdt, table)},
	{STATE_ELEM(STATE_U32, struct ahci_prdt, count), .hi = UINT16_MAX},
	{STATE_ELEM(STATE_U32, struct ahci_prdt, next), .hi = UINT16_MAX},
	{STATE_ELEM(STATE_U64, struct ahci_prdt, addr)},
	{STATE_ELEM(STATE_U32, struct ahci_prdt, left), .hi = 1 << 22},
	{STATE_ELEM(STATE_BOOL, struct ahci_prdt, interrupt)},
	{STATE_ELEM(STATE_U32, struct ahci_prdt, moved)},
	{.kind = STATE_END},
};

static const struct state_field port_fields[] = {
	{STATE_ELEM(STATE_STRUCT, struct ahci_port, drive),
	 .sub = ide_drive_fields},
	{STATE_ARR(STATE_U32, struct ahci_port, clb)},
	{STATE_ARR(STATE_U32, struct ahci_port, fb)},
	{STATE_ELEM(STATE_U32, struct ahci_port, is)},
	{STATE_ELEM(STATE_U32, struct ahci_port, ie)},
	{STATE_ELEM(STATE_U32, struct ahci_port, cmd)},
	{STATE_ELEM(STATE_U32, struct ahci_port, tfd)},
	{STATE_ELEM(STATE_U32, struct ahci_port, sig)},
	{STATE_ELEM(STATE_U32, struct ahci_port, sctl)},
	{STATE_ELEM(STATE_U32, struct ahci_port, serr)},
	{STATE_ELEM(STATE_U32, struct ahci_port, sact)},
	{STATE_ELEM(STATE_U32, struct ahci_port, ci)},
	{STATE_ELEM(STATE_BOOL, struct ahci_port, fatal)},
	{STATE_ELEM(STATE_BOOL, struct ahci_port, signature_due)},
	{STATE_ELEM(STATE_BOOL, struct ahci_port, srst)},
	{STATE_ELEM(STATE_U32, struct ahci_port, current),
	 .hi = AHCI_SLOTS - 1},
	{STATE_ARR(STATE_U8, struct ahci_port, packet)},
	{STATE_ELEM(STATE_BOOL, struct ahci_port, busy)},
	{STATE_ELEM(STATE_BOOL, struct ahci_port, packet_due)},
	{STATE_ELEM(STATE_BOOL, struct ahci_port, any_block)},
	{STATE_ELEM(STATE_BOOL, struct ahci_port, silent)},
	{STATE_ELEM(STATE_STRUCT, struct ahci_port, prdt), .sub = prdt_fields},
	{STATE_ARR(STATE_STRUCT, struct ahci_port, queue), .sub = prdt_fields},
	{.kind = STATE_END},
};

static const struct state_field fields[] = {
	PCI_STATE,
	{STATE_ELEM(STATE_U32, struct ahci, ghc)},
	{STATE_ELEM(STATE_U32, struct ahci, is)},
	{STATE_ELEM(STATE_U32, struct ahci, index), .hi = INDEX_MASK},
	{STATE_ARR(STATE_STRUCT, struct ahci, port), .sub = port_fields},
	{.kind = STATE_END},
};

static int saving(void *dev)
{
	struct ahci *hba = dev;
	unsigned i;
	int rc = 0;

	for (i = 0; i < AHCI_PORTS && rc == 0; i++)
		rc = ide_drive_saving(&hba->port[i].drive);
	return rc;
}

static void restored(void *dev)
{
	struct ahci *hba = dev;
	unsigned i;

	pci_restored(&hba->pci);
	for (i = 0; i < AHCI_PORTS; i++)
		ide_drive_restored(&hba->port[i].drive);
}

static const struct state_desc state = {.name = "ahci",
					.version = 1,
					.fields = fields,
					.saving = saving,
					.restored = restored};

const struct device_class ahci_class = {
	.name = "ich9-ahci",
	.desc = "SATA controller, AHCI",
	.bus = DEVICE_PCI,
	.user = true,
	.size = sizeof(struct ahci),
	.opts = opts,
	.state = &state,
	.init = init,
	.reset = reset,
	.quiesce = quiesce,
	.fini = fini,
};
