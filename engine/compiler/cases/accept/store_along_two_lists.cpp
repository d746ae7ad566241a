// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// All threads of all processes: a list in a list.
#include "engine/kernel/lists.h"

ROUTINE(it, SUMMARY("x"), WRITES(task_struct.jobctl), WRITES(signal_struct.flags))() {
    for (auto task : list_of(task_struct, tasks, &symbol(task_struct, init_task)->tasks)) {
        task->signal->flags = 0;
        for (auto thread : list_of(task_struct, thread_node, &task->signal->thread_head))
            thread->jobctl |= 1;
    }
}
