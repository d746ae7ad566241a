// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A part that lies beyond the field.
#include "engine/compiler/cases/structs.h"

VIEW(it, SUMMARY("x"))(kp<task_struct> task) {
    // refused: narrow() takes a part that lies inside of task_struct.flags
    return *narrow<u8>(&task->flags, 8);
}
