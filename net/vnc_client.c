/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Clients of the VNC server: their sockets, and how they come and go.  One
 * that does not read has at most one update's next part waiting for it; one
 * that does not finish its login is ended.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/vnc_impl.h"

#define LOGIN_TIME (20 * NS_PER_SEC)
#define OUT_KEPT   (64u << 10) /* bytes of buffer, while nothing waits */
#define OUT_MAX	   (8u << 20)

static void want_events(struct vnc_client *c)
{
	uint32_t events = 0;

	if (!c->stalled && c->state != VNC_ENDING && c->state != VNC_JUDGED)
		events |= EPOLLIN;
	if (c->out.len)
		events |= EPOLLOUT;
	loop_mod_fd(c->watch, events);
}

void vnc_client_tell(struct vnc_client *c, const char *event)
{
	struct vnc_note note = {.kind = VNC_NOTE_EVENT, .event = event};
	json_t *server = vnc_end_json(&c->at);

	json_object_set_new(server, "auth",
			    json_string(vnc_auth_name(c->server)));
	note.data = json_pack("{s:o, s:o}", "server", server, "client",
			      vnc_end_json(&c->end));
	vnc_note(c->v, &note);
}

/* Keys that it held are let go. */
static void release_keys(struct vnc_client *c)
{
	struct vnc_note note = {.kind = VNC_NOTE_KEY};

	for (note.code = 0; note.code < VNC_KEYS; note.code++)
		if (c->held[note.code / 64] >> note.code % 64 & 1)
			vnc_note(c->v, &note);
	note = (struct vnc_note){.kind = VNC_NOTE_POINTER};
	if (c->buttons)
		vnc_note(c->v, &note);
}

void vnc_client_end(struct vnc_client *c)
{
	if (c->gone)
		return;
	pthread_mutex_lock(&c->v->lock);
	c->gone = true;
	pthread_mutex_unlock(&c->v->lock);
	timer_cancel(&c->timer);
	loop_del_fd(c->watch);
	close(c->fd);
	release_keys(c);
	vnc_client_tell(c, "VNC_DISCONNECTED");
}

static void free_client(struct vnc_client *c)
{
	struct vnc *v = c->v;

	pthread_mutex_lock(&v->lock);
	list_del(&c->link);
	pthread_mutex_unlock(&v->lock);
	vnc_streams_free(&c->streams);
	vnc_buf_free(&c->out);
	vnc_tiles_free(&c->dirty);
	free(c->rects);
	free(c);
}

void vnc_clients_reap(struct vnc *v)
{
	struct vnc_client *c, *tmp;

	list_for_each_safe (c, tmp, &v->clients, struct vnc_client, link)
		if (c->gone) {
			free_client(c);
			v->nclients--;
		}
	if (v->nclients || !v->scratch)
		return;
	free(v->scratch);
	v->scratch = NULL;
	vnc_frame_free(v);
	loop_post(v->host.loop, &v->leave_task);
}

void vnc_clients_end(struct vnc *v)
{
	struct vnc_client *c;

	list_for_each (c, &v->clients, struct vnc_client, link)
		vnc_client_end(c);
	vnc_clients_reap(v);
}

void vnc_client_end_others(struct vnc_client *c)
{
	struct vnc_client *other;

	list_for_each (other, &c->v->clients, struct vnc_client, link)
		if (other != c && other->server == c->server &&
		    other->state >= VNC_FIRST_FRAME)
			vnc_client_end(other);
}

/* Sends what there is.  False: some is left, or the client is. */
static bool send_out(struct vnc_client *c)
{
	struct vnc_buf *out = &c->out;
	ssize_t n;

	while (out->sent < out->len) {
		n = send(c->fd, out->data + out->sent, out->len - out->sent,
			 MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN && out->len < OUT_MAX)
			return false;
		if (n < 0) {
			vnc_client_end(c);
			return false;
		}
		out->sent += (size_t)n;
	}
	vnc_buf_reset(out, OUT_KEPT);
	return true;
}

void vnc_client_flush(struct vnc_client *c)
{
	do {
		vnc_update(c);
		if (c->out.failed)
			vnc_client_end(c);
		if (c->gone || !send_out(c))
			break;
	} while (vnc_update_is_under_way(c));
	if (c->gone)
		return;
	if (c->state == VNC_ENDING && !c->out.len)
		vnc_client_end(c);
	else
		want_events(c);
}

static int take_message(struct vnc_client *c, const uint8_t *msg, size_t len)
{
	if (c->state == VNC_JUDGED || c->state == VNC_FIRST_FRAME)
		return 0;
	return c->state == VNC_NORMAL ? vnc_message_take(c, msg, len)
				      : vnc_handshake_take(c, msg, len);
}

/* What has come whole; the rest is kept for later. */
static void take_input(struct vnc_client *c)
{
	size_t at = 0, left;
	int n;

	while (!c->gone && !c->stalled && c->state != VNC_ENDING &&
	       at < c->nin) {
		left = c->nin - at;
		if (c->skip) {
			n = (int)(left < c->skip ? left : c->skip);
			c->skip -= (size_t)n;
		} else {
			n = take_message(c, c->in + at, left);
		}
		if (n < 0)
			vnc_client_end(c);
		if (n <= 0)
			break;
		at += (size_t)n;
	}
	memmove(c->in, c->in + at, c->nin - at);
	c->nin -= at;
}

void vnc_client_resume(struct vnc_client *c)
{
	c->stalled = false;
	take_input(c);
	if (!c->gone)
		vnc_client_flush(c);
}

static void read_input(struct vnc_client *c)
{
	ssize_t n;

	if (c->nin == sizeof(c->in))
		return;
	n = recv(c->fd, c->in + c->nin, sizeof(c->in) - c->nin, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		vnc_client_end(c);
		return;
	}
	c->nin += (size_t)n;
	vnc_client_resume(c);
}

static void on_events(void *ctx, uint32_t events)
{
	struct vnc_client *c = ctx;
	struct vnc *v = c->v;

	if (events & (EPOLLERR | EPOLLHUP))
		vnc_client_end(c);
	else if (events & EPOLLIN && !c->stalled)
		read_input(c);
	if (!c->gone && events & EPOLLOUT)
		vnc_client_flush(c);
	vnc_ask(v);
	vnc_clients_reap(v);
}

static void on_timer(void *ctx)
{
	struct vnc_client *c = ctx;
	struct vnc *v = c->v;

	if (c->state == VNC_JUDGED) {
		timer_set(&c->timer, clock_now(&v->clock) + LOGIN_TIME);
		vnc_handshake_judge(c);
		take_input(c);
		if (!c->gone)
			vnc_client_flush(c);
	} else if (c->state != VNC_NORMAL) {
		vnc_client_end(c);
	}
	vnc_clients_reap(v);
}

/* Too many that do not log in: the one that came first makes room. */
static void make_room(struct vnc_server *server)
{
	struct vnc_client *c, *first = NULL;
	int64_t n = 0;

	list_for_each (c, &server->v->clients, struct vnc_client, link) {
		if (c->gone || c->server != server ||
		    c->state >= VNC_FIRST_FRAME)
			continue;
		n++;
		first = first ? first : c;
	}
	if (first && n >= server->conf.connections)
		vnc_client_end(first);
}

static void set_socket(int fd)
{
	int one = 1;

	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
}

static bool prepare(struct vnc *v)
{
	if (!v->scratch)
		v->scratch = malloc(sizeof(*v->scratch));
	return v->scratch && v->nclients < VNC_CLIENTS_MAX;
}

void vnc_client_new(struct vnc_server *server, int fd)
{
	struct vnc *v = server->v;
	struct vnc_client *c;

	make_room(server);
	vnc_clients_reap(v);
	c = prepare(v) ? calloc(1, sizeof(*c)) : NULL;
	if (!c) {
		close(fd);
		return;
	}
	set_socket(fd);
	c->v = v;
	c->server = server;
	c->fd = fd;
	c->leds = UINT32_MAX;
	c->streams.level = VNC_LEVEL_DEFAULT;
	vnc_pixels_init(&c->pixels, &vnc_format_default);
	vnc_describe(&c->end, fd, true);
	vnc_describe(&c->at, fd, false);
	timer_init(&c->timer, &v->clock, on_timer, c);
	c->watch = loop_add_fd(v->loop, fd, EPOLLIN, on_events, c, NULL);
	if (!c->watch) {
		close(fd);
		free(c);
		return;
	}
	v->nclients++;
	pthread_mutex_lock(&v->lock);
	list_add_tail(&v->clients, &c->link);
	pthread_mutex_unlock(&v->lock);
	timer_set(&c->timer, clock_now(&v->clock) + LOGIN_TIME);
	vnc_client_tell(c, "VNC_CONNECTED");
	vnc_handshake_start(c);
	vnc_client_flush(c);
}
