/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counters of the 82540EM (13.7).  They stay at their maximum. */
#include <string.h>

#include "hw/e1000.h"
#include "hw/inet_sum.h"

#define MULTICAST 1u /* of the first byte of an address */

static const struct {
	uint16_t reg; /* reading this one */
	uint16_t low; /* clears this one too */
} pairs[] = {
	{E1000_GORCL + 4, E1000_GORCL},
	{E1000_GOTCL + 4, E1000_GOTCL},
	{E1000_TORL + 4, E1000_TORL},
	{E1000_TOTL + 4, E1000_TOTL},
};

/* 13.7.13: a counter for each range of sizes, beginning with PRC64. */
static const uint16_t sizes[] = {64, 127, 255, 511, 1023};

#define SIZES (sizeof(sizes) / sizeof(*sizes))

void e1000_count(struct e1000 *e, enum e1000_reg counter)
{
	uint32_t n = e1000_get(e, counter);

	e1000_put(e, counter, n == UINT32_MAX ? n : n + 1);
}

static void add_octets(struct e1000 *e, enum e1000_reg low, size_t n)
{
	uint64_t was = e1000_get(e, low) | (uint64_t)e1000_get(e, low + 4)
						   << 32;
	uint64_t now = was > UINT64_MAX - n ? UINT64_MAX : was + n;

	e1000_put(e, low, (uint32_t)now);
	e1000_put(e, low + 4, (uint32_t)(now >> 32));
}

static void count_size(struct e1000 *e, enum e1000_reg first, size_t len)
{
	size_t i = 0;

	while (i < SIZES && len > sizes[i])
		i++;
	e1000_count(e, first + 4 * (enum e1000_reg)i);
}

static void count_cast(struct e1000 *e, const uint8_t *frame,
		       enum e1000_reg multicast, enum e1000_reg broadcast)
{
	static const uint8_t all[ETH_ALEN] = {0xff, 0xff, 0xff,
					      0xff, 0xff, 0xff};

	if (!memcmp(frame, all, sizeof(all)))
		e1000_count(e, broadcast);
	else if (frame[0] & MULTICAST)
		e1000_count(e, multicast);
}

void e1000_count_sent(struct e1000 *e, const uint8_t *frame, size_t len)
{
	e1000_count(e, E1000_TPT);
	e1000_count(e, E1000_GPTC);
	add_octets(e, E1000_TOTL, len);
	add_octets(e, E1000_GOTCL, len);
	count_size(e, E1000_PTC64, len);
	count_cast(e, frame, E1000_MPTC, E1000_BPTC);
}

void e1000_count_received(struct e1000 *e, const uint8_t *frame, size_t len)
{
	e1000_count(e, E1000_TPR);
	e1000_count(e, E1000_GPRC);
	add_octets(e, E1000_TORL, len);
	add_octets(e, E1000_GORCL, len);
	count_size(e, E1000_PRC64, len);
	count_cast(e, frame, E1000_MPRC, E1000_BPRC);
}

uint32_t e1000_counter_read(struct e1000 *e, uint32_t off)
{
	uint32_t val = e->reg[off / 4];
	size_t i;

	for (i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
		if (pairs[i].low == off)
			return val; /* goes with its upper half */
		if (pairs[i].reg == off)
			e->reg[pairs[i].low / 4] = 0;
	}
	e->reg[off / 4] = 0;
	return val;
}
