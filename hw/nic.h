/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What all NICs have: an address, a cable, a place in the boot order.
 * Machine lock.
 */
#ifndef HW_NIC_H
#define HW_NIC_H

#include "hw/pci.h"
#include "net/net.h"
#include "vmm/device.h"

#define NIC_MAC_LEN 6

struct nic_props {
	char *mac; /* as typed; NULL: 52:54:00:12:34:56 and up */
	char *netdev;
	int64_t bootindex; /* -1: firmware decides */
};

#define NIC_PROPERTY(owner, key, kind, field) \
	.name = key, .type = kind, \
	.offset = offsetof(owner, props) + offsetof(struct nic_props, field)

/* For the table of a struct that has a struct nic_props called props. */
#define NIC_OPTS(owner) \
	{NIC_PROPERTY(owner, "mac", OPT_STRING, mac), \
	 .help = "the address that the guest sees"}, \
		{NIC_PROPERTY(owner, "netdev", OPT_STRING, netdev), \
		 .help = "id of a -netdev"}, \
	{ \
		NIC_PROPERTY(owner, "bootindex", OPT_I64, bootindex), \
			.min = (uint64_t)INT32_MIN, .max = INT32_MAX, \
			.dflt = "-1", \
			.help = "0 is booted from first, -1: as -boot says" \
	}

/* A NIC as the network sees it. */
struct nic {
	struct net_client client;
	struct device *dev;
	const char *model;
	uint8_t mac[NIC_MAC_LEN]; /* what it was born with */
};

/*
 * Takes address and cable of props.  ops and ctx are those of each of nports
 * ports, ctxs an array of one for each.  name is the model's, as `info
 * network` has it: "virtio-net-pci".
 */
int nic_init(struct nic *nic, struct device *dev, struct nic_props *props,
	     const char *model, const struct net_port_ops *ops, void **ctxs,
	     unsigned nports, struct error *err);
void nic_fini(struct nic *nic);
/* The address changed: `info network` shows it. */
void nic_set_mac(struct nic *nic, const uint8_t mac[NIC_MAC_LEN]);

/* The option ROM that romfile names, or else the model's, if it is installed.
 */
int nic_add_rom(struct pci_device *pci, const char *model, struct error *err);
/* For device_class.boot_path. */
int64_t nic_boot_path(const struct pci_device *pci,
		      const struct nic_props *props, char *buf, size_t size);

#endif
