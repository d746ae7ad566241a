// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// An array of structures that decays is a pointer to structures.
#include "engine/compiler/cases/structs.h"

VIEW(it, SUMMARY("x"))(kp<task_struct> task, u64 index) {
    auto limits = &task->rlim[0];
    // refused: arithmetic on a pointer to rlimit
    return limits[index].rlim_cur;
}
