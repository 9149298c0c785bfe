/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mnemonics of AT&T syntax: Intel's names with a letter for the size, and
 * some names of their own.  What is not in the table is called as Intel does.
 */
#include "vmm/disasm_att.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* x87 opcodes whose result goes to st(i); with popping. */
#define ESCAPE_DC 0xdc
#define ESCAPE_DE 0xde

/* Where the letter that ends a mnemonic comes from. */
enum suffix {
	BARE,
	OF_OP0, /* the size of the first operand as Intel counts */
	OF_OP1,
	OF_WIDTH, /* the operand size of the instruction */
	OF_MEM_FLOAT, /* s, l or t for memory, none for registers */
	OF_MEM_INT, /* s, l or ll */
	OF_BOTH, /* movzx: from and to */
};

struct att {
	ZydisMnemonic mnemonic;
	enum suffix suffix;
	const char *name; /* NULL: as Intel */
};

#define SAME(m, s) \
	{ \
		ZYDIS_MNEMONIC_##m, s, NULL \
	}
#define NAME(m, s, n) \
	{ \
		ZYDIS_MNEMONIC_##m, s, n \
	}

/* Sorted by Zydis's numbers, which are in the order of the alphabet. */
static const struct att names[] = {
	SAME(ADC, OF_OP0),
	SAME(ADCX, OF_OP0),
	SAME(ADD, OF_OP0),
	SAME(ADOX, OF_OP0),
	SAME(AND, OF_OP0),
	SAME(ANDN, OF_OP0),
	SAME(BEXTR, OF_OP0),
	SAME(BLSI, OF_OP0),
	SAME(BLSMSK, OF_OP0),
	SAME(BLSR, OF_OP0),
	SAME(BSF, OF_OP0),
	SAME(BSR, OF_OP0),
	SAME(BSWAP, OF_OP0),
	SAME(BT, OF_OP0),
	SAME(BTC, OF_OP0),
	SAME(BTR, OF_OP0),
	SAME(BTS, OF_OP0),
	SAME(BZHI, OF_OP0),
	SAME(CALL, OF_WIDTH),
	NAME(CBW, BARE, "cbtw"),
	NAME(CDQ, BARE, "cltd"),
	NAME(CDQE, BARE, "cltq"),
	SAME(CMOVB, OF_OP0),
	SAME(CMOVBE, OF_OP0),
	SAME(CMOVL, OF_OP0),
	SAME(CMOVLE, OF_OP0),
	NAME(CMOVNB, OF_OP0, "cmovae"),
	NAME(CMOVNBE, OF_OP0, "cmova"),
	NAME(CMOVNL, OF_OP0, "cmovge"),
	NAME(CMOVNLE, OF_OP0, "cmovg"),
	SAME(CMOVNO, OF_OP0),
	SAME(CMOVNP, OF_OP0),
	SAME(CMOVNS, OF_OP0),
	NAME(CMOVNZ, OF_OP0, "cmovne"),
	SAME(CMOVO, OF_OP0),
	SAME(CMOVP, OF_OP0),
	SAME(CMOVS, OF_OP0),
	NAME(CMOVZ, OF_OP0, "cmove"),
	SAME(CMP, OF_OP0),
	SAME(CMPXCHG, OF_OP0),
	NAME(CQO, BARE, "cqto"),
	SAME(CRC32, OF_OP1),
	SAME(CVTSI2SD, OF_OP1),
	SAME(CVTSI2SS, OF_OP1),
	NAME(CWD, BARE, "cwtd"),
	NAME(CWDE, BARE, "cwtl"),
	SAME(DEC, OF_OP0),
	SAME(DIV, OF_OP0),
	SAME(FADD, OF_MEM_FLOAT),
	SAME(FCOM, OF_MEM_FLOAT),
	SAME(FCOMP, OF_MEM_FLOAT),
	SAME(FDIV, OF_MEM_FLOAT),
	SAME(FDIVR, OF_MEM_FLOAT),
	SAME(FIADD, OF_MEM_INT),
	SAME(FICOM, OF_MEM_INT),
	SAME(FICOMP, OF_MEM_INT),
	SAME(FIDIV, OF_MEM_INT),
	SAME(FIDIVR, OF_MEM_INT),
	SAME(FILD, OF_MEM_INT),
	SAME(FIMUL, OF_MEM_INT),
	SAME(FIST, OF_MEM_INT),
	SAME(FISTP, OF_MEM_INT),
	SAME(FISTTP, OF_MEM_INT),
	SAME(FISUB, OF_MEM_INT),
	SAME(FISUBR, OF_MEM_INT),
	SAME(FLD, OF_MEM_FLOAT),
	SAME(FMUL, OF_MEM_FLOAT),
	NAME(FSETPM287_NOP, BARE, "fsetpm"),
	SAME(FST, OF_MEM_FLOAT),
	SAME(FSTP, OF_MEM_FLOAT),
	SAME(FSUB, OF_MEM_FLOAT),
	SAME(FSUBR, OF_MEM_FLOAT),
	NAME(FWAIT, BARE, "wait"),
	SAME(IDIV, OF_OP0),
	SAME(IMUL, OF_OP0),
	SAME(IN, OF_OP0),
	SAME(INC, OF_OP0),
	NAME(INSD, BARE, "insl"),
	SAME(IRET, OF_WIDTH),
	NAME(IRETD, BARE, "iretl"),
	NAME(JNB, BARE, "jae"),
	NAME(JNBE, BARE, "ja"),
	NAME(JNL, BARE, "jge"),
	NAME(JNLE, BARE, "jg"),
	NAME(JNZ, BARE, "jne"),
	NAME(JZ, BARE, "je"),
	SAME(JMP, OF_WIDTH),
	SAME(LAR, OF_OP0),
	SAME(LDS, OF_OP0),
	SAME(LEA, OF_OP0),
	SAME(LES, OF_OP0),
	SAME(LFS, OF_OP0),
	SAME(LGDT, OF_WIDTH),
	SAME(LGS, OF_OP0),
	SAME(LIDT, OF_WIDTH),
	SAME(LLDT, OF_OP0),
	SAME(LMSW, OF_OP0),
	NAME(LODSD, BARE, "lodsl"),
	SAME(LSL, OF_OP0),
	SAME(LSS, OF_OP0),
	SAME(LTR, OF_OP0),
	SAME(LZCNT, OF_OP0),
	SAME(MOV, OF_OP0),
	SAME(MOVBE, OF_OP0),
	SAME(MOVNTI, OF_OP0),
	NAME(MOVSX, OF_BOTH, "movs"),
	NAME(MOVSXD, OF_BOTH, "movs"),
	NAME(MOVZX, OF_BOTH, "movz"),
	SAME(MUL, OF_OP0),
	SAME(MULX, OF_OP0),
	SAME(NEG, OF_OP0),
	SAME(NOP, OF_OP0),
	SAME(NOT, OF_OP0),
	SAME(OR, OF_OP0),
	SAME(OUT, OF_OP1),
	NAME(OUTSD, BARE, "outsl"),
	SAME(PDEP, OF_OP0),
	SAME(PEXT, OF_OP0),
	SAME(POP, OF_WIDTH),
	NAME(POPA, BARE, "popaw"),
	NAME(POPAD, BARE, "popal"),
	SAME(POPCNT, OF_OP0),
	NAME(POPF, BARE, "popfw"),
	NAME(POPFD, BARE, "popfl"),
	SAME(PUSH, OF_WIDTH),
	NAME(PUSHA, BARE, "pushaw"),
	NAME(PUSHAD, BARE, "pushal"),
	NAME(PUSHF, BARE, "pushfw"),
	NAME(PUSHFD, BARE, "pushfl"),
	SAME(RCL, OF_OP0),
	SAME(RCR, OF_OP0),
	SAME(RDFSBASE, OF_OP0),
	SAME(RDGSBASE, OF_OP0),
	SAME(RDRAND, OF_OP0),
	SAME(RDSEED, OF_OP0),
	SAME(RET, OF_WIDTH),
	SAME(ROL, OF_OP0),
	SAME(ROR, OF_OP0),
	SAME(RORX, OF_OP0),
	SAME(SAR, OF_OP0),
	SAME(SARX, OF_OP0),
	SAME(SBB, OF_OP0),
	NAME(SCASD, BARE, "scasl"),
	NAME(SETNB, BARE, "setae"),
	NAME(SETNBE, BARE, "seta"),
	NAME(SETNL, BARE, "setge"),
	NAME(SETNLE, BARE, "setg"),
	NAME(SETNZ, BARE, "setne"),
	NAME(SETZ, BARE, "sete"),
	SAME(SGDT, OF_WIDTH),
	SAME(SHL, OF_OP0),
	SAME(SHLD, OF_OP0),
	SAME(SHLX, OF_OP0),
	SAME(SHR, OF_OP0),
	SAME(SHRD, OF_OP0),
	SAME(SHRX, OF_OP0),
	SAME(SIDT, OF_WIDTH),
	SAME(SLDT, OF_OP0),
	SAME(SMSW, OF_OP0),
	NAME(STOSD, BARE, "stosl"),
	SAME(STR, OF_OP0),
	SAME(SUB, OF_OP0),
	SAME(SYSRET, OF_WIDTH),
	SAME(TEST, OF_OP0),
	SAME(TZCNT, OF_OP0),
	SAME(VMREAD, OF_OP0),
	SAME(VMWRITE, OF_OP0),
	SAME(WRFSBASE, OF_OP0),
	SAME(WRGSBASE, OF_OP0),
	SAME(XADD, OF_OP0),
	SAME(XCHG, OF_OP0),
	NAME(XLAT, BARE, "xlatb"),
	SAME(XOR, OF_OP0),
};

static const struct att *find(ZydisMnemonic m)
{
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (names[i].mnemonic == m)
			return &names[i];
	return NULL;
}

static const char *size_letter(unsigned bits)
{
	switch (bits) {
	case 8:
		return "b";
	case 16:
		return "w";
	case 32:
		return "l";
	case 64:
		return "q";
	default:
		return "";
	}
}

static bool is_mem(const ZydisDecodedOperand *op)
{
	return op->type == ZYDIS_OPERAND_TYPE_MEMORY;
}

static const char *float_letter(const ZydisDecodedOperand *op)
{
	if (!is_mem(op))
		return "";
	return op->size == 32 ? "s" : op->size == 64 ? "l" : "t";
}

static const char *int_letter(const ZydisDecodedOperand *op)
{
	return op->size == 16 ? "s" : op->size == 32 ? "l" : "ll";
}

bool disasm_att_loads_segment(const struct insn *insn)
{
	return insn->in.mnemonic == ZYDIS_MNEMONIC_MOV &&
	       insn->op[1].type == ZYDIS_OPERAND_TYPE_REGISTER &&
	       insn->op[0].type == ZYDIS_OPERAND_TYPE_REGISTER &&
	       ZydisRegisterGetClass(insn->op[0].reg.value) ==
		       ZYDIS_REGCLASS_SEGMENT;
}

/* Near jumps say their size only where they fetch the target. */
static bool is_plain_jump(const struct insn *insn)
{
	return insn->in.mnemonic == ZYDIS_MNEMONIC_JMP &&
	       insn->op[0].type == ZYDIS_OPERAND_TYPE_IMMEDIATE;
}

static void put_suffix(const struct insn *insn, const struct att *att,
		       char *suffix, size_t size)
{
	const ZydisDecodedOperand *op = insn->op;
	const char *s = "";

	switch (att->suffix) {
	case BARE:
		break;
	case OF_OP0:
		if (disasm_att_loads_segment(insn))
			s = size_letter(insn->in.operand_width);
		else if (insn->in.operand_count)
			s = size_letter(op[0].size);
		break;
	case OF_OP1:
		s = size_letter(op[1].size);
		break;
	case OF_WIDTH:
		if (!is_plain_jump(insn))
			s = size_letter(insn->in.operand_width);
		break;
	case OF_MEM_FLOAT:
		s = float_letter(&op[0]);
		break;
	case OF_MEM_INT:
		s = int_letter(&op[0]);
		break;
	case OF_BOTH:
		snprintf(suffix, size, "%s%s", size_letter(op[1].size),
			 size_letter(op[0].size));
		return;
	}
	snprintf(suffix, size, "%s", s);
}

struct prefix {
	ZydisInstructionAttributes attribute;
	const char *name;
};

static const struct prefix prefixes[] = {
	{ZYDIS_ATTRIB_HAS_XACQUIRE, "xacquire "},
	{ZYDIS_ATTRIB_HAS_XRELEASE, "xrelease "},
	{ZYDIS_ATTRIB_HAS_LOCK, "lock "},
	{ZYDIS_ATTRIB_HAS_REP, "rep "},
	{ZYDIS_ATTRIB_HAS_REPE, "repe "},
	{ZYDIS_ATTRIB_HAS_REPNE, "repne "},
	{ZYDIS_ATTRIB_HAS_BND, "bnd "},
	{ZYDIS_ATTRIB_HAS_NOTRACK, "notrack "},
};

static size_t put_prefixes(const struct insn *insn, char *name, size_t size)
{
	size_t n = 0, i;

	*name = 0;
	for (i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++)
		if (insn->in.attributes & prefixes[i].attribute)
			n += (size_t)snprintf(name + n, size - n, "%s",
					      prefixes[i].name);
	return n;
}

static bool is_far(const struct insn *insn)
{
	return insn->in.meta.branch_type == ZYDIS_BRANCH_TYPE_FAR &&
	       insn->in.mnemonic != ZYDIS_MNEMONIC_IRET &&
	       insn->in.mnemonic != ZYDIS_MNEMONIC_IRETD &&
	       insn->in.mnemonic != ZYDIS_MNEMONIC_IRETQ &&
	       insn->in.mnemonic != ZYDIS_MNEMONIC_SYSRET;
}

/* cmpps and its kin: the predicate of the immediate is in the name. */
static bool put_compare(const struct insn *insn, const char *intel, char *name,
			size_t size, unsigned *noperands)
{
	static const char *const predicates[] = {"eq",	"lt",  "le",  "unord",
						 "neq", "nlt", "nle", "ord"};
	const ZydisDecodedOperand *imm = &insn->op[2];

	switch (insn->in.mnemonic) {
	case ZYDIS_MNEMONIC_CMPPS:
	case ZYDIS_MNEMONIC_CMPPD:
	case ZYDIS_MNEMONIC_CMPSS:
	case ZYDIS_MNEMONIC_CMPSD:
		break;
	default:
		return false;
	}
	if (insn->in.operand_count_visible != 3 ||
	    imm->type != ZYDIS_OPERAND_TYPE_IMMEDIATE || imm->imm.value.u > 7)
		return false;
	snprintf(name, size, "cmp%s%s", predicates[imm->imm.value.u],
		 intel + 3);
	*noperands = 2;
	return true;
}

/* A move of a 64-bit immediate or from a 64-bit address. */
static bool is_movabs(const struct insn *insn)
{
	unsigned i;

	if (insn->in.mnemonic != ZYDIS_MNEMONIC_MOV || insn->bits != 64)
		return false;
	if (insn->in.raw.imm[0].size == 64)
		return true;
	for (i = 0; i < 2; i++)
		if (is_mem(&insn->op[i]) && insn->in.raw.disp.size == 64)
			return true;
	return false;
}

struct pair {
	ZydisMnemonic a, b;
};

/*
 * AT&T's assembler mistook these two for one another when the result goes to
 * st(i), and has kept to it.
 */
static const struct pair swapped[] = {
	{ZYDIS_MNEMONIC_FSUB, ZYDIS_MNEMONIC_FSUBR},
	{ZYDIS_MNEMONIC_FSUBP, ZYDIS_MNEMONIC_FSUBRP},
	{ZYDIS_MNEMONIC_FDIV, ZYDIS_MNEMONIC_FDIVR},
	{ZYDIS_MNEMONIC_FDIVP, ZYDIS_MNEMONIC_FDIVRP},
};

static ZydisMnemonic swap(const struct insn *insn)
{
	ZydisMnemonic m = insn->in.mnemonic;
	size_t i;

	if ((insn->in.opcode != ESCAPE_DC && insn->in.opcode != ESCAPE_DE) ||
	    is_mem(&insn->op[0]))
		return m;
	for (i = 0; i < sizeof(swapped) / sizeof(*swapped); i++) {
		if (swapped[i].a == m)
			return swapped[i].b;
		if (swapped[i].b == m)
			return swapped[i].a;
	}
	return m;
}

/* Names that more than one instruction has. */
static const char *special_name(const struct insn *insn)
{
	bool string = insn->in.meta.category == ZYDIS_CATEGORY_STRINGOP;

	if (is_movabs(insn))
		return "movabs";
	if (string && insn->in.mnemonic == ZYDIS_MNEMONIC_MOVSD)
		return "movsl";
	if (string && insn->in.mnemonic == ZYDIS_MNEMONIC_CMPSD)
		return "cmpsl";
	return NULL;
}

/* Ten is what aam and aad divide by unless another number is given. */
static bool is_base_ten(const struct insn *insn)
{
	return (insn->in.mnemonic == ZYDIS_MNEMONIC_AAM ||
		insn->in.mnemonic == ZYDIS_MNEMONIC_AAD) &&
	       insn->op[0].imm.value.u == 10;
}

void disasm_att_name(const struct insn *insn, char *name, size_t size,
		     unsigned *noperands)
{
	ZydisMnemonic m = swap(insn);
	const char *text = ZydisMnemonicGetString(m);
	const struct att *att = find(m);
	size_t n = put_prefixes(insn, name, size);
	char suffix[4] = "";

	if (m == ZYDIS_MNEMONIC_XLAT || is_base_ten(insn))
		*noperands = 0;
	if (m == ZYDIS_MNEMONIC_NOP && *noperands > 1)
		*noperands = 1;
	if (put_compare(insn, text, name + n, size - n, noperands))
		return;
	if (att)
		put_suffix(insn, att, suffix, sizeof(suffix));
	if (att && att->name)
		text = att->name;
	if (special_name(insn))
		text = special_name(insn);
	snprintf(name + n, size - n, "%s%s%s", is_far(insn) ? "l" : "", text,
		 suffix);
}
