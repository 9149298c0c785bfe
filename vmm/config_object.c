/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -object: things with an id for other options to name. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/cmdline.h"

/* Behind the kinds of memory. */
enum { THROTTLE_GROUP = MEMORY_MEMFD + 1, IOTHREAD, SECRET };

#define POLL_MAX_DEFAULT 32768

#define IOTHREAD_KEY(key, kind, field) \
	.name = key, .type = kind, \
	.offset = offsetof(struct iothread_conf, field)

static const struct opt_desc iothread_opts[] = {
	{IOTHREAD_KEY("id", OPT_STRING, id),
	 .help = "a name for it, which iothread= of devices gives"},
	{IOTHREAD_KEY("poll-max-ns", OPT_U64, poll_max), .max = INT64_MAX,
	 .help = "nanoseconds that it waits awake at most; 0: it does not"},
	{IOTHREAD_KEY("poll-grow", OPT_U64, poll_grow), .max = UINT32_MAX,
	 .help = "times that it waits longer where that pays; 0: 2"},
	{IOTHREAD_KEY("poll-shrink", OPT_U64, poll_shrink), .max = UINT32_MAX,
	 .help = "times that it waits less long where it does not; 0: 2"},
	REFUSED_BUT("aio-max-batch", "0"),
	REFUSED_BUT("thread-pool-max", "64"),
	REFUSED_BUT("thread-pool-min", "0"),
	{.type = OPT_END},
};

const struct object_kind object_kinds[] = {
	[MEMORY_RAM] = {"memory-backend-ram", memory_ram_opts},
	[MEMORY_FILE] = {"memory-backend-file", memory_file_opts},
	[MEMORY_MEMFD] = {"memory-backend-memfd", memory_memfd_opts},
	[THROTTLE_GROUP] = {"throttle-group", throttle_group_opts},
	[IOTHREAD] = {"iothread", iothread_opts},
	[SECRET] = {"secret", secret_opts},
	{.name = NULL},
};

/* Objects of qemu's that are not here. */
static const char *const later[] = {
	"authz-list",
	"authz-list-file",
	"authz-pam",
	"authz-simple",
	"can-bus",
	"can-host-socketcan",
	"colo-compare",
	"cryptodev-backend",
	"cryptodev-backend-builtin",
	"cryptodev-vhost-user",
	"dbus-vmstate",
	"filter-buffer",
	"filter-dump",
	"filter-mirror",
	"filter-redirector",
	"filter-replay",
	"filter-rewriter",
	"input-barrier",
	"input-linux",
	"main-loop",
	"memory-backend-epc",
	"pr-manager-helper",
	"qtest",
	"rng-builtin",
	"rng-egd",
	"rng-random",
	"secret_keyring",
	"sev-guest",
	"thread-context",
	"tls-cipher-suites",
	"tls-creds-anon",
	"tls-creds-psk",
	"tls-creds-x509",
	"vfio-user-server",
	"x-remote-object",
};

#define LATER (sizeof(later) / sizeof(*later))
#define KINDS (sizeof(object_kinds) / sizeof(*object_kinds) - 1)

static int no_such_kind(const char *name, struct error *err)
{
	const char *near =
		opt_nearest(name, object_kinds, KINDS, sizeof(*object_kinds));
	size_t i;

	for (i = 0; i < LATER; i++)
		if (!strcmp(name, later[i]))
			return error_set(err, ENOTSUP,
					 "%s: " OPT_LATER
					 "; -object help lists what is",
					 name);
	if (near)
		return error_set(err, EINVAL,
				 "there is no such object; did you mean %s?",
				 near);
	return error_set(err, EINVAL,
			 "there is no such object; -object help lists them");
}

static int find_kind(const char *name, struct error *err)
{
	int i;

	for (i = 0; object_kinds[i].name; i++)
		if (!strcmp(object_kinds[i].name, name))
			return i;
	return no_such_kind(name, err);
}

const struct memory_backend *config_find_backend(const struct config *c,
						 const char *id)
{
	unsigned i;

	for (i = 0; i < c->nbackends; i++)
		if (c->backends[i]->id && !strcmp(c->backends[i]->id, id))
			return c->backends[i];
	return NULL;
}

struct memory_backend *config_new_backend(struct config *c, int kind,
					  struct error *err)
{
	struct memory_backend **grown =
		realloc(c->backends,
			(c->nbackends + 1) * sizeof(struct memory_backend *));
	struct memory_backend *b = calloc(1, sizeof(*b));

	if (grown)
		c->backends = grown;
	if (!grown || !b) {
		free(b);
		error_set(err, ENOMEM, "out of memory");
		return NULL;
	}
	*b = (struct memory_backend){
		.kind = kind,
		.share = kind == MEMORY_MEMFD,
		.seal = kind == MEMORY_MEMFD,
		.dump = c->machine.dump_guest_core,
		.merge = c->machine.mem_merge,
		.reserve = true,
		.prealloc = c->mem.prealloc,
		.prealloc_threads = c->smp.cpus,
	};
	c->backends[c->nbackends++] = b;
	return b;
}

static bool has_iothread(const struct config *c, const char *id)
{
	unsigned i;

	for (i = 0; i < c->niothreads; i++)
		if (!strcmp(c->iothreads[i].id, id))
			return true;
	return false;
}

static int check_id(const struct config *c, const char *id, struct error *err)
{
	if (!id)
		return error_set(err, EINVAL, "id= is missing");
	if (config_find_backend(c, id) || config_has_throttle_group(c, id) ||
	    has_iothread(c, id) || config_find_secret(c, id))
		return error_set(err, EEXIST, "id=%s is taken already", id);
	return opt_check_id(id, err);
}

static bool has_nodes(const struct memory_backend *b)
{
	unsigned n;

	for (n = 0; n < OPT_BITS_MAX; n++)
		if (opt_bits_has(&b->host_nodes, n))
			return true;
	return false;
}

static int check_policy(const struct memory_backend *b, struct error *err)
{
	bool wants = b->policy != MEMORY_POLICY_DEFAULT;

	if (wants && !has_nodes(b))
		return error_set(err, EINVAL,
				 "policy=%s needs host-nodes=, the nodes of "
				 "the host to take the memory from",
				 memory_policy_names[b->policy]);
	if (!wants && has_nodes(b))
		return error_set(err, EINVAL,
				 "host-nodes= needs policy=bind, preferred or "
				 "interleave");
	return 0;
}

static bool is_power_of_2(uint64_t n)
{
	return n && !(n & (n - 1));
}

static int check_backend(const struct memory_backend *b, struct error *err)
{
	if (!b->size)
		return error_set(err, EINVAL, "size= is missing, or 0");
	if (b->kind == MEMORY_FILE && (!b->path || !*b->path))
		return error_set(err, EINVAL, "mem-path= is missing");
	if (b->prealloc && !b->reserve)
		return error_set(err, EINVAL,
				 "prealloc=on and reserve=off exclude each "
				 "other");
	if (b->huge_size && !is_power_of_2(b->huge_size))
		return error_set(err, EINVAL,
				 "hugetlbsize=: sizes of pages are powers of "
				 "2");
	if (b->align && !is_power_of_2(b->align))
		return error_set(err, EINVAL, "align=: a power of 2 is needed");
	return check_policy(b, err);
}

int config_set_object(const struct opt_desc *keys, void *object,
		      const struct opt_list *list, struct error *err)
{
	int rc = 0;
	size_t i;

	for (i = 0; i < list->n && rc == 0; i++)
		if (strcmp(list->pair[i].key, "qom-type") != 0)
			rc = opt_set(keys, object, list->pair[i].key,
				     list->pair[i].value, err);
	return rc;
}

static int add_backend(struct config *c, int kind, const struct opt_list *list,
		       struct error *err)
{
	struct memory_backend *b = config_new_backend(c, kind, err);
	int rc;

	if (!b)
		return -ENOMEM;
	rc = config_set_object(object_kinds[kind].keys, b, list, err);
	return rc < 0 ? rc : check_backend(b, err);
}

static int add_iothread(struct config *c, const struct opt_list *list,
			struct error *err)
{
	struct iothread_conf *t =
		realloc(c->iothreads, (c->niothreads + 1) * sizeof(*t));

	if (!t)
		return error_set(err, ENOMEM, "out of memory");
	c->iothreads = t;
	t += c->niothreads++;
	*t = (struct iothread_conf){.poll_max = POLL_MAX_DEFAULT};
	return config_set_object(iothread_opts, t, list, err);
}

static int add_object(struct config *c, const char *text, struct error *err)
{
	struct opt_list list;
	const char *type;
	int kind, rc;

	if (*text == '{')
		rc = opt_split_json(text, &list, err);
	else
		rc = opt_split(text, "qom-type", &list, err);
	if (rc < 0)
		return rc;
	type = opt_list_get(&list, "qom-type");
	kind = type ? find_kind(type, err)
		    : error_set(err, EINVAL, "the type is missing");
	rc = kind < 0 ? kind : check_id(c, opt_list_get(&list, "id"), err);
	if (rc == 0 && kind == THROTTLE_GROUP)
		rc = config_add_throttle_group(c, &list, err);
	else if (rc == 0 && kind == IOTHREAD)
		rc = add_iothread(c, &list, err);
	else if (rc == 0 && kind == SECRET)
		rc = config_add_secret(c, &list, err);
	else if (rc == 0)
		rc = add_backend(c, kind, &list, err);
	opt_list_free(&list);
	return rc;
}

int config_complete_objects(struct config *c, struct error *err)
{
	unsigned i;
	int rc;

	for (i = 0; i < c->objects.n; i++) {
		rc = add_object(c, c->objects.str[i], err);
		if (rc < 0) {
			config_name_place(err, "-object", c->objects.str[i]);
			return rc;
		}
	}
	return 0;
}

void config_free_iothreads(struct config *c)
{
	unsigned i;

	for (i = 0; i < c->niothreads; i++)
		opt_free(iothread_opts, &c->iothreads[i]);
	free(c->iothreads);
	c->iothreads = NULL;
	c->niothreads = 0;
}

void config_free_backends(struct config *c)
{
	unsigned i;

	for (i = 0; i < c->nbackends; i++) {
		free(c->backends[i]->id);
		free(c->backends[i]->path);
		free(c->backends[i]);
	}
	free(c->backends);
	c->backends = NULL;
	c->nbackends = 0;
}
