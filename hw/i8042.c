/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Intel 8042, the keyboard controller of a PC/AT, at ports 0x60 and 0x64.
 * IBM PC/AT Technical Reference, "Keyboard controller"; PS/2 additions for
 * the second port, where a mouse is.
 *
 * Not modelled: the controller's internal RAM beyond the command byte; the
 * A20 gate, which is always open.
 */
#include "hw/i8042.h"

#include "hw/ps2_keyboard.h"
#include "hw/ps2_mouse.h"
#include "vmm/machine.h"

#define STATUS_OBF	0x01u
#define STATUS_SYSTEM	0x04u
#define STATUS_COMMAND	0x08u
#define STATUS_UNLOCKED 0x10u
#define STATUS_AUX	0x20u

#define MODE_IRQ1	0x01u
#define MODE_IRQ12	0x02u
#define MODE_SYSTEM	0x04u
#define MODE_NO_KBD	0x10u
#define MODE_NO_AUX	0x20u
#define MODE_TRANSLATE	0x40u

enum command {
	CMD_READ_MODE = 0x20,
	CMD_WRITE_MODE = 0x60,
	CMD_AUX_DISABLE = 0xa7,
	CMD_AUX_ENABLE = 0xa8,
	CMD_AUX_TEST = 0xa9,
	CMD_SELF_TEST = 0xaa,
	CMD_KBD_TEST = 0xab,
	CMD_KBD_DISABLE = 0xad,
	CMD_KBD_ENABLE = 0xae,
	CMD_READ_INPORT = 0xc0,
	CMD_READ_OUTPORT = 0xd0,
	CMD_WRITE_OUTPORT = 0xd1,
	CMD_WRITE_KBD_OBUF = 0xd2,
	CMD_WRITE_AUX_OBUF = 0xd3,
	CMD_WRITE_AUX = 0xd4,
	CMD_PULSE_FIRST = 0xf0
};

#define SELF_TEST_OK  0x55u
#define INPORT_VALUE  0x80u /* the keyboard is not locked */
#define OUTPORT_RESET 0x01u /* active low */
#define OUTPORT_A20   0x02u
#define BREAK_SET2    0xf0u
#define BREAK_SET1    0x80u

enum { IRQ_KEYBOARD, IRQ_AUX };

struct i8042 {
	struct device dev; /* irq[0]: keyboard, irq[1]: second port */
	struct ps2_keyboard kbd;
	struct ps2_mouse mouse;
	uint8_t mode, command, outport;
	uint8_t output; /* the output buffer */
	bool full, from_aux; /* what the output buffer holds */
	bool breaking; /* the translation saw 0xf0 */
};

/* Nor do the controller's own answers interrupt for a disabled keyboard. */
static void update_irqs(struct i8042 *c)
{
	irq_set(&c->dev.irq[IRQ_KEYBOARD],
		c->full && !c->from_aux &&
			(c->mode & (MODE_IRQ1 | MODE_NO_KBD)) == MODE_IRQ1);
	irq_set(&c->dev.irq[IRQ_AUX],
		c->full && c->from_aux && (c->mode & MODE_IRQ12));
}

static void fill(struct i8042 *c, uint8_t val, bool aux)
{
	c->output = val;
	c->full = true;
	c->from_aux = aux;
	update_irqs(c);
}

static void take_from_keyboard(struct i8042 *c)
{
	uint8_t val = ps2_keyboard_read(&c->kbd);

	if (c->mode & MODE_TRANSLATE) {
		if (val == BREAK_SET2) {
			c->breaking = true;
			return;
		}
		val = ps2_translate(val);
		if (c->breaking)
			val |= BREAK_SET1;
		c->breaking = false;
	}
	fill(c, val, false);
}

/* Moves the next byte of a device into the output buffer when it is free. */
static void pump(struct i8042 *c)
{
	while (!c->full && !(c->mode & MODE_NO_KBD) &&
	       ps2_keyboard_pending(&c->kbd))
		take_from_keyboard(c);
	if (!c->full && !(c->mode & MODE_NO_AUX) &&
	    ps2_mouse_pending(&c->mouse))
		fill(c, ps2_mouse_read(&c->mouse), true);
}

static void on_ready(void *ctx)
{
	pump(ctx);
}

static void on_key(void *dev, unsigned code, bool down)
{
	struct i8042 *c = dev;

	ps2_keyboard_key(&c->kbd, code, down);
}

static unsigned on_leds(void *dev)
{
	const struct i8042 *c = dev;

	return c->kbd.leds;
}

static const struct input_ops keyboard_ops = {
	.key = on_key,
	.leds = on_leds,
};

static void on_mouse(void *dev, int dx, int dy, int dz, unsigned buttons)
{
	struct i8042 *c = dev;

	ps2_mouse_move(&c->mouse, dx, dy, dz, buttons);
}

static const struct input_ops mouse_ops = {.mouse = on_mouse};

static void write_outport(struct i8042 *c, uint8_t val)
{
	c->outport = val;
	if (!(val & OUTPORT_RESET))
		machine_request_reset(c->dev.machine, CAUSE_GUEST_RESET);
}

static void run_command(struct i8042 *c, uint8_t val)
{
	c->command = 0;
	switch (val) {
	case CMD_READ_MODE:
		fill(c, c->mode, false);
		break;
	case CMD_AUX_DISABLE:
		c->mode |= MODE_NO_AUX;
		break;
	case CMD_AUX_ENABLE:
		c->mode &= (uint8_t)~MODE_NO_AUX;
		pump(c);
		break;
	case CMD_AUX_TEST:
	case CMD_KBD_TEST:
		fill(c, 0, false);
		break;
	case CMD_SELF_TEST:
		c->mode |= MODE_SYSTEM;
		fill(c, SELF_TEST_OK, false);
		break;
	case CMD_KBD_DISABLE:
		c->mode |= MODE_NO_KBD;
		break;
	case CMD_KBD_ENABLE:
		c->mode &= (uint8_t)~MODE_NO_KBD;
		pump(c);
		break;
	case CMD_READ_INPORT:
		fill(c, INPORT_VALUE, false);
		break;
	case CMD_READ_OUTPORT:
		fill(c,
		     (uint8_t)(c->outport |
			       (c->full ? (c->from_aux ? 0x20 : 0x10) : 0)),
		     false);
		break;
	case CMD_WRITE_MODE:
	case CMD_WRITE_OUTPORT:
	case CMD_WRITE_KBD_OBUF:
	case CMD_WRITE_AUX_OBUF:
	case CMD_WRITE_AUX:
		c->command = val; /* the next byte at 0x60 is for it */
		break;
	default:
		/* 0xf0 to 0xff pulse the lines whose bits are 0. */
		if (val >= CMD_PULSE_FIRST && !(val & OUTPORT_RESET))
			machine_request_reset(c->dev.machine,
					      CAUSE_GUEST_RESET);
	}
}

static void write_data(struct i8042 *c, uint8_t val)
{
	uint8_t command = c->command;

	c->command = 0;
	switch (command) {
	case CMD_WRITE_MODE:
		c->mode = val;
		update_irqs(c);
		pump(c);
		break;
	case CMD_WRITE_OUTPORT:
		write_outport(c, val);
		break;
	case CMD_WRITE_KBD_OBUF:
		fill(c, val, false);
		break;
	case CMD_WRITE_AUX_OBUF:
		fill(c, val, true);
		break;
	case CMD_WRITE_AUX:
		c->mode &= (uint8_t)~MODE_NO_AUX;
		ps2_mouse_write(&c->mouse, val);
		pump(c);
		break;
	default:
		/* Sending to the keyboard enables its clock. */
		c->mode &= (uint8_t)~MODE_NO_KBD;
		ps2_keyboard_write(&c->kbd, val);
		pump(c);
	}
}

static uint64_t data_read(void *dev, uint64_t off, unsigned size)
{
	struct i8042 *c = dev;
	uint8_t val = c->output;

	if (c->full) {
		c->full = false;
		update_irqs(c);
		pump(c);
	}
	return val;
}

static void data_write(void *dev, uint64_t off, uint64_t val, unsigned size)
{
	write_data(dev, (uint8_t)val);
}

static uint64_t status_read(void *dev, uint64_t off, unsigned size)
{
	const struct i8042 *c = dev;

	return STATUS_UNLOCKED | (c->mode & MODE_SYSTEM ? STATUS_SYSTEM : 0) |
	       (c->command ? STATUS_COMMAND : 0) |
	       (c->full ? STATUS_OBF | (c->from_aux ? STATUS_AUX : 0) : 0);
}

static void status_write(void *dev, uint64_t off, uint64_t val, unsigned size)
{
	run_command(dev, (uint8_t)val);
}

static const struct bus_ops data_ops = {
	.read = data_read,
	.write = data_write,
	.max = 1,
};

static const struct bus_ops status_ops = {
	.read = status_read,
	.write = status_write,
	.max = 1,
};

static const struct device_region regions[] = {
	{"i8042-data", &data_ops, 1},
	{"i8042-cmd", &status_ops, 1},
	{.name = NULL},
};

static int init(struct device *dev, struct error *err)
{
	struct i8042 *c = (struct i8042 *)dev;

	c->kbd.ready = on_ready;
	c->kbd.ctx = c;
	c->mouse.ready = on_ready;
	c->mouse.ctx = c;
	dev->machine->input.keyboard = &keyboard_ops;
	dev->machine->input.keyboard_dev = c;
	dev->machine->input.pointer = &mouse_ops;
	dev->machine->input.pointer_dev = c;
	return 0;
}

static void reset(struct device *dev)
{
	struct i8042 *c = (struct i8042 *)dev;

	ps2_keyboard_reset(&c->kbd);
	ps2_mouse_reset(&c->mouse);
	c->mode = MODE_IRQ1 | MODE_IRQ12;
	c->command = 0;
	c->outport = OUTPORT_RESET | OUTPORT_A20;
	c->full = c->from_aux = c->breaking = false;
	update_irqs(c);
}

static void fini(struct device *dev)
{
	dev->machine->input.keyboard = NULL;
	dev->machine->input.pointer = NULL;
}

static const struct state_field fields[] = {
	{STATE_ELEM(STATE_STRUCT, struct i8042, kbd),
	 .sub = ps2_keyboard_fields},
	{STATE_ELEM(STATE_STRUCT, struct i8042, mouse),
	 .sub = ps2_mouse_fields},
	{STATE_ELEM(STATE_U8, struct i8042, mode)},
	{STATE_ELEM(STATE_U8, struct i8042, command)},
	{STATE_ELEM(STATE_U8, struct i8042, outport)},
	{STATE_ELEM(STATE_U8, struct i8042, output)},
	{STATE_ELEM(STATE_BOOL, struct i8042, full)},
	{STATE_ELEM(STATE_BOOL, struct i8042, from_aux)},
	{STATE_ELEM(STATE_BOOL, struct i8042, breaking)},
	{.kind = STATE_END},
};

static void restored(void *dev)
{
	update_irqs(dev);
}

static const struct state_desc state = {.name = "i8042",
					.version = 1,
					.fields = fields,
					.restored = restored};

const struct device_class i8042_class = {
	.name = "i8042",
	.desc = "Keyboard controller",
	.bus = DEVICE_ISA,
	.size = sizeof(struct i8042),
	.state = &state,
	.regions = regions,
	.init = init,
	.reset = reset,
	.fini = fini,
};
