/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keys on their way to the emulated keyboard, and their names. */
#include "vmm/input.h"

#include <linux/input-event-codes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/machine.h"
#include "vmm/monitor.h"

#define KEYS_MAX    16
#define HOLD_MS	    100
#define HOLD_MAX_MS 60000

struct key_name {
	const char *name;
	uint16_t code;
};

static const struct key_name key_names[] = {
	{"shift", KEY_LEFTSHIFT},
	{"shift_r", KEY_RIGHTSHIFT},
	{"alt", KEY_LEFTALT},
	{"alt_r", KEY_RIGHTALT},
	{"ctrl", KEY_LEFTCTRL},
	{"ctrl_r", KEY_RIGHTCTRL},
	{"menu", KEY_COMPOSE},
	{"esc", KEY_ESC},
	{"1", KEY_1},
	{"2", KEY_2},
	{"3", KEY_3},
	{"4", KEY_4},
	{"5", KEY_5},
	{"6", KEY_6},
	{"7", KEY_7},
	{"8", KEY_8},
	{"9", KEY_9},
	{"0", KEY_0},
	{"minus", KEY_MINUS},
	{"equal", KEY_EQUAL},
	{"backspace", KEY_BACKSPACE},
	{"tab", KEY_TAB},
	{"q", KEY_Q},
	{"w", KEY_W},
	{"e", KEY_E},
	{"r", KEY_R},
	{"t", KEY_T},
	{"y", KEY_Y},
	{"u", KEY_U},
	{"i", KEY_I},
	{"o", KEY_O},
	{"p", KEY_P},
	{"bracket_left", KEY_LEFTBRACE},
	{"bracket_right", KEY_RIGHTBRACE},
	{"ret", KEY_ENTER},
	{"a", KEY_A},
	{"s", KEY_S},
	{"d", KEY_D},
	{"f", KEY_F},
	{"g", KEY_G},
	{"h", KEY_H},
	{"j", KEY_J},
	{"k", KEY_K},
	{"l", KEY_L},
	{"semicolon", KEY_SEMICOLON},
	{"apostrophe", KEY_APOSTROPHE},
	{"grave_accent", KEY_GRAVE},
	{"backslash", KEY_BACKSLASH},
	{"z", KEY_Z},
	{"x", KEY_X},
	{"c", KEY_C},
	{"v", KEY_V},
	{"b", KEY_B},
	{"n", KEY_N},
	{"m", KEY_M},
	{"comma", KEY_COMMA},
	{"dot", KEY_DOT},
	{"slash", KEY_SLASH},
	{"asterisk", KEY_KPASTERISK},
	{"spc", KEY_SPACE},
	{"caps_lock", KEY_CAPSLOCK},
	{"f1", KEY_F1},
	{"f2", KEY_F2},
	{"f3", KEY_F3},
	{"f4", KEY_F4},
	{"f5", KEY_F5},
	{"f6", KEY_F6},
	{"f7", KEY_F7},
	{"f8", KEY_F8},
	{"f9", KEY_F9},
	{"f10", KEY_F10},
	{"f11", KEY_F11},
	{"f12", KEY_F12},
	{"num_lock", KEY_NUMLOCK},
	{"scroll_lock", KEY_SCROLLLOCK},
	{"kp_divide", KEY_KPSLASH},
	{"kp_multiply", KEY_KPASTERISK},
	{"kp_subtract", KEY_KPMINUS},
	{"kp_add", KEY_KPPLUS},
	{"kp_enter", KEY_KPENTER},
	{"kp_decimal", KEY_KPDOT},
	{"sysrq", KEY_SYSRQ},
	{"print", KEY_SYSRQ},
	{"kp_0", KEY_KP0},
	{"kp_1", KEY_KP1},
	{"kp_2", KEY_KP2},
	{"kp_3", KEY_KP3},
	{"kp_4", KEY_KP4},
	{"kp_5", KEY_KP5},
	{"kp_6", KEY_KP6},
	{"kp_7", KEY_KP7},
	{"kp_8", KEY_KP8},
	{"kp_9", KEY_KP9},
	{"less", KEY_102ND},
	{"pause", KEY_PAUSE},
	{"home", KEY_HOME},
	{"pgup", KEY_PAGEUP},
	{"pgdn", KEY_PAGEDOWN},
	{"end", KEY_END},
	{"left", KEY_LEFT},
	{"up", KEY_UP},
	{"down", KEY_DOWN},
	{"right", KEY_RIGHT},
	{"insert", KEY_INSERT},
	{"delete", KEY_DELETE},
	{"meta_l", KEY_LEFTMETA},
	{"meta_r", KEY_RIGHTMETA},
	{"compose", KEY_COMPOSE},
	{"power", KEY_POWER},
	{"sleep", KEY_SLEEP},
	{"audiomute", KEY_MUTE},
	{"volumeup", KEY_VOLUMEUP},
	{"volumedown", KEY_VOLUMEDOWN},
};

#define KEY_NAMES (sizeof(key_names) / sizeof(*key_names))

void input_key(struct input *input, unsigned code, bool down)
{
	if (input->keyboard)
		input->keyboard->key(input->keyboard_dev, code, down);
}

void input_mouse(struct input *input, int dx, int dy, int dz, unsigned buttons)
{
	if (input->pointer)
		input->pointer->mouse(input->pointer_dev, dx, dy, dz, buttons);
}

int input_key_code(const char *name)
{
	size_t i;

	for (i = 0; i < KEY_NAMES; i++)
		if (!strcmp(key_names[i].name, name))
			return key_names[i].code;
	return -1;
}

const char *input_key_name(unsigned i)
{
	return i < KEY_NAMES ? key_names[i].name : NULL;
}

/* Keys held down by sendkey until its timer lets them go. */
struct held {
	struct timer timer;
	struct machine *m;
	uint16_t code[KEYS_MAX];
	unsigned n;
	struct monitor_call *call;
};

static void release(void *ctx)
{
	struct held *h = ctx;

	while (h->n)
		input_key(&h->m->input, h->code[--h->n], false);
	monitor_done(h->call, NULL);
	free(h);
}

static bool take_key(struct held *h, const char *name, size_t len)
{
	char word[32];
	char *end;
	int code;

	if (len >= sizeof(word) || h->n == KEYS_MAX)
		return false;
	memcpy(word, name, len);
	word[len] = 0;
	if (!strcmp(word, "<"))
		code = KEY_102ND;
	else if (!strncmp(word, "0x", 2))
		code = (int)strtol(word, &end, 16);
	else
		code = input_key_code(word);
	if (code <= 0 || code > KEY_MAX)
		return false;
	h->code[h->n++] = (uint16_t)code;
	return true;
}

/* Takes all keys of s; false, with a complaint, when one is none. */
static bool take_keys(struct held *h, const char *s)
{
	size_t len;

	for (;; s += len + 1) {
		len = strcspn(s, "-");
		if (!take_key(h, s, len)) {
			monitor_printf(h->call, "invalid parameter: %.*s\n",
				       (int)len, s);
			return false;
		}
		if (!s[len])
			return true;
	}
}

static void run_sendkey(struct monitor_call *call)
{
	long long hold = monitor_arg_int(call, "hold-time", HOLD_MS);
	struct held *h;
	unsigned i;

	if (hold < 0 || hold > HOLD_MAX_MS) {
		monitor_fail(call, "GenericError",
			     "hold-time is not from 0 to %d", HOLD_MAX_MS);
		return;
	}
	h = calloc(1, sizeof(*h));
	if (!h) {
		monitor_fail(call, "GenericError", "out of memory");
		return;
	}
	h->m = monitor_machine(call);
	h->call = call;
	if (!take_keys(h, monitor_arg_string(call, "keys"))) {
		monitor_done(call, NULL);
		free(h);
		return;
	}
	for (i = 0; i < h->n; i++)
		input_key(&h->m->input, h->code[i], true);
	timer_init(&h->timer, &h->m->realtime, release, h);
	timer_set(&h->timer, clock_now(&h->m->realtime) + hold * NS_PER_MSEC);
}

static void complete_key(struct machine *m, const char *prefix,
			 void (*add)(void *, const char *), void *ctx)
{
	unsigned i;

	for (i = 0; i < KEY_NAMES; i++)
		add(ctx, key_names[i].name);
}

static const struct monitor_arg sendkey_args[] = {
	{.name = "keys",
	 .type = MONITOR_ARG_STRING,
	 .help = "names with - between them: ctrl-alt-delete",
	 .complete = complete_key},
	{.name = "hold-time",
	 .type = MONITOR_ARG_INT,
	 .optional = true,
	 .help = "milliseconds [100]"},
	{.type = MONITOR_ARG_END},
};

const struct monitor_cmd input_monitor_cmds[] = {
	{.name = "sendkey",
	 .help = "press keys and let them go",
	 .args = sendkey_args,
	 .run = run_sendkey},
	{.run = NULL},
};
