/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * FNSTENV, FLDENV, FNSAVE, FRSTOR.  Intel SDM volume 1, 8.1.10 and figures 8-9
 * to 8-12 for the four forms of the environment.
 */
#include <string.h>

#include "vmm/endian.h"
#include "vmm/insn_impl.h"

#define ENV16	   14u
#define ENV32	   28u
#define ENV_WORDS  7u
#define REG_SIZE   10u
#define REG_COUNT  8u
#define ST_SIZE	   16u
#define IMAGE_MAX  (ENV32 + REG_COUNT * REG_SIZE)
#define FOP_MASK   0x7ffu
#define FCW_MASKS  0x3fu
#define EXP_MASK   0x7fffu
#define HIGH_SHIFT 12 /* real mode's upper pointer bits */
#define RESERVED   UINT32_C(0xffff0000)

/* The words of an environment, whatever their width. */
enum { ENV_FCW, ENV_FSW, ENV_FTW, ENV_FIP, ENV_FCS, ENV_FDP, ENV_FDS };

/* Tags of the registers. */
enum { TAG_VALID, TAG_ZERO, TAG_SPECIAL, TAG_EMPTY };

static bool wide(const struct insn *in)
{
	return in->i.operand_width != 16;
}

static bool real_form(const struct insn_cpu *cpu)
{
	return !cpu_protected(cpu) || cpu_v86(cpu);
}

static unsigned tag_of(const uint8_t *st)
{
	uint64_t mantissa = load_le64(st);
	unsigned exponent = load_le16(st + 8) & EXP_MASK;

	if (exponent == EXP_MASK)
		return TAG_SPECIAL;
	if (!exponent)
		return mantissa ? TAG_SPECIAL : TAG_ZERO;
	return mantissa >> 63 ? TAG_VALID : TAG_SPECIAL;
}

/* Two bits a register, by its own number; kept is one bit. */
static uint16_t full_tags(const struct insn_cpu *cpu)
{
	unsigned top = load_le16(cpu->xsave + XSTATE_FSW) >> 11 & 7, i, tag;
	uint16_t tags = 0;

	for (i = 0; i < REG_COUNT; i++) {
		tag = TAG_EMPTY;
		if (cpu->xsave[XSTATE_FTW] >> i & 1)
			tag = tag_of(cpu->xsave + XSTATE_ST +
				     (size_t)((i - top) & 7) * ST_SIZE);
		tags |= (uint16_t)(tag << 2 * i);
	}
	return tags;
}

static uint8_t short_tags(uint16_t tags)
{
	uint8_t bits = 0;
	unsigned i;

	for (i = 0; i < REG_COUNT; i++)
		if ((tags >> 2 * i & 3) != TAG_EMPTY)
			bits |= (uint8_t)(1u << i);
	return bits;
}

static void get_env(const struct insn *in, uint32_t env[ENV_WORDS])
{
	const uint8_t *x = in->cpu->xsave;
	uint32_t fip = load_le32(x + XSTATE_FIP);
	uint32_t fdp = load_le32(x + XSTATE_FDP);
	uint32_t fop = load_le16(x + XSTATE_FOP) & FOP_MASK;
	uint32_t high = wide(in) ? RESERVED : 0;
	/* With 32 bits the reserved upper halves are ones. */
	env[ENV_FCW] = load_le16(x + XSTATE_FCW) | high;
	env[ENV_FSW] = load_le16(x + XSTATE_FSW) | high;
	env[ENV_FTW] = full_tags(in->cpu) | high;
	env[ENV_FIP] = fip;
	env[ENV_FDP] = fdp;
	if (real_form(in->cpu)) {
		env[ENV_FIP] = (uint16_t)fip | high;
		env[ENV_FDP] = (uint16_t)fdp | high;
		env[ENV_FCS] = fip >> 16 << HIGH_SHIFT | fop;
		env[ENV_FDS] = fdp >> 16 << HIGH_SHIFT;
		return;
	}
	env[ENV_FCS] = wide(in) ? fop << 16 : 0;
	env[ENV_FDS] = high;
}

static void set_env(struct insn *in, const uint32_t env[ENV_WORDS])
{
	uint8_t *x = in->cpu->xsave;
	uint32_t fip = env[ENV_FIP], fdp = env[ENV_FDP], fop = 0;

	if (real_form(in->cpu)) {
		fop = env[ENV_FCS] & FOP_MASK;
		fip = (uint16_t)fip | env[ENV_FCS] >> HIGH_SHIFT << 16;
		fdp = (uint16_t)fdp | env[ENV_FDS] >> HIGH_SHIFT << 16;
	} else if (wide(in)) {
		fop = env[ENV_FCS] >> 16 & FOP_MASK;
	}
	fpu_rotate(in->cpu, env[ENV_FSW] >> 11 & 7);
	memset(x, 0, XSTATE_MXCSR);
	store_le32(x + XSTATE_FIP, fip);
	store_le32(x + XSTATE_FDP, fdp);
	store_le16(x + XSTATE_FOP, (uint16_t)fop);
	store_le16(x + XSTATE_FSW, (uint16_t)env[ENV_FSW]);
	x[XSTATE_FTW] = short_tags((uint16_t)env[ENV_FTW]);
	fpu_set_fcw(in->cpu, (uint16_t)env[ENV_FCW]);
}

static size_t env_size(const struct insn *in)
{
	return wide(in) ? ENV32 : ENV16;
}

static void pack(const struct insn *in, uint8_t *image,
		 const uint32_t env[ENV_WORDS])
{
	unsigned i;

	for (i = 0; i < ENV_WORDS; i++)
		if (wide(in))
			store_le32(image + 4 * i, env[i]);
		else
			store_le16(image + 2 * i, (uint16_t)env[i]);
}

static void unpack(const struct insn *in, const uint8_t *image,
		   uint32_t env[ENV_WORDS])
{
	unsigned i;

	for (i = 0; i < ENV_WORDS; i++)
		env[i] = wide(in) ? load_le32(image + 4 * i)
				  : load_le16(image + 2 * i);
}

/* FNSTENV and FNSAVE; arg: the registers too. */
enum insn_result insn_fnstenv(struct insn *in)
{
	size_t size = env_size(in), i;
	struct insn_cpu *cpu = in->cpu;
	uint8_t image[IMAGE_MAX];
	uint32_t env[ENV_WORDS];

	TRY(fpu_check(cpu, FPU_X87));
	get_env(in, env);
	pack(in, image, env);
	for (i = 0; i < REG_COUNT && in->arg; i++, size += REG_SIZE)
		memcpy(image + size, cpu->xsave + XSTATE_ST + i * ST_SIZE,
		       REG_SIZE);
	TRY(insn_mem(in, &in->op[0], image, size, MEM_WRITE));
	if (in->arg)
		return insn_fninit(in);
	fpu_set_fcw(cpu, load_le16(cpu->xsave + XSTATE_FCW) | FCW_MASKS);
	return INSN_DONE;
}

/* FLDENV and FRSTOR; arg: the registers too. */
enum insn_result insn_fldenv(struct insn *in)
{
	size_t at = env_size(in), i;
	size_t size = at + (in->arg ? REG_COUNT * REG_SIZE : 0);
	uint8_t image[IMAGE_MAX], *st;
	uint32_t env[ENV_WORDS];

	TRY(fpu_check(in->cpu, FPU_X87));
	TRY(fpu_check_pending(in->cpu));
	TRY(insn_mem(in, &in->op[0], image, size, MEM_READ));
	unpack(in, image, env);
	set_env(in, env);
	for (i = 0; i < REG_COUNT && in->arg; i++, at += REG_SIZE) {
		st = in->cpu->xsave + XSTATE_ST + i * ST_SIZE;
		memset(st, 0, ST_SIZE);
		memcpy(st, image + at, REG_SIZE);
	}
	return INSN_DONE;
}
