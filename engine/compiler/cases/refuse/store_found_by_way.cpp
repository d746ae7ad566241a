// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What is read through a found pointer is found.
#include "engine/compiler/cases/structs.h"

ROUTINE(it, SUMMARY("x"), WRITES(task_struct.flags))(u64 word) {
    const auto task = pointer_from<task_struct>(word);
    // refused: a store to task_struct.flags through a found pointer; declare WRITES_FOUND(
    task->parent->flags = 1;
}
