/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A machine with one NIC and a wire at it, and frames to send by it. */
#ifndef TESTS_DEVICE_CARD_GUEST_H
#define TESTS_DEVICE_CARD_GUEST_H

#include "hw/pci.h"
#include "tests/device/net_wire.h"

#define CARD_DEVFN PCI_DEVFN(3, 0)
#define CARD_IRQ   11
#define CARD_MEM   0xe0000000u
#define CARD_IO	   0xc000u
#define CARD_MAC   "52:54:00:ab:cd:ef"

struct card_guest {
	struct harness h;
	struct pci_bus bus;
	struct net_wire *wire;
	struct pci_device *pci;
};

extern struct card_guest card;

/* Registers are not mapped yet: the NIC's memory and I/O BAR have numbers. */
void card_set_up(const struct device_class *class, unsigned mem_bar,
		 unsigned io_bar);
void card_tear_down(void);

uint32_t card_get(uint32_t reg, unsigned size);
void card_set(uint32_t reg, uint32_t val, unsigned size);
bool card_irq(void);

void card_store(uint64_t addr, const void *data, size_t len);
void card_load(uint64_t addr, void *data, size_t len);
uint32_t card_load32(uint64_t addr);
uint16_t card_load16(uint64_t addr);
void card_store64(uint64_t addr, uint64_t val);
void card_store32(uint64_t addr, uint32_t val);

/* From the wire; false if it must wait. */
bool card_arrive(const void *frame, size_t len);
void card_arrived(void); /* the end of a batch */
/* Frame n that the wire got is this one. */
void card_expect(unsigned n, const void *frame, size_t len);

struct card_frame {
	bool ip6, udp;
	uint16_t id;
	uint32_t seq;
	uint8_t flags; /* of TCP */
	size_t payload; /* bytes, of a pattern that begins at from */
	size_t from;
	const uint8_t *to; /* NULL: CARD_MAC */
};

/* Ethernet, IP and all, with right checksums; returns its length. */
size_t card_make(uint8_t *buf, const struct card_frame *f);
size_t card_headers(const struct card_frame *f);
/* RFC 1071, word by word. */
uint16_t card_sum(uint32_t sum, const uint8_t *data, size_t len);
/* Of the pseudo header of a frame that card_make made. */
uint32_t card_pseudo(const uint8_t *buf, const struct card_frame *f,
		     size_t len);

#endif
