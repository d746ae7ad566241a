// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// `defib ps`: every process and thread.
#include "engine/kernel/memory.h"
#include "engine/kernel/tasks.h"
#include "engine/kernel/xarray.h"
#include "engine/routines/views/records.h"

namespace {

constexpr u32 ENDED_MEANWHILE = 256;

// The first task that has the number: of kind PIDTYPE_TGID that is the process (pid_task() in
// kernel/pid.c).
void emit_task(kp<pid> number, u64 kind) {
    const kp<hlist_node> first = number->tasks[kind].first;
    if (first == nullptr) return;
    emit_pointer(container_of_element(first, task_struct, pid_links, hlist_node, kind));
}

}  // namespace

// Each leaf holds 64 neighbouring numbers, each twig 64 leaves, and all of them can be looked at at
// once: few steps are left that wait for each other.
COLLECTOR(pid_twigs, SUMMARY("the nodes above the leaves of the table of process numbers"),
          FUEL(1000000))
() {
    const auto numbers = &symbol(pid_namespace, init_pid_ns)->idr.idr_rt;
    for (const auto twig : xarray_twigs_of(numbers)) emit_pointer(twig);
}

COLLECTOR(pid_leaves, SUMMARY("the leaves of the table of process numbers"), OF_EACH(pid_twigs),
          FUEL(10000))
(kp<xa_node> twig) {
    if (twig->shift == 0) return emit_pointer(twig);
    for (u64 slot = 0; slot < xarray_slots(); ++slot) {
        const kp<void> entry = twig->slots[slot];
        if (is_xarray_node(entry)) emit_pointer(xarray_node(entry));
    }
}

COLLECTOR(pids, SUMMARY("every process number in use"), OF_EACH(pid_leaves), FUEL(10000))
(kp<xa_node> leaf) {
    // A leaf that has been freed meanwhile is something else now.
    if (leaf->shift != 0) return;
    for (u64 slot = 0; slot < xarray_slots(); ++slot) {
        const auto number = xarray_object_in<pid>(leaf, slot);
        if (number != nullptr) emit_pointer(number);
    }
}

// What a number leads to that was given back meanwhile, is_task() finds out.
COLLECTOR(processes, SUMMARY("every process"), OF_EACH(pids), FUEL(100))
(kp<pid> number) {
    emit_task(number, static_cast<u64>(enum_value(pid_type, PIDTYPE_TGID)));
}

COLLECTOR(threads, SUMMARY("every thread of every process"), OF_EACH(pids), FUEL(100))
(kp<pid> number) {
    emit_task(number, static_cast<u64>(enum_value(pid_type, PIDTYPE_PID)));
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
