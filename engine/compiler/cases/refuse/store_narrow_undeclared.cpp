// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Part of a field is the field.
#include "engine/compiler/cases/structs.h"

ROUTINE(it, SUMMARY("x"))(kp<task_struct> task) {
    // refused: a store to task_struct.flags, which is not declared
    *narrow<u8>(&task->flags, 0) = 1;
}
