/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One value from text into its field; for vmm/opt.c only. */
#ifndef VMM_OPT_VALUE_H
#define VMM_OPT_VALUE_H

#include "vmm/opt.h"

/* The field is left alone when value is refused. */
int opt_value_set(const struct opt_desc *d, void *field, const char *value,
		  struct error *err);

#endif
