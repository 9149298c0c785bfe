/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The RTL8139C+, by a driver: in C mode and in C+ mode. */
#include <string.h>

#include "hw/pci_regs.h"
#include "hw/rtl8139.h"
#include "tests/device/card_guest.h"
#include "vmm/endian.h"

#define TX_DATA 0x100000u
#define RX_BUF	0x200000u
#define TX_RING 0x10000u
#define HI_RING 0x11000u
#define RX_RING 0x20000u
#define RX_DATA 0x300000u
#define TALLY	0x30000u

#define OWN	(1u << 31)
#define EOR	(1u << 30)
#define FS	(1u << 29)
#define LS	(1u << 28)
#define LGSEN	(1u << 27)
#define WHOLE	(OWN | FS | LS)
#define SUMS	(7u << 16)

static uint8_t frame[70000], other[4096];

static void set8(uint32_t reg, uint32_t val)
{
	card_set(reg, val, 1);
}

static void set16(uint32_t reg, uint32_t val)
{
	card_set(reg, val, 2);
}

static void set32(uint32_t reg, uint32_t val)
{
	card_set(reg, val, 4);
}

static uint16_t isr(void)
{
	uint16_t val = (uint16_t)card_get(RTL8139_ISR, 2);

	set16(RTL8139_ISR, val);
	return val;
}

/* As 8139too begins: 32 KiB, frames do not wrap. */
static void start(uint32_t rcr)
{
	card_set_up(&rtl8139_class, 1, 0);
	set8(RTL8139_CR, RTL8139_CR_RST);
	ck_assert(!(card_get(RTL8139_CR, 1) & RTL8139_CR_RST));
	set32(RTL8139_RBSTART, RX_BUF);
	set8(RTL8139_CR, RTL8139_CR_RE | RTL8139_CR_TE);
	set32(RTL8139_RCR, rcr);
	set32(RTL8139_TCR, 0x700);
	set32(RTL8139_MPC, 0);
	set16(RTL8139_IMR, RTL8139_INT_ALL);
}

static void start_cplus(uint32_t cpcr)
{
	static const uint8_t zeros[16 * RTL8139_RING];
	unsigned i;

	card_set_up(&rtl8139_class, 1, 0);
	set8(RTL8139_CR, RTL8139_CR_RST);
	set16(RTL8139_CPCR, RTL8139_CPCR_RX | RTL8139_CPCR_TX | cpcr);
	card_store(TX_RING, zeros, sizeof(zeros));
	card_store(HI_RING, zeros, sizeof(zeros));
	for (i = 0; i < RTL8139_RING; i++) {
		card_store32(RX_RING + 16 * i,
			     OWN | (i == RTL8139_RING - 1 ? EOR : 0) | 1600);
		card_store64(RX_RING + 16 * i + 8, RX_DATA + i * 2048);
	}
	set32(0x20, TX_RING);
	set32(0x24, 0);
	set32(0x28, HI_RING);
	set32(0x2c, 0);
	set32(RTL8139_RDSAR, RX_RING);
	set32(RTL8139_RDSAR + 4, 0);
	set8(RTL8139_CR, RTL8139_CR_RE | RTL8139_CR_TE);
	set32(RTL8139_RCR, 0xe);
	set32(RTL8139_TCR, 0x700);
	set16(RTL8139_IMR, RTL8139_INT_ALL);
}

START_TEST(registers_are_as_qemu_has_them)
{
	char path[80];

	card_set_up(&rtl8139_class, 1, 0);
	ck_assert_uint_eq(pci_config_read(&card.bus, CARD_DEVFN, 0, 4),
			  0x813910ec);
	ck_assert_uint_eq(pci_config_read(&card.bus, CARD_DEVFN, 8, 4),
			  0x02000020);
	ck_assert_uint_eq(card_get(0, 4), 0xab005452);
	ck_assert_uint_eq(card_get(4, 4), 0xefcd);
	ck_assert_uint_eq(card_get(RTL8139_TSD + 4, 4), 0x2000);
	ck_assert_uint_eq(card_get(RTL8139_CR, 1), 1);
	ck_assert_uint_eq(card_get(RTL8139_CAPR, 2), 0xfff0);
	ck_assert_uint_eq(card_get(RTL8139_TCR, 4), 0x74800000);
	ck_assert_uint_eq(card_get(0x50, 4), 0x000c0000);
	ck_assert_uint_eq(card_get(0x58, 4), 0x010001d0);
	ck_assert_uint_eq(card_get(0x5c, 4), 0x00200000);
	ck_assert_uint_eq(card_get(RTL8139_BMCR, 4), 0x782d1000);
	ck_assert_uint_eq(card_get(RTL8139_ANAR, 4), 0x05e105e1);
	/* The same at ports, by bytes. */
	ck_assert_uint_eq(inb(&card.h, CARD_IO + 1), 0x54);
	ck_assert_uint_eq(inl(&card.h, CARD_IO + 0x40), 0x74800000);
	/* CONFIG wants to be unlocked. */
	set8(RTL8139_CONFIG1, 0x80);
	ck_assert_uint_eq(card_get(RTL8139_CONFIG1, 1), 0x0c);
	set8(RTL8139_9346CR, 0xc0);
	set8(RTL8139_CONFIG1, 0x80);
	ck_assert_uint_eq(card_get(RTL8139_CONFIG1, 1), 0x8c);
	set8(RTL8139_9346CR, 0);
	set8(RTL8139_CONFIG1, 0);
	ck_assert_uint_eq(card_get(RTL8139_CONFIG1, 1), 0x8c);
	ck_assert_int_eq(rtl8139_class.boot_path(&card.pci->dev, path,
						 sizeof(path)),
			 -1);
	ck_assert_str_eq(path, "/pci@i0cf8/ethernet@3/ethernet-phy@0");
	harness_roundtrip(&card.pci->dev);
	card_tear_down();
}
END_TEST

static bool wire_bit(bool di)
{
	set8(RTL8139_9346CR, 0x88 | (di ? 2 : 0));
	set8(RTL8139_9346CR, 0x8c | (di ? 2 : 0));
	return card_get(RTL8139_9346CR, 1) & 1;
}

static uint16_t read_word(unsigned addr)
{
	unsigned val = 0, i;

	set8(RTL8139_9346CR, 0x80);
	for (i = 9; i-- > 0;)
		wire_bit((6u << 6 | addr) >> i & 1);
	for (i = 0; i < 16; i++)
		val = val << 1 | wire_bit(false);
	set8(RTL8139_9346CR, 0);
	return (uint16_t)val;
}

START_TEST(eeprom_has_the_address)
{
	card_set_up(&rtl8139_class, 1, 0);
	ck_assert_uint_eq(read_word(0), 0x8129);
	ck_assert_uint_eq(read_word(1), 0x10ec);
	ck_assert_uint_eq(read_word(2), 0x8139);
	ck_assert_uint_eq(read_word(7), 0x5452);
	ck_assert_uint_eq(read_word(9), 0xefcd);
	/* Loading brings the address back. */
	set32(RTL8139_IDR, 0);
	ck_assert_uint_eq(card_get(RTL8139_IDR, 4), 0);
	set8(RTL8139_9346CR, 0x40);
	ck_assert_uint_eq(card_get(RTL8139_IDR, 4), 0xab005452);
	card_tear_down();
}
END_TEST

static void send_by(unsigned n, const void *data, size_t len)
{
	card_store(TX_DATA + 2048 * n, data, len);
	set32(RTL8139_TSAD + 4 * n, TX_DATA + 2048 * n);
	set32(RTL8139_TSD + 4 * n, (uint32_t)len);
}

START_TEST(sends_by_four_descriptors)
{
	struct card_frame f = {.payload = 500};
	size_t len = card_make(frame, &f);
	unsigned i;

	start(0xe);
	for (i = 0; i < 6; i++) {
		send_by(i % 4, frame, len);
		card_expect(i, frame, len);
		ck_assert(card_irq());
		ck_assert_uint_eq(isr(), RTL8139_INT_TOK);
		ck_assert(!card_irq());
		ck_assert_uint_eq(card_get(RTL8139_TSD + 4 * (i % 4), 4),
				  len | 0xa000);
	}
	ck_assert_uint_eq(card_get(RTL8139_TSAD_ALL, 2), 0xf00f);
	/* Out of turn: waits for the one before. */
	send_by(3, frame, len);
	ck_assert_uint_eq(card.wire->npackets, 6);
	harness_roundtrip(&card.pci->dev);
	send_by(2, frame, len);
	ck_assert_uint_eq(card.wire->npackets, 8);
	/* Padded, or with the driver's check sequence. */
	send_by(0, frame, 20);
	memcpy(other, frame, 20);
	memset(other + 20, 0, 40);
	card_expect(8, other, 60);
	set32(RTL8139_TCR, 0x10700);
	send_by(1, frame, len);
	card_expect(9, frame, len - 4);
	/* Too long. */
	isr();
	send_by(2, frame, 1793);
	ck_assert_uint_eq(isr(), RTL8139_INT_TER);
	ck_assert_uint_eq(card.wire->npackets, 10);
	card_tear_down();
}
END_TEST

START_TEST(full_wire_holds_and_goes_on)
{
	struct card_frame f = {.payload = 500};
	size_t len = card_make(frame, &f);

	start(0xe);
	card.wire->full = true;
	send_by(0, frame, len);
	send_by(1, frame, len);
	ck_assert_uint_eq(card.wire->refused, 1);
	ck_assert_uint_eq(card_get(RTL8139_TSD, 4), len);
	ck_assert_uint_eq(isr(), 0);
	net_wire_drain(card.wire);
	ck_assert_uint_eq(card.wire->npackets, 2);
	ck_assert_uint_eq(isr(), RTL8139_INT_TOK);
	/* Reset while it waits. */
	card.wire->full = true;
	send_by(2, frame, len);
	set8(RTL8139_CR, RTL8139_CR_RST);
	net_wire_drain(card.wire);
	ck_assert_uint_eq(card.wire->npackets, 2);
	card_tear_down();
}
END_TEST

static uint8_t ring_byte(uint32_t at, uint32_t size)
{
	uint8_t byte;

	card_load(RX_BUF + at % size, &byte, 1);
	return byte;
}

START_TEST(receives_into_a_ring_of_bytes)
{
	struct card_frame f = {.payload = 1000};
	size_t len = card_make(frame, &f), total = (len + 8 + 3) & ~3u, i;
	uint32_t at, n;

	start(0xe);
	for (at = 0, n = 0; n < 100; n++, at = (at + total) % 8192) {
		ck_assert(card_arrive(frame, len));
		card_arrived();
		ck_assert_uint_eq(isr(), RTL8139_INT_ROK);
		ck_assert(!(card_get(RTL8139_CR, 1) & 1));
		ck_assert_uint_eq(ring_byte(at, 8192), 0x01);
		ck_assert_uint_eq(ring_byte(at + 1, 8192), 0x40);
		ck_assert_uint_eq(ring_byte(at + 2, 8192) |
					  ring_byte(at + 3, 8192) << 8,
				  len + 4);
		for (i = 0; i < len; i++)
			ck_assert_uint_eq(ring_byte(at + 4 + i, 8192),
					  frame[i]);
		ck_assert_uint_eq(card_get(RTL8139_CBR, 2),
				  (at + total) % 8192);
		set16(RTL8139_CAPR, (at + total - 16) & 0xffff);
		ck_assert(card_get(RTL8139_CR, 1) & 1);
	}
	card_tear_down();
}
END_TEST

START_TEST(frames_need_not_wrap)
{
	struct card_frame f = {.payload = 1000};
	size_t len = card_make(frame, &f), total = (len + 8 + 3) & ~3u;
	uint32_t at;

	start(0x8e);
	for (at = 0; at + total <= 8192; at += total) {
		ck_assert(card_arrive(frame, len));
		set16(RTL8139_CAPR, (at + total - 16) & 0xffff);
	}
	ck_assert(card_arrive(frame, len));
	card_load(RX_BUF + at + 4, other, len);
	ck_assert_mem_eq(other, frame, len);
	ck_assert_uint_eq(card_get(RTL8139_CBR, 2), at + total - 8192);
	set16(RTL8139_CAPR, (at + total - 8192 - 16) & 0xffff);
	ck_assert(card_get(RTL8139_CR, 1) & 1);
	card_tear_down();
}
END_TEST

START_TEST(full_ring_holds_the_wire)
{
	struct card_frame f = {.payload = 1000};
	size_t len = card_make(frame, &f), total = (len + 8 + 3) & ~3u;
	unsigned n = 0;

	start(0xe);
	while (card_arrive(frame, len))
		ck_assert_uint_lt(n++, 8);
	ck_assert_uint_eq(n, 8191 / total);
	card_arrived();
	ck_assert_uint_eq(isr(), RTL8139_INT_ROK | RTL8139_INT_RXOVW);
	ck_assert_uint_eq(card.wire->end[0].readies, 0);
	set16(RTL8139_CAPR, (uint32_t)total - 16);
	ck_assert_uint_eq(card.wire->end[0].readies, 1);
	ck_assert(card_arrive(frame, len));
	/* Or the driver begins anew. */
	ck_assert(!card_arrive(frame, len));
	set8(RTL8139_CR, RTL8139_CR_TE);
	set8(RTL8139_CR, RTL8139_CR_TE | RTL8139_CR_RE);
	ck_assert_uint_eq(card.wire->end[0].readies, 2);
	ck_assert(card_get(RTL8139_CR, 1) & 1);
	ck_assert(card_arrive(frame, len));
	card_tear_down();
}
END_TEST

static bool passes(const char *to)
{
	uint16_t was = (uint16_t)card_get(RTL8139_CBR, 2);
	uint16_t now;

	memcpy(frame, to, 6);
	ck_assert(card_arrive(frame, 64));
	now = (uint16_t)card_get(RTL8139_CBR, 2);
	set16(RTL8139_CAPR, (now - 16u) & 0xffff);
	return now != was;
}

#define SELF  "\x52\x54\x00\xab\xcd\xef"
#define ALIEN "\x52\x54\x00\xab\xcd\xee"
#define GROUP "\x01\x00\x5e\x00\x00\x01"
#define ALL   "\xff\xff\xff\xff\xff\xff"

START_TEST(filters_by_address)
{
	start(0);
	ck_assert(!passes(SELF));
	set32(RTL8139_RCR, 2);
	ck_assert(passes(SELF));
	ck_assert(!passes(ALIEN));
	ck_assert(!passes(ALL));
	set32(RTL8139_RCR, 1);
	ck_assert(passes(ALIEN));
	set32(RTL8139_RCR, 8);
	ck_assert(passes(ALL));
	ck_assert(!passes(GROUP));
	/* What Linux's driver sets for 224.0.0.1. */
	set32(RTL8139_RCR, 4);
	ck_assert(!passes(GROUP));
	set32(RTL8139_MAR, 0x80000000);
	set32(RTL8139_MAR + 4, 0);
	ck_assert(passes(GROUP));
	ck_assert(!passes("\x01\x00\x5e\x00\x00\x02"));
	/* Longer than its frames may be. */
	set32(RTL8139_RCR, 0xf);
	ck_assert(card_arrive(frame, 1519));
	ck_assert(card_get(RTL8139_CR, 1) & 1);
	card_tear_down();
}
END_TEST

START_TEST(timer_and_link)
{
	start(0xe);
	set32(RTL8139_TIMER_INT, 1000);
	set32(RTL8139_TCTR, 0);
	harness_advance(&card.h, 29990);
	ck_assert(!card_irq());
	harness_roundtrip(&card.pci->dev);
	harness_advance(&card.h, 20);
	ck_assert_uint_eq(card_get(RTL8139_TCTR, 4), 1000);
	ck_assert_uint_eq(isr(), RTL8139_INT_TIMEOUT);
	net_set_link(&card.wire->client, false);
	ck_assert_uint_eq(isr(), RTL8139_INT_LINK);
	ck_assert(card_get(RTL8139_MSR, 1) & 4);
	ck_assert(!(card_get(RTL8139_BMSR, 2) & 4));
	net_set_link(&card.wire->client, true);
	ck_assert_uint_eq(isr(), RTL8139_INT_LINK);
	ck_assert_uint_eq(card_get(RTL8139_BMSR, 2), 0x782d);
	card_tear_down();
}
END_TEST

START_TEST(loops_back)
{
	struct card_frame f = {.payload = 100};
	size_t len = card_make(frame, &f);

	start(0xe);
	set32(RTL8139_TCR, 0x60700);
	send_by(0, frame, len);
	ck_assert_uint_eq(card.wire->npackets, 0);
	card_load(RX_BUF + 4, other, len);
	ck_assert_mem_eq(other, frame, len);
	ck_assert_uint_eq(isr(), RTL8139_INT_ROK | RTL8139_INT_TOK);
	card_tear_down();
}
END_TEST

static unsigned tail;

static void put(uint64_t ring, unsigned n, uint64_t addr, uint32_t word,
		uint32_t tag)
{
	card_store32(ring + 16 * n + 4, tag);
	card_store64(ring + 16 * n + 8, addr);
	card_store32(ring + 16 * n, word);
}

static void queue(uint64_t addr, size_t len, uint32_t flags, uint32_t tag)
{
	put(TX_RING, tail, addr, flags | (uint32_t)len | (tail == 63 ? EOR : 0),
	    tag);
	tail = (tail + 1) % 64;
}

START_TEST(sends_by_rings)
{
	struct card_frame f = {.payload = 600};
	size_t len = card_make(frame, &f);
	unsigned n;

	start_cplus(0);
	card_store(TX_DATA, frame, len);
	for (n = 0; n < 200; n++) {
		queue(TX_DATA, 100, OWN | FS, 0);
		set8(RTL8139_TPPOLL, RTL8139_TPPOLL_NPQ);
		ck_assert_uint_eq(card.wire->npackets, n); /* not whole */
		queue(TX_DATA + 100, len - 100, OWN | LS, 0);
		set8(RTL8139_TPPOLL, RTL8139_TPPOLL_NPQ);
		card_expect(n, frame, len);
		ck_assert_uint_eq(isr(), RTL8139_INT_TOK);
	}
	ck_assert(!(card_load32(TX_RING) & OWN));
	ck_assert(card_load32(TX_RING + 16 * 63) & EOR);
	/* The other ring. */
	put(HI_RING, 0, TX_DATA, WHOLE | (uint32_t)len, 0);
	set8(RTL8139_TPPOLL, RTL8139_TPPOLL_HPQ);
	card_expect(200, frame, len);
	/* No room, and saved then. */
	queue(TX_DATA, len, WHOLE, 0);
	card.wire->full = true;
	set8(RTL8139_TPPOLL, RTL8139_TPPOLL_NPQ);
	card.wire->full = false;
	harness_roundtrip(&card.pci->dev);
	harness_advance(&card.h, 1);
	ck_assert_uint_eq(card.wire->npackets, 202);
	card_tear_down();
}
END_TEST

static void offload(bool ip6, bool udp)
{
	struct card_frame f = {.ip6 = ip6, .udp = udp, .payload = 701};
	size_t len, l4 = ip6 ? 54 : 34;

	net_wire_clear(card.wire);
	len = card_make(frame, &f);
	memcpy(other, frame, len);
	store_be16(other + l4 + (udp ? 6 : 16), 0x1234);
	if (!ip6)
		store_be16(other + 24, 0);
	card_store(TX_DATA, other, len);
	queue(TX_DATA, 300, OWN | FS | SUMS, 0);
	queue(TX_DATA + 300, len - 300, OWN | LS | SUMS, 0);
	set8(RTL8139_TPPOLL, RTL8139_TPPOLL_NPQ);
	card_expect(0, frame, len);
}

static void cut(size_t payload, unsigned mss, uint32_t tag)
{
	struct card_frame f = {.id = 0xfffe,
			       .seq = 0xffffff00,
			       .flags = 0x19,
			       .payload = payload};
	size_t len = card_make(frame, &f), at, n;
	unsigned piece = 0;

	net_wire_clear(card.wire);
	card_store(TX_DATA, frame, len);
	queue(TX_DATA, 54, OWN | FS | LGSEN | mss << 16, tag);
	for (at = 54; at < len; at += n) {
		n = len - at < 9000 ? len - at : 9000;
		queue(TX_DATA + at, n,
		      OWN | LGSEN | mss << 16 | (at + n == len ? LS : 0), tag);
	}
	set8(RTL8139_TPPOLL, RTL8139_TPPOLL_NPQ);
	for (n = 0; n < 100; n++)
		harness_advance(&card.h, 1);
	for (at = 0; at < payload; at += n, piece++) {
		n = payload - at < mss ? payload - at : mss;
		f.payload = n;
		f.from = at;
		f.seq = 0xffffff00 + (uint32_t)at;
		f.id = (uint16_t)(0xfffe + piece);
		f.flags = at + n == payload ? 0x19 : 0x10;
		len = card_make(other, &f);
		if (tag) {
			memmove(other + 16, other + 12, len - 12);
			store_be16(other + 12, 0x8100);
			store_le16(other + 14, (uint16_t)tag);
			len += 4;
		}
		card_expect(piece, other, len);
	}
	ck_assert_uint_eq(card.wire->npackets, piece);
}

START_TEST(checksums_and_segments)
{
	start_cplus(0);
	offload(false, false);
	offload(false, true);
	offload(true, false);
	offload(true, true);
	cut(14480, 1448, 0);
	cut(14481, 1448, 0);
	cut(100, 1448, 0);
	cut(60001, 1000, 0x20000 | 0x2301);
	cut(1000, 10, 0); /* more than one go */
	card_tear_down();
}
END_TEST

START_TEST(receives_into_descriptors)
{
	struct card_frame f = {.payload = 400};
	size_t len = card_make(frame, &f);
	unsigned n;

	start_cplus(RTL8139_CPCR_CSUM);
	for (n = 0; n < 64; n++)
		ck_assert(card_arrive(frame, len));
	card_arrived();
	ck_assert_uint_eq(isr(), RTL8139_INT_ROK);
	ck_assert_uint_eq(card_load32(RX_RING + 16 * 3),
			  FS | LS | 2u << 24 | 1u << 16 | (len + 4));
	ck_assert(card_load32(RX_RING + 16 * 63) & EOR);
	card_load(RX_DATA + 2048 * 63, other, len);
	ck_assert_mem_eq(other, frame, len);
	/* All are the driver's: lost, and told. */
	ck_assert(card_arrive(frame, len));
	ck_assert_uint_eq(isr(), RTL8139_INT_RXOVW);
	ck_assert_uint_eq(card_get(RTL8139_MPC, 4), 1);
	harness_roundtrip(&card.pci->dev);
	for (n = 0; n < 3; n++)
		card_store32(RX_RING + 16 * n, OWN | 1600);
	frame[100] ^= 1;
	ck_assert(card_arrive(frame, len));
	ck_assert_uint_eq(card_load32(RX_RING) >> 13 & 0x1f, 1u << 3 | 1);
	f.udp = true;
	len = card_make(frame, &f);
	ck_assert(card_arrive(frame, len));
	ck_assert_uint_eq(card_load32(RX_RING + 16) >> 13 & 0x1f, 2u << 3);
	/* A buffer that is too small. */
	card_store32(RX_RING + 32, OWN | 100);
	ck_assert(card_arrive(frame, len));
	card_arrived();
	ck_assert(isr() & RTL8139_INT_FOVW);
	ck_assert(card_load32(RX_RING + 32) & OWN);
	card_tear_down();
}
END_TEST

START_TEST(vlan_tags_come_off)
{
	struct card_frame f = {.payload = 300};
	size_t len = card_make(other, &f);

	memcpy(frame, other, 12);
	memcpy(frame + 16, other + 12, len - 12);
	store_be16(frame + 12, 0x8100);
	store_be16(frame + 14, 0x2abc);
	start_cplus(RTL8139_CPCR_VLAN);
	ck_assert(card_arrive(frame, len + 4));
	ck_assert_uint_eq(card_load32(RX_RING) & 0x1fff, len + 4);
	ck_assert_uint_eq(card_load32(RX_RING + 4), 0x1bc2a);
	card_load(RX_DATA, frame, len);
	ck_assert_mem_eq(frame, other, len);
	card_tear_down();
}
END_TEST

START_TEST(tally)
{
	struct card_frame f = {.payload = 300};
	size_t len = card_make(frame, &f);

	start_cplus(0);
	ck_assert(card_arrive(frame, len));
	ck_assert(card_arrive(frame, len));
	card_store(TX_DATA, frame, len);
	queue(TX_DATA, len, WHOLE, 0);
	set8(RTL8139_TPPOLL, RTL8139_TPPOLL_NPQ);
	set32(0x14, 0);
	set32(0x10, TALLY | 8);
	ck_assert_uint_eq(card_get(0x10, 4), TALLY);
	ck_assert_uint_eq(card_load32(TALLY), 1);
	ck_assert_uint_eq(card_load32(TALLY + 8), 2);
	ck_assert_uint_eq(card_load32(TALLY + 40), 2);
	card_tear_down();
}
END_TEST

static void expect_works(void)
{
	struct card_frame f = {.payload = 100};
	size_t len = card_make(frame, &f);

	net_wire_clear(card.wire);
	set8(RTL8139_CR, RTL8139_CR_RST);
	set32(RTL8139_RBSTART, RX_BUF);
	set8(RTL8139_CR, RTL8139_CR_RE | RTL8139_CR_TE);
	set32(RTL8139_RCR, 0xe);
	set32(RTL8139_TCR, 0x700);
	send_by(0, frame, len);
	card_expect(0, frame, len);
	ck_assert(card_arrive(frame, len));
	card_load(RX_BUF + 4, other, len);
	ck_assert_mem_eq(other, frame, len);
}

START_TEST(hostile_rings)
{
	unsigned n, i;

	start_cplus(0);
	tail = 0;
	/* A frame that never ends. */
	for (n = 0; n < 64; n++)
		put(TX_RING, n, TX_DATA, OWN | 0xffff, 0);
	set8(RTL8139_TPPOLL, RTL8139_TPPOLL_NPQ);
	ck_assert_uint_eq(card.wire->npackets, 0);
	/* A ring of one that says it is the device's again: over itself. */
	for (i = 0; i < 3; i++) {
		put(TX_RING, 0, TX_RING, WHOLE | EOR | 64, 0);
		set8(RTL8139_TPPOLL, RTL8139_TPPOLL_NPQ);
	}
	ck_assert_uint_le(card.wire->npackets, 3);
	/* Segments of bytes, of nothing, of no headers. */
	set8(RTL8139_CR, 0);
	set8(RTL8139_CR, RTL8139_CR_RE | RTL8139_CR_TE);
	net_wire_clear(card.wire);
	for (n = 0; n < 64; n++)
		put(TX_RING, n, TX_DATA,
		    WHOLE | LGSEN | (n % 3) << 16 | (n * 1000),
		    n % 2 ? 1u << 17 : 0);
	set8(RTL8139_TPPOLL, RTL8139_TPPOLL_NPQ);
	harness_advance(&card.h, 1);
	/* Descriptors and data that are nowhere. */
	set32(0x24, 0x7fffffff);
	set8(RTL8139_TPPOLL, RTL8139_TPPOLL_NPQ);
	set32(RTL8139_RDSAR + 4, 0x7fffffff);
	ck_assert(card_arrive(frame, 60));
	set32(RTL8139_RDSAR + 4, 0);
	card_store64(RX_RING + 8, UINT64_MAX - 20);
	ck_assert(card_arrive(frame, 60));
	expect_works();
	/* The ring of bytes where nothing is, CAPR anywhere. */
	set32(RTL8139_RBSTART, 0xfffffff0);
	for (n = 0; n < 0x10000; n += 997) {
		set16(RTL8139_CAPR, n);
		card_arrive(frame, 1400);
	}
	set32(RTL8139_TSAD + 4, 0xfffffff0);
	set32(RTL8139_TSD + 4, 1500);
	ck_assert(card_get(RTL8139_TSD + 4, 4) & RTL8139_TSD_TABT);
	expect_works();
	card_tear_down();
}
END_TEST

HARNESS_MAIN("rtl8139", registers_are_as_qemu_has_them, eeprom_has_the_address,
	     sends_by_four_descriptors, full_wire_holds_and_goes_on,
	     receives_into_a_ring_of_bytes, frames_need_not_wrap,
	     full_ring_holds_the_wire, filters_by_address, timer_and_link,
	     loops_back, sends_by_rings, checksums_and_segments,
	     receives_into_descriptors, vlan_tags_come_off, tally,
	     hostile_rings)
