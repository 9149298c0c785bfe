/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ELF images of kernels: what to load where, and their notes. */
#include "hw/elf.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/endian.h"

#define NOTES_MAX  (1u << 20) /* bytes of notes that are looked through */
#define NOTE_ALIGN UINT64_C(4)

/* x86 is little-endian, and so is the host. */
union header {
	unsigned char ident[EI_NIDENT];
	Elf32_Ehdr h32;
	Elf64_Ehdr h64;
};

union segment {
	Elf32_Phdr p32;
	Elf64_Phdr p64;
};

bool elf_is(const struct boot_file *f)
{
	unsigned char ident[SELFMAG];

	return boot_file_has(f, 0, SELFMAG) &&
	       boot_file_read(f, 0, ident, SELFMAG, NULL) == 0 &&
	       !memcmp(ident, ELFMAG, SELFMAG);
}

static int not_for_us(struct error *err)
{
	return error_set(err, EINVAL,
			 "it is an ELF image, but no executable for a PC");
}

static int damaged(struct error *err)
{
	return error_set(err, EINVAL, "its ELF headers are damaged");
}

static int check_ident(const union header *h, unsigned type, unsigned machine,
		       struct error *err)
{
	bool is64 = h->ident[EI_CLASS] == ELFCLASS64;

	if (memcmp(h->ident, ELFMAG, SELFMAG) != 0 ||
	    h->ident[EI_DATA] != ELFDATA2LSB ||
	    (!is64 && h->ident[EI_CLASS] != ELFCLASS32) ||
	    (type != ET_EXEC && type != ET_DYN) ||
	    machine != (is64 ? EM_X86_64 : EM_386))
		return not_for_us(err);
	return 0;
}

static int read_header(struct elf *elf, uint64_t *phoff, unsigned *phnum,
		       struct error *err)
{
	union header h;
	size_t size;
	int rc = boot_file_read(elf->file, 0, h.ident, EI_NIDENT, err);

	if (rc < 0)
		return rc;
	elf->is64 = h.ident[EI_CLASS] == ELFCLASS64;
	size = elf->is64 ? sizeof(h.h64) : sizeof(h.h32);
	rc = boot_file_read(elf->file, 0, &h, size, err);
	if (rc < 0)
		return rc;
	if (!elf->is64) {
		elf->entry = h.h32.e_entry;
		*phoff = h.h32.e_phoff;
		*phnum = h.h32.e_phnum;
		return check_ident(&h, h.h32.e_type, h.h32.e_machine, err);
	}
	elf->entry = h.h64.e_entry;
	*phoff = h.h64.e_phoff;
	*phnum = h.h64.e_phnum;
	return check_ident(&h, h.h64.e_type, h.h64.e_machine, err);
}

static uint32_t decode(const struct elf *elf, const union segment *raw,
		       struct elf_segment *s)
{
	if (elf->is64) {
		*s = (struct elf_segment){raw->p64.p_offset, raw->p64.p_filesz,
					  raw->p64.p_memsz, raw->p64.p_paddr,
					  raw->p64.p_vaddr};
		return raw->p64.p_type;
	}
	*s = (struct elf_segment){raw->p32.p_offset, raw->p32.p_filesz,
				  raw->p32.p_memsz, raw->p32.p_paddr,
				  raw->p32.p_vaddr};
	return raw->p32.p_type;
}

static int add_segment(struct elf *elf, uint32_t type,
		       const struct elf_segment *s, struct error *err)
{
	struct elf_segment *list = type == PT_LOAD ? elf->load : elf->note;
	unsigned *n = type == PT_LOAD ? &elf->nload : &elf->nnote;

	if (type != PT_LOAD && type != PT_NOTE)
		return 0;
	if (type == PT_LOAD && !s->mem_len)
		return 0;
	if (*n == ELF_SEGMENTS_MAX ||
	    !boot_file_has(elf->file, s->off, s->file_len) ||
	    (type == PT_LOAD &&
	     (s->file_len > s->mem_len || s->mem_len > UINT64_MAX - s->paddr ||
	      s->mem_len > UINT64_MAX - s->vaddr)))
		return damaged(err);
	list[(*n)++] = *s;
	return 0;
}

int elf_open(struct elf *elf, const struct boot_file *f, struct error *err)
{
	size_t size;
	union segment raw;
	struct elf_segment s;
	uint64_t phoff;
	unsigned phnum, i;
	uint32_t type;
	int rc;

	*elf = (struct elf){.file = f};
	rc = read_header(elf, &phoff, &phnum, err);
	if (rc < 0)
		return rc;
	size = elf->is64 ? sizeof(raw.p64) : sizeof(raw.p32);
	if (!boot_file_has(f, phoff, phnum * size))
		return damaged(err);
	for (i = 0; i < phnum && rc == 0; i++) {
		rc = boot_file_read(f, phoff + i * size, &raw, size, err);
		if (rc < 0)
			return rc;
		type = decode(elf, &raw, &s);
		rc = add_segment(elf, type, &s, err);
	}
	if (rc == 0 && !elf->nload)
		rc = error_set(err, EINVAL,
			       "it is an ELF image with nothing to load");
	return rc;
}

uint64_t elf_first(const struct elf *elf)
{
	uint64_t first = UINT64_MAX;
	unsigned i;

	for (i = 0; i < elf->nload; i++)
		if (elf->load[i].paddr < first)
			first = elf->load[i].paddr;
	return first;
}

uint64_t elf_end(const struct elf *elf)
{
	uint64_t end = 0;
	unsigned i;

	for (i = 0; i < elf->nload; i++)
		if (elf->load[i].paddr + elf->load[i].mem_len > end)
			end = elf->load[i].paddr + elf->load[i].mem_len;
	return end;
}

uint64_t elf_physical(const struct elf *elf, uint64_t addr)
{
	unsigned i;

	for (i = 0; i < elf->nload; i++)
		if (addr - elf->load[i].vaddr < elf->load[i].mem_len)
			return addr - elf->load[i].vaddr + elf->load[i].paddr;
	return addr;
}

int elf_load(const struct elf *elf, struct boot_memory *mem, uint64_t shift,
	     struct error *err)
{
	const struct elf_segment *s;
	int rc = 0;

	for (s = elf->load; s < elf->load + elf->nload && rc == 0; s++) {
		rc = boot_memory_take(mem, s->paddr + shift, s->mem_len,
				      "the kernel", err);
		if (rc == 0)
			rc = boot_memory_read(mem, s->paddr + shift, elf->file,
					      s->off, s->file_len, err);
		if (rc == 0)
			boot_memory_zero(mem, s->paddr + shift + s->file_len,
					 s->mem_len - s->file_len);
	}
	return rc;
}

static uint64_t padded(uint32_t len)
{
	return (len + NOTE_ALIGN - 1) & ~(NOTE_ALIGN - 1);
}

/* data[0..len) are notes; returns 0, -ENOENT or -EINVAL. */
static int search(const uint8_t *data, uint64_t len, const char *name,
		  uint32_t type, uint64_t *value)
{
	uint64_t at = 0, name_len, desc_len;
	Elf32_Nhdr h;

	while (len - at >= sizeof(h)) {
		memcpy(&h, data + at, sizeof(h));
		at += sizeof(h);
		name_len = padded(h.n_namesz);
		desc_len = padded(h.n_descsz);
		if (name_len > len - at || desc_len > len - at - name_len)
			return -EINVAL;
		if (h.n_type == type && h.n_namesz == strlen(name) + 1 &&
		    !memcmp(data + at, name, h.n_namesz)) {
			if (h.n_descsz != sizeof(le32) &&
			    h.n_descsz != sizeof(le64))
				return -EINVAL;
			data += at + name_len;
			*value = h.n_descsz == sizeof(le32) ? load_le32(data)
							    : load_le64(data);
			return 0;
		}
		at += name_len + desc_len;
	}
	return -ENOENT;
}

int elf_find_note(const struct elf *elf, const char *name, uint32_t type,
		  uint64_t *value, struct error *err)
{
	const struct elf_segment *s;
	uint8_t *notes;
	int rc = -ENOENT;

	for (s = elf->note; s < elf->note + elf->nnote && rc == -ENOENT; s++) {
		if (s->file_len > NOTES_MAX)
			return damaged(err);
		notes = boot_file_copy(elf->file, s->off, s->file_len, err);
		if (!notes)
			return -err->code;
		rc = search(notes, s->file_len, name, type, value);
		free(notes);
	}
	return rc == -EINVAL ? damaged(err) : rc;
}
