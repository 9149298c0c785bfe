/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Realtek RTL8139C+, Fast Ethernet on PCI (datasheet 1.6), with its EEPROM and
 * PHY.
 *
 * Not modelled: waking the machine up, power management, early interrupts,
 * frames that are received into several descriptors.
 */
#include "hw/rtl8139.h"

#include "hw/pci_regs.h"

enum { BAR_PORTS, BAR_REGISTERS };

#define ROM_FILE "efi-rtl8139.rom"

static const struct pci_id id = {
	.vendor = 0x10ec,
	.device = 0x8139,
	.subvendor = 0x1af4,
	.subdevice = 0x1100,
	.class = 0x020000,
	.revision = 0x20,
	.pin = 1,
};

static bool receive(void *ctx, const struct net_packet *packet)
{
	return rtl8139_receive(ctx, packet->iov, packet->niov, packet->len);
}

/* The end of a batch: one interrupt for all of it. */
static void flush(void *ctx)
{
	rtl8139_rx_flush(ctx);
}

static void ready(void *ctx)
{
	struct rtl8139 *r = ctx;

	r->tx_held = false;
	rtl8139_tx_run(r);
}

static void link_changed(void *ctx, bool up)
{
	struct rtl8139 *r = ctx;

	if (r->cable != up) {
		r->cable = up;
		rtl8139_link_changed(r);
	}
	ready(r);
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
	struct rtl8139 *r = container_of(pci, struct rtl8139, pci);

	if (off > PCI_COMMAND || off + len <= PCI_COMMAND)
		return;
	rtl8139_rx_ready(r);
	rtl8139_tx_run(r);
}

static int64_t boot_path(const struct device *dev, char *buf, size_t size)
{
	const struct rtl8139 *r = (const struct rtl8139 *)dev;

	return nic_boot_path(&r->pci, &r->props, buf, size);
}

static void fini(struct device *dev)
{
	struct rtl8139 *r = (struct rtl8139 *)dev;

	timer_cancel(&r->count_ends);
	timer_cancel(&r->tx_more);
	nic_fini(&r->nic);
	pci_detach(&r->pci);
}

static int add_bars(struct rtl8139 *r, struct error *err)
{
	int rc = pci_add_bar(&r->pci, BAR_PORTS, PCI_BAR_IO, "rtl8139-io",
			     RTL8139_SPACE, &rtl8139_ops, r, err);

	if (rc == 0)
		rc = pci_add_bar(&r->pci, BAR_REGISTERS, PCI_BAR_MEM,
				 "rtl8139-mem", RTL8139_SPACE, &rtl8139_ops, r,
				 err);
	if (rc == 0)
		rc = nic_add_rom(&r->pci, ROM_FILE, err);
	return rc;
}

static int init(struct device *dev, struct error *err)
{
	struct rtl8139 *r = (struct rtl8139 *)dev;
	void *ctx = r;
	int rc = pci_attach(&r->pci, &id, err);

	if (rc < 0)
		return rc;
	rtl8139_registers_init(r);
	rtl8139_tx_init(r);
	rc = nic_init(&r->nic, dev, &r->props, "rtl8139", &port_ops, &ctx, 1,
		      err);
	if (rc < 0) {
		pci_detach(&r->pci);
		return rc;
	}
	r->cable = true;
	rtl8139_eeprom_fill(r);
	r->pci.config_written = config_written;
	rc = add_bars(r, err);
	if (rc < 0)
		fini(dev);
	return rc;
}

static void reset(struct device *dev)
{
	struct rtl8139 *r = (struct rtl8139 *)dev;

	pci_reset(&r->pci);
	rtl8139_reset_registers(r);
}

static const struct opt_desc opts[] = {
	PCI_OPTS,
	NIC_OPTS(struct rtl8139),
	{.type = OPT_END},
};

static const struct state_field tally_fields[] = {
	{STATE_ELEM(STATE_U64, struct rtl8139_tally, tx_ok)},
	{STATE_ELEM(STATE_U64, struct rtl8139_tally, rx_ok)},
	{STATE_ELEM(STATE_U64, struct rtl8139_tally, tx_err)},
	{STATE_ELEM(STATE_U32, struct rtl8139_tally, rx_err)},
	{STATE_ELEM(STATE_U16, struct rtl8139_tally, missed)},
	{STATE_ELEM(STATE_U64, struct rtl8139_tally, rx_ok_own)},
	{STATE_ELEM(STATE_U64, struct rtl8139_tally, rx_ok_broadcast)},
	{STATE_ELEM(STATE_U32, struct rtl8139_tally, rx_ok_multicast)},
	{.kind = STATE_END},
};

static const struct state_field fields[] = {
	PCI_STATE,
	{STATE_ELEM(STATE_BOOL, struct rtl8139, cable)},
	{STATE_ARR(STATE_U8, struct rtl8139, reg)},
	{STATE_ELEM(STATE_STRUCT, struct rtl8139, eeprom),
	 .sub = at93c46_fields},
	{STATE_ARR(STATE_U32, struct rtl8139, dtccr)},
	{STATE_ARR(STATE_U32, struct rtl8139, rings)},
	{STATE_ELEM(STATE_U32, struct rtl8139, tx_next),
	 .hi = RTL8139_TX_DESCS - 1},
	{STATE_ARR(STATE_U32, struct rtl8139, cplus_tx),
	 .hi = RTL8139_RING - 1},
	{STATE_ELEM(STATE_U32, struct rtl8139, cplus_rx),
	 .hi = RTL8139_RING - 1},
	{STATE_ELEM(STATE_U32, struct rtl8139, pieces), .hi = RTL8139_TX_MAX},
	{STATE_ELEM(STATE_U8, struct rtl8139, polls)},
	{STATE_ELEM(STATE_U64, struct rtl8139, counting)},
	{STATE_ELEM(STATE_TIMER, struct rtl8139, count_ends)},
	{STATE_ELEM(STATE_STRUCT, struct rtl8139, tally), .sub = tally_fields},
	{STATE_ELEM(STATE_U32, struct rtl8139, rx_causes),
	 .hi = RTL8139_INT_ALL},
	{.kind = STATE_END},
};

/* The other end of the cable may wait for this one, or not know that it is
 * waited for. */
static void restored(void *dev)
{
	struct rtl8139 *r = dev;

	pci_restored(dev);
	r->tx_held = false;
	timer_set(&r->tx_more, clock_now(rtl8139_clock(r)));
	r->rx_starved = true;
	rtl8139_rx_ready(r);
}

static const struct state_desc state = {.name = "rtl8139",
					.version = 1,
					.fields = fields,
					.restored = restored};

const struct device_class rtl8139_class = {
	.name = "rtl8139",
	.desc = "Realtek Fast Ethernet, RTL8139C+",
	.bus = DEVICE_PCI,
	.user = true,
	.size = sizeof(struct rtl8139),
	.opts = opts,
	.state = &state,
	.boot_path = boot_path,
	.init = init,
	.reset = reset,
	.fini = fini,
};
