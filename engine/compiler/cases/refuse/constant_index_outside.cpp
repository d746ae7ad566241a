// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// An index that the declaration already contradicts.
#include "engine/compiler/cases/structs.h"

VIEW(it, SUMMARY("x"))(kp<task_struct> task) {
    // refused: index 16 is outside of task_struct.comm, declared with 16 elements
    return static_cast<u64>(task->comm[sizeof(task->comm)]);
}
