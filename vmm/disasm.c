/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Instructions as text, in AT&T form. */
#include "vmm/disasm.h"

#include <Zydis/Zydis.h>
#include <stdio.h>
#include <string.h>

#define MNEMONIC_WIDTH 8

static ZydisMachineMode mode_of(unsigned bits)
{
	switch (bits) {
	case 64:
		return ZYDIS_MACHINE_MODE_LONG_64;
	case 32:
		return ZYDIS_MACHINE_MODE_LONG_COMPAT_32;
	default:
		return ZYDIS_MACHINE_MODE_REAL_16;
	}
}

static void style(ZydisFormatter *f)
{
	ZydisFormatterInit(f, ZYDIS_FORMATTER_STYLE_ATT);
	ZydisFormatterSetProperty(f, ZYDIS_FORMATTER_PROP_HEX_UPPERCASE,
				  ZYAN_FALSE);
	ZydisFormatterSetProperty(f, ZYDIS_FORMATTER_PROP_ADDR_PADDING_ABSOLUTE,
				  ZYDIS_PADDING_DISABLED);
	ZydisFormatterSetProperty(f, ZYDIS_FORMATTER_PROP_DISP_PADDING,
				  ZYDIS_PADDING_DISABLED);
	ZydisFormatterSetProperty(f, ZYDIS_FORMATTER_PROP_IMM_PADDING,
				  ZYDIS_PADDING_DISABLED);
}

/* The mnemonic in a column of its own, as disassemblers have it. */
static void arrange(const char *from, char *text, size_t size)
{
	const char *blank = strchr(from, ' ');

	if (blank)
		snprintf(text, size, "%-*.*s %s", MNEMONIC_WIDTH,
			 (int)(blank - from), from, blank + 1);
	else
		snprintf(text, size, "%s", from);
}

size_t disasm(const uint8_t *code, size_t len, unsigned bits, uint64_t addr,
	      char *text, size_t size)
{
	ZydisDecodedOperand op[ZYDIS_MAX_OPERAND_COUNT];
	ZydisDecodedInstruction in;
	ZydisDecoder decoder;
	ZydisFormatter f;
	char raw[200];

	ZydisDecoderInit(&decoder, mode_of(bits),
			 bits == 64   ? ZYDIS_STACK_WIDTH_64
			 : bits == 32 ? ZYDIS_STACK_WIDTH_32
				      : ZYDIS_STACK_WIDTH_16);
	if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, code, len, &in, op)))
		return 0;
	style(&f);
	if (!ZYAN_SUCCESS(ZydisFormatterFormatInstruction(
		    &f, &in, op, in.operand_count_visible, raw, sizeof(raw),
		    addr, NULL)))
		return 0;
	arrange(raw, text, size);
	return in.length;
}
