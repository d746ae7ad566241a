// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Realtime tasks that leave others no CPU: SCHED_FIFO and SCHED_RR run as long as they want.
// Throttling (sched_rt_runtime_us) or, since 6.12, the fair server leave 5 % to the rest, which is
// enough to log in after a minute, and both can be switched off.
//
// A CPU starves when ordinary tasks were queued there in at least half of the window's looks, and
// in nearly all of these looks a realtime or deadline task was current. A healthy realtime load
// sleeps between its turns.
//
// A look at a realtime task counts only where the CPU's own timer has ticked since the look before:
// a virtual CPU that its host does not run, and one that waits for the others in stop_machine()
// with interrupts off (multi_cpu_stop()), stand still with whatever they had, and starve nobody by
// it.
//
// While throttling holds the realtime tasks back, for 50 ms of each second by default, the fault is
// still there, only nobody can be blamed in that moment: the finding goes on without a culprit. It
// is over when none has run for half a second.
#include "engine/detectors/cpu_watch.h"

kernel_struct cfs_rq {
    u32 h_nr_running;
};
// 6.14 (736c55a02c47 "sched/fair: Rename cfs_rq.nr_running into nr_queued") renamed both.
kernel_struct cfs_rq___queued {
    u32 h_nr_queued;
};
kernel_struct rq___classes {
    u32 nr_running;
    struct cfs_rq cfs;
};
kernel_struct rq___classes_queued {
    cfs_rq___queued cfs;
};

namespace {

constexpr u32 MOST_WATCHED = 256;
constexpr u32 MOST_LOOKS = 30000;
constexpr u32 EVERY_MS = 20;
constexpr u8 OVER_AFTER = 25;  // looks
constexpr u32 LEAST_SEEN = 4;  // a quarter of the looks that a window has room for must count

struct Share {
    u16 looks;
    u16 wanted;    // looks with ordinary tasks queued
    u16 starved;   // those of them with a realtime task current
    u8 without;    // the latest looks, in a row, without a realtime task
    u8 ticks;      // its timer's interrupts at the latest look, as far as they fit
    u32 since_ms;  // of the window
    u32 found_ms;  // since when it starves; 0: it does not
};
struct StarvationWatch {
    Share cpus[MOST_WATCHED];
};

u32 ordinary_tasks(u32 cpu) {
    if (exists(cfs_rq, h_nr_running))
        return per_cpu(rq___classes, runqueues, cpu)->cfs.h_nr_running;
    if (exists(cfs_rq___queued, h_nr_queued))
        return per_cpu(rq___classes_queued, runqueues, cpu)->cfs.h_nr_queued;
    return 0;
}

// rt_prio() and dl_prio(): below MAX_RT_PRIO. The stop class has no task of its own priority; the
// migration thread that belongs to it is a kernel thread and soon done.
bool is_realtime(kp<task_struct> task) {
    return task->prio < static_cast<s32>(constant(MAX_RT_PRIO));
}

}  // namespace

DETECTOR(realtime_starvation, SUMMARY("realtime tasks that leave others no CPU"), PERIOD_MS(20),
         FUEL(200000))(u32 window_ms, u32 share_percent) {
    const auto watch = remember<StarvationWatch>();
    if (has_panicked()) return;
    for (const u32 cpu : online_cpus()) {
        if (cpu >= MOST_WATCHED) break;
        const auto task = queue_of(cpu)->curr;
        const u32 waiting = ordinary_tasks(cpu);
        const bool starves = is_realtime(task) && waiting != 0;
        const u8 ticks = static_cast<u8>(timer_interrupts(cpu));
        const bool stands = ticks == watch->cpus[cpu].ticks;
        const u8 without = starves ? 0 : static_cast<u8>(watch->cpus[cpu].without + 1);
        watch->cpus[cpu].ticks = ticks;
        watch->cpus[cpu].without = without;
        if (without >= OVER_AFTER) {
            watch->cpus[cpu] = {};
            continue;
        }
        if (!starves || !stands) {
            if (watch->cpus[cpu].looks == 0) watch->cpus[cpu].since_ms = now_ms();
            watch->cpus[cpu].looks += 1;
            watch->cpus[cpu].wanted += waiting != 0 ? 1 : 0;
            watch->cpus[cpu].starved += starves ? 1 : 0;
        }
        const u32 looks = watch->cpus[cpu].looks;
        const u32 looked_ms = looks == 0 ? 0 : now_ms() - watch->cpus[cpu].since_ms;
        if (looked_ms < window_ms) continue;
        const u32 wanted = watch->cpus[cpu].wanted;
        const bool says_enough = wanted * 2 >= looks && looks * EVERY_MS * LEAST_SEEN >= window_ms;
        const u32 share = says_enough && wanted != 0 ? watch->cpus[cpu].starved * 100u / wanted : 0;
        const bool is_over = share >= share_percent;
        if (!is_over) watch->cpus[cpu].found_ms = 0;
        if (is_over && watch->cpus[cpu].found_ms == 0)
            watch->cpus[cpu].found_ms = watch->cpus[cpu].since_ms;
        // The next window is a half of this one and what comes.
        if (looked_ms >= 2 * window_ms || looks >= MOST_LOOKS) {
            watch->cpus[cpu].looks /= 2;
            watch->cpus[cpu].wanted /= 2;
            watch->cpus[cpu].starved /= 2;
            watch->cpus[cpu].since_ms = now_ms() - looked_ms / 2;
        }
        if (!is_over) continue;
        const auto finding =
            report(DEFIB_FAULT_REALTIME_STARVATION, cpu, ns_of(watch->cpus[cpu].found_ms));
        finding->evidence[0] = cpu;
        finding->evidence[1] = share;
        finding->evidence[2] = looked_ms;
        finding->evidence[3] = waiting;
        finding->evidence[4] = looks;
        if (starves) name_culprit(finding, task)->weight = share;
    }
}
