// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Realtime tasks that leave others no CPU: SCHED_FIFO and SCHED_RR run as long as they want.
// Throttling (sched_rt_runtime_us) or, since 6.12, the fair server leave 5 % to the rest, which is
// enough to log in after a minute, and both can be switched off.
//
// A CPU starves when ordinary tasks were queued there in at least half of the window's looks, and
// in nearly all of these looks a realtime or deadline task was current; or when that went on
// without a break for half a second and more, in a quarter of the looks: on a quick machine the
// little that needs the CPU is done with what the fair server gives it, and then nothing waits
// until it is due again. A healthy realtime load sleeps between its turns.
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
constexpr s8 HALF_A_SECOND = 25;  // looks
constexpr u32 LEAST_SEEN = 4;     // a quarter of the looks that a window has room for must count
constexpr u32 UNIT_MS = 16;       // a window's start fits 16 bits

struct Share {
    u16 looks;
    u16 wanted;     // looks with ordinary tasks queued
    u16 starved;    // those of them with a realtime task current
    u16 drawn_out;  // those of them in a row, without a break, of half a second and more
    u16 since;      // of the window, in UNIT_MS
    s8 run;         // the latest looks, in a row: that starve; below 0: without a realtime task
    u8 ticks;       // its timer's interrupts at the latest look, as far as they fit
    u32 found_ms;   // since when it starves; 0: it does not
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

u16 time_in_units() {
    return static_cast<u16>(now_ms() / UNIT_MS);
}

void count_look(StarvationWatch* watch, u32 cpu, bool starves, bool is_waited_for) {
    if (watch->cpus[cpu].looks == 0) watch->cpus[cpu].since = time_in_units();
    watch->cpus[cpu].looks += 1;
    watch->cpus[cpu].wanted += is_waited_for ? 1 : 0;
    if (!starves) {
        if (watch->cpus[cpu].run > 0) watch->cpus[cpu].run = 0;
        return;
    }
    watch->cpus[cpu].starved += 1;
    const s8 run = watch->cpus[cpu].run;
    if (run > HALF_A_SECOND) {
        watch->cpus[cpu].drawn_out += 1;
        return;
    }
    watch->cpus[cpu].run = static_cast<s8>(run + 1);
    if (run == HALF_A_SECOND) watch->cpus[cpu].drawn_out += HALF_A_SECOND + 1;
}

// True when the CPU has had no realtime task for half a second.
bool count_rest(StarvationWatch* watch, u32 cpu, bool is_taken) {
    const s8 run = watch->cpus[cpu].run;
    if (is_taken) {
        if (run < 0) watch->cpus[cpu].run = 0;
        return false;
    }
    watch->cpus[cpu].run = run > 0 ? s8{-1} : static_cast<s8>(run - 1);
    return run <= -HALF_A_SECOND;
}

void forget(StarvationWatch* watch, u32 cpu) {
    watch->cpus[cpu].looks = 0;
    watch->cpus[cpu].wanted = 0;
    watch->cpus[cpu].starved = 0;
    watch->cpus[cpu].drawn_out = 0;
    watch->cpus[cpu].run = 0;
    watch->cpus[cpu].found_ms = 0;
}

}  // namespace

DETECTOR(realtime_starvation, SUMMARY("realtime tasks that leave others no CPU"), PERIOD_MS(20),
         FUEL(200000))(u32 window_ms, u32 share_percent) {
    const auto watch = remember<StarvationWatch>();
    if (has_panicked()) return;
    for (const u32 cpu : online_cpus()) {
        if (cpu >= MOST_WATCHED) break;
        const auto task = queue_of(cpu)->curr;
        const bool is_taken = is_realtime(task);
        const u32 waiting = ordinary_tasks(cpu);
        const bool starves = is_taken && waiting != 0;
        const u8 ticks = static_cast<u8>(timer_interrupts(cpu));
        const bool stands = ticks == watch->cpus[cpu].ticks;
        watch->cpus[cpu].ticks = ticks;
        if (count_rest(watch, cpu, is_taken)) {
            forget(watch, cpu);
            continue;
        }
        if (!starves || !stands) count_look(watch, cpu, starves, waiting != 0);
        const u32 looks = watch->cpus[cpu].looks;
        const u16 units = static_cast<u16>(time_in_units() - watch->cpus[cpu].since);
        const u32 looked_ms = looks == 0 ? 0 : units * UNIT_MS;
        if (looked_ms < window_ms) continue;
        const u32 wanted = watch->cpus[cpu].wanted;
        const bool is_wanted = wanted * 2 >= looks || watch->cpus[cpu].drawn_out * 4u >= looks;
        const bool says_enough = is_wanted && looks * EVERY_MS * LEAST_SEEN >= window_ms;
        const u32 share = says_enough && wanted != 0 ? watch->cpus[cpu].starved * 100u / wanted : 0;
        const bool is_over = share >= share_percent;
        if (!is_over) watch->cpus[cpu].found_ms = 0;
        if (is_over && watch->cpus[cpu].found_ms == 0)
            watch->cpus[cpu].found_ms = now_ms() - looked_ms;
        // The next window is a half of this one and what comes.
        if (looked_ms >= 2 * window_ms || looks >= MOST_LOOKS) {
            watch->cpus[cpu].looks /= 2;
            watch->cpus[cpu].wanted /= 2;
            watch->cpus[cpu].starved /= 2;
            watch->cpus[cpu].drawn_out /= 2;
            watch->cpus[cpu].since += units / 2;
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
