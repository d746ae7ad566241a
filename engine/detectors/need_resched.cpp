// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A wish to reschedule that the CPU cannot see. x86 keeps it twice: TIF_NEED_RESCHED in the
// thread's flags, and, inverted, PREEMPT_NEED_RESCHED in the CPU's preempt count, which is folded
// in by set_preempt_need_resched(). With the flag alone need_resched() says yes and
// should_resched(), hence cond_resched(), says no: a loop that gives up its batch for a reschedule
// and is called again (zap_pte_range()) never ends, and resched_curr() returns early because the
// flag is set.
//
// A moment of it is healthy: a remote CPU sets the flag, and the interrupt that folds it is on its
// way. So it has to last while timer interrupts come, with the same task current and no switch.
#include "engine/detectors/cpu_watch.h"

DETECTOR(need_resched, SUMMARY("a CPU that is asked to reschedule and cannot see it"),
         PERIOD_MS(50), FUEL(200000))(u32 window_ms) {
    const auto watch = remember<CpuWatch>();
    if (has_panicked()) return;
    for (const u32 cpu : online_cpus()) {
        if (cpu >= MOST_CPUS) break;
        const auto queue = queue_of(cpu);
        const auto task = queue->curr;
        const u32 count = static_cast<u32>(preempt_count_of(cpu));
        const bool is_asked = (task->thread_info.flags & u64{1} << constant(TIF_NEED_RESCHED)) != 0;
        const bool is_folded = (count & static_cast<u32>(constant(PREEMPT_NEED_RESCHED))) == 0;
        if (!is_asked || is_folded || is_idle_task(task)) {
            forget(watch, cpu);
            continue;
        }
        const u64 switches = queue->nr_switches;
        const u32 same = same_ms(watch, cpu, fold(address_of(task) ^ switches << 20));
        if (same < window_ms || !has_ticked(watch, cpu, window_ms)) continue;

        const auto finding =
            report(DEFIB_FAULT_NEED_RESCHED, cpu, ns_of(watch->cpus[cpu].since_ms));
        finding->evidence[0] = cpu;
        finding->evidence[1] = same;
        finding->evidence[2] = ticks_since(watch, cpu);
        finding->evidence[3] = count;
        finding->evidence[4] = task->thread_info.flags;
        name_culprit(finding, task)->weight = same;
    }
}
