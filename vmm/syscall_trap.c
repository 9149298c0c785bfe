/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SYSCALL on a KVM that leaves the vCPU in ring 3. */
#include "vmm/syscall_trap.h"

#include <string.h>

#include "vmm/endian.h"
#include "vmm/insn.h"
#include "vmm/kvm.h"
#include "vmm/kvm_probe.h"
#include "vmm/machine.h"
#include "vmm/page_walk.h"
#include "vmm/vcpu.h"

#define EFER_SCE     (UINT64_C(1) << 0)
#define EFER_LMA     (UINT64_C(1) << 10)
#define PAGE_FAULT   14u
#define GATE_SIZE    16u
#define GATE_PRESENT 0x80u
#define GATE_TYPE    0x1fu
#define GATE_INT     0x0eu /* 64-bit interrupt gate */
#define INT3	     0xccu
#define PAGE	     4096u
#define NEAR	     (16u * PAGE) /* how far from the handler to look */

/* Each vCPU asks once; the answer is the VM's. */
static bool needed(struct vcpu *vcpu)
{
	struct vcpu_syscall *s = &vcpu->syscall;
	struct kvm *kvm = vcpu->m->kvm;

	if (s->asked)
		return s->needed;
	machine_lock(vcpu->m);
	if (!kvm->syscall_tried) {
		kvm->syscall_works = kvm_probe_syscall(kvm);
		kvm->syscall_tried = true;
	}
	s->needed = !kvm->syscall_works;
	machine_unlock(vcpu->m);
	s->asked = true;
	return s->needed;
}

/* Reads len bytes that do not cross a page. */
static bool read_linear(const struct insn_cpu *cpu, uint64_t at, void *buf,
			size_t len, gpa_t *gpa)
{
	struct page_walker walker;
	struct page_walk page;

	page_walker_init(&walker, cpu->gmem, &cpu->sregs);
	if (page_walk(&walker, at, &page) < 0)
		return false;
	*gpa = page.gpa + (at - page.gva);
	return gmem_read(cpu->gmem, *gpa, buf, len);
}

static uint64_t gate_offset(const uint8_t *gate)
{
	return load_le16(gate) | (uint64_t)load_le16(gate + 6) << 16 |
	       (uint64_t)load_le32(gate + 8) << 32;
}

/* The INT3 in a page of code that is nearest to at, which lies in it. */
static bool nearest(const uint8_t *code, unsigned at, unsigned *found)
{
	unsigned d;

	for (d = 1; d < PAGE; d++) {
		if (at + d < PAGE && code[at + d] == INT3)
			*found = at + d;
		else if (d <= at && code[at - d] == INT3)
			*found = at - d;
		else
			continue;
		return true;
	}
	return false;
}

/* Page by page, away from the handler. */
static bool find_trap(const struct insn_cpu *cpu, uint64_t handler,
		      uint64_t *trap)
{
	uint64_t page = handler & ~(uint64_t)(PAGE - 1), at;
	uint8_t code[PAGE];
	unsigned d, found;
	gpa_t gpa;

	for (d = 0; d <= 2 * NEAR / PAGE; d++) {
		at = d % 2 ? page + (d + 1) / 2 * PAGE : page - d / 2 * PAGE;
		if (!read_linear(cpu, at, code, PAGE, &gpa))
			continue;
		if (nearest(code, d ? 0 : handler % PAGE, &found)) {
			*trap = at + found;
			return true;
		}
	}
	return false;
}

/* The one that already leads to a trap, or NULL.  Machine lock. */
static struct syscall_gate *known(struct kvm *kvm, gpa_t gpa, uint64_t offset)
{
	unsigned i;

	for (i = 0; i < SYSCALL_GATES; i++)
		if (kvm->syscall_gates[i].gpa == gpa &&
		    kvm->syscall_gates[i].trap == offset)
			return &kvm->syscall_gates[i];
	return NULL;
}

/* For a gate: where the same was once, or the least recently made. */
static struct syscall_gate *place(struct kvm *kvm, gpa_t gpa)
{
	unsigned i;

	for (i = 0; i < SYSCALL_GATES; i++)
		if (kvm->syscall_gates[i].gpa == gpa)
			return &kvm->syscall_gates[i];
	return &kvm->syscall_gates[kvm->syscall_next++ % SYSCALL_GATES];
}

/* Makes the gate lead to a trap; its upper half stays as it is. */
static struct syscall_gate *change(struct kvm *kvm, const struct insn_cpu *cpu,
				   gpa_t gpa, const uint8_t *raw)
{
	struct syscall_gate new = {.gpa = gpa, .handler = gate_offset(raw)};
	uint64_t old = load_le64(raw);
	struct syscall_gate *gate;
	uint8_t low[8];

	if (!(raw[5] & GATE_PRESENT) || (raw[5] & GATE_TYPE) != GATE_INT ||
	    !find_trap(cpu, new.handler, &new.trap) ||
	    new.trap >> 32 != new.handler >> 32)
		return NULL;
	memcpy(low, raw, sizeof(low));
	store_le16(low, (uint16_t) new.trap);
	store_le16(low + 6, (uint16_t)(new.trap >> 16));
	if (gmem_cmpxchg(cpu->gmem, gpa, &old, load_le64(low), 8) < 0)
		return NULL;
	gate = place(kvm, gpa);
	*gate = new;
	return gate;
}

/* Is it as it was when it was last looked at? */
static bool armed(const struct vcpu_syscall *s, const struct insn_cpu *cpu)
{
	uint8_t raw[GATE_SIZE];

	return s->gate.trap && s->idt == cpu->sregs.idt.base &&
	       gmem_read(cpu->gmem, s->gate.gpa, raw, sizeof(raw)) &&
	       gate_offset(raw) == s->gate.trap;
}

static bool has_entry(const struct vcpu *vcpu, const struct insn_cpu *cpu)
{
	uint64_t lstar;

	return (cpu->sregs.efer & EFER_LMA) && (cpu->sregs.efer & EFER_SCE) &&
	       kvm_get_msr(vcpu->fd, MSR_LSTAR, &lstar) && lstar;
}

void syscall_trap_arm(struct vcpu *vcpu, const struct insn_cpu *cpu)
{
	uint64_t at = cpu->sregs.idt.base + PAGE_FAULT * GATE_SIZE;
	struct vcpu_syscall *s = &vcpu->syscall;
	struct kvm *kvm = vcpu->m->kvm;
	struct syscall_gate *gate;
	uint8_t raw[GATE_SIZE];
	gpa_t gpa;

	if (!needed(vcpu) || armed(s, cpu) || !has_entry(vcpu, cpu) ||
	    cpu->sregs.idt.limit < PAGE_FAULT * GATE_SIZE + GATE_SIZE - 1 ||
	    !read_linear(cpu, at, raw, sizeof(raw), &gpa))
		return;
	machine_lock(vcpu->m);
	gate = known(kvm, gpa, gate_offset(raw));
	if (!gate)
		gate = change(kvm, cpu, gpa, raw);
	s->gate = gate ? *gate : (struct syscall_gate){0};
	s->idt = cpu->sregs.idt.base;
	machine_unlock(vcpu->m);
}

/* By its address: another vCPU may have changed the table that both use. */
static bool find_gate(struct kvm *kvm, uint64_t trap,
		      struct syscall_gate *found)
{
	unsigned i;

	for (i = 0; i < SYSCALL_GATES; i++)
		if (kvm->syscall_gates[i].trap == trap) {
			*found = kvm->syscall_gates[i];
			return true;
		}
	return false;
}

bool syscall_trap_hit(struct vcpu *vcpu, const struct insn_cpu *cpu,
		      uint64_t *handler)
{
	struct syscall_gate gate = vcpu->syscall.gate;
	bool hit = gate.trap && gate.trap == cpu->regs.rip;

	if (!hit && needed(vcpu) && cpu->regs.rip) {
		machine_lock(vcpu->m);
		hit = find_gate(vcpu->m->kvm, cpu->regs.rip, &gate);
		machine_unlock(vcpu->m);
	}
	*handler = gate.handler;
	return hit;
}
