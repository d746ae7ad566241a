// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// An index whose bound is two numbers is not checked, so it is refused.
#include "engine/compiler/cases/structs.h"

ROUTINE(it, SUMMARY("x"), WRITES(task_struct.matrix))(kp<task_struct> task, u64 index) {
    // refused: a store at a variable index into task_struct.matrix
    task->matrix[index][0] = 1;
}
