/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The keys of -netdev user, and the addresses and ports in them. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/user.h"

/* What the guest finds at addresses of its network, unless told otherwise. */
#define NET_DEFAULT	"10.0.2.0/24"
#define HOST_PART	0x0202
#define DNS_PART	0x0203
#define DHCP_PART	0x020f

#define PREFIX6_DEFAULT "fec0::"
#define HOST6_LAST	2
#define DNS6_LAST	3

#define ADDRESS_MAX	64 /* letters */

static int parse_ipv4(const char *key, const char *text, struct in_addr *addr,
		      struct error *err)
{
	if (inet_pton(AF_INET, text, addr) == 1)
		return 0;
	return error_set(err, EINVAL, "%s=%s: this is no IPv4 address", key,
			 text);
}

/* Of a network that is given without: by its class, private ones as wide as
 * RFC 1918 has them. */
static uint32_t default_mask(uint32_t net)
{
	static const struct {
		uint32_t mask, net, wide;
	} classes[] = {
		{0x80000000, 0x00000000, 0xff000000},
		{0xfff00000, 0xac100000, 0xfff00000},
		{0xc0000000, 0x80000000, 0xffff0000},
		{0xffff0000, 0xc0a80000, 0xffff0000},
		{0xffff0000, 0xc6120000, 0xfffe0000},
		{0xe0000000, 0xc0000000, 0xffffff00},
	};
	size_t i;

	for (i = 0; i < sizeof(classes) / sizeof(*classes); i++)
		if ((net & classes[i].mask) == classes[i].net)
			return classes[i].wide;
	return 0xfffffff0;
}

/* "24" or "255.255.255.0" */
static int parse_mask(const char *net, const char *text, struct in_addr *mask,
		      struct error *err)
{
	uint64_t bits;
	uint32_t inverse;

	if (strchr(text, '.')) {
		if (parse_ipv4("net", text, mask, err) < 0)
			return -EINVAL;
	} else if (opt_parse_u64(text, &bits, err) < 0 || bits < 8 ||
		   bits > 30) {
		return error_set(err, EINVAL,
				 "net=%s: a network has 8 to 30 bits", net);
	} else {
		mask->s_addr = htonl(UINT32_MAX << (32 - bits));
	}
	inverse = ~ntohl(mask->s_addr);
	if (inverse & (inverse + 1))
		return error_set(err, EINVAL, "net=%s: this is no mask", net);
	return 0;
}

static int parse_net(const char *text, struct user_addresses *addr,
		     struct error *err)
{
	char copy[ADDRESS_MAX], *slash;
	int rc;

	if (strlen(text) >= sizeof(copy))
		return error_set(err, EINVAL, "net=%s is too long", text);
	snprintf(copy, sizeof(copy), "%s", text);
	slash = strchr(copy, '/');
	if (slash)
		*slash++ = 0;
	rc = parse_ipv4("net", copy, &addr->net, err);
	if (rc < 0)
		return rc;
	addr->mask.s_addr = htonl(default_mask(ntohl(addr->net.s_addr)));
	if (slash)
		rc = parse_mask(text, slash, &addr->mask, err);
	addr->net.s_addr &= addr->mask.s_addr;
	return rc;
}

/* One in the network: as given, or the usual. */
static int parse_member(const char *key, const char *text, uint32_t usual,
			const struct user_addresses *addr, struct in_addr *out,
			struct error *err)
{
	int rc;

	if (!text) {
		out->s_addr =
			addr->net.s_addr | (htonl(usual) & ~addr->mask.s_addr);
		return 0;
	}
	rc = parse_ipv4(key, text, out, err);
	if (rc < 0)
		return rc;
	if ((out->s_addr & addr->mask.s_addr) == addr->net.s_addr)
		return 0;
	return error_set(err, EINVAL, "%s=%s is not in the guest's network",
			 key, text);
}

static int parse_v4(const struct user_conf *conf, struct user_addresses *addr,
		    struct error *err)
{
	int rc = parse_net(conf->net ? conf->net : NET_DEFAULT, addr, err);

	if (rc < 0 ||
	    (rc = parse_member("host", conf->host, HOST_PART, addr, &addr->host,
			       err)) < 0 ||
	    (rc = parse_member("dns", conf->dns, DNS_PART, addr, &addr->dns,
			       err)) < 0 ||
	    (rc = parse_member("dhcpstart", conf->dhcpstart, DHCP_PART, addr,
			       &addr->dhcpstart, err)) < 0)
		return rc;
	if (addr->host.s_addr == addr->dns.s_addr ||
	    addr->dhcpstart.s_addr == addr->dns.s_addr ||
	    addr->dhcpstart.s_addr == addr->host.s_addr)
		return error_set(err, EINVAL,
				 "host=, dns= and dhcpstart= must be three "
				 "addresses");
	return 0;
}

static int parse_ipv6(const char *key, const char *text, struct in6_addr *addr,
		      struct error *err)
{
	if (inet_pton(AF_INET6, text, addr) == 1)
		return 0;
	return error_set(err, EINVAL, "%s=%s: this is no IPv6 address", key,
			 text);
}

static int parse_v6(const struct user_conf *conf, struct user_addresses *addr,
		    struct error *err)
{
	int rc = parse_ipv6("ipv6-prefix",
			    conf->prefix6 ? conf->prefix6 : PREFIX6_DEFAULT,
			    &addr->prefix6, err);

	addr->host6 = addr->dns6 = addr->prefix6;
	addr->host6.s6_addr[15] |= HOST6_LAST;
	addr->dns6.s6_addr[15] |= DNS6_LAST;
	if (rc == 0 && conf->host6)
		rc = parse_ipv6("ipv6-host", conf->host6, &addr->host6, err);
	if (rc == 0 && conf->dns6)
		rc = parse_ipv6("ipv6-dns", conf->dns6, &addr->dns6, err);
	return rc;
}

int user_parse_addresses(const struct user_conf *conf,
			 struct user_addresses *addr, struct error *err)
{
	int rc;

	*addr = (struct user_addresses){
		/* One that is asked for alone comes alone. */
		.ipv4 = conf->ipv4 == 1 || (conf->ipv4 == 2 && conf->ipv6 != 1),
		.ipv6 = conf->ipv6 == 1 || (conf->ipv6 == 2 && conf->ipv4 != 1),
	};
	if (!addr->ipv4 && !addr->ipv6)
		return error_set(err, EINVAL,
				 "with ipv4=off and ipv6=off nothing is left");
	rc = parse_v4(conf, addr, err);
	return rc < 0 ? rc : parse_v6(conf, addr, err);
}

static int malformed(const char *form, struct error *err)
{
	return error_set(err, EINVAL, "the form is %s", form);
}

/* Takes "tcp:" or "udp:" or ":", which is the first; NULL: it is neither. */
static const char *parse_protocol(const char *text, bool *udp)
{
	size_t n = strcspn(text, ":");

	*udp = n == 3 && !strncmp(text, "udp", n);
	if (text[n] != ':' ||
	    (n && !*udp && (n != 3 || strncmp(text, "tcp", n))))
		return NULL;
	return text + n + 1;
}

/* Takes "[ADDRESS]:PORT"; NULL: it is none. */
static const char *parse_place(const char *text, struct in_addr *addr,
			       uint16_t *port)
{
	char copy[ADDRESS_MAX];
	unsigned long number;
	size_t n = strcspn(text, ":");
	char *end;

	addr->s_addr = 0;
	if (text[n] != ':' || n >= sizeof(copy))
		return NULL;
	snprintf(copy, sizeof(copy), "%.*s", (int)n, text);
	if (n && inet_pton(AF_INET, copy, addr) != 1)
		return NULL;
	text += n + 1;
	if (*text < '0' || *text > '9')
		return NULL;
	number = strtoul(text, &end, 10);
	*port = (uint16_t)number;
	return number <= UINT16_MAX ? end : NULL;
}

int user_parse_host_side(const char *text, struct user_forward *fwd,
			 struct error *err)
{
	*fwd = (struct user_forward){0};
	text = parse_protocol(text, &fwd->udp);
	if (text)
		text = parse_place(text, &fwd->host, &fwd->host_port);
	if (text && !*text)
		return 0;
	return malformed("[tcp|udp]:[ADDRESS]:PORT", err);
}

int user_parse_hostfwd(const char *text, struct user_forward *fwd,
		       struct error *err)
{
	*fwd = (struct user_forward){0};
	text = parse_protocol(text, &fwd->udp);
	if (text)
		text = parse_place(text, &fwd->host, &fwd->host_port);
	if (text && *text++ == '-')
		text = parse_place(text, &fwd->guest, &fwd->guest_port);
	else
		text = NULL;
	if (text && !*text && fwd->guest_port)
		return 0;
	return malformed("[tcp|udp]:[HOST-ADDRESS]:PORT-[GUEST-ADDRESS]:PORT",
			 err);
}

int user_parse_guestfwd(const char *text, struct user_forward *fwd,
			struct error *err)
{
	*fwd = (struct user_forward){0};
	text = parse_protocol(text, &fwd->udp);
	if (text && !fwd->udp)
		text = parse_place(text, &fwd->guest, &fwd->guest_port);
	if (!text || fwd->udp || *text++ != '-' || !fwd->guest_port)
		return malformed("tcp:ADDRESS:PORT-cmd:COMMAND", err);
	if (strncmp(text, "cmd:", strlen("cmd:")) != 0)
		return error_set(err, ENOTSUP,
				 "to a character device: " OPT_LATER
				 "; -cmd:COMMAND is");
	fwd->command = text + strlen("cmd:");
	return 0;
}

#define USER_KEY(key, kind, field) \
	.name = key, .type = kind, .offset = offsetof(struct user_conf, field)

const struct opt_desc net_user_opts[] = {
	{USER_KEY("net", OPT_STRING, net),
	 .help = "the guest's network, with /BITS or /MASK [10.0.2.0/24]"},
	{USER_KEY("host", OPT_STRING, host),
	 .help = "the host's address in it [the 2nd]"},
	{USER_KEY("dns", OPT_STRING, dns),
	 .help = "the name server's [the 3rd]"},
	{USER_KEY("dhcpstart", OPT_STRING, dhcpstart),
	 .help = "the first address for guests [the 15th]"},
	{USER_KEY("restrict", OPT_BOOL, restricted),
	 .help = "nothing out of the guest, but for what is forwarded"},
	{USER_KEY("hostfwd", OPT_PASS, many),
	 .help = "[tcp|udp]:[HOST-ADDRESS]:PORT-[GUEST-ADDRESS]:PORT: a port "
		 "of the host's that leads to the guest; many can be given"},
	{USER_KEY("guestfwd", OPT_PASS, many),
	 .help = "tcp:ADDRESS:PORT-cmd:COMMAND: a command that the guest "
		 "talks to at this place; many can be given"},
	{USER_KEY("hostname", OPT_STRING, hostname),
	 .help = "the guest's name, by DHCP"},
	{USER_KEY("domainname", OPT_STRING, domainname),
	 .help = "the guest's domain, by DHCP"},
	{USER_KEY("dnssearch", OPT_PASS, many),
	 .help = "a domain to look for names in; many can be given"},
	{USER_KEY("tftp", OPT_STRING, tftp),
	 .help = "a folder that the guest can read by TFTP"},
	{USER_KEY("bootfile", OPT_STRING, bootfile),
	 .help = "what the guest boots from there, by BOOTP"},
	{USER_KEY("tftp-server-name", OPT_STRING, tftp_server),
	 .help = "the TFTP server that DHCP names"},
	{USER_KEY("ipv4", OPT_ONOFFAUTO, ipv4), .dflt = "auto",
	 .help = "IPv4; on: alone, unless ipv6=on"},
	{USER_KEY("ipv6", OPT_ONOFFAUTO, ipv6), .dflt = "auto",
	 .help = "IPv6; on: alone, unless ipv4=on"},
	{USER_KEY("ipv6-prefix", OPT_STRING, prefix6),
	 .help = "the guest's network [fec0::]"},
	{USER_KEY("ipv6-prefixlen", OPT_U32, prefixlen6), .min = 1, .max = 126,
	 .dflt = "64", .help = "its bits"},
	{USER_KEY("ipv6-host", OPT_STRING, host6),
	 .help = "the host's address in it [fec0::2]"},
	{USER_KEY("ipv6-dns", OPT_STRING, dns6),
	 .help = "the name server's [fec0::3]"},
	{USER_KEY("lazy", OPT_BOOL, lazy),
	 .help = "get ready when the guest sends its first packet"},
	REFUSED("smb", "folders by SMB are " OPT_LATER),
	REFUSED("smbserver", "folders by SMB are " OPT_LATER),
	{.type = OPT_END},
};
