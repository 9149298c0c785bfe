/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -device, -global, -chardev, -mon: lists of things with ids. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/cmdline.h"
#include "vmm/device.h"
#include "vmm/log.h"

/* Room for one more at the end of an array of n; NULL: the error is set. */
static void *grow(void **array, unsigned n, size_t size, struct error *err)
{
	void *grown = realloc(*array, (n + 1) * size);

	if (!grown) {
		error_set(err, ENOMEM, "out of memory");
		return NULL;
	}
	*array = grown;
	return memset((char *)grown + n * size, 0, size);
}

static int duplicate(const char *id, struct error *err)
{
	return error_set(err, EEXIST, "id=%s is taken already", id);
}

static int check_device(const struct config *c, const struct opt_list *list,
			struct error *err)
{
	const char *driver = opt_list_get(list, "driver");
	const char *id = opt_list_get(list, "id"), *other;
	unsigned i;

	if (!driver || !*driver)
		return error_set(err, EINVAL, "the driver is missing");
	for (i = 0; id && i < c->ndevices; i++) {
		other = opt_list_get(&c->devices[i], "id");
		if (other && !strcmp(other, id))
			return duplicate(id, err);
	}
	return id ? opt_check_id(id, err) : 0;
}

int config_add_device(struct config *c, const struct cmdline_opt *o,
		      const char *arg, struct error *err)
{
	struct opt_list *list = grow((void **)&c->devices, c->ndevices,
				     sizeof(*c->devices), err);
	int rc;

	if (!list)
		return -ENOMEM;
	if (*arg == '{')
		rc = opt_split_json(arg, list, err);
	else
		rc = opt_split(arg, "driver", list, err);
	if (rc == 0)
		rc = check_device(c, list, err);
	if (rc == 0)
		c->ndevices++;
	else
		opt_list_free(list);
	return rc;
}

/* "driver.property=value"; a driver's name may have dots, a property's not. */
static int split_global(const char *arg, struct global_conf *g,
			struct error *err)
{
	size_t before = strcspn(arg, "=");
	const char *dot = memrchr(arg, '.', before);

	if (!arg[before] || !dot || dot == arg || dot + 1 == arg + before)
		return error_set(err, EINVAL,
				 "the form is DRIVER.PROPERTY=VALUE");
	g->driver = strndup(arg, (size_t)(dot - arg));
	g->property = strndup(dot + 1, (size_t)(arg + before - dot - 1));
	g->value = strdup(arg + before + 1);
	return g->driver && g->property && g->value
		       ? 0
		       : error_set(err, ENOMEM, "out of memory");
}

int config_add_global(struct config *c, const struct cmdline_opt *o,
		      const char *arg, struct error *err)
{
	struct global_conf *g = grow((void **)&c->globals, c->nglobals,
				     sizeof(*c->globals), err);
	int rc;

	if (!g)
		return -ENOMEM;
	c->nglobals++;
	if (strncmp(arg, "driver=", strlen("driver=")) != 0)
		return split_global(arg, g, err);
	rc = opt_set_text(o->keys, g, arg, NULL, err);
	if (rc < 0)
		return rc;
	if (!g->property || !g->value)
		return error_set(err, EINVAL,
				 "driver, property and value are needed");
	return 0;
}

/* As with qemu, it is no error to speak of devices that there are none of. */
int config_check_globals(const struct config *c, struct error *err)
{
	const struct device_class *class;
	unsigned i;

	for (i = 0; i < c->nglobals; i++) {
		const struct global_conf *g = &c->globals[i];

		class = device_class_find(g->driver);
		if (!class)
			log_warn("-global %s.%s: there is no such kind of "
				 "device here",
				 g->driver, g->property);
		else if (!class->opts || !opt_find(class->opts, g->property))
			return error_set(err, EINVAL,
					 "-global %s.%s=%s: devices of this "
					 "kind have no such property",
					 g->driver, g->property, g->value);
	}
	return 0;
}

int config_add_chardev(struct config *c, const struct cmdline_opt *o,
		       const char *arg, struct error *err)
{
	struct opt_list list;
	const char *id;
	int rc = opt_split(arg, "backend", &list, err);

	if (rc < 0)
		return rc;
	id = opt_list_get(&list, "id");
	if (!opt_list_get(&list, "backend"))
		rc = error_set(err, EINVAL, "the backend is missing");
	else if (!id)
		rc = error_set(err, EINVAL, "id= is missing");
	else
		rc = opt_check_id(id, err);
	opt_list_free(&list);
	return rc < 0 ? rc : str_list_add(&c->chardevs, arg, err);
}

static int check_mon(const struct config *c, const struct mon_conf *m,
		     struct error *err)
{
	const struct mon_conf *other;

	if (!m->chardev)
		return error_set(err, EINVAL, "chardev= is missing");
	if (m->pretty && !m->mode)
		return error_set(err, EINVAL,
				 "pretty=on goes with mode=control only");
	for (other = c->mons; m->id && other < m; other++)
		if (other->id && !strcmp(other->id, m->id))
			return duplicate(m->id, err);
	return m->id ? opt_check_id(m->id, err) : 0;
}

int config_add_mon(struct config *c, const struct cmdline_opt *o,
		   const char *arg, struct error *err)
{
	struct mon_conf *m =
		grow((void **)&c->mons, c->nmons, sizeof(*c->mons), err);
	int rc;

	if (!m)
		return -ENOMEM;
	c->nmons++;
	rc = opt_set_text(o->keys, m, arg, o->implied, err);
	return rc < 0 ? rc : check_mon(c, m, err);
}

void config_free_devices(struct config *c)
{
	unsigned i;

	for (i = 0; i < c->ndevices; i++)
		opt_list_free(&c->devices[i]);
	for (i = 0; i < c->nmons; i++)
		opt_free(mon_opts, &c->mons[i]);
	for (i = 0; i < c->nglobals; i++)
		opt_free(global_opts, &c->globals[i]);
	free(c->devices);
	free(c->mons);
	free(c->globals);
	c->devices = NULL;
	c->mons = NULL;
	c->globals = NULL;
	c->ndevices = c->nmons = c->nglobals = 0;
}
