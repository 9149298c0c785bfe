/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A vCPU's registers, as text. */
#include "vmm/registers.h"

#include <inttypes.h>
#include <string.h>
#include <sys/ioctl.h>

#include "vmm/endian.h"
#include "vmm/vcpu.h"

#define EFER_LMA    (1u << 10)
#define XSAVE_MXCSR 24 /* Intel SDM volume 1, 13.4.1 */

struct all {
	struct kvm_regs r;
	struct kvm_sregs s;
	struct kvm_fpu f;
	struct kvm_debugregs d;
	bool lma, wide; /* long mode; 64-bit code */
};

struct gpr {
	const char *name;
	size_t offset;
};

#define GPR(n, field) \
	{ \
		n, offsetof(struct kvm_regs, field) \
	}

static const struct gpr gprs[] = {
	GPR("AX", rax),	 GPR("BX", rbx),  GPR("CX", rcx),  GPR("DX", rdx),
	GPR("SI", rsi),	 GPR("DI", rdi),  GPR("BP", rbp),  GPR("SP", rsp),
	GPR("R8 ", r8),	 GPR("R9 ", r9),  GPR("R10", r10), GPR("R11", r11),
	GPR("R12", r12), GPR("R13", r13), GPR("R14", r14), GPR("R15", r15),
};

static void print_gprs(const struct all *a, FILE *out)
{
	unsigned n = a->wide ? 16 : 8, i;

	for (i = 0; i < n; i++) {
		uint64_t v;

		memcpy(&v, (const char *)&a->r + gprs[i].offset, sizeof(v));
		if (i < 8)
			fprintf(out, "%c%s=", a->wide ? 'R' : 'E',
				gprs[i].name);
		else
			fprintf(out, "%s=", gprs[i].name);
		if (a->wide)
			fprintf(out, "%016" PRIx64, v);
		else
			fprintf(out, "%08x", (uint32_t)v);
		fputc(i % 4 == 3 ? '\n' : ' ', out);
	}
}

static void print_flags(const struct all *a, bool halted, FILE *out)
{
	static const struct {
		unsigned bit;
		char letter;
	} flags[] = {{10, 'D'}, {11, 'O'}, {7, 'S'}, {6, 'Z'},
		     {4, 'A'},	{2, 'P'},  {0, 'C'}};
	uint64_t f = a->r.rflags;
	size_t i;

	if (a->wide)
		fprintf(out, "RIP=%016" PRIx64 " RFL=%08x [",
			(uint64_t)a->r.rip, (uint32_t)f);
	else
		fprintf(out, "EIP=%08x EFL=%08x [", (uint32_t)a->r.rip,
			(uint32_t)f);
	for (i = 0; i < sizeof(flags) / sizeof(*flags); i++)
		fputc(f >> flags[i].bit & 1 ? flags[i].letter : '-', out);
	fprintf(out, "] CPL=%u II=0 A20=1 SMM=0 HLT=%d\n", a->s.ss.dpl, halted);
}

static uint32_t attributes(const struct kvm_segment *seg)
{
	if (seg->unusable)
		return 0;
	return (uint32_t)seg->type << 8 | (uint32_t)seg->s << 12 |
	       (uint32_t)seg->dpl << 13 | (uint32_t)seg->present << 15 |
	       (uint32_t)seg->avl << 20 | (uint32_t)seg->l << 21 |
	       (uint32_t)seg->db << 22 | (uint32_t)seg->g << 23;
}

/* What kind of descriptor it is; real mode has none to tell of. */
static void print_kind(const struct all *a, const struct kvm_segment *seg,
		       bool system, FILE *out)
{
	static const char *const types32[] = {
		"Reserved",   "TSS16-avl", "LDT",	"TSS16-busy",
		"CallGate16", "TaskGate",  "IntGate16", "TrapGate16",
		"Reserved",   "TSS32-avl", "Reserved",	"TSS32-busy",
		"CallGate32", "Reserved",  "IntGate32", "TrapGate32"};
	static const char *const types64[] = {
		"<hiword>",   "Reserved",  "LDT",	"Reserved",
		"Reserved",   "Reserved",  "Reserved",	"Reserved",
		"Reserved",   "TSS64-avl", "Reserved",	"TSS64-busy",
		"CallGate64", "Reserved",  "IntGate64", "TrapGate64"};

	if (!(a->s.cr0 & 1) || !seg->present || seg->unusable)
		return;
	fprintf(out, " DPL=%u ", seg->dpl);
	if (system || !seg->s) {
		fprintf(out, "%s",
			(a->lma ? types64 : types32)[seg->type & 15]);
	} else if (seg->type & 8) {
		fprintf(out, "%s [%c%c",
			seg->l	  ? "CS64"
			: seg->db ? "CS32"
				  : "CS16",
			seg->type & 4 ? 'C' : '-', seg->type & 2 ? 'R' : '-');
		fprintf(out, "%c]", seg->type & 1 ? 'A' : '-');
	} else {
		fprintf(out, "%s [%c%c", seg->db || a->lma ? "DS  " : "DS16",
			seg->type & 4 ? 'E' : '-', seg->type & 2 ? 'W' : '-');
		fprintf(out, "%c]", seg->type & 1 ? 'A' : '-');
	}
}

static void print_segment(const struct all *a, const char *name,
			  const struct kvm_segment *seg, bool system, FILE *out)
{
	fprintf(out, "%-3s=%04x ", name, seg->selector);
	if (a->wide)
		fprintf(out, "%016" PRIx64, (uint64_t)seg->base);
	else
		fprintf(out, "%08x", (uint32_t)seg->base);
	fprintf(out, " %08x %08x", seg->limit, attributes(seg));
	print_kind(a, seg, system, out);
	fputc('\n', out);
}

static void print_table(const struct all *a, const char *name,
			const struct kvm_dtable *t, FILE *out)
{
	if (a->lma)
		fprintf(out, "%s=     %016" PRIx64 " %08x\n", name,
			(uint64_t)t->base, t->limit);
	else
		fprintf(out, "%s=     %08x %08x\n", name, (uint32_t)t->base,
			t->limit);
}

static void print_control(const struct all *a, FILE *out)
{
	int w = a->lma ? 16 : 8;
	uint64_t mask = a->lma ? UINT64_MAX : UINT32_MAX;

	fprintf(out, "CR0=%08x CR2=%0*" PRIx64 " CR3=%0*" PRIx64 " CR4=%08x\n",
		(uint32_t)a->s.cr0, w, (uint64_t)a->s.cr2 & mask, w,
		(uint64_t)a->s.cr3 & mask, (uint32_t)a->s.cr4);
	fprintf(out,
		"DR0=%016" PRIx64 " DR1=%016" PRIx64 " DR2=%016" PRIx64
		" DR3=%016" PRIx64 " \n",
		(uint64_t)a->d.db[0], (uint64_t)a->d.db[1],
		(uint64_t)a->d.db[2], (uint64_t)a->d.db[3]);
	fprintf(out, "DR6=%016" PRIx64 " DR7=%016" PRIx64 "\n",
		(uint64_t)a->d.dr6, (uint64_t)a->d.dr7);
	fprintf(out, "EFER=%016" PRIx64 "\n", (uint64_t)a->s.efer);
}

static void print_fpu(const struct all *a, FILE *out)
{
	unsigned n = a->wide ? 16 : 8, i;
	uint64_t lo, hi;

	fprintf(out, "FCW=%04x FSW=%04x [ST=%d] FTW=%02x MXCSR=%08x\n",
		a->f.fcw, a->f.fsw, a->f.fsw >> 11 & 7, a->f.ftwx, a->f.mxcsr);
	for (i = 0; i < 8; i++) {
		uint16_t exponent;

		memcpy(&lo, a->f.fpr[i], 8);
		memcpy(&exponent, a->f.fpr[i] + 8, 2);
		fprintf(out, "FPR%u=%016" PRIx64 " %04x%c", i, lo, exponent,
			i % 2 ? '\n' : ' ');
	}
	for (i = 0; i < n; i++) {
		memcpy(&lo, a->f.xmm[i], 8);
		memcpy(&hi, a->f.xmm[i] + 8, 8);
		fprintf(out, "XMM%02u=%016" PRIx64 " %016" PRIx64 "%c", i, hi,
			lo, i % 2 ? '\n' : ' ');
	}
}

/* KVM_GET_FPU leaves it out. */
static uint32_t read_mxcsr(struct vcpu *vcpu)
{
	uint8_t xsave[4096];

	if (ioctl(vcpu->fd, KVM_GET_XSAVE, xsave) < 0)
		return 0;
	return load_le32(xsave + XSAVE_MXCSR);
}

void registers_dump(struct vcpu *vcpu, FILE *out)
{
	struct all a = {0};

	if (vcpu_get_regs(vcpu, &a.r, &a.s) < 0)
		return;
	ioctl(vcpu->fd, KVM_GET_FPU, &a.f);
	a.f.mxcsr = read_mxcsr(vcpu);
	ioctl(vcpu->fd, KVM_GET_DEBUGREGS, &a.d);
	a.lma = a.s.efer & EFER_LMA;
	a.wide = a.lma && a.s.cs.l;
	print_gprs(&a, out);
	print_flags(&a, vcpu_halted(vcpu), out);
	print_segment(&a, "ES", &a.s.es, false, out);
	print_segment(&a, "CS", &a.s.cs, false, out);
	print_segment(&a, "SS", &a.s.ss, false, out);
	print_segment(&a, "DS", &a.s.ds, false, out);
	print_segment(&a, "FS", &a.s.fs, false, out);
	print_segment(&a, "GS", &a.s.gs, false, out);
	print_segment(&a, "LDT", &a.s.ldt, true, out);
	print_segment(&a, "TR", &a.s.tr, true, out);
	print_table(&a, "GDT", &a.s.gdt, out);
	print_table(&a, "IDT", &a.s.idt, out);
	print_control(&a, out);
	print_fpu(&a, out);
}
