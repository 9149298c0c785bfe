/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What -cpu asks for, and what of it the host's KVM can show. */
#include "vmm/cpu_spec.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "vmm/cpu_suggest.h"
#include "vmm/log.h"
#include "vmm/opt.h"

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

static const struct opt_desc spec_opts[] = {
	{.name = "vendor",
	 .type = OPT_STRING,
	 .offset = offsetof(struct cpu_spec, vendor),
	 .help = "twelve letters for leaf 0"},
	{.name = "model-id",
	 .type = OPT_STRING,
	 .offset = offsetof(struct cpu_spec, model_id),
	 .help = "brand string"},
	{.name = "family",
	 .type = OPT_U32,
	 .offset = offsetof(struct cpu_spec, family),
	 .max = 270,
	 .help = "family number"},
	{.name = "model",
	 .type = OPT_U32,
	 .offset = offsetof(struct cpu_spec, model),
	 .max = 255,
	 .help = "model number"},
	{.name = "stepping",
	 .type = OPT_U32,
	 .offset = offsetof(struct cpu_spec, stepping),
	 .max = 15,
	 .help = "stepping number"},
	{.name = "level",
	 .type = OPT_U32,
	 .offset = offsetof(struct cpu_spec, level),
	 .max = 0x1f,
	 .help = "highest basic leaf"},
	{.name = "xlevel",
	 .type = OPT_U32,
	 .offset = offsetof(struct cpu_spec, xlevel),
	 .max = UINT32_MAX,
	 .help = "highest extended leaf"},
	{.name = "phys-bits",
	 .type = OPT_U32,
	 .offset = offsetof(struct cpu_spec, phys_bits),
	 .dflt = "0",
	 .max = 52,
	 .help = "physical address bits"},
	{.name = "host-phys-bits",
	 .type = OPT_BOOL,
	 .offset = offsetof(struct cpu_spec, host_phys_bits),
	 .help = "as many as the host has"},
	{.name = "check",
	 .type = OPT_BOOL,
	 .offset = offsetof(struct cpu_spec, check),
	 .dflt = "on",
	 .help = "warn of features that the host lacks"},
	{.name = "enforce",
	 .type = OPT_BOOL,
	 .offset = offsetof(struct cpu_spec, enforce),
	 .dflt = "off",
	 .help = "refuse to start without them"},
	{.name = "migratable",
	 .type = OPT_BOOL,
	 .offset = offsetof(struct cpu_spec, migratable),
	 .dflt = "on",
	 .help = "host: leave out what cannot migrate"},
	{.name = "kvm",
	 .type = OPT_BOOL,
	 .offset = offsetof(struct cpu_spec, kvm),
	 .dflt = "on",
	 .help = "show KVM's signature and features"},
	{.name = "pmu",
	 .type = OPT_BOOL,
	 .offset = offsetof(struct cpu_spec, pmu),
	 .help = "show the performance counters"},
	{.name = "cpuid-0xb",
	 .type = OPT_BOOL,
	 .offset = offsetof(struct cpu_spec, cpuid_0xb),
	 .dflt = "on",
	 .help = "have leaf 0xb"},
	{.type = OPT_END},
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

bool cpu_has(const struct cpu_build *b, const char *name)
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

const struct kvm_cpuid_entry2 *cpu_host_leaf(const struct cpu_build *b,
					     uint32_t function, uint32_t index)
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

static void read_host(struct cpu_build *b)
{
	const struct feature_word_info *info = feature_words;
	const struct kvm_cpuid_entry2 *e;
	size_t i;
	int w;

	for (w = 0; w < FEATURE_WORDS; w++) {
		e = cpu_host_leaf(b, info[w].function, info[w].index);
		b->host_has[w] = e ? entry_reg(e, info[w].reg) : 0;
	}
	for (i = 0; i < sizeof(grants) / sizeof(*grants); i++)
		set_feature(b->host_has, grants[i].name, true);
}

/* Only bits with names: what others mean for a guest is not known. */
static void set_host_features(struct cpu_build *b)
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

static int choose_model(struct cpu_build *b, const char *name,
			struct error *err)
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
static int set_property(struct cpu_build *b, const char *key, const char *value,
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
static int apply_list(struct cpu_build *b, const struct opt_list *list,
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

int cpu_spec_filter(struct cpu_build *b, struct error *err)
{
	bool missing = false;
	unsigned bit;
	int w;

	read_host(b);
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

static int compose(struct cpu_build *b, const struct opt_list *list,
		   struct error *err)
{
	int rc;

	opt_defaults(spec_opts, &b->spec);
	b->spec.family = b->spec.model = b->spec.stepping = CPU_SPEC_UNSET;
	b->spec.level = b->spec.xlevel = CPU_SPEC_UNSET;
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

int cpu_spec_compose(struct cpu_build *b, const char *spec, struct error *err)
{
	struct opt_list list;
	int rc = opt_split(spec, "model-name", &list, err);

	if (rc < 0)
		return rc;
	rc = compose(b, &list, err);
	opt_list_free(&list);
	return rc;
}

void cpu_spec_free(struct cpu_build *b)
{
	opt_free(spec_opts, &b->spec);
}
