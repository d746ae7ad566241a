// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A pointer to something is not a pointer to a task.
#include "engine/compiler/cases/structs.h"

ROUTINE(it, SUMMARY("x"), WRITES(task_struct.in_iowait))(kp<void> something) {
    // refused: no matching function for call to 'defib_object'
    set_bits(something, task_struct, in_iowait, 1);
}
