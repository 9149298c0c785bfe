/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Control of the x87 unit and of SSE: no arithmetic.
 * Intel SDM volume 1, 8.1 and 10.2.3; volume 2.
 */
#include <string.h>

#include "vmm/endian.h"
#include "vmm/insn_impl.h"

#define FSW_EXCEPTIONS 0x3fu
#define FSW_ES	       (1u << 7)
#define FSW_BUSY       (1u << 15)
#define FSW_CLEARED    (FSW_EXCEPTIONS | 1u << 6 | FSW_ES | FSW_BUSY)
#define FSW_TOP(fsw)   ((fsw) >> 11 & 7)
#define FSW_TOP_MASK   (7u << 11)
#define FTW_VALID      0xffu /* abridged: a bit for each */
#define FCW_MASKS      0x3fu
#define FCW_WRITABLE   0x1f3fu
#define FCW_FIXED      0x40u
#define ST_SIZE	       16u
#define ST_COUNT       8u

/* A pending exception; without CR0.NE it would be the interrupt controller's.
 */
enum insn_result fpu_check_pending(struct insn_cpu *cpu)
{
	if (!(load_le16(cpu->xsave + XSTATE_FSW) & FSW_ES))
		return INSN_DONE;
	if (!(cpu->sregs.cr0 & CR0_NE))
		return INSN_UNKNOWN;
	return insn_raise(cpu, EXC_MF);
}

enum insn_result insn_fwait(struct insn *in)
{
	const uint64_t both = CR0_MP | CR0_TS;

	if ((in->cpu->sregs.cr0 & both) == both)
		return insn_raise(in->cpu, EXC_NM);
	TRY(xstate_load(in->cpu));
	return fpu_check_pending(in->cpu);
}

/* Registers are kept in the order of the stack: a new top rotates them. */
void fpu_rotate(struct insn_cpu *cpu, unsigned new_top)
{
	unsigned top = FSW_TOP(load_le16(cpu->xsave + XSTATE_FSW)), i;
	uint8_t old[ST_COUNT * ST_SIZE], *st = cpu->xsave + XSTATE_ST;

	memcpy(old, st, sizeof(old));
	for (i = 0; i < ST_COUNT; i++)
		memcpy(st + (size_t)((i + top - new_top) % ST_COUNT) * ST_SIZE,
		       old + (size_t)i * ST_SIZE, ST_SIZE);
}

static void restart(struct insn_cpu *cpu)
{
	fpu_rotate(cpu, 0);
	memset(cpu->xsave, 0, XSTATE_MXCSR);
	store_le16(cpu->xsave + XSTATE_FCW, FCW_INIT);
	xstate_touch(cpu, XBIT(XSTATE_X87));
}

/* MMX names the registers themselves, and marks them all as used. */
enum insn_result fpu_check_mmx(struct insn_cpu *cpu)
{
	uint8_t *fsw;

	TRY(fpu_check(cpu, FPU_MMX));
	TRY(fpu_check_pending(cpu));
	fpu_rotate(cpu, 0);
	fsw = cpu->xsave + XSTATE_FSW;
	store_le16(fsw, (uint16_t)(load_le16(fsw) & ~FSW_TOP_MASK));
	cpu->xsave[XSTATE_FTW] = FTW_VALID;
	xstate_touch(cpu, XBIT(XSTATE_X87));
	return INSN_DONE;
}

enum insn_result insn_fninit(struct insn *in)
{
	TRY(fpu_check(in->cpu, FPU_X87));
	restart(in->cpu);
	return INSN_DONE;
}

enum insn_result insn_fnclex(struct insn *in)
{
	struct insn_cpu *cpu = in->cpu;

	TRY(fpu_check(cpu, FPU_X87));
	store_le16(cpu->xsave + XSTATE_FSW,
		   (uint16_t)(load_le16(cpu->xsave + XSTATE_FSW) &
			      ~FSW_CLEARED));
	xstate_touch(cpu, XBIT(XSTATE_X87));
	return INSN_DONE;
}

/* FNSTCW and FNSTSW: arg is where the word lies. */
enum insn_result insn_fnst(struct insn *in)
{
	TRY(fpu_check(in->cpu, FPU_X87));
	return insn_set(in, 0, load_le16(in->cpu->xsave + in->arg));
}

/* The summary bits follow the exceptions that are not masked. */
void fpu_set_fcw(struct insn_cpu *cpu, uint16_t fcw)
{
	uint16_t fsw = load_le16(cpu->xsave + XSTATE_FSW);

	fcw = (uint16_t)((fcw & FCW_WRITABLE) | FCW_FIXED);
	fsw = (uint16_t)(fsw & ~(FSW_ES | FSW_BUSY));
	if (fsw & ~fcw & FCW_MASKS)
		fsw |= FSW_ES | FSW_BUSY;
	store_le16(cpu->xsave + XSTATE_FCW, fcw);
	store_le16(cpu->xsave + XSTATE_FSW, fsw);
	xstate_touch(cpu, XBIT(XSTATE_X87));
}

enum insn_result insn_fldcw(struct insn *in)
{
	uint64_t fcw;

	TRY(fpu_check(in->cpu, FPU_X87));
	TRY(fpu_check_pending(in->cpu));
	TRY(insn_get(in, 0, &fcw));
	fpu_set_fcw(in->cpu, (uint16_t)fcw);
	return INSN_DONE;
}

enum insn_result insn_ldmxcsr(struct insn *in)
{
	struct insn_cpu *cpu = in->cpu;
	uint64_t val;

	TRY(fpu_check(cpu, in->arg));
	TRY(insn_get(in, 0, &val));
	if (val & ~xstate_mxcsr_mask(cpu))
		return insn_raise_error(cpu, EXC_GP, 0);
	store_le32(cpu->xsave + XSTATE_MXCSR, (uint32_t)val);
	xstate_touch(cpu, XBIT(XSTATE_SSE));
	return INSN_DONE;
}

enum insn_result insn_stmxcsr(struct insn *in)
{
	TRY(fpu_check(in->cpu, in->arg));
	return insn_set(in, 0, load_le32(in->cpu->xsave + XSTATE_MXCSR));
}
