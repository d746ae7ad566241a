// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What lies at a distance from a field is another one.
#include "engine/compiler/cases/structs.h"

ROUTINE(it, SUMMARY("x"), WRITES(task_struct.flags))(kp<task_struct> task) {
    // refused: a store beside task_struct.flags, whose pointer was moved
    (&task->flags)[100] = 0;
}
