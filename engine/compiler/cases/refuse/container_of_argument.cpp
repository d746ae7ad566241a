// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A node that was handed in.
#include "engine/compiler/cases/structs.h"

ROUTINE(it, SUMMARY("x"), WRITES(task_struct.flags))(kp<list_head> node) {
    // refused: a store to task_struct.flags through a found pointer; declare WRITES_FOUND(
    container_of(node, task_struct, tasks)->flags = 1;
}
