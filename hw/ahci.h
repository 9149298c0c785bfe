/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The AHCI controller of an Intel ICH9 (82801IR): Serial ATA AHCI 1.3.1.
 *
 * ahci.c has the function on PCI and the controller's registers, ahci_port.c
 * those of ports, ahci_command.c the command lists, ahci_memory.c what ports
 * do with guest memory.  Machine lock.
 */
#ifndef HW_AHCI_H
#define HW_AHCI_H

#include "hw/ata_ncq.h"
#include "hw/msi.h"
#include "hw/pci.h"

#define AHCI_PORTS     6u
#define AHCI_SLOTS     32u
#define AHCI_FIS_SIZE  20u /* that of commands, and the largest received */
#define AHCI_PORT_BASE 0x100u
#define AHCI_PORT_SIZE 0x80u

/* 3.3: a port's registers. */
enum ahci_port_reg {
	AHCI_PX_CLB = 0x00,
	AHCI_PX_CLBU = 0x04,
	AHCI_PX_FB = 0x08,
	AHCI_PX_FBU = 0x0c,
	AHCI_PX_IS = 0x10,
	AHCI_PX_IE = 0x14,
	AHCI_PX_CMD = 0x18,
	AHCI_PX_TFD = 0x20,
	AHCI_PX_SIG = 0x24,
	AHCI_PX_SSTS = 0x28,
	AHCI_PX_SCTL = 0x2c,
	AHCI_PX_SERR = 0x30,
	AHCI_PX_SACT = 0x34,
	AHCI_PX_CI = 0x38,
};

/* 3.3.5: interrupt status. */
#define AHCI_IS_DHRS (1u << 0) /* register FIS */
#define AHCI_IS_PSS  (1u << 1) /* PIO setup FIS */
#define AHCI_IS_DSS  (1u << 2) /* DMA setup FIS */
#define AHCI_IS_SDBS (1u << 3) /* set device bits FIS */
#define AHCI_IS_DPS  (1u << 5) /* a descriptor was processed */
#define AHCI_IS_PCS  (1u << 6) /* PxSERR.DIAG.X */
#define AHCI_IS_OFS  (1u << 24) /* more data than the table has room for */
#define AHCI_IS_IFS  (1u << 27) /* interface, fatal */
#define AHCI_IS_HBFS (1u << 29) /* guest memory, fatal */
#define AHCI_IS_TFES (1u << 30) /* the drive says ERR */

/* 3.3.7: command and status. */
#define AHCI_CMD_ST  (1u << 0)
#define AHCI_CMD_SUD (1u << 1)
#define AHCI_CMD_POD (1u << 2)
#define AHCI_CMD_FRE (1u << 4)
#define AHCI_CMD_FR  (1u << 14)
#define AHCI_CMD_CR  (1u << 15)

/* 3.3.12: errors. */
#define AHCI_SERR_PROTOCOL  (1u << 10)
#define AHCI_SERR_EXCHANGED (1u << 26)

struct ahci;

/* How far the table of physical regions has been used; 4.2.3. */
struct ahci_prdt {
	uint64_t table;
	uint32_t count, next; /* entries */
	uint64_t addr; /* of what is left of this one */
	uint32_t left; /* bytes */
	bool interrupt; /* at its end */
	uint32_t moved; /* bytes in all */
};

struct ahci_port {
	struct ahci *hba;
	unsigned n;
	struct ide_drive drive;
	uint32_t clb[2], fb[2]; /* low and high */
	uint32_t is, ie, cmd, tfd, sig, sctl, serr, sact, ci;
	bool fatal; /* nothing goes on until ST is cleared */
	bool signature_due; /* when FIS may be received */
	bool srst; /* the drive is being reset by software */
	uint32_t current; /* the last slot that was begun */
	/* The command in progress. */
	bool busy;
	uint8_t packet[ATAPI_PACKET];
	bool packet_due; /* the drive is to get the packet first */
	bool any_block; /* of PIO has gone already */
	bool silent; /* it has not asked for an interrupt since */
	struct ahci_prdt prdt;
	struct ahci_prdt queue[AHCI_SLOTS]; /* of queued commands */
	bool running; /* ahci_port_run is at work */
};

struct ahci {
	struct pci_device pci;
	struct msi msi;
	uint32_t ghc, is;
	uint32_t index; /* of the register seen through ports */
	struct ahci_port port[AHCI_PORTS];
	struct machine_notifier notifier;
};

/* Sets the interrupt by what ports have to tell. */
void ahci_update_irq(struct ahci *hba, bool again);

/* ahci_port.c */
uint32_t ahci_port_read(const struct ahci_port *p, uint32_t reg);
void ahci_port_write(struct ahci_port *p, uint32_t reg, uint32_t val);
/* Power-on values, but for where the lists are (10.4.3). */
void ahci_port_reset(struct ahci_port *p);
/* Interrupt status, as the guest reads it. */
uint32_t ahci_port_status(const struct ahci_port *p);
bool ahci_port_linked(const struct ahci_port *p);

/* ahci_command.c */
extern const struct ide_transport ahci_transport;
/* Goes on with the command in progress, and begins others. */
void ahci_port_run(struct ahci_port *p);
/* Gives up everything in flight. */
void ahci_port_abort(struct ahci_port *p);
/* The drive says who it is. */
void ahci_send_signature(struct ahci_port *p);
void ahci_fatal(struct ahci_port *p, uint32_t cause);

/* ahci_memory.c */
enum ahci_fis_place {
	AHCI_FIS_DMA_SETUP = 0x00,
	AHCI_FIS_PIO_SETUP = 0x20,
	AHCI_FIS_REGISTER = 0x40,
	AHCI_FIS_BITS = 0x58,
};

/* Puts a FIS where the guest receives such; false: it is not to be had. */
bool ahci_receive(struct ahci_port *p, enum ahci_fis_place place,
		  const uint8_t *fis, size_t len);
/* Reads guest memory for the controller itself; false: a fatal error. */
bool ahci_fetch(struct ahci_port *p, uint64_t addr, void *buf, size_t len);
/* Moves data by a table; less than len: it ended, or a fatal error. */
size_t ahci_move(struct ahci_port *p, struct ahci_prdt *prdt, uint8_t *buf,
		 size_t len, bool to_guest);

extern const struct device_class ahci_class;

#endif
