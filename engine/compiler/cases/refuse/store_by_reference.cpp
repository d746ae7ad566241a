// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A reference to a field is the field.
#include "engine/compiler/cases/structs.h"

static void set(u64 DEFIB_KERNEL_SPACE& word) {
    // refused: a store to task_struct.flags, which is not declared
    word = 3;
}
ROUTINE(it, SUMMARY("x"))(kp<task_struct> task) {
    set(task->flags);
}
