// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What each CPU has been seen to hold or to wait for.
#ifndef DEFIB_ENGINE_DETECTORS_SPIN_WATCH_H
#define DEFIB_ENGINE_DETECTORS_SPIN_WATCH_H

#include "engine/detectors/cpu_watch.h"
#include "engine/kernel/beats.h"

inline constexpr u32 MOST_SPINNERS = 100;
inline constexpr u32 SEARCH_MS = 100;
inline constexpr u32 DEPTH_UNKNOWN = 255;
// The slowest way to a CPU that spins, an NMI from another one, takes some 30 ms.
inline constexpr u32 BEAT_LATE_MS = 500;

struct SpinningCpu {
    u64 lock;      // it waits for this one; 0: for none, or it was not found
    u32 since_ms;  // since when it looks the same
    u32 mark;
    u32 depth;        // the least preempt count outside of interrupts since then
    u32 searched_ms;  // when its stack was searched; of a wait that its beats tell, its last beat
    u32 free_ms;      // when it was last seen to hold no spinlock at all; 0: never
    u32 lock_ms;      // since when that lock is seen
    u64 seen;         // where its frame lies; or its beat's number, which no address is
};
struct SpinWatch {
    u64 ring;        // of the kernel module; 0: none
    u64 nobodys;     // a lock that nobody held when all who do not wait for it were free at once
    u32 nobodys_ms;  // when that was
    u32 nobodys_waiters;  // and how many waited
    u64 judged_lock;      // what the log was asked for, and its answer
    u32 sleeper;          // a pid
    u32 is_log_clean;
    SpinningCpu cpus[MOST_SPINNERS];
};

inline bool waits(SpinWatch* watch, u32 cpu, u64 lock) {
    return lock != 0 && watch->cpus[cpu].lock == lock;
}

// With its interrupts off: its beats tell.
inline bool waits_unseen(SpinWatch* watch, u32 cpu, u64 lock) {
    return waits(watch, cpu, lock) && watch->cpus[cpu].seen >> 32 == 0;
}

// A beat that says the same as those before it; one that says another thing ends the wait, and so
// does a CPU that beats no more.
inline void follow_beats(SpinWatch* watch, u32 cpu, kp<task_struct> task) {
    const BeatWait wait = wait_in_beat(beat_of(watch->ring, cpu), task);
    const bool is_new = wait.number != 0 && wait.number != watch->cpus[cpu].seen;
    if (is_new && wait.lock != watch->cpus[cpu].lock) watch->cpus[cpu].lock = 0;
    if (!is_new && now_ms() - watch->cpus[cpu].searched_ms >= BEAT_LATE_MS)
        watch->cpus[cpu].lock = 0;
    if (!is_new) return;
    watch->cpus[cpu].seen = wait.number;
    watch->cpus[cpu].searched_ms = now_ms();
}

inline bool starts_by_beat(SpinWatch* watch, u32 cpu, kp<task_struct> task) {
    if (watch->ring == 0) return false;
    const BeatWait wait = wait_in_beat(beat_of(watch->ring, cpu), task);
    if (wait.lock == 0 || wait.number == watch->cpus[cpu].seen) return false;
    watch->cpus[cpu].lock = wait.lock;
    watch->cpus[cpu].seen = wait.number;
    watch->cpus[cpu].searched_ms = now_ms();
    watch->cpus[cpu].lock_ms = now_ms();
    return true;
}

inline void note_lock(SpinWatch* watch, u32 cpu, kp<task_struct> task, u32 window_ms) {
    if (waits_unseen(watch, cpu, watch->cpus[cpu].lock)) return follow_beats(watch, cpu, task);
    if (watch->cpus[cpu].lock != 0) {
        if (lock_in_frame(watch->cpus[cpu].seen) != watch->cpus[cpu].lock)
            watch->cpus[cpu].lock = 0;
        return;
    }
    if (starts_by_beat(watch, cpu, task)) return;
    // A stack is looked through after a quarter of the window, to see the frame for the rest.
    if (now_ms() - watch->cpus[cpu].since_ms < window_ms / 4) return;
    if (now_ms() - watch->cpus[cpu].searched_ms < SEARCH_MS) return;
    watch->cpus[cpu].searched_ms = now_ms();
    const SpinFrame found = find_spin_frame(task);
    watch->cpus[cpu].lock = found.lock;
    if (found.lock != 0) watch->cpus[cpu].seen = found.frame;
    watch->cpus[cpu].lock_ms = now_ms();
}

inline void start_anew(SpinWatch* watch, u32 cpu, u32 mark) {
    watch->cpus[cpu].since_ms = now_ms();
    watch->cpus[cpu].mark = mark;
    watch->cpus[cpu].lock = 0;
    watch->cpus[cpu].depth = DEPTH_UNKNOWN;
}

// The idle loop runs with preemption off, once (init_idle_preempt_count()).
inline void look_at_cpu(SpinWatch* watch, u32 cpu, u32 window_ms) {
    const auto queue = queue_of(cpu);
    const auto task = queue->curr;
    const bool is_idle = is_idle_task(task);
    const s32 count = preempt_count_of(cpu);
    const u32 depth = is_in_interrupt(count) ? DEPTH_UNKNOWN : preempt_depth(count);
    const bool is_free = depth <= (is_idle ? 1 : 0);
    const u32 mark = fold(address_of(task) ^ queue->nr_switches << 20 ^ user_time(cpu) << 40);
    if (is_free) watch->cpus[cpu].free_ms = now_ms();
    if (watch->cpus[cpu].since_ms == 0 || watch->cpus[cpu].mark != mark || is_idle || is_free)
        start_anew(watch, cpu, mark);
    if (!is_free && depth < watch->cpus[cpu].depth) watch->cpus[cpu].depth = depth;
    if (!is_free) note_lock(watch, cpu, task, window_ms);
}

inline bool is_free_now(u32 cpu) {
    const s32 count = preempt_count_of(cpu);
    const u32 idle = is_idle_task(queue_of(cpu)->curr) ? 1 : 0;
    return !is_in_interrupt(count) && preempt_depth(count) <= idle;
}

// Whether each CPU that does not wait for the lock holds none, now, while it is taken.
inline bool are_all_others_free(SpinWatch* watch, u64 lock) {
    for (const u32 cpu : online_cpus()) {
        if (cpu >= MOST_SPINNERS) return false;
        if (!waits(watch, cpu, lock) && !is_free_now(cpu)) return false;
    }
    return is_held(lock_word(lock));
}

inline u32 waiters_since(SpinWatch* watch, u64 lock, u32 latest_ms) {
    u32 count = 0;
    for (const u32 cpu : online_cpus()) {
        if (cpu >= MOST_SPINNERS) break;
        if (waits(watch, cpu, lock) && static_cast<s32>(watch->cpus[cpu].lock_ms - latest_ms) <= 0)
            ++count;
    }
    return count;
}

// A lock that nobody holds stays taken for ever, so one moment at which all others were free is
// enough; looked at twice in a row, as the looks at the CPUs are a little apart. What happens to
// the others later (they wait for an IPI's answer from a CPU that spins) does not matter any more,
// but who waited then has to go on waiting: else it may have had the lock at that moment.
inline void note_nobodys(SpinWatch* watch) {
    const u64 known = watch->nobodys;
    if (known != 0 && waiters_since(watch, known, watch->nobodys_ms) == watch->nobodys_waiters)
        return;
    watch->nobodys = 0;
    for (const u32 cpu : online_cpus()) {
        if (cpu >= MOST_SPINNERS) return;
        const u64 lock = watch->cpus[cpu].lock;
        if (!waits_unseen(watch, cpu, lock)) continue;
        if (!are_all_others_free(watch, lock) || !are_all_others_free(watch, lock)) continue;
        watch->nobodys = lock;
        watch->nobodys_ms = now_ms();
        watch->nobodys_waiters = waiters_since(watch, lock, now_ms());
        return;
    }
}

// Each of them has shown by a beat after that moment that it waits on.
inline bool is_nobodys(SpinWatch* watch, u64 lock) {
    return watch->nobodys == lock && now_ms() - watch->nobodys_ms > BEAT_LATE_MS;
}

#endif
