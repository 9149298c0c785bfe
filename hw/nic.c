/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What all NICs have: an address, a cable, a name. */
#include "hw/nic.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/machine.h"

enum {
	MAC_TEXT = 17, /* letters of an address */
	MAC_MULTICAST = 1, /* in its first octet (IEEE 802, 8.2.2) */
	MAC_FIRST = 0x56, /* the last octet of the first default address */
};

static const uint8_t default_mac[NIC_MAC_LEN] = {0x52, 0x54, 0x00, 0x12, 0x34};

static bool mac_used(struct net *net, const uint8_t mac[NIC_MAC_LEN])
{
	struct net_client *client;

	if (!net)
		return false;
	list_for_each (client, &net->clients, struct net_client, link)
		if (client->kind == NET_NIC &&
		    !memcmp(container_of(client, struct nic, client)->mac, mac,
			    NIC_MAC_LEN))
			return true;
	return false;
}

static int default_address(struct nic *nic, struct net *net, struct error *err)
{
	unsigned n;

	memcpy(nic->mac, default_mac, NIC_MAC_LEN);
	for (n = MAC_FIRST; n <= UINT8_MAX; n++) {
		nic->mac[NIC_MAC_LEN - 1] = (uint8_t)n;
		if (!mac_used(net, nic->mac))
			return 0;
	}
	return error_set(err, ENOSPC,
			 "all default addresses are taken: say mac=");
}

static int parse_address(struct nic *nic, const char *text, struct error *err)
{
	static const struct opt_desc mac_opts[] = {
		{.name = "mac", .type = OPT_MAC},
		{.type = OPT_END},
	};
	int rc = opt_set(mac_opts, nic->mac, "mac", text, err);

	if (rc == 0 && nic->mac[0] & MAC_MULTICAST)
		rc = error_set(err, EINVAL,
			       "mac=%s: a NIC cannot have a multicast address",
			       text);
	return rc;
}

static char *choose_name(struct net *net, const struct device *dev,
			 const char *model)
{
	char name[64];
	unsigned n = 0;

	if (dev->id)
		return strdup(dev->id);
	do
		snprintf(name, sizeof(name), "%s.%u", model, n++);
	while (net && net_client_find(net, name));
	return strdup(name);
}

static void set_info(struct nic *nic, const char *model,
		     const uint8_t mac[NIC_MAC_LEN])
{
	snprintf(nic->client.info, sizeof(nic->client.info),
		 "index=0,type=nic,model=%s,"
		 "macaddr=%02x:%02x:%02x:%02x:%02x:%02x",
		 model, mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
}

void nic_set_mac(struct nic *nic, const uint8_t mac[NIC_MAC_LEN])
{
	set_info(nic, nic->model, mac);
}

static int make_ports(struct nic *nic, const struct net_port_ops *ops,
		      void **ctxs, unsigned nports)
{
	struct net_client *client = &nic->client;
	unsigned i;

	client->port = calloc(nports, sizeof(*client->port));
	if (!client->port)
		return -ENOMEM;
	client->nports = nports;
	for (i = 0; i < nports; i++)
		client->port[i] = (struct net_port){.ops = ops,
						    .ctx = ctxs[i],
						    .client = client};
	return 0;
}

int nic_init(struct nic *nic, struct device *dev, struct nic_props *props,
	     const char *model, const struct net_port_ops *ops, void **ctxs,
	     unsigned nports, struct error *err)
{
	struct net *net = dev->machine->net;
	int rc;

	memset(nic, 0, sizeof(*nic));
	list_init(&nic->client.link);
	nic->dev = dev;
	nic->model = model;
	nic->client.kind = NET_NIC;
	rc = props->mac ? parse_address(nic, props->mac, err)
			: default_address(nic, net, err);
	if (rc < 0)
		return rc;
	nic->client.name = choose_name(net, dev, model);
	if (!nic->client.name || make_ports(nic, ops, ctxs, nports) < 0) {
		rc = error_set(err, ENOMEM, "out of memory");
		goto fail;
	}
	nic_set_mac(nic, nic->mac);
	if (net)
		rc = net_client_add(net, &nic->client, err);
	if (rc == 0 && props->netdev)
		rc = net_attach_nic(net, &nic->client, props->netdev, err);
	if (rc == 0)
		return 0;
fail:
	nic_fini(nic);
	return rc;
}

void nic_fini(struct nic *nic)
{
	net_client_del(&nic->client);
	free(nic->client.port);
	free(nic->client.name);
}

int nic_add_rom(struct pci_device *pci, const char *model, struct error *err)
{
	struct error missing = {0};
	int rc;

	if (pci->romfile)
		return *pci->romfile ? pci_add_rom(pci, pci->romfile, err) : 0;
	/* Without a firmware directory (a device test) there is no ROM. */
	if (!pci->dev.machine->config)
		return 0;
	rc = pci_add_rom(pci, model, &missing);
	if (rc < 0 && rc != -ENOENT)
		return error_set(err, -rc, "%s", missing.msg);
	return 0;
}

int64_t nic_boot_path(const struct pci_device *pci,
		      const struct nic_props *props, char *buf, size_t size)
{
	size_t n;

	pci_firmware_path(pci, buf, size);
	n = strlen(buf);
	snprintf(buf + n, size - n, "/ethernet-phy@0");
	return props->bootindex;
}
