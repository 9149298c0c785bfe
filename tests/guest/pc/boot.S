/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Boot sector of the test guest: loads the rest by INT 13h, takes the memory
 * map by INT 15h, and calls main in 32-bit protected mode without paging.
 */
#include "layout.h"

	.code16
	.section .boot, "ax"
	.globl start
start:
	cli
	cld
	xorw %ax, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	movw $start, %sp
	movw $packet, %si
	movb $0x42, %ah			/* extended read */
	int $0x13
	jc stop

	xorl %ebx, %ebx
	movw $MAP, %di
map:	movl $0xe820, %eax
	movl $MAP_ENTRY, %ecx
	movl $0x534d4150, %edx		/* SMAP */
	int $0x15
	jc mapped
	addw $MAP_ENTRY, %di
	incl MAP_COUNT
	testl %ebx, %ebx
	jnz map
mapped:
	movw $ap_begin, %si
	movw $AP_START, %di
	movw $(ap_end - ap_begin), %cx
	rep movsb

	inb $0x92, %al			/* A20 */
	orb $2, %al
	andb $0xfe, %al
	outb %al, $0x92
	lgdt gdt_pointer
	movl %cr0, %eax
	orl $1, %eax
	movl %eax, %cr0
	ljmpl $8, $protected
stop:	hlt
	jmp stop

/* Where the other processors begin: they count themselves and sleep. */
ap_begin:
	xorw %ax, %ax
	movw %ax, %ds
	lock incl AP_COUNT
1:	cli
	hlt
	jmp 1b
ap_end:

/* Where firmware goes on after S3, in real mode, CS:IP of its making. */
	.balign 16
	.globl resume
resume:	movw $COM1, %dx
	.irp c, 'r', 'e', 's', 'u', 'm', 'e', 'd'
	movb $\c, %al
	outb %al, %dx
	.endr
1:	hlt
	jmp 1b

	.code32
protected:
	movw $16, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %fs
	movw %ax, %gs
	movw %ax, %ss
	movl $start, %esp
	call main
1:	hlt
	jmp 1b

	.balign 8
gdt:	.quad 0
	.quad 0x00cf9b000000ffff	/* code, 4 GiB, 32 bits */
	.quad 0x00cf93000000ffff	/* data, 4 GiB */
gdt_pointer:
	.word gdt_pointer - gdt - 1
	.long gdt
packet:	.byte 16, 0
	.word SECTORS
	.word COMMAND, 0
	.quad 1
	.org 510
	.word 0xaa55
