/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Intel 82078 floppy disk controller (order number 290468) in its AT mode,
 * with two drives: ports 0x3f1 to 0x3f5 and 0x3f7, interrupt 6, DMA channel 2.
 *
 * Disks are images of whole sectors of 512 bytes, in the formats of floppy.c.
 * A data rate other than the disk's finds nothing there.  The head moves in no
 * time, motors are not waited for.
 *
 * Not modelled: deleted sectors and other sizes of sectors, of which images
 * can tell nothing, so that commands for them fail; power-down, FIFO
 * thresholds, tape, write precompensation, gaps and step rates, which are kept
 * where they can be read back.
 */
#include "hw/i82078.h"

#include <string.h>

/* Ports of the first region, which begins at 0x3f1. */
enum reg {
	REG_STATUS_B,
	REG_DOR,
	REG_TDR,
	REG_MSR, /* DSR when written */
	REG_FIFO,
	REGS
};

#define STATUS_B_FIXED	 0xc0u
#define STATUS_B_DRIVE	 0x20u
#define STATUS_B_MOTORS	 0x03u
#define DOR_MOTORS	 4 /* shift */
#define DOR_DRIVE	 0x03u
#define DOR_RUN		 0x04u /* not reset */
#define DOR_DMA		 0x08u
#define MSR_RQM		 0x80u
#define MSR_TO_GUEST	 0x40u
#define MSR_NON_DMA	 0x20u
#define MSR_BUSY	 0x10u
#define DSR_RESET	 0x80u
#define RATE		 0x03u /* of DSR and CCR */
#define DIR_CHANGED	 0x80u
#define TDR_TAPE	 0x03u
#define CONFIG_EIS	 0x40u
#define CONFIG_NO_FIFO	 0x20u
#define CONFIG_LOCKED	 0x2fu /* what LOCK keeps: EFIFO and FIFOTHR */
#define PERPENDICULAR_HI 0x3cu
#define DMA_CHANNEL	 2

void i82078_set_irq(struct i82078 *f, bool level)
{
	f->irq = level;
	irq_set(&f->dev.irq[0], level);
}

void i82078_command_end(struct i82078 *f)
{
	f->phase = PHASE_COMMAND;
	f->pos = f->len = 0;
	f->t.kind = KIND_NONE;
}

void i82078_result(struct i82078 *f, uint8_t n)
{
	i82078_command_end(f);
	f->phase = PHASE_RESULT;
	f->len = n;
}

void i82078_end(struct i82078 *f, uint8_t st0, uint8_t st1, uint8_t st2)
{
	const struct i82078_transfer *t = &f->t;
	uint8_t result[] = {(uint8_t)(st0 | t->st0 | t->drive |
				      (t->h ? ST0_HEAD : 0)),
			    st1,
			    st2,
			    t->c,
			    t->h,
			    t->r,
			    I82078_SECTOR_SIZE};

	memcpy(f->fifo, result, sizeof(result));
	i82078_result(f, sizeof(result));
	f->reset_senses = 0;
	i82078_set_irq(f, true);
}

static unsigned last_track(const struct i82078_drive *d)
{
	return d->format ? d->format->tracks - 1u : d->blk ? UINT8_MAX : 0;
}

bool i82078_step(struct i82078 *f, unsigned drive, unsigned track)
{
	struct i82078_drive *d = &f->drive[drive];
	unsigned last = last_track(d);

	if (track > last)
		track = last;
	if (track == d->track)
		return false;
	d->track = (uint8_t)track;
	if (d->format)
		d->changed = false;
	return true;
}

/* All but what is programmed once and for all. */
static void soft_reset(struct i82078 *f)
{
	unsigned i;

	i82078_io_forget(f);
	timer_cancel(&f->id_timer);
	i8237_request(f->dma, f->channel, false);
	memset(&f->t, 0, sizeof(f->t));
	i82078_command_end(f);
	for (i = 0; i < I82078_DRIVES; i++)
		f->drive[i].track = 0;
	f->sought = 0;
	f->perpendicular &= PERPENDICULAR_HI;
	if (!f->lock) {
		f->config = (uint8_t)((f->config & ~CONFIG_LOCKED) |
				      CONFIG_NO_FIFO);
		f->precompensation = 0;
	}
	i82078_set_irq(f, false);
}

static void leave_reset(struct i82078 *f)
{
	f->reset_senses = I82078_DRIVES;
	i82078_set_irq(f, true);
}

static void write_dor(struct i82078 *f, uint8_t val)
{
	uint8_t was = f->dor;

	f->dor = val;
	if (!(val & DOR_RUN)) {
		soft_reset(f);
		f->reset_senses = 0;
	} else if (!(was & DOR_RUN)) {
		leave_reset(f);
	}
}

static void write_dsr(struct i82078 *f, uint8_t val)
{
	f->rate = val & RATE;
	if (!(val & DSR_RESET) || !(f->dor & DOR_RUN))
		return;
	soft_reset(f);
	leave_reset(f);
}

static uint8_t msr(const struct i82078 *f)
{
	static const uint8_t of_phase[PHASES] = {
		[PHASE_COMMAND] = MSR_RQM,
		[PHASE_RESULT] = MSR_RQM | MSR_TO_GUEST | MSR_BUSY,
		[PHASE_BUSY] = MSR_BUSY,
		[PHASE_DMA] = MSR_BUSY,
		[PHASE_TO_GUEST] =
			MSR_RQM | MSR_TO_GUEST | MSR_NON_DMA | MSR_BUSY,
		[PHASE_FROM_GUEST] = MSR_RQM | MSR_NON_DMA | MSR_BUSY,
	};

	if (!(f->dor & DOR_RUN))
		return 0;
	return of_phase[f->phase] |
	       (f->phase == PHASE_COMMAND && f->pos ? MSR_BUSY : 0);
}

static void write_fifo(struct i82078 *f, uint8_t val)
{
	if (!(f->dor & DOR_RUN))
		return;
	if (f->phase == PHASE_FROM_GUEST) {
		f->buf[f->t.pos] = val;
		i82078_moved_byte(f);
	} else if (f->phase == PHASE_COMMAND) {
		f->fifo[f->pos++] = val;
		i82078_take(f);
	}
}

static uint8_t read_result(struct i82078 *f)
{
	uint8_t val = f->fifo[f->pos++];

	if (!f->sought && !f->reset_senses)
		i82078_set_irq(f, false);
	if (f->pos == f->len)
		i82078_command_end(f);
	return val;
}

static uint8_t read_fifo(struct i82078 *f)
{
	uint8_t val = 0;

	if (f->phase == PHASE_TO_GUEST) {
		val = f->buf[f->t.pos];
		i82078_moved_byte(f);
	} else if (f->phase == PHASE_RESULT) {
		val = read_result(f);
	}
	return val;
}

static uint8_t status_b(const struct i82078 *f)
{
	return (uint8_t)(STATUS_B_FIXED |
			 (f->dor >> DOR_MOTORS & STATUS_B_MOTORS) |
			 (f->dor & DOR_DRIVE ? 0 : STATUS_B_DRIVE));
}

static uint64_t ports_read(void *dev, uint64_t off, unsigned size)
{
	struct i82078 *f = dev;

	switch (off) {
	case REG_STATUS_B:
		return status_b(f);
	case REG_DOR:
		return f->dor;
	case REG_TDR:
		return f->tdr;
	case REG_MSR:
		return msr(f);
	default:
		return read_fifo(f);
	}
}

static void ports_write(void *dev, uint64_t off, uint64_t val, unsigned size)
{
	struct i82078 *f = dev;

	switch (off) {
	case REG_DOR:
		write_dor(f, (uint8_t)val);
		break;
	case REG_TDR:
		f->tdr = (uint8_t)val & TDR_TAPE;
		break;
	case REG_MSR:
		write_dsr(f, (uint8_t)val);
		break;
	case REG_FIFO:
		write_fifo(f, (uint8_t)val);
		break;
	default:
		break;
	}
}

static uint64_t dir_read(void *dev, uint64_t off, unsigned size)
{
	const struct i82078 *f = dev;
	const struct i82078_drive *d = &f->drive[f->dor & DOR_DRIVE];

	return d->blk && d->changed ? DIR_CHANGED : 0;
}

static void ccr_write(void *dev, uint64_t off, uint64_t val, unsigned size)
{
	struct i82078 *f = dev;

	if (f->dor & DOR_RUN)
		f->rate = (uint8_t)val & RATE;
}

static const struct bus_ops ports_ops = {
	.read = ports_read,
	.write = ports_write,
	.max = 1,
};

static const struct bus_ops dir_ops = {
	.read = dir_read,
	.write = ccr_write,
	.max = 1,
};

static const struct device_region regions[] = {
	[I82078_REGION_PORTS] = {"fdc", &ports_ops, REGS},
	[I82078_REGION_DIR] = {"fdc-dir", &dir_ops, 1},
	{.name = NULL},
};

static void medium_changed(void *ctx)
{
	struct i82078_drive *d = ctx;

	d->changed = true;
	d->passing = 0;
	d->format = d->blk->node ? floppy_format_in(d->type, blk_size(d->blk))
				 : NULL;
}

/* There is no tray: what the user does happens at once. */
static const struct blk_media_ops media_ops = {.changed = medium_changed};

void i82078_attach(struct i82078 *f, unsigned place, struct blk_front *blk,
		   enum floppy_type type)
{
	struct i82078_drive *d = &f->drive[place];

	d->blk = blk;
	d->type = type;
	d->track = 0;
	blk->media = &media_ops;
	blk->media_ctx = d;
	medium_changed(d);
}

void i82078_detach(struct i82078 *f, unsigned place)
{
	struct i82078_drive *d = &f->drive[place];

	i82078_io_forget(f);
	d->blk->media = NULL;
	blk_drain(d->blk);
	*d = (struct i82078_drive){0};
}

enum floppy_type i82078_drive_type(const struct i82078 *f, unsigned place)
{
	return f->drive[place].type;
}

static void on_event(void *ctx, enum machine_event event)
{
	struct i82078 *f = ctx;
	unsigned i;

	if (event == EVENT_STOP) {
		f->stopped = true;
		i82078_io_settle(f);
	}
	if (event != EVENT_RESUME)
		return;
	f->stopped = false;
	for (i = 0; i < I82078_DRIVES; i++)
		if (f->drive[i].blk)
			f->drive[i].blk->failed = 0;
	if (f->phase == PHASE_BUSY && f->t.kind != KIND_NONE && !f->io)
		i82078_submit(f);
	else if (f->phase == PHASE_DMA)
		i8237_request(f->dma, f->channel, true);
}

static void reset(struct device *dev)
{
	struct i82078 *f = (struct i82078 *)dev;

	f->dor = DOR_RUN | DOR_DMA;
	f->tdr = f->rate = 0;
	memset(f->specify, 0, sizeof(f->specify));
	f->lock = false;
	f->perpendicular = f->power = f->last_eot = 0;
	f->reset_senses = 0;
	soft_reset(f);
	f->config = CONFIG_EIS | CONFIG_NO_FIFO;
}

static int init(struct device *dev, struct error *err)
{
	struct i82078 *f = (struct i82078 *)dev;
	const struct i8237_user user = {.serve = i82078_serve, .ctx = f};
	int rc;

	f->channel = DMA_CHANNEL;
	rc = i8237_connect(f->dma, f->channel, &user, err);
	if (rc < 0)
		return rc;
	timer_init(&f->id_timer, &dev->machine->virt, i82078_read_id, f);
	machine_add_notifier(dev->machine, &f->notifier, on_event, f);
	return 0;
}

static void quiesce(struct device *dev)
{
	struct i82078 *f = (struct i82078 *)dev;
	unsigned i;

	i82078_io_forget(f);
	timer_cancel(&f->id_timer);
	for (i = 0; i < I82078_DRIVES; i++)
		if (f->drive[i].blk)
			blk_drain(f->drive[i].blk);
}

static void fini(struct device *dev)
{
	struct i82078 *f = (struct i82078 *)dev;

	list_del(&f->notifier.link);
	i8237_disconnect(f->dma, f->channel);
}

static const struct state_field drive_fields[] = {
	{STATE_ELEM(STATE_U8, struct i82078_drive, track)},
	{STATE_ELEM(STATE_U8, struct i82078_drive, passing)},
	{STATE_ELEM(STATE_BOOL, struct i82078_drive, changed)},
	{.kind = STATE_END},
};

static const struct state_field transfer_fields[] = {
	{STATE_ELEM(STATE_U8, struct i82078_transfer, kind), .hi = KINDS - 1},
	{STATE_ELEM(STATE_U8, struct i82078_transfer, drive),
	 .hi = I82078_DRIVES - 1},
	{STATE_ELEM(STATE_BOOL, struct i82078_transfer, multi)},
	{STATE_ELEM(STATE_BOOL, struct i82078_transfer, tc)},
	{STATE_ELEM(STATE_BOOL, struct i82078_transfer, single)},
	{STATE_ELEM(STATE_U8, struct i82078_transfer, c)},
	{STATE_ELEM(STATE_U8, struct i82078_transfer, h)},
	{STATE_ELEM(STATE_U8, struct i82078_transfer, r)},
	{STATE_ELEM(STATE_U8, struct i82078_transfer, eot)},
	{STATE_ELEM(STATE_U8, struct i82078_transfer, step), .hi = 2},
	{STATE_ELEM(STATE_U8, struct i82078_transfer, filler)},
	{STATE_ELEM(STATE_U8, struct i82078_transfer, left)},
	{STATE_ELEM(STATE_U8, struct i82078_transfer, st0)},
	{STATE_ELEM(STATE_U8, struct i82078_transfer, st1)},
	{STATE_ELEM(STATE_U8, struct i82078_transfer, count)},
	{STATE_ELEM(STATE_U8, struct i82078_transfer, id)},
	{STATE_ELEM(STATE_U32, struct i82078_transfer, pos),
	 .hi = I82078_BUFFER},
	{STATE_ELEM(STATE_U32, struct i82078_transfer, len),
	 .hi = I82078_BUFFER},
	{.kind = STATE_END},
};

static const struct state_field fields[] = {
	{STATE_ARR(STATE_STRUCT, struct i82078, drive), .sub = drive_fields},
	{STATE_ELEM(STATE_U8, struct i82078, dor)},
	{STATE_ELEM(STATE_U8, struct i82078, tdr)},
	{STATE_ELEM(STATE_U8, struct i82078, rate), .hi = RATE},
	{STATE_ARR(STATE_U8, struct i82078, specify)},
	{STATE_ELEM(STATE_U8, struct i82078, config)},
	{STATE_ELEM(STATE_U8, struct i82078, precompensation)},
	{STATE_ELEM(STATE_U8, struct i82078, perpendicular)},
	{STATE_ELEM(STATE_U8, struct i82078, power)},
	{STATE_ELEM(STATE_U8, struct i82078, last_eot)},
	{STATE_ELEM(STATE_BOOL, struct i82078, lock)},
	{STATE_ELEM(STATE_BOOL, struct i82078, irq)},
	{STATE_ELEM(STATE_U8, struct i82078, phase), .hi = PHASES - 1},
	{STATE_ARR(STATE_U8, struct i82078, fifo)},
	{STATE_ELEM(STATE_U8, struct i82078, pos), .hi = I82078_FIFO - 1},
	{STATE_ELEM(STATE_U8, struct i82078, len), .hi = I82078_FIFO},
	{STATE_ELEM(STATE_U8, struct i82078, reset_senses),
	 .hi = I82078_DRIVES},
	{STATE_ELEM(STATE_U8, struct i82078, sought)},
	{STATE_ELEM(STATE_STRUCT, struct i82078, t), .sub = transfer_fields},
	{STATE_ARR(STATE_U8, struct i82078, buf)},
	{STATE_ELEM(STATE_TIMER, struct i82078, id_timer)},
	{.kind = STATE_END},
};

/* Does what was saved fit together? */
static bool consistent(const struct i82078 *f)
{
	const struct i82078_transfer *t = &f->t;

	if (f->phase == PHASE_COMMAND || f->phase == PHASE_RESULT)
		return f->phase == PHASE_COMMAND || f->pos < f->len;
	if (f->phase == PHASE_BUSY && t->kind == KIND_NONE)
		return timer_pending(&f->id_timer);
	return t->kind != KIND_NONE && t->step && t->r &&
	       (t->kind == KIND_FORMAT || t->count <= FLOPPY_TRACK_SECTORS) &&
	       (f->phase == PHASE_BUSY || t->pos < t->len);
}

/* What was in flight is asked for anew when the machine goes on. */
static void restored(void *dev)
{
	struct i82078 *f = dev;

	i82078_io_forget(f);
	if (!consistent(f))
		i82078_command_end(f);
	i82078_set_irq(f, f->irq);
}

static const struct state_desc state = {.name = "i82078",
					.version = 1,
					.fields = fields,
					.restored = restored};

#define PROPERTY(key, kind, field) \
	.name = key, .type = kind, .offset = offsetof(struct i82078, field)

#define BOOTINDEX(key, n) \
	PROPERTY(key, OPT_I64, bootindex[n]), .min = (uint64_t)INT32_MIN, \
					      .max = INT32_MAX, .dflt = "-1"

/* clang-format off */
static const struct opt_desc opts[] = {
	{PROPERTY("fdtypeA", OPT_ENUM, type_choice[0]),
	 .choices = floppy_choices, .dflt = "auto",
	 .help = "what drive a of -fda is"},
	{PROPERTY("fdtypeB", OPT_ENUM, type_choice[1]),
	 .choices = floppy_choices, .dflt = "auto",
	 .help = "what drive b of -fdb is"},
	{PROPERTY("fallback", OPT_ENUM, fallback),
	 .choices = floppy_choices, .dflt = "288",
	 .help = "what an empty drive is, or one with an odd medium"},
	{BOOTINDEX("bootindexA", 0), .help = "of drive a: 0 is booted from first"},
	{BOOTINDEX("bootindexB", 1), .help = "of drive b: 0 is booted from first"},
	REFUSED_BUT("dma", "2"),
	REFUSED_BUT("iobase", "0x3f0 1008"),
	REFUSED_BUT("irq", "6"),
	{.type = OPT_END},
};
/* clang-format on */

const struct device_class i82078_class = {
	.name = "isa-fdc",
	.desc = "floppy disk controller",
	.bus = DEVICE_ISA,
	.size = sizeof(struct i82078),
	.opts = opts,
	.state = &state,
	.regions = regions,
	.init = init,
	.reset = reset,
	.quiesce = quiesce,
	.fini = fini,
};
