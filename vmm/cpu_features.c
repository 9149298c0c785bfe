/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CPUID feature bits and the names that -cpu knows them by. */
#include "vmm/cpu_features.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BITS	      32
#define NAME_MAX_SIZE 48

static const char *const names_1_edx[BITS] = {
	[0] = "fpu",	[1] = "vme",  [2] = "de",	[3] = "pse",
	[4] = "tsc",	[5] = "msr",  [6] = "pae",	[7] = "mce",
	[8] = "cx8",	[9] = "apic", [11] = "sep",	[12] = "mtrr",
	[13] = "pge",	[14] = "mca", [15] = "cmov",	[16] = "pat",
	[17] = "pse36", [18] = "pn",  [19] = "clflush", [21] = "ds",
	[22] = "acpi",	[23] = "mmx", [24] = "fxsr",	[25] = "sse",
	[26] = "sse2",	[27] = "ss",  [28] = "ht",	[29] = "tm",
	[30] = "ia64",	[31] = "pbe",
};

static const char *const names_1_ecx[BITS] = {
	[0] = "pni",	 [1] = "pclmulqdq",	[2] = "dtes64",
	[3] = "monitor", [4] = "ds-cpl",	[5] = "vmx",
	[6] = "smx",	 [7] = "est",		[8] = "tm2",
	[9] = "ssse3",	 [10] = "cid",		[12] = "fma",
	[13] = "cx16",	 [14] = "xtpr",		[15] = "pdcm",
	[17] = "pcid",	 [18] = "dca",		[19] = "sse4.1",
	[20] = "sse4.2", [21] = "x2apic",	[22] = "movbe",
	[23] = "popcnt", [24] = "tsc-deadline", [25] = "aes",
	[26] = "xsave",	 [28] = "avx",		[29] = "f16c",
	[30] = "rdrand", [31] = "hypervisor",
};

static const char *const names_7_0_ebx[BITS] = {
	[0] = "fsgsbase",  [1] = "tsc-adjust",	[2] = "sgx",
	[3] = "bmi1",	   [4] = "hle",		[5] = "avx2",
	[7] = "smep",	   [8] = "bmi2",	[9] = "erms",
	[10] = "invpcid",  [11] = "rtm",	[14] = "mpx",
	[16] = "avx512f",  [17] = "avx512dq",	[18] = "rdseed",
	[19] = "adx",	   [20] = "smap",	[21] = "avx512ifma",
	[22] = "pcommit",  [23] = "clflushopt", [24] = "clwb",
	[25] = "intel-pt", [26] = "avx512pf",	[27] = "avx512er",
	[28] = "avx512cd", [29] = "sha-ni",	[30] = "avx512bw",
	[31] = "avx512vl",
};

static const char *const names_7_0_ecx[BITS] = {
	[1] = "avx512vbmi",
	[2] = "umip",
	[3] = "pku",
	[5] = "waitpkg",
	[6] = "avx512vbmi2",
	[8] = "gfni",
	[9] = "vaes",
	[10] = "vpclmulqdq",
	[11] = "avx512vnni",
	[12] = "avx512bitalg",
	[14] = "avx512-vpopcntdq",
	[16] = "la57",
	[22] = "rdpid",
	[24] = "bus-lock-detect",
	[25] = "cldemote",
	[27] = "movdiri",
	[28] = "movdir64b",
	[30] = "sgxlc",
	[31] = "pks",
};

static const char *const names_7_0_edx[BITS] = {
	[2] = "avx512-4vnniw",
	[3] = "avx512-4fmaps",
	[4] = "fsrm",
	[8] = "avx512-vp2intersect",
	[10] = "md-clear",
	[14] = "serialize",
	[16] = "tsx-ldtrk",
	[19] = "arch-lbr",
	[22] = "amx-bf16",
	[23] = "avx512-fp16",
	[24] = "amx-tile",
	[25] = "amx-int8",
	[26] = "spec-ctrl",
	[27] = "stibp",
	[29] = "arch-capabilities",
	[30] = "core-capability",
	[31] = "ssbd",
};

static const char *const names_7_1_eax[BITS] = {
	[4] = "avx-vnni",
	[5] = "avx512-bf16",
};

static const char *const names_d_1_eax[BITS] = {
	[0] = "xsaveopt", [1] = "xsavec", [2] = "xgetbv1",
	[3] = "xsaves",	  [4] = "xfd",
};

static const char *const names_6_eax[BITS] = {
	[2] = "arat",
};

static const char *const names_14_0_ecx[BITS] = {
	[31] = "intel-pt-lip",
};

static const char *const names_8001_edx[BITS] = {
	[11] = "syscall",  [20] = "nx",	      [22] = "mmxext",
	[25] = "fxsr-opt", [26] = "pdpe1gb",  [27] = "rdtscp",
	[29] = "lm",	   [30] = "3dnowext", [31] = "3dnow",
};

static const char *const names_8001_ecx[BITS] = {
	[0] = "lahf-lm",     [1] = "cmp-legacy",  [2] = "svm",
	[3] = "extapic",     [4] = "cr8legacy",	  [5] = "abm",
	[6] = "sse4a",	     [7] = "misalignsse", [8] = "3dnowprefetch",
	[9] = "osvw",	     [10] = "ibs",	  [11] = "xop",
	[12] = "skinit",     [13] = "wdt",	  [15] = "lwp",
	[16] = "fma4",	     [17] = "tce",	  [19] = "nodeid-msr",
	[21] = "tbm",	     [22] = "topoext",	  [23] = "perfctr-core",
	[24] = "perfctr-nb",
};

static const char *const names_8007_edx[BITS] = {
	[8] = "invtsc",
};

static const char *const names_8008_ebx[BITS] = {
	[0] = "clzero",	   [2] = "xsaveerptr", [9] = "wbnoinvd",
	[12] = "ibpb",	   [14] = "ibrs",      [15] = "amd-stibp",
	[24] = "amd-ssbd", [25] = "virt-ssbd", [26] = "amd-no-ssb",
};

static const char *const names_800a_edx[BITS] = {
	[0] = "npt",	      [1] = "lbrv",	      [2] = "svm-lock",
	[3] = "nrip-save",    [4] = "tsc-scale",      [5] = "vmcb-clean",
	[6] = "flushbyasid",  [7] = "decodeassists",  [10] = "pause-filter",
	[12] = "pfthreshold", [13] = "avic",	      [15] = "v-vmsave-vmload",
	[16] = "vgif",	      [28] = "svme-addr-chk",
};

static const char *const names_kvm_eax[BITS] = {
	[0] = "kvmclock",
	[1] = "kvm-nopiodelay",
	[2] = "kvm-mmu",
	[3] = "kvmclock",
	[4] = "kvm-asyncpf",
	[5] = "kvm-steal-time",
	[6] = "kvm-pv-eoi",
	[7] = "kvm-pv-unhalt",
	[9] = "kvm-pv-tlb-flush",
	[11] = "kvm-pv-ipi",
	[12] = "kvm-poll-control",
	[13] = "kvm-pv-sched-yield",
	[14] = "kvm-asyncpf-int",
	[15] = "kvm-msi-ext-dest-id",
	[24] = "kvmclock-stable-bit",
};

static const char *const names_kvm_edx[BITS] = {
	[0] = "kvm-hint-dedicated",
};

static const char *const names_c001_edx[BITS] = {
	[2] = "xstore", [3] = "xstore-en", [6] = "xcrypt", [7] = "xcrypt-en",
	[8] = "ace2",	[9] = "ace2-en",   [10] = "phe",   [11] = "phe-en",
	[12] = "pmm",	[13] = "pmm-en",
};

const struct feature_word_info feature_words[FEATURE_WORDS] = {
	[FEATURE_1_EDX] = {1, 0, false, CPUID_EDX, names_1_edx},
	[FEATURE_1_ECX] = {1, 0, false, CPUID_ECX, names_1_ecx},
	[FEATURE_7_0_EBX] = {7, 0, true, CPUID_EBX, names_7_0_ebx},
	[FEATURE_7_0_ECX] = {7, 0, true, CPUID_ECX, names_7_0_ecx},
	[FEATURE_7_0_EDX] = {7, 0, true, CPUID_EDX, names_7_0_edx},
	[FEATURE_7_1_EAX] = {7, 1, true, CPUID_EAX, names_7_1_eax},
	[FEATURE_D_1_EAX] = {0xd, 1, true, CPUID_EAX, names_d_1_eax},
	[FEATURE_6_EAX] = {6, 0, false, CPUID_EAX, names_6_eax},
	[FEATURE_14_0_ECX] = {0x14, 0, true, CPUID_ECX, names_14_0_ecx},
	[FEATURE_8001_EDX] = {0x80000001, 0, false, CPUID_EDX, names_8001_edx},
	[FEATURE_8001_ECX] = {0x80000001, 0, false, CPUID_ECX, names_8001_ecx},
	[FEATURE_8007_EDX] = {0x80000007, 0, false, CPUID_EDX, names_8007_edx},
	[FEATURE_8008_EBX] = {0x80000008, 0, false, CPUID_EBX, names_8008_ebx},
	[FEATURE_800A_EDX] = {0x8000000a, 0, false, CPUID_EDX, names_800a_edx},
	[FEATURE_KVM_EAX] = {0x40000001, 0, false, CPUID_EAX, names_kvm_eax},
	[FEATURE_KVM_EDX] = {0x40000001, 0, false, CPUID_EDX, names_kvm_edx},
	[FEATURE_C001_EDX] = {0xc0000001, 0, false, CPUID_EDX, names_c001_edx},
};

/* Second names that command lines have. */
static const char *const aliases[][2] = {
	{"sse3", "pni"},      {"pclmuldq", "pclmulqdq"},
	{"sse4-1", "sse4.1"}, {"sse4-2", "sse4.2"},
	{"xd", "nx"},	      {"i64", "lm"},
};

static const char *const foreign[] = {
	"full-width-write",  "ibrs-all", "lmce",       "mds-no",
	"pschange-mc-no",    "rdctl-no", "rsba",       "sgx-debug",
	"sgx-exinfo",	     "sgx-kss",	 "sgx-mode64", "sgx-provisionkey",
	"sgx-tokenkey",	     "sgx1",	 "sgx2",       "skip-l1dfl-vmentry",
	"split-lock-detect", "ssb-no",	 "taa-no",     "tsx-ctrl",
};

/* Copies name with each "_" as "-"; false if it is too long to be one. */
static bool normalise(const char *name, char out[NAME_MAX_SIZE])
{
	size_t i, n = strlen(name);

	if (n >= NAME_MAX_SIZE)
		return false;
	for (i = 0; i <= n; i++)
		out[i] = name[i] == '_' ? '-' : name[i];
	for (i = 0; i < sizeof(aliases) / sizeof(*aliases); i++)
		if (!strcmp(out, aliases[i][0]))
			snprintf(out, NAME_MAX_SIZE, "%s", aliases[i][1]);
	return true;
}

bool feature_find(const char *name, enum feature_word *word, unsigned *bit)
{
	char want[NAME_MAX_SIZE];
	const char *have;
	int w;
	unsigned b;

	if (!normalise(name, want))
		return false;
	for (w = 0; w < FEATURE_WORDS; w++)
		for (b = 0; b < BITS; b++) {
			have = feature_words[w].names[b];
			if (have && !strcmp(have, want)) {
				*word = (enum feature_word)w;
				*bit = b;
				return true;
			}
		}
	return false;
}

bool feature_is_foreign(const char *name)
{
	char want[NAME_MAX_SIZE];
	size_t i;

	if (!normalise(name, want))
		return false;
	if (!strncmp(want, "vmx-", 4))
		return true;
	for (i = 0; i < sizeof(foreign) / sizeof(*foreign); i++)
		if (!strcmp(foreign[i], want))
			return true;
	return false;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void feature_for_each(void (*fn)(void *, const char *), void *ctx)
{
	const char *all[FEATURE_WORDS * BITS] = {NULL};
	size_t n = 0, i;
	int w, b;

	for (w = 0; w < FEATURE_WORDS; w++)
		for (b = 0; b < BITS; b++)
			if (feature_words[w].names[b])
				all[n++] = feature_words[w].names[b];
	qsort(all, n, sizeof(*all), by_name);
	for (i = 0; i < n; i++)
		if (!i || strcmp(all[i], all[i - 1]) != 0)
			fn(ctx, all[i]);
}
