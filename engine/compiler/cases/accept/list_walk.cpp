// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// container_of() and a loop.
#include "engine/compiler/cases/structs.h"

// manifest: "path": "task_struct.tasks"
// manifest: "loops": [
VIEW(it, SUMMARY("x"))() {
    const auto init = symbol(task_struct, init_task);
    u64 sum = 0;
    for (auto at = init->tasks.next; at != &init->tasks; at = at->next)
        sum += container_of(at, task_struct, tasks)->flags;
    return sum;
}
