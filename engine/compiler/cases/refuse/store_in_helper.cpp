// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What a helper stores, its caller stores.
#include "engine/compiler/cases/structs.h"

static void mark(kp<task_struct> task) {
    // refused: a store to task_struct.state, which is not declared
    task->state = 1;
}
ROUTINE(it, SUMMARY("x"))(kp<task_struct> task) {
    mark(task);
}
