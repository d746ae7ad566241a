// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Which field it is depends on what was executed.
#include "engine/compiler/cases/structs.h"

ROUTINE(it, SUMMARY("x"), WRITES(task_struct.flags), WRITES(task_struct.se.vruntime))
(kp<task_struct> task, u64 which) {
    kp<u64> word = which ? &task->flags : &task->se.vruntime;
    // refused: a store to one of several places, depending on what was executed
    *word = 1;
}
