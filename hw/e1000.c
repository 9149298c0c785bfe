/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Intel 82540EM, gigabit Ethernet on PCI (317453), with its PHY and EEPROM.
 *
 * Not modelled: waking the machine up (its registers are kept), the memory of
 * the packet buffer, the flash, pausing for flow control, message signalled
 * interrupts.
 */
#include "hw/e1000.h"

#include "hw/pci_regs.h"

enum { BAR_REGISTERS, BAR_PORTS };

#define REGISTERS_SIZE 0x20000u
#define PORTS_SIZE     0x40u
#define ROM_FILE       "efi-e1000.rom"

static const struct pci_id id = {
	.vendor = 0x8086,
	.device = 0x100e,
	.subvendor = 0x1af4,
	.subdevice = 0x1100,
	.class = 0x020000,
	.revision = 3,
	.pin = 1,
};

void e1000_reset_mac(struct e1000 *e)
{
	e1000_reset_registers(e);
	e1000_irq_reset(e);
	e1000_tx_reset(e);
	at93c46_reset(&e->eeprom);
	e1000_eeprom_load(e);
}

static bool receive(void *ctx, const struct net_packet *packet)
{
	struct e1000 *e = ctx;

	return e1000_receive(e, packet->iov, packet->niov, packet->len);
}

/* The end of a batch: one interrupt for all of it. */
static void flush(void *ctx)
{
	e1000_raise_rx(ctx);
}

static void ready(void *ctx)
{
	struct e1000 *e = ctx;

	e->tx_held = false;
	e1000_tx_run(e);
}

static void link_changed(void *ctx, bool up)
{
	struct e1000 *e = ctx;

	if (e->cable != up) {
		e->cable = up;
		e1000_link_changed(e);
	}
	ready(e);
}

static const struct net_port_ops port_ops = {
	.receive = receive,
	.flush = flush,
	.ready = ready,
	.link = link_changed,
};

/* It may be bus master now. */
static void config_written(struct pci_device *pci, unsigned off, unsigned len)
{
	struct e1000 *e = container_of(pci, struct e1000, pci);

	if (off > PCI_COMMAND || off + len <= PCI_COMMAND)
		return;
	e1000_rx_ready(e);
	e1000_tx_run(e);
}

static int64_t boot_path(const struct device *dev, char *buf, size_t size)
{
	const struct e1000 *e = (const struct e1000 *)dev;

	return nic_boot_path(&e->pci, &e->props, buf, size);
}

static void fini(struct device *dev)
{
	struct e1000 *e = (struct e1000 *)dev;

	e1000_irq_reset(e);
	e1000_tx_reset(e);
	timer_cancel(&e->negotiated);
	nic_fini(&e->nic);
	pci_detach(&e->pci);
}

static int add_bars(struct e1000 *e, struct error *err)
{
	int rc = pci_add_bar(&e->pci, BAR_REGISTERS, PCI_BAR_MEM, "e1000-mmio",
			     REGISTERS_SIZE, &e1000_registers_ops, e, err);

	if (rc == 0)
		rc = pci_add_bar(&e->pci, BAR_PORTS, PCI_BAR_IO, "e1000-io",
				 PORTS_SIZE, &e1000_ports_ops, e, err);
	if (rc == 0)
		rc = nic_add_rom(&e->pci, ROM_FILE, err);
	return rc;
}

static int init(struct device *dev, struct error *err)
{
	struct e1000 *e = (struct e1000 *)dev;
	void *ctx = e;
	int rc = pci_attach(&e->pci, &id, err);

	if (rc < 0)
		return rc;
	e1000_irq_init(e);
	e1000_tx_init(e);
	e1000_phy_init(e);
	rc = nic_init(&e->nic, dev, &e->props, "e1000", &port_ops, &ctx, 1,
		      err);
	if (rc < 0) {
		pci_detach(&e->pci);
		return rc;
	}
	e->cable = true;
	e1000_eeprom_fill(e);
	e->pci.config_written = config_written;
	rc = add_bars(e, err);
	if (rc < 0)
		fini(dev);
	return rc;
}

static void reset(struct device *dev)
{
	struct e1000 *e = (struct e1000 *)dev;

	pci_reset(&e->pci);
	e->io_addr = 0;
	e1000_reset_mac(e);
	e1000_phy_reset(e);
	e1000_put(e, E1000_ICR, 0);
}

static const struct opt_desc opts[] = {
	PCI_OPTS,
	NIC_OPTS(struct e1000),
	{.name = "autonegotiation",
	 .type = OPT_BOOL,
	 .offset = offsetof(struct e1000, autonegotiation),
	 .dflt = "on",
	 .help = "the link takes a moment to come up"},
	{.name = "mitigation",
	 .type = OPT_BOOL,
	 .offset = offsetof(struct e1000, mitigation),
	 .dflt = "on",
	 .help = "interrupts are held back as drivers ask"},
	REFUSED_FOR("extra_mac_registers", "on true yes",
		    "these registers are always there"),
	REFUSED_FOR("migrate_tso_props", "on true yes",
		    "all of the state is saved always"),
	{.name = "init-vet",
	 .type = OPT_BOOL,
	 .offset = offsetof(struct e1000, init_vet),
	 .dflt = "on",
	 .help = "the type of VLANs is set at reset"},
	{.type = OPT_END},
};

static const struct state_field context_fields[] = {
	{STATE_ELEM(STATE_U8, struct e1000_context, ipcss)},
	{STATE_ELEM(STATE_U8, struct e1000_context, ipcso)},
	{STATE_ELEM(STATE_U8, struct e1000_context, tucss)},
	{STATE_ELEM(STATE_U8, struct e1000_context, tucso)},
	{STATE_ELEM(STATE_U16, struct e1000_context, ipcse)},
	{STATE_ELEM(STATE_U16, struct e1000_context, tucse)},
	{STATE_ELEM(STATE_U8, struct e1000_context, hdrlen)},
	{STATE_ELEM(STATE_U16, struct e1000_context, mss)},
	{STATE_ELEM(STATE_BOOL, struct e1000_context, tcp)},
	{STATE_ELEM(STATE_BOOL, struct e1000_context, ip4)},
	{.kind = STATE_END},
};

static const struct state_field tx_fields[] = {
	{STATE_ELEM(STATE_STRUCT, struct e1000_tx, sum), .sub = context_fields},
	{STATE_ELEM(STATE_STRUCT, struct e1000_tx, segment),
	 .sub = context_fields},
	{STATE_ELEM(STATE_BOOL, struct e1000_tx, busy)},
	{STATE_ELEM(STATE_U64, struct e1000_tx, addr)},
	{STATE_ELEM(STATE_U32, struct e1000_tx, left)},
	{STATE_ELEM(STATE_U8, struct e1000_tx, cmd)},
	{STATE_ELEM(STATE_BOOL, struct e1000_tx, begun)},
	{STATE_ELEM(STATE_BOOL, struct e1000_tx, tse)},
	{STATE_ELEM(STATE_BOOL, struct e1000_tx, sum_ip)},
	{STATE_ELEM(STATE_BOOL, struct e1000_tx, sum_l4)},
	{STATE_ELEM(STATE_BOOL, struct e1000_tx, vlan)},
	{STATE_ELEM(STATE_BOOL, struct e1000_tx, drop)},
	{STATE_ELEM(STATE_BOOL, struct e1000_tx, sealed)},
	{STATE_ELEM(STATE_U16, struct e1000_tx, tag)},
	{STATE_ELEM(STATE_U8, struct e1000_tx, cso)},
	{STATE_ELEM(STATE_U8, struct e1000_tx, css)},
	{STATE_ELEM(STATE_BOOL, struct e1000_tx, legacy_sum)},
	{STATE_ELEM(STATE_U32, struct e1000_tx, sent)},
	{STATE_ELEM(STATE_U16, struct e1000_tx, pieces)},
	{STATE_ELEM(STATE_U32, struct e1000_tx, len), .hi = E1000_TX_MAX},
	{STATE_ARR(STATE_U8, struct e1000_tx, header)},
	{STATE_ARR(STATE_U8, struct e1000_tx, frame)},
	{.kind = STATE_END},
};

static const struct state_field fields[] = {
	PCI_STATE,
	{STATE_ELEM(STATE_BOOL, struct e1000, cable)},
	{STATE_ARR(STATE_U32, struct e1000, reg)},
	{STATE_ELEM(STATE_U32, struct e1000, io_addr)},
	{STATE_ARR(STATE_U16, struct e1000, phy)},
	{STATE_ELEM(STATE_STRUCT, struct e1000, eeprom), .sub = at93c46_fields},
	{STATE_ELEM(STATE_TIMER, struct e1000, negotiated)},
	{STATE_ELEM(STATE_BOOL, struct e1000, asserted)},
	{STATE_ELEM(STATE_TIMER, struct e1000, gap)},
	{STATE_ELEM(STATE_TIMER, struct e1000, rx_delay)},
	{STATE_ELEM(STATE_TIMER, struct e1000, tx_delay)},
	{STATE_ELEM(STATE_U64, struct e1000, rx_quiet)},
	{STATE_ELEM(STATE_U64, struct e1000, rx_latest)},
	{STATE_ELEM(STATE_U64, struct e1000, tx_quiet)},
	{STATE_ELEM(STATE_U64, struct e1000, tx_latest)},
	{STATE_ELEM(STATE_U32, struct e1000, rx_causes), .hi = E1000_ICR_ALL},
	{STATE_ELEM(STATE_STRUCT, struct e1000, tx), .sub = tx_fields},
	{.kind = STATE_END},
};

/* The other end of the cable may wait for this one, or not know that it is
 * waited for. */
static void restored(void *dev)
{
	struct e1000 *e = dev;

	pci_restored(dev);
	e1000_tx_restored(e);
	e->rx_starved = true;
	e1000_rx_ready(e);
}

static const struct state_desc state = {.name = "e1000",
					.version = 1,
					.fields = fields,
					.restored = restored};

const struct device_class e1000_class = {
	.name = "e1000",
	.desc = "Intel Gigabit Ethernet, 82540EM",
	.bus = DEVICE_PCI,
	.user = true,
	.size = sizeof(struct e1000),
	.opts = opts,
	.state = &state,
	.boot_path = boot_path,
	.init = init,
	.reset = reset,
	.fini = fini,
};
