// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The same from a part of a field.
#include "engine/compiler/cases/structs.h"

ROUTINE(it, SUMMARY("x"), WRITES(task_struct.flags))(kp<task_struct> task) {
    // refused: a store beside task_struct.flags, whose pointer was moved
    narrow<u8>(&task->flags, 0)[9] = 0;
}
