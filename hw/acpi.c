/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ACPI tables, put together: FACS, DSDT, FADT, MADT, HPET, SRAT, SLIT and
 * WAET in one file, RSDT and XSDT over them, RSDP in a file of its own, and the
 * script by which the firmware places and links them. ACPI Specification 6.4,
 * section 5.2.
 */
#include "hw/acpi.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hw/acpi_loader.h"
#include "hw/acpi_tables.h"

#define OEM_REVISION	 1
#define CREATOR_REVISION 1
#define TABLES_ALIGN	 64 /* what the FACS needs */
#define RSDP_ALIGN	 16
#define RSDP_REVISION	 2
#define RSDT_REVISION	 1
#define ROOT_TABLES_MAX	 8

/* Room that a usual machine does not outgrow. */
#define TABLES_ROOM	     (12u << 10)
#define CPU_ROOM	     128 /* for each processor besides */
#define LOADER_ROOM	     (8u << 10)

#define DEFAULT_OEM_ID	     "BOCHS"
#define DEFAULT_OEM_TABLE_ID "BXPC"

struct rsdp {
	uint8_t signature[8];
	uint8_t checksum; /* of what revision 0 had */
	uint8_t oem_id[ACPI_OEM_ID_LEN];
	uint8_t revision;
	le32 rsdt;
	le32 length;
	le64 xsdt;
	uint8_t extended_checksum;
	uint8_t reserved[3];
};

#define RSDP_LEN_0 offsetof(struct rsdp, length)

struct facs {
	uint8_t signature[4];
	le32 length;
	le32 hardware_signature, waking_vector, global_lock, flags;
	le64 waking_vector_64;
	uint8_t version;
	uint8_t reserved[31];
};

/* Lives as long as fw_cfg has the files. */
struct acpi {
	struct acpi_conf conf;
	struct blob tables;
};

void acpi_set_text(uint8_t *out, const char *text, size_t len)
{
	size_t n = strnlen(text, len);

	memcpy(out, text, n);
	memset(out + n, ' ', len - n);
}

size_t acpi_table_begin(struct acpi_image *image, const char *signature,
			uint8_t revision)
{
	const struct acpi_conf *conf = image->conf;
	size_t start = image->tables.len;
	struct acpi_header *h = blob_extend(&image->tables, sizeof(*h));
	const char *table_id =
		conf->oem_table_id ? conf->oem_table_id : DEFAULT_OEM_TABLE_ID;

	if (!h)
		return start;
	memcpy(h->signature, signature, sizeof(h->signature));
	h->revision = revision;
	acpi_set_text(h->oem_id, conf->oem_id ? conf->oem_id : DEFAULT_OEM_ID,
		      sizeof(h->oem_id));
	acpi_set_text(h->oem_table_id, table_id, sizeof(h->oem_table_id));
	h->oem_revision = le32_of(OEM_REVISION);
	acpi_set_text(h->creator_id, table_id, sizeof(h->creator_id));
	h->creator_revision = le32_of(CREATOR_REVISION);
	return start;
}

void acpi_table_end(struct acpi_image *image, size_t start)
{
	struct blob *b = &image->tables;
	size_t len = b->len - start;

	if (b->failed)
		return;
	store_le32(b->data + start + offsetof(struct acpi_header, length), len);
	acpi_loader_checksum(&image->loader, ACPI_FILE_TABLES,
			     start + offsetof(struct acpi_header, checksum),
			     start, len);
}

void acpi_table_pointer(struct acpi_image *image, size_t off, unsigned size,
			size_t table)
{
	le64 raw = le64_of(table);

	if (image->tables.failed)
		return;
	memcpy(image->tables.data + off, &raw, size);
	acpi_loader_pointer(&image->loader, ACPI_FILE_TABLES, off, size,
			    ACPI_FILE_TABLES);
}

static size_t add_facs(struct acpi_image *image)
{
	size_t start = image->tables.len;
	struct facs *facs = blob_extend(&image->tables, sizeof(*facs));

	if (facs) {
		memcpy(facs->signature, "FACS", sizeof(facs->signature));
		facs->length = le32_of(sizeof(*facs));
	}
	return start;
}

/* RSDT or XSDT: n pointers of size bytes. */
static size_t add_root(struct acpi_image *image, const char *signature,
		       unsigned size, const size_t *table, unsigned n)
{
	size_t start = acpi_table_begin(image, signature, RSDT_REVISION);
	size_t off = image->tables.len;
	unsigned i;

	blob_extend(&image->tables, n * size);
	for (i = 0; i < n; i++)
		acpi_table_pointer(image, off + i * size, size, table[i]);
	acpi_table_end(image, start);
	return start;
}

static void fill_rsdp(struct acpi_image *image, struct rsdp *rsdp, size_t rsdt,
		      size_t xsdt)
{
	const char *oem_id = image->conf->oem_id;
	struct blob *script = &image->loader;

	*rsdp = (struct rsdp){.revision = RSDP_REVISION};
	memcpy(rsdp->signature, "RSD PTR ", sizeof(rsdp->signature));
	acpi_set_text(rsdp->oem_id, oem_id ? oem_id : DEFAULT_OEM_ID,
		      sizeof(rsdp->oem_id));
	rsdp->rsdt = le32_of(rsdt);
	rsdp->length = le32_of(sizeof(*rsdp));
	rsdp->xsdt = le64_of(xsdt);
	acpi_loader_pointer(script, ACPI_FILE_RSDP, offsetof(struct rsdp, rsdt),
			    sizeof(rsdp->rsdt), ACPI_FILE_TABLES);
	acpi_loader_pointer(script, ACPI_FILE_RSDP, offsetof(struct rsdp, xsdt),
			    sizeof(rsdp->xsdt), ACPI_FILE_TABLES);
	acpi_loader_checksum(script, ACPI_FILE_RSDP,
			     offsetof(struct rsdp, checksum), 0, RSDP_LEN_0);
	acpi_loader_checksum(script, ACPI_FILE_RSDP,
			     offsetof(struct rsdp, extended_checksum), 0,
			     sizeof(*rsdp));
}

static void build_image(struct acpi_image *image, const struct acpi_conf *conf,
			struct rsdp *rsdp)
{
	size_t table[ROOT_TABLES_MAX], facs, dsdt, rsdt, xsdt;
	unsigned n = 0;

	image->conf = conf;
	blob_init(&image->tables, TABLES_ROOM + CPU_ROOM * conf->max_cpus);
	blob_init(&image->loader, LOADER_ROOM);
	acpi_loader_allocate(&image->loader, ACPI_FILE_RSDP, RSDP_ALIGN,
			     ACPI_ZONE_FSEG);
	acpi_loader_allocate(&image->loader, ACPI_FILE_TABLES, TABLES_ALIGN,
			     ACPI_ZONE_HIGH);
	facs = add_facs(image);
	dsdt = acpi_add_dsdt(image);
	table[n++] = acpi_add_fadt(image, facs, dsdt);
	table[n++] = acpi_add_madt(image);
	if (conf->hpet)
		table[n++] = acpi_add_hpet(image);
	if (acpi_has_numa(conf))
		table[n++] = acpi_add_srat(image);
	if (acpi_has_numa(conf) && conf->numa->has_distance)
		table[n++] = acpi_add_slit(image);
	table[n++] = acpi_add_waet(image);
	rsdt = add_root(image, "RSDT", sizeof(le32), table, n);
	xsdt = add_root(image, "XSDT", sizeof(le64), table, n);
	fill_rsdp(image, rsdp, rsdt, xsdt);
}

static void free_image(struct acpi_image *image)
{
	blob_fini(&image->tables);
	blob_fini(&image->loader);
}

/*
 * The firmware is about to read the tables.  Only numbers of fixed width
 * change, so the new image is as long as the old one.
 */
static void refresh(void *ctx)
{
	struct acpi *acpi = ctx;
	struct acpi_image image;
	struct rsdp rsdp;

	if (!acpi->conf.refresh)
		return;
	acpi->conf.refresh(acpi->conf.ctx, &acpi->conf);
	build_image(&image, &acpi->conf, &rsdp);
	if (!image.tables.failed && image.tables.len == acpi->tables.len)
		memcpy(acpi->tables.data, image.tables.data, image.tables.len);
	free_image(&image);
}

static void release(void *ctx)
{
	struct acpi *acpi = ctx;

	blob_fini(&acpi->tables);
	free(acpi);
}

/* Hands the tables to fw_cfg, which then owns them. */
static int publish_tables(const struct acpi_conf *conf, struct blob *tables,
			  struct fw_cfg *fw, struct error *err)
{
	struct acpi *acpi = malloc(sizeof(*acpi));
	struct fw_cfg_source src = {
		.data = tables->data,
		.len = tables->len,
		.select = refresh,
		.release = release,
		.ctx = acpi,
	};
	int rc;

	if (!acpi)
		return error_set(err, ENOMEM, "out of memory");
	acpi->conf = *conf;
	acpi->tables = *tables;
	rc = fw_cfg_add_file_source(fw, ACPI_FILE_TABLES, &src, err);
	if (rc < 0)
		free(acpi);
	else
		*tables = (struct blob){.data = NULL};
	return rc;
}

int acpi_build(const struct acpi_conf *conf, struct fw_cfg *fw,
	       struct error *err)
{
	struct acpi_image image;
	struct rsdp rsdp;
	int rc;

	build_image(&image, conf, &rsdp);
	if (image.tables.failed || image.loader.failed)
		rc = error_set(err, ENOMEM, "out of memory");
	else
		rc = fw_cfg_add_file(fw, ACPI_FILE_RSDP, &rsdp, sizeof(rsdp),
				     err);
	if (rc == 0)
		rc = fw_cfg_add_file(fw, ACPI_FILE_LOADER, image.loader.data,
				     image.loader.len, err);
	if (rc == 0)
		rc = publish_tables(conf, &image.tables, fw, err);
	free_image(&image);
	return rc;
}
