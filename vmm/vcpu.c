/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Virtual CPUs: threads, parking, reset. */
#include "vmm/vcpu.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "vmm/exit.h"
#include "vmm/finisher.h"
#include "vmm/kvm.h"
#include "vmm/machine.h"
#include "vmm/thread.h"

/* Interrupts a thread in KVM_RUN; its handler does nothing. */
#define SIG_KICK SIGUSR1

static void on_kick(int sig)
{
	(void)sig;
}

static void park_here(struct vcpu *vcpu)
{
	struct machine *m = vcpu->m;

	machine_lock(m);
	vcpu->parked = true;
	pthread_cond_broadcast(&m->park_cond);
	while (m->vcpus_held && !m->vcpus_end)
		pthread_cond_wait(&m->release_cond, &m->lock);
	vcpu->parked = false;
	vcpu->ran = true;
	machine_unlock(m);
}

/*
 * Enters the guest.  An exit for I/O is complete only when KVM has been
 * entered again, which immediate_exit makes return at once.
 */
static void run_guest(struct vcpu *vcpu)
{
	bool incomplete = false;
	int rc;

	for (;;) {
		if (!incomplete && atomic_load(&vcpu->m->vcpus_held))
			return;
		rc = ioctl(vcpu->fd, KVM_RUN, 0);
		if (rc == 0)
			incomplete = exit_handle(vcpu);
		else if (errno == EINTR || errno == EAGAIN)
			incomplete = false;
		else {
			exit_run_failed(vcpu, errno);
			incomplete = false;
		}
	}
}

static void *vcpu_thread(void *arg)
{
	struct vcpu *vcpu = arg;
	sigset_t kick;

	sigemptyset(&kick);
	sigaddset(&kick, SIG_KICK);
	pthread_sigmask(SIG_UNBLOCK, &kick, NULL);
	vcpu->tid = (int)syscall(SYS_gettid);
	while (!vcpu->m->vcpus_end) {
		park_here(vcpu);
		if (!vcpu->m->vcpus_end)
			run_guest(vcpu);
	}
	return NULL;
}

static int save_state(struct vcpu *vcpu, struct vcpu_state *s)
{
	if (ioctl(vcpu->fd, KVM_GET_REGS, &s->regs) < 0 ||
	    ioctl(vcpu->fd, KVM_GET_SREGS, &s->sregs) < 0 ||
	    ioctl(vcpu->fd, KVM_GET_DEBUGREGS, &s->debugregs) < 0 ||
	    ioctl(vcpu->fd, KVM_GET_VCPU_EVENTS, &s->events) < 0 ||
	    ioctl(vcpu->fd, KVM_GET_MP_STATE, &s->mp_state) < 0 ||
	    ioctl(vcpu->fd, KVM_GET_LAPIC, &s->lapic) < 0)
		return -errno;
	/* Hosts without XSAVE lack these two. */
	if (ioctl(vcpu->fd, KVM_GET_XSAVE, s->xsave) < 0 ||
	    ioctl(vcpu->fd, KVM_GET_XCRS, &s->xcrs) < 0)
		s->xcrs.nr_xcrs = 0;
	return 0;
}

/* Intel SDM volume 3, table 9-1, and what paravirtual guests registered. */
static const struct kvm_msr_entry msr_reset[] = {
	{.index = 0x174}, /* SYSENTER_CS */
	{.index = 0x175}, /* SYSENTER_ESP */
	{.index = 0x176}, /* SYSENTER_EIP */
	{.index = 0xc0000081}, /* STAR */
	{.index = 0xc0000082}, /* LSTAR */
	{.index = 0xc0000083}, /* CSTAR */
	{.index = 0xc0000084}, /* SF_MASK */
	{.index = 0xc0000102}, /* KERNEL_GS_BASE */
	{.index = 0xc0000103}, /* TSC_AUX */
	{.index = 0x277, .data = UINT64_C(0x0007040600070406)}, /* PAT */
	{.index = 0x2ff}, /* MTRR_DEF_TYPE */
	{.index = 0x6e0}, /* TSC_DEADLINE */
	{.index = 0x48}, /* SPEC_CTRL */
	{.index = 0xda0}, /* XSS */
	{.index = 0x11}, /* KVM_WALL_CLOCK */
	{.index = 0x12}, /* KVM_SYSTEM_TIME */
	{.index = 0x4b564d00}, /* KVM_WALL_CLOCK_NEW */
	{.index = 0x4b564d01}, /* KVM_SYSTEM_TIME_NEW */
	{.index = 0x4b564d02}, /* KVM_ASYNC_PF_EN */
	{.index = 0x4b564d03}, /* KVM_STEAL_TIME */
	{.index = 0x4b564d04}, /* KVM_PV_EOI_EN */
	{.index = 0x4b564d05, .data = 1}, /* KVM_POLL_CONTROL */
	{.index = 0x4b564d06}, /* KVM_ASYNC_PF_INT */
};

static void reset_msrs(struct vcpu *vcpu)
{
	size_t i;

	/* This host may not have all. */
	for (i = 0; i < sizeof(msr_reset) / sizeof(*msr_reset); i++)
		kvm_set_msr(vcpu->fd, msr_reset[i].index, msr_reset[i].data);
}

static void reset_one(struct vcpu *vcpu)
{
	struct vcpu_state *s = vcpu->birth;

	if (!vcpu->ran)
		return;
	ioctl(vcpu->fd, KVM_SET_SREGS, &s->sregs);
	ioctl(vcpu->fd, KVM_SET_REGS, &s->regs);
	if (s->xcrs.nr_xcrs) {
		ioctl(vcpu->fd, KVM_SET_XSAVE, s->xsave);
		ioctl(vcpu->fd, KVM_SET_XCRS, &s->xcrs);
	}
	ioctl(vcpu->fd, KVM_SET_DEBUGREGS, &s->debugregs);
	reset_msrs(vcpu);
	ioctl(vcpu->fd, KVM_SET_LAPIC, &s->lapic);
	ioctl(vcpu->fd, KVM_SET_VCPU_EVENTS, &s->events);
	ioctl(vcpu->fd, KVM_SET_MP_STATE, &s->mp_state);
	vcpu->ran = false;
}

void vcpus_reset(struct machine *m)
{
	unsigned i;

	for (i = 0; i < m->nvcpus; i++)
		reset_one(m->vcpus[i]);
}

static uint32_t signature(const struct kvm_cpuid2 *cpuid)
{
	uint32_t i;

	for (i = 0; i < cpuid->nent; i++)
		if (cpuid->entries[i].function == 1)
			return cpuid->entries[i].eax;
	return 0;
}

static int open_vcpu(struct vcpu *vcpu, const struct vcpu_setup *setup,
		     struct error *err)
{
	struct kvm *kvm = vcpu->m->kvm;
	int rc;

	vcpu->fd = ioctl(kvm->vmfd, KVM_CREATE_VCPU,
			 (unsigned long)setup->apic_id);
	if (vcpu->fd < 0)
		return error_errno(err, errno, "KVM cannot create vCPU %u",
				   vcpu->index);
	vcpu->run = mmap(NULL, kvm->run_size, PROT_READ | PROT_WRITE,
			 MAP_SHARED, vcpu->fd, 0);
	if (vcpu->run == MAP_FAILED) {
		vcpu->run = NULL;
		return error_errno(err, errno, "vCPU %u's shared area",
				   vcpu->index);
	}
	if (kvm->ring_page && !kvm->ring)
		kvm->ring = (void *)((uint8_t *)vcpu->run +
				     kvm->ring_page * sysconf(_SC_PAGESIZE));
	if (ioctl(vcpu->fd, KVM_SET_CPUID2, setup->cpuid) < 0)
		return error_errno(err, errno, "KVM refuses the CPUID");
	vcpu->birth = calloc(1, sizeof(*vcpu->birth));
	vcpu->finisher = finisher_new(vcpu);
	if (!vcpu->birth || !vcpu->finisher)
		return error_set(err, ENOMEM, "out of memory");
	rc = save_state(vcpu, vcpu->birth);
	if (rc < 0)
		return error_errno(err, -rc, "vCPU %u's state", vcpu->index);
	vcpu->birth->regs.rdx = signature(setup->cpuid);
	if (ioctl(vcpu->fd, KVM_SET_REGS, &vcpu->birth->regs) < 0)
		return error_errno(err, errno, "vCPU %u's registers",
				   vcpu->index);
	return 0;
}

static void free_vcpu(struct vcpu *vcpu)
{
	if (vcpu->run)
		munmap(vcpu->run, vcpu->m->kvm->run_size);
	if (vcpu->fd >= 0)
		close(vcpu->fd);
	free(vcpu->birth);
	finisher_free(vcpu->finisher);
	free(vcpu);
}

int vcpu_create(struct machine *m, const struct vcpu_setup *setup,
		struct error *err)
{
	struct vcpu **vcpus =
		realloc(m->vcpus, (m->nvcpus + 1) * sizeof(*vcpus));
	struct vcpu *vcpu;
	int rc;

	if (!vcpus)
		return error_set(err, ENOMEM, "out of memory");
	m->vcpus = vcpus;
	vcpu = calloc(1, sizeof(*vcpu));
	if (!vcpu)
		return error_set(err, ENOMEM, "out of memory");
	vcpu->m = m;
	vcpu->fd = -1;
	vcpu->index = m->nvcpus;
	vcpu->apic_id = setup->apic_id;
	rc = open_vcpu(vcpu, setup, err);
	if (rc < 0) {
		free_vcpu(vcpu);
		return rc;
	}
	m->vcpus[m->nvcpus++] = vcpu;
	return 0;
}

static int start_thread(struct vcpu *vcpu)
{
	char name[16];
	int rc;

	snprintf(name, sizeof(name), "CPU %u/KVM", vcpu->index);
	rc = thread_start(&vcpu->thread, name, vcpu_thread, vcpu);
	vcpu->started = !rc;
	return rc;
}

int vcpus_start(struct machine *m, struct error *err)
{
	struct sigaction act = {.sa_handler = on_kick};
	unsigned i;
	int rc = 0;

	m->vcpus_held = true;
	sigaction(SIG_KICK, &act, NULL);
	for (i = 0; i < m->nvcpus && !rc; i++)
		rc = start_thread(m->vcpus[i]);
	return rc ? error_errno(err, rc, "cannot start a vCPU's thread") : 0;
}

void vcpus_destroy(struct machine *m)
{
	unsigned i;

	machine_lock(m);
	m->vcpus_end = true;
	vcpus_hold(m);
	pthread_cond_broadcast(&m->release_cond);
	machine_unlock(m);
	for (i = 0; i < m->nvcpus; i++) {
		if (m->vcpus[i]->started)
			pthread_join(m->vcpus[i]->thread, NULL);
		free_vcpu(m->vcpus[i]);
	}
	free(m->vcpus);
	m->vcpus = NULL;
	m->nvcpus = 0;
	if (m->kvm)
		m->kvm->ring = NULL; /* was part of the first */
}

void vcpus_hold(struct machine *m)
{
	unsigned i;

	atomic_store(&m->vcpus_held, true);
	for (i = 0; i < m->nvcpus; i++) {
		if (!m->vcpus[i]->started)
			continue;
		m->vcpus[i]->run->immediate_exit = 1;
		pthread_kill(m->vcpus[i]->thread, SIG_KICK);
	}
}

static bool all_parked(const struct machine *m)
{
	unsigned i;

	for (i = 0; i < m->nvcpus; i++)
		if (m->vcpus[i]->started && !m->vcpus[i]->parked)
			return false;
	return true;
}

void vcpus_park(struct machine *m)
{
	vcpus_hold(m);
	while (!all_parked(m))
		pthread_cond_wait(&m->park_cond, &m->lock);
	if (m->kvm)
		kvm_drain_coalesced(m->kvm);
}

void vcpus_release(struct machine *m)
{
	unsigned i;

	for (i = 0; i < m->nvcpus; i++)
		m->vcpus[i]->run->immediate_exit = 0;
	atomic_store(&m->vcpus_held, false);
	pthread_cond_broadcast(&m->release_cond);
}

bool vcpus_inspect(struct machine *m)
{
	bool was_running = machine_running(m);

	vcpus_park(m);
	return was_running;
}

void vcpus_inspected(struct machine *m, bool was_running)
{
	if (was_running)
		vcpus_release(m);
}

int vcpu_get_regs(struct vcpu *vcpu, struct kvm_regs *regs,
		  struct kvm_sregs *sregs)
{
	if (ioctl(vcpu->fd, KVM_GET_REGS, regs) < 0 ||
	    ioctl(vcpu->fd, KVM_GET_SREGS, sregs) < 0)
		return -errno;
	return 0;
}

int vcpu_translate(struct vcpu *vcpu, uint64_t gva, uint64_t *gpa)
{
	struct kvm_translation tr = {.linear_address = gva};

	if (ioctl(vcpu->fd, KVM_TRANSLATE, &tr) < 0 || !tr.valid)
		return -EFAULT;
	*gpa = tr.physical_address;
	return 0;
}

bool vcpu_halted(struct vcpu *vcpu)
{
	struct kvm_mp_state state;

	return ioctl(vcpu->fd, KVM_GET_MP_STATE, &state) == 0 &&
	       state.mp_state == KVM_MP_STATE_HALTED;
}

int vcpus_nmi(struct machine *m, struct error *err)
{
	bool was_running = vcpus_inspect(m);
	int rc = 0;
	unsigned i;

	for (i = 0; i < m->nvcpus; i++)
		if (ioctl(m->vcpus[i]->fd, KVM_NMI, 0) < 0)
			rc = error_errno(err, errno, "KVM_NMI");
	vcpus_inspected(m, was_running);
	return rc;
}
