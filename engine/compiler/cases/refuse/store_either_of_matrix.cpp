// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A choice between two elements hides neither index.
#include "engine/compiler/cases/structs.h"

ROUTINE(it, SUMMARY("x"), WRITES(task_struct.matrix))
(kp<task_struct> task, u64 i, u64 j, bool is_other) {
    auto place = &task->matrix[0][i];
    if (is_other) place = &task->matrix[0][j];
    // refused: a store at a variable index into task_struct.matrix
    *place = 1;
}
