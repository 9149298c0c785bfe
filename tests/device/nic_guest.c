/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/device/nic_guest.h"

#include <string.h>

#include "hw/pci_regs.h"
#include "vmm/endian.h"

struct nic_guest nic;

static const uint8_t mac[6] = {0x52, 0x54, 0x00, 0xab, 0xcd, 0xef};

void nic_set_up(const struct device_class *class, unsigned mem_bar,
		unsigned io_bar)
{
	const char *const properties[] = {"mac", NIC_MAC, "netdev", "wire",
					  NULL};

	memset(&nic, 0, sizeof(nic));
	harness_init(&nic.h, NS_PER_SEC);
	nic.h.m.state = RUN_STATE_RUNNING;
	pci_bus_init(&nic.bus, &nic.h.m, "pci.0");
	nic.bus.pin[3] = harness_irq(&nic.h, NIC_IRQ); /* INTA of slot 3 */
	nic.wire = net_wire_new(&nic.h, "wire", 1);
	nic.pci = (struct pci_device *)harness_new(&nic.h, class);
	nic.pci->bus = &nic.bus;
	nic.pci->devfn = NIC_DEVFN;
	harness_set(&nic.pci->dev, properties);
	harness_start(&nic.pci->dev);
	class->reset(&nic.pci->dev);
	pci_config_write(&nic.bus, NIC_DEVFN, PCI_BASE_ADDRESS_0 + 4 * mem_bar,
			 NIC_MEM, 4);
	pci_config_write(&nic.bus, NIC_DEVFN, PCI_BASE_ADDRESS_0 + 4 * io_bar,
			 NIC_IO, 4);
	pci_config_write(&nic.bus, NIC_DEVFN, PCI_COMMAND, 7, 2);
}

void nic_tear_down(void)
{
	while (!list_empty(&nic.h.m.devices))
		device_free(container_of(nic.h.m.devices.prev, struct device,
					 link));
	net_wire_free(nic.wire);
	harness_fini(&nic.h);
}

uint32_t nic_get(uint32_t reg, unsigned size)
{
	return (uint32_t)mmio_read(&nic.h, NIC_MEM + reg, size);
}

void nic_set(uint32_t reg, uint32_t val, unsigned size)
{
	mmio_write(&nic.h, NIC_MEM + reg, val, size);
}

bool nic_irq(void)
{
	return nic.h.level[NIC_IRQ];
}

void nic_store(uint64_t addr, const void *data, size_t len)
{
	ck_assert(gmem_write(&nic.h.m.gmem, addr, data, len));
}

void nic_load(uint64_t addr, void *data, size_t len)
{
	ck_assert(gmem_read(&nic.h.m.gmem, addr, data, len));
}

uint32_t nic_load32(uint64_t addr)
{
	uint8_t raw[4];

	nic_load(addr, raw, sizeof(raw));
	return load_le32(raw);
}

uint16_t nic_load16(uint64_t addr)
{
	uint8_t raw[2];

	nic_load(addr, raw, sizeof(raw));
	return load_le16(raw);
}

void nic_store64(uint64_t addr, uint64_t val)
{
	nic_store(addr, &val, sizeof(val));
}

void nic_store32(uint64_t addr, uint32_t val)
{
	nic_store(addr, &val, sizeof(val));
}

bool nic_arrive(const void *frame, size_t len)
{
	return net_wire_send(nic.wire, 0, frame, len, NULL);
}

void nic_arrived(void)
{
	net_wire_flush(nic.wire, 0);
}

void nic_expect(unsigned n, const void *frame, size_t len)
{
	ck_assert_uint_lt(n, nic.wire->npackets);
	ck_assert_uint_eq(nic.wire->packet[n].len, len);
	ck_assert_mem_eq(nic.wire->packet[n].data, frame, len);
}

uint16_t nic_sum(uint32_t sum, const uint8_t *data, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		sum += i % 2 ? data[i] : (uint32_t)data[i] << 8;
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return (uint16_t)sum;
}

static size_t ip_len(const struct nic_frame *f)
{
	return f->ip6 ? 40 : 20;
}

size_t nic_headers(const struct nic_frame *f)
{
	return 14 + ip_len(f) + (f->udp ? 8 : 20);
}

uint32_t nic_pseudo(const uint8_t *buf, const struct nic_frame *f, size_t len)
{
	uint32_t proto = (f->udp ? 17 : 6) + (uint32_t)len;

	return f->ip6 ? nic_sum(proto, buf + 22, 32)
		      : nic_sum(proto, buf + 26, 8);
}

static void make_ip(uint8_t *ip, const struct nic_frame *f, size_t inner)
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
	store_be16(ip + 10, (uint16_t)~nic_sum(0, ip, 20));
}

size_t nic_make(uint8_t *buf, const struct nic_frame *f)
{
	size_t head = nic_headers(f), len = head + f->payload, i;
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
	sum = (uint16_t)~nic_sum(nic_pseudo(buf, f, inner), l4, inner);
	store_be16(l4 + (f->udp ? 6 : 16), f->udp && !sum ? 0xffff : sum);
	return len;
}
