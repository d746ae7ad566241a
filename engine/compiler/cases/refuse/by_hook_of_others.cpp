// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Both ways are for the same objects.
#include "engine/compiler/cases/structs.h"

COLLECTOR(family, SUMMARY("x"))(kp<task_struct> task) {
    emit_pointer(task->parent);
}
ROUTINE(ask, SUMMARY("x"))(kp<task_struct> task) {
    return task->pid;
}
// refused: BY_HOOK names 'ask', which is for other objects
ROUTINE(it, SUMMARY("x"), OF_EACH(family), BY_HOOK(ask), WRITES(task_struct.flags))
(kp<task_struct> each, kp<task_struct> task) {
    if (task->pid == 1) each->flags = 1;
}
