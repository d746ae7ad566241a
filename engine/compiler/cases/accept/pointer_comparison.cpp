// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Kernel pointers are compared as what they are.
#include "engine/compiler/cases/structs.h"

VIEW(it, SUMMARY("x"))(kp<task_struct> task, kp<task_struct> other) {
    return task == other || task->parent == other->parent ? 1 : 0;
}
