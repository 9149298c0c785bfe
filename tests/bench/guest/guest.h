/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The benchmark guest: drives a virtio disk or NIC by polling, or draws on a
 * screen, from ring 3.
 * main.c has the command line; load.c what is measured of disks, verify.c what
 * is checked, disk.c the device; net.c all of NICs; virtio.c what these have
 * in common, queue.c their rings; pci.c finds devices; draw.c draws; text.c the
 * serial line.
 */
#ifndef GUEST_H
#define GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/guest/pc/ports.h"

#define SECTOR	   512u
#define QUEUES_MAX 8
#define QUEUE_SIZE 256u /* requests in a queue, at most */
#define PIECES_MAX 4u /* that the data of a request are in */
#define EXTRA	   2u /* descriptors: header, status */

/* Virtual I/O Device 1.1, 2.6.5 and 5.2.6. */
struct descriptor {
	uint64_t addr;
	uint32_t len;
	uint16_t flags, next;
};

struct header {
	uint32_t type, reserved;
	uint64_t sector;
};

struct request {
	struct descriptor table[PIECES_MAX + EXTRA];
	struct header header;
	volatile uint8_t status;
	bool write;
	uint16_t id; /* in its queue */
	uint32_t len;
	uint8_t *data;
	uint64_t begin; /* ticks */
} __attribute__((aligned(64)));

struct queue {
	uint16_t size, per_request; /* descriptors */
	uint16_t avail, published, used;
	bool event_idx, indirect;
	volatile struct descriptor *desc;
	volatile uint16_t *driver, *device; /* rings as the device has them */
	volatile uint16_t *bell;
	uint16_t number;
	uint64_t kicks;
	struct request request[QUEUE_SIZE];
};

/* A virtio device: where its registers are. */
struct device {
	volatile uint8_t *common, *notify, *config;
	uint32_t notify_step;
	uint64_t features; /* that were agreed on */
};

struct disk {
	uint64_t sectors;
	unsigned nqueues;
	struct queue queue[QUEUES_MAX];
};

/* What is to be done; in the order of load.c's names. */
enum op {
	RANDREAD,
	RANDWRITE,
	READ,
	WRITE,
	MIXED,
	VERIFY,
	SEND,
	RECEIVE,
	DRAW
};

struct load {
	enum op op;
	uint64_t bs, depth, queues, size, seed; /* depth: of each queue */
	uint64_t milliseconds;
	uint64_t device; /* which one */
	uint64_t width, height; /* of the screen */
	uint64_t pause; /* ms without buffers for what is received, at first */
};

struct result {
	uint64_t ios, bytes, errors, ticks;
	uint64_t min, max, sum; /* of latencies, in ticks */
};

static inline uint64_t now(void)
{
	uint32_t lo, hi;

	__asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi));
	return (uint64_t)hi << 32 | lo;
}

/* Below n; state is never 0. */
static inline uint64_t random_below(uint64_t *state, uint64_t n)
{
	uint64_t x = *state;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	*state = x;
	return (uint64_t)((unsigned __int128)(x * 0x2545f4914f6cdd1d) * n >>
			  64);
}

void *memset(void *p, int c, size_t n);
void *memcpy(void *to, const void *from, size_t n);

void say(const char *s);
void say_number(const char *name, uint64_t v);
/* Says why, and ends the machine. */
void fail(const char *why) __attribute__((noreturn));
void end(uint8_t status) __attribute__((noreturn));

/* Ticks of the processor's clock in a millisecond. */
uint64_t clock_khz(void);

uint32_t pci_read(unsigned devfn, unsigned off);
/* The nth with one of two ids, or -1. */
int pci_find(const uint32_t ids[2], unsigned nth);
/* Where the BAR is, below 4 GiB in any case; the device is switched on. */
uint32_t pci_place(unsigned devfn, unsigned bar);

/* The nth of those with one of two numbers, and features that are wanted. */
void device_open(struct device *d, uint16_t old, uint16_t modern, unsigned nth,
		 uint64_t wanted);
void device_queue(const struct device *d, struct queue *q, unsigned n);
void device_ready(const struct device *d);

/* The nth virtio disk, with nqueues of its queues. */
void disk_open(struct disk *d, unsigned nth, unsigned nqueues);

/* Rings at memory, and requests that are not under way yet. */
void queue_init(struct queue *q, void *memory, uint16_t size);
unsigned queue_depth(const struct queue *q);
/* Bytes of memory for the rings. */
size_t queue_bytes(void);
void *queue_avail(const struct queue *q);
void *queue_used(const struct queue *q);
/*
 * Makes r known to the device at the next queue_kick; its data cut into
 * pieces at random if cut is not NULL.
 */
void queue_add(struct queue *q, struct request *r, uint64_t sector,
	       uint64_t *cut);
void queue_kick(struct queue *q);
/* The same for descriptor id, as it is; with indirect tables agreed on. */
void queue_put(struct queue *q, uint16_t id);
/* One that is done; NULL: none. */
struct request *queue_take(struct queue *q);

/* Data of all requests: depth of each queue. */
void load_prepare(struct disk *d, const struct load *l);
void load_run(struct disk *d, const struct load *l, struct result *res);
/* The latency that the share of requests in percent do not exceed. */
uint64_t load_percentile(const struct result *res, unsigned percent);
/* Packets of bs bytes, which are sent, or come and are answered now and then:
 * one for each depth of them. */
void net_run(const struct load *l, struct result *res);
uint64_t net_kicks(void);
/* Draws what the serial line says, until it says no more. */
void draw_run(const struct load *l);
void verify_run(struct disk *d, const struct load *l, struct result *res);

#endif
