/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of the test guest share: the serial line, time, PCI. */
#ifndef IO_H
#define IO_H

#include <stdint.h>

#include "ports.h"

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
