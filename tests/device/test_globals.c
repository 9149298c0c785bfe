/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -global: defaults of properties, under what the wiring and -device say. */
#include <string.h>

#include "tests/device/harness.h"
#include "vmm/config.h"

struct toy {
	struct device dev;
	uint32_t size;
	char *name;
};

static const struct opt_desc opts[] = {
	{.name = "size",
	 .type = OPT_U32,
	 .offset = offsetof(struct toy, size),
	 .max = 100,
	 .dflt = "1"},
	{.name = "name",
	 .type = OPT_STRING,
	 .offset = offsetof(struct toy, name),
	 .dflt = "none"},
	{.type = OPT_END},
};

static const struct device_class toy_class = {
	.name = "toy",
	.size = sizeof(struct toy),
	.opts = opts,
	.state = &stateless,
};

static struct device *new_toy(struct harness *h, struct global_conf *globals,
			      unsigned n, struct error *err)
{
	static struct config conf;

	harness_init(h, 0);
	conf = (struct config){.globals = globals, .nglobals = n};
	h->m.config = &conf;
	return device_new(&h->m, &toy_class, NULL, "toy", NULL, err);
}

static char *text(const char *s)
{
	return (char *)s;
}

START_TEST(test_global_sets_the_default)
{
	struct global_conf globals[] = {
		{text("other"), text("size"), text("9")},
		{text("toy"), text("size"), text("7")},
		{text("toy"), text("name"), text("a")},
		{text("toy"), text("size"), text("8")},
	};
	struct error err = {0};
	struct harness h;
	struct toy *toy = (struct toy *)new_toy(&h, globals, 4, &err);

	ck_assert_ptr_nonnull(toy);
	ck_assert_uint_eq(toy->size, 8);
	ck_assert_str_eq(toy->name, "a");
	/* What is said of the device itself comes later, and wins. */
	ck_assert_int_eq(device_set(&toy->dev, "size", "3", &err), 0);
	ck_assert_uint_eq(toy->size, 3);
	harness_fini(&h);
}
END_TEST

START_TEST(test_bad_global_is_an_error)
{
	struct global_conf globals[] = {
		{text("toy"), text("size"), text("101")},
	};
	struct error err = {0};
	struct harness h;

	ck_assert_ptr_null(new_toy(&h, globals, 1, &err));
	ck_assert_str_eq(err.msg, "-global toy.size=101: size=101 is not from "
				  "0 to 100");
	ck_assert(list_empty(&h.m.devices));
	harness_fini(&h);
	globals[0].property = text("siez");
	ck_assert_ptr_null(new_toy(&h, globals, 1, &err));
	ck_assert_ptr_nonnull(strstr(err.msg, "did you mean 'size'?"));
	harness_fini(&h);
}
END_TEST

HARNESS_MAIN("globals", test_global_sets_the_default,
	     test_bad_global_is_an_error)
