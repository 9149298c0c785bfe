/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The real-mode part of the test kernel as a bzImage: header, memory map from
 * the BIOS, and the way to 32-bit code.  Documentation/arch/x86/boot.rst.
 */
	.code16
	.section .text
	.globl _start
_start:
	.org 0x1f1
	.byte SETUP_SECTS	/* setup_sects */
	.short 0		/* root_flags */
	.long 0			/* syssize */
	.short 0		/* ram_size */
	.short 0xffff		/* vid_mode */
	.short 0		/* root_dev */
	.short 0xaa55		/* boot_flag */
	.byte 0xeb, header_end - 0x202
	.ascii "HdrS"
	.short 0x20f		/* version */
	.long 0, 0
	.byte 0			/* type_of_loader */
	.byte 1			/* loadflags: LOADED_HIGH */
	.short 0
	.long 0x100000		/* code32_start */
	.long 0, 0, 0		/* initrd, its size, bootsect_kludge */
	.short 0, 0
	.long 0			/* cmd_line_ptr */
	.long 0x37ffffff	/* initrd_addr_max */
	.long 0x100000		/* kernel_alignment */
	.byte 0, 0		/* not relocatable */
	.short XLOADFLAGS
	.long 2047		/* cmdline_size */
	.long 0
	.quad 0
	.long PAYLOAD_OFFSET, PAYLOAD_LENGTH
	.quad 0			/* setup_data */
	.quad 0x100000		/* pref_address */
	.long 0x100000		/* init_size */
	.long 0, 0
	.org 0x26c
header_end:
	jmp begin

	/*
	 * Behind the parameters, which are made here: ds and es are the segment of all this.
	 */
	.org 0x1000
begin:
	xor %ebx, %ebx
	movw $0x2d0, %di
1:	movl $0xe820, %eax
	movl $0x534d4150, %edx
	movl $20, %ecx
	int $0x15
	jc 2f
	addw $20, %di
	incb 0x1e8
	testl %ebx, %ebx
	jnz 1b
2:	cli
	xorl %eax, %eax
	movw %ds, %ax
	shll $4, %eax
	movl %eax, %esi
	addl %eax, gdt_pointer + 2
	lgdtl gdt_pointer
	movl 0x214, %ebx
	movl $1, %eax
	movl %eax, %cr0
	movl %esi, %eax
	addl $3f, %eax
	movl %eax, far
	ljmpl *far
	.code32
3:	movw $0x18, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	jmp *%ebx

	.align 8
gdt:
	.quad 0, 0, 0x00cf9b000000ffff, 0x00cf93000000ffff
gdt_pointer:
	.short 31
	.long gdt
far:
	.long 0
	.short 0x10
	.org (SETUP_SECTS + 1) * 512
