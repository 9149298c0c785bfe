/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fuzzes key=value lists and JSON objects, into a table of all types. */
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "vmm/opt.h"

struct conf {
	bool flag;
	int tri, kind, devfn;
	struct opt_bits bits;
	uint8_t u8, mac[6];
	uint16_t u16;
	uint32_t u32;
	uint64_t u64, size, mib;
	int64_t i64, near;
	char *text;
};

static const char *const kinds[] = {"apple", "pear", NULL};
static const char *const later[] = {"plum", NULL};

#define FIELD(f) .offset = offsetof(struct conf, f)

static const struct opt_desc desc[] = {
	{.name = "flag", .type = OPT_BOOL, FIELD(flag)},
	{.name = "tri", .type = OPT_ONOFFAUTO, FIELD(tri)},
	{.name = "kind",
	 .type = OPT_ENUM,
	 FIELD(kind),
	 .choices = kinds,
	 .later = later},
	{.name = "u8", .type = OPT_U8, FIELD(u8)},
	{.name = "u16", .type = OPT_U16, FIELD(u16), .min = 2, .max = 1000},
	{.name = "u32", .type = OPT_U32, FIELD(u32)},
	{.name = "u64", .type = OPT_U64, FIELD(u64)},
	{.name = "i64", .type = OPT_I64, FIELD(i64)},
	{.name = "near",
	 .type = OPT_I64,
	 FIELD(near),
	 .min = (uint64_t)-1,
	 .max = 10},
	{.name = "size", .type = OPT_SIZE, FIELD(size)},
	{.name = "mib", .type = OPT_SIZE_MIB, FIELD(mib)},
	{.name = "text", .type = OPT_STRING, FIELD(text)},
	{.name = "mac", .type = OPT_MAC, FIELD(mac)},
	{.name = "bits", .type = OPT_BITS, FIELD(bits)},
	{.name = "devfn", .type = OPT_DEVFN, FIELD(devfn)},
	{.name = "usb",
	 .type = OPT_BOOL,
	 .refused = OPT_LATER,
	 .accepts = "off auto"},
	{.type = OPT_END},
};

static void check(const struct conf *c)
{
	bool u16_ok = !c->u16 || (c->u16 >= 2 && c->u16 <= 1000);

	if (c->tri < 0 || c->tri > 2 || c->kind < 0 || c->kind > 1 ||
	    c->devfn < -1 || c->devfn > 255 || !u16_ok || c->near < -1 ||
	    c->near > 10)
		abort();
}

static void set_all(const struct opt_list *list)
{
	struct error err = {0};
	struct conf c = {0};
	size_t i;

	for (i = 0; i < list->n; i++) {
		int rc = opt_set(desc, &c, list->pair[i].key,
				 list->pair[i].value, &err);

		if (rc < 0 && (err.code != -rc || !*err.msg))
			abort();
	}
	check(&c);
	opt_free(desc, &c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct error err = {0};
	uint8_t uuid[16];
	struct opt_list list;

	memcpy(text, data, size);
	text[size] = 0;
	if (opt_split(text, size & 1 ? "text" : NULL, &list, &err) == 0) {
		set_all(&list);
		opt_list_free(&list);
	}
	if (opt_split_json(text, &list, &err) == 0) {
		set_all(&list);
		opt_list_free(&list);
	}
	opt_parse_uuid(text, uuid, &err);
	opt_check_id(text, &err);
	free(text);
	return 0;
}
