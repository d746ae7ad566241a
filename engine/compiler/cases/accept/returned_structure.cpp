// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A helper that returns a small structure, from several places.
#include "engine/compiler/cases/structs.h"

struct Found {
    kp<task_struct> task;
    u64 depth;
};
static Found oldest(kp<task_struct> task) {
    for (u64 depth = 0;; ++depth) {
        if (task->pid == 1) return {task, depth};
        if (task->parent == nullptr) return {nullptr, depth};
        task = task->parent;
    }
}
VIEW(it, SUMMARY("x"))(kp<task_struct> task) {
    const Found found = oldest(task);
    return found.task == nullptr ? 0 : found.depth;
}
