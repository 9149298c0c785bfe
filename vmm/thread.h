/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Threads: signals for the process are the main thread's, and no other's. */
#ifndef VMM_THREAD_H
#define VMM_THREAD_H

#include <pthread.h>
#include <signal.h>

/* The one signal that each takes: vmm/privileges.h. */
#define THREAD_SIGNAL SIGUSR2

/* Runs fn(arg) in a new thread.  Returns 0, or an errno value. */
int thread_start(pthread_t *thread, const char *name, void *(*fn)(void *arg),
		 void *arg);

#endif
