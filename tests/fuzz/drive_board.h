/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A machine for fuzzing controllers of drives: no KVM, 1 MiB of RAM, a PCI bus
 * and a medium in memory.  Bytes of the input say what the guest does.
 */
#ifndef TESTS_FUZZ_DRIVE_BOARD_H
#define TESTS_FUZZ_DRIVE_BOARD_H

#include "hw/ide_drive.h"
#include "hw/pci.h"

#define BOARD_RAM  (1u << 20)
#define BOARD_DISK (1u << 20)
#define BOARD_OPS  300 /* that one input may have */

#define must(fine) ((fine) ? (void)0 : abort())

struct board {
	struct machine m;
	struct ram_block *ram;
	struct gmem_map map;
	struct pci_bus bus;
	struct blk_fronts fronts;
	struct pci_device *pci; /* the controller */
	const uint8_t *in, *end;
};

/* The controller is there, started, without a drive. */
void board_start(struct board *b, const struct device_class *controller,
		 unsigned devfn, const uint8_t *data, size_t size);
/* The same; prepare(ctx) is called before the device starts. */
void board_start_by(struct board *b, const struct device_class *controller,
		    unsigned devfn, const uint8_t *data, size_t size,
		    void (*prepare)(void *ctx), void *ctx);
void board_end(struct board *b);
/* Puts a drive with the medium to d. */
void board_attach(struct board *b, struct ide_drive *d, bool cdrom);

/* The next n bytes of the input; zeros at its end. */
uint32_t board_take(struct board *b, unsigned n);
bool board_more(const struct board *b);
void board_port(struct board *b, uint64_t addr, uint64_t val, unsigned size);
uint64_t board_read_port(struct board *b, uint64_t addr, unsigned size);
void board_mmio(struct board *b, uint64_t addr, uint64_t val, unsigned size);
void board_store(struct board *b, uint64_t addr, const void *data, size_t len);
/* Lets requests end; 0: only those that have. */
void board_turn(struct board *b, int ms);

/* ide_steps.c: a whole input, at the ports of a channel. */
void ide_steps(const uint8_t *data, size_t size, bool cdrom);

#endif
