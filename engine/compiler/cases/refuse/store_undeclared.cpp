// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A store that the declaration does not list.
#include "engine/compiler/cases/structs.h"

ROUTINE(it, SUMMARY("x"))(kp<task_struct> task) {
    // refused: a store to task_struct.flags, which is not declared; declare WRITES(
    task->flags = 1;
}
