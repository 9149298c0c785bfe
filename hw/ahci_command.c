/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How AHCI ports run commands: AHCI 1.3.1, 4.2 and 5.3; the frame information
 * structures (FIS) of Serial ATA 3.0, 10.3.
 *
 * A drive is done with its part in no time, so one command that cannot be
 * queued is in progress at a time, and none is overtaken.
 */
#include <string.h>

#include "hw/ahci.h"
#include "vmm/endian.h"

/* 4.2.2: a command header. */
#define HEADER_SIZE	  32u
#define HEADER_BYTES	  4u /* PRDBC */
#define HEADER_TABLE	  8u
#define HEADER_LENGTH	  0x1fu /* of the FIS, in dwords */
#define HEADER_PRDTL	  16 /* shift */
#define HEADER_LENGTH_MIN 2u
#define TABLE_MASK	  (~UINT64_C(0x7f))
/* 4.2.3: a command table. */
#define TABLE_PACKET	 0x40u
#define TABLE_PRDT	 0x80u

#define FIS_TO_DEVICE	 0x27u
#define FIS_COMMAND	 0x80u /* in byte 1: not the control register */
#define FIS_INTERRUPT	 0x40u
#define FIS_TO_HOST	 0x20u
#define FIS_CONTROL	 15u
#define CONTROL_SRST	 0x04u
#define BITS_SIZE	 8u
#define BITS_MASK	 0x77u /* of status */
#define DMA_SETUP_SIZE	 28u
#define PIO_SETUP_STATUS 15u
#define PIO_SETUP_COUNT	 16u
#define DMA_SETUP_COUNT	 20u

enum fis_type {
	FIS_REGISTER = 0x34,
	FIS_DMA_SETUP = 0x41,
	FIS_PIO_SETUP = 0x5f,
	FIS_BITS = 0xa1
};

static struct ahci_port *port_of(const struct ide_drive *d)
{
	return d->carrier;
}

void ahci_fatal(struct ahci_port *p, uint32_t cause)
{
	p->is |= cause;
	p->fatal = true;
}

static void set_tfd(struct ahci_port *p, uint8_t error, uint8_t status)
{
	p->tfd = (uint32_t)error << 8 | status;
	if (status & ATA_ERR)
		ahci_fatal(p, AHCI_IS_TFES);
}

static uint32_t bit(uint32_t slot)
{
	return UINT32_C(1) << slot;
}

/* The registers, as FIS in both directions have them. */
static void put_registers(const struct ide_drive *d, uint8_t *fis)
{
	const uint8_t regs[] = {d->status,  d->error,	 d->lba_low,
				d->lba_mid, d->lba_high, d->device,
				d->hob_low, d->hob_mid,	 d->hob_high,
				0,	    d->count,	 d->hob_count};

	memcpy(fis + 2, regs, sizeof(regs));
}

static void get_registers(struct ide_drive *d, const uint8_t *fis)
{
	uint8_t *const regs[] = {&d->command,	  &d->feature,	&d->lba_low,
				 &d->lba_mid,	  &d->lba_high, &d->device,
				 &d->hob_low,	  &d->hob_mid,	&d->hob_high,
				 &d->hob_feature, &d->count,	&d->hob_count};
	unsigned i;

	for (i = 0; i < sizeof(regs) / sizeof(*regs); i++)
		*regs[i] = fis[2 + i];
}

static bool send_registers(struct ahci_port *p, bool interrupt)
{
	const struct ide_drive *d = &p->drive;
	uint8_t fis[AHCI_FIS_SIZE] = {FIS_REGISTER,
				      interrupt ? FIS_INTERRUPT : 0};

	put_registers(d, fis);
	if (!ahci_receive(p, AHCI_FIS_REGISTER, fis, sizeof(fis)))
		return false;
	if (interrupt)
		p->is |= AHCI_IS_DHRS;
	set_tfd(p, d->error, d->status);
	return true;
}

void ahci_send_signature(struct ahci_port *p)
{
	const struct ide_drive *d = &p->drive;

	p->signature_due = false;
	if (!send_registers(p, false))
		return;
	p->sig = (uint32_t)d->lba_high << 24 | (uint32_t)d->lba_mid << 16 |
		 (uint32_t)d->lba_low << 8 | d->count;
}

/* Set device bits: queued commands are done, or have failed. */
static void send_bits(struct ahci_port *p, uint32_t done)
{
	const struct ide_drive *d = &p->drive;
	uint8_t fis[BITS_SIZE] = {FIS_BITS, FIS_INTERRUPT,
				  d->status & BITS_MASK, d->error};

	store_le32(fis + 4, done);
	if (!ahci_receive(p, AHCI_FIS_BITS, fis, sizeof(fis)))
		return;
	p->is |= AHCI_IS_SDBS;
	p->sact &= ~done;
	set_tfd(p, d->error, d->status & (BITS_MASK | (p->tfd & ~BITS_MASK)));
}

static void raise(struct ide_drive *d)
{
	struct ahci_port *p = port_of(d);

	p->silent = false;
	ahci_port_run(p);
}

static size_t dma(struct ide_drive *d, uint8_t *buf, size_t len, bool to_guest)
{
	struct ahci_port *p = port_of(d);

	return ahci_move(p, &p->prdt, buf, len, to_guest);
}

static void dma_begin(struct ide_drive *d)
{
	ide_dma_ready(d);
}

static void dma_end(struct ide_drive *d, bool failed)
{
}

/* Tells which of the queued commands comes next. */
static void send_dma_setup(struct ahci_port *p, unsigned tag, size_t len,
			   bool to_guest)
{
	uint8_t fis[DMA_SETUP_SIZE] = {FIS_DMA_SETUP,
				       to_guest ? FIS_TO_HOST : 0};

	fis[4] = (uint8_t)tag;
	store_le32(fis + DMA_SETUP_COUNT, (uint32_t)len);
	ahci_receive(p, AHCI_FIS_DMA_SETUP, fis, sizeof(fis));
}

static size_t queue_dma(struct ide_drive *d, unsigned tag, uint8_t *buf,
			size_t len, bool to_guest)
{
	struct ahci_port *p = port_of(d);

	send_dma_setup(p, tag, len, to_guest);
	return ahci_move(p, &p->queue[tag], buf, len, to_guest);
}

static void queue_done(struct ide_drive *d, unsigned tag)
{
	struct ahci_port *p = port_of(d);

	d->status = ATA_DRDY | ATA_DSC;
	d->error = 0;
	send_bits(p, bit(tag));
	ahci_port_run(p);
}

static void queue_failed(struct ide_drive *d)
{
	struct ahci_port *p = port_of(d);

	send_bits(p, 0);
	ahci_port_run(p);
}

const struct ide_transport ahci_transport = {
	.raise = raise,
	.dma = dma,
	.dma_begin = dma_begin,
	.dma_end = dma_end,
	.queue_dma = queue_dma,
	.queue_done = queue_done,
	.queue_failed = queue_failed,
};

static uint64_t header_of(const struct ahci_port *p, uint32_t slot)
{
	return (p->clb[0] | (uint64_t)p->clb[1] << 32) + slot * HEADER_SIZE;
}

static void put_count(struct ahci_port *p, uint32_t bytes)
{
	uint8_t raw[4];

	store_le32(raw, bytes);
	if (!gmem_write(&p->hba->pci.dev.machine->gmem,
			header_of(p, p->current) + HEADER_BYTES, raw,
			sizeof(raw)))
		ahci_fatal(p, AHCI_IS_HBFS);
}

/* The last block of a disk's data, after which no register FIS comes. */
static bool is_last_block(const struct ide_drive *d)
{
	return !d->writing && d->command != ATA_CMD_PACKET && !d->left;
}

static void send_pio_setup(struct ahci_port *p, uint32_t n, uint8_t end)
{
	struct ide_drive *d = &p->drive;
	bool interrupt = !d->writing || p->any_block;
	uint8_t fis[AHCI_FIS_SIZE] = {
		FIS_PIO_SETUP, (uint8_t)((interrupt ? FIS_INTERRUPT : 0) |
					 (d->writing ? 0 : FIS_TO_HOST))};

	put_registers(d, fis);
	fis[PIO_SETUP_STATUS] = end;
	store_le16(fis + PIO_SETUP_COUNT, (uint16_t)n);
	if (ahci_receive(p, AHCI_FIS_PIO_SETUP, fis, sizeof(fis)) && interrupt)
		p->is |= AHCI_IS_PSS;
	p->any_block = !p->packet_due;
}

/* False: the table has no room. */
static bool move_block(struct ahci_port *p, uint32_t n)
{
	struct ide_drive *d = &p->drive;

	if (!p->packet_due)
		return ahci_move(p, &p->prdt, d->buf + d->pos, n,
				 !d->writing) == n;
	p->packet_due = false;
	memcpy(d->buf, p->packet, sizeof(p->packet));
	return true;
}

static void pio_block(struct ahci_port *p)
{
	struct ide_drive *d = &p->drive;
	uint32_t n = ide_available(d, d->writing);
	uint8_t end = ATA_DRDY | ATA_DSC;

	if (!is_last_block(d))
		end |= ATA_BSY;
	send_pio_setup(p, n, end);
	if (!move_block(p, n)) {
		ide_fail(d, ATA_ABRT);
		return;
	}
	set_tfd(p, 0, end);
	p->silent = true;
	ide_advance(d, n);
}

/* It stays in the list if it failed. */
static void finish(struct ahci_port *p)
{
	p->busy = false;
	put_count(p, p->prdt.moved);
	if (p->silent)
		set_tfd(p, p->drive.error, p->drive.status);
	else
		send_registers(p, true);
	if (!p->fatal)
		p->ci &= ~bit(p->current);
}

/* False: it waits for the host. */
static bool go_on(struct ahci_port *p)
{
	const struct ide_drive *d = &p->drive;

	if (d->status & ATA_BSY)
		return false;
	if (!(d->status & ATA_DRQ)) {
		finish(p);
		return true;
	}
	if (d->way == IDE_DMA)
		return false;
	pio_block(p);
	return true;
}

/* The control register: the drive is reset while SRST is set. */
static void control(struct ahci_port *p, const uint8_t *fis)
{
	bool srst = fis[FIS_CONTROL] & CONTROL_SRST;
	bool ends = p->srst && !srst;

	if (srst || ends)
		ide_drive_reset(&p->drive);
	p->srst = srst;
	if (ends)
		ahci_send_signature(p);
	if (!p->fatal)
		p->ci &= ~bit(p->current);
}

static void begin_queued(struct ahci_port *p)
{
	struct ide_drive *d = &p->drive;
	unsigned tag = d->count >> 3;

	p->busy = false;
	p->queue[tag] = p->prdt;
	d->status = ATA_DRDY | ATA_DSC;
	if (!send_registers(p, false) || p->fatal)
		return;
	p->ci &= ~bit(p->current);
	ata_ncq_begin(d->ncq);
}

static void command(struct ahci_port *p, const uint8_t *fis)
{
	struct ide_drive *d = &p->drive;

	get_registers(d, fis);
	p->busy = true;
	p->silent = p->any_block = false;
	p->packet_due = d->command == ATA_CMD_PACKET;
	d->error = 0;
	d->status = ATA_BSY;
	set_tfd(p, 0, ATA_BSY);
	if (d->ncq && !ata_ncq_admits(d->ncq))
		ide_fail(d, ATA_ABRT);
	else if (d->ncq && ata_ncq_is_queued(d))
		begin_queued(p);
	else
		ata_command(d);
}

/* Takes the header in; false: it cannot be. */
static bool load_header(struct ahci_port *p, uint8_t *fis)
{
	uint8_t header[HEADER_SIZE];
	uint64_t table;
	uint32_t flags;

	if (!ahci_fetch(p, header_of(p, p->current), header, sizeof(header)))
		return false;
	flags = load_le32(header);
	table = load_le64(header + HEADER_TABLE) & TABLE_MASK;
	p->prdt = (struct ahci_prdt){.table = table + TABLE_PRDT,
				     .count = flags >> HEADER_PRDTL};
	if (!ahci_fetch(p, table, fis, AHCI_FIS_SIZE) ||
	    !ahci_fetch(p, table + TABLE_PACKET, p->packet, sizeof(p->packet)))
		return false;
	if ((flags & HEADER_LENGTH) >= HEADER_LENGTH_MIN &&
	    fis[0] == FIS_TO_DEVICE)
		return true;
	/* The drive does not take it. */
	p->serr |= AHCI_SERR_PROTOCOL;
	ahci_fatal(p, AHCI_IS_IFS);
	return false;
}

static void begin(struct ahci_port *p)
{
	uint8_t fis[AHCI_FIS_SIZE];

	do
		p->current = (p->current + 1) % AHCI_SLOTS;
	while (!(p->ci & bit(p->current)));
	if (!load_header(p, fis))
		return;
	if (fis[1] & FIS_COMMAND)
		command(p, fis);
	else
		control(p, fis);
}

static bool may_begin(const struct ahci_port *p)
{
	return p->cmd & AHCI_CMD_ST && p->ci && ahci_port_linked(p) &&
	       !(p->tfd & (ATA_BSY | ATA_DRQ)) && pci_is_master(&p->hba->pci);
}

/* False: there is nothing to do now. */
static bool step(struct ahci_port *p)
{
	if (p->fatal)
		return false;
	if (p->busy)
		return go_on(p);
	if (!may_begin(p))
		return false;
	begin(p);
	return true;
}

/* Drives call it again from within; one loop is enough. */
void ahci_port_run(struct ahci_port *p)
{
	if (p->running)
		return;
	p->running = true;
	while (step(p))
		;
	p->running = false;
	ahci_update_irq(p->hba, false);
}

void ahci_port_abort(struct ahci_port *p)
{
	ide_forget_io(&p->drive);
	p->busy = false;
}
