// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// quarantine_cpu: gets everything off a CPU that can run elsewhere, and keeps it off; release_cpu:
// gives the CPU back.
//
// The kernel can do that itself: it is the first step of taking a CPU down (sched_cpu_deactivate()
// in kernel/sched/core.c), and what makes it is three words. From then on select_fallback_rq()
// finds another CPU for who wakes or is born, load balancing leaves the CPU out, and each time the
// CPU switches tasks balance_push() has its stopper thread carry the next one away, under the
// kernel's own locks. Masks and priorities stay as they are, so that nothing has to be remembered
// to undo it. Rejected: other masks for all tasks. A queued real-time task is counted by its mask
// (inc_rt_migration()), and nobody would know afterwards whose mask had the CPU before.
//
// writes    the CPU's bit in __cpu_dying_mask on and in __cpu_active_mask off, as _cpu_down() and
//           sched_cpu_deactivate() do, and balance_push_callback into its queue's
//           balance_callback. wake_pusher follows, which
//           wakes the CPU's ksoftirqd: a task alone on its CPU never switches.
// must hold the CPU is online and not on its way up or down (cpuhp_state); another one is active;
//           at most 64 CPUs. Nothing but the kernel's own threads of that CPU
//           (KTHREAD_IS_PER_CPU), interrupts' threads and rescuers may run there alone: the kernel
//           would break such a mask for good (do_set_cpus_allowed() in select_fallback_rq()). A
//           rescuer keeps the mask of the pool that it helped last, and takes that of the next
//           one before it does anything (worker_attach_to_pool() in kernel/workqueue.c).
// observed  quarantine_seen: the words are there, and no task that may move is queued there.
// undone    by release_cpu, and by quarantine_cpu again.
//
// What stays: the CPU's own kernel threads, its interrupts (/proc/irq/*/smp_affinity) and work
// that is queued for it by name. What it costs: who asks for that CPU alone meanwhile is told
// EINVAL (__set_cpus_allowed_ptr_locked()), and an interrupt's thread that was bound to it may run
// anywhere from then on, until the interrupt's own affinity is set again
// (irq_thread_check_affinity()). Release it before a CPU is taken down or up: what the kernel works
// out then it works out without this one, and of this one balance_push_set() warns.
#include "engine/kernel/per_cpu.h"
#include "engine/kernel/tasks.h"
#include "engine/routines/staging.h"

kernel_struct rq {
    kp<task_struct> curr;
    kp<task_struct> idle;
    kp<void> balance_callback;
};
kernel_struct cpuhp_cpu_state {
    s32 state;
    s32 target;
};
kernel_struct kthread {
    u64 flags;
    u64 threadfn;
};
kernel_struct task_struct___bound {
    kp<void> worker_private;  // of a thread of the kernel's: 5.17 (e32cf5dfbe22)
    u16 migration_disabled;
};

namespace {

constexpr u32 MOST_CPUS = 64;

u64 active() {
    return symbol(cpumask, __cpu_active_mask)->bits[0];
}
u64 dying() {
    return symbol(cpumask, __cpu_dying_mask)->bits[0];
}
u64 pusher() {
    return address_of(symbol(void, balance_push_callback));
}

bool is_settled(u32 cpu) {
    const s64 online = enum_value(cpuhp_state, CPUHP_ONLINE);
    const auto state = per_cpu(cpuhp_cpu_state, cpuhp_state, cpu);
    // Before 6.2 (d385febc9a00) nobody tells the first CPU's target.
    return state->state == online && (state->target == online || (cpu == 0 && state->target == 0));
}

void require_cpu(u32 cpu) {
    if (*symbol(u32, nr_cpu_ids) > MOST_CPUS) give_up(DEFIB_REASON_TOO_MANY);
    if (cpu >= *symbol(u32, nr_cpu_ids)) give_up(DEFIB_REASON_ARGUMENT);
    if ((symbol(cpumask, __cpu_online_mask)->bits[0] >> cpu & 1) == 0)
        give_up(DEFIB_REASON_ARGUMENT);
    if (!is_settled(cpu)) give_up(DEFIB_REASON_LOCKED);
}

// to_kthread() in kernel/kthread.c; null of who is no thread of the kernel's.
kp<kthread> kthread_of(kp<task_struct> task) {
    if ((task->flags & constant(PF_KTHREAD)) == 0) return nullptr;
    const auto same = pointer_from<task_struct___bound>(address_of(task));
    return pointer_from<kthread>(address_of(same->worker_private));
}
// kthread_is_per_cpu() there.
bool is_of_its_cpu(kp<task_struct> task) {
    const auto own = kthread_of(task);
    if (own == nullptr) return false;
    const u64 flag = static_cast<u64>(enum_value(KTHREAD_BITS, KTHREAD_IS_PER_CPU));
    return (own->flags >> flag & 1) != 0;
}
bool is_rescuer(kp<task_struct> task) {
    const auto own = kthread_of(task);
    return own != nullptr && own->threadfn == address_of(symbol(void, rescuer_thread));
}

// irq_thread(): named by setup_irq_thread(), and no name of a kernel's thread can be set.
bool is_of_an_interrupt(kp<task_struct> task) {
    if ((task->flags & constant(PF_KTHREAD)) == 0) return false;
    return task->comm[0] == 'i' && task->comm[1] == 'r' && task->comm[2] == 'q' &&
           task->comm[3] == '/';
}

void require_nothing_pinned(u64 others) {
    for_each_thread([&](kp<task_struct> task) {
        if (has_ended(task) || (task->cpus_mask.bits[0] & others) != 0) return;
        // A worker that is just being made (create_worker()) is bound before it is marked so.
        if (!is_of_its_cpu(task) && !is_of_an_interrupt(task) && !is_rescuer(task) && is_task(task))
            give_up(DEFIB_REASON_PINNED);
    });
}

// Not one that is about to sleep, nor one that 6.12 takes off late (`sched_delayed`).
bool is_queued_on(kp<task_struct> task, u32 cpu) {
    return task->on_rq != 0 && task->__state == 0 && task->thread_info.cpu == cpu;
}
bool may_move(kp<task_struct> task) {
    const auto same = pointer_from<task_struct___bound>(address_of(task));
    return same->migration_disabled == 0 && !is_of_its_cpu(task);
}

}  // namespace

VIEW(quarantine_seen, SUMMARY("whether nothing that may move is on a CPU"), FUEL(8000000))
(u32 cpu) {
    const u64 bit = u64{1} << cpu;
    if ((active() & bit) != 0 || (dying() & bit) == 0) return DEFIB_EFFECT_NOT_YET;
    bool is_any = false;
    for_each_thread([&](kp<task_struct> task) {
        is_any = is_any || (is_queued_on(task, cpu) && may_move(task));
    });
    return is_any ? DEFIB_EFFECT_NOT_YET : DEFIB_EFFECT_THERE;
}

ROUTINE(quarantine_cpu, SUMMARY("gets all that may move off a CPU, and keeps it off"),
        MUST_HOLD("the CPU is online and steady, another one is active, at most 64 CPUs; nothing "
                  "but the kernel's own threads of that CPU may run there alone"),
        THEN(wake_pusher), OBSERVED_BY(quarantine_seen), UNDONE_BY(release_cpu),
        WRITES_SYMBOL(__cpu_dying_mask), WRITES_SYMBOL(__cpu_active_mask), WRITES(cpumask.bits),
        WRITES_SYMBOL(runqueues), WRITES(rq.balance_callback), FUEL(8000000))
(u32 cpu) {
    require_cpu(cpu);
    const u64 bit = u64{1} << cpu;
    const u64 others = active() & ~bit;
    if (others == 0) give_up(DEFIB_REASON_ARGUMENT);
    require_nothing_pinned(others);
    const auto queue = per_cpu(rq, runqueues, cpu);
    const u64 callback = address_of(queue->balance_callback);
    if (callback != 0 && callback != pusher()) give_up(DEFIB_REASON_LOCKED);
    symbol(cpumask, __cpu_dying_mask)->bits[0] = dying() | bit;
    symbol(cpumask, __cpu_active_mask)->bits[0] = others;
    queue->balance_callback = symbol(void, balance_push_callback);
}

ROUTINE(wake_pusher, SUMMARY("has a CPU switch to a thread of its own"), THEN(deliver),
        USES_SCRATCH, FUEL(40000))
(u32 cpu) {
    require_cpu(cpu);
    const auto queue = per_cpu(rq, runqueues, cpu);
    if (queue->curr == queue->idle || is_of_its_cpu(queue->curr)) return;
    work::require_vehicle();
    // It looks whether there is work, and sleeps again (run_ksoftirqd()).
    const auto thread = *per_cpu(kp<task_struct>, ksoftirqd, cpu);
    if (!sleeps(thread) || work::is_under_way(thread)) return;
    static_cast<void>(work::stage_wake(thread));
}

VIEW(release_seen, SUMMARY("whether a CPU is given back"))(u32 cpu) {
    const u64 bit = u64{1} << cpu;
    const bool is_back = (active() & bit) != 0 && (dying() & bit) == 0 &&
                         address_of(per_cpu(rq, runqueues, cpu)->balance_callback) != pusher();
    return is_back ? DEFIB_EFFECT_THERE : DEFIB_EFFECT_NOT_YET;
}

ROUTINE(release_cpu, SUMMARY("gives a CPU back that was in quarantine"),
        MUST_HOLD("the CPU is online, steady and in quarantine"), OBSERVED_BY(release_seen),
        UNDONE_BY(quarantine_cpu), WRITES_SYMBOL(__cpu_dying_mask),
        WRITES_SYMBOL(__cpu_active_mask), WRITES(cpumask.bits), WRITES_SYMBOL(runqueues),
        WRITES(rq.balance_callback))
(u32 cpu) {
    require_cpu(cpu);
    const u64 bit = u64{1} << cpu;
    const auto queue = per_cpu(rq, runqueues, cpu);
    const bool is_pushed = address_of(queue->balance_callback) == pusher();
    if ((dying() & bit) == 0 && (active() & bit) != 0 && !is_pushed) give_up(DEFIB_REASON_STATE);
    symbol(cpumask, __cpu_dying_mask)->bits[0] = dying() & ~bit;
    if (is_pushed) queue->balance_callback = nullptr;
    symbol(cpumask, __cpu_active_mask)->bits[0] = active() | bit;
}
