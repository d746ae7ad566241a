// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: The defib authors
/* Kernels that know they are broken: a panic, and an oops that kills whoever held a lock. */
#include <linux/delay.h>
#include <linux/mutex.h>
#include <linux/panic.h>
#include <linux/spinlock.h>

#include "fault.h"

static int panic_now(void *unused)
{
	panic("defib_fault: as asked");
}

static int start_panic(unsigned int unused)
{
	return on_thread(ANY_CPU, "panic", panic_now, NULL);
}
DEFIB_FAULT(panic, start_panic, "panics");

/* Where the compiler cannot see that it is null. */
static int *nowhere;

static DEFINE_MUTEX(dead_owners_mutex);

static int oops_with_mutex(void *unused)
{
	mutex_lock(&dead_owners_mutex);
	return READ_ONCE(*READ_ONCE(nowhere));
}

static int wait_for_mutex(void *unused)
{
	while (!mutex_is_locked(&dead_owners_mutex))
		msleep(10);
	mutex_lock(&dead_owners_mutex);
	mutex_unlock(&dead_owners_mutex);
	return 0;
}

static int oops_mutex(unsigned int waiters)
{
	int error = on_thread(ANY_CPU, "oops/owner", oops_with_mutex, NULL);

	for (waiters = waiters ? waiters : 3; waiters && !error; waiters--)
		error = on_thread(ANY_CPU, "oops/waiter", wait_for_mutex, NULL);
	return error;
}
DEFIB_FAULT(oops_mutex, oops_mutex,
	    "an oops kills the owner of a mutex that this many (3) wait for");

static DEFINE_RAW_SPINLOCK(dead_owners_lock);

static int oops_with_spinlock(void *unused)
{
	raw_spin_lock(&dead_owners_lock);
	return READ_ONCE(*READ_ONCE(nowhere));
}

static void wait_for_spinlock(unsigned int rank)
{
	while (!raw_spin_is_locked(&dead_owners_lock))
		cond_resched();
	/* Let the oops be told and its thread be buried: it may need this CPU. */
	msleep(500);
	raw_spin_lock(&dead_owners_lock);
	raw_spin_unlock(&dead_owners_lock);
	tell("a waiter got the dead owner's lock");
}

static int oops_spin(unsigned int count)
{
	int error = on_cpus(count, "oops", wait_for_spinlock);

	return error ? error : on_thread(ANY_CPU, "oops/owner", oops_with_spinlock, NULL);
}
DEFIB_FAULT(oops_spin, oops_spin,
	    "an oops kills the owner of a raw spinlock that CPUs (all) wait for");
