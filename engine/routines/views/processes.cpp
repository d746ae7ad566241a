// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// `defib ps`: every process and thread, found through the pid table of the first namespace, which
// holds what the task list holds and can be entered anywhere.
#include "engine/kernel/lists.h"
#include "engine/kernel/per_cpu.h"
#include "engine/kernel/tasks.h"
#include "engine/kernel/xarray.h"
#include "engine/routines/views/records.h"

namespace {

constexpr u32 ENDED_MEANWHILE = 256;

// The first task that has each number: of kind PIDTYPE_TGID that is the process (pid_task() in
// kernel/pid.c).
void emit_tasks(u64 kind) {
    const auto numbers = &symbol(pid_namespace, init_pid_ns)->idr.idr_rt;
    for (auto number : xarray_of(pid, numbers)) {
        const kp<hlist_node> first = number->tasks[kind].first;
        if (first == nullptr) continue;
        emit_pointer(container_of_element(first, task_struct, pid_links, hlist_node, kind));
    }
}

// percpu_counter_sum(): what CPUs have not yet added to the sum counts too.
s64 sum_of(kp<percpu_counter> counter) {
    s64 sum = counter->count;
    for (const u32 cpu : present_cpus()) sum += *per_cpu_at(counter->counters, cpu);
    return sum;
}

s64 pages_of(kp<mm_struct> mm, u64 kind) {
    if (exists(mm_rss_stat, count)) {
        const auto before = pointer_from<mm_struct___before_percpu_rss>(address_of(mm));
        return before->rss_stat.count[kind].counter;
    }
    return exists(mm_struct, rss_stat) ? sum_of(&mm->rss_stat[kind]) : 0;
}

// get_mm_rss(): file pages, anonymous pages, shared memory; swap is not resident. A counter that is
// just being changed may be below zero (percpu_counter_read_positive()).
u64 resident_pages(kp<mm_struct> mm) {
    const s64 file = pages_of(mm, constant(MM_FILEPAGES));
    const s64 anonymous = pages_of(mm, constant(MM_ANONPAGES));
    const s64 shared = pages_of(mm, constant(MM_SHMEMPAGES));
    const s64 sum = file + anonymous + shared;
    return sum < 0 ? 0 : static_cast<u64>(sum);
}

}  // namespace

COLLECTOR(processes, SUMMARY("every process"), FUEL(8000000))() {
    emit_tasks(static_cast<u64>(enum_value(pid_type, PIDTYPE_TGID)));
}

COLLECTOR(threads, SUMMARY("every thread of every process"), FUEL(8000000))() {
    emit_tasks(static_cast<u64>(enum_value(pid_type, PIDTYPE_PID)));
}

VIEW(process, SUMMARY("one process or thread"), OF_EACH(processes), FUEL(4000))
(kp<task_struct> task) {
    if (!is_task(task)) return;
    const auto record = emit<DefibProcessRecord>(DEFIB_RECORD_PROCESS);
    record->task = address_of(task);
    record->pid = task->pid;
    record->tgid = task->tgid;
    record->ppid = task->real_parent->tgid;
    record->uid = task->real_cred->uid.val;
    record->state = task->__state;
    record->exit_state = static_cast<u32>(task->exit_state);
    record->flags = task->flags;
    record->cpu = task->thread_info.cpu;
    record->thread_flags = task->thread_info.flags;
    record->on_cpu = task->on_cpu;
    record->on_rq = task->on_rq;
    record->prio = task->prio;
    record->policy = task->policy;
    record->jobctl = task->jobctl;
    record->utime_ns = task->utime;
    record->stime_ns = task->stime;
    record->start_ns = task->start_time;
    record->start_boot_ns = task->start_boottime;
    record->runtime_ns = task->se.sum_exec_runtime;
    record->switches = task->nvcsw + task->nivcsw;
    record->in_iowait = static_cast<u32>(bits(task, task_struct, in_iowait));
    for (u32 i = 0; i < sizeof(record->comm); ++i) record->comm[i] = task->comm[i];

    const auto signal = task->signal;
    record->signal = address_of(signal);
    record->threads = signal->nr_threads;
    record->oom_score_adj = signal->oom_score_adj;
    record->ended_utime_ns = signal->utime;
    record->ended_stime_ns = signal->stime;
    record->ended_runtime_ns = signal->sum_sched_runtime;
    if (const auto mm = task->mm; mm != nullptr) {
        record->mm = address_of(mm);
        record->rss_pages = resident_pages(mm);
    }
    if (const auto groups = task->cgroups; groups != nullptr)
        record->cgroup = address_of(groups->dfl_cgrp);
    // What hangs on a task goes when the task does: then none of this was one task's.
    if (!is_task(task)) give_up(ENDED_MEANWHILE);
}

VIEW(thread_time, SUMMARY("the times of one thread of many"), OF_EACH(threads), FUEL(1000))
(kp<task_struct> task) {
    if (!is_task(task)) return;
    const auto signal = task->signal;
    if (signal->nr_threads < 2) return;
    const auto record = emit<DefibThreadTimeRecord>(DEFIB_RECORD_THREAD_TIME);
    record->tgid = task->tgid;
    record->utime_ns = task->utime;
    record->stime_ns = task->stime;
    record->runtime_ns = task->se.sum_exec_runtime;
}
