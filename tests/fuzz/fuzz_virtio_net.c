/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzzes a virtio NIC by a hostile driver: bytes are what it writes to rings,
 * registers and configuration space, its kicks and commands, and packets that
 * come from the network.  No KVM.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "hw/pci_regs.h"
#include "hw/virtio_net.h"
#include "tests/fuzz/fuzz.h"
#include "vmm/endian.h"

#define RAM_SIZE (1u << 20)
#define DEVFN	 PCI_DEVFN(3, 0)
#define PORTS	 0xc000u
#define BAR	 0x30000000u
#define MSIX	 0x20000000u
#define RINGS	 0x10000u /* 4 KiB for each part */
#define DATA	 0x20000u
#define QUEUE	 16
#define QUEUES	 5
#define PAIRS	 2
#define OPS_MAX	 300
#define OFFERS	 (NET_CSUM | NET_TSO4 | NET_TSO6 | NET_ECN | NET_UFO)

/* The other end of the cable. */
struct wire {
	struct net_client client;
	struct net_port port[PAIRS];
	bool full;
	uint8_t sum; /* of all that was sent */
};

struct guest {
	struct machine m;
	struct net net;
	struct wire wire;
	struct ram_block *ram;
	struct gmem_map map;
	struct pci_bus bus;
	struct virtio_net *nic;
	const uint8_t *in, *end;
};

#define must(fine) ((fine) ? (void)0 : abort())

static bool receive(void *ctx, const struct net_packet *packet)
{
	struct wire *wire = ctx;
	size_t len = 0, k;
	unsigned i;

	if (wire->full)
		return false;
	for (i = 0; i < packet->niov; i++) {
		for (k = 0; k < packet->iov[i].iov_len; k++)
			wire->sum ^= ((uint8_t *)packet->iov[i].iov_base)[k];
		len += packet->iov[i].iov_len;
	}
	must(len == packet->len && len && len <= NET_PACKET);
	return true;
}

static unsigned offloads(void *ctx)
{
	return OFFERS;
}

static const struct net_port_ops wire_ops = {.receive = receive,
					     .offloads = offloads};

static uint32_t take(struct guest *g, unsigned n)
{
	uint32_t val = 0;

	while (n-- && g->in < g->end)
		val = val << 8 | *g->in++;
	return val;
}

static void mmio(struct guest *g, uint64_t addr, uint64_t val, unsigned size)
{
	bus_access(&g->m.mem, NULL, addr, &val, size, true);
}

static void port(struct guest *g, uint64_t addr, uint64_t val, unsigned size)
{
	bus_access(&g->m.io, NULL, addr, &val, size, true);
}

#define AT(f) (BAR + offsetof(struct virtio_pci_common_cfg, f))

static void place_queue(struct guest *g, unsigned n)
{
	unsigned i;

	mmio(g, AT(queue_select), n, 2);
	mmio(g, AT(queue_size), QUEUE, 2);
	for (i = 0; i < 3; i++)
		mmio(g, AT(queue_desc_lo) + 8 * (uint64_t)i,
		     RINGS + n * 0x3000 + i * 4096, 4);
	mmio(g, AT(queue_enable), 1, 2);
}

static void begin_modern(struct guest *g, uint8_t how)
{
	unsigned i;

	mmio(g, AT(device_status), 0, 1);
	mmio(g, AT(guest_feature_select), 0, 4);
	mmio(g, AT(guest_feature), how & 1 ? UINT32_MAX : (uint32_t)how << 11,
	     4);
	mmio(g, AT(guest_feature_select), 1, 4);
	mmio(g, AT(guest_feature), how & 2 ? 5 : 1, 4); /* packed; 1.0 */
	for (i = 0; i < QUEUES; i++)
		place_queue(g, i);
	mmio(g, AT(device_status), VIRTIO_CONFIG_S_DRIVER_OK, 1);
}

static void begin_legacy(struct guest *g, uint8_t how)
{
	unsigned i;

	port(g, PORTS + VIRTIO_PCI_STATUS, 0, 1);
	port(g, PORTS + VIRTIO_PCI_GUEST_FEATURES, how & 1 ? UINT32_MAX : 0, 4);
	for (i = 0; i < QUEUES; i++) {
		port(g, PORTS + VIRTIO_PCI_QUEUE_SEL, i, 2);
		port(g, PORTS + VIRTIO_PCI_QUEUE_PFN, (RINGS >> 12) + 3 * i, 4);
	}
	port(g, PORTS + VIRTIO_PCI_STATUS, VIRTIO_CONFIG_S_DRIVER_OK, 1);
}

static void begin(struct guest *g, uint8_t how)
{
	pci_config_write(&g->bus, DEVFN, PCI_BASE_ADDRESS_0, PORTS, 4);
	pci_config_write(&g->bus, DEVFN, PCI_BASE_ADDRESS_1, MSIX, 4);
	pci_config_write(&g->bus, DEVFN, PCI_BASE_ADDRESS_4, BAR, 4);
	pci_config_write(&g->bus, DEVFN, PCI_COMMAND, 7, 2);
	if (how & 4)
		begin_legacy(g, how);
	else
		begin_modern(g, how);
}

/* A descriptor, of either kind; addresses mostly within RAM. */
static void write_descriptor(struct guest *g)
{
	uint64_t at = RINGS + take(g, 1) % QUEUES * 0x3000;
	uint8_t raw[16];

	at += take(g, 1) % (2 * QUEUE) * 16;
	store_le64(raw, (uint64_t)take(g, 1) << 56 | take(g, 3));
	store_le32(raw + 8, take(g, 2));
	store_le16(raw + 12, (uint16_t)take(g, 2));
	store_le16(raw + 14, (uint16_t)take(g, 2));
	gmem_write(&g->m.gmem, at, raw, sizeof(raw));
}

static void write_ram(struct guest *g)
{
	uint64_t at = RINGS + take(g, 3) % (RAM_SIZE / 2);
	uint8_t byte;
	unsigned n = take(g, 1) % 32;

	while (n--) {
		byte = (uint8_t)take(g, 1);
		gmem_write(&g->m.gmem, at++, &byte, 1);
	}
}

static void make_available(struct guest *g)
{
	uint64_t ring = RINGS + take(g, 1) % QUEUES * 0x3000 + 4096;
	uint16_t idx = (uint16_t)take(g, 1), head = (uint16_t)take(g, 1);

	gmem_write(&g->m.gmem, ring + 4 + 2 * (idx % QUEUE), &head, 2);
	idx++;
	gmem_write(&g->m.gmem, ring + 2, &idx, 2);
}

/* What descriptors may find: a packet's header, or a command. */
static void write_header(struct guest *g)
{
	uint8_t raw[12];
	unsigned i;

	for (i = 0; i < sizeof(raw); i++)
		raw[i] = (uint8_t)take(g, 1);
	gmem_write(&g->m.gmem, DATA + take(g, 1) * 16, raw, sizeof(raw));
}

static void registers(struct guest *g)
{
	uint64_t off = take(g, 2), val = take(g, 4);
	unsigned size = 1u << take(g, 1) % 3;

	mmio(g, BAR + off % 0x4000, val, size);
	port(g, PORTS + off % 0x80, val, size);
	mmio(g, MSIX + (off % 0x1000 & ~7u), val, 4);
}

static void configuration(struct guest *g)
{
	unsigned off = take(g, 1), size = 1u << take(g, 1) % 3;

	pci_config_write(&g->bus, DEVFN, off, take(g, 4), size);
	pci_config_read(&g->bus, DEVFN, off, size);
}

static void kick(struct guest *g)
{
	unsigned n = take(g, 1) % QUEUES;

	mmio(g, BAR + VIRTIO_PCI_NOTIFY + n * VIRTIO_PCI_NOTIFY_STEP, n, 2);
	port(g, PORTS + VIRTIO_PCI_QUEUE_NOTIFY, n, 2);
	loop_turn(g->m.loop, 0);
}

/* From the network, in two pieces. */
static void packet(struct guest *g)
{
	static uint8_t data[NET_PACKET];
	struct net_port *from = &g->wire.port[take(g, 1) % PAIRS];
	struct iovec iov[2] = {{data, take(g, 1)}, {data, take(g, 2)}};
	struct net_packet p = {.iov = iov, .niov = 2};
	unsigned i;

	if (iov[1].iov_len > NET_PACKET - 256)
		iov[1].iov_len = NET_PACKET - 256;
	p.len = iov[0].iov_len + iov[1].iov_len;
	p.hdr.flags = (uint8_t)take(g, 1);
	p.hdr.gso_type = (uint8_t)take(g, 1);
	for (i = 0; i < 16; i++)
		data[i] = (uint8_t)take(g, 1);
	net_port_send(from, &p);
	net_port_flush(from);
}

static void wire(struct guest *g)
{
	unsigned how = take(g, 1);

	if (how & 1)
		net_set_link(&g->wire.client, how & 2);
	else
		g->wire.full = how & 2;
	if (!g->wire.full)
		net_port_ready(&g->wire.port[how >> 2 & 1]);
}

static void step(struct guest *g)
{
	switch (take(g, 1) % 12) {
	case 0:
		write_ram(g);
		break;
	case 1:
	case 2:
	case 3:
		write_descriptor(g);
		break;
	case 4:
		make_available(g);
		break;
	case 5:
		write_header(g);
		break;
	case 6:
		kick(g);
		break;
	case 7:
		packet(g);
		break;
	case 8:
		wire(g);
		break;
	case 9:
		registers(g);
		break;
	case 10:
		configuration(g);
		break;
	default:
		loop_turn(g->m.loop, 0);
		begin(g, (uint8_t)take(g, 1));
	}
}

static void start_wire(struct guest *g)
{
	struct wire *w = &g->wire;
	unsigned i;

	net_init(&g->net, g->m.loop, &g->m.virt);
	g->m.net = &g->net;
	w->client.name = (char *)(uintptr_t) "n0";
	w->client.kind = NET_TAP;
	w->client.port = w->port;
	w->client.nports = PAIRS;
	for (i = 0; i < PAIRS; i++)
		w->port[i] = (struct net_port){.ops = &wire_ops, .ctx = w};
	must(net_client_add(&g->net, &w->client, NULL) == 0);
}

static void start(struct guest *g)
{
	struct device *dev;

	must(machine_init(&g->m, NULL) == 0);
	g->m.loop = loop_new(NULL, NULL);
	g->ram = gmem_block_new(&g->m.gmem, "ram", RAM_SIZE, NULL);
	must(g->m.loop && g->ram &&
	     gmem_map(&g->m.gmem, &g->map, 0, g->ram, 0, RAM_SIZE, GMEM_RAM, 0,
		      NULL) == 0);
	g->m.state = RUN_STATE_RUNNING;
	start_wire(g);
	pci_bus_init(&g->bus, &g->m, "pci.0");
	dev = device_new(&g->m, &virtio_net_pci_class, NULL, NULL, NULL, NULL);
	must(dev != NULL);
	g->nic = (struct virtio_net *)dev;
	g->nic->vp.pci.bus = &g->bus;
	g->nic->vp.pci.devfn = DEVFN;
	must(device_set(dev, "netdev", "n0", NULL) == 0 &&
	     device_set(dev, "mq", "on", NULL) == 0 &&
	     device_set(dev, "packed", "on", NULL) == 0 &&
	     device_start(dev, NULL) == 0);
	dev->class->reset(dev);
}

static void end(struct guest *g)
{
	device_free(&g->nic->vp.pci.dev);
	net_client_del(&g->wire.client);
	loop_free(g->m.loop);
	gmem_unmap(&g->m.gmem, &g->map);
	machine_fini(&g->m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct guest g;
	unsigned n;

	g = (struct guest){.in = data, .end = data + size};
	start(&g);
	begin(&g, (uint8_t)take(&g, 1));
	for (n = 0; g.in < g.end && n < OPS_MAX; n++)
		step(&g);
	end(&g);
	return 0;
}
