// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: The defib authors
/* F3: a loop without an end and without preemption. (F2, which can be preempted, is a device's
 * read.) */
#include <linux/preempt.h>

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
