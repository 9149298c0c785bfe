/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bit counting and moving: POPCNT, LZCNT, TZCNT, BMI1, BMI2, ADX, MOVBE, CRC32.
 * Intel SDM volume 2.  Flags that it leaves undefined are cleared or kept, as
 * processors do.
 */
#include <endian.h>

#include "vmm/insn_impl.h"

#define CRC32C_REVERSED UINT32_C(0x82f63b78)

static unsigned width(const struct insn *in)
{
	return in->op[0].size;
}

static uint64_t mask(unsigned bits)
{
	return bits < 64 ? (UINT64_C(1) << bits) - 1 : UINT64_MAX;
}

static void set_flags(struct insn *in, uint64_t which, uint64_t val)
{
	in->cpu->regs.rflags = (in->cpu->regs.rflags & ~which) | val;
}

/* VEX has a say outside protected mode only. */
static enum insn_result check_vex(struct insn *in)
{
	if (in->i.encoding == ZYDIS_INSTRUCTION_ENCODING_VEX &&
	    (!cpu_protected(in->cpu) || cpu_v86(in->cpu)))
		return insn_raise(in->cpu, EXC_UD);
	return INSN_DONE;
}

enum insn_result insn_popcnt(struct insn *in)
{
	uint64_t v;

	TRY(insn_get(in, 1, &v));
	set_flags(in, FLAGS_STATUS, v ? 0 : FLAG_ZF);
	return insn_set(in, 0, (uint64_t)__builtin_popcountll(v));
}

static uint64_t leading_zeros(uint64_t v, unsigned bits)
{
	return v ? (uint64_t)__builtin_clzll(v) - (64 - bits) : bits;
}

static uint64_t trailing_zeros(uint64_t v, unsigned bits)
{
	return v ? (uint64_t)__builtin_ctzll(v) : bits;
}

/* LZCNT and TZCNT; arg: from above. */
enum insn_result insn_count_zeros(struct insn *in)
{
	uint64_t v, n;

	TRY(insn_get(in, 1, &v));
	n = in->arg ? leading_zeros(v, width(in))
		    : trailing_zeros(v, width(in));
	set_flags(in, FLAGS_STATUS, (v ? 0 : FLAG_CF) | (n ? 0 : FLAG_ZF));
	return insn_set(in, 0, n);
}

static uint64_t swap(uint64_t v, unsigned bits)
{
	return be64toh(htole64(v)) >> (64 - bits);
}

enum insn_result insn_movbe(struct insn *in)
{
	uint64_t v;

	TRY(insn_get(in, 1, &v));
	return insn_set(in, 0, swap(v, width(in)));
}

enum insn_result insn_crc32(struct insn *in)
{
	unsigned bits = in->op[1].size, i;
	uint64_t v, old;
	uint32_t crc;

	TRY(insn_get(in, 1, &v));
	TRY(insn_get(in, 0, &old));
	crc = (uint32_t)old;
	for (i = 0; i < bits; i++) {
		crc ^= v >> i & 1;
		crc = crc >> 1 ^ (crc & 1 ? CRC32C_REVERSED : 0);
	}
	return insn_set(in, 0, crc);
}

/* What BMI's logic instructions say of their result. */
static enum insn_result set_logic(struct insn *in, uint64_t r, bool carry)
{
	unsigned bits = width(in);

	r &= mask(bits);
	set_flags(in, FLAGS_STATUS,
		  (carry ? FLAG_CF : 0) | (r ? 0 : FLAG_ZF) |
			  (r >> (bits - 1) & 1 ? FLAG_SF : 0));
	return insn_set(in, 0, r);
}

enum insn_result insn_andn(struct insn *in)
{
	uint64_t a, b;

	TRY(check_vex(in));
	TRY(insn_get(in, 1, &a));
	TRY(insn_get(in, 2, &b));
	return set_logic(in, ~a & b, false);
}

enum insn_result insn_blsi(struct insn *in)
{
	uint64_t v;

	TRY(check_vex(in));
	TRY(insn_get(in, 1, &v));
	return set_logic(in, v & -v, v != 0);
}

enum insn_result insn_blsr(struct insn *in)
{
	uint64_t v;

	TRY(check_vex(in));
	TRY(insn_get(in, 1, &v));
	return set_logic(in, v & (v - 1), v == 0);
}

enum insn_result insn_blsmsk(struct insn *in)
{
	uint64_t v;

	TRY(check_vex(in));
	TRY(insn_get(in, 1, &v));
	return set_logic(in, v ^ (v - 1), v == 0);
}

enum insn_result insn_bextr(struct insn *in)
{
	unsigned start, len;
	uint64_t v, control;

	TRY(check_vex(in));
	TRY(insn_get(in, 1, &v));
	TRY(insn_get(in, 2, &control));
	start = (uint8_t)control;
	len = (uint8_t)(control >> 8);
	v = start < width(in) ? v >> start & mask(len) : 0;
	set_flags(in, FLAGS_STATUS, v ? 0 : FLAG_ZF);
	return insn_set(in, 0, v);
}

enum insn_result insn_bzhi(struct insn *in)
{
	uint64_t v, control;
	unsigned n;

	TRY(check_vex(in));
	TRY(insn_get(in, 1, &v));
	TRY(insn_get(in, 2, &control));
	n = (uint8_t)control;
	return set_logic(in, n < width(in) ? v & mask(n) : v, n >= width(in));
}

static uint64_t deposit(uint64_t v, uint64_t where)
{
	uint64_t r = 0, bit;

	for (; where; where &= where - 1, v >>= 1) {
		bit = where & -where;
		if (v & 1)
			r |= bit;
	}
	return r;
}

static uint64_t extract(uint64_t v, uint64_t where)
{
	uint64_t r = 0;
	unsigned n = 0;

	for (; where; where &= where - 1, n++)
		if (v & where & -where)
			r |= UINT64_C(1) << n;
	return r;
}

/* PDEP and PEXT; arg: the first. */
enum insn_result insn_scatter(struct insn *in)
{
	uint64_t v, where;

	TRY(check_vex(in));
	TRY(insn_get(in, 1, &v));
	TRY(insn_get(in, 2, &where));
	return insn_set(in, 0, in->arg ? deposit(v, where) : extract(v, where));
}

enum insn_result insn_mulx(struct insn *in)
{
	unsigned bits = width(in);
	uint64_t a, b, low, high;

	TRY(check_vex(in));
	a = in->cpu->regs.rdx & mask(bits);
	TRY(insn_get(in, 2, &b));
	low = a * b;
	high = (uint64_t)((unsigned __int128)a * b >> bits);
	TRY(insn_set(in, 1, low));
	return insn_set(in, 0, high & mask(bits));
}

enum insn_result insn_rorx(struct insn *in)
{
	unsigned bits = width(in), n;
	uint64_t v, count;

	TRY(check_vex(in));
	TRY(insn_get(in, 1, &v));
	TRY(insn_get(in, 2, &count));
	n = (unsigned)count & (bits - 1);
	if (n)
		v = v >> n | v << (bits - n);
	return insn_set(in, 0, v & mask(bits));
}

enum insn_result insn_shift(struct insn *in)
{
	unsigned bits = width(in), n;
	uint64_t v, count;

	TRY(check_vex(in));
	TRY(insn_get(in, 1, &v));
	TRY(insn_get(in, 2, &count));
	n = (unsigned)count & (bits - 1);
	switch (in->arg) {
	case INSN_SHLX:
		v <<= n;
		break;
	case INSN_SHRX:
		v >>= n;
		break;
	default:
		v = (uint64_t)((int64_t)(v << (64 - bits)) >> (64 - bits) >> n);
	}
	return insn_set(in, 0, v & mask(bits));
}

/* ADCX and ADOX; arg: the flag that is their carry. */
enum insn_result insn_add_carry(struct insn *in)
{
	unsigned bits = width(in);
	unsigned __int128 sum;
	uint64_t a, b;

	TRY(insn_get(in, 0, &a));
	TRY(insn_get(in, 1, &b));
	sum = (unsigned __int128)a + b +
	      (in->cpu->regs.rflags & in->arg ? 1 : 0);
	set_flags(in, in->arg, sum >> bits ? in->arg : 0);
	return insn_set(in, 0, (uint64_t)sum & mask(bits));
}
