/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Virtual PC disk images (VHD), fixed and dynamic, read-only, by the Virtual
 * Hard Disk Image Format Specification 1.0.  Differencing ones are refused.
 * Which sectors of a block have data is not looked at: others are zeros.
 */
#include "block/vpc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "block/driver.h"
#include "block/mapped.h"
#include "vmm/endian.h"

#define COOKIE	     "conectix"
#define DYN_COOKIE   "cxsparse"
#define TYPE_FIXED   2
#define TYPE_DYNAMIC 3
#define UNUSED	     0xffffffffu
#define MAX_BLOCK    (256u << 20)
#define MAX_CHS	     (UINT64_C(65535) * 16 * 255)

struct footer {
	char cookie[8];
	be32 features, version;
	be64 data_off;
	be32 timestamp;
	char app[4];
	be32 app_version, os;
	be64 original_size, current_size;
	be16 cylinders;
	uint8_t heads, sectors;
	be32 type, checksum;
	uint8_t rest[BLK_SECTOR - 68];
};

struct dyn_header {
	char cookie[8];
	be64 data_off, table_off;
	be32 version, entries, block_size, checksum;
};

struct vpc {
	uint32_t block_size; /* 0: fixed */
	uint32_t entries;
	uint64_t bitmap_size; /* before the data of each block */
	be32 *table;
};

static int lookup(const struct blk_node *node, uint64_t off,
		  struct mapped_run *run)
{
	const struct vpc *v = node->state;
	uint64_t in;
	uint32_t sector;

	if (!v->block_size) {
		*run = (struct mapped_run){.len = node->size - off,
					   .host = off};
		return 0;
	}
	in = off % v->block_size;
	sector = be32_get(v->table[off / v->block_size]);
	run->len = v->block_size - in;
	run->zero = sector == UNUSED;
	run->host = (uint64_t)sector * BLK_SECTOR + v->bitmap_size + in;
	if (!run->zero && run->host >= node->child[BLK_FILE]->size)
		return -EIO;
	return 0;
}

static uint32_t checksum_of(const struct footer *footer)
{
	const uint8_t *p = (const uint8_t *)footer;
	uint32_t sum = 0;
	size_t i;

	for (i = 0; i < sizeof(*footer); i++)
		sum += p[i];
	for (i = 0; i < sizeof(footer->checksum); i++)
		sum -= footer->checksum.byte[i];
	return ~sum;
}

/* At the end, and in dynamic images at the begin as well. */
static int read_footer(struct blk_node *file, struct footer *f,
		       struct error *err)
{
	uint64_t end = file->size;
	int rc;

	if (end < sizeof(*f))
		return error_set(err, EINVAL, "the file is too short for VHD");
	rc = blk_pread(file, 0, f, sizeof(*f));
	if (rc == 0 && memcmp(f->cookie, COOKIE, sizeof(f->cookie)) != 0)
		rc = blk_pread(file, end - sizeof(*f), f, sizeof(*f));
	if (rc < 0)
		return error_errno(err, -rc, "cannot read the VHD footer");
	if (memcmp(f->cookie, COOKIE, sizeof(f->cookie)) != 0)
		return error_set(err, EINVAL, "invalid VPC image");
	if (be32_get(f->checksum) != checksum_of(f))
		return error_set(err, EINVAL,
				 "the checksum of the VHD footer is wrong");
	return 0;
}

/* Some programs count cylinders, heads and sectors; others do not. */
static uint64_t disk_size(const struct footer *f)
{
	static const char *const exact[] = {"win ", "d2v ", "qem2",
					    "tap",  "vs  ", "CTXS"};
	uint64_t chs = (uint64_t)be16_get(f->cylinders) * f->heads * f->sectors;
	unsigned i;

	for (i = 0; i < sizeof(exact) / sizeof(*exact); i++)
		if (!memcmp(f->app, exact[i], sizeof(f->app)))
			return be64_get(f->current_size);
	return chs == MAX_CHS || !chs ? be64_get(f->current_size)
				      : chs * BLK_SECTOR;
}

static int check_dynamic(const struct blk_node *node,
			 const struct dyn_header *h, struct error *err)
{
	uint32_t block = be32_get(h->block_size), n = be32_get(h->entries);
	uint64_t file = node->child[BLK_FILE]->size;
	uint64_t table = be64_get(h->table_off);

	if (memcmp(h->cookie, DYN_COOKIE, sizeof(h->cookie)) != 0)
		return error_set(err, EINVAL,
				 "the VHD header of dynamic images is missing");
	if (block < BLK_SECTOR || block > MAX_BLOCK || (block & (block - 1)))
		return error_set(err, EINVAL, "Invalid block size %u", block);
	if (node->size > (uint64_t)n * block)
		return error_set(err, EINVAL,
				 "the VHD block table is too short for the "
				 "disk");
	if ((uint64_t)n * sizeof(be32) > MAPPED_TABLE_MAX)
		return error_set(err, EFBIG,
				 "the VHD block table is too large (%u blocks)",
				 n);
	if (table > file || (uint64_t)n * sizeof(be32) > file - table)
		return error_set(err, EINVAL,
				 "the VHD block table ends behind the file");
	return 0;
}

static int open_dynamic(struct blk_node *node, uint64_t off, struct error *err)
{
	struct blk_node *file = node->child[BLK_FILE];
	struct vpc *v = node->state;
	struct dyn_header h;
	size_t len;
	int rc;

	if (off > file->size || sizeof(h) > file->size - off)
		return error_set(err, EINVAL,
				 "the VHD header lies behind the file");
	rc = blk_pread(file, off, &h, sizeof(h));
	if (rc < 0)
		return error_errno(err, -rc, "cannot read the VHD header");
	rc = check_dynamic(node, &h, err);
	if (rc < 0)
		return rc;
	v->block_size = be32_get(h.block_size);
	v->entries = be32_get(h.entries);
	v->bitmap_size = (v->block_size / BLK_SECTOR / 8 + BLK_SECTOR - 1) /
			 BLK_SECTOR * BLK_SECTOR;
	len = (size_t)v->entries * sizeof(*v->table);
	v->table = malloc(len + 1);
	if (!v->table)
		return error_set(err, ENOMEM, "out of memory");
	rc = blk_pread(file, be64_get(h.table_off), v->table, len);
	if (rc == 0)
		return 0;
	free(v->table);
	return error_errno(err, -rc, "cannot read the VHD block table");
}

static int vpc_open(struct blk_node *node, json_t *options, struct error *err)
{
	struct footer f;
	uint32_t type;
	int rc = mapped_check_readonly(node, err);

	(void)options;
	rc = rc < 0 ? rc : read_footer(node->child[BLK_FILE], &f, err);
	if (rc < 0)
		return rc;
	node->size = disk_size(&f);
	if (node->size > INT64_MAX || node->size % BLK_SECTOR)
		return error_set(err, EINVAL, "the VHD disk size is wrong");
	type = be32_get(f.type);
	if (type == TYPE_DYNAMIC)
		return open_dynamic(node, be64_get(f.data_off), err);
	if (type != TYPE_FIXED)
		return error_set(err, ENOTSUP,
				 "VHD images of type %u are not supported; "
				 "fixed and dynamic ones are",
				 type);
	if (node->size > node->child[BLK_FILE]->size - sizeof(f))
		return error_set(err, EINVAL,
				 "the VHD file is shorter than its disk");
	return 0;
}

static void vpc_close(struct blk_node *node)
{
	struct vpc *v = node->state;

	free(v->table);
}

static void vpc_submit(struct blk_node *node, struct blk_req *req)
{
	mapped_submit(node, req, lookup);
}

static int vpc_status(struct blk_node *node, uint64_t off, uint64_t len,
		      struct blk_extent *ext)
{
	return mapped_status(node, off, len, ext, lookup);
}

static void vpc_info(struct blk_node *node, struct blk_info *info)
{
	const struct vpc *v = node->state;

	info->cluster_size = v->block_size;
}

const struct blk_driver blk_vpc = {
	.name = "vpc",
	.state_size = sizeof(struct vpc),
	.open = vpc_open,
	.close = vpc_close,
	.submit = vpc_submit,
	.status = vpc_status,
	.info = vpc_info,
};
