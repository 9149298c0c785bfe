/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The named CPU models of -cpu.  Names, identification and features are what
 * guests and management software know by these names; kvmclock and the other
 * paravirtual features, x2apic and hypervisor are added to each by cpuid.c.
 */
#include "vmm/cpu_models.h"

#include <string.h>

/* clang-format off */
const struct cpu_model cpu_models[] = {
	{
		.name = "486-v1",
		.family = 4,
		.model = 8,
		.stepping = 0,
		.level = 0x1,
		.xlevel = 0x0,
		.features = "fpu pse vme",
	},
	{
		.name = "Broadwell-v1",
		.family = 6,
		.model = 61,
		.stepping = 2,
		.level = 0xd,
		.xlevel = 0x80000008,
		.model_id = "Intel Core Processor (Broadwell)",
		.features = "3dnowprefetch abm adx aes apic arat avx avx2 bmi1 bmi2 "
			"clflush cmov cx16 cx8 de erms f16c fma fpu fsgsbase fxsr "
			"hle invpcid lahf-lm lm mca mce mmx movbe msr mtrr nx pae "
			"pat pcid pclmulqdq pge pni popcnt pse pse36 rdrand "
			"rdseed rdtscp rtm sep smap smep sse sse2 sse4.1 sse4.2 "
			"ssse3 syscall tsc tsc-deadline vme xsave xsaveopt",
	},
	{
		.name = "Broadwell-v2",
		.base = "Broadwell-v1",
		.model_id = "Intel Core Processor (Broadwell, no TSX)",
		.without = "hle rtm",
	},
	{
		.name = "Broadwell-v3",
		.base = "Broadwell-v2",
		.model_id = "Intel Core Processor (Broadwell, IBRS)",
		.features = "hle rtm spec-ctrl",
	},
	{
		.name = "Broadwell-v4",
		.base = "Broadwell-v3",
		.model_id = "Intel Core Processor (Broadwell, no TSX, IBRS)",
		.without = "hle rtm",
	},
	{
		.name = "Cascadelake-Server-v1",
		.family = 6,
		.model = 85,
		.stepping = 6,
		.level = 0xd,
		.xlevel = 0x80000008,
		.model_id = "Intel Xeon Processor (Cascadelake)",
		.features = "3dnowprefetch abm adx aes apic arat avx avx2 avx512bw "
			"avx512cd avx512dq avx512f avx512vl avx512vnni bmi1 bmi2 "
			"clflush clflushopt clwb cmov cx16 cx8 de erms f16c fma "
			"fpu fsgsbase fxsr hle invpcid lahf-lm lm mca mce mmx "
			"movbe msr mtrr nx pae pat pcid pclmulqdq pdpe1gb pge pku "
			"pni popcnt pse pse36 rdrand rdseed rdtscp rtm sep smap "
			"smep spec-ctrl ssbd sse sse2 sse4.1 sse4.2 ssse3 syscall "
			"tsc tsc-deadline vme xgetbv1 xsave xsavec xsaveopt",
	},
	{
		.name = "Cascadelake-Server-v2",
		.base = "Cascadelake-Server-v1",
		.note = "ARCH_CAPABILITIES",
		.features = "arch-capabilities",
	},
	{
		.name = "Cascadelake-Server-v3",
		.base = "Cascadelake-Server-v2",
		.note = "ARCH_CAPABILITIES, no TSX",
		.without = "hle rtm",
	},
	{
		.name = "Cascadelake-Server-v4",
		.base = "Cascadelake-Server-v3",
		.note = "ARCH_CAPABILITIES, EPT switching, no TSX",
	},
	{
		.name = "Cascadelake-Server-v5",
		.base = "Cascadelake-Server-v4",
		.note = "ARCH_CAPABILITIES, EPT switching, XSAVES, no TSX",
		.features = "xsaves",
	},
	{
		.name = "Conroe-v1",
		.family = 6,
		.model = 15,
		.stepping = 3,
		.level = 0xa,
		.xlevel = 0x80000008,
		.model_id = "Intel Celeron_4x0 (Conroe/Merom Class Core 2)",
		.features = "apic clflush cmov cx8 de fpu fxsr lahf-lm lm mca mce mmx "
			"msr mtrr nx pae pat pge pni pse pse36 sep sse sse2 ssse3 "
			"syscall tsc vme",
	},
	{
		.name = "Cooperlake-v1",
		.family = 6,
		.model = 85,
		.stepping = 10,
		.level = 0xd,
		.xlevel = 0x80000008,
		.model_id = "Intel Xeon Processor (Cooperlake)",
		.features = "3dnowprefetch abm adx aes apic arat arch-capabilities "
			"avx avx2 avx512-bf16 avx512bw avx512cd avx512dq avx512f "
			"avx512vl avx512vnni bmi1 bmi2 clflush clflushopt clwb "
			"cmov cx16 cx8 de erms f16c fma fpu fsgsbase fxsr hle "
			"invpcid lahf-lm lm mca mce mmx movbe msr mtrr nx pae pat "
			"pcid pclmulqdq pdpe1gb pge pku pni popcnt pse pse36 "
			"rdrand rdseed rdtscp rtm sep smap smep spec-ctrl ssbd "
			"sse sse2 sse4.1 sse4.2 ssse3 stibp syscall tsc tsc- "
			"deadline vme xgetbv1 xsave xsavec xsaveopt",
	},
	{
		.name = "Cooperlake-v2",
		.base = "Cooperlake-v1",
		.note = "XSAVES",
		.features = "xsaves",
	},
	{
		.name = "Denverton-v1",
		.family = 6,
		.model = 95,
		.stepping = 1,
		.level = 0x15,
		.xlevel = 0x80000008,
		.model_id = "Intel Atom Processor (Denverton)",
		.features = "3dnowprefetch aes apic arat arch-capabilities clflush "
			"clflushopt cmov cx16 cx8 de erms fpu fsgsbase fxsr lahf- "
			"lm lm mca mce mmx movbe mpx msr mtrr nx pae pat "
			"pclmulqdq pdpe1gb pge pni popcnt pse pse36 rdrand rdseed "
			"rdtscp sep sha-ni smap smep spec-ctrl ssbd sse sse2 "
			"sse4.1 sse4.2 ssse3 syscall tsc tsc-deadline vme xgetbv1 "
			"xsave xsavec xsaveopt",
	},
	{
		.name = "Denverton-v2",
		.base = "Denverton-v1",
		.note = "no MPX, no MONITOR",
		.without = "mpx",
	},
	{
		.name = "Denverton-v3",
		.base = "Denverton-v2",
		.note = "XSAVES, no MPX, no MONITOR",
		.features = "xsaves",
	},
	{
		.name = "Dhyana-v1",
		.family = 24,
		.model = 0,
		.stepping = 1,
		.level = 0xd,
		.xlevel = 0x8000001e,
		.model_id = "Hygon Dhyana Processor",
		.features = "3dnowprefetch abm adx apic arat avx avx2 bmi1 bmi2 "
			"clflush clflushopt cmov cr8legacy cx16 cx8 de f16c fma "
			"fpu fsgsbase fxsr fxsr-opt ibpb lahf-lm lm mca mce "
			"misalignsse mmx mmxext movbe msr mtrr nx osvw pae pat "
			"pdpe1gb pge pni popcnt pse pse36 rdrand rdseed rdtscp "
			"sep smap smep sse sse2 sse4.1 sse4.2 sse4a ssse3 syscall "
			"topoext tsc vme xgetbv1 xsave xsavec xsaveopt",
	},
	{
		.name = "Dhyana-v2",
		.base = "Dhyana-v1",
		.note = "XSAVES",
		.features = "xsaves",
	},
	{
		.name = "EPYC-v1",
		.family = 23,
		.model = 1,
		.stepping = 2,
		.level = 0xd,
		.xlevel = 0x8000001e,
		.model_id = "AMD EPYC Processor",
		.features = "3dnowprefetch abm adx aes apic arat avx avx2 bmi1 bmi2 "
			"clflush clflushopt cmov cr8legacy cx16 cx8 de f16c fma "
			"fpu fsgsbase fxsr fxsr-opt lahf-lm lm mca mce "
			"misalignsse mmx mmxext movbe msr mtrr nx osvw pae pat "
			"pclmulqdq pdpe1gb pge pni popcnt pse pse36 rdrand rdseed "
			"rdtscp sep sha-ni smap smep sse sse2 sse4.1 sse4.2 sse4a "
			"ssse3 syscall topoext tsc vme xgetbv1 xsave xsavec "
			"xsaveopt",
	},
	{
		.name = "EPYC-v2",
		.base = "EPYC-v1",
		.model_id = "AMD EPYC Processor (with IBPB)",
		.features = "ibpb",
	},
	{
		.name = "EPYC-v3",
		.base = "EPYC-v2",
		.model_id = "AMD EPYC Processor",
		.features = "clzero perfctr-core xsaveerptr xsaves",
	},
	{
		.name = "EPYC-Milan-v1",
		.family = 25,
		.model = 1,
		.stepping = 1,
		.level = 0xd,
		.xlevel = 0x8000001e,
		.model_id = "AMD EPYC-Milan Processor",
		.features = "3dnowprefetch abm adx aes amd-ssbd amd-stibp apic arat "
			"avx avx2 bmi1 bmi2 clflush clflushopt clwb clzero cmov "
			"cr8legacy cx16 cx8 de erms f16c fma fpu fsgsbase fsrm "
			"fxsr fxsr-opt ibpb ibrs invpcid lahf-lm lm mca mce "
			"misalignsse mmx mmxext movbe msr mtrr nx osvw pae pat "
			"pcid pclmulqdq pdpe1gb perfctr-core pge pku pni popcnt "
			"pse pse36 rdpid rdrand rdseed rdtscp sep sha-ni smap "
			"smep sse sse2 sse4.1 sse4.2 sse4a ssse3 syscall topoext "
			"tsc umip vme wbnoinvd xgetbv1 xsave xsavec xsaveerptr "
			"xsaveopt xsaves",
	},
	{
		.name = "EPYC-Rome-v1",
		.family = 23,
		.model = 49,
		.stepping = 0,
		.level = 0xd,
		.xlevel = 0x8000001e,
		.model_id = "AMD EPYC-Rome Processor",
		.features = "3dnowprefetch abm adx aes amd-stibp apic arat avx avx2 "
			"bmi1 bmi2 clflush clflushopt clwb clzero cmov cr8legacy "
			"cx16 cx8 de f16c fma fpu fsgsbase fxsr fxsr-opt ibpb "
			"lahf-lm lm mca mce misalignsse mmx mmxext movbe msr mtrr "
			"nx osvw pae pat pclmulqdq pdpe1gb perfctr-core pge pni "
			"popcnt pse pse36 rdpid rdrand rdseed rdtscp sep sha-ni "
			"smap smep sse sse2 sse4.1 sse4.2 sse4a ssse3 syscall "
			"topoext tsc umip vme wbnoinvd xgetbv1 xsave xsavec "
			"xsaveerptr xsaveopt xsaves",
	},
	{
		.name = "EPYC-Rome-v2",
		.base = "EPYC-Rome-v1",
		.features = "amd-ssbd ibrs",
	},
	{
		.name = "Haswell-v1",
		.family = 6,
		.model = 60,
		.stepping = 4,
		.level = 0xd,
		.xlevel = 0x80000008,
		.model_id = "Intel Core Processor (Haswell)",
		.features = "abm aes apic arat avx avx2 bmi1 bmi2 clflush cmov cx16 "
			"cx8 de erms f16c fma fpu fsgsbase fxsr hle invpcid lahf- "
			"lm lm mca mce mmx movbe msr mtrr nx pae pat pcid "
			"pclmulqdq pge pni popcnt pse pse36 rdrand rdtscp rtm sep "
			"smep sse sse2 sse4.1 sse4.2 ssse3 syscall tsc tsc- "
			"deadline vme xsave xsaveopt",
	},
	{
		.name = "Haswell-v2",
		.base = "Haswell-v1",
		.family = 6,
		.model = 60,
		.stepping = 1,
		.model_id = "Intel Core Processor (Haswell, no TSX)",
		.without = "hle rtm",
	},
	{
		.name = "Haswell-v3",
		.base = "Haswell-v2",
		.family = 6,
		.model = 60,
		.stepping = 4,
		.model_id = "Intel Core Processor (Haswell, IBRS)",
		.features = "hle rtm spec-ctrl",
	},
	{
		.name = "Haswell-v4",
		.base = "Haswell-v3",
		.family = 6,
		.model = 60,
		.stepping = 1,
		.model_id = "Intel Core Processor (Haswell, no TSX, IBRS)",
		.without = "hle rtm",
	},
	{
		.name = "Icelake-Server-v1",
		.family = 6,
		.model = 134,
		.stepping = 0,
		.level = 0xd,
		.xlevel = 0x80000008,
		.model_id = "Intel Xeon Processor (Icelake)",
		.features = "3dnowprefetch abm adx aes apic arat avx avx2 "
			"avx512-vpopcntdq avx512bitalg avx512bw avx512cd avx512dq "
			"avx512f avx512vbmi avx512vbmi2 avx512vl avx512vnni bmi1 "
			"bmi2 clflush clflushopt clwb cmov cx16 cx8 de erms f16c "
			"fma fpu fsgsbase fxsr gfni hle invpcid la57 lahf-lm lm "
			"mca mce mmx movbe msr mtrr nx pae pat pcid pclmulqdq "
			"pdpe1gb pge pku pni popcnt pse pse36 rdrand rdseed "
			"rdtscp rtm sep smap smep spec-ctrl ssbd sse sse2 sse4.1 "
			"sse4.2 ssse3 syscall tsc tsc-deadline umip vaes vme "
			"vpclmulqdq wbnoinvd xgetbv1 xsave xsavec xsaveopt",
	},
	{
		.name = "Icelake-Server-v2",
		.base = "Icelake-Server-v1",
		.note = "no TSX",
		.without = "hle rtm",
	},
	{
		.name = "Icelake-Server-v3",
		.base = "Icelake-Server-v2",
		.features = "arch-capabilities",
	},
	{
		.name = "Icelake-Server-v4",
		.base = "Icelake-Server-v3",
		.family = 6,
		.model = 106,
		.stepping = 0,
		.features = "avx512ifma fsrm rdpid sha-ni",
	},
	{
		.name = "Icelake-Server-v5",
		.base = "Icelake-Server-v4",
		.note = "XSAVES",
		.features = "xsaves",
	},
	{
		.name = "Icelake-Server-v6",
		.base = "Icelake-Server-v5",
		.note = "5-level EPT",
	},
	{
		.name = "IvyBridge-v1",
		.family = 6,
		.model = 58,
		.stepping = 9,
		.level = 0xd,
		.xlevel = 0x80000008,
		.model_id = "Intel Xeon E3-12xx v2 (Ivy Bridge)",
		.features = "aes apic arat avx clflush cmov cx16 cx8 de erms f16c fpu "
			"fsgsbase fxsr lahf-lm lm mca mce mmx msr mtrr nx pae pat "
			"pclmulqdq pge pni popcnt pse pse36 rdrand rdtscp sep "
			"smep sse sse2 sse4.1 sse4.2 ssse3 syscall tsc tsc- "
			"deadline vme xsave xsaveopt",
	},
	{
		.name = "IvyBridge-v2",
		.base = "IvyBridge-v1",
		.model_id = "Intel Xeon E3-12xx v2 (Ivy Bridge, IBRS)",
		.features = "spec-ctrl",
	},
	{
		.name = "KnightsMill-v1",
		.family = 6,
		.model = 133,
		.stepping = 0,
		.level = 0xd,
		.xlevel = 0x80000008,
		.model_id = "Intel Xeon Phi Processor (Knights Mill)",
		.features = "3dnowprefetch abm adx aes apic arat avx avx2 "
			"avx512-4fmaps avx512-4vnniw avx512-vpopcntdq avx512cd "
			"avx512er avx512f avx512pf bmi1 bmi2 clflush cmov cx16 "
			"cx8 de erms f16c fma fpu fsgsbase fxsr lahf-lm lm mca "
			"mce mmx movbe msr mtrr nx pae pat pclmulqdq pdpe1gb pge "
			"pni popcnt pse pse36 rdrand rdseed rdtscp sep smep ss "
			"sse sse2 sse4.1 sse4.2 ssse3 syscall tsc tsc-deadline "
			"vme xsave xsaveopt",
	},
	{
		.name = "Nehalem-v1",
		.family = 6,
		.model = 26,
		.stepping = 3,
		.level = 0xb,
		.xlevel = 0x80000008,
		.model_id = "Intel Core i7 9xx (Nehalem Class Core i7)",
		.features = "apic clflush cmov cx16 cx8 de fpu fxsr lahf-lm lm mca "
			"mce mmx msr mtrr nx pae pat pge pni popcnt pse pse36 sep "
			"sse sse2 sse4.1 sse4.2 ssse3 syscall tsc vme",
	},
	{
		.name = "Nehalem-v2",
		.base = "Nehalem-v1",
		.model_id = "Intel Core i7 9xx (Nehalem Core i7, IBRS update)",
		.features = "spec-ctrl",
	},
	{
		.name = "Opteron_G1-v1",
		.family = 15,
		.model = 6,
		.stepping = 1,
		.level = 0x5,
		.xlevel = 0x80000008,
		.model_id = "AMD Opteron 240 (Gen 1 Class Opteron)",
		.features = "apic clflush cmov cx8 de fpu fxsr lm mca mce mmx msr "
			"mtrr nx pae pat pge pni pse pse36 sep sse sse2 syscall "
			"tsc vme",
	},
	{
		.name = "Opteron_G2-v1",
		.family = 15,
		.model = 6,
		.stepping = 1,
		.level = 0x5,
		.xlevel = 0x80000008,
		.model_id = "AMD Opteron 22xx (Gen 2 Class Opteron)",
		.features = "apic clflush cmov cx16 cx8 de fpu fxsr lahf-lm lm mca "
			"mce mmx msr mtrr nx pae pat pge pni pse pse36 sep sse "
			"sse2 syscall tsc vme",
	},
	{
		.name = "Opteron_G3-v1",
		.family = 16,
		.model = 2,
		.stepping = 3,
		.level = 0x5,
		.xlevel = 0x80000008,
		.model_id = "AMD Opteron 23xx (Gen 3 Class Opteron)",
		.features = "abm apic clflush cmov cx16 cx8 de fpu fxsr lahf-lm lm "
			"mca mce misalignsse mmx msr mtrr nx pae pat pge pni "
			"popcnt pse pse36 rdtscp sep sse sse2 sse4a syscall tsc "
			"vme",
	},
	{
		.name = "Opteron_G4-v1",
		.family = 21,
		.model = 1,
		.stepping = 2,
		.level = 0xd,
		.xlevel = 0x8000001a,
		.model_id = "AMD Opteron 62xx class CPU",
		.features = "3dnowprefetch abm aes apic avx clflush cmov cx16 cx8 de "
			"fma4 fpu fxsr lahf-lm lm mca mce misalignsse mmx msr "
			"mtrr nx pae pat pclmulqdq pdpe1gb pge pni popcnt pse "
			"pse36 rdtscp sep sse sse2 sse4.1 sse4.2 sse4a ssse3 "
			"syscall tsc vme xop xsave",
	},
	{
		.name = "Opteron_G5-v1",
		.family = 21,
		.model = 2,
		.stepping = 0,
		.level = 0xd,
		.xlevel = 0x8000001a,
		.model_id = "AMD Opteron 63xx class CPU",
		.features = "3dnowprefetch abm aes apic avx clflush cmov cx16 cx8 de "
			"f16c fma fma4 fpu fxsr lahf-lm lm mca mce misalignsse "
			"mmx msr mtrr nx pae pat pclmulqdq pdpe1gb pge pni popcnt "
			"pse pse36 rdtscp sep sse sse2 sse4.1 sse4.2 sse4a ssse3 "
			"syscall tbm tsc vme xop xsave",
	},
	{
		.name = "Penryn-v1",
		.family = 6,
		.model = 23,
		.stepping = 3,
		.level = 0xa,
		.xlevel = 0x80000008,
		.model_id = "Intel Core 2 Duo P9xxx (Penryn Class Core 2)",
		.features = "apic clflush cmov cx16 cx8 de fpu fxsr lahf-lm lm mca "
			"mce mmx msr mtrr nx pae pat pge pni pse pse36 sep sse "
			"sse2 sse4.1 ssse3 syscall tsc vme",
	},
	{
		.name = "SandyBridge-v1",
		.family = 6,
		.model = 42,
		.stepping = 1,
		.level = 0xd,
		.xlevel = 0x80000008,
		.model_id = "Intel Xeon E312xx (Sandy Bridge)",
		.features = "aes apic arat avx clflush cmov cx16 cx8 de fpu fxsr "
			"lahf-lm lm mca mce mmx msr mtrr nx pae pat pclmulqdq pge "
			"pni popcnt pse pse36 rdtscp sep sse sse2 sse4.1 sse4.2 "
			"ssse3 syscall tsc tsc-deadline vme xsave xsaveopt",
	},
	{
		.name = "SandyBridge-v2",
		.base = "SandyBridge-v1",
		.model_id = "Intel Xeon E312xx (Sandy Bridge, IBRS update)",
		.features = "spec-ctrl",
	},
	{
		.name = "Skylake-Client-v1",
		.family = 6,
		.model = 94,
		.stepping = 3,
		.level = 0xd,
		.xlevel = 0x80000008,
		.model_id = "Intel Core Processor (Skylake)",
		.features = "3dnowprefetch abm adx aes apic arat avx avx2 bmi1 bmi2 "
			"clflush cmov cx16 cx8 de erms f16c fma fpu fsgsbase fxsr "
			"hle invpcid lahf-lm lm mca mce mmx movbe msr mtrr nx pae "
			"pat pcid pclmulqdq pge pni popcnt pse pse36 rdrand "
			"rdseed rdtscp rtm sep smap smep sse sse2 sse4.1 sse4.2 "
			"ssse3 syscall tsc tsc-deadline vme xgetbv1 xsave xsavec "
			"xsaveopt",
	},
	{
		.name = "Skylake-Client-v2",
		.base = "Skylake-Client-v1",
		.model_id = "Intel Core Processor (Skylake, IBRS)",
		.features = "spec-ctrl",
	},
	{
		.name = "Skylake-Client-v3",
		.base = "Skylake-Client-v2",
		.model_id = "Intel Core Processor (Skylake, IBRS, no TSX)",
		.without = "hle rtm",
	},
	{
		.name = "Skylake-Client-v4",
		.base = "Skylake-Client-v3",
		.note = "IBRS, XSAVES, no TSX",
		.features = "xsaves",
	},
	{
		.name = "Skylake-Server-v1",
		.family = 6,
		.model = 85,
		.stepping = 4,
		.level = 0xd,
		.xlevel = 0x80000008,
		.model_id = "Intel Xeon Processor (Skylake)",
		.features = "3dnowprefetch abm adx aes apic arat avx avx2 avx512bw "
			"avx512cd avx512dq avx512f avx512vl bmi1 bmi2 clflush "
			"clflushopt clwb cmov cx16 cx8 de erms f16c fma fpu "
			"fsgsbase fxsr hle invpcid lahf-lm lm mca mce mmx movbe "
			"msr mtrr nx pae pat pcid pclmulqdq pdpe1gb pge pku pni "
			"popcnt pse pse36 rdrand rdseed rdtscp rtm sep smap smep "
			"sse sse2 sse4.1 sse4.2 ssse3 syscall tsc tsc-deadline "
			"vme xgetbv1 xsave xsavec xsaveopt",
	},
	{
		.name = "Skylake-Server-v2",
		.base = "Skylake-Server-v1",
		.model_id = "Intel Xeon Processor (Skylake, IBRS)",
		.features = "spec-ctrl",
		.without = "clflushopt",
	},
	{
		.name = "Skylake-Server-v3",
		.base = "Skylake-Server-v2",
		.model_id = "Intel Xeon Processor (Skylake, IBRS, no TSX)",
		.without = "hle rtm",
	},
	{
		.name = "Skylake-Server-v4",
		.base = "Skylake-Server-v3",
		.note = "IBRS, EPT switching, no TSX",
	},
	{
		.name = "Skylake-Server-v5",
		.base = "Skylake-Server-v4",
		.note = "IBRS, XSAVES, EPT switching, no TSX",
		.features = "xsaves",
	},
	{
		.name = "Snowridge-v1",
		.family = 6,
		.model = 134,
		.stepping = 1,
		.level = 0x1b,
		.xlevel = 0x80000008,
		.model_id = "Intel Atom Processor (SnowRidge)",
		.features = "3dnowprefetch aes apic arat arch-capabilities cldemote "
			"clflush clflushopt clwb cmov core-capability cx16 cx8 de "
			"erms fpu fsgsbase fxsr gfni lahf-lm lm mca mce mmx movbe "
			"movdir64b movdiri mpx msr mtrr nx pae pat pclmulqdq "
			"pdpe1gb pge pni popcnt pse pse36 rdrand rdseed rdtscp "
			"sep sha-ni smap smep spec-ctrl ssbd sse sse2 sse4.1 "
			"sse4.2 ssse3 syscall tsc tsc-deadline umip vme xgetbv1 "
			"xsave xsavec xsaveopt",
	},
	{
		.name = "Snowridge-v2",
		.base = "Snowridge-v1",
		.model_id = "Intel Atom Processor (Snowridge, no MPX)",
		.without = "mpx",
	},
	{
		.name = "Snowridge-v3",
		.base = "Snowridge-v2",
		.note = "XSAVES, no MPX",
		.features = "xsaves",
	},
	{
		.name = "Snowridge-v4",
		.base = "Snowridge-v3",
		.note = "no split lock detect, no core-capability",
		.without = "core-capability",
	},
	{
		.name = "Westmere-v1",
		.family = 6,
		.model = 44,
		.stepping = 1,
		.level = 0xb,
		.xlevel = 0x80000008,
		.model_id = "Westmere E56xx/L56xx/X56xx (Nehalem-C)",
		.features = "aes apic arat clflush cmov cx16 cx8 de fpu fxsr lahf-lm "
			"lm mca mce mmx msr mtrr nx pae pat pclmulqdq pge pni "
			"popcnt pse pse36 sep sse sse2 sse4.1 sse4.2 ssse3 "
			"syscall tsc vme",
	},
	{
		.name = "Westmere-v2",
		.base = "Westmere-v1",
		.model_id = "Westmere E56xx/L56xx/X56xx (IBRS update)",
		.features = "spec-ctrl",
	},
	{
		.name = "athlon-v1",
		.family = 6,
		.model = 2,
		.stepping = 3,
		.level = 0x2,
		.xlevel = 0x80000008,
		.model_id = "QEMU Virtual CPU version 2.5+",
		.features = "3dnow 3dnowext apic cmov cx8 de fpu fxsr mca mce mmx "
			"mmxext msr mtrr pae pat pge pse pse36 sep sse sse2 tsc "
			"vme",
	},
	{
		.name = "core2duo-v1",
		.family = 6,
		.model = 15,
		.stepping = 11,
		.level = 0xa,
		.xlevel = 0x80000008,
		.model_id = "Intel(R) Core(TM)2 Duo CPU     T7700  @ 2.40GHz",
		.features = "apic clflush cmov cx16 cx8 de fpu fxsr lahf-lm lm mca "
			"mce mmx msr mtrr nx pae pat pge pni pse pse36 sep ss sse "
			"sse2 ssse3 syscall tsc vme",
	},
	{
		.name = "coreduo-v1",
		.family = 6,
		.model = 14,
		.stepping = 8,
		.level = 0xa,
		.xlevel = 0x80000008,
		.model_id = "Genuine Intel(R) CPU           T2600  @ 2.16GHz",
		.features = "apic clflush cmov cx8 de fpu fxsr mca mce mmx msr mtrr "
			"nx pae pat pge pni pse sep ss sse sse2 tsc vme",
	},
	{
		.name = "kvm32-v1",
		.family = 15,
		.model = 6,
		.stepping = 1,
		.level = 0x5,
		.xlevel = 0x80000008,
		.model_id = "Common 32-bit KVM processor",
		.features = "apic clflush cmov cx8 de fpu fxsr mca mce mmx msr mtrr "
			"pae pat pge pni pse pse36 sep sse sse2 tsc vme",
	},
	{
		.name = "kvm64-v1",
		.family = 15,
		.model = 6,
		.stepping = 1,
		.level = 0xd,
		.xlevel = 0x80000008,
		.model_id = "Common KVM processor",
		.features = "apic clflush cmov cx16 cx8 de fpu fxsr lm mca mce mmx "
			"msr mtrr nx pae pat pge pni pse pse36 sep sse sse2 "
			"syscall tsc vme",
	},
	{
		.name = "n270-v1",
		.family = 6,
		.model = 28,
		.stepping = 2,
		.level = 0xa,
		.xlevel = 0x80000008,
		.model_id = "Intel(R) Atom(TM) CPU N270   @ 1.60GHz",
		.features = "apic clflush cmov cx8 de fpu fxsr lahf-lm mca mce mmx "
			"movbe msr mtrr nx pae pat pge pni pse sep ss sse sse2 "
			"ssse3 tsc vme",
	},
	{
		.name = "pentium-v1",
		.family = 5,
		.model = 4,
		.stepping = 3,
		.level = 0x1,
		.xlevel = 0x0,
		.features = "apic cx8 de fpu mce mmx msr pse tsc vme",
	},
	{
		.name = "pentium2-v1",
		.family = 6,
		.model = 5,
		.stepping = 2,
		.level = 0x2,
		.xlevel = 0x0,
		.features = "apic cmov cx8 de fpu fxsr mca mce mmx msr mtrr pae pat "
			"pge pse pse36 sep tsc vme",
	},
	{
		.name = "pentium3-v1",
		.family = 6,
		.model = 7,
		.stepping = 3,
		.level = 0x3,
		.xlevel = 0x0,
		.features = "apic cmov cx8 de fpu fxsr mca mce mmx msr mtrr pae pat "
			"pge pse pse36 sep sse tsc vme",
	},
	{
		.name = "phenom-v1",
		.family = 16,
		.model = 2,
		.stepping = 3,
		.level = 0x5,
		.xlevel = 0x8000001a,
		.model_id = "AMD Phenom(tm) 9550 Quad-Core Processor",
		.features = "3dnow 3dnowext abm apic clflush cmov cx16 cx8 de fpu "
			"fxsr fxsr-opt lahf-lm lm mca mce mmx mmxext msr mtrr nx "
			"pae pat pdpe1gb pge pni popcnt pse pse36 rdtscp sep sse "
			"sse2 sse4a syscall tsc vme",
	},
	{
		.name = "qemu32-v1",
		.family = 6,
		.model = 6,
		.stepping = 3,
		.level = 0x4,
		.xlevel = 0x80000004,
		.model_id = "QEMU Virtual CPU version 2.5+",
		.features = "apic cmov cx8 de fpu fxsr mce mmx msr pae pat pge pni "
			"pse sep sse sse2 tsc",
	},
	{
		.name = "qemu64-v1",
		.family = 15,
		.model = 107,
		.stepping = 1,
		.level = 0xd,
		.xlevel = 0x8000000a,
		.model_id = "QEMU Virtual CPU version 2.5+",
		.features = "apic clflush cmov cx16 cx8 de fpu fxsr lahf-lm lm mca "
			"mce mmx msr mtrr nx pae pat pge pni pse pse36 sep sse "
			"sse2 syscall tsc",
	},
	{.name = NULL},
};

const struct cpu_alias cpu_aliases[] = {
	{"Broadwell-IBRS", "Broadwell-v3"},
	{"Broadwell-noTSX", "Broadwell-v2"},
	{"Broadwell-noTSX-IBRS", "Broadwell-v4"},
	{"Cascadelake-Server-noTSX", "Cascadelake-Server-v3"},
	{"EPYC-IBPB", "EPYC-v2"},
	{"Haswell-IBRS", "Haswell-v3"},
	{"Haswell-noTSX", "Haswell-v2"},
	{"Haswell-noTSX-IBRS", "Haswell-v4"},
	{"Icelake-Server-noTSX", "Icelake-Server-v2"},
	{"IvyBridge-IBRS", "IvyBridge-v2"},
	{"Nehalem-IBRS", "Nehalem-v2"},
	{"SandyBridge-IBRS", "SandyBridge-v2"},
	{"Skylake-Client-IBRS", "Skylake-Client-v2"},
	{"Skylake-Client-noTSX-IBRS", "Skylake-Client-v3"},
	{"Skylake-Server-IBRS", "Skylake-Server-v2"},
	{"Skylake-Server-noTSX-IBRS", "Skylake-Server-v3"},
	{"Westmere-IBRS", "Westmere-v2"},
	{NULL, NULL},
};
/* clang-format on */

static const struct cpu_model *find_exact(const char *name, size_t len,
					  const char *suffix)
{
	const struct cpu_model *m;

	for (m = cpu_models; m->name; m++)
		if (!strncmp(m->name, name, len) &&
		    !strcmp(m->name + len, suffix))
			return m;
	return NULL;
}

const struct cpu_model *cpu_model_find(const char *name)
{
	const struct cpu_model *m = find_exact(name, strlen(name), "");
	const struct cpu_alias *a;

	if (m)
		return m;
	for (a = cpu_aliases; a->name; a++)
		if (!strcmp(a->name, name))
			return find_exact(a->model, strlen(a->model), "");
	return find_exact(name, strlen(name), "-v1");
}
