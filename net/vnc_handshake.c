/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the first byte to ServerInit (RFC 6143, 7.1 to 7.3): versions 3.3, 3.7
 * and 3.8, with no authentication or a password.  Who tries many passwords
 * waits ever longer, up to ten seconds for each.
 */
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "net/vnc_des.h"
#include "net/vnc_impl.h"

enum { VERSION_LEN = 12 };
enum { SECURITY_INVALID = 0, SECURITY_NONE = 1, SECURITY_VNC = 2 };
enum { RESULT_OK = 0, RESULT_FAILED = 1 };

/* Failures that cost nothing, and how long the others are remembered. */
#define FAILURES_FREE 3
#define DELAY_MAX     10 /* seconds, a failure each */
#define FORGET_TIME   (10 * NS_PER_SEC) /* for one of them */

#define FAILED	      "Authentication failed"

static unsigned security_of(const struct vnc_client *c)
{
	return c->server->conf.password ? SECURITY_VNC : SECURITY_NONE;
}

void vnc_handshake_start(struct vnc_client *c)
{
	vnc_buf_add(&c->out, "RFB 003.008\n", VERSION_LEN);
}

static void put_reason(struct vnc_client *c, const char *reason)
{
	size_t len = strlen(reason);

	vnc_buf_u32(&c->out, (uint32_t)len);
	vnc_buf_add(&c->out, reason, len);
}

static void succeed(struct vnc_client *c)
{
	if (c->minor >= 8 || security_of(c) == SECURITY_VNC)
		vnc_buf_u32(&c->out, RESULT_OK);
	c->state = VNC_CLIENT_INIT;
}

static void fail(struct vnc_client *c)
{
	vnc_buf_u32(&c->out, RESULT_FAILED);
	if (c->minor >= 8)
		put_reason(c, FAILED);
	c->state = VNC_ENDING;
}

static void challenge(struct vnc_client *c)
{
	if (getrandom(c->challenge, sizeof(c->challenge), 0) !=
	    sizeof(c->challenge)) {
		vnc_client_end(c);
		return;
	}
	vnc_buf_add(&c->out, c->challenge, sizeof(c->challenge));
	c->state = VNC_RESPONSE;
}

static void secure(struct vnc_client *c)
{
	if (security_of(c) == SECURITY_VNC)
		challenge(c);
	else
		succeed(c);
}

static int digit(const uint8_t *text)
{
	int i, n = 0;

	for (i = 0; i < 3; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		n = n * 10 + text[i] - '0';
	}
	return n;
}

static int take_version(struct vnc_client *c, const uint8_t *msg)
{
	int major = digit(msg + 4), minor = digit(msg + 8);

	if (memcmp(msg, "RFB ", 4) || msg[7] != '.' || msg[11] != '\n' ||
	    major != 3 || minor < 0)
		return -1;
	c->minor = minor < 7 ? 3 : minor == 7 ? 7 : 8;
	c->state = VNC_SECURITY;
	if (c->minor > 3) {
		vnc_buf_u8(&c->out, 1);
		vnc_buf_u8(&c->out, security_of(c));
		return VERSION_LEN;
	}
	vnc_buf_u32(&c->out, security_of(c));
	secure(c);
	return VERSION_LEN;
}

static int take_security(struct vnc_client *c, const uint8_t *msg)
{
	if (msg[0] != security_of(c))
		return -1;
	secure(c);
	return 1;
}

/* How long the answer takes, by the failures of late. */
static int64_t delay(struct vnc_server *s, int64_t now)
{
	int64_t forgotten = (now - s->failed_at) / FORGET_TIME, n;

	if (forgotten > 0) {
		s->failures -= forgotten < s->failures ? (unsigned)forgotten
						       : s->failures;
		s->failed_at = now;
	}
	n = (int64_t)s->failures - FAILURES_FREE;
	return (n < 0 ? 0 : n > DELAY_MAX ? DELAY_MAX : n) * NS_PER_SEC;
}

static int take_response(struct vnc_client *c, const uint8_t *msg)
{
	int64_t now = clock_now(&c->v->clock);

	memcpy(c->response, msg, VNC_CHALLENGE);
	c->state = VNC_JUDGED;
	timer_set(&c->timer, now + delay(c->server, now));
	return VNC_CHALLENGE;
}

/* The key is the password, each letter with its bits in reverse. */
static void make_key(const char *password, uint8_t key[VNC_DES_BLOCK])
{
	unsigned i, bit;

	memset(key, 0, VNC_DES_BLOCK);
	for (i = 0; i < VNC_DES_BLOCK && password[i]; i++)
		for (bit = 0; bit < 8; bit++)
			if (password[i] >> bit & 1)
				key[i] |= (uint8_t)(0x80 >> bit);
}

static bool is_right(struct vnc_client *c)
{
	struct vnc_server *s = c->server;
	uint8_t key[VNC_DES_BLOCK], want[VNC_CHALLENGE], differ = 0;
	bool valid;
	unsigned i;

	pthread_mutex_lock(&c->v->lock);
	valid = s->has_password && time(NULL) < s->expires;
	make_key(s->password, key);
	pthread_mutex_unlock(&c->v->lock);
	for (i = 0; i < VNC_CHALLENGE; i += VNC_DES_BLOCK)
		vnc_des_encrypt(key, c->challenge + i, want + i);
	for (i = 0; i < VNC_CHALLENGE; i++)
		differ |= want[i] ^ c->response[i];
	return valid && !differ;
}

void vnc_handshake_judge(struct vnc_client *c)
{
	if (is_right(c)) {
		succeed(c);
		return;
	}
	c->server->failures++;
	c->server->failed_at = clock_now(&c->v->clock);
	fail(c);
}

/* Is there one who does not share? */
static bool is_taken(const struct vnc_client *c)
{
	const struct vnc_client *other;

	list_for_each (other, &c->v->clients, struct vnc_client, link)
		if (other != c && !other->gone && other->exclusive &&
		    other->server == c->server &&
		    other->state >= VNC_FIRST_FRAME)
			return true;
	return false;
}

static int take_init(struct vnc_client *c, const uint8_t *msg)
{
	bool shared = msg[0] != 0;

	switch (c->server->conf.share) {
	case VNC_FORCE_SHARED:
		if (!shared)
			return -1;
		break;
	case VNC_ALLOW_EXCLUSIVE:
		if (shared && is_taken(c))
			return -1;
		c->exclusive = !shared;
		if (!shared)
			vnc_client_end_others(c);
		break;
	default:
		break;
	}
	c->state = VNC_FIRST_FRAME;
	return 1;
}

void vnc_handshake_finish(struct vnc_client *c)
{
	uint8_t format[VNC_FORMAT_SIZE];
	char name[VNC_NAME_MAX];
	size_t len = vnc_desktop_name(c->v, name);

	vnc_update_resize(c);
	if (c->gone)
		return;
	vnc_buf_u16(&c->out, c->width);
	vnc_buf_u16(&c->out, c->height);
	vnc_format_write(&c->pixels.format, format);
	vnc_buf_add(&c->out, format, sizeof(format));
	vnc_buf_u32(&c->out, (uint32_t)len);
	vnc_buf_add(&c->out, name, len);
	timer_cancel(&c->timer);
	c->told = VNC_RESIZES;
	c->state = VNC_NORMAL;
	vnc_client_tell(c, "VNC_INITIALIZED");
}

static const struct {
	size_t len;
	int (*take)(struct vnc_client *c, const uint8_t *msg);
} steps[] = {
	[VNC_VERSION] = {VERSION_LEN, take_version},
	[VNC_SECURITY] = {1, take_security},
	[VNC_RESPONSE] = {VNC_CHALLENGE, take_response},
	[VNC_CLIENT_INIT] = {1, take_init},
};

int vnc_handshake_take(struct vnc_client *c, const uint8_t *msg, size_t len)
{
	if (len < steps[c->state].len)
		return 0;
	return steps[c->state].take(c, msg);
}
