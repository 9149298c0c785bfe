/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the instruction finisher share.  Functions return
 * INSN_DONE to go on; anything else ends the instruction.
 */
#ifndef VMM_INSN_IMPL_H
#define VMM_INSN_IMPL_H

#include <Zydis/Zydis.h>

#include "vmm/insn.h"
#include "vmm/page_access.h"

/* Exceptions. */
#define EXC_DB	       1
#define EXC_BP	       3
#define EXC_OF	       4
#define EXC_UD	       6
#define EXC_NM	       7
#define EXC_TS	       10
#define EXC_NP	       11
#define EXC_SS	       12
#define EXC_GP	       13
#define EXC_PF	       14
#define EXC_MF	       16
#define EXC_AC	       17

#define FLAG_CF	       (UINT64_C(1) << 0)
#define FLAG_ONE       (UINT64_C(1) << 1)
#define FLAG_PF	       (UINT64_C(1) << 2)
#define FLAG_AF	       (UINT64_C(1) << 4)
#define FLAG_ZF	       (UINT64_C(1) << 6)
#define FLAG_SF	       (UINT64_C(1) << 7)
#define FLAG_TF	       (UINT64_C(1) << 8)
#define FLAG_IF	       (UINT64_C(1) << 9)
#define FLAG_DF	       (UINT64_C(1) << 10)
#define FLAG_OF	       (UINT64_C(1) << 11)
#define FLAG_IOPL      (UINT64_C(3) << 12)
#define FLAG_NT	       (UINT64_C(1) << 14)
#define FLAG_RF	       (UINT64_C(1) << 16)
#define FLAG_VM	       (UINT64_C(1) << 17)
#define FLAG_AC	       (UINT64_C(1) << 18)
#define FLAG_VIF       (UINT64_C(1) << 19)
#define FLAG_VIP       (UINT64_C(1) << 20)
#define FLAG_ID	       (UINT64_C(1) << 21)
#define FLAGS_STATUS   (FLAG_CF | FLAG_PF | FLAG_AF | FLAG_ZF | FLAG_SF | FLAG_OF)

#define CR0_PE	       (UINT64_C(1) << 0)
#define CR0_MP	       (UINT64_C(1) << 1)
#define CR0_EM	       (UINT64_C(1) << 2)
#define CR0_TS	       (UINT64_C(1) << 3)
#define CR0_NE	       (UINT64_C(1) << 5)
#define CR0_AM	       (UINT64_C(1) << 18)
#define CR0_PG	       (UINT64_C(1) << 31)
#define CR4_VME	       (UINT64_C(1) << 0)
#define CR4_PVI	       (UINT64_C(1) << 1)
#define CR4_OSFXSR     (UINT64_C(1) << 9)
#define CR4_OSXMMEXCPT (UINT64_C(1) << 10)
#define CR4_LA57       (UINT64_C(1) << 12)
#define CR4_PCIDE      (UINT64_C(1) << 17)
#define CR4_OSXSAVE    (UINT64_C(1) << 18)
#define CR4_SMAP       (UINT64_C(1) << 21)
#define CR4_CET	       (UINT64_C(1) << 23)
#define EFER_SCE       (UINT64_C(1) << 0)
#define EFER_LMA       (UINT64_C(1) << 10)
#define EFER_FFXSR     (UINT64_C(1) << 14)

/* The processor's number of a general register is its place here. */
enum gpr_number {
	GPR_AX,
	GPR_CX,
	GPR_DX,
	GPR_BX,
	GPR_SP,
	GPR_BP,
	GPR_SI,
	GPR_DI
};

#define TRY(expr) \
	do { \
		enum insn_result try_result = (expr); \
		if (try_result != INSN_DONE) \
			return try_result; \
	} while (0)

struct insn {
	struct insn_cpu *cpu;
	ZydisDecodedInstruction i;
	ZydisDecodedOperand op[ZYDIS_MAX_OPERAND_COUNT];
	unsigned arg; /* the table's */
	uint64_t next; /* the instruction pointer after it */
	uint64_t flags; /* before it */
	bool no_step; /* TF as it was before makes no #DB */
};

/* insn.c: exceptions.  All return INSN_FAULT. */
/* Finished, and then the exception; DR6 stays as it is. */
void insn_trap(struct insn_cpu *cpu, uint8_t vector);
enum insn_result insn_raise(struct insn_cpu *cpu, uint8_t vector);
enum insn_result insn_raise_error(struct insn_cpu *cpu, uint8_t vector,
				  uint32_t error);

static inline bool cpu_protected(const struct insn_cpu *cpu)
{
	return cpu->sregs.cr0 & CR0_PE;
}

static inline bool cpu_v86(const struct insn_cpu *cpu)
{
	return cpu_protected(cpu) && (cpu->regs.rflags & FLAG_VM);
}

static inline bool cpu_long_mode(const struct insn_cpu *cpu)
{
	return cpu->sregs.efer & EFER_LMA;
}

/* 64-bit code, not compatibility mode. */
static inline bool cpu_64bit(const struct insn_cpu *cpu)
{
	return cpu_long_mode(cpu) && cpu->sregs.cs.l;
}

unsigned cpu_cpl(const struct insn_cpu *cpu);

/* insn_mem.c: linear addresses. */
enum mem_flags {
	MEM_READ = 0,
	MEM_WRITE = 1 << 0,
	MEM_IMPLICIT = 1 << 1, /* a table of the processor's */
	MEM_ALIGNED = 1 << 2, /* #GP when not a multiple of the size */
	MEM_NO_AC = 1 << 3, /* exempt from alignment checks */
};

#define MEM_PAGE 4096u

/* A checked place in memory: at most two pages. */
struct mem_place {
	gpa_t gpa[2];
	size_t len[2];
};

bool mem_canonical(const struct insn_cpu *cpu, uint64_t addr);
/* Is [off, off + len) within a segment's limit? */
bool mem_within(const struct kvm_segment *s, uint64_t off, size_t len);
/* The linear address of an offset into a segment, limits checked. */
enum insn_result mem_linear(struct insn_cpu *cpu, unsigned seg, uint64_t off,
			    size_t len, unsigned flags, uint64_t *linear);
/* Translates len bytes (at most a page) at a linear address. */
enum insn_result mem_translate(struct insn_cpu *cpu, uint64_t linear,
			       size_t len, unsigned cpl, unsigned flags,
			       struct mem_place *place);
/* Moves what a place holds.  After all checks: MMIO has effects. */
enum insn_result mem_move(struct insn_cpu *cpu, const struct mem_place *place,
			  void *buf, bool write);
/* Reads or writes at the current privilege. */
enum insn_result mem_access(struct insn_cpu *cpu, uint64_t linear, void *buf,
			    size_t len, unsigned flags);
/* Reads or writes a table of the processor's. */
enum insn_result mem_table(struct insn_cpu *cpu, uint64_t linear, void *buf,
			   size_t len, bool write);
/* Adds bytes of code to the len that are there; returns how many there are. */
enum insn_result mem_fetch(struct insn_cpu *cpu, uint8_t *code, size_t *len);

/* insn_operand.c: registers and operands. */
enum { SEG_ES, SEG_CS, SEG_SS, SEG_DS, SEG_FS, SEG_GS };

uint64_t *cpu_gpr(struct insn_cpu *cpu, unsigned n);
struct kvm_segment *cpu_segment(struct insn_cpu *cpu, unsigned n);
uint64_t insn_get_reg(struct insn *in, ZydisRegister reg);
/* 32-bit writes clear the upper half. */
void insn_set_reg(struct insn *in, ZydisRegister reg, uint64_t val);
/* The linear address of a memory operand, for len bytes of it. */
enum insn_result insn_address(struct insn *in, const ZydisDecodedOperand *op,
			      size_t len, unsigned flags, uint64_t *linear);
/* Moves len bytes between a memory operand and buf. */
enum insn_result insn_mem(struct insn *in, const ZydisDecodedOperand *op,
			  void *buf, size_t len, unsigned flags);
/* Integer operands: register, memory or immediate. */
enum insn_result insn_get(struct insn *in, unsigned n, uint64_t *val);
enum insn_result insn_set(struct insn *in, unsigned n, uint64_t val);
bool insn_has_lock(const struct insn *in);

/* insn_xstate.c: the extended state. */
enum xstate_number {
	XSTATE_X87,
	XSTATE_SSE,
	XSTATE_AVX,
	XSTATE_BNDCSR = 4,
	XSTATE_OPMASK,
	XSTATE_ZMM_HIGH,
	XSTATE_ZMM_UPPER,
	XSTATE_PKRU = 9,
};

#define XSTATE_LEGACY_SIZE 512u
#define XSTATE_HEADER_SIZE 64u
#define XSTATE_BV_OFFSET   512u
/* In the legacy region. */
#define XSTATE_FCW	   0u
#define XSTATE_FSW	   2u
#define XSTATE_FTW	   4u
#define XSTATE_FOP	   6u
#define XSTATE_FIP	   8u
#define XSTATE_FDP	   16u
#define XSTATE_MXCSR	   24u
#define XSTATE_MXCSR_MASK  28u
#define XSTATE_ST	   32u
#define XSTATE_XMM	   160u
#define XSTATE_XMM_END	   416u
#define FCW_INIT	   0x37fu
#define MXCSR_INIT	   0x1f80u
#define MXCSR_MASK_DEFAULT 0xffbfu

#define XBIT(n)		   (UINT64_C(1) << (n))

/* Loads it, with components in their first state filled in. */
enum insn_result xstate_load(struct insn_cpu *cpu);
/* Says that components (a bit mask) were written. */
void xstate_touch(struct insn_cpu *cpu, uint64_t components);
uint64_t xstate_in_use(const struct insn_cpu *cpu);
/* Puts components into their first state. */
void xstate_reset(struct insn_cpu *cpu, uint64_t components);
uint32_t xstate_mxcsr_mask(const struct insn_cpu *cpu);
/* A vector register's bytes, low to high; size is 16, 32 or 64. */
void xstate_get_vector(struct insn_cpu *cpu, unsigned n, uint8_t *buf,
		       size_t size);
/* zero: what lies above size becomes 0. */
void xstate_set_vector(struct insn_cpu *cpu, unsigned n, const uint8_t *buf,
		       size_t size, bool zero);
/* #UD, #NM as CR0 and CR4 have it, for a class of instructions; loads. */
enum fpu_class { FPU_X87, FPU_MMX, FPU_SSE, FPU_AVX, FPU_AVX512, FPU_XSAVE };
enum insn_result fpu_check(struct insn_cpu *cpu, enum fpu_class class);

/* insn_fpu.c: x87, loaded. */
enum insn_result fpu_check_mmx(struct insn_cpu *cpu);
/* #MF for an exception that is pending. */
enum insn_result fpu_check_pending(struct insn_cpu *cpu);
void fpu_set_fcw(struct insn_cpu *cpu, uint16_t fcw);
/* Puts the registers in their order under a new top of the stack. */
void fpu_rotate(struct insn_cpu *cpu, unsigned new_top);

/* insn_desc.c: descriptors. */
struct descriptor {
	uint16_t selector;
	uint64_t address; /* linear, of its 8 bytes */
	uint64_t raw;
	struct kvm_segment seg;
};

#define SELECTOR_RPL   3u
#define SELECTOR_INDEX 0xfffcu /* with the table bit */

/* Reads a code or data descriptor; vector(selector) beyond the table. */
enum insn_result desc_read(struct insn_cpu *cpu, uint16_t selector,
			   uint8_t vector, struct descriptor *desc);
/* A segment of real mode. */
void desc_real(struct kvm_segment *seg, uint16_t selector);
/* What virtual-8086 mode makes of a selector. */
struct kvm_segment desc_v86(uint16_t selector);
/* An unusable segment; the selector is null. */
struct kvm_segment desc_null(uint16_t selector, unsigned cpl);
/* Is rip one that code in cs may have? */
bool desc_rip_good(const struct insn_cpu *cpu, const struct kvm_segment *cs,
		   uint64_t rip);
/* Sets the accessed bit in the table. */
enum insn_result desc_mark(struct insn_cpu *cpu, struct descriptor *desc);
static inline bool desc_is_code(const struct descriptor *d)
{
	return d->seg.s && (d->seg.type & 8);
}
static inline bool desc_conforming(const struct descriptor *d)
{
	return desc_is_code(d) && (d->seg.type & 4);
}
static inline bool desc_writable(const struct descriptor *d)
{
	return d->seg.s && !(d->seg.type & 8) && (d->seg.type & 2);
}

/* insn_stack.c: pushes and pops that are checked first, then made. */
struct stack {
	struct kvm_segment ss;
	uint64_t sp;
	bool wide; /* 64-bit addresses */
	unsigned cpl;
	uint32_t error; /* of the #SS for what is beyond the limit */
};

#define STACK_WORDS 16

void stack_current(const struct insn_cpu *cpu, struct stack *s);
/* Pushes words[0] first, each of size bytes; moves s->sp. */
enum insn_result stack_push(struct insn_cpu *cpu, struct stack *s,
			    const uint64_t *words, unsigned n, unsigned size);
/* Pops words[0] first; moves s->sp. */
enum insn_result stack_pop(struct insn_cpu *cpu, struct stack *s,
			   uint64_t *words, unsigned n, unsigned size);
/* The stack is the vCPU's from now on. */
void stack_load(struct insn_cpu *cpu, const struct stack *s);

/* insn_table.c: which function finishes which instruction. */
struct insn_handler {
	enum insn_result (*fn)(struct insn *in);
	unsigned arg;
	const char *feature; /* as -cpu has it */
};

const struct insn_handler *insn_handler(unsigned kind);

/* The arguments of some. */
#define AREA_OPTIMISED	1u /* leaves out what is in its first state */
#define AREA_COMPACT	2u
#define AREA_SUPERVISOR 4u

enum insn_shift { INSN_SARX, INSN_SHLX, INSN_SHRX };
enum insn_logic { INSN_AND, INSN_ANDN, INSN_OR, INSN_XOR };

/* insn_bits.c */
enum insn_result insn_popcnt(struct insn *in);
enum insn_result insn_count_zeros(struct insn *in);
enum insn_result insn_movbe(struct insn *in);
enum insn_result insn_crc32(struct insn *in);
enum insn_result insn_andn(struct insn *in);
enum insn_result insn_blsi(struct insn *in);
enum insn_result insn_blsr(struct insn *in);
enum insn_result insn_blsmsk(struct insn *in);
enum insn_result insn_bextr(struct insn *in);
enum insn_result insn_bzhi(struct insn *in);
enum insn_result insn_scatter(struct insn *in);
enum insn_result insn_mulx(struct insn *in);
enum insn_result insn_rorx(struct insn *in);
enum insn_result insn_shift(struct insn *in);
enum insn_result insn_add_carry(struct insn *in);

/* insn_cmpxchg.c */
enum insn_result insn_cmpxchg8b(struct insn *in);
enum insn_result insn_cmpxchg16b(struct insn *in);

/* insn_fpu.c */
enum insn_result insn_fwait(struct insn *in);
enum insn_result insn_fninit(struct insn *in);
enum insn_result insn_fnclex(struct insn *in);
enum insn_result insn_fnst(struct insn *in);
enum insn_result insn_fldcw(struct insn *in);
enum insn_result insn_fldenv(struct insn *in);
enum insn_result insn_fnstenv(struct insn *in);
enum insn_result insn_ldmxcsr(struct insn *in);
enum insn_result insn_stmxcsr(struct insn *in);

/* insn_int.c */
enum insn_result insn_int(struct insn *in);
enum insn_result insn_int3(struct insn *in);
enum insn_result insn_into(struct insn *in);
enum insn_result insn_int1(struct insn *in);

/* insn_iret.c */
enum insn_result insn_iret(struct insn *in);

/* insn_host.c: for what no other function is there. */
enum insn_result insn_on_host(struct insn *in);
/* Makes the page; false when it cannot be had. */
bool insn_host_page(struct insn_host_code *code);

/* insn_x87.c */
enum insn_result insn_x87_on_host(struct insn *in);

/* insn_sse.c */
enum insn_result insn_move_vector(struct insn *in);
enum insn_result insn_move_scalar(struct insn *in);
enum insn_result insn_move_low(struct insn *in);
enum insn_result insn_move_half(struct insn *in);
enum insn_result insn_move_across(struct insn *in);
enum insn_result insn_copy(struct insn *in);
enum insn_result insn_logic(struct insn *in);
enum insn_result insn_vzero(struct insn *in);
enum insn_result insn_emms(struct insn *in);

/* insn_syscall.c */
enum insn_result insn_syscall(struct insn *in);
enum insn_result insn_sysret(struct insn *in);

/* insn_system.c */
enum insn_result insn_ud(struct insn *in);
enum insn_result insn_set_ac(struct insn *in);
enum insn_result insn_invpcid(struct insn *in);
enum insn_result insn_random(struct insn *in);
enum insn_result insn_rdpid(struct insn *in);
enum insn_result insn_swapgs(struct insn *in);
enum insn_result insn_read_base(struct insn *in);
enum insn_result insn_write_base(struct insn *in);
enum insn_result insn_nop(struct insn *in);
enum insn_result insn_nop_line(struct insn *in);
enum insn_result insn_ptwrite(struct insn *in);

/* insn_xsave.c */
enum insn_result insn_fxsave(struct insn *in);
enum insn_result insn_fxrstor(struct insn *in);
enum insn_result insn_xsave(struct insn *in);
enum insn_result insn_xrstor(struct insn *in);
enum insn_result insn_xgetbv(struct insn *in);
enum insn_result insn_xsetbv(struct insn *in);

#endif
