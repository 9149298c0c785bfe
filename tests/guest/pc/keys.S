/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A boot sector that shows keys: each byte from the keyboard goes to the
 * serial port as two digits, and to the next place on the screen.
 */
	.code16
	.globl start
start:
	cli
	xorw %ax, %ax
	movw %ax, %ds
	movw $0xb800, %ax
	movw %ax, %es
	/* No cursor: it would blink. */
	movw $0x3d4, %dx
	movw $0x200a, %ax
	outw %ax, %dx
	xorw %di, %di
	movb $'R', %al
	call say
	movb $'\n', %al
	call say
next:
	inb $0x64, %al
	testb $1, %al
	jz next
	testb $0x20, %al
	inb $0x60, %al
	jnz next
	movb %al, %bl
	movb $0x1e, %ah
	stosw
	shrb $4, %al
	call digit
	movb %bl, %al
	andb $15, %al
	call digit
	movb $' ', %al
	call say
	jmp next
digit:
	cmpb $10, %al
	jb 1f
	addb $'a' - '0' - 10, %al
1:	addb $'0', %al
say:
	movw $0x3f8, %dx
	outb %al, %dx
	ret
	.org 510
	.byte 0x55, 0xaa
