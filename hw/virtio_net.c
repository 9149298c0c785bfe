/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A NIC on virtio: properties, features, configuration.  Virtual I/O Device
 * 1.1, 5.1.  Not modelled: receive-side scaling, hash reports, coalescing of
 * segments by the device, standby for another NIC.
 */
#include "hw/virtio_net.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/config.h"
#include "vmm/endian.h"

#define MODEL	       "virtio-net-pci"
#define ROM_FILE       "efi-virtio.rom"
#define PCI_CLASS_NET  0x020000u
#define QUEUE_SIZE_MIN 256
#define CONTROL_SIZE   64
#define FEATURE_DUPLEX VIRTIO_NET_F_SPEED_DUPLEX
#define SPEED_UNKNOWN  UINT32_MAX
#define DUPLEX_UNKNOWN 0xff
#define DUPLEX_HALF    0
#define DUPLEX_FULL    1
#define MTU_MIN	       68 /* RFC 791: what IP asks for at least */

struct virtio_net *virtio_net_from(struct virtio *v)
{
	return container_of(v, struct virtio_net, vp.virtio);
}

/* What features come to when both ends have them. */
static const struct {
	unsigned bit, guest, host;
} meaning[] = {
	{.bit = VIRTIO_NET_F_CSUM, .host = NET_CSUM},
	{.bit = VIRTIO_NET_F_GSO, .host = NET_TSO4 | NET_TSO6 | NET_ECN},
	{.bit = VIRTIO_NET_F_HOST_TSO4, .host = NET_TSO4},
	{.bit = VIRTIO_NET_F_HOST_TSO6, .host = NET_TSO6},
	{.bit = VIRTIO_NET_F_HOST_ECN, .host = NET_ECN},
	{.bit = VIRTIO_NET_F_HOST_UFO, .host = NET_UFO},
	{.bit = VIRTIO_NET_F_GUEST_CSUM, .guest = NET_CSUM},
	{.bit = VIRTIO_NET_F_GUEST_TSO4, .guest = NET_TSO4},
	{.bit = VIRTIO_NET_F_GUEST_TSO6, .guest = NET_TSO6},
	{.bit = VIRTIO_NET_F_GUEST_ECN, .guest = NET_ECN},
	{.bit = VIRTIO_NET_F_GUEST_UFO, .guest = NET_UFO},
};

#define MEANINGS (sizeof(meaning) / sizeof(*meaning))

unsigned virtio_net_guest_offloads(uint64_t features)
{
	unsigned offloads = 0;
	size_t i;

	for (i = 0; i < MEANINGS; i++)
		if (features & VIRTIO_BIT(meaning[i].bit))
			offloads |= meaning[i].guest;
	return offloads;
}

unsigned virtio_net_host_offloads(uint64_t features)
{
	unsigned offloads = 0;
	size_t i;

	for (i = 0; i < MEANINGS; i++)
		if (features & VIRTIO_BIT(meaning[i].bit))
			offloads |= meaning[i].host;
	return offloads;
}

/* The other end of the cable must be able to do what is left to it. */
static uint64_t own_features(const struct virtio_net *net)
{
	unsigned peer = net_port_offloads(&net->nic.client.port[0]);
	uint64_t f = VIRTIO_BIT(VIRTIO_NET_F_MAC);
	unsigned bit;
	size_t i;

	for (bit = 0; bit < sizeof(net->on) / sizeof(*net->on); bit++)
		if (net->on[bit])
			f |= VIRTIO_BIT(bit);
	for (i = 0; i < MEANINGS; i++)
		if ((meaning[i].guest | meaning[i].host) & ~peer)
			f &= ~VIRTIO_BIT(meaning[i].bit);
	if (net->npairs < 2)
		f &= ~VIRTIO_BIT(VIRTIO_NET_F_MQ);
	if (net->host_mtu)
		f |= VIRTIO_BIT(VIRTIO_NET_F_MTU);
	if (net->speed >= 0 || net->duplex)
		f |= VIRTIO_BIT(VIRTIO_NET_F_SPEED_DUPLEX);
	return f;
}

#define AT(field) offsetof(struct virtio_net_config, field)

static uint8_t duplex_of(const struct virtio_net *net)
{
	if (!net->duplex)
		return DUPLEX_UNKNOWN;
	return strcmp(net->duplex, "full") ? DUPLEX_HALF : DUPLEX_FULL;
}

static void config(struct virtio *v, uint8_t *c)
{
	const struct virtio_net *net = virtio_net_from(v);
	uint16_t status = 0;

	if (net_port_is_up(&net->nic.client.port[0]))
		status |= VIRTIO_NET_S_LINK_UP;
	if (net->announce)
		status |= VIRTIO_NET_S_ANNOUNCE;
	memcpy(c + AT(mac), net->filter.mac, NIC_MAC_LEN);
	store_le16(c + AT(status), status);
	store_le16(c + AT(max_virtqueue_pairs), (uint16_t)net->npairs);
	store_le16(c + AT(mtu), net->host_mtu);
	store_le32(c + AT(speed),
		   net->speed < 0 ? SPEED_UNKNOWN : (uint32_t)net->speed);
	c[AT(duplex)] = duplex_of(net);
}

/* 5.1.4: before 1.0 the address was set here. */
static void config_written(struct virtio *v, const uint8_t *c, unsigned off,
			   unsigned len)
{
	struct virtio_net *net = virtio_net_from(v);

	if (virtio_is_modern(v) ||
	    virtio_net_has(net, VIRTIO_NET_F_CTRL_MAC_ADDR) ||
	    off >= AT(mac) + NIC_MAC_LEN)
		return;
	memcpy(net->filter.mac, c + AT(mac), NIC_MAC_LEN);
	nic_set_mac(&net->nic, net->filter.mac);
	virtio_net_io_update(net);
}

static void driver_reset(struct virtio *v)
{
	struct virtio_net *net = virtio_net_from(v);

	virtio_net_filter_reset(&net->filter, net->nic.mac);
	nic_set_mac(&net->nic, net->nic.mac);
	net->begun = net->announce = net->announce_due = false;
	net->offloads = 0;
	net->active = 1;
	virtio_net_io_enable(net);
}

static const struct virtio_kind kind = {
	.name = "virtio-net",
	.id = VIRTIO_ID_NET,
	.config_size = AT(duplex) + 1,
	.config = config,
	.config_written = config_written,
	.start = virtio_net_io_start,
	.stop = virtio_net_io_stop,
	.reset = driver_reset,
	.pause = virtio_net_io_stop,
	.resume = virtio_net_io_resume,
};

static int check_size(const char *name, unsigned size, struct error *err)
{
	if (size >= QUEUE_SIZE_MIN && size <= VIRTQ_SIZE_MAX &&
	    !(size & (size - 1)))
		return 0;
	return error_set(err, EINVAL,
			 "%s=%u: must be a power of two from %d to %d", name,
			 size, QUEUE_SIZE_MIN, VIRTQ_SIZE_MAX);
}

static int check(const struct virtio_net *net, struct error *err)
{
	int rc = check_size("rx_queue_size", net->rx_size, err);

	if (rc == 0)
		rc = check_size("tx_queue_size", net->tx_size, err);
	if (rc == 0 && net->duplex && strcmp(net->duplex, "full") != 0 &&
	    strcmp(net->duplex, "half") != 0)
		rc = error_set(err, EINVAL,
			       "duplex=%s: must be 'half' or 'full'",
			       net->duplex);
	if (rc == 0 && net->host_mtu && net->host_mtu < MTU_MIN)
		rc = error_set(err, EINVAL, "host_mtu=%u: must be at least %d",
			       net->host_mtu, MTU_MIN);
	return rc;
}

/* A port for each queue of the -netdev, though the driver may use but one. */
static unsigned port_count(const struct virtio_net *net)
{
	struct net *all = net->vp.pci.dev.machine->net;
	const struct net_client *to = NULL;

	if (all && net->props.netdev)
		to = net_client_find(all, net->props.netdev);
	if (!to || !to->nports)
		return 1;
	return to->nports < VIRTIO_NET_PAIRS ? to->nports : VIRTIO_NET_PAIRS;
}

static int make_nic(struct virtio_net *net, struct error *err)
{
	struct device *dev = &net->vp.pci.dev;
	unsigned n = port_count(net), i;
	void **ctx = calloc(n, sizeof(*ctx));
	int rc;

	net->pair = calloc(n, sizeof(*net->pair));
	if (!ctx || !net->pair) {
		free(ctx);
		return error_set(err, ENOMEM, "out of memory");
	}
	for (i = 0; i < n; i++)
		ctx[i] = &net->pair[i];
	rc = nic_init(&net->nic, dev, &net->props, MODEL, &virtio_net_port_ops,
		      ctx, n, err);
	free(ctx);
	if (rc < 0)
		return rc;
	for (i = 0; i < n; i++) {
		net->pair[i].net = net;
		net->pair[i].n = i;
		net->pair[i].port = &net->nic.client.port[i];
	}
	net->npairs = net->on[VIRTIO_NET_F_MQ] ? n : 1;
	return 0;
}

static void size_queue(struct virtq *vq, uint16_t size)
{
	vq->size_max = size;
	virtq_reset(vq);
}

static int make_queues(struct virtio_net *net, struct error *err)
{
	struct virtio *v = &net->vp.virtio;
	unsigned i, n = 2 * net->npairs + 1;
	int rc = virtio_init(v, &kind, &net->vp.pci.dev, 0, n, VIRTQ_SIZE_MAX,
			     VIRTQ_SIZE_MAX, sizeof(struct virtq_buf), err);

	if (rc < 0)
		return rc;
	for (i = 0; i + 1 < n; i += 2) {
		size_queue(&v->queue[i], net->rx_size);
		size_queue(&v->queue[i + 1], net->tx_size);
	}
	size_queue(&v->queue[n - 1], CONTROL_SIZE);
	v->offered = virtio_pci_features(&net->vp) | own_features(net);
	return 0;
}

static void free_nic(struct virtio_net *net)
{
	nic_fini(&net->nic);
	free(net->pair);
	net->pair = NULL;
}

static int init(struct device *dev, struct error *err)
{
	struct virtio_net *net = (struct virtio_net *)dev;
	int rc = check(net, err);

	if (rc < 0)
		return rc;
	if (dev->class == &virtio_net_pci_non_transitional_class)
		virtio_pci_modern_only(&net->vp);
	rc = make_nic(net, err);
	if (rc < 0) {
		free(net->pair);
		return rc;
	}
	net->active = 1;
	rc = make_queues(net, err);
	if (rc < 0)
		goto no_queues;
	rc = virtio_pci_init(&net->vp, PCI_CLASS_NET, err);
	if (rc < 0)
		goto no_pci;
	rc = nic_add_rom(&net->vp.pci, ROM_FILE, err);
	if (rc == 0)
		return 0;
	virtio_pci_fini(&net->vp);
no_pci:
	virtio_fini(&net->vp.virtio);
no_queues:
	free_nic(net);
	return rc;
}

static void fini(struct device *dev)
{
	struct virtio_net *net = (struct virtio_net *)dev;

	virtio_pci_fini(&net->vp);
	virtio_net_io_fini(net);
	free_nic(net);
}

static int64_t boot_path(const struct device *dev, char *buf, size_t size)
{
	const struct virtio_net *net = (const struct virtio_net *)dev;

	return nic_boot_path(&net->vp.pci, &net->props, buf, size);
}

/* What a state says is no more to be believed than what a driver does. */
static void restored(void *dev)
{
	struct virtio_net *net = dev;
	struct virtio_net_filter *f = &net->filter;

	if (f->nuni + f->nmulti > (int)VIRTIO_NET_MACS)
		f->nuni = f->nmulti = 0;
	if (net->active > net->npairs)
		net->active = (uint16_t)net->npairs;
	nic_set_mac(&net->nic, f->mac);
	virtio_pci_restored(dev);
	net->announce_due = virtio_net_has(net, VIRTIO_NET_F_GUEST_ANNOUNCE) &&
			    virtio_net_has(net, VIRTIO_NET_F_CTRL_VQ);
}

#define PROPERTY(key, kind_, field) \
	.name = key, .type = kind_, .offset = offsetof(struct virtio_net, field)
#define FEATURE(key, bit, text) \
	{ \
		PROPERTY(key, OPT_BOOL, on[VIRTIO_NET_F_##bit]), \
			.dflt = "on", .help = "offer " text \
	}

/* clang-format off */
#define OPTS \
	NIC_OPTS(struct virtio_net), \
	FEATURE("csum", CSUM, "to compute checksums of what is sent"), \
	FEATURE("gso", GSO, "to cut what is sent, to old drivers"), \
	FEATURE("host_tso4", HOST_TSO4, "to cut segments of TCP over IPv4"), \
	FEATURE("host_tso6", HOST_TSO6, "to cut segments of TCP over IPv6"), \
	FEATURE("host_ecn", HOST_ECN, "to cut segments with congestion marks"), \
	FEATURE("host_ufo", HOST_UFO, "to cut datagrams of UDP"), \
	FEATURE("guest_csum", GUEST_CSUM, "packets without checksums"), \
	FEATURE("guest_tso4", GUEST_TSO4, "long segments of TCP over IPv4"), \
	FEATURE("guest_tso6", GUEST_TSO6, "long segments of TCP over IPv6"), \
	FEATURE("guest_ecn", GUEST_ECN, "long segments with congestion marks"), \
	FEATURE("guest_ufo", GUEST_UFO, "long datagrams of UDP"), \
	FEATURE("mrg_rxbuf", MRG_RXBUF, "packets in more than one buffer"), \
	FEATURE("status", STATUS, "to tell of the link"), \
	FEATURE("ctrl_vq", CTRL_VQ, "a control queue"), \
	FEATURE("ctrl_rx", CTRL_RX, "to filter what is received"), \
	FEATURE("ctrl_rx_extra", CTRL_RX_EXTRA, "more modes of that filter"), \
	FEATURE("ctrl_vlan", CTRL_VLAN, "to filter VLANs"), \
	FEATURE("ctrl_mac_addr", CTRL_MAC_ADDR, "to change the address"), \
	FEATURE("ctrl_guest_offloads", CTRL_GUEST_OFFLOADS, "to switch the guest_ properties at any time"), \
	FEATURE("guest_announce", GUEST_ANNOUNCE, "to ask the guest to tell the network where it is"), \
	{PROPERTY("mq", OPT_BOOL, on[VIRTIO_NET_F_MQ]), .dflt = "off", \
	 .help = "offer as many queues as the -netdev has"}, \
	{PROPERTY("rx_queue_size", OPT_U16, rx_size), .dflt = "256", \
	 .help = "buffers in a queue to receive"}, \
	{PROPERTY("tx_queue_size", OPT_U16, tx_size), .dflt = "256", \
	 .help = "buffers in a queue to send"}, \
	{PROPERTY("host_mtu", OPT_U16, host_mtu), .dflt = "0", \
	 .help = "MTU that the guest is told, 0: none"}, \
	{PROPERTY("speed", OPT_I64, speed), .min = (uint64_t)-1, \
	 .max = INT32_MAX, .dflt = "-1", \
	 .help = "Mbit/s that the guest is told, -1: none"}, \
	{PROPERTY("duplex", OPT_STRING, duplex), \
	 .help = "half or full: what the guest is told"}, \
	REFUSED_BUT("failover", "off false no n"), \
	REFUSED_BUT("guest_rsc_ext", "off false no n"), \
	REFUSED_BUT("hash", "off false no n"), \
	REFUSED_BUT("rsc_interval", "300000"), \
	REFUSED_BUT("rss", "off false no n"), \
	REFUSED_FOR("tx", "bh", "packets are sent at once (\"bh\"), never by a timer"), \
	REFUSED_BUT("x-txburst", "256"), \
	REFUSED_BUT("x-txtimer", "150000")

static const struct opt_desc opts[] = {
	VIRTIO_PCI_OPTS,
	OPTS,
	{.type = OPT_END},
};

/* Of those whose names say which drivers they are for. */
static const struct opt_desc named_opts[] = {
	VIRTIO_PCI_OTHER_OPTS,
	OPTS,
	{.type = OPT_END},
};
/* clang-format on */

static const struct state_field fields[] = {
	VIRTIO_PCI_STATE,
	{STATE_ELEM(STATE_BOOL, struct virtio_net, begun)},
	{STATE_ELEM(STATE_U16, struct virtio_net, active), .lo = 1,
	 .hi = VIRTIO_NET_PAIRS},
	{STATE_ELEM(STATE_U64, struct virtio_net, offloads)},
	{STATE_ELEM(STATE_BOOL, struct virtio_net, announce)},
	{STATE_ELEM(STATE_STRUCT, struct virtio_net, filter),
	 .sub = virtio_net_filter_fields},
	{.kind = STATE_END},
};

static const struct state_desc state = {.name = "virtio-net",
					.version = 1,
					.fields = fields,
					.restored = restored};

#define CLASS(name_, desc_, opts_) \
	{ \
		.name = name_, .desc = desc_, .opts = opts_, \
		.bus = DEVICE_PCI, .user = true, \
		.size = sizeof(struct virtio_net), .state = &state, \
		.boot_path = boot_path, .init = init, \
		.reset = virtio_pci_reset, .fini = fini \
	}

const struct device_class virtio_net_pci_class =
	CLASS(MODEL, "virtio NIC", opts);
const struct device_class virtio_net_pci_transitional_class =
	CLASS(MODEL "-transitional", "virtio NIC, for drivers old and new",
	      named_opts);
const struct device_class virtio_net_pci_non_transitional_class =
	CLASS(MODEL "-non-transitional",
	      "virtio NIC, for drivers of virtio 1.0 and later", named_opts);
