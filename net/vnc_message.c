/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What clients say once they are in (RFC 6143, 7.5), with the extensions for
 * keys as the keyboard numbers them and for sizes.  Text that a client cut is
 * not for anyone; it is skipped, but not without end.
 */
#include <linux/input-event-codes.h>

#include "net/vnc_impl.h"
#include "vmm/endian.h"

enum {
	MSG_FORMAT = 0,
	MSG_ENCODINGS = 2,
	MSG_REQUEST = 3,
	MSG_KEY = 4,
	MSG_POINTER = 5,
	MSG_CUT_TEXT = 6,
	MSG_SET_SIZE = 251,
	MSG_QEMU = 255,
};

enum { QEMU_KEY = 0 };

/* Where fields are. */
enum {
	FORMAT_AT = 4,
	ENCODINGS_COUNT_AT = 2,
	KEY_DOWN_AT = 1,
	KEY_SYM_AT = 4,
	EXT_DOWN_AT = 2,
	EXT_SYM_AT = 4,
	EXT_CODE_AT = 8,
	CUT_LENGTH_AT = 4,
	SCREENS_AT = 6,
};

enum { SCREEN_LEN = 16, ENCODING_LEN = 4 };
enum { RESIZE_BY_CLIENT = 1, RESIZE_PROHIBITED = 1 };
enum { LED_CAPS = 4 };

#define CUT_TEXT_MAX (1u << 20)
#define CENTRE	     0x7fff /* of relative motion: no motion */

/* Buttons as the protocol has them, and as struct input_ops does. */
enum { RFB_LEFT = 1, RFB_MIDDLE = 2, RFB_RIGHT = 4, RFB_UP = 8, RFB_DOWN = 16 };
enum { LEFT = 1, RIGHT = 2, MIDDLE = 4 };

static int take_format(struct vnc_client *c, const uint8_t *msg)
{
	struct vnc_format format;

	if (!vnc_format_read(&format, msg + FORMAT_AT))
		return -1;
	vnc_update_format(c, &format);
	return 0;
}

struct named {
	int32_t first, last;
	unsigned feature;
};

static const struct named features[] = {
	{VNC_ENC_COPYRECT, VNC_ENC_COPYRECT, VNC_COPIES},
	{-223, -223, VNC_RESIZES},
	{-257, -257, VNC_POINTER_TYPE},
	{-258, -258, VNC_KEYS_EXT},
	{-261, -261, VNC_LEDS},
	{-307, -307, VNC_NAME},
	{-308, -308, VNC_RESIZES_EXT},
};

enum { LEVEL_FIRST = -256, LEVEL_LAST = -247 };

static bool is_picture(int32_t e)
{
	return e == VNC_ENC_RAW || e == VNC_ENC_HEXTILE || e == VNC_ENC_ZLIB ||
	       e == VNC_ENC_TIGHT || e == VNC_ENC_ZRLE;
}

static void take_encoding(struct vnc_client *c, int32_t encoding)
{
	size_t i;

	if (is_picture(encoding) && c->choice < 0)
		c->choice = encoding;
	if (encoding >= LEVEL_FIRST && encoding <= LEVEL_LAST)
		c->streams.level = encoding - LEVEL_FIRST;
	for (i = 0; i < sizeof(features) / sizeof(*features); i++)
		if (encoding >= features[i].first &&
		    encoding <= features[i].last)
			c->features |= features[i].feature;
}

static void end_encodings(struct vnc_client *c)
{
	c->encoding = c->choice < 0 ? VNC_ENC_RAW : c->choice;
	c->told &= c->features | VNC_RESIZES;
	vnc_update_features(c);
}

static int take_encodings(struct vnc_client *c, const uint8_t *msg)
{
	c->encodings = load_be16(msg + ENCODINGS_COUNT_AT);
	c->choice = -1;
	c->features = 0;
	c->streams.level = VNC_LEVEL_DEFAULT;
	if (!c->encodings)
		end_encodings(c);
	return 0;
}

static int take_request(struct vnc_client *c, const uint8_t *msg)
{
	bool incremental = msg[1];

	if (!incremental) {
		vnc_tiles_mark(&c->dirty, load_be16(msg + 2),
			       load_be16(msg + 4), load_be16(msg + 6),
			       load_be16(msg + 8));
		c->stale = true;
	}
	c->wants = true;
	return 0;
}

static bool is_held(const struct vnc_client *c, unsigned code)
{
	return c->held[code / 64] >> code % 64 & 1;
}

/* 1: there is no room for it yet. */
static int press(struct vnc_client *c, unsigned code, bool down)
{
	struct vnc_note note = {.kind = VNC_NOTE_KEY,
				.code = code,
				.down = down};
	uint64_t bit = UINT64_C(1) << code % 64;

	if (!code || code >= VNC_KEYS)
		return 0;
	if (!vnc_note(c->v, &note))
		return 1;
	if (down)
		c->held[code / 64] |= bit;
	else
		c->held[code / 64] &= ~bit;
	return 0;
}

/*
 * The client says A, but no Shift is down: its Caps Lock is on.  The guest's
 * has to be as well.
 */
static void sync_caps(struct vnc_client *c, uint32_t keysym)
{
	bool upper = keysym >= 'A' && keysym <= 'Z';
	bool lower = keysym >= 'a' && keysym <= 'z';
	bool shift = is_held(c, KEY_LEFTSHIFT) || is_held(c, KEY_RIGHTSHIFT);
	bool caps = c->v->leds & LED_CAPS;

	if ((!upper && !lower) || caps == (upper != shift))
		return;
	if (press(c, KEY_CAPSLOCK, true) == 0) {
		press(c, KEY_CAPSLOCK, false);
		c->v->leds ^= LED_CAPS;
	}
}

static int take_key(struct vnc_client *c, const uint8_t *msg)
{
	uint32_t keysym = load_be32(msg + KEY_SYM_AT);
	bool down = msg[KEY_DOWN_AT];

	if (down && c->server->conf.lock_key_sync)
		sync_caps(c, keysym);
	return press(c, vnc_key_of_keysym(c->v->layout, keysym), down);
}

static int take_qemu(struct vnc_client *c, const uint8_t *msg)
{
	uint32_t scancode = load_be32(msg + EXT_CODE_AT);
	unsigned code = vnc_key_of_scancode(scancode);

	if (msg[1] != QEMU_KEY || !(c->features & VNC_KEYS_EXT))
		return -1;
	/* Those without a number of a key have a symbol. */
	if (!code)
		code = vnc_key_of_keysym(c->v->layout,
					 load_be32(msg + EXT_SYM_AT));
	return press(c, code, load_be16(msg + EXT_DOWN_AT) != 0);
}

static unsigned to_buttons(unsigned rfb)
{
	return (rfb & RFB_LEFT ? LEFT : 0) | (rfb & RFB_MIDDLE ? MIDDLE : 0) |
	       (rfb & RFB_RIGHT ? RIGHT : 0);
}

static void move(struct vnc_client *c, int x, int y, struct vnc_note *note)
{
	if (c->told & VNC_POINTER_TYPE) {
		note->dx = x - CENTRE;
		note->dy = y - CENTRE;
		return;
	}
	if (c->placed) {
		note->dx = x - c->x;
		note->dy = y - c->y;
	}
}

static int take_pointer(struct vnc_client *c, const uint8_t *msg)
{
	struct vnc_note note = {.kind = VNC_NOTE_POINTER};
	unsigned rfb = msg[1], pressed = rfb & ~c->buttons;
	int x = load_be16(msg + 2), y = load_be16(msg + 4);

	move(c, x, y, &note);
	note.buttons = to_buttons(rfb);
	note.dz = (pressed & RFB_DOWN ? 1 : 0) - (pressed & RFB_UP ? 1 : 0);
	if ((note.dx || note.dy || note.dz ||
	     note.buttons != to_buttons(c->buttons)) &&
	    !vnc_note(c->v, &note))
		return 1;
	c->buttons = rfb;
	c->placed = true;
	c->x = x;
	c->y = y;
	return 0;
}

static int take_cut_text(struct vnc_client *c, const uint8_t *msg)
{
	uint32_t len = load_be32(msg + CUT_LENGTH_AT);

	if (len > CUT_TEXT_MAX)
		return -1;
	c->skip = len;
	return 0;
}

/* The guest alone chooses its size. */
static int take_size(struct vnc_client *c, const uint8_t *msg)
{
	c->skip = (size_t)msg[SCREENS_AT] * SCREEN_LEN;
	c->resize_reason = RESIZE_BY_CLIENT;
	c->resize_status = RESIZE_PROHIBITED;
	c->told &= ~(unsigned)VNC_RESIZES_EXT;
	return 0;
}

static const struct {
	size_t len; /* 0: there is no such message */
	/* 0, or -1: it is wrong, or 1: there is no room for it yet. */
	int (*take)(struct vnc_client *c, const uint8_t *msg);
} messages[] = {
	[MSG_FORMAT] = {20, take_format},
	[MSG_ENCODINGS] = {4, take_encodings},
	[MSG_REQUEST] = {10, take_request},
	[MSG_KEY] = {8, take_key},
	[MSG_POINTER] = {6, take_pointer},
	[MSG_CUT_TEXT] = {8, take_cut_text},
	[MSG_SET_SIZE] = {8, take_size},
	[MSG_QEMU] = {12, take_qemu},
};

int vnc_message_take(struct vnc_client *c, const uint8_t *msg, size_t len)
{
	size_t size = messages[msg[0]].len;
	int rc;

	if (c->encodings) {
		if (len < ENCODING_LEN)
			return 0;
		take_encoding(c, (int32_t)load_be32(msg));
		if (!--c->encodings)
			end_encodings(c);
		return ENCODING_LEN;
	}
	if (!size)
		return -1;
	if (len < size)
		return 0;
	rc = messages[msg[0]].take(c, msg);
	if (rc < 0)
		return -1;
	c->stalled = rc > 0;
	return rc ? 0 : (int)size;
}
