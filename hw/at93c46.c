/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * AT93C46, in words of 16 bits (Atmel, AT93C46/56/66 datasheet, table 1).
 * Writing takes no time.
 */
#include "hw/at93c46.h"

enum phase {
	PHASE_START, /* the first one begins an instruction */
	PHASE_OPCODE, /* two bits, then six of address */
	PHASE_READ,
	PHASE_WRITE,
	PHASE_WRITE_ALL,
	PHASE_DONE, /* until chip select falls */
	PHASES,
};

enum opcode { OP_EXTENDED, OP_WRITE, OP_READ, OP_ERASE };

/* What the two first bits of the address make of OP_EXTENDED. */
enum extended { EXT_DISABLE, EXT_WRITE_ALL, EXT_ERASE_ALL, EXT_ENABLE };

#define OPCODE_BITS  8u /* with the address */
#define ADDRESS_BITS 6u
#define WORD_BITS    16u
#define ERASED	     UINT16_MAX

static void begin(struct at93c46 *ee, enum phase phase)
{
	ee->phase = (uint8_t)phase;
	ee->bits = 0;
	ee->shift = 0;
}

static void store(struct at93c46 *ee, unsigned first, unsigned n, uint16_t val)
{
	for (; ee->writable && n; n--)
		ee->word[first++] = val;
}

static void extend(struct at93c46 *ee)
{
	begin(ee, PHASE_DONE);
	switch ((enum extended)(ee->address >> (ADDRESS_BITS - 2))) {
	case EXT_DISABLE:
		ee->writable = false;
		break;
	case EXT_WRITE_ALL:
		begin(ee, PHASE_WRITE_ALL);
		break;
	case EXT_ERASE_ALL:
		store(ee, 0, AT93C46_WORDS, ERASED);
		break;
	case EXT_ENABLE:
		ee->writable = true;
		break;
	}
}

static void decode(struct at93c46 *ee)
{
	enum opcode op = (enum opcode)(ee->shift >> ADDRESS_BITS & 3);

	ee->address = ee->shift & (AT93C46_WORDS - 1);
	switch (op) {
	case OP_EXTENDED:
		extend(ee);
		break;
	case OP_WRITE:
		begin(ee, PHASE_WRITE);
		break;
	case OP_READ:
		begin(ee, PHASE_READ);
		ee->out = false; /* a zero comes before the word */
		break;
	case OP_ERASE:
		store(ee, ee->address, 1, ERASED);
		begin(ee, PHASE_DONE);
		break;
	}
}

/* Words follow each other as long as the clock goes on. */
static void shift_out(struct at93c46 *ee)
{
	unsigned bit = WORD_BITS - 1 - ee->bits;

	ee->out = ee->word[ee->address] >> bit & 1;
	if (++ee->bits < WORD_BITS)
		return;
	ee->bits = 0;
	ee->address = (ee->address + 1) % AT93C46_WORDS;
}

static bool shift_in(struct at93c46 *ee, bool di, unsigned bits)
{
	ee->shift = (uint16_t)(ee->shift << 1 | di);
	return ++ee->bits >= bits;
}

static void clock_rises(struct at93c46 *ee, bool di)
{
	switch ((enum phase)ee->phase) {
	case PHASE_START:
		if (di)
			begin(ee, PHASE_OPCODE);
		break;
	case PHASE_OPCODE:
		if (shift_in(ee, di, OPCODE_BITS))
			decode(ee);
		break;
	case PHASE_READ:
		shift_out(ee);
		break;
	case PHASE_WRITE:
		if (!shift_in(ee, di, WORD_BITS))
			break;
		store(ee, ee->address, 1, ee->shift);
		begin(ee, PHASE_DONE);
		break;
	case PHASE_WRITE_ALL:
		if (!shift_in(ee, di, WORD_BITS))
			break;
		store(ee, 0, AT93C46_WORDS, ee->shift);
		begin(ee, PHASE_DONE);
		break;
	case PHASE_DONE:
	case PHASES:
		break;
	}
}

void at93c46_set(struct at93c46 *ee, bool cs, bool sk, bool di)
{
	bool rises = sk && !ee->sk;

	if (!cs || !ee->cs) {
		begin(ee, PHASE_START);
		ee->out = true; /* ready */
	}
	ee->cs = cs;
	ee->sk = sk;
	if (cs && rises)
		clock_rises(ee, di);
}

void at93c46_reset(struct at93c46 *ee)
{
	begin(ee, PHASE_START);
	ee->cs = ee->sk = ee->writable = false;
	ee->out = true;
	ee->address = 0;
}

const struct state_field at93c46_fields[] = {
	{STATE_ARR(STATE_U16, struct at93c46, word)},
	{STATE_ELEM(STATE_BOOL, struct at93c46, cs)},
	{STATE_ELEM(STATE_BOOL, struct at93c46, sk)},
	{STATE_ELEM(STATE_BOOL, struct at93c46, out)},
	{STATE_ELEM(STATE_BOOL, struct at93c46, writable)},
	{STATE_ELEM(STATE_U8, struct at93c46, phase), .hi = PHASES - 1},
	{STATE_ELEM(STATE_U8, struct at93c46, address),
	 .hi = AT93C46_WORDS - 1},
	{STATE_ELEM(STATE_U8, struct at93c46, bits), .hi = WORD_BITS - 1},
	{STATE_ELEM(STATE_U16, struct at93c46, shift)},
	{.kind = STATE_END},
};
