// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: The defib authors
/* Two threads that take the same two mutexes in another order. */
#include <linux/delay.h>
#include <linux/mutex.h>

#include "fault.h"

static DEFINE_MUTEX(one_mutex);
static DEFINE_MUTEX(other_mutex);

static int take_both(void *argument)
{
	struct mutex *mine = argument;
	struct mutex *next = mine == &one_mutex ? &other_mutex : &one_mutex;

	mutex_lock(mine);
	while (!mutex_is_locked(next))
		msleep(10);
	mutex_lock(next);
	tell("a thread of the circle got both mutexes");
	mutex_unlock(next);
	mutex_unlock(mine);
	return 0;
}

static int mutex_cycle(unsigned int unused)
{
	int error = on_thread(ANY_CPU, "cycle", take_both, &one_mutex);

	return error ? error : on_thread(ANY_CPU, "cycle", take_both, &other_mutex);
}
DEFIB_FAULT(mutex_cycle, mutex_cycle, "two threads hold a mutex each and wait for the other's");
