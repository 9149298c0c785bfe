/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The drives of the command line, and where a PC has them. */
#ifndef HW_PC_DRIVES_H
#define HW_PC_DRIVES_H

#include "hw/piix3_ide.h"

/* Opens the images of all drives and attaches those with if=ide. */
int pc_drives_attach(struct piix3_ide *ide, struct machine *m,
		     struct error *err);
/* Starts the disks with if=virtio, after what -device names. */
int pc_drives_start_virtio(struct machine *m, struct error *err);
/* Plugs an ide-hd or ide-cd in, its properties set. */
int pc_drives_plug(struct piix3_ide *ide, struct device *dev,
		   struct error *err);
/* Ends all front ends; their devices are gone. */
void pc_drives_close(struct machine *m);

#endif
