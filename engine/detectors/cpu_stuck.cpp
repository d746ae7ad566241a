// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A CPU that runs one task in the kernel and gives no other a turn: a loop without an end and
// without preemption (F3), a lock that never comes (F1 with interrupts on), an unfolded
// need_resched.
//
// All of this has held for the whole window: the same task is current, the run queue has switched
// nothing, no tick found user code, another task waits for its turn, and the CPU's timer went on.
// Each alone is healthy: a lonely computation switches nothing, and a system call may be long, but
// where another task waits the tick asks for a reschedule, and the next cond_resched() or return to
// user mode gives way. It is what the kernel's own watchdog looks at (watchdog_timer_fn()), but
// that is asleep where timers are, and says it only to the log.
#include "engine/detectors/cpu_watch.h"

DETECTOR(cpu_stuck, SUMMARY("a CPU that runs one task in the kernel and switches no more"),
         PERIOD_MS(50), FUEL(200000))(u32 window_ms) {
    const auto watch = remember<CpuWatch>();
    if (has_panicked()) return;
    for (const u32 cpu : online_cpus()) {
        if (cpu >= MOST_CPUS) break;
        const auto queue = queue_of(cpu);
        const auto task = queue->curr;
        if (is_idle_task(task)) {
            forget(watch, cpu);
            continue;
        }
        const u64 switches = queue->nr_switches;
        const u32 same =
            same_ms(watch, cpu, fold(address_of(task) ^ switches << 20 ^ user_time(cpu) << 40));
        const u32 running = queue->nr_running;
        if (same < window_ms || running < 2 || !has_ticked(watch, cpu, window_ms)) continue;

        const auto finding = report(DEFIB_FAULT_CPU_STUCK, cpu, ns_of(watch->cpus[cpu].since_ms));
        finding->evidence[0] = cpu;
        finding->evidence[1] = same;
        finding->evidence[2] = ticks_since(watch, cpu);
        finding->evidence[3] = running;
        finding->evidence[4] = static_cast<u32>(preempt_count_of(cpu));
        finding->evidence[5] = switches;
        finding->evidence[6] = task->stime / NS_A_MS;
        name_culprit(finding, task)->weight = same;
    }
}
