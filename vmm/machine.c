/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine's run state, and the requests that change it. */
#include "vmm/machine.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

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
	bus_init(&m->io, "I/O", IO_LAST);
	bus_init(&m->mem, "memory", UINT64_MAX);
	list_init(&m->devices);
	list_init(&m->notifiers);
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
