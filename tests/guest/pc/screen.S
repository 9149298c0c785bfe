/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A boot sector that does what the serial line says to the display adapter: a
 * letter, its arguments as words, and "k" comes back when it is done, after
 * what was asked for.
 *
 *	i AX BX CX DX		int 10h, ES:DI is a buffer; AX comes back
 *	o PORT COUNT BYTES...	out
 *	p PORT COUNT SEED	out, of noise
 *	n PORT			inw
 *	w PORT VALUE		outw
 *	f SEG OFF COUNT SEED	noise into memory
 *	b SEG OFF COUNT BYTES...
 *	r SEG OFF COUNT		memory comes back
 */
	.code16
	.set	COM1_DATA, 0x3f8
	.set	COM1_STATUS, 0x3fd
	.set	DATA_READY, 0x01
	.set	BUFFER, 0x2000		/* a segment */
	.set	PERIOD, 4093		/* of the noise in memory */
	.set	FACTOR, 25173		/* of the noise, a linear congruence */
	.set	ADDEND, 13849

	.globl	start
start:	ljmp	$0, $1f
1:	xorw	%ax, %ax
	movw	%ax, %ds
	movw	%ax, %ss
	movw	$0x7c00, %sp
	cld
done:	movb	$'k', %al
	call	put
next:	call	get
	movw	$table, %si
1:	cmpb	(%si), %al
	je	2f
	addw	$3, %si
	jmp	1b
2:	pushw	$done
	jmp	*1(%si)

table:	.byte	'i'
	.word	bios
	.byte	'o'
	.word	out_bytes
	.byte	'p'
	.word	out_noise
	.byte	'n'
	.word	in_word
	.byte	'w'
	.word	out_word
	.byte	'f'
	.word	fill
	.byte	'b'
	.word	bytes
	.byte	'r'
	.word	read
	.byte	'\n'			/* no command */
	.word	nothing

put:	pushw	%dx
	movw	$COM1_DATA, %dx
	outb	%al, %dx
	popw	%dx
nothing:
	ret

get:	pushw	%dx
	movw	$COM1_STATUS, %dx
1:	inb	%dx, %al
	testb	$DATA_READY, %al
	jz	1b
	movw	$COM1_DATA, %dx
	inb	%dx, %al
	popw	%dx
	ret

get_word:
	call	get
	movb	%al, %ah
	call	get
	xchgb	%al, %ah
	ret

put_word:
	call	put
	movb	%ah, %al
	jmp	put

/* The next byte of noise, of seed BX, in AL */
noise:	pushw	%dx
	movw	%bx, %ax
	movw	$FACTOR, %dx
	mulw	%dx
	addw	$ADDEND, %ax
	movw	%ax, %bx
	movb	%ah, %al
	popw	%dx
	ret

bios:	call	get_word
	pushw	%ax
	call	get_word
	movw	%ax, %bx
	call	get_word
	movw	%ax, %cx
	call	get_word
	movw	%ax, %dx
	movw	$BUFFER, %ax
	movw	%ax, %es
	xorw	%di, %di
	popw	%ax
	int	$0x10
	jmp	put_word

port:	call	get_word
	movw	%ax, %dx
	call	get_word
	movw	%ax, %cx
	ret

out_bytes:
	call	port
1:	call	get
	outb	%al, %dx
	loop	1b
	ret

out_noise:
	call	port
	call	get_word
	movw	%ax, %bx
1:	call	noise
	outb	%al, %dx
	loop	1b
	ret

in_word:
	call	get_word
	movw	%ax, %dx
	inw	%dx, %ax
	jmp	put_word

out_word:
	call	get_word
	movw	%ax, %dx
	call	get_word
	outw	%ax, %dx
	ret

/* ES:DI, and how much in CX */
where:	call	get_word
	movw	%ax, %es
	call	get_word
	movw	%ax, %di
	call	get_word
	movw	%ax, %cx
	ret

/* A piece of noise, which is repeated: copying is faster. */
fill:	call	where
	call	get_word
	movw	%ax, %bx
	pushw	%es
	pushw	%di
	pushw	%cx
	movw	$BUFFER, %ax
	movw	%ax, %es
	xorw	%di, %di
	movw	$PERIOD, %cx
1:	call	noise
	stosb
	loop	1b
	popw	%cx
	popw	%di
	popw	%es
	movw	$BUFFER, %ax
	movw	%ax, %ds
2:	movw	%cx, %bx
	cmpw	$PERIOD, %cx
	jbe	3f
	movw	$PERIOD, %cx
3:	subw	%cx, %bx
	xorw	%si, %si
	rep movsb
	movw	%bx, %cx
	testw	%cx, %cx
	jnz	2b
	xorw	%ax, %ax
	movw	%ax, %ds
	ret

bytes:	call	where
1:	call	get
	stosb
	loop	1b
	ret

read:	call	where
1:	movb	%es:(%di), %al
	incw	%di
	call	put
	loop	1b
	ret

	.org	510
	.word	0xaa55
