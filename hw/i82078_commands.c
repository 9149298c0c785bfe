/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The floppy controller's commands: 82078 data sheet (order number 290468),
 * section 6.
 */
#include <string.h>

#include "hw/i82078.h"

#define SELECT_DRIVE	 0x03u
#define SELECT_HEAD	 0x04u
#define CMD_INWARD	 0x40u /* of RELATIVE SEEK */
#define CMD_LOCK	 0x80u
#define LOCK_RESULT	 4 /* shift */
#define DUMP_LOCK	 0x80u
#define PERPENDICULAR_OW 0x80u /* the drives are to be changed as well */
#define PERPENDICULAR_HI 0x3cu
#define PERPENDICULAR_LO 0x03u
#define SPEC_DONE	 0x80u
#define SPEC_NO_RESULT	 0x40u
#define SPEC_MAX	 6u /* bytes of the command */
#define ST3_PROTECTED	 0x40u
#define ST3_READY	 0x20u
#define ST3_TRACK_0	 0x10u
#define ST3_TWO_SIDED	 0x08u
#define VERSION_ENHANCED 0x90u
#define PART_ID		 0x41u
#define SENSE_DRIVES	 4u
#define ID_NS		 (NS_PER_SEC / 50)

/* As many bytes as it takes until one says that it is the last. */
#define VARIABLE UINT8_MAX

struct command {
	uint8_t mask, code; /* of the first byte */
	uint8_t params;
	void (*run)(struct i82078 *f);
};

static void specify(struct i82078 *f)
{
	memcpy(f->specify, f->fifo + 1, sizeof(f->specify));
	i82078_command_end(f);
}

static void sense_drive(struct i82078 *f)
{
	uint8_t select = f->fifo[1] & (SELECT_DRIVE | SELECT_HEAD);
	const struct i82078_drive *d = &f->drive[select & SELECT_DRIVE];
	uint8_t st3 = select | ST3_READY | ST3_TWO_SIDED;

	if (!d->format || d->blk->readonly)
		st3 |= ST3_PROTECTED;
	if (!d->track)
		st3 |= ST3_TRACK_0;
	f->fifo[0] = st3;
	i82078_result(f, 1);
}

static void end_seek(struct i82078 *f, unsigned drive)
{
	i82078_command_end(f);
	f->reset_senses = 0;
	f->sought |= (uint8_t)(1u << drive);
	i82078_set_irq(f, true);
}

static void seek_to(struct i82078 *f, unsigned track)
{
	unsigned drive = f->fifo[1] & SELECT_DRIVE;

	i82078_step(f, drive, track);
	end_seek(f, drive);
}

static void recalibrate(struct i82078 *f)
{
	seek_to(f, 0);
}

static void seek(struct i82078 *f)
{
	seek_to(f, f->fifo[2]);
}

static void relative_seek(struct i82078 *f)
{
	unsigned at = f->drive[f->fifo[1] & SELECT_DRIVE].track;
	unsigned steps = f->fifo[2];

	if (f->fifo[0] & CMD_INWARD)
		seek_to(f, at + steps);
	else
		seek_to(f, at > steps ? at - steps : 0);
}

static void sensed(struct i82078 *f, uint8_t st0, unsigned drive)
{
	f->fifo[0] = (uint8_t)(st0 | drive);
	f->fifo[1] = f->drive[drive].track;
	i82078_set_irq(f, f->sought != 0);
	i82078_result(f, 2);
}

static void sense_interrupt(struct i82078 *f)
{
	unsigned drive;

	if (f->reset_senses) {
		drive = SENSE_DRIVES - f->reset_senses--;
		sensed(f, ST0_POLLED, drive);
		return;
	}
	for (drive = 0; drive < I82078_DRIVES; drive++)
		if (f->sought & 1u << drive) {
			f->sought &= (uint8_t) ~(1u << drive);
			sensed(f, ST0_SEEK_END, drive);
			return;
		}
	f->fifo[0] = ST0_INVALID;
	i82078_result(f, 1);
}

static void read_data(struct i82078 *f)
{
	i82078_transfer_begin(f, KIND_READ);
}

static void read_track(struct i82078 *f)
{
	i82078_transfer_begin(f, KIND_READ_TRACK);
}

static void verify(struct i82078 *f)
{
	i82078_transfer_begin(f, KIND_VERIFY);
}

static void write_data(struct i82078 *f)
{
	i82078_transfer_begin(f, KIND_WRITE);
}

static void scan_equal(struct i82078 *f)
{
	i82078_transfer_begin(f, KIND_SCAN_EQUAL);
}

static void scan_low(struct i82078 *f)
{
	i82078_transfer_begin(f, KIND_SCAN_LOW);
}

static void scan_high(struct i82078 *f)
{
	i82078_transfer_begin(f, KIND_SCAN_HIGH);
}

/* Images have no marks for deleted sectors. */
static void deleted_data(struct i82078 *f)
{
	i82078_transfer_refuse(f, ST0_ABNORMAL | ST0_SEEK_END);
}

static void read_id(struct i82078 *f)
{
	struct i82078_transfer *t = &f->t;

	*t = (struct i82078_transfer){.drive = f->fifo[1] & SELECT_DRIVE,
				      .h = (f->fifo[1] & SELECT_HEAD) != 0};
	f->phase = PHASE_BUSY;
	timer_set(&f->id_timer, clock_now(f->id_timer.clock) + ID_NS);
}

/* Each time another one comes along, so that interleaves can be seen. */
void i82078_read_id(void *ctx)
{
	struct i82078 *f = ctx;
	struct i82078_transfer *t = &f->t;
	struct i82078_drive *d = &f->drive[t->drive];

	if (f->phase != PHASE_BUSY)
		return;
	t->c = d->track;
	if (!d->format || d->format->rate != f->rate ||
	    t->h >= d->format->heads) {
		i82078_end(f, ST0_ABNORMAL, ST1_NO_ID, 0);
		return;
	}
	d->passing = (uint8_t)(d->passing % d->format->sectors + 1);
	t->r = d->passing;
	i82078_end(f, 0, 0, 0);
}

static void version(struct i82078 *f)
{
	f->fifo[0] = VERSION_ENHANCED;
	i82078_result(f, 1);
}

static void part_id(struct i82078 *f)
{
	f->fifo[0] = PART_ID;
	i82078_result(f, 1);
}

/* PERPENDICULAR MODE's byte with that of LOCK. */
static uint8_t lock_byte(const struct i82078 *f)
{
	return (uint8_t)(f->perpendicular | (f->lock ? DUMP_LOCK : 0));
}

static void put_tracks(const struct i82078 *f, uint8_t *out)
{
	unsigned i;

	for (i = 0; i < I82078_DRIVES; i++)
		out[i] = f->drive[i].track;
}

static void dump_registers(struct i82078 *f)
{
	const uint8_t rest[] = {f->specify[0], f->specify[1],
				f->last_eot,   lock_byte(f),
				f->config,     f->precompensation};

	put_tracks(f, f->fifo);
	memcpy(f->fifo + I82078_DRIVES, rest, sizeof(rest));
	i82078_result(f, I82078_DRIVES + sizeof(rest));
}

/* Where SAVE and RESTORE have what; the tracks are at 2. */
enum {
	SAVE_TRACKS = 2,
	SAVE_SPECIFY = 6,
	SAVE_EOT = 8,
	SAVE_LOCK,
	SAVE_CONFIG,
	SAVE_PRECOMPENSATION,
	SAVE_POWER,
	SAVE_LEN = 16
};

static void save(struct i82078 *f)
{
	memset(f->fifo, 0, sizeof(f->fifo));
	put_tracks(f, f->fifo + SAVE_TRACKS);
	memcpy(f->fifo + SAVE_SPECIFY, f->specify, sizeof(f->specify));
	f->fifo[SAVE_EOT] = f->last_eot;
	f->fifo[SAVE_LOCK] = lock_byte(f);
	f->fifo[SAVE_CONFIG] = f->config;
	f->fifo[SAVE_PRECOMPENSATION] = f->precompensation;
	f->fifo[SAVE_POWER] = f->power;
	i82078_result(f, SAVE_LEN);
}

static void restore(struct i82078 *f)
{
	const uint8_t *in = f->fifo + 1;
	unsigned i;

	for (i = 0; i < I82078_DRIVES; i++)
		i82078_step(f, i, in[SAVE_TRACKS + i]);
	memcpy(f->specify, in + SAVE_SPECIFY, sizeof(f->specify));
	f->last_eot = in[SAVE_EOT];
	f->lock = in[SAVE_LOCK] & DUMP_LOCK;
	f->perpendicular = in[SAVE_LOCK] & (uint8_t)~DUMP_LOCK;
	f->config = in[SAVE_CONFIG];
	f->precompensation = in[SAVE_PRECOMPENSATION];
	f->power = in[SAVE_POWER];
	i82078_command_end(f);
}

static void configure(struct i82078 *f)
{
	f->config = f->fifo[2];
	f->precompensation = f->fifo[3];
	i82078_command_end(f);
}

static void perpendicular_mode(struct i82078 *f)
{
	uint8_t v = f->fifo[1];
	uint8_t mask = PERPENDICULAR_LO;

	if (v & PERPENDICULAR_OW)
		mask |= PERPENDICULAR_HI;
	f->perpendicular = (uint8_t)((f->perpendicular & ~mask) | (v & mask));
	i82078_command_end(f);
}

static void set_lock(struct i82078 *f)
{
	f->lock = f->fifo[0] & CMD_LOCK;
	f->fifo[0] = (uint8_t)(f->lock << LOCK_RESULT);
	i82078_result(f, 1);
}

static void power_down_mode(struct i82078 *f)
{
	f->power = f->fifo[1];
	f->fifo[0] = f->power;
	i82078_result(f, 1);
}

/* What drives can do is known; the last byte says how this ends. */
static void drive_specification(struct i82078 *f)
{
	uint8_t last = f->fifo[f->pos - 1u];

	if (!(last & SPEC_DONE)) {
		f->fifo[0] = ST0_INVALID;
		i82078_result(f, 1);
	} else if (last & SPEC_NO_RESULT) {
		i82078_command_end(f);
	} else {
		memset(f->fifo, 0, I82078_DRIVES);
		i82078_result(f, I82078_DRIVES);
	}
}

static void invalid(struct i82078 *f)
{
	f->fifo[0] = ST0_INVALID;
	i82078_result(f, 1);
}

static const struct command commands[] = {
	{0x9f, 0x02, 8, read_track},
	{0xff, 0x03, 2, specify},
	{0xff, 0x04, 1, sense_drive},
	{0x3f, 0x05, 8, write_data},
	{0x1f, 0x06, 8, read_data},
	{0xff, 0x07, 1, recalibrate},
	{0xff, 0x08, 0, sense_interrupt},
	{0x3f, 0x09, 8, deleted_data}, /* write */
	{0xbf, 0x0a, 1, read_id},
	{0x1f, 0x0c, 8, deleted_data}, /* read */
	{0xbf, 0x0d, 5, i82078_format_begin},
	{0xff, 0x0e, 0, dump_registers},
	{0xff, 0x0f, 2, seek},
	{0xff, 0x10, 0, version},
	{0x1f, 0x11, 8, scan_equal},
	{0xff, 0x12, 1, perpendicular_mode},
	{0xff, 0x13, 3, configure},
	{0x7f, 0x14, 0, set_lock},
	{0x1f, 0x16, 8, verify},
	{0xff, 0x17, 1, power_down_mode},
	{0xff, 0x18, 0, part_id},
	{0x1f, 0x19, 8, scan_low},
	{0x1f, 0x1d, 8, scan_high},
	{0xff, 0x2e, 0, save},
	{0xff, 0x33, 1, i82078_command_end}, /* OPTION: ISO formats */
	{0xff, 0x4e, SAVE_LEN, restore},
	{0xff, 0x8e, VARIABLE, drive_specification},
	{0xbf, 0x8f, 2, relative_seek},
	{0, 0, 0, invalid},
};

static bool complete(const struct i82078 *f, const struct command *c)
{
	if (c->params != VARIABLE)
		return f->pos > c->params;
	return f->pos >= SPEC_MAX ||
	       (f->pos > 1 && (f->fifo[f->pos - 1u] & SPEC_DONE));
}

void i82078_take(struct i82078 *f)
{
	const struct command *c = commands;

	while ((f->fifo[0] & c->mask) != c->code)
		c++;
	if (complete(f, c))
		c->run(f);
}
