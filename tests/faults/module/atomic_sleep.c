// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: The defib authors
/* F5: a thread sleeps with a spinlock held, and its CPU is given to one that waits for that lock.
 */
#include <linux/sched.h>
#include <linux/spinlock.h>

#include "fault.h"

static DEFINE_RAW_SPINLOCK(sleepers_lock);
static int is_held;

static void hold_or_wait(unsigned int rank)
{
	while (!READ_ONCE(is_held))
		cond_resched();
	raw_spin_lock(&sleepers_lock);
	raw_spin_unlock(&sleepers_lock);
	tell("a waiter got the sleeper's lock");
}

/*
 * The sleep ends after a second (the timer does fire), but every CPU then spins with preemption
 * off, so the owner, though runnable, never runs to unlock.
 */
static int sleep_with_lock(void *unused)
{
	raw_spin_lock(&sleepers_lock);
	WRITE_ONCE(is_held, 1);
	schedule_timeout_uninterruptible(HZ);
	raw_spin_unlock(&sleepers_lock);
	tell("the sleeper unlocked");
	return 0;
}

static int f5(unsigned int count)
{
	int error = on_cpus(0, "f5", hold_or_wait);

	return error ? error : on_thread(0, "f5/sleeper", sleep_with_lock, NULL);
}
DEFIB_FAULT(f5, f5, "a thread sleeps with a raw spinlock held, every CPU waits for it");
