// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The log's own wake-up of a CPU, claimed and on no list (engine/kernel/log_work.h). A wake-up
// injected by defib may do that (engine/routines/wake.cpp), in the instant between its last look at
// the list and its store; here it is found, and requeue_log_work puts it back.
//
// It must be so at every look of the window, while the CPU's timer ticks.
#include "engine/kernel/log_work.h"

#include "engine/detectors/cpu_watch.h"

DETECTOR(lost_log_work, SUMMARY("a CPU whose wake-ups of the log's readers are lost"),
         PERIOD_MS(100), FUEL(200000))(u32 window_ms) {
    const auto watch = remember<CpuWatch>();
    if (has_panicked() || !has_readable_log_work()) return;
    for (const u32 cpu : online_cpus()) {
        if (cpu >= MOST_CPUS) break;
        // Any other work on the list may have it behind itself.
        if (!is_log_work_claimed(cpu) || *per_cpu(kp<llist_node>, lazy_list, cpu) != nullptr) {
            forget(watch, cpu);
            continue;
        }
        const u32 same = same_ms(watch, cpu, 1);
        if (same < window_ms || !has_ticked(watch, cpu, window_ms)) continue;
        const auto finding =
            report(DEFIB_FAULT_LOST_LOG_WORK, cpu, ns_of(watch->cpus[cpu].since_ms));
        finding->evidence[0] = cpu;
        finding->evidence[1] = same;
        finding->evidence[2] = ticks_since(watch, cpu);
    }
}
