/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Monitor commands that press keys and move the mouse. */
#include <linux/input-event-codes.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/input.h"
#include "vmm/machine.h"
#include "vmm/monitor.h"

#define KEYS_MAX    16
#define HOLD_MS	    100
#define HOLD_MAX_MS 60000
#define MOUSE_INDEX 2
#define MOUSE_NAME  "QEMU PS/2 Mouse"
#define MOVE_MAX    32767

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

/* Presses all, and lets them go hold milliseconds later. */
static void press(struct held *h, long long hold)
{
	unsigned i;

	for (i = 0; i < h->n; i++)
		input_key(&h->m->input, h->code[i], true);
	timer_init(&h->timer, &h->m->realtime, release, h);
	timer_set(&h->timer, clock_now(&h->m->realtime) + hold * NS_PER_MSEC);
}

static struct held *new_held(struct monitor_call *call, long long hold)
{
	struct held *h;

	if (hold < 0 || hold > HOLD_MAX_MS) {
		monitor_fail(call, "GenericError",
			     "hold-time is not from 0 to %d", HOLD_MAX_MS);
		return NULL;
	}
	h = calloc(1, sizeof(*h));
	if (!h) {
		monitor_fail(call, "GenericError", "out of memory");
		return NULL;
	}
	h->m = monitor_machine(call);
	h->call = call;
	return h;
}

static bool take_key(struct held *h, const char *name, size_t len)
{
	char word[32];
	int code;

	if (len >= sizeof(word) || h->n == KEYS_MAX)
		return false;
	memcpy(word, name, len);
	word[len] = 0;
	if (!strcmp(word, "<"))
		code = KEY_102ND;
	else if (!strncmp(word, "0x", 2))
		code = input_key_number(strtol(word, NULL, 16));
	else
		code = input_key_code(word);
	if (code <= 0)
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
	struct held *h = new_held(call, hold);

	if (!h)
		return;
	if (!take_keys(h, monitor_arg_string(call, "keys"))) {
		monitor_done(call, NULL);
		free(h);
		return;
	}
	press(h, hold);
}

static int key_of_name(struct monitor_call *call, const char *name)
{
	int code = input_key_code(name);

	if (code < 0)
		monitor_fail(call, "GenericError",
			     "Parameter 'data' does not accept value '%s'",
			     name);
	return code;
}

static int key_of_number(struct monitor_call *call, long long number)
{
	int code = input_key_number(number);

	if (code < 0)
		monitor_fail(call, "GenericError",
			     "There is no key of number %lld", number);
	return code;
}

/* QMP's KeyValue: a name, or a number; -1 with the call failed. */
static int key_value(struct monitor_call *call, const json_t *key)
{
	const char *type = json_string_value(json_object_get(key, "type"));
	const json_t *data = json_object_get(key, "data");

	if (type && !strcmp(type, "qcode") && json_is_string(data))
		return key_of_name(call, json_string_value(data));
	if (type && !strcmp(type, "number") && json_is_integer(data))
		return key_of_number(call, json_integer_value(data));
	monitor_fail(call, "GenericError",
		     "A key is {'type': 'qcode', 'data': name} or "
		     "{'type': 'number', 'data': scan code}");
	return -1;
}

static void run_send_key(struct monitor_call *call)
{
	const json_t *keys = json_object_get(monitor_args(call), "keys"), *key;
	long long hold = monitor_arg_int(call, "hold-time", HOLD_MS);
	size_t i, n = json_array_size(keys);
	struct held *h;
	int code;

	if (!json_is_array(keys) || n > KEYS_MAX) {
		monitor_fail(call, "GenericError",
			     "Parameter 'keys' is not an array of at most %d "
			     "keys",
			     KEYS_MAX);
		return;
	}
	h = new_held(call, hold);
	if (!h)
		return;
	json_array_foreach(keys, i, key)
	{
		code = key_value(call, key);
		if (code < 0) {
			free(h);
			return;
		}
		h->code[h->n++] = (uint16_t)code;
	}
	press(h, hold);
}

static int at_most(long long val)
{
	return (int)(val > MOVE_MAX    ? MOVE_MAX
		     : val < -MOVE_MAX ? -MOVE_MAX
				       : val);
}

static void move(struct monitor_call *call, long long dx, long long dy,
		 long long dz)
{
	struct input *input = &monitor_machine(call)->input;

	input_mouse(input, at_most(dx), at_most(dy), at_most(dz),
		    input->buttons);
}

static void run_mouse_move(struct monitor_call *call)
{
	/* Here the wheel counts away from the user. */
	move(call, monitor_arg_int(call, "dx", 0),
	     monitor_arg_int(call, "dy", 0),
	     -(long long)at_most(monitor_arg_int(call, "dz", 0)));
	monitor_done(call, NULL);
}

/* Bits of mouse_button: left, middle, right, as people count them. */
static void run_mouse_button(struct monitor_call *call)
{
	long long state = monitor_arg_int(call, "button_state", 0);
	unsigned buttons = (state & 1 ? 1u << INPUT_LEFT : 0) |
			   (state & 2 ? 1u << INPUT_MIDDLE : 0) |
			   (state & 4 ? 1u << INPUT_RIGHT : 0);

	input_mouse(&monitor_machine(call)->input, 0, 0, 0, buttons);
	monitor_done(call, NULL);
}

static void run_mouse_set(struct monitor_call *call)
{
	long long index = monitor_arg_int(call, "index", 0);

	if (index == MOUSE_INDEX && monitor_machine(call)->input.pointer)
		monitor_done(call, NULL);
	else
		monitor_fail(call, "GenericError",
			     "Mouse at index '%lld' not "
			     "found",
			     index);
}

static void run_query_mice(struct monitor_call *call)
{
	json_t *mice = json_array();

	if (monitor_machine(call)->input.pointer)
		json_array_append_new(mice,
				      json_pack("{s:s, s:i, s:b, s:b}", "name",
						MOUSE_NAME, "index",
						MOUSE_INDEX, "current", 1,
						"absolute", 0));
	monitor_done(call, mice);
}

static void show_mice(struct monitor_call *call, const json_t *mice)
{
	const json_t *mouse;
	size_t i;

	if (!json_array_size(mice))
		monitor_printf(call, "No mouse devices connected\n");
	json_array_foreach(mice, i, mouse)
	{
		monitor_printf(call, "* Mouse #%d: %s\n",
			       (int)json_integer_value(
				       json_object_get(mouse, "index")),
			       json_string_value(
				       json_object_get(mouse, "name")));
	}
}

struct button {
	const char *name;
	int bit; /* or -1: the wheel */
	int dz;
};

static const struct button buttons[] = {
	{"left", INPUT_LEFT, 0},     {"middle", INPUT_MIDDLE, 0},
	{"right", INPUT_RIGHT, 0},   {"side", INPUT_BACK, 0},
	{"extra", INPUT_FORWARD, 0}, {"wheel-up", -1, -1},
	{"wheel-down", -1, 1},	     {"wheel-left", -1, 0},
	{"wheel-right", -1, 0},	     {.name = NULL},
};

static const struct button *find_button(const json_t *data)
{
	const char *name = json_string_value(json_object_get(data, "button"));
	const struct button *b = buttons;

	while (b->name && (!name || strcmp(b->name, name) != 0))
		b++;
	return b->name ? b : NULL;
}

static bool send_button(struct monitor_call *call, const json_t *data,
			bool really)
{
	struct input *input = &monitor_machine(call)->input;
	const struct button *b = find_button(data);
	const json_t *down = json_object_get(data, "down");
	unsigned bit;

	if (!b || !json_is_boolean(down)) {
		monitor_fail(call, "GenericError",
			     "An event of a button has a known 'button', and "
			     "'down'");
		return false;
	}
	if (!really)
		return true;
	if (b->bit < 0) {
		move(call, 0, 0, json_is_true(down) ? b->dz : 0);
		return true;
	}
	bit = 1u << b->bit;
	input_mouse(input, 0, 0, 0,
		    json_is_true(down) ? input->buttons | bit
				       : input->buttons & ~bit);
	return true;
}

static bool send_motion(struct monitor_call *call, const json_t *data,
			bool really)
{
	const char *axis = json_string_value(json_object_get(data, "axis"));
	const json_t *value = json_object_get(data, "value");
	long long v = json_integer_value(value);

	if (!axis || (strcmp(axis, "x") != 0 && strcmp(axis, "y") != 0) ||
	    !json_is_integer(value)) {
		monitor_fail(call, "GenericError",
			     "An event of motion has 'axis', which is 'x' or "
			     "'y', and an integer 'value'");
		return false;
	}
	if (really)
		move(call, *axis == 'x' ? v : 0, *axis == 'y' ? v : 0, 0);
	return true;
}

static bool send_key(struct monitor_call *call, const json_t *data, bool really)
{
	const json_t *down = json_object_get(data, "down");
	int code;

	if (!json_is_boolean(down)) {
		monitor_fail(call, "GenericError",
			     "An event of a key has 'key', and 'down'");
		return false;
	}
	code = key_value(call, json_object_get(data, "key"));
	if (code > 0 && really)
		input_key(&monitor_machine(call)->input, (unsigned)code,
			  json_is_true(down));
	return code > 0;
}

/* Nobody hears of absolute positions: a PS/2 mouse knows none. */
static bool send_position(struct monitor_call *call, const json_t *data,
			  bool really)
{
	return send_motion(call, data, false);
}

struct event {
	const char *type;
	bool (*send)(struct monitor_call *call, const json_t *data,
		     bool really);
};

static const struct event events[] = {
	{"key", send_key},	{"btn", send_button}, {"rel", send_motion},
	{"abs", send_position}, {.type = NULL},
};

/* False: the call has failed. */
static bool send_event(struct monitor_call *call, const json_t *event,
		       bool really)
{
	const char *type = json_string_value(json_object_get(event, "type"));
	const struct event *e = events;

	while (e->type && (!type || strcmp(e->type, type) != 0))
		e++;
	if (e->type)
		return e->send(call, json_object_get(event, "data"), really);
	monitor_fail(call, "GenericError",
		     "Parameter 'type' does not accept value '%s'",
		     type ? type : "");
	return false;
}

/* All are looked at before the first is sent. */
static void run_input_send_event(struct monitor_call *call)
{
	const json_t *list = json_object_get(monitor_args(call), "events");
	const json_t *event;
	size_t i;

	if (!json_is_array(list)) {
		monitor_fail(call, "GenericError",
			     "Parameter 'events' is not an array");
		return;
	}
	if (!machine_running(monitor_machine(call))) {
		monitor_fail(call, "GenericError", "VM not running");
		return;
	}
	json_array_foreach(list, i,
			   event) if (!send_event(call, event, false)) return;
	json_array_foreach(list, i, event)
	{
		send_event(call, event, true);
	}
	monitor_done(call, NULL);
}

static void complete_key(struct machine *m, const char *prefix,
			 void (*add)(void *, const char *), void *ctx)
{
	const char *name;
	unsigned i;

	for (i = 0; (name = input_key_name(i)); i++)
		add(ctx, name);
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

static const struct monitor_arg send_key_args[] = {
	{.name = "keys", .type = MONITOR_ARG_JSON},
	{.name = "hold-time", .type = MONITOR_ARG_INT, .optional = true},
	{.type = MONITOR_ARG_END},
};

static const struct monitor_arg event_args[] = {
	MONITOR_OPTIONAL_WORD("device", "ignored: there is one screen"),
	{.name = "head", .type = MONITOR_ARG_INT, .optional = true},
	{.name = "events", .type = MONITOR_ARG_JSON},
	{.type = MONITOR_ARG_END},
};

static const struct monitor_arg move_args[] = {
	{.name = "dx", .type = MONITOR_ARG_INT},
	{.name = "dy", .type = MONITOR_ARG_INT},
	{.name = "dz", .type = MONITOR_ARG_INT, .optional = true},
	{.type = MONITOR_ARG_END},
};

static const struct monitor_arg button_args[] = {
	{.name = "button_state", .type = MONITOR_ARG_INT},
	{.type = MONITOR_ARG_END},
};

static const struct monitor_arg set_args[] = {
	{.name = "index", .type = MONITOR_ARG_INT},
	{.type = MONITOR_ARG_END},
};

const struct monitor_cmd input_monitor_cmds[] = {
	{.name = "sendkey",
	 .help = "press keys and let them go",
	 .args = sendkey_args,
	 .run = run_sendkey},
	{.name = "mouse_move",
	 .help = "move the mouse, and its wheel",
	 .args = move_args,
	 .run = run_mouse_move},
	{.name = "mouse_button",
	 .help = "press and release buttons: 1 left, 2 middle, 4 right",
	 .args = button_args,
	 .run = run_mouse_button},
	{.name = "mouse_set",
	 .help = "choose the mouse that is moved",
	 .args = set_args,
	 .run = run_mouse_set},
	{.name = "info mice",
	 .qmp = "query-mice",
	 .help = "show the mice, and which one is moved",
	 .run = run_query_mice,
	 .show = show_mice},
	{.qmp = "send-key", .args = send_key_args, .run = run_send_key},
	{.qmp = "input-send-event",
	 .args = event_args,
	 .run = run_input_send_event},
	{.run = NULL},
};
