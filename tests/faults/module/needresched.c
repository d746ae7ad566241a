// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: The defib authors
/*
 * The unfolded need_resched livelock.
 *
 * x86 keeps "a reschedule is wanted" twice: TIF_NEED_RESCHED in the thread's flags, and an inverted
 * bit in the CPU's preempt count (PREEMPT_NEED_RESCHED), which set_preempt_need_resched() folds in.
 * With the flag set alone, need_resched() says yes while should_resched(), hence cond_resched(),
 * says no. zap_pte_range() then gives up its batch for a reschedule that never comes, and is called
 * again for the same page, for ever; the tick does not help, as resched_curr() returns early when
 * the flag is set. Only a real schedule() clears it, and a way back to user mode that this loop
 * never reaches.
 *
 * The reader maps memory, touches it and reads into it; we drop the mapping under it.
 * A fully preemptible kernel (preempt=full, PREEMPT_RT) is immune: the next interrupt's exit looks
 * at the flag itself (raw_irqentry_exit_cond_resched).
 */
#include <linux/mm.h>
#include <linux/sched.h>

#include "fault.h"

ssize_t needresched_read(struct file *file, char __user *buffer, size_t size, loff_t *offset)
{
	set_tsk_thread_flag(current, TIF_NEED_RESCHED);
	return vm_munmap((unsigned long)buffer, size);
}
