/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Exits from the guest: exit_table[reason] -> bus_access -> ops->read.
 * Linux, Documentation/virt/kvm/api.rst, section 5.
 */
#include "vmm/exit.h"

#include <stdio.h>
#include <string.h>

#include "vmm/disasm.h"
#include "vmm/finisher.h"
#include "vmm/insn.h"
#include "vmm/kvm.h"
#include "vmm/machine.h"
#include "vmm/registers.h"
#include "vmm/vcpu.h"

#define CODE_BYTES 16

static bool exit_io(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;
	struct machine *m = vcpu->m;
	uint8_t *data = (uint8_t *)run + run->io.data_offset;
	bool out = run->io.direction == KVM_EXIT_IO_OUT;

	machine_lock(m);
	kvm_drain_coalesced(m->kvm);
	if (run->io.count == 1)
		bus_access(&m->io, &vcpu->io_cache, run->io.port, data,
			   run->io.size, out);
	else
		bus_access_rep(&m->io, &vcpu->io_cache, run->io.port, data,
			       run->io.size, run->io.count, out);
	machine_unlock(m);
	return true;
}

static bool exit_mmio(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;
	struct machine *m = vcpu->m;

	machine_lock(m);
	kvm_drain_coalesced(m->kvm);
	bus_access(&m->mem, &vcpu->mem_cache, run->mmio.phys_addr,
		   run->mmio.data, run->mmio.len, run->mmio.is_write);
	machine_unlock(m);
	return true;
}

/* A triple fault: the chipset of a PC answers with a reset. */
static bool exit_shutdown(struct vcpu *vcpu)
{
	if (finisher_deliver(vcpu->finisher))
		return false;
	machine_request_reset(vcpu->m, CAUSE_GUEST_RESET);
	return false;
}

static bool exit_system_event(struct vcpu *vcpu)
{
	switch (vcpu->run->system_event.type) {
	case KVM_SYSTEM_EVENT_SHUTDOWN:
		machine_request_shutdown(vcpu->m, CAUSE_GUEST_SHUTDOWN);
		break;
	case KVM_SYSTEM_EVENT_RESET:
		machine_request_reset(vcpu->m, CAUSE_GUEST_RESET);
		break;
	default:
		machine_request_stop(vcpu->m, RUN_STATE_GUEST_PANICKED);
	}
	return false;
}

/* Reads len bytes of code at the vCPU's instruction pointer. */
static size_t read_code(struct vcpu *vcpu, uint64_t addr, uint8_t *buf,
			size_t len)
{
	uint64_t gpa;
	size_t n;

	for (n = 0; n < len; n++) {
		if (vcpu_translate(vcpu, addr + n, &gpa) < 0 ||
		    !gmem_read(&vcpu->m->gmem, gpa, &buf[n], 1))
			break;
	}
	return n;
}

static void print_code(struct vcpu *vcpu)
{
	struct kvm_regs regs;
	struct kvm_sregs sregs;
	uint8_t code[CODE_BYTES];
	char text[DISASM_TEXT];
	size_t i, n;

	if (vcpu_get_regs(vcpu, &regs, &sregs) < 0)
		return;
	n = read_code(vcpu, sregs.cs.base + regs.rip, code, sizeof(code));
	fprintf(stderr, "Code=");
	for (i = 0; i < n; i++)
		fprintf(stderr, "%s%02x", i ? " " : "", code[i]);
	fprintf(stderr, "%s\n", n ? "" : "unreadable");
	if (n && disasm(code, n, insn_code_bits(&sregs), regs.rip, text,
			sizeof(text)))
		fprintf(stderr, "Instruction=%s\n", text);
}

static void print_state(struct vcpu *vcpu)
{
	registers_dump(vcpu, stderr);
	print_code(vcpu);
}

static bool exit_internal_error(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;
	uint32_t i;

	if (finisher_run(vcpu->finisher))
		return false;
	fprintf(stderr, "KVM internal error. Suberror: %u\n",
		run->internal.suberror);
	for (i = 0; i < run->internal.ndata && i < 16; i++)
		fprintf(stderr, "extra data[%u]: 0x%016llx\n", i,
			(unsigned long long)run->internal.data[i]);
	if (run->internal.suberror == KVM_INTERNAL_ERROR_EMULATION)
		fprintf(stderr, "emulation failure\n");
	print_state(vcpu);
	machine_request_stop(vcpu->m, RUN_STATE_INTERNAL_ERROR);
	return false;
}

static bool exit_fail_entry(struct vcpu *vcpu)
{
	fprintf(stderr,
		"KVM: the processor refuses to enter the guest, hardware error "
		"0x%llx\n",
		(unsigned long long)
			vcpu->run->fail_entry.hardware_entry_failure_reason);
	print_state(vcpu);
	machine_request_stop(vcpu->m, RUN_STATE_INTERNAL_ERROR);
	return false;
}

static bool exit_unknown(struct vcpu *vcpu)
{
	fprintf(stderr, "KVM: unhandled exit, reason %u\n",
		vcpu->run->exit_reason);
	print_state(vcpu);
	machine_request_stop(vcpu->m, RUN_STATE_INTERNAL_ERROR);
	return false;
}

static bool exit_interrupted(struct vcpu *vcpu)
{
	(void)vcpu;
	return false;
}

static bool (*const exit_table[])(struct vcpu *) = {
	[KVM_EXIT_IO] = exit_io,
	[KVM_EXIT_MMIO] = exit_mmio,
	[KVM_EXIT_SHUTDOWN] = exit_shutdown,
	[KVM_EXIT_SYSTEM_EVENT] = exit_system_event,
	[KVM_EXIT_INTERNAL_ERROR] = exit_internal_error,
	[KVM_EXIT_FAIL_ENTRY] = exit_fail_entry,
	[KVM_EXIT_INTR] = exit_interrupted,
	[KVM_EXIT_IRQ_WINDOW_OPEN] = exit_interrupted,
	/* The kernel halts by itself; this is a wake-up in passing. */
	[KVM_EXIT_HLT] = exit_interrupted,
};

bool exit_handle(struct vcpu *vcpu)
{
	uint32_t reason = vcpu->run->exit_reason;

	if (reason >= sizeof(exit_table) / sizeof(*exit_table) ||
	    !exit_table[reason])
		return exit_unknown(vcpu);
	return exit_table[reason](vcpu);
}

void exit_run_failed(struct vcpu *vcpu, int code)
{
	fprintf(stderr, "KVM: vCPU %u cannot run: %s\n", vcpu->index,
		strerror(code));
	print_state(vcpu);
	machine_request_stop(vcpu->m, RUN_STATE_INTERNAL_ERROR);
}
