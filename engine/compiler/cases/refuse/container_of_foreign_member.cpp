// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The member lies in another structure, so what is around it is no task.
#include "engine/compiler/cases/structs.h"

ROUTINE(it, SUMMARY("x"), WRITES(task_struct.flags))(kp<task_struct> task) {
    const auto other = container_of(&task->signal->shared_pending.list, task_struct, tasks);
    // refused: a store to task_struct.flags through a found pointer; declare WRITES_FOUND(
    other->flags = 1;
}
