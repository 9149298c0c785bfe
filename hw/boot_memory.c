/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest memory while something is loaded into it.  The lists are short, and
 * what cannot be had is an error, so that no image comes to lie on another.
 */
#include "hw/boot_memory.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define CHUNK (UINT64_C(1) << 30) /* of a file, read at once */
#define ZEROS 4096

void boot_memory_add(struct boot_memory *mem, gpa_t base, uint64_t len,
		     enum e820_type type)
{
	if (len && len <= UINT64_MAX - base && mem->ne820 < BOOT_RANGES_MAX)
		mem->e820[mem->ne820++] = (struct e820_range){base, len, type};
}

/* Careful: base and len are the image's own. */
static bool is_within(const struct e820_range *r, gpa_t base, uint64_t len)
{
	return r->type == E820_RAM && base >= r->base &&
	       base - r->base <= r->len && len <= r->len - (base - r->base);
}

static bool is_ram(const struct boot_memory *mem, gpa_t base, uint64_t len)
{
	unsigned i;

	for (i = 0; i < mem->ne820; i++)
		if (is_within(&mem->e820[i], base, len))
			return true;
	return false;
}

/* The first taken span that reaches into the range, or NULL. */
static const struct boot_span *overlap(const struct boot_memory *mem,
				       gpa_t base, uint64_t len)
{
	const struct boot_span *s;

	for (s = mem->taken; s < mem->taken + mem->ntaken; s++)
		if (base < s->base + s->len && s->base < base + len)
			return s;
	return NULL;
}

static bool insert(struct boot_memory *mem, gpa_t base, uint64_t len)
{
	unsigned i = 0;

	if (mem->ntaken == BOOT_TAKEN_MAX)
		return false;
	while (i < mem->ntaken && mem->taken[i].base < base)
		i++;
	memmove(&mem->taken[i + 1], &mem->taken[i],
		(mem->ntaken - i) * sizeof(*mem->taken));
	mem->taken[i] = (struct boot_span){base, len};
	mem->ntaken++;
	return true;
}

int boot_memory_take(struct boot_memory *mem, gpa_t base, uint64_t len,
		     const char *what, struct error *err)
{
	if (!len)
		return 0;
	if (!is_ram(mem, base, len))
		return error_set(err, ENOMEM,
				 "%s needs the memory from %#" PRIx64
				 " to %#" PRIx64 ", and that is not all RAM: "
				 "-m should say more",
				 what, base, base + len - 1);
	if (overlap(mem, base, len))
		return error_set(err, EINVAL,
				 "%s needs the memory from %#" PRIx64
				 " to %#" PRIx64 ", of which something else "
				 "has a part",
				 what, base, base + len - 1);
	if (!insert(mem, base, len))
		return error_set(err, E2BIG, "%s is in too many pieces", what);
	return 0;
}

/* The lowest place from base on that is free, within [base, end). */
static gpa_t lowest(const struct boot_memory *mem, uint64_t len, uint64_t align,
		    gpa_t base, gpa_t end)
{
	const struct boot_span *s;

	for (;;) {
		if (base > UINT64_MAX - align)
			return BOOT_NOWHERE;
		base = (base + align - 1) & ~(align - 1);
		if (base > end || len > end - base)
			return BOOT_NOWHERE;
		s = overlap(mem, base, len);
		if (!s)
			return base;
		base = s->base + s->len;
	}
}

static gpa_t highest(const struct boot_memory *mem, uint64_t len,
		     uint64_t align, gpa_t first, gpa_t end)
{
	const struct boot_span *s;
	gpa_t base;

	for (;;) {
		if (len > end || first > end - len)
			return BOOT_NOWHERE;
		base = (end - len) & ~(align - 1);
		if (base < first)
			return BOOT_NOWHERE;
		s = overlap(mem, base, len);
		if (!s)
			return base;
		end = s->base;
	}
}

static gpa_t max_gpa(gpa_t a, gpa_t b)
{
	return a > b ? a : b;
}

static gpa_t min_gpa(gpa_t a, gpa_t b)
{
	return a < b ? a : b;
}

gpa_t boot_memory_take_low(struct boot_memory *mem, uint64_t len,
			   uint64_t align, gpa_t first, gpa_t end)
{
	gpa_t base = BOOT_NOWHERE;
	unsigned i;

	for (i = 0; i < mem->ne820 && base == BOOT_NOWHERE; i++) {
		const struct e820_range *r = &mem->e820[i];

		if (r->type == E820_RAM)
			base = lowest(mem, len, align, max_gpa(first, r->base),
				      min_gpa(end, r->base + r->len));
	}
	return base != BOOT_NOWHERE && insert(mem, base, len) ? base
							      : BOOT_NOWHERE;
}

gpa_t boot_memory_take_high(struct boot_memory *mem, uint64_t len,
			    uint64_t align, gpa_t first, gpa_t end)
{
	gpa_t base = BOOT_NOWHERE;
	unsigned i;

	for (i = mem->ne820; i-- && base == BOOT_NOWHERE;) {
		const struct e820_range *r = &mem->e820[i];

		if (r->type == E820_RAM)
			base = highest(mem, len, align, max_gpa(first, r->base),
				       min_gpa(end, r->base + r->len));
	}
	return base != BOOT_NOWHERE && insert(mem, base, len) ? base
							      : BOOT_NOWHERE;
}

void boot_memory_write(struct boot_memory *mem, gpa_t gpa, const void *data,
		       size_t len)
{
	gmem_write(mem->gmem, gpa, data, len);
}

void boot_memory_zero(struct boot_memory *mem, gpa_t gpa, uint64_t len)
{
	static const uint8_t zeros[ZEROS];
	uint64_t n;

	for (; len && !mem->fresh; gpa += n, len -= n) {
		n = len < ZEROS ? len : ZEROS;
		gmem_write(mem->gmem, gpa, zeros, n);
	}
}

/* Straight into guest memory: an initrd may be larger than the host likes. */
static int read_chunk(struct boot_memory *mem, gpa_t gpa,
		      const struct boot_file *f, uint64_t off, size_t len,
		      struct error *err)
{
	struct iovec iov[GMEM_SPAN_MAX];
	struct gmem_span span;
	int n = gmem_span(mem->gmem, gpa, len, GMEM_TO_GUEST, iov,
			  GMEM_SPAN_MAX, &span);
	int rc = 0, i;

	if (n < 0)
		return error_set(err, EFAULT, "guest memory at %#" PRIx64, gpa);
	for (i = 0; i < n && rc == 0; i++) {
		rc = boot_file_read(f, off, iov[i].iov_base, iov[i].iov_len,
				    err);
		off += iov[i].iov_len;
	}
	gmem_done(&span, len);
	return rc;
}

int boot_memory_read(struct boot_memory *mem, gpa_t gpa,
		     const struct boot_file *f, uint64_t off, uint64_t len,
		     struct error *err)
{
	uint64_t n;
	int rc = 0;

	for (; len && rc == 0; gpa += n, off += n, len -= n) {
		n = len < CHUNK ? len : CHUNK;
		rc = read_chunk(mem, gpa, f, off, n, err);
	}
	return rc;
}

uint64_t boot_memory_ram(const struct boot_memory *mem)
{
	uint64_t sum = 0;
	unsigned i;

	for (i = 0; i < mem->ne820; i++)
		if (mem->e820[i].type == E820_RAM)
			sum += mem->e820[i].len;
	return sum;
}
