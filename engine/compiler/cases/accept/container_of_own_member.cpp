// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Back from a member to the structure that it was named in.
#include "engine/compiler/cases/structs.h"

static void mark(kp<list_head> node, kp<task_struct> task) {
    if (node != nullptr) task->flags = 1;
}
ROUTINE(it, SUMMARY("x"), WRITES(task_struct.flags))(kp<task_struct> task) {
    const auto node = &task->tasks;
    mark(node, container_of(node, task_struct, tasks));
}
