// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The threads of a process hang on a list that is declared to hold them.
#include "engine/kernel/lists.h"

// manifest: "path": "task_struct.thread_node"
// manifest: "path": "signal_struct.thread_head"
ROUTINE(it, SUMMARY("x"), WRITES(task_struct.jobctl))(kp<task_struct> task) {
    for (auto thread : list_of(task_struct, thread_node, &task->signal->thread_head))
        thread->jobctl |= 1;
}
