/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Firmware that puts the interrupt controllers into a state with something of
 * everything, and halts: pairs of an address and what is written there.
 */
	.set	LAPIC, 0xfee00000
	.set	IOAPIC, 0xfec00000

	.macro	lapic reg, value
	.long	LAPIC + \reg, \value
	.endm
	.macro	ioapic reg, value
	.long	IOAPIC, \reg, IOAPIC + 0x10, \value
	.endm

	.code16
	.org	0xe000
start:	cli
	movw	%cs, %ax
	movw	%ax, %ds
	lgdtl	gdtr
	movl	%cr0, %eax
	orb	$1, %al
	movl	%eax, %cr0
	ljmpl	$8, $(0xf0000 + protected)
	.code32
protected:
	movw	$16, %ax
	movw	%ax, %ds
	movl	$(0xf0000 + table), %esi
next:	movl	(%esi), %edi
	testl	%edi, %edi
	jz	done
	movl	4(%esi), %eax
	movl	%eax, (%edi)
	addl	$8, %esi
	jmp	next
done:	hlt
	jmp	done

	.align	8
gdt:	.quad	0, 0x00cf9b000000ffff, 0x00cf93000000ffff
gdtr:	.word	. - gdt - 1
	.long	0xf0000 + gdt

	.align	4
table:
	lapic	0x0f0, 0x3f0		/* on, with focus */
	lapic	0x350, 0xa212		/* LINT0: SMI, active low, level */
	lapic	0x360, 0x431		/* LINT1: NMI */
	lapic	0x340, 0x500		/* counters: INIT */
	lapic	0x370, 0xfe		/* errors: fixed */
	lapic	0x330, 0x10341		/* heat: reserved, masked */
	lapic	0x3e0, 0xb		/* timer: by 1, periodic, masked */
	lapic	0x320, 0x30030
	lapic	0x0e0, 0x0fffffff	/* clusters */
	lapic	0x0d0, 0x24000000
	lapic	0x080, 0x20
	lapic	0x310, 0x03000000	/* to itself, two vectors */
	lapic	0x300, 0x00044831
	lapic	0x300, 0x00044880
	lapic	0x310, 0x25000000	/* by its place in a cluster */
	lapic	0x300, 0x00004830
	ioapic	0x13, 0x1f000000
	ioapic	0x12, 0x8931		/* lowest priority, logical, level */
	ioapic	0x15, 0x01000000
	ioapic	0x14, 0xa032		/* fixed, active low */
	ioapic	0x16, 0x10433		/* masked: NMI, SMI, INIT, ExtINT */
	ioapic	0x18, 0x10234
	ioapic	0x1a, 0x10535
	ioapic	0x1c, 0x10736
	ioapic	0x1e, 0x10337
	ioapic	0x20, 0x1f638
	ioapic	0x00, 0x02000000
	.long	0

	.org	0xfff0
	.code16
	ljmp	$0xf000, $start
	.org	0x10000
