// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The table of tasks that sleep uninterruptibly, and questions to the locks they sleep for.
#ifndef DEFIB_ENGINE_DETECTORS_BLOCKED_TABLE_H
#define DEFIB_ENGINE_DETECTORS_BLOCKED_TABLE_H

#include "engine/detectors/cpu_watch.h"
#include "engine/kernel/tasks.h"
#include "engine/kernel/waits.h"

kernel_struct rq___sleepers {
    u32 nr_uninterruptible;
};
inline constexpr u32 MOST_BLOCKED = 96;  // what fits; more at once are counted by nobody
inline constexpr u64 CLOCKS_APART_NS = 1000000000;

struct BlockedTask {
    u64 task;  // 0: a free place
    u64 lock;  // 0: not found
    u32 mark;  // start and switches, folded
    u32 since_ms;
    u32 seen_ms;  // the scan that saw it last
    u32 kind;     // enum WaitKind
    u32 is_searched;
    u32 free_ms;  // since when its lock has no owner
};
struct BlockedWatch {
    u64 scanned_ns;
    BlockedTask blocked[MOST_BLOCKED];
};

inline u32 place_of(BlockedWatch* watch, u64 task) {
    if (task == 0) return MOST_BLOCKED;
    for (u32 at = 0; at < MOST_BLOCKED; ++at)
        if (watch->blocked[at].task == task) return at;
    return MOST_BLOCKED;
}

inline void keep_blocked(BlockedWatch* watch, u64 task, u32 mark) {
    u32 at = place_of(watch, task);
    if (at == MOST_BLOCKED) {
        for (at = 0; at < MOST_BLOCKED; ++at)
            if (watch->blocked[at].task == 0) break;
        if (at == MOST_BLOCKED) return;
        watch->blocked[at].mark = ~mark;
    }
    watch->blocked[at].seen_ms = now_ms();
    if (watch->blocked[at].mark == mark) return;
    watch->blocked[at].task = task;
    watch->blocked[at].mark = mark;
    watch->blocked[at].since_ms = now_ms();
    watch->blocked[at].lock = 0;
    watch->blocked[at].kind = WAIT_UNKNOWN;
    watch->blocked[at].is_searched = 0;
    watch->blocked[at].free_ms = 0;
}

inline void drop_unseen(BlockedWatch* watch) {
    for (u32 at = 0; at < MOST_BLOCKED; ++at)
        if (watch->blocked[at].seen_ms != now_ms()) watch->blocked[at].task = 0;
}
inline void forget_blocked(BlockedWatch* watch) {
    if (watch->scanned_ns == 0) return;
    watch->scanned_ns = 0;
    for (u32 at = 0; at < MOST_BLOCKED; ++at) watch->blocked[at].task = 0;
}

inline bool is_past(BlockedWatch* watch, u32 at, u32 window_ms) {
    return watch->blocked[at].task != 0 && now_ms() - watch->blocked[at].since_ms >= window_ms;
}

// Once for each sleep: a waiter does not change what it waits for.
inline void find_lock(BlockedWatch* watch, u32 at) {
    if (watch->blocked[at].is_searched != 0) return;
    watch->blocked[at].is_searched = 1;
    const Wait wait = wait_of(pointer_from<task_struct>(watch->blocked[at].task));
    watch->blocked[at].lock = wait.lock;
    watch->blocked[at].kind = wait.kind;
}

inline u64 owner_of(u32 kind, u64 lock) {
    if (lock == 0) return 0;
    const Addresses places = addresses();
    if (kind == WAIT_RT_MUTEX)
        return owner_in(places, address_of(pointer_from<rt_mutex_base>(lock)->owner));
    if (kind == WAIT_MUTEX)
        return owner_in(places, static_cast<u64>(pointer_from<struct mutex>(lock)->owner.counter));
    const u64 owner = static_cast<u64>(pointer_from<rw_semaphore>(lock)->owner.counter);
    // Of readers only the last one to come is noted, and it may be gone.
    return (owner & constant(RWSEM_READER_OWNED)) != 0 ? 0 : owner_in(places, owner);
}

// Nobody holds it, reader or writer.
inline bool is_lock_free(u32 kind, u64 lock) {
    if (kind == WAIT_MUTEX || kind == WAIT_RT_MUTEX) return owner_of(kind, lock) == 0;
    if (!constant_exists(RWSEM_FLAG_WAITERS) || !constant_exists(RWSEM_FLAG_HANDOFF)) return false;
    const u64 count = static_cast<u64>(pointer_from<rw_semaphore>(lock)->count.counter);
    return (count & ~(constant(RWSEM_FLAG_WAITERS) | constant(RWSEM_FLAG_HANDOFF))) == 0;
}

// Whether an owner is still the task that took the lock. The memory of one that died may be
// another's meanwhile: the pid table must lead back to it, and it must be older than the waiter's
// last run, in which it went to sleep (sched_info.last_arrival, on the scheduler's clock, which
// starts with the kernel's and goes on with it but for less than a second).
inline bool is_alive(u64 owner, kp<task_struct> waiter) {
    const auto task = pointer_from<task_struct>(owner);
    if (task->exit_state != 0 || task->__state == constant(TASK_DEAD)) return false;
    const u64 kind = static_cast<u64>(enum_value(pid_type, PIDTYPE_PID));
    const auto found = task_of(static_cast<u32>(task->pid), kind);
    if (address_of(found) != owner) return false;
    return task->start_time <= waiter->sched_info.last_arrival + CLOCKS_APART_NS;
}

#endif
