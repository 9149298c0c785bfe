/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Resource templates in ACPI Machine Language.
 * ACPI Specification 6.4, section 6.4.
 */
#include "hw/aml.h"

/* Small descriptors: the type and, in the low bits, the length (6.4.2). */
#define TAG_IRQ 0x22
#define TAG_DMA 0x2a
#define TAG_IO	0x47
#define TAG_END 0x79
/* Large ones (6.4.3). */
#define TAG_MEMORY32	     0x86
#define TAG_DWORD	     0x87
#define TAG_WORD	     0x88
#define TAG_EXT_IRQ	     0x89
#define TAG_QWORD	     0x8a

#define IO_DECODE16	     0x01
#define DMA_COMPATIBLE_8BIT  0x00
#define MEMORY32_READ_ONLY   0x00
#define MEMORY32_LEN	     9
#define EXT_IRQ_CONSUMER     0x01
#define EXT_IRQ_SHARED	     0x08 /* level, active high: zeros */
#define WINDOW_MEMORY	     0
#define WINDOW_IO	     1
#define WINDOW_BUS	     2
#define WINDOW_MIN_FIXED     0x04
#define WINDOW_MAX_FIXED     0x08
#define WINDOW_IO_ENTIRE     0x03
#define WINDOW_MEM_WRITE     0x01
#define WINDOW_MEM_CACHEABLE 0x02

void aml_resources(struct aml *a, const char *name)
{
	aml_name(a, name);
	aml_open(a, AML_BUFFER);
}

/* The size of the buffer stands before it, once it is known. */
void aml_resources_end(struct aml *a)
{
	size_t start = a->open[a->depth - 1], len;
	uint8_t raw[3] = {0x0a};
	unsigned n = 2;

	blob_add_u8(a->blob, TAG_END);
	blob_add_u8(a->blob, 0); /* no checksum */
	len = a->blob->len - start;
	raw[1] = len;
	if (len > UINT8_MAX) {
		raw[0] = 0x0b;
		raw[2] = len >> 8;
		n = 3;
	}
	blob_insert(a->blob, start, raw, n);
	aml_close(a);
}

void aml_res_io(struct aml *a, uint16_t base, uint8_t len)
{
	blob_add_u8(a->blob, TAG_IO);
	blob_add_u8(a->blob, IO_DECODE16);
	blob_add_le(a->blob, base, 2);
	blob_add_le(a->blob, base, 2);
	blob_add_u8(a->blob, 1); /* alignment */
	blob_add_u8(a->blob, len);
}

void aml_res_irq(struct aml *a, unsigned irq)
{
	blob_add_u8(a->blob, TAG_IRQ);
	blob_add_le(a->blob, 1u << irq, 2);
}

void aml_res_dma(struct aml *a, unsigned channel)
{
	blob_add_u8(a->blob, TAG_DMA);
	blob_add_u8(a->blob, 1u << channel);
	blob_add_u8(a->blob, DMA_COMPATIBLE_8BIT);
}

void aml_res_memory32(struct aml *a, uint32_t base, uint32_t len)
{
	blob_add_u8(a->blob, TAG_MEMORY32);
	blob_add_le(a->blob, MEMORY32_LEN, 2);
	blob_add_u8(a->blob, MEMORY32_READ_ONLY);
	blob_add_le(a->blob, base, 4);
	blob_add_le(a->blob, len, 4);
}

void aml_res_interrupts(struct aml *a, const uint8_t *irq, uint8_t n)
{
	uint8_t i;

	blob_add_u8(a->blob, TAG_EXT_IRQ);
	blob_add_le(a->blob, 2 + 4 * n, 2);
	blob_add_u8(a->blob, EXT_IRQ_CONSUMER | EXT_IRQ_SHARED);
	blob_add_u8(a->blob, n);
	for (i = 0; i < n; i++)
		blob_add_le(a->blob, irq[i], 4);
}

/* An address space descriptor with fields of size bytes (6.4.3.5). */
static void window(struct aml *a, uint8_t tag, unsigned size, uint8_t type,
		   uint8_t flags, uint64_t first, uint64_t last)
{
	blob_add_u8(a->blob, tag);
	blob_add_le(a->blob, 3 + 5 * size, 2);
	blob_add_u8(a->blob, type);
	blob_add_u8(a->blob, WINDOW_MIN_FIXED | WINDOW_MAX_FIXED);
	blob_add_u8(a->blob, flags);
	blob_add_le(a->blob, 0, size); /* granularity */
	blob_add_le(a->blob, first, size);
	blob_add_le(a->blob, last, size);
	blob_add_le(a->blob, 0, size); /* translation */
	blob_add_le(a->blob, last - first + 1, size);
}

void aml_res_bus_window(struct aml *a, uint16_t first, uint16_t last)
{
	window(a, TAG_WORD, 2, WINDOW_BUS, 0, first, last);
}

void aml_res_io_window(struct aml *a, uint16_t first, uint16_t last)
{
	window(a, TAG_WORD, 2, WINDOW_IO, WINDOW_IO_ENTIRE, first, last);
}

void aml_res_memory_window(struct aml *a, uint32_t first, uint32_t last,
			   bool cacheable)
{
	window(a, TAG_DWORD, 4, WINDOW_MEMORY,
	       WINDOW_MEM_WRITE | (cacheable ? WINDOW_MEM_CACHEABLE : 0), first,
	       last);
}

void aml_res_memory_window64(struct aml *a, uint64_t first, uint64_t last)
{
	window(a, TAG_QWORD, 8, WINDOW_MEMORY,
	       WINDOW_MEM_WRITE | WINDOW_MEM_CACHEABLE, first, last);
}
