/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the monitor shows of a virtio NIC's receive filter. */
#include <stdio.h>

#include "hw/virtio_net.h"

#define BACKEND	 "/virtio-backend" /* as users of qemu know it */
#define MAC_TEXT 18

/* Clients are told once, until they ask. */
void virtio_net_filter_changed(struct virtio_net *net)
{
	struct device *dev = &net->vp.pci.dev;
	char path[sizeof(dev->path) + sizeof(BACKEND)];
	json_t *data;

	virtio_net_io_update(net);
	if (net->filter_told || !dev->machine->monitors)
		return;
	net->filter_told = true;
	snprintf(path, sizeof(path), "%s" BACKEND, dev->path);
	data = json_pack("{s:s}", "path", path);
	if (dev->id)
		json_object_set_new(data, "name", json_string(dev->id));
	monitor_event(dev->machine, "NIC_RX_FILTER_CHANGED", data);
}

static json_t *mac_text(const uint8_t *mac)
{
	char text[MAC_TEXT];

	snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0],
		 mac[1], mac[2], mac[3], mac[4], mac[5]);
	return json_string(text);
}

static json_t *addresses(const struct virtio_net_filter *f, unsigned first,
			 unsigned n)
{
	json_t *list = json_array();
	unsigned i;

	for (i = first; i < first + n; i++)
		json_array_append_new(list, mac_text(f->table +
						     i * (size_t)NIC_MAC_LEN));
	return list;
}

static json_t *vlans(const struct virtio_net_filter *f)
{
	json_t *list = json_array();
	unsigned i;

	for (i = 0; i < VIRTIO_NET_VLANS; i++)
		if (f->vlan[i / 64] >> i % 64 & 1)
			json_array_append_new(list, json_integer(i));
	return list;
}

static const char *mode(bool none, bool all)
{
	if (none)
		return "none";
	return all ? "all" : "normal";
}

static json_t *describe(const struct virtio_net *net)
{
	const struct virtio_net_filter *f = &net->filter;
	bool tagged = virtio_net_has(net, VIRTIO_NET_F_CTRL_VLAN);
	json_t *o =
		json_pack("{s:s, s:b, s:s, s:s, s:s, s:b, s:b, s:b}", "name",
			  net->nic.client.name, "promiscuous", f->promisc,
			  "multicast", mode(f->nomulti, f->allmulti), "unicast",
			  mode(f->nouni, f->alluni), "vlan",
			  tagged ? "normal" : "all", "broadcast-allowed",
			  !f->nobcast, "multicast-overflow", f->multi_overflow,
			  "unicast-overflow", f->uni_overflow);

	json_object_set_new(o, "main-mac", mac_text(f->mac));
	json_object_set_new(o, "vlan-table", tagged ? vlans(f) : json_array());
	json_object_set_new(o, "unicast-table", addresses(f, 0, f->nuni));
	json_object_set_new(o, "multicast-table",
			    addresses(f, f->nuni, f->nmulti));
	return o;
}

static struct virtio_net *from_client(struct net_client *client)
{
	if (client->kind != NET_NIC ||
	    client->port[0].ops != &virtio_net_port_ops)
		return NULL;
	return container_of(client, struct virtio_net, nic.client);
}

static void query_filter(struct monitor_call *call)
{
	struct net *all = monitor_machine(call)->net;
	const char *name = monitor_arg_string(call, "name");
	struct net_client *client;
	struct virtio_net *net;
	json_t *list;

	client = name && all ? net_client_find(all, name) : NULL;
	if (name && (!client || !from_client(client))) {
		monitor_fail(call, "GenericError",
			     client ? "net client(%s) has no receive filter"
				    : "invalid net client name: %s",
			     name);
		return;
	}
	list = json_array();
	if (!all) {
		monitor_done(call, list);
		return;
	}
	list_for_each (client, &all->clients, struct net_client, link) {
		net = from_client(client);
		if (!net || (name && client != net_client_find(all, name)))
			continue;
		json_array_append_new(list, describe(net));
		net->filter_told = false;
	}
	monitor_done(call, list);
}

static const struct monitor_arg filter_args[] = {
	MONITOR_OPTIONAL_WORD("name", "the NIC [all]"),
	{.type = MONITOR_ARG_END},
};

const struct monitor_cmd virtio_net_monitor_cmds[] = {
	{.qmp = "query-rx-filter",
	 .help = "show what NICs receive",
	 .args = filter_args,
	 .run = query_filter},
	{.run = NULL},
};
