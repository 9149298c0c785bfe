/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What -netdev, -nic and -net come down to. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/user.h"
#include "tests/unit/unit.h"
#include "vmm/config.h"

static struct config c;

/* Words with a blank between. */
static int parse(const char *line, struct error *err)
{
	char copy[512], *argv[32] = {(char *)(uintptr_t) "pcvm"}, *rest = copy;
	int argc = 1;

	snprintf(copy, sizeof(copy), "%s", line);
	while (rest && *rest)
		argv[argc++] = strsep(&rest, " ");
	return config_parse(&c, argc, argv, err);
}

static void good(const char *line)
{
	struct error err = {0};

	ck_assert_msg(parse(line, &err) == 0, "%s: %s", line, err.msg);
}

/* "key=value,..." of what there is, in the order given. */
static void has(const struct net_confs *confs, unsigned n, const char *want)
{
	char text[512] = "";
	const struct opt_list *list = &confs->conf[n].list;
	size_t i, at = 0;

	ck_assert_uint_lt(n, confs->n);
	for (i = 0; i < list->n; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%s=%s",
				       i ? "," : "", list->pair[i].key,
				       list->pair[i].value);
	ck_assert_str_eq(text, want);
}

START_TEST(net_is_a_hub_for_each_vlan)
{
	good("-net nic,model=virtio,macaddr=52:54:00:00:00:11,vectors=4,"
	     "name=first -net tap,script=no -net nic,vlan=1,model=virtio "
	     "-net user,vlan=1,name=u,restrict=on");
	ck_assert_uint_eq(c.nics.n, 2);
	has(&c.nics, 0,
	    "driver=virtio-net-pci,id=first,netdev=hub0port0,"
	    "mac=52:54:00:00:00:11,vectors=4");
	has(&c.nics, 1, "driver=virtio-net-pci,netdev=hub1port0");
	ck_assert_uint_eq(c.netdevs.n, 6);
	has(&c.netdevs, 0, "type=hubport,id=hub0port0,hubid=0");
	has(&c.netdevs, 1, "type=tap,id=tap.0,script=no");
	has(&c.netdevs, 2, "type=hubport,id=hub0port1,hubid=0,netdev=tap.0");
	has(&c.netdevs, 3, "type=hubport,id=hub1port0,hubid=1");
	has(&c.netdevs, 4, "type=user,id=u,restrict=on");
	has(&c.netdevs, 5, "type=hubport,id=hub1port1,hubid=1,netdev=u");
	ck_assert_str_eq(c.netdevs.conf[1].option, "-net tap,script=no");
	config_free(&c);
}
END_TEST

START_TEST(nic_is_both_at_once_and_comes_first)
{
	good("-net nic,model=virtio,netdev=n0 -netdev tap,id=n0,fd=3 "
	     "-nic tap,model=virtio-net-pci,mac=52:54:00:00:00:12,ifname=t1 "
	     "-nic user,id=mine,model=virtio,addr=7");
	ck_assert_uint_eq(c.nics.n, 3);
	has(&c.nics, 0,
	    "driver=virtio-net-pci,netdev=tap.0,mac=52:54:00:00:00:12");
	has(&c.nics, 1, "driver=virtio-net-pci,netdev=mine,addr=7");
	has(&c.nics, 2, "driver=virtio-net-pci,netdev=n0");
	ck_assert_uint_eq(c.netdevs.n, 3);
	has(&c.netdevs, 0, "type=tap,id=n0,fd=3");
	has(&c.netdevs, 1, "type=tap,id=tap.0,ifname=t1");
	has(&c.netdevs, 2, "type=user,id=mine");
	config_free(&c);
}
END_TEST

START_TEST(netdev_can_be_json)
{
	good("-netdev {\"type\":\"tap\",\"id\":\"n0\",\"queues\":2}");
	has(&c.netdevs, 0, "type=tap,id=n0,queues=2");
	ck_assert_uint_eq(c.nics.n, 0);
	config_free(&c);
}
END_TEST

START_TEST(none_means_none)
{
	static const char *const lines[] = {"-net none", "-nic none",
					    "-nodefaults"};
	size_t i;

	for (i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		good(lines[i]);
		ck_assert_uint_eq(c.nics.n + c.netdevs.n, 0);
		config_free(&c);
	}
}
END_TEST

START_TEST(errors_name_what_is_wrong)
{
	static const struct {
		const char *line, *want;
	} bad[] = {
		{"-net nic,model=foo", "there is no such NIC; there are "},
		{"-net nic,model=isa-serial", "there is no such NIC"},
		{"-net nic,foo=bar", "foo"},
		{"-net nic,vlan=-1", "vlan"},
		{"-net tap,vlan=x", "vlan"},
		{"-net nic,netdev=a,vlan=1", "cannot go together"},
		{"-net nic,name=1x,model=virtio", "an id consists of"},
		{"-net hubport,hubid=1", "are for -netdev"},
		{"-net vlan=1", "type= is missing"},
		{"-netdev tap", "id= is missing"},
		{"-netdev id=a", "type= is missing"},
		{"-netdev tap,id=a -netdev tap,id=a", "is taken already"},
		{"-netdev tap,id=a -net tap,name=a", "is taken already"},
		{"-netdev tap,id=/", "an id consists of"},
		{"-netdev {", "-netdev {"},
		{"-netdev {\"id\":\"a\"}", "type= is missing"},
		{"-nic user,model=foo", "there is no such NIC"},
	};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct error err = {0};

		ck_assert_msg(parse(bad[i].line, &err) < 0, "%s", bad[i].line);
		ck_assert_msg(strstr(err.msg, bad[i].want), "%s: %s",
			      bad[i].line, err.msg);
		config_free(&c);
	}
}
END_TEST

START_TEST(host_forwards_are_read)
{
	static const char *const bad[] = {
		"",	      "tcp",	       "tcp:1",	     "tcp::1",
		"tcp::1-2",   "sctp::1-:2",    "tcp::x-:2",  "tcp::1-:0",
		"tcp::1-:2x", "tcp::65536-:2", "tcp:h:1-:2", "tcp::1-g:2",
		"tcp::-1-:2", "tcp::1-:70000", "tcp::1:-:2",
	};
	struct user_forward f;
	size_t i;

	ck_assert(user_parse_hostfwd("tcp::5555-:22", &f, NULL) == 0);
	ck_assert(!f.udp && f.host_port == 5555 && f.guest_port == 22);
	ck_assert(!f.host.s_addr && !f.guest.s_addr);
	ck_assert(user_parse_hostfwd("udp:127.0.0.1:53-10.0.2.9:54", &f,
				     NULL) == 0);
	ck_assert(f.udp && f.host_port == 53 && f.guest_port == 54);
	ck_assert_uint_eq(ntohl(f.host.s_addr), 0x7f000001);
	ck_assert_uint_eq(ntohl(f.guest.s_addr), 0x0a000209);
	ck_assert(user_parse_hostfwd(":1.2.3.4:1-:2", &f, NULL) == 0);
	ck_assert(user_parse_host_side("udp::53", &f, NULL) == 0);
	ck_assert(user_parse_host_side("udp::53-:1", &f, NULL) < 0);
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ck_assert_msg(user_parse_hostfwd(bad[i], &f, NULL) < 0, "%s",
			      bad[i]);
	ck_assert(user_parse_guestfwd("tcp:10.0.2.100:1234-cmd:cat -u", &f,
				      NULL) == 0);
	ck_assert_str_eq(f.command, "cat -u");
	ck_assert(user_parse_guestfwd("udp:10.0.2.100:1-cmd:cat", &f, NULL) <
		  0);
}
END_TEST

START_TEST(networks_have_the_usual_addresses)
{
	struct user_conf conf = {.ipv4 = 2, .ipv6 = 2};
	struct user_addresses a;

	ck_assert(user_parse_addresses(&conf, &a, NULL) == 0);
	ck_assert_uint_eq(ntohl(a.host.s_addr), 0x0a000202);
	ck_assert_uint_eq(ntohl(a.dns.s_addr), 0x0a000203);
	ck_assert_uint_eq(ntohl(a.dhcpstart.s_addr), 0x0a00020f);
	ck_assert(a.ipv4 && a.ipv6);
	conf.net = (char *)(uintptr_t) "10.0.0.0";
	conf.ipv4 = 1;
	ck_assert(user_parse_addresses(&conf, &a, NULL) == 0);
	ck_assert_uint_eq(ntohl(a.mask.s_addr), 0xff000000);
	ck_assert_uint_eq(ntohl(a.host.s_addr), 0x0a000202);
	ck_assert(a.ipv4 && !a.ipv6);
	conf.net = (char *)(uintptr_t) "192.168.5.7/255.255.255.0";
	conf.host = (char *)(uintptr_t) "192.168.5.1";
	ck_assert(user_parse_addresses(&conf, &a, NULL) == 0);
	ck_assert_uint_eq(ntohl(a.net.s_addr), 0xc0a80500);
	ck_assert_uint_eq(ntohl(a.host.s_addr), 0xc0a80501);
	conf.host = (char *)(uintptr_t) "192.168.6.1";
	ck_assert(user_parse_addresses(&conf, &a, NULL) < 0);
	conf.host = NULL;
	conf.net = (char *)(uintptr_t) "10.0.0.0/255.0.255.0";
	ck_assert(user_parse_addresses(&conf, &a, NULL) < 0);
}
END_TEST

UNIT_MAIN("net_config", net_is_a_hub_for_each_vlan,
	  nic_is_both_at_once_and_comes_first, netdev_can_be_json,
	  none_means_none, errors_name_what_is_wrong, host_forwards_are_read,
	  networks_have_the_usual_addresses)
