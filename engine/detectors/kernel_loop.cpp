// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A process that went into the kernel and does not come back, though it gives way to others (F2):
// nothing is stuck, no watchdog barks, and a CPU is gone.
//
// Whoever is current when we look is followed, in a small table: as long as no tick has found its
// user code, it has not slept, it has ended no read or write and taken no page fault, it has been
// in the kernel all the while. When the kernel's time that was charged to it since passes the
// threshold, it is found. A long system call does one of these things sooner or later; the
// threshold has to be longer than the longest honest one. Kernel threads are passed over: some
// never sleep under load (ksoftirqd, kswapd), and nothing tells theirs from an endless loop.
#include "engine/detectors/cpu_watch.h"

kernel_struct task_io_accounting {
    u64 syscr;
    u64 syscw;
};
kernel_struct task_struct___progress {
    u64 min_flt;
    u64 maj_flt;
    task_io_accounting ioac;
};

namespace {

constexpr u32 MOST_FOLLOWED = 64;
constexpr u64 LOST_NS = 5000 * NS_A_MS;

struct Followed {
    u64 task;
    u64 start_ns;
    u64 progress;  // what changes when it gets anywhere
    u64 stime;     // when it was first seen at this progress
    u64 since_ns;
    u64 seen_ns;
};
struct LoopWatch {
    Followed followed[MOST_FOLLOWED];
};

u64 progress_of(kp<task_struct> task) {
    const auto more = pointer_from<task_struct___progress>(address_of(task));
    u64 sum = task->utime ^ task->nvcsw << 24 ^ more->min_flt << 32 ^ more->maj_flt << 40;
    if (exists(task_struct___progress, ioac))
        sum ^= more->ioac.syscr << 44 ^ more->ioac.syscw << 52;
    return sum;
}

// A place in the table by the task's address; whoever has not been seen for long makes room.
void follow(LoopWatch* watch, kp<task_struct> task) {
    const u32 at = fold(address_of(task)) % MOST_FOLLOWED;
    const u64 progress = progress_of(task);
    const u64 start_ns = task->start_time;
    const bool is_known =
        watch->followed[at].task == address_of(task) && watch->followed[at].start_ns == start_ns;
    if (!is_known && watch->followed[at].task != 0 && now() - watch->followed[at].seen_ns < LOST_NS)
        return;
    watch->followed[at].seen_ns = now();
    if (is_known && watch->followed[at].progress == progress) return;
    watch->followed[at].task = address_of(task);
    watch->followed[at].start_ns = start_ns;
    watch->followed[at].progress = progress;
    watch->followed[at].stime = task->stime;
    watch->followed[at].since_ns = now();
}

}  // namespace

DETECTOR(kernel_loop, SUMMARY("a process that does not come back from the kernel"), PERIOD_MS(20),
         FUEL(200000))(u32 kernel_ms) {
    const auto watch = remember<LoopWatch>();
    if (has_panicked()) return;
    for (const u32 cpu : online_cpus()) {
        const auto task = queue_of(cpu)->curr;
        if ((task->flags & constant(PF_KTHREAD)) == 0 && task->mm != nullptr) follow(watch, task);
    }
    for (u32 at = 0; at < MOST_FOLLOWED; ++at) {
        if (watch->followed[at].task == 0) continue;
        if (now() - watch->followed[at].seen_ns > LOST_NS) {
            watch->followed[at].task = 0;
            continue;
        }
        if (now() - watch->followed[at].since_ns < kernel_ms * NS_A_MS) continue;
        const auto task = pointer_from<task_struct>(watch->followed[at].task);
        if (task->start_time != watch->followed[at].start_ns ||
            progress_of(task) != watch->followed[at].progress)
            continue;
        const u64 spent_ns = task->stime - watch->followed[at].stime;
        if (spent_ns < kernel_ms * NS_A_MS) continue;
        const auto finding = report(DEFIB_FAULT_KERNEL_LOOP, static_cast<u32>(task->pid),
                                    watch->followed[at].since_ns);
        finding->evidence[0] = static_cast<u32>(task->pid);
        finding->evidence[1] = spent_ns / NS_A_MS;
        finding->evidence[2] = (now() - watch->followed[at].since_ns) / NS_A_MS;
        name_culprit(finding, task)->weight = spent_ns / NS_A_MS;
    }
}
