// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Nothing says what hangs on the list: thread_node's may start in any signal_struct.
#include "engine/compiler/cases/structs.h"

ROUTINE(it, SUMMARY("x"), WRITES(task_struct.flags))(kp<task_struct> task) {
    const auto next = container_of(task->thread_node.next, task_struct, thread_node);
    // refused: a store to task_struct.flags through a found pointer; declare WRITES_FOUND(
    next->flags = 1;
}
