// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// All processes or threads, and whether an address is a task.
//
// They are found through the pid table of the first namespace: it holds what the task list holds
// and can be entered anywhere.
//
// Between finding a task and looking at it, it may have ended, and its memory may hold another one,
// or one that fork() is still building as a copy of its parent: with the parent's pid, name and
// start (dup_task_struct()). A task that is one has a number that leads back to it: copy_process()
// makes that link last, attach_pid(), and __unhash_process() takes it away before the memory is
// freed.
#ifndef DEFIB_ENGINE_KERNEL_TASKS_H
#define DEFIB_ENGINE_KERNEL_TASKS_H

#include "engine/kernel/lists.h"
#include "engine/kernel/xarray.h"

inline bool is_task(kp<task_struct> task) {
    const kp<struct pid> number = task->thread_pid;
    if (number == nullptr) return false;
    const u64 kind = static_cast<u64>(enum_value(pid_type, PIDTYPE_PID));
    const kp<hlist_node> first = number->tasks[kind].first;
    if (first == nullptr) return false;
    if (container_of_element(first, task_struct, pid_links, hlist_node, kind) != task) return false;
    return number->numbers[0].nr == task->pid;
}

// The first task that has each number: of kind PIDTYPE_TGID that is the process (pid_task() in
// kernel/pid.c).
template <class Look>
inline void for_each_task(u64 kind, Look look) {
    const auto numbers = &symbol(pid_namespace, init_pid_ns)->idr.idr_rt;
    for (auto number : xarray_of(pid, numbers)) {
        const kp<hlist_node> first = number->tasks[kind].first;
        if (first == nullptr) continue;
        look(container_of_element(first, task_struct, pid_links, hlist_node, kind));
    }
}

template <class Look>
inline void for_each_process(Look look) {
    for_each_task(static_cast<u64>(enum_value(pid_type, PIDTYPE_TGID)), look);
}

template <class Look>
inline void for_each_thread(Look look) {
    for_each_task(static_cast<u64>(enum_value(pid_type, PIDTYPE_PID)), look);
}

// The task or, of kind PIDTYPE_TGID, the process of a number; null: there is none.
inline kp<task_struct> task_of(u64 pid_number, u64 kind) {
    const auto number = xarray_at<pid>(&symbol(pid_namespace, init_pid_ns)->idr.idr_rt, pid_number);
    if (number == nullptr) return nullptr;
    const kp<hlist_node> first = number->tasks[kind].first;
    if (first == nullptr) return nullptr;
    return container_of_element(first, task_struct, pid_links, hlist_node, kind);
}

#endif
