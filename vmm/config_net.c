/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -netdev, -nic and -net, which all come down to ways out and to NICs: what
 * older command lines put on a vlan is at the ports of a hub.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/cmdline.h"
#include "vmm/device.h"

#define NIC_DEFAULT "e1000"
#define ID_MAX	    128

/* -net nic, and what -nic has beside the keys of its way out. */
struct nic_option {
	char *type, *netdev, *mac, *model, *name, *addr, *vectors;
	int64_t vlan; /* -1: not given */
};

#define NIC_KEY(key, kind, field) \
	.name = key, .type = kind, .offset = offsetof(struct nic_option, field)

const struct opt_desc net_nic_opts[] = {
	{NIC_KEY("type", OPT_STRING, type), .help = "nic"},
	{NIC_KEY("vlan", OPT_I64, vlan), .max = INT32_MAX,
	 .help = "the hub that it is at [0]"},
	{NIC_KEY("netdev", OPT_STRING, netdev),
	 .help = "the -netdev that it is at, instead of a hub"},
	{NIC_KEY("macaddr", OPT_STRING, mac), .help = "its address"},
	{NIC_KEY("model", OPT_STRING, model),
	 .help = "what it is [e1000]; help lists the models"},
	{NIC_KEY("name", OPT_STRING, name), .help = "its id"},
	{NIC_KEY("addr", OPT_STRING, addr),
	 .help = "slot[.function] on the PCI bus"},
	{NIC_KEY("vectors", OPT_STRING, vectors),
	 .help = "MSI-X vectors, where the model has these"},
	{.type = OPT_END},
};

static const struct opt_desc nic_opts[] = {
	{NIC_KEY("mac", OPT_STRING, mac)},
	{NIC_KEY("model", OPT_STRING, model)},
	{NIC_KEY("addr", OPT_STRING, addr)},
	{NIC_KEY("vectors", OPT_STRING, vectors)},
	{.type = OPT_END},
};

/* The caller fills its list, and must count it then. */
static struct net_conf *grow(struct net_confs *confs, const char *option,
			     const char *arg, struct error *err)
{
	struct net_conf *grown =
		realloc(confs->conf, (confs->n + 1) * sizeof(*grown));
	size_t size = strlen(option) + strlen(arg) + 2;
	char *text = malloc(size);

	if (grown)
		confs->conf = grown;
	if (!grown || !text) {
		free(text);
		error_set(err, ENOMEM, "out of memory");
		return NULL;
	}
	snprintf(text, size, "%s %s", option, arg);
	grown[confs->n] = (struct net_conf){.option = text};
	return &grown[confs->n++];
}

static bool id_taken(const struct config *c, const char *id)
{
	const char *other;
	unsigned i;

	for (i = 0; i < c->netdevs.n; i++) {
		other = opt_list_get(&c->netdevs.conf[i].list, "id");
		if (other && !strcmp(other, id))
			return true;
	}
	return false;
}

static struct net_conf *new_netdev(struct config *c, const char *option,
				   const char *arg, const char *type,
				   const char *id, struct error *err)
{
	struct net_conf *conf;

	if (opt_check_id(id, err) < 0)
		return NULL;
	if (id_taken(c, id)) {
		error_set(err, EEXIST, "id=%s is taken already", id);
		return NULL;
	}
	conf = grow(&c->netdevs, option, arg, err);
	if (!conf || opt_list_add(&conf->list, "type", type, err) < 0 ||
	    opt_list_add(&conf->list, "id", id, err) < 0)
		return NULL;
	return conf;
}

/* A port of a hub, with netdev at it or (NULL) with room for a NIC. */
static int new_port(struct config *c, const char *option, const char *arg,
		    unsigned hub, const char *netdev, char *id, size_t size,
		    struct error *err)
{
	struct net_conf *conf;
	char number[16];
	unsigned n = 0;
	int rc;

	do
		snprintf(id, size, "hub%uport%u", hub, n++);
	while (id_taken(c, id));
	snprintf(number, sizeof(number), "%u", hub);
	conf = new_netdev(c, option, arg, "hubport", id, err);
	if (!conf)
		return -EINVAL;
	rc = opt_list_add(&conf->list, "hubid", number, err);
	if (rc == 0 && netdev)
		rc = opt_list_add(&conf->list, "netdev", netdev, err);
	return rc;
}

static const struct device_class *find_model(const char *model,
					     struct error *err)
{
	const struct device_class *class = device_class_find(
		!strcmp(model, "virtio") ? "virtio-net-pci" : model);
	char list[200] = "";
	size_t i, at = 0;

	if (class && device_class_is_nic(class))
		return class;
	for (i = 0; device_classes[i] && at < sizeof(list); i++)
		if (device_class_is_nic(device_classes[i]))
			at += (size_t)snprintf(list + at, sizeof(list) - at,
					       "%s%s", at ? ", " : "",
					       device_classes[i]->name);
	error_set(err, EINVAL, "model=%s: there is no such NIC; there are %s%s",
		  model, list, strstr(list, "virtio") ? " (or virtio)" : "");
	return NULL;
}

static int add_if(struct opt_list *list, const struct opt_desc *opts,
		  const char *key, const char *value, struct error *err)
{
	if (!value || !opt_find(opts, key))
		return 0;
	return opt_list_add(list, key, value, err);
}

/* A NIC as -device has it; properties that its model has not are left out. */
static int new_nic(struct net_confs *nics, const char *option, const char *arg,
		   const struct nic_option *nic, const char *netdev,
		   struct error *err)
{
	const struct device_class *class =
		find_model(nic->model ? nic->model : NIC_DEFAULT, err);
	struct net_conf *conf;
	int rc;

	if (!class || (nic->name && opt_check_id(nic->name, err) < 0))
		return -EINVAL;
	conf = grow(nics, option, arg, err);
	if (!conf)
		return -ENOMEM;
	rc = opt_list_add(&conf->list, "driver", class->name, err);
	if (rc == 0 && nic->name)
		rc = opt_list_add(&conf->list, "id", nic->name, err);
	if (rc == 0)
		rc = add_if(&conf->list, class->opts, "netdev", netdev, err);
	if (rc == 0)
		rc = add_if(&conf->list, class->opts, "mac", nic->mac, err);
	if (rc == 0)
		rc = add_if(&conf->list, class->opts, "addr", nic->addr, err);
	if (rc == 0)
		rc = add_if(&conf->list, class->opts, "vectors", nic->vectors,
			    err);
	return rc;
}

static int split(const char *arg, struct opt_list *list, struct error *err)
{
	int rc = *arg == '{' ? opt_split_json(arg, list, err)
			     : opt_split(arg, "type", list, err);

	if (rc == 0 && !opt_list_get(list, "type")) {
		rc = error_set(err, EINVAL, "type= is missing");
		opt_list_free(list);
	}
	return rc;
}

int config_add_netdev(struct config *c, const struct cmdline_opt *o,
		      const char *arg, struct error *err)
{
	struct net_conf *conf;
	const char *id;
	int rc;

	c->net_given = true;
	conf = grow(&c->netdevs, "-netdev", arg, err);
	if (!conf)
		return -ENOMEM;
	c->netdevs.n--;
	rc = split(arg, &conf->list, err);
	if (rc < 0) {
		free(conf->option);
		return rc;
	}
	id = opt_list_get(&conf->list, "id");
	if (!id)
		rc = error_set(err, EINVAL, "id= is missing");
	else if (id_taken(c, id))
		rc = error_set(err, EEXIST, "id=%s is taken already", id);
	else
		rc = opt_check_id(id, err);
	c->netdevs.n++;
	return rc;
}

static bool among(const char *key, const char *const *keys)
{
	while (*keys && strcmp(*keys, key) != 0)
		keys++;
	return *keys;
}

/* The way out of a -net or -nic: all of list but the keys left out. */
static int add_way_out(struct config *c, const char *option, const char *arg,
		       const struct opt_list *list, const char *id,
		       const char *const *but, struct error *err)
{
	const char *type = opt_list_get(list, "type");
	struct net_conf *conf = new_netdev(c, option, arg, type, id, err);
	size_t i;
	int rc = 0;

	if (!conf)
		return -EINVAL;
	for (i = 0; i < list->n && rc == 0; i++)
		if (!among(list->pair[i].key, but))
			rc = opt_list_add(&conf->list, list->pair[i].key,
					  list->pair[i].value, err);
	return rc;
}

/* The name that was given, or "tap.0". */
static void choose_id(const struct config *c, const struct opt_list *list,
		      char *id, size_t size)
{
	const char *given = opt_list_get(list, "id");
	unsigned n = 0;

	if (!given)
		given = opt_list_get(list, "name");
	if (given) {
		snprintf(id, size, "%s", given);
		return;
	}
	do
		snprintf(id, size, "%s.%u", opt_list_get(list, "type"), n++);
	while (id_taken(c, id));
}

static int parse_vlan(const struct opt_list *list, unsigned *vlan,
		      struct error *err)
{
	const char *text = opt_list_get(list, "vlan");
	struct nic_option nic = {.vlan = 0};
	int rc = text ? opt_set(net_nic_opts, &nic, "vlan", text, err) : 0;

	if (rc == 0 && nic.vlan < 0)
		rc = error_set(err, EINVAL, "vlan=%s: hubs count from 0", text);
	*vlan = (unsigned)nic.vlan;
	return rc;
}

static int net_nic(struct config *c, const char *arg,
		   const struct opt_list *list, struct error *err)
{
	struct nic_option nic = {.vlan = -1};
	char port[ID_MAX] = "";
	int rc = opt_set_all(net_nic_opts, &nic, list, err);

	if (rc == 0 && nic.netdev && nic.vlan >= 0)
		rc = error_set(err, EINVAL,
			       "netdev= and vlan= cannot go together");
	if (rc == 0 && !nic.netdev)
		rc = new_port(c, "-net", arg,
			      nic.vlan < 0 ? 0 : (unsigned)nic.vlan, NULL, port,
			      sizeof(port), err);
	if (rc == 0)
		rc = new_nic(&c->net_nics, "-net", arg, &nic,
			     nic.netdev ? nic.netdev : port, err);
	opt_free(net_nic_opts, &nic);
	return rc;
}

static int net_way_out(struct config *c, const char *arg,
		       const struct opt_list *list, struct error *err)
{
	static const char *const but[] = {"type", "id", "name", "vlan", NULL};
	char id[ID_MAX], port[ID_MAX];
	unsigned vlan;
	int rc = parse_vlan(list, &vlan, err);

	if (rc < 0)
		return rc;
	choose_id(c, list, id, sizeof(id));
	rc = add_way_out(c, "-net", arg, list, id, but, err);
	return rc < 0 ? rc
		      : new_port(c, "-net", arg, vlan, id, port, sizeof(port),
				 err);
}

int config_add_net(struct config *c, const struct cmdline_opt *o,
		   const char *arg, struct error *err)
{
	struct opt_list list;
	const char *type;
	int rc = split(arg, &list, err);

	if (rc < 0)
		return rc;
	c->net_given = true;
	type = opt_list_get(&list, "type");
	if (!strcmp(type, "none"))
		rc = 0;
	else if (!strcmp(type, "nic"))
		rc = net_nic(c, arg, &list, err);
	else if (!strcmp(type, "hubport"))
		rc = error_set(err, EINVAL,
			       "hubports are for -netdev; here it is vlan=");
	else
		rc = net_way_out(c, arg, &list, err);
	opt_list_free(&list);
	return rc;
}

static int nic_and_way_out(struct config *c, const char *arg,
			   const struct opt_list *list, struct error *err)
{
	static const char *const but[] = {"type", "id",	     "mac", "model",
					  "addr", "vectors", NULL};
	struct nic_option nic = {.vlan = -1};
	char id[ID_MAX];
	size_t i;
	int rc = 0;

	for (i = 0; i < list->n && rc == 0; i++)
		if (opt_find(nic_opts, list->pair[i].key))
			rc = opt_set(nic_opts, &nic, list->pair[i].key,
				     list->pair[i].value, err);
	choose_id(c, list, id, sizeof(id));
	if (rc == 0)
		rc = add_way_out(c, "-nic", arg, list, id, but, err);
	if (rc == 0)
		rc = new_nic(&c->nics, "-nic", arg, &nic, id, err);
	opt_free(nic_opts, &nic);
	return rc;
}

int config_add_nic(struct config *c, const struct cmdline_opt *o,
		   const char *arg, struct error *err)
{
	struct opt_list list;
	int rc = split(arg, &list, err);

	if (rc < 0)
		return rc;
	c->net_given = true;
	if (strcmp(opt_list_get(&list, "type"), "none") != 0)
		rc = nic_and_way_out(c, arg, &list, err);
	opt_list_free(&list);
	return rc;
}

static bool has_kind(const char *name)
{
	const struct netdev_kind *k;

	for (k = netdev_kinds; k->name; k++)
		if (!strcmp(k->name, name))
			return true;
	return false;
}

/* What was not built would be an error that nobody asked for. */
static bool default_network(const struct config *c)
{
	return !c->net_given && !c->nodefaults &&
	       device_class_find(NIC_DEFAULT) && has_kind("user");
}

int config_complete_net(struct config *c, struct error *err)
{
	struct net_conf *grown;
	int rc;

	if (default_network(c) &&
	    ((rc = config_add_net(c, NULL, "nic", err)) < 0 ||
	     (rc = config_add_net(c, NULL, "user,lazy=on", err)) < 0))
		return rc;
	if (!c->net_nics.n)
		return 0;
	grown = realloc(c->nics.conf,
			(c->nics.n + c->net_nics.n) * sizeof(*grown));
	if (!grown)
		return error_set(err, ENOMEM, "out of memory");
	memcpy(grown + c->nics.n, c->net_nics.conf,
	       c->net_nics.n * sizeof(*grown));
	c->nics.conf = grown;
	c->nics.n += c->net_nics.n;
	free(c->net_nics.conf);
	c->net_nics = (struct net_confs){0};
	return 0;
}

static void free_confs(struct net_confs *confs)
{
	unsigned i;

	for (i = 0; i < confs->n; i++) {
		free(confs->conf[i].option);
		opt_list_free(&confs->conf[i].list);
	}
	free(confs->conf);
	*confs = (struct net_confs){0};
}

void config_free_net(struct config *c)
{
	free_confs(&c->netdevs);
	free_confs(&c->nics);
	free_confs(&c->net_nics);
}
