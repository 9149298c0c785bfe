/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A SCSI adapter on virtio with units over real files, and a guest's driver
 * for it, for device tests.
 */
#ifndef TESTS_DEVICE_SCSI_GUEST_H
#define TESTS_DEVICE_SCSI_GUEST_H

#include "hw/virtio_scsi.h"
#include "tests/device/virtio_driver.h"
#include "vmm/endian.h"

#define SCSI_IMAGE (2u << 20) /* bytes of each image */
#define SCSI_DEVFN PCI_DEVFN(3, 0)
#define SCSI_ROOM  0x20000u /* of data, at most */
#define SCSI_WAIT  20 /* seconds */

struct answer {
	uint8_t response, status;
	uint32_t resid, used, sense_len;
	unsigned sense; /* key << 16 | asc << 8 | ascq */
};

struct scsi_guest {
	struct harness h;
	struct pci_bus bus;
	struct blk_fronts fronts;
	struct virtio_scsi *hba;
	struct driver d, control, events; /* of a queue each */
	unsigned queue; /* that requests go to */
	unsigned id, lun; /* whom they are for */
	bool odd; /* cut requests into pieces anywhere */
	char path[4][40];
	unsigned npaths;
	uint8_t data[SCSI_ROOM]; /* of the last answer */
	struct answer last;
};

extern struct scsi_guest guest;

/* Content of the images at a byte. */
uint8_t guest_byte(uint64_t at);
/* Pairs of property and value up to NULL, or NULL. */
void guest_set_up(const char *const *properties);
void guest_tear_down(void);
/* A unit over a new image, or over none; it has told of its reset. */
struct scsi_unit *guest_add(const struct device_class *class, unsigned id,
			    unsigned lun, const char *const *properties,
			    bool medium);
/* The driver, with all that it knows, or not. */
void guest_begin(bool legacy, uint64_t features);

/* Room for in bytes of data; gives out's out_len bytes. */
struct answer guest_command(const uint8_t *cdb, size_t len, const void *out,
			    size_t out_len, size_t in);
/* The CDB as text, "12 00 00": in bytes come back into guest.data. */
struct answer guest_ask(const char *cdb, size_t in);
struct answer guest_tell(const char *cdb, const void *out, size_t len);
/* The same, and the sense is as it says; 0 for none. */
void guest_expect(const char *cdb, size_t in, unsigned sense);
/* The first bytes of what came back are as the text says. */
void guest_expect_data(const char *cdb, size_t in, const char *bytes);
/* Starts one in slot n of memory, without waiting; its buffer. */
uint16_t guest_post(unsigned slot, uint64_t tag, const uint8_t *cdb,
		    size_t out_len, size_t in);
/* What became of it. */
struct answer guest_answer(unsigned slot, size_t in);
/* Where its data from and to the guest are. */
gpa_t guest_out_at(unsigned slot);
gpa_t guest_in_at(unsigned slot);
/* Task management; the buffer, and what became of it. */
void guest_post_task(uint32_t subtype, uint64_t tag);
bool guest_task_done(uint8_t *response, unsigned seconds);
uint8_t guest_task(uint32_t subtype, uint64_t tag);

#endif
