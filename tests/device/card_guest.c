/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/device/card_guest.h"

#include <string.h>

#include "hw/pci_regs.h"
#include "vmm/endian.h"

struct card_guest card;

static const uint8_t mac[6] = {0x52, 0x54, 0x00, 0xab, 0xcd, 0xef};

void card_set_up(const struct device_class *class, unsigned mem_bar,
		 unsigned io_bar)
{
	const char *const properties[] = {"mac", CARD_MAC, "netdev", "wire",
					  NULL};

	memset(&card, 0, sizeof(card));
	harness_init(&card.h, NS_PER_SEC);
	card.h.m.state = RUN_STATE_RUNNING;
	pci_bus_init(&card.bus, &card.h.m, "pci.0");
	card.bus.pin[3] = harness_irq(&card.h, CARD_IRQ); /* INTA of slot 3 */
	card.wire = net_wire_new(&card.h, "wire", 1);
	card.pci = (struct pci_device *)harness_new(&card.h, class);
	card.pci->bus = &card.bus;
	card.pci->devfn = CARD_DEVFN;
	harness_set(&card.pci->dev, properties);
	harness_start(&card.pci->dev);
	class->reset(&card.pci->dev);
	pci_config_write(&card.bus, CARD_DEVFN,
			 PCI_BASE_ADDRESS_0 + 4 * mem_bar, CARD_MEM, 4);
	pci_config_write(&card.bus, CARD_DEVFN, PCI_BASE_ADDRESS_0 + 4 * io_bar,
			 CARD_IO, 4);
	pci_config_write(&card.bus, CARD_DEVFN, PCI_COMMAND, 7, 2);
}

void card_tear_down(void)
{
	while (!list_empty(&card.h.m.devices))
		device_free(container_of(card.h.m.devices.prev, struct device,
					 link));
	net_wire_free(card.wire);
	harness_fini(&card.h);
}

uint32_t card_get(uint32_t reg, unsigned size)
{
	return (uint32_t)mmio_read(&card.h, CARD_MEM + reg, size);
}

void card_set(uint32_t reg, uint32_t val, unsigned size)
{
	mmio_write(&card.h, CARD_MEM + reg, val, size);
}

bool card_irq(void)
{
	return card.h.level[CARD_IRQ];
}

void card_store(uint64_t addr, const void *data, size_t len)
{
	ck_assert(gmem_write(&card.h.m.gmem, addr, data, len));
}

void card_load(uint64_t addr, void *data, size_t len)
{
	ck_assert(gmem_read(&card.h.m.gmem, addr, data, len));
}

uint32_t card_load32(uint64_t addr)
{
	uint8_t raw[4];

	card_load(addr, raw, sizeof(raw));
	return load_le32(raw);
}

uint16_t card_load16(uint64_t addr)
{
	uint8_t raw[2];

	card_load(addr, raw, sizeof(raw));
	return load_le16(raw);
}

void card_store64(uint64_t addr, uint64_t val)
{
	card_store(addr, &val, sizeof(val));
}

void card_store32(uint64_t addr, uint32_t val)
{
	card_store(addr, &val, sizeof(val));
}

bool card_arrive(const void *frame, size_t len)
{
	return net_wire_send(card.wire, 0, frame, len, NULL);
}

void card_arrived(void)
{
	net_wire_flush(card.wire, 0);
}

void card_expect(unsigned n, const void *frame, size_t len)
{
	ck_assert_uint_lt(n, card.wire->npackets);
	ck_assert_uint_eq(card.wire->packet[n].len, len);
	ck_assert_mem_eq(card.wire->packet[n].data, frame, len);
}

uint16_t card_sum(uint32_t sum, const uint8_t *data, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		sum += i % 2 ? data[i] : (uint32_t)data[i] << 8;
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return (uint16_t)sum;
}

static size_t ip_len(const struct card_frame *f)
{
	return f->ip6 ? 40 : 20;
}

size_t card_headers(const struct card_frame *f)
{
	return 14 + ip_len(f) + (f->udp ? 8 : 20);
}

uint32_t card_pseudo(const uint8_t *buf, const struct card_frame *f, size_t len)
{
	uint32_t proto = (f->udp ? 17 : 6) + (uint32_t)len;

	return f->ip6 ? card_sum(proto, buf + 22, 32)
		      : card_sum(proto, buf + 26, 8);
}

static void make_ip(uint8_t *ip, const struct card_frame *f, size_t inner)
{
	uint8_t proto = f->udp ? 17 : 6;
	unsigned i;

	if (f->ip6) {
		ip[0] = 0x60;
		store_be16(ip + 4, (uint16_t)inner);
		ip[6] = proto;
		ip[7] = 64;
		for (i = 8; i < 40; i++)
			ip[i] = (uint8_t)(i * 3);
		return;
	}
	ip[0] = 0x45;
	store_be16(ip + 2, (uint16_t)(inner + 20));
	store_be16(ip + 4, f->id);
	ip[8] = 64;
	ip[9] = proto;
	store_be32(ip + 12, 0x0a000001);
	store_be32(ip + 16, 0x0a000002);
	store_be16(ip + 10, (uint16_t)~card_sum(0, ip, 20));
}

size_t card_make(uint8_t *buf, const struct card_frame *f)
{
	size_t head = card_headers(f), len = head + f->payload, i;
	uint8_t *ip = buf + 14, *l4 = ip + ip_len(f);
	size_t inner = len - 14 - ip_len(f);
	uint16_t sum;

	memset(buf, 0, head);
	memcpy(buf, f->to ? f->to : mac, 6);
	memcpy(buf + 6, "\x02\0\0\0\0\x07", 6);
	store_be16(buf + 12, f->ip6 ? 0x86dd : 0x0800);
	make_ip(ip, f, inner);
	store_be16(l4, 1234);
	store_be16(l4 + 2, 80);
	if (f->udp) {
		store_be16(l4 + 4, (uint16_t)inner);
	} else {
		store_be32(l4 + 4, f->seq);
		l4[12] = 0x50;
		l4[13] = f->flags;
		store_be16(l4 + 14, 4096);
	}
	for (i = 0; i < f->payload; i++)
		buf[head + i] = (uint8_t)((f->from + i) * 7 + 3);
	sum = (uint16_t)~card_sum(card_pseudo(buf, f, inner), l4, inner);
	store_be16(l4 + (f->udp ? 6 : 16), f->udp && !sum ? 0xffff : sum);
	return len;
}
