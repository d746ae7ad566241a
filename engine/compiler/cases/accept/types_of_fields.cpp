// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// bool, enum, char, 16 bits, signed, pointers.
#include "engine/compiler/cases/structs.h"

// manifest: "class": "boolean"
// manifest: "class": "pointer"
// manifest: "width": 2
VIEW(it, SUMMARY("x"))(kp<task_struct> task) {
    const bool is_init = task->parent == nullptr || task->signal->is_leader;
    return task->type + task->short_flags + static_cast<u64>(task->pid) + (is_init ? 1 : 0) +
           static_cast<u64>(task->comm[0]);
}
