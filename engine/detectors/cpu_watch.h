// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Since when each CPU looks the same. A CPU's mark is what has to stand still for a condition,
// folded into a word; when it differs from the last run's, the window starts anew.
#ifndef DEFIB_ENGINE_DETECTORS_CPU_WATCH_H
#define DEFIB_ENGINE_DETECTORS_CPU_WATCH_H

#include "engine/detectors/report.h"
#include "engine/kernel/cpu.h"

// What fits into a detector's memory. CPUs above are not watched.
inline constexpr u32 MOST_CPUS = 340;

struct CpuMark {
    u32 since_ms;  // 0: not looked at, or what it does is no concern; wraps after 49 days
    u32 mark;
    u32 ticks;  // timer interrupts at `since_ms`
};
struct CpuWatch {
    CpuMark cpus[MOST_CPUS];
};

inline u32 fold(u64 word) {
    word *= 0x9e3779b97f4a7c15;
    return static_cast<u32>(word >> 32);
}

inline u32 now_ms() {
    const u32 ms = static_cast<u32>(now() / NS_A_MS);
    return ms == 0 ? 1 : ms;
}
inline u64 ns_of(u32 since_ms) {
    return now() - u64{static_cast<u32>(now_ms() - since_ms)} * NS_A_MS;
}

// For how long the CPU's mark is the same; 0 when it has just changed.
inline u32 same_ms(CpuWatch* watch, u32 cpu, u32 mark) {
    if (watch->cpus[cpu].since_ms == 0 || watch->cpus[cpu].mark != mark) {
        watch->cpus[cpu].since_ms = now_ms();
        watch->cpus[cpu].mark = mark;
        watch->cpus[cpu].ticks = timer_interrupts(cpu);
        return 0;
    }
    return now_ms() - watch->cpus[cpu].since_ms;
}
inline void forget(CpuWatch* watch, u32 cpu) {
    watch->cpus[cpu].since_ms = 0;
}

// A guest that gets no time, or a whole machine that is stopped by a debugger, does nothing and is
// not ill: what is said to last must be seen by the CPU's own timer too, for a quarter of it.
inline u32 ticks_since(CpuWatch* watch, u32 cpu) {
    return timer_interrupts(cpu) - watch->cpus[cpu].ticks;
}
inline bool has_ticked(CpuWatch* watch, u32 cpu, u64 window_ms) {
    const u64 tick_ns = *symbol(u64, tick_nsec);
    return ticks_since(watch, cpu) * tick_ns * 4 >= window_ms * NS_A_MS;
}

#endif
