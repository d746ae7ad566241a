// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Which part has to be known.
#include "engine/compiler/cases/structs.h"

VIEW(it, SUMMARY("x"))(kp<task_struct> task, u64 index) {
    // refused: narrow() takes a constant index
    return *narrow<u8>(&task->flags, index);
}
