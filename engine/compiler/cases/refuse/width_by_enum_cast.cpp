// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// An access of another width than the declared one.
#include "engine/compiler/cases/structs.h"

VIEW(it, SUMMARY("x"))(kp<task_struct> task) {
    // refused: cast to a kernel pointer: take it from a field
    return *(kp<u16>)&task->flags;
}
