// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// In the first of two dimensions, which clang alone only warns of.
#include "engine/compiler/cases/structs.h"

#pragma clang diagnostic ignored "-Warray-bounds"
ROUTINE(it, SUMMARY("x"), WRITES(task_struct.matrix))(kp<task_struct> task) {
    // refused: index 5 is outside of task_struct.matrix, declared with 2 elements
    task->matrix[5][0] = 1;
}
