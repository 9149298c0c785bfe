/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a name that -cpu does not know may be a slip for.  Any thread. */
#ifndef VMM_CPU_SUGGEST_H
#define VMM_CPU_SUGGEST_H

#include <stddef.h>

/* NULL, or the name of a model, which is in buf. */
const char *cpu_model_suggest(const char *name, char *buf, size_t size);
/* NULL, or the name of a feature. */
const char *feature_suggest(const char *name);

#endif
