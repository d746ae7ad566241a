// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: The defib authors
/*
 * A whole family killed by the kernel itself, the quickest way there is from within: the bench sets
 * defib's beside it. The number is the parent's pid; the write returns when all have the signal.
 */
#include <linux/pid.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>

#include "fault.h"

static int kill_children(unsigned int of)
{
	struct task_struct *task;
	unsigned int killed = 0;

	rcu_read_lock();
	for_each_process(task) {
		if (task_pid_nr(rcu_dereference(task->real_parent)) != of)
			continue;
		send_sig(SIGKILL, task, 1);
		killed++;
	}
	rcu_read_unlock();
	return killed ? 0 : -ESRCH;
}
DEFIB_RIVAL(kill_children, kill_children, "SIGKILL to every child of a process: its pid");
