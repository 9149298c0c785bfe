/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Typed options.  A table of struct opt_desc says which keys there are, what
 * values they take and where these go; -help, -device X,help, completion and
 * the check of the manual page read the same tables.  Any thread.
 */
#ifndef VMM_OPT_H
#define VMM_OPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/error.h"

enum opt_type {
	OPT_END,
	OPT_BOOL, /* bool: on off yes no true false y n */
	OPT_ONOFFAUTO, /* int: 0 off, 1 on, 2 auto */
	OPT_U8, /* decimal, 0x or 0 octal; checked against min and max */
	OPT_U16,
	OPT_U32,
	OPT_U64,
	OPT_I64, /* min and max are of int64_t */
	OPT_SIZE, /* uint64_t, bytes; suffixes B K M G T P E */
	OPT_SIZE_MIB, /* the same, a number without suffix means MiB */
	OPT_STRING, /* char *, owned by the conf (opt_free) */
	OPT_ENUM, /* int: the index in choices */
	OPT_MAC, /* uint8_t[6] */
	OPT_BITS, /* struct opt_bits, which grows: "3", "0-3,5"; max < 256 */
	OPT_DEVFN, /* int: PCI "slot[.function]" as devfn, -1 for none */
	/*
	 * struct opt_list: the pair is put there as it is, for another to
	 * read.  A name that ends with "." stands for all that begin so.
	 */
	OPT_PASS,
};

/* A set of numbers below OPT_BITS_MAX. */
#define OPT_BITS_MAX 256

struct opt_bits {
	uint64_t word[OPT_BITS_MAX / 64];
};

static inline bool opt_bits_has(const struct opt_bits *bits, unsigned n)
{
	return bits->word[n / 64] >> n % 64 & 1;
}

struct opt_desc {
	const char *name;
	enum opt_type type;
	size_t offset; /* of the field in the conf */
	uint64_t min, max; /* numbers and sizes; both 0: any */
	const char *const *choices; /* OPT_ENUM: ends with NULL */
	const char *const *later; /* choices of qemu's that we refuse */
	const char *dflt; /* as the user would write it; NULL: leave as is */
	const char *help; /* one line */
	const char *refused; /* known to qemu, not to us: why not */
	/*
	 * With refused: values, with a blank between, that ask for nothing but
	 * what happens anyway.  These are taken, and stored nowhere.
	 */
	const char *accepts;
};

/* What is refused because it has not been written. */
#define OPT_LATER "not supported yet by this version of pcvm"

/*
 * Keys of qemu that are known and refused, or refused but for values that ask
 * for what is so anyway.
 */
#define REFUSED(key, reason) \
	{ \
		.name = key, .type = OPT_STRING, .refused = reason \
	}

#define REFUSED_FOR(key, value, reason) \
	{ \
		.name = key, .type = OPT_STRING, .refused = reason, \
		.accepts = value \
	}

#define REFUSED_BUT(key, value) REFUSED_FOR(key, value, OPT_LATER)

/* A parsed "a,key=value,flag,x=a,,b": values with commas unescaped. */
struct opt_pair {
	char *key, *value;
	bool bare; /* came without "=": value is "on", or "off" for nokey */
};

struct opt_list {
	struct opt_pair *pair;
	size_t n;
};

/*
 * Splits text by qemu's rules; a first value without "=" belongs to the key
 * implied, if that is not NULL.  The list is the caller's (opt_list_free).
 */
int opt_split(const char *text, const char *implied, struct opt_list *list,
	      struct error *err);
/*
 * The same from a JSON object of strings, integers, booleans, and arrays of
 * integers, which become "1,2,3"; those without any are left out.
 */
int opt_split_json(const char *text, struct opt_list *list, struct error *err);
void opt_list_free(struct opt_list *list);
/* Adds a pair of copies. */
int opt_list_add(struct opt_list *list, const char *key, const char *value,
		 struct error *err);
/* The last value of key, or NULL. */
const char *opt_list_get(const struct opt_list *list, const char *key);

/* Strings in the order they were given. */
struct str_list {
	char **str;
	unsigned n;
};

/* Sets the defaults of the table. */
void opt_defaults(const struct opt_desc *desc, void *conf);
/* Sets one value; an unknown key names the nearest one. */
int opt_set(const struct opt_desc *desc, void *conf, const char *key,
	    const char *value, struct error *err);
int opt_set_all(const struct opt_desc *desc, void *conf,
		const struct opt_list *list, struct error *err);
/* opt_split and opt_set_all. */
int opt_set_text(const struct opt_desc *desc, void *conf, const char *text,
		 const char *implied, struct error *err);
/* Frees the strings and lists that the table owns in conf. */
void opt_free(const struct opt_desc *desc, void *conf);
/* The table's entry, or NULL. */
const struct opt_desc *opt_find(const struct opt_desc *desc, const char *key);
/* What -device X,help calls the type: "uint32". */
const char *opt_type_name(const struct opt_desc *desc);

/* Letters, digits and -._, a letter first: what ids are made of. */
int opt_check_id(const char *id, struct error *err);

/*
 * The entry of table (n entries, stride bytes apart, each beginning with its
 * name) that name may be a slip for, or NULL.
 */
const char *opt_nearest(const char *name, const void *table, size_t n,
			size_t stride);

/* Sizes as users write them: "512", "1.5G", "64K"; unit is for no suffix. */
int opt_parse_size(const char *text, uint64_t unit, uint64_t *bytes,
		   struct error *err);
int opt_parse_u64(const char *text, uint64_t *value, struct error *err);
int opt_parse_bool(const char *text, bool *value, struct error *err);
/* 36 letters in the usual form; out as they are written. */
int opt_parse_uuid(const char *text, uint8_t uuid[16], struct error *err);

#endif
