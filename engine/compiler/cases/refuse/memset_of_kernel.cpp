// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A whole object zeroed by its declared size.
#include "engine/compiler/cases/structs.h"

ROUTINE(it, SUMMARY("x"), WRITES(task_struct.se))(kp<task_struct> task) {
    // refused: memory is copied or filled as a whole; copy member by member
    __builtin_memset(&task->se, 0, 16);
}
