/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A NIC on a fuzzer's machine, with a wire of which bytes of the input say
 * what comes and whether there is room.
 */
#ifndef TESTS_FUZZ_NIC_STEPS_H
#define TESTS_FUZZ_NIC_STEPS_H

#include "net/net.h"
#include "tests/fuzz/drive_board.h"

#define NIC_BAR_MEM 0xe0000000u
#define NIC_BAR_IO  0xc000u

struct nic_board {
	struct board b;
	struct net net;
	struct net_client wire;
	struct net_port port;
	bool full;
	uint8_t sum; /* of all bytes that were sent */
};

/* A whole input: steps by their numbers, after begin. */
void nic_fuzz(const struct device_class *class,
	      void (*begin)(struct nic_board *),
	      void (*const steps[])(struct nic_board *), size_t nsteps,
	      const uint8_t *data, size_t size);

/* Puts the BARs of these numbers in their places. */
void nic_map(struct nic_board *n, unsigned mem, unsigned io);
/* Steps of all NICs. */
void nic_packet(struct nic_board *n);
void nic_time(struct nic_board *n);
void nic_config(struct nic_board *n);
void nic_room(struct nic_board *n);
void nic_memory(struct nic_board *n);

#endif
