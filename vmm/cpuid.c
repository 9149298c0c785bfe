/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a vCPU says of itself: a model, the features added and taken away, the
 * host's limits, the topology.  Intel SDM volume 2, CPUID.
 */
#include "vmm/cpuid.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/cpu_features.h"
#include "vmm/cpu_models.h"
#include "vmm/cpu_suggest.h"
#include "vmm/endian.h"
#include "vmm/log.h"
#include "vmm/opt.h"

#define ENTRIES		  80

#define LEAF_KVM_BASE	  0x40000000u
#define LEAF_EXT_BASE	  0x80000000u
#define LEAF_CENTAUR_BASE 0xc0000000u
#define LEVEL_DIES	  0x1fu

#define EDX1_HT		  (1u << 28)
#define CLFLUSH_8	  (8u << 8) /* in units of 8 bytes */
#define PHYS_BITS	  40
#define VIRT_BITS	  48
#define LA57_BITS	  57
#define MWAIT_EXTENSIONS  3u
#define LEAF8_VIRT_SHIFT  8
#define BRAND_SIZE	  48

/* Bits of KVM's own making that KVM_GET_SUPPORTED_CPUID may leave out. */
struct grant {
	enum feature_word word;
	const char *name;
};

static const struct grant grants[] = {
	{FEATURE_1_ECX, "hypervisor"}, {FEATURE_1_ECX, "tsc-deadline"},
	{FEATURE_1_ECX, "x2apic"},     {FEATURE_1_EDX, "mtrr"},
	{FEATURE_1_EDX, "pat"},	       {FEATURE_1_EDX, "mce"},
	{FEATURE_1_EDX, "mca"},	       {FEATURE_1_EDX, "ht"},
	{FEATURE_6_EAX, "arat"},       {FEATURE_8001_ECX, "cmp-legacy"},
	{FEATURE_8001_ECX, "topoext"},
};

/* What named models get beside their own. */
static const char default_features[] =
	"hypervisor x2apic kvmclock kvm-nopiodelay kvm-asyncpf kvm-steal-time "
	"kvm-pv-eoi kvmclock-stable-bit";

/* Not for "host" and "max", unless asked for: it ties the guest to a host. */
static const char host_without[] = "invtsc";

struct spec {
	char *vendor, *model_id;
	uint32_t family, model, stepping; /* UNSET: the model's */
	uint32_t level, xlevel; /* UNSET: the model's */
	uint32_t phys_bits;
	bool host_phys_bits, check, enforce, migratable, kvm, pmu, cpuid_0xb;
};

#define UNSET UINT32_MAX

static const struct opt_desc spec_opts[] = {
	{.name = "vendor",
	 .type = OPT_STRING,
	 .offset = offsetof(struct spec, vendor),
	 .help = "twelve letters for leaf 0"},
	{.name = "model-id",
	 .type = OPT_STRING,
	 .offset = offsetof(struct spec, model_id),
	 .help = "brand string"},
	{.name = "family",
	 .type = OPT_U32,
	 .offset = offsetof(struct spec, family),
	 .max = 270,
	 .help = "family number"},
	{.name = "model",
	 .type = OPT_U32,
	 .offset = offsetof(struct spec, model),
	 .max = 255,
	 .help = "model number"},
	{.name = "stepping",
	 .type = OPT_U32,
	 .offset = offsetof(struct spec, stepping),
	 .max = 15,
	 .help = "stepping number"},
	{.name = "level",
	 .type = OPT_U32,
	 .offset = offsetof(struct spec, level),
	 .max = 0x1f,
	 .help = "highest basic leaf"},
	{.name = "xlevel",
	 .type = OPT_U32,
	 .offset = offsetof(struct spec, xlevel),
	 .max = UINT32_MAX,
	 .help = "highest extended leaf"},
	{.name = "phys-bits",
	 .type = OPT_U32,
	 .offset = offsetof(struct spec, phys_bits),
	 .dflt = "0",
	 .max = 52,
	 .help = "physical address bits"},
	{.name = "host-phys-bits",
	 .type = OPT_BOOL,
	 .offset = offsetof(struct spec, host_phys_bits),
	 .help = "as many as the host has"},
	{.name = "check",
	 .type = OPT_BOOL,
	 .offset = offsetof(struct spec, check),
	 .dflt = "on",
	 .help = "warn of features that the host lacks"},
	{.name = "enforce",
	 .type = OPT_BOOL,
	 .offset = offsetof(struct spec, enforce),
	 .dflt = "off",
	 .help = "refuse to start without them"},
	{.name = "migratable",
	 .type = OPT_BOOL,
	 .offset = offsetof(struct spec, migratable),
	 .dflt = "on",
	 .help = "host: leave out what cannot migrate"},
	{.name = "kvm",
	 .type = OPT_BOOL,
	 .offset = offsetof(struct spec, kvm),
	 .dflt = "on",
	 .help = "show KVM's signature and features"},
	{.name = "pmu",
	 .type = OPT_BOOL,
	 .offset = offsetof(struct spec, pmu),
	 .help = "show the performance counters"},
	{.name = "cpuid-0xb",
	 .type = OPT_BOOL,
	 .offset = offsetof(struct spec, cpuid_0xb),
	 .dflt = "on",
	 .help = "have leaf 0xb"},
	{.type = OPT_END},
};

struct build {
	const struct kvm_cpuid2 *host;
	const struct cpu_topology *topo;
	const struct cache_set *caches;
	const struct cpu_model *model; /* NULL: host, max, base */
	bool is_host; /* host or max */
	char model_name[64];
	struct spec spec;
	uint32_t level, xlevel, xlevel2;
	uint32_t have[FEATURE_WORDS]; /* what the vCPU gets */
	uint32_t host_has[FEATURE_WORDS];
	struct kvm_cpuid2 *out;
};

static void set_feature(uint32_t *words, const char *name, bool on)
{
	enum feature_word w;
	unsigned bit;

	/* kvmclock is two bits: the old and the new MSRs. */
	if (!strcmp(name, "kvmclock")) {
		words[FEATURE_KVM_EAX] &= ~(1u << 0 | 1u << 3);
		words[FEATURE_KVM_EAX] |= on ? 1u << 0 | 1u << 3 : 0;
	} else if (feature_find(name, &w, &bit)) {
		words[w] &= ~(1u << bit);
		words[w] |= on ? 1u << bit : 0;
	}
}

static bool has_feature(const struct build *b, const char *name)
{
	enum feature_word w;
	unsigned bit;

	return feature_find(name, &w, &bit) && (b->have[w] >> bit & 1);
}

/* Sets or clears each of a list of names with blanks between them. */
static void set_features(uint32_t *words, const char *list, bool on)
{
	char name[48];
	size_t n;

	for (; list && *list; list += n + strspn(list + n, " ")) {
		n = strcspn(list, " ");
		if (n >= sizeof(name))
			continue;
		memcpy(name, list, n);
		name[n] = 0;
		set_feature(words, name, on);
	}
}

static void set_model(uint32_t *words, const struct cpu_model *model)
{
	if (model->base)
		set_model(words, cpu_model_find(model->base));
	set_features(words, model->features, true);
	set_features(words, model->without, false);
}

static const struct kvm_cpuid_entry2 *host_leaf(const struct build *b,
						uint32_t function,
						uint32_t index)
{
	const struct kvm_cpuid_entry2 *e = b->host->entries;
	uint32_t i;

	for (i = 0; i < b->host->nent; i++, e++)
		if (e->function == function &&
		    (e->index == index ||
		     !(e->flags & KVM_CPUID_FLAG_SIGNIFCANT_INDEX)))
			return e;
	return NULL;
}

static uint32_t entry_reg(const struct kvm_cpuid_entry2 *e, enum cpuid_reg reg)
{
	const uint32_t regs[] = {e->eax, e->ebx, e->ecx, e->edx};

	return regs[reg];
}

static void read_host(struct build *b)
{
	const struct feature_word_info *info = feature_words;
	const struct kvm_cpuid_entry2 *e;
	size_t i;
	int w;

	for (w = 0; w < FEATURE_WORDS; w++) {
		e = host_leaf(b, info[w].function, info[w].index);
		b->host_has[w] = e ? entry_reg(e, info[w].reg) : 0;
	}
	for (i = 0; i < sizeof(grants) / sizeof(*grants); i++)
		set_feature(b->host_has, grants[i].name, true);
}

/* Only bits with names: what others mean for a guest is not known. */
static void set_host_features(struct build *b)
{
	int w;
	unsigned bit;

	for (w = 0; w < FEATURE_WORDS; w++)
		for (bit = 0; bit < 32; bit++)
			if (feature_words[w].names[bit])
				b->have[w] |= b->host_has[w] & 1u << bit;
	/* Not the host's, but the topology's and the vendor's. */
	set_features(b->have, "ht cmp-legacy topoext", false);
	if (b->spec.migratable)
		set_features(b->have, host_without, false);
}

static int choose_model(struct build *b, const char *name, struct error *err)
{
	const char *near;
	char buf[64];

	snprintf(b->model_name, sizeof(b->model_name), "%s", name);
	b->is_host = !strcmp(name, "host") || !strcmp(name, "max");
	if (b->is_host || !strcmp(name, "base"))
		return 0;
	b->model = cpu_model_find(name);
	if (b->model)
		return 0;
	near = cpu_model_suggest(name, buf, sizeof(buf));
	if (near)
		return error_set(err, EINVAL,
				 "-cpu %s: there is no such model; did you "
				 "mean '%s'?",
				 name, near);
	return error_set(err, EINVAL,
			 "-cpu %s: there is no such model; -cpu help lists "
			 "them",
			 name);
}

static int unknown_property(const char *key, struct error *err)
{
	const char *near = feature_suggest(key);
	size_t n = 0;

	while (spec_opts[n].name)
		n++;
	if (!near)
		near = opt_nearest(key, spec_opts, n, sizeof(*spec_opts));
	if (!strncmp(key, "hv-", 3) || !strncmp(key, "hv_", 3))
		return error_set(err, ENOTSUP,
				 "-cpu %s: Hyper-V enlightenments are not "
				 "supported by this version of pcvm",
				 key);
	if (feature_is_foreign(key))
		return error_set(err, ENOTSUP,
				 "-cpu %s: not supported by this version of "
				 "pcvm (nested VMX, SGX and features that live "
				 "in MSRs)",
				 key);
	if (near)
		return error_set(err, EINVAL,
				 "-cpu: there is no feature or property '%s'; "
				 "did you mean '%s'?",
				 key, near);
	return error_set(err, EINVAL,
			 "-cpu: there is no feature or property '%s'", key);
}

/* "nodeid-msr" is the feature of that name, not one that is switched off. */
static void name_of(const struct opt_pair *pair, char *out, size_t size)
{
	bool negated = pair->bare && !strcmp(pair->value, "off");

	snprintf(out, size, "%s%s", negated ? "no" : "", pair->key);
}

/* key=value: a property of the vCPU, or a feature by on and off. */
static int set_property(struct build *b, const char *key, const char *value,
			bool plus, bool minus, struct error *err)
{
	static const struct opt_desc onoff[] = {{.name = "value",
						 .type = OPT_BOOL},
						{.type = OPT_END}};
	enum feature_word w;
	unsigned bit;
	bool on = plus;
	int rc;

	if (feature_find(key, &w, &bit)) {
		if (!plus && !minus) {
			rc = opt_set(onoff, &on, "value", value, err);
			if (rc < 0)
				return error_prefix(err, "-cpu %s", key);
		}
		set_feature(b->have, key, on);
		return 0;
	}
	for (rc = 0; spec_opts[rc].name; rc++)
		if (!strcmp(spec_opts[rc].name, key))
			return opt_set(spec_opts, &b->spec, key,
				       plus    ? "on"
				       : minus ? "off"
					       : value,
				       err);
	return unknown_property(key, err);
}

/*
 * Walks through the words after the model: "+f", "-f", "f", "key=value".
 * Properties are set before features, since they decide what "host" has.
 */
static int apply_list(struct build *b, const struct opt_list *list,
		      bool features, struct error *err)
{
	enum feature_word w;
	const char *key;
	char name[64];
	unsigned bit;
	size_t i;
	int rc;

	for (i = 1; i < list->n; i++) {
		const struct opt_pair *pair = &list->pair[i];
		bool plus, minus;

		name_of(pair, name, sizeof(name));
		plus = *name == '+';
		minus = *name == '-';
		key = name + (plus || minus);
		if (feature_find(key, &w, &bit) != features)
			continue;
		rc = set_property(b, key, pair->bare ? "on" : pair->value, plus,
				  minus, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static const char *const reg_names[] = {"EAX", "EBX", "ECX", "EDX"};

static void warn_missing(int word, unsigned bit)
{
	const struct feature_word_info *info = &feature_words[word];

	log_warn("host doesn't support requested feature: CPUID.%02XH:%s%s%s "
		 "[bit %u]",
		 info->function, reg_names[info->reg],
		 info->names[bit] ? "." : "",
		 info->names[bit] ? info->names[bit] : "", bit);
}

static int filter(struct build *b, struct error *err)
{
	bool missing = false;
	unsigned bit;
	int w;

	for (w = 0; w < FEATURE_WORDS; w++) {
		uint32_t lacking = b->have[w] & ~b->host_has[w];

		for (bit = 0; bit < 32; bit++)
			if (lacking >> bit & 1) {
				missing = true;
				if (b->spec.check || b->spec.enforce)
					warn_missing(w, bit);
			}
		b->have[w] &= b->host_has[w];
	}
	if (missing && b->spec.enforce)
		return error_set(err, ENOTSUP,
				 "-cpu: Host doesn't support requested "
				 "features");
	return 0;
}

static uint32_t at_least(uint32_t value, bool wanted, uint32_t least)
{
	return wanted && value < least ? least : value;
}

static void choose_levels(struct build *b)
{
	const struct kvm_cpuid_entry2 *e = host_leaf(b, 0, 0);
	const uint32_t *have = b->have;

	if (b->model) {
		b->level = CPU_MODEL_GET(b->model, level);
		b->xlevel = CPU_MODEL_GET(b->model, xlevel);
		b->xlevel2 = CPU_MODEL_GET(b->model, xlevel2);
	} else if (b->is_host) {
		b->level = e ? e->eax : 1;
		b->xlevel = LEAF_EXT_BASE + 8;
	}
	b->level = at_least(b->level, have[FEATURE_6_EAX], 6);
	b->level = at_least(b->level,
			    have[FEATURE_7_0_EBX] | have[FEATURE_7_0_ECX] |
				    have[FEATURE_7_0_EDX],
			    7);
	b->level = at_least(b->level, has_feature(b, "xsave"), 0xd);
	b->level = at_least(b->level, has_feature(b, "intel-pt"), 0x14);
	b->level = at_least(b->level, b->topo->dies > 1, LEVEL_DIES);
	b->xlevel =
		at_least(b->xlevel, has_feature(b, "lm"), LEAF_EXT_BASE + 8);
	b->xlevel =
		at_least(b->xlevel, have[FEATURE_8007_EDX], LEAF_EXT_BASE + 7);
	b->xlevel =
		at_least(b->xlevel, have[FEATURE_8008_EBX], LEAF_EXT_BASE + 8);
	b->xlevel =
		at_least(b->xlevel, has_feature(b, "svm"), LEAF_EXT_BASE + 0xa);
	if (have[FEATURE_C001_EDX])
		b->xlevel2 = LEAF_CENTAUR_BASE + 1;
	if (b->spec.level != UNSET)
		b->level = b->spec.level;
	if (b->spec.xlevel != UNSET)
		b->xlevel = b->spec.xlevel;
}

static struct kvm_cpuid_entry2 *add(struct build *b, uint32_t function)
{
	struct kvm_cpuid_entry2 *e = &b->out->entries[b->out->nent++];

	e->function = function;
	return e;
}

static struct kvm_cpuid_entry2 *add_indexed(struct build *b, uint32_t function,
					    uint32_t index)
{
	struct kvm_cpuid_entry2 *e = add(b, function);

	e->index = index;
	e->flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX;
	return e;
}

/* Leaf 0's and 0x80000000's way of writing twelve letters. */
static void put_vendor(struct build *b, struct kvm_cpuid_entry2 *e)
{
	const struct kvm_cpuid_entry2 *host = host_leaf(b, 0, 0);
	char text[12] = {0};

	if (b->spec.vendor) {
		memcpy(text, b->spec.vendor, strnlen(b->spec.vendor, 12));
		e->ebx = load_le32(text);
		e->edx = load_le32(text + 4);
		e->ecx = load_le32(text + 8);
	} else if (host) {
		e->ebx = host->ebx;
		e->edx = host->edx;
		e->ecx = host->ecx;
	}
}

/* Stepping and model are 0 in some models: only the first version counts. */
static uint32_t signature(const struct build *b)
{
	const struct kvm_cpuid_entry2 *host = host_leaf(b, 1, 0);
	const struct cpu_model *m = b->model;
	uint32_t family, model, stepping, sig;

	if (b->is_host && b->spec.family == UNSET && host)
		return host->eax;
	while (m && !m->family && m->base)
		m = cpu_model_find(m->base);
	family = b->spec.family != UNSET ? b->spec.family : m ? m->family : 0;
	model = b->spec.model != UNSET ? b->spec.model : m ? m->model : 0;
	stepping = b->spec.stepping != UNSET ? b->spec.stepping
		   : m			     ? m->stepping
					     : 0;
	sig = stepping | (model & 0xf) << 4 | (model >> 4) << 16;
	if (family > 0xf)
		return sig | 0xf << 8 | (family - 0xf) << 20;
	return sig | family << 8;
}

static void add_features_leaf(struct build *b)
{
	unsigned n = b->topo->cores * b->topo->threads;
	struct kvm_cpuid_entry2 *e = add(b, 1);

	e->eax = signature(b);
	e->ebx = CLFLUSH_8 | (n > 1 ? n << 16 : 0);
	e->ecx = b->have[FEATURE_1_ECX];
	e->edx = b->have[FEATURE_1_EDX] | (n > 1 ? EDX1_HT : 0);
}

static uint32_t xsave_mask(const struct build *b)
{
	static const struct {
		uint8_t bit;
		const char *feature;
	} components[] = {
		{0, "xsave"},	  {1, "xsave"},	    {2, "avx"},
		{3, "mpx"},	  {4, "mpx"},	    {5, "avx512f"},
		{6, "avx512f"},	  {7, "avx512f"},   {9, "pku"},
		{17, "amx-tile"}, {18, "amx-tile"},
	};
	uint32_t mask = 0;
	size_t i;

	for (i = 0; i < sizeof(components) / sizeof(*components); i++)
		if (has_feature(b, components[i].feature))
			mask |= 1u << components[i].bit;
	return mask;
}

/* Intel SDM volume 1, 13.2: the state components that XSAVE manages. */
static void add_xsave_leaves(struct build *b)
{
	const struct kvm_cpuid_entry2 *host = host_leaf(b, 0xd, 0);
	struct kvm_cpuid_entry2 *e = add_indexed(b, 0xd, 0);
	uint32_t mask = xsave_mask(b), size = 576, i;

	if (!host || !has_feature(b, "xsave"))
		return;
	e->eax = host->eax & mask;
	e->ebx = size;
	mask = e->eax;
	for (i = 2; i < 32; i++) {
		host = host_leaf(b, 0xd, i);
		if ((mask >> i & 1) && host && host->ebx + host->eax > size)
			size = host->ebx + host->eax;
	}
	e->ecx = size;
	e = add_indexed(b, 0xd, 1);
	e->eax = b->have[FEATURE_D_1_EAX];
	for (i = 2; i < 32; i++) {
		host = host_leaf(b, 0xd, i);
		if (!(mask >> i & 1) || !host)
			continue;
		e = add_indexed(b, 0xd, i);
		e->eax = host->eax;
		e->ebx = host->ebx;
		e->ecx = host->ecx & 6; /* alignment, and XFD */
	}
}

static void copy_host_leaf(struct build *b, uint32_t function, uint32_t index)
{
	const struct kvm_cpuid_entry2 *host = host_leaf(b, function, index);
	struct kvm_cpuid_entry2 *e;

	if (!host)
		return;
	e = add_indexed(b, function, index);
	e->eax = host->eax;
	e->ebx = host->ebx;
	e->ecx = host->ecx;
	e->edx = host->edx;
}

static void add_basic_leaves(struct build *b)
{
	struct kvm_cpuid_entry2 *e = add(b, 0);
	uint32_t i;

	e->eax = b->level;
	put_vendor(b, e);
	add_features_leaf(b);
	if (b->level >= 2)
		cpu_leaf_2(b->caches, add_indexed(b, 2, 0));
	for (i = 0; b->level >= 4 && i < 5; i++)
		cpu_leaf_4(b->caches, b->topo, add_indexed(b, 4, i));
	if (b->level >= 5)
		add(b, 5)->ecx = MWAIT_EXTENSIONS;
	if (b->level >= 6)
		add(b, 6)->eax = b->have[FEATURE_6_EAX];
	if (b->level >= 7) {
		e = add_indexed(b, 7, 0);
		e->eax = b->have[FEATURE_7_1_EAX] ? 1 : 0;
		e->ebx = b->have[FEATURE_7_0_EBX];
		e->ecx = b->have[FEATURE_7_0_ECX];
		e->edx = b->have[FEATURE_7_0_EDX];
		if (e->eax)
			add_indexed(b, 7, 1)->eax = b->have[FEATURE_7_1_EAX];
	}
	if (b->level >= 0xa && b->spec.pmu)
		copy_host_leaf(b, 0xa, 0);
	for (i = 0; b->level >= 0xb && b->spec.cpuid_0xb && i < 3; i++)
		cpu_leaf_0b(b->topo, add_indexed(b, 0xb, i));
	if (b->level >= 0xd)
		add_xsave_leaves(b);
	for (i = 0; has_feature(b, "intel-pt") && i < 2; i++)
		copy_host_leaf(b, 0x14, i);
	for (i = 0; has_feature(b, "amx-tile") && i < 2; i++)
		copy_host_leaf(b, 0x1d, i);
	for (i = 0; b->topo->dies > 1 && i < 4; i++)
		cpu_leaf_1f(b->topo, add_indexed(b, LEVEL_DIES, i));
}

/* Linux, Documentation/virt/kvm/x86/cpuid.rst. */
static void add_kvm_leaves(struct build *b)
{
	static const char sig[12] = "KVMKVMKVM";
	struct kvm_cpuid_entry2 *e;

	if (!b->spec.kvm)
		return;
	e = add(b, LEAF_KVM_BASE);
	e->eax = LEAF_KVM_BASE + 1;
	e->ebx = load_le32(sig);
	e->ecx = load_le32(sig + 4);
	e->edx = load_le32(sig + 8);
	e = add(b, LEAF_KVM_BASE + 1);
	e->eax = b->have[FEATURE_KVM_EAX];
	e->edx = b->have[FEATURE_KVM_EDX];
}

static void add_brand(struct build *b)
{
	char brand[BRAND_SIZE] = {0};
	const char *text = b->spec.model_id;
	struct kvm_cpuid_entry2 *e;
	uint32_t i;

	if (!text && b->model)
		text = CPU_MODEL_GET(b->model, model_id);
	for (i = 0; i < 3; i++) {
		if (!text && b->is_host) {
			copy_host_leaf(b, LEAF_EXT_BASE + 2 + i, 0);
			b->out->entries[b->out->nent - 1].flags = 0;
			continue;
		}
		if (text)
			memcpy(brand, text, strnlen(text, sizeof(brand)));
		e = add(b, LEAF_EXT_BASE + 2 + i);
		e->eax = load_le32(brand + 16 * i);
		e->ebx = load_le32(brand + 16 * i + 4);
		e->ecx = load_le32(brand + 16 * i + 8);
		e->edx = load_le32(brand + 16 * i + 12);
	}
}

static uint32_t phys_bits(const struct build *b)
{
	const struct kvm_cpuid_entry2 *host =
		host_leaf(b, LEAF_EXT_BASE + 8, 0);
	uint32_t bits = host ? host->eax & 0xff : 36;

	if (b->spec.host_phys_bits)
		return bits;
	return b->spec.phys_bits ? b->spec.phys_bits : PHYS_BITS;
}

static bool is_intel(const struct build *b)
{
	return b->out->entries[0].ebx == load_le32("Genu");
}

static void add_extended_leaves(struct build *b)
{
	unsigned n = b->topo->cores * b->topo->threads;
	struct kvm_cpuid_entry2 *e;
	uint32_t i;

	if (b->xlevel < LEAF_EXT_BASE)
		return;
	e = add(b, LEAF_EXT_BASE);
	e->eax = b->xlevel;
	put_vendor(b, e);
	e = add(b, LEAF_EXT_BASE + 1);
	e->eax = signature(b);
	e->ecx = b->have[FEATURE_8001_ECX];
	if (n > 1 && !is_intel(b))
		e->ecx |= 1u << 1; /* CMP_LEGACY */
	e->edx = b->have[FEATURE_8001_EDX];
	add_brand(b);
	cpu_leaf_80000005(b->caches, add(b, LEAF_EXT_BASE + 5));
	cpu_leaf_80000006(b->caches, add(b, LEAF_EXT_BASE + 6));
	if (b->have[FEATURE_8007_EDX])
		add(b, LEAF_EXT_BASE + 7)->edx = b->have[FEATURE_8007_EDX];
	e = add(b, LEAF_EXT_BASE + 8);
	e->eax = phys_bits(b) | (has_feature(b, "la57") ? LA57_BITS : VIRT_BITS)
					<< LEAF8_VIRT_SHIFT;
	e->ebx = b->have[FEATURE_8008_EBX];
	e->ecx = cpu_leaf_80000008_ecx(b->topo);
	if (has_feature(b, "svm")) {
		e = add(b, LEAF_EXT_BASE + 0xa);
		e->eax = 1; /* revision */
		e->ebx = 0x10; /* address space ids */
		e->edx = b->have[FEATURE_800A_EDX];
	}
	for (i = 0; b->xlevel >= LEAF_EXT_BASE + 0x1d && i < 5; i++)
		cpu_leaf_8000001d(b->caches, b->topo,
				  add_indexed(b, LEAF_EXT_BASE + 0x1d, i));
	if (b->xlevel >= LEAF_EXT_BASE + 0x1e)
		cpu_leaf_8000001e(b->topo, 0, add(b, LEAF_EXT_BASE + 0x1e));
	if (b->xlevel2) {
		add(b, LEAF_CENTAUR_BASE)->eax = b->xlevel2;
		add(b, LEAF_CENTAUR_BASE + 1)->edx = b->have[FEATURE_C001_EDX];
	}
}

static int compose(struct build *b, const struct opt_list *list,
		   struct error *err)
{
	int rc;

	opt_defaults(spec_opts, &b->spec);
	b->spec.family = b->spec.model = b->spec.stepping = UNSET;
	b->spec.level = b->spec.xlevel = UNSET;
	rc = choose_model(b, list->n ? list->pair[0].value : "qemu64", err);
	if (rc < 0)
		return rc;
	b->spec.host_phys_bits = b->spec.pmu = b->is_host;
	rc = apply_list(b, list, false, err);
	if (rc < 0)
		return rc;
	if (b->model) {
		set_model(b->have, b->model);
		set_features(b->have, default_features, true);
	} else if (b->is_host && b->host) {
		read_host(b);
		set_host_features(b);
	}
	return apply_list(b, list, true, err);
}

int cpuid_check_spec(const char *spec, struct error *err)
{
	struct build b = {0};
	struct opt_list list;
	int rc = opt_split(spec, "model-name", &list, err);

	if (rc < 0)
		return rc;
	rc = compose(&b, &list, err);
	opt_free(spec_opts, &b.spec);
	opt_list_free(&list);
	return rc;
}

static int finish(struct build *b, struct error *err)
{
	int rc;

	read_host(b);
	rc = filter(b, err);
	if (rc < 0)
		return rc;
	b->out = calloc(1,
			sizeof(*b->out) + ENTRIES * sizeof(b->out->entries[0]));
	if (!b->out)
		return error_set(err, ENOMEM, "out of memory");
	b->caches = cpu_caches_of(b->model_name);
	choose_levels(b);
	add_basic_leaves(b);
	add_kvm_leaves(b);
	add_extended_leaves(b);
	return 0;
}

struct kvm_cpuid2 *cpuid_build(const char *spec,
			       const struct cpu_topology *topo,
			       const struct kvm_cpuid2 *host, struct error *err)
{
	struct build b = {.host = host, .topo = topo};
	struct opt_list list;
	int rc = opt_split(spec, "model-name", &list, err);

	if (rc < 0)
		return NULL;
	rc = compose(&b, &list, err);
	if (rc == 0)
		rc = finish(&b, err);
	opt_free(spec_opts, &b.spec);
	opt_list_free(&list);
	return rc < 0 ? NULL : b.out;
}

void cpuid_personalise(struct kvm_cpuid2 *cpuid,
		       const struct cpu_topology *topo, unsigned index)
{
	uint32_t apic_id = cpu_topology_apic_id(topo, index), i;

	for (i = 0; i < cpuid->nent; i++) {
		struct kvm_cpuid_entry2 *e = &cpuid->entries[i];

		switch (e->function) {
		case 1:
			e->ebx = (e->ebx & 0xffffff) | apic_id << 24;
			break;
		case 0xb:
		case LEVEL_DIES:
			e->edx = apic_id;
			break;
		case LEAF_EXT_BASE + 0x1e:
			cpu_leaf_8000001e(topo, apic_id, e);
			break;
		}
	}
}
