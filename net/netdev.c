/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What -netdev and netdev_add make, and netdev_del ends. */
#include "net/netdev.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/log.h"

static const struct net_driver *const drivers[] = {
	&net_bridge,
	&net_hubport,
	&net_tap,
	&net_user,
};

#define DRIVERS (sizeof(drivers) / sizeof(*drivers))

/* Kinds of qemu's that are not here. */
static const char *const later[] = {
	"dgram",  "l2tpv3", "netmap",	  "socket",
	"stream", "vde",    "vhost-user", "vhost-vdpa",
};

static int no_such_driver(const char *type, struct error *err)
{
	size_t i;

	for (i = 0; i < sizeof(later) / sizeof(*later); i++)
		if (!strcmp(later[i], type))
			return error_set(err, ENOTSUP, "type=%s: " OPT_LATER,
					 type);
	return error_set(err, EINVAL,
			 "type=%s: there is no such network; there are "
			 "bridge, hubport, tap and user",
			 type);
}

static const struct net_driver *find_driver(const char *type, struct error *err)
{
	size_t i;

	for (i = 0; i < DRIVERS; i++)
		if (!strcmp(drivers[i]->name, type))
			return drivers[i];
	no_such_driver(type, err);
	return NULL;
}

static int set_keys(const struct net_driver *driver, void *conf,
		    const struct opt_list *list, struct error *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < list->n && rc == 0; i++)
		if (strcmp(list->pair[i].key, "type") != 0 &&
		    strcmp(list->pair[i].key, "id") != 0)
			rc = opt_set(driver->keys, conf, list->pair[i].key,
				     list->pair[i].value, err);
	return rc;
}

static int check_id(struct net *net, const char *id, struct error *err)
{
	if (!id)
		return error_set(err, EINVAL, "id= is missing");
	if (net_client_find(net, id))
		return error_set(err, EEXIST, "there is a '%s' already", id);
	return 0;
}

int net_add(struct net *net, const struct opt_list *list, struct error *err)
{
	const char *type = opt_list_get(list, "type");
	const char *id = opt_list_get(list, "id");
	const struct net_driver *driver;
	void *conf;
	int rc = check_id(net, id, err);

	if (rc < 0)
		return rc;
	if (!type)
		return error_set(err, EINVAL, "type= is missing");
	driver = find_driver(type, err);
	if (!driver)
		return -EINVAL;
	conf = calloc(1, driver->conf_size);
	if (!conf)
		return error_set(err, ENOMEM, "out of memory");
	opt_defaults(driver->keys, conf);
	rc = set_keys(driver, conf, list, err);
	if (rc == 0)
		rc = driver->open(net, id, conf, err);
	opt_free(driver->keys, conf);
	free(conf);
	return rc;
}

int net_remove(struct net *net, const char *id, struct error *err)
{
	struct net_client *client = net_client_find(net, id);

	if (!client || client->kind == NET_NIC)
		return error_set(err, ENOENT, "there is no -netdev '%s'", id);
	net_client_del(client);
	client->close(client);
	return 0;
}

void net_check(struct net *net)
{
	struct net_client *client;

	net_hub_check(net);
	list_for_each (client, &net->clients, struct net_client, link)
		if (!client->port[0].peer)
			log_warn("%s %s has no peer",
				 client->kind == NET_NIC ? "nic" : "netdev",
				 client->name);
}
