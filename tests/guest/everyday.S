/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is started by the everyday lines: paints the screen, and notes in
 * sector 1 of the first hard disk, and on the serial line, what it finds: the
 * medium that it came from, vCPUs as fw_cfg has them, threads and cores of a
 * package as CPUID does, MiB of RAM, and which device is in slot 3.
 *
 * From a hard disk (MEDIUM 'D') it stays then.  From a CD (MEDIUM 'C') it
 * resets the machine as an installer does, and the second time starts the
 * disk, as an installer's CD does when nobody presses a key.
 */
	.code16
	.set	NOTES, 0x8000
	.set	LOADER, 0x600
	.set	DISK, 0x80
	.set	COM1, 0x3f8
	.set	KEYBOARD, 0x64
	.set	PULSE_RESET, 0xfe
	.set	FW_CFG_SELECT, 0x510
	.set	FW_CFG_RAM, 3
	.set	FW_CFG_VCPUS, 5
	.set	PCI_ADDRESS, 0xcf8
	.set	SLOT_3, 0x80001800

	.globl	start
start:	ljmp	$0, $begin
begin:	cld
	xorw	%ax, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %ss
	movw	$start, %sp
	sti
	movw	$0x0003, %ax	# text, 80 by 25
	int	$0x10
	movw	$0x0600, %ax	# all of it cleared
	movb	$PAINT, %bh
	xorw	%cx, %cx
	movw	$0x184f, %dx
	int	$0x10
	movb	$0x01, %ah	# no cursor: it would blink
	movw	$0x2000, %cx
	int	$0x10
	movb	$0x42, %ah
	call	disk
	movw	$NOTES, %di
	movb	$'.', %al
	movw	$512, %cx
	repne	scasb
	decw	%di
	pushw	%di
	movb	$MEDIUM, %al
	call	put
	movw	$FW_CFG_VCPUS, %ax
	call	fw_cfg
	addb	$'0', %al
	call	put
	movl	$1, %eax
	cpuid
	shrl	$16, %ebx
	movb	%bl, %al
	addb	$'0', %al
	call	put
	movl	$4, %eax
	xorl	%ecx, %ecx
	cpuid
	shrl	$26, %eax
	addb	$'1', %al
	call	put
	movw	$FW_CFG_RAM, %ax
	call	fw_cfg
	shrl	$20, %eax
	call	hex
	movl	$SLOT_3, %eax
	movw	$PCI_ADDRESS, %dx
	outl	%eax, %dx
	movw	$PCI_ADDRESS + 4, %dx
	inl	%dx, %eax
	call	hex
	movb	$'\n', %al
	call	put
	movb	$0x43, %ah
	call	disk
	popw	%di
	.if	MEDIUM == 'C'
	cmpw	$NOTES, %di
	jne	second
	movb	$PULSE_RESET, %al
	outb	%al, $KEYBOARD
	.endif
stay:	hlt
	jmp	stay

	# Read the disk's first sector to where we are, from elsewhere.
second:	movw	$from, %si
	movw	$LOADER, %di
	movw	$end - from, %cx
	rep	movsb
	ljmp	$0, $LOADER
from:	movw	$0x0201, %ax
	movw	$start, %bx
	movw	$1, %cx
	movw	$DISK, %dx
	int	$0x13
	ljmp	$0, $start
end:

disk:	movb	$0, %al
	movb	$DISK, %dl
	movw	$packet, %si
	int	$0x13
	ret
	# Four bytes of an item, in EAX.
fw_cfg:	movw	$FW_CFG_SELECT, %dx
	outw	%ax, %dx
	incw	%dx
	movw	$4, %cx
1:	inb	%dx, %al
	rorl	$8, %eax
	loop	1b
	ret
hex:	movl	%eax, %ebx
	movw	$8, %cx
1:	roll	$4, %ebx
	movb	%bl, %al
	andb	$15, %al
	cmpb	$10, %al
	jb	2f
	addb	$'a' - '0' - 10, %al
2:	addb	$'0', %al
	call	put
	loop	1b
	ret
put:	stosb
	movw	$COM1, %dx
	outb	%al, %dx
	ret

	.balign	4
packet:	.byte	16, 0
	.word	1
	.word	NOTES, 0
	.quad	1
	.org	510
	.word	0xaa55
