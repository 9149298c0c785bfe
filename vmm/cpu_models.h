/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The named CPU models of -cpu, as one table. */
#ifndef VMM_CPU_MODELS_H
#define VMM_CPU_MODELS_H

#include <stddef.h>
#include <stdint.h>

/* A member that is not set is that of base. */
struct cpu_model {
	const char *name;
	const char *base; /* the version before, or NULL */
	uint16_t family, model, stepping;
	uint32_t level, xlevel, xlevel2; /* highest leaves */
	const char *model_id; /* brand string, at most 48 letters */
	const char *note; /* what this version changes, for -cpu help */
	const char *features; /* names, beyond those of base */
	const char *without; /* those of base that are gone */
};

extern const struct cpu_model cpu_models[]; /* by name, ends with NULL */

struct cpu_alias {
	const char *name, *model;
};

/* Names that stand for a version other than the first; ends with NULL. */
extern const struct cpu_alias cpu_aliases[];

/*
 * Finds a model by name, alias ("Haswell-IBRS") or name without version
 * ("Haswell", the first version); NULL if there is none.
 */
const struct cpu_model *cpu_model_find(const char *name);

/* The value of a member, looked up through base. */
#define CPU_MODEL_GET(m, member) \
	({ \
		const struct cpu_model *at_ = (m); \
		while (!at_->member && at_->base) \
			at_ = cpu_model_find(at_->base); \
		at_->member; \
	})

#endif
