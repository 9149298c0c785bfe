/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An encoder for ACPI Machine Language, ACPI Specification 6.4 chapter 20.
 *
 * Objects are written by functions, methods as text.  What has a body is opened
 * and ends with aml_close.  Memory running out shows in blob->failed.
 */
#ifndef HW_AML_H
#define HW_AML_H

#include "hw/blob.h"

#define AML_DEPTH 16

struct aml {
	struct blob *blob;
	size_t open[AML_DEPTH]; /* where the bodies begin */
	unsigned depth;
};

/* Opcodes (20.3); those above 0xff have the prefix 0x5b. */
enum aml_opcode {
	AML_ZERO = 0x00,
	AML_ONE = 0x01,
	AML_NAME = 0x08,
	AML_SCOPE = 0x10,
	AML_BUFFER = 0x11,
	AML_PACKAGE = 0x12,
	AML_METHOD = 0x14,
	AML_LOCAL0 = 0x60,
	AML_LOCAL1,
	AML_LOCAL2,
	AML_ARG0 = 0x68,
	AML_ARG1,
	AML_ARG2,
	AML_STORE = 0x70,
	AML_ADD = 0x72,
	AML_INCREMENT = 0x75,
	AML_SHIFT_LEFT = 0x79,
	AML_AND = 0x7b,
	AML_OR = 0x7d,
	AML_NOTIFY = 0x86,
	AML_CREATE_DWORD_FIELD = 0x8a,
	AML_LAND = 0x90,
	AML_LNOT = 0x92,
	AML_LEQUAL = 0x93,
	AML_LLESS = 0x95,
	AML_IF = 0xa0,
	AML_ELSE = 0xa1,
	AML_WHILE = 0xa2,
	AML_RETURN = 0xa4,
	AML_BREAK = 0xa5,
	AML_ONES = 0xff,
	AML_MUTEX = 0x5b01,
	AML_ACQUIRE = 0x5b23,
	AML_RELEASE = 0x5b27,
	AML_OP_REGION = 0x5b80,
	AML_FIELD = 0x5b81,
	AML_DEVICE = 0x5b82,
	AML_PROCESSOR = 0x5b83,
};

#define AML_SERIALIZED 8 /* in a method's flags, beside its arguments */

void aml_init(struct aml *a, struct blob *blob);

void aml_op(struct aml *a, unsigned op);
void aml_int(struct aml *a, uint64_t v);
void aml_string(struct aml *a, const char *text);
/* "ABCD.EF", "\\_SB.PCI0", "^LNKA"; segments of one to four characters. */
void aml_path(struct aml *a, const char *path);

/* Things with bodies. */
void aml_open(struct aml *a, unsigned op);
void aml_close(struct aml *a);
void aml_scope(struct aml *a, const char *path);
void aml_device(struct aml *a, const char *name);
void aml_processor(struct aml *a, const char *name, uint8_t id);
void aml_method(struct aml *a, const char *name, unsigned flags);
void aml_package(struct aml *a, uint8_t count);

/*
 * Code, in the order of AML: operators before their operands.  Words stand
 * apart; braces around the bodies of if, else, while and method:
 *
 *	method NAME 1 serialized {
 *		store Arg0 Local0
 *		if less Local0 3 { return HERE }
 *		return OTHR Local0
 *	}
 *
 * A word that is no operator, number, or Arg or Local is a path; "none" is
 * the target of a result that is not stored.  %u stands for a number and %s
 * for a path.
 */
void aml_text(struct aml *a, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Named objects. */
void aml_name(struct aml *a, const char *name); /* the object follows */
void aml_name_int(struct aml *a, const char *name, uint64_t v);
void aml_name_string(struct aml *a, const char *name, const char *text);
/* A compressed id of three letters and four digits: "PNP0A03". */
void aml_name_eisa_id(struct aml *a, const char *name, const char *id);
void aml_name_buffer(struct aml *a, const char *name, const void *data,
		     size_t len);
/* A package of n small numbers. */
void aml_name_bytes(struct aml *a, const char *name, const uint8_t *v,
		    uint8_t n);
void aml_mutex(struct aml *a, const char *name);

enum aml_space { AML_SYSTEM_MEMORY, AML_SYSTEM_IO, AML_PCI_CONFIG };

void aml_region(struct aml *a, const char *name, enum aml_space space,
		uint64_t off, uint64_t len);

/* Access width, and what happens to the bits beside the field. */
enum aml_field_flags {
	AML_BYTE_ACCESS = 0x01,
	AML_DWORD_ACCESS = 0x03,
	AML_PRESERVE = 0x00,
	AML_WRITE_ZEROS = 0x40,
};

/* A field of length 0 ends the list; one without a name is a gap. */
struct aml_unit {
	const char *name;
	uint32_t bits;
};

void aml_field(struct aml *a, const char *region, unsigned flags,
	       const struct aml_unit *units);

/*
 * Resource templates (ACPI 6.4 section 6.4): a named _CRS or _PRS is opened,
 * filled, and ends with aml_resources_end.
 */
void aml_resources(struct aml *a, const char *name);
void aml_resources_end(struct aml *a);

void aml_res_io(struct aml *a, uint16_t base, uint8_t len);
void aml_res_irq(struct aml *a, unsigned irq);
void aml_res_dma(struct aml *a, unsigned channel);
void aml_res_memory32(struct aml *a, uint32_t base, uint32_t len);
/* Level-triggered, active high, shared: what a PCI link may be set to. */
void aml_res_interrupts(struct aml *a, const uint8_t *irq, uint8_t n);
/* Windows that a bridge passes on; first and last inclusive. */
void aml_res_bus_window(struct aml *a, uint16_t first, uint16_t last);
void aml_res_io_window(struct aml *a, uint16_t first, uint16_t last);
void aml_res_memory_window(struct aml *a, uint32_t first, uint32_t last,
			   bool cacheable);
void aml_res_memory_window64(struct aml *a, uint64_t first, uint64_t last);

#endif
