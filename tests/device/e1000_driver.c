/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A small driver of the 82540EM, for device tests. */
#include "tests/device/e1000_driver.h"

#include <string.h>

#include "hw/e1000.h"
#include "vmm/endian.h"

#define PHY	  (1u << 21)
#define MII_READ  (1u << 27)
#define MII_WRITE (1u << 26)
#define MII_READY (1u << 28)
#define MII_ERROR (1u << 30)

static unsigned tail;

static void start_transmitter(void)
{
	tail = 0;
	card_set(E1000_TDBAL, E1000_TX_RING, 4);
	card_set(E1000_TDBAH, 0, 4);
	card_set(E1000_TDLEN, E1000_TX_DESCS * 16, 4);
	card_set(E1000_TDH, 0, 4);
	card_set(E1000_TDT, 0, 4);
	card_set(E1000_TCTL, E1000_TCTL_EN | E1000_TCTL_PSP, 4);
}

void e1000_start_receiver(uint32_t bits)
{
	static const uint8_t zeros[16 * E1000_RX_DESCS];
	unsigned i;

	card_set(E1000_RCTL, 0, 4);
	card_store(E1000_RX_RING, zeros, sizeof(zeros));
	for (i = 0; i < E1000_RX_DESCS; i++)
		card_store64(E1000_RX_RING + 16 * i,
			     E1000_RX_DATA + i * E1000_RX_SPACE);
	card_set(E1000_RDBAL, E1000_RX_RING, 4);
	card_set(E1000_RDBAH, 0, 4);
	card_set(E1000_RDLEN, 16 * E1000_RX_DESCS, 4);
	card_set(E1000_RDH, 0, 4);
	card_set(E1000_RDT, E1000_RX_DESCS - 1, 4);
	card_set(E1000_RCTL, E1000_RCTL_EN | E1000_RCTL_BAM | bits, 4);
}

void e1000_start_again(void)
{
	start_transmitter();
	e1000_start_receiver(0);
}

void e1000_start(void)
{
	card_set_up(&e1000_class, 0, 1);
	card_set(E1000_CTRL, card_get(E1000_CTRL, 4) | E1000_CTRL_RST, 4);
	e1000_start_again();
	card_get(E1000_ICR, 4);
}

static void put(uint64_t low, uint64_t high)
{
	card_store64(E1000_TX_RING + 16 * tail, low);
	card_store64(E1000_TX_RING + 16 * tail + 8, high);
	tail = (tail + 1) % E1000_TX_DESCS;
}

void e1000_legacy(uint64_t addr, size_t len, unsigned cmd, unsigned cso,
		  unsigned css)
{
	put(addr, len | (uint64_t)cso << 16 | (uint64_t)cmd << 24 |
			  (uint64_t)css << 40);
}

void e1000_data(uint64_t addr, size_t len, unsigned cmd, unsigned popts,
		uint16_t special)
{
	put(addr, len | 1u << 20 | (uint64_t)(cmd | 0x20) << 24 |
			  (uint64_t)popts << 40 | (uint64_t)special << 48);
}

void e1000_context(unsigned ipcss, unsigned ipcso, unsigned ipcse,
		   unsigned tucss, unsigned tucso, unsigned cmd,
		   unsigned hdrlen, unsigned mss)
{
	put(ipcss | ipcso << 8 | ipcse << 16 | (uint64_t)tucss << 32 |
		    (uint64_t)tucso << 40,
	    (uint64_t)(cmd | 0x20) << 24 | (uint64_t)hdrlen << 40 |
		    (uint64_t)mss << 48);
}

void e1000_kick(void)
{
	card_set(E1000_TDT, tail, 4);
}

void e1000_send_one(const void *frame, size_t len)
{
	card_store(E1000_TX_DATA, frame, len);
	e1000_legacy(E1000_TX_DATA, len, E1000_D_LAST, 0, 0);
	e1000_kick();
}

void e1000_expect_parts(size_t part, const void *frame, size_t len)
{
	const uint8_t *want = frame;
	static uint8_t got[E1000_MAX];
	unsigned i;
	size_t at, n;

	for (at = 0, i = 0; at < len; at += n, i++) {
		n = len - at < part ? len - at : part;
		card_load(E1000_RX_DATA + i * E1000_RX_SPACE, got, n);
		ck_assert_mem_eq(got, want + at, n);
	}
}

void e1000_expect_received(unsigned n, const void *frame, size_t len)
{
	static uint8_t got[E1000_MAX];
	uint64_t desc = E1000_RX_RING + 16 * n;

	ck_assert_uint_eq(card_load32(desc + 12) & 3, 3);
	ck_assert_uint_eq(card_load16(desc + 8), len + 4);
	card_load(E1000_RX_DATA + n * E1000_RX_SPACE, got, len);
	ck_assert_mem_eq(got, frame, len);
}

uint16_t e1000_mii_read(unsigned reg)
{
	card_set(E1000_MDIC, MII_READ | PHY | reg << 16, 4);
	ck_assert_uint_eq(card_get(E1000_MDIC, 4) & (MII_READY | MII_ERROR),
			  MII_READY);
	return (uint16_t)card_get(E1000_MDIC, 4);
}

void e1000_mii_write(unsigned reg, uint16_t val)
{
	card_set(E1000_MDIC, MII_WRITE | PHY | reg << 16 | val, 4);
	ck_assert_uint_eq(card_get(E1000_MDIC, 4) & (MII_READY | MII_ERROR),
			  MII_READY);
}
