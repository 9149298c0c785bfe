/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest on the host's KVM that runs, in ring 0 and 3 of long mode, what some
 * KVMs do not emulate.  Where KVM does it all itself the guest sees the same.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "tests/unit/unit.h"
#include "vmm/endian.h"
#include "vmm/kvm.h"
#include "vmm/machine.h"
#include "vmm/vcpu.h"

#define RAM_SIZE  (4u << 20)
#define PML4	  0x1000u
#define PDPT	  0x2000u
#define PD	  0x3000u
#define GDT	  0x5000u
#define IDT	  0x6000u
#define TSS	  0x7000u
#define CODE	  0x10000u
#define STACK	  0x30000u
#define STACK0	  0x38000u /* the TSS's */
#define TURNS	  1000 /* of 10 ms */
#define PORT	  0x510
#define MMIO	  UINT64_C(0xa0000)
#define MMIO_SIZE 0x20000u
#define GOOD	  0x600d

/*
 * Each step leaves its number in R14 and goes to wrong when it went wrong. With
 * R15 not 0, an exception goes on at R15; the handler notes what it was.
 */
/* clang-format off */

#define STEP(n)	 "mov $" #n ", %r14d\n"
#define CHECK(c) "jn" c " wrong\n"
#define EXPECT_FAULT "lea 1f(%rip), %r15\n"
#define FAULT(vector, error) \
	"jmp wrong\n" \
	"1: xor %r15d, %r15d\n" \
	"cmpq $" #vector ", last_vector(%rip)\n" CHECK("e") \
	"cmpq $" #error ", last_error(%rip)\n" CHECK("e")

__asm__(".pushsection .rodata\n"
	".balign 64\n"
	"guest_start:\n"
	STEP(1)
	"mov $0xf0f1, %eax\n popcnt %rax, %rbx\n"
	"cmp $9, %rbx\n" CHECK("e")
	"mov $0x10, %eax\n tzcnt %eax, %ebx\n cmp $4, %ebx\n" CHECK("e")
	STEP(2)
	"fninit\n fwait\n fnstcw scratch(%rip)\n"
	"cmpw $0x37f, scratch(%rip)\n" CHECK("e")
	"fnstsw %ax\n test %ax, %ax\n" CHECK("z")
	STEP(3)
	"stac\n pushfq\n pop %rax\n bt $18, %eax\n" CHECK("c")
	"clac\n pushfq\n pop %rax\n bt $18, %eax\n jc wrong\n"
	STEP(4)
	"movl $0x1fa0, scratch(%rip)\n ldmxcsr scratch(%rip)\n"
	"stmxcsr scratch+4(%rip)\n cmpl $0x1fa0, scratch+4(%rip)\n"
	CHECK("e")
	STEP(5)
	"xor %ecx, %ecx\n xgetbv\n mov %eax, %ebx\n"
	"mov $7, %eax\n xor %edx, %edx\n xsetbv\n xgetbv\n"
	"cmp $7, %eax\n" CHECK("e")
	STEP(6)
	"mov $0x123456789abcdef0, %rax\n movq %rax, %xmm5\n"
	"mov $7, %eax\n xor %edx, %edx\n xsave64 area(%rip)\n"
	"pxor %xmm5, %xmm5\n movq %xmm5, %rbx\n test %rbx, %rbx\n" CHECK("z")
	"xrstor64 area(%rip)\n movq %xmm5, %rbx\n"
	"mov $0x123456789abcdef0, %rax\n cmp %rax, %rbx\n" CHECK("e")
	STEP(7)
	"fxsave64 area(%rip)\n fninit\n fxrstor64 area(%rip)\n"
	"movq %xmm5, %rbx\n cmp %rax, %rbx\n" CHECK("e")
	STEP(8)
	"xor %eax, %eax\n xor %edx, %edx\n mov $5, %ebx\n mov $6, %ecx\n"
	"lock cmpxchg16b pair(%rip)\n" CHECK("z")
	"cmpq $6, pair+8(%rip)\n" CHECK("e")
	"lock cmpxchg16b pair(%rip)\n jz wrong\n"
	"cmp $5, %rax\n" CHECK("e")
	STEP(9)
	"int3\n cmpq $3, last_vector(%rip)\n" CHECK("e")
	"int $0x80\n cmpq $0x80, last_vector(%rip)\n" CHECK("e")
	STEP(10) /* nothing is mapped there */
	EXPECT_FAULT "mov $0x4000000000, %rdi\n popcnt (%rdi), %rax\n"
	FAULT(14, 0) "mov %cr2, %rax\n cmp %rdi, %rax\n" CHECK("e")
	STEP(11) /* not canonical */
	EXPECT_FAULT "mov $0x8000000000000000, %rdi\n ldmxcsr (%rdi)\n"
	FAULT(13, 0)
	STEP(12)
	EXPECT_FAULT "ud2\n" FAULT(6, 0)
	STEP(13) /* beyond the IDT's end */
	EXPECT_FAULT "int $0xf0\n" FAULT(13, 0x782)
	STEP(14)
	"movl $-1, scratch(%rip)\n"
	EXPECT_FAULT "ldmxcsr scratch(%rip)\n" FAULT(13, 0)
	STEP(15)
	EXPECT_FAULT "mov $1, %ecx\n xsetbv\n" FAULT(13, 0)
	STEP(16) /* single-stepping */
	"xor %eax, %eax\n mov %rax, %dr6\n movq $0, last_vector(%rip)\n"
	"mov $3, %ebx\n pushfq\n orq $0x100, (%rsp)\n popfq\n"
	"popcnt %rbx, %rbx\n nop\n"
	"cmpq $1, last_vector(%rip)\n" CHECK("e")
	"mov %dr6, %rax\n bt $14, %eax\n" CHECK("c")
	STEP(17) /* #NM */
	"mov %cr0, %rax\n or $8, %rax\n mov %rax, %cr0\n"
	EXPECT_FAULT "xgetbv\n fnstcw scratch(%rip)\n" FAULT(7, 0)
	"clts\n"
	STEP(18)
	"mov $2, %eax\n invpcid desc(%rip), %rax\n"
	STEP(19) /* registers of a device */
	"mov $0xa0000, %edi\n movl $0x11223344, %eax\n movnti %eax, 8(%rdi)\n"
	"mov $-1, %eax\n movq %rax, %xmm1\n movaps %xmm1, 16(%rdi)\n"
	"vmovdqu %ymm1, 32(%rdi)\n vmovdqu (%rdi), %ymm2\n"
	"vmovd %xmm2, %eax\n cmp $0x40404040, %eax\n" CHECK("e")
	STEP(20) /* to ring 3; back by an exception: not all have INT n there */
	"mov $0xc0000081, %ecx\n xor %eax, %eax\n" /* STAR */
	"mov $0x00130008, %edx\n wrmsr\n"
	"inc %ecx\n lea entry+0x200000(%rip), %eax\n" /* as ring 0 sees it */
	"xor %edx, %edx\n wrmsr\n"
	"mov $0xc0000084, %ecx\n mov $0x40600, %eax\n wrmsr\n"
	"pushq $0x1b\n pushq $0x2f000\n pushq $0x202\n pushq $0x23\n"
	"lea user(%rip), %rax\n push %rax\n iretq\n"
	"wrong:\n"
	"mov %r14d, %eax\n"
	"finish: mov $0x510, %edx\n out %eax, %dx\n"
	"2: hlt\n jmp 2b\n"
	"user: mov %cs, %eax\n and $3, %eax\n cmp $3, %eax\n" CHECK("e")
	"mov $0xa0000, %edi\n vmovdqu (%rdi), %ymm2\n"
	"vmovd %xmm2, %eax\n cmp $0x40404040, %eax\n" CHECK("e")
	STEP(21) /* SYSCALL and SYSRET, twice: there and back */
	"mov $7, %ebx\n std\n syscall\n"
	"after1: mov %cs, %eax\n and $3, %eax\n cmp $3, %eax\n" CHECK("e")
	"cmp $8, %ebx\n" CHECK("e")
	"cmp $0x2f000, %rsp\n" CHECK("e")
	"pushfq\n pop %rax\n bt $10, %eax\n" CHECK("c")
	"cld\n syscall\n after2: cmp $9, %ebx\n" CHECK("e")
	"ud2\n jmp wrong\n"
	"entry: inc %ebx\n"
	"lea after1(%rip), %rax\n cmp $8, %ebx\n je 1f\n"
	"lea after2(%rip), %rax\n 1:"
	"lea 0x200000(%rcx), %rdx\n cmp %rax, %rdx\n" CHECK("e")
	"mov %cs, %eax\n cmp $8, %eax\n" CHECK("e")
	"mov %ss, %eax\n cmp $16, %eax\n" CHECK("e")
	"mov %rcx, %rdi\n mov $0xc0000082, %ecx\n rdmsr\n"
	"lea entry(%rip), %ecx\n cmp %eax, %ecx\n" CHECK("e")
	"mov %rdi, %rcx\n"
	"movq $0x38000, %rdi\n xchg %rsp, %rdi\n"
	"pushfq\n pop %rax\n test $0x40600, %eax\n" CHECK("z")
	"mov %rdi, %rsp\n sysretq\n"
	"back: mov %cs, %eax\n test $3, %eax\n" CHECK("z")
	"cmpq $6, (%rsp)\n" CHECK("e") "cmp $9, %ebx\n" CHECK("e")
	"cmpq $0x23, 24(%rsp)\n" CHECK("e")
	"cmp $0x37fc8, %rsp\n" CHECK("e")
	"mov $0x600d, %eax\n jmp finish\n"
	/* An exception's vector and error code lie on the stack. */
	"handler:\n"
	"testb $3, 24(%rsp)\n jnz back\n"
	"push %rax\n"
	"mov 8(%rsp), %rax\n mov %rax, last_vector(%rip)\n"
	"mov 16(%rsp), %rax\n mov %rax, last_error(%rip)\n"
	"andq $~0x100, 40(%rsp)\n"
	"test %r15, %r15\n jz 1f\n mov %r15, 24(%rsp)\n"
	"1: pop %rax\n add $16, %rsp\n iretq\n"
	".balign 16\n"
	/* 16 bytes each. */
	"stubs:\n"
	".set vector, 0\n"
	".rept 32\n"
	".if vector == 8 || (vector >= 10 && vector <= 14) || vector == 17\n"
	".else\n pushq $0\n .endif\n"
	"pushq $vector\n jmp handler\n .balign 16\n"
	".set vector, vector + 1\n"
	".endr\n"
	"stub80: pushq $0\n pushq $0x80\n jmp handler\n"
	".balign 64\n"
	"area: .fill 4096\n"
	"pair: .quad 0, 0\n"
	"desc: .quad 0, 0\n"
	"scratch: .quad 0\n"
	"last_vector: .quad 0\n"
	"last_error: .quad 0\n"
	"guest_end:\n"
	".popsection\n");

/* clang-format on */

#define HIDDEN __attribute__((visibility("hidden")))
extern const uint8_t guest_start[] HIDDEN, guest_end[] HIDDEN;
extern const uint8_t stubs[] HIDDEN, stub80[] HIDDEN;

struct guest {
	struct machine m;
	struct ram_block *ram;
	struct gmem_map low, hole;
	struct bus_region port, mmio;
	uint64_t said, mmio_last[8];
};

static void port_write(void *dev, uint64_t off, uint64_t val, unsigned size)
{
	struct guest *g = dev;

	g->said = val;
	machine_request_exit(&g->m, 0);
}

static uint64_t mmio_read(void *dev, uint64_t off, unsigned size)
{
	return 0x40404040;
}

static void mmio_write(void *dev, uint64_t off, uint64_t val, unsigned size)
{
	struct guest *g = dev;

	if (off / 8 < 8)
		g->mmio_last[off / 8] = val;
}

static const struct bus_ops port_ops = {.write = port_write};
static const struct bus_ops mmio_ops = {.read = mmio_read, .write = mmio_write};

static void put64(struct guest *g, uint32_t at, uint64_t v)
{
	store_le64(g->ram->host + at, v);
}

static void put_gate(struct guest *g, unsigned vector, const uint8_t *handler,
		     unsigned dpl)
{
	uint64_t at = CODE + (uint64_t)(handler - guest_start);

	put64(g, IDT + 16 * vector,
	      (at & 0xffff) | 8u << 16 | (UINT64_C(0x8e00) | dpl << 13) << 32 |
		      at >> 16 << 48);
	put64(g, IDT + 16 * vector + 8, 0);
}

static void make_tables(struct guest *g)
{
	static const uint64_t gdt[] = {
		0,
		UINT64_C(0x00af9b000000ffff), /* ring 0 code */
		UINT64_C(0x00cf93000000ffff),
		UINT64_C(0x00cff3000000ffff), /* ring 3 data */
		UINT64_C(0x00affb000000ffff), /* and code, as SYSRET has them */
	};
	unsigned i;

	put64(g, PML4, PDPT | 7);
	put64(g, PDPT, PD | 7);
	put64(g, PD, 0x87); /* 2 MiB, writable, the user's */
	put64(g, PD + 8, 0x83); /* the same, not the user's */
	for (i = 0; i < sizeof(gdt) / sizeof(*gdt); i++)
		put64(g, GDT + 8 * i, gdt[i]);
	for (i = 0; i < 32; i++)
		put_gate(g, i, stubs + 16 * i, 0);
	put_gate(g, 0x80, stub80, 3);
	put64(g, TSS + 4, STACK0);
	memcpy(g->ram->host + CODE, guest_start,
	       (size_t)(guest_end - guest_start));
}

static void set_segment(struct kvm_segment *seg, uint16_t selector,
			unsigned type)
{
	*seg = (struct kvm_segment){.selector = selector,
				    .limit = UINT32_MAX,
				    .type = (uint8_t)type,
				    .s = 1,
				    .present = 1,
				    .db = type != 11,
				    .l = type == 11,
				    .g = 1};
}

static void set_registers(struct guest *g)
{
	struct kvm_regs regs = {.rip = CODE, .rsp = STACK, .rflags = 2};
	int fd = g->m.vcpus[0]->fd;
	struct kvm_sregs s;

	ck_assert(!ioctl(fd, KVM_GET_SREGS, &s));
	s.cr0 = 0x80010033; /* PG WP NE ET MP PE */
	s.cr3 = PML4;
	s.cr4 = 0x406a0; /* OSXSAVE OSXMMEXCPT OSFXSR PGE PAE */
	s.efer = 0xd01; /* NXE LMA LME SCE */
	set_segment(&s.cs, 8, 11);
	set_segment(&s.ss, 16, 3);
	s.ds = s.es = s.fs = s.gs = s.ss;
	s.gdt.base = GDT;
	s.gdt.limit = 0x7f;
	s.idt.base = IDT;
	s.idt.limit = 0x80 * 16 + 15;
	s.tr = (struct kvm_segment){.selector = 0x40,
				    .base = TSS,
				    .limit = 0x67,
				    .type = 11,
				    .present = 1};
	ck_assert(!ioctl(fd, KVM_SET_SREGS, &s));
	ck_assert(!ioctl(fd, KVM_SET_REGS, &regs));
}

static void guest_init(struct guest *g)
{
	struct vcpu_setup setup = {0};
	struct kvm_cpuid2 *cpuid;
	struct error err = {0};

	memset(g, 0, sizeof(*g));
	ck_assert(!machine_init(&g->m, &err));
	g->m.loop = loop_new(&g->m.lock, &err);
	ck_assert_msg(!kvm_open(&g->m, &err), "%s", err.msg);
	g->ram = gmem_block_new(&g->m.gmem, "ram", RAM_SIZE, &err);
	ck_assert(!gmem_map(&g->m.gmem, &g->low, 0, g->ram, 0, RAM_SIZE,
			    GMEM_RAM, 0, &err));
	ck_assert(!gmem_map(&g->m.gmem, &g->hole, MMIO, NULL, 0, MMIO_SIZE,
			    GMEM_HOLE, 1, &err));
	ck_assert_msg(!kvm_create_irqchip(g->m.kvm, &err), "%s", err.msg);
	bus_map(&g->m.io, &g->port, "port", PORT, 4, 0, &port_ops, g, &err);
	bus_map(&g->m.mem, &g->mmio, "mmio", MMIO, MMIO_SIZE, 0, &mmio_ops, g,
		&err);
	cpuid = kvm_supported_cpuid(g->m.kvm, &err);
	setup.cpuid = cpuid;
	ck_assert_msg(!vcpu_create(&g->m, &setup, &err), "%s", err.msg);
	free(cpuid);
	make_tables(g);
	set_registers(g);
	ck_assert(!vcpus_start(&g->m, &err));
}

static void guest_fini(struct guest *g)
{
	vcpus_destroy(&g->m);
	kvm_close(&g->m);
	loop_free(g->m.loop);
	machine_fini(&g->m);
}

START_TEST(every_step_goes_right)
{
	struct guest g;
	unsigned i;

	guest_init(&g);
	machine_lock(&g.m);
	ck_assert(!machine_cont(&g.m, NULL));
	machine_unlock(&g.m);
	for (i = 0; i < TURNS && !g.m.exiting; i++)
		loop_turn(g.m.loop, 10);
	ck_assert_msg(g.said == GOOD, "step %d went wrong", (int)g.said);
	ck_assert_uint_eq(g.mmio_last[1] & UINT32_MAX, 0x11223344);
	guest_fini(&g);
}
END_TEST

UNIT_MAIN("insn_kvm", every_step_goes_right)
