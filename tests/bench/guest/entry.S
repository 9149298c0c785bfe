/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From what a multiboot loader enters to long mode, and to ring 3 with
 * interrupts off: there the guest runs natively even where KVM emulates ring
 * 0, and few instructions are spent here.  All memory below 4 GiB is mapped to
 * itself, for everyone.  Ports are allowed by the TSS, since not every KVM
 * keeps IOPL.
 */
#define MAGIC	    0x1badb002
#define FLAGS	    3		/* modules page-aligned, memory told */
#define STACK_SIZE  65536
#define PAGE_DIRS   4		/* 1 GiB each */
#define ENTRIES	    2048	/* in all of them */

#define CODE0	    0x08
#define DATA0	    0x10
#define TASK	    0x38
#define CODE3	    0x2b	/* where sysexit looks from CODE0 on */
#define DATA3	    0x33

#define TABLE	    0x07	/* present, writable, user */
#define LARGE	    0xe7	/* accessed, dirty, 2 MiB as well */
#define LARGE_SIZE  0x200000

#define CR4_PAE_PGE 0xa0
#define CR0_PG_WP   0x80010001
#define EFER	    0xc0000080
#define LME	    0x100
#define SYSENTER_CS 0x174
#define FLAGS_NONE  0x0002
#define TSS_SIZE    104
#define IO_MAP_SIZE 8193	/* a bit for each port, and an end */
#define INTEL	    0x756e6547	/* "Genu" */

	.section .head, "ax"
	.align 4
	.long MAGIC, FLAGS, -(MAGIC + FLAGS)

	.text
	.code32
	.globl entry
entry:	cli
	cld
	movl $stack_end, %esp
	movl %ebx, %ebp

	movl $directories, %edi
	movl $LARGE, %eax
	movl $ENTRIES, %ecx
1:	movl %eax, (%edi)
	addl $LARGE_SIZE, %eax
	addl $8, %edi
	loop 1b
	movl $pointers + TABLE, top
	movl $pointers, %edi
	movl $directories + TABLE, %eax
	movl $PAGE_DIRS, %ecx
2:	movl %eax, (%edi)
	addl $4096, %eax
	addl $8, %edi
	loop 2b

	movl $CR4_PAE_PGE, %eax
	movl %eax, %cr4
	movl $top, %eax
	movl %eax, %cr3
	movl $EFER, %ecx
	movl $LME, %eax
	xorl %edx, %edx
	wrmsr
	movl $CR0_PG_WP, %eax
	movl %eax, %cr0
	movl $tss, %eax
	movw %ax, tss_descriptor + 2
	shrl $16, %eax
	movb %al, tss_descriptor + 4
	movb %ah, tss_descriptor + 7
	lgdt gdt_pointer
	ljmpl $CODE0, $long_mode

	.code64
long_mode:
	movl $DATA0, %eax
	movl %eax, %ss
	movl $DATA3, %eax
	movl %eax, %ds
	movl %eax, %es
	movl $TASK, %eax
	ltr %ax
	xorl %eax, %eax
	cpuid
	movl %ebp, %edi			/* the loader's information */
	cmpl $INTEL, %ebx
	jne iret
	/* Others' processors have no sysexit here, KVM's emulator no iret. */
	movl $SYSENTER_CS, %ecx
	movl $CODE0, %eax
	xorl %edx, %edx
	wrmsr
	movl $stack_end - 8, %ecx
	movl $main, %edx
	sysexitq
iret:	pushq $DATA3
	pushq $stack_end - 8
	pushq $FLAGS_NONE
	pushq $CODE3
	pushq $main
	iretq

	.section .data
	.align 8
gdt:	.quad 0
	.quad 0x00af9b000000ffff	/* code, 64 bits, ring 0 */
	.quad 0x00cf93000000ffff	/* data, ring 0 */
	.quad 0, 0
	.quad 0x00affb000000ffff	/* code, 64 bits, ring 3 */
	.quad 0x00cff3000000ffff	/* data, ring 3 */
tss_descriptor:
	.quad 0x0000890000000000 + TSS_SIZE + IO_MAP_SIZE - 1
	.quad 0
gdt_pointer:
	.short gdt_pointer - gdt - 1
	.long gdt
	.align 8
tss:	.skip TSS_SIZE - 2
	.short TSS_SIZE			/* where the map of ports is */
	.skip IO_MAP_SIZE - 1
	.byte 0xff

	.section .bss
	.align 4096
top:	.skip 4096
pointers:
	.skip 4096
directories:
	.skip 4096 * PAGE_DIRS
	.skip STACK_SIZE
stack_end:
	.section .note.GNU-stack, "", @progbits
