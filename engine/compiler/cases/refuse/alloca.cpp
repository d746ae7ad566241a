// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The same by hand.
#include "engine/compiler/cases/structs.h"

VIEW(it, SUMMARY("x"))(u64 n, kp<task_struct> task) {
    auto words = static_cast<u64*>(__builtin_alloca(n));
    words[0] = task->flags;
    // refused: an array of variable length
    return words[n & 1];
}
