/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The 82540EM, by a driver: sending, receiving, interrupts, the link. */
#include <string.h>

#include "hw/e1000.h"
#include "hw/pci_regs.h"
#include "tests/device/e1000_driver.h"
#include "vmm/endian.h"

static uint8_t frame[70000], other[2000];

START_TEST(registers_are_as_qemu_has_them)
{
	static const struct {
		uint32_t reg, val;
	} resets[] = {
		{E1000_CTRL, 0x140240},	 {E1000_STATUS, 0x80080783},
		{E1000_EECD, 0x188},	 {E1000_VET, 0x8100},
		{E1000_LEDCTL, 0x602},	 {E1000_PBA, 0x100030},
		{E1000_RAL, 0xab005452}, {E1000_RAH, 0x8000efcd},
		{E1000_MANC, 0x222300},	 {0x9000, 0},
	};
	char path[80];
	size_t i;

	card_set_up(&e1000_class, 0, 1);
	ck_assert_uint_eq(pci_config_read(&card.bus, CARD_DEVFN, 0, 4),
			  0x100e8086);
	ck_assert_uint_eq(pci_config_read(&card.bus, CARD_DEVFN, 8, 4),
			  0x02000003);
	for (i = 0; i < sizeof(resets) / sizeof(*resets); i++)
		ck_assert_uint_eq(card_get(resets[i].reg, 4), resets[i].val);
	/* The same by number and data at ports. */
	outl(&card.h, CARD_IO, E1000_LEDCTL);
	ck_assert_uint_eq(inl(&card.h, CARD_IO + 4), 0x602);
	outl(&card.h, CARD_IO + 4, 0x12345);
	ck_assert_uint_eq(card_get(E1000_LEDCTL, 4), 0x12345);
	ck_assert_int_eq(e1000_class.boot_path(&card.pci->dev, path,
					       sizeof(path)),
			 -1);
	ck_assert_str_eq(path, "/pci@i0cf8/ethernet@3/ethernet-phy@0");
	card_tear_down();
}
END_TEST

static uint16_t read_word(unsigned addr)
{
	card_set(E1000_EERD, addr << 8 | 1, 4);
	ck_assert(card_get(E1000_EERD, 4) & 0x10);
	return (uint16_t)(card_get(E1000_EERD, 4) >> 16);
}

static bool wire_bit(bool cs, bool di)
{
	card_set(E1000_EECD, (cs ? 2u : 0) | (di ? 4u : 0), 4);
	card_set(E1000_EECD, (cs ? 2u : 0) | (di ? 4u : 0) | 1, 4);
	return card_get(E1000_EECD, 4) & 8;
}

static void wire_bits(unsigned val, unsigned n)
{
	while (n--)
		wire_bit(true, val >> n & 1);
}

static uint16_t wire_read(unsigned addr)
{
	unsigned val = 0, i;

	card_set(E1000_EECD, 0, 4);
	card_set(E1000_EECD, 2, 4);
	wire_bits(6u << 6 | addr, 9);
	ck_assert(!(card_get(E1000_EECD, 4) & 8)); /* a zero first */
	for (i = 0; i < 16; i++)
		val = val << 1 | wire_bit(true, false);
	card_set(E1000_EECD, 0, 4);
	return (uint16_t)val;
}

static void wire_command(unsigned bits, unsigned n, unsigned data)
{
	card_set(E1000_EECD, 0, 4);
	card_set(E1000_EECD, 2, 4);
	wire_bits(bits, n);
	if (data <= 0xffff)
		wire_bits(data, 16);
	card_set(E1000_EECD, 0, 4);
}

START_TEST(eeprom_has_the_address_and_adds_up)
{
	uint16_t sum = 0, i;

	card_set_up(&e1000_class, 0, 1);
	ck_assert_uint_eq(read_word(0), 0x5452);
	ck_assert_uint_eq(read_word(2), 0xefcd);
	for (i = 0; i < 64; i++) {
		sum = (uint16_t)(sum + read_word(i));
		ck_assert_uint_eq(wire_read(i), read_word(i));
	}
	ck_assert_uint_eq(sum, 0xbaba);
	/* Writing wants to be enabled first. */
	wire_command(5u << 6 | 40, 9, 0x1234);
	ck_assert_uint_eq(read_word(40), 0xffff);
	wire_command(4u << 6 | 0x30, 9, UINT32_MAX);
	wire_command(5u << 6 | 40, 9, 0x1234);
	ck_assert_uint_eq(read_word(40), 0x1234);
	harness_roundtrip(&card.pci->dev);
	ck_assert_uint_eq(wire_read(40), 0x1234);
	wire_command(7u << 6 | 40, 9, UINT32_MAX);
	ck_assert_uint_eq(wire_read(40), 0xffff);
	card_tear_down();
}
END_TEST

START_TEST(link_is_negotiated_in_a_moment)
{
	e1000_start();
	ck_assert_uint_eq(e1000_mii_read(2), 0x0141);
	ck_assert_uint_eq(e1000_mii_read(3), 0x0c20);
	card_get(E1000_ICR, 4);
	card_set(E1000_IMS, E1000_ICR_LSC, 4);
	e1000_mii_write(0, 0x1340);
	ck_assert(!(card_get(E1000_STATUS, 4) & E1000_STATUS_LU));
	ck_assert(!(e1000_mii_read(1) & 0x24));
	ck_assert(card_irq());
	ck_assert_uint_eq(card_get(E1000_ICR, 4), E1000_ICR_LSC);
	harness_roundtrip(&card.pci->dev);
	harness_advance(&card.h, NS_PER_SEC);
	ck_assert(card_get(E1000_STATUS, 4) & E1000_STATUS_LU);
	ck_assert_uint_eq(e1000_mii_read(1) & 0x24, 0x24);
	ck_assert(e1000_mii_read(5) & 0x4000);
	ck_assert(card_irq());
	ck_assert_uint_eq(card_get(E1000_ICR, 4), E1000_ICR_LSC);
	ck_assert(!card_irq());
	/* Another PHY, and a register that is not. */
	card_set(E1000_MDIC, 2u << 21 | 1u << 16 | 1u << 27, 4);
	ck_assert_uint_eq(card_get(E1000_MDIC, 4) >> 28 & 5, 5);
	card_set(E1000_MDIC, 1u << 21 | 31u << 16 | 1u << 27 | 1u << 29, 4);
	ck_assert_uint_eq(card_get(E1000_MDIC, 4) >> 28 & 5, 5);
	ck_assert(card_get(E1000_ICR, 4) & E1000_ICR_MDAC);
	card_tear_down();
}
END_TEST

START_TEST(cable_is_unplugged)
{
	e1000_start();
	card_set(E1000_IMS, E1000_ICR_LSC, 4);
	net_set_link(&card.wire->client, false);
	ck_assert(!(card_get(E1000_STATUS, 4) & E1000_STATUS_LU));
	ck_assert(card_irq());
	card_get(E1000_ICR, 4);
	e1000_mii_write(0, 0x1340); /* to no avail */
	harness_advance(&card.h, NS_PER_SEC);
	ck_assert(!(card_get(E1000_STATUS, 4) & E1000_STATUS_LU));
	/* What is sent is lost, not kept. */
	e1000_send_one(frame, 60);
	ck_assert_uint_eq(card.wire->npackets, 0);
	ck_assert_uint_eq(card_get(E1000_TDH, 4), card_get(E1000_TDT, 4));
	net_set_link(&card.wire->client, true);
	harness_advance(&card.h, NS_PER_SEC);
	ck_assert(card_get(E1000_STATUS, 4) & E1000_STATUS_LU);
	ck_assert(card_get(E1000_ICR, 4) & E1000_ICR_LSC);
	e1000_send_one(frame, 60);
	ck_assert_uint_eq(card.wire->npackets, 1);
	card_tear_down();
}
END_TEST

START_TEST(sends_by_each_kind_of_descriptor)
{
	struct card_frame f = {.payload = 600};
	size_t len = card_make(frame, &f);

	e1000_start();
	e1000_send_one(frame, len);
	card_expect(0, frame, len);
	ck_assert(card_load32(E1000_TX_RING + 12) & 1);
	/* In three parts, one empty, status asked for at the last. */
	card_store(E1000_TX_DATA, frame, len);
	e1000_data(E1000_TX_DATA, 100, E1000_D_IFCS, 0, 0);
	e1000_data(E1000_TX_DATA, 0, E1000_D_IFCS, 0, 0);
	e1000_data(E1000_TX_DATA + 100, len - 100,
		   E1000_D_EOP | E1000_D_IFCS | E1000_D_RS, 0, 0);
	ck_assert_uint_eq(card.wire->npackets, 1); /* until the tail moves */
	e1000_kick();
	card_expect(1, frame, len);
	ck_assert(!(card_load32(E1000_TX_RING + 16 + 12) & 1));
	ck_assert(card_load32(E1000_TX_RING + 48 + 12) & 1);
	ck_assert(card_get(E1000_ICR, 4) & E1000_ICR_TXDW);
	ck_assert_uint_eq(card_get(E1000_TPT, 4), 2);
	ck_assert_uint_eq(card_get(E1000_TPT, 4), 0); /* reading clears */
	ck_assert_uint_eq(card_get(E1000_TOTL, 4), 2 * (len + 4));
	ck_assert_uint_eq(card_get(E1000_TOTL + 4, 4), 0);
	ck_assert_uint_eq(card_get(E1000_TOTL, 4), 0);
	ck_assert_uint_eq(card_get(E1000_PTC64 + 16, 4), 2);
	/* Half now, half after saving. */
	e1000_data(E1000_TX_DATA, 100, E1000_D_IFCS, 0, 0);
	e1000_kick();
	harness_roundtrip(&card.pci->dev);
	e1000_data(E1000_TX_DATA + 100, len - 100,
		   E1000_D_EOP | E1000_D_IFCS | E1000_D_RS, 0, 0);
	e1000_kick();
	card_expect(2, frame, len);
	/* A check sequence that the driver made does not go out. */
	e1000_data(E1000_TX_DATA, len, E1000_D_EOP, 0, 0);
	e1000_kick();
	card_expect(3, frame, len - 4);
	card_tear_down();
}
END_TEST

START_TEST(short_frames_are_padded)
{
	uint8_t padded[60] = {1, 2, 3};

	e1000_start();
	memset(padded + 20, 0, 40);
	e1000_send_one(padded, 20);
	card_expect(0, padded, 60);
	card_set(E1000_TCTL, E1000_TCTL_EN, 4);
	e1000_send_one(padded, 20);
	card_expect(1, padded, 20);
	e1000_send_one(padded, 13); /* no header: no frame */
	ck_assert_uint_eq(card.wire->npackets, 2);
	card_tear_down();
}
END_TEST

static void offload(bool ip6, bool udp)
{
	struct card_frame f = {.ip6 = ip6, .udp = udp, .payload = 777};
	size_t len, l4 = ip6 ? 54 : 34, at = l4 + (udp ? 6 : 16);

	net_wire_clear(card.wire);
	len = card_make(frame, &f);
	memcpy(other, frame, len);
	store_be16(other + at, (uint16_t)card_pseudo(frame, &f, len - l4));
	if (!ip6)
		store_be16(other + 24, 0);
	card_store(E1000_TX_DATA, other, len);
	e1000_context(14, 24, (unsigned)l4 - 1, (unsigned)l4, (unsigned)at,
		      udp ? 0 : E1000_C_TCP, 0, 0);
	e1000_data(E1000_TX_DATA, 500, E1000_D_IFCS, ip6 ? 2 : 3, 0);
	e1000_data(E1000_TX_DATA + 500, len - 500,
		   E1000_D_EOP | E1000_D_IFCS | E1000_D_RS, 0, 0);
	e1000_kick();
	card_expect(0, frame, len);
}

START_TEST(checksums_are_put_in)
{
	struct card_frame f = {.payload = 501};
	size_t len = card_make(frame, &f);

	e1000_start();
	offload(false, false);
	offload(false, true);
	offload(true, false);
	offload(true, true);
	/* And by a legacy descriptor. */
	card_make(frame, &f);
	memcpy(other, frame, len);
	store_be16(other + 50, (uint16_t)card_pseudo(frame, &f, len - 34));
	card_store(E1000_TX_DATA, other, len);
	e1000_legacy(E1000_TX_DATA, len, 9, 0, 0);
	e1000_kick();
	ck_assert_uint_eq(card.wire->npackets, 2);
	card_expect(1, other, len - 4); /* without IFCS */
	e1000_legacy(E1000_TX_DATA, len, 0x0f, 50, 34);
	e1000_kick();
	card_expect(2, frame, len);
	card_tear_down();
}
END_TEST

/* A segment of payload bytes in pieces of mss, sent by parts of part bytes. */
static void cut(bool ip6, size_t payload, unsigned mss, size_t part,
		unsigned vlan)
{
	struct card_frame f = {.ip6 = ip6,
			       .id = 0xfffe,
			       .seq = 0xffffff00,
			       .flags = 0x19, /* ACK, PSH, FIN */
			       .payload = payload};
	size_t len = card_make(frame, &f), l4 = ip6 ? 54 : 34, head, at, n;
	uint32_t pseudo = card_pseudo(frame, &f, 0);
	unsigned piece = 0;

	head = card_headers(&f);
	net_wire_clear(card.wire);
	store_be16(frame + (ip6 ? 18 : 16), 0);
	if (!ip6)
		store_be16(frame + 24, 0);
	store_be16(frame + l4 + 16, card_sum(pseudo, NULL, 0));
	card_store(E1000_TX_DATA, frame, len);
	e1000_context(14, 24, (unsigned)l4 - 1, (unsigned)l4, (unsigned)l4 + 16,
		      E1000_C_TCP | E1000_C_TSE | (ip6 ? 0 : E1000_C_IP),
		      (unsigned)head, mss);
	for (at = 0; at < len; at += n) {
		n = len - at < part ? len - at : part;
		e1000_data(E1000_TX_DATA + at, n,
			   E1000_D_TSE | E1000_D_IFCS |
				   (vlan ? E1000_D_VLE : 0) |
				   (at + n == len ? E1000_D_EOP | E1000_D_RS
						  : 0),
			   at	 ? 0
			   : ip6 ? 2
				 : 3,
			   (uint16_t)vlan);
	}
	e1000_kick();
	for (at = 0; at < payload; at += n, piece++) {
		n = payload - at < mss ? payload - at : mss;
		f.payload = n;
		f.from = at;
		f.seq = 0xffffff00 + (uint32_t)at;
		f.id = (uint16_t)(0xfffe + piece);
		f.flags = at + n == payload ? 0x19 : 0x10;
		len = card_make(other, &f);
		if (vlan) {
			memmove(other + 16, other + 12, len - 12);
			store_be16(other + 12, 0x8100);
			store_be16(other + 14, (uint16_t)vlan);
			len += 4;
		}
		if (len < 60)
			memset(other + len, 0, 60 - len);
		card_expect(piece, other, len < 60 ? 60 : len);
	}
	ck_assert_uint_eq(card.wire->npackets, piece);
}

START_TEST(segments_are_cut)
{
	e1000_start();
	cut(false, 14480, 1448, 100000, 0);
	cut(false, 14481, 1448, 1000, 0);
	cut(true, 20000, 1428, 4096, 0);
	cut(false, 900, 1448, 54, 0);
	cut(false, 300, 1, 299, 0);
	card_set(E1000_CTRL, card_get(E1000_CTRL, 4) | E1000_CTRL_VME, 4);
	cut(false, 5000, 1000, 512, 0x2123);
	cut(true, 65000, 1200, 65536, 0x0001);
	ck_assert_uint_eq(card_get(E1000_TSCTC, 4), 7);
	card_tear_down();
}
END_TEST

START_TEST(full_wire_holds_and_goes_on)
{
	struct card_frame f = {.payload = 100};
	size_t len = card_make(frame, &f);
	unsigned i;

	e1000_start();
	card_store(E1000_TX_DATA, frame, len);
	card.wire->full = true;
	for (i = 0; i < 5; i++)
		e1000_data(E1000_TX_DATA, len, E1000_D_LAST, 0, 0);
	e1000_kick();
	ck_assert_uint_eq(card.wire->refused, 1);
	ck_assert_uint_eq(card_get(E1000_TDH, 4), 0);
	e1000_kick();
	ck_assert_uint_eq(card.wire->refused, 1); /* waits for ready */
	net_wire_drain(card.wire);
	ck_assert_uint_eq(card.wire->npackets, 5);
	card_expect(0, frame, len);
	card_expect(4, frame, len);
	/* In the middle of a segment, and saved there. */
	net_wire_clear(card.wire);
	card.wire->full = true;
	card_store(E1000_TX_DATA, frame, len);
	e1000_context(14, 24, 33, 34, 50,
		      E1000_C_TCP | E1000_C_TSE | E1000_C_IP, 54, 10);
	e1000_data(E1000_TX_DATA, len, E1000_D_LAST | E1000_D_TSE, 3, 0);
	e1000_kick();
	ck_assert_uint_eq(card.wire->npackets, 0);
	card.wire->full = false;
	harness_roundtrip(&card.pci->dev);
	harness_advance(&card.h, 1);
	ck_assert_uint_eq(card.wire->npackets, 10);
	ck_assert_uint_eq(card_get(E1000_TDH, 4), card_get(E1000_TDT, 4));
	card_tear_down();
}
END_TEST

START_TEST(receives_into_buffers)
{
	struct card_frame f = {.payload = 1000, .udp = true};
	size_t len = card_make(frame, &f);

	e1000_start();
	ck_assert(card_arrive(frame, len));
	e1000_expect_received(0, frame, len);
	ck_assert_uint_eq(card_load16(E1000_RX_RING + 8), len + 4);
	ck_assert_uint_eq(card_get(E1000_RDH, 4), 1);
	/* The last of a batch makes the interrupt. */
	card_set(E1000_IMS, E1000_ICR_RXT0, 4);
	ck_assert(!card_irq());
	ck_assert(card_arrive(frame, len));
	card_arrived();
	ck_assert(card_irq());
	ck_assert_uint_eq(card.h.edges[CARD_IRQ], 1);
	ck_assert_uint_eq(card_get(E1000_ICR, 4) & E1000_ICR_RXT0,
			  E1000_ICR_RXT0);
	ck_assert(!card_irq());
	/* Too short for Ethernet. */
	ck_assert(card_arrive(frame, 20));
	memset(frame + 20, 0, 40);
	e1000_expect_received(2, frame, 60);
	/* Without the place of the check sequence. */
	card_set(E1000_RCTL, card_get(E1000_RCTL, 4) | E1000_RCTL_SECRC, 4);
	ck_assert(card_arrive(frame, 60));
	ck_assert_uint_eq(card_load16(E1000_RX_RING + 48 + 8), 60);
	ck_assert_uint_eq(card_get(E1000_GPRC, 4), 4);
	card_arrived();
	harness_roundtrip(&card.pci->dev);
	card_tear_down();
}
END_TEST

START_TEST(long_frames_take_several_buffers)
{
	static const uint32_t sizes[] = {256, 512, 1024, 2048};
	struct card_frame f = {.payload = 8900};
	size_t len = card_make(frame, &f);
	unsigned i, n, at;

	e1000_start();
	ck_assert(card_arrive(frame, len)); /* refused without LPE */
	ck_assert_uint_eq(card_get(E1000_RDH, 4), 0);
	ck_assert_uint_eq(card_get(E1000_ROC, 4), 1);
	for (i = 0; i < 4; i++) {
		e1000_start_receiver(E1000_RCTL_LPE | (3 - i) << 16);
		ck_assert(card_arrive(frame, len));
		n = (unsigned)((len + 4 + sizes[i] - 1) / sizes[i]);
		ck_assert_uint_eq(card_get(E1000_RDH, 4), n);
		for (at = 0; at < n; at++)
			ck_assert_uint_eq(card_load32(E1000_RX_RING + 16 * at +
						      12) &
						  3,
					  at + 1 == n ? 3 : 1);
		e1000_expect_parts(sizes[i], frame, len);
	}
	/* A buffer of 16 KiB takes it whole. */
	e1000_start_receiver(E1000_RCTL_LPE | E1000_RCTL_BSEX | 1u << 16);
	ck_assert(card_arrive(frame, len));
	ck_assert_uint_eq(card_get(E1000_RDH, 4), 1);
	/* Nothing is longer than 16 KiB. */
	ck_assert(card_arrive(frame, E1000_MAX - 3));
	ck_assert_uint_eq(card_get(E1000_RDH, 4), 1);
	card_tear_down();
}
END_TEST

START_TEST(too_few_descriptors)
{
	struct card_frame f = {.payload = 1000};
	size_t len = card_make(frame, &f);
	unsigned i;

	e1000_start();
	card_set(E1000_IMS, E1000_ICR_RXO | E1000_ICR_RXDMT0, 4);
	for (i = 0; i < E1000_RX_DESCS - 1; i++)
		ck_assert(card_arrive(frame, len));
	card_arrived();
	ck_assert(card_get(E1000_ICR, 4) & E1000_ICR_RXDMT0);
	ck_assert(!card_arrive(frame, len));
	ck_assert_uint_eq(card_get(E1000_ICR, 4), E1000_ICR_RXO);
	ck_assert_uint_eq(card.wire->end[0].readies, 0);
	card_set(E1000_RDT, 4, 4);
	ck_assert_uint_eq(card.wire->end[0].readies, 1);
	ck_assert(card_arrive(frame, len));
	/* Room for a part of it only. */
	e1000_start_receiver(3u << 16);
	card_set(E1000_RDT, 4, 4);
	ck_assert(!card_arrive(frame, len));
	ck_assert_uint_eq(card_get(E1000_RDH, 4), 0);
	card_set(E1000_RDT, 5, 4);
	ck_assert(card_arrive(frame, len));
	ck_assert_uint_eq(card_get(E1000_RDH, 4), 5);
	/* A ring that never has enough loses it. */
	card_set(E1000_RDLEN, 128, 4);
	card_set(E1000_RDH, 0, 4);
	card_set(E1000_RDT, 3, 4);
	card_set(E1000_RCTL,
		 E1000_RCTL_EN | E1000_RCTL_BAM | E1000_RCTL_LPE | 3u << 16, 4);
	card_get(E1000_MPC, 4);
	memset(frame + len, 0, 3000);
	ck_assert(card_arrive(frame, 3000));
	ck_assert_uint_eq(card_get(E1000_MPC, 4), 1);
	card_tear_down();
}
END_TEST

static bool passes(const char *to, unsigned vlan)
{
	uint32_t head = card_get(E1000_RDH, 4);

	memcpy(frame, to, 6);
	store_be16(frame + 12, vlan ? 0x8100 : 0x0800);
	store_be16(frame + 14, (uint16_t)vlan);
	ck_assert(card_arrive(frame, 64));
	card_set(E1000_RDT, card_get(E1000_RDH, 4) ^ E1000_RX_DESCS / 2, 4);
	return card_get(E1000_RDH, 4) != head;
}

#define OWN   "\x52\x54\x00\xab\xcd\xef"
#define ALIEN "\x52\x54\x00\xab\xcd\xee"
#define GROUP "\x01\x00\x5e\x01\x02\x03"
#define ALL   "\xff\xff\xff\xff\xff\xff"

static void rctl(uint32_t bits)
{
	card_set(E1000_RCTL, E1000_RCTL_EN | bits, 4);
}

START_TEST(filters_by_address)
{
	static const unsigned shifts[] = {4, 3, 2, 0};
	unsigned mo, bit;

	e1000_start();
	rctl(0);
	ck_assert(passes(OWN, 0));
	ck_assert(!passes(ALIEN, 0));
	ck_assert(!passes(GROUP, 0));
	ck_assert(!passes(ALL, 0));
	rctl(E1000_RCTL_BAM);
	ck_assert(passes(ALL, 0));
	ck_assert(!passes(GROUP, 0));
	rctl(E1000_RCTL_MPE);
	ck_assert(passes(GROUP, 0));
	ck_assert(!passes(ALIEN, 0));
	rctl(E1000_RCTL_UPE);
	ck_assert(passes(ALIEN, 0));
	ck_assert(!passes(GROUP, 0));
	for (mo = 0; mo < 4; mo++) {
		rctl(mo << 12);
		bit = (0x0302u >> shifts[mo]) & 0xfff;
		ck_assert(!passes(GROUP, 0));
		card_set(E1000_MTA + bit / 32 * 4, 1u << bit % 32, 4);
		ck_assert(passes(GROUP, 0));
		card_set(E1000_MTA + bit / 32 * 4, 0, 4);
	}
	/* One more address. */
	rctl(0);
	card_set(E1000_RAL + 8 * 15, 0xab005452, 4);
	card_set(E1000_RAH + 8 * 15, 0xeecd, 4);
	ck_assert(!passes(ALIEN, 0));
	card_set(E1000_RAH + 8 * 15, 0x8000eecd, 4);
	ck_assert(passes(ALIEN, 0));
	card_tear_down();
}
END_TEST

START_TEST(filters_by_vlan)
{
	e1000_start();
	rctl(E1000_RCTL_VFE);
	ck_assert(passes(OWN, 0));
	ck_assert(!passes(OWN, 0x2065));
	card_set(E1000_VFTA + 0x65 / 32 * 4, 1u << 0x65 % 32, 4);
	ck_assert(passes(OWN, 0x2065));
	rctl(E1000_RCTL_VFE | E1000_RCTL_CFIEN);
	ck_assert(!passes(OWN, 0x3065));
	ck_assert(passes(OWN, 0x2065));
	card_tear_down();
}
END_TEST

START_TEST(vlan_tags_come_off_and_on)
{
	struct card_frame f = {.payload = 300};
	size_t len = card_make(other, &f);

	memcpy(frame, other, 12);
	memcpy(frame + 16, other + 12, len - 12);
	store_be16(frame + 12, 0x8100);
	store_be16(frame + 14, 0x4abc);
	e1000_start();
	ck_assert(card_arrive(frame, len + 4));
	e1000_expect_received(0, frame, len + 4);
	ck_assert(card_load32(E1000_RX_RING + 12) & 8);
	card_set(E1000_CTRL, card_get(E1000_CTRL, 4) | E1000_CTRL_VME, 4);
	card_set(E1000_RXCSUM, 0x300, 4);
	ck_assert(card_arrive(frame, len + 4));
	e1000_expect_received(1, other, len);
	ck_assert_uint_eq(card_load32(E1000_RX_RING + 16 + 12), 0x4abc006b);
	card_store(E1000_TX_DATA, other, len);
	e1000_data(E1000_TX_DATA, len, E1000_D_LAST | E1000_D_VLE, 0, 0x4abc);
	e1000_kick();
	card_expect(0, frame, len + 4);
	card_tear_down();
}
END_TEST

static uint32_t sum_result(const struct card_frame *f, size_t wrong)
{
	uint32_t head = card_get(E1000_RDH, 4);
	size_t len = card_make(frame, f);

	frame[wrong] ^= (uint8_t) !!wrong;
	ck_assert(card_arrive(frame, len));
	return card_load32(E1000_RX_RING + 16 * head + 12) & 0xffff;
}

START_TEST(checksums_are_looked_at)
{
	struct card_frame tcp = {.payload = 333};
	struct card_frame udp = {.payload = 334, .udp = true};
	struct card_frame tcp6 = {.payload = 335, .ip6 = true};

	e1000_start();
	ck_assert_uint_eq(sum_result(&tcp, 0), 7); /* not looked at */
	card_set(E1000_RXCSUM, 0x300, 4);
	ck_assert_uint_eq(sum_result(&tcp, 0), 0x63);
	ck_assert_uint_eq(sum_result(&tcp, 100), 0x2063);
	ck_assert_uint_eq(sum_result(&tcp, 23 - 1), 0x4063);
	ck_assert_uint_eq(sum_result(&udp, 0), 0x63);
	ck_assert_uint_eq(sum_result(&udp, 100), 0x2063);
	ck_assert_uint_eq(sum_result(&tcp6, 0), 0x23);
	ck_assert_uint_eq(sum_result(&tcp6, 100), 0x2023);
	card_set(E1000_RXCSUM, 0x200, 4);
	ck_assert_uint_eq(sum_result(&tcp, 0), 0x23);
	card_make(frame, &tcp);
	store_be16(frame + 20, 0x2000); /* a fragment */
	card_set(E1000_RXCSUM, 0x20e, 4);
	ck_assert(card_arrive(frame, 387));
	ck_assert_uint_eq(card_load32(E1000_RX_RING + 16 * 9 + 12) & 0xff, 7);
	ck_assert_uint_eq(card_load16(E1000_RX_RING + 16 * 9 + 10),
			  card_sum(0, frame + 14, 387 - 14));
	card_tear_down();
}
END_TEST

START_TEST(interrupts_are_held_back)
{
	struct card_frame f = {.payload = 64};
	size_t len = card_make(frame, &f);

	e1000_start();
	card_set(E1000_IMS, E1000_ICR_RXT0 | E1000_ICR_TXDW, 4);
	card_get(E1000_ICR, 4);
	card_set(E1000_ITR, 400, 4); /* 102.4 us */
	ck_assert(card_arrive(frame, len));
	card_arrived();
	ck_assert(card_irq());
	card_get(E1000_ICR, 4);
	ck_assert(card_arrive(frame, len));
	card_arrived();
	ck_assert(!card_irq());
	harness_advance(&card.h, 102000);
	ck_assert(!card_irq());
	harness_roundtrip(&card.pci->dev);
	harness_advance(&card.h, 1000);
	ck_assert(card_irq());
	card_get(E1000_ICR, 4);
	card_set(E1000_ITR, 0, 4);
	harness_advance(&card.h, NS_PER_SEC);
	/* RDTR: packets put it off, RADV ends that. */
	card_set(E1000_RDTR, 10, 4);
	card_set(E1000_RADV, 15, 4);
	ck_assert(card_arrive(frame, len));
	card_arrived();
	harness_advance(&card.h, 8 * 1024);
	ck_assert(card_arrive(frame, len));
	card_arrived();
	harness_advance(&card.h, 6 * 1024);
	ck_assert(!card_irq());
	harness_advance(&card.h, 1024);
	ck_assert(card_irq());
	card_get(E1000_ICR, 4);
	/* The driver does not want to wait. */
	ck_assert(card_arrive(frame, len));
	card_arrived();
	ck_assert(!card_irq());
	card_set(E1000_RDTR, 10 | 1u << 31, 4);
	ck_assert(card_irq());
	card_get(E1000_ICR, 4);
	/* TIDV, for descriptors that say so. */
	card_set(E1000_TIDV, 5, 4);
	card_store(E1000_TX_DATA, frame, len);
	e1000_data(E1000_TX_DATA, len, E1000_D_LAST | E1000_D_IDE, 0, 0);
	e1000_kick();
	ck_assert(!card_irq());
	harness_advance(&card.h, 6 * 1024);
	ck_assert(card_irq());
	card_get(E1000_ICR, 4);
	e1000_data(E1000_TX_DATA, len, E1000_D_LAST, 0, 0);
	e1000_kick();
	ck_assert(card_irq());
	card_tear_down();
}
END_TEST

START_TEST(loops_back_in_the_phy)
{
	struct card_frame f = {.payload = 100};
	size_t len = card_make(frame, &f);

	e1000_start();
	e1000_mii_write(0, 0x4140);
	e1000_send_one(frame, len);
	ck_assert_uint_eq(card.wire->npackets, 0);
	e1000_expect_received(0, frame, len);
	card_tear_down();
}
END_TEST

START_TEST(reset_ends_what_is_in_flight)
{
	struct card_frame f = {.payload = 100};
	size_t len = card_make(frame, &f);

	e1000_start();
	card.wire->full = true;
	e1000_send_one(frame, len);
	card_set(E1000_IMS, E1000_ICR_ALL, 4);
	ck_assert(card_irq() || !card_get(E1000_ICR, 4));
	card_set(E1000_CTRL, card_get(E1000_CTRL, 4) | E1000_CTRL_RST, 4);
	ck_assert(!card_irq());
	ck_assert(!(card_get(E1000_CTRL, 4) & E1000_CTRL_RST));
	ck_assert_uint_eq(card_get(E1000_IMS, 4), 0);
	ck_assert_uint_eq(card_get(E1000_TDLEN, 4), 0);
	ck_assert_uint_eq(card_get(E1000_RAL, 4), 0xab005452);
	net_wire_drain(card.wire);
	ck_assert_uint_eq(card.wire->npackets, 0);
	e1000_start_again();
	e1000_send_one(frame, len);
	card_expect(0, frame, len);
	card_tear_down();
}
END_TEST

static void expect_works(void)
{
	struct card_frame f = {.payload = 100};
	size_t len = card_make(frame, &f);

	net_wire_clear(card.wire);
	card_set(E1000_CTRL, card_get(E1000_CTRL, 4) | E1000_CTRL_RST, 4);
	e1000_start_again();
	e1000_send_one(frame, len);
	card_expect(0, frame, len);
	ck_assert(card_arrive(frame, len));
	e1000_expect_received(0, frame, len);
}

START_TEST(hostile_rings)
{
	unsigned i;

	e1000_start();
	/* A tail that is never reached, a head beyond the end. */
	card_set(E1000_TDT, 0xffff, 4);
	card_set(E1000_RDT, 0xffff, 4);
	ck_assert(!card_arrive(frame, 60));
	card_set(E1000_TDH, 0xfff0, 4);
	card_set(E1000_TDT, 2, 4);
	expect_works();
	/* A ring without descriptors. */
	card_set(E1000_TDLEN, 0, 4);
	card_set(E1000_TDT, 0, 4);
	card_set(E1000_RDLEN, 0, 4);
	ck_assert(!card_arrive(frame, 60));
	expect_works();
	/* The longest there is, where nothing is, and over its own data. */
	card_set(E1000_TDBAH, 0x7fffffff, 4);
	card_set(E1000_TDLEN, 0xfff80, 4);
	card_set(E1000_TDT, 65527, 4);
	ck_assert_uint_lt(card_get(E1000_TDH, 4), 1000); /* not all at once */
	for (i = 0; i < 200; i++)
		harness_advance(&card.h, 1);
	ck_assert_uint_eq(card_get(E1000_TDH, 4), 65527);
	expect_works();
	/* Frames from and to nowhere. */
	e1000_data(UINT64_C(1) << 60, 100, E1000_D_LAST, 0, 0);
	e1000_data(CARD_MEM, 100, E1000_D_LAST, 0, 0);
	e1000_data(UINT64_MAX - 5, 100, E1000_D_LAST, 0, 0);
	e1000_kick();
	ck_assert_uint_eq(card.wire->npackets, 1);
	ck_assert_uint_eq(card_get(E1000_TDH, 4), card_get(E1000_TDT, 4));
	card_store64(E1000_RX_RING + 16, UINT64_MAX - 100);
	ck_assert(card_arrive(frame, 200));
	expect_works();
	card_tear_down();
}
END_TEST

START_TEST(hostile_frames)
{
	static const struct {
		unsigned hdrlen, mss;
	} cuts[] = {{0, 1448}, {54, 0}, {255, 65535}, {54, 16384}, {0, 0}};
	size_t i;
	unsigned n;

	e1000_start();
	/* One that never ends. */
	for (n = 0; n < 3 * E1000_TX_DESCS; n++) {
		e1000_data(E1000_TX_DATA, 0xfffff, E1000_D_IFCS, 0, 0);
		e1000_kick();
	}
	ck_assert_uint_eq(card.wire->npackets, 0);
	expect_works();
	for (i = 0; i < sizeof(cuts) / sizeof(*cuts); i++) {
		net_wire_clear(card.wire);
		e1000_context(255, 255, 65535, 255, 255, 7, cuts[i].hdrlen,
			      cuts[i].mss);
		e1000_data(E1000_TX_DATA, 0xfffff, E1000_D_LAST | E1000_D_TSE,
			   3, 0);
		e1000_kick();
		ck_assert_uint_eq(card.wire->npackets, 0);
		expect_works();
	}
	/* Another context in the middle. */
	e1000_context(14, 24, 33, 34, 50, 7, 54, 1000);
	e1000_data(E1000_TX_DATA, 500, E1000_D_TSE, 3, 0);
	e1000_context(14, 24, 33, 34, 50, 7, 255, 65535);
	e1000_data(E1000_TX_DATA, 60000, E1000_D_TSE | E1000_D_LAST, 3, 0);
	e1000_kick();
	for (n = 0; n < card.wire->npackets; n++)
		ck_assert_uint_le(card.wire->packet[n].len, 1054);
	expect_works();
	/* A million packets of a byte: a bounded number at once. */
	e1000_context(0, 0, 0, 0, 0, 7, 14, 1);
	e1000_data(E1000_TX_DATA, 0xfffff, E1000_D_TSE | E1000_D_LAST, 3, 0);
	e1000_kick();
	ck_assert_uint_gt(card.wire->npackets, 100);
	ck_assert_uint_lt(card.wire->npackets, 1000);
	harness_advance(&card.h, 1);
	ck_assert_uint_gt(card.wire->npackets, 600);
	expect_works();
	card_tear_down();
}
END_TEST

START_TEST(not_bus_master)
{
	e1000_start();
	pci_config_write(&card.bus, CARD_DEVFN, PCI_COMMAND, 3, 2);
	e1000_send_one(frame, 60);
	ck_assert_uint_eq(card.wire->npackets, 0);
	ck_assert(!card_arrive(frame, 60));
	pci_config_write(&card.bus, CARD_DEVFN, PCI_COMMAND, 7, 2);
	ck_assert_uint_eq(card.wire->npackets, 1);
	ck_assert_uint_eq(card.wire->end[0].readies, 1);
	card_tear_down();
}
END_TEST

HARNESS_MAIN("e1000", registers_are_as_qemu_has_them,
	     eeprom_has_the_address_and_adds_up, link_is_negotiated_in_a_moment,
	     cable_is_unplugged, sends_by_each_kind_of_descriptor,
	     short_frames_are_padded, checksums_are_put_in, segments_are_cut,
	     full_wire_holds_and_goes_on, receives_into_buffers,
	     long_frames_take_several_buffers, too_few_descriptors,
	     filters_by_address, filters_by_vlan, vlan_tags_come_off_and_on,
	     checksums_are_looked_at, interrupts_are_held_back,
	     loops_back_in_the_phy, reset_ends_what_is_in_flight, hostile_rings,
	     hostile_frames, not_bus_master)
