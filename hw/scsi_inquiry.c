/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What SCSI units are: INQUIRY and vital product data; SPC-4, 6.4 and 7.8. */
#include <string.h>

#include "hw/scsi.h"
#include "vmm/endian.h"

#define EVPD		1
#define STANDARD	36u
#define PAGE_HEADER	4u
#define PAGE_MAX	256u
#define REMOVABLE	0x80
#define FORMAT		0x12 /* LUNs are numbered by levels; format 2 */
#define QUEUES		0x12 /* commands are queued */
#define DISK_ONLY	1
#define UNMAP_MAX	255u /* descriptors in a list */
#define GRANULARITY	4096u /* bytes that are given back at least */
#define LIMITS_LENGTH	0x3c
#define ZEROS_BY_LENGTH 0x01 /* no WRITE SAME of no blocks */
/* SBC-3, 6.6.4: UNMAP and both WRITE SAME give back; thin. */
#define CAN_GIVE_BACK 0xe0
#define THIN	      2
/* 7.8.6: designation descriptors. */
#define SET_BINARY    1
#define SET_ASCII     2
#define BY_VENDOR     0
#define NAA	      3
#define RELATIVE_PORT 4
#define OF_PORT	      0x90
#define SAS	      0x60

static void pad(uint8_t *dst, size_t len, const char *text)
{
	size_t n = strlen(text);

	memset(dst, ' ', len);
	memcpy(dst, text, n < len ? n : len);
}

static const char *product(const struct scsi_unit *u)
{
	if (u->product)
		return u->product;
	return u->type == SCSI_CDROM ? "QEMU CD-ROM" : "QEMU HARDDISK";
}

static void standard(struct scsi_request *r)
{
	const struct scsi_unit *u = r->unit;
	uint8_t buf[STANDARD] = {
		[0] = (uint8_t)u->type,
		[1] = u->removable || u->type == SCSI_CDROM ? REMOVABLE : 0,
		[2] = (uint8_t)u->level,
		[3] = FORMAT,
		[4] = STANDARD - 5,
		[7] = QUEUES,
	};

	pad(buf + 8, 8, u->vendor ? u->vendor : "QEMU");
	pad(buf + 16, 16, product(u));
	pad(buf + 32, 4, u->version ? u->version : "2.5+");
	scsi_reply(r, buf, sizeof(buf));
}

static size_t serial_page(const struct scsi_unit *u, uint8_t *p)
{
	size_t n = strnlen(u->disk.serial, 36);

	memcpy(p, u->disk.serial, n);
	return n;
}

static size_t put_designator(uint8_t *p, uint8_t set, uint8_t kind,
			     const void *data, size_t len)
{
	p[0] = set;
	p[1] = kind;
	p[3] = (uint8_t)len;
	memcpy(p + PAGE_HEADER, data, len);
	return PAGE_HEADER + len;
}

static const char *name_of(const struct scsi_unit *u)
{
	if (u->device_id)
		return u->device_id;
	return u->disk.serial ? u->disk.serial : u->front->id;
}

static size_t identification_page(const struct scsi_unit *u, uint8_t *p)
{
	const char *name = name_of(u);
	uint8_t raw[8];
	size_t len = 0;

	if (*name)
		len += put_designator(p, SET_ASCII, BY_VENDOR, name,
				      strnlen(name, 20));
	if (u->wwn) {
		store_be64(raw, u->wwn);
		len += put_designator(p + len, SET_BINARY, NAA, raw, 8);
	}
	if (u->port_wwn) {
		store_be64(raw, u->port_wwn);
		len += put_designator(p + len, SAS | SET_BINARY, OF_PORT | NAA,
				      raw, 8);
	}
	if (u->port_index) {
		store_be32(raw, u->port_index);
		len += put_designator(p + len, SAS | SET_BINARY,
				      OF_PORT | RELATIVE_PORT, raw, 4);
	}
	return len;
}

/* SBC-3, 6.6.3. */
static size_t limits_page(const struct scsi_unit *u, uint8_t *p)
{
	uint32_t most = (uint32_t)(u->max_io_size / u->block_size);

	p[0] = ZEROS_BY_LENGTH;
	store_be16(p + 2, (uint16_t)(u->min_io_size / u->block_size));
	store_be32(p + 4, most);
	store_be32(p + 8, (uint32_t)(u->opt_io_size / u->block_size));
	store_be32(p + 16, (uint32_t)(u->max_unmap_size / u->block_size));
	store_be32(p + 20, UNMAP_MAX);
	store_be32(p + 24, (uint32_t)(u->block_size < GRANULARITY
					      ? GRANULARITY / u->block_size
					      : 1));
	store_be64(p + 32, most);
	return LIMITS_LENGTH;
}

/* 6.6.2. */
static size_t characteristics_page(const struct scsi_unit *u, uint8_t *p)
{
	store_be16(p, u->rotation_rate);
	return LIMITS_LENGTH;
}

static size_t provisioning_page(const struct scsi_unit *u, uint8_t *p)
{
	p[1] = CAN_GIVE_BACK;
	p[2] = THIN;
	return 4;
}

static size_t list_page(const struct scsi_unit *u, uint8_t *p);

static const struct page {
	uint8_t code, flags;
	size_t (*fill)(const struct scsi_unit *u, uint8_t *p);
} pages[] = {
	{0x00, 0, list_page},
	{0x80, 0, serial_page},
	{0x83, 0, identification_page},
	{0xb0, DISK_ONLY, limits_page},
	{0xb1, DISK_ONLY, characteristics_page},
	{0xb2, DISK_ONLY, provisioning_page},
};

#define PAGES (sizeof(pages) / sizeof(*pages))

static bool has_page(const struct scsi_unit *u, const struct page *page)
{
	if (page->flags & DISK_ONLY && u->type != SCSI_DISK)
		return false;
	return page->fill != serial_page || u->disk.serial;
}

static size_t list_page(const struct scsi_unit *u, uint8_t *p)
{
	size_t i, n = 0;

	for (i = 0; i < PAGES; i++)
		if (has_page(u, &pages[i]))
			p[n++] = pages[i].code;
	return n;
}

static void vital_data(struct scsi_request *r)
{
	uint8_t buf[PAGE_MAX] = {(uint8_t)r->unit->type, r->cdb[2]};
	size_t i, len;

	for (i = 0; i < PAGES; i++)
		if (pages[i].code == r->cdb[2] && has_page(r->unit, &pages[i]))
			break;
	if (i == PAGES) {
		scsi_fail(r, SENSE_BAD_FIELD);
		return;
	}
	len = pages[i].fill(r->unit, buf + PAGE_HEADER);
	store_be16(buf + 2, (uint16_t)len);
	scsi_reply(r, buf, PAGE_HEADER + len);
}

void scsi_inquiry(struct scsi_request *r)
{
	if (r->cdb[1] & EVPD)
		vital_data(r);
	else if (r->cdb[2])
		scsi_fail(r, SENSE_BAD_FIELD);
	else
		standard(r);
}
