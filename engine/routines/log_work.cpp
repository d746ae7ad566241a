// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// requeue_log_work: puts a CPU's wake-up of the log's readers back on the list that it has lost.
//
// writes    the CPU's lazy_list: the address of its wake_up_klogd_work, where it was empty.
// must hold the work is claimed, its list is empty, and nothing hangs on the work: it was the only
//           one when it was thrown off. Whoever calls has seen so for many ticks of that CPU: in
//           health it lasts some instructions (engine/kernel/log_work.h), and putting it on the
//           list in these would have it there twice.
// observed  log_work_seen: the tick has run it.
// undone    not needed: it runs at the next tick, and does what the kernel had queued it for.
#include "engine/kernel/log_work.h"

#include "engine/abi/reason.h"

VIEW(log_work_seen, SUMMARY("whether a CPU's wake-up of the log's readers has been run"))(u32 cpu) {
    return is_log_work_claimed(cpu) ? DEFIB_EFFECT_NOT_YET : DEFIB_EFFECT_THERE;
}

ROUTINE(requeue_log_work, SUMMARY("puts a CPU's lost wake-up of the log's readers back"),
        MUST_HOLD("the work is claimed and on no list, and has been for many ticks"),
        NOT_UNDONE("it runs at the next tick, for which the kernel had queued it"),
        OBSERVED_BY(log_work_seen), WRITES_SYMBOL(lazy_list))
(u32 cpu) {
    if (!has_readable_log_work()) give_up(DEFIB_REASON_LAYOUT);
    const auto work = log_work_of(cpu);
    const bool is_lost = is_log_work_claimed(cpu) && work->node.llist.next == nullptr &&
                         *per_cpu(kp<llist_node>, lazy_list, cpu) == nullptr;
    if (!is_lost) give_up(DEFIB_REASON_STATE);
    *per_cpu(kp<llist_node>, lazy_list, cpu) = &work->node.llist;
}
