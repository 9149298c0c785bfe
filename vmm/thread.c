/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Starting threads. */
#include "vmm/thread.h"

#define STACK_SIZE (256u << 10)

int thread_start(pthread_t *thread, const char *name, void *(*fn)(void *arg),
		 void *arg)
{
	sigset_t blocked, old;
	pthread_attr_t attr;
	int rc;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	sigfillset(&blocked);
	sigdelset(&blocked, THREAD_SIGNAL);
	pthread_sigmask(SIG_SETMASK, &blocked, &old);
	rc = pthread_create(thread, &attr, fn, arg);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	if (!rc)
		pthread_setname_np(*thread, name);
	return rc;
}
