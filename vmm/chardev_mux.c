/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A mux: several users at one chardev.  What comes in goes to the one with
 * the focus; Ctrl-a (or what -echr says) and a letter is for the mux itself.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "vmm/chardev_ops.h"
#include "vmm/config.h"
#include "vmm/log.h"
#include "vmm/machine.h"

#define USERS  4
#define CTRL_A 0x01
#define CTRL_Z 0x1a
#define KEPT   16384u /* bytes of input that a user could not take yet */

/* Input that waits, in a ring. */
struct kept {
	uint8_t buf[KEPT];
	size_t start, len;
};

struct mux {
	struct chardev chr;
	struct chardev *under;
	struct chardev_end below;
	struct chardev_end *user[USERS];
	struct kept kept[USERS];
	unsigned nusers, focus;
	bool escaped;
	uint8_t escape; /* the character that begins a command */
	bool timestamps, line_start;
	int64_t started;
};

static const struct {
	const char *key, *text;
} keys[] = {
	{"h", "print this help"},
	{"x", "exit"},
	{"s", "save disk data back to the images"},
	{"t", "toggle timestamps"},
	{"b", "send a break"},
	{"c", "switch between console and monitor"},
};

#define KEYS (sizeof(keys) / sizeof(*keys))

static void tell(struct mux *mux, unsigned n, enum chardev_event event)
{
	struct chardev_end *end = n < USERS ? mux->user[n] : NULL;

	if (end && end->user->event)
		end->user->event(end->ctx, event);
}

static void say(struct mux *mux, const char *text)
{
	chardev_write_all(&mux->below, text, strlen(text));
}

/* "C-a", or the letter itself, or its number. */
static void escape_name(const struct mux *mux, char *buf, size_t size)
{
	if (mux->escape >= CTRL_A && mux->escape <= CTRL_Z)
		snprintf(buf, size, "C-%c", 'a' + mux->escape - CTRL_A);
	else if (isprint(mux->escape))
		snprintf(buf, size, "%c", mux->escape);
	else
		snprintf(buf, size, "0x%02x", mux->escape);
}

static void help(struct mux *mux)
{
	char name[8], line[80];
	size_t i;

	escape_name(mux, name, sizeof(name));
	say(mux, "\r\n");
	for (i = 0; i < KEYS; i++) {
		snprintf(line, sizeof(line), "%s %-*s%s\r\n", name,
			 (int)strlen(name) + 2, keys[i].key, keys[i].text);
		say(mux, line);
	}
	snprintf(line, sizeof(line), "%s %s  send %s\r\n", name, name, name);
	say(mux, line);
}

static void set_focus(struct mux *mux, unsigned n)
{
	tell(mux, mux->focus, CHARDEV_MUX_OUT);
	mux->focus = n;
	tell(mux, n, CHARDEV_MUX_IN);
}

static void next_focus(struct mux *mux)
{
	unsigned n = mux->focus;

	do
		n = (n + 1) % USERS;
	while (!mux->user[n] && n != mux->focus);
	set_focus(mux, n);
}

static void quit(struct mux *mux)
{
	say(mux, mux->chr.m->program_is_qemu ? "QEMU: Terminated\r\n"
					     : "pcvm: Terminated\r\n");
	machine_request_shutdown(mux->chr.m, CAUSE_HOST_UI);
}

/* The letter after Ctrl-a; true if it is for the user after all. */
static void command(struct mux *mux, uint8_t c)
{
	switch (c) {
	case 'h':
	case '?':
		help(mux);
		break;
	case 'x':
		quit(mux);
		break;
	case 's':
		break; /* images are written as the guest writes */
	case 'b':
		tell(mux, mux->focus, CHARDEV_BREAK);
		break;
	case 'c':
		next_focus(mux);
		break;
	case 't':
		mux->timestamps = !mux->timestamps;
		mux->started = clock_now(&mux->chr.m->realtime);
		mux->line_start = false;
		break;
	default:
		break;
	}
}

/*
 * Hands on what was kept.  The user may end up here again from within read,
 * so the bytes are taken out first.
 */
static void flush_kept(struct mux *mux, unsigned n)
{
	struct chardev_end *end = mux->user[n];
	struct kept *k = &mux->kept[n];
	const uint8_t *at;
	size_t len;

	while (k->len && end) {
		len = end->user->can_read(end->ctx);
		if (!len)
			return;
		if (len > k->len)
			len = k->len;
		if (len > KEPT - k->start)
			len = KEPT - k->start;
		at = k->buf + k->start;
		k->start = (k->start + len) % KEPT;
		k->len -= len;
		end->user->read(end->ctx, at, len);
	}
}

/*
 * So much may be typed ahead, and Ctrl-a works meanwhile; then the other end
 * has to wait.
 */
static size_t below_can_read(void *ctx)
{
	const struct mux *mux = ctx;

	return KEPT - mux->kept[mux->focus].len;
}

static void keep(struct mux *mux, uint8_t c)
{
	struct kept *k = &mux->kept[mux->focus];

	if (k->len < KEPT)
		k->buf[(k->start + k->len++) % KEPT] = c;
	flush_kept(mux, mux->focus);
}

static void below_read(void *ctx, const uint8_t *buf, size_t len)
{
	struct mux *mux = ctx;
	size_t i;

	for (i = 0; i < len; i++) {
		if (mux->escaped) {
			mux->escaped = false;
			if (buf[i] != mux->escape) {
				command(mux, buf[i]);
				continue;
			}
		} else if (buf[i] == mux->escape) {
			mux->escaped = true;
			continue;
		}
		keep(mux, buf[i]);
	}
}

static void below_event(void *ctx, enum chardev_event event)
{
	struct mux *mux = ctx;
	unsigned n;

	if (event == CHARDEV_OPENED || event == CHARDEV_CLOSED)
		mux->chr.open = event == CHARDEV_OPENED;
	if (event == CHARDEV_BREAK) {
		tell(mux, mux->focus, event);
		return;
	}
	for (n = 0; n < USERS; n++)
		tell(mux, n, event);
}

static void below_writable(void *ctx)
{
	struct mux *mux = ctx;
	unsigned n;

	for (n = 0; n < USERS && chardev_send_backlog(&mux->chr); n++)
		if (mux->user[n] && mux->user[n]->user->writable)
			mux->user[n]->user->writable(mux->user[n]->ctx);
}

static const struct chardev_user below_user = {
	.can_read = below_can_read,
	.read = below_read,
	.event = below_event,
	.writable = below_writable,
	.stays = true,
};

static void stamp(struct mux *mux)
{
	int64_t ms =
		(clock_now(&mux->chr.m->realtime) - mux->started) / NS_PER_MSEC;
	char text[32];

	snprintf(text, sizeof(text), "[%02d:%02d:%02d.%03d] ",
		 (int)(ms / 3600000), (int)(ms / 60000 % 60),
		 (int)(ms / 1000 % 60), (int)(ms % 1000));
	say(mux, text);
}

static size_t mux_write(struct chardev *chr, const uint8_t *buf, size_t len)
{
	struct mux *mux = (struct mux *)chr;
	size_t i;

	if (!mux->timestamps)
		return chardev_write(&mux->below, buf, len);
	for (i = 0; i < len; i++) {
		if (mux->line_start)
			stamp(mux);
		mux->line_start = buf[i] == '\n';
		chardev_write_all(&mux->below, &buf[i], 1);
	}
	return len;
}

static void mux_update(struct chardev *chr)
{
	struct mux *mux = (struct mux *)chr;
	unsigned n;

	for (n = 0; n < USERS; n++)
		flush_kept(mux, n);
	chardev_accept_input(&mux->below);
}

static void mux_close(struct chardev *chr)
{
	chardev_detach(&((struct mux *)chr)->below);
}

static int mux_open(struct chardev *chr, const struct opt_list *opts,
		    struct error *err)
{
	return 0;
}

const struct chardev_ops chardev_mux = {
	.name = "mux",
	.size = sizeof(struct mux),
	.open = mux_open,
	.write = mux_write,
	.update = mux_update,
	.close = mux_close,
};

bool chardev_is_mux(const struct chardev *chr)
{
	return chr->ops == &chardev_mux;
}

struct chardev *chardev_mux_under(const struct chardev *chr)
{
	return chardev_is_mux(chr) ? ((const struct mux *)chr)->under : NULL;
}

struct chardev *chardev_mux_over(struct machine *m, struct chardev *under,
				 struct error *err)
{
	char *label = under->label, base[80];
	static const struct opt_list none;
	struct chardev *chr;
	struct mux *mux;

	/* The mux has the name; what is below it gets another. */
	snprintf(base, sizeof(base), "%.70s-base", label);
	under->label = strdup(base);
	chr = chardev_make(m, label, &chardev_mux, &none, err);
	free(label);
	if (!chr)
		return NULL;
	mux = (struct mux *)chr;
	mux->escape = m->config ? m->config->echr : CTRL_A;
	snprintf(chr->filename, sizeof(chr->filename), "mux");
	((struct mux *)chr)->under = under;
	chr->open = under->open;
	if (chardev_attach(&((struct mux *)chr)->below, under, &below_user, chr,
			   err) < 0)
		return NULL;
	return chr;
}

int chardev_mux_attach(struct chardev *chr, struct chardev_end *end,
		       struct error *err)
{
	struct mux *mux = (struct mux *)chr;
	unsigned n;

	for (n = 0; n < USERS && mux->user[n]; n++)
		;
	if (n == USERS)
		return error_set(err, EBUSY,
				 "the mux '%s' has %d users, more cannot be",
				 chr->label, USERS);
	mux->user[n] = end;
	end->index = n;
	mux->nusers++;
	chr->end = end;
	if (chr->open && end->user->event)
		end->user->event(end->ctx, CHARDEV_OPENED);
	/* The first one to come has the focus: serial ports before monitors. */
	if (mux->nusers == 1)
		mux->focus = n;
	tell(mux, n, mux->focus == n ? CHARDEV_MUX_IN : CHARDEV_MUX_OUT);
	mux_update(chr);
	return 0;
}

void chardev_mux_detach(struct chardev *chr, struct chardev_end *end)
{
	struct mux *mux = (struct mux *)chr;

	unsigned n;

	mux->user[end->index] = NULL;
	mux->kept[end->index].len = 0;
	mux->nusers--;
	chr->end = NULL;
	for (n = 0; n < USERS; n++)
		if (mux->user[n])
			chr->end = mux->user[n];
	if (mux->focus == end->index)
		next_focus(mux);
}
