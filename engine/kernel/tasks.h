// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Whether an address is a task.
//
// Between finding a task and looking at it, it may have ended, and its memory may hold another one,
// or one that fork() is still building as a copy of its parent: with the parent's pid, name and
// start (dup_task_struct()). A task that is one has a number that leads back to it: copy_process()
// makes that link last, attach_pid(), and __unhash_process() takes it away before the memory is
// freed.
#ifndef DEFIB_ENGINE_KERNEL_TASKS_H
#define DEFIB_ENGINE_KERNEL_TASKS_H

#include "engine/kernel/structs.h"

inline bool is_task(kp<task_struct> task) {
    const kp<struct pid> number = task->thread_pid;
    if (number == nullptr) return false;
    const u64 kind = static_cast<u64>(enum_value(pid_type, PIDTYPE_PID));
    const kp<hlist_node> first = number->tasks[kind].first;
    if (first == nullptr) return false;
    if (container_of_element(first, task_struct, pid_links, hlist_node, kind) != task) return false;
    return number->numbers[0].nr == task->pid;
}

#endif
