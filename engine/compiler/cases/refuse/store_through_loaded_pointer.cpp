// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A pointer to plain words says nothing of what they are.
#include "engine/compiler/cases/structs.h"

ROUTINE(it, SUMMARY("x"))(kp<task_struct> task) {
    // refused: a store that was not reached through a member of a declared structure
    *task->words = 1;
}
