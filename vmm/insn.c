/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finishes instructions: reads, decodes, hands to the instruction's function,
 * and does what every instruction does at its end.
 */
#include "vmm/insn.h"

#include <string.h>

#include "vmm/insn_impl.h"

_Static_assert(ZYDIS_MNEMONIC_MAX_VALUE < INSN_KINDS, "INSN_KINDS");

enum insn_result insn_raise(struct insn_cpu *cpu, uint8_t vector)
{
	cpu->fault = (struct insn_fault){.vector = vector};
	return INSN_FAULT;
}

void insn_trap(struct insn_cpu *cpu, uint8_t vector)
{
	cpu->fault = (struct insn_fault){.vector = vector, .trap = true};
}

/* Real mode has no error codes. */
enum insn_result insn_raise_error(struct insn_cpu *cpu, uint8_t vector,
				  uint32_t error)
{
	cpu->fault = (struct insn_fault){
		.vector = vector,
		.has_error = cpu_protected(cpu),
		.error = error,
	};
	return INSN_FAULT;
}

unsigned cpu_cpl(const struct insn_cpu *cpu)
{
	if (!cpu_protected(cpu))
		return 0;
	if (cpu->regs.rflags & FLAG_VM)
		return 3;
	return cpu->sregs.ss.dpl;
}

unsigned insn_code_bits(const struct kvm_sregs *s)
{
	if ((s->efer & EFER_LMA) && s->cs.l)
		return 64;
	return s->cs.db ? 32 : 16;
}

const char *insn_name(unsigned kind)
{
	return ZydisMnemonicGetString((ZydisMnemonic)kind);
}

static ZyanStatus decode(struct insn *in, const uint8_t *code, size_t len)
{
	const struct insn_cpu *cpu = in->cpu;
	ZydisMachineMode mode = ZYDIS_MACHINE_MODE_LONG_64;
	ZydisStackWidth width = ZYDIS_STACK_WIDTH_64;
	ZydisDecoder decoder;

	switch (insn_code_bits(&cpu->sregs)) {
	case 32:
		mode = ZYDIS_MACHINE_MODE_LEGACY_32;
		width = ZYDIS_STACK_WIDTH_32;
		break;
	case 16:
		mode = cpu_protected(cpu) && !cpu_v86(cpu)
			       ? ZYDIS_MACHINE_MODE_LEGACY_16
			       : ZYDIS_MACHINE_MODE_REAL_16;
		width = ZYDIS_STACK_WIDTH_16;
		break;
	default:
		break;
	}
	ZydisDecoderInit(&decoder, mode, width);
	return ZydisDecoderDecodeFull(&decoder, code, len, &in->i, in->op);
}

/*
 * Reads more of the instruction than the caller knew, when it goes on.  An
 * instruction that does not end raises what reading on raises.
 */
static enum insn_result fetch(struct insn *in, const uint8_t *bytes, size_t len)
{
	uint8_t code[INSN_LENGTH_MAX];
	enum insn_result rc = INSN_DONE;
	ZyanStatus st = ZYDIS_STATUS_NO_MORE_DATA;

	if (len > sizeof(code))
		len = sizeof(code);
	if (len) {
		memcpy(code, bytes, len);
		st = decode(in, code, len);
	}
	if (st == ZYDIS_STATUS_NO_MORE_DATA && len < sizeof(code)) {
		rc = mem_fetch(in->cpu, code, &len);
		st = decode(in, code, len);
	}
	if (ZYAN_SUCCESS(st))
		return INSN_DONE;
	if (st == ZYDIS_STATUS_NO_MORE_DATA && rc != INSN_DONE)
		return rc;
	if (st == ZYDIS_STATUS_NO_MORE_DATA ||
	    st == ZYDIS_STATUS_INSTRUCTION_TOO_LONG)
		return insn_raise_error(in->cpu, EXC_GP, 0);
	return insn_raise(in->cpu, EXC_UD);
}

/* The instruction pointer has as many bits as the code segment says. */
static uint64_t next_rip(const struct insn *in)
{
	uint64_t next = in->cpu->regs.rip + in->i.length;

	switch (insn_code_bits(&in->cpu->sregs)) {
	case 64:
		return next;
	case 32:
		return (uint32_t)next;
	default:
		return (uint16_t)next;
	}
}

static enum insn_result execute(struct insn *in)
{
	static const struct insn_handler others = {.fn = insn_on_host};
	const struct insn_handler *handler = insn_handler(in->i.mnemonic);

	in->cpu->kind = in->i.mnemonic;
	if (!handler)
		handler = &others;
	in->arg = handler->arg;
	in->next = next_rip(in);
	in->cpu->regs.rip = in->next;
	in->cpu->regs.rflags &= ~FLAG_RF;
	in->cpu->shadow = false;
	return handler->fn(in);
}

enum insn_result insn_finish(struct insn_cpu *cpu, const uint8_t *bytes,
			     size_t len)
{
	struct insn in = {.cpu = cpu, .flags = cpu->regs.rflags};
	struct kvm_regs regs = cpu->regs;
	struct kvm_sregs sregs = cpu->sregs;
	bool shadow = cpu->shadow, nmi_masked = cpu->nmi_masked;
	enum insn_result rc;

	cpu->fault = (struct insn_fault){0};
	cpu->kind = 0;
	cpu->xsave_loaded = cpu->xsave_changed = false;
	cpu->sregs_changed = cpu->single_step = false;
	rc = fetch(&in, bytes, len);
	if (rc == INSN_DONE)
		rc = execute(&in);
	if (rc == INSN_DONE) {
		if ((in.flags & FLAG_TF) && !in.no_step) {
			cpu->single_step = true;
			insn_trap(cpu, EXC_DB);
		}
		cpu->sregs_changed = memcmp(&sregs, &cpu->sregs, sizeof(sregs));
		return INSN_DONE;
	}
	cpu->regs = regs;
	cpu->sregs = sregs;
	cpu->shadow = shadow;
	cpu->nmi_masked = nmi_masked;
	cpu->xsave_changed = cpu->sregs_changed = false;
	return rc;
}
