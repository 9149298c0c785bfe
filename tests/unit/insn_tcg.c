/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/insn_tcg.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vmm/endian.h"

#define BIOS_SIZE  65536u
#define PML4	   0x30000u
#define PDPT	   0x31000u
#define PD	   0x32000u
#define PT	   0x33000u
#define MASTER_IDT 0x2b000u /* of which each case gets a copy */
#define BOOT_GDT   0x2d000u
#define LOADED_END 0x40000u /* above is nothing, or the BIOS */
#define COUNT	   0x2e000u /* of cases */
#define SECONDS	   "50"

_Static_assert(sizeof(struct tcg_case) == 1024, "the guest counts on it");
_Static_assert(sizeof(struct tcg_result) == 1024, "the guest counts on it");

/* clang-format off */

/* Real mode, then long mode; cases from TCG_MEMORY on. */
__asm__(".pushsection .rodata\n"
	"tcg_long:\n"
	".code16\n"
	"cli\n"
	"lgdtl %cs:boot_gdtr - tcg_long + 0x8000\n"
	"mov %cr0, %eax\n or $1, %eax\n mov %eax, %cr0\n"
	"ljmpl $0x18, $(1f - tcg_long + 0x8000)\n"
	".code32\n"
	"1: mov $0x10, %eax\n mov %eax, %ds\n mov %eax, %es\n mov %eax, %ss\n"
	"mov $0x40620, %eax\n mov %eax, %cr4\n"
	"mov $0x30000, %eax\n mov %eax, %cr3\n"
	"mov $0xc0000080, %ecx\n mov $0x900, %eax\n xor %edx, %edx\n wrmsr\n"
	"mov $0x80010031, %eax\n mov %eax, %cr0\n"
	"ljmpl $0x08, $(1f - tcg_long + 0x8000)\n"
	".code64\n"
	"1: mov $0xff, %al\n out %al, $0x21\n out %al, $0xa1\n"
	"movq $0x100000, 0x2e008\n"
	"next_case:\n"
	"mov $0x1f000, %esp\n"
	"decq 0x2e000\n js 9f\n"
	"mov 0x2e008, %rbx\n"
	"addq $1024, 0x2e008\n"
	"mov $0xcc, %al\n"
	"mov $0x25f00, %edi\n mov $256, %ecx\n rep stosb\n"
	"mov $0x28f00, %edi\n mov $256, %ecx\n rep stosb\n"
	"lea 256(%rbx), %rsi\n mov $0x20000, %edi\n mov $128, %ecx\n rep movsb\n"
	"mov $0x22000, %edi\n mov $112, %ecx\n rep movsb\n"
	"mov $0x2b000, %esi\n mov $0x21000, %edi\n mov $4096, %ecx\n rep movsb\n"
	"lea 496(%rbx), %rsi\n"
	"mov 200(%rbx), %edi\n shl $4, %edi\n add $0x21000, %edi\n"
	"mov $16, %ecx\n rep movsb\n"
	"mov $0xa000, %edi\n mov $16, %ecx\n rep movsb\n"
	"mov 208(%rbx), %rdi\n mov $64, %ecx\n rep movsb\n"
	"movw $127, 0x2e010\n movq $0x20000, 0x2e012\n lgdt 0x2e010\n"
	"mov 192(%rbx), %ax\n mov %ax, 0x2e010\n movq $0x21000, 0x2e012\n"
	"lidt 0x2e010\n"
	"mov $0x70, %eax\n ltr %ax\n xor %eax, %eax\n lldt %ax\n"
	"mov %rax, %cr2\n"
	"mov 160(%rbx), %eax\n mov %eax, %ds\n"
	"mov 168(%rbx), %eax\n mov %eax, %es\n"
	"mov 176(%rbx), %eax\n mov %eax, %fs\n"
	"mov 184(%rbx), %eax\n mov %eax, %gs\n"
	"pushq 152(%rbx)\n pushq 32(%rbx)\n pushq 144(%rbx)\n"
	"pushq 136(%rbx)\n pushq 128(%rbx)\n"
	"mov 0(%rbx), %rax\n mov 8(%rbx), %rcx\n mov 16(%rbx), %rdx\n"
	"mov 40(%rbx), %rbp\n mov 48(%rbx), %rsi\n mov 56(%rbx), %rdi\n"
	"mov 64(%rbx), %r8\n mov 72(%rbx), %r9\n mov 80(%rbx), %r10\n"
	"mov 88(%rbx), %r11\n mov 96(%rbx), %r12\n mov 104(%rbx), %r13\n"
	"mov 112(%rbx), %r14\n mov 120(%rbx), %r15\n mov 24(%rbx), %rbx\n"
	"iretq\n"
	"9: mov $0x501, %edx\n out %al, %dx\n"
	"1: hlt\n jmp 1b\n"
	"capture:\n"
	"mov %rax, 0x2c040\n mov %rcx, 0x2c048\n mov %rdx, 0x2c050\n"
	"mov %rbx, 0x2c058\n mov %rbp, 0x2c068\n mov %rsi, 0x2c070\n"
	"mov %rdi, 0x2c078\n mov %r8, 0x2c080\n mov %r9, 0x2c088\n"
	"mov %r10, 0x2c090\n mov %r11, 0x2c098\n mov %r12, 0x2c0a0\n"
	"mov %r13, 0x2c0a8\n mov %r14, 0x2c0b0\n mov %r15, 0x2c0b8\n"
	"popq 0x2c000\n popq 0x2c008\n popq 0x2c010\n popq 0x2c018\n"
	"popq 0x2c020\n popq 0x2c028\n popq 0x2c030\n"
	"mov %cr2, %rax\n mov %rax, 0x2c038\n"
	"xor %eax, %eax\n"
	"mov %ds, %eax\n mov %rax, 0x2c0c0\n mov %es, %eax\n mov %rax, 0x2c0c8\n"
	"mov %fs, %eax\n mov %rax, 0x2c0d0\n mov %gs, %eax\n mov %rax, 0x2c0d8\n"
	"cld\n"
	"mov $0x2c100, %edi\n"
	"mov $0x20000, %esi\n mov $128, %ecx\n rep movsb\n"
	"mov $0x25f00, %esi\n mov $256, %ecx\n rep movsb\n"
	"mov $0x28f00, %esi\n mov $256, %ecx\n rep movsb\n"
	"mov $0x2c000, %esi\n mov $1024, %ecx\n mov $0xe9, %edx\n rep outsb\n"
	"jmp next_case\n"
	".balign 8\n"
	"boot_gdtr: .word 0x1f\n .long 0x2d000\n"
	".balign 16\n"
	"tcg_long_stubs:\n"
	".set vector, 0\n"
	".rept 32\n"
	".if vector == 8 || (vector >= 10 && vector <= 14) || vector == 17\n"
	".else\n pushq $0\n .endif\n"
	"pushq $vector\n jmp capture\n .balign 16\n"
	".set vector, vector + 1\n"
	".endr\n"
	"tcg_long_end:\n"
	".popsection\n");

/* clang-format on */

#define HIDDEN __attribute__((visibility("hidden")))
extern const uint8_t tcg_long[] HIDDEN, tcg_long_stubs[] HIDDEN;
extern const uint8_t tcg_long_end[] HIDDEN;

static const uint64_t boot_gdt[] = {
	0, UINT64_C(0x00af9b000000ffff), /* 64-bit code */
	UINT64_C(0x00cf93000000ffff),
	UINT64_C(0x00cf9b000000ffff), /* 32-bit code */
};

static void make_pages(uint8_t *ram)
{
	unsigned i;

	store_le64(ram + PML4, PDPT | 7);
	store_le64(ram + PDPT, PD | 7);
	store_le64(ram + PD, PT | 7);
	for (i = 1; i < 16; i++)
		store_le64(ram + PD + 8 * i, i * UINT64_C(0x200000) | 0x87);
	for (i = 0; i < 512; i++)
		store_le64(ram + PT + 8 * i, i * UINT64_C(4096) | 7);
	store_le64(ram + PT + TCG_ABSENT1 / 512, 0);
	store_le64(ram + PT + TCG_ABSENT2 / 512, 0);
	store_le64(ram + PT + TCG_ABSENT3 / 512, 0);
	store_le64(ram + PT + TCG_READ_ONLY / 512, TCG_READ_ONLY | 5);
}

void tcg_long_memory(uint8_t *ram)
{
	uint32_t stub = TCG_DRIVER + (uint32_t)(tcg_long_stubs - tcg_long);
	unsigned i;

	memcpy(ram + TCG_DRIVER, tcg_long, (size_t)(tcg_long_end - tcg_long));
	memcpy(ram + BOOT_GDT, boot_gdt, sizeof(boot_gdt));
	store_le16(ram + TCG_LANDING, 0x0b0f);
	store_le16(ram + TCG_LANDING_HIGH, 0x0b0f);
	make_pages(ram);
	for (i = 0; i < 32; i++, stub += 16) {
		uint8_t *gate = ram + MASTER_IDT + 16 * i;

		store_le16(gate, (uint16_t)stub);
		store_le16(gate + 2, 8);
		store_le16(gate + 4, 0x8e01); /* on IST 1 */
	}
}

void tcg_place(uint8_t *ram, const struct tcg_case *c)
{
	memset(ram + TCG_STACK, 0xcc, TCG_WINDOW);
	memset(ram + TCG_INNER, 0xcc, TCG_WINDOW);
	memcpy(ram + TCG_GDT, c->gdt, sizeof(c->gdt));
	memcpy(ram + TCG_TSS, c->tss, sizeof(c->tss));
	memcpy(ram + TCG_IDT, ram + MASTER_IDT, 4096);
	memcpy(ram + TCG_IDT + 16 * c->vector, c->gate, sizeof(c->gate));
	memcpy(ram + TCG_CODE, c->code, sizeof(c->code));
	memcpy(ram + c->frame_at, c->frame, sizeof(c->frame));
	/* LTR marks it. */
	ram[TCG_GDT + TCG_TSS_SEL + 5] |= 2;
}

static void write_file(const char *dir, const char *name, const void *data,
		       size_t len)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "wb");
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(data, 1, len, f), len);
	fclose(f);
}

static void run_qemu(const char *dir)
{
	char bios[128], memory[160], cases[160], console[128];
	pid_t pid;
	int status;

	snprintf(bios, sizeof(bios), "%s/bios", dir);
	snprintf(memory, sizeof(memory),
		 "loader,force-raw=on,addr=0x8000,file=%s/memory", dir);
	snprintf(cases, sizeof(cases),
		 "loader,force-raw=on,addr=0x100000,file=%s/cases", dir);
	snprintf(console, sizeof(console), "file:%s/out", dir);
	pid = fork();
	if (pid == 0) {
		execlp("timeout", "timeout", SECONDS, "qemu-system-x86_64",
		       "-accel", "tcg", "-cpu", "max", "-nodefaults",
		       "-display", "none", "-m", "64", "-bios", bios, "-device",
		       memory, "-device", cases, "-debugcon", console,
		       "-device", "isa-debug-exit,iobase=0x501,iosize=1",
		       (char *)NULL);
		_exit(127);
	}
	ck_assert_int_gt(pid, 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
}

static size_t read_results(const char *dir, struct tcg_result *results,
			   size_t n)
{
	char path[128];
	size_t got;
	FILE *f;

	snprintf(path, sizeof(path), "%s/out", dir);
	f = fopen(path, "rb");
	ck_assert_ptr_nonnull(f);
	got = fread(results, sizeof(*results), n, f);
	fclose(f);
	return got;
}

static void remove_files(const char *dir)
{
	static const char *const names[] = {"bios", "memory", "cases", "out"};
	char path[128];
	size_t i;

	for (i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		unlink(path);
	}
	rmdir(dir);
}

bool tcg_available(void)
{
	return access("/usr/bin/qemu-system-x86_64", X_OK) == 0;
}

size_t tcg_run(const uint8_t *ram, const struct tcg_case *cases, size_t n,
	       struct tcg_result *results)
{
	/* ljmp $0, $TCG_DRIVER */
	static const uint8_t jump[] = {0xea, 0x00, 0x80, 0x00, 0x00};
	char dir[] = "/tmp/insn-tcg-XXXXXX";
	size_t got;
	uint8_t *copy = malloc(LOADED_END), *bios = calloc(1, BIOS_SIZE);

	ck_assert_ptr_nonnull(mkdtemp(dir));
	memcpy(bios + BIOS_SIZE - 16, jump, sizeof(jump));
	write_file(dir, "bios", bios, BIOS_SIZE);
	memcpy(copy, ram, LOADED_END);
	store_le64(copy + COUNT, n);
	write_file(dir, "memory", copy + TCG_DRIVER, LOADED_END - TCG_DRIVER);
	write_file(dir, "cases", cases, n * sizeof(*cases));
	run_qemu(dir);
	got = read_results(dir, results, n);
	remove_files(dir);
	free(copy);
	free(bios);
	return got;
}
