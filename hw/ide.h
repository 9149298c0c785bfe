/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IDE: a channel with its task file and two drives; piix3_ide.c has the
 * controller.  Machine lock.
 */
#ifndef HW_IDE_H
#define HW_IDE_H

#include "hw/ide_drive.h"

#define IDE_DRIVES 2

struct ide_channel {
	struct irq irq;
	struct ide_drive drive[IDE_DRIVES];
	unsigned selected;
	uint8_t control;
	bool irq_pending;
	/* The bus master, for the drives' transport to find. */
	void *ctx;
};

extern const struct bus_ops ide_command_ops, ide_control_ops, ide_data_ops;

/* ops: the bus master's part, and ide_channel_raise. */
void ide_channel_init(struct ide_channel *ch, const struct ide_transport *ops);
void ide_channel_raise(struct ide_drive *d);
void ide_channel_fini(struct ide_channel *ch);
void ide_channel_reset(struct ide_channel *ch);

#endif
