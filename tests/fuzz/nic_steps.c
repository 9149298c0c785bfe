/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/fuzz/nic_steps.h"

#include <stdlib.h>

#include "hw/pci_regs.h"
#include "vmm/endian.h"

#define DEVFN	   PCI_DEVFN(3, 0)
#define PACKET_MAX 20000u
#define SENT_MAX   16384u

/* Reads all of a packet, as one that leaves the machine does. */
static bool receive(void *ctx, const struct net_packet *packet)
{
	struct nic_board *n = ctx;
	size_t len = 0, at;
	unsigned i;

	if (n->full)
		return false;
	for (i = 0; i < packet->niov; i++) {
		const uint8_t *p = packet->iov[i].iov_base;

		for (at = 0; at < packet->iov[i].iov_len; at++)
			n->sum ^= p[at];
		len += packet->iov[i].iov_len;
	}
	must(len == packet->len && len <= SENT_MAX);
	return true;
}

static const struct net_port_ops wire_ops = {.receive = receive};

void nic_map(struct nic_board *n, unsigned mem, unsigned io)
{
	struct pci_bus *bus = &n->b.bus;

	pci_config_write(bus, DEVFN, PCI_BASE_ADDRESS_0 + 4 * mem, NIC_BAR_MEM,
			 4);
	pci_config_write(bus, DEVFN, PCI_BASE_ADDRESS_0 + 4 * io, NIC_BAR_IO,
			 4);
	pci_config_write(bus, DEVFN, PCI_COMMAND, 7, 2);
}

void nic_packet(struct nic_board *n)
{
	static uint8_t frame[PACKET_MAX];
	uint32_t len = board_take(&n->b, 2) % PACKET_MAX, at;
	struct iovec iov[] = {{frame, len / 3},
			      {frame + len / 3, len - len / 3}};
	struct net_packet packet = {.iov = iov, .niov = 2, .len = len};

	for (at = 0; at < 64; at++)
		frame[at] = (uint8_t)board_take(&n->b, 1);
	net_port_send(&n->port, &packet);
	net_port_flush(&n->port);
}

void nic_time(struct nic_board *n)
{
	clock_advance(&n->b.m.virt, board_take(&n->b, 3));
}

void nic_config(struct nic_board *n)
{
	unsigned off = board_take(&n->b, 1);

	pci_config_write(&n->b.bus, DEVFN, off & ~3u, board_take(&n->b, 4), 4);
}

/* The wire fills, has room again, is unplugged. */
void nic_room(struct nic_board *n)
{
	uint32_t what = board_take(&n->b, 1);

	n->full = what & 1;
	if (what & 2)
		net_set_link(&n->wire, what & 4);
	if (!n->full)
		net_port_ready(&n->port);
}

void nic_memory(struct nic_board *n)
{
	uint64_t at = board_take(&n->b, 3) % BOARD_RAM;
	uint8_t raw[8];

	store_le32(raw, board_take(&n->b, 4));
	store_le32(raw + 4, board_take(&n->b, 4));
	board_store(&n->b, at, raw, sizeof(raw));
}

static void make_wire(struct nic_board *n)
{
	n->port.ops = &wire_ops;
	n->port.ctx = n;
	n->wire = (struct net_client){.name = (char *)(uintptr_t) "wire",
				      .kind = NET_TAP,
				      .port = &n->port,
				      .nports = 1};
	net_init(&n->net, NULL, &n->b.m.virt);
	must(net_client_add(&n->net, &n->wire, NULL) == 0);
	n->b.m.net = &n->net;
}

static void plug_in(void *ctx)
{
	struct nic_board *n = ctx;

	clock_init_manual(&n->b.m.virt, 1);
	make_wire(n);
	must(device_set(&n->b.pci->dev, "netdev", "wire", NULL) == 0);
}

void nic_fuzz(const struct device_class *class,
	      void (*begin)(struct nic_board *),
	      void (*const steps[])(struct nic_board *), size_t nsteps,
	      const uint8_t *data, size_t size)
{
	struct nic_board n = {.full = false};
	unsigned i;

	board_start_by(&n.b, class, DEVFN, data, size, plug_in, &n);
	class->reset(&n.b.pci->dev);
	begin(&n);
	for (i = 0; board_more(&n.b) && i < BOARD_OPS; i++)
		steps[board_take(&n.b, 1) % nsteps](&n);
	net_client_del(&n.wire);
	board_end(&n.b);
}
