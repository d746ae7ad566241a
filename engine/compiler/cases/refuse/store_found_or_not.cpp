// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// One of two pointers was found.
#include "engine/compiler/cases/structs.h"

ROUTINE(it, SUMMARY("x"), WRITES(task_struct.flags))(kp<task_struct> task, u64 word) {
    auto chosen = task;
    if (word != 0) chosen = pointer_from<task_struct>(word);
    // refused: a store to task_struct.flags through a found pointer; declare WRITES_FOUND(
    chosen->flags = 1;
}
