/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A user of a chardev that notes all it is told, and a machine with a loop. */
#include "tests/unit/chardev_user.h"

#include <string.h>

#include "tests/unit/unit.h"
#include "vmm/chardev_ops.h"

static size_t can_read(void *ctx)
{
	struct chardev_probe *p = ctx;

	return p->room;
}

static void take(void *ctx, const uint8_t *buf, size_t len)
{
	struct chardev_probe *p = ctx;

	ck_assert_uint_le(len, p->room);
	ck_assert_uint_lt(p->ngot + len, sizeof(p->got));
	memcpy(p->got + p->ngot, buf, len);
	p->ngot += len;
	p->got[p->ngot] = 0;
	p->room -= len;
}

static void on_event(void *ctx, enum chardev_event event)
{
	static const char letters[] = {
		[CHARDEV_OPENED] = 'o',	 [CHARDEV_CLOSED] = 'c',
		[CHARDEV_BREAK] = 'b',	 [CHARDEV_MUX_IN] = 'i',
		[CHARDEV_MUX_OUT] = 'u',
	};
	struct chardev_probe *p = ctx;

	ck_assert_uint_lt(strlen(p->events), sizeof(p->events) - 1);
	strncat(p->events, &letters[event], 1);
}

static void on_writable(void *ctx)
{
	((struct chardev_probe *)ctx)->writables++;
}

static const struct chardev_user user = {
	.can_read = can_read,
	.read = take,
	.event = on_event,
	.writable = on_writable,
};

void chardev_machine_init(struct machine *m)
{
	struct error err = {0};

	ck_assert_int_eq(machine_init(m, &err), 0);
	m->loop = loop_new(NULL, &err);
	ck_assert_ptr_nonnull(m->loop);
	clock_init_manual(&m->realtime, 1000);
}

void chardev_machine_fini(struct machine *m)
{
	chardev_close_all(m);
	loop_free(m->loop);
	machine_fini(m);
}

void chardev_settle(struct machine *m)
{
	unsigned i;

	for (i = 0; i < 20; i++)
		loop_turn(m->loop, 1);
}

struct chardev *chardev_must_open(struct machine *m, const char *spec)
{
	struct error err = {0};
	struct chardev *chr = chardev_open(m, "serial0", spec, &err);

	ck_assert_msg(chr != NULL, "%s: %s", spec, err.msg);
	return chr;
}

void chardev_probe_attach(struct chardev_probe *p, struct chardev *chr)
{
	struct error err = {0};

	*p = (struct chardev_probe){.room = sizeof(p->got) - 1};
	ck_assert_msg(chardev_attach(&p->end, chr, &user, p, &err) == 0, "%s",
		      err.msg);
}

/* Pipes are quick, terminals may take their time. */
static void wait_for(struct chardev_probe *p, const char *text, size_t len)
{
	struct loop *loop = p->end.chr ? p->end.chr->m->loop : NULL;
	unsigned i;

	for (i = 0; loop && i < 500; i++) {
		if (text == p->got ? p->ngot >= len : strlen(text) >= len)
			break;
		loop_turn(loop, 10);
	}
}

void chardev_probe_got(struct chardev_probe *p, const char *text)
{
	wait_for(p, p->got, strlen(text));
	p->got[p->ngot] = 0;
	ck_assert_str_eq(p->got, text);
	p->ngot = 0;
}

void chardev_probe_events(struct chardev_probe *p, const char *events)
{
	wait_for(p, p->events, strlen(events));
	ck_assert_str_eq(p->events, events);
	p->events[0] = 0;
}
