// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Tasks that wait uninterruptibly and are not woken (F4), and what they wait for.
//
// As long as the run queues count nobody as uninterruptible (rq.nr_uninterruptible, summed as
// nr_uninterruptible() does), nothing is looked at. Else all threads are, twice a second, and
// whoever is found asleep so with the same count of switches stays in a table; past the window its
// stack tells the lock (engine/kernel/waits.h), and the lock its owner.
//
// One finding for each lock, named after what is wrong with its owner:
//   TASK_BLOCKED    the owner lives: it is the first culprit, or whoever it waits for in turn.
//                   Also, with key 0, all tasks together for which no lock is found.
//   LOCK_CYCLE      the way from owner to owner comes back to where it began
//   LOCK_ABANDONED  the owner is dead: nobody will ever unlock
//   LOST_WAKEUP     the lock has had no owner for a while, and its waiters sleep
// A condition that became true without a wake-up is in nobody's data, only in the code that waits:
// such a sleeper is TASK_BLOCKED with key 0. Killable sleeps are passed over, as khungtaskd does
// (check_hung_uninterruptible_tasks()): a parent waits so for its vfork child for ever, in health.
#include "engine/detectors/blocked_table.h"

#include "engine/kernel/tasks.h"

namespace {

constexpr u64 SCAN_NS = 500 * NS_A_MS;
constexpr u32 MOST_NAMED = 16;
constexpr u32 FREE_MS = 1000;
constexpr u32 MOST_HOPS = 16;

// The type has changed (36569780b0d6), and only the sum's low half means something.
u32 uninterruptible_tasks() {
    u32 sum = 0;
    for (const u32 cpu : possible_cpus())
        sum += *pointer_from<const u32>(address_of(queue_of(cpu)) +
                                        offset_of(rq___sleepers, nr_uninterruptible));
    return sum;
}

bool is_blocked(u32 state) {
    return (state & constant(TASK_UNINTERRUPTIBLE)) != 0 &&
           (state & (constant(TASK_WAKEKILL) | constant(TASK_NOLOAD))) == 0;
}

void look_at_threads(BlockedWatch* watch) {
    watch->scanned_ns = now();
    for_each_thread([&](kp<task_struct> task) {
        if (!is_blocked(task->__state)) return;
        const u32 mark = fold(task->start_time ^ (task->nvcsw + task->nivcsw) << 32);
        keep_blocked(watch, address_of(task), mark);
    });
    drop_unseen(watch);
}

// Follows from owner to owner. Where the way comes back to `from`, and its address is the least of
// the circle so that only one of its tasks tells of it, the circle's length; else 0.
u32 circle_from(BlockedWatch* watch, u32 from) {
    const u64 first = watch->blocked[from].task;
    u32 at = from;
    for (u32 length = 1; length <= MOST_HOPS; ++length) {
        const u64 owner = owner_of(watch->blocked[at].kind, watch->blocked[at].lock);
        if (owner == first) return length;
        at = place_of(watch, owner);
        if (at == MOST_BLOCKED || owner < first) return 0;
    }
    return 0;
}
// Whether the way from here ends in a circle, be it in it or only leads to it.
bool leads_to_circle(BlockedWatch* watch, u32 from) {
    u32 at = from;
    for (u32 length = 0; length <= 2 * MOST_HOPS; ++length) {
        at = place_of(watch, owner_of(watch->blocked[at].kind, watch->blocked[at].lock));
        if (at == MOST_BLOCKED) return false;
    }
    return true;
}

void name_blocked(DefibFinding* finding, BlockedWatch* watch, u32 at) {
    const auto culprit = name_culprit(finding, pointer_from<task_struct>(watch->blocked[at].task));
    culprit->weight = now_ms() - watch->blocked[at].since_ms;
    culprit->object = watch->blocked[at].lock;
}

void report_circle(BlockedWatch* watch, u32 from, u32 length) {
    const auto finding = report(DEFIB_FAULT_LOCK_CYCLE, watch->blocked[from].lock,
                                ns_of(watch->blocked[from].since_ms));
    finding->evidence[0] = length;
    u32 at = from;
    for (u32 i = 0; i < length && at != MOST_BLOCKED; ++i) {
        name_blocked(finding, watch, at);
        at = place_of(watch, owner_of(watch->blocked[at].kind, watch->blocked[at].lock));
    }
}

// The first of the lock's waiters in the table that is past the window tells for all of them.
bool is_first_of_lock(BlockedWatch* watch, u32 at, u32 window_ms) {
    for (u32 i = 0; i < at; ++i)
        if (watch->blocked[i].lock == watch->blocked[at].lock && is_past(watch, i, window_ms))
            return false;
    return true;
}

DefibFault fault_of(u64 owner, kp<task_struct> waiter, bool is_free) {
    if (owner == 0) return is_free ? DEFIB_FAULT_LOST_WAKEUP : DEFIB_FAULT_TASK_BLOCKED;
    return is_alive(owner, waiter) ? DEFIB_FAULT_TASK_BLOCKED : DEFIB_FAULT_LOCK_ABANDONED;
}

// The one at the end of the way from owner to owner.
u64 last_owner(BlockedWatch* watch, u64 owner) {
    for (u32 hop = 0; hop < MOST_HOPS; ++hop) {
        const u32 at = place_of(watch, owner);
        if (at == MOST_BLOCKED || watch->blocked[at].lock == 0) break;
        const u64 next = owner_of(watch->blocked[at].kind, watch->blocked[at].lock);
        if (next == 0) break;
        owner = next;
    }
    return owner;
}

void report_lock(BlockedWatch* watch, u32 first, u32 window_ms) {
    const u64 lock = watch->blocked[first].lock;
    const u32 kind = watch->blocked[first].kind;
    const u64 owner = owner_of(kind, lock);
    const bool is_free = owner == 0 && is_lock_free(kind, lock);
    watch->blocked[first].free_ms = !is_free ? 0
                                    : watch->blocked[first].free_ms == 0
                                        ? now_ms()
                                        : watch->blocked[first].free_ms;
    const bool is_long_free = is_free && now_ms() - watch->blocked[first].free_ms >= FREE_MS;
    if (is_free && !is_long_free) return;
    const auto waiter = pointer_from<task_struct>(watch->blocked[first].task);
    const DefibFault fault = fault_of(owner, waiter, is_long_free);
    const auto finding = report(fault, lock, ns_of(watch->blocked[first].since_ms));
    finding->evidence[0] = lock;
    finding->evidence[1] = kind;
    finding->evidence[3] = owner;
    if (fault == DEFIB_FAULT_TASK_BLOCKED && owner != 0) {
        const auto culprit =
            name_culprit(finding, pointer_from<task_struct>(last_owner(watch, owner)));
        culprit->object = lock;
    }
    for (u32 at = 0; at < MOST_BLOCKED; ++at) {
        if (watch->blocked[at].lock != lock || !is_past(watch, at, window_ms)) continue;
        finding->evidence[2] += 1;
        if (finding->culprits < MOST_NAMED) name_blocked(finding, watch, at);
    }
}

void report_unknown(BlockedWatch* watch, u32 window_ms) {
    u32 count = 0;
    u32 longest_ms = 0;
    for (u32 at = 0; at < MOST_BLOCKED; ++at) {
        if (watch->blocked[at].lock != 0 || !is_past(watch, at, window_ms)) continue;
        const u32 waits_ms = now_ms() - watch->blocked[at].since_ms;
        if (waits_ms > longest_ms) longest_ms = waits_ms;
        ++count;
    }
    if (count == 0) return;
    const auto finding = report(DEFIB_FAULT_TASK_BLOCKED, 0, now() - u64{longest_ms} * NS_A_MS);
    finding->evidence[2] = count;
    for (u32 at = 0; at < MOST_BLOCKED && finding->culprits < MOST_NAMED; ++at) {
        if (watch->blocked[at].lock != 0 || !is_past(watch, at, window_ms)) continue;
        name_blocked(finding, watch, at);
    }
}

}  // namespace

DETECTOR(blocked, SUMMARY("tasks that wait uninterruptibly and are not woken, and for what"),
         PERIOD_MS(100), FUEL(8000000))(u32 window_ms) {
    const auto watch = remember<BlockedWatch>();
    if (has_panicked()) return;
    if (uninterruptible_tasks() == 0) return forget_blocked(watch);
    if (now() - watch->scanned_ns >= SCAN_NS) look_at_threads(watch);
    for (u32 at = 0; at < MOST_BLOCKED; ++at) {
        if (!is_past(watch, at, window_ms)) continue;
        // It ran since the table was made.
        if (!is_blocked(pointer_from<task_struct>(watch->blocked[at].task)->__state)) {
            watch->blocked[at].task = 0;
            continue;
        }
        find_lock(watch, at);
    }
    for (u32 at = 0; at < MOST_BLOCKED; ++at) {
        if (!is_past(watch, at, window_ms) || watch->blocked[at].lock == 0) continue;
        const u32 length = circle_from(watch, at);
        if (length != 0) report_circle(watch, at, length);
        if (!leads_to_circle(watch, at) && is_first_of_lock(watch, at, window_ms))
            report_lock(watch, at, window_ms);
    }
    report_unknown(watch, window_ms);
}
