/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ISA bridge of a PIIX3: which ISA interrupt a PCI pin becomes. */
#ifndef HW_PIIX3_H
#define HW_PIIX3_H

#include "hw/pci.h"

#define PIIX3_PINS     4
#define PIIX3_ISA_IRQS 16

/*
 * Which of PIRQA to PIRQD (0 to 3) pin n of the bus is: the board turns them
 * by one, so that INTA of slot 1 is PIRQA.
 */
#define PIIX3_PIRQ(n) (((n) + PIIX3_PINS - 1) % PIIX3_PINS)

/* dev.irq[0 to 15] are its outputs, one for each ISA interrupt. */
struct piix3 {
	struct pci_device pci;
	bool level[PIIX3_PINS];
	uint8_t reset_control;
};

extern const struct device_class piix3_class;

/* The end of the wire for PIRQ n (0 for PIRQA). */
struct irq piix3_pin(struct piix3 *piix3, unsigned n);

#endif
