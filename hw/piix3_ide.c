/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Intel 82371SB PIIX3, function 1: two IDE channels at the PC's usual ports,
 * with bus masters (Intel order number 290550; Programming Interface for Bus
 * Master IDE Controller, revision 1.0).
 *
 * Not modelled: timing registers have no effect.
 */
#include "hw/piix3_ide.h"

#include <string.h>

#include "hw/pci_regs.h"
#include "vmm/endian.h"

#define REG_IDETIM    0x40
#define IDETIM_DECODE 0x8000u
#define BM_PORTS      8
#define BM_BAR	      4

enum bm_reg { BM_COMMAND = 0, BM_STATUS = 2, BM_TABLE = 4 };

#define CMD_START     0x01u
#define CMD_TO_MEMORY 0x08u
#define STS_ACTIVE    0x01u
#define STS_ERROR     0x02u
#define STS_IRQ	      0x04u
#define STS_DRIVES    0x60u /* what software says of the drives */
#define PRD_LAST      0x80000000u
#define PRD_SIZE      8u
#define PRD_MAX	      0x10000u
#define PRDS_IN_TABLE 8192u /* 64 KiB of them */

static const struct {
	uint16_t command, control;
} ports[IDE_CHANNELS] = {{0x1f0, 0x3f6}, {0x170, 0x376}};

/* Fetches the next descriptor; false at the end of the table. */
static bool next_prd(struct bmdma *bm)
{
	uint8_t prd[PRD_SIZE];
	uint32_t count;

	if (bm->last || bm->at - bm->table >= PRDS_IN_TABLE * PRD_SIZE)
		return false;
	gmem_read(&bm->pci->dev.machine->gmem, bm->at, prd, sizeof(prd));
	bm->at += PRD_SIZE;
	count = load_le32(prd + 4);
	bm->addr = load_le32(prd) & ~1u;
	bm->left = count & 0xfffe;
	bm->left = bm->left ? bm->left : PRD_MAX;
	bm->last = count & PRD_LAST;
	return true;
}

/* The bus master of the drive's channel. */
static struct bmdma *bm_for(const struct ide_drive *d)
{
	return ((struct ide_channel *)d->carrier)->ctx;
}

static size_t bm_dma(struct ide_drive *d, uint8_t *buf, size_t len,
		     bool to_guest)
{
	struct bmdma *bm = bm_for(d);
	struct gmem *gmem = &bm->pci->dev.machine->gmem;
	size_t done = 0, n;

	if (!pci_is_master(bm->pci))
		return 0;
	while (done < len) {
		if (!bm->left && !next_prd(bm))
			break;
		n = len - done < bm->left ? len - done : bm->left;
		if (to_guest)
			gmem_write(gmem, bm->addr, buf + done, n);
		else
			gmem_read(gmem, bm->addr, buf + done, n);
		bm->addr += (uint32_t)n;
		bm->left -= (uint32_t)n;
		done += n;
	}
	return done;
}

static bool started(const struct bmdma *bm)
{
	return bm->command & CMD_START;
}

static void bm_begin(struct ide_drive *d)
{
	if (started(bm_for(d)))
		ide_dma_ready(d);
}

static void bm_end(struct ide_drive *d, bool failed)
{
	struct bmdma *bm = bm_for(d);

	/* Descriptors left over keep it active: data sheet, table 2. */
	if (bm->last && !bm->left)
		bm->status &= (uint8_t)~STS_ACTIVE;
	if (failed)
		bm->status |= STS_ERROR;
}

static const struct ide_transport transport = {
	.raise = ide_channel_raise,
	.dma = bm_dma,
	.dma_begin = bm_begin,
	.dma_end = bm_end,
};

static struct bmdma *bm_of(void *dev, uint64_t off)
{
	return &((struct piix3_ide *)dev)->bmdma[off / BM_PORTS];
}

static uint64_t bm_read(void *dev, uint64_t off, unsigned size)
{
	const struct bmdma *bm = bm_of(dev, off);
	uint8_t image[BM_PORTS + 4] = {0};

	image[BM_COMMAND] = bm->command;
	image[BM_STATUS] = bm->status;
	store_le32(image + BM_TABLE, bm->table);
	return load_le32(image + off % BM_PORTS);
}

static void start(struct bmdma *bm)
{
	unsigned i;

	bm->at = bm->table;
	bm->left = 0;
	bm->last = false;
	bm->status |= STS_ACTIVE;
	for (i = 0; i < IDE_DRIVES; i++)
		ide_dma_ready(&bm->channel->drive[i]);
}

static void write_command(struct bmdma *bm, uint8_t val)
{
	bool was = started(bm);

	bm->command = val & (CMD_START | CMD_TO_MEMORY);
	if (!was && started(bm))
		start(bm);
	if (was && !started(bm))
		bm->status &= (uint8_t)~STS_ACTIVE;
}

static void write_byte(struct bmdma *bm, unsigned reg, uint8_t val)
{
	unsigned shift = 8 * (reg - BM_TABLE);

	switch (reg) {
	case BM_COMMAND:
		write_command(bm, val);
		break;
	case BM_STATUS:
		bm->status =
			(uint8_t)((val & STS_DRIVES) |
				  (bm->status & STS_ACTIVE) |
				  (bm->status & ~val & (STS_ERROR | STS_IRQ)));
		break;
	case BM_TABLE:
	case BM_TABLE + 1:
	case BM_TABLE + 2:
	case BM_TABLE + 3:
		bm->table &= ~(0xffu << shift);
		bm->table |= (uint32_t)val << shift;
		bm->table &= ~3u;
		break;
	default:
		break;
	}
}

static void bm_write(void *dev, uint64_t off, uint64_t val, unsigned size)
{
	struct bmdma *bm = bm_of(dev, off);
	unsigned i;

	for (i = 0; i < size; i++, val >>= 8)
		write_byte(bm, (unsigned)(off % BM_PORTS) + i, (uint8_t)val);
}

static const struct bus_ops bm_ops = {
	.read = bm_read,
	.write = bm_write,
	.max = 4,
};

/* The drive's line passes through the bus master, which remembers it. */
static bool channel_irq(void *ctx, unsigned n, bool level)
{
	struct piix3_ide *ide = ctx;

	if (level)
		ide->bmdma[n].status |= STS_IRQ;
	return irq_set(&ide->pci.dev.irq[n], level);
}

static const struct pci_id id = {
	.vendor = 0x8086,
	.device = 0x7010,
	.subvendor = 0x1af4,
	.subdevice = 0x1100,
	.class = 0x010180,
};

static void update_ports(struct piix3_ide *ide)
{
	unsigned i;

	for (i = 0; i < IDE_CHANNELS; i++) {
		bool on = (load_le16(&ide->pci.config[PCI_COMMAND]) &
			   PCI_COMMAND_IO) &&
			  (load_le16(&ide->pci.config[REG_IDETIM + 2 * i]) &
			   IDETIM_DECODE);

		bus_enable(&ide->data[i], on);
		bus_enable(&ide->command[i], on);
		bus_enable(&ide->control[i], on);
	}
}

static void config_written(struct pci_device *pci, unsigned off, unsigned len)
{
	update_ports(container_of(pci, struct piix3_ide, pci));
}

/* Words at the data port reach over the registers that come next. */
static int map_ports(struct piix3_ide *ide, unsigned n, struct error *err)
{
	struct ide_channel *ch = &ide->channel[n];
	struct bus *io = &ide->pci.dev.machine->io;
	int rc = bus_map(io, &ide->data[n], "ide-data", ports[n].command, 4, 0,
			 &ide_data_ops, ch, err);

	if (rc == 0)
		rc = bus_map(io, &ide->command[n], "ide", ports[n].command + 1u,
			     7, 0, &ide_command_ops, ch, err);
	if (rc == 0)
		rc = bus_map(io, &ide->control[n], "ide-control",
			     ports[n].control, 1, 0, &ide_control_ops, ch, err);
	return rc;
}

static int init_channel(struct piix3_ide *ide, unsigned n, struct error *err)
{
	struct ide_channel *ch = &ide->channel[n];

	ide_channel_init(ch, &transport);
	ide->bmdma[n].channel = ch;
	ide->bmdma[n].pci = &ide->pci;
	ch->irq = (struct irq){.set = channel_irq, .ctx = ide, .n = n};
	ch->ctx = &ide->bmdma[n];
	ide->pci.wmask[REG_IDETIM + 2 * n] = 0xff;
	ide->pci.wmask[REG_IDETIM + 2 * n + 1] = 0xff;
	return map_ports(ide, n, err);
}

static struct ide_drive *drive_of(struct piix3_ide *ide, unsigned n)
{
	return &ide->channel[n / IDE_DRIVES].drive[n % IDE_DRIVES];
}

static void on_event(void *ctx, enum machine_event event)
{
	struct piix3_ide *ide = ctx;
	unsigned i;

	for (i = 0; i < IDE_CHANNELS * IDE_DRIVES; i++)
		if (event == EVENT_STOP)
			ide_settle(drive_of(ide, i));
		else if (event == EVENT_RESUME)
			ide_retry(drive_of(ide, i));
}

static void fini(struct device *dev)
{
	struct piix3_ide *ide = (struct piix3_ide *)dev;
	unsigned i;

	list_del(&ide->notifier.link);
	for (i = 0; i < IDE_CHANNELS; i++) {
		bus_unmap(&ide->data[i]);
		bus_unmap(&ide->command[i]);
		bus_unmap(&ide->control[i]);
		ide_channel_fini(&ide->channel[i]);
	}
	pci_detach(&ide->pci);
}

static int init(struct device *dev, struct error *err)
{
	struct piix3_ide *ide = (struct piix3_ide *)dev;
	unsigned i;
	int rc = pci_attach(&ide->pci, &id, err);

	if (rc < 0)
		return rc;
	machine_add_notifier(dev->machine, &ide->notifier, on_event, ide);
	for (i = 0; i < IDE_CHANNELS && rc == 0; i++)
		rc = init_channel(ide, i, err);
	if (rc == 0)
		rc = pci_add_bar(&ide->pci, BM_BAR, PCI_BAR_IO, "piix-bmdma",
				 IDE_CHANNELS * BM_PORTS, &bm_ops, ide, err);
	if (rc < 0) {
		fini(dev);
		return rc;
	}
	ide->pci.config_written = config_written;
	return 0;
}

static void reset(struct device *dev)
{
	struct piix3_ide *ide = (struct piix3_ide *)dev;
	unsigned i;

	pci_reset(&ide->pci);
	/* Where no firmware programs it, the channels are there all the same.
	 */
	store_le16(&ide->pci.config[PCI_COMMAND], PCI_COMMAND_IO);
	for (i = 0; i < IDE_CHANNELS; i++) {
		store_le16(&ide->pci.config[REG_IDETIM + 2 * i], IDETIM_DECODE);
		ide_channel_reset(&ide->channel[i]);
		ide->bmdma[i].command = ide->bmdma[i].status = 0;
		ide->bmdma[i].table = ide->bmdma[i].left = 0;
		ide->bmdma[i].last = false;
	}
	update_ports(ide);
}

static void quiesce(struct device *dev)
{
	struct piix3_ide *ide = (struct piix3_ide *)dev;
	unsigned i;

	for (i = 0; i < IDE_CHANNELS * IDE_DRIVES; i++)
		ide_drive_quiesce(drive_of(ide, i));
}

static const struct state_field bmdma_fields[] = {
	{STATE_ELEM(STATE_U8, struct bmdma, command)},
	{STATE_ELEM(STATE_U8, struct bmdma, status)},
	{STATE_ELEM(STATE_U32, struct bmdma, table)},
	{STATE_ELEM(STATE_U32, struct bmdma, at)},
	{STATE_ELEM(STATE_U32, struct bmdma, addr)},
	{STATE_ELEM(STATE_U32, struct bmdma, left)},
	{STATE_ELEM(STATE_BOOL, struct bmdma, last)},
	{.kind = STATE_END},
};

static const struct state_field channel_fields[] = {
	{STATE_ARR(STATE_STRUCT, struct ide_channel, drive),
	 .sub = ide_drive_fields},
	{STATE_ELEM(STATE_U32, struct ide_channel, selected), .hi = 1},
	{STATE_ELEM(STATE_U8, struct ide_channel, control)},
	{STATE_ELEM(STATE_BOOL, struct ide_channel, irq_pending)},
	{.kind = STATE_END},
};

static const struct state_field fields[] = {
	PCI_STATE,
	{STATE_ARR(STATE_STRUCT, struct piix3_ide, bmdma), .sub = bmdma_fields},
	{STATE_ARR(STATE_STRUCT, struct piix3_ide, channel),
	 .sub = channel_fields},
	{.kind = STATE_END},
};

static int saving(void *dev)
{
	struct piix3_ide *ide = dev;
	unsigned i;
	int rc = 0;

	for (i = 0; i < IDE_CHANNELS * IDE_DRIVES && rc == 0; i++)
		rc = ide_drive_saving(drive_of(ide, i));
	return rc;
}

static void restored(void *dev)
{
	struct piix3_ide *ide = dev;
	unsigned i;

	pci_restored(dev);
	update_ports(dev);
	for (i = 0; i < IDE_CHANNELS * IDE_DRIVES; i++)
		ide_drive_restored(drive_of(ide, i));
}

static const struct state_desc state = {.name = "piix3-ide",
					.version = 1,
					.fields = fields,
					.saving = saving,
					.restored = restored};

const struct device_class piix3_ide_class = {
	.name = "piix3-ide",
	.desc = "IDE controller",
	.bus = DEVICE_PCI,
	.size = sizeof(struct piix3_ide),
	.state = &state,
	.init = init,
	.reset = reset,
	.quiesce = quiesce,
	.fini = fini,
};
