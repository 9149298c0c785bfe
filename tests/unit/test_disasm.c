/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Instructions as text.  The table holds what qemu 7.2's monitor prints for
 * the same bytes.
 */
#include "vmm/disasm.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"

#define ADDR 0x1000
#define CODE 15

struct known {
	unsigned bits;
	const char *bytes, *text;
};

/* clang-format off */
static const struct known known[] = {
	{16, "ea 5b e0 00 f0", "ljmpw    $0xf000:$0xe05b"},
	{16, "30 36 2f 32", "xorb     %dh, 0x322f"},
	{16, "8b 00", "movw     (%bx, %si), %ax"},
	{16, "8b 46 02", "movw     2(%bp), %ax"},
	{16, "a1 f0 ff", "movw     0xfff0, %ax"},
	{16, "66 ea 12 34 56 78 00 f0", "ljmpl    $0xf000:$0x78563412"},
	{16, "9a 12 34 56 78", "lcallw   $0x7856:$0x3412"},
	{16, "eb 80", "jmp      0xf82"},
	{16, "e8 f0 ff", "callw    0xff3"},
	{16, "66 e8 f0 ff ff ff", "calll    0xff6"},
	{16, "74 80", "je       0xf82"},
	{16, "ff 2e 12 34", "ljmpw    *0x3412"},
	{16, "cb", "lretw    "},
	{16, "ca 04 00", "lretw    $4"},
	{16, "66 c3", "retl     "},
	{16, "cf", "iretw    "},
	{16, "60", "pushaw   "},
	{16, "9c", "pushfw   "},
	{16, "6a 80", "pushw    $-0x80"},
	{16, "68 f0 ff", "pushw    $0xfff0"},
	{16, "a4", "movsb    (%si), %es:(%di)"},
	{16, "66 a5", "movsl    (%si), %es:(%di)"},
	{16, "67 66 8b 04 85 00 00 00 00", "movl     (, %eax, 4), %eax"},
	{16, "66 0f 01 16 12 34", "lgdtl    0x3412"},
	{16, "0f 22 c0", "movl     %eax, %cr0"},
	{16, "8e d8", "movw     %ax, %ds"},
	{16, "8c d8", "movw     %ds, %ax"},
	{16, "1e", "pushw    %ds"},
	{16, "0f a0", "pushw    %fs"},
	{16, "2e 8b 07", "movw     %cs:(%bx), %ax"},
	{16, "65 8b 07", "movw     %gs:(%bx), %ax"},
	{16, "f3 a5", "rep movsw (%si), %es:(%di)"},
	{16, "66 f3 a5", "rep movsl (%si), %es:(%di)"},
	{16, "67 f3 a5", "rep movsw (%esi), %es:(%edi)"},
	{16, "e3 f0", "jcxz     0xff2"},
	{16, "c8 10 00 00", "enter    $0x10, $0"},
	{16, "83 c0 ff", "addw     $-1, %ax"},
	{16, "83 e0 f0", "andw     $0xfff0, %ax"},
	{16, "c4 06 12 34", "lesw     0x3412, %ax"},
	{16, "63 c0", "arpl     %ax, %ax"},
	{16, "66 0f b6 c0", "movzbl   %al, %eax"},
	{16, "40", "incw     %ax"},
	{16, "fa", "cli      "},
	{16, "cd 10", "int      $0x10"},
	{16, "e4 60", "inb      $0x60, %al"},
	{16, "ed", "inw      %dx, %ax"},
	{16, "ee", "outb     %al, %dx"},
	{32, "f3 a4", "rep movsb (%esi), %es:(%edi)"},
	{32, "a5", "movsl    (%esi), %es:(%edi)"},
	{32, "ab", "stosl    %eax, %es:(%edi)"},
	{32, "ac", "lodsb    (%esi), %al"},
	{32, "ae", "scasb    %es:(%edi), %al"},
	{32, "a6", "cmpsb    %es:(%edi), (%esi)"},
	{32, "6d", "insl     %dx, %es:(%edi)"},
	{32, "6e", "outsb    (%esi), %dx"},
	{32, "26 ac", "lodsb    %es:(%esi), %al"},
	{32, "d7", "xlatb    "},
	{32, "83 c0 ff", "addl     $-1, %eax"},
	{32, "83 e0 f0", "andl     $0xfffffff0, %eax"},
	{32, "66 83 e0 f0", "andw     $0xfff0, %ax"},
	{32, "80 c0 f0", "addb     $0xf0, %al"},
	{32, "b8 f0 ff ff ff", "movl     $0xfffffff0, %eax"},
	{32, "c6 00 f0", "movb     $0xf0, (%eax)"},
	{32, "c2 04 00", "retl     $4"},
	{32, "6a f0", "pushl    $-0x10"},
	{32, "68 f0 ff ff ff", "pushl    $0xfffffff0"},
	{32, "cd f0", "int      $0xf0"},
	{32, "a9 f0 ff ff ff", "testl    $0xfffffff0, %eax"},
	{32, "6b c0 f0", "imull    $-0x10, %eax, %eax"},
	{32, "c0 e0 f0", "shlb     $0xf0, %al"},
	{32, "0f ba e0 f0", "btl      $0xf0, %eax"},
	{32, "d4 0a", "aam      "},
	{32, "0f a4 c1 f0", "shldl    $0xf0, %eax, %ecx"},
	{32, "66 0f 70 c0 f0", "pshufd   $0xf0, %xmm0, %xmm0"},
	{32, "0f c2 c0 01", "cmpltps  %xmm0, %xmm0"},
	{32, "e7 f0", "outl     %eax, $0xf0"},
	{32, "ea f0 f1 f2 f3 f4 f5", "ljmpl    $0xf5f4:$0xf3f2f1f0"},
	{32, "ff 2d 12 34 56 78", "ljmpl    *0x78563412"},
	{32, "ff 18", "lcalll   *(%eax)"},
	{32, "e8 f0 ff ff ff", "calll    0xff5"},
	{32, "66 e8 f0 ff", "callw    0xff4"},
	{32, "0f 85 f0 ff ff ff", "jne      0xff6"},
	{32, "a1 12 34 56 78", "movl     0x78563412, %eax"},
	{32, "a1 05 00 00 00", "movl     5, %eax"},
	{32, "8b 04 c5 00 00 00 00", "movl     (, %eax, 8), %eax"},
	{32, "8b 44 24 f0", "movl     -0x10(%esp), %eax"},
	{32, "8b 04 08", "movl     (%eax, %ecx), %eax"},
	{32, "8b 04 48", "movl     (%eax, %ecx, 2), %eax"},
	{32, "8b 05 00 00 00 80", "movl     0x80000000, %eax"},
	{32, "3e 8b 00", "movl     %ds:(%eax), %eax"},
	{32, "66 8b 00", "movw     (%eax), %ax"},
	{32, "67 8b 40 05", "movl     5(%bx, %si), %eax"},
	{32, "8e d8", "movl     %eax, %ds"},
	{32, "8e c0", "movl     %eax, %es"},
	{32, "8c d8", "movl     %ds, %eax"},
	{32, "66 8e d8", "movw     %ax, %ds"},
	{32, "8e 18", "movw     (%eax), %ds"},
	{32, "0f 22 c0", "movl     %eax, %cr0"},
	{32, "0f 20 c0", "movl     %cr0, %eax"},
	{32, "0f 01 15 e0 00 0f 00", "lgdtl    0xf00e0"},
	{32, "d8 d1", "fcom     %st(1)"},
	{32, "dc c1", "fadd     %st(0), %st(1)"},
	{32, "dc e9", "fsubr    %st(0), %st(1)"},
	{32, "dc f1", "fdiv     %st(0), %st(1)"},
	{32, "de e9", "fsubrp   %st(1)"},
	{32, "de d9", "fcompp   "},
	{32, "d9 c9", "fxch     %st(1)"},
	{32, "dd d8", "fstp     %st(0)"},
	{32, "da c1", "fcmovb   %st(1), %st(0)"},
	{32, "dd 38", "fnstsw   (%eax)"},
	{32, "db 38", "fstpt    (%eax)"},
	{32, "df 28", "fildll   (%eax)"},
	{32, "df 30", "fbstp    (%eax)"},
	{32, "d9 00", "flds     (%eax)"},
	{32, "dd 00", "fldl     (%eax)"},
	{32, "db 00", "fildl    (%eax)"},
	{32, "df 00", "filds    (%eax)"},
	{32, "9b", "wait     "},
	{32, "99", "cltd     "},
	{32, "98", "cwtl     "},
	{32, "66 98", "cbtw     "},
	{32, "66 99", "cwtd     "},
	{32, "91", "xchgl    %ecx, %eax"},
	{32, "87 d1", "xchgl    %edx, %ecx"},
	{32, "0f a2", "cpuid    "},
	{32, "0f 31", "rdtsc    "},
	{32, "f0 0f b1 11", "lock cmpxchgl %edx, (%ecx)"},
	{32, "f2 ae", "repne scasb %es:(%edi), %al"},
	{32, "f3 a6", "repe cmpsb %es:(%edi), (%esi)"},
	{32, "60", "pushal   "},
	{32, "61", "popal    "},
	{32, "9c", "pushfl   "},
	{32, "9d", "popfl    "},
	{32, "cf", "iretl    "},
	{32, "66 cf", "iretw    "},
	{32, "0f 00 d8", "ltrw     %ax"},
	{32, "0f 00 d0", "lldtw    %ax"},
	{32, "0f c8", "bswapl   %eax"},
	{32, "d1 e0", "shll     $1, %eax"},
	{32, "d3 e8", "shrl     %cl, %eax"},
	{32, "f7 d8", "negl     %eax"},
	{32, "f6 f1", "divb     %cl"},
	{32, "0f af c1", "imull    %ecx, %eax"},
	{32, "0f bd c1", "bsrl     %ecx, %eax"},
	{32, "0f a3 c1", "btl      %eax, %ecx"},
	{32, "c9", "leave    "},
	{32, "cc", "int3     "},
	{32, "f4", "hlt      "},
	{32, "0f 0b", "ud2      "},
	{32, "0f 09", "wbinvd   "},
	{32, "27", "daa      "},
	{64, "48 83 ec 10", "subq     $0x10, %rsp"},
	{64, "90", "nop      "},
	{64, "c3", "retq     "},
	{64, "e8 00 00 00 00", "callq    0x1005"},
	{64, "ff 15 12 34 56 78", "callq    *0x78563412(%rip)"},
	{64, "ff 25 12 34 56 78", "jmpq     *0x78563412(%rip)"},
	{64, "0f 1f 40 00", "nopl     (%rax)"},
	{64, "0f 1f 44 00 00", "nopl     (%rax, %rax)"},
	{64, "48 b8 f0 de bc 9a 78 56 34 12", "movabsq  $0x123456789abcdef0, %rax"},
	{64, "b8 ff ff ff ff", "movl     $0xffffffff, %eax"},
	{64, "48 c7 c0 ff ff ff ff", "movq     $-1, %rax"},
	{64, "f3 48 ab", "rep stosq %rax, (%rdi)"},
	{64, "f0 48 0f b1 11", "lock cmpxchgq %rdx, (%rcx)"},
	{64, "0f 05", "syscall  "},
	{64, "48 0f 07", "sysretq  "},
	{64, "48 cf", "iretq    "},
	{64, "0f a2", "cpuid    "},
	{64, "0f 01 d0", "xgetbv   "},
	{64, "0f 01 18", "lidtq    (%rax)"},
	{64, "0f 01 10", "lgdtq    (%rax)"},
	{64, "0f 22 d8", "movq     %rax, %cr3"},
	{64, "0f 20 c0", "movq     %cr0, %rax"},
	{64, "0f 23 c0", "movq     %rax, %dr0"},
	{64, "0f b6 c0", "movzbl   %al, %eax"},
	{64, "48 0f b6 00", "movzbq   (%rax), %rax"},
	{64, "48 0f be c0", "movsbq   %al, %rax"},
	{64, "48 63 c8", "movslq   %eax, %rcx"},
	{64, "48 98", "cltq     "},
	{64, "48 99", "cqto     "},
	{64, "66 99", "cwtd     "},
	{64, "48 d3 20", "shlq     %cl, (%rax)"},
	{64, "64 48 8b 04 25 28 00 00 00", "movq     %fs:0x28, %rax"},
	{64, "8b 05 25 00 00 00", "movl     0x25(%rip), %eax"},
	{64, "67 8b 00", "movl     (%eax), %eax"},
	{64, "8d 04 40", "leal     (%rax, %rax, 2), %eax"},
	{64, "48 8d 04 89", "leaq     (%rcx, %rcx, 4), %rax"},
	{64, "a1 11 22 33 44 55 66 77 88", "movabsl  0x8877665544332211, %eax"},
	{64, "68 00 00 00 80", "pushq    $-0x80000000"},
	{64, "6a ff", "pushq    $-1"},
	{64, "50", "pushq    %rax"},
	{64, "66 50", "pushw    %ax"},
	{64, "8f 00", "popq     (%rax)"},
	{64, "9c", "pushfq   "},
	{64, "74 00", "je       0x1002"},
	{64, "e3 00", "jrcxz    0x1002"},
	{64, "67 e3 00", "jecxz    0x1003"},
	{64, "e2 fe", "loop     0x1000"},
	{64, "f2 0f 10 00", "movsd    (%rax), %xmm0"},
	{64, "f2 0f 2a c0", "cvtsi2sdl %eax, %xmm0"},
	{64, "f2 48 0f 2a 00", "cvtsi2sdq (%rax), %xmm0"},
	{64, "66 0f 6f c0", "movdqa   %xmm0, %xmm0"},
	{64, "66 0f 6e 00", "movd     (%rax), %xmm0"},
	{64, "48 0f ae 00", "fxsave64 (%rax)"},
	{64, "0f ae e8", "lfence   "},
	{64, "48 0f c7 08", "cmpxchg16b (%rax)"},
	{64, "0f c7 f0", "rdrandl  %eax"},
	{64, "48 0f c8", "bswapq   %rax"},
	{64, "66 0f c5 c0 01", "pextrw   $1, %xmm0, %eax"},
	{64, "f3 48 0f b8 c1", "popcntq  %rcx, %rax"},
	{64, "c5 f8 77", "vzeroupper "},
	{64, "c5 fc 10 00", "vmovups  (%rax), %ymm0"},
	{64, "48 83 e0 f0", "andq     $0xfffffffffffffff0, %rax"},
	{64, "48 81 c0 f0 ff ff ff", "addq     $-0x10, %rax"},
	{64, "ff 10", "callq    *(%rax)"},
	{64, "ff e0", "jmpq     *%rax"},
	{64, "ff 28", "ljmpl    *(%rax)"},
	{64, "c2 08 00", "retq     $8"},
	{64, "8e d8", "movl     %eax, %ds"},
	{64, "0f a8", "pushq    %gs"},
	{64, "41 50", "pushq    %r8"},
	{64, "0f 01 f8", "swapgs   "},
	{64, "0f 01 ca", "clac     "},
	{64, "66 0f 38 82 00", "invpcid  (%rax), %rax"},
	{64, "f3 0f 1e fa", "endbr64  "},
	{64, "0f 18 08", "prefetcht0 (%rax)"},
	{64, "f3 48 0f ae c0", "rdfsbaseq %rax"},
	{64, "0f 01 e0", "smswl    %eax"},
	{64, "41 90", "xchgl    %r8d, %eax"},
	{64, "48 90", "nop      "},
	{64, "f3 90", "pause    "},
	{64, "f0 83 04 24 00", "lock addl $0, (%rsp)"},
	{64, "8b 04 25 f0 ff ff ff", "movl     0xfffffffffffffff0, %eax"},
	{64, "8b 05 f0 ff ff ff", "movl     -0x10(%rip), %eax"},
	{64, "66 66 2e 0f 1f 84 00 00 00 00 00", "nopw     %cs:(%rax, %rax)"},
	{64, "4d 89 c8", "movq     %r9, %r8"},
	{64, "45 0f 44 c1", "cmovel   %r9d, %r8d"},
	{64, "49 0f ba e7 05", "btq      $5, %r15"},
	{64, "f3 0f 6f 44 24 10", "movdqu   0x10(%rsp), %xmm0"},
	{64, "66 0f ef 45 f0", "pxor     -0x10(%rbp), %xmm0"},
	/* Bytes that begin no instruction. */
	{64, "06", ".byte    0x06"},
	{64, "9a", ".byte    0x9a"},
	{64, "62", ".byte    0x62"},
	{64, "82", ".byte    0x82"},
};
/* clang-format on */

#define KNOWN (sizeof(known) / sizeof(*known))

static size_t parse(const char *bytes, uint8_t *code)
{
	size_t n = 0;
	char *end;

	while (*bytes && n < CODE) {
		code[n++] = (uint8_t)strtoul(bytes, &end, 16);
		bytes = end;
	}
	return n;
}

START_TEST(text_is_what_qemu_prints)
{
	char text[DISASM_TEXT];
	uint8_t code[CODE];
	size_t i, n, len;

	for (i = 0; i < KNOWN; i++) {
		memset(code, 0x90, sizeof(code));
		n = parse(known[i].bytes, code);
		len = disasm(code, CODE, known[i].bits, ADDR, text,
			     sizeof(text));
		ck_assert_msg(len == n && !strcmp(text, known[i].text),
			      "%u-bit %s: '%s' (%zu bytes), not '%s'",
			      known[i].bits, known[i].bytes, text, len,
			      known[i].text);
	}
}
END_TEST

START_TEST(a_cut_instruction_is_not_read_past_its_end)
{
	char text[DISASM_TEXT];
	uint8_t code[CODE], *exact;
	size_t i, n, have, len;

	for (i = 0; i < KNOWN; i++) {
		n = parse(known[i].bytes, code);
		for (have = 1; have < n; have++) {
			/* Of its exact size, for the sanitizer to watch. */
			exact = malloc(have);
			memcpy(exact, code, have);
			len = disasm(exact, have, known[i].bits, ADDR, text,
				     sizeof(text));
			ck_assert_uint_le(len, have);
			free(exact);
		}
	}
}
END_TEST

START_TEST(an_incomplete_instruction_has_no_length)
{
	static const uint8_t mov[] = {0xb8, 0x11, 0x22};
	char text[DISASM_TEXT];

	ck_assert_uint_eq(disasm(mov, sizeof(mov), 32, ADDR, text,
				 sizeof(text)),
			  0);
}
END_TEST

START_TEST(any_bytes_will_do)
{
	static const unsigned bits[] = {16, 32, 64};
	char text[DISASM_TEXT];
	uint8_t code[CODE];
	size_t i, n;
	long round;

	srandom(1);
	for (round = 0; round < 200000; round++) {
		for (i = 0; i < CODE; i++)
			code[i] = (uint8_t)random();
		n = disasm(code, CODE, bits[round % 3], (uint64_t)random(),
			   text, sizeof(text));
		ck_assert_uint_ge(n, 1);
		ck_assert_uint_le(n, CODE);
		ck_assert_uint_lt(strlen(text), sizeof(text) - 1);
	}
}
END_TEST

START_TEST(a_short_buffer_cuts_the_text)
{
	static const uint8_t mov[] = {0xb8, 1, 2, 3, 4};
	char text[6];

	ck_assert_uint_eq(disasm(mov, sizeof(mov), 32, ADDR, text,
				 sizeof(text)),
			  5);
	ck_assert_str_eq(text, "movl ");
}
END_TEST

UNIT_MAIN("disasm", text_is_what_qemu_prints,
	  a_cut_instruction_is_not_read_past_its_end,
	  an_incomplete_instruction_has_no_length, any_bytes_will_do,
	  a_short_buffer_cuts_the_text)
