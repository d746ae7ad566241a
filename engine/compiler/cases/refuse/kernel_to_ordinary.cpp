// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A kernel pointer as an ordinary one: a raw load.
#include "engine/compiler/cases/structs.h"

VIEW(it, SUMMARY("x"))(kp<task_struct> task) {
    // refused: a cast between kernel and ordinary pointers
    return *(u64*)&task->flags;
}
