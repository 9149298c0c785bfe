/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest for 32-bit and virtual-8086 mode, without paging.  Exceptions are
 * captured by tasks of their own, so that no stack of the case is touched.
 */
#include <string.h>

#include "tests/unit/insn_tcg.h"
#include "vmm/endian.h"

#define BOOT_GDT     0x2d000u
#define LIVE_TSS     0x34000u /* of the tasks that capture, 128 bytes each */
#define MASTER_TSS   0x36000u
#define MASTER_IDT   0x37000u
#define MASTER_DESCS 0x38000u
#define VECTORS	     32u
#define IDT_SIZE     512u
#define SEL_TASKS    0x80u /* of the first of them */

/* In a 32-bit TSS; Intel SDM volume 3, figure 8-2. */
#define TSS_EIP	   32
#define TSS_EFLAGS 36
#define TSS_EAX	   40
#define TSS_ESP	   56
#define TSS_ES	   72

/* clang-format off */

__asm__(".pushsection .rodata\n"
	"tcg32:\n"
	".code16\n"
	"cli\n"
	"lgdtl %cs:tcg32_gdtr - tcg32 + 0x8000\n"
	"mov $0x31, %eax\n mov %eax, %cr0\n"
	"ljmpl $0x18, $(1f - tcg32 + 0x8000)\n"
	".code32\n"
	"1: mov $0x10, %eax\n mov %eax, %ds\n mov %eax, %es\n mov %eax, %ss\n"
	"mov $0xff, %al\n out %al, $0x21\n out %al, $0xa1\n"
	"movl $0x100000, 0x2e008\n"
	"next32:\n"
	"mov $0x1f000, %esp\n pushl $2\n popfl\n clts\n"
	"decl 0x2e000\n js 9f\n"
	"mov 0x2e008, %ebx\n"
	"addl $1024, 0x2e008\n"
	"mov $0xcc, %al\n"
	"mov $0x25f00, %edi\n mov $256, %ecx\n rep stosb\n"
	"mov $0x28f00, %edi\n mov $256, %ecx\n rep stosb\n"
	"lea 256(%ebx), %esi\n mov $0x20000, %edi\n mov $128, %ecx\n rep movsb\n"
	"mov $0x22000, %edi\n mov $112, %ecx\n rep movsb\n"
	"mov $0x38000, %esi\n mov $0x20080, %edi\n mov $256, %ecx\n rep movsb\n"
	"mov $0x36000, %esi\n mov $0x34000, %edi\n mov $4096, %ecx\n rep movsb\n"
	"mov $0x37000, %esi\n mov $0x21000, %edi\n mov $512, %ecx\n rep movsb\n"
	"lea 496(%ebx), %esi\n mov 200(%ebx), %edi\n"
	"lea 0x21000(,%edi,8), %edi\n mov $8, %ecx\n rep movsb\n"
	"lea 512(%ebx), %esi\n mov $0xa000, %edi\n mov $16, %ecx\n rep movsb\n"
	"mov 208(%ebx), %edi\n mov $64, %ecx\n rep movsb\n"
	"movw $383, 0x2e010\n movl $0x20000, 0x2e012\n lgdt 0x2e010\n"
	"mov 192(%ebx), %ax\n mov %ax, 0x2e010\n movl $0x21000, 0x2e012\n"
	"lidt 0x2e010\n"
	"mov $0x70, %eax\n ltr %ax\n xor %eax, %eax\n lldt %ax\n"
	"testl $0x20000, 144(%ebx)\n jnz 5f\n"
	"mov 128(%ebx), %eax\n mov %eax, 0x2e020\n"
	"mov 136(%ebx), %eax\n mov %eax, 0x2e024\n"
	"test $3, %al\n jz 4f\n"
	"pushl 152(%ebx)\n pushl 32(%ebx)\n"
	"pushl 144(%ebx)\n pushl 136(%ebx)\n pushl 128(%ebx)\n"
	"jmp 6f\n"
	"4: pushl 144(%ebx)\n"
	"6: mov %eax, %ebp\n"
	"mov %ss:168(%ebx), %eax\n mov %eax, %es\n"
	"mov %ss:176(%ebx), %eax\n mov %eax, %fs\n"
	"mov %ss:184(%ebx), %eax\n mov %eax, %gs\n"
	"mov %ss:160(%ebx), %eax\n mov %eax, %ds\n"
	"test $3, %ebp\n jnz 7f\n"
	"popfl\n"
	"mov %ss:32(%ebx), %esp\n"
	"mov %ss:0(%ebx), %eax\n mov %ss:8(%ebx), %ecx\n"
	"mov %ss:16(%ebx), %edx\n mov %ss:40(%ebx), %ebp\n"
	"mov %ss:48(%ebx), %esi\n mov %ss:56(%ebx), %edi\n"
	"mov %ss:24(%ebx), %ebx\n"
	"ljmpl *%ss:0x2e020\n"
	"5: pushl 184(%ebx)\n pushl 176(%ebx)\n pushl 160(%ebx)\n"
	"pushl 168(%ebx)\n pushl 152(%ebx)\n pushl 32(%ebx)\n"
	"pushl 144(%ebx)\n pushl 136(%ebx)\n pushl 128(%ebx)\n"
	"7: mov %ss:0(%ebx), %eax\n mov %ss:8(%ebx), %ecx\n"
	"mov %ss:16(%ebx), %edx\n mov %ss:40(%ebx), %ebp\n"
	"mov %ss:48(%ebx), %esi\n mov %ss:56(%ebx), %edi\n"
	"mov %ss:24(%ebx), %ebx\n"
	"iretl\n"
	"9: mov $0x501, %edx\n out %al, %dx\n"
	"1: hlt\n jmp 1b\n"
	"capture32:\n"
	"mov %eax, 0x2c000\n"
	"xor %ecx, %ecx\n cmp $0x1e000, %esp\n je 1f\n mov (%esp), %ecx\n"
	"1: mov %ecx, 0x2c008\n"
	"cld\n"
	"mov $0x22000, %esi\n mov $0x2c380, %edi\n mov $104, %ecx\n rep movsb\n"
	"mov $0x2c100, %edi\n"
	"mov $0x20000, %esi\n mov $128, %ecx\n rep movsb\n"
	"mov $0x25f00, %esi\n mov $256, %ecx\n rep movsb\n"
	"mov $0x28f00, %esi\n mov $256, %ecx\n rep movsb\n"
	"mov $0x2c000, %esi\n mov $1024, %ecx\n mov $0xe9, %edx\n rep outsb\n"
	"jmp next32\n"
	".balign 8\n"
	"tcg32_gdtr: .word 0x1f\n .long 0x2d000\n"
	".balign 16\n"
	"tcg32_stubs:\n"
	".set vector, 0\n"
	".rept 32\n"
	"mov $vector, %eax\n jmp capture32\n .balign 16\n"
	".set vector, vector + 1\n"
	".endr\n"
	"tcg32_end:\n"
	".code64\n"
	".popsection\n");

/* clang-format on */

#define HIDDEN __attribute__((visibility("hidden")))
extern const uint8_t tcg32[] HIDDEN, tcg32_stubs[] HIDDEN, tcg32_end[] HIDDEN;

static const uint64_t boot_gdt[] = {
	0,
	UINT64_C(0x00cf9b000000ffff),
	UINT64_C(0x00cf93000000ffff),
	UINT64_C(0x00cf9b000000ffff),
};

/* A task that starts at stub, in ring 0. */
static void put_task(uint8_t *ram, unsigned n, uint32_t stub)
{
	static const uint16_t segments[] = {0x10, 8, 0x10, 0x10, 0x10, 0x10};
	uint8_t *tss = ram + MASTER_TSS + 128 * n;
	uint8_t *desc = ram + MASTER_DESCS + 8 * n;
	uint8_t *gate = ram + MASTER_IDT + 8 * n;
	unsigned i;

	store_le32(tss + TSS_EIP, stub);
	store_le32(tss + TSS_EFLAGS, 2);
	store_le32(tss + TSS_ESP, TCG_CAPTURE);
	for (i = 0; i < 6; i++)
		store_le32(tss + TSS_ES + 4 * i, segments[i]);
	store_le64(desc, (UINT64_C(0x890000000000) | 0x67) |
				 (uint64_t)(LIVE_TSS + 128 * n) << 16);
	store_le16(gate + 2, (uint16_t)(SEL_TASKS + 8 * n));
	gate[5] = 0x85;
}

void tcg32_memory(uint8_t *ram)
{
	uint32_t stub = TCG_DRIVER + (uint32_t)(tcg32_stubs - tcg32);
	unsigned i;

	memcpy(ram + TCG_DRIVER, tcg32, (size_t)(tcg32_end - tcg32));
	memcpy(ram + BOOT_GDT, boot_gdt, sizeof(boot_gdt));
	store_le16(ram + TCG_LANDING, 0x0b0f);
	store_le16(ram + TCG_LANDING_HIGH, 0x0b0f);
	for (i = 0; i < VECTORS; i++)
		put_task(ram, i, stub + 16 * i);
}

void tcg32_place(uint8_t *ram, const struct tcg_case *c)
{
	memset(ram + TCG_STACK, 0xcc, TCG_WINDOW);
	memset(ram + TCG_INNER, 0xcc, TCG_WINDOW);
	memcpy(ram + TCG_GDT, c->gdt, sizeof(c->gdt));
	memcpy(ram + TCG_GDT + SEL_TASKS, ram + MASTER_DESCS, 8 * VECTORS);
	memcpy(ram + TCG_TSS, c->tss, sizeof(c->tss));
	memcpy(ram + TCG_IDT, ram + MASTER_IDT, IDT_SIZE);
	memcpy(ram + TCG_IDT + 8 * c->vector, c->gate, 8);
	memcpy(ram + TCG_CODE, c->code, sizeof(c->code));
	memcpy(ram + c->frame_at, c->frame, sizeof(c->frame));
	ram[TCG_GDT + TCG_TSS_SEL + 5] |= 2;
}

void tcg32_unpack(struct tcg_result *r)
{
	const uint8_t *tss = r->pad;
	unsigned i;

	r->rip = load_le32(tss + TSS_EIP);
	r->rflags = load_le32(tss + TSS_EFLAGS);
	r->rsp = load_le32(tss + TSS_ESP);
	for (i = 0; i < 8; i++)
		r->gpr[i] = load_le32(tss + TSS_EAX + 4 * i);
	r->gpr[4] = 0;
	r->es = load_le16(tss + TSS_ES);
	r->cs = load_le16(tss + TSS_ES + 4);
	r->ss = load_le16(tss + TSS_ES + 8);
	r->ds = load_le16(tss + TSS_ES + 12);
	r->fs = load_le16(tss + TSS_ES + 16);
	r->gs = load_le16(tss + TSS_ES + 20);
}
