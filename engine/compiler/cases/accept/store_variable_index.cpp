// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A store at a variable index is checked against the declared length.
#include "engine/compiler/cases/structs.h"

// manifest: "path": "task_struct.comm[]"
ROUTINE(it, SUMMARY("x"), WRITES(task_struct.comm))(kp<task_struct> task, u64 index) {
    task->comm[index] = 'x';
}
