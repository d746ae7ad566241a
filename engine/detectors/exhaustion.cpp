// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Limits of the whole machine that are nearly reached: process ids (alloc_pid()), threads
// (max_threads in copy_process()), open files (files_stat.max_files in alloc_empty_file()). Behind
// each the next fork or open fails, also the administrator's who comes to help.
//
// The culprits are the processes with most threads; who has the files open is not looked for.
#include "engine/detectors/report.h"
#include "engine/kernel/memory.h"
#include "engine/kernel/tasks.h"

kernel_struct pid_namespace___allocated {
    u32 pid_allocated;
};
// 6.14 (7863dcc72d0f "pid: allow pid_max to be set per pid namespace") moved the limit there.
kernel_struct pid_namespace___limit {
    s32 pid_max;
};
kernel_struct files_stat_struct {
    u64 max_files;
};

namespace {

constexpr u32 MOST_NAMED = 8;
constexpr u32 PIDNS_ADDING = 1U << 31;  // kernel/pid.c: the namespace takes new processes
constexpr u64 SCAN_NS = 1000 * NS_A_MS;

struct Crowd {
    u64 task;
    u64 threads;
};
struct LimitWatch {
    u64 pids_since;
    u64 threads_since;
    u64 files_since;
    u64 scanned_ns;
    Crowd largest[MOST_NAMED];
};

u64 pid_limit() {
    if (symbol_exists(pid_max)) return not_negative(*symbol(s32, pid_max));
    if (exists(pid_namespace___limit, pid_max))
        return not_negative(symbol(pid_namespace___limit, init_pid_ns)->pid_max);
    return 0;
}

u64 open_files() {
    if (!symbol_exists(nr_files) || !symbol_exists(files_stat)) return 0;
    return not_negative(sum_of(symbol(percpu_counter, nr_files)));
}
u64 file_limit() {
    if (!symbol_exists(files_stat)) return 0;
    return symbol(files_stat_struct, files_stat)->max_files;
}

bool is_near(u64 used, u64 limit, u32 percent) {
    return limit != 0 && used >= limit / 100 * percent;
}

void find_largest(LimitWatch* watch) {
    if (now() - watch->scanned_ns < SCAN_NS) return;
    watch->scanned_ns = now();
    for (u32 i = 0; i < MOST_NAMED; ++i) {
        watch->largest[i].task = 0;
        watch->largest[i].threads = 0;
    }
    for_each_process([&](kp<task_struct> task) {
        const u64 threads = not_negative(task->signal->nr_threads);
        if (threads <= watch->largest[MOST_NAMED - 1].threads) return;
        u32 at = MOST_NAMED - 1;
        for (; at > 0 && watch->largest[at - 1].threads < threads; --at) {
            watch->largest[at].task = watch->largest[at - 1].task;
            watch->largest[at].threads = watch->largest[at - 1].threads;
        }
        watch->largest[at].task = address_of(task);
        watch->largest[at].threads = threads;
    });
}

void report_limit(LimitWatch* watch, DefibFault fault, u64 since_ns, u64 used, u64 limit) {
    const auto finding = report(fault, 0, since_ns);
    finding->evidence[0] = used;
    finding->evidence[1] = limit;
    if (fault == DEFIB_FAULT_FILES_LOW) return;
    find_largest(watch);
    for (u32 i = 0; i < MOST_NAMED; ++i) {
        if (watch->largest[i].task == 0) continue;
        const auto culprit =
            name_culprit(finding, pointer_from<task_struct>(watch->largest[i].task));
        culprit->weight = watch->largest[i].threads;
    }
}

}  // namespace

DETECTOR(exhaustion, SUMMARY("process ids, threads or open files that are nearly used up"),
         PERIOD_MS(100), FUEL(2000000))(u32 pids_percent, u32 threads_percent, u32 files_percent) {
    const auto watch = remember<LimitWatch>();
    const u64 pids = symbol(pid_namespace___allocated, init_pid_ns)->pid_allocated & ~PIDNS_ADDING;
    const u64 threads = not_negative(*symbol(s32, nr_threads));
    const u64 most_threads = not_negative(*symbol(s32, max_threads));
    const u64 files = open_files();
    watch->pids_since = since(watch->pids_since, is_near(pids, pid_limit(), pids_percent));
    watch->threads_since =
        since(watch->threads_since, is_near(threads, most_threads, threads_percent));
    watch->files_since = since(watch->files_since, is_near(files, file_limit(), files_percent));
    if (watch->pids_since != 0)
        report_limit(watch, DEFIB_FAULT_PIDS_LOW, watch->pids_since, pids, pid_limit());
    if (watch->threads_since != 0)
        report_limit(watch, DEFIB_FAULT_THREADS_LOW, watch->threads_since, threads, most_threads);
    if (watch->files_since != 0)
        report_limit(watch, DEFIB_FAULT_FILES_LOW, watch->files_since, files, file_limit());
}
