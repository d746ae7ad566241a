// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A loop with two ways in has no one place to charge it.
#include "engine/compiler/cases/structs.h"

VIEW(it, SUMMARY("x"))(u64 n, kp<task_struct> task) {
    u64 sum = 0;
    u64 i = 0;
    if (n > 3) goto middle;
    for (; i < n; ++i) {
        // refused: a loop that is entered in its middle; jump to its start only
        sum += task->flags;
    middle:
        sum += 1;
    }
    return sum;
}
