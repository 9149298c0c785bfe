/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of the test guest share: ports, the serial line, time. */
#ifndef IO_H
#define IO_H

#include <stdint.h>

static inline void out8(uint16_t port, uint8_t v)
{
	__asm__ volatile("outb %0, %1" : : "a"(v), "Nd"(port));
}

static inline uint8_t in8(uint16_t port)
{
	uint8_t v;

	__asm__ volatile("inb %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline void out16(uint16_t port, uint16_t v)
{
	__asm__ volatile("outw %0, %1" : : "a"(v), "Nd"(port));
}

static inline void out32(uint16_t port, uint32_t v)
{
	__asm__ volatile("outl %0, %1" : : "a"(v), "Nd"(port));
}

static inline uint32_t in32(uint16_t port)
{
	uint32_t v;

	__asm__ volatile("inl %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

void say(const char *s);
void say_hex(uint64_t v, unsigned digits);
/* Until the clock's second changes. */
void wait_second(void);
/* A register of PCI configuration space. */
uint32_t config(unsigned devfn, unsigned at);

void hpet(void);
void dma(void);
void test_devices(void);
void boot_order(void);

#endif
