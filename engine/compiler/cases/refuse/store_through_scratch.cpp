// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A found word that took its way through scratch memory is still a found one.
#include "engine/compiler/cases/structs.h"

ROUTINE(it, SUMMARY("x"), USES_SCRATCH, WRITES(task_struct.flags))(u64 word) {
    const auto task = scratch<task_struct>(0, 64);
    task->parent = pointer_from<task_struct>(word);
    // refused: a store to task_struct.flags through a found pointer; declare WRITES_FOUND(
    task->parent->flags = 1;
}
