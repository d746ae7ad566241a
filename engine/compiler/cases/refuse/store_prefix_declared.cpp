// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// To declare a structure is not to declare what is in it.
#include "engine/compiler/cases/structs.h"

ROUTINE(it, SUMMARY("x"), WRITES(task_struct.se))(kp<task_struct> task) {
    // refused: a store to task_struct.se.vruntime, which is not declared
    task->se.vruntime = 0;
}
