// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A mask that is data moves a pointer anywhere.
#include "engine/compiler/cases/structs.h"

VIEW(it, SUMMARY("x"))(kp<task_struct> task, u64 mask) {
    // refused: untag() takes a constant of at most the low 12 bits
    return untag(task->parent, mask)->flags;
}
