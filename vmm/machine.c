/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine's run state, and the requests that change it. */
#include "vmm/machine.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/kvm.h"
#include "vmm/monitor.h"
#include "vmm/vcpu.h"

#define IO_LAST UINT64_C(0xffff)

const char *const run_state_names[RUN_STATES] = {
	[RUN_STATE_RUNNING] = "running",
	[RUN_STATE_PRELAUNCH] = "prelaunch",
	[RUN_STATE_PAUSED] = "paused",
	[RUN_STATE_SHUTDOWN] = "shutdown",
	[RUN_STATE_INTERNAL_ERROR] = "internal-error",
	[RUN_STATE_IO_ERROR] = "io-error",
	[RUN_STATE_GUEST_PANICKED] = "guest-panicked",
	[RUN_STATE_SUSPENDED] = "suspended",
};

const char *const machine_cause_names[MACHINE_CAUSES] = {
	[CAUSE_NONE] = "none",
	[CAUSE_HOST_QMP_QUIT] = "host-qmp-quit",
	[CAUSE_HOST_QMP_SYSTEM_RESET] = "host-qmp-system-reset",
	[CAUSE_HOST_SIGNAL] = "host-signal",
	[CAUSE_HOST_UI] = "host-ui",
	[CAUSE_GUEST_SHUTDOWN] = "guest-shutdown",
	[CAUSE_GUEST_RESET] = "guest-reset",
	[CAUSE_GUEST_PANIC] = "guest-panic",
};

static void serve_requests(void *ctx);

int machine_init(struct machine *m, struct error *err)
{
	int rc;

	memset(m, 0, sizeof(*m));
	pthread_mutex_init(&m->lock, NULL);
	pthread_cond_init(&m->park_cond, NULL);
	pthread_cond_init(&m->release_cond, NULL);
	bus_init(&m->io, "I/O", IO_LAST);
	bus_init(&m->mem, "memory", UINT64_MAX);
	list_init(&m->devices);
	list_init(&m->chardevs);
	list_init(&m->notifiers);
	display_init(&m->display);
	loop_task_init(&m->request_task, serve_requests, m);
	m->stop_state = RUN_STATE_RUNNING;
	m->state = RUN_STATE_PRELAUNCH;
	clock_init_virtual(&m->virt);
	clock_init_host(&m->host);
	clock_init_realtime(&m->realtime);
	rc = gmem_init(&m->gmem, err);
	if (rc < 0)
		pthread_mutex_destroy(&m->lock);
	return rc;
}

void machine_fini(struct machine *m)
{
	bus_fini(&m->io);
	bus_fini(&m->mem);
	gmem_fini(&m->gmem);
	display_fini(&m->display);
	pthread_cond_destroy(&m->park_cond);
	pthread_cond_destroy(&m->release_cond);
	pthread_mutex_destroy(&m->lock);
}

void machine_add_notifier(struct machine *m, struct machine_notifier *n,
			  void (*fn)(void *, enum machine_event), void *ctx)
{
	n->fn = fn;
	n->ctx = ctx;
	list_add_tail(&m->notifiers, &n->link);
}

void machine_notify(struct machine *m, enum machine_event event)
{
	struct machine_notifier *n, *tmp;

	list_for_each_safe (n, tmp, &m->notifiers, struct machine_notifier,
			    link)
		n->fn(n->ctx, event);
}

static void ask(struct machine *m)
{
	if (m->loop)
		loop_post(m->loop, &m->request_task);
}

void machine_request_reset(struct machine *m, enum machine_cause cause)
{
	m->reset_cause = cause;
	vcpus_hold(m);
	ask(m);
}

void machine_request_shutdown(struct machine *m, enum machine_cause cause)
{
	m->shutdown_cause = cause;
	vcpus_hold(m);
	ask(m);
}

void machine_request_powerdown(struct machine *m)
{
	m->powerdown_asked = true;
	ask(m);
}

void machine_request_suspend(struct machine *m)
{
	m->suspend_asked = true;
	vcpus_hold(m);
	ask(m);
}

void machine_request_wakeup(struct machine *m)
{
	m->wakeup_asked = true;
	ask(m);
}

void machine_request_panic(struct machine *m)
{
	m->panic_told = true;
	vcpus_hold(m);
	ask(m);
}

void machine_request_stop(struct machine *m, enum run_state why)
{
	m->stop_state = why;
	vcpus_hold(m);
	ask(m);
}

void machine_request_exit(struct machine *m, int status)
{
	m->exit_status = status;
	m->exiting = true;
	vcpus_hold(m);
	ask(m);
}

static void tell_cause(struct machine *m, const char *event,
		       enum machine_cause cause)
{
	monitor_event(m, event,
		      json_pack("{s:b, s:s}", "guest",
				cause >= CAUSE_GUEST_SHUTDOWN, "reason",
				machine_cause_names[cause]));
}

/* vCPUs are parked. */
static void resume_time(struct machine *m)
{
	clock_start(&m->virt);
	if (m->kvm)
		kvm_start_time(m->kvm);
}

void machine_stop(struct machine *m, enum run_state why)
{
	bool was_running = machine_running(m);

	m->state = why;
	if (!was_running)
		return;
	vcpus_park(m);
	clock_stop(&m->virt);
	if (m->kvm)
		kvm_stop_time(m->kvm);
	machine_notify(m, EVENT_STOP);
	monitor_event(m, "STOP", NULL);
}

int machine_cont(struct machine *m, struct error *err)
{
	switch (m->state) {
	case RUN_STATE_RUNNING:
	case RUN_STATE_SUSPENDED:
		return 0;
	case RUN_STATE_SHUTDOWN:
	case RUN_STATE_INTERNAL_ERROR:
		return error_set(err, EBUSY,
				 "Resetting the Virtual Machine is required");
	default:
		break;
	}
	m->state = RUN_STATE_RUNNING;
	resume_time(m);
	machine_notify(m, EVENT_RESUME);
	monitor_event(m, "RESUME", NULL);
	vcpus_release(m);
	return 0;
}

/* Everything as after power-on; RAM keeps its content, as on a PC. */
static void reset(struct machine *m)
{
	if (m->kvm)
		kvm_reset_irqchip(m->kvm);
	device_reset_all(m);
	vcpus_reset(m);
}

static void serve_shutdown(struct machine *m, enum machine_cause cause)
{
	tell_cause(m, "SHUTDOWN", cause);
	machine_notify(m, EVENT_SHUTDOWN);
	/* The user's own wish to end is not what -no-shutdown is about. */
	if (m->no_shutdown && cause != CAUSE_HOST_QMP_QUIT &&
	    cause != CAUSE_HOST_SIGNAL && cause != CAUSE_HOST_UI) {
		machine_stop(m, RUN_STATE_SHUTDOWN);
		return;
	}
	m->exiting = true;
}

/* With -no-shutdown the machine is kept for a look at what happened. */
static void serve_panic(struct machine *m)
{
	monitor_event(m, "GUEST_PANICKED",
		      json_pack("{s:s}", "action", "pause"));
	machine_notify(m, EVENT_GUEST_PANICKED);
	machine_stop(m, RUN_STATE_GUEST_PANICKED);
	if (m->no_shutdown)
		return;
	monitor_event(m, "GUEST_PANICKED",
		      json_pack("{s:s}", "action", "poweroff"));
	serve_shutdown(m, CAUSE_GUEST_PANIC);
}

static void serve_reset(struct machine *m, enum machine_cause cause)
{
	if (m->no_reboot) {
		serve_shutdown(m, cause);
		return;
	}
	vcpus_park(m);
	reset(m);
	machine_notify(m, EVENT_RESET);
	tell_cause(m, "RESET", cause);
	if (!machine_running(m))
		m->state = RUN_STATE_PRELAUNCH;
}

static void serve_suspend(struct machine *m)
{
	if (!machine_running(m))
		return;
	vcpus_park(m);
	m->state = RUN_STATE_SUSPENDED;
	machine_notify(m, EVENT_SUSPEND);
	monitor_event(m, "SUSPEND", NULL);
}

static void serve_wakeup(struct machine *m)
{
	if (m->state != RUN_STATE_SUSPENDED)
		return;
	reset(m);
	m->state = RUN_STATE_RUNNING;
	machine_notify(m, EVENT_WAKEUP);
	monitor_event(m, "WAKEUP", NULL);
}

static void serve_powerdown(struct machine *m)
{
	machine_notify(m, EVENT_POWERDOWN);
	monitor_event(m, "POWERDOWN", NULL);
}

/* Main loop, machine lock held. */
void machine_serve_requests(struct machine *m)
{
	int what;

	what = atomic_exchange(&m->shutdown_cause, CAUSE_NONE);
	if (what != CAUSE_NONE)
		serve_shutdown(m, (enum machine_cause)what);
	what = atomic_exchange(&m->reset_cause, CAUSE_NONE);
	if (what != CAUSE_NONE && !m->exiting)
		serve_reset(m, (enum machine_cause)what);
	if (atomic_exchange(&m->panic_told, false))
		serve_panic(m);
	if (atomic_exchange(&m->suspend_asked, false))
		serve_suspend(m);
	if (atomic_exchange(&m->wakeup_asked, false))
		serve_wakeup(m);
	if (atomic_exchange(&m->powerdown_asked, false))
		serve_powerdown(m);
	what = atomic_exchange(&m->stop_state, RUN_STATE_RUNNING);
	if (what != RUN_STATE_RUNNING)
		machine_stop(m, (enum run_state)what);
	if (m->exiting) {
		vcpus_park(m);
		loop_quit(m->loop);
		return;
	}
	if (machine_running(m))
		vcpus_release(m);
}

static void serve_requests(void *ctx)
{
	machine_serve_requests(ctx);
}
