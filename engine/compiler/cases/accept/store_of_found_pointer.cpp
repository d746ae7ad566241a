// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Declared, it may be stored; and only found pointers come from there.
#include "engine/compiler/cases/structs.h"

ROUTINE(it, SUMMARY("x"), WRITES_FOUND(task_struct.parent))(kp<task_struct> task, u64 word) {
    task->parent = pointer_from<task_struct>(word);
}
