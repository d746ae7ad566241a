// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A found word in a field would be a clean pointer when it is read again.
#include "engine/compiler/cases/structs.h"

ROUTINE(it, SUMMARY("x"), WRITES(task_struct.parent), WRITES(task_struct.flags))
(kp<task_struct> task, u64 word) {
    // refused: a store of a found pointer to task_struct.parent; declare WRITES_FOUND(
    task->parent = pointer_from<task_struct>(word);
    task->parent->flags = 1;
}
