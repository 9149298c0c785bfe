/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An IDE channel: the task file, interrupts and resets.  ATA/ATAPI-6
 * (T13/1410D).
 */
#include "hw/ide.h"

#include <string.h>

#include "vmm/endian.h"

enum reg {
	REG_DATA,
	REG_ERROR, /* FEATURE when written */
	REG_COUNT,
	REG_LBA_LOW,
	REG_LBA_MID,
	REG_LBA_HIGH,
	REG_DEVICE,
	REG_STATUS /* COMMAND when written */
};

#define CONTROL_NIEN	0x02u
#define CONTROL_SRST	0x04u
#define CONTROL_HOB	0x80u
#define DEVICE_OBSOLETE 0xa0u /* bits that read as ones */

static struct ide_drive *selected(struct ide_channel *ch)
{
	return &ch->drive[ch->selected];
}

static void update_irq(struct ide_channel *ch)
{
	irq_set(&ch->irq, ch->irq_pending && !(ch->control & CONTROL_NIEN));
}

void ide_channel_raise(struct ide_drive *d)
{
	struct ide_channel *ch = d->carrier;

	ch->irq_pending = true;
	update_irq(ch);
}

void ide_channel_reset(struct ide_channel *ch)
{
	unsigned i;

	for (i = 0; i < IDE_DRIVES; i++)
		ide_drive_power_on(&ch->drive[i]);
	ch->selected = 0;
	ch->control = 0;
	ch->irq_pending = false;
	update_irq(ch);
}

static bool present(const struct ide_drive *d)
{
	return d->blk != NULL;
}

static size_t data_read_rep(void *dev, uint64_t off, void *buf, unsigned size,
			    size_t count)
{
	struct ide_drive *d = selected(dev);
	uint8_t *out = buf;
	size_t left = count * size;
	uint32_t n;

	while (left && (n = ide_available(d, false))) {
		if (n > left)
			n = (uint32_t)left;
		memcpy(out, d->buf + d->pos, n);
		out += n;
		left -= n;
		ide_advance(d, n);
	}
	memset(out, 0xff, left);
	return count;
}

static size_t data_write_rep(void *dev, uint64_t off, const void *buf,
			     unsigned size, size_t count)
{
	struct ide_drive *d = selected(dev);
	const uint8_t *in = buf;
	size_t left = count * size;
	uint32_t n;

	while (left && (n = ide_available(d, true))) {
		if (n > left)
			n = (uint32_t)left;
		memcpy(d->buf + d->pos, in, n);
		in += n;
		left -= n;
		ide_advance(d, n);
	}
	return count;
}

static uint64_t data_read(void *dev, uint64_t off, unsigned size)
{
	uint8_t raw[8] = {0};

	data_read_rep(dev, off, raw, size, 1);
	return load_le64(raw);
}

static void data_write(void *dev, uint64_t off, uint64_t val, unsigned size)
{
	uint8_t raw[8];

	store_le64(raw, val);
	data_write_rep(dev, off, raw, size, 1);
}

const struct bus_ops ide_data_ops = {
	.read = data_read,
	.write = data_write,
	.read_rep = data_read_rep,
	.write_rep = data_write_rep,
	.max = 4,
};

/* Drive 0 answers for a missing drive 1, with a status of 0. */
static uint8_t status_of(struct ide_channel *ch)
{
	struct ide_drive *d = selected(ch);

	return present(d) ? d->status : 0;
}

static uint64_t command_read(void *dev, uint64_t off, unsigned size)
{
	struct ide_channel *ch = dev;
	struct ide_drive *d = selected(ch);
	bool hob = ch->control & CONTROL_HOB;

	if (!present(&ch->drive[0]) && !present(&ch->drive[1]))
		return off + 1 == REG_STATUS ? 0 : UINT8_MAX;
	switch (off + 1) {
	case REG_ERROR:
		return present(d) ? d->error : 0;
	case REG_COUNT:
		return hob ? d->hob_count : d->count;
	case REG_LBA_LOW:
		return hob ? d->hob_low : d->lba_low;
	case REG_LBA_MID:
		return hob ? d->hob_mid : d->lba_mid;
	case REG_LBA_HIGH:
		return hob ? d->hob_high : d->lba_high;
	case REG_DEVICE:
		return d->device | DEVICE_OBSOLETE |
		       (ch->selected ? ATA_DEV_UNIT : 0);
	default:
		ch->irq_pending = false;
		update_irq(ch);
		return status_of(ch);
	}
}

static void diagnose(struct ide_channel *ch)
{
	ch->selected = 0;
	ata_diagnose(&ch->drive[0]);
	ata_diagnose(&ch->drive[1]);
}

static void run_command(struct ide_channel *ch, uint8_t command)
{
	struct ide_drive *d = selected(ch);

	ch->irq_pending = false;
	update_irq(ch);
	if (!present(d))
		return;
	/* Only a device reset may come while a packet command is busy. */
	if ((d->status & (ATA_BSY | ATA_DRQ)) &&
	    !(d->cdrom && command == ATA_CMD_DEVICE_RESET))
		return;
	d->command = command;
	d->error = 0;
	/* Both drives do this one. */
	if (command == ATA_CMD_DIAGNOSE)
		diagnose(ch);
	ata_command(d);
}

static void write_reg(uint8_t *reg, uint8_t *hob, uint8_t val)
{
	*hob = *reg;
	*reg = val;
}

/* Both drives hear the writes to the task file. */
static void command_write(void *dev, uint64_t off, uint64_t val, unsigned size)
{
	struct ide_channel *ch = dev;
	uint8_t v = (uint8_t)val;
	unsigned i;

	if (off + 1 == REG_STATUS) {
		run_command(ch, v);
		return;
	}
	ch->control &= (uint8_t)~CONTROL_HOB;
	if (off + 1 == REG_DEVICE)
		ch->selected = v & ATA_DEV_UNIT ? 1 : 0;
	for (i = 0; i < IDE_DRIVES; i++) {
		struct ide_drive *d = &ch->drive[i];

		if (d->status & (ATA_BSY | ATA_DRQ) && off + 1 != REG_DEVICE)
			continue;
		switch (off + 1) {
		case REG_ERROR:
			write_reg(&d->feature, &d->hob_feature, v);
			break;
		case REG_COUNT:
			write_reg(&d->count, &d->hob_count, v);
			break;
		case REG_LBA_LOW:
			write_reg(&d->lba_low, &d->hob_low, v);
			break;
		case REG_LBA_MID:
			write_reg(&d->lba_mid, &d->hob_mid, v);
			break;
		case REG_LBA_HIGH:
			write_reg(&d->lba_high, &d->hob_high, v);
			break;
		case REG_DEVICE:
			d->device = v;
			break;
		default:
			break;
		}
	}
}

/* Registers 1 to 7; the data port is a region of its own. */
const struct bus_ops ide_command_ops = {
	.read = command_read,
	.write = command_write,
	.max = 1,
};

static uint64_t control_read(void *dev, uint64_t off, unsigned size)
{
	return status_of(dev); /* the interrupt stays */
}

static void control_write(void *dev, uint64_t off, uint64_t val, unsigned size)
{
	struct ide_channel *ch = dev;
	uint8_t was = ch->control, v = (uint8_t)val;
	unsigned i;

	if (!(was & CONTROL_SRST) && (v & CONTROL_SRST)) {
		for (i = 0; i < IDE_DRIVES; i++) {
			ide_drive_reset(&ch->drive[i]);
			ch->drive[i].status = ATA_BSY;
		}
		ch->irq_pending = false;
	} else if ((was & CONTROL_SRST) && !(v & CONTROL_SRST)) {
		for (i = 0; i < IDE_DRIVES; i++)
			ide_drive_reset(&ch->drive[i]);
		ch->selected = 0;
	}
	ch->control = v;
	update_irq(ch);
}

const struct bus_ops ide_control_ops = {
	.read = control_read,
	.write = control_write,
	.max = 1,
};

void ide_channel_init(struct ide_channel *ch, const struct ide_transport *ops)
{
	unsigned i;

	for (i = 0; i < IDE_DRIVES; i++) {
		ch->drive[i].transport = ops;
		ch->drive[i].carrier = ch;
	}
}

void ide_channel_fini(struct ide_channel *ch)
{
	unsigned i;

	for (i = 0; i < IDE_DRIVES; i++)
		ide_detach(&ch->drive[i]);
}
