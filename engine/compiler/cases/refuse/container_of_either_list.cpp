// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The node is of one of two lists.
#include "engine/compiler/cases/structs.h"

ROUTINE(it, SUMMARY("x"), WRITES(task_struct.flags))(kp<task_struct> task, u64 which) {
    auto node = task->signal->thread_head.next;
    if (which) node = task->parent->signal->thread_head.next;
    const auto thread = container_of(node, task_struct, thread_node);
    // refused: a store to task_struct.flags through a found pointer; declare WRITES_FOUND(
    thread->flags = 1;
}
