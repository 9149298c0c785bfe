/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Layouts of keyboards, as the host's libxkbcommon has them: opened when -k
 * asks for one, and closed again when its symbols are known.
 */
#include "net/vnc_layout.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "net/vnc_impl.h"

#define LIBRARY	    "libxkbcommon.so.0"
#define PACKAGES    "libxkbcommon0 and xkb-data"
#define EVDEV_FIRST 8 /* XKB's codes are those of Linux, and 8 */
#define SYMBOLS_MAX 4096
#define LEVELS_MAX  4

struct vnc_layout {
	unsigned n;
	struct vnc_symbol symbol[SYMBOLS_MAX];
};

/* qemu's names of layouts, where XKB has others. */
static const struct name {
	const char *ours, *layout, *variant;
} names[] = {
	{"ar", "ara", NULL},   {"bepo", "fr", "bepo"}, {"cz", "cz", NULL},
	{"da", "dk", NULL},    {"de", "de", NULL},     {"de-ch", "ch", "de"},
	{"en-gb", "gb", NULL}, {"en-us", "us", NULL},  {"es", "es", NULL},
	{"et", "ee", NULL},    {"fi", "fi", NULL},     {"fo", "fo", NULL},
	{"fr", "fr", NULL},    {"fr-be", "be", NULL},  {"fr-ca", "ca", "fr"},
	{"fr-ch", "ch", "fr"}, {"hr", "hr", NULL},     {"hu", "hu", NULL},
	{"is", "is", NULL},    {"it", "it", NULL},     {"ja", "jp", NULL},
	{"lt", "lt", NULL},    {"lv", "lv", NULL},     {"mk", "mk", NULL},
	{"nl", "nl", NULL},    {"no", "no", NULL},     {"pl", "pl", NULL},
	{"pt", "pt", NULL},    {"pt-br", "br", NULL},  {"ru", "ru", NULL},
	{"sl", "si", NULL},    {"sv", "se", NULL},     {"th", "th", NULL},
	{"tr", "tr", NULL},    {NULL, NULL, NULL},
};

/* What xkbcommon.h declares, as far as it is used. */
struct rule_names {
	const char *rules, *model, *layout, *variant, *options;
};

struct xkb {
	void *library;
	void *(*context_new)(int flags);
	void (*context_unref)(void *context);
	void *(*keymap_new)(void *context, const struct rule_names *names,
			    int flags);
	void (*keymap_unref)(void *keymap);
	uint32_t (*levels)(void *keymap, uint32_t key, uint32_t layout);
	int (*syms)(void *keymap, uint32_t key, uint32_t layout, uint32_t level,
		    const uint32_t **syms);
};

enum { QUIET_CONTEXT = 0 };

static int open_library(struct xkb *x, const char *language, struct error *err)
{
	const struct {
		const char *name;
		void *to;
	} functions[] = {
		{"xkb_context_new", &x->context_new},
		{"xkb_context_unref", &x->context_unref},
		{"xkb_keymap_new_from_names", &x->keymap_new},
		{"xkb_keymap_unref", &x->keymap_unref},
		{"xkb_keymap_num_levels_for_key", &x->levels},
		{"xkb_keymap_key_get_syms_by_level", &x->syms},
	};
	void *function;
	size_t i;

	x->library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	for (i = 0; i < sizeof(functions) / sizeof(*functions); i++) {
		function = x->library ? dlsym(x->library, functions[i].name)
				      : NULL;
		if (!function)
			return error_set(err, ENOENT,
					 "the layout %s needs the packages "
					 "%s, which are not installed; en-us "
					 "works without",
					 language, PACKAGES);
		memcpy(functions[i].to, &function, sizeof(function));
	}
	return 0;
}

static void add(struct vnc_layout *l, uint32_t keysym, uint32_t code)
{
	if (l->n < SYMBOLS_MAX)
		l->symbol[l->n++] = (struct vnc_symbol){keysym, (uint16_t)code};
}

/* What is there without Shift comes before what is there with it. */
static void add_all(const struct xkb *x, void *keymap, struct vnc_layout *l)
{
	const uint32_t *syms;
	uint32_t level, code;

	for (level = 0; level < LEVELS_MAX; level++)
		for (code = 1; code < VNC_KEYS - EVDEV_FIRST; code++)
			if (level < x->levels(keymap, code + EVDEV_FIRST, 0) &&
			    x->syms(keymap, code + EVDEV_FIRST, 0, level,
				    &syms) == 1)
				add(l, syms[0], code);
}

static int load(const struct xkb *x, const struct name *name,
		struct vnc_layout *l, struct error *err)
{
	struct rule_names rules = {
		.rules = "evdev",
		.model = "pc105",
		.layout = name->layout,
		.variant = name->variant,
	};
	void *context = x->context_new(QUIET_CONTEXT), *keymap = NULL;

	if (context)
		keymap = x->keymap_new(context, &rules, 0);
	if (keymap) {
		add_all(x, keymap, l);
		x->keymap_unref(keymap);
	}
	if (context)
		x->context_unref(context);
	if (keymap)
		return 0;
	return error_set(err, ENOENT,
			 "the host has no layout %s; it comes with the package "
			 "xkb-data",
			 name->layout);
}

static const struct name *find(const char *language)
{
	const struct name *n = names;

	while (n->ours && strcmp(n->ours, language))
		n++;
	return n->ours ? n : NULL;
}

static int no_language(const char *language, struct error *err)
{
	char list[300] = "";
	const struct name *n;

	for (n = names; n->ours; n++) {
		strncat(list, " ", sizeof(list) - strlen(list) - 1);
		strncat(list, n->ours, sizeof(list) - strlen(list) - 1);
	}
	return error_set(err, EINVAL, "there is no layout %s; there are:%s",
			 language, list);
}

int vnc_layout_open(const char *language, struct vnc_layout **layout,
		    struct error *err)
{
	const struct name *name = find(language);
	struct xkb x = {.library = NULL};
	struct vnc_layout *l;
	int rc;

	*layout = NULL;
	if (!name)
		return no_language(language, err);
	if (!strcmp(language, "en-us"))
		return 0;
	l = calloc(1, sizeof(*l));
	if (!l)
		return error_set(err, ENOMEM, "out of memory");
	rc = open_library(&x, language, err);
	if (rc == 0)
		rc = load(&x, name, l, err);
	if (x.library)
		dlclose(x.library);
	if (rc < 0) {
		free(l);
		return rc;
	}
	*layout = l;
	return 0;
}

void vnc_layout_free(struct vnc_layout *layout)
{
	free(layout);
}

/*
 * Accents that wait for a letter are other symbols than those that stand
 * alone, but viewers send either for the same key.
 */
static const uint32_t accents[][2] = {
	{0x0060, 0xfe50}, /* grave */
	{0x00b4, 0xfe51}, /* acute */
	{0x005e, 0xfe52}, /* circumflex */
	{0x007e, 0xfe53}, /* tilde */
	{0x00af, 0xfe54}, /* macron */
	{0x00a8, 0xfe57}, /* diaeresis */
	{0x00b0, 0xfe58}, /* ring above */
	{0x00b8, 0xfe5b}, /* cedilla */
};

static unsigned find_key(const struct vnc_layout *layout, uint32_t keysym)
{
	unsigned i;

	for (i = 0; i < layout->n; i++)
		if (layout->symbol[i].keysym == keysym)
			return layout->symbol[i].code;
	return 0;
}

unsigned vnc_layout_key(const struct vnc_layout *layout, uint32_t keysym)
{
	unsigned code = find_key(layout, keysym), which;
	size_t i;

	for (i = 0; !code && i < sizeof(accents) / sizeof(*accents); i++)
		for (which = 0; which < 2; which++)
			if (accents[i][which] == keysym)
				code = find_key(layout, accents[i][!which]);
	return code;
}
