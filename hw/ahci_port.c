/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The registers of AHCI ports: AHCI 1.3.1, 3.3 and 10.4. */
#include "hw/ahci.h"

#define CLB_MASK   0xfffffc00u
#define FB_MASK	   0xffffff00u
#define IE_MASK	   0xfdc000ffu
#define IS_MASK	   (IE_MASK & ~AHCI_IS_PCS) /* a one clears them */
#define CMD_MASK   0x03000000u /* what drives the LED; the rest has effects */
#define CMD_CCS	   8 /* shift: the current slot */
#define SCTL_MASK  0xfffu
#define DET	   0xfu
#define DET_NONE   0u
#define DET_RESET  1u
#define DET_OFF	   4u
#define SSTS_READY 0x113u /* active, 1.5 Gb/s, linked */
#define SIG_NONE   UINT32_MAX
#define TFD_NONE   0x7fu

bool ahci_port_linked(const struct ahci_port *p)
{
	return p->drive.blk && (p->sctl & DET) != DET_RESET &&
	       (p->sctl & DET) != DET_OFF;
}

uint32_t ahci_port_status(const struct ahci_port *p)
{
	return p->is | (p->serr & AHCI_SERR_EXCHANGED ? AHCI_IS_PCS : 0);
}

static uint32_t read_ssts(const struct ahci_port *p)
{
	if (ahci_port_linked(p))
		return SSTS_READY;
	return (p->sctl & DET) == DET_OFF ? DET_OFF : 0;
}

static uint32_t read_cmd(const struct ahci_port *p)
{
	uint32_t val = p->cmd | AHCI_CMD_SUD | AHCI_CMD_POD;

	if (p->cmd & AHCI_CMD_FRE)
		val |= AHCI_CMD_FR;
	if (p->cmd & AHCI_CMD_ST)
		val |= AHCI_CMD_CR | p->current << CMD_CCS;
	return val;
}

uint32_t ahci_port_read(const struct ahci_port *p, uint32_t reg)
{
	switch (reg) {
	case AHCI_PX_CLB:
	case AHCI_PX_CLBU:
		return p->clb[reg == AHCI_PX_CLBU];
	case AHCI_PX_FB:
	case AHCI_PX_FBU:
		return p->fb[reg == AHCI_PX_FBU];
	case AHCI_PX_IS:
		return ahci_port_status(p);
	case AHCI_PX_IE:
		return p->ie;
	case AHCI_PX_CMD:
		return read_cmd(p);
	case AHCI_PX_TFD:
		return p->tfd;
	case AHCI_PX_SIG:
		return p->sig;
	case AHCI_PX_SSTS:
		return read_ssts(p);
	case AHCI_PX_SCTL:
		return p->sctl;
	case AHCI_PX_SERR:
		return p->serr;
	case AHCI_PX_SACT:
		return p->sact;
	case AHCI_PX_CI:
		return p->ci;
	default:
		return 0;
	}
}

/* The link is there again, and the drive says who it is. */
static void link_up(struct ahci_port *p)
{
	if (!ahci_port_linked(p))
		return;
	p->serr |= AHCI_SERR_EXCHANGED;
	p->signature_due = true;
	if (p->cmd & AHCI_CMD_FRE)
		ahci_send_signature(p);
}

static void link_down(struct ahci_port *p)
{
	ide_drive_reset(&p->drive);
	p->busy = p->srst = p->signature_due = false;
	p->tfd = TFD_NONE;
	p->sig = SIG_NONE;
}

/* 10.4.2: COMRESET goes on while DET is 1. */
static void write_sctl(struct ahci_port *p, uint32_t val)
{
	bool was = ahci_port_linked(p);

	p->sctl = val & SCTL_MASK;
	if ((val & DET) != DET_NONE)
		link_down(p);
	else if (!was)
		link_up(p);
}

/* 10.3.2: what was in the list is gone. */
static void stop(struct ahci_port *p)
{
	ahci_port_abort(p);
	p->ci = p->sact = p->current = 0;
	p->fatal = false;
}

static void start(struct ahci_port *p)
{
	p->current = AHCI_SLOTS - 1; /* the next is the first */
}

static void write_cmd(struct ahci_port *p, uint32_t val)
{
	uint32_t was = p->cmd;

	p->cmd = val & (CMD_MASK | AHCI_CMD_ST | AHCI_CMD_FRE);
	if (was & ~p->cmd & AHCI_CMD_ST)
		stop(p);
	if (~was & p->cmd & AHCI_CMD_ST)
		start(p);
	if (p->cmd & AHCI_CMD_FRE && p->signature_due)
		ahci_send_signature(p);
}

void ahci_port_write(struct ahci_port *p, uint32_t reg, uint32_t val)
{
	switch (reg) {
	case AHCI_PX_CLB:
		p->clb[0] = val & CLB_MASK;
		break;
	case AHCI_PX_CLBU:
		p->clb[1] = val;
		break;
	case AHCI_PX_FB:
		p->fb[0] = val & FB_MASK;
		break;
	case AHCI_PX_FBU:
		p->fb[1] = val;
		break;
	case AHCI_PX_IS:
		p->is &= ~(val & IS_MASK);
		break;
	case AHCI_PX_IE:
		p->ie = val & IE_MASK;
		break;
	case AHCI_PX_CMD:
		write_cmd(p, val);
		break;
	case AHCI_PX_SCTL:
		write_sctl(p, val);
		break;
	case AHCI_PX_SERR:
		p->serr &= ~val;
		break;
	case AHCI_PX_SACT:
		if (p->cmd & AHCI_CMD_ST)
			p->sact |= val;
		break;
	case AHCI_PX_CI:
		if (p->cmd & AHCI_CMD_ST)
			p->ci |= val;
		break;
	default:
		break;
	}
	ahci_port_run(p);
}

void ahci_port_reset(struct ahci_port *p)
{
	stop(p);
	link_down(p);
	p->is = p->ie = p->cmd = p->sctl = p->serr = 0;
	link_up(p);
}
