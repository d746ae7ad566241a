// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The stride is the kernel's size of the structure.
#include "engine/compiler/cases/structs.h"

// manifest: "kind": "size"
// manifest: "path": "task_struct.rlim[].rlim_cur"
ROUTINE(it, SUMMARY("x"), WRITES(task_struct.rlim[].rlim_cur))(kp<task_struct> task, u64 which) {
    task->rlim[which].rlim_cur = 0;
}
