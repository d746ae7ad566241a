// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Two ways to do one thing: the second one only asks.
// manifest: "hook": "ask"
#include "engine/compiler/cases/structs.h"

struct Wanted {
    u32 kind;
    s32 pid;
};

COLLECTOR(family, SUMMARY("x"))(kp<task_struct> task) {
    emit_pointer(task->parent);
}
ROUTINE(set, SUMMARY("x"), OF_EACH(family), BY_HOOK(ask), WRITES(task_struct.flags))
(kp<task_struct> each, kp<task_struct> task) {
    if (task->pid == 1) each->flags = 1;
}
ROUTINE(ask, SUMMARY("x"), OF_EACH(family))(kp<task_struct> each, kp<task_struct> task) {
    if (task->pid == 1) emit<Wanted>(300)->pid = each->pid;
}
