// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Moving a pointer is arithmetic.
#include "engine/compiler/cases/structs.h"

VIEW(it, SUMMARY("x"))(kp<task_struct> task) {
    auto limit = task->limits;
    // refused: arithmetic on a pointer to rlimit, whose size is the kernel's; use element(
    ++limit;
    return limit->rlim_cur;
}
