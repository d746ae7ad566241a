// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Every loop is charged where it turns.
#include "engine/compiler/cases/structs.h"

// manifest: "units": 1
VIEW(it, SUMMARY("x"))(kp<task_struct> task, u64 n) {
    u64 sum = 0;
    for (u64 i = 0; i < n; ++i)
        for (u64 k = i; k < n; ++k) {
            if (task->comm[k & 15] == 0) break;
            sum += k;
        }
    return sum;
}
