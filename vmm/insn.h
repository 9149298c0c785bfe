/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finishes, in user space, an instruction that KVM's emulator leaves.
 *
 * This works on a plain picture of a processor, with no KVM behind it:
 * whoever calls fills struct insn_cpu, and puts back what was changed.  An
 * instruction is done wholly, or it raises an exception and changes nothing
 * (but accessed bits in page tables, as on hardware), or it is not known here
 * and changes nothing either.
 *
 * Not modelled: control-flow enforcement, and what transactions abort.
 */
#ifndef VMM_INSN_H
#define VMM_INSN_H

#include <linux/kvm.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/gmem.h"

#define INSN_LENGTH_MAX	 15
#define INSN_KINDS	 2048 /* numbers that insn_finish gives in kind */
#define MSR_STAR	 UINT32_C(0xc0000081)
#define MSR_LSTAR	 UINT32_C(0xc0000082)
#define MSR_SYSCALL_MASK UINT32_C(0xc0000084)
#define XSTATE_COUNT	 64 /* components of the extended state */

/* Where components of the extended state lie; Intel SDM volume 1, 13.4. */
struct xstate_layout {
	uint64_t supported; /* components that XCR0 may have */
	size_t size; /* bytes of all of them, in the standard form */
	struct xstate_part {
		uint32_t offset, size; /* in the standard form */
		bool aligned; /* to 64 bytes in the compacted form */
	} part[XSTATE_COUNT];
};

/* As the host's processor has it, which is what KVM hands out. */
void xstate_layout_init(struct xstate_layout *layout);

enum insn_result {
	INSN_DONE,
	INSN_FAULT, /* cpu->fault says which exception */
	INSN_UNKNOWN, /* what cannot be done here */
};

struct insn_fault {
	uint8_t vector;
	bool trap; /* raised after the instruction, which is done */
	bool has_error;
	uint32_t error;
	uint64_t address; /* of a page fault */
};

struct insn_cpu;

struct insn_ops {
	/*
	 * Reads or writes 1 to 8 bytes where there is no memory.  False when
	 * that cannot be done.
	 */
	bool (*mmio)(void *ctx, gpa_t gpa, void *data, size_t len, bool write);
	/* Fills cpu->xsave and cpu->xcr0. */
	bool (*load_xsave)(void *ctx, struct insn_cpu *cpu);
	bool (*read_msr)(void *ctx, uint32_t index, uint64_t *val);
	/* False when the value is one that this processor has not. */
	bool (*write_xcr0)(void *ctx, uint64_t val);
	bool (*write_msr)(void *ctx, uint32_t index, uint64_t val);
	/* Forgets all translations. */
	bool (*flush_tlb)(void *ctx);
	uint64_t (*random)(void *ctx);
};

/* A page for what the host's processor does itself; all zero at first. */
struct insn_host_code {
	void *write, *run; /* the same page */
};

struct insn_cpu {
	struct kvm_regs regs;
	struct kvm_sregs sregs;
	bool shadow; /* sti or mov ss came just before */
	bool nmi_masked;
	/*
	 * Some KVM pushes the frames of interrupts as if stack segments began
	 * at 0, where they do not: IRET looks there too.
	 */
	bool flat_frames;
	/* Loaded when needed; XSTATE_BV says what is not in its first state. */
	uint8_t *xsave; /* layout->size bytes, in the standard form */
	uint64_t xcr0;
	const struct xstate_layout *layout;
	struct gmem *gmem;
	const struct insn_ops *ops;
	void *ctx;
	struct insn_host_code host_code; /* stays; insn_host_fini */
	/* What the instruction left, besides. */
	bool xsave_loaded, xsave_changed;
	bool sregs_changed;
	bool single_step; /* DR6.BS is to be set */
	struct insn_fault fault;
	unsigned kind; /* which instruction it was; 0: could not be read */
};

/*
 * Finishes the instruction at cpu->regs.rip.  bytes are the len bytes that are
 * known of it; what is missing is read from the guest.  After INSN_DONE,
 * cpu->fault may hold a trap (fault.trap).
 */
enum insn_result insn_finish(struct insn_cpu *cpu, const uint8_t *bytes,
			     size_t len);

/*
 * An interrupt of the hardware, between two instructions of ring 0 in protected
 * mode.  After anything but INSN_DONE nothing has changed.
 */
enum insn_result insn_deliver(struct insn_cpu *cpu, uint8_t vector);

/* Gives back the page, if one was needed. */
void insn_host_fini(struct insn_host_code *code);

/*
 * At the first instruction of the handler of a page fault: if that was the
 * fetch at LSTAR in ring 3, after a SYSCALL of 64-bit code of which KVM did all
 * but the change of CS and SS, it is done wholly as if there had been no fault.
 * INSN_UNKNOWN when it was not, and nothing has changed.
 */
enum insn_result insn_finish_syscall(struct insn_cpu *cpu);

/* The name of a kind, in lower case, or NULL. */
const char *insn_name(unsigned kind);
/* The CPUID feature (as -cpu names it) that a guest needs for it, or NULL. */
const char *insn_feature(unsigned kind);
/* Bits of the code segment: 16, 32 or 64. */
unsigned insn_code_bits(const struct kvm_sregs *sregs);

#endif
