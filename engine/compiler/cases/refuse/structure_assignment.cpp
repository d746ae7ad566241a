// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The same towards the kernel.
#include "engine/compiler/cases/structs.h"

ROUTINE(it, SUMMARY("x"), WRITES(task_struct.se))(kp<task_struct> task) {
    // refused: no viable overloaded '='
    task->se = sched_entity{1, 2};
}
