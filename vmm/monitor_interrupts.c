/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state of the interrupt controllers, which the kernel has: info lapic
 * (Intel SDM volume 3, 11.4 "Local APIC") and info pic (82093AA, 8259A).
 */
#include <errno.h>
#include <sys/ioctl.h>

#include "vmm/endian.h"
#include "vmm/kvm.h"
#include "vmm/machine.h"
#include "vmm/monitor.h"
#include "vmm/vcpu.h"

/* Registers of a local APIC, by their offsets. */
enum {
	APIC_TPR = 0x80,
	APIC_APR = 0x90,
	APIC_PPR = 0xa0,
	APIC_LDR = 0xd0,
	APIC_DFR = 0xe0,
	APIC_SVR = 0xf0,
	APIC_ISR = 0x100,
	APIC_IRR = 0x200,
	APIC_ESR = 0x280,
	APIC_ICR = 0x300,
	APIC_ICR2 = 0x310,
	APIC_LVTT = 0x320,
	APIC_LVT_THERMAL = 0x330,
	APIC_LVT_COUNTERS = 0x340,
	APIC_LVT0 = 0x350,
	APIC_LVT1 = 0x360,
	APIC_LVT_ERROR = 0x370,
	APIC_INITIAL_COUNT = 0x380,
	APIC_CURRENT_COUNT = 0x390,
	APIC_DIVIDE = 0x3e0,
};

enum {
	VECTOR_MASK = 0xff,
	MODE_SHIFT = 8, /* delivery mode, 3 bits */
	MODE_NMI = 4,
	LOGICAL = 1 << 11,
	PENDING = 1 << 12,
	ACTIVE_LOW = 1 << 13,
	REMOTE_IRR = 1 << 14,
	LEVEL = 1 << 15,
	MASKED = 1 << 16,
	TIMER_SHIFT = 17, /* 2 bits */
	SVR_ENABLED = 1 << 8,
	SVR_FOCUS = 1 << 9,
	ICR_ASSERT = 1 << 14,
	SHORTHAND_SHIFT = 18, /* 2 bits */
	XAPIC_SHIFT = 24, /* of IDs, and of LDR */
	DFR_SHIFT = 28,
	DFR_CLUSTER = 0,
	BASE_X2APIC = 1 << 10, /* of the MSR */
	IOAPIC_VERSION = 0x11,
	VECTORS = 256,
};

static uint32_t reg(const struct kvm_lapic_state *apic, unsigned at)
{
	return load_le32(&apic->regs[at]);
}

static const char *polarity(uint64_t entry)
{
	return entry & ACTIVE_LOW ? "lo" : "hi";
}

static const char *trigger(uint64_t entry)
{
	return entry & LEVEL ? "level" : "edge";
}

static const char *masked(uint64_t entry)
{
	return entry & MASKED ? "masked" : "";
}

static void print_lvt(struct monitor_call *call, const char *name, uint32_t lvt,
		      bool timer)
{
	static const char *const modes[] = {"Fixed", "...",  "SMI", "...",
					    "NMI",   "INIT", "...", "ExtINT"};
	static const char *const timers[] = {"one-shot", "periodic",
					     "tsc-deadline", "..."};
	unsigned mode = lvt >> MODE_SHIFT & 7;

	monitor_printf(call, "%s\t 0x%08x active-%s %-5s %-6s %-7s %-12s %-6s",
		       name, lvt, polarity(lvt), trigger(lvt), masked(lvt),
		       lvt & PENDING ? "pending" : "",
		       timer ? timers[lvt >> TIMER_SHIFT & 3] : "",
		       modes[mode]);
	if (mode != MODE_NMI)
		monitor_printf(call, " (vec %u)", lvt & VECTOR_MASK);
	monitor_printf(call, "\n");
}

static void print_timer(struct monitor_call *call,
			const struct kvm_lapic_state *apic)
{
	uint32_t dcr = reg(apic, APIC_DIVIDE);
	/* Bits 0, 1 and 3; all of them divide by 1. */
	unsigned shift = ((dcr & 3) | (dcr >> 1 & 4)) + 1;

	monitor_printf(call,
		       "Timer\t DCR=0x%x (divide by %u) initial_count = %u "
		       "current_count = %u\n",
		       dcr, 1u << shift % 8, reg(apic, APIC_INITIAL_COUNT),
		       reg(apic, APIC_CURRENT_COUNT));
}

static void print_bits(struct monitor_call *call, unsigned bits, unsigned n)
{
	while (n--)
		monitor_printf(call, "%u", bits >> n & 1);
}

/* Who an interrupt is for that names no others by a shorthand. */
static void print_destination(struct monitor_call *call,
			      const struct kvm_lapic_state *apic, bool x2apic)
{
	uint32_t icr2 = reg(apic, APIC_ICR2);
	uint32_t dest = x2apic ? icr2 : icr2 >> XAPIC_SHIFT;
	bool cluster = reg(apic, APIC_DFR) >> DFR_SHIFT == DFR_CLUSTER;
	const char *kind = x2apic ? "X2APIC" : "APIC";

	if (!(reg(apic, APIC_ICR) & LOGICAL)) {
		monitor_printf(call, " cpu %u", dest);
	} else if (x2apic) {
		monitor_printf(call, " cluster %u mask ", dest >> 16);
		print_bits(call, dest, 16);
	} else if (cluster) {
		monitor_printf(call, " cluster %u mask ", dest >> 4);
		print_bits(call, dest, 4);
	} else {
		monitor_printf(call, " mask ");
		print_bits(call, dest, 8);
	}
	monitor_printf(call, " (%s ID)", kind);
}

static void print_icr(struct monitor_call *call,
		      const struct kvm_lapic_state *apic, bool x2apic)
{
	static const char *const shorthands[] = {"no-shorthand", "self",
						 "all-self", "all"};
	uint32_t icr = reg(apic, APIC_ICR);
	unsigned shorthand = icr >> SHORTHAND_SHIFT & 3;

	monitor_printf(call, "ICR\t 0x%08x %s %s %s %s\nICR2\t 0x%08x", icr,
		       icr & LOGICAL ? "logical" : "physical", trigger(icr),
		       icr & ICR_ASSERT ? "assert" : "de-assert",
		       shorthands[shorthand], reg(apic, APIC_ICR2));
	if (!shorthand)
		print_destination(call, apic, x2apic);
	monitor_printf(call, "\n");
}

/* 32 bits in each 16 bytes. */
static void print_vectors(struct monitor_call *call, const char *name,
			  const struct kvm_lapic_state *apic, unsigned at)
{
	unsigned i, n = 0;

	monitor_printf(call, "%s\t ", name);
	for (i = 0; i < VECTORS; i++) {
		if (!(reg(apic, at + i / 32 * 16) >> i % 32 & 1))
			continue;
		monitor_printf(call, "%u ", i);
		n++;
	}
	monitor_printf(call, "%s\n", n ? "" : "(none)");
}

static void print_priorities(struct monitor_call *call,
			     const struct kvm_lapic_state *apic, bool x2apic)
{
	uint32_t dfr = reg(apic, APIC_DFR) >> DFR_SHIFT;
	uint32_t ldr = reg(apic, APIC_LDR);

	if (!x2apic)
		ldr >>= XAPIC_SHIFT;
	monitor_printf(call, "\nAPR 0x%02x TPR 0x%02x DFR 0x%02x LDR 0x%02x",
		       reg(apic, APIC_APR), reg(apic, APIC_TPR), dfr, ldr);
	if (x2apic)
		monitor_printf(call, "(cluster %u: id %u)", ldr >> 16,
			       ldr & 0xffff);
	else if (dfr == DFR_CLUSTER)
		monitor_printf(call, "(cluster %u: id %u)", ldr >> 4, ldr & 15);
	monitor_printf(call, " PPR 0x%02x\n", reg(apic, APIC_PPR));
}

static void print_lapic(struct monitor_call *call, unsigned cpu,
			const struct kvm_lapic_state *apic, bool x2apic)
{
	static const struct {
		const char *name;
		unsigned at;
	} lvts[] = {
		{"LVT0", APIC_LVT0},	       {"LVT1", APIC_LVT1},
		{"LVTPC", APIC_LVT_COUNTERS},  {"LVTERR", APIC_LVT_ERROR},
		{"LVTTHMR", APIC_LVT_THERMAL}, {"LVTT", APIC_LVTT},
	};
	uint32_t svr = reg(apic, APIC_SVR);
	size_t i;

	monitor_printf(call, "dumping local APIC state for CPU %u \n\n", cpu);
	for (i = 0; i < sizeof(lvts) / sizeof(*lvts); i++)
		print_lvt(call, lvts[i].name, reg(apic, lvts[i].at),
			  lvts[i].at == APIC_LVTT);
	print_timer(call, apic);
	monitor_printf(call,
		       "SPIV\t 0x%08x APIC %s, focus=%s, spurious vec %u\n",
		       svr, svr & SVR_ENABLED ? "enabled" : "disabled",
		       svr & SVR_FOCUS ? "on" : "off", svr & VECTOR_MASK);
	print_icr(call, apic, x2apic);
	monitor_printf(call, "ESR\t 0x%08x\n", reg(apic, APIC_ESR));
	print_vectors(call, "ISR", apic, APIC_ISR);
	print_vectors(call, "IRR", apic, APIC_IRR);
	print_priorities(call, apic, x2apic);
}

static struct vcpu *find_vcpu(struct monitor_call *call)
{
	struct machine *m = monitor_machine(call);
	long long id = monitor_arg_int(call, "apic-id", -1);
	unsigned i;

	for (i = 0; i < m->nvcpus; i++)
		if (id < 0 ? i == monitor_cpu(call)
			   : m->vcpus[i]->apic_id == id)
			return m->vcpus[i];
	return NULL;
}

static void info_lapic(struct monitor_call *call)
{
	struct vcpu *vcpu = find_vcpu(call);
	struct kvm_lapic_state apic;
	struct kvm_regs regs;
	struct kvm_sregs sregs;
	bool ran;
	int rc;

	if (!vcpu) {
		monitor_printf(call, "No CPU available\n");
		monitor_done(call, NULL);
		return;
	}
	ran = vcpus_inspect(monitor_machine(call));
	rc = vcpu_get_regs(vcpu, &regs, &sregs);
	if (rc == 0 && ioctl(vcpu->fd, KVM_GET_LAPIC, &apic) < 0)
		rc = -errno;
	vcpus_inspected(monitor_machine(call), ran);
	if (rc == 0)
		print_lapic(call, vcpu->index, &apic,
			    sregs.apic_base & BASE_X2APIC);
	monitor_done(call, NULL);
}

static void print_pins(struct monitor_call *call, const char *name,
		       uint64_t pins)
{
	unsigned i;

	monitor_printf(call, "  %-8s ", name);
	for (i = 0; i < KVM_IOAPIC_PINS; i++)
		if (pins >> i & 1)
			monitor_printf(call, "%u ", i);
	monitor_printf(call, "%s\n", pins ? "" : "(none)");
}

static void print_ioapic(struct monitor_call *call,
			 const struct kvm_ioapic_state *s)
{
	static const char *const modes[] = {"fixed", "lowest", "SMI", "...",
					    "NMI",   "INIT",   "...", "extINT"};
	uint64_t e, remote = 0;
	unsigned i;

	monitor_printf(call, "ioapic0: ver=0x%02x id=0x%02x sel=0x%02x\n",
		       IOAPIC_VERSION, s->id, s->ioregsel);
	for (i = 0; i < KVM_IOAPIC_PINS; i++) {
		e = s->redirtbl[i].bits;
		monitor_printf(
			call,
			"  pin %-2u 0x%016llx dest=%x vec=%-3u active-%s "
			"%-5s %-6s %-6s %s\n",
			i, (unsigned long long)e, s->redirtbl[i].fields.dest_id,
			(unsigned)(e & VECTOR_MASK), polarity(e), trigger(e),
			masked(e), modes[e >> MODE_SHIFT & 7],
			e & LOGICAL ? "logical" : "physical");
		remote |= (uint64_t) !!(e & REMOTE_IRR) << i;
	}
	print_pins(call, "IRR", s->irr);
	print_pins(call, "Remote IRR", remote);
}

static void print_pic(struct monitor_call *call, unsigned n,
		      const struct kvm_pic_state *s)
{
	monitor_printf(call,
		       "pic%u: irr=%02x imr=%02x isr=%02x hprio=%d "
		       "irq_base=%02x rr_sel=%d elcr=%02x fnm=%d\n",
		       n, s->irr, s->imr, s->isr, s->priority_add, s->irq_base,
		       s->read_reg_select, s->elcr,
		       s->special_fully_nested_mode);
}

static void info_pic(struct monitor_call *call)
{
	static const unsigned order[] = {KVM_IRQCHIP_IOAPIC,
					 KVM_IRQCHIP_PIC_SLAVE,
					 KVM_IRQCHIP_PIC_MASTER};
	const struct kvm *kvm = monitor_machine(call)->kvm;
	struct kvm_irqchip chip;
	size_t i;

	for (i = 0; kvm && i < 3; i++) {
		chip = (struct kvm_irqchip){.chip_id = order[i]};
		if (ioctl(kvm->vmfd, KVM_GET_IRQCHIP, &chip) < 0)
			continue; /* a machine without devices has none */
		if (order[i] == KVM_IRQCHIP_IOAPIC)
			print_ioapic(call, &chip.chip.ioapic);
		else
			print_pic(call, order[i] == KVM_IRQCHIP_PIC_SLAVE,
				  &chip.chip.pic);
	}
	monitor_done(call, NULL);
}

static const struct monitor_arg lapic_args[] = {
	{.name = "apic-id",
	 .type = MONITOR_ARG_INT,
	 .optional = true,
	 .help = "of a vCPU; the chosen one if left out"},
	{.type = MONITOR_ARG_END},
};

const struct monitor_cmd interrupt_monitor_cmds[] = {
	{.name = "info lapic",
	 .help = "show a vCPU's local APIC",
	 .args = lapic_args,
	 .run = info_lapic},
	{.name = "info pic",
	 .help = "show the I/O APIC and the two 8259",
	 .run = info_pic},
	{.run = NULL},
};
