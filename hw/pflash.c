/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NOR flash with the Intel/Sharp command set (JEDEC JEP137, 0001h) and the
 * Common Flash Interface (JESD68.01), a byte wide, in sectors of 4 KiB.
 *
 * While the array is read the guest reads memory; a command takes that away,
 * and reads come here.  Programming stores what is written, erased or not.
 * The image is written in the background, and what it does not have yet is
 * written when the machine stops or ends.
 */
#include "hw/pflash.h"

#include <errno.h>
#include <string.h>

#include "hw/disk.h"
#include "vmm/endian.h"

enum command {
	CMD_ARRAY_0 = 0x00,
	CMD_PROGRAM_0 = 0x10,
	CMD_ERASE = 0x20,
	CMD_PROGRAM = 0x40,
	CMD_CLEAR_STATUS = 0x50,
	CMD_LOCK = 0x60,
	CMD_STATUS = 0x70,
	CMD_ID = 0x90,
	CMD_QUERY = 0x98,
	CMD_CONFIRM = 0xd0,
	CMD_BUFFER = 0xe8,
	CMD_ARRAY = 0xff,
};

#define LOCK_SET       0x01

#define STATUS_READY   0x80u
#define STATUS_ERASE   0x20u /* failed */
#define STATUS_PROGRAM 0x10u /* failed */

#define QUERY_FIRST    0x10u
#define QUERY_MASK     0xffu

static void tell(struct pflash *f, const struct error *err)
{
	log_warn("%s: %s", f->front->id, err->msg);
}

static bool is_readonly(const struct pflash *f)
{
	return f->front->readonly;
}

/* The guest reads memory, or registers. */
static void show_array(struct pflash *f, bool on)
{
	gmem_move(&f->dev.machine->gmem, &f->map, f->base, on);
}

static void end_command(struct pflash *f, uint8_t next)
{
	f->command = next;
	f->cycle = 0;
	show_array(f, next == CMD_ARRAY);
}

static void save(struct pflash *f);

static void on_saved(struct blk_req *req, int rc)
{
	struct pflash *f = container_of(req, struct pflash, req);
	enum blk_action action;

	f->saving = false;
	if (rc < 0) {
		action = blk_error_action(f->front, BLK_WRITE, rc);
		blk_error_tell(f->dev.machine, f->front, BLK_WRITE, action, rc);
		f->status |= action == BLK_REPORT ? STATUS_PROGRAM : 0;
		if (action == BLK_STOP) {
			f->dirty_from = f->dirty_from < req->off
						? f->dirty_from
						: (uint32_t)req->off;
			f->dirty_to = (uint32_t)f->block->size;
			machine_request_stop(f->dev.machine,
					     RUN_STATE_IO_ERROR);
			return;
		}
	}
	save(f);
}

static void save(struct pflash *f)
{
	uint32_t from = f->dirty_from & ~(BLK_SECTOR - 1);
	uint32_t to = (f->dirty_to + BLK_SECTOR - 1) & ~(BLK_SECTOR - 1);

	if (f->saving || f->dirty_from >= f->dirty_to)
		return;
	f->dirty_from = UINT32_MAX;
	f->dirty_to = 0;
	f->saving = true;
	f->iov = (struct iovec){f->block->host + from, to - from};
	f->req = (struct blk_req){.op = BLK_WRITE,
				  .off = from,
				  .iov = &f->iov,
				  .niov = 1,
				  .loop = f->dev.machine->loop,
				  .done = on_saved};
	blk_submit(f->front, &f->req);
}

/* Until the image has it; what is in flight may have been changed since. */
static void save_now(struct pflash *f)
{
	struct error err = {0};
	int rc;

	if (!f->saving && f->dirty_from >= f->dirty_to)
		return;
	rc = blk_front_write(f->front, 0, f->block->host, f->block->size);
	if (rc < 0) {
		error_errno(&err, -rc,
			    "cannot write what the guest programmed");
		tell(f, &err);
		return;
	}
	f->dirty_from = UINT32_MAX;
	f->dirty_to = 0;
}

static void store(struct pflash *f, uint32_t off, const void *data,
		  uint32_t len)
{
	if (data)
		memcpy(f->block->host + off, data, len);
	else
		memset(f->block->host + off, 0xff, len);
	if (off < f->dirty_from)
		f->dirty_from = off;
	if (off + len > f->dirty_to)
		f->dirty_to = off + len;
	save(f);
}

static void program(struct pflash *f, uint32_t off, uint64_t val, unsigned size)
{
	uint8_t data[8];

	store_le64(data, val);
	f->status |= STATUS_READY;
	if (is_readonly(f))
		f->status |= STATUS_PROGRAM;
	else
		store(f, off, data, size);
}

static void erase(struct pflash *f, uint32_t off)
{
	f->status |= STATUS_READY;
	if (is_readonly(f))
		f->status |= STATUS_ERASE;
	else
		store(f, off & ~(PFLASH_SECTOR - 1), NULL, PFLASH_SECTOR);
}

static void bad_sequence(struct pflash *f)
{
	log_guest(&f->dev.log, "a flash command ends in another");
	f->status |= STATUS_READY | STATUS_PROGRAM | STATUS_ERASE;
	end_command(f, CMD_STATUS);
}

static void first_cycle(struct pflash *f, uint8_t cmd)
{
	switch (cmd) {
	case CMD_PROGRAM_0:
	case CMD_PROGRAM:
	case CMD_ERASE:
	case CMD_LOCK:
	case CMD_BUFFER:
		if (cmd == CMD_BUFFER)
			f->status |= STATUS_READY;
		f->command = cmd;
		f->cycle = 1;
		show_array(f, false);
		break;
	case CMD_STATUS:
	case CMD_ID:
	case CMD_QUERY:
		end_command(f, cmd);
		break;
	case CMD_CLEAR_STATUS:
		f->status = 0;
		end_command(f, CMD_ARRAY);
		break;
	default:
		end_command(f, CMD_ARRAY);
		break;
	}
}

static void second_cycle(struct pflash *f, uint32_t off, uint64_t val,
			 unsigned size)
{
	switch (f->command) {
	case CMD_PROGRAM_0:
	case CMD_PROGRAM:
		program(f, off, val, size);
		f->cycle = 0;
		break;
	case CMD_ERASE:
		if ((uint8_t)val != CMD_CONFIRM) {
			bad_sequence(f);
			break;
		}
		erase(f, off);
		f->cycle = 0;
		break;
	case CMD_LOCK: /* nothing is locked that way */
		f->status |= STATUS_READY;
		if ((uint8_t)val == CMD_CONFIRM || (uint8_t)val == LOCK_SET)
			f->cycle = 0;
		else
			end_command(f, CMD_ARRAY);
		break;
	case CMD_BUFFER:
		f->count = ((uint32_t)val & (PFLASH_BUFFER - 1)) + 1;
		f->first = f->end = 0;
		f->cycle = 2;
		break;
	}
}

/* The bytes are to be in one aligned piece as large as the buffer. */
static void fill_buffer(struct pflash *f, uint32_t off, uint64_t val,
			unsigned size)
{
	uint32_t piece = off & ~(PFLASH_BUFFER - 1);
	uint8_t data[8];

	if (f->first == f->end) {
		f->first = f->end = off;
		memcpy(f->buffer, f->block->host + piece, PFLASH_BUFFER);
	}
	if (piece != (f->first & ~(PFLASH_BUFFER - 1)) ||
	    off + size > piece + PFLASH_BUFFER || size > f->count) {
		bad_sequence(f);
		return;
	}
	store_le64(data, val);
	memcpy(f->buffer + (off - piece), data, size);
	f->first = off < f->first ? off : f->first;
	f->end = off + size > f->end ? off + size : f->end;
	f->count -= size;
	if (!f->count)
		f->cycle = 3;
}

static void program_buffer(struct pflash *f, uint8_t cmd)
{
	if (cmd != CMD_CONFIRM) {
		bad_sequence(f);
		return;
	}
	f->status |= STATUS_READY;
	if (is_readonly(f))
		f->status |= STATUS_PROGRAM;
	else
		store(f, f->first, f->buffer + (f->first & (PFLASH_BUFFER - 1)),
		      f->end - f->first);
	end_command(f, CMD_STATUS);
}

static void flash_write(void *dev, uint64_t off, uint64_t val, unsigned size)
{
	struct pflash *f = dev;

	if (f->cycle == 0)
		first_cycle(f, (uint8_t)val);
	else if (f->cycle == 1)
		second_cycle(f, (uint32_t)off, val, size);
	else if (f->cycle == 2)
		fill_buffer(f, (uint32_t)off, val, size);
	else
		program_buffer(f, (uint8_t)val);
}

static unsigned log2_of(uint64_t n)
{
	unsigned k = 0;

	while (n >>= 1)
		k++;
	return k;
}

/* JESD68.01, 4.3: from 10h on. */
static uint8_t query(const struct pflash *f, unsigned at)
{
	uint32_t sectors = (uint32_t)(f->block->size / PFLASH_SECTOR) - 1;
	const uint8_t answer[] = {
		'Q',
		'R',
		'Y', /* the query string */
		0x01,
		0x00,
		0x31,
		0x00, /* command set; its table */
		0x00,
		0x00,
		0x00,
		0x00, /* no other command set */
		0x45,
		0x55,
		0x00,
		0x00, /* volts: 4.5 to 5.5, no Vpp */
		0x07,
		0x07,
		0x0a,
		0x00, /* times, typical: byte, buffer, ... */
		0x04,
		0x04,
		0x04,
		0x00, /* ... sector; and at most */
		(uint8_t)log2_of(f->block->size), /* its size */
		0x02,
		0x00, /* 8 or 16 bits wide */
		(uint8_t)log2_of(PFLASH_BUFFER),
		0x00, /* buffered program */
		0x01, /* one region of sectors of one size: how many, ... */
		(uint8_t)sectors,
		(uint8_t)(sectors >> 8),
		(uint8_t)(PFLASH_SECTOR >> 8), /* ... and 256 bytes of each */
		(uint8_t)(PFLASH_SECTOR >> 16),
		'P',
		'R',
		'I',
		'1',
		'0', /* the table of the command set */
	};

	if (at < QUERY_FIRST || at - QUERY_FIRST >= sizeof(answer))
		return 0;
	return answer[at - QUERY_FIRST];
}

static uint64_t flash_read(void *dev, uint64_t off, unsigned size)
{
	struct pflash *f = dev;
	uint8_t data[8] = {0};

	switch (f->cycle ? CMD_STATUS : f->command) {
	case CMD_ARRAY:
		memcpy(data, f->block->host + off, size);
		return load_le64(data);
	case CMD_ID:
		return 0; /* a maker that does not tell */
	case CMD_QUERY:
		return query(f, (unsigned)off & QUERY_MASK);
	default:
		return f->status;
	}
}

static const struct bus_ops ops = {
	.read = flash_read,
	.write = flash_write,
	.max = 8,
};

static int check(const struct pflash *f, struct error *err)
{
	uint64_t size = blk_size(f->front);

	if (size && size % PFLASH_SECTOR == 0)
		return 0;
	return error_set(err, EINVAL,
			 "the size of a flash image must be a multiple of 4 "
			 "KiB; this one has %llu bytes",
			 (unsigned long long)size);
}

static int load(struct pflash *f, struct error *err)
{
	struct gmem *gmem = &f->dev.machine->gmem;
	uint64_t size = blk_size(f->front);
	char name[sizeof(f->block->name)];
	int rc;

	snprintf(name, sizeof(name), "%.31s", f->front->id);
	f->block = gmem_block_new(gmem, name, size, err);
	if (!f->block)
		return -ENOMEM;
	rc = blk_front_read(f->front, 0, f->block->host, size);
	if (rc < 0)
		return error_errno(err, -rc, "cannot read the image");
	rc = gmem_map(gmem, &f->map, f->base, f->block, 0, size, GMEM_ROM, 0,
		      err);
	return rc < 0 ? rc
		      : bus_map(&f->dev.machine->mem, &f->region, "flash",
				f->base, size, 0, &ops, f, err);
}

static void fini(struct device *dev)
{
	struct pflash *f = (struct pflash *)dev;
	struct gmem *gmem = &dev->machine->gmem;

	if (f->region.bus)
		bus_unmap(&f->region);
	if (f->map.link.next)
		gmem_unmap(gmem, &f->map);
	if (f->block)
		gmem_block_free(gmem, f->block);
	list_del(&f->notifier.link);
}

static void on_event(void *ctx, enum machine_event event)
{
	struct pflash *f = ctx;

	if (event == EVENT_STOP)
		save_now(f);
	else if (event == EVENT_RESUME)
		save(f);
}

static int init(struct device *dev, struct error *err)
{
	struct pflash *f = (struct pflash *)dev;
	int rc = check(f, err);

	if (rc == 0)
		rc = disk_claim(f->front, dev->path, !f->front->readonly, false,
				err);
	if (rc < 0)
		return rc;
	machine_add_notifier(dev->machine, &f->notifier, on_event, f);
	f->dirty_from = UINT32_MAX;
	f->command = CMD_ARRAY;
	f->status = STATUS_READY;
	rc = load(f, err);
	if (rc < 0)
		fini(dev);
	return rc;
}

static void reset(struct device *dev)
{
	struct pflash *f = (struct pflash *)dev;

	end_command(f, CMD_ARRAY);
	f->status = STATUS_READY;
}

static void quiesce(struct device *dev)
{
	struct pflash *f = (struct pflash *)dev;

	save_now(f);
	blk_drain(f->front);
	if (f->saving)
		loop_unpost(dev->machine->loop, &f->req.task);
	f->saving = false;
}

static const struct state_field fields[] = {
	{STATE_ELEM(STATE_U8, struct pflash, command)},
	{STATE_ELEM(STATE_U8, struct pflash, cycle)},
	{STATE_ELEM(STATE_U8, struct pflash, status)},
	{STATE_ELEM(STATE_U32, struct pflash, count)},
	{STATE_ELEM(STATE_U32, struct pflash, first)},
	{STATE_ELEM(STATE_U32, struct pflash, end)},
	{STATE_ARR(STATE_U8, struct pflash, buffer)},
	{.kind = STATE_END},
};

static void restored(void *dev)
{
	struct pflash *f = dev;

	if (f->count > PFLASH_BUFFER || f->first > f->end ||
	    f->end > f->block->size || f->end - f->first > PFLASH_BUFFER)
		end_command(f, CMD_ARRAY);
	show_array(f, !f->cycle && f->command == CMD_ARRAY);
}

static const struct state_desc state = {.name = "pflash",
					.version = 1,
					.fields = fields,
					.restored = restored};

const struct device_class pflash_class = {
	.name = "cfi.pflash01",
	.desc = "Flash memory with the firmware",
	.bus = DEVICE_SYSTEM,
	.size = sizeof(struct pflash),
	.state = &state,
	.init = init,
	.reset = reset,
	.quiesce = quiesce,
	.fini = fini,
};
