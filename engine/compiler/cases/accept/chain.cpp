// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A repair of several objects, with what follows, what observes it and what takes it back.
// manifest: "collector": "family"
// manifest: "then": "mark"
// manifest: "observer": "is_set"
// manifest: "undo": "clear"
#include "engine/compiler/cases/structs.h"

COLLECTOR(family, SUMMARY("x"))(kp<task_struct> task, s32 pid) {
    if (task->pid == pid) emit_pointer(task->parent);
}
VIEW(is_set, SUMMARY("x"))(kp<task_struct> task, s32 pid) {
    return task->pid == pid && task->flags != 0 ? 1 : 0;
}
ROUTINE(set, SUMMARY("x"), OF_EACH(family), THEN(mark), OBSERVED_BY(is_set), UNDONE_BY(clear),
        WRITES(task_struct.flags))
(kp<task_struct> each, kp<task_struct> task, s32 pid) {
    if (task->pid == pid) each->flags = 1;
}
ROUTINE(mark, SUMMARY("x"), WRITES(task_struct.state))(kp<task_struct> task) {
    task->state = 1;
}
ROUTINE(clear, SUMMARY("x"), OF_EACH(family), WRITES(task_struct.flags))
(kp<task_struct> each, kp<task_struct> task, s32 pid) {
    if (task->pid == pid) each->flags = 0;
}
