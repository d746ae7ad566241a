// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The last step alone does not allow.
#include "engine/compiler/cases/structs.h"

ROUTINE(it, SUMMARY("x"), WRITES(sched_entity.vruntime))(kp<task_struct> task) {
    // refused: a store to task_struct.se.vruntime, which is not declared
    task->se.vruntime = 0;
}
