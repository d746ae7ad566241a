// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A permission that is not used is one too many.
#include "engine/compiler/cases/structs.h"

// refused: declares a store to task_struct.flags and never makes it; drop the declaration
ROUTINE(it, SUMMARY("x"), WRITES(task_struct.flags))(kp<task_struct> task) {
    return task->flags;
}
