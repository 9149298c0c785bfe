/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bitmap: there are none. */
#include "block/img/img.h"

const struct img_command img_bitmap = {
	.name = "bitmap",
	.refused = "dirty bitmaps are not supported by pcvm; images that have "
		   "some can be used, and lose them with the first write",
};
