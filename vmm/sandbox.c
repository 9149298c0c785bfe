/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A filter of system calls, as a program for the kernel: Linux,
 * userspace-api/seccomp_filter.rst.
 *
 * It denies what is listed and allows the rest.  A call that nothing in here
 * has a reason to make ends the process.  Starting programs and asking for
 * priority fail with EPERM: the monitor's commands may lead there.
 */
#include "vmm/sandbox.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#define X32		0x40000000u /* calls of that ABI have this bit */

#define FAIL_WITH(code) (SECCOMP_RET_ERRNO | (code))

enum kind { ALWAYS, OBSOLETE, ELEVATE, SPAWN, RESOURCE };

static const struct {
	uint16_t nr;
	enum kind kind;
} denied[] = {
	{SYS_acct, ALWAYS},
	{SYS_afs_syscall, ALWAYS},
	{SYS_bpf, ALWAYS},
	{SYS_clock_settime, ALWAYS},
	{SYS_delete_module, ALWAYS},
	{SYS_finit_module, ALWAYS},
	{SYS_fsopen, ALWAYS},
	{SYS_getpmsg, ALWAYS},
	{SYS_init_module, ALWAYS},
	{SYS_kexec_file_load, ALWAYS},
	{SYS_kexec_load, ALWAYS},
	{SYS_mount, ALWAYS},
	{SYS_move_mount, ALWAYS},
	{SYS_open_tree, ALWAYS},
	{SYS_pivot_root, ALWAYS},
	{SYS_ptrace, ALWAYS},
	{SYS_putpmsg, ALWAYS},
	{SYS_reboot, ALWAYS},
	{SYS_security, ALWAYS},
	{SYS_settimeofday, ALWAYS},
	{SYS_swapoff, ALWAYS},
	{SYS_swapon, ALWAYS},
	{SYS_syslog, ALWAYS},
	{SYS_tuxcall, ALWAYS},
	{SYS_umount2, ALWAYS},
	{SYS_vserver, ALWAYS},

	{SYS__sysctl, OBSOLETE},
	{SYS_create_module, OBSOLETE},
	{SYS_get_kernel_syms, OBSOLETE},
	{SYS_nfsservctl, OBSOLETE},
	{SYS_query_module, OBSOLETE},
	{SYS_sysfs, OBSOLETE},
	{SYS_uselib, OBSOLETE},
	{SYS_ustat, OBSOLETE},

	{SYS_capset, ELEVATE},
	{SYS_setfsgid, ELEVATE},
	{SYS_setfsuid, ELEVATE},
	{SYS_setgid, ELEVATE},
	{SYS_setgroups, ELEVATE},
	{SYS_setpgid, ELEVATE},
	{SYS_setregid, ELEVATE},
	{SYS_setresgid, ELEVATE},
	{SYS_setresuid, ELEVATE},
	{SYS_setreuid, ELEVATE},
	{SYS_setsid, ELEVATE},
	{SYS_setuid, ELEVATE},

	{SYS_execve, SPAWN},
	{SYS_execveat, SPAWN},
	{SYS_fork, SPAWN},
	{SYS_setns, SPAWN},
	{SYS_unshare, SPAWN},
	{SYS_vfork, SPAWN},

	{SYS_ioprio_set, RESOURCE},
	{SYS_sched_setaffinity, RESOURCE},
	{SYS_sched_setattr, RESOURCE},
	{SYS_sched_setparam, RESOURCE},
	{SYS_sched_setscheduler, RESOURCE},
	{SYS_setpriority, RESOURCE},
};

#define DENIED (sizeof(denied) / sizeof(*denied))

static const uint32_t answers[] = {
	[ALWAYS] = SECCOMP_RET_KILL_PROCESS,
	[OBSOLETE] = SECCOMP_RET_KILL_PROCESS,
	[ELEVATE] = SECCOMP_RET_KILL_PROCESS,
	[SPAWN] = FAIL_WITH(EPERM),
	[RESOURCE] = FAIL_WITH(EPERM),
};

struct program {
	struct sock_filter code[2 * DENIED + 16];
	unsigned short n;
};

static void add(struct program *p, struct sock_filter instruction)
{
	p->code[p->n++] = instruction;
}

static void load(struct program *p, size_t offset)
{
	add(p, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
					    (uint32_t)offset));
}

static void answer(struct program *p, uint32_t action)
{
	add(p, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action));
}

/* What was loaded equals value: action. */
static void answer_to(struct program *p, uint32_t value, uint32_t action)
{
	add(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0,
					    1));
	answer(p, action);
}

/* Calls by other tables than that of x86-64 have no business here. */
static void check_abi(struct program *p)
{
	load(p, offsetof(struct seccomp_data, arch));
	add(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
					    AUDIT_ARCH_X86_64, 1, 0));
	answer(p, SECCOMP_RET_KILL_PROCESS);
	load(p, offsetof(struct seccomp_data, nr));
	add(p,
	    (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32, 0, 1));
	answer(p, SECCOMP_RET_KILL_PROCESS);
}

/*
 * Threads are started, processes not.  The flags of clone3 cannot be seen from
 * here; the C library then takes clone.
 */
static void check_clone(struct program *p)
{
	answer_to(p, SYS_clone3, FAIL_WITH(ENOSYS));
	add(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
					    SYS_clone, 0, 3));
	load(p, offsetof(struct seccomp_data, args));
	add(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K,
					    CLONE_THREAD, 1, 0));
	answer(p, FAIL_WITH(EPERM));
	answer(p, SECCOMP_RET_ALLOW);
}

static void compile(struct program *p, const struct sandbox_conf *conf)
{
	const bool denies[] = {
		[ALWAYS] = true,
		[OBSOLETE] = conf->obsolete == SANDBOX_DENY,
		[ELEVATE] = conf->elevate == SANDBOX_DENY,
		[SPAWN] = conf->spawn == SANDBOX_DENY,
		[RESOURCE] = conf->resource == SANDBOX_DENY,
	};
	size_t i;

	check_abi(p);
	for (i = 0; i < DENIED; i++)
		if (denies[denied[i].kind])
			answer_to(p, denied[i].nr, answers[denied[i].kind]);
	if (denies[SPAWN])
		check_clone(p);
	else
		answer(p, SECCOMP_RET_ALLOW);
}

int sandbox_enter(const struct sandbox_conf *conf, struct error *err)
{
	struct program p = {.n = 0};
	struct sock_fprog prog;
	long rc;

	if (!conf->enable)
		return 0;
	compile(&p, conf);
	prog = (struct sock_fprog){.len = p.n, .filter = p.code};
	rc = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
		     SECCOMP_FILTER_FLAG_TSYNC, &prog);
	if (rc > 0)
		return error_set(err, EBUSY,
				 "-sandbox: thread %ld has filters of its own",
				 rc);
	return rc < 0 ? error_errno(err, errno,
				    "-sandbox: this kernel takes no filters")
		      : 0;
}
