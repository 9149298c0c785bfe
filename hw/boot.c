/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kernels that are booted directly: which kind they are, and their files. */
#include "hw/boot.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MIB (UINT64_C(1) << 20)

/* Some images are of several kinds: the first that knows it has it. */
static const struct boot_loader *const loaders[] = {
	&boot_linux,
	&boot_multiboot,
	&boot_multiboot2,
	&boot_pvh,
};

#define LOADERS (sizeof(loaders) / sizeof(*loaders))

static int add_module(struct boot_image *img, const char *name, char *text,
		      struct error *err)
{
	struct boot_module *module = &img->module[img->nmodules];
	int rc = boot_file_open(&module->file, "-initrd", name, err);

	if (rc < 0) {
		free(text);
		return rc;
	}
	module->text = text;
	img->nmodules++;
	return 0;
}

/* Ends at a comma; two of them are one that belongs to the text. */
static const char *take_entry(const char *list, char *out)
{
	for (; *list; list++) {
		if (*list == ',' && *++list != ',')
			break;
		*out++ = *list;
	}
	*out = 0;
	return list;
}

static int add_entry(struct boot_image *img, char *text, struct error *err)
{
	char *name;
	int rc;

	if (img->nmodules == BOOT_MODULES_MAX) {
		free(text);
		return error_set(err, E2BIG, "-initrd: the most is %d modules",
				 BOOT_MODULES_MAX);
	}
	name = strndup(text, strcspn(text, " "));
	if (!name) {
		free(text);
		return error_set(err, ENOMEM, "out of memory");
	}
	rc = add_module(img, name, text, err);
	free(name);
	return rc;
}

/* "file arguments,file arguments" */
static int add_list(struct boot_image *img, const char *list, struct error *err)
{
	int rc = 0;

	do {
		char *text = malloc(strlen(list) + 1);

		if (!text)
			return error_set(err, ENOMEM, "out of memory");
		list = take_entry(list, text);
		rc = add_entry(img, text, err);
	} while (rc == 0 && *list);
	return rc;
}

int boot_image_recognise(struct boot_image *img, struct error *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < LOADERS && rc == 0; i++) {
		img->loader = loaders[i];
		rc = img->loader->probe(img, err);
	}
	if (rc > 0)
		return 0;
	if (rc == 0)
		rc = error_set(err, EINVAL,
			       "it is no kernel: neither Linux's bzImage nor "
			       "an ELF image for PVH nor multiboot");
	return rc;
}

int boot_image_open(struct boot_image *img, const char *kernel,
		    const char *initrd, const char *append, struct error *err)
{
	int rc;

	*img = (struct boot_image){.kernel_name = kernel,
				   .append = append ? append : ""};
	rc = boot_file_open(&img->kernel, "-kernel", kernel, err);
	if (rc < 0)
		return rc;
	rc = boot_image_recognise(img, err);
	if (rc < 0)
		error_prefix(err, "-kernel %s", kernel);
	else if (initrd && img->loader->modules)
		rc = add_list(img, initrd, err);
	else if (initrd)
		rc = add_module(img, initrd, NULL, err);
	if (rc < 0)
		boot_image_close(img);
	return rc;
}

void boot_image_close(struct boot_image *img)
{
	while (img->nmodules) {
		struct boot_module *module = &img->module[--img->nmodules];

		boot_file_close(&module->file);
		free(module->text);
	}
	boot_file_close(&img->kernel);
}

int boot_take_low(struct boot_memory *mem, uint64_t len, uint64_t align,
		  gpa_t *gpa, struct error *err)
{
	*gpa = boot_memory_take_low(mem, len, align, BOOT_LOW_FIRST,
				    BOOT_LOW_END);
	if (*gpa != BOOT_NOWHERE)
		return 0;
	return error_set(err, ENOMEM,
			 "the kernel leaves no memory below 640 KiB for what "
			 "it is told");
}

int boot_put_low(struct boot_memory *mem, const void *data, size_t len,
		 gpa_t *gpa, struct error *err)
{
	int rc = boot_take_low(mem, len, sizeof(uint64_t), gpa, err);

	if (rc == 0)
		boot_memory_write(mem, *gpa, data, len);
	return rc;
}

static int no_room(const struct boot_file *f, gpa_t end, struct error *err)
{
	uint64_t mib = (f->size + MIB - 1) / MIB;
	const char *name = f->name ? f->name : "";

	if (end > BOOT_4G)
		return error_set(err, ENOMEM,
				 "-initrd %s: RAM has no room for its %" PRIu64
				 " MiB: -m should say more",
				 name, mib);
	return error_set(err, ENOMEM,
			 "-initrd %s: RAM has no room for its %" PRIu64
			 " MiB where the kernel can take them, below %" PRIu64
			 " MiB",
			 name, mib, end / MIB);
}

int boot_put_module(const struct boot_module *module, struct boot_memory *mem,
		    gpa_t end, gpa_t *gpa, struct error *err)
{
	const struct boot_file *f = &module->file;

	*gpa = boot_memory_take_high(mem, f->size, BOOT_MODULE_PAGE, BOOT_HIGH,
				     end);
	if (*gpa == BOOT_NOWHERE)
		return no_room(f, end, err);
	return boot_memory_read(mem, *gpa, f, 0, f->size, err);
}

int boot_image_load(const struct boot_image *img, struct boot_memory *mem,
		    const struct boot_firmware *fw, struct vcpu_entry *entry,
		    struct error *err)
{
	int rc;

	*entry = (struct vcpu_entry){.mode = VCPU_FLAT32};
	rc = img->loader->load(img, mem, fw, entry, err);
	if (rc == 0 && entry->rip > UINT32_MAX)
		rc = error_set(err, EINVAL,
			       "-kernel %s: its entry is above 4 GiB",
			       img->kernel_name);
	if (rc == 0)
		rc = boot_take_low(mem, VCPU_TABLES_SIZE, BOOT_MODULE_PAGE,
				   &entry->tables, err);
	if (rc == 0)
		vcpu_tables_fill(mem->gmem, entry);
	return rc;
}
