/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Character devices: users, and output that must not go. */
#include "vmm/chardev.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/chardev_ops.h"
#include "vmm/machine.h"

/* People's text waits for a slow reader up to this; then it is dropped. */
#define BACKLOG_MAX (1u << 20)
#define BACKLOG_MIN 256u

size_t chardev_can_read(struct chardev *chr)
{
	return chr->end ? chr->end->user->can_read(chr->end->ctx) : 0;
}

void chardev_push(struct chardev *chr, const uint8_t *buf, size_t len)
{
	if (chr->end)
		chr->end->user->read(chr->end->ctx, buf, len);
}

void chardev_event(struct chardev *chr, enum chardev_event event)
{
	if (event == CHARDEV_OPENED)
		chr->open = true;
	if (event == CHARDEV_CLOSED) {
		chr->open = false;
		chr->backlog_len = 0;
	}
	if (chr->end && chr->end->user->event)
		chr->end->user->event(chr->end->ctx, event);
}

static size_t send(struct chardev *chr, const uint8_t *buf, size_t len)
{
	size_t n = chr->ops->write(chr, buf, len);

	chardev_log_write(chr, buf, n);
	return n;
}

bool chardev_send_backlog(struct chardev *chr)
{
	/* Also when there is none: telnet may owe half a pair. */
	size_t n = send(chr, chr->backlog, chr->backlog_len);

	if (chr->backlog_len) {
		chr->backlog_len -= n;
		memmove(chr->backlog, chr->backlog + n, chr->backlog_len);
	}
	return !chr->backlog_len;
}

void chardev_drained(struct chardev *chr)
{
	if (chardev_send_backlog(chr) && chr->end && chr->end->user->writable)
		chr->end->user->writable(chr->end->ctx);
}

bool chardev_is_stalled(const struct chardev_end *end)
{
	return end->chr && end->chr->backlog_len;
}

static void keep(struct chardev *chr, const uint8_t *buf, size_t len)
{
	size_t size = chr->backlog_size ? chr->backlog_size : BACKLOG_MIN;
	uint8_t *grown;

	if (chr->backlog_len + len > BACKLOG_MAX)
		return;
	while (size < chr->backlog_len + len)
		size *= 2;
	if (size != chr->backlog_size) {
		grown = realloc(chr->backlog, size);
		if (!grown)
			return;
		chr->backlog = grown;
		chr->backlog_size = size;
	}
	memcpy(chr->backlog + chr->backlog_len, buf, len);
	chr->backlog_len += len;
}

size_t chardev_write(struct chardev_end *end, const void *buf, size_t len)
{
	struct chardev *chr = end->chr;

	if (!chr)
		return len;
	return chr->backlog_len ? 0 : send(chr, buf, len);
}

void chardev_write_all(struct chardev_end *end, const void *buf, size_t len)
{
	size_t n = chardev_write(end, buf, len);

	if (n < len)
		keep(end->chr, (const uint8_t *)buf + n, len - n);
}

int chardev_take_fd(struct chardev_end *end)
{
	struct chardev *chr = end->chr;

	return chr && chr->ops->take_fd ? chr->ops->take_fd(chr) : -1;
}

void chardev_accept_input(struct chardev_end *end)
{
	if (end->chr && end->chr->ops->update)
		end->chr->ops->update(end->chr);
}

int chardev_attach(struct chardev_end *end, struct chardev *chr,
		   const struct chardev_user *user, void *ctx,
		   struct error *err)
{
	int rc;

	*end = (struct chardev_end){.chr = chr, .user = user, .ctx = ctx};
	if (!chr)
		return 0;
	if (chardev_is_mux(chr)) {
		rc = chardev_mux_attach(chr, end, err);
		if (rc < 0)
			end->chr = NULL;
		return rc;
	}
	if (chr->end) {
		end->chr = NULL;
		return error_set(err, EBUSY,
				 "the character device '%s' is in use",
				 chr->label);
	}
	chr->end = end;
	if (chr->ops->update)
		chr->ops->update(chr);
	if (chr->open && user->event)
		user->event(ctx, CHARDEV_OPENED);
	return 0;
}

bool chardev_is_shared(const struct chardev_end *end)
{
	return end->chr && chardev_is_mux(end->chr);
}

void chardev_detach(struct chardev_end *end)
{
	struct chardev *chr = end->chr;

	if (!chr)
		return;
	if (chardev_is_mux(chr))
		chardev_mux_detach(chr, end);
	else
		chr->end = NULL;
	if (chr->ops->update)
		chr->ops->update(chr);
	end->chr = NULL;
}

struct chardev *chardev_find(struct machine *m, const char *label)
{
	struct chardev *chr;

	list_for_each (chr, &m->chardevs, struct chardev, link)
		if (!strcmp(chr->label, label))
			return chr;
	return NULL;
}

static void destroy(struct chardev *chr)
{
	chr->ops->close(chr);
	chardev_log_close(chr);
	list_del(&chr->link);
	free(chr->backlog);
	free(chr->label);
	free(chr);
}

void chardev_close_all(struct machine *m)
{
	/* The last made is first: a mux goes before what it is on. */
	while (!list_empty(&m->chardevs))
		destroy(container_of(m->chardevs.prev, struct chardev, link));
}

int chardev_remove(struct chardev *chr, struct error *err)
{
	struct chardev *under = chardev_mux_under(chr);

	if (chr->end)
		return error_set(err, EBUSY, "Chardev '%s' is busy",
				 chr->label);
	destroy(chr);
	if (under)
		destroy(under);
	return 0;
}

void chardev_move_user(struct chardev *from, struct chardev *to)
{
	struct chardev_end *end = from->end;
	const struct chardev_user *user = end ? end->user : NULL;

	if (!end)
		return;
	chardev_detach(end);
	if (from->open && user->event)
		user->event(end->ctx, CHARDEV_CLOSED);
	/* It cannot fail: nobody else is there yet. */
	chardev_attach(end, to, user, end->ctx, NULL);
}

struct chardev *chardev_make(struct machine *m, const char *label,
			     const struct chardev_ops *ops,
			     const struct opt_list *opts, struct error *err)
{
	struct chardev *chr;

	if (chardev_find(m, label)) {
		error_set(err, EEXIST, "Chardev with id '%s' already exists",
			  label);
		return NULL;
	}
	chr = calloc(1, ops->size);
	if (!chr || !(chr->label = strdup(label))) {
		free(chr);
		error_set(err, ENOMEM, "out of memory");
		return NULL;
	}
	chr->ops = ops;
	chr->m = m;
	snprintf(chr->filename, sizeof(chr->filename), "%s", ops->name);
	list_add_tail(&m->chardevs, &chr->link);
	if (chardev_log_open(chr, opts, err) < 0 ||
	    ops->open(chr, opts, err) < 0) {
		chardev_log_close(chr);
		list_del(&chr->link);
		free(chr->label);
		free(chr);
		return NULL;
	}
	return chr;
}

static int null_open(struct chardev *chr, const struct opt_list *opts,
		     struct error *err)
{
	static const struct opt_desc none[] = {{.type = OPT_END}};

	chr->open = true;
	return chardev_conf(none, opts, NULL, err);
}

static size_t null_write(struct chardev *chr, const uint8_t *buf, size_t len)
{
	return len;
}

static void null_close(struct chardev *chr)
{
}

const struct chardev_ops chardev_null = {
	.name = "null",
	.size = sizeof(struct chardev),
	.open = null_open,
	.write = null_write,
	.close = null_close,
};
