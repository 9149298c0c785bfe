/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two DMA controllers of a PC, for devices with DREQ and DACK lines.
 *
 * A device connects to a channel, raises its request when it has bytes to give
 * or room to take them, and is told by serve when the guest has the channel
 * ready; then it moves bytes by i8237_transfer.  Machine lock for all.
 */
#ifndef HW_I8237_H
#define HW_I8237_H

#include "vmm/device.h"
#include "vmm/machine.h"

#define I8237_CHANNELS 8 /* 4 is the cascade, 5 to 7 move 16-bit words */
#define I8237_PAGES    16

enum i8237_dir { I8237_TO_MEMORY, I8237_FROM_MEMORY };

/* Who has a channel's DREQ and DACK. */
struct i8237_user {
	/*
	 * The request is granted: once for each time that it becomes so.  May
	 * transfer and change the request, also raise it again, for which
	 * serve is called again after its return if bytes were moved.
	 */
	void (*serve)(void *ctx);
	void *ctx;
};

struct i8237_channel {
	uint16_t base_addr, base_count, addr, count;
	uint8_t mode;
};

/* One of the two chips; bit n of the bytes is channel n of the chip. */
struct i8237_chip {
	struct i8237_channel channel[4];
	uint8_t command, mask;
	uint8_t lines; /* DREQ as devices drive it */
	uint8_t request; /* by software */
	uint8_t done; /* terminal count reached */
	bool second; /* the flip-flop: a high byte is next */
};

struct i8237 {
	struct device dev;
	struct i8237_chip chip[2];
	uint8_t page[I8237_PAGES]; /* by port, 0x80 first */
	struct i8237_user user[I8237_CHANNELS];
	uint8_t serving; /* channels whose user is being served */
	uint8_t again; /* and that ask anew */
	uint64_t moved; /* bytes, to see progress */
};

extern const struct device_class i8237_class;

/* Takes a channel that no other device has; user is copied. */
int i8237_connect(struct i8237 *dma, unsigned channel,
		  const struct i8237_user *user, struct error *err);
void i8237_disconnect(struct i8237 *dma, unsigned channel);
/* Sets DREQ; a device with more to move after it was served raises it anew. */
void i8237_request(struct i8237 *dma, unsigned channel, bool level);
/*
 * Moves up to len bytes between buf and guest memory, as the guest has set up
 * the channel, while DREQ is up.  Returns how many were moved: fewer at the
 * terminal count, which is then in *tc, and 0 when the channel is not ready.
 * Where the guest's direction is not dir, or it wants to verify, nothing
 * reaches guest memory, and ones are read from it.
 */
size_t i8237_transfer(struct i8237 *dma, unsigned channel, enum i8237_dir dir,
		      void *buf, size_t len, bool *tc);

#endif
