// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: The defib authors
/*
 * F3: a loop without an end and without preemption. (F2, which can be preempted, is a device's
 * read.) And one in a section that others wait for.
 */
#include <linux/preempt.h>
#include <linux/rcupdate.h>

#include "fault.h"

static void loop_without_preemption(unsigned int rank)
{
	preempt_disable();
	for (;;)
		cpu_relax();
}

static int f3(unsigned int count)
{
	return on_cpus(count, "f3", loop_without_preemption);
}
DEFIB_FAULT(f3, f3, "CPUs (all) loop in the kernel with preemption off");

/* RCU's grace period waits for each reader that was there when it began. */
static int read_for_ever(void *unused)
{
	rcu_read_lock();
	/* A machine that does nothing may ask for no grace period, and then nobody waits for this. */
	start_poll_synchronize_rcu();
	for (;;)
		cpu_relax();
	return 0;
}

static int rcu_reader(unsigned int count)
{
	return on_thread(count, "rcu_reader", read_for_ever, NULL);
}
DEFIB_FAULT(rcu_reader, rcu_reader, "a thread on that CPU never leaves an RCU read-side section");
