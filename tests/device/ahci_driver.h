/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small driver for port 0 of an AHCI controller that has a disk or a CD-ROM
 * over a real file, for device tests.
 */
#ifndef TESTS_DEVICE_AHCI_DRIVER_H
#define TESTS_DEVICE_AHCI_DRIVER_H

#include "hw/ahci.h"
#include "tests/device/harness.h"

#define SATA_SECTORS 8192u
#define SATA_SIZE    (SATA_SECTORS * BLK_SECTOR)
#define SATA_DEVFN   PCI_DEVFN(3, 0)
#define SATA_IRQ     11
#define SATA_BAR     0xe0000000u
#define SATA_INDEX   0xc000u
/* In guest memory. */
#define SATA_LIST  0x10000u
#define SATA_FIS   0x11000u
#define SATA_TABLE 0x20000u /* one for each slot, of 4 KiB */
#define SATA_PRDS  248u /* that fit in one */
#define SATA_DATA  0x100000u

struct sata {
	struct harness h;
	struct pci_bus bus;
	struct blk_fronts fronts;
	struct ahci *hba;
	struct blk_front *front;
	char path[32];
	uint8_t model[SATA_SIZE];
	uint64_t msi_addr; /* of the last message */
	uint32_t msi_data;
	unsigned messages;
};

extern struct sata sata;

/* With the lists in place, and the port running. */
void sata_set_up(bool cdrom);
void sata_tear_down(void);

uint32_t sata_get(uint32_t reg); /* of the controller */
void sata_set(uint32_t reg, uint32_t val);
uint32_t sata_port(enum ahci_port_reg reg); /* of port 0 */
void sata_set_port(enum ahci_port_reg reg, uint32_t val);
/* Puts ST and FRE, and waits for the drive's signature. */
void sata_start_port(void);
/* ST off and on again, errors cleared. */
void sata_recover(void);

struct sata_command {
	uint8_t command;
	uint16_t feature, count;
	uint64_t lba;
	uint8_t device; /* 0: LBA */
	bool write;
	const uint8_t *packet; /* ATAPI_PACKET bytes, or NULL */
};

/* Writes header and table; the data are len bytes at addr, if there are any. */
void sata_prepare(unsigned slot, const struct sata_command *c, uint64_t addr,
		  uint32_t len);
/* Sets descriptor n of a slot, which has nprds. */
void sata_set_prd(unsigned slot, unsigned n, unsigned nprds, uint64_t addr,
		  uint32_t count);
void sata_issue(uint32_t slots);
/* Until none of the slots is in the lists, or there is an error: PxTFD. */
uint32_t sata_wait(uint32_t slots);
/* All of it, by slot 0. */
uint32_t sata_run(const struct sata_command *c, uint64_t addr, uint32_t len);
void sata_turn(void);

#endif
