/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A virtual machine's life: built, run, ended. */
#include "vmm/vm.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "vmm/background.h"
#include "vmm/chardev.h"
#include "vmm/config.h"
#include "vmm/display.h"
#include "vmm/host_memory.h"
#include "vmm/kvm.h"
#include "vmm/machine.h"
#include "vmm/monitor.h"
#include "vmm/pidfile.h"
#include "vmm/privileges.h"
#include "vmm/run_as.h"
#include "vmm/runner.h"
#include "vmm/sandbox.h"
#include "vmm/signals.h"
#include "vmm/vcpu.h"

static int open_list(struct machine *m, const struct str_list *list,
		     const char *option, const char *label, struct error *err)
{
	char name[32];
	unsigned i;

	for (i = 0; i < list->n; i++) {
		if (!strcmp(list->str[i], "none"))
			continue;
		snprintf(name, sizeof(name), "%s%u", label, i);
		if (!chardev_open(m, name, list->str[i], err))
			return error_prefix(err, "%s %s", option, list->str[i]);
	}
	return 0;
}

static int open_chardevs(struct machine *m, const struct config *conf,
			 struct error *err)
{
	unsigned i;
	int rc;

	for (i = 0; i < conf->chardevs.n; i++)
		if (!chardev_create(m, conf->chardevs.str[i], err))
			return error_prefix(err, "-chardev %s",
					    conf->chardevs.str[i]);
	rc = open_list(m, &conf->serials, "-serial", "serial", err);
	if (rc == 0)
		rc = open_list(m, &conf->debugcons, "-debugcon", "debugcon",
			       err);
	return rc;
}

static int start_loop(struct machine *m, struct error *err)
{
	m->loop = loop_new(&m->lock, err);
	if (!m->loop)
		return -1;
	if (loop_add_clock(m->loop, &m->virt, err) < 0 ||
	    loop_add_clock(m->loop, &m->host, err) < 0 ||
	    loop_add_clock(m->loop, &m->realtime, err) < 0)
		return -1;
	return 0;
}

/* What comes later is locked as it comes. */
static int lock_memory(const struct config *conf, struct error *err)
{
	int rc;

	if (!conf->overcommit.mem_lock)
		return 0;
	rc = host_memory_check_free(conf->mem.size, err);
	if (rc < 0)
		return error_prefix(err, "-overcommit mem-lock=on");
	return host_memory_lock(err);
}

/* An alias is the default's. */
static const struct machine_class *find_machine(const char *type)
{
	const struct machine_class *c;

	for (c = machine_classes; type && c->name; c++)
		if (!strcmp(c->name, type))
			return c;
	return &machine_classes[0];
}

/* Nobody said where the screen is to be seen. */
static int open_default_vnc(struct machine *m, struct error *err)
{
	int rc = display_server->add(m->vnc, "127.0.0.1:0,to=99", err);

	if (rc < 0)
		return error_prefix(err, "no place for the VNC server (say "
					 "-vnc HOST:N, or -display none)");
	return 0;
}

static int open_displays(struct machine *m, const struct config *conf,
			 struct error *err)
{
	const struct display_host host = {
		.m = m,
		.loop = m->loop,
		.clock = &m->realtime,
		.display = &m->display,
		.input = &m->input,
		.guest = conf->name.guest,
		.layout = conf->keyboard,
	};
	unsigned i;

	if (!conf->vncs.n && !conf->vnc_default)
		return 0;
	m->vnc = display_server->open(&host, err);
	if (!m->vnc)
		return -err->code;
	for (i = 0; i < conf->vncs.n; i++)
		if (display_server->add(m->vnc, conf->vncs.str[i], err) < 0)
			return error_prefix(err, "-vnc %s", conf->vncs.str[i]);
	return conf->vnc_default ? open_default_vnc(m, err) : 0;
}

static int build(struct machine *m, const struct config *conf,
		 struct signals **signals, struct error *err)
{
	if (start_loop(m, err) < 0)
		return -1;
	signal(SIGPIPE, SIG_IGN);
	*signals = signals_init(m, err);
	if (!*signals || open_chardevs(m, conf, err) < 0 ||
	    kvm_open(m, err) < 0 ||
	    find_machine(conf->machine.type)->build(m, err) < 0 ||
	    lock_memory(conf, err) < 0 || open_displays(m, conf, err) < 0 ||
	    monitors_open(m, err) < 0 || vcpus_start(m, err) < 0)
		return -1;
	return 0;
}

/* Requests in flight come home before their devices go. */
static void quiesce(struct machine *m)
{
	struct device *dev;

	list_for_each (dev, &m->devices, struct device, link)
		if (dev->live && dev->class->quiesce)
			dev->class->quiesce(dev);
	if (m->loop)
		loop_turn(m->loop, 0);
}

static void end(struct machine *m, struct signals *signals)
{
	vcpus_destroy(m);
	quiesce(m);
	display_server->close(m->vnc);
	m->vnc = NULL;
	/* Before the serial ports: or a mux would turn to its monitor. */
	monitors_close(m);
	while (!list_empty(&m->devices))
		device_free(container_of(m->devices.prev, struct device, link));
	chardev_close_all(m);
	signals_fini(signals);
	machine_notify(m, EVENT_EXIT);
	kvm_close(m);
	if (m->loop) {
		loop_free(m->loop);
		m->loop = NULL;
	}
	machine_fini(m);
}

/* What is given up when everything is open; the last thing before it runs. */
static int give_up(const struct config *conf, struct pidfile *pidfile,
		   struct error *err)
{
	struct privileges privileges;
	char *root = NULL;
	int rc, dropped;

	if (conf->chroot && !(root = realpath(conf->chroot, NULL)))
		return error_errno(err, errno, "-chroot %s", conf->chroot);
	privileges_prepare(&privileges);
	rc = run_as_apply(&conf->run_as, root, err);
	if (rc == 0 && root)
		pidfile_rebase(pidfile, root);
	free(root);
	dropped = privileges_drop(&privileges, rc < 0 ? NULL : err);
	if (rc == 0)
		rc = dropped;
	return rc < 0 ? rc : sandbox_enter(&conf->sandbox, err);
}

static int start(struct machine *m, const struct config *conf,
		 struct background *bg, struct error *err)
{
	machine_lock(m);
	clock_stop(&m->virt);
	if (!conf->stopped)
		machine_cont(m, NULL);
	machine_unlock(m);
	if (bg->fd >= 0)
		runner_class->detach(m->runner);
	return background_tell(bg, err);
}

static int run(struct machine *m, struct background *bg, struct error *err)
{
	const struct config *conf = m->config;
	struct pidfile pidfile = {.path = NULL, .fd = -1};
	struct signals *signals = NULL;
	int rc = 0;

	if (conf->pidfile)
		rc = pidfile_create(&pidfile, conf->pidfile, err);
	if (rc == 0)
		rc = build(m, conf, &signals, err);
	if (rc == 0)
		rc = give_up(conf, &pidfile, err);
	if (rc == 0)
		rc = start(m, conf, bg, err);
	if (rc == 0)
		loop_run(m->loop);
	end(m, signals);
	pidfile_remove(&pidfile);
	return rc < 0 ? 1 : m->exit_status;
}

/* While this process is as small as it was started. */
static int start_runner(struct machine *m, struct runner_conf *r,
			struct error *err)
{
	const struct net_confs *netdevs = &m->config->netdevs;
	unsigned i;

	r->n = netdevs->n;
	r->confined = m->config->run_as.set || m->config->chroot;
	r->netdevs = calloc(r->n + 1, sizeof(const struct opt_list *));
	if (!r->netdevs)
		return error_set(err, ENOMEM, "out of memory");
	for (i = 0; i < r->n; i++)
		r->netdevs[i] = &netdevs->conf[i].list;
	err->code = 0;
	m->runner = runner_class->start(r, err);
	return -err->code;
}

int vm_run(const struct config *conf, struct background *bg, struct error *err)
{
	struct machine m;
	struct runner_conf r = {0};
	int status = 1;

	if (machine_init(&m, err) < 0)
		return 1;
	m.config = conf;
	m.no_reboot = conf->no_reboot;
	m.no_shutdown = conf->no_shutdown;
	m.program_is_qemu = config_is_qemu_name(conf->program);
	if (conf->name.process)
		prctl(PR_SET_NAME, conf->name.process);
	if (start_runner(&m, &r, err) == 0)
		status = run(&m, bg, err);
	runner_class->end(m.runner);
	free(r.netdevs);
	return status;
}
