/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The virtual machine in the kernel: /dev/kvm, memory slots, time. */
#include "vmm/kvm.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmm/config.h"
#include "vmm/machine.h"
#include "vmm/vcpu.h"

#define KVM_DEVICE "/dev/kvm"

/* Three pages below the firmware that VMX needs for real mode. */
#define TSS_ADDR	  UINT64_C(0xfffbd000)
#define IDENTITY_MAP_ADDR UINT64_C(0xfeffc000)

#define CPUID_ENTRIES	  256
#define KVM_PAGE	  4096u

struct need {
	int cap;
	const char *name;
};

static const struct need needs[] = {
	{KVM_CAP_USER_MEMORY, "user memory slots"},
	{KVM_CAP_IRQCHIP, "in-kernel interrupt controllers"},
	{KVM_CAP_PIT2, "an in-kernel PIT"},
	{KVM_CAP_PIT_STATE2, "PIT state"},
	{KVM_CAP_IRQ_ROUTING, "interrupt routing"},
	{KVM_CAP_EXT_CPUID, "CPUID control"},
	{KVM_CAP_MP_STATE, "vCPU run states"},
	{KVM_CAP_VCPU_EVENTS, "vCPU events"},
	{KVM_CAP_IMMEDIATE_EXIT, "immediate exit (Linux 4.11)"},
	{KVM_CAP_READONLY_MEM, "read-only memory slots"},
	{KVM_CAP_IRQFD, "irqfd"},
	{KVM_CAP_IOEVENTFD, "ioeventfd"},
	{KVM_CAP_SIGNAL_MSI, "message-signalled interrupts"},
	{KVM_CAP_ADJUST_CLOCK, "clock adjustment"},
};

static int has(struct kvm *kvm, int cap)
{
	int rc = ioctl(kvm->sysfd, KVM_CHECK_EXTENSION, cap);

	return rc > 0 ? rc : 0;
}

static int open_denied(struct error *err)
{
	struct group *group = NULL;
	struct stat st;

	if (stat(KVM_DEVICE, &st) == 0 && st.st_gid != 0 &&
	    (st.st_mode & S_IRGRP) && (st.st_mode & S_IWGRP))
		group = getgrgid(st.st_gid);
	if (!group)
		return error_set(err, EACCES,
				 "cannot open " KVM_DEVICE
				 ": Permission denied; as root, give it to "
				 "the group kvm (chgrp kvm " KVM_DEVICE
				 "; chmod 660 " KVM_DEVICE ") and add the user "
				 "(adduser USER kvm)");
	return error_set(err, EACCES,
			 "cannot open " KVM_DEVICE ": Permission denied; "
			 "join the group %s (adduser USER %s) and log in again",
			 group->gr_name, group->gr_name);
}

static int open_device(struct kvm *kvm, struct error *err)
{
	kvm->sysfd = open(KVM_DEVICE, O_RDWR | O_CLOEXEC);
	if (kvm->sysfd >= 0)
		return 0;
	switch (errno) {
	case EACCES:
		return open_denied(err);
	case ENOENT:
	case ENODEV:
	case ENXIO:
		return error_set(err, errno,
				 "cannot open " KVM_DEVICE ": %s; load the "
				 "module kvm_intel or kvm_amd, and switch on "
				 "virtualisation in the firmware or cloud",
				 errno == ENOENT ? "there is no such device"
						 : "no KVM behind it");
	default:
		return error_errno(err, errno, "cannot open " KVM_DEVICE);
	}
}

static int check_needs(struct kvm *kvm, struct error *err)
{
	int version = ioctl(kvm->sysfd, KVM_GET_API_VERSION, 0);
	size_t i;

	if (version != KVM_API_VERSION)
		return error_set(err, ENOTSUP,
				 KVM_DEVICE ": API version %d, %d is needed",
				 version, KVM_API_VERSION);
	for (i = 0; i < sizeof(needs) / sizeof(*needs); i++)
		if (!has(kvm, needs[i].cap))
			return error_set(err, ENOTSUP,
					 KVM_DEVICE
					 ": this kernel's KVM has "
					 "no %s; a newer kernel is needed",
					 needs[i].name);
	return 0;
}

static uint32_t slot_flags(const struct gmem_range *range)
{
	return (range->readonly ? KVM_MEM_READONLY : 0) |
	       (gmem_watched(range->block) ? KVM_MEM_LOG_DIRTY_PAGES : 0);
}

static int set_slot(struct kvm *kvm, unsigned slot,
		    const struct gmem_range *range, uint64_t len)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot,
		.flags = slot_flags(range),
		.guest_phys_addr = range->base,
		.memory_size = len,
		.userspace_addr = (uintptr_t)range->block->host + range->off,
	};

	return ioctl(kvm->vmfd, KVM_SET_USER_MEMORY_REGION, &region) < 0
		       ? -errno
		       : 0;
}

/* The slot that shows a range, or nslots. */
static unsigned find_slot(const struct kvm *kvm, const struct gmem_range *range)
{
	unsigned i;

	for (i = 0; i < kvm->nslots; i++)
		if (kvm->slots[i].len && kvm->slots[i].base == range->base)
			break;
	return i;
}

/* What cannot be asked for counts as written. */
static void collect_slot(struct kvm *kvm, unsigned slot)
{
	const struct gmem_range *range = &kvm->slots[slot];
	struct kvm_dirty_log log = {.slot = slot};
	size_t pages = range->len / KVM_PAGE;
	uint64_t *bits = calloc((pages + 63) / 64, sizeof(*bits));

	log.dirty_bitmap = bits;
	if (bits && ioctl(kvm->vmfd, KVM_GET_DIRTY_LOG, &log) == 0)
		gmem_note(range->block, range->off / KVM_PAGE, bits, pages);
	else
		gmem_mark_dirty(range->block, range->off, range->len);
	free(bits);
}

static void slot_collect(struct gmem_listener *l,
			 const struct gmem_range *range)
{
	struct kvm *kvm = container_of(l, struct kvm, listener);
	unsigned slot = find_slot(kvm, range);

	if (slot < kvm->nslots && gmem_watched(range->block))
		collect_slot(kvm, slot);
}

/* KVM notes writes only of slots that somebody watches: it costs exits. */
static void slot_watch(struct gmem_listener *l, const struct gmem_range *range)
{
	struct kvm *kvm = container_of(l, struct kvm, listener);
	unsigned slot = find_slot(kvm, range);

	if (slot < kvm->nslots)
		set_slot(kvm, slot, range, range->len);
}

static void slot_del(struct gmem_listener *l, const struct gmem_range *range)
{
	struct kvm *kvm = container_of(l, struct kvm, listener);
	unsigned slot = find_slot(kvm, range);

	if (slot == kvm->nslots)
		return;
	if (gmem_watched(range->block))
		collect_slot(kvm, slot);
	set_slot(kvm, slot, range, 0);
	kvm->slots[slot].len = 0;
}

/*
 * Slots change under a running guest when it programs PAM or a BAR.  A slot
 * that KVM does not take is memory that the guest does not see: the machine
 * stops with that said.
 */
static void slot_add(struct gmem_listener *l, const struct gmem_range *range)
{
	struct kvm *kvm = container_of(l, struct kvm, listener);
	int rc = -ENOSPC;
	unsigned i;

	for (i = 0; i < kvm->nslots; i++)
		if (!kvm->slots[i].len) {
			rc = set_slot(kvm, i, range, range->len);
			break;
		}
	if (rc == 0) {
		kvm->slots[i] = *range;
		return;
	}
	log_warn("KVM refuses %s at 0x%llx: %s", range->block->name,
		 (unsigned long long)range->base, strerror(-rc));
	machine_request_stop(kvm->m, RUN_STATE_INTERNAL_ERROR);
}

/* Failures in ring 3 too, where KVM would inject #UD: we may know better. */
static void ask_for_failures(struct kvm *kvm)
{
	struct kvm_enable_cap cap = {
		.cap = KVM_CAP_EXIT_ON_EMULATION_FAILURE,
		.args[0] = 1,
	};

	if (has(kvm, KVM_CAP_EXIT_ON_EMULATION_FAILURE))
		ioctl(kvm->vmfd, KVM_ENABLE_CAP, &cap);
}

/*
 * The guest waits on the host's processors by itself: HLT, PAUSE, MWAIT and
 * C-states end no more in the kernel.
 */
static int let_guest_halt(struct kvm *kvm, struct error *err)
{
	struct kvm_enable_cap cap = {.cap = KVM_CAP_X86_DISABLE_EXITS};
	int exits = has(kvm, KVM_CAP_X86_DISABLE_EXITS);

	cap.args[0] = (unsigned)exits & KVM_X86_DISABLE_VALID_EXITS;
	if (cap.args[0] && ioctl(kvm->vmfd, KVM_ENABLE_CAP, &cap) == 0)
		return 0;
	return error_set(err, ENOTSUP,
			 "-overcommit cpu-pm=on: this host's KVM cannot let "
			 "guests halt its processors");
}

static int create_vm(struct kvm *kvm, struct error *err)
{
	uint64_t identity = IDENTITY_MAP_ADDR;

	do
		kvm->vmfd = ioctl(kvm->sysfd, KVM_CREATE_VM, 0);
	while (kvm->vmfd < 0 && errno == EINTR);
	if (kvm->vmfd < 0)
		return error_errno(err, errno, "KVM cannot create a VM");
	if (has(kvm, KVM_CAP_SET_IDENTITY_MAP_ADDR))
		ioctl(kvm->vmfd, KVM_SET_IDENTITY_MAP_ADDR, &identity);
	if (has(kvm, KVM_CAP_SET_TSS_ADDR))
		ioctl(kvm->vmfd, KVM_SET_TSS_ADDR, TSS_ADDR);
	ask_for_failures(kvm);
	if (kvm->m->config && kvm->m->config->overcommit.cpu_pm)
		return let_guest_halt(kvm, err);
	return 0;
}

static int read_limits(struct kvm *kvm, struct error *err)
{
	int size = ioctl(kvm->sysfd, KVM_GET_VCPU_MMAP_SIZE, 0);
	int slots = has(kvm, KVM_CAP_NR_MEMSLOTS);

	if (size < (int)sizeof(struct kvm_run))
		return error_set(err, EIO, KVM_DEVICE ": bad vCPU area size");
	kvm->run_size = (size_t)size;
	kvm->max_vcpus = (unsigned)has(kvm, KVM_CAP_MAX_VCPUS);
	if (!kvm->max_vcpus)
		kvm->max_vcpus = (unsigned)has(kvm, KVM_CAP_NR_VCPUS);
	kvm->ring_page = (unsigned)has(kvm, KVM_CAP_COALESCED_MMIO);
	kvm->nslots = slots > 0 && slots < 512 ? (unsigned)slots : 512;
	kvm->slots = calloc(kvm->nslots, sizeof(*kvm->slots));
	return kvm->slots ? 0 : error_set(err, ENOMEM, "out of memory");
}

int kvm_open(struct machine *m, struct error *err)
{
	struct kvm *kvm = calloc(1, sizeof(*kvm));
	int rc;

	if (!kvm)
		return error_set(err, ENOMEM, "out of memory");
	*kvm = (struct kvm){.m = m, .sysfd = -1, .vmfd = -1};
	m->kvm = kvm;
	if ((rc = open_device(kvm, err)) < 0 ||
	    (rc = check_needs(kvm, err)) < 0 ||
	    (rc = read_limits(kvm, err)) < 0 ||
	    (rc = create_vm(kvm, err)) < 0) {
		kvm_close(m);
		return rc;
	}
	kvm->listener.add = slot_add;
	kvm->listener.del = slot_del;
	kvm->listener.watch = slot_watch;
	kvm->listener.collect = slot_collect;
	gmem_listen(&m->gmem, &kvm->listener);
	return 0;
}

void kvm_close(struct machine *m)
{
	struct kvm *kvm = m->kvm;

	if (!kvm)
		return;
	if (kvm->listener.add)
		list_del(&kvm->listener.link);
	if (kvm->vmfd >= 0)
		close(kvm->vmfd);
	if (kvm->sysfd >= 0)
		close(kvm->sysfd);
	free(kvm->routing);
	free(kvm->slots);
	free(kvm);
	m->kvm = NULL;
}

struct kvm_cpuid2 *kvm_supported_cpuid(const struct kvm *kvm, struct error *err)
{
	struct kvm_cpuid2 *cpuid =
		calloc(1, sizeof(*cpuid) +
				  CPUID_ENTRIES * sizeof(cpuid->entries[0]));

	if (!cpuid) {
		error_set(err, ENOMEM, "out of memory");
		return NULL;
	}
	cpuid->nent = CPUID_ENTRIES;
	if (ioctl(kvm->sysfd, KVM_GET_SUPPORTED_CPUID, cpuid) < 0) {
		error_errno(err, errno, "KVM_GET_SUPPORTED_CPUID");
		free(cpuid);
		return NULL;
	}
	return cpuid;
}

/* struct kvm_msrs with room for one entry. */
union one_msr {
	struct kvm_msrs msrs;
	uint8_t room[sizeof(struct kvm_msrs) + sizeof(struct kvm_msr_entry)];
};

bool kvm_get_msr(int fd, uint32_t index, uint64_t *val)
{
	union one_msr msr = {.room = {0}};

	msr.msrs.nmsrs = 1;
	msr.msrs.entries[0].index = index;
	if (ioctl(fd, KVM_GET_MSRS, &msr) != 1)
		return false;
	*val = msr.msrs.entries[0].data;
	return true;
}

bool kvm_set_msr(int fd, uint32_t index, uint64_t val)
{
	union one_msr msr = {.room = {0}};

	msr.msrs.nmsrs = 1;
	msr.msrs.entries[0].index = index;
	msr.msrs.entries[0].data = val;
	return ioctl(fd, KVM_SET_MSRS, &msr) == 1;
}

int kvm_doorbell_add(struct kvm *kvm, const struct kvm_doorbell *bell)
{
	struct kvm_ioeventfd io = {
		.datamatch = bell->val,
		.addr = bell->addr,
		.len = bell->len,
		.fd = bell->eventfd,
		.flags = (bell->pio ? KVM_IOEVENTFD_FLAG_PIO : 0) |
			 (bell->match ? KVM_IOEVENTFD_FLAG_DATAMATCH : 0),
	};

	return ioctl(kvm->vmfd, KVM_IOEVENTFD, &io) < 0 ? -errno : 0;
}

int kvm_doorbell_del(struct kvm *kvm, const struct kvm_doorbell *bell)
{
	struct kvm_ioeventfd io = {
		.datamatch = bell->val,
		.addr = bell->addr,
		.len = bell->len,
		.fd = bell->eventfd,
		.flags = KVM_IOEVENTFD_FLAG_DEASSIGN |
			 (bell->pio ? KVM_IOEVENTFD_FLAG_PIO : 0) |
			 (bell->match ? KVM_IOEVENTFD_FLAG_DATAMATCH : 0),
	};

	return ioctl(kvm->vmfd, KVM_IOEVENTFD, &io) < 0 ? -errno : 0;
}

int kvm_coalesce(struct kvm *kvm, bool pio, uint64_t addr, uint32_t len)
{
	struct kvm_coalesced_mmio_zone zone = {.addr = addr,
					       .size = len,
					       .pio = pio};

	if (!kvm->ring_page || (pio && !has(kvm, KVM_CAP_COALESCED_PIO)))
		return 0; /* every write exits, which is right too */
	return ioctl(kvm->vmfd, KVM_REGISTER_COALESCED_MMIO, &zone) < 0 ? -errno
									: 0;
}

void kvm_drain_coalesced(struct kvm *kvm)
{
	const size_t max = ((size_t)sysconf(_SC_PAGESIZE) -
			    sizeof(struct kvm_coalesced_mmio_ring)) /
			   sizeof(struct kvm_coalesced_mmio);
	struct kvm_coalesced_mmio_ring *ring = kvm->ring;
	struct kvm_coalesced_mmio *e;
	uint32_t first;

	if (!ring)
		return;
	while ((first = ring->first) !=
	       __atomic_load_n(&ring->last, __ATOMIC_ACQUIRE)) {
		e = &ring->coalesced_mmio[first % max];
		bus_access(e->pio ? &kvm->m->io : &kvm->m->mem, NULL,
			   e->phys_addr, e->data, e->len <= 8 ? e->len : 8,
			   true);
		__atomic_store_n(&ring->first, (uint32_t)((first + 1) % max),
				 __ATOMIC_RELEASE);
	}
}

void kvm_stop_time(struct kvm *kvm)
{
	if (kvm->stopped)
		return;
	kvm->stopped = !ioctl(kvm->vmfd, KVM_GET_CLOCK, &kvm->clock) &&
		       !ioctl(kvm->vmfd, KVM_GET_PIT2, &kvm->pit_stopped);
}

void kvm_start_time(struct kvm *kvm)
{
	struct kvm_clock_data clock = {.clock = kvm->clock.clock};

	if (!kvm->stopped)
		return;
	kvm->stopped = false;
	ioctl(kvm->vmfd, KVM_SET_CLOCK, &clock);
	ioctl(kvm->vmfd, KVM_SET_PIT2, &kvm->pit_stopped);
}
