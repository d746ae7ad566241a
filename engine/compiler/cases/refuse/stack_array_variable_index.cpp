// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// An array that a variable chooses from has to lie in memory.
#include "engine/compiler/cases/structs.h"

VIEW(it, SUMMARY("x"))(u64 n, kp<task_struct> task) {
    u64 words[8];
    for (u64 i = 0; i < 8; ++i) words[i & n] = task->flags;
    // refused: an array on the stack that is indexed by a variable
    return words[n & 7];
}
