/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A boot sector that writes to the second disk: 8 sectors in each of the first
 * COUNT MiB, by INT 13h.  COM1 says "w" for each that was written, "e" for an
 * error, and "." at the end.
 */
#define COUNT	16
#define COM1	0x3f8
#define STEP	2048
#define SECOND	0x81

	.code16
	.section .text
	.globl start
start:
	cli
	xorw %ax, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	movw $0x7c00, %sp
	movw $0x8000, %di		/* what is written: not zeros */
	movw $0x5a5a, %ax
	movw $2048, %cx
	cld
	rep stosw
	sti
	movw $COUNT, %bx
next:	movw $packet, %si
	movw $0x4300, %ax		/* extended write, not verified */
	movb $SECOND, %dl
	pushw %bx
	int $0x13
	popw %bx
	movb $'w', %al
	jnc 1f
	movb $'e', %al
1:	call say
	addl $STEP, lba
	decw %bx
	jnz next
	movb $'.', %al
	call say
stop:	hlt
	jmp stop

say:	movw $COM1, %dx
	outb %al, %dx
	ret

	.balign 4
packet:	.byte 16, 0
	.word 8				/* sectors */
	.word 0x8000, 0
lba:	.quad 0

	.org 510
	.word 0xaa55
