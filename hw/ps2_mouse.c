/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A PS/2 mouse.  IBM Personal System/2 Hardware Interface Technical Reference,
 * mouse section; wheel and side buttons as Microsoft's IntelliMouse and
 * IntelliMouse Explorer have them, which the host asks for by setting sample
 * rates in a certain order.
 *
 * Not modelled: the sample rate (what moved is told as soon as the host took
 * what was told before) and the resolution, but that both can be read back.
 */
#include "hw/ps2_mouse.h"

#include <stddef.h>
#include <string.h>

enum command {
	CMD_SCALE_1 = 0xe6,
	CMD_SCALE_2 = 0xe7,
	CMD_RESOLUTION = 0xe8,
	CMD_STATUS = 0xe9,
	CMD_STREAM = 0xea,
	CMD_READ_DATA = 0xeb,
	CMD_END_WRAP = 0xec,
	CMD_WRAP = 0xee,
	CMD_REMOTE = 0xf0,
	CMD_IDENTIFY = 0xf2,
	CMD_RATE = 0xf3,
	CMD_ENABLE = 0xf4,
	CMD_DISABLE = 0xf5,
	CMD_DEFAULTS = 0xf6,
	CMD_RESEND = 0xfe,
	CMD_RESET = 0xff
};

#define REPLY_ACK	   0xfau
#define REPLY_RESEND	   0xfeu
#define REPLY_TEST_OK	   0xaau
#define ID_PLAIN	   0x00u
#define ID_WHEEL	   0x03u
#define ID_EXPLORER	   0x04u
#define RATE_DEFAULT	   100u
#define RESOLUTION_DEFAULT 2u /* four counts a millimetre */
#define RESOLUTION_LAST	   3u

#define PACKET_ONE	   0x08u
#define PACKET_X_SIGN	   0x10u
#define PACKET_Y_SIGN	   0x20u
#define STATUS_DOUBLED	   0x10u
#define STATUS_REPORTING   0x20u
#define STATUS_REMOTE	   0x40u

#define BUTTON_LEFT	   0x01u
#define BUTTON_RIGHT	   0x02u
#define BUTTON_MIDDLE	   0x04u
#define BUTTONS_FIRST	   0x07u /* in the first byte */
#define BUTTONS_SIDE	   0x18u
#define SIDE_SHIFT	   1 /* from there to their place in the fourth byte */
#define STEP_MAX	   127
#define WHEEL_MAX	   7
#define WHEEL_MASK	   0x0fu
#define AHEAD_MAX	   0x7fff /* that may wait to be told */
#define PACKET_MAX	   4

static void put(struct ps2_mouse *m, uint8_t val)
{
	if (m->count == PS2_MOUSE_QUEUE)
		return;
	m->queue[(m->head + m->count++) % PS2_MOUSE_QUEUE] = val;
}

static int32_t clamp(int32_t val, int32_t max)
{
	return val > max ? max : val < -max ? -max : val;
}

/* The fourth byte: steps of the wheel, up when towards the user. */
static void put_wheel(struct ps2_mouse *m)
{
	int32_t dz = clamp(m->dz, m->id == ID_EXPLORER ? WHEEL_MAX : STEP_MAX);
	uint8_t val = (uint8_t)dz;

	if (m->id == ID_EXPLORER)
		val = (val & WHEEL_MASK) |
		      (uint8_t)((m->buttons & BUTTONS_SIDE) << SIDE_SHIFT);
	put(m, val);
	m->dz -= dz;
}

/* What moved, as far as a packet can say it; y counts upwards. */
static void put_packet(struct ps2_mouse *m)
{
	int32_t dx = clamp(m->dx, STEP_MAX), dy = clamp(m->dy, STEP_MAX);

	put(m, (uint8_t)(PACKET_ONE | (m->buttons & BUTTONS_FIRST) |
			 (dx < 0 ? PACKET_X_SIGN : 0) |
			 (dy > 0 ? PACKET_Y_SIGN : 0)));
	put(m, (uint8_t)dx);
	put(m, (uint8_t)-dy);
	m->dx -= dx;
	m->dy -= dy;
	if (m->id != ID_PLAIN)
		put_wheel(m);
	else
		m->dz = 0;
	m->told_buttons = m->buttons;
}

static bool news(const struct ps2_mouse *m)
{
	return m->dx || m->dy || (m->dz && m->id != ID_PLAIN) ||
	       m->buttons != m->told_buttons;
}

static void tell(struct ps2_mouse *m)
{
	while (m->reporting && !m->remote && !m->wrap && news(m) &&
	       m->count + PACKET_MAX <= PS2_MOUSE_QUEUE)
		put_packet(m);
}

bool ps2_mouse_pending(const struct ps2_mouse *m)
{
	return m->count > 0;
}

uint8_t ps2_mouse_read(struct ps2_mouse *m)
{
	if (m->count) {
		m->last = m->queue[m->head];
		m->head = (m->head + 1) % PS2_MOUSE_QUEUE;
		m->count--;
		tell(m);
	}
	return m->last;
}

static void forget_motion(struct ps2_mouse *m)
{
	m->dx = m->dy = m->dz = 0;
	m->told_buttons = m->buttons;
}

static void defaults(struct ps2_mouse *m)
{
	m->rate = RATE_DEFAULT;
	m->resolution = RESOLUTION_DEFAULT;
	m->reporting = m->remote = m->wrap = m->doubled = false;
	memset(m->rates, 0, sizeof(m->rates));
	forget_motion(m);
}

void ps2_mouse_reset(struct ps2_mouse *m)
{
	m->head = m->count = m->command = 0;
	m->id = ID_PLAIN;
	defaults(m);
}

/* 200, 100, 80 make a wheel known, then 200, 200, 80 the side buttons. */
static void set_rate(struct ps2_mouse *m, uint8_t rate)
{
	if (rate == 80 && m->rates[1] == 200) {
		if (m->rates[0] == 100 && m->id == ID_PLAIN)
			m->id = ID_WHEEL;
		else if (m->rates[0] == 200 && m->id == ID_WHEEL)
			m->id = ID_EXPLORER;
	}
	m->rates[1] = m->rates[0];
	m->rates[0] = rate;
	m->rate = rate;
}

static void argument(struct ps2_mouse *m, uint8_t val)
{
	uint8_t command = m->command;

	m->command = 0;
	if (command == CMD_RESOLUTION && val > RESOLUTION_LAST) {
		put(m, REPLY_RESEND);
		return;
	}
	put(m, REPLY_ACK);
	if (command == CMD_RESOLUTION)
		m->resolution = val;
	else
		set_rate(m, val);
}

static void put_status(struct ps2_mouse *m)
{
	uint8_t buttons = m->buttons;

	put(m, (uint8_t)((buttons & BUTTON_LEFT ? 4 : 0) |
			 (buttons & BUTTON_MIDDLE ? 2 : 0) |
			 (buttons & BUTTON_RIGHT ? 1 : 0) |
			 (m->doubled ? STATUS_DOUBLED : 0) |
			 (m->reporting ? STATUS_REPORTING : 0) |
			 (m->remote ? STATUS_REMOTE : 0)));
	put(m, m->resolution);
	put(m, m->rate);
}

/* After the acknowledgement. */
static void carry_out(struct ps2_mouse *m, uint8_t val)
{
	switch (val) {
	case CMD_SCALE_1:
	case CMD_SCALE_2:
		m->doubled = val == CMD_SCALE_2;
		break;
	case CMD_RESOLUTION:
	case CMD_RATE:
		m->command = val;
		break;
	case CMD_STATUS:
		put_status(m);
		break;
	case CMD_STREAM:
	case CMD_REMOTE:
		m->remote = val == CMD_REMOTE;
		break;
	case CMD_READ_DATA:
		put_packet(m);
		break;
	case CMD_WRAP:
		m->wrap = true;
		break;
	case CMD_IDENTIFY:
		put(m, m->id);
		break;
	case CMD_ENABLE:
	case CMD_DISABLE:
		m->reporting = val == CMD_ENABLE;
		break;
	case CMD_DEFAULTS:
		defaults(m);
		break;
	case CMD_RESET:
		put(m, REPLY_TEST_OK);
		put(m, m->id);
		break;
	default:
		break;
	}
}

static bool known(uint8_t val)
{
	return (val >= CMD_SCALE_1 && val <= CMD_END_WRAP) || val == CMD_WRAP ||
	       val == CMD_REMOTE ||
	       (val >= CMD_IDENTIFY && val <= CMD_DEFAULTS) || val == CMD_RESET;
}

/* A command ends what was being told; reports go on after its answer. */
static void command(struct ps2_mouse *m, uint8_t val)
{
	m->command = 0;
	if (val == CMD_RESEND) {
		put(m, m->last);
		return;
	}
	m->head = m->count = 0;
	if (!known(val)) {
		put(m, REPLY_RESEND);
		return;
	}
	if (val == CMD_RESET)
		ps2_mouse_reset(m);
	put(m, REPLY_ACK);
	carry_out(m, val);
}

void ps2_mouse_write(struct ps2_mouse *m, uint8_t val)
{
	if (m->wrap && val != CMD_RESET && val != CMD_END_WRAP) {
		put(m, val);
		return;
	}
	m->wrap = false;
	if (m->command && val < CMD_SCALE_1)
		argument(m, val);
	else
		command(m, val);
}

/* What is there came from a saved state, perhaps. */
static void add(int32_t *sum, int by)
{
	*sum = clamp(clamp(*sum, AHEAD_MAX) + clamp(by, AHEAD_MAX), AHEAD_MAX);
}

void ps2_mouse_move(struct ps2_mouse *m, int dx, int dy, int dz,
		    unsigned buttons)
{
	m->buttons = buttons & (BUTTONS_FIRST | BUTTONS_SIDE);
	if (!m->reporting && !m->remote) {
		m->told_buttons = m->buttons;
		return;
	}
	add(&m->dx, dx);
	add(&m->dy, dy);
	add(&m->dz, dz);
	tell(m);
	if (m->count && m->ready)
		m->ready(m->ctx);
}

const struct state_field ps2_mouse_fields[] = {
	{STATE_ARR(STATE_U8, struct ps2_mouse, queue)},
	{STATE_ELEM(STATE_U8, struct ps2_mouse, head),
	 .hi = PS2_MOUSE_QUEUE - 1},
	{STATE_ELEM(STATE_U8, struct ps2_mouse, count), .hi = PS2_MOUSE_QUEUE},
	{STATE_ELEM(STATE_U8, struct ps2_mouse, last)},
	{STATE_ELEM(STATE_U8, struct ps2_mouse, command)},
	{STATE_ELEM(STATE_U8, struct ps2_mouse, id), .hi = ID_EXPLORER},
	{STATE_ARR(STATE_U8, struct ps2_mouse, rates)},
	{STATE_ELEM(STATE_U8, struct ps2_mouse, rate)},
	{STATE_ELEM(STATE_U8, struct ps2_mouse, resolution),
	 .hi = RESOLUTION_LAST},
	{STATE_ELEM(STATE_BOOL, struct ps2_mouse, reporting)},
	{STATE_ELEM(STATE_BOOL, struct ps2_mouse, remote)},
	{STATE_ELEM(STATE_BOOL, struct ps2_mouse, wrap)},
	{STATE_ELEM(STATE_BOOL, struct ps2_mouse, doubled)},
	{STATE_ELEM(STATE_U32, struct ps2_mouse, dx)},
	{STATE_ELEM(STATE_U32, struct ps2_mouse, dy)},
	{STATE_ELEM(STATE_U32, struct ps2_mouse, dz)},
	{STATE_ELEM(STATE_U8, struct ps2_mouse, buttons)},
	{STATE_ELEM(STATE_U8, struct ps2_mouse, told_buttons)},
	{.kind = STATE_END},
};
