// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// One of two places is not declared.
#include "engine/compiler/cases/structs.h"

ROUTINE(it, SUMMARY("x"), WRITES(task_struct.flags))(kp<task_struct> task, u64 which) {
    kp<u64> word = &task->flags;
    if (which) word = &task->se.deadline;
    // refused: a store to one of several places, depending on what was executed
    *word = 1;
}
