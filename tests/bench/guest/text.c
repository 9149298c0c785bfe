/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The serial line, the end, and what the compiler wants to call. */
#include "guest.h"

#define COM1	    0x3f8
#define LSR	    (COM1 + 5)
#define LSR_EMPTY   0x20
#define DEBUG_EXIT  0x501 /* isa-debug-exit */
#define PM1_CONTROL 0x604
#define SLEEP_OFF   0x2000 /* S5, and go */

void *memset(void *p, int c, size_t n)
{
	void *at = p;

	__asm__ volatile("rep stosb" : "+D"(at), "+c"(n) : "a"(c) : "memory");
	return p;
}

void *memcpy(void *to, const void *from, size_t n)
{
	void *at = to;

	__asm__ volatile("rep movsb"
			 : "+D"(at), "+S"(from), "+c"(n)
			 :
			 : "memory");
	return to;
}

void say(const char *s)
{
	for (; *s; s++) {
		while (!(in8(LSR) & LSR_EMPTY))
			;
		out8(COM1, (uint8_t)*s);
	}
}

void say_number(const char *name, uint64_t v)
{
	char digits[21];
	unsigned at = sizeof(digits) - 1;

	digits[at] = 0;
	do {
		digits[--at] = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	say(" ");
	say(name);
	say("=");
	say(digits + at);
}

void end(uint8_t status)
{
	out8(DEBUG_EXIT, status);
	out16(PM1_CONTROL, SLEEP_OFF);
	for (;;)
		__asm__ volatile("pause");
}

void fail(const char *why)
{
	say("failed: ");
	say(why);
	say("\n");
	end(1);
}
