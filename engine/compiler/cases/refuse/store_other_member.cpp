// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Declared one, stored the other.
#include "engine/compiler/cases/structs.h"

ROUTINE(it, SUMMARY("x"), WRITES(task_struct.state))(kp<task_struct> task) {
    // refused: a store to task_struct.flags, which is not declared
    task->flags = 1;
}
