/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A machine with one NIC and a wire at it, and frames to send by it. */
#ifndef TESTS_DEVICE_NIC_GUEST_H
#define TESTS_DEVICE_NIC_GUEST_H

#include "hw/pci.h"
#include "tests/device/net_wire.h"

#define NIC_DEVFN PCI_DEVFN(3, 0)
#define NIC_IRQ	  11
#define NIC_MEM	  0xe0000000u
#define NIC_IO	  0xc000u
#define NIC_MAC	  "52:54:00:ab:cd:ef"

struct nic_guest {
	struct harness h;
	struct pci_bus bus;
	struct net_wire *wire;
	struct pci_device *pci;
};

extern struct nic_guest nic;

/* Registers are not mapped yet: the NIC's memory and I/O BAR have numbers. */
void nic_set_up(const struct device_class *class, unsigned mem_bar,
		unsigned io_bar);
void nic_tear_down(void);

uint32_t nic_get(uint32_t reg, unsigned size);
void nic_set(uint32_t reg, uint32_t val, unsigned size);
bool nic_irq(void);

void nic_store(uint64_t addr, const void *data, size_t len);
void nic_load(uint64_t addr, void *data, size_t len);
uint32_t nic_load32(uint64_t addr);
uint16_t nic_load16(uint64_t addr);
void nic_store64(uint64_t addr, uint64_t val);
void nic_store32(uint64_t addr, uint32_t val);

/* From the wire; false if it must wait. */
bool nic_arrive(const void *frame, size_t len);
void nic_arrived(void); /* the end of a batch */
/* Frame n that the wire got is this one. */
void nic_expect(unsigned n, const void *frame, size_t len);

struct nic_frame {
	bool ip6, udp;
	uint16_t id;
	uint32_t seq;
	uint8_t flags; /* of TCP */
	size_t payload; /* bytes, of a pattern that begins at from */
	size_t from;
	const uint8_t *to; /* NULL: NIC_MAC */
};

/* Ethernet, IP and all, with right checksums; returns its length. */
size_t nic_make(uint8_t *buf, const struct nic_frame *f);
size_t nic_headers(const struct nic_frame *f);
/* RFC 1071, word by word. */
uint16_t nic_sum(uint32_t sum, const uint8_t *data, size_t len);
/* Of the pseudo header of a frame that nic_make made. */
uint32_t nic_pseudo(const uint8_t *buf, const struct nic_frame *f, size_t len);

#endif
