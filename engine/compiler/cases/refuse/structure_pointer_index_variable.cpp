// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The same with a variable.
#include "engine/compiler/cases/structs.h"

VIEW(it, SUMMARY("x"))(kp<task_struct> task, u64 index) {
    // refused: arithmetic on a pointer to rlimit, whose size is the kernel's; use element(
    return task->limits[index].rlim_cur;
}
