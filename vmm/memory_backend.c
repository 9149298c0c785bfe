/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory of the host for guest RAM: mmap(2), memfd_create(2), madvise(2),
 * mbind(2).
 */
#include "vmm/memory_backend.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <linux/mempolicy.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "vmm/gmem.h"
#include "vmm/host_memory.h"
#include "vmm/log.h"

#define PAGE		UINT64_C(4096)
#define MIB		(UINT64_C(1) << 20)
#define HUGE_PAGE	(UINT64_C(2) << 20) /* that the host makes by itself */
#define FILE_TEMPLATE	"/pcvm-ram-XXXXXX"
#define FILE_MODE	0644
#define HUGE_SIZE_SHIFT 26 /* MFD_HUGE_SHIFT */
#define MASK_BITS	(HOST_NODES_MAX + 1) /* mbind looks at one less */

const char *const memory_kind_names[] = {
	[MEMORY_RAM] = "memory-backend-ram",
	[MEMORY_FILE] = "memory-backend-file",
	[MEMORY_MEMFD] = "memory-backend-memfd",
};

/* What becomes of a backend while it is opened. */
struct opening {
	const struct memory_backend *b;
	int fd;
	char *created; /* the file's name, to take it back */
	uint64_t page;
	size_t len; /* b->size, in whole pages */
	uint8_t *host;
};

/* A folder gets a file that has no name. */
static int open_in_folder(const char *folder, struct error *err)
{
	size_t size = strlen(folder) + sizeof(FILE_TEMPLATE);
	char *name = malloc(size);
	int fd, rc;

	if (!name)
		return error_set(err, ENOMEM, "out of memory");
	snprintf(name, size, "%s" FILE_TEMPLATE, folder);
	fd = mkostemp(name, O_CLOEXEC);
	rc = errno;
	if (fd >= 0)
		unlink(name);
	free(name);
	return fd < 0 ? error_errno(err, rc, "cannot make a file in %s", folder)
		      : fd;
}

static int open_file(struct opening *o, struct error *err)
{
	const char *path = o->b->path;

	o->fd = open(path, O_RDWR | O_CLOEXEC);
	if (o->fd < 0 && errno == ENOENT) {
		o->fd = open(path, O_RDWR | O_CLOEXEC | O_CREAT | O_EXCL,
			     FILE_MODE);
		if (o->fd >= 0)
			o->created = strdup(path);
	} else if (o->fd < 0 && errno == EISDIR) {
		o->fd = open_in_folder(path, err);
		return o->fd < 0 ? o->fd : 0;
	}
	return o->fd < 0 ? error_errno(err, errno, "cannot open %s", path) : 0;
}

static uint64_t page_of(int fd)
{
	struct statfs fs;

	if (fstatfs(fd, &fs) == 0 && fs.f_type == HUGETLBFS_MAGIC)
		return (uint64_t)fs.f_bsize;
	return PAGE;
}

static size_t whole_pages(uint64_t size, uint64_t page)
{
	return (size + page - 1) & ~(page - 1);
}

/* A file that was empty gets its size; others keep theirs, if it will do. */
static int size_file(struct opening *o, struct error *err)
{
	const char *path = o->b->path;
	struct stat st;

	o->page = page_of(o->fd);
	o->len = whole_pages(o->b->size, o->page);
	if (fstat(o->fd, &st) < 0)
		return error_errno(err, errno, "%s", path);
	if (!S_ISREG(st.st_mode))
		return error_set(err, EINVAL, "%s: neither a file nor a folder",
				 path);
	if (st.st_size && (uint64_t)st.st_size < o->b->size)
		return error_set(err, EINVAL,
				 "%s: the file has %" PRIu64
				 " bytes, less than "
				 "the %" PRIu64 " of RAM; make it larger, or "
				 "empty it",
				 path, (uint64_t)st.st_size, o->b->size);
	if (!st.st_size && ftruncate(o->fd, (off_t)o->len) < 0)
		return error_errno(err, errno, "%s: cannot make it %zu MiB",
				   path, o->len / (size_t)MIB);
	return 0;
}

static unsigned huge_flags(uint64_t size)
{
	unsigned shift = size ? (unsigned)__builtin_ctzll(size) : 0;

	return MFD_HUGETLB | shift << HUGE_SIZE_SHIFT;
}

static int seal(struct opening *o, struct error *err)
{
	const int seals = F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL;

	if (!o->b->seal || fcntl(o->fd, F_ADD_SEALS, seals) == 0)
		return 0;
	return error_errno(err, errno, "seal=on");
}

static int open_memfd(struct opening *o, struct error *err)
{
	const struct memory_backend *b = o->b;
	unsigned flags = MFD_CLOEXEC | (b->seal ? MFD_ALLOW_SEALING : 0);
	struct host_hugepages pages;
	int rc;

	if (b->hugetlb) {
		rc = host_hugepages_find(b->huge_size, &pages, err);
		if (rc < 0)
			return rc;
		o->page = pages.size;
		flags |= huge_flags(b->huge_size);
		if (b->size % o->page)
			return error_set(err, EINVAL,
					 "size=%" PRIu64 " is no multiple of "
					 "the huge page's %" PRIu64,
					 b->size, o->page);
	}
	o->fd = memfd_create(b->id, flags);
	if (o->fd < 0 || ftruncate(o->fd, (off_t)o->len) < 0)
		return error_errno(err, errno, "cannot make a memfd");
	return seal(o, err);
}

static int open_fd(struct opening *o, struct error *err)
{
	const struct memory_backend *b = o->b;
	int rc;

	if (b->kind == MEMORY_FILE) {
		rc = open_file(o, err);
		return rc < 0 ? rc : size_file(o, err);
	}
	if (b->kind == MEMORY_MEMFD || b->share)
		return open_memfd(o, err);
	return 0;
}

static int explain_map(const struct opening *o, int code, struct error *err)
{
	if (o->page > PAGE && code == ENOMEM)
		return host_hugepages_explain(o->page, o->len, err);
	return error_errno(err, code, "cannot map %zu MiB of memory",
			   o->len / (size_t)MIB);
}

/* By itself, where the host makes huge pages of private memory. */
static bool may_be_huge(const struct opening *o)
{
	return !o->b->share && o->fd < 0;
}

/* Address space to choose an aligned part from, or NULL: any will do. */
static int find_place(const struct opening *o, uint8_t **place,
		      struct error *err)
{
	size_t align = o->b->align, head;
	uint8_t *p;

	if (may_be_huge(o) && align < HUGE_PAGE)
		align = HUGE_PAGE;

	*place = NULL;
	if (align <= o->page)
		return 0;
	p = mmap(NULL, o->len + align, PROT_NONE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		return error_errno(err, errno, "align=%zu", align);
	head = -(uintptr_t)p & (align - 1);
	if (head)
		munmap(p, head);
	munmap(p + head + o->len, align - head);
	*place = p + head;
	return 0;
}

static int map(struct opening *o, struct error *err)
{
	int flags = o->b->share ? MAP_SHARED : MAP_PRIVATE;
	uint8_t *place;
	int rc = find_place(o, &place, err);

	if (rc < 0)
		return rc;
	if (o->fd < 0)
		flags |= MAP_ANONYMOUS;
	if (!o->b->reserve)
		flags |= MAP_NORESERVE;
	if (place)
		flags |= MAP_FIXED;
	o->host = mmap(place, o->len, PROT_READ | PROT_WRITE, flags, o->fd, 0);
	if (o->host != MAP_FAILED)
		return 0;
	rc = errno;
	o->host = NULL;
	if (place)
		munmap(place, o->len);
	return explain_map(o, rc, err);
}

/* KSM merges private pages, and huge ones are worth most there, too. */
static int advise(const struct opening *o, struct error *err)
{
	const struct memory_backend *b = o->b;

	if (!b->dump)
		madvise(o->host, o->len, MADV_DONTDUMP);
	if (may_be_huge(o))
		madvise(o->host, o->len, MADV_HUGEPAGE);
	if (b->merge == 1 && (b->share || o->page > PAGE))
		log_warn("%s: merge=on has no effect: the host merges only "
			 "private memory on small pages",
			 b->id);
	if (!b->merge || b->share || o->page > PAGE ||
	    madvise(o->host, o->len, MADV_MERGEABLE) == 0 || b->merge == 2)
		return 0;
	return error_errno(err, errno,
			   "merge=on: this kernel cannot merge pages "
			   "(CONFIG_KSM)");
}

static int bind_policy(const struct opening *o, struct error *err)
{
	static const int modes[] = {
		[MEMORY_POLICY_DEFAULT] = MPOL_DEFAULT,
		[MEMORY_POLICY_PREFERRED] = MPOL_PREFERRED,
		[MEMORY_POLICY_BIND] = MPOL_BIND,
		[MEMORY_POLICY_INTERLEAVE] = MPOL_INTERLEAVE,
	};
	const struct memory_backend *b = o->b;
	int rc;

	if (b->policy == MEMORY_POLICY_DEFAULT)
		return 0;
	if (syscall(SYS_mbind, o->host, o->len, modes[b->policy],
		    b->host_nodes.word, MASK_BITS,
		    MPOL_MF_STRICT | MPOL_MF_MOVE) == 0)
		return 0;
	rc = errno;
	if (rc == EINVAL)
		return error_set(err, rc,
				 "host-nodes=: the host has not these nodes; "
				 "/sys/devices/system/node/online lists them");
	return error_errno(err, rc, "policy=%s",
			   memory_policy_names[b->policy]);
}

/* Pages of a shared file on a disk come back by being written there. */
static bool needs_free_memory(const struct opening *o)
{
	struct statfs fs;

	if (o->page > PAGE)
		return false;
	if (o->b->kind != MEMORY_FILE || !o->b->share)
		return true;
	return fstatfs(o->fd, &fs) == 0 && fs.f_type == TMPFS_MAGIC;
}

/* What is full says so here, and not by a signal. */
static int fill_file(const struct opening *o, struct error *err)
{
	int rc;

	if (o->fd < 0 || !o->b->share)
		return 0;
	do
		rc = fallocate(o->fd, 0, 0, (off_t)o->len);
	while (rc < 0 && errno == EINTR);
	if (rc == 0 || errno == EOPNOTSUPP)
		return 0;
	if (errno == ENOSPC && o->page > PAGE)
		return host_hugepages_explain(o->page, o->len, err);
	return error_errno(err, errno, "prealloc of %zu MiB",
			   o->len / (size_t)MIB);
}

static int preallocate(const struct opening *o, struct error *err)
{
	const struct memory_backend *b = o->b;
	int rc = 0;

	if (!b->prealloc)
		return 0;
	if (needs_free_memory(o))
		rc = host_memory_check_free(o->len, err);
	if (rc == 0)
		rc = fill_file(o, err);
	if (rc == 0)
		rc = host_memory_populate(o->host, o->len, o->page,
					  b->prealloc_threads, err);
	return rc;
}

static int prepare(struct opening *o, struct error *err)
{
	int rc = open_fd(o, err);

	if (rc == 0)
		rc = map(o, err);
	if (rc == 0)
		rc = advise(o, err);
	if (rc == 0)
		rc = bind_policy(o, err);
	return rc < 0 ? rc : preallocate(o, err);
}

static void undo(struct opening *o)
{
	if (o->host)
		munmap(o->host, o->len);
	if (o->fd >= 0)
		close(o->fd);
	if (o->created)
		unlink(o->created);
}

struct ram_block *memory_backend_open(const struct memory_backend *b,
				      struct gmem *gmem, struct error *err)
{
	struct opening o = {
		.b = b,
		.fd = -1,
		.page = PAGE,
		.len = whole_pages(b->size, PAGE),
	};
	struct ram_block *block = NULL;
	int rc = prepare(&o, err);

	if (rc == 0)
		block = gmem_block_adopt(gmem, b->id, o.fd, o.host,
					 whole_pages(b->size, PAGE), o.len,
					 err);
	if (!block)
		undo(&o);
	else
		block->discard = b->discard && b->share;
	free(o.created);
	return block;
}

bool memory_backend_is_zero(const struct memory_backend *b,
			    const struct ram_block *block)
{
	struct stat st;

	/* A file without blocks has only just been made. */
	return b->kind != MEMORY_FILE ||
	       (fstat(block->fd, &st) == 0 && st.st_blocks == 0);
}
