// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Flags are in the low bits.
#include "engine/compiler/cases/structs.h"

VIEW(it, SUMMARY("x"))(kp<task_struct> task) {
    // refused: untag() takes a constant of at most the low 12 bits
    return untag(task->parent, 0xffff)->flags;
}
