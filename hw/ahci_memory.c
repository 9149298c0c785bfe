/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What AHCI ports do with guest memory: AHCI 1.3.1, 4.2.  What is not memory
 * is a fatal error of the host's bus.
 */
#include "hw/ahci.h"
#include "vmm/endian.h"

/* 4.2.3.3: a physical region descriptor. */
#define PRD_SIZE      16u
#define PRD_COUNT     12u /* bytes, less one */
#define PRD_INTERRUPT 0x80000000u
#define PRD_LEN_MASK  0x3fffffu

static struct gmem *gmem_of(struct ahci_port *p)
{
	return &p->hba->pci.dev.machine->gmem;
}

bool ahci_fetch(struct ahci_port *p, uint64_t addr, void *buf, size_t len)
{
	if (pci_is_master(&p->hba->pci) &&
	    gmem_read(gmem_of(p), addr, buf, len))
		return true;
	ahci_fatal(p, AHCI_IS_HBFS);
	return false;
}

bool ahci_receive(struct ahci_port *p, enum ahci_fis_place place,
		  const uint8_t *fis, size_t len)
{
	uint64_t area = p->fb[0] | (uint64_t)p->fb[1] << 32;

	if (p->fatal)
		return false;
	if (!(p->cmd & AHCI_CMD_FRE))
		return true; /* taken, but not kept */
	if (pci_is_master(&p->hba->pci) &&
	    gmem_write(gmem_of(p), area + place, fis, len))
		return true;
	ahci_fatal(p, AHCI_IS_HBFS);
	return false;
}

/* An even number of bytes at an even address. */
static bool next_region(struct ahci_port *p, struct ahci_prdt *prdt)
{
	uint8_t prd[PRD_SIZE];
	uint32_t count;

	if (prdt->next >= prdt->count ||
	    !ahci_fetch(p, prdt->table + (uint64_t)prdt->next * PRD_SIZE, prd,
			sizeof(prd)))
		return false;
	prdt->next++;
	count = load_le32(prd + PRD_COUNT);
	prdt->addr = load_le64(prd) & ~UINT64_C(1);
	prdt->left = ((count & PRD_LEN_MASK) | 1) + 1;
	prdt->interrupt = count & PRD_INTERRUPT;
	return true;
}

static bool move_piece(struct ahci_port *p, struct ahci_prdt *prdt,
		       uint8_t *buf, size_t n, bool to_guest)
{
	struct gmem *gmem = gmem_of(p);
	bool fine = pci_is_master(&p->hba->pci);

	if (fine && to_guest)
		fine = gmem_write(gmem, prdt->addr, buf, n);
	else if (fine)
		fine = gmem_read(gmem, prdt->addr, buf, n);
	if (!fine) {
		ahci_fatal(p, AHCI_IS_HBFS);
		return false;
	}
	prdt->addr += n;
	prdt->left -= (uint32_t)n;
	prdt->moved += (uint32_t)n;
	if (!prdt->left && prdt->interrupt)
		p->is |= AHCI_IS_DPS;
	return true;
}

size_t ahci_move(struct ahci_port *p, struct ahci_prdt *prdt, uint8_t *buf,
		 size_t len, bool to_guest)
{
	size_t done = 0, n;

	while (done < len && !p->fatal) {
		if (!prdt->left && !next_region(p, prdt))
			break;
		n = len - done < prdt->left ? len - done : prdt->left;
		if (!move_piece(p, prdt, buf + done, n, to_guest))
			break;
		done += n;
	}
	if (done < len && !p->fatal)
		p->is |= AHCI_IS_OFS;
	return done;
}
