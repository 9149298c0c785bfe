/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The keys of -vnc. */
#include <errno.h>

#include "net/vnc_impl.h"

#define DISPLAYS_MAX 65535
#define HEAVY	     "pcvm's VNC server has passwords, but no encryption; use SSH"

#define KEY(key, kind, field) \
	.name = key, .type = kind, .offset = offsetof(struct vnc_conf, field)

static const char *const shares[] = {
	[VNC_ALLOW_EXCLUSIVE] = "allow-exclusive",
	[VNC_FORCE_SHARED] = "force-shared",
	[VNC_IGNORE] = "ignore",
	NULL,
};

/* clang-format off */
const struct opt_desc vnc_opts[] = {
	{KEY("vnc", OPT_STRING, address),
	 .help = "HOST:N, :N, unix:PATH or none; N is the TCP port less 5900"},
	{KEY("id", OPT_STRING, id), .dflt = "default",
	 .help = "a name for the server"},
	{KEY("password", OPT_BOOL, password), .dflt = "off",
	 .help = "ask for the password, which a monitor sets"},
	{KEY("to", OPT_I64, to), .max = DISPLAYS_MAX, .dflt = "0",
	 .help = "how many displays more to try while one is taken"},
	{KEY("share", OPT_ENUM, share), .choices = shares,
	 .dflt = "allow-exclusive",
	 .help = "may a viewer end the others: allow-exclusive; must it let "
		 "them: force-shared; or is its wish not heard: ignore"},
	{KEY("reverse", OPT_BOOL, reverse), .dflt = "off",
	 .help = "call a listening viewer; N is its TCP port"},
	{KEY("connections", OPT_I64, connections), .min = 1,
	 .max = VNC_CLIENTS_MAX, .dflt = "32",
	 .help = "how many may be at their login at a time"},
	{KEY("ipv4", OPT_ONOFFAUTO, ipv4), .dflt = "auto",
	 .help = "use IPv4 addresses"},
	{KEY("ipv6", OPT_ONOFFAUTO, ipv6), .dflt = "auto",
	 .help = "use IPv6 addresses"},
	{KEY("lossy", OPT_BOOL, lossy), .dflt = "off",
	 .help = "allow losses in pictures; there are none anyway"},
	{KEY("non-adaptive", OPT_BOOL, non_adaptive), .dflt = "off",
	 .help = "never choose an encoding by how a picture changes; none is "
		 "anyway"},
	{KEY("lock-key-sync", OPT_BOOL, lock_key_sync), .dflt = "on",
	 .help = "press Caps Lock when letters come in the wrong case"},
	{.name = "audiodev", .type = OPT_STRING, .refused = "for sound, which "
	 "this version of pcvm has not", .accepts = "none audio1 audiodev0"},
	REFUSED_BUT("display", "none"),
	REFUSED_FOR("head", "0", "there is one head, 0"),
	REFUSED_BUT("key-delay-ms", "0 1 10"),
	REFUSED_BUT("power-control", "off"),
	REFUSED_BUT("websocket", "off"),
	REFUSED_FOR("tls", "off", HEAVY),
	REFUSED("tls-creds", HEAVY),
	REFUSED("tls-authz", HEAVY),
	REFUSED("x509", HEAVY),
	REFUSED("x509verify", HEAVY),
	REFUSED_FOR("sasl", "off", HEAVY),
	REFUSED("sasl-authz", HEAVY),
	REFUSED_FOR("acl", "off", HEAVY),
	REFUSED("password-secret", "not supported yet by this version of pcvm; "
		"say password=on, and set it by a monitor's set_password"),
	{.type = OPT_END},
};
/* clang-format on */

int vnc_conf_parse(struct vnc_conf *conf, const char *arg, struct error *err)
{
	int rc;

	*conf = (struct vnc_conf){0};
	opt_defaults(vnc_opts, conf);
	rc = opt_set_text(vnc_opts, conf, arg, "vnc", err);
	if (rc == 0 && !conf->address)
		rc = error_set(err, EINVAL,
			       "an address is missing: say HOST:N, :N, "
			       "unix:PATH or none");
	if (rc == 0 && conf->ipv4 == 0 && conf->ipv6 == 0)
		rc = error_set(err, EINVAL,
			       "ipv4=off and ipv6=off leave nothing");
	if (rc < 0)
		vnc_conf_free(conf);
	return rc;
}

void vnc_conf_free(struct vnc_conf *conf)
{
	opt_free(vnc_opts, conf);
}
