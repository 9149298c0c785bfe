/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The option ROM by which firmware boots what -kernel names: it fetches the
 * parts from fw_cfg by DMA and starts them.  hw/boot_firmware.c gives it to
 * the firmware and fills in its checksums.
 * BIOS Boot Specification 1.01, 3.3 and 3.4 (the PnP header and its bootstrap
 * entry vector); the fw_cfg specification in QEMU's documentation; Linux's
 * boot protocol (Documentation/arch/x86/boot.rst).
 */
#define FW_DMA_HIGH	0x514
#define FW_DMA_LOW	0x518
#define FW_ERROR	0x01
#define FW_READ_ITEM	0x0a	/* read, select */
#define FW_WRITE_ITEM	0x18	/* write, select */

#define KERNEL_ADDR	0x07
#define KERNEL_SIZE	0x08
#define KERNEL_DATA	0x11
#define INITRD_ADDR	0x0a
#define INITRD_SIZE	0x0b
#define INITRD_DATA	0x12
#define CMDLINE_ADDR	0x13
#define CMDLINE_SIZE	0x14
#define CMDLINE_DATA	0x15
#define SETUP_ADDR	0x16
#define SETUP_SIZE	0x17
#define SETUP_DATA	0x18
#define BOOT_MAP	0x8006	/* ours: where the host wants the map... */
#define BOOT_ENTRY	0x8007	/* ...and says what to enter */

/* Memory that is ours: hw/boot_firmware.c leaves it alone. */
#define STACK		0x7c00
#define REQUEST		0x7c00
#define ADDR		0x7c10
#define SIZE		0x7c14
#define ENTRY		0x7c20	/* eip, eax, ebx, esi */
#define GDTR		0x7c40
#define FAR_POINTER	0x7c48
#define MAP		0x8000	/* a count, then entries */
#define MAP_ENTRY	20
#define MAP_MAX		64

#define SETUP_STACK	0xfff0	/* below the command line */
#define SETUP_ENTRY	0x20	/* paragraphs from its segment */

	.section .rodata
	.globl boot_rom, boot_rom_end
	.balign 16
	.code16
boot_rom:
start:
	.byte 0x55, 0xaa, (boot_rom_end - start) / 512
	/* Initialisation: there is something to boot from. */
	movw $0x20, %ax
	lretw
	.byte 0			/* makes the sum 0 */
	.org start + 0x18
	.short 0, pnp - start

	.balign 16
pnp:
	.ascii "$PnP"
	.byte 1, 2		/* revision, length in 16 bytes */
	.short 0
	.byte 0, 0		/* the second makes the sum 0 */
	.long 0
	.short maker - start, product - start
	.byte 0, 0, 2		/* class: anything */
	.byte 0x14		/* a bootstrap device, read by BIOS calls */
	.short 0, 0, bootstrap - start, 0, 0
maker:
	.asciz "pcvm"
product:
	.asciz "Kernel of -kernel"

bootstrap:
	cli
	cld
	xorw %ax, %ax
	movw %ax, %ss
	movw $STACK, %sp
	movw %ax, %ds
	movw %ax, %es
	movw $CMDLINE_ADDR, %si
	movw $CMDLINE_SIZE, %di
	movw $CMDLINE_DATA, %bp
	call load_part
	movw $INITRD_ADDR, %si
	movw $INITRD_SIZE, %di
	movw $INITRD_DATA, %bp
	call load_part
	movw $KERNEL_ADDR, %si
	movw $KERNEL_SIZE, %di
	movw $KERNEL_DATA, %bp
	call load_part
	movw $SETUP_ADDR, %si
	movw $SETUP_SIZE, %di
	movw $SETUP_DATA, %bp
	call load_part
	cmpl $0, SIZE
	je protected

	/* Linux: real-mode code begins, with all segments its own. */
	movl ADDR, %eax
	shrl $4, %eax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %fs
	movw %ax, %gs
	movw %ax, %ss
	movw $SETUP_STACK, %sp
	addw $SETUP_ENTRY, %ax
	pushw %ax
	pushw $0
	lretw

/* Items %si, %di, %bp: address, size and bytes of a part; into memory. */
load_part:
	movw %si, %ax
	movl $ADDR, %edx
	call read_number
	movw %di, %ax
	movl $SIZE, %edx
	call read_number
	movl SIZE, %ecx
	jecxz 1f
	movw %bp, %ax
	movl ADDR, %edx
	movw $FW_READ_ITEM, %bx
	call transfer
1:	ret

/* Item %ax, 4 bytes, to %edx. */
read_number:
	movl $4, %ecx
	movw $FW_READ_ITEM, %bx
	/* falls through */

/* Item %ax, control %bx, %ecx bytes at %edx. */
transfer:
	shll $16, %eax
	movw %bx, %ax
	bswapl %eax
	movl %eax, REQUEST
	bswapl %ecx
	movl %ecx, REQUEST + 4
	movl $0, REQUEST + 8
	bswapl %edx
	movl %edx, REQUEST + 12
	xorl %eax, %eax
	movw $FW_DMA_HIGH, %dx
	outl %eax, %dx
	movl $REQUEST, %eax
	bswapl %eax
	movw $FW_DMA_LOW, %dx
	outl %eax, %dx
1:	movl REQUEST, %eax
	bswapl %eax
	testl $~FW_ERROR, %eax
	jnz 1b
	testl %eax, %eax
	jnz failed
	ret

/* Next device: there is nothing to return to. */
failed:
	sti
	int $0x18
1:	hlt
	jmp 1b

/*
 * A kernel for protected mode: the host gets the memory map, loads all, and
 * says what to enter.
 */
protected:
	call read_map
	movw $BOOT_MAP, %ax
	movw $FW_WRITE_ITEM, %bx
	movl $4 + MAP_ENTRY * MAP_MAX, %ecx
	movl $MAP, %edx
	call transfer
	movw $BOOT_ENTRY, %ax
	movw $FW_READ_ITEM, %bx
	movl $16, %ecx
	movl $ENTRY, %edx
	call transfer
	cmpl $0, ENTRY
	je failed
	xorl %ebx, %ebx
	movw %cs, %bx
	shll $4, %ebx
	movw $gdt_end - gdt - 1, GDTR
	leal gdt - start(%ebx), %eax
	movl %eax, GDTR + 2
	leal in_protected - start(%ebx), %eax
	movl %eax, FAR_POINTER
	movw $0x08, FAR_POINTER + 4
	lgdtl GDTR
	movl $0x11, %eax	/* protection; the bit that is always set */
	movl %eax, %cr0
	ljmpl *FAR_POINTER

	.code32
in_protected:
	movw $0x10, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %fs
	movw %ax, %gs
	movw %ax, %ss
	movl ENTRY + 4, %eax
	movl ENTRY + 8, %ebx
	movl ENTRY + 12, %esi
	jmp *ENTRY
	.code16

/* INT 15h, function E820h, up to MAP_MAX times. */
read_map:
	movw $MAP, %di
	movw $(4 + MAP_ENTRY * MAP_MAX) / 4, %cx
	xorl %eax, %eax
	rep stosl
	movw $MAP + 4, %di
	xorl %ebx, %ebx
1:	movl $0xe820, %eax
	movl $0x534d4150, %edx
	movl $MAP_ENTRY, %ecx
	int $0x15
	jc 2f
	incl MAP
	addw $MAP_ENTRY, %di
	cmpl $MAP_MAX, MAP
	je 2f
	testl %ebx, %ebx
	jnz 1b
2:	cli
	ret

	.balign 8
gdt:
	.quad 0, 0x00cf9b000000ffff, 0x00cf93000000ffff
gdt_end:
	.balign 512
boot_rom_end:

	.section .note.GNU-stack, "", @progbits
