/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What -serial, -monitor and -chardev say, made into character devices. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/chardev_ops.h"

static const struct chardev_ops *const backends[] = {
	&chardev_file,	 &chardev_null,	 &chardev_pty,
	&chardev_socket, &chardev_stdio,
};

#define BACKENDS (sizeof(backends) / sizeof(*backends))

const char *const chardev_backend_names[] = {
	"file", "null", "pty", "socket", "stdio", NULL,
};

static const char *const later[] = {
	"vc",	     "udp",	"pipe",	     "ringbuf",	 "parallel",
	"serial",    "tty",	"braille",   "msmouse",	 "spicevmc",
	"spiceport", "parport", "websocket", "wctablet", "testdev",
};

static const struct chardev_ops *find_backend(const char *name,
					      struct error *err)
{
	const char *near;
	size_t i;

	for (i = 0; i < BACKENDS; i++)
		if (!strcmp(name, backends[i]->name))
			return backends[i];
	for (i = 0; i < sizeof(later) / sizeof(*later); i++)
		if (!strcmp(name, later[i])) {
			error_set(err, ENOTSUP,
				  "'%s' is not supported by this version of "
				  "pcvm",
				  name);
			return NULL;
		}
	near = opt_nearest(name, chardev_backend_names, BACKENDS,
			   sizeof(*chardev_backend_names));
	error_set(err, EINVAL, "'%s' is not a valid char driver name%s%s%s",
		  name, near ? "; did you mean '" : "", near ? near : "",
		  near ? "'?" : "");
	return NULL;
}

static bool is_shared_key(const char *key)
{
	return !strcmp(key, "backend") || !strcmp(key, "id") ||
	       !strcmp(key, "mux") || !strcmp(key, "logfile") ||
	       !strcmp(key, "logappend");
}

int chardev_conf(const struct opt_desc *desc, const struct opt_list *opts,
		 void *conf, struct error *err)
{
	size_t i;
	int rc = 0;

	opt_defaults(desc, conf);
	for (i = 0; i < opts->n && rc == 0; i++)
		if (!is_shared_key(opts->pair[i].key))
			rc = opt_set(desc, conf, opts->pair[i].key,
				     opts->pair[i].value, err);
	return rc;
}

static struct chardev *make(struct machine *m, const char *label,
			    const struct opt_list *opts, bool mux,
			    struct error *err)
{
	const char *backend = opt_list_get(opts, "backend");
	const struct chardev_ops *ops =
		find_backend(backend ? backend : "", err);
	struct chardev *chr =
		ops ? chardev_make(m, label, ops, opts, err) : NULL;

	return chr && mux ? chardev_mux_over(m, chr, err) : chr;
}

static int check_create(const struct opt_list *list, const char **id, bool *mux,
			struct error *err)
{
	const char *text = opt_list_get(list, "mux");

	*id = opt_list_get(list, "id");
	if (!*id)
		return error_set(err, EINVAL, "chardev: no id specified");
	if (opt_check_id(*id, err) < 0)
		return -EINVAL;
	if (text && opt_parse_bool(text, mux, NULL) < 0)
		return error_set(err, EINVAL, "mux=%s is neither on nor off",
				 text);
	return 0;
}

struct chardev *chardev_create_opts(struct machine *m,
				    const struct opt_list *opts,
				    struct error *err)
{
	bool mux = false;
	const char *id;

	if (check_create(opts, &id, &mux, err) < 0)
		return NULL;
	return make(m, id, opts, mux, err);
}

struct chardev *chardev_create(struct machine *m, const char *arg,
			       struct error *err)
{
	struct chardev *chr;
	struct opt_list list;

	if (opt_split(arg, "backend", &list, err) < 0)
		return NULL;
	chr = chardev_create_opts(m, &list, err);
	opt_list_free(&list);
	return chr;
}

/* All that follows "file:" is the path, as it is. */
static int split_file(const char *rest, struct opt_list *list,
		      struct error *err)
{
	return opt_list_add(list, "path", rest, err);
}

static int split_unix(const char *rest, struct opt_list *list,
		      struct error *err)
{
	return opt_split(rest, "path", list, err);
}

/* [HOST]:PORT and keys after a comma. */
static int split_tcp(const char *rest, struct opt_list *list, struct error *err)
{
	size_t n = strcspn(rest, ","), host;
	const char *colon = memrchr(rest, ':', n);
	char *part;
	int rc = opt_split(rest[n] ? rest + n + 1 : "", NULL, list, err);

	if (rc < 0)
		return rc;
	if (!colon)
		return error_set(err, EINVAL,
				 "'%s' is not in the form HOST:PORT", rest);
	host = (size_t)(colon - rest);
	/* An IPv6 address stands in brackets. */
	if (host >= 2 && rest[0] == '[' && rest[host - 1] == ']')
		part = strndup(rest + 1, host - 2);
	else
		part = strndup(rest, host);
	rc = part ? opt_list_add(list, "host", part, err)
		  : error_set(err, ENOMEM, "out of memory");
	free(part);
	if (rc < 0)
		return rc;
	part = strndup(colon + 1, n - host - 1);
	rc = part ? opt_list_add(list, "port", part, err)
		  : error_set(err, ENOMEM, "out of memory");
	free(part);
	return rc;
}

static int split_telnet(const char *rest, struct opt_list *list,
			struct error *err)
{
	int rc = split_tcp(rest, list, err);

	return rc < 0 ? rc : opt_list_add(list, "telnet", "on", err);
}

/* "unix:PATH,server=on" and its kin, as what -chardev would be told. */
static const struct {
	const char *prefix, *backend;
	int (*split)(const char *rest, struct opt_list *list,
		     struct error *err);
} forms[] = {
	{"file:", "file", split_file},
	{"tcp:", "socket", split_tcp},
	{"telnet:", "socket", split_telnet},
	{"unix:", "socket", split_unix},
};

/* Fills the list, which is the caller's even after an error. */
static int split_spec(const char *spec, struct opt_list *list,
		      struct error *err)
{
	size_t i, n;
	int rc;

	for (i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		n = strlen(forms[i].prefix);
		if (strncmp(spec, forms[i].prefix, n) != 0)
			continue;
		rc = forms[i].split(spec + n, list, err);
		return rc < 0 ? rc
			      : opt_list_add(list, "backend", forms[i].backend,
					     err);
	}
	return opt_split(spec, "backend", list, err);
}

struct chardev *chardev_open(struct machine *m, const char *label,
			     const char *spec, struct error *err)
{
	bool mon = !strncmp(spec, "mon:", 4);
	struct opt_list list = {0};
	struct chardev *chr = NULL;

	if (!strncmp(spec, "chardev:", 8)) {
		chr = chardev_find(m, spec + 8);
		if (!chr)
			error_set(err, ENOENT, "chardev '%s' not found",
				  spec + 8);
		return chr;
	}
	if (split_spec(mon ? spec + 4 : spec, &list, err) == 0)
		chr = make(m, label, &list, mon, err);
	opt_list_free(&list);
	return chr;
}
