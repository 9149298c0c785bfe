/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A SCSI adapter on virtio and a driver for it, for device tests. */
#include "tests/device/scsi_guest.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SLOTS_AT 0x400000u
#define SLOT	 0x80000u /* request and data, response and data */
#define IN_AT	 0x40000u
#define PIECES	 4
#define TASK_AT	 0x3f0000u
#define HEAD	 19u
#define ANSWER	 108u

struct scsi_guest guest;

uint8_t guest_byte(uint64_t at)
{
	return (uint8_t)(at * 7 + at / 512);
}

static void make_image(char *path, size_t size)
{
	uint8_t *data = malloc(SCSI_IMAGE);
	unsigned i;
	int fd;

	for (i = 0; i < SCSI_IMAGE; i++)
		data[i] = guest_byte(i);
	snprintf(path, size, "/tmp/pcvm-scsi-XXXXXX");
	fd = mkstemp(path);
	ck_assert(write(fd, data, SCSI_IMAGE) == SCSI_IMAGE);
	close(fd);
	free(data);
}

static struct blk_front *open_front(bool medium, bool writable)
{
	struct error err = {0};
	struct blk_open how = {.format = "raw",
			       .flags =
				       writable ? BLK_O_RDWR | BLK_O_UNMAP : 0};
	struct blk_node *node = NULL;
	char id[16];

	snprintf(id, sizeof(id), "d%u", guest.npaths);
	if (medium) {
		make_image(guest.path[guest.npaths], sizeof(guest.path[0]));
		how.filename = guest.path[guest.npaths++];
		node = blk_open_alone(&how, &err);
		ck_assert_msg(node != NULL, "%s", err.msg);
	}
	return blk_front_new(&guest.fronts, id, node, false, &err);
}

void guest_set_up(const char *const *properties)
{
	memset(&guest, 0, sizeof(guest));
	harness_init(&guest.h, 0);
	guest.h.m.loop = loop_new(NULL, NULL);
	guest.h.m.state = RUN_STATE_RUNNING;
	blk_fronts_init(&guest.fronts);
	guest.h.m.fronts = &guest.fronts;
	pci_bus_init(&guest.bus, &guest.h.m, "pci.0");
	guest.hba = (struct virtio_scsi *)harness_new(&guest.h,
						      &virtio_scsi_pci_class);
	guest.hba->vp.pci.bus = &guest.bus;
	guest.hba->vp.pci.devfn = SCSI_DEVFN;
	guest.bus.pin[3] = harness_irq(&guest.h, 11);
	harness_set(&guest.hba->vp.pci.dev, properties);
	harness_start(&guest.hba->vp.pci.dev);
	guest.queue = VIRTIO_SCSI_REQUESTS;
}

struct scsi_unit *guest_add(const struct device_class *class, unsigned id,
			    unsigned lun, const char *const *properties,
			    bool medium)
{
	struct scsi_unit *u = (struct scsi_unit *)harness_new(&guest.h, class);

	u->bus = &guest.hba->bus;
	u->controller = &guest.hba->vp.pci;
	u->id = id;
	u->lun = lun;
	harness_set(&u->dev, properties);
	u->front = open_front(medium, class == &scsi_hd_class);
	harness_start(&u->dev);
	u->attention = SENSE_NONE;
	guest.id = id;
	guest.lun = lun;
	return u;
}

void guest_tear_down(void)
{
	while (!list_empty(&guest.h.m.devices))
		device_free(container_of(guest.h.m.devices.prev, struct device,
					 link));
	blk_fronts_fini(&guest.fronts);
	loop_free(guest.h.m.loop);
	machine_fini(&guest.h.m);
	while (guest.npaths)
		unlink(guest.path[--guest.npaths]);
}

void guest_begin(bool legacy, uint64_t features)
{
	driver_find(&guest.d, &guest.h, &guest.bus, SCSI_DEVFN, legacy);
	ck_assert(driver_agree(&guest.d, features));
	guest.control = guest.events = guest.d;
	driver_queue(&guest.control, VIRTIO_SCSI_CONTROL, 64);
	driver_queue(&guest.events, VIRTIO_SCSI_EVENTS, 64);
	driver_queue(&guest.d, guest.queue, 128);
	driver_ready(&guest.d);
}

static gpa_t slot_at(unsigned slot)
{
	return SLOTS_AT + (gpa_t)slot * SLOT;
}

static size_t head_size(void)
{
	return HEAD + guest.hba->cdb_size;
}

static size_t response_size(void)
{
	return 12 + guest.hba->sense_size;
}

gpa_t guest_out_at(unsigned slot)
{
	return slot_at(slot) + head_size();
}

gpa_t guest_in_at(unsigned slot)
{
	return slot_at(slot) + IN_AT + response_size();
}

/* A head and data behind it, cut between them or anywhere. */
static unsigned add_pieces(struct driver_piece *p, gpa_t at, size_t head,
			   size_t data, bool write)
{
	size_t left = head + data, n = head;
	unsigned i;

	for (i = 0; left; i++, at += n, left -= n, n = left) {
		if (guest.odd)
			n = 1 + (size_t)rand() % 120;
		if (n > left || i + 1 == PIECES)
			n = left;
		p[i] = (struct driver_piece){at, (uint32_t)n, write};
	}
	return i;
}

static void put_lun(uint8_t *p)
{
	memset(p, 0, 8);
	p[0] = 1;
	p[1] = (uint8_t)guest.id;
	p[2] = (uint8_t)(guest.lun > UINT8_MAX ? 0x40 | guest.lun >> 8 : 0);
	p[3] = (uint8_t)guest.lun;
}

uint16_t guest_post(unsigned slot, uint64_t tag, const uint8_t *cdb,
		    size_t out_len, size_t in)
{
	size_t cdb_size = guest.hba->cdb_size;
	struct driver_piece piece[2 * PIECES];
	uint8_t head[HEAD + 255] = {0};
	unsigned n;
	uint16_t id;

	put_lun(head);
	store_le64(head + 8, tag);
	memcpy(head + HEAD, cdb, cdb_size < 16 ? cdb_size : 16);
	ram_write(&guest.d, slot_at(slot), head, head_size());
	memset(head, 0xee, sizeof(head));
	ram_write(&guest.d, slot_at(slot) + IN_AT, head, response_size());
	n = add_pieces(piece, slot_at(slot), head_size(), out_len, false);
	n += add_pieces(piece + n, slot_at(slot) + IN_AT, response_size(), in,
			true);
	id = driver_add(&guest.d, guest.queue, piece, n, false);
	driver_kick(&guest.d, guest.queue);
	return id;
}

struct answer guest_answer(unsigned slot, size_t in)
{
	struct answer a = {0};
	uint8_t raw[ANSWER];

	ram_read(&guest.d, slot_at(slot) + IN_AT, raw, sizeof(raw));
	a.sense_len = load_le32(raw);
	a.resid = load_le32(raw + 4);
	a.status = raw[10];
	a.response = raw[11];
	if (a.sense_len)
		a.sense = (unsigned)raw[14] << 16 | load_be16(raw + 24);
	ram_read(&guest.d, guest_in_at(slot), guest.data, in);
	return a;
}

struct answer guest_command(const uint8_t *cdb, size_t len, const void *out,
			    size_t out_len, size_t in)
{
	static const uint8_t mark[SCSI_ROOM] = {[0 ... SCSI_ROOM - 1] = 0xaa};
	uint8_t full[16] = {0};
	struct answer a;
	uint32_t used;
	uint16_t id;

	memcpy(full, cdb, len);
	if (out)
		ram_write(&guest.d, guest_out_at(0), out, out_len);
	ram_write(&guest.d, guest_in_at(0), mark, in);
	guest_post(0, 1, full, out_len, in);
	ck_assert_msg(driver_used(&guest.d, guest.queue, &id, &used, SCSI_WAIT),
		      "no answer to %02x", cdb[0]);
	a = guest_answer(0, in);
	a.used = used;
	guest.last = a;
	return a;
}

static size_t parse(const char *text, uint8_t *bytes, size_t max)
{
	size_t n = 0;
	int used, val;

	for (; sscanf(text, " %2x%n", (unsigned *)&val, &used) == 1;
	     text += used) {
		ck_assert(n < max);
		bytes[n++] = (uint8_t)val;
	}
	return n;
}

struct answer guest_ask(const char *cdb, size_t in)
{
	uint8_t raw[16];
	size_t n = parse(cdb, raw, sizeof(raw));

	return guest_command(raw, n, NULL, 0, in);
}

struct answer guest_tell(const char *cdb, const void *out, size_t len)
{
	uint8_t raw[16];
	size_t n = parse(cdb, raw, sizeof(raw));

	return guest_command(raw, n, out, len, 0);
}

void guest_expect(const char *cdb, size_t in, unsigned sense)
{
	struct answer a = guest_ask(cdb, in);

	ck_assert_msg(a.response == VIRTIO_SCSI_S_OK, "%s: response %u", cdb,
		      a.response);
	ck_assert_msg(a.sense == sense, "%s: sense %06x, not %06x", cdb,
		      a.sense, sense);
	ck_assert_uint_eq(a.status, sense ? SCSI_CHECK_CONDITION : SCSI_GOOD);
}

void guest_expect_data(const char *cdb, size_t in, const char *bytes)
{
	uint8_t want[256];
	size_t i, n = parse(bytes, want, sizeof(want));

	guest_expect(cdb, in, 0);
	for (i = 0; i < n; i++)
		ck_assert_msg(guest.data[i] == want[i],
			      "%s: byte %zu is %02x, not %02x", cdb, i,
			      guest.data[i], want[i]);
	ck_assert_msg(guest.last.resid == in - n,
		      "%s: %u bytes are left, not "
		      "%zu",
		      cdb, guest.last.resid, in - n);
	for (; i < in && in - n == guest.last.resid; i++)
		ck_assert_uint_eq(guest.data[i], 0xaa);
}

void guest_post_task(uint32_t subtype, uint64_t tag)
{
	struct driver_piece piece[2] = {{TASK_AT, 24, false},
					{TASK_AT + 64, 1, true}};
	uint8_t raw[24] = {0};

	store_le32(raw + 4, subtype);
	put_lun(raw + 8);
	store_le64(raw + 16, tag);
	ram_write(&guest.d, TASK_AT, raw, sizeof(raw));
	driver_add(&guest.control, VIRTIO_SCSI_CONTROL, piece, 2, false);
	driver_kick(&guest.control, VIRTIO_SCSI_CONTROL);
}

bool guest_task_done(uint8_t *response, unsigned seconds)
{
	uint32_t used;
	uint16_t id;

	if (!driver_used(&guest.control, VIRTIO_SCSI_CONTROL, &id, &used,
			 seconds))
		return false;
	ck_assert_uint_eq(used, 1);
	ram_read(&guest.d, TASK_AT + 64, response, 1);
	return true;
}

uint8_t guest_task(uint32_t subtype, uint64_t tag)
{
	uint8_t response = 0xff;

	guest_post_task(subtype, tag);
	ck_assert(guest_task_done(&response, SCSI_WAIT));
	return response;
}
