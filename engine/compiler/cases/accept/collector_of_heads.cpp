// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A collector that is run for each head that another one finds.
#include "engine/compiler/cases/structs.h"

COLLECTOR(heads, SUMMARY("x"))() {}
COLLECTOR(tasks, SUMMARY("x"), OF_EACH(heads))(kp<task_struct> head) {
    emit_pointer(head);
}
COLLECTOR(theirs, SUMMARY("x"), OF_EACH(tasks))(kp<task_struct> task) {
    emit_pointer(task);
}
VIEW(one, SUMMARY("x"), OF_EACH(theirs))(kp<task_struct> task) {
    return task->flags;
}
