// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// An element of what a pointer leads to.
#include "engine/compiler/cases/structs.h"

ROUTINE(it, SUMMARY("x"))(kp<task_struct> task, u64 index) {
    // refused: a store that was not reached through a member of a declared structure
    task->words[index] = 1;
}
