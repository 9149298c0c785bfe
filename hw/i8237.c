/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Intel 8237A DMA controllers (order number 231466), two in cascade with the
 * page registers of a PC AT: ports 0x00 to 0x0f, 0xc0 to 0xdf, 0x80 to 0x8f.
 * Port 0x80 and the other page registers without a channel keep what is
 * written, POST codes for instance.
 *
 * A device's bytes are moved when it asks, all at once: single, demand and
 * block mode look the same from outside.
 *
 * Not modelled: memory to memory, which a PC cannot do; priorities, extended
 * writes and compressed timing, which cannot be seen; software requests on a
 * channel without a device, which wait for ever.
 */
#include "hw/i8237.h"

#include <errno.h>
#include <string.h>

/* Ports of one chip; below them are address and count of each channel. */
enum port {
	PORT_COMMAND = 8, /* reads as status */
	PORT_REQUEST,
	PORT_MASK_ONE,
	PORT_MODE,
	PORT_CLEAR_FLIP_FLOP,
	PORT_MASTER_CLEAR, /* reads as the temporary register */
	PORT_CLEAR_MASK,
	PORT_MASK,
	PORTS
};

#define COMMAND_DISABLE	 0x04u
#define SELECT		 0x03u /* the channel in request, mask and mode */
#define SET		 0x04u /* in request and mask */
#define MODE_TYPE	 0x0cu
#define MODE_VERIFY	 0x00u
#define MODE_TO_MEMORY	 0x04u
#define MODE_FROM_MEMORY 0x08u
#define MODE_AUTOINIT	 0x10u
#define MODE_DECREMENT	 0x20u
#define MODE_KIND	 0xc0u
#define MODE_CASCADE	 0xc0u
#define ALL		 0x0fu
#define STATUS_REQUESTS	 4 /* shift */

#define CHIP_CHANNELS	 4u
#define CASCADE		 4 /* the channel */
#define SEGMENT		 0x10000u /* units that an address counts */
#define PAGE_MASK_16	 0xfeu /* 16-bit channels: 128 KiB each */

/* Where among the page registers each channel's is. */
static const uint8_t page_of[I8237_CHANNELS] = {7, 3, 1, 2, 15, 11, 9, 10};

static struct i8237_chip *chip_of(struct i8237 *dma, unsigned ch)
{
	return &dma->chip[ch / CHIP_CHANNELS];
}

static struct i8237_channel *channel_of(struct i8237 *dma, unsigned ch)
{
	return &chip_of(dma, ch)->channel[ch % CHIP_CHANNELS];
}

static uint8_t bit_of(unsigned ch)
{
	return (uint8_t)(1u << ch % CHIP_CHANNELS);
}

/* Bytes that the channel moves at a time. */
static unsigned unit_of(unsigned ch)
{
	return ch < CHIP_CHANNELS ? 1 : 2;
}

static bool enabled(struct i8237 *dma, unsigned ch)
{
	const struct i8237_chip *chip = chip_of(dma, ch);

	return !(chip->command & COMMAND_DISABLE) && !(chip->mask & bit_of(ch));
}

static bool is_cascade(struct i8237 *dma, unsigned ch)
{
	return (channel_of(dma, ch)->mode & MODE_KIND) == MODE_CASCADE;
}

static bool ready(struct i8237 *dma, unsigned ch)
{
	const struct i8237_chip *chip = chip_of(dma, ch);

	if (!((chip->lines | chip->request) & bit_of(ch)) ||
	    !enabled(dma, ch) || is_cascade(dma, ch))
		return false;
	return ch >= CHIP_CHANNELS ||
	       (enabled(dma, CASCADE) && is_cascade(dma, CASCADE));
}

/* A user that raises its request again has moved something, or must wait. */
static void serve(struct i8237 *dma, unsigned ch)
{
	uint8_t bit = (uint8_t)(1u << ch);
	uint64_t before;

	if (!dma->user[ch].serve || !ready(dma, ch))
		return;
	if (dma->serving & bit) {
		dma->again |= bit;
		return;
	}
	dma->serving |= bit;
	do {
		before = dma->moved;
		dma->again &= (uint8_t)~bit;
		dma->user[ch].serve(dma->user[ch].ctx);
	} while ((dma->again & bit) && dma->moved != before && ready(dma, ch));
	dma->serving &= (uint8_t)~bit;
}

/* What stops the channels was changed. */
static void serve_all(struct i8237 *dma)
{
	unsigned ch;

	for (ch = 0; ch < I8237_CHANNELS; ch++)
		serve(dma, ch);
}

int i8237_connect(struct i8237 *dma, unsigned channel,
		  const struct i8237_user *user, struct error *err)
{
	if (channel >= I8237_CHANNELS || channel == CASCADE)
		return error_set(err, EINVAL, "there is no DMA channel %u",
				 channel);
	if (dma->user[channel].serve)
		return error_set(err, EBUSY, "DMA channel %u is in use",
				 channel);
	dma->user[channel] = *user;
	return 0;
}

void i8237_disconnect(struct i8237 *dma, unsigned channel)
{
	i8237_request(dma, channel, false);
	dma->user[channel] = (struct i8237_user){0};
}

void i8237_request(struct i8237 *dma, unsigned channel, bool level)
{
	struct i8237_chip *chip = chip_of(dma, channel);

	if (level)
		chip->lines |= bit_of(channel);
	else
		chip->lines &= (uint8_t)~bit_of(channel);
	if (level)
		serve(dma, channel);
}

static gpa_t address(struct i8237 *dma, unsigned ch)
{
	gpa_t addr = channel_of(dma, ch)->addr;
	gpa_t page = dma->page[page_of[ch]];

	if (unit_of(ch) == 1)
		return page << 16 | addr;
	return (page & PAGE_MASK_16) << 16 | addr << 1;
}

static void move(struct i8237 *dma, unsigned ch, enum i8237_dir dir,
		 uint8_t *buf, size_t len)
{
	struct gmem *gmem = &dma->dev.machine->gmem;
	unsigned type = channel_of(dma, ch)->mode & MODE_TYPE;

	if (dir == I8237_TO_MEMORY && type == MODE_TO_MEMORY)
		gmem_write(gmem, address(dma, ch), buf, len);
	else if (dir == I8237_FROM_MEMORY && type == MODE_FROM_MEMORY)
		gmem_read(gmem, address(dma, ch), buf, len);
	else if (dir == I8237_FROM_MEMORY)
		memset(buf, UINT8_MAX, len);
}

static void terminal_count(struct i8237 *dma, unsigned ch)
{
	struct i8237_channel *channel = channel_of(dma, ch);
	struct i8237_chip *chip = chip_of(dma, ch);

	chip->done |= bit_of(ch);
	chip->request &= (uint8_t)~bit_of(ch);
	if (channel->mode & MODE_AUTOINIT) {
		channel->addr = channel->base_addr;
		channel->count = channel->base_count;
	} else {
		chip->mask |= bit_of(ch);
	}
}

/* Units from here on that are next to each other in memory, at most most. */
static size_t run(const struct i8237_channel *channel, size_t most)
{
	size_t n = (size_t)channel->count + 1;
	size_t straight =
		channel->mode & MODE_DECREMENT ? 1 : SEGMENT - channel->addr;

	n = n < most ? n : most;
	return n < straight ? n : straight;
}

size_t i8237_transfer(struct i8237 *dma, unsigned channel, enum i8237_dir dir,
		      void *buf, size_t len, bool *tc)
{
	struct i8237_channel *c = channel_of(dma, channel);
	unsigned unit = unit_of(channel);
	size_t n, done = 0;

	*tc = false;
	while (!*tc && len - done >= unit && ready(dma, channel)) {
		n = run(c, (len - done) / unit);
		move(dma, channel, dir, (uint8_t *)buf + done, n * unit);
		done += n * unit;
		*tc = n == (size_t)c->count + 1;
		c->count = (uint16_t)(c->count - n);
		c->addr = (uint16_t)(c->mode & MODE_DECREMENT ? c->addr - n
							      : c->addr + n);
		if (*tc)
			terminal_count(dma, channel);
	}
	dma->moved += done;
	return done;
}

static void put_byte(uint16_t *reg, bool second, uint8_t val)
{
	if (second)
		*reg = (uint16_t)((*reg & UINT8_MAX) | val << 8);
	else
		*reg = (uint16_t)((*reg & ~UINT8_MAX) | val);
}

static void write_counter(struct i8237_chip *chip, unsigned port, uint8_t val)
{
	struct i8237_channel *c = &chip->channel[port / 2];

	if (port % 2) {
		put_byte(&c->base_count, chip->second, val);
		put_byte(&c->count, chip->second, val);
	} else {
		put_byte(&c->base_addr, chip->second, val);
		put_byte(&c->addr, chip->second, val);
	}
	chip->second = !chip->second;
}

static uint8_t read_counter(struct i8237_chip *chip, unsigned port)
{
	const struct i8237_channel *c = &chip->channel[port / 2];
	uint16_t v = port % 2 ? c->count : c->addr;
	bool second = chip->second;

	chip->second = !second;
	return (uint8_t)(second ? v >> 8 : v);
}

static void set_bit(uint8_t *reg, uint8_t val)
{
	uint8_t bit = (uint8_t)(1u << (val & SELECT));

	if (val & SET)
		*reg |= bit;
	else
		*reg &= (uint8_t)~bit;
}

/* The address and count registers and the modes stay as they are. */
static void master_clear(struct i8237_chip *chip)
{
	chip->command = chip->request = chip->done = 0;
	chip->second = false;
	chip->mask = ALL;
}

static void write_control(struct i8237_chip *chip, unsigned port, uint8_t val)
{
	switch (port) {
	case PORT_COMMAND:
		chip->command = val;
		break;
	case PORT_REQUEST:
		set_bit(&chip->request, val);
		break;
	case PORT_MASK_ONE:
		set_bit(&chip->mask, val);
		break;
	case PORT_MODE:
		chip->channel[val & SELECT].mode = val & (uint8_t)~SELECT;
		break;
	case PORT_CLEAR_FLIP_FLOP:
		chip->second = false;
		break;
	case PORT_MASTER_CLEAR:
		master_clear(chip);
		break;
	case PORT_CLEAR_MASK:
		chip->mask = 0;
		break;
	case PORT_MASK:
		chip->mask = val & ALL;
		break;
	default:
		break;
	}
}

static uint8_t read_status(struct i8237_chip *chip)
{
	uint8_t v = chip->done |
		    (uint8_t)((chip->lines | chip->request) << STATUS_REQUESTS);

	chip->done = 0;
	return v;
}

static uint8_t read_port(struct i8237_chip *chip, unsigned port)
{
	if (port < PORT_COMMAND)
		return read_counter(chip, port);
	switch (port) {
	case PORT_COMMAND:
		return read_status(chip);
	case PORT_MASK:
		return chip->mask;
	default:
		return 0;
	}
}

static void write_port(struct i8237 *dma, struct i8237_chip *chip,
		       unsigned port, uint8_t val)
{
	if (port < PORT_COMMAND) {
		write_counter(chip, port, val);
		return;
	}
	write_control(chip, port, val);
	serve_all(dma);
}

static uint64_t first_read(void *dev, uint64_t off, unsigned size)
{
	struct i8237 *dma = dev;

	return read_port(&dma->chip[0], (unsigned)off);
}

static void first_write(void *dev, uint64_t off, uint64_t val, unsigned size)
{
	struct i8237 *dma = dev;

	write_port(dma, &dma->chip[0], (unsigned)off, (uint8_t)val);
}

/* The second chip's ports are two apart. */
static uint64_t second_read(void *dev, uint64_t off, unsigned size)
{
	struct i8237 *dma = dev;

	return off % 2 ? UINT8_MAX
		       : read_port(&dma->chip[1], (unsigned)off / 2);
}

static void second_write(void *dev, uint64_t off, uint64_t val, unsigned size)
{
	struct i8237 *dma = dev;

	if (off % 2 == 0)
		write_port(dma, &dma->chip[1], (unsigned)off / 2, (uint8_t)val);
}

static uint64_t page_read(void *dev, uint64_t off, unsigned size)
{
	const struct i8237 *dma = dev;

	return dma->page[off];
}

static void page_write(void *dev, uint64_t off, uint64_t val, unsigned size)
{
	struct i8237 *dma = dev;

	dma->page[off] = (uint8_t)val;
}

static const struct bus_ops first_ops = {
	.read = first_read,
	.write = first_write,
	.max = 1,
};

static const struct bus_ops second_ops = {
	.read = second_read,
	.write = second_write,
	.max = 1,
};

static const struct bus_ops page_ops = {
	.read = page_read,
	.write = page_write,
	.max = 1,
};

static const struct device_region regions[] = {
	{"dma1", &first_ops, PORTS},
	{"dma2", &second_ops, PORTS * 2},
	{"dma-page", &page_ops, I8237_PAGES},
	{.name = NULL},
};

/* The lines are the devices' own. */
static void reset(struct device *dev)
{
	struct i8237 *dma = (struct i8237 *)dev;
	unsigned i;

	for (i = 0; i < 2; i++) {
		memset(dma->chip[i].channel, 0, sizeof(dma->chip[i].channel));
		master_clear(&dma->chip[i]);
	}
	memset(dma->page, 0, sizeof(dma->page));
}

static const struct state_field channel_fields[] = {
	{STATE_ELEM(STATE_U16, struct i8237_channel, base_addr)},
	{STATE_ELEM(STATE_U16, struct i8237_channel, base_count)},
	{STATE_ELEM(STATE_U16, struct i8237_channel, addr)},
	{STATE_ELEM(STATE_U16, struct i8237_channel, count)},
	{STATE_ELEM(STATE_U8, struct i8237_channel, mode)},
	{.kind = STATE_END},
};

static const struct state_field chip_fields[] = {
	{STATE_ARR(STATE_STRUCT, struct i8237_chip, channel),
	 .sub = channel_fields},
	{STATE_ELEM(STATE_U8, struct i8237_chip, command)},
	{STATE_ELEM(STATE_U8, struct i8237_chip, mask), .hi = ALL},
	{STATE_ELEM(STATE_U8, struct i8237_chip, lines), .hi = ALL},
	{STATE_ELEM(STATE_U8, struct i8237_chip, request), .hi = ALL},
	{STATE_ELEM(STATE_U8, struct i8237_chip, done), .hi = ALL},
	{STATE_ELEM(STATE_BOOL, struct i8237_chip, second)},
	{.kind = STATE_END},
};

static const struct state_field fields[] = {
	{STATE_ARR(STATE_STRUCT, struct i8237, chip), .sub = chip_fields},
	{STATE_ARR(STATE_U8, struct i8237, page)},
	{.kind = STATE_END},
};

static const struct state_desc state = {.name = "i8237",
					.version = 1,
					.fields = fields};

const struct device_class i8237_class = {
	.name = "i8237",
	.desc = "DMA controllers",
	.bus = DEVICE_ISA,
	.size = sizeof(struct i8237),
	.state = &state,
	.regions = regions,
	.reset = reset,
};
