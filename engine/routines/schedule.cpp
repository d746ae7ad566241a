// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// set_nice, set_affinity: how much of a CPU the threads of a stopped process get, and on which CPUs
// they run.
//
// A queued task's weight is part of its queue's sums, and on kernels with EEVDF of the tree's
// order; editing it there makes the guest oops. A task that is on no queue has no such copies: the
// scheduler reads priority, weight and mask when it puts the task on one (enqueue_entity(),
// select_task_rq()). So the process is stopped first (signal, STOP), then this, then it continues
// (signal, CONT), whose wake-up places it anew.
//
// writes    set_nice: static_prio, normal_prio, prio and se.load, as set_load_weight() does
//           (kernel/sched/core.c), from the kernel's own tables. set_affinity: cpus_mask and
//           nr_cpus_allowed, as set_cpus_allowed_common().
// must hold the same as for a signal; the thread is stopped and neither on a queue nor on a CPU
//           (6.12 takes a task off late, `sched_delayed`: on_rq stays 1 until it has).
//           set_nice: SCHED_NORMAL or SCHED_BATCH, and not boosted by a lock's waiter.
//           set_affinity: at most 64 CPUs; one of those asked for is online; the task may be moved
//           (not PF_NO_SETAFFINITY, not in migrate_disable()).
// observed  NAME_seen: the values are there.
// undone    by itself, with the old value, which plan and journal show.
#include "engine/kernel/per_cpu.h"
#include "engine/routines/asking.h"
#include "engine/routines/who.h"

kernel_struct task_struct___schedule {
    kp<cpumask> cpus_ptr;
    u16 migration_disabled;
};

namespace {

constexpr s32 LEAST_NICE = -20;
constexpr s32 MOST_NICE = 19;
constexpr u64 WEIGHT_SHIFT = 10;  // scale_load() with 64 bits
constexpr u32 MOST_CPUS = 64;

void require_stopped(kp<task_struct> thread, kp<task_struct> task) {
    if (thread->signal != task->signal) give_up(DEFIB_REASON_GONE);
    const bool is_stopped = (thread->__state & constant(__TASK_STOPPED)) != 0;
    if (!is_stopped || thread->on_rq != 0 || thread->on_cpu != 0) give_up(DEFIB_REASON_NOT_STOPPED);
}

s32 priority_of(s32 nice) {
    return static_cast<s32>(constant(DEFAULT_PRIO)) + nice;
}

u64 only_word_of_online() {
    if (*symbol(u32, nr_cpu_ids) > MOST_CPUS) give_up(DEFIB_REASON_TOO_MANY);
    return symbol(cpumask, __cpu_online_mask)->bits[0];
}

}  // namespace

VIEW(nice_seen, SUMMARY("whether a process has that nice value"))
(kp<task_struct> task, s32 pid, u64 start_ns, s32 nice) {
    if (!is_same(task, pid, start_ns)) return DEFIB_EFFECT_NEVER;
    return task->static_prio == priority_of(nice) ? DEFIB_EFFECT_THERE : DEFIB_EFFECT_NOT_YET;
}

ROUTINE(set_nice, SUMMARY("gives a stopped process another nice value"),
        MUST_HOLD("the same process, not init, no kernel thread, not ending, no debugger; stopped, "
                  "on no queue and no CPU; SCHED_NORMAL or SCHED_BATCH, not boosted"),
        OF_EACH(threads_of), OBSERVED_BY(nice_seen), UNDONE_BY(set_nice),
        WRITES(task_struct.static_prio), WRITES(task_struct.normal_prio), WRITES(task_struct.prio),
        WRITES(task_struct.se.load.weight), WRITES(task_struct.se.load.inv_weight))
(kp<task_struct> thread, kp<task_struct> task, s32 pid, u64 start_ns, s32 nice) {
    require_living(task, pid, start_ns);
    if (nice < LEAST_NICE || nice > MOST_NICE) give_up(DEFIB_REASON_ARGUMENT);
    require_stopped(thread, task);
    const u32 policy = thread->policy;
    const s32 before = thread->static_prio;
    const bool is_plain = (policy == constant(SCHED_NORMAL) || policy == constant(SCHED_BATCH)) &&
                          thread->prio == before && thread->normal_prio == before;
    if (!is_plain) give_up(DEFIB_REASON_STATE);
    const u64 row = static_cast<u64>(nice - LEAST_NICE);
    const u64 weight = static_cast<u64>(symbol(s32, sched_prio_to_weight)[row]);
    const u32 inverse = symbol(u32, sched_prio_to_wmult)[row];
    const s32 priority = priority_of(nice);
    thread->static_prio = priority;
    thread->normal_prio = priority;
    thread->prio = priority;
    thread->se.load.weight = weight << WEIGHT_SHIFT;
    thread->se.load.inv_weight = inverse;
}

VIEW(affinity_seen, SUMMARY("whether a process may run on those CPUs and no others"))
(kp<task_struct> task, s32 pid, u64 start_ns, u64 cpus) {
    if (!is_same(task, pid, start_ns)) return DEFIB_EFFECT_NEVER;
    return task->cpus_mask.bits[0] == cpus ? DEFIB_EFFECT_THERE : DEFIB_EFFECT_NOT_YET;
}

ROUTINE(set_affinity, SUMMARY("says on which CPUs a stopped process may run"),
        MUST_HOLD(
            "the same process, not init, no kernel thread, not ending, no debugger; stopped, on no "
            "queue and no CPU; at most 64 CPUs, one of those asked for online; it may be moved"),
        OF_EACH(threads_of), OBSERVED_BY(affinity_seen), UNDONE_BY(set_affinity),
        BY_HOOK(set_affinity_by_hook), WRITES(task_struct.cpus_mask.bits),
        WRITES(task_struct.nr_cpus_allowed))
(kp<task_struct> thread, kp<task_struct> task, s32 pid, u64 start_ns, u64 cpus) {
    require_living(task, pid, start_ns);
    if ((cpus & only_word_of_online()) == 0) give_up(DEFIB_REASON_ARGUMENT);
    require_stopped(thread, task);
    const auto same = pointer_from<task_struct___schedule>(address_of(thread));
    const bool may_move = (thread->flags & constant(PF_NO_SETAFFINITY)) == 0 &&
                          same->migration_disabled == 0 &&
                          address_of(same->cpus_ptr) == address_of(&thread->cpus_mask);
    if (!may_move) give_up(DEFIB_REASON_STATE);
    thread->cpus_mask.bits[0] = cpus;
    thread->nr_cpus_allowed = __builtin_popcountll(cpus);
}

// By the kernel's own set_cpus_allowed_ptr(), which needs no stopped process: it moves what runs.
ROUTINE(set_affinity_by_hook, SUMMARY("asks the hook to say on which CPUs a process may run"),
        OF_EACH(threads_of))
(kp<task_struct> thread, kp<task_struct> task, s32 pid, u64 start_ns, u64 cpus) {
    require_living(task, pid, start_ns);
    if ((cpus & only_word_of_online()) == 0) give_up(DEFIB_REASON_ARGUMENT);
    if (thread->signal != task->signal) give_up(DEFIB_REASON_GONE);
    if ((thread->flags & constant(PF_NO_SETAFFINITY)) != 0) give_up(DEFIB_REASON_STATE);
    if (thread->cpus_mask.bits[0] != cpus) hook::set_affinity(thread, cpus);
}
