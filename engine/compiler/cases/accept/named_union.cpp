// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A union with a name is a structure whose members all lie at 0.
#include "engine/compiler/cases/structs.h"

// manifest: "path": "task_struct.lock.locked"
ROUTINE(it, SUMMARY("x"), WRITES(task_struct.lock.locked))(kp<task_struct> task) {
    task->lock.locked = 0;
}
