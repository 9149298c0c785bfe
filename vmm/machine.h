/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine: what devices are attached to, and its run state.
 *
 * A machine without KVM (struct machine.kvm is NULL) has buses, guest memory,
 * clocks and devices all the same; that is what device tests use.
 */
#ifndef VMM_MACHINE_H
#define VMM_MACHINE_H

#include <pthread.h>

#include "vmm/bus.h"
#include "vmm/device.h"
#include "vmm/display.h"
#include "vmm/gmem.h"
#include "vmm/input.h"
#include "vmm/list.h"
#include "vmm/loop.h"
#include "vmm/timer.h"

struct blk_fronts;
struct config;
struct kvm;
struct net;
struct runner;
struct vcpu;
struct vnc;
struct monitors;

/* Why the machine does not run; the names are QMP's RunState. */
enum run_state {
	RUN_STATE_RUNNING,
	RUN_STATE_PRELAUNCH, /* -S, before the first cont */
	RUN_STATE_PAUSED, /* stop */
	RUN_STATE_SHUTDOWN, /* powered off under -no-shutdown */
	RUN_STATE_INTERNAL_ERROR,
	RUN_STATE_IO_ERROR,
	RUN_STATE_GUEST_PANICKED,
	RUN_STATE_SUSPENDED, /* S3 */
	RUN_STATES
};

extern const char *const run_state_names[RUN_STATES];

/* Why a shutdown or reset was asked for; the names are QMP's. */
enum machine_cause {
	CAUSE_NONE,
	CAUSE_HOST_QMP_QUIT,
	CAUSE_HOST_QMP_SYSTEM_RESET,
	CAUSE_HOST_SIGNAL,
	CAUSE_HOST_UI,
	CAUSE_GUEST_SHUTDOWN,
	CAUSE_GUEST_RESET,
	CAUSE_GUEST_PANIC,
	MACHINE_CAUSES
};

extern const char *const machine_cause_names[MACHINE_CAUSES];

/* Told about what happens to the machine; see machine_notify. */
enum machine_event {
	EVENT_STOP, /* vCPUs are parked */
	EVENT_RESUME, /* about to run */
	EVENT_RESET, /* devices are reset */
	EVENT_POWERDOWN, /* the user pressed the power button */
	EVENT_SHUTDOWN,
	EVENT_SUSPEND, /* the guest went to S3 */
	EVENT_WAKEUP,
	EVENT_GUEST_PANICKED,
	EVENT_EXIT, /* the last thing before everything is freed */
};

struct machine_notifier {
	struct list link;
	void (*fn)(void *ctx, enum machine_event event);
	void *ctx;
};

struct machine {
	pthread_mutex_t lock;
	struct loop *loop; /* the main loop; NULL in device tests */
	struct bus io, mem;
	struct gmem gmem;
	struct clock virt, host, realtime;
	struct display display;
	struct input input;
	struct list devices;
	unsigned nameless; /* of the user's devices, how many had no id */
	struct list notifiers; /* in the order they are told */
	const struct config *config; /* NULL in device tests */
	struct kvm *kvm; /* NULL in device tests */
	struct vcpu **vcpus;
	unsigned nvcpus;
	/* See vcpu.h: parking is told and waited for under the lock. */
	pthread_cond_t park_cond, release_cond;
	_Atomic bool vcpus_held, vcpus_end;
	struct list chardevs;
	struct blk_fronts *fronts; /* the block front ends */
	struct net *net; /* NULL: it has none */
	struct runner *runner; /* NULL: there is none */
	struct monitors *monitors;
	struct vnc *vnc; /* NULL: there is no VNC server */
	enum run_state state;
	bool suspended; /* S3 */
	bool no_reboot, no_shutdown;
	bool migrate_events; /* were asked for */
	bool program_is_qemu; /* called by a name of qemu's */
	/* Requests from any thread, served by the main loop. */
	struct loop_task request_task;
	_Atomic int reset_cause, shutdown_cause, stop_state;
	_Atomic bool powerdown_asked, suspend_asked, wakeup_asked, panic_told;
	_Atomic bool exiting;
	int exit_status;
};

int machine_init(struct machine *m, struct error *err);
void machine_fini(struct machine *m);

static inline void machine_lock(struct machine *m)
{
	pthread_mutex_lock(&m->lock);
}

static inline void machine_unlock(struct machine *m)
{
	pthread_mutex_unlock(&m->lock);
}

void machine_add_notifier(struct machine *m, struct machine_notifier *n,
			  void (*fn)(void *, enum machine_event), void *ctx);
void machine_notify(struct machine *m, enum machine_event event);

/*
 * Requests.  Any thread, with or without the machine lock; they are carried
 * out in the main loop soon after.
 */
void machine_request_reset(struct machine *m, enum machine_cause cause);
void machine_request_shutdown(struct machine *m, enum machine_cause cause);
void machine_request_powerdown(struct machine *m);
void machine_request_suspend(struct machine *m);
void machine_request_wakeup(struct machine *m);
/*
 * The guest panicked: it ends, as by power-off, or stops with -no-shutdown.
 */
void machine_request_panic(struct machine *m);
/* Stops the vCPUs soon, for a reason that is the new run state. */
void machine_request_stop(struct machine *m, enum run_state why);
/* isa-debug-exit: ends the process with status, without ceremony. */
void machine_request_exit(struct machine *m, int status);

/*
 * What was requested happens now: events come before the answer to who asked.
 * Main loop, machine lock held.
 */
void machine_serve_requests(struct machine *m);

/*
 * Main loop, machine lock held.  machine_stop parks the vCPUs (it lets go of
 * the lock while it waits) and stops the virtual clock.
 */
void machine_stop(struct machine *m, enum run_state why);
/* -EBUSY with a message when the state does not allow it. */
int machine_cont(struct machine *m, struct error *err);

static inline bool machine_running(const struct machine *m)
{
	return m->state == RUN_STATE_RUNNING;
}

#endif
