/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The firmware configuration device ("QEMU FW CFG"), as its users see it:
 * a selector and a data port, and a DMA interface in guest memory.
 * Interface: the fw_cfg specification in QEMU's documentation, traditional
 * and DMA interfaces, I/O port form.
 *
 * Not modelled: the write channel of the data port (bit 14 of the selector is
 * ignored), which was given up long ago; items are written by DMA only.
 */
#include "hw/fw_cfg.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/endian.h"
#include "vmm/gmem.h"
#include "vmm/machine.h"

/* The I/O region: a 16-bit selector over an 8-bit data port. */
enum { REG_SELECTOR, REG_DATA, IO_REGION_LEN };
/* The DMA region: the address of a request, big-endian, in two halves. */
enum { REG_DMA_HIGH = 0, REG_DMA_LOW = 4, DMA_REGION_LEN = 8 };

#define SELECTOR_ARCH	  FW_CFG_ARCH
#define SELECTOR_KEY_MASK 0x3fff

#define ID_TRADITIONAL	  UINT32_C(1)
#define ID_DMA		  UINT32_C(2)

/* What the DMA region reads as. */
static const char dma_signature[DMA_REGION_LEN] = {'Q', 'E', 'M', 'U',
						   ' ', 'C', 'F', 'G'};

#define DMA_ERROR     UINT32_C(0x01)
#define DMA_READ      UINT32_C(0x02)
#define DMA_SKIP      UINT32_C(0x04)
#define DMA_SELECT    UINT32_C(0x08)
#define DMA_WRITE     UINT32_C(0x10)
#define DMA_KEY_SHIFT 16

struct dma_request {
	be32 control;
	be32 length;
	be64 address;
};

/* An entry of the file directory; the count of files stands before them. */
struct dir_entry {
	be32 size;
	be16 key;
	be16 reserved;
	char name[FW_CFG_NAME_MAX + 1];
};

/*
 * Reading past the end of an item gives zeros.  So much of them a single
 * request may ask for, as filling memory is done under the machine lock.
 */
#define ZEROS_MAX  (4u << 20)
#define ZEROS	   4096

#define ARCH_KEYS  8
#define FILES_STEP 32
#define FILES_MAX  (SELECTOR_KEY_MASK + 1 - FW_CFG_FILE_FIRST)

struct file {
	char name[FW_CFG_NAME_MAX + 1];
	struct fw_cfg_source src;
};

struct fw_cfg {
	struct device dev;
	struct fw_cfg_source item[FW_CFG_FILE_FIRST];
	struct fw_cfg_source arch[ARCH_KEYS];
	struct file *file; /* sorted by name */
	size_t nfiles, capacity;
	uint8_t *dir; /* room for the directory of capacity files */
	/* The guest's side. */
	uint16_t key;
	uint32_t offset; /* into the selected item */
	uint64_t dma_addr; /* the halves that were written */
};

static const struct state_field fw_cfg_fields[] = {
	{STATE_ELEM(STATE_U16, struct fw_cfg, key)},
	{STATE_ELEM(STATE_U32, struct fw_cfg, offset)},
	{STATE_ELEM(STATE_U64, struct fw_cfg, dma_addr)},
	{.kind = STATE_END},
};

static const struct state_desc fw_cfg_state = {
	.name = "fw_cfg",
	.version = 1,
	.fields = fw_cfg_fields,
};

struct fw_cfg *fw_cfg_from(struct device *dev)
{
	return (struct fw_cfg *)dev;
}

static const struct fw_cfg_source nothing;

/* Never NULL: a key that is not there is an empty item. */
static const struct fw_cfg_source *lookup(const struct fw_cfg *fw,
					  unsigned selector)
{
	unsigned key = selector & SELECTOR_KEY_MASK;

	if (selector & SELECTOR_ARCH)
		return key < ARCH_KEYS ? &fw->arch[key] : &nothing;
	if (key < FW_CFG_FILE_FIRST)
		return &fw->item[key];
	key -= FW_CFG_FILE_FIRST;
	return key < fw->nfiles ? &fw->file[key].src : &nothing;
}

static void select_item(struct fw_cfg *fw, uint16_t selector)
{
	const struct fw_cfg_source *src = lookup(fw, selector);

	fw->key = selector;
	fw->offset = 0;
	if (src->select)
		src->select(src->ctx);
}

/* How much of len bytes from the offset the item has. */
static size_t available(const struct fw_cfg *fw,
			const struct fw_cfg_source *src, size_t len)
{
	size_t left = fw->offset < src->len ? src->len - fw->offset : 0;

	return len < left ? len : left;
}

/* n bytes that there are; what cannot be read is zeros. */
static bool copy_out(const struct fw_cfg_source *src, size_t off, void *out,
		     size_t n)
{
	if (!src->read) {
		memcpy(out, (const uint8_t *)src->data + off, n);
		return true;
	}
	if (src->read(src->ctx, off, out, n))
		return true;
	memset(out, 0, n);
	return false;
}

static size_t take(struct fw_cfg *fw, uint8_t *out, size_t len)
{
	const struct fw_cfg_source *src = lookup(fw, fw->key);
	size_t n = available(fw, src, len);

	if (n)
		copy_out(src, fw->offset, out, n);
	memset(out + n, 0, len - n);
	fw->offset += n;
	return len;
}

static uint64_t io_read(void *dev, uint64_t off, unsigned size)
{
	uint8_t byte = 0;

	if (size != 1)
		return 0;
	take(dev, &byte, 1);
	return byte;
}

static void io_write(void *dev, uint64_t off, uint64_t val, unsigned size)
{
	if (off == REG_SELECTOR && size == 2)
		select_item(dev, val);
}

static size_t io_read_rep(void *dev, uint64_t off, void *buf, unsigned size,
			  size_t count)
{
	return size == 1 ? take(dev, buf, count) : 0;
}

static bool dma_zeros(struct fw_cfg *fw, gpa_t gpa, size_t len)
{
	static const uint8_t zeros[ZEROS];
	bool whole = true;
	size_t n;

	if (len > ZEROS_MAX)
		return false;
	for (; len && whole; gpa += n, len -= n) {
		n = len < ZEROS ? len : ZEROS;
		whole = gmem_write(&fw->dev.machine->gmem, gpa, zeros, n);
	}
	return whole;
}

/* Straight into guest memory. */
static bool dma_copy(struct fw_cfg *fw, const struct fw_cfg_source *src,
		     gpa_t gpa, size_t n)
{
	struct gmem *gmem = &fw->dev.machine->gmem;
	struct iovec iov[GMEM_SPAN_MAX];
	struct gmem_span span;
	size_t off = fw->offset;
	bool whole = true;
	int pieces, i;

	if (!src->read)
		return gmem_write(gmem, gpa, (const uint8_t *)src->data + off,
				  n);
	pieces = gmem_span(gmem, gpa, n, GMEM_TO_GUEST, iov, GMEM_SPAN_MAX,
			   &span);
	if (pieces < 0)
		return false;
	for (i = 0; i < pieces && whole; i++) {
		whole = copy_out(src, off, iov[i].iov_base, iov[i].iov_len);
		off += iov[i].iov_len;
	}
	gmem_done(&span, n);
	return whole;
}

/* The three transfers return false when the guest is to see an error. */
static bool dma_read(struct fw_cfg *fw, gpa_t gpa, uint32_t len)
{
	const struct fw_cfg_source *src = lookup(fw, fw->key);
	size_t n = available(fw, src, len);

	if (n && !dma_copy(fw, src, gpa, n))
		return false;
	fw->offset += n;
	return dma_zeros(fw, gpa + n, len - n);
}

static bool dma_write(struct fw_cfg *fw, gpa_t gpa, uint32_t len)
{
	const struct fw_cfg_source *src = lookup(fw, fw->key);
	uint32_t off = fw->offset;

	if (!src->writable || available(fw, src, len) < len)
		return false;
	if (!gmem_read(&fw->dev.machine->gmem, gpa,
		       (uint8_t *)src->writable + off, len))
		return false;
	fw->offset += len;
	if (src->written)
		src->written(src->ctx, off, len);
	return true;
}

static bool dma_skip(struct fw_cfg *fw, uint32_t len)
{
	fw->offset += available(fw, lookup(fw, fw->key), len);
	return true;
}

static bool dma_transfer(struct fw_cfg *fw, const struct dma_request *request)
{
	uint32_t control = be32_get(request->control);
	uint32_t len = be32_get(request->length);
	gpa_t gpa = be64_get(request->address);

	if (control & DMA_SELECT)
		select_item(fw, control >> DMA_KEY_SHIFT);
	if (len > UINT64_MAX - gpa)
		return false;
	if (control & DMA_READ)
		return dma_read(fw, gpa, len);
	if (control & DMA_WRITE)
		return dma_write(fw, gpa, len);
	if (control & DMA_SKIP)
		return dma_skip(fw, len);
	return true;
}

/* Done by the time the guest's write ends: control then has the result. */
static void dma_run(struct fw_cfg *fw)
{
	struct gmem *gmem = &fw->dev.machine->gmem;
	gpa_t gpa = fw->dma_addr;
	struct dma_request request;
	bool ok;

	fw->dma_addr = 0;
	if (!gmem_read(gmem, gpa, &request, sizeof(request))) {
		log_guest(&fw->dev.log,
			  "fw_cfg: DMA request at %#llx is not in memory",
			  (unsigned long long)gpa);
		return;
	}
	ok = dma_transfer(fw, &request);
	request.control = be32_of(ok ? 0 : DMA_ERROR);
	gmem_write(gmem, gpa + offsetof(struct dma_request, control),
		   &request.control, sizeof(request.control));
}

static uint64_t dma_reg_read(void *dev, uint64_t off, unsigned size)
{
	uint8_t raw[8] = {0};

	memcpy(raw, dma_signature + off, size);
	return load_le64(raw);
}

static void dma_reg_write(void *dev, uint64_t off, uint64_t val, unsigned size)
{
	struct fw_cfg *fw = dev;
	be32 half;

	if (size != sizeof(half))
		return;
	store_le32(&half, val);
	if (off == REG_DMA_HIGH) {
		fw->dma_addr = (uint64_t)be32_get(half) << 32;
	} else if (off == REG_DMA_LOW) {
		fw->dma_addr |= be32_get(half);
		dma_run(fw);
	}
}

static void release(const struct fw_cfg_source *src)
{
	if (src->release)
		src->release(src->ctx);
}

static void replace(struct fw_cfg_source *slot, const struct fw_cfg_source *src)
{
	struct fw_cfg_source old = *slot;

	*slot = *src;
	release(&old);
}

int fw_cfg_add_source(struct fw_cfg *fw, unsigned key,
		      const struct fw_cfg_source *src, struct error *err)
{
	unsigned n = key & ~SELECTOR_ARCH;
	bool arch = key & SELECTOR_ARCH;

	if (n >= (arch ? ARCH_KEYS : FW_CFG_FILE_FIRST))
		return error_set(err, EINVAL, "fw_cfg: no key %#x", key);
	if (src->len > UINT32_MAX)
		return error_set(err, EFBIG, "fw_cfg: key %#x is too large",
				 key);
	replace(arch ? &fw->arch[n] : &fw->item[n], src);
	return 0;
}

/* Where a file of that name is or would be. */
static size_t file_place(const struct fw_cfg *fw, const char *name)
{
	size_t lo = 0, hi = fw->nfiles, mid;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (strcmp(fw->file[mid].name, name) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static bool file_is_at(const struct fw_cfg *fw, size_t at, const char *name)
{
	return at < fw->nfiles && !strcmp(fw->file[at].name, name);
}

static void write_dir(void *ctx)
{
	struct fw_cfg *fw = ctx;
	struct dir_entry *entry = (void *)(fw->dir + sizeof(be32));
	size_t i;

	store_be32(fw->dir, fw->nfiles);
	for (i = 0; i < fw->nfiles; i++, entry++) {
		entry->size = be32_of(fw->file[i].src.len);
		entry->key = be16_of(FW_CFG_FILE_FIRST + i);
		entry->reserved = be16_of(0);
		memcpy(entry->name, fw->file[i].name, sizeof(entry->name));
	}
}

static size_t dir_size(size_t nfiles)
{
	return sizeof(be32) + nfiles * sizeof(struct dir_entry);
}

/* Room for one file more, and for its entry. */
static int grow(struct fw_cfg *fw, struct error *err)
{
	size_t capacity = fw->capacity + FILES_STEP;
	struct file *file;
	uint8_t *dir;

	if (fw->nfiles < fw->capacity)
		return 0;
	if (capacity > FILES_MAX)
		return error_set(err, ENOSPC, "fw_cfg: too many files");
	file = realloc(fw->file, capacity * sizeof(*file));
	if (file)
		fw->file = file;
	dir = realloc(fw->dir, dir_size(capacity));
	if (dir)
		fw->dir = dir;
	if (!file || !dir)
		return error_set(err, ENOMEM, "out of memory");
	fw->capacity = capacity;
	return 0;
}

static void publish_dir(struct fw_cfg *fw)
{
	fw->item[FW_CFG_FILE_DIR] = (struct fw_cfg_source){
		.data = fw->dir,
		.len = dir_size(fw->nfiles),
		.select = write_dir,
		.ctx = fw,
	};
}

int fw_cfg_add_file_source(struct fw_cfg *fw, const char *name,
			   const struct fw_cfg_source *src, struct error *err)
{
	size_t at = file_place(fw, name), len = strlen(name);
	int rc;

	if (!len || len > FW_CFG_NAME_MAX)
		return error_set(err, EINVAL,
				 "fw_cfg: the file name '%s' is not 1 to %u "
				 "bytes long",
				 name, FW_CFG_NAME_MAX);
	if (src->len > UINT32_MAX)
		return error_set(err, EFBIG, "fw_cfg: '%s' is too large", name);
	if (file_is_at(fw, at, name)) {
		replace(&fw->file[at].src, src);
		return 0;
	}
	rc = grow(fw, err);
	if (rc < 0)
		return rc;
	memmove(&fw->file[at + 1], &fw->file[at],
		(fw->nfiles - at) * sizeof(*fw->file));
	fw->file[at] = (struct file){.src = *src};
	memcpy(fw->file[at].name, name, len);
	fw->nfiles++;
	publish_dir(fw);
	return 0;
}

const struct fw_cfg_source *fw_cfg_find_file(const struct fw_cfg *fw,
					     const char *name)
{
	size_t at = file_place(fw, name);

	return file_is_at(fw, at, name) ? &fw->file[at].src : NULL;
}

static int copy(const void *data, size_t len, struct fw_cfg_source *src,
		struct error *err)
{
	void *bytes = malloc(len ? len : 1);

	if (!bytes)
		return error_set(err, ENOMEM, "out of memory");
	if (len)
		memcpy(bytes, data, len);
	*src = (struct fw_cfg_source){
		.data = bytes,
		.len = len,
		.release = free,
		.ctx = bytes,
	};
	return 0;
}

int fw_cfg_add_file(struct fw_cfg *fw, const char *name, const void *data,
		    size_t len, struct error *err)
{
	struct fw_cfg_source src = {0};
	int rc = copy(data, len, &src, err);

	if (rc < 0)
		return rc;
	rc = fw_cfg_add_file_source(fw, name, &src, err);
	if (rc < 0)
		release(&src);
	return rc;
}

int fw_cfg_add_bytes(struct fw_cfg *fw, unsigned key, const void *data,
		     size_t len, struct error *err)
{
	struct fw_cfg_source src = {0};
	int rc = copy(data, len, &src, err);

	if (rc < 0)
		return rc;
	rc = fw_cfg_add_source(fw, key, &src, err);
	if (rc < 0)
		release(&src);
	return rc;
}

int fw_cfg_add_u16(struct fw_cfg *fw, unsigned key, uint16_t val,
		   struct error *err)
{
	le16 raw = le16_of(val);

	return fw_cfg_add_bytes(fw, key, &raw, sizeof(raw), err);
}

int fw_cfg_add_u32(struct fw_cfg *fw, unsigned key, uint32_t val,
		   struct error *err)
{
	le32 raw = le32_of(val);

	return fw_cfg_add_bytes(fw, key, &raw, sizeof(raw), err);
}

int fw_cfg_add_u64(struct fw_cfg *fw, unsigned key, uint64_t val,
		   struct error *err)
{
	le64 raw = le64_of(val);

	return fw_cfg_add_bytes(fw, key, &raw, sizeof(raw), err);
}

static void fw_cfg_reset(struct device *dev)
{
	struct fw_cfg *fw = fw_cfg_from(dev);

	fw->dma_addr = 0;
	select_item(fw, FW_CFG_SIGNATURE);
}

static void fw_cfg_fini(struct device *dev)
{
	struct fw_cfg *fw = fw_cfg_from(dev);
	size_t i;

	for (i = 0; i < FW_CFG_FILE_FIRST; i++)
		release(&fw->item[i]);
	for (i = 0; i < ARCH_KEYS; i++)
		release(&fw->arch[i]);
	for (i = 0; i < fw->nfiles; i++)
		release(&fw->file[i].src);
	free(fw->file);
	free(fw->dir);
}

/* Items may be added once it has started. */
static int fw_cfg_init(struct device *dev, struct error *err)
{
	struct fw_cfg *fw = fw_cfg_from(dev);
	int rc;

	rc = fw_cfg_add_bytes(fw, FW_CFG_SIGNATURE, "QEMU", 4, err);
	if (rc == 0)
		rc = fw_cfg_add_u32(fw, FW_CFG_ID, ID_TRADITIONAL | ID_DMA,
				    err);
	if (rc == 0)
		rc = grow(fw, err);
	if (rc < 0) {
		fw_cfg_fini(dev);
		return rc;
	}
	publish_dir(fw);
	return 0;
}

static const struct bus_ops io_ops = {
	.read = io_read,
	.write = io_write,
	.read_rep = io_read_rep,
	.max = 2,
};

static const struct bus_ops dma_ops = {
	.read = dma_reg_read,
	.write = dma_reg_write,
};

static const struct device_region fw_cfg_regions[] = {
	[FW_CFG_REGION_IO] = {"fwcfg", &io_ops, IO_REGION_LEN},
	[FW_CFG_REGION_DMA] = {"fwcfg.dma", &dma_ops, DMA_REGION_LEN},
	{.name = NULL},
};

const struct device_class fw_cfg_class = {
	.name = "fw_cfg_io",
	.desc = "firmware configuration interface",
	.bus = DEVICE_SYSTEM,
	.size = sizeof(struct fw_cfg),
	.state = &fw_cfg_state,
	.regions = fw_cfg_regions,
	.init = fw_cfg_init,
	.reset = fw_cfg_reset,
	.fini = fw_cfg_fini,
};
