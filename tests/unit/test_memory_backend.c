/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory backends, as the kernel sees what they allocated: proc(5). */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/unit.h"
#include "vmm/gmem.h"
#include "vmm/host_memory.h"
#include "vmm/memory_backend.h"

#define MIB  (UINT64_C(1) << 20)
#define SIZE (4 * MIB)

static struct gmem gmem;
static struct error err;
static char dir[] = "/dev/shm/pcvm-test-XXXXXX", path[sizeof(dir) + 8];

static struct memory_backend usual(void)
{
	return (struct memory_backend){
		.id = (char *)"mem",
		.size = SIZE,
		.dump = true,
		.reserve = true,
		.prealloc_threads = 1,
	};
}

static struct memory_backend file(void)
{
	struct memory_backend b = usual();

	b.kind = MEMORY_FILE;
	b.path = path;
	return b;
}

static struct ram_block *open_it(const struct memory_backend *b)
{
	struct ram_block *block;

	err = (struct error){0};
	block = memory_backend_open(b, &gmem, &err);
	ck_assert_msg(block != NULL, "%s", err.msg);
	ck_assert_uint_eq(block->size, b->size);
	ck_assert_str_eq(block->name, b->id);
	return block;
}

static void refuse(const struct memory_backend *b, const char *words)
{
	err = (struct error){0};
	ck_assert_ptr_null(memory_backend_open(b, &gmem, &err));
	ck_assert_int_gt(err.code, 0);
	ck_assert_msg(strstr(err.msg, words) != NULL, "%s", err.msg);
	ck_assert(list_empty(&gmem.blocks));
}

static void begin(void)
{
	ck_assert(!gmem_init(&gmem, &err));
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/ram", dir);
}

static void end(void)
{
	gmem_fini(&gmem);
	unlink(path);
	ck_assert_msg(rmdir(dir) == 0, "files are left over in %s", dir);
}

/* The line of smaps about block that begins with key; "" for none. */
static const char *smaps(const struct ram_block *block, const char *key)
{
	static char line[512];
	char start[32];
	bool ours = false;
	FILE *f = fopen("/proc/self/smaps", "re");

	ck_assert_ptr_nonnull(f);
	snprintf(start, sizeof(start), "%" PRIxPTR "-", (uintptr_t)block->host);
	while (fgets(line, sizeof(line), f)) {
		if (!strncmp(line, start, strlen(start)))
			ours = true;
		else if (ours && !strncmp(line, key, strlen(key)))
			break;
	}
	if (feof(f))
		*line = 0;
	fclose(f);
	return line;
}

static uint64_t resident(const struct ram_block *block)
{
	uint64_t kib = 0;

	sscanf(smaps(block, "Rss:"), "Rss: %" SCNu64, &kib);
	return kib << 10;
}

static bool has_flag(const struct ram_block *block, const char *flag)
{
	return strstr(smaps(block, "VmFlags:"), flag) != NULL;
}

START_TEST(private_memory)
{
	struct memory_backend b = usual();
	struct ram_block *block;

	begin();
	block = open_it(&b);
	ck_assert_int_eq(block->fd, -1);
	ck_assert_uint_eq(resident(block), 0);
	ck_assert_uint_eq(block->host[SIZE - 1], 0);
	ck_assert(!has_flag(block, " sh") && !has_flag(block, " dd"));
	ck_assert(!has_flag(block, " mg") && !has_flag(block, " nr"));
	ck_assert(memory_backend_is_zero(&b, block));
	end();
}
END_TEST

START_TEST(shared_memory_is_another_process_s_too)
{
	struct memory_backend b = usual();
	struct ram_block *block;
	uint8_t *other;

	begin();
	b.share = true;
	b.reserve = false;
	block = open_it(&b);
	ck_assert(has_flag(block, " sh") && has_flag(block, " nr"));
	other = mmap(NULL, SIZE, PROT_READ, MAP_SHARED, block->fd, 0);
	block->host[5] = 0x5a;
	ck_assert_uint_eq(other[5], 0x5a);
	munmap(other, SIZE);
	end();
}
END_TEST

START_TEST(prealloc_takes_every_page)
{
	static const unsigned threads[] = {1, 3, 256};
	struct memory_backend b = usual();
	struct ram_block *block;
	unsigned i;

	for (i = 0; i < 2 * 3; i++) {
		begin();
		b.prealloc = true;
		b.share = i % 2;
		b.prealloc_threads = threads[i / 2];
		block = open_it(&b);
		ck_assert_uint_eq(resident(block), SIZE);
		end();
		memcpy(dir + sizeof(dir) - 7, "XXXXXX", 6);
	}
}
END_TEST

START_TEST(prealloc_keeps_what_a_file_has)
{
	struct memory_backend b = file();
	uint8_t page[4096];
	FILE *f;

	begin();
	f = fopen(path, "we");
	memset(page, 0xa5, sizeof(page));
	ck_assert_uint_eq(fwrite(page, 1, sizeof(page), f), sizeof(page));
	fclose(f);
	ck_assert_int_eq(truncate(path, SIZE), 0);
	b.prealloc = true;
	b.share = true;
	ck_assert_uint_eq(open_it(&b)->host[100], 0xa5);
	b.share = false;
	ck_assert_uint_eq(open_it(&b)->host[100], 0xa5);
	end();
}
END_TEST

START_TEST(prealloc_of_more_than_there_is)
{
	struct memory_backend b = usual();

	begin();
	b.prealloc = true;
	b.reserve = false;
	b.size = UINT64_C(1) << 45;
	refuse(&b, "asked for at once; the host has");
	end();
}
END_TEST

START_TEST(merging_and_dumps)
{
	struct memory_backend b = usual();
	struct ram_block *block;

	begin();
	b.merge = 2;
	b.dump = false;
	block = open_it(&b);
	ck_assert(has_flag(block, " dd"));
	/* A kernel without KSM is none to test this on. */
	ck_assert(has_flag(block, " mg") ||
		  access("/sys/kernel/mm/ksm", F_OK) < 0);
	b.share = true;
	ck_assert(!has_flag(open_it(&b), " mg"));
	end();
}
END_TEST

static uint64_t blocks(void)
{
	struct stat st;

	ck_assert_int_eq(stat(path, &st), 0);
	return (uint64_t)st.st_blocks;
}

START_TEST(shared_files_keep_what_is_written)
{
	struct memory_backend b = file();
	struct ram_block *block;
	struct stat st;

	begin();
	b.share = true;
	block = open_it(&b);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_size, SIZE);
	ck_assert(memory_backend_is_zero(&b, block));
	block->host[7] = 7;
	ck_assert_uint_gt(blocks(), 0);
	gmem_block_free(&gmem, block);
	block = open_it(&b);
	ck_assert(!memory_backend_is_zero(&b, block));
	ck_assert_uint_eq(block->host[7], 7);
	gmem_block_free(&gmem, block);
	/* Private: the file stays as it is. */
	b.share = false;
	block = open_it(&b);
	block->host[7] = 8;
	gmem_block_free(&gmem, block);
	ck_assert_uint_eq(open_it(&b)->host[7], 7);
	end();
}
END_TEST

START_TEST(discarded_files_are_empty)
{
	struct memory_backend b = file();
	struct ram_block *block;

	begin();
	b.share = true;
	b.discard = true;
	block = open_it(&b);
	memset(block->host, 1, SIZE);
	ck_assert_uint_gt(blocks(), 0);
	gmem_block_free(&gmem, block);
	ck_assert_uint_eq(blocks(), 0);
	/* What was private was not the file's. */
	open_it(&b)->host[3] = 3;
	b.share = false;
	gmem_block_free(&gmem, open_it(&b));
	ck_assert_uint_gt(blocks(), 0);
	end();
}
END_TEST

START_TEST(folders_get_files_without_names)
{
	struct memory_backend b = file();
	struct ram_block *block;

	begin();
	b.path = dir;
	b.share = true;
	block = open_it(&b);
	block->host[0] = 1;
	ck_assert_int_ge(block->fd, 0);
	end(); /* where the folder is empty */
}
END_TEST

START_TEST(files_that_are_refused)
{
	struct memory_backend b = file();

	begin();
	b.path = (char *)"/nonexistent/ram";
	refuse(&b, "cannot open /nonexistent/ram: No such file");
	b.path = (char *)"/dev/null";
	refuse(&b, "neither a file nor a folder");
	b.path = path;
	close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	ck_assert_int_eq(truncate(path, SIZE - 1), 0);
	refuse(&b, "the file has 4194303 bytes, less than the 4194304");
	ck_assert_int_eq(truncate(path, SIZE + 1), 0);
	open_it(&b);
	end();
}
END_TEST

/* What a failure had made is gone again. */
START_TEST(no_file_is_left_by_a_failure)
{
	struct memory_backend b = file();

	begin();
	b.policy = MEMORY_POLICY_BIND;
	b.host_nodes.word[1] = UINT64_C(1) << 63;
	refuse(&b, "the host has not these nodes");
	ck_assert_int_lt(access(path, F_OK), 0);
	end();
}
END_TEST

START_TEST(addresses_are_aligned)
{
	struct memory_backend b = file();
	uint64_t align;

	begin();
	for (align = 1; align <= 1024 * MIB; align *= 2) {
		b.align = align;
		ck_assert_uint_eq((uintptr_t)open_it(&b)->host % align, 0);
	}
	b.align = UINT64_C(1) << 52;
	ck_assert_ptr_null(memory_backend_open(&b, &gmem, &err));
	end();
}
END_TEST

START_TEST(sealed_memfds_keep_their_size)
{
	struct memory_backend b = usual();
	struct ram_block *block;

	begin();
	b.kind = MEMORY_MEMFD;
	b.share = true;
	b.seal = true;
	block = open_it(&b);
	ck_assert_int_lt(ftruncate(block->fd, 0), 0);
	ck_assert_int_eq(errno, EPERM);
	b.seal = false;
	block = open_it(&b);
	ck_assert_int_eq(ftruncate(block->fd, 2 * SIZE), 0);
	end();
}
END_TEST

/* The policy's word in numa_maps: "bind:0". */
static void check_policy(const struct ram_block *block, const char *want)
{
	char line[512], start[32];
	FILE *f = fopen("/proc/self/numa_maps", "re");
	bool found = false;

	snprintf(start, sizeof(start), "%" PRIxPTR " ", (uintptr_t)block->host);
	while (f && fgets(line, sizeof(line), f) && !found)
		found = !strncmp(line, start, strlen(start)) &&
			strstr(line, want) != NULL;
	if (f)
		fclose(f);
	/* A kernel without NUMA has no such file. */
	ck_assert_msg(!f || found, "%s", want);
}

START_TEST(policies)
{
	static const struct {
		int policy;
		const char *word;
	} cases[] = {
		{MEMORY_POLICY_BIND, "bind:0"},
		{MEMORY_POLICY_PREFERRED, "prefer:0"},
		{MEMORY_POLICY_INTERLEAVE, "interleave:0"},
	};
	struct memory_backend b = usual();
	size_t i;

	begin();
	check_policy(open_it(&b), "default");
	b.host_nodes.word[0] = 1;
	for (i = 0; i < 3; i++) {
		b.policy = cases[i].policy;
		b.prealloc = i;
		check_policy(open_it(&b), cases[i].word);
	}
	end();
}
END_TEST

/* With free pages it works, and without it says how to get them. */
START_TEST(huge_pages)
{
	struct memory_backend b = usual();
	struct host_hugepages pages;
	char want[64];

	begin();
	b.kind = MEMORY_MEMFD;
	b.share = true;
	b.hugetlb = true;
	b.huge_size = 4 * MIB;
	refuse(&b, "the host has not 4M; its sizes: ");
	b.huge_size = 0;
	if (host_hugepages_find(0, &pages, &err) < 0) {
		end();
		return;
	}
	b.size = pages.size * (pages.free + 1);
	snprintf(want, sizeof(want),
		 "%" PRIu64 " of %" PRIu64 "M are needed, and %" PRIu64 " of",
		 pages.free + 1, pages.size / MIB, pages.free);
	refuse(&b, want);
	b.size = pages.size + 4096;
	refuse(&b, "no multiple of the huge page's");
	b.size = pages.size;
	b.prealloc = true;
	if (pages.free)
		ck_assert(has_flag(open_it(&b), " ht"));
	end();
}
END_TEST

UNIT_MAIN("memory backend", private_memory,
	  shared_memory_is_another_process_s_too, prealloc_takes_every_page,
	  prealloc_keeps_what_a_file_has, prealloc_of_more_than_there_is,
	  merging_and_dumps, shared_files_keep_what_is_written,
	  discarded_files_are_empty, folders_get_files_without_names,
	  files_that_are_refused, no_file_is_left_by_a_failure,
	  addresses_are_aligned, sealed_memfds_keep_their_size, policies,
	  huge_pages)
