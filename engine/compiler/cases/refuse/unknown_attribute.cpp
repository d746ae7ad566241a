// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A misspelt promise.
#include "engine/compiler/cases/structs.h"

// refused: the declaration says 'wrties task_struct.flags', which nothing knows
ROUTINE(it, SUMMARY("x"), "wrties task_struct.flags")(kp<task_struct> task) {
    return task->flags;
}
