// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// wake_signalled: wakes the threads of a process that sleep on a signal they have not looked at.
// wake: wakes one task, whatever it waits for. `deliver` follows both and does it.
//
// The kernel is made to run its own try_to_wake_up(), under its own locks: whatever scheduler,
// pressure and load accounting want at a wake-up is its own business. Vehicle is the list of lazy
// irq_works that each CPU drains in its tick (irq_work_tick() in kernel/irq_work.c takes the whole
// list with one xchg). An object whose function is hrtimer_wakeup(), published there, calls
// wake_up_process() on its task and forgets it (`t->task = NULL`, kernel/time/hrtimer.c).
// Rejected: editing run queues (6.12 oopses over a queued entity's changed weight), and the
// wake-list (call_single_queue), which no busy CPU flushes and which races a real wake-up.
//
// writes    wake, wake_signalled: objects in scratch memory (injected_work.h). deliver: the address
// of their chain
//           into one CPU's lazy_list, which must be empty; TIF_NEED_RESCHED of that CPU's idle task
//           where it idles and polls that flag (as set_nr_if_polling() does), so that it looks at
//           once. Never of another task.
// must hold of the task what signal.cpp says. wake_signalled: the thread has TIF_SIGPENDING and
//           sleeps so that a signal ends it (signal_wake_up_state()). wake: the task sleeps; any
//           sleeper in the kernel must bear a wake-up from anywhere, and looks at its condition
//           again. Just before delivery each staged task is looked at again; one that is another by
//           now is taken off its object.
//           A CPU is chosen that ticks: that has counted a tick in the last jiffies. A kernel that
//           checks its indirect calls (kCFI) would refuse the function: not there.
// observed  wake_seen: no thread of the process is staged or claimed any more. wake_signalled_seen:
//           and none sleeps on a signal.
// undone    wake_cancel: takes the tasks off objects that did not run; the kernel then runs them
//           and finds nothing to do.
//
// by hook   where the kernel module is there, it calls wake_up_process() itself, on a healthy CPU:
//           nothing is written but the request, no CPU has to idle or tick, and kCFI is no matter.
//           The wake needs the task's pi_lock and a run queue's; the module tries the first one.
//
// One race is left of the way by memory: a CPU that puts a work of its own on the list between the
// last look and the store loses it. The one lazy work that kernels have is klogd's
// (wake_up_klogd_work in kernel/printk/printk.c): it would stay claimed, and readers of the log
// would hear nothing more of that CPU. The detector lost_log_work finds that, and requeue_log_work
// (log_work.cpp) repairs it.
#include "engine/kernel/per_cpu.h"
#include "engine/routines/asking.h"
#include "engine/routines/sleep.h"
#include "engine/routines/staging.h"
#include "engine/routines/thread_flags.h"
#include "engine/routines/who.h"

kernel_struct rq___idle {
    kp<task_struct> curr;
    kp<task_struct> idle;
};
// last_tick_jiffies came with 5.19 (a1ff03cd6fb9).
kernel_struct tick_sched___progress {
    u64 last_tick_jiffies;
};

namespace {

// Stores of one object, and of all together, within what a plan holds.
constexpr u64 MOST_AT_ONCE = 7;
constexpr u64 RECENT_JIFFIES = 8;
constexpr u64 NOTE_BYTES = 8192;

// Whether the object's task is still the one that was staged.
bool is_valid(u64 slot) {
    const u64 word = *work::word(slot, work::task_at());
    if (word == 0) return true;
    const auto task = pointer_from<task_struct>(word);
    return is_same(task, static_cast<s32>(*work::word(slot, work::PID_AT)),
                   *work::word(slot, work::START_AT)) &&
           task->exit_state == 0;
}

}  // namespace

ROUTINE(wake_signalled, SUMMARY("wakes a process' threads that sleep on a signal"),
        MUST_HOLD("the same process, not init, no kernel thread, not ending, no debugger; a thread "
                  "that has a signal and sleeps so that a signal ends it"),
        THEN(deliver), OBSERVED_BY(wake_signalled_seen), UNDONE_BY(wake_cancel),
        BY_HOOK(wake_signalled_by_hook), USES_SCRATCH, FUEL(400000))
(kp<task_struct> task, s32 pid, u64 start_ns) {
    // What the signal has ended already needs no wake.
    if (!is_same(task, pid, start_ns) || has_ended(task)) return u64{0};
    require_living(task, pid, start_ns);
    work::require_vehicle();
    const u64 before = *work::word(0, work::STAGED_AT);
    u64 newest = before;
    u64 from = 0;
    u64 count = 0;
    for (auto thread : list_of(task_struct, thread_node, &task->signal->thread_head)) {
        if (count == MOST_AT_ONCE) break;
        if (!sleeps_on_signal(thread) || work::is_under_way(thread)) continue;
        if (!work::stage_in_slot(thread, newest, from)) break;
        ++count;
    }
    if (newest != before) work::remember_staged(newest);
    return count;
}

ROUTINE(wake, SUMMARY("wakes one task, whatever it waits for"),
        MUST_HOLD("the same process, not init, no kernel thread, not ending, no debugger; the task "
                  "sleeps; a CPU ticks; the kernel does not check its indirect calls"),
        THEN(deliver), OBSERVED_BY(wake_seen), UNDONE_BY(wake_cancel), BY_HOOK(wake_by_hook),
        USES_SCRATCH, FUEL(40000))
(kp<task_struct> task, s32 pid, u64 start_ns) {
    require_living(task, pid, start_ns);
    work::require_vehicle();
    if (!sleeps(task) || work::is_under_way(task)) return u64{0};
    if (!work::stage_wake(task)) give_up(DEFIB_REASON_SCRATCH_BUSY);
    return u64{1};
}

ROUTINE(wake_signalled_by_hook,
        SUMMARY("asks the hook to wake a process' threads that sleep on a signal"), FUEL(400000))
(kp<task_struct> task, s32 pid, u64 start_ns) {
    if (!is_same(task, pid, start_ns) || has_ended(task)) return u64{0};
    require_living(task, pid, start_ns);
    u64 count = 0;
    for (auto thread : list_of(task_struct, thread_node, &task->signal->thread_head)) {
        if (count == MOST_AT_ONCE) break;
        if (!sleeps_on_signal(thread)) continue;
        hook::wake(thread);
        ++count;
    }
    return count;
}

ROUTINE(wake_by_hook, SUMMARY("asks the hook to wake one task"), FUEL(40000))
(kp<task_struct> task, s32 pid, u64 start_ns) {
    require_living(task, pid, start_ns);
    if (!sleeps(task)) return u64{0};
    hook::wake(task);
    return u64{1};
}

namespace {

bool is_empty(u32 cpu) {
    return *per_cpu(kp<llist_node>, lazy_list, cpu) == nullptr;
}
bool is_idle(u32 cpu) {
    const auto queue = per_cpu(rq___idle, runqueues, cpu);
    return queue->curr == queue->idle;
}
bool ticks(u32 cpu) {
    if (!exists(tick_sched___progress, last_tick_jiffies)) return !is_idle(cpu);
    const u64 last = per_cpu(tick_sched___progress, tick_cpu_sched, cpu)->last_tick_jiffies;
    return *symbol(u64, jiffies) - last <= RECENT_JIFFIES;
}

constexpr u32 NO_CPU = ~u32{0};

// One that ticks; else one that idles and will hear of it, or comes by when it next wakes up.
u32 choose_cpu() {
    u32 idle = NO_CPU;
    for (const u32 cpu : online_cpus()) {
        if (!is_empty(cpu)) continue;
        if (!is_idle(cpu) && ticks(cpu)) return cpu;
        if (idle == NO_CPU && is_idle(cpu)) idle = cpu;
    }
    return idle;
}

// resched_curr() does no more for a CPU that polls.
void nudge(u32 cpu) {
    const auto queue = per_cpu(rq___idle, runqueues, cpu);
    const auto idle = queue->idle;
    if (queue->curr != idle || !has_thread_flag(idle, constant(TIF_POLLING_NRFLAG))) return;
    if (constant(TIF_NEED_RESCHED) > 7) return;
    const auto byte = narrow<u8>(&idle->thread_info.flags, 0);
    *byte = static_cast<u8>(*byte | 1U << constant(TIF_NEED_RESCHED));
}

}  // namespace

ROUTINE(deliver, SUMMARY("publishes the staged wake-ups to a CPU that ticks"), USES_SCRATCH,
        WRITES_SYMBOL(lazy_list), WRITES(task_struct.thread_info.flags), FUEL(100000))
() {
    const u64 newest = *work::word(0, work::STAGED_AT);
    if (newest == 0) return u64{0};
    const u64 base = work::address_in_target(0);
    u64 at = newest - base;
    // An engine that ended between the two stores below has delivered it already.
    if (!work::is_claimed(at)) {
        *work::word(0, work::STAGED_AT) = 0;
        return u64{0};
    }
    u64 count = 0;
    for (; count < work::SLOTS; ++count) {
        if (!is_valid(at)) *work::word(at, work::task_at()) = 0;
        const u64 next = *work::word(at, work::next_at());
        if (next == 0) break;
        at = next - base;
    }
    const u32 cpu = choose_cpu();
    if (cpu == NO_CPU) give_up(DEFIB_REASON_NO_CPU);
    // In this order: a chain that is published and still called staged would be published twice.
    const auto first = scratch<llist_node>(newest - base, 8);
    *per_cpu(kp<llist_node>, lazy_list, cpu) = first;
    *work::word(0, work::STAGED_AT) = 0;
    nudge(cpu);
    return count + 1;
}

namespace {

// A view has no scratch memory to write to, and finds it where boot did (boot/find/scratch.h).
bool waits_in_a_slot(kp<task_struct> thread) {
    const u64 base = *symbol(u64, vmcoreinfo_note) + NOTE_BYTES - DEFIB_SCRATCH_SIZE;
    for (u64 i = 0; i < work::SLOTS; ++i) {
        const u64 held = base + work::slot_at(i) + work::task_at();
        if (*pointer_from<const u64>(held) == address_of(thread)) return true;
    }
    return false;
}

}  // namespace

VIEW(wake_seen, SUMMARY("whether a task's wake-up has been carried out"), FUEL(40000))
(kp<task_struct> task, s32 pid, u64 start_ns) {
    if (!is_same(task, pid, start_ns) || has_ended(task)) return DEFIB_EFFECT_THERE;
    return waits_in_a_slot(task) ? DEFIB_EFFECT_NOT_YET : DEFIB_EFFECT_THERE;
}

VIEW(wake_signalled_seen, SUMMARY("whether no thread of a process sleeps on a signal any more"),
     FUEL(400000))
(kp<task_struct> task, s32 pid, u64 start_ns) {
    if (!is_same(task, pid, start_ns) || has_ended(task)) return DEFIB_EFFECT_THERE;
    for (auto thread : list_of(task_struct, thread_node, &task->signal->thread_head)) {
        if (sleeps_on_signal(thread)) return DEFIB_EFFECT_NOT_YET;
    }
    return DEFIB_EFFECT_THERE;
}

ROUTINE(wake_cancel, SUMMARY("takes back wake-ups that the kernel has not carried out"),
        USES_SCRATCH, FUEL(100000))
(kp<task_struct> task, s32 pid, u64 start_ns) {
    static_cast<void>(start_ns);
    u64 count = 0;
    for (u64 i = 0; i < work::SLOTS; ++i) {
        const u64 slot = work::slot_at(i);
        const u64 held = *work::word(slot, work::task_at());
        const bool is_its =
            held == address_of(task) || (held != 0 && pointer_from<task_struct>(held)->tgid == pid);
        if (!is_its) continue;
        *work::word(slot, work::task_at()) = 0;
        ++count;
    }
    return count;
}
