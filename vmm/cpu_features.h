/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CPUID feature bits and the names that -cpu knows them by.
 * Intel SDM volume 2, CPUID; AMD APM volume 3, appendix E; Linux,
 * Documentation/virt/kvm/x86/cpuid.rst.
 */
#ifndef VMM_CPU_FEATURES_H
#define VMM_CPU_FEATURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cpuid_reg { CPUID_EAX, CPUID_EBX, CPUID_ECX, CPUID_EDX };

/* A register of a leaf whose bits are features. */
enum feature_word {
	FEATURE_1_EDX,
	FEATURE_1_ECX,
	FEATURE_7_0_EBX,
	FEATURE_7_0_ECX,
	FEATURE_7_0_EDX,
	FEATURE_7_1_EAX,
	FEATURE_D_1_EAX,
	FEATURE_6_EAX,
	FEATURE_14_0_ECX,
	FEATURE_8001_EDX,
	FEATURE_8001_ECX,
	FEATURE_8007_EDX,
	FEATURE_8008_EBX,
	FEATURE_800A_EDX,
	FEATURE_KVM_EAX,
	FEATURE_KVM_EDX,
	FEATURE_C001_EDX,
	FEATURE_WORDS
};

struct feature_word_info {
	uint32_t function, index;
	bool indexed;
	enum cpuid_reg reg;
	const char *const *names; /* of the bits 0 to 31, NULL: nameless */
};

extern const struct feature_word_info feature_words[FEATURE_WORDS];

/*
 * Finds a feature by name; "_" stands for "-" and older names are known.
 * Returns false when there is none.
 */
bool feature_find(const char *name, enum feature_word *word, unsigned *bit);

/*
 * Names that qemu 7.2 takes and that stand for nothing a guest of ours could
 * be given: features that live in MSRs or in nested VMX, SGX.
 */
bool feature_is_foreign(const char *name);

/* Calls fn with each feature name in alphabetical order. */
void feature_for_each(void (*fn)(void *ctx, const char *name), void *ctx);

#endif
