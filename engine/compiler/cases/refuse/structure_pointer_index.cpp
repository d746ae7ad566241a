// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// How large a structure is, is the kernel's to say.
#include "engine/compiler/cases/structs.h"

VIEW(it, SUMMARY("x"))(kp<task_struct> task) {
    // refused: arithmetic on a pointer to task_struct, whose size is the kernel's; use element(
    return task[3].flags;
}
