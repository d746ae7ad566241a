// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A list that holds tasks, by another member.
#include "engine/compiler/cases/structs.h"

ROUTINE(it, SUMMARY("x"), WRITES(task_struct.flags))(kp<task_struct> task) {
    const auto node = task->signal->thread_head.next;
    // refused: a store to task_struct.flags through a found pointer; declare WRITES_FOUND(
    container_of(node, task_struct, tasks)->flags = 1;
}
