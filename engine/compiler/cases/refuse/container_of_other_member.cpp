// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A pointer to one member as if it were the other.
#include "engine/compiler/cases/structs.h"

VIEW(it, SUMMARY("x"))(kp<task_struct> task) {
    // refused: no matching function for call to 'defib_member'
    return container_of(&task->flags, task_struct, tasks)->flags;
}
