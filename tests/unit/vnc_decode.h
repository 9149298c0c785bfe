/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rectangles of pixels as the test's viewer gets them. */
#ifndef TESTS_UNIT_VNC_DECODE_H
#define TESTS_UNIT_VNC_DECODE_H

#include "tests/unit/vnc_viewer.h"

struct decode_rect {
	unsigned x, y, w, h;
	int32_t encoding;
};

void decode(struct viewer *v, const struct decode_rect *r);

#endif
