// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// clear_need_resched: takes off a TIF_NEED_RESCHED that never reached the preempt count.
//
// x86 keeps the wish to reschedule twice: in the running task's flags, and inverted in bit 31 of
// the CPU's preempt count (arch/x86/include/asm/preempt.h). Where only the flag is set,
// should_resched() says no, so that cond_resched() does nothing, while need_resched() says yes:
// loops that stop for it (zap_pte_range()) stop and start again for ever. resched_curr() does not
// help, as it finds the flag set and returns.
//
// writes    the byte of thread_info.flags with the bit 0.
// must hold the task is the same and runs on that CPU now; the flag is set and the preempt count
//           has not got it. For an instant that is so between resched_curr() of another CPU and its
//           interrupt; clearing it then costs a tick. Whoever calls has seen it for longer.
// observed  need_resched_seen: the two agree, or another task runs there.
// by hook   the module sets both on that CPU, in an interrupt there: the need is not lost.
// undone    not needed: the next resched_curr() sets both.
#include "engine/kernel/per_cpu.h"
#include "engine/routines/asking.h"
#include "engine/routines/who.h"

// 6.2 (d7b6d709a76a): `__preempt_count` went into pcpu_hot, and out again with 6.15 (01c7bc5198e9).
kernel_struct pcpu_hot {
    s32 preempt_count;
};
kernel_struct rq___running {
    kp<task_struct> curr;
};

namespace {

u32 preempt_count(u32 cpu) {
    if (symbol_exists(__preempt_count)) return *per_cpu(u32, __preempt_count, cpu);
    if (!symbol_exists(pcpu_hot) || !exists(pcpu_hot, preempt_count)) give_up(DEFIB_REASON_LAYOUT);
    return static_cast<u32>(per_cpu(struct pcpu_hot, pcpu_hot, cpu)->preempt_count);
}

bool runs_on(kp<task_struct> task, u32 cpu) {
    return per_cpu(rq___running, runqueues, cpu)->curr == task;
}

// PREEMPT_NEED_RESCHED is kept inverted: 1 says that there is no need.
bool is_apart(kp<task_struct> task, u32 cpu) {
    const bool is_wanted = (task->thread_info.flags >> constant(TIF_NEED_RESCHED) & 1) != 0;
    return is_wanted && (preempt_count(cpu) & constant(PREEMPT_NEED_RESCHED)) != 0;
}

void require_apart(kp<task_struct> task, s32 pid, u64 start_ns, u32 cpu) {
    if (!is_same(task, pid, start_ns)) give_up(DEFIB_REASON_GONE);
    if (!runs_on(task, cpu) || !is_apart(task, cpu)) give_up(DEFIB_REASON_STATE);
}

}  // namespace

VIEW(need_resched_seen, SUMMARY("whether a task's need to reschedule is known to its CPU"))
(kp<task_struct> task, s32 pid, u64 start_ns, u32 cpu) {
    if (!is_same(task, pid, start_ns) || !runs_on(task, cpu)) return DEFIB_EFFECT_THERE;
    return is_apart(task, cpu) ? DEFIB_EFFECT_NOT_YET : DEFIB_EFFECT_THERE;
}

ROUTINE(clear_need_resched, SUMMARY("takes off a need to reschedule that its CPU does not see"),
        MUST_HOLD("the task is the same and runs on that CPU; its flag is set and the CPU's "
                  "preempt count has not got it"),
        NOT_UNDONE("the kernel sets it anew when it next wants to reschedule"),
        OBSERVED_BY(need_resched_seen), BY_HOOK(reschedule_by_hook),
        WRITES(task_struct.thread_info.flags))
(kp<task_struct> task, s32 pid, u64 start_ns, u32 cpu) {
    require_apart(task, pid, start_ns, cpu);
    const u64 resched = constant(TIF_NEED_RESCHED);
    if (resched > 7) give_up(DEFIB_REASON_LAYOUT);
    const auto byte = narrow<u8>(&task->thread_info.flags, 0);
    *byte = static_cast<u8>(*byte & ~(1U << resched));
}

ROUTINE(reschedule_by_hook, SUMMARY("asks the hook to let a CPU see its need to reschedule"))
(kp<task_struct> task, s32 pid, u64 start_ns, u32 cpu) {
    require_apart(task, pid, start_ns, cpu);
    hook::reschedule(cpu);
}
