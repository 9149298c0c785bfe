/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When packets flow through a NIC on virtio: its pairs of queues, the threads
 * that they belong to, kicks and interrupts.  virtio_net_rx.c and
 * virtio_net_tx.c have the packets themselves.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>

#include "hw/virtio_net.h"

/* Runs fn in the thread that the pair belongs to. */
static void run_in(struct virtio_net_pair *p, void (*fn)(void *ctx))
{
	if (p->loop == p->net->vp.virtio.m->loop)
		fn(p);
	else
		loop_call(p->loop, fn, p);
}

static void on_kick(void *ctx, uint32_t events)
{
	struct virtio_net_pair *p = ctx;
	struct virtio *v = &p->net->vp.virtio;
	eventfd_t count;

	/* The poller does the rest. */
	eventfd_read(v->kick[p->rx - v->queue], &count);
	p->few = false;
}

static void on_tx_kick(void *ctx, uint32_t events)
{
	struct virtio_net_pair *p = ctx;
	struct virtio *v = &p->net->vp.virtio;
	eventfd_t count;

	eventfd_read(v->kick[p->tx - v->queue], &count);
}

static void unhook(struct virtio_net_pair *p)
{
	if (!p->running)
		return;
	p->running = false;
	virtio_net_rx_flush(p);
	virtio_net_tx_stop(p);
	loop_del_poller(&p->poller);
	loop_del_fd(p->rx_kick);
	loop_del_fd(p->tx_kick);
}

/* A driver at fault stops the pair until it resets the device. */
static bool check(struct virtio_net_pair *p)
{
	if (!p->rx->broken && !p->tx->broken)
		return true;
	unhook(p);
	virtio_broken(&p->net->vp.virtio, p->rx->broken ? p->rx : p->tx);
	return false;
}

static bool poll_pair(void *ctx)
{
	struct virtio_net_pair *p = ctx;
	bool any;

	virtio_net_rx_flush(p);
	any = virtio_net_rx_look(p);
	any |= virtio_net_tx_all(p);
	return check(p) && any;
}

/* Kicks are for what comes after the rings were found empty. */
static bool settle_pair(void *ctx)
{
	struct virtio_net_pair *p = ctx;
	bool any = false;

	virtio_net_rx_flush(p);
	if (p->starved && !p->rx_armed) {
		virtq_want_kicks(p->rx, true);
		p->rx_armed = true;
		any = virtio_net_rx_look(p);
	}
	if (!p->held && !p->tx_armed) {
		virtq_want_kicks(p->tx, true);
		p->tx_armed = true;
		any |= virtio_net_tx_all(p);
	}
	return check(p) && any;
}

static struct loop_fd *listen(struct virtio_net_pair *p, struct virtq *vq,
			      void (*fn)(void *ctx, uint32_t events),
			      struct error *err)
{
	struct virtio *v = &p->net->vp.virtio;

	return loop_add_fd(p->loop, v->kick[vq - v->queue], EPOLLIN, fn, p,
			   err);
}

static void take_settings(struct virtio_net_pair *p)
{
	const struct virtio_net *net = p->net;
	uint64_t features = net->vp.virtio.features;

	p->filter = net->filter;
	p->mergeable = virtio_net_has(net, VIRTIO_NET_F_MRG_RXBUF);
	p->header = p->mergeable || virtio_is_modern(&net->vp.virtio)
			    ? sizeof(struct virtio_net_hdr_mrg_rxbuf)
			    : sizeof(struct virtio_net_hdr);
	p->host = virtio_net_host_offloads(features);
	p->guest = virtio_net_guest_offloads(net->offloads);
}

/* Something may be in the rings already: the loop is to look. */
static void hook(void *ctx)
{
	struct virtio_net_pair *p = ctx;
	struct virtio *v = &p->net->vp.virtio;
	struct error err = {0};

	p->rx_kick = listen(p, p->rx, on_kick, &err);
	p->tx_kick = p->rx_kick ? listen(p, p->tx, on_tx_kick, &err) : NULL;
	if (!p->tx_kick) {
		log_warn("%s: %s", v->dev->path, err.msg);
		if (p->rx_kick)
			loop_del_fd(p->rx_kick);
		return;
	}
	take_settings(p);
	p->rx_unsaid = p->rx_armed = p->tx_armed = p->sending = false;
	p->starved = true;
	p->few = false;
	p->held = NULL;
	p->nsent = 0;
	p->poller = (struct loop_poller){.poll = poll_pair,
					 .settle = settle_pair,
					 .ctx = p};
	loop_add_poller(p->loop, &p->poller);
	p->running = true;
	net_port_set_offloads(p->port, p->guest);
	eventfd_write(v->kick[p->rx - v->queue], 1);
}

/* To an I/O thread, if the other end of the cable can go there too. */
static void move_out(struct virtio_net_pair *p)
{
	struct virtio *v = &p->net->vp.virtio;
	const struct net_port *to = p->port->peer;
	struct error err = {0};
	char name[16];
	int rc;

	if (!to || !to->ops->move)
		return;
	snprintf(name, sizeof(name), "%.8s.%u", p->net->nic.client.name, p->n);
	if (!p->thread)
		p->thread = io_thread_new(name, &err);
	rc = p->thread ? net_port_move(p->port, p->thread->loop, &err)
		       : -ENOMEM;
	if (rc == 0)
		p->loop = p->thread->loop;
	else if (rc != -ENOTSUP)
		log_warn("%s: %s", v->dev->path, err.msg);
}

static void start_pair(struct virtio_net_pair *p)
{
	struct virtio *v = &p->net->vp.virtio;

	p->rx = &v->queue[2 * p->n];
	p->tx = p->rx + 1;
	if (p->loop || (!p->rx->running && !p->tx->running) || p->rx->broken ||
	    p->tx->broken)
		return;
	p->loop = v->m->loop;
	move_out(p);
	run_in(p, hook);
}

static void leave(void *ctx)
{
	struct virtio_net_pair *p = ctx;
	struct loop *to = p->net->vp.virtio.m->loop;
	struct error err = {0};

	unhook(p);
	net_port_set_offloads(p->port, 0);
	if (p->loop != to && net_port_move(p->port, to, &err) < 0)
		log_warn("%s: %s", p->net->vp.pci.dev.path, err.msg);
}

static void stop_pair(struct virtio_net_pair *p)
{
	if (!p->loop)
		return;
	run_in(p, leave);
	p->loop = NULL;
}

static void enable(struct virtio_net_pair *p)
{
	struct virtio_net *net = p->net;

	if (net->nic.client.nports > 1 &&
	    net_port_enable(p->port, p->n < net->active) < 0)
		log_warn("%s: queue %u cannot be switched",
			 net->vp.pci.dev.path, p->n);
}

/* With all pairs stopped, so that each end is in the main loop. */
void virtio_net_io_enable(struct virtio_net *net)
{
	unsigned i;

	for (i = 0; i < net->nic.client.nports; i++)
		enable(&net->pair[i]);
}

void virtio_net_io_activate(struct virtio_net *net, unsigned before)
{
	unsigned i;

	for (i = net->active; i < before; i++) {
		stop_pair(&net->pair[i]);
		enable(&net->pair[i]);
	}
	for (i = before; i < net->active; i++) {
		enable(&net->pair[i]);
		start_pair(&net->pair[i]);
	}
}

/* The cable is pulled out: what waits for it is lost. */
static void unplug(void *ctx)
{
	stop_pair(ctx);
}

static void refresh(void *ctx)
{
	struct virtio_net_pair *p = ctx;
	unsigned guest = p->guest;

	take_settings(p);
	if (p->running && p->guest != guest)
		net_port_set_offloads(p->port, p->guest);
}

void virtio_net_io_update(struct virtio_net *net)
{
	unsigned i;

	for (i = 0; i < net->npairs; i++)
		if (net->pair[i].loop)
			run_in(&net->pair[i], refresh);
}

static void ready(void *ctx)
{
	virtio_net_tx_ready(ctx);
}

static void link_changed(void *ctx, bool up)
{
	struct virtio_net_pair *p = ctx;
	struct virtio_net *net = p->net;

	/* What waited for the other end is sent, or lost if that is gone. */
	if (p->loop)
		run_in(p, ready);
	else if (net->vp.virtio.running && p->n < net->active &&
		 machine_running(net->vp.virtio.m))
		start_pair(p);
	if (!p->n && virtio_net_has(net, VIRTIO_NET_F_STATUS))
		virtio_config_changed(&net->vp.virtio);
}

static unsigned offloads(void *ctx)
{
	const struct virtio_net_pair *p = ctx;

	return p->running ? p->guest : 0;
}

static void flush(void *ctx)
{
	virtio_net_rx_flush(ctx);
}

const struct net_port_ops virtio_net_port_ops = {
	.receive = virtio_net_receive,
	.flush = flush,
	.ready = ready,
	.link = link_changed,
	.unplug = unplug,
	.offloads = offloads,
};

/* Until the driver changes them these follow from the features. */
static void begin(struct virtio_net *net)
{
	net->begun = true;
	net->offloads = net->vp.virtio.features;
	if (!virtio_net_has(net, VIRTIO_NET_F_CTRL_VLAN))
		memset(net->filter.vlan, 0xff, sizeof(net->filter.vlan));
}

int virtio_net_io_start(struct virtio *v, struct error *err)
{
	struct virtio_net *net = virtio_net_from(v);
	int rc = virtio_net_control_start(net, err);
	unsigned i;

	if (rc < 0)
		return rc;
	if (!net->begun)
		begin(net);
	virtio_net_io_enable(net);
	for (i = 0; i < net->active; i++)
		start_pair(&net->pair[i]);
	return 0;
}

void virtio_net_io_stop(struct virtio *v)
{
	struct virtio_net *net = virtio_net_from(v);
	unsigned i;

	virtio_net_control_stop(net);
	for (i = 0; i < net->npairs; i++)
		stop_pair(&net->pair[i]);
}

/* 5.1.6.5.4: what was restored may be elsewhere in the network. */
void virtio_net_io_resume(struct virtio *v)
{
	struct virtio_net *net = virtio_net_from(v);
	struct error err = {0};

	if (virtio_net_io_start(v, &err) < 0)
		log_warn("%s: %s", v->dev->path, err.msg);
	if (!net->announce_due)
		return;
	net->announce_due = false;
	net->announce = true;
	virtio_config_changed(v);
}

void virtio_net_io_fini(struct virtio_net *net)
{
	unsigned i;

	for (i = 0; i < net->npairs; i++)
		if (net->pair[i].thread)
			io_thread_unref(net->pair[i].thread);
}
