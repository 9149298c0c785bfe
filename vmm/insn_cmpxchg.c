/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CMPXCHG8B and CMPXCHG16B, atomically where other vCPUs could see the
 * difference: in memory, naturally aligned.  Intel SDM volume 2.
 */
#include <errno.h>
#include <string.h>

#include "vmm/endian.h"
#include "vmm/insn_impl.h"

/* What is compared and stored: up to two words of 8 bytes. */
struct pair {
	uint64_t word[2];
};

static bool exchange16(void *host, struct pair *expected,
		       const struct pair *desired)
{
	bool equal;

	__asm__ volatile("lock cmpxchg16b %1"
			 : "=@ccz"(equal), "+m"(*(struct pair *)host),
			   "+a"(expected->word[0]), "+d"(expected->word[1])
			 : "b"(desired->word[0]), "c"(desired->word[1])
			 : "memory");
	return equal;
}

/* 1: exchanged, 0: not equal, or -EFAULT: no memory. */
static int exchange_ram(struct insn_cpu *cpu, gpa_t gpa, unsigned size,
			struct pair *expected, const struct pair *desired)
{
	struct gmem_span span;
	struct iovec iov;
	bool equal;
	int rc;

	if (size == 8) {
		rc = gmem_cmpxchg(cpu->gmem, gpa, &expected->word[0],
				  desired->word[0], size);
		return rc == -EFAULT ? rc : rc == 0;
	}
	rc = gmem_span(cpu->gmem, gpa, size, GMEM_TO_GUEST, &iov, 1, &span);
	if (rc < 0)
		return -EFAULT;
	equal = exchange16(iov.iov_base, expected, desired);
	gmem_done(&span, equal ? size : 0);
	return equal;
}

/* Registers of devices, ROM, and what is misaligned: one step after another. */
static enum insn_result exchange_slowly(struct insn_cpu *cpu,
					const struct mem_place *place,
					unsigned size, struct pair *expected,
					const struct pair *desired, bool *equal)
{
	uint8_t raw[16] = {0};
	struct pair old;

	TRY(mem_move(cpu, place, raw, false));
	old.word[0] = load_le64(raw);
	old.word[1] = load_le64(raw + 8);
	*equal = old.word[0] == expected->word[0] &&
		 (size == 8 || old.word[1] == expected->word[1]);
	*expected = old;
	/* The processor writes in any case. */
	if (*equal) {
		store_le64(raw, desired->word[0]);
		store_le64(raw + 8, desired->word[1]);
	}
	return mem_move(cpu, place, raw, true);
}

static enum insn_result exchange(struct insn *in, unsigned size,
				 struct pair *expected,
				 const struct pair *desired, bool *equal)
{
	unsigned flags = MEM_WRITE | (size == 16 ? MEM_ALIGNED : 0);
	struct insn_cpu *cpu = in->cpu;
	struct mem_place place;
	uint64_t linear;
	int rc = -EFAULT;

	TRY(insn_address(in, &in->op[0], size, flags, &linear));
	TRY(mem_translate(cpu, linear, size, cpu_cpl(cpu), flags, &place));
	if (!place.len[1])
		rc = exchange_ram(cpu, place.gpa[0], size, expected, desired);
	if (rc < 0)
		return exchange_slowly(cpu, &place, size, expected, desired,
				       equal);
	*equal = rc;
	return INSN_DONE;
}

static void set_zf(struct insn_cpu *cpu, bool on)
{
	cpu->regs.rflags &= ~FLAG_ZF;
	if (on)
		cpu->regs.rflags |= FLAG_ZF;
}

enum insn_result insn_cmpxchg8b(struct insn *in)
{
	struct kvm_regs *r = &in->cpu->regs;
	struct pair expected = {{(uint32_t)r->rax | r->rdx << 32}};
	struct pair desired = {{(uint32_t)r->rbx | r->rcx << 32}};
	bool equal;

	TRY(exchange(in, 8, &expected, &desired, &equal));
	if (!equal) {
		r->rax = (uint32_t)expected.word[0];
		r->rdx = expected.word[0] >> 32;
	}
	set_zf(in->cpu, equal);
	return INSN_DONE;
}

enum insn_result insn_cmpxchg16b(struct insn *in)
{
	struct kvm_regs *r = &in->cpu->regs;
	struct pair expected = {{r->rax, r->rdx}};
	struct pair desired = {{r->rbx, r->rcx}};
	bool equal;

	TRY(exchange(in, 16, &expected, &desired, &equal));
	if (!equal) {
		r->rax = expected.word[0];
		r->rdx = expected.word[1];
	}
	set_zf(in->cpu, equal);
	return INSN_DONE;
}
