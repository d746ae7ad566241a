// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// One byte of a wider field.
#include "engine/compiler/cases/structs.h"

// manifest: "width": 1
ROUTINE(it, SUMMARY("x"), WRITES(task_struct.lock.val))(kp<task_struct> task) {
    *narrow<u8>(&task->lock.val, 0) = 0;
}
