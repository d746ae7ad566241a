// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A list's neighbours are reached through what holds them.
#include "engine/compiler/cases/structs.h"

ROUTINE(it, SUMMARY("x"), WRITES(task_struct.tasks.next), WRITES(task_struct.tasks.prev))
(kp<task_struct> task) {
    const auto before = container_of(task->tasks.prev, task_struct, tasks);
    const auto after = container_of(task->tasks.next, task_struct, tasks);
    before->tasks.next = &after->tasks;
    after->tasks.prev = &before->tasks;
}
