/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A NIC on virtio in slot 3, on a wire of the test's, for device tests. */
#ifndef TESTS_DEVICE_VIRTIO_NIC_H
#define TESTS_DEVICE_VIRTIO_NIC_H

#include "hw/virtio_net.h"
#include "tests/device/net_wire.h"
#include "tests/device/virtio_driver.h"

#define NIC_DEVFN   PCI_DEVFN(3, 0)
#define NIC_IRQ	    11 /* recorded */
#define NIC_BUFFERS 0x800000u /* where drivers receive, 64 KiB for each */
#define NIC_PACKETS 0x600000u /* where they have what they send */
#define NIC_QUEUES  9
#define NIC_RING    64 /* descriptors in a modern driver's ring */
#define NIC_V1	    VIRTIO_BIT(VIRTIO_F_VERSION_1)

struct nic_test {
	struct harness h;
	struct pci_bus bus;
	struct net_wire *wire;
	struct virtio_net *net;
	struct driver d; /* registers */
	struct driver q[NIC_QUEUES]; /* the same, for each queue */
	unsigned header; /* bytes, as agreed on */
	gpa_t receives[VIRTQ_SIZE_MAX]; /* by buffer id: where */
	unsigned nbuffers; /* that were offered so far */
	uint8_t data[NET_PACKET + 64];
};

extern struct nic_test nic;

/* Pairs of property and value, up to a NULL; or NULL.  With a wire of queues,
 * which offers what has to be done. */
void nic_set_up(const char *const *properties, unsigned queues,
		unsigned offloads);
void nic_tear_down(void);

/* A driver that knows features, ready; its queues are empty. */
void nic_begin(bool legacy, uint64_t features);
/* The same but for the last step: DRIVER_OK. */
void nic_agree(bool legacy, uint64_t features);
/* The loop's turns that are needed to see what happened. */
void nic_settle(void);

/* Sends a packet of len bytes of data, with hdr (NULL: zeros). */
void nic_send(unsigned queue, const void *data, size_t len,
	      const struct virtio_net_hdr *hdr);
/* Gives a buffer of len bytes to receive. */
void nic_offer(unsigned queue, uint32_t len);
/* The next packet that came to the driver, in nic.data, header first; 0: none.
 */
size_t nic_take(unsigned queue);
/* A command with its data; the status, -1: no answer. */
int nic_control(uint8_t class, uint8_t command, const void *data, size_t len);

#endif
