// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The second index would count from the first part, and be compared with the whole.
#include "engine/compiler/cases/structs.h"

ROUTINE(it, SUMMARY("x"), WRITES(task_struct.flags))(kp<task_struct> task) {
    // refused: narrow() of a part of task_struct.flags
    *narrow<u8>(narrow<u32>(&task->flags, 1), 7) = 0;
}
