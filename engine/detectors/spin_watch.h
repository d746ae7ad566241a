// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What each CPU has been seen to hold or to wait for.
#ifndef DEFIB_ENGINE_DETECTORS_SPIN_WATCH_H
#define DEFIB_ENGINE_DETECTORS_SPIN_WATCH_H

#include "engine/detectors/cpu_watch.h"
#include "engine/kernel/spinlocks.h"

inline constexpr u32 MOST_SPINNERS = 100;
inline constexpr u32 SEARCH_MS = 100;
inline constexpr u32 DEPTH_UNKNOWN = 255;

struct SpinningCpu {
    u64 lock;      // it waits for this one; 0: for none, or it was not found
    u32 since_ms;  // since when it looks the same
    u32 mark;
    u32 depth;        // the least preempt count outside of interrupts since then
    u32 searched_ms;  // when its stack was searched
    u32 free_ms;      // when it was last seen to hold no spinlock at all; 0: never
    u32 lock_ms;      // since when that lock is seen
    u64 frame;        // where
};
struct SpinWatch {
    u64 judged_lock;  // what the log was asked for, and its answer
    u32 sleeper;      // a pid
    u32 is_log_clean;
    SpinningCpu cpus[MOST_SPINNERS];
};

inline void note_lock(SpinWatch* watch, u32 cpu, kp<task_struct> task) {
    if (watch->cpus[cpu].lock != 0) {
        if (lock_in_frame(watch->cpus[cpu].frame) != watch->cpus[cpu].lock)
            watch->cpus[cpu].lock = 0;
        return;
    }
    if (now_ms() - watch->cpus[cpu].searched_ms < SEARCH_MS) return;
    watch->cpus[cpu].searched_ms = now_ms();
    const SpinFrame found = find_spin_frame(task);
    watch->cpus[cpu].lock = found.lock;
    watch->cpus[cpu].frame = found.frame;
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
    // Looked for after a quarter of the window, to see it for the rest.
    if (now_ms() - watch->cpus[cpu].since_ms >= window_ms / 4) note_lock(watch, cpu, task);
}

inline bool waits(SpinWatch* watch, u32 cpu, u64 lock) {
    return lock != 0 && watch->cpus[cpu].lock == lock;
}

#endif
