/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A small driver of the 82540EM, for device tests. */
#ifndef TESTS_DEVICE_E1000_DRIVER_H
#define TESTS_DEVICE_E1000_DRIVER_H

#include "tests/device/card_guest.h"

#define E1000_TX_RING  0x10000u
#define E1000_RX_RING  0x20000u
#define E1000_TX_DATA  0x100000u
#define E1000_RX_DATA  0x300000u /* E1000_RX_SPACE for each descriptor */
#define E1000_RX_SPACE 0x4000u
#define E1000_TX_DESCS 256u
#define E1000_RX_DESCS 64u

/* DCMD of data descriptors. */
#define E1000_D_EOP  1u
#define E1000_D_IFCS 2u
#define E1000_D_TSE  4u
#define E1000_D_RS   8u
#define E1000_D_VLE  0x40u
#define E1000_D_IDE  0x80u
#define E1000_D_LAST (E1000_D_EOP | E1000_D_IFCS | E1000_D_RS)

/* TUCMD of contexts. */
#define E1000_C_TCP 1u
#define E1000_C_IP  2u
#define E1000_C_TSE 4u

/* A NIC with rings, that sends and receives. */
void e1000_start(void);
void e1000_start_again(void); /* after a reset */
/* More bits for RCTL; its ring begins anew. */
void e1000_start_receiver(uint32_t bits);

void e1000_legacy(uint64_t addr, size_t len, unsigned cmd, unsigned cso,
		  unsigned css);
void e1000_data(uint64_t addr, size_t len, unsigned cmd, unsigned popts,
		uint16_t special);
void e1000_context(unsigned ipcss, unsigned ipcso, unsigned ipcse,
		   unsigned tucss, unsigned tucso, unsigned cmd,
		   unsigned hdrlen, unsigned mss);
/* Tells the NIC of them. */
void e1000_kick(void);
void e1000_send_one(const void *frame, size_t len);

/* Descriptor n has this frame, alone. */
void e1000_expect_received(unsigned n, const void *frame, size_t len);
/* The first descriptors have it, in parts. */
void e1000_expect_parts(size_t part, const void *frame, size_t len);

uint16_t e1000_mii_read(unsigned reg);
void e1000_mii_write(unsigned reg, uint16_t val);

#endif
