// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Each turn would move the pointer on, to anywhere.
#include "engine/compiler/cases/structs.h"

ROUTINE(it, SUMMARY("x"), WRITES(task_struct.flags))(kp<task_struct> task, u64 turns) {
    while (turns-- > 0) task = container_of(&task->thread_node, task_struct, tasks);
    // refused: a store to task_struct.flags through a found pointer; declare WRITES_FOUND(
    task->flags = 1;
}
