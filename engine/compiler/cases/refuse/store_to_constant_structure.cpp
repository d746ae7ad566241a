// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// const is kept across the address space.
#include "engine/compiler/cases/structs.h"

ROUTINE(it, SUMMARY("x"), WRITES(task_struct.flags))(kp<const task_struct> task) {
    // refused: cannot assign to variable 'task' with const-qualified type
    task->flags = 1;
}
