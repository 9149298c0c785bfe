/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finishes the instructions that KVM's emulator leaves: KVM's side of it. */
#include "vmm/finisher.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <time.h>

#include "vmm/insn.h"
#include "vmm/kvm.h"
#include "vmm/kvm_probe.h"
#include "vmm/log.h"
#include "vmm/machine.h"
#include "vmm/vcpu.h"

#define XSAVE_SIZE     4096u /* of KVM_GET_XSAVE */
#define IOAPIC_PAGE    UINT64_C(0xfec00000)
#define PAGE_MASK      UINT64_C(0xfff)
#define APIC_BASE_MASK UINT64_C(0xffffff000)
#define CR0_PG	       (UINT64_C(1) << 31)
#define CR4_PGE	       (UINT64_C(1) << 7)
#define EFER_LMA       (UINT64_C(1) << 10)
#define RFLAGS_IF      (UINT64_C(1) << 9)
#define RFLAGS_RF      (UINT64_C(1) << 16)
#define RFLAGS_VM      (UINT64_C(1) << 17)
#define DR6_BS	       (UINT64_C(1) << 14)
#define EXC_PF	       14
#define INT3	       0xccu /* what traps are */
#define FRAME_SIZE     12u /* of a 32-bit interrupt */
#define SLOW_COUNT     4096u /* so many of a kind within a second: slow */
#define NS_PER_S       INT64_C(1000000000)

struct finisher {
	struct vcpu *vcpu;
	struct insn_cpu cpu;
	struct xstate_layout layout;
	bool xsave2; /* KVM_GET_XSAVE2 is needed for the size */
	int64_t mark_ns; /* when the last SLOW_COUNT began */
	unsigned since_mark; /* with a feature that could be masked */
	_Atomic uint64_t count[INSN_KINDS];
};

static bool mmio(void *ctx, gpa_t gpa, void *data, size_t len, bool write)
{
	struct finisher *f = ctx;
	struct vcpu *vcpu = f->vcpu;
	struct machine *m = vcpu->m;
	gpa_t page = gpa & ~PAGE_MASK;

	/* These are the kernel's. */
	if (page == IOAPIC_PAGE ||
	    page == (f->cpu.sregs.apic_base & APIC_BASE_MASK))
		return false;
	machine_lock(m);
	kvm_drain_coalesced(m->kvm);
	bus_access(&m->mem, &vcpu->mem_cache, gpa, data, (unsigned)len, write);
	machine_unlock(m);
	return true;
}

static bool load_xsave(void *ctx, struct insn_cpu *cpu)
{
	struct finisher *f = ctx;
	struct kvm_xcrs xcrs;
	uint32_t i;

	if (ioctl(f->vcpu->fd, f->xsave2 ? KVM_GET_XSAVE2 : KVM_GET_XSAVE,
		  cpu->xsave) < 0)
		return false;
	cpu->xcr0 = f->layout.supported;
	if (ioctl(f->vcpu->fd, KVM_GET_XCRS, &xcrs) < 0)
		return true;
	for (i = 0; i < xcrs.nr_xcrs && i < KVM_MAX_XCRS; i++)
		if (xcrs.xcrs[i].xcr == 0)
			cpu->xcr0 = xcrs.xcrs[i].value;
	return true;
}

static bool write_xcr0(void *ctx, uint64_t val)
{
	struct finisher *f = ctx;
	struct kvm_xcrs xcrs = {.nr_xcrs = 1, .xcrs[0].value = val};

	return ioctl(f->vcpu->fd, KVM_SET_XCRS, &xcrs) == 0;
}

static bool read_msr(void *ctx, uint32_t index, uint64_t *val)
{
	struct finisher *f = ctx;

	return kvm_get_msr(f->vcpu->fd, index, val);
}

static bool write_msr(void *ctx, uint32_t index, uint64_t val)
{
	struct finisher *f = ctx;

	return kvm_set_msr(f->vcpu->fd, index, val);
}

/* A change of CR4.PGE makes the processor forget all; there and back. */
static bool flush_tlb(void *ctx)
{
	struct finisher *f = ctx;
	struct kvm_sregs s = f->cpu.sregs;

	s.cr4 ^= CR4_PGE;
	if (ioctl(f->vcpu->fd, KVM_SET_SREGS, &s) < 0)
		return false;
	s.cr4 ^= CR4_PGE;
	return ioctl(f->vcpu->fd, KVM_SET_SREGS, &s) == 0;
}

static uint64_t random_number(void *ctx)
{
	uint64_t v = 0;

	(void)ctx;
	while (getrandom(&v, sizeof(v), 0) < 0 && errno == EINTR)
		;
	return v;
}

static const struct insn_ops ops = {
	.mmio = mmio,
	.load_xsave = load_xsave,
	.write_xcr0 = write_xcr0,
	.read_msr = read_msr,
	.write_msr = write_msr,
	.flush_tlb = flush_tlb,
	.random = random_number,
};

/* Components that KVM's area has no room for are not there. */
static void fit_layout(struct xstate_layout *l, size_t size)
{
	unsigned i;

	for (i = 0; i < XSTATE_COUNT; i++)
		if ((size_t)l->part[i].offset + l->part[i].size > size) {
			l->part[i].size = 0;
			l->supported &= ~(UINT64_C(1) << i);
		}
	l->size = size;
}

struct finisher *finisher_new(struct vcpu *vcpu)
{
	struct finisher *f = calloc(1, sizeof(*f));
	int size =
		ioctl(vcpu->m->kvm->vmfd, KVM_CHECK_EXTENSION, KVM_CAP_XSAVE2);

	if (!f)
		return NULL;
	f->vcpu = vcpu;
	f->xsave2 = size > (int)XSAVE_SIZE;
	xstate_layout_init(&f->layout);
	fit_layout(&f->layout, f->xsave2 ? (size_t)size : XSAVE_SIZE);
	f->cpu.layout = &f->layout;
	f->cpu.gmem = &vcpu->m->gmem;
	f->cpu.ops = &ops;
	f->cpu.ctx = f;
	f->cpu.xsave = calloc(1, f->layout.size);
	if (!f->cpu.xsave) {
		free(f);
		return NULL;
	}
	return f;
}

void finisher_free(struct finisher *f)
{
	if (!f)
		return;
	insn_host_fini(&f->cpu.host_code);
	free(f->cpu.xsave);
	free(f);
}

uint64_t finisher_count(const struct finisher *f, unsigned kind)
{
	return atomic_load_explicit(&f->count[kind], memory_order_relaxed);
}

/* The feature whose instructions took the most. */
static unsigned busiest(const struct finisher *f)
{
	unsigned kind, best = 0;

	for (kind = 0; kind < INSN_KINDS; kind++)
		if (insn_feature(kind) &&
		    finisher_count(f, kind) > finisher_count(f, best))
			best = kind;
	return best;
}

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * NS_PER_S + t.tv_nsec;
}

static void warn_slow(const struct finisher *f)
{
	unsigned kind = busiest(f);

	if (!kind || atomic_exchange(&f->vcpu->m->kvm->slow_told, true))
		return;
	log_warn("the guest runs %s often, which this host's KVM cannot: each "
		 "takes some 20 us; without it (-cpu ...,-%s) it is faster",
		 insn_name(kind), insn_feature(kind));
}

static void count(struct finisher *f)
{
	int64_t now;

	if (!f->cpu.kind)
		return;
	atomic_fetch_add_explicit(&f->count[f->cpu.kind], 1,
				  memory_order_relaxed);
	if (!insn_feature(f->cpu.kind) || ++f->since_mark < SLOW_COUNT)
		return;
	now = now_ns();
	if (f->mark_ns && now - f->mark_ns < NS_PER_S)
		warn_slow(f);
	f->mark_ns = now;
	f->since_mark = 0;
}

/* Only who has stacks that do not begin at 0 is asked for; asks KVM once. */
static bool has_flat_frames(struct vcpu *vcpu, const struct kvm_sregs *sregs)
{
	struct kvm *kvm = vcpu->m->kvm;
	int known = atomic_load(&kvm->stack_base);

	if (!sregs->ss.base)
		return false;
	if (known == STACK_BASE_UNKNOWN) {
		known = kvm_probe_stack_base(kvm) ? STACK_BASE_COUNTS
						  : STACK_BASE_IGNORED;
		atomic_store(&kvm->stack_base, known);
	}
	return known == STACK_BASE_IGNORED;
}

static bool load(struct finisher *f, struct kvm_vcpu_events *events)
{
	struct insn_cpu *cpu = &f->cpu;
	int fd = f->vcpu->fd;

	if (ioctl(fd, KVM_GET_REGS, &cpu->regs) < 0 ||
	    ioctl(fd, KVM_GET_SREGS, &cpu->sregs) < 0 ||
	    ioctl(fd, KVM_GET_VCPU_EVENTS, events) < 0)
		return false;
	cpu->shadow = events->interrupt.shadow;
	cpu->nmi_masked = events->nmi.masked;
	cpu->flat_frames = has_flat_frames(f->vcpu, &cpu->sregs);
	return true;
}

/* DR6.BS tells a #DB of single-stepping from others. */
static bool mark_step(struct finisher *f)
{
	struct kvm_debugregs d;

	if (!f->cpu.single_step)
		return true;
	if (ioctl(f->vcpu->fd, KVM_GET_DEBUGREGS, &d) < 0)
		return false;
	d.dr6 |= DR6_BS;
	return ioctl(f->vcpu->fd, KVM_SET_DEBUGREGS, &d) == 0;
}

/*
 * The exception that is to be delivered first thing.  KVM takes it as one whose
 * delivery had begun: CR2, and RF for faults, are set already.
 */
static void prepare_exception(struct finisher *f,
			      struct kvm_vcpu_events *events)
{
	const struct insn_fault *fault = &f->cpu.fault;

	if (!fault->trap)
		f->cpu.regs.rflags |= RFLAGS_RF;
	if (fault->vector == EXC_PF) {
		f->cpu.sregs.cr2 = fault->address;
		f->cpu.sregs_changed = true;
	}
	events->exception.injected = 1;
	events->exception.pending = 0;
	events->exception.nr = fault->vector;
	events->exception.has_error_code = fault->has_error;
	events->exception.error_code = fault->error;
}

static bool store(struct finisher *f, struct kvm_vcpu_events *events,
		  bool events_changed)
{
	struct insn_cpu *cpu = &f->cpu;
	int fd = f->vcpu->fd;

	if (cpu->sregs_changed && ioctl(fd, KVM_SET_SREGS, &cpu->sregs) < 0)
		return false;
	if (ioctl(fd, KVM_SET_REGS, &cpu->regs) < 0 || !mark_step(f))
		return false;
	if (cpu->xsave_changed && ioctl(fd, KVM_SET_XSAVE, cpu->xsave) < 0)
		return false;
	return !events_changed || ioctl(fd, KVM_SET_VCPU_EVENTS, events) == 0;
}

/* The instruction; or the guest is at the handler of a page fault. */
static bool do_one(struct finisher *f, const uint8_t *bytes, size_t len)
{
	struct insn_cpu *cpu = &f->cpu;
	uint64_t handler;
	bool int3 = !len || bytes[0] == INT3;

	/* The machine's lock is not for each instruction. */
	if (int3 && syscall_trap_hit(f->vcpu, cpu, &handler)) {
		if (insn_finish_syscall(cpu) == INSN_UNKNOWN)
			cpu->regs.rip = handler;
	} else if (insn_finish(cpu, bytes, len) == INSN_UNKNOWN) {
		return false;
	}
	syscall_trap_arm(f->vcpu, cpu);
	return true;
}

static bool finish(struct finisher *f, const uint8_t *bytes, size_t len)
{
	struct kvm_vcpu_events events;
	bool event, exception;

	if (!load(f, &events) || !do_one(f, bytes, len))
		return false;
	count(f);
	event = f->cpu.shadow != !!events.interrupt.shadow ||
		f->cpu.nmi_masked != !!events.nmi.masked;
	events.interrupt.shadow = f->cpu.shadow ? events.interrupt.shadow : 0;
	events.nmi.masked = f->cpu.nmi_masked;
	exception = f->cpu.fault.vector != 0;
	if (exception)
		prepare_exception(f, &events);
	return store(f, &events, event || exception);
}

bool finisher_run(struct finisher *f)
{
	const struct kvm_run *run = f->vcpu->run;
	const uint8_t *bytes = run->emulation_failure.insn_bytes;
	size_t len = 0;

	if (run->internal.suberror != KVM_INTERNAL_ERROR_EMULATION)
		return false;
	if (run->internal.ndata >= 1 &&
	    (run->emulation_failure.flags &
	     KVM_INTERNAL_ERROR_EMULATION_FLAG_INSTRUCTION_BYTES))
		len = run->emulation_failure.insn_size;
	if (len > sizeof(run->emulation_failure.insn_bytes))
		len = 0;
	return finish(f, bytes, len);
}

/*
 * See flat_frames.  iPXE's stack is at an offset that has no memory without the
 * base: in the window of the display adapter.
 */
static bool lost_frame(const struct finisher *f,
		       const struct kvm_vcpu_events *events)
{
	const struct insn_cpu *cpu = &f->cpu;
	uint32_t sp = (uint32_t)cpu->regs.rsp - FRAME_SIZE;
	uint8_t frame[FRAME_SIZE];

	return cpu->flat_frames && !(cpu->sregs.cr0 & CR0_PG) &&
	       !cpu->sregs.ss.dpl && !(cpu->regs.rflags & RFLAGS_VM) &&
	       cpu->regs.rflags & RFLAGS_IF && !events->interrupt.shadow &&
	       !gmem_read(cpu->gmem, sp, frame, sizeof(frame));
}

/* KVM tells of an interrupt that was lost by its number alone. */
bool finisher_deliver(struct finisher *f)
{
	struct kvm_vcpu_events events;

	return load(f, &events) && lost_frame(f, &events) &&
	       insn_deliver(&f->cpu, events.interrupt.nr) == INSN_DONE &&
	       store(f, &events, false);
}
