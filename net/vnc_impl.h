/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The inside of the VNC server, for net/vnc*.c and tests.
 *
 * Sockets, the protocol and all encoding belong to a thread of their own, with
 * a loop of its own, which never takes the machine lock.  The main loop has
 * the screen: when the thread asks for it, changed pixels are copied into the
 * stage, which is then the thread's until it asks again.  What clients type
 * and what monitors are told goes the other way, as notes.
 */
#ifndef NET_VNC_IMPL_H
#define NET_VNC_IMPL_H

#include <jansson.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/vnc.h"
#include "net/vnc_encode.h"
#include "net/vnc_tiles.h"
#include "vmm/display.h"
#include "vmm/error.h"
#include "vmm/input.h"
#include "vmm/list.h"
#include "vmm/loop.h"
#include "vmm/opt.h"
#include "vmm/timer.h"

struct vnc_client;

enum {
	VNC_CLIENTS_MAX = 64,
	VNC_CONNECTING = 32, /* of them, before they have logged in */
	VNC_SOCKETS_MAX = 8, /* of a server */
	VNC_PASSWORD_MAX = 8, /* letters that count */
	VNC_CHALLENGE = 16,
	VNC_NOTES = 256,
	VNC_IN_MAX = 4096, /* bytes of a client's that wait to be read */
	VNC_LEVEL_DEFAULT = 1, /* of compression */
	VNC_KEYS = 256, /* that clients can hold down */
	VNC_NAME_MAX = 256,
};

enum vnc_share { VNC_ALLOW_EXCLUSIVE, VNC_FORCE_SHARED, VNC_IGNORE };

/* What -vnc says. */
struct vnc_conf {
	char *address;
	char *id;
	bool password, reverse, lossy, non_adaptive, lock_key_sync;
	int ipv4, ipv6; /* 0 off, 1 on, 2 auto */
	int64_t to; /* how many more displays to try */
	int64_t connections;
	int share; /* enum vnc_share */
};

int vnc_conf_parse(struct vnc_conf *conf, const char *arg, struct error *err);
void vnc_conf_free(struct vnc_conf *conf);

/* ---- addresses (vnc_listen.c) ---- */

/* An end of a connection, as monitors show it. */
struct vnc_end {
	char host[108], service[108];
	const char *family; /* "ipv4", "ipv6", "unix" */
};

struct vnc_sockets {
	unsigned n;
	int fd[VNC_SOCKETS_MAX];
	char *unlink_path;
};

/* Is there to be no socket at all? */
bool vnc_address_is_none(const struct vnc_conf *conf);
int vnc_listen(const struct vnc_conf *conf, struct vnc_sockets *s,
	       struct error *err);
void vnc_unlisten(struct vnc_sockets *s);
/* reverse=on: calls the viewer; returns the socket. */
int vnc_call_viewer(const struct vnc_conf *conf, struct error *err);
void vnc_describe(struct vnc_end *end, int fd, bool remote);
bool vnc_is_open_to_all(const struct vnc_sockets *s);

/* ---- servers ---- */

/* Where a server is called. */
struct vnc_socket {
	struct vnc_server *server;
	int fd; /* the server's */
	struct vnc_end end;
	struct loop_fd *watch; /* the thread's */
};

/* One -vnc. */
struct vnc_server {
	struct list link;
	struct vnc *v;
	struct vnc_conf conf;
	struct vnc_sockets sockets;
	struct vnc_socket socket[VNC_SOCKETS_MAX];
	int reverse_fd; /* a viewer that was called; -1: none, or taken */
	/* The thread's. */
	struct loop_task start_task;
	unsigned failures; /* wrong passwords of late */
	int64_t failed_at;
	/* Under struct vnc's lock. */
	char password[VNC_PASSWORD_MAX + 1];
	bool has_password;
	int64_t expires; /* seconds since 1970; INT64_MAX: never */
	bool kick; /* end those who are logged in */
};

/* ---- the screen's side: machine lock ---- */

/* A copy of the screen, whose owner changes. */
struct vnc_stage {
	unsigned width, height; /* 0: none */
	uint32_t *rgb;
	struct vnc_tiles dirty; /* what is new in it */
	unsigned leds;
};

struct vnc_screen {
	struct display_viewer viewer;
	bool looking; /* the viewer is there */
	bool wanted; /* the thread waits for something new */
	struct timer timer;
	int64_t interval, last; /* ns */
	struct vnc_tiles pending; /* changed since the last copy */
	unsigned leds;
};

void vnc_screen_init(struct vnc *v);
void vnc_screen_fini(struct vnc *v);
/* The guest will draw soon: somebody typed. */
void vnc_screen_hurry(struct vnc *v);

/* ---- notes to the main loop ---- */

enum vnc_note_kind { VNC_NOTE_KEY, VNC_NOTE_POINTER, VNC_NOTE_EVENT };

struct vnc_note {
	enum vnc_note_kind kind;
	unsigned code, buttons;
	bool down;
	int dx, dy, dz;
	const char *event;
	json_t *data; /* owned */
};

/* False: no room; try again when vnc_resume is called.  The thread. */
bool vnc_note(struct vnc *v, const struct vnc_note *note);
void vnc_notes_init(struct vnc *v);
void vnc_notes_fini(struct vnc *v);

/* ---- the whole ---- */

struct vnc {
	struct display_host host;
	struct list servers; /* changed before the thread starts */
	struct vnc_layout *layout; /* NULL: en-us */
	struct loop *loop; /* the thread's */
	pthread_t thread;
	bool running;
	struct vnc_screen screen;

	/* Whose it is: see the top. */
	struct vnc_stage stage;
	_Atomic bool stage_out; /* the thread's */
	_Atomic bool force; /* the thread waits for any picture */
	_Atomic unsigned nclients;
	struct loop_task want_task, leave_task, note_task; /* main loop */
	struct loop_task frame_task, resume_task, kick_task; /* thread */

	/* The thread's. */
	struct clock clock;
	struct list clients;
	struct vnc_scratch *scratch;
	uint32_t *shadow; /* the screen as clients are told of it */
	unsigned width, height;
	unsigned guest_leds, leds; /* as the guest says, as they should be */
	struct vnc_tiles changed; /* by the newest picture */
	uint64_t *lines; /* hashes, for scrolling */
	unsigned scroll_misses, scroll_skip;
	bool asked;

	pthread_mutex_t lock; /* guards notes, lists of servers' clients */
	struct vnc_note notes[VNC_NOTES];
	unsigned nnotes;
	bool stalled; /* somebody waits for room */
};

/* Asks the screen for what is new if a client waits for it.  The thread. */
void vnc_ask(struct vnc *v);
/* "pcvm (GUEST)"; returns its length. */
size_t vnc_desktop_name(const struct vnc *v, char name[VNC_NAME_MAX]);

/* ---- the picture (vnc_frame.c): the thread ---- */

/* A part of the picture that moved up or down, whole. */
struct vnc_scroll {
	struct vnc_rect to; /* empty: nothing moved */
	uint16_t from_y;
};

/*
 * Takes what is new from the stage.  v->changed is what changed besides the
 * scroll.  False: no memory, or no picture.  *resized: all is new.
 */
bool vnc_frame_take(struct vnc *v, struct vnc_scroll *scroll, bool *resized);
void vnc_frame_free(struct vnc *v);
/* The rectangle's pixels, to any address; black where there is no picture. */
void vnc_frame_fetch(const struct vnc *v, const struct vnc_rect *r, void *to);

/* ---- clients: the thread ---- */

enum vnc_state {
	VNC_VERSION,
	VNC_SECURITY,
	VNC_RESPONSE, /* to the challenge */
	VNC_JUDGED, /* told after a while */
	VNC_CLIENT_INIT,
	VNC_FIRST_FRAME,
	VNC_NORMAL,
	VNC_ENDING, /* when the output has gone */
};

/* What SetEncodings named, besides the encoding. */
enum vnc_feature {
	VNC_COPIES = 1 << 0,
	VNC_RESIZES = 1 << 1,
	VNC_RESIZES_EXT = 1 << 2,
	VNC_KEYS_EXT = 1 << 3,
	VNC_POINTER_TYPE = 1 << 4,
	VNC_LEDS = 1 << 5,
	VNC_NAME = 1 << 6,
};

struct vnc_client {
	struct list link;
	struct vnc *v;
	struct vnc_server *server;
	int fd;
	struct vnc_end end, at; /* the client's, ours */
	struct loop_fd *watch;
	struct timer timer;
	enum vnc_state state;
	bool gone; /* freed when nobody uses it; written under vnc.lock */
	unsigned minor; /* of version 3 */
	bool exclusive;
	uint8_t challenge[VNC_CHALLENGE], response[VNC_CHALLENGE];

	/* Input. */
	uint8_t in[VNC_IN_MAX];
	size_t nin;
	size_t skip; /* bytes that are of no use */
	unsigned encodings; /* still to come */
	bool stalled; /* until there is room for notes */
	unsigned buttons;
	int x, y;
	bool placed; /* x, y are known */
	uint64_t held[VNC_KEYS / 64];

	/* Output. */
	struct vnc_buf out;
	struct vnc_pixels pixels;
	struct vnc_format next_format;
	bool reformat; /* to next_format, before the next update */
	struct vnc_streams streams;
	int encoding, choice; /* in use, of the list that is coming */
	unsigned features, told; /* of those, what need not be told again */
	unsigned width, height; /* as the client knows them */
	unsigned leds;
	bool wants; /* a request is open */
	bool stale; /* which only a newer picture can answer */
	struct vnc_tiles dirty;
	struct vnc_scroll scroll; /* to be told first */
	struct vnc_rect *rects; /* of the update under way */
	unsigned nrects, next_rect, rects_size;
	uint16_t resize_reason, resize_status;
};

void vnc_client_new(struct vnc_server *server, int fd);
/* It goes at the end of this turn. */
void vnc_client_end(struct vnc_client *c);
/* Sends what it can; then goes on with an update. */
void vnc_client_flush(struct vnc_client *c);
/* Takes the input that waits. */
void vnc_client_resume(struct vnc_client *c);
void vnc_clients_reap(struct vnc *v);
void vnc_clients_end(struct vnc *v);
/* The one that wants to be alone has come. */
void vnc_client_end_others(struct vnc_client *c);
/* Tells monitors of it. */
void vnc_client_tell(struct vnc_client *c, const char *event);

/*
 * Takes a message, of len bytes at least one, from the client's input.
 * Returns how many bytes it has, 0: not all is there, -1: it is wrong.
 */
int vnc_message_take(struct vnc_client *c, const uint8_t *msg, size_t len);
int vnc_handshake_take(struct vnc_client *c, const uint8_t *msg, size_t len);
/* Says the first word. */
void vnc_handshake_start(struct vnc_client *c);
/* The moment has come that a login waited for. */
void vnc_handshake_judge(struct vnc_client *c);
/* The first picture is there. */
void vnc_handshake_finish(struct vnc_client *c);

/* Begins an update if the client waits for one, or goes on with it. */
void vnc_update(struct vnc_client *c);
bool vnc_update_is_under_way(const struct vnc_client *c);
/* A newer picture is there. */
void vnc_update_frame(struct vnc_client *c, const struct vnc_scroll *scroll,
		      bool resized);
/* Does only a newer picture help? */
bool vnc_update_waits(const struct vnc_client *c);
/* The client has no picture yet, or another size. */
void vnc_update_resize(struct vnc_client *c);
/* The client says what it understands. */
void vnc_update_features(struct vnc_client *c);
/* From the next update on, or at once if none is under way. */
void vnc_update_format(struct vnc_client *c, const struct vnc_format *format);

/* ---- keys ---- */

struct vnc_layout;

/* Codes of linux/input-event-codes.h; 0: there is none. */
unsigned vnc_key_of_scancode(uint32_t scancode);
unsigned vnc_key_of_keysym(const struct vnc_layout *layout, uint32_t keysym);
int vnc_layout_open(const char *language, struct vnc_layout **layout,
		    struct error *err);
void vnc_layout_free(struct vnc_layout *layout);

/* ---- information, under v->lock ---- */

json_t *vnc_end_json(const struct vnc_end *end);
const char *vnc_auth_name(const struct vnc_server *server);

#endif
