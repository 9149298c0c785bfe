/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a monitor says about itself (VESA E-EDID 1.4, with extensions of
 * CEA-861-F and DisplayID 1.3).
 */
#ifndef HW_EDID_H
#define HW_EDID_H

#include <stdint.h>

#define EDID_BLOCK	 128u
#define EDID_SIZE	 (3 * EDID_BLOCK)
#define EDID_WIDTH_MAX	 16000u
#define EDID_HEIGHT_MAX	 12000u
#define EDID_REFRESH_MAX 1000000u

/* Zero stands for what is usual. */
struct edid_monitor {
	uint32_t width, height; /* that it likes best */
	uint32_t width_max, height_max; /* of the others */
	uint32_t refresh_mhz; /* thousandths of a hertz */
};

void edid_make(uint8_t edid[EDID_SIZE], const struct edid_monitor *monitor);

#endif
