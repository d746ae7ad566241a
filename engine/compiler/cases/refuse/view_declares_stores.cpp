// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A view that says it stores.
#include "engine/compiler/cases/structs.h"

// refused: a view does not write; make it a ROUTINE, or drop its WRITES
VIEW(it, SUMMARY("x"), WRITES(task_struct.flags))(kp<task_struct> task) {
    task->flags = 1;
}
