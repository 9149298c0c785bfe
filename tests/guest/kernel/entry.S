/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A kernel that reports how it was booted: headers and entries.  Built with
 * one of MULTIBOOT1, MULTIBOOT2, KLUDGE, RELOCATABLE, PVH, LINUX.
 */
#define STACK_SIZE 16384
#define KIND_MULTIBOOT 1
#define KIND_PVH 2
#define KIND_LINUX32 3
#define KIND_LINUX64 4

	.section .head, "ax"
#if defined(MULTIBOOT1) || defined(KLUDGE)
#ifdef KLUDGE
#define FLAGS 0x10003
#else
#define FLAGS 0x3
#endif
	.align 4
header:
	.long 0x1badb002, FLAGS, -(0x1badb002 + FLAGS)
#ifdef KLUDGE
	.long header, image_start, image_end, bss_end, multiboot_entry
#endif
#endif

#if defined(MULTIBOOT2) || defined(RELOCATABLE)
	.align 8
header:
	.long 0xe85250d6, 0, header_end - header
	.long -(0xe85250d6 + header_end - header)
	.short 1, 0	/* information: command line, modules, map */
	.long 20, 1, 3, 6
	.long 0
#ifdef RELOCATABLE
	.short 10, 0
	.long 24, 0x2000000, 0x2ffffff, 0x100000, 2
#endif
	.short 0, 0
	.long 8
header_end:
#endif

#ifdef LINUX
	/* What a boot loader enters when it leaves decompression to us. */
	.code32
	jmp linux32_entry
	.org 0x200
	.code64
	jmp linux64_entry
#endif

#ifdef PVH
	.section .note.pvh, "a", @note
	.long 4, 4, 18
	.asciz "Xen"
	.long pvh_entry
#endif

	.section .text
	.code32
	.globl multiboot_entry, pvh_entry, linux32_entry, linux64_entry
multiboot_entry:
	mov $KIND_MULTIBOOT, %ecx
	jmp begin
pvh_entry:
	mov $KIND_PVH, %ecx
	jmp begin
linux32_entry:
	mov $KIND_LINUX32, %ecx
	mov %esi, %ebx
begin:
	/* Position-independent up to here: a loader may move the image. */
	mov %eax, %edx
	call 1f
1:	pop %eax
	lea stack_end - 1b(%eax), %esp
	push %ebx
	push %edx
	push %ecx
	call report
2:	hlt
	jmp 2b

	.code64
linux64_entry:
	/* 32-bit code is to run: a code segment for it, then there. */
	lgdt gdt_pointer(%rip)
	mov %rsi, %rbx
	lea stack_end(%rip), %rsp
	pushq $0x08
	lea compatible(%rip), %rax
	push %rax
	lretq
	.code32
compatible:
	mov $0x10, %ax
	mov %ax, %ds
	mov %ax, %es
	mov %ax, %ss
	mov $KIND_LINUX64, %ecx
	xor %eax, %eax
	jmp begin

	.section .data
	.align 8
gdt:
	.quad 0, 0x00cf9b000000ffff, 0x00cf93000000ffff
gdt_pointer:
	.short 23
	.long gdt, 0

	.section .bss
	.align 16
	.skip STACK_SIZE
stack_end:
