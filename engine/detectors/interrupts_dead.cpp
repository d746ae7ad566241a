// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A CPU that runs a task and takes no timer interrupt: interrupts are off and stay off (F1 with
// interrupts off), or it is stopped. A tick is due on every CPU that is not idle
// (tick_nohz_idle_exit() starts it again); only nohz_full CPUs do without, so where these are
// configured nothing is said.
//
// From memory alone a CPU with its interrupts off and one that gets no time at all (a paused guest,
// a debugger) look the same. How many CPUs stand still at once is in the evidence: all of them may
// be either.
#include "engine/detectors/cpu_watch.h"

namespace {

bool is_without_ticks() {
    return symbol_exists(tick_nohz_full_running) && *symbol(u8, tick_nohz_full_running) != 0;
}

}  // namespace

DETECTOR(interrupts_dead, SUMMARY("a CPU that is not idle and takes no timer interrupt"),
         PERIOD_MS(50), FUEL(200000))(u32 window_ms) {
    const auto watch = remember<CpuWatch>();
    if (has_panicked() || is_without_ticks()) return;
    u32 online = 0;
    u32 dead = 0;
    for (const u32 cpu : online_cpus()) {
        if (cpu >= MOST_CPUS) break;
        ++online;
        if (is_idle_task(queue_of(cpu)->curr)) {
            forget(watch, cpu);
            continue;
        }
        // The count only, so that it does not hang on who is current.
        if (same_ms(watch, cpu, timer_interrupts(cpu)) >= window_ms) ++dead;
    }
    if (dead == 0) return;
    for (const u32 cpu : online_cpus()) {
        if (cpu >= MOST_CPUS) break;
        const u32 since_ms = watch->cpus[cpu].since_ms;
        if (since_ms == 0 || now_ms() - since_ms < window_ms) continue;
        const auto finding = report(DEFIB_FAULT_INTERRUPTS_DEAD, cpu, ns_of(since_ms));
        finding->evidence[0] = cpu;
        finding->evidence[1] = now_ms() - since_ms;
        finding->evidence[2] = dead;
        finding->evidence[3] = online;
        finding->evidence[4] = static_cast<u32>(preempt_count_of(cpu));
        finding->evidence[5] = watch->cpus[cpu].mark;
        name_culprit(finding, queue_of(cpu)->curr)->weight = now_ms() - since_ms;
    }
}
