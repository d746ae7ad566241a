// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// More work than CPUs, for long: every CPU busy and a queue in front of it. That alone is what a
// well used machine looks like; it is a fault from the length of the queue on at which nobody gets
// a turn in time, which the threshold says. Steal, iowait and idle time do not matter here: the
// queue does.
//
// Who uses the CPUs is found by looking who is current, the algorithm of heavy hitters: a table of
// few places in which whoever is seen gains a point, and a stranger takes the place of the least
// (Metwally, "Efficient computation of frequent and top-k elements in data streams", 2005). It
// costs a few reads for each CPU and no list of processes. A culprit's weight is its time on CPUs
// since it was first seen, in ms; a crowd of which none stands out shows as many with the same
// parent.
#include "engine/detectors/cpu_watch.h"

namespace {

constexpr u32 MOST_COUNTED = 40;
constexpr u32 MOST_NAMED = 12;

struct Consumer {
    u64 task;
    u64 start_ns;
    u64 first_ns;       // engine clock
    u64 first_runtime;  // its own
    u32 points;
    u32 is_named;
};
struct LoadWatch {
    u64 since_ns;
    u64 looks;
    u64 running;  // sum over the looks
    Consumer consumers[MOST_COUNTED];
};

void count(LoadWatch* watch, kp<task_struct> task) {
    u32 least = 0;
    const u64 start_ns = task->start_time;
    for (u32 at = 0; at < MOST_COUNTED; ++at) {
        if (watch->consumers[at].task == address_of(task) &&
            watch->consumers[at].start_ns == start_ns) {
            watch->consumers[at].points += 1;
            return;
        }
        if (watch->consumers[at].points < watch->consumers[least].points) least = at;
    }
    watch->consumers[least].task = address_of(task);
    watch->consumers[least].start_ns = start_ns;
    watch->consumers[least].first_ns = now();
    watch->consumers[least].first_runtime = task->se.sum_exec_runtime;
    watch->consumers[least].points += 1;
}

void forget_all(LoadWatch* watch) {
    watch->since_ns = 0;
    watch->looks = 0;
    watch->running = 0;
    for (u32 at = 0; at < MOST_COUNTED; ++at) {
        watch->consumers[at].task = 0;
        watch->consumers[at].points = 0;
    }
}

void name_consumers(LoadWatch* watch, DefibFinding* finding) {
    for (u32 at = 0; at < MOST_COUNTED; ++at) watch->consumers[at].is_named = 0;
    for (u32 named = 0; named < MOST_NAMED; ++named) {
        u32 best = MOST_COUNTED;
        u32 points = 0;
        for (u32 at = 0; at < MOST_COUNTED; ++at) {
            if (watch->consumers[at].is_named != 0 || watch->consumers[at].points <= points)
                continue;
            best = at;
            points = watch->consumers[at].points;
        }
        if (best == MOST_COUNTED) return;
        watch->consumers[best].is_named = 1;
        const auto task = pointer_from<task_struct>(watch->consumers[best].task);
        // It may have ended since.
        if (task->start_time != watch->consumers[best].start_ns) continue;
        const u64 ran_ns = task->se.sum_exec_runtime - watch->consumers[best].first_runtime;
        const auto culprit = name_culprit(finding, task);
        culprit->weight = ran_ns / NS_A_MS;
        culprit->growth =
            ran_ns / ((now() - watch->consumers[best].first_ns) / (1000 * NS_A_MS)) / NS_A_MS;
    }
}

}  // namespace

DETECTOR(cpu_overload, SUMMARY("a queue in front of every CPU, and who uses them"), PERIOD_MS(50),
         FUEL(400000))(u32 tasks_per_cpu, u32 window_ms) {
    const auto watch = remember<LoadWatch>();
    if (has_panicked()) return;
    u64 running = 0;
    u64 online = 0;
    bool is_idle = false;
    for (const u32 cpu : online_cpus()) {
        ++online;
        running += queue_of(cpu)->nr_running;
        const auto task = queue_of(cpu)->curr;
        if (is_idle_task(task))
            is_idle = true;
        else
            count(watch, task);
    }
    // One look at an idle CPU, or at a queue of half the length, and it is no overload.
    if (is_idle || running * 2 < tasks_per_cpu * online) return forget_all(watch);
    if (watch->since_ns == 0) watch->since_ns = now();
    watch->looks += 1;
    watch->running += running;
    if (!has_held(watch->since_ns, window_ms)) return;
    const u64 average = watch->running / watch->looks;
    if (average < tasks_per_cpu * online) return;
    const auto finding = report(DEFIB_FAULT_CPU_OVERLOAD, 0, watch->since_ns);
    finding->evidence[0] = running;
    finding->evidence[1] = average;
    finding->evidence[2] = online;
    finding->evidence[3] = watch->looks;
    name_consumers(watch, finding);
}
