// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A pointer to an array of structures.
#include "engine/compiler/cases/structs.h"

// manifest: "path": "rlimit"
VIEW(it, SUMMARY("x"))(kp<task_struct> task, u64 index) {
    return element(rlimit, task->limits, index)->rlim_cur;
}
