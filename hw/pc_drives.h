/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The drives of the command line, and where a PC has them. */
#ifndef HW_PC_DRIVES_H
#define HW_PC_DRIVES_H

#include "block/block.h"
#include "hw/i82078.h"
#include "hw/ide_unit.h"
#include "hw/piix3_ide.h"
#include "vmm/config.h"

/* While drives are given their places. */
struct pc_drives {
	struct machine *m;
	struct piix3_ide *ide;
	struct i82078 *fdc;
	unsigned nfree; /* drives with if=none */
	bool virtio[DRIVE_INDEX_MAX + 1]; /* numbers that are taken */
};

/* What drives name: groups, threads and nodes. */
int pc_drives_prepare(struct machine *m, struct error *err);
/* Opens the images of all drives and gives them their places. */
int pc_drives_attach(struct piix3_ide *ide, struct i82078 *fdc,
		     struct machine *m, struct error *err);
/*
 * Opens the image of d, or none, as a front end of the machine: with the id
 * that d gives, or name.  NULL: an error.
 */
struct blk_front *pc_drives_open(struct machine *m, const struct drive_conf *d,
				 const char *name, bool removable,
				 struct error *err);
/* For each interface: gives d its place. */
int pc_drives_add_ide(struct pc_drives *p, const struct drive_conf *d,
		      struct error *err);
int pc_drives_add_floppy(struct pc_drives *p, const struct drive_conf *d,
			 struct error *err);
int pc_drives_add_virtio(struct pc_drives *p, const struct drive_conf *d,
			 struct error *err);
/*
 * The place of u on an AHCI controller: 1, 0 if it asks for none there, or an
 * error.
 */
int pc_drives_place_ahci(struct machine *m, struct ide_unit *u,
			 struct error *err);
/* The drives that a PC has without being told. */
int pc_drives_add_default(struct pc_drives *p, struct error *err);
int pc_drives_add_default_floppy(struct pc_drives *p, struct error *err);
/* Starts the disks with if=virtio, after what -device names. */
int pc_drives_start_virtio(struct machine *m, struct error *err);
/* Plugs an ide-hd or ide-cd in, its properties set. */
int pc_drives_plug(struct piix3_ide *ide, struct device *dev,
		   struct error *err);
/* The same with a scsi-hd or scsi-cd. */
int pc_drives_plug_scsi(struct device *dev, struct error *err);

#endif
