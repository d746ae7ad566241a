// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A reference to a field goes through helpers.
#include "engine/compiler/cases/structs.h"

static void add(u64 DEFIB_KERNEL_SPACE& word, u64 bit) {
    word |= bit;
}
ROUTINE(it, SUMMARY("x"), WRITES(task_struct.flags))(kp<task_struct> task) {
    add(task->flags, 4);
}
