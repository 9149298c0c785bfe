/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unprivileged instructions, on random state: the same bytes are executed by
 * the host's processor and by the finisher, and everything is compared.
 */
#include <cpuid.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "tests/unit/insn_world.h"
#include "tests/unit/unit.h"
#include "vmm/endian.h"

#define ROUNDS	   60
#define BUFFER	   8192u
#define AT	   1024u /* of rdi in the buffer */
#define STATUS	   UINT64_C(0x8d5)
#define FLAG_DF	   0x400u
#define COMPONENTS UINT64_C(0xe7)
#define PKRU	   UINT64_C(0x200)

/* libcheck's own assertions write to a file each time. */
#define EXPECT(cond, ...) \
	do { \
		if (!(cond)) \
			ck_abort_msg(__VA_ARGS__); \
	} while (0)

#define I(text) ".byte 3f - 2f\n2: " text "\n3: .asciz \"" text "\"\n"

/* clang-format off */

/* Each a length, the bytes, and the text. */
__asm__(".pushsection .rodata\n"
	"insn_cases:\n"
	/* bit counting */
	I("popcnt %rbx, %rax") I("popcnt %ecx, %r8d") I("popcnt %dx, %bp")
	I("popcnt (%rdi), %r9") I("popcnt 7(%rdi,%rsi,4), %eax")
	I("lzcnt %rbx, %rax") I("lzcnt %ecx, %r8d") I("lzcnt %dx, %bp")
	I("lzcnt (%rdi), %r9d") I("tzcnt %rbx, %rax") I("tzcnt %ecx, %r8d")
	I("tzcnt %dx, %bp") I("tzcnt (%rdi), %r9w")
	/* bytes swapped */
	I("movbe (%rdi), %rax") I("movbe (%rdi), %ebx") I("movbe (%rdi), %r9w")
	I("movbe %rax, (%rdi)") I("movbe %ebx, 3(%rdi)")
	I("movbe %r12w, (%rdi,%rsi,8)") I("crc32b %cl, %eax")
	I("crc32b %ah, %ebx") I("crc32w (%rdi), %edx") I("crc32l %r9d, %eax")
	I("crc32q %r9, %rax") I("crc32q (%rdi), %r10")
	/* BMI1, BMI2, ADX */
	I("andn %rax, %rbx, %rcx") I("andn (%rdi), %ebx, %ecx")
	I("bextr %rax, %rbx, %rcx") I("bextr %eax, (%rdi), %ecx")
	I("blsi %rax, %rbx") I("blsi (%rdi), %ebx") I("blsr %rax, %rbx")
	I("blsr (%rdi), %ebx") I("blsmsk %rax, %rbx") I("blsmsk (%rdi), %ebx")
	I("bzhi %rax, %rbx, %rcx") I("bzhi %eax, (%rdi), %ecx")
	I("mulx %rax, %rbx, %rcx") I("mulx (%rdi), %ebx, %ecx")
	I("mulx %rax, %rbx, %rbx") I("mulx %eax, %edx, %ecx")
	I("pdep %rax, %rbx, %rcx") I("pdep (%rdi), %ebx, %ecx")
	I("pext %rax, %rbx, %rcx") I("pext (%rdi), %ebx, %ecx")
	I("rorx $13, %rax, %rbx") I("rorx $45, (%rdi), %ebx")
	I("rorx $0, %eax, %ebx") I("sarx %rax, %rbx, %rcx")
	I("sarx %eax, (%rdi), %ecx") I("shlx %rax, %rbx, %rcx")
	I("shlx %eax, (%rdi), %ecx") I("shrx %rax, %rbx, %rcx")
	I("shrx %eax, (%rdi), %ecx") I("adcx %rax, %rbx")
	I("adcx (%rdi), %ebx") I("adox %rax, %rbx") I("adox (%rdi), %ebx")
	/* exchange */
	I("cmpxchg8b (%rdi)") I("lock cmpxchg8b 8(%rdi)")
	I("cmpxchg8b 3(%rdi)") I("cmpxchg16b (%rdi)")
	I("lock cmpxchg16b 16(%rdi)")
	/* nothing */
	I("nopw (%rdi)") I("endbr64") I("pause") I("lfence") I("mfence")
	I("sfence") I("clflush (%rdi)") I("clflushopt (%rdi)") I("clwb (%rdi)")
	I("prefetchnta (%rdi)") I("rdsspq %rax") I("rdsspd %eax")
	/* control */
	I("fwait") I("fninit") I("fnclex") I("fnstcw (%rdi)")
	I("fnstsw (%rdi)") I("fnstsw %ax") I("fnstenv (%rdi)") I("data16 fnstenv (%rdi)")
	I("fnsave (%rdi)") I("data16 fnsave (%rdi)") I("fldenv (%rdi)")
	I("data16 fldenv (%rdi)") I("frstor (%rdi)")
	I("data16 frstor (%rdi)") I("fldcw (%rdi)") I("emms")
	I("ldmxcsr (%rdi)") I("stmxcsr (%rdi)") I("vldmxcsr (%rdi)")
	I("vstmxcsr (%rdi)") I("xgetbv")
	/* areas */
	I("fxsave (%rdi)") I("fxsave64 (%rdi)") I("fxrstor (%rdi)")
	I("fxrstor64 (%rdi)") I("xsave (%rdi)") I("xsave64 (%rdi)")
	I("xsaveopt (%rdi)") I("xsaveopt64 (%rdi)") I("xsavec (%rdi)")
	I("xsavec64 (%rdi)") I("xrstor (%rdi)") I("xrstor64 (%rdi)")
	/* moves */
	I("movups (%rdi), %xmm3") I("movups %xmm9, 5(%rdi)")
	I("movups %xmm1, %xmm2") I("movaps (%rdi), %xmm3")
	I("movaps %xmm9, 16(%rdi)") I("movaps %xmm1, %xmm2")
	I("movupd (%rdi), %xmm3") I("movapd %xmm9, 16(%rdi)")
	I("movdqa (%rdi), %xmm15") I("movdqu 1(%rdi), %xmm15")
	I("movdqu %xmm4, 1(%rdi)") I("lddqu 1(%rdi), %xmm15")
	I("movntps %xmm0, (%rdi)") I("movntpd %xmm0, (%rdi)")
	I("movntdq %xmm0, (%rdi)") I("movntdqa (%rdi), %xmm5")
	I("movss (%rdi), %xmm5") I("movss %xmm6, (%rdi)")
	I("movss %xmm6, %xmm7") I("movsd (%rdi), %xmm5")
	I("movsd %xmm6, (%rdi)") I("movsd %xmm6, %xmm7") I("movd %eax, %xmm1")
	I("movd %xmm1, %ebx") I("movd (%rdi), %xmm1") I("movd %xmm1, (%rdi)")
	I("movq %rax, %xmm1") I("movq %xmm1, %rbx") I("movq (%rdi), %xmm1")
	I("movq %xmm1, (%rdi)") I("movq %xmm1, %xmm2") I("movd %eax, %mm1")
	I("movd %mm1, %ebx") I("movq (%rdi), %mm1") I("movq %mm1, (%rdi)")
	I("movq %mm3, %mm5") I("movq %rax, %mm2") I("movq %mm2, %rax")
	I("movntq %mm3, (%rdi)") I("movlps (%rdi), %xmm2")
	I("movlps %xmm2, (%rdi)") I("movhps (%rdi), %xmm2")
	I("movhps %xmm2, (%rdi)") I("movlpd (%rdi), %xmm2")
	I("movlpd %xmm2, (%rdi)") I("movhpd (%rdi), %xmm2")
	I("movhpd %xmm2, (%rdi)") I("movhlps %xmm1, %xmm2")
	I("movlhps %xmm1, %xmm2") I("movnti %rax, (%rdi)")
	I("movnti %eax, 4(%rdi)")
	/* AVX */
	I("vmovups (%rdi), %xmm3") I("vmovups (%rdi), %ymm3")
	I("vmovups %ymm9, 5(%rdi)") I("vmovaps (%rdi), %ymm3")
	I("vmovaps %ymm9, %ymm10") I("vmovdqa %ymm4, 32(%rdi)")
	I("vmovdqu %xmm4, 3(%rdi)") I("vmovdqu (%rdi), %ymm14")
	I("vlddqu (%rdi), %ymm14") I("vmovntdq %ymm1, (%rdi)")
	I("vmovntps %xmm1, (%rdi)") I("vmovntdqa (%rdi), %ymm1")
	I("vmovss (%rdi), %xmm5") I("vmovss %xmm6, (%rdi)")
	I("vmovss %xmm6, %xmm7, %xmm8") I("vmovsd (%rdi), %xmm5")
	I("vmovsd %xmm6, (%rdi)") I("vmovsd %xmm6, %xmm7, %xmm8")
	I("vmovd %eax, %xmm1") I("vmovd %xmm1, (%rdi)") I("vmovq %rax, %xmm1")
	I("vmovq %xmm1, %xmm2") I("vmovlps (%rdi), %xmm1, %xmm2")
	I("vmovlps %xmm2, (%rdi)") I("vmovhpd (%rdi), %xmm1, %xmm2")
	I("vmovhps %xmm2, (%rdi)") I("vmovhlps %xmm0, %xmm1, %xmm2")
	I("vmovlhps %xmm0, %xmm1, %xmm2") I("vzeroupper") I("vzeroall")
	I("vmovdqu8 (%rdi), %zmm3") I("vmovdqu16 %zmm3, (%rdi)")
	I("vmovdqu32 (%rdi), %zmm30") I("vmovdqu64 %zmm29, 7(%rdi)")
	I("vmovdqa64 (%rdi), %zmm1") I("vmovdqa32 %zmm1, %zmm17")
	I("vmovups %zmm5, (%rdi)") I("vmovdqu64 (%rdi), %xmm19")
	I("vmovdqu64 %ymm19, %ymm2")
	/* logic */
	I("pand %xmm1, %xmm2") I("pandn (%rdi), %xmm2") I("por %xmm1, %xmm2")
	I("pxor %xmm2, %xmm2") I("pxor (%rdi), %xmm9") I("andps (%rdi), %xmm9")
	I("andnps %xmm1, %xmm9") I("orps (%rdi), %xmm9")
	I("xorps (%rdi), %xmm9") I("xorpd %xmm1, %xmm9") I("pxor (%rdi), %mm1")
	I("pand %mm1, %mm2") I("vpxor %ymm1, %ymm2, %ymm3")
	I("vpand (%rdi), %ymm2, %ymm3") I("vandnps %xmm1, %xmm2, %xmm3")
	I("vpxor %xmm1, %xmm1, %xmm1") I("vpxord %zmm1, %zmm20, %zmm3")
	I("vporq (%rdi), %zmm2, %zmm13")
	/* integers, by the host itself */
	I("paddq %xmm15, %xmm14") I("paddb (%rdi), %xmm2")
	I("paddusw 16(%rdi), %xmm12") I("psubd %xmm1, %xmm9")
	I("pmullw (%rdi), %xmm3") I("pmuludq %xmm8, %xmm7")
	I("pmaddwd %xmm1, %xmm2") I("pcmpeqb (%rdi), %xmm1")
	I("pcmpgtd %xmm10, %xmm1") I("psllq $7, %xmm9") I("psrld $20, %xmm1")
	I("psraw $3, %xmm13") I("pslldq $5, %xmm2") I("psrldq $3, %xmm12")
	I("psllw %xmm1, %xmm2") I("psrlq (%rdi), %xmm9")
	I("pshufd $0x93, %xmm4, %xmm13") I("pshufd $0x39, (%rdi), %xmm3")
	I("pshuflw $0x1b, %xmm9, %xmm3") I("pshufhw $0x4e, (%rdi), %xmm3")
	I("punpcklbw %xmm1, %xmm2") I("punpckhqdq (%rdi), %xmm9")
	I("packuswb %xmm1, %xmm2") I("packssdw (%rdi), %xmm10")
	I("pmaxub %xmm1, %xmm2") I("pminsw (%rdi), %xmm3") I("pavgb %xmm1, %xmm2")
	I("psadbw (%rdi), %xmm9") I("shufps $0x4e, %xmm1, %xmm12")
	I("shufpd $1, (%rdi), %xmm2") I("unpcklps %xmm1, %xmm2")
	I("unpckhpd (%rdi), %xmm2") I("pmovmskb %xmm9, %eax")
	I("pmovmskb %xmm1, %r10d") I("movmskps %xmm12, %ebx")
	I("pextrw $3, %xmm9, %ecx") I("pinsrw $5, %r9d, %xmm2")
	I("pinsrw $2, (%rdi), %xmm11") I("movshdup (%rdi), %xmm2")
	I("movddup %xmm1, %xmm9")
	/* SSSE3, SSE4 */
	I("pshufb %xmm12, %xmm3") I("pshufb (%rdi), %xmm9")
	I("palignr $4, %xmm1, %xmm2") I("palignr $15, (%rdi), %xmm10")
	I("pabsd %xmm1, %xmm2") I("psignw (%rdi), %xmm2") I("phaddd %xmm1, %xmm9")
	I("pmulhrsw %xmm1, %xmm2") I("pmaddubsw (%rdi), %xmm2")
	I("pblendw $0xf0, %xmm1, %xmm9") I("pblendvb %xmm0, %xmm1, %xmm9")
	I("pblendvb %xmm0, (%rdi), %xmm2") I("pmulld (%rdi), %xmm2")
	I("pmovzxbd (%rdi), %xmm3") I("pmovsxwq %xmm9, %xmm3")
	I("pmaxud %xmm1, %xmm2") I("pcmpeqq (%rdi), %xmm2")
	I("packusdw %xmm9, %xmm2") I("pinsrd $2, %ebx, %xmm9")
	I("pinsrq $1, %r12, %xmm3") I("pinsrb $9, (%rdi), %xmm3")
	I("pextrd $3, %xmm9, %ebx") I("pextrq $1, %xmm3, %r9")
	I("pextrb $7, %xmm3, (%rdi)") I("pextrq $0, %xmm9, 3(%rdi)")
	I("mpsadbw $2, %xmm1, %xmm2") I("pcmpgtq (%rdi), %xmm9")
	/* AES, CLMUL, SHA */
	I("aesenc %xmm1, %xmm9") I("aesdeclast (%rdi), %xmm2")
	I("aeskeygenassist $3, (%rdi), %xmm2") I("pclmulqdq $0x11, %xmm1, %xmm9")
	I("pclmulqdq $0, (%rdi), %xmm2") I("sha256rnds2 %xmm0, %xmm1, %xmm9")
	I("sha256msg1 (%rdi), %xmm2") I("sha1rnds4 $2, %xmm1, %xmm2")
	/* x87, by the host itself */
	I("flds (%rdi)") I("fldl 3(%rdi)") I("fldt (%rdi)") I("fld %st(3)")
	I("filds (%rdi)") I("fildl (%rdi)") I("fildll 1(%rdi)")
	I("fbld (%rdi)") I("fsts (%rdi)") I("fstl (%rdi)") I("fstps (%rdi)")
	I("fstpl 5(%rdi)") I("fstpt (%rdi)") I("fstp %st(2)")
	I("fists (%rdi)") I("fistpl (%rdi)") I("fistpll (%rdi)")
	I("fisttpll (%rdi)") I("fbstp (%rdi)") I("fadds (%rdi)")
	I("fmull (%rdi)") I("fsubr %st, %st(4)") I("fdivp %st, %st(1)")
	I("fidivl (%rdi)") I("fimuls (%rdi)") I("fdivrl (%rdi)")
	I("fcompp") I("fucomi %st(1), %st") I("fcomip %st(2), %st")
	I("fcmovb %st(1), %st") I("fcmovnu %st(5), %st") I("fld1")
	I("fldpi") I("fldz") I("fabs") I("fchs") I("fsqrt") I("frndint")
	I("fscale") I("fxtract") I("fprem") I("fxch %st(3)") I("fxam")
	I("ftst") I("fincstp") I("fdecstp") I("ffree %st(2)") I("f2xm1")
	I("fpatan") I("fnop")
	".byte 0\n"
	".popsection\n");

/* clang-format on */

extern const uint8_t insn_cases[] __attribute__((visibility("hidden")));

struct native {
	uint64_t reg[16]; /* by the processor's numbers; 4 is unused */
	uint64_t flags;
	void *code;
	uint64_t stack;
	uint8_t xsave[WORLD_XSAVE] __attribute__((aligned(64)));
};

static struct native native __attribute__((used, aligned(64)));

void native_enter(void);

#define N(off)	    "native+" #off "(%rip)"
#define LOAD(n, r)  "mov " N(8 * n) ", %" r "\n"
#define STORE(n, r) "mov %" r ", " N(8 * n) "\n"

/* clang-format off */

#define ALL(X) \
	X(0, "rax") X(1, "rcx") X(2, "rdx") X(3, "rbx") X(5, "rbp") \
	X(6, "rsi") X(7, "rdi") X(8, "r8") X(9, "r9") X(10, "r10") \
	X(11, "r11") X(12, "r12") X(13, "r13") X(14, "r14") X(15, "r15")

__asm__(".pushsection .text\n"
	"native_enter:\n"
	"push %rbx\n push %rbp\n push %r12\n push %r13\n push %r14\n"
	"push %r15\n sub $8, %rsp\n"
	"mov $0xe7, %eax\n xor %edx, %edx\n"
	"xrstor64 native+192(%rip)\n"
	"pushq " N(128) "\n popfq\n"
	ALL(LOAD)
	"call *" N(136) "\n"
	ALL(STORE)
	"pushfq\n popq " N(128) "\n"
	"mov $0xe7, %eax\n xor %edx, %edx\n"
	"xsave64 native+192(%rip)\n"
	"fninit\n cld\n"
	"movl $0x1f80, -8(%rsp)\n ldmxcsr -8(%rsp)\n vzeroupper\n"
	"add $8, %rsp\n"
	"pop %r15\n pop %r14\n pop %r13\n pop %r12\n pop %rbp\n pop %rbx\n"
	"ret\n"
	".popsection\n");

/* clang-format on */

_Static_assert(offsetof(struct native, flags) == 128, "N(128)");
_Static_assert(offsetof(struct native, code) == 136, "N(136)");
_Static_assert(offsetof(struct native, xsave) == 192, "192");

static bool has(const char *text, const char *word)
{
	return strstr(text, word) != NULL;
}

static bool starts(const char *text, const char *word)
{
	return !strncmp(text, word, strlen(word));
}

/* What a processor needs for an instruction, by CPUID. */
static bool host_has(const char *text)
{
	unsigned a, b, c, d, b7 = 0, c1 = 0, dx, x1 = 0;

	__get_cpuid(1, &a, &b, &c1, &d);
	if (__get_cpuid_count(7, 0, &a, &b, &c, &d))
		b7 = b;
	__get_cpuid_count(0xd, 1, &x1, &b, &c, &dx);
	if (!(c1 & bit_OSXSAVE) || !(c1 & bit_AVX))
		return false;
	if (has(text, "zmm") || has(text, "%xmm19") || has(text, "ymm19"))
		return b7 & bit_AVX512F && b7 & bit_AVX512BW &&
		       b7 & bit_AVX512VL;
	if (has(text, "xsavec"))
		return x1 & 2;
	if (has(text, "xsaveopt"))
		return x1 & 1;
	if (starts(text, "xgetbv"))
		return x1 & 4;
	if (starts(text, "sha"))
		return b7 & bit_SHA;
	if (starts(text, "adcx") || starts(text, "adox"))
		return b7 & bit_ADX;
	if (starts(text, "clwb"))
		return b7 & bit_CLWB;
	if (starts(text, "clflushopt"))
		return b7 & bit_CLFLUSHOPT;
	if (has(text, "ymm"))
		return b7 & bit_AVX2;
	return b7 & bit_BMI && b7 & bit_BMI2;
}

/* Flags that the manual leaves undefined. */
static uint64_t undefined_flags(const char *text)
{
	static const struct {
		const char *name;
		uint64_t flags;
	} table[] = {
		{"lzcnt", 0x894}, {"tzcnt", 0x894}, {"bextr", 0x94},
		{"blsi", 0x14},	  {"blsr", 0x14},   {"blsmsk", 0x14},
		{"bzhi", 0x14},	  {"andn ", 0x14},
	};
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(*table); i++)
		if (starts(text, table[i].name))
			return table[i].flags;
	return 0;
}

static uint64_t xgetbv(unsigned index)
{
	uint32_t a, d;

	__asm__ volatile("xgetbv" : "=a"(a), "=d"(d) : "c"(index));
	return a | (uint64_t)d << 32;
}

static void random_bytes(struct world *w, uint8_t *p, size_t n)
{
	uint64_t v;

	for (; n >= sizeof(v); n -= sizeof(v), p += sizeof(v)) {
		v = world_random(w);
		memcpy(p, &v, sizeof(v));
	}
	while (n--)
		*p++ = (uint8_t)world_random(w);
}

/* The keys are the test program's own all the time. */
static uint64_t keep_pkru(const struct world *w, uint8_t *x)
{
	uint32_t a, d;

	if (!(w->xcr0 & PKRU))
		return 0;
	__asm__ volatile("rdpkru" : "=a"(a), "=d"(d) : "c"(0));
	store_le32(x + w->layout.part[9].offset, a);
	return a ? PKRU : 0;
}

/* All exceptions stay masked, or the test program would get them. */
static void random_fpu(struct world *w, uint8_t *x)
{
	const struct xstate_layout *l = &w->layout;
	uint64_t bv = world_random(w) & w->xcr0 & COMPONENTS;
	unsigned i;

	memset(x, 0, WORLD_XSAVE);
	store_le64(x + 512, bv | keep_pkru(w, x));
	for (i = 0; i < 8; i++)
		random_bytes(w, x + 32 + 16 * i, 10);
	store_le16(x, (uint16_t)((world_random(w) & 0x0f00) | 0x7f));
	store_le16(x + 2, (uint16_t)(world_random(w) & 0x7f7f));
	x[4] = (uint8_t)world_random(w);
	store_le16(x + 6, (uint16_t)(world_random(w) & 0x7ff));
	store_le64(x + 8, (uint32_t)world_random(w));
	store_le64(x + 16, (uint32_t)world_random(w));
	store_le32(x + 24, (uint32_t)((world_random(w) & 0xe03f) | 0x1f80));
	store_le32(x + 28, 0xffff);
	for (i = 1; i < 8; i++)
		if (COMPONENTS >> i & 1)
			random_bytes(w, x + l->part[i].offset, l->part[i].size);
}

struct test {
	struct world w;
	uint8_t *code; /* a page that may be executed */
	uint8_t *buffer; /* of the native side */
	const char *text;
	size_t len;
};

static void area_setup(struct test *t, uint8_t *area)
{
	struct world *w = &t->w;
	uint8_t image[WORLD_XSAVE];
	uint64_t bv;

	if (!has(t->text, "rstor") || has(t->text, "frstor"))
		return;
	random_fpu(w, image);
	memcpy(area, image, BUFFER - AT);
	if (starts(t->text, "fx"))
		return;
	bv = load_le64(area + 512);
	/* The other form, with every component that XCR0 has. */
	if (world_random(w) & 1) {
		memset(area + 520, 0, 56);
		return;
	}
	store_le64(area + 512, bv);
	store_le64(area + 520,
		   UINT64_C(1) << 63 | bv | (world_random(w) & COMPONENTS));
}

static void setup(struct test *t)
{
	struct world *w = &t->w;
	uint8_t *ours = w->ram->host + WORLD_DATA;
	unsigned i;

	random_bytes(w, t->buffer, BUFFER);
	if (world_random(w) & 1)
		memset(t->buffer + AT, 0, 64);
	area_setup(t, t->buffer + AT);
	if (has(t->text, "ldmxcsr"))
		store_le32(t->buffer + AT,
			   (uint32_t)((world_random(w) & 0xe03f) | 0x1f80));
	if (has(t->text, "fldenv") || has(t->text, "frstor"))
		store_le16(t->buffer + AT, (uint16_t)(world_random(w) | 0x3f));
	if (has(t->text, "fldcw"))
		store_le16(t->buffer + AT, (uint16_t)(world_random(w) | 0x3f));
	for (i = 0; i < 16; i++)
		native.reg[i] =
			world_random(w) >>
			(world_random(w) & 1 ? world_random(w) % 64 : 0);
	native.reg[6] &= 15;
	/* Random keys would keep the test from its own memory. */
	if (has(t->text, "rstor"))
		native.reg[0] &= ~PKRU;
	if (has(t->text, "xgetbv"))
		native.reg[1] &= 1;
	/* cmpxchg finds what it looks for, now and then. */
	if (has(t->text, "cmpxchg") && world_random(w) & 1) {
		unsigned off = has(t->text, "8(")    ? 8
			       : has(t->text, "16(") ? 16
			       : has(t->text, "3(")  ? 3
						     : 0;

		native.reg[0] = load_le64(t->buffer + AT + off);
		native.reg[2] = load_le64(t->buffer + AT + off + 8);
		if (has(t->text, "8b")) {
			native.reg[2] = native.reg[0] >> 32;
			native.reg[0] |= UINT64_C(5) << 32;
		}
	}
	native.flags = (world_random(w) & (STATUS | FLAG_DF)) | 0x202;
	random_fpu(w, w->xsave);
	memcpy(native.xsave, w->xsave, WORLD_XSAVE);
	memcpy(ours, t->buffer, BUFFER);
	memset(&w->cpu.regs, 0, sizeof(w->cpu.regs));
	w->cpu.regs = (struct kvm_regs){
		.rax = native.reg[0],
		.rcx = native.reg[1],
		.rdx = native.reg[2],
		.rbx = native.reg[3],
		.rsp = WORLD_STACK,
		.rbp = native.reg[5],
		.rsi = native.reg[6],
		.rdi = WORLD_DATA + AT,
		.r8 = native.reg[8],
		.r9 = native.reg[9],
		.r10 = native.reg[10],
		.r11 = native.reg[11],
		.r12 = native.reg[12],
		.r13 = native.reg[13],
		.r14 = native.reg[14],
		.r15 = native.reg[15],
		.rip = WORLD_CODE,
		.rflags = native.flags,
	};
	native.reg[7] = (uintptr_t)t->buffer + AT;
}

/* Components in their first state hold nothing that counts. */
static void normalise(const struct xstate_layout *l, uint8_t *x)
{
	uint64_t bv = load_le64(x + 512);
	unsigned i;

	if (!(bv & 1)) {
		memset(x, 0, 24);
		memset(x + 32, 0, 128);
		store_le16(x, 0x37f);
	}
	for (i = 1; i < 8; i++)
		if (!(bv >> i & 1))
			memset(x + l->part[i].offset, 0, l->part[i].size);
	store_le64(x + 512, 0);
	store_le64(x + 520, 0);
	store_le32(x + 28, 0);
	x[5] = 0;
}

/* Where the last x87 instruction was: each side has its own addresses. */
static void forget_pointers(const char *text, uint8_t *x)
{
	static const char *const controls[] = {"fnc",	"fni",	  "fns",
					       "fxs",	"fxr",	  "fldenv",
					       "fldcw", "frstor", "fwait"};
	size_t i;

	for (i = 0; i < sizeof(controls) / sizeof(*controls); i++)
		if (starts(text, controls[i]))
			return;
	if (*text == 'f')
		memset(x + 6, 0, 18);
}

static void compare_fpu(struct test *t)
{
	uint8_t ours[WORLD_XSAVE], theirs[WORLD_XSAVE];
	size_t i;

	memcpy(ours, t->w.xsave, sizeof(ours));
	memcpy(theirs, native.xsave, sizeof(theirs));
	normalise(&t->w.layout, ours);
	normalise(&t->w.layout, theirs);
	forget_pointers(t->text, ours);
	forget_pointers(t->text, theirs);
	for (i = 0; i < t->w.layout.part[7].offset + t->w.layout.part[7].size;
	     i++)
		EXPECT(ours[i] == theirs[i],
		       "%s: state at %zu is %02x, not %02x", t->text, i,
		       ours[i], theirs[i]);
}

static void compare(struct test *t)
{
	static const char *const names[] = {"rax", "rcx", "rdx", "rbx",
					    "rsp", "rbp", "rsi", "rdi",
					    "r8",  "r9",  "r10", "r11",
					    "r12", "r13", "r14", "r15"};
	const struct kvm_regs *r = &t->w.cpu.regs;
	const uint64_t ours[16] = {r->rax, r->rcx, r->rdx, r->rbx,
				   0,	   r->rbp, r->rsi, 0,
				   r->r8,  r->r9,  r->r10, r->r11,
				   r->r12, r->r13, r->r14, r->r15};
	const uint8_t *ram = t->w.ram->host + WORLD_DATA;
	uint64_t mask = ~undefined_flags(t->text);
	size_t i;

	EXPECT(r->rip == WORLD_CODE + t->len, "%s: rip is %#lx", t->text,
	       (long)r->rip);
	EXPECT(r->rdi == WORLD_DATA + AT, "%s: rdi is %#lx", t->text,
	       (long)r->rdi);
	EXPECT(r->rsp == WORLD_STACK, "%s: rsp is %#lx", t->text, (long)r->rsp);
	for (i = 0; i < 16; i++)
		EXPECT(i == 4 || i == 7 || ours[i] == native.reg[i],
		       "%s: %s is %#lx, not %#lx", t->text, names[i],
		       (long)ours[i], (long)native.reg[i]);
	EXPECT((r->rflags & mask) == (native.flags & mask),
	       "%s: flags %#lx, not %#lx", t->text, (long)r->rflags,
	       (long)native.flags);
	for (i = 0; i < BUFFER; i++)
		EXPECT(ram[i] == t->buffer[i],
		       "%s: memory at %zd is %02x, not %02x", t->text,
		       (ssize_t)i - (ssize_t)AT, ram[i], t->buffer[i]);
	compare_fpu(t);
}

static void run_case(struct test *t, const uint8_t *bytes)
{
	enum insn_result rc;
	unsigned i;

	memcpy(t->code, bytes, t->len);
	t->code[t->len] = 0xc3; /* ret */
	for (i = 0; i < ROUNDS; i++) {
		setup(t);
		rc = world_run(&t->w, bytes, t->len);
		EXPECT(rc == INSN_DONE, "%s: result %d, exception %u", t->text,
		       rc, t->w.cpu.fault.vector);
		native_enter();
		compare(t);
	}
}

START_TEST(as_the_host_does)
{
	const uint8_t *p = insn_cases;
	struct test t;

	world_init(&t.w, WORLD_64, 3);
	t.w.xcr0 = xgetbv(0);
	t.code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(t.code, MAP_FAILED);
	t.buffer = aligned_alloc(64, BUFFER);
	native.code = t.code;
	while (*p) {
		const uint8_t *bytes = p + 1;

		t.len = *p;
		t.text = (const char *)bytes + t.len;
		if (host_has(t.text))
			run_case(&t, bytes);
		p = bytes + t.len + strlen(t.text) + 1;
	}
	free(t.buffer);
	munmap(t.code, 4096);
	world_fini(&t.w);
}
END_TEST

UNIT_MAIN("insn_native", as_the_host_does)
