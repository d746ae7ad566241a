// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Its size is data.
#include "engine/compiler/cases/structs.h"

VIEW(it, SUMMARY("x"))(u64 n, kp<task_struct> task) {
    // refused: variable length arrays in C++ are a Clang extension
    // refused: variable length arrays are not supported for the current target
    u64 words[n];
    words[0] = task->flags;
    return words[n - 1];
}
