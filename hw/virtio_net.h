/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A NIC on virtio; Virtual I/O Device 1.1, 5.1.  virtio_net.c has the device,
 * virtio_net_io.c packets, virtio_net_filter.c which of them are for the
 * guest, virtio_net_control.c the control queue.
 *
 * Control queue and configuration belong to the machine lock.  A pair of
 * queues belongs to the loop that the other end of its cable belongs to: to an
 * I/O thread of its own between start and stop, if that end can be moved.
 */
#ifndef HW_VIRTIO_NET_H
#define HW_VIRTIO_NET_H

#include <linux/virtio_net.h>

#include "hw/nic.h"
#include "hw/virtio_pci.h"
#include "vmm/io_thread.h"
#include "vmm/monitor.h"

#define VIRTIO_NET_MACS	 64u /* in the receive filter's table */
#define VIRTIO_NET_VLANS 4096u
#define VIRTIO_NET_PAIRS ((VIRTIO_QUEUES - 1) / 2)
#define VIRTIO_NET_BATCH 32 /* packets that are given back at once */

struct virtio_net;

/* 5.1.6.5.1 and 5.1.6.5.2: what the driver wants to receive. */
struct virtio_net_filter {
	bool promisc, allmulti, alluni, nomulti, nouni, nobcast;
	bool multi_overflow, uni_overflow; /* more than the table holds */
	uint8_t mac[NIC_MAC_LEN];
	uint8_t nuni, nmulti; /* addresses in the table, in this order */
	uint8_t table[VIRTIO_NET_MACS * NIC_MAC_LEN];
	uint64_t vlan[VIRTIO_NET_VLANS / 64]; /* bit per VLAN */
};

/* The loop's. */
struct virtio_net_pair {
	struct virtio_net *net;
	unsigned n;
	struct net_port *port;
	struct io_thread *thread; /* NULL: none */
	struct loop *loop;
	bool running; /* takes and gives packets */
	struct virtq *rx, *tx;
	struct loop_fd *rx_kick, *tx_kick;
	struct loop_poller poller; /* while it runs */
	struct virtio_net_filter filter; /* a copy of the device's */
	unsigned header; /* bytes of it in the driver's buffers */
	bool mergeable;
	unsigned guest; /* NET_*: what the driver takes, and sends */
	unsigned host;
	/* Receiving. */
	bool rx_unsaid; /* buffers were given back, and the driver not told */
	bool rx_armed; /* the driver kicks when it brings more */
	bool starved; /* a packet waits for buffers */
	bool few; /* for more than there are; the driver kicks */
	struct virtq_buf *got[VIRTQ_SIZE_MAX]; /* for one packet */
	uint32_t written[VIRTQ_SIZE_MAX];
	/* Sending. */
	bool tx_armed, sending;
	struct virtq_buf *held; /* there was no room for it */
	struct net_packet packet; /* what is in that */
	struct virtq_buf *sent[VIRTIO_NET_BATCH];
	unsigned nsent;
};

struct virtio_net {
	struct virtio_pci vp;
	/* Properties. */
	struct nic_props props;
	bool on[64]; /* features, by their bits */
	uint16_t rx_size, tx_size, host_mtu;
	int64_t speed;
	char *duplex;

	struct nic nic;
	unsigned npairs; /* that the driver may use, at most */
	struct virtio_net_pair *pair; /* one for each port of the NIC */
	/* What the driver set; saved. */
	bool begun; /* what follows is the driver's, not the reset's */
	uint16_t active; /* pairs in use */
	uint64_t offloads; /* VIRTIO_NET_F_GUEST_* that it takes now */
	bool announce; /* it is to tell the network where it is */
	struct virtio_net_filter filter;

	bool announce_due; /* when the machine goes on */
	bool filter_told; /* by the event, until somebody asks */
	struct loop_fd *control_kick; /* in the main loop; NULL: stopped */
};

struct virtio_net *virtio_net_from(struct virtio *v);

static inline bool virtio_net_has(const struct virtio_net *net, unsigned bit)
{
	return net->vp.virtio.features & VIRTIO_BIT(bit);
}

/* The NIC's end of the cable, each pair's. */
extern const struct net_port_ops virtio_net_port_ops;

/* virtio_net_io.c.  Machine lock; each waits for the pairs' threads. */
int virtio_net_io_start(struct virtio *v, struct error *err);
void virtio_net_io_stop(struct virtio *v);
void virtio_net_io_resume(struct virtio *v);
/* Of the other end, all but those in use are switched off. */
void virtio_net_io_enable(struct virtio_net *net);
/* The driver chose another number of pairs: those before were used. */
void virtio_net_io_activate(struct virtio_net *net, unsigned before);
/* Filter or offloads changed. */
void virtio_net_io_update(struct virtio_net *net);
void virtio_net_io_fini(struct virtio_net *net);

/* virtio_net_rx.c and virtio_net_tx.c; the pair's thread. */

bool virtio_net_receive(void *ctx, const struct net_packet *packet);
void virtio_net_rx_flush(struct virtio_net_pair *p);
/* Asks for packets if there are buffers again; true: it did. */
bool virtio_net_rx_look(struct virtio_net_pair *p);
/* Sends what there is; true: there was something. */
bool virtio_net_tx_all(struct virtio_net_pair *p);
void virtio_net_tx_ready(struct virtio_net_pair *p);
void virtio_net_tx_stop(struct virtio_net_pair *p);
/* The NET_* that a kind of segments needs; more than there are: unknown. */
unsigned virtio_net_gso_offload(uint8_t type);

/* virtio_net_filter.c */
void virtio_net_filter_reset(struct virtio_net_filter *f,
			     const uint8_t mac[NIC_MAC_LEN]);
/* Is a packet that begins with head, of len bytes, for the guest?  Any thread.
 */
bool virtio_net_filter_takes(const struct virtio_net_filter *f,
			     const uint8_t *head, size_t len);
extern const struct state_field virtio_net_filter_fields[];

/* virtio_net_control.c */
unsigned virtio_net_control_queue(const struct virtio_net *net);
int virtio_net_control_start(struct virtio_net *net, struct error *err);
void virtio_net_control_stop(struct virtio_net *net);
/* The NET_* that stand for bits of the features, the driver's or ours. */
unsigned virtio_net_guest_offloads(uint64_t features);
unsigned virtio_net_host_offloads(uint64_t features);
/* The filter is another: clients of the monitor are told. */
void virtio_net_filter_changed(struct virtio_net *net);

/* By qemu's names; the last two are for drivers old and new, or new alone. */
extern const struct device_class virtio_net_pci_class,
	virtio_net_pci_transitional_class,
	virtio_net_pci_non_transitional_class;
extern const struct monitor_cmd virtio_net_monitor_cmds[];

#endif
