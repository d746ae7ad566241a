// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A collector and what is run for each.
#include "engine/compiler/cases/structs.h"

// manifest: "collector": "all"
// manifest: "first_argument": "task_struct"
COLLECTOR(all, SUMMARY("x"))() {
    emit_pointer(symbol(task_struct, init_task));
}
VIEW(it, SUMMARY("x"), OF_EACH(all))(kp<task_struct> task) {
    return task->flags;
}
