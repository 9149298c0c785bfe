/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest of one sector: says "ready", repeats what the serial line says, and
 * obeys the power button.  It looks at each tick of the clock, 18 times a
 * second.  Where the ports are is SeaBIOS's choice (PIIX4 data sheet, 7.2).
 */
	.code16
	.set	COM1_DATA, 0x3f8
	.set	COM1_STATUS, 0x3fd
	.set	DATA_READY, 0x01
	.set	PM1_STATUS, 0x600
	.set	PM1_ENABLE, 0x602
	.set	PM1_CONTROL, 0x604
	.set	POWER_BUTTON, 0x0100
	.set	SLEEP_S5, 0x2000

	.globl	start
start:	xorw	%ax, %ax
	movw	%ax, %ds
	movw	$PM1_ENABLE, %dx
	movw	$POWER_BUTTON, %ax
	outw	%ax, %dx
	movw	$(greeting - start + 0x7c00), %si
	movw	$COM1_DATA, %dx
greet:	lodsb
	testb	%al, %al
	jz	wait
	outb	%al, %dx
	jmp	greet
wait:	sti
	hlt
	movw	$PM1_STATUS, %dx
	inw	%dx, %ax
	testw	$POWER_BUTTON, %ax
	jnz	off
echo:	movw	$COM1_STATUS, %dx
	inb	%dx, %al
	testb	$DATA_READY, %al
	jz	wait
	movw	$COM1_DATA, %dx
	inb	%dx, %al
	outb	%al, %dx
	jmp	echo
off:	movw	$POWER_BUTTON, %ax
	outw	%ax, %dx
	movw	$PM1_CONTROL, %dx
	movw	$SLEEP_S5, %ax
	outw	%ax, %dx
	jmp	wait
greeting:
	.asciz	"ready\r\n"
	.org	510
	.word	0xaa55
