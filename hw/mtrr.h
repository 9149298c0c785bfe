/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory types of a processor, as firmware leaves them. */
#ifndef HW_MTRR_H
#define HW_MTRR_H

#include <stdint.h>

struct vcpu;

/* PCI's memory begins at hole, a power of two below 4 GiB or 3 GiB. */
void mtrr_set(struct vcpu *vcpu, uint64_t hole, unsigned phys_bits);

#endif
